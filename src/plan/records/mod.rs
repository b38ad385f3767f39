//! The records of a reading, each in a row of bytes: a million records take about fifty megabytes.
//!
//! HR and the tenant agree on most people in most values. So each row refers to one user: the only one with the record's value of
//! the first match attribute. It stores an attribute only where the record differs from that user.

pub(super) mod key_index;
#[cfg(test)]
mod laws;
pub(super) mod one_leaver;
mod packer;
mod row;
pub(super) mod text_index;
pub(super) mod wanted_texts;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;

pub use packer::Packer;
pub(in crate::plan) use row::{Kind, ManagerRow, PersonRow};

use crate::directory::{Attribute, RowReader, UserNo, Users, Value, ValueRef};
use crate::mapping::{Desired, Flow, Held, LeftOut, Mapped, Stage, When};
use crate::plan::bound_names::BoundNames;
use crate::plan::records::text_index::{Found, Index};
use crate::plan::wishes::{PackedWishes, WishDigest};

/// How many people stand in one part: few enough that their records are still in a core's cache when they are mapped.
const PART: usize = 512;

/// The number of a record of the reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonNo(u32);

impl PersonNo {
    fn new(number: usize) -> Self {
        // A reading has far fewer than four thousand million records.
        Self(u32::try_from(number).unwrap_or(u32::MAX))
    }

    pub(in crate::plan) fn index(self) -> usize {
        self.0 as usize
    }
}

/// What the mapping made of each record, in the order of the reading.
pub struct People {
    parts: Vec<Part>,
    indexes: Arc<[Index]>,
}

/// The accounts of people by their numbers.
pub struct AccountTable(Vec<Option<UserNo>>);

impl AccountTable {
    /// The account of a person, where there is one.
    pub fn of(&self, person: PersonNo) -> Option<UserNo> {
        self.0.get(person.index()).copied().flatten()
    }
}

/// Some of the people, packed.
#[derive(Default)]
pub struct Part {
    targets: Vec<Target>,
    /// The attributes of a person's row, by their places among the targets. With `on_empty = "keep"` there are many different layouts.
    layouts: Vec<Layout>,
    sources: Vec<Arc<str>>,
    held: Vec<Held>,
    words: Vec<Word>,
    notes: Vec<Note>,
    bytes: Vec<u8>,
    starts: Vec<u32>,
    /// What HR wants of each person, as a digest; of one that is held or out of scope, any. Nights are compared by it.
    digests: Vec<WishDigest>,
    /// Whether a person lacks what only a create needs.
    without_create: bool,
}

impl Part {
    fn digest(&self, number: PersonNo) -> Option<WishDigest> {
        self.digests.get(number.index() % PART).copied()
    }
}

/// The attributes of a row.
struct Layout {
    /// Their places among the targets of the part, in the order of the row.
    targets: Box<[u16]>,
    /// The places in the row, in the order of the names.
    by_name: Box<[u16]>,
}

/// A status that the mapping names in no list. Rows refer to it by its place: with a mapping without lists every row has one.
struct Word {
    text: Box<str>,
    /// The first person of the part with this status.
    first: u32,
    count: usize,
}

/// What few records have beside a row: a stage for new accounts, an end date that is ignored, values of a leaver that are left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// The record's place in its part.
    at: u32,
    /// See [`Desired::new_stage`](crate::mapping::Desired::new_stage).
    pub new_stage: Option<Stage>,
    /// See [`Desired::end_ignored`](crate::mapping::Desired::end_ignored).
    pub end_ignored: Option<Date>,
    /// See [`Desired::left_out`](crate::mapping::Desired::left_out).
    pub left_out: Vec<LeftOut>,
}

/// A status of the reading that the mapping names in no list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnlistedStatus {
    /// The first record with it.
    pub first: PersonNo,
    /// How many records have it.
    pub count: usize,
}

/// A [`DesiredValue`] without the value, which is all that differs from person to person.
#[derive(Clone, PartialEq)]
struct Target {
    attribute: Attribute,
    when: When,
    expression: Arc<str>,
}

