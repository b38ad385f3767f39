//! Everybody whom the reading names, each in a row of bytes: a million of them in some fifty megabytes.
//!
//! HR and the tenant agree on most people in most things. So a row says of each attribute that it is as a certain user has it, and spells
//! out what is not: as the one user who has the record's value of the first match attribute.

use std::sync::Arc;

use jiff::civil::Date;

use super::index::{Found, Index};
use crate::directory::{Attribute, Lent, RowReader, RowWriter, Snapshot, UserNo, UserRow, Users, Value};
use crate::mapping::{Desired, Flow, GroupWanted, Held, ManagerWanted, Mapped, Rules, Stage, Wanted, When};
use crate::record::{At, EmployeeId, Place};

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

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// What the mapping made of each record, in the order of the reading.
pub struct People {
    parts: Vec<Part>,
    indexes: Vec<Index>,
}

/// Some of the people, packed.
#[derive(Default)]
pub struct Part {
    targets: Vec<Target>,
    /// What a person's row tells of, by the places among the targets. Where empty cells keep what is there, many differ.
    layouts: Vec<Box<[u16]>>,
    sources: Vec<Arc<str>>,
    held: Vec<Held>,
    bytes: Vec<u8>,
    starts: Vec<u32>,
}

/// A [`Wanted`] without the value, which is all that differs from person to person.
#[derive(Clone, PartialEq)]
struct Target {
    attribute: Attribute,
    when: When,
    expression: Arc<str>,
}

/// What a row begins with.
const DESIRED: u8 = 0;
const HELD: u8 = 1;
const OUT_OF_SCOPE: u8 = 2;
/// As [`DESIRED`], and of every attribute that is not written once HR wants what the user has.
const SETTLED: u8 = 3;

/// What a row says of a target.
mod flow {
    /// The value that the user has.
    pub(super) const AS_IT_IS: u8 = 1;
    /// No value, and the user has none.
    pub(super) const NONE_AS_IT_IS: u8 = 2;
    /// No value.
    pub(super) const CLEAR: u8 = 3;
    /// The value that follows.
    pub(super) const SET: u8 = 4;
    /// The candidates that follow.
    pub(super) const FIRST_FREE: u8 = 5;
}

/// Packs people; shared by all who map.
pub struct Packer<'a> {
    users: &'a Users,
    indexes: Vec<Index>,
}

impl<'a> Packer<'a> {
    /// One for a reading that is matched against this tenant by these rules.
    pub fn new(snapshot: &'a Snapshot, rules: &Rules) -> Self {
        let users = &snapshot.users;
        Self { users, indexes: rules.matching.iter().map(|attribute| Index::new(*attribute, users)).collect() }
    }

    /// How many people make a part.
    pub const PART: usize = PART;

    /// Packs one part: every one but the last has [`Packer::PART`] people.
    ///
    /// # Panics
    /// If these people take more than 4 GiB.
    pub fn pack(&self, people: impl IntoIterator<Item = Mapped>) -> Part {
        let mut part = Part::default();
        for person in people {
            let start = u32::try_from(part.bytes.len()).expect("some thousand people take far less than 4 GiB");
            part.starts.push(start);
            let mut row = RowWriter::from(std::mem::take(&mut part.bytes));
            match person {
                Mapped::Desired(desired) => self.put(&mut part, &desired, &mut row),
                Mapped::Held(held) => {
                    row.byte(HELD);
                    row.number(part.held.len());
                    part.held.push(held);
                }
                Mapped::OutOfScope { key, previous_key, place } => {
                    row.byte(OUT_OF_SCOPE);
                    put_keys(&key, previous_key.as_ref(), &mut row);
                    part.put_place(&place, &mut row);
                }
            }
            part.bytes = row.into_bytes();
        }
        part.bytes.shrink_to_fit();
        part.starts.shrink_to_fit();
        part
    }

