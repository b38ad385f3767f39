//! Which record belongs to which account: indexes over the snapshot, in memory.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::diff::hold;
use super::inputs::Inputs;
use super::plain::plain;
use super::recycle_bin::RecycleBin;
use super::swapped;
use crate::directory::{Attribute, DeletedUser, Kind, ObjectId, User};
use crate::mapping::{Desired, Flow, Held, HeldCode, Mapped};
use crate::record::{EmployeeId, Place};

/// How an account was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// By this match attribute.
    By(Attribute),
    /// By the key that the person had before.
    PreviousKey,
    /// By what an earlier run knew.
    Ledger,
}

/// The account of a person.
#[derive(Clone, Copy)]
pub(super) enum Account<'a> {
    /// There is none.
    None,
    /// A live one.
    Live(&'a User, How),
    /// One in the recycle bin.
    Deleted(&'a DeletedUser),
}

/// A person of the reading with the account.
pub(super) struct Person<'a> {
    pub(super) desired: &'a Desired,
    pub(super) account: Account<'a>,
}

/// The reading, matched against the snapshot.
pub(super) struct Matching<'a> {
    /// In the order of the keys.
    pub(super) people: Vec<Person<'a>>,
    pub(super) held: Vec<Held>,
    /// The people out of scope, with the keys that they had before.
    pub(super) out_of_scope: Vec<(&'a EmployeeId, Option<&'a EmployeeId>)>,
    /// Everybody whom the reading names, held or not, by the keys of today and of before.
    pub(super) present: HashSet<&'a EmployeeId>,
    /// Accounts that belong to people of the reading.
    pub(super) claimed: HashMap<&'a ObjectId, &'a EmployeeId>,
    /// Accounts of people who are held.
    pub(super) held_accounts: HashMap<&'a EmployeeId, &'a ObjectId>,
    /// Whether a record had no key.
    pub(super) keyless: bool,
    indexes: Vec<Index<'a>>,
}

pub(super) struct Index<'a> {
    pub(super) attribute: Attribute,
    hits: HashMap<Cow<'a, str>, Hit<'a>>,
}

