//! From the inputs to the plan: every person decided, then managers, groups, order and guards.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::diagnostic::{Note, NoteCode};
use crate::directory::{ObjectId, User, UserNo, Value};
use crate::mapping::{Held, HeldCode, Stage};
use crate::plan::approval::fingerprint::fingerprint;
use crate::plan::approval::guards::{self, Bases, Counted};
use crate::plan::inputs::Inputs;
use crate::plan::label_sources::{add_labels, merged, of_account, of_held, of_record};
use crate::plan::ledger::LastReading;
use crate::plan::matching::Matching;
use crate::plan::matching::claim::{Account, How, Person};
use crate::plan::model::{
    Action, Candidate, Candidates, Change, ChangeAside, HeldAccess, HeldEntry, Judged, Object, Plan, RecordCounts, Skipped,
    SkippedCode, Summary,
};
use crate::plan::order::order;
use crate::plan::person::context::{PersonDecision, PersonPlanner};
use crate::plan::person::identity::taken_over;
use crate::plan::person::managers::{self, AccountLookup};
use crate::plan::person::names::NameRequest;
use crate::plan::person_label::{PersonLabel, PersonLabels};
use crate::plan::presence::Presence;
use crate::plan::protection::Protection;
use crate::plan::reason::{Adoption, Reason, Why};
use crate::plan::records::PersonNo;
use crate::plan::records::{Kind, ManagerRow};
use crate::record::EmployeeId;

/// A plan with what the next one must know of this reading.
#[derive(Clone, Debug)]
pub struct Survey {
    /// The plan itself, not approved yet.
    pub plan: Plan,
    /// The people of the reading that have an account, with it; in the order of their keys.
    pub matched: Vec<(PersonNo, UserNo)>,
    /// What the reading looked like.
    pub reading: LastReading,
    /// The people of the feed that vanished from this reading, and those that came back.
    pub presence: Presence,
    /// What is to be said of the plan as a whole.
    pub notes: Vec<Note>,
}

/// Compares a reading with a snapshot and returns the whole difference, with what the next run must know.
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "a reading is planned once")]
pub fn plan(inputs: Inputs<'_>) -> Plan {
    survey(&inputs).plan
}

/// Computes the plan, and what the next one must know. Causes are added by [`crate::plan::annotate_causes`].
///
/// # Panics
/// If a person without an account was packed without what a create needs; [`try_survey`] returns them.
#[must_use]
pub fn survey(inputs: &Inputs<'_>) -> Survey {
    try_survey(inputs).expect("these people were packed whole")
}

/// As [`survey`], for people that may have been packed without what only a create needs.
///
/// # Errors
/// Those among them that have no live account of their own after all: the plan needs them whole.
pub fn try_survey(inputs: &Inputs<'_>) -> Result<Survey, Vec<PersonNo>> {
    let matching = Matching::new(inputs);
    let has_account = |number: &PersonNo| matches!(matching.person(*number), Some(Person { account: Account::Live(..), .. }));
    let needed: Vec<PersonNo> = inputs.people.without_create().filter(|number| !has_account(number)).collect();
    if needed.is_empty() { Ok(survey_of(inputs, &matching)) } else { Err(needed) }
}

fn survey_of(inputs: &Inputs<'_>, matching: &Matching<'_>) -> Survey {
    let protection = Protection::new(inputs.snapshot, inputs.policy, inputs.rules.guests);
    let mut planner = PersonPlanner::new(inputs, matching, &protection);
    let Decided { changes, records, statuses } = decide(&mut planner);
    let presence = if inputs.whole { Presence::new(inputs, matching) } else { Presence::default() };
    let notes = notes(&planner);
    let plan = document(planner, changes, records, &presence);
    let reading = LastReading {
        records: inputs.source.records,
        held: guards::held_names(plan.held.iter().filter(|entry| entry.record.is_some())).collect(),
        columns: inputs.columns.clone().unwrap_or_default(),
        statuses,
        taken_over: taken_over(inputs, matching),
    };
    Survey { matched: matched(matching), presence, notes, plan, reading }
}