    /// Everybody, of the parts in their order.
    ///
    /// # Panics
    /// If one that is not the last has another number of people.
    pub fn finish(self, parts: Vec<Part>) -> People {
        let full = parts.iter().rev().skip(1).all(|part| part.starts.len() == PART);
        assert!(full, "only the last part may have fewer people than the others");
        People { parts, indexes: self.indexes }
    }

    /// Everybody at once.
    pub fn gather(self, people: Vec<Mapped>) -> People {
        let mut people = people.into_iter();
        let mut parts = Vec::new();
        while people.len() > 0 {
            parts.push(self.pack(people.by_ref().take(PART)));
        }
        self.finish(parts)
    }

    /// The one user who has the record's value of the first match attribute.
    fn find(&self, desired: &Desired) -> Option<UserRow<'a>> {
        let first = self.indexes.first()?;
        let wanted = desired.attributes.iter().find(|wanted| wanted.attribute == first.attribute)?;
        let Flow::Set(Value::Text(text)) = &wanted.flow else { return None };
        match first.find(self.users, text) {
            Found::One(user) => Some(self.users.at(user)),
            Found::Nobody | Found::Several(_) => None,
        }
    }

    fn put(&self, part: &mut Part, desired: &Desired, row: &mut RowWriter) {
        // Taken apart without `..`, so that a new field cannot be left out.
        let Desired { key, previous_key, place, stage, attributes, manager, groups } = desired;
        let begin = row.len();
        row.byte(DESIRED);
        put_keys(key, previous_key.as_ref(), row);
        put_stage(*stage, row);
        match manager {
            ManagerWanted::Leave => row.byte(0),
            ManagerWanted::Clear => row.byte(1),
            ManagerWanted::Key(key) => {
                row.byte(2);
                row.text(key.as_str());
            }
        }
        let user = self.find(desired);
        row.number(user.map_or(0, |user| user.number().index() + 1));
        part.put_place(place, row);
        row.number(groups.len());
        for GroupWanted { rule, key, name } in groups {
            row.number(*rule);
            row.text(key);
            row.text(name);
        }
        if part.put_flows(attributes, user.as_ref(), row) && user.is_some() {
            row.set(begin, SETTLED);
        }
    }
}

fn put_keys(key: &EmployeeId, previous: Option<&EmployeeId>, row: &mut RowWriter) {
    row.text(key.as_str());
    row.text(previous.map_or("", EmployeeId::as_str));
}

fn put_stage(stage: Stage, row: &mut RowWriter) {
    let (kind, day) = match stage {
        Stage::Upcoming { start } => (0, Some(start)),
        Stage::PreHire { start } => (1, Some(start)),
        Stage::Active { start } => (2, start),
        Stage::Left { end } => (3, end),
    };
    row.byte(kind | u8::from(day.is_some()) << 2);
    if let Some(day) = day {
        row.bytes(&day.year().to_le_bytes());
        row.bytes(&[day.month().unsigned_abs(), day.day().unsigned_abs()]);
    }
}

fn stage(row: &mut RowReader<'_>) -> Option<Stage> {
    let kind = row.byte()?;
    let day = match kind & 4 {
        0 => None,
        _ => {
            let year = i16::from_le_bytes(row.take(2)?.try_into().ok()?);
            let [month, day] = row.take(2)? else { return None };
            Some(Date::new(year, i8::try_from(*month).ok()?, i8::try_from(*day).ok()?).ok()?)
        }
    };
    Some(match kind & 3 {
        0 => Stage::Upcoming { start: day? },
        1 => Stage::PreHire { start: day? },
        2 => Stage::Active { start: day },
        _ => Stage::Left { end: day },
    })
}

/// What a user has of an attribute, accountEnabled apart.
fn present<'u>(user: &UserRow<'u>, attribute: Attribute) -> Option<Lent<'u>> {
    if attribute.name == "userPrincipalName" { Some(Lent::Text(user.upn())) } else { user.lent(&attribute) }
}