enum Hit<'a> {
    One(&'a User),
    Many(Vec<&'a User>),
}

/// The text of an attribute by which accounts are matched; an empty one is none.
pub(super) fn text_of(user: &User, attribute: Attribute) -> Option<&str> {
    let text = match attribute.name {
        "userPrincipalName" => Some(user.upn.as_str()),
        _ => user.attributes.text(&attribute),
    };
    text.filter(|text| !text.trim().is_empty())
}

/// The text as Entra compares it.
pub(super) fn fold(attribute: Attribute, text: &str) -> Cow<'_, str> {
    if attribute.kind == Kind::Name && text.chars().any(char::is_uppercase) {
        Cow::Owned(text.to_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

impl<'a> Index<'a> {
    pub(super) fn new(attribute: Attribute, users: impl Iterator<Item = &'a User>) -> Self {
        let mut hits: HashMap<Cow<'a, str>, Hit<'a>> = HashMap::new();
        for user in users {
            let Some(text) = text_of(user, attribute) else { continue };
            hits.entry(fold(attribute, text))
                .and_modify(|hit| match hit {
                    Hit::One(first) => *hit = Hit::Many(vec![first, user]),
                    Hit::Many(users) => users.push(user),
                })
                .or_insert(Hit::One(user));
        }
        Self { attribute, hits }
    }

    pub(super) fn find(&self, text: &str) -> &[&'a User] {
        match self.hits.get::<str>(&fold(self.attribute, text)) {
            None => &[],
            Some(Hit::One(user)) => std::slice::from_ref(user),
            Some(Hit::Many(users)) => users,
        }
    }
}

/// The text that a record wants for an attribute, where it is one certain text.
pub(super) fn wanted_text(desired: &Desired, attribute: Attribute) -> Option<&str> {
    let wanted = desired.attributes.iter().find(|wanted| wanted.attribute == attribute)?;
    match &wanted.flow {
        Flow::Set(value) => value.as_text(),
        Flow::Clear | Flow::FirstFree(_) => None,
    }
}

fn key_of(mapped: &Mapped) -> Option<&EmployeeId> {
    match mapped {
        Mapped::Desired(desired) => Some(&desired.key),
        Mapped::Held(held) => held.key.as_ref(),
        Mapped::OutOfScope { key, .. } => Some(key),
    }
}

fn previous_key_of(mapped: &Mapped) -> Option<&EmployeeId> {
    match mapped {
        Mapped::Desired(desired) => desired.previous_key.as_ref(),
        Mapped::Held(held) => held.previous_key.as_ref(),
        Mapped::OutOfScope { previous_key, .. } => previous_key.as_ref(),
    }
}

fn place_of(mapped: &Mapped) -> Option<&Place> {
    match mapped {
        Mapped::Desired(desired) => Some(&desired.place),
        Mapped::Held(held) => held.place.as_ref(),
        Mapped::OutOfScope { place, .. } => Some(place),
    }
}

impl<'a> Matching<'a> {
    /// Matches the whole reading.
    pub(super) fn new(inputs: &'a Inputs<'a>) -> Self {
        let attributes = &inputs.rules.matching;
        let users = &inputs.snapshot.users;
        let mut matching = Self {
            people: Vec::with_capacity(inputs.mapped.len()),
            held: Vec::new(),
            out_of_scope: Vec::new(),
            present: HashSet::with_capacity(inputs.mapped.len()),
            claimed: HashMap::with_capacity(inputs.mapped.len()),
            held_accounts: HashMap::new(),
            keyless: false,
            indexes: attributes.iter().map(|attribute| Index::new(*attribute, users.values())).collect(),
        };
        let desired = matching.sort_out(inputs);
        matching.settle_held(inputs);
        matching.match_people(inputs, desired);
        matching
    }

    /// Tells the people to be matched from those who are held already or out of scope.
    fn sort_out(&mut self, inputs: &'a Inputs<'a>) -> Vec<&'a Desired> {
        let mut rows: Vec<&'a Mapped> = inputs.mapped.iter().collect();
        rows.sort_by(|left, right| key_of(left).cmp(&key_of(right)).then_with(|| place_of(left).cmp(&place_of(right))));
        let mut desired = Vec::with_capacity(rows.len());
        for same in rows.chunk_by(|left, right| key_of(left).is_some() && key_of(left) == key_of(right)) {
            let Some(key) = key_of(same[0]) else {
                self.keyless = true;
                self.held.extend(same.iter().filter_map(|row| match row {
                    Mapped::Held(held) => Some(held.clone()),
                    _ => None,
                }));
                continue;
            };
            self.present.insert(key);
            match same {
                [Mapped::Desired(one)] => {
                    let mut keys = std::iter::once(key).chain(&one.previous_key);
                    match keys.find_map(|key| inputs.ledger.unsettled.get(key)) {
                        None => desired.push(one),
                        Some(why) => self.held.push(unsettled(key, Some(&one.place), why)),
                    }
                }
                [Mapped::Held(held)] => self.held.push(held.clone()),
                [Mapped::OutOfScope { key, previous_key, .. }] => self.out_of_scope.push((key, previous_key.as_ref())),
                several => self.held.extend(several.iter().map(|row| Held {
                    key: Some(key.clone()),
                    previous_key: previous_key_of(row).cloned(),
                    place: place_of(row).cloned(),
                    code: HeldCode::DuplicateKey,
                    message: format!("{} records carry the key {key}", several.len()),
                    help: "keep one record for each person, or give the others keys of their own".into(),
                })),
            }
        }
        for (key, why) in &inputs.ledger.unsettled {
            if self.present.insert(key) {
                self.held.push(unsettled(key, None, why));
            }
        }
        // Whoever was converted is here, though under another key.
        self.present.extend(rows.into_iter().filter_map(previous_key_of));
        desired
    }

    /// Finds the accounts of those who are held, so that nobody else gets them.
    fn settle_held(&mut self, inputs: &'a Inputs<'a>) {
        let held: Vec<_> = self.held.iter().filter_map(|held| Some((held.key.clone()?, held.previous_key.clone()))).collect();
        for (key, previous) in held {
            let Some(key) = self.present.get(&key).copied() else { continue };
            let keys = || std::iter::once(key).chain(&previous);
            let known = keys().find_map(|key| inputs.snapshot.users.get(&inputs.ledger.people.get(key)?.id));
            if let Some(user) = known.or_else(|| keys().find_map(|key| self.by_first(key.as_str()))) {
                self.held_accounts.insert(key, &user.id);
                self.claimed.insert(&user.id, key);
            }
        }
    }

    /// The single live user with that value of the first match attribute.
    pub(super) fn by_first(&self, text: &str) -> Option<&'a User> {
        match self.indexes.first()?.find(text) {
            [user] => Some(user),
            _ => None,
        }
    }

    fn match_people(&mut self, inputs: &'a Inputs<'a>, desired: Vec<&'a Desired>) {
        let bin = RecycleBin::new(inputs);
        let superseded: HashSet<&EmployeeId> =
            desired.iter().filter_map(|one| one.previous_key.as_ref().filter(|previous| **previous != one.key)).collect();
        let mut by_user: HashMap<&'a ObjectId, Vec<usize>> = HashMap::with_capacity(desired.len());
        let mut people: Vec<Person<'a>> = Vec::with_capacity(desired.len());
        for one in desired {
            match self.account(inputs, one, &bin) {
                // The account went over to the record of today.
                Err(held) if held.code == HeldCode::ClaimedByOtherKey && left(one) && superseded.contains(&one.key) => {
                    people.push(Person { desired: one, account: Account::None });
                }
                Ok(account) => {
                    if let Account::Live(user, _) = account {
                        by_user.entry(&user.id).or_default().push(people.len());
                    }
                    people.push(Person { desired: one, account });
                }
                Err(held) => {
                    self.keep_account_of(inputs, &one.key);
                    self.held.push(*held);
                }
            }
        }
        let mut refused: BTreeMap<usize, Held> = swapped::held(&people, &self.indexes);
        for (id, mut claimants) in by_user {
            give_way(&mut people, &mut claimants);
            if claimants.len() > 1 {
                let keys: Vec<&str> = claimants.iter().map(|at| people[*at].desired.key.as_str()).collect();
                let message = format!("the records {} match one user, {id}", keys.join(", "));
                for at in &claimants {
                    let help = "correct the match attribute of the records that do not belong to this user";
                    refused.insert(*at, *hold(people[*at].desired, HeldCode::TwoRecordsOneUser, message.clone(), help));
                    self.held_accounts.insert(&people[*at].desired.key, id);
                }
                self.claimed.insert(id, &people[claimants[0]].desired.key);
            } else if let Some(owner) = self.claimed.get(id) {
                let person = people[claimants[0]].desired;
                let message = format!("the user {id} belongs to the record {owner}, which is held");
                refused
                    .insert(claimants[0], *hold(person, HeldCode::TwoRecordsOneUser, message, "correct the other record first"));
            } else {
                self.claimed.insert(id, &people[claimants[0]].desired.key);
            }
        }
        if !refused.is_empty() {
            let mut at = 0;
            people.retain(|_| {
                at += 1;
                !refused.contains_key(&(at - 1))
            });
            self.held.extend(refused.into_values());
        }
        self.people = people;
    }

    fn keep_account_of(&mut self, inputs: &'a Inputs<'a>, key: &'a EmployeeId) {
        if let Some(user) = inputs.ledger.people.get(key).and_then(|person| inputs.snapshot.users.get(&person.id)) {
            self.held_accounts.insert(key, &user.id);
        }
    }

    fn account(&self, inputs: &'a Inputs<'a>, desired: &'a Desired, bin: &RecycleBin<'a>) -> Result<Account<'a>, Box<Held>> {
        for (at, index) in self.indexes.iter().enumerate() {
            let mut how = How::By(index.attribute);
            let mut users = wanted_text(desired, index.attribute).map_or(&[][..], |text| index.find(text));
            if at == 0
                && users.is_empty()
                && let Some(previous) = &desired.previous_key
            {
                users = index.find(previous.as_str());
                how = How::PreviousKey;
            }
            match users {
                [] => {}
                [user] => {
                    self.check_claim(desired, user, at)?;
                    if at > 0 {
                        check_surname(desired, user, index.attribute)?;
                    }
                    return Ok(Account::Live(user, how));
                }
                several => {
                    let ids: Vec<&str> = several.iter().map(|user| user.id.as_str()).collect();
                    let message = format!("{} users have the same {}: {}", ids.len(), index.attribute, ids.join(", "));
                    let help = "leave the value with the one user to whom it belongs";
                    return Err(hold(desired, HeldCode::AmbiguousMatch, message, help));
                }
            }
        }
        let keys = std::iter::once(&desired.key).chain(&desired.previous_key);
        let known: Vec<&ObjectId> = keys.filter_map(|key| Some(&inputs.ledger.people.get(key)?.id)).collect();
        for id in &known {
            if let Some(user) = inputs.snapshot.users.get(*id) {
                self.check_claim(desired, user, 1)?;
                return Ok(Account::Live(user, How::Ledger));
            }
        }
        Ok(bin.find(desired, &known).map_or(Account::None, Account::Deleted))
    }

    /// A user who carries another value in a match attribute that comes before belongs to somebody else.
    fn check_claim(&self, desired: &Desired, user: &User, before: usize) -> Result<(), Box<Held>> {
        let attributes = self.indexes.iter().take(before).map(|index| index.attribute);
        let Some(attribute) = other_key(desired, user, attributes) else { return Ok(()) };
        let message = format!("the user {} carries another {attribute}", user.id);
        let help = "find out whose account it is; correct the record or the account";
        Err(hold(desired, HeldCode::ClaimedByOtherKey, message, help))
    }
}