/// What is decided for the people and the groups of a reading.
struct Decided {
    /// In the order in which they are carried out.
    changes: Vec<Change>,
    records: RecordCounts,
    /// The unlisted statuses that the next run may take for known.
    statuses: BTreeSet<String>,
}

fn decide(planner: &mut PersonPlanner<'_>) -> Decided {
    let mut decisions: Vec<PersonDecision> = planner.matching.people.iter().map(|person| planner.decide(person)).collect();
    planner.close_rejected(&mut decisions);
    add_managers(planner, &mut decisions);
    // An update that sets the manager alone is made in the step before.
    planner.close_rejected(&mut decisions);
    planner.ignored_ends();
    let absent = planner.absent();
    let mut changes = planner.leave_out_rejected(absent);
    let listed = codes_by_key(&planner.skipped);
    let groups = crate::plan::groups::plan(planner, &decisions);
    let groups = planner.leave_out_rejected_members(groups);
    let statuses = planner.statuses();
    let records = finish(planner, decisions, &listed, &mut changes);
    changes.extend(groups);
    order(&mut changes);
    Decided { changes, records, statuses }
}

/// The document of the plan.
fn document(mut planner: PersonPlanner<'_>, changes: Vec<Change>, records: RecordCounts, presence: &Presence) -> Plan {
    let (inputs, matching) = (planner.inputs, planner.matching);
    let candidates = candidates(&mut planner, &changes);
    let left_out = planner.refusals.iter().map(|(attribute, refusals)| (*attribute, refusals.left_out));
    let left_out = left_out.filter(|(_, people)| *people > 0).collect();
    let held = held_entries(inputs, matching, &planner.held, &changes);
    let vanished = if planner.doubt().is_some() { 0 } else { presence.vanished(inputs, matching) };
    let mut skipped = planner.skipped;
    if !inputs.policy.supported.clears {
        skipped.extend(changes.iter().filter_map(cannot_be_cleared));
    }
    skipped.sort_by(|left, right| {
        (!left.left, &left.key, left.code, &left.message).cmp(&(!right.left, &right.key, right.code, &right.message))
    });
    let people = labels_of_records(matching, &skipped);
    let bases = Bases::new(inputs.snapshot, inputs.ledger, |user| matching.is_claimed(user), &inputs.rules.groups);
    let guards = guards::all(inputs, &changes, &held, Counted { bases, vanished });
    let summary = Summary { unchanged: records.unchanged, records, ..summarise(&changes, &held, &skipped) };
    let mut plan = Plan {
        format: crate::plan::FORMAT.into(),
        fingerprint: String::new(),
        as_of: inputs.today.to_string(),
        created_at: inputs.created_at.clone(),
        target: inputs.target.clone(),
        source: inputs.source.clone(),
        matching: inputs.rules.matching.iter().map(|attribute| attribute.name.to_owned()).collect(),
        summary,
        changes,
        held,
        skipped,
        guards,
        seal: String::new(),
        candidates,
        left_out,
        people,
        judged: Judged::default(),
    };
    plan.fingerprint = fingerprint(&plan);
    add_labels(&mut plan, inputs.snapshot);
    let Inputs { snapshot, ledger, policy, .. } = *inputs;
    plan.judge_rest(ledger, policy, |rest| guards::on_deeds(rest, snapshot, ledger, policy, bases));
    plan
}

/// The entry for the values that a change clears and the target keeps.
fn cannot_be_cleared(change: &Change) -> Option<Skipped> {
    let cleared = change.attributes.iter().filter(|edit| edit.before.is_some() && edit.after.is_none());
    let names: Vec<&str> = cleared.map(|edit| edit.name.as_str()).collect();
    let message = || {
        format!(
            "{}: null is sent, and the target keeps the value; hint: let null values flow in the job's mapping and set `null_flow = true` in \
             [target], or clear the value by hand",
            names.join(", ")
        )
    };
    let entry = || Skipped {
        key: Some(change.key.clone()),
        id: change.id.clone(),
        code: SkippedCode::CannotBeCleared,
        message: message(),
        left: false,
        disabled: false,
    };
    (!names.is_empty()).then(entry)
}