/// Where `wanted` is what the user has.
fn as_it_is(wanted: &Value, present: Option<&Lent<'_>>) -> bool {
    match (wanted, present) {
        (Value::Text(wanted), Some(Lent::Text(present))) => **wanted == **present,
        (Value::Flag(wanted), Some(Lent::Flag(present))) => wanted == present,
        (Value::List(wanted), Some(Lent::List(present))) => wanted.iter().map(AsRef::as_ref).eq(present.iter().copied()),
        _ => false,
    }
}

impl Part {
    fn put_place(&mut self, place: &Place, row: &mut RowWriter) {
        let source = self.sources.iter().position(|source| Arc::ptr_eq(source, &place.source) || *source == place.source);
        row.number(source.unwrap_or_else(|| {
            self.sources.push(Arc::clone(&place.source));
            self.sources.len() - 1
        }));
        let mut number = |kind, number: u64| {
            row.byte(kind);
            row.bytes(&number.to_le_bytes());
        };
        match &place.at {
            At::Line(line) => number(0, *line),
            At::Row(at) => number(1, *at),
            At::Pointer(pointer) => {
                row.byte(2);
                row.text(pointer);
            }
        }
    }

    /// Writes what is wanted; whether the user has it, but for what is written once.
    fn put_flows(&mut self, attributes: &[Wanted], user: Option<&UserRow<'_>>, row: &mut RowWriter) -> bool {
        row.number(self.layout(attributes));
        let mut settled = true;
        let mut values = user.map(UserRow::values);
        for Wanted { attribute, flow, when, .. } in attributes {
            let begin = row.len();
            let present = match attribute.name {
                "userPrincipalName" => user.map(|user| Lent::Text(user.upn())),
                _ => values.as_mut().and_then(|values| values.of(*attribute)),
            };
            match flow {
                Flow::Clear if user.is_some() && present.is_none() => row.byte(flow::NONE_AS_IT_IS),
                Flow::Clear => row.byte(flow::CLEAR),
                Flow::Set(value) if as_it_is(value, present.as_ref()) => row.byte(flow::AS_IT_IS),
                Flow::Set(value) => {
                    row.byte(flow::SET);
                    row.value(Some(value));
                }
                Flow::FirstFree(candidates) => {
                    row.byte(flow::FIRST_FREE);
                    row.number(candidates.len());
                    for value in candidates {
                        row.value(Some(value).filter(|value| !as_it_is(value, present.as_ref())));
                    }
                }
            }
            let as_it_is = matches!(row.since(begin), [flow::AS_IT_IS | flow::NONE_AS_IT_IS]);
            settled &= as_it_is || *when == When::Create || attribute.name == "accountEnabled";
        }
        settled
    }

    /// The place of a person's layout among those of this part: most people have the last one.
    fn layout(&mut self, attributes: &[Wanted]) -> usize {
        let Self { targets, layouts, .. } = &mut *self;
        let is_of = |(place, wanted): (&u16, &Wanted)| targets[usize::from(*place)].is_of(wanted);
        let same = |layout: &[u16]| layout.len() == attributes.len() && layout.iter().zip(attributes).all(is_of);
        if layouts.last().is_some_and(|last| same(last)) {
            return layouts.len() - 1;
        }
        let layout: Box<[u16]> = attributes.iter().map(|wanted| place_among(targets, wanted)).collect();
        layouts.iter().position(|known| *known == layout).unwrap_or_else(|| {
            layouts.push(layout);
            layouts.len() - 1
        })
    }
}

fn place_among(targets: &mut Vec<Target>, wanted: &Wanted) -> u16 {
    let place = targets.iter().position(|target| target.is_of(wanted)).unwrap_or_else(|| {
        targets.push(Target::of(wanted));
        targets.len() - 1
    });
    u16::try_from(place).expect("a mapping has far fewer than 65,536 targets")
}

