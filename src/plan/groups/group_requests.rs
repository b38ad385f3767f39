//! The groups that the reading asks for, each with the group of the tenant behind it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::directory::{Group, ObjectId, Snapshot};
use crate::plan::group_rules::{PREFIX, fold, former_unique_name, former_unique_names, unique_name};
use crate::plan::groups::membership::Membership;
use crate::plan::groups::spellings::Spellings;
use crate::plan::person::context::PersonPlanner;

/// A group as the reading asks for it.
pub(super) struct GroupRequest<'a> {
    /// The rules that ask for it. The first decides about its kind, its owners and how members are removed.
    pub(super) rules: BTreeSet<usize>,
    /// A rule that names its group by id has one group, whatever its keys.
    pub(super) keys: Spellings<'a>,
    pub(super) names: Spellings<'a>,
    pub(super) people: BTreeSet<&'a str>,
}

/// What distinguishes a group from others: its id where the rule names one, else its folded key.
type Identity<'a> = (Option<&'a ObjectId>, Cow<'a, str>);

/// A group that the reading asks for, and the group that it is in the tenant.
pub(super) struct Case<'a> {
    pub(super) asked: GroupRequest<'a>,
    pub(super) rule: usize,
    /// Whether the rule names the group by its id.
    pub(super) by_id: bool,
    /// The key as the report shows it.
    pub(super) key: String,
    /// The display name that the rule asks for.
    pub(super) name: String,
    pub(super) present: Option<&'a Group>,
    /// Groups that an earlier version made for other spellings of the key.
    pub(super) twins: Vec<&'a Group>,
}

/// Every group that the reading asks for, in the order of their keys.
pub(super) fn cases<'a>(planner: &PersonPlanner<'a>, membership: &Membership<'a, '_>) -> Vec<Case<'a>> {
    let known = Known::new(planner.inputs.snapshot);
    let case = |((id, folded), asked): (Identity<'a>, GroupRequest<'a>)| {
        let rule = asked.rules.first().copied().unwrap_or_default();
        let mut found = match id {
            Some(id) => planner.inputs.snapshot.groups.get(id).into_iter().collect(),
            None => known.find(&folded, &asked.keys, membership),
        };
        let twins = found.split_off(found.len().min(1));
        let present: Option<&Group> = found.pop();
        let named = id.map(ToString::to_string).unwrap_or_default();
        let key = asked.keys.shown(Some(&folded)).unwrap_or(&named).to_owned();
        let folded_name = present.map(|group| fold(&group.name));
        let name = asked.names.shown(folded_name.as_deref()).unwrap_or(&key).to_owned();
        Case { asked, rule, by_id: id.is_some(), key, name, present, twins }
    };
    asked(planner).into_iter().map(case).collect()
}

fn asked<'a>(planner: &PersonPlanner<'a>) -> BTreeMap<Identity<'a>, GroupRequest<'a>> {
    let rules = &planner.inputs.rules.groups;
    let nobody = |rule| GroupRequest {
        rules: BTreeSet::from([rule]),
        keys: Spellings::default(),
        names: Spellings::default(),
        people: BTreeSet::new(),
    };
    // A group that a rule names by its id is requested even where no person belongs in it any more.
    let by_id =
        rules.iter().enumerate().filter_map(|(at, rule)| Some(((Some(rule.id.as_ref()?), Cow::Borrowed("")), nobody(at))));
    let mut groups: BTreeMap<Identity<'a>, GroupRequest<'a>> = by_id.filter(|_| planner.inputs.whole).collect();
    // So is a group of the feed that has no members. A plan for a few people makes only the groups of those.
    let of_feed = rules.iter().position(|rule| rule.from_feed).filter(|_| planner.inputs.only.is_none());
    if let Some(rule) = of_feed {
        for group in planner.inputs.feed_groups.iter().filter(|group| !group.key.trim().is_empty()) {
            let asked = groups.entry((None, fold(&group.key))).or_insert_with(|| nobody(rule));
            asked.keys.insert(&group.key, "");
            asked.names.insert(&group.name, "");
        }
    }
    for person in &planner.matching.people {
        let number = planner.matching.key(person);
        for (rule, key, name) in planner.matching.row(person).groups() {
            let identity = match &rules[rule].id {
                Some(id) => (Some(id), Cow::Borrowed("")),
                None => (None, fold(key)),
            };
            let asked = groups.entry(identity).or_insert_with(|| nobody(rule));
            asked.rules.insert(rule);
            asked.keys.insert(key, number);
            asked.names.insert(name, number);
            asked.people.insert(number);
        }
    }
    groups
}

/// The groups that hrpush made, by what their keys may have been.
struct Known<'a> {
    by_unique: HashMap<&'a str, &'a Group>,
    /// Groups of earlier versions that had the key as their name, by the folded name.
    by_name: HashMap<Cow<'a, str>, Vec<&'a Group>>,
}

impl<'a> Known<'a> {
    fn new(snapshot: &'a Snapshot) -> Self {
        let mut known = Self { by_unique: HashMap::new(), by_name: HashMap::new() };
        for group in snapshot.groups.values() {
            let Some(unique) = group.unique_name.as_deref() else { continue };
            known.by_unique.insert(unique, group);
            if unique.starts_with(PREFIX) && former_unique_name(&group.name) == unique {
                known.by_name.entry(fold(&group.name)).or_default().push(group);
            }
        }
        known
    }

    /// The groups of a key: the one that keeps the identity, then those of its other spellings.
    ///
    /// Of several groups the one with the most managed members stays: it gets all the others too, so that the choice is the same tomorrow.
    fn find(&self, folded: &str, keys: &Spellings<'_>, membership: &Membership<'_, '_>) -> Vec<&'a Group> {
        let former = keys.all().flat_map(former_unique_names);
        let mut found: BTreeMap<&ObjectId, &'a Group> = std::iter::once(unique_name(folded))
            .chain(former)
            .filter_map(|name| self.by_unique.get(name.as_str()))
            .chain(self.by_name.get(folded).into_iter().flatten())
            .map(|group| (&group.id, *group))
            .collect();
        if found.len() < 2 {
            return found.into_values().collect();
        }
        let managed = |group: &Group| group.members.iter().filter(|id| membership.managed.contains(*id)).count();
        let mut groups: Vec<&'a Group> = std::mem::take(&mut found).into_values().collect();
        groups.sort_by_key(|group| std::cmp::Reverse(managed(group)));
        groups
    }
}