/// The names of people that are listed and have no account.
fn labels_of_records(matching: &Matching<'_>, skipped: &[Skipped]) -> PersonLabels {
    let keys = skipped.iter().filter(|entry| entry.id.is_none()).filter_map(|entry| entry.key.as_ref());
    keys.filter_map(|key| Some((key.clone(), of_record(&matching.record_of(key)?)))).collect()
}

/// The candidates that are left to each create: those that are free and that this plan gives to no other person.
fn candidates(planner: &mut PersonPlanner<'_>, changes: &[Change]) -> Candidates {
    let mut left = std::mem::take(&mut planner.candidates);
    let mut candidates = Candidates::new();
    for change in changes.iter().filter(|change| change.action == Action::Create && change.object == Object::User) {
        let Some((key, of)) = left.remove_entry(change.key.as_str()) else { continue };
        let asker = NameRequest { key: &key, previous: None, own: None };
        for (attribute, values) in of {
            let free: Vec<Value> = values.into_iter().filter(|value| planner.names.free(attribute, value, asker)).collect();
            if !free.is_empty() {
                candidates.entry(change.seq).or_default().insert(attribute.name.to_owned(), free);
            }
        }
    }
    candidates
}

fn matched(matching: &Matching<'_>) -> Vec<(PersonNo, UserNo)> {
    let live = |person: &Person<'_>| match person.account {
        Account::Live(user, _) => Some((person.number, user)),
        Account::None | Account::Deleted(_) => None,
    };
    matching.people.iter().filter_map(live).collect()
}

fn notes(planner: &PersonPlanner<'_>) -> Vec<Note> {
    let PersonPlanner { inputs, matching, protection, .. } = *planner;
    let mut notes = Vec::new();
    if inputs.ledger.people.is_empty() && inputs.ledger.last_reading.is_none() {
        notes.push(Note::new(
            NoteCode::FirstRun,
            "first run for this feed; rules that compare with an earlier run (missing, re-enable, restore, delete) do not apply yet",
        ));
    }
    for name in protection.idle().into_iter().filter(|name| !planner.protected_keys.contains(name)) {
        let text = format!("[protect] names {name}, but this tenant has no such user or group, so the entry has no effect");
        notes.push(Note::new(NoteCode::IdleProtection, text).at("[protect]"));
    }
    for key in inputs.only.iter().flatten() {
        if !matching.names(key) && !inputs.ledger.people.contains_key(key) {
            let text = format!("--only {key}: neither the reading nor an earlier run knows this key");
            notes.push(Note::new(NoteCode::UnknownPerson, text).at("--only"));
        }
    }
    if let Some(why) = &inputs.snapshot.privileged.eligibility_unread {
        let text = format!("eligible role assignments could not be read ({why}): only holders of active ones are shielded");
        notes.push(Note::new(NoteCode::UnreadRoles, text));
    }
    notes.extend(managers::circles(inputs, matching));
    if let Some(doubt) = planner.doubt() {
        notes.push(Note::new(NoteCode::MissingInDoubt, format!("missing people are listed, but not disabled: {doubt}")));
    }
    if planner.kept > 0 {
        let text = format!("{} missing people keep their accounts by decisions of `hrpush decide --keep`", planner.kept);
        notes.push(Note::new(NoteCode::KeptPeople, text).count(planner.kept));
    }
    notes
}

/// The account of a person by itself.
fn account(person: &Person<'_>, inputs: &Inputs<'_>) -> Option<User> {
    match person.account {
        Account::Live(user, _) => Some(inputs.snapshot.users.at(user).to_user()),
        Account::Deleted(deleted) => Some(deleted.user.clone()),
        Account::None => None,
    }
}

