//! Which record belongs to which account: indexes over the snapshot, in memory.

pub(super) mod claim;
mod claims;
pub(super) mod doubt;
pub(super) mod key_forms;
pub(super) mod likeness;
mod moved_keys;
pub(super) mod name_doubts;
pub(super) mod name_folding;
mod namesakes;
mod pointers;
pub(super) mod possible_duplicate;
mod recycle_bin;
pub(super) mod resolve;
mod same_key;
mod search;
mod swapped_keys;

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use jiff::civil::Date;

use crate::directory::{Attribute, UserNo, UserRow, Users};
use crate::mapping::{Desired, Held, HeldCode, Stage};
use crate::plan::decision::Verdict;
use crate::plan::inputs::Inputs;
use crate::plan::ledger::Ledger;
use crate::plan::matching::claim::{Account, Person, left};
use crate::plan::matching::likeness::{PersonNames, standing_decision};
use crate::plan::matching::namesakes::Namesakes;
use crate::plan::matching::pointers::Pointers;
use crate::plan::matching::same_key::{duplicate, within_scope};
use crate::plan::records::key_index::{Keys, by_key, same_key};
use crate::plan::records::one_leaver::{agreed, one_leaver};
use crate::plan::records::text_index::Found;
use crate::plan::records::{Kind, People, PersonNo, PersonRow};
use crate::record::{EmployeeId, Place};

/// The owner of an account by this reading.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Nobody,
    Person(PersonNo),
    /// A held record, by the place in the list.
    Held(u32),
}

/// The place of a record that is not among the matched people.
const NOWHERE: u32 = u32::MAX;

fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(NOWHERE)
}

/// The reading, matched against the snapshot.
pub(super) struct Matching<'a> {
    reading: &'a People,
    users: &'a Users,
    ledger: &'a Ledger,
    /// In the order of the keys.
    pub(super) people: Vec<Person<'a>>,
    pub(super) held: Vec<Held>,
    /// The people out of scope, with the keys that they had before.
    pub(super) out_of_scope: Vec<(&'a str, Option<&'a str>)>,
    /// The accounts of held people.
    pub(super) held_accounts: HashMap<EmployeeId, UserNo>,
    /// Keys that lead to an account which may be another person's: they name no manager.
    pub(super) in_doubt: HashSet<EmployeeId>,
    /// The accounts whose numbers moved on to the records of other people.
    pub(super) moved_onto: Vec<UserNo>,
    /// Whether a record had no key.
    pub(super) keyless: bool,
    /// The keys of all people in the reading, held or not.
    keys: Keys,
    /// The place of each record among the matched people.
    places: Vec<u32>,
    /// Previous keys, and the keys of people that are held without a record.
    other_keys: HashSet<EmployeeId>,
    /// The owner of each account, by the number of the user.
    owners: Vec<Owner>,
    /// The other records of leavers with several records.
    twins: HashMap<PersonNo, Vec<PersonNo>>,
    /// People between two employments, with the last working day: the earlier record has ended, and the new start lies ahead.
    gaps: HashMap<PersonNo, Option<Date>>,
    /// Records that could be mapped and are held, so that they have no account of their own.
    unplaced: Vec<PersonNo>,
    held_pointers: OnceCell<Pointers>,
    new_pointers: OnceCell<Pointers>,
    namesakes: OnceCell<Namesakes>,
}

impl<'a> Matching<'a> {
    /// Matches the whole reading.
    pub(super) fn new(inputs: &'a Inputs<'a>) -> Self {
        let users = &inputs.snapshot.users;
        let mut matching = Self {
            reading: inputs.people,
            users,
            ledger: inputs.ledger,
            people: Vec::new(),
            held: Vec::new(),
            out_of_scope: Vec::new(),
            held_accounts: HashMap::new(),
            in_doubt: HashSet::new(),
            moved_onto: Vec::new(),
            keyless: false,
            keys: Keys::with_capacity(inputs.people.len()),
            places: vec![NOWHERE; inputs.people.len()],
            other_keys: HashSet::new(),
            owners: vec![Owner::Nobody; users.numbers()],
            twins: HashMap::new(),
            gaps: HashMap::new(),
            unplaced: Vec::new(),
            held_pointers: OnceCell::new(),
            new_pointers: OnceCell::new(),
            namesakes: OnceCell::new(),
        };
        let desired = matching.sort_out(inputs);
        matching.settle_held(inputs);
        matching.match_people(inputs, &desired);
        matching
    }