/// HR's record of a person, reduced to a digest. It does not depend on the day, except that a person has left from some day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordState {
    /// The digest of everything that the mapping takes from the record.
    pub digest: String,
    /// Whether HR says that the person has left.
    pub gone: bool,
    /// The names in the record; none where it is out of scope or held.
    pub names: Option<BoundNames>,
}

/// What a row begins with.
const DESIRED: u8 = 0;
const HELD: u8 = 1;
const OUT_OF_SCOPE: u8 = 2;
/// As [`DESIRED`], and of every name, and every attribute that is not written once, HR wants what the user has.
const SETTLED: u8 = 3;
/// As [`OUT_OF_SCOPE`], with a damaged key or previous key.
const OUT_OF_SCOPE_DAMAGED: u8 = 4;
/// Added to [`DESIRED`] and [`SETTLED`]: what only a create needs was left out, since the person seemed to have an account.
const WITHOUT_CREATE: u8 = 1 << 7;

/// The byte of a stage: the stage in the two lowest bits, and what else the row has.
mod stage_byte {
    /// A record out of scope with an unknown stage.
    pub(in crate::plan) const NONE: u8 = u8::MAX;
    pub(in crate::plan) const KIND: u8 = 3;
    /// The stage's day follows.
    pub(in crate::plan) const DAY: u8 = 4;
    /// The number of a note follows.
    pub(in crate::plan) const NOTE: u8 = 8;
    /// From this one on the place of the status follows, since four bits cannot hold it.
    pub(in crate::plan) const MANY: usize = 15;

    /// The bits of a status at this place, counting from 1, and of a note.
    pub(in crate::plan) fn with(word: Option<usize>, noted: bool) -> u8 {
        let word = u8::try_from(word.unwrap_or(0).min(MANY)).expect("fifteen at most");
        word << 4 | if noted { NOTE } else { 0 }
    }

    /// The place of the status, counting from 1; 0 where there is none.
    pub(in crate::plan) fn word(byte: u8) -> usize {
        usize::from(byte >> 4)
    }
}

/// What a row says of a target.
mod flow {
    /// The value that the user has.
    pub(in crate::plan) const AS_IT_IS: u8 = 1;
    /// No value, and the user has none.
    pub(in crate::plan) const NONE_AS_IT_IS: u8 = 2;
    /// No value, where the user has one or the row refers to no user.
    pub(in crate::plan) const CLEAR: u8 = 3;
    /// The value that follows.
    pub(in crate::plan) const SET: u8 = 4;
    /// The candidates that follow.
    pub(in crate::plan) const FIRST_FREE: u8 = 5;
}

impl PackedWishes for People {
    fn each_wish(&self, person: usize, users: &Users, take: &mut dyn FnMut(&str, Option<ValueRef<'_>>)) {
        self.row(PersonNo::new(person)).each_wish(users, take);
    }
}

impl People {
    /// How many records there are.
    pub fn len(&self) -> usize {
        self.parts.iter().map(|part| part.starts.len()).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All numbers, in the order of the reading.
    pub fn numbers(&self) -> impl ExactSizeIterator<Item = PersonNo> + use<> {
        (0..self.len()).map(PersonNo::new)
    }

    /// All records as they stand in their rows.
    pub(in crate::plan) fn rows(&self) -> impl ExactSizeIterator<Item = PersonRow<'_>> {
        self.numbers().map(|number| self.row(number))
    }

    /// HR's records of these people, reduced to what a rejection is bound to. Of several records with one key, the one in scope.
    pub fn record_digests(&self, keys: &BTreeSet<&str>, users: &Users) -> BTreeMap<String, RecordState> {
        let mut states: BTreeMap<String, RecordState> = BTreeMap::new();
        for row in self.rows() {
            let Some(key) = row.key().filter(|key| keys.contains(key)) else { continue };
            let wanted = matches!(row.kind, Kind::Desired);
            if wanted || !states.contains_key(key) {
                states.insert(key.to_owned(), row.state(users));
            }
        }
        states
    }