fn add_managers(planner: &mut PersonPlanner<'_>, decisions: &mut [PersonDecision]) {
    let (matching, inputs) = (planner.matching, planner.inputs);
    let users = &inputs.snapshot.users;
    let mut edits = Vec::new();
    let directory = AccountLookup::new(planner, decisions);
    for (at, person) in matching.people.iter().enumerate() {
        let row = matching.row(person);
        let open = match (&decisions[at], person.account) {
            (PersonDecision::Closed, _) | (PersonDecision::Open, Account::None) => false,
            (PersonDecision::Open, Account::Live(user, _)) => !directory.is_settled(&row, &users.at(user)),
            (PersonDecision::Open, Account::Deleted(_)) => true,
            (PersonDecision::Change(change), _) => change.action != Action::Delete,
        };
        if open && row.facts().manager != ManagerRow::Leave {
            let user = account(person, inputs);
            let edit = planner.manager(&directory, &matching.desired(person), user.as_ref());
            edits.extend(edit.map(|edit| (at, edit)));
        }
    }
    for (at, edit) in edits {
        if let PersonDecision::Open = decisions[at] {
            decisions[at] = PersonDecision::Change(Box::new(bare_update(&matching.people[at], inputs)));
        }
        if let PersonDecision::Change(change) = &mut decisions[at] {
            managers::add(change, edit);
        }
    }
}

fn bare_update(person: &Person<'_>, inputs: &Inputs<'_>) -> Change {
    let user = account(person, inputs);
    let desired = inputs.people.row(person.number).desired(&inputs.snapshot.users);
    let adoption = match person.account {
        Account::Live(_, How::By(at)) if !inputs.ledger.people.contains_key(&desired.key) => {
            Some(Adoption::Matched(inputs.rules.matching[usize::from(at)].name))
        }
        _ => None,
    };
    let mut change = Change {
        seq: 0,
        action: Action::Update,
        object: Object::User,
        key: desired.key.as_str().into(),
        id: user.as_ref().map(|user| user.id.clone()),
        user_principal_name: user.map(|user| user.upn.as_str().into()),
        reason: Reason::Mapped.to_string(),
        why: Why::from(&Reason::Mapped),
        cause: BTreeMap::new(),
        attributes: Vec::new(),
        members: None,
        then: Vec::new(),
        record: Some(desired.place),
        aside: ChangeAside::default(),
    };
    if let Some(adoption) = adoption {
        change.adopt(&adoption);
    }
    change
}

/// Whether a person is listed as left alone, or only as starting later, by key.
fn codes_by_key(skipped: &[Skipped]) -> HashMap<String, SkippedCode> {
    let mut codes: HashMap<String, SkippedCode> = HashMap::new();
    for Skipped { key, code, .. } in skipped {
        let Some(key) = key else { continue };
        let known = codes.entry(key.clone()).or_insert(*code);
        if matches!(known, SkippedCode::Upcoming | SkippedCode::OutOfScope) {
            *known = *code;
        }
    }
    codes
}

/// Completes the changes of people, and counts what became of each record.
///
/// A record counts once, by the first that applies: held, changed, left alone, upcoming, gone, out of scope, unchanged.
fn finish(
    planner: &PersonPlanner<'_>,
    decisions: Vec<PersonDecision>,
    listed: &HashMap<String, SkippedCode>,
    changes: &mut Vec<Change>,
) -> RecordCounts {
    let held: HashSet<&str> =
        planner.held.iter().filter_map(|held| held.place.as_ref().and(held.key.as_ref())).map(EmployeeId::as_str).collect();
    let matching = planner.matching;
    let mut counts = out_of_scope(planner, listed, changes, &held);
    for (person, decision) in matching.people.iter().zip(decisions) {
        let key = || matching.key(person);
        let records = matching.records_of(person);
        match decision {
            PersonDecision::Change(mut change) => {
                change.attributes.sort_by(|left, right| left.name.cmp(&right.name));
                changes.push(*change);
                counts.changed += records;
            }
            _ if !held.is_empty() && held.contains(key()) => {}
            PersonDecision::Closed | PersonDecision::Open => {
                let code = if listed.is_empty() { None } else { listed.get(key()).copied() };
                *untouched(&mut counts, code, matching.stages(person).0) += records;
            }
        }
    }
    let RecordCounts { total, changed, unchanged, upcoming, gone, out_of_scope, left_alone, .. } = counts;
    counts.held = total.saturating_sub(changed + unchanged + upcoming + gone + out_of_scope + left_alone);
    counts
}