    /// A person's record.
    pub(super) fn row(&self, person: &Person<'_>) -> PersonRow<'a> {
        self.reading.row(person.number)
    }

    /// What a person should look like. Of a leaver with several records, that in which they agree; of a person between two employments, a
    /// leaver until the new start.
    pub(super) fn desired(&self, person: &Person<'_>) -> Desired {
        let mut desired = self.row(person).desired(self.users);
        if let Some(end) = self.gaps.get(&person.number) {
            desired.new_stage = Some(desired.stage);
            desired.stage = Stage::Left { end: *end };
        }
        match self.twins.get(&person.number) {
            None => desired,
            Some(twins) => agreed(desired, twins.iter().map(|twin| self.reading.row(*twin).desired(self.users))),
        }
    }

    /// The stage of a person, with that for an account that is made for a new start.
    pub(super) fn stages(&self, person: &Person<'_>) -> (Stage, Option<Stage>) {
        let row = self.row(person);
        match self.gaps.get(&person.number) {
            None => (row.facts().stage, row.new_stage()),
            Some(end) => (Stage::Left { end: *end }, Some(row.facts().stage)),
        }
    }

    /// Notes a person with a start ahead and an ended earlier record.
    fn note_gap(&mut self, person: &Person<'_>, before: PersonNo) {
        let ahead = matches!(self.row(person).facts().stage, Stage::Upcoming { .. } | Stage::PreHire { .. });
        let before = self.reading.row(before);
        if let (true, Kind::Desired, Some(Stage::Left { end })) = (ahead, before.kind, before.stage()) {
            self.gaps.insert(person.number, end);
        }
    }

    /// Notes the people between two employments: their current record names the previous key.
    fn note_gaps(&mut self, people: &[Person<'_>]) {
        if self.other_keys.is_empty() {
            return;
        }
        for person in people {
            let before = self.row(person).previous_key().and_then(|key| self.keys.find(self.reading, key));
            if let Some(before) = before.filter(|before| *before != person.number) {
                self.note_gap(person, before);
            }
        }
    }

    /// A person's key.
    pub(super) fn key(&self, person: &Person<'_>) -> &'a str {
        self.row(person).key().unwrap_or_default()
    }

    /// How many records a person has.
    pub(super) fn records_of(&self, person: &Person<'_>) -> u64 {
        1 + self.twins.get(&person.number).map_or(0, |twins| twins.len() as u64)
    }

    /// The person of a record, where it is matched.
    pub(super) fn person(&self, number: PersonNo) -> Option<Person<'a>> {
        Some(self.places[number.index()]).filter(|place| *place != NOWHERE).map(|place| self.people[place as usize])
    }

    /// The place of a person among the matched people.
    pub(super) fn place_of(&self, key: &str) -> Option<usize> {
        let number = self.keys.find(self.reading, key)?;
        Some(self.places[number.index()]).filter(|place| *place != NOWHERE).map(|place| place as usize)
    }

    /// The record with this key, where it could be mapped; of several, one.
    pub(super) fn record_of(&self, key: &str) -> Option<Desired> {
        let row = self.reading.row(self.keys.find(self.reading, key)?);
        matches!(row.kind, Kind::Desired).then(|| row.desired(self.users))
    }

    /// Whether the reading names this key, as one of today or of before, held or not.
    pub(super) fn names(&self, key: &EmployeeId) -> bool {
        self.keys.find(self.reading, key.as_str()).is_some() || self.other_keys.contains(key)
    }

    /// Whether an account belongs to a person of the reading.
    pub(super) fn is_claimed(&self, user: UserNo) -> bool {
        self.owners[user.index()] != Owner::Nobody
    }

    /// Whether a record without an account of its own, held or about to get one, may be about this account, whose owner had this key: the
    /// owner is not missing.
    pub(super) fn is_pointed_at(&self, key: &str, user: &UserRow<'_>) -> bool {
        let new = || {
            let about_to_get_one =
                |record: &Desired| matches!(record.stage_without_account(), Stage::PreHire { .. } | Stage::Active { .. });
            let without = self.people.iter().filter(|person| matches!(person.account, Account::None));
            let records = without.map(|person| self.row(person).desired(self.users)).filter(about_to_get_one);
            self.pointers_of(records, &[])
        };
        self.is_pointed_at_by_held(key, user) || self.new_pointers.get_or_init(new).point_at(key, user)
    }

    /// Whether a held record may be about this account.
    pub(super) fn is_pointed_at_by_held(&self, key: &str, user: &UserRow<'_>) -> bool {
        let held = || {
            let records = self.unplaced.iter().map(|number| self.reading.row(*number).desired(self.users));
            self.pointers_of(records, &self.held)
        };
        self.held_pointers.get_or_init(held).point_at(key, user)
    }

    /// Whether a record still points at accounts. It does not once a decision says that it is another person's.
    fn is_undecided(&self, record: &Desired) -> bool {
        let decision = standing_decision(self.ledger, record.key.as_str(), PersonNames::of_desired(record));
        decision.is_none_or(|decision| decision.verdict != Verdict::New)
    }

    fn pointers_of(&self, records: impl Iterator<Item = Desired>, held: &[Held]) -> Pointers {
        let records = records.filter(|record| self.is_undecided(record));
        Pointers::new(&self.match_attributes(), records, held.iter())
    }

    fn match_attributes(&self) -> Vec<Attribute> {
        self.reading.indexes().iter().map(|index| index.attribute).collect()
    }

    /// The held record of an active person with both names of this user and the same value of a match attribute.
    pub(super) fn held_namesake(&self, user: &UserRow<'_>) -> Option<&str> {
        self.namesakes.get_or_init(|| self.held_namesakes()).find(user)
    }

    /// The records of active people that are held so far.
    fn held_namesakes(&self) -> Namesakes {
        let rows = self.unplaced.iter().map(|number| self.reading.row(*number)).filter(|row| !left(*row));
        let records = rows.map(|row| row.desired(self.users)).filter(|record| self.is_undecided(record));
        Namesakes::new(&self.match_attributes(), records, self.held.iter())
    }

    /// The key of the person that owns an account.
    pub(super) fn owner(&self, user: UserNo) -> Option<&str> {
        match self.owners[user.index()] {
            Owner::Nobody => None,
            Owner::Person(person) => self.reading.row(person).key(),
            Owner::Held(at) => self.held[at as usize].key.as_ref().map(EmployeeId::as_str),
        }
    }

    /// Separates the people to be matched from those that are held already or out of scope.
    fn sort_out(&mut self, inputs: &'a Inputs<'a>) -> Vec<PersonNo> {
        let (reading, unsettled_keys) = (self.reading, &inputs.ledger.unsettled);
        let order = by_key(reading);
        let mut desired = Vec::with_capacity(order.len());
        let (mut keys, mut held) = (std::mem::take(&mut self.keys), Vec::new());
        for same in order.chunk_by(|left, right| same_key(reading, left, right)) {
            let within = within_scope(reading, same);
            let same = &*within;
            let first = reading.row(same[0].1);
            let rows = || std::iter::once(first).chain(same[1..].iter().map(|(_, number)| reading.row(*number)));
            // A converted person is present under another key.
            self.other_keys.extend(rows().filter_map(|row| EmployeeId::new(row.previous_key()?)));
            let Some(key) = first.key() else {
                self.keyless |= rows().any(|row| matches!(row.kind, Kind::Held(_)));
                held.extend(rows().filter_map(held_by));
                continue;
            };
            if same.len() > 1
                && let Some((number, others)) =
                    one_leaver(reading, self.users, same).filter(|_| !unsettled_keys.contains_key(key))
            {
                keys.insert(reading, number, key);
                self.twins.insert(number, others);
                desired.push(number);
                continue;
            }
            keys.insert(reading, first.number, key);
            let why = || [Some(key), first.previous_key()].into_iter().flatten().find_map(|key| unsettled_keys.get(key));
            match (same, first.kind) {
                ([_], Kind::Desired) => match why() {
                    None => desired.push(first.number),
                    Some(why) => {
                        self.unplaced.push(first.number);
                        let entry = EmployeeId::new(key).map(|key| unsettled(&key, first.place().as_ref(), why));
                        held.extend(entry.map(|entry| Held { left: left(first), ..entry }));
                    }
                },
                ([_], Kind::Held(one)) => held.push(one.clone()),
                ([_], Kind::OutOfScope) => self.out_of_scope.push((key, first.previous_key())),
                (several, _) => {
                    self.unplaced.extend(rows().filter(|row| matches!(row.kind, Kind::Desired)).map(|row| row.number));
                    held.extend(rows().map(|row| duplicate(row, several.len())));
                }
            }
        }
        for (key, why) in unsettled_keys {
            if keys.find(reading, key.as_str()).is_none() {
                self.other_keys.insert(key.clone());
                held.push(unsettled(key, None, why));
            }
        }
        (self.keys, self.held) = (keys, held);
        desired
    }

    /// Finds the accounts of held records, so that no other record gets them.
    fn settle_held(&mut self, inputs: &Inputs<'_>) {
        for at in 0..self.held.len() {
            let Held { key: Some(key), previous_key, .. } = &self.held[at] else { continue };
            let keys = || std::iter::once(key).chain(previous_key);
            // A link that was made without a write is no claim on the account.
            let link = |key: &EmployeeId| inputs.ledger.people.get(key).filter(|known| !known.seen);
            let known = keys().find_map(|key| self.users.number(&link(key)?.id));
            if let Some(user) = known.or_else(|| keys().find_map(|key| self.by_first(key.as_str()))) {
                self.held_accounts.insert(key.clone(), user);
                self.owners[user.index()] = Owner::Held(place(at));
            }
        }
    }

    /// The single live user with that value of the first match attribute.
    pub(super) fn by_first(&self, text: &str) -> Option<UserNo> {
        match self.reading.indexes().first()?.find(self.users, text) {
            Found::One(user) => Some(user),
            Found::Nobody | Found::Several(_) => None,
        }
    }
}

fn held_by(row: PersonRow<'_>) -> Option<Held> {
    match row.kind {
        Kind::Held(held) => Some(held.clone()),
        Kind::Desired | Kind::OutOfScope => None,
    }
}

fn unsettled(key: &EmployeeId, place: Option<&Place>, why: &str) -> Held {
    Held {
        key: Some(key.clone()),
        previous_key: None,
        place: place.cloned(),
        left: false,
        code: HeldCode::UnknownOutcome,
        message: format!("an earlier request for this person has no known outcome: {why}"),
        help: "look the account up in the tenant; the next run tries again".into(),
        candidates: Vec::new(),
        marks: Vec::new(),
        shown: Vec::new(),
    }
}