    /// The statuses that the mapping names in no list, as HR writes them.
    pub fn unlisted_statuses(&self) -> BTreeMap<&str, UnlistedStatus> {
        let mut statuses: BTreeMap<&str, UnlistedStatus> = BTreeMap::new();
        for (at, part) in self.parts.iter().enumerate() {
            for Word { text, first, count } in &part.words {
                let first = PersonNo::new(at * PART + *first as usize);
                statuses.entry(text).or_insert(UnlistedStatus { first, count: 0 }).count += count;
            }
        }
        statuses
    }

    /// The account of each person, where these are those that were found.
    pub fn accounts(&self, matched: &[(PersonNo, UserNo)]) -> AccountTable {
        let mut accounts = vec![None; self.len()];
        for (person, user) in matched {
            accounts[person.index()] = Some(*user);
        }
        AccountTable(accounts)
    }

    /// The records with something beside their row, in the order of the reading: ignored end dates and left-out values are listed by the
    /// plan.
    pub fn notes(&self) -> impl Iterator<Item = (PersonNo, &Note)> {
        self.parts.iter().enumerate().flat_map(|(part, Part { notes, .. })| {
            notes.iter().map(move |note| (PersonNo::new(part * PART + note.at as usize), note))
        })
    }

    /// The parts with these people, by their places.
    pub fn parts_of(numbers: &[PersonNo]) -> BTreeSet<usize> {
        numbers.iter().map(|number| number.index() / PART).collect()
    }

    /// The same people with other parts in the places of some. They must have been packed by the packer of these people.
    #[must_use]
    pub fn with_parts(mut self, parts: impl IntoIterator<Item = (usize, Part)>) -> Self {
        for (at, part) in parts {
            self.parts[at] = part;
        }
        self
    }

    /// The people without what only a create needs.
    pub(in crate::plan) fn without_create(&self) -> impl Iterator<Item = PersonNo> {
        let parts = self.parts.iter().enumerate().filter(|(_, part)| part.without_create);
        let numbers = parts.flat_map(|(at, part)| (0..part.starts.len()).map(move |row| PersonNo::new(at * PART + row)));
        numbers.filter(|number| self.row(*number).without_create)
    }

    /// The index of each match attribute, in their order.
    pub(in crate::plan) fn indexes(&self) -> &[Index] {
        &self.indexes
    }

    /// The users that have this value of a match attribute, as Entra compares it.
    pub fn who_has(&self, attribute: Attribute, text: &str, users: &Users) -> Vec<UserNo> {
        let index = self.indexes.iter().find(|index| index.attribute == attribute);
        match index.map_or(Found::Nobody, |index| index.find(users, text)) {
            Found::Nobody => Vec::new(),
            Found::One(user) => vec![user],
            Found::Several(several) => several.to_vec(),
        }
    }

    /// The live users with a key: by the record's value of the first match attribute, else by the key itself.
    pub fn carriers(&self, record: Option<&Desired>, key: &str, users: &Users) -> Vec<UserNo> {
        let Some(first) = self.indexes.first().map(|index| index.attribute) else { return Vec::new() };
        let wanted = record.and_then(|record| record.attributes.iter().find(|wanted| wanted.attribute == first));
        let value = match wanted.map(|wanted| &wanted.flow) {
            Some(Flow::Set(value)) => value.as_text(),
            Some(Flow::FirstFree(candidates)) => candidates.first().and_then(Value::as_text),
            Some(Flow::Clear) => None,
            None => Some(key),
        };
        value.map(|value| self.who_has(first, value, users)).unwrap_or_default()
    }

    /// A record as it stands in its row.
    pub(in crate::plan) fn row(&self, number: PersonNo) -> PersonRow<'_> {
        let part = &self.parts[number.index() / PART];
        let start = part.starts[number.index() % PART] as usize;
        PersonRow::read(part, number, RowReader(&part.bytes[start..])).expect("only whole rows are written")
    }

    /// The key of a record, where it has one.
    pub fn key(&self, number: PersonNo) -> Option<&str> {
        self.row(number).key()
    }

    /// The key that the person of a record had before, where it names one.
    pub fn previous_key(&self, number: PersonNo) -> Option<&str> {
        self.row(number).previous_key()
    }