/// Counts the records out of scope: few of them are of leavers that this feed carried.
fn out_of_scope(
    planner: &PersonPlanner<'_>,
    listed: &HashMap<String, SkippedCode>,
    changes: &[Change],
    held: &HashSet<&str>,
) -> RecordCounts {
    let changed: HashSet<&str> =
        changes.iter().filter(|change| change.record.is_some()).map(|change| change.key.as_str()).collect();
    let mut counts = RecordCounts { total: planner.inputs.source.records, ..RecordCounts::default() };
    for row in planner.inputs.people.rows().filter(|row| matches!(row.kind, Kind::OutOfScope)) {
        let key = row.key().unwrap_or_default();
        let served_in_scope = planner.matching.place_of(key).is_some();
        if !served_in_scope && held.contains(key) && planner.leavers_out_of_scope.contains(key) {
            continue;
        }
        *if served_in_scope {
            &mut counts.out_of_scope
        } else if changed.contains(key) {
            &mut counts.changed
        } else if listed.get(key).is_some_and(|code| *code != SkippedCode::OutOfScope) {
            &mut counts.left_alone
        } else if planner.leavers_out_of_scope.contains(key) {
            &mut counts.gone
        } else {
            &mut counts.out_of_scope
        } += 1;
    }
    counts
}

/// The count of a record without a change.
fn untouched(counts: &mut RecordCounts, listed: Option<SkippedCode>, stage: Stage) -> &mut u64 {
    match (listed, stage) {
        (Some(SkippedCode::Upcoming), _) | (None, Stage::Upcoming { .. }) => &mut counts.upcoming,
        (Some(_), _) => &mut counts.left_alone,
        (None, Stage::Left { .. }) => &mut counts.gone,
        (None, _) => &mut counts.unchanged,
    }
}

fn held_entries(inputs: &Inputs<'_>, matching: &Matching<'_>, second: &[Held], changes: &[Change]) -> Vec<HeldEntry> {
    let closes = |change: &&Change| change.object == Object::User && matches!(change.action, Action::Disable | Action::Delete);
    let closing: HashSet<&ObjectId> = changes.iter().filter(closes).filter_map(|change| change.id.as_ref()).collect();
    let planned = |held: &&Held| {
        held.key.as_ref().is_none_or(|key| inputs.plans(key.as_str())) && (inputs.only.is_none() || held.key.is_some())
    };
    let entry = |held: &Held| {
        let ids = accounts_of(inputs, matching, held);
        HeldEntry {
            key: held.key.clone(),
            record: held.place.clone(),
            code: held.code,
            message: held.message.clone(),
            help: held.help.clone(),
            left: held.left,
            candidates: ids.iter().map(|id| candidate(inputs, id)).collect(),
            access: access_of(inputs, held, &ids, &closing),
            label: label(inputs, matching, held, &ids),
            shown: held.shown.clone(),
        }
    };
    let mut entries: Vec<HeldEntry> = matching.held.iter().filter(planned).map(entry).chain(second.iter().map(entry)).collect();
    entries.sort_by(|left, right| {
        (!left.left, &left.key, left.code, &left.record).cmp(&(!right.left, &right.key, right.code, &right.record))
    });
    entries
}