impl Target {
    fn of(wanted: &Wanted) -> Self {
        let Wanted { attribute, when, expression, flow: _ } = wanted;
        Self { attribute: *attribute, when: *when, expression: Arc::clone(expression) }
    }

    fn is_of(&self, wanted: &Wanted) -> bool {
        self.attribute == wanted.attribute
            && self.when == wanted.when
            && (Arc::ptr_eq(&self.expression, &wanted.expression) || self.expression == wanted.expression)
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
    pub(super) fn rows(&self) -> impl ExactSizeIterator<Item = PersonRow<'_>> {
        self.numbers().map(|number| self.row(number))
    }

    /// The index of each match attribute, in their order.
    pub(super) fn indexes(&self) -> &[Index] {
        &self.indexes
    }

    /// The users who have this value of a match attribute, as Entra compares it.
    pub fn who_has(&self, attribute: Attribute, text: &str, users: &Users) -> Vec<UserNo> {
        let index = self.indexes.iter().find(|index| index.attribute == attribute);
        match index.map_or(Found::Nobody, |index| index.find(users, text)) {
            Found::Nobody => Vec::new(),
            Found::One(user) => vec![user],
            Found::Several(several) => several.to_vec(),
        }
    }

    /// A record as it stands in its row.
    pub(super) fn row(&self, number: PersonNo) -> PersonRow<'_> {
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
                Mapped::OutOfScope { key, previous_key, place: row.own_place() }
            }
        }
    }
}

/// What kind of record it is.
#[derive(Clone, Copy)]
pub(super) enum Kind<'a> {
    Desired,
    Held(&'a Held),
    OutOfScope,
}

/// A record as it stands in its row.
#[derive(Clone, Copy)]
pub(super) struct PersonRow<'a> {
    part: &'a Part,
    pub(super) number: PersonNo,
    pub(super) kind: Kind<'a>,
    settled: bool,
    /// Empty where there is none.
    key: &'a str,
    previous: &'a str,
    rest: RowReader<'a>,
}

/// What HR says of a manager, as the row tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ManagerRow<'a> {
    Leave,
    Clear,
    Key(&'a str),
}

/// What stands in the row of a person who is wanted before the attributes.
pub(super) struct Facts<'a> {
    pub(super) stage: Stage,
    pub(super) manager: ManagerRow<'a>,
    /// The user that the row refers to: the only one who has the record's value of the first match attribute.
    pub(super) user: Option<UserNo>,
    rest: RowReader<'a>,
}

impl<'a> PersonRow<'a> {
    fn read(part: &'a Part, number: PersonNo, mut row: RowReader<'a>) -> Option<Self> {
        let first = row.byte()?;
        let kind = match first {
            DESIRED | SETTLED => Kind::Desired,
            OUT_OF_SCOPE => Kind::OutOfScope,
            _ => Kind::Held(part.held.get(row.number()?)?),
        };
        let (key, previous) = match kind {
            Kind::Held(held) => {
                let text = |key: &'a Option<EmployeeId>| key.as_ref().map_or("", EmployeeId::as_str);
                (text(&held.key), text(&held.previous_key))
            }
            Kind::Desired | Kind::OutOfScope => (row.text()?, row.text()?),
        };
        Some(Self { part, number, kind, settled: first == SETTLED, key, previous, rest: row })
    }