    /// The record by itself, as it was packed against these users.
    pub fn mapped(&self, number: PersonNo, users: &Users) -> Mapped {
        let row = self.row(number);
        match row.kind {
            Kind::Desired => Mapped::Desired(row.desired(users)),
            Kind::Held(held) => Mapped::Held(held.clone()),
            Kind::OutOfScope => {
                let (key, previous_key) = row.keys();
                let (place, stage) = (row.own_place(), row.stage());
                Mapped::OutOfScope { key, previous_key, place, stage, damaged_key: row.damaged_key }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::directory::{ObjectId, Snapshot, TenantId, Upn, User, Value};
    use crate::mapping::{Desired, DesiredValue, Flow, HeldCode, RecordPart, Stage};
    use crate::plan::tests::world::{Tell as _, World, attribute, key, worker};
    use crate::record::{At, Place};

    /// A tenant with one user, number 1.
    fn tenant() -> Snapshot {
        let mut user = User::new(ObjectId::new("id-1").unwrap(), Upn::new("ada.lovelace@contoso.com"));
        let texts = [("employeeId", "1"), ("givenName", "Ada"), ("department", "Sales"), ("mail", "a@contoso.com")];
        for (name, text) in texts {
            user.attributes.insert(attribute(name), Value::text(text));
        }
        user.attributes.insert(attribute("otherMails"), Value::List([Box::from("x@y.z"), Box::from("z@y.x")].into()));
        let mut snapshot = Snapshot::empty(TenantId("tenant".into()), "contoso.com");
        snapshot.users.insert(&user);
        snapshot
    }

    fn wanted(name: &str, flow: Flow, when: When) -> DesiredValue {
        DesiredValue { attribute: attribute(name), flow, when, expression: format!("[{name}]").into() }
    }

    fn people() -> Vec<Desired> {
        let days = [date(-1, 1, 1), date(2026, 2, 28), date(9999, 12, 31)];
        let stages =
            days.map(|day| [Stage::Upcoming { start: day }, Stage::PreHire { start: day }, Stage::Active { start: Some(day) }]);
        let ends = [Stage::Left { end: None }, Stage::Left { end: Some(days[1]) }, Stage::Active { start: None }];
        let staged = stages.into_iter().flatten().chain(ends).map(|stage| worker("1", "Ada", "Lovelace").stage(stage));
        let list = |items: [&str; 2]| Flow::Set(Value::List(items.map(Box::from).into()));
        let mut odd = worker("2", "Bo", "").once("1").managed_by("1").in_group("Ops").in_group("Ä");
        odd.place = Place { source: "hr".into(), at: At::Pointer("/data/3".into()) };
        let mut other = worker("1", "Ada", "Byron").without("department").without("city").managed_by("");
        other.attributes.push(wanted("otherMails", list(["x@y.z", "z@y.x"]), When::Always));
        other.attributes.push(wanted("businessPhones", list(["1", "2"]), When::Create));
        other.attributes.push(wanted("accountEnabled", Flow::Set(Value::Flag(true)), When::Always));
        other.place = Place { source: "other.csv".into(), at: At::Row(u64::MAX) };
        let mut noted = worker("3", "Cem", "Can").left();
        noted.new_stage = Some(Stage::Upcoming { start: days[2] });
        noted.end_ignored = Some(days[1]);
        let (part, code) = (RecordPart::Group(7), HeldCode::InvalidValue);
        noted.left_out = vec![LeftOut { part, code, message: "too long".into(), help: "shorten it".into() }];
        let worded = (0..40).map(|number| {
            let mut person = worker("4", "Dora", "Dahl");
            person.status_word = Some(format!("Status {number}").into());
            person.new_stage = (number == 30).then_some(Stage::Active { start: None });
            person
        });
        staged.chain([odd, other, noted]).chain(worded).collect()
    }

    #[test]
    fn statuses_and_notes_are_counted_over_all_parts() {
        let snapshot = tenant();
        let person = |at: usize| {
            let mut person = worker(&at.to_string(), "Ada", "Lovelace");
            person.status_word = (at % 2 == 1).then(|| if at == 1 { "Rare".into() } else { "Common".into() });
            person.end_ignored = (at == PART + 5).then_some(date(2026, 2, 28));
            Mapped::Desired(person)
        };
        let people = Packer::new(&snapshot, &World::new(Vec::new()).rules).gather((0..PART * 2).map(person).collect());
        let found = people.unlisted_statuses();
        let shown: Vec<_> = found.iter().map(|(word, status)| (*word, status.first.index(), status.count)).collect();
        assert_eq!(shown, [("Common", 3, PART - 1), ("Rare", 1, 1)]);
        let notes: Vec<_> = people.notes().map(|(number, note)| (number.index(), note.end_ignored)).collect();
        assert_eq!(notes, [(PART + 5, Some(date(2026, 2, 28)))]);
    }

    #[test]
    fn a_status_in_no_list_makes_no_row_longer() {
        let snapshot = tenant();
        let length = |word: Option<&str>| {
            let mut ada = worker("1", "Ada", "Lovelace");
            ada.status_word = word.map(Into::into);
            Packer::new(&snapshot, &World::new(Vec::new()).rules).pack([Mapped::Desired(ada)]).bytes.len()
        };
        assert_eq!(length(Some("Full time")), length(None));
    }

    #[test]
    fn everybody_comes_back_as_they_were() {
        let snapshot = tenant();
        let held = Held {
            key: Some(key("7")),
            previous_key: None,
            place: None,
            left: true,
            code: HeldCode::InvalidValue,
            message: "no".into(),
            help: "yes".into(),
            candidates: Vec::new(),
            marks: Vec::new(),
            shown: Vec::new(),
        };
        let place = Place { source: "hr.csv".into(), at: At::Line(300) };
        let stages = [None, Some(Stage::Left { end: Some(date(2026, 2, 28)) }), Some(Stage::Active { start: None })];
        let out = stages.map(|stage| Mapped::OutOfScope {
            key: stage.map(|_| key("8")),
            previous_key: Some(key("9")),
            place: place.clone(),
            stage,
            damaged_key: stage.is_none(),
        });
        let others = [Mapped::Held(held)].into_iter().chain(out);
        let mapped: Vec<Mapped> = people().into_iter().map(Mapped::Desired).chain(others).cycle().take(PART * 2 + 3).collect();
        let packed = Packer::new(&snapshot, &World::new(Vec::new()).rules).gather(mapped.clone());
        assert_eq!(packed.len(), mapped.len());
        for (number, mapped) in packed.numbers().zip(mapped) {
            assert!(packed.mapped(number, &snapshot.users) == mapped, "{number:?}");
        }
    }

    #[test]
    fn somebody_is_settled_only_where_the_user_has_all_that_is_wanted() {
        let mut snapshot = tenant();
        let mut ada = worker("1", "Ada", "Lovelace").with("department", "Sales");
        ada.attributes
            .retain(|wanted| ["employeeId", "givenName", "department", "userPrincipalName"].contains(&wanted.attribute.name));
        let settled = |snapshot: &Snapshot, desired: &Desired| {
            let packed = Packer::new(snapshot, &World::new(Vec::new()).rules).gather(vec![Mapped::Desired(desired.clone())]);
            let user = snapshot.users.number(&ObjectId::new("id-1").unwrap()).unwrap();
            packed.rows().all(|row| row.is_as(user))
        };
        assert!(settled(&snapshot, &ada));
        assert!(settled(&snapshot, &ada.clone().without("city")));
        assert!(!settled(&snapshot, &ada.clone().without("mail")));
        assert!(!settled(&snapshot, &ada.clone().with("department", "sales")));
        assert!(!settled(&snapshot, &ada.clone().with("city", "Graz")));
        assert!(!settled(&snapshot, &ada.clone().with("employeeId", "2")));
        let once = |name: &str, text: &str| {
            let mut ada = ada.clone();
            ada.attributes.retain(|wanted| wanted.attribute.name != name);
            ada.attributes.push(wanted(name, Flow::Set(Value::text(text)), When::Create));
            ada
        };
        assert!(settled(&snapshot, &once("department", "Ops")));
        assert!(!settled(&snapshot, &once("givenName", "Bob")));
        snapshot
            .users
            .get_mut(&ObjectId::new("id-1").unwrap())
            .unwrap()
            .attributes
            .insert(attribute("city"), Value::text("Graz"));
        assert!(settled(&snapshot, &ada.with("city", "Graz")));
    }
}