/// The name of a held record: its own values first, then those of the only account that it may mean.
fn label(inputs: &Inputs<'_>, matching: &Matching<'_>, held: &Held, ids: &[ObjectId]) -> PersonLabel {
    let record = held.key.as_ref().and_then(|key| matching.record_of(key.as_str()));
    let own = merged(of_held(held), record.map(|desired| of_record(&desired)).unwrap_or_default());
    match ids {
        [id] => merged(own, of_account(id, inputs.snapshot).unwrap_or_default()),
        _ => own,
    }
}

/// Whether an enabled account may be that of a held record, and whether the plan closes it.
fn access_of(inputs: &Inputs<'_>, held: &Held, ids: &[ObjectId], closing: &HashSet<&ObjectId>) -> HeldAccess {
    if ids.is_empty() {
        // Other codes name an account in doubt, or leave the key itself in doubt.
        let key_is_sure = held.key.is_some() && matches!(held.code, HeldCode::DuplicateKey | HeldCode::InvalidValue);
        return if key_is_sure { HeldAccess::Closed } else { HeldAccess::Open };
    }
    let is_open = |id: &&ObjectId| inputs.snapshot.users.row(id).is_some_and(|user| user.enabled() != Some(false));
    let open: Vec<&ObjectId> = ids.iter().filter(is_open).collect();
    match &open[..] {
        [] => HeldAccess::Closed,
        open if open.iter().all(|id| closing.contains(id)) => HeldAccess::Closing,
        _ => HeldAccess::Open,
    }
}

/// The accounts that a held record may mean: those that the matching names, else that of an earlier run or of the key.
fn accounts_of(inputs: &Inputs<'_>, matching: &Matching<'_>, held: &Held) -> Vec<ObjectId> {
    if !held.candidates.is_empty() {
        return held.candidates.clone();
    }
    let own = held.key.as_ref().and_then(|key| matching.held_accounts.get(key));
    own.map(|user| inputs.snapshot.users.at(*user).id()).into_iter().collect()
}

/// An account that a held record may mean.
fn candidate(inputs: &Inputs<'_>, id: &ObjectId) -> Candidate {
    let live = inputs.snapshot.users.get(id).map(|user| user.upn.as_str().to_owned());
    let upn = live.or_else(|| inputs.snapshot.deleted.get(id).map(|deleted| deleted.user.upn.as_str().to_owned()));
    Candidate { id: id.clone(), user_principal_name: upn.unwrap_or_default() }
}

pub(super) fn summarise(changes: &[Change], held: &[HeldEntry], skipped: &[Skipped]) -> Summary {
    let mut summary = Summary { held: held.len() as u64, skipped: skipped.len() as u64, ..Summary::default() };
    summary.held_leavers = held.iter().filter(|entry| entry.left).count() as u64;
    for change in changes {
        let count = match (change.object, change.action) {
            (Object::User, Action::Create) => Some(&mut summary.create),
            (Object::User, Action::Update) => Some(&mut summary.update),
            (Object::User, Action::Enable) => Some(&mut summary.enable),
            (Object::User, Action::Disable) => Some(&mut summary.disable),
            (Object::User, Action::Restore) => Some(&mut summary.restore),
            (Object::User, Action::Delete) => Some(&mut summary.delete),
            (Object::Group, Action::Create) => Some(&mut summary.create_group),
            (Object::Group, _) if !change.attributes.is_empty() => Some(&mut summary.update_group),
            (Object::Group, _) => None,
        };
        if let Some(count) = count {
            *count += 1;
        }
        if let Some(members) = &change.members {
            summary.add_members += members.add.len() as u64;
            summary.remove_members += members.remove.len() as u64;
        }
    }
    for skipped in skipped {
        match skipped.code {
            SkippedCode::Upcoming => summary.upcoming += 1,
            SkippedCode::Missing => summary.missing += 1,
            SkippedCode::Shielded => summary.shielded += 1,
            _ => {}
        }
    }
    summary
}