    /// The person's key, where the record has one.
    pub(super) fn key(&self) -> Option<&'a str> {
        Some(self.key).filter(|key| !key.is_empty())
    }

    /// The key that this person had before.
    pub(super) fn previous_key(&self) -> Option<&'a str> {
        Some(self.previous).filter(|key| !key.is_empty())
    }

    fn keys(&self) -> (EmployeeId, Option<EmployeeId>) {
        (EmployeeId::new(self.key).expect("a key is never empty"), EmployeeId::new(self.previous))
    }

    /// What a wanted person's row tells first.
    ///
    /// # Panics
    /// If nobody is wanted by this record.
    pub(super) fn facts(&self) -> Facts<'a> {
        self.read_facts().expect("this is a row of somebody who is wanted")
    }

    fn read_facts(&self) -> Option<Facts<'a>> {
        let mut row = self.rest;
        let stage = stage(&mut row)?;
        let manager = match row.byte()? {
            0 => ManagerRow::Leave,
            1 => ManagerRow::Clear,
            _ => ManagerRow::Key(row.text()?),
        };
        let user = row.number()?.checked_sub(1).map(UserNo::new);
        Some(Facts { stage, manager, user, rest: row })
    }

    fn rest_of(&self) -> RowReader<'a> {
        if matches!(self.kind, Kind::Desired) { self.facts().rest } else { self.rest }
    }

    /// Where the record stands.
    pub(super) fn place(&self) -> Option<Place> {
        match self.kind {
            Kind::Held(held) => held.place.clone(),
            Kind::Desired | Kind::OutOfScope => place(self.part, &mut self.rest_of()),
        }
    }

    fn own_place(&self) -> Place {
        self.place().expect("every record that was mapped has a place")
    }

    /// The groups that this person belongs in: rule, key and name.
    pub(super) fn groups(&self) -> impl Iterator<Item = (usize, &'a str, &'a str)> + use<'a> {
        let mut row = self.rest_of();
        let count = skip_place(&mut row).and_then(|()| row.number()).unwrap_or_default();
        (0..count).map_while(move |_| Some((row.number()?, row.text()?, row.text()?)))
    }

    /// The targets with what the row says of each.
    fn flows(&self) -> impl Iterator<Item = (&'a Target, FlowRow<'a>)> + use<'a> {
        let mut row = self.rest_of();
        let part = self.part;
        let layout = flows_of(part, &mut row).unwrap_or_default();
        layout.iter().map_while(move |place| Some((part.targets.get(usize::from(*place))?, FlowRow::read(&mut row)?)))
    }

    /// Whether HR wants of every attribute that is not written once only what that user has, as far as the row tells.
    pub(super) fn is_as(&self, user: UserNo) -> bool {
        self.settled && self.facts().user == Some(user)
    }

    /// The text that a record wants for an attribute, where it is one certain text.
    pub(super) fn wanted_text(&self, attribute: Attribute, users: &'a Users) -> Option<&'a str> {
        let (_, flow) = self.flows().find(|(target, _)| target.attribute == attribute)?;
        match flow {
            FlowRow::AsItIs => present(&users.at(self.facts().user?), attribute)?.as_text(),
            FlowRow::Set(value) => value.as_text(),
            FlowRow::NoneAsItIs | FlowRow::Clear | FlowRow::FirstFree(..) => None,
        }
    }

    /// What the person should look like, by itself.
    pub(super) fn desired(&self, users: &Users) -> Desired {
        let (key, previous_key) = self.keys();
        let Facts { stage, manager, user, .. } = self.facts();
        let user = user.map(|user| users.at(user));
        let wanted = |(target, flow): (&Target, FlowRow<'_>)| {
            let Target { attribute, when, expression } = target.clone();
            let present = || user.and_then(|user| present(&user, attribute)).map(|value| value.to_value());
            Wanted { attribute, when, expression, flow: flow.to_flow(present) }
        };
        let groups = self.groups().map(|(rule, key, name)| GroupWanted { rule, key: key.into(), name: name.into() });
        Desired {
            key,
            previous_key,
            place: self.own_place(),
            stage,
            attributes: self.flows().map(wanted).collect(),
            manager: match manager {
                ManagerRow::Leave => ManagerWanted::Leave,
                ManagerRow::Clear => ManagerWanted::Clear,
                ManagerRow::Key(key) => EmployeeId::new(key).map_or(ManagerWanted::Clear, ManagerWanted::Key),
            },
            groups: groups.collect(),
        }
    }
}