/// The first of these match attributes in which the user carries another value, not empty, than the record has or had.
pub(super) fn other_key(desired: &Desired, user: &User, mut attributes: impl Iterator<Item = Attribute>) -> Option<Attribute> {
    attributes.find(|attribute| {
        let Some(carried) = text_of(user, *attribute) else { return false };
        let same = |text: &str| fold(*attribute, text) == fold(*attribute, carried);
        let wanted = wanted_text(desired, *attribute).is_some_and(same);
        let previous = desired.previous_key.as_ref().is_some_and(|key| same(key.as_str()));
        !wanted && !previous
    })
}

/// The record of before a conversion, once it has left, gives the account to the record of today.
fn give_way(people: &mut [Person<'_>], claimants: &mut Vec<usize>) {
    let gives_way = |at: &usize| {
        let one = people[*at].desired;
        left(one) && claimants.iter().any(|other| other != at && people[*other].desired.previous_key.as_ref() == Some(&one.key))
    };
    let (gone, stay): (Vec<usize>, Vec<usize>) = claimants.iter().partition(|at| gives_way(at));
    // Records that name each other lead nowhere: all of them claim the account.
    if !stay.is_empty() {
        for at in gone {
            people[at].account = Account::None;
        }
        *claimants = stay;
    }
}

fn left(desired: &Desired) -> bool {
    matches!(desired.stage, crate::mapping::Stage::Left { .. })
}

fn unsettled(key: &EmployeeId, place: Option<&Place>, why: &str) -> Held {
    Held {
        key: Some(key.clone()),
        previous_key: None,
        place: place.cloned(),
        code: HeldCode::UnknownOutcome,
        message: format!("an earlier request for this person has no known outcome: {why}"),
        help: "look the account up in the tenant; the next run tries again".into(),
    }
}

/// Whether the surnames are known and differ, case and diacritics aside.
pub(super) fn other_surname(desired: &Desired, user: &User) -> bool {
    let names = Attribute::find("surname").and_then(|surname| wanted_text(desired, surname).zip(text_of(user, surname)));
    names.is_some_and(|(wanted, present)| plain(wanted) != plain(present))
}

fn check_surname(desired: &Desired, user: &User, by: Attribute) -> Result<(), Box<Held>> {
    if !other_surname(desired, user) {
        return Ok(());
    }
    let message = format!("the user {} is matched by {by} alone and has another surname", user.id);
    let help = "if it is the same person, set the first match attribute on the account";
    Err(hold(desired, HeldCode::DoubtfulMatch, message, help))
}