fn place(part: &Part, row: &mut RowReader<'_>) -> Option<Place> {
    let source = Arc::clone(part.sources.get(row.number()?)?);
    let kind = row.byte()?;
    let mut number = || Some(u64::from_le_bytes(row.take(8)?.try_into().ok()?));
    let at = match kind {
        0 => At::Line(number()?),
        1 => At::Row(number()?),
        _ => At::Pointer(row.text()?.into()),
    };
    Some(Place { source, at })
}

fn skip_place(row: &mut RowReader<'_>) -> Option<()> {
    row.number()?;
    match row.byte()? {
        0 | 1 => row.take(8).map(drop),
        _ => row.piece().map(drop),
    }
}

/// The layout of a person; the reader stands before what the row says of the first.
fn flows_of<'a>(part: &'a Part, row: &mut RowReader<'a>) -> Option<&'a [u16]> {
    skip_place(row)?;
    for _ in 0..row.number()? {
        row.number()?;
        row.piece()?;
        row.piece()?;
    }
    part.layouts.get(row.number()?).map(AsRef::as_ref)
}

/// What a row says of one target.
enum FlowRow<'a> {
    AsItIs,
    NoneAsItIs,
    Clear,
    Set(Lent<'a>),
    /// How many candidates, and their values; one that is none is as the user has it.
    FirstFree(usize, RowReader<'a>),
}

impl<'a> FlowRow<'a> {
    fn read(row: &mut RowReader<'a>) -> Option<Self> {
        Some(match row.byte()? {
            flow::AS_IT_IS => Self::AsItIs,
            flow::NONE_AS_IT_IS => Self::NoneAsItIs,
            flow::CLEAR => Self::Clear,
            flow::SET => Self::Set(row.value()??),
            _ => {
                let count = row.number()?;
                let first = *row;
                for _ in 0..count {
                    row.skip()?;
                }
                Self::FirstFree(count, first)
            }
        })
    }

    fn to_flow(&self, present: impl Fn() -> Option<Value>) -> Flow {
        match self {
            Self::AsItIs => present().map_or(Flow::Clear, Flow::Set),
            Self::NoneAsItIs | Self::Clear => Flow::Clear,
            Self::Set(value) => Flow::Set(value.to_value()),
            Self::FirstFree(count, row) => {
                let mut row = *row;
                let value = |_| row.value()?.map(|value| value.to_value()).or_else(&present);
                Flow::FirstFree((0..*count).filter_map(value).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::directory::{ObjectId, TenantId, Upn, User};
    use crate::mapping::HeldCode;
    use crate::plan::tests::world::{Tell as _, World, attribute, key, worker};

    /// A tenant in which somebody has the number 1.
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

    fn wanted(name: &str, flow: Flow, when: When) -> Wanted {
        Wanted { attribute: attribute(name), flow, when, expression: format!("[{name}]").into() }
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
        staged.chain([odd, other]).collect()
    }

    #[test]
    fn everybody_comes_back_as_they_were() {
        let snapshot = tenant();
        let held = Held {
            key: Some(key("7")),
            previous_key: None,
            place: None,
            code: HeldCode::InvalidValue,
            message: "no".into(),
            help: "yes".into(),
        };
        let place = Place { source: "hr.csv".into(), at: At::Line(300) };
        let out = Mapped::OutOfScope { key: key("8"), previous_key: Some(key("9")), place };
        let mapped: Vec<Mapped> =
            people().into_iter().map(Mapped::Desired).chain([Mapped::Held(held), out]).cycle().take(PART * 2 + 3).collect();
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
        snapshot
            .users
            .get_mut(&ObjectId::new("id-1").unwrap())
            .unwrap()
            .attributes
            .insert(attribute("city"), Value::text("Graz"));
        assert!(settled(&snapshot, &ada.with("city", "Graz")));
    }
}
