//! Packs people as they are mapped: each into a row of bytes.

use std::sync::Arc;

use crate::directory::{RowWriter, Snapshot, UserRow, Users, Value, ValueRef, roles};
use crate::mapping::{Desired, DesiredValue, Flow, GroupWanted, ManagerWanted, Mapped, Rules, Stage, When};
use crate::plan::records::text_index::{Found, Index};
use crate::plan::records::{
    DESIRED, HELD, Layout, Note, OUT_OF_SCOPE, OUT_OF_SCOPE_DAMAGED, PART, Part, People, SETTLED, Target, WITHOUT_CREATE, Word,
    flow, stage_byte,
};
use crate::plan::wishes::WishDigest;
use crate::record::{At, EmployeeId, Place};

/// Packs people into rows. All threads that map records share one.
pub struct Packer<'a> {
    users: &'a Users,
    indexes: Arc<[Index]>,
}

impl<'a> Packer<'a> {
    /// One for a reading that is matched against this tenant by these rules.
    pub fn new(snapshot: &'a Snapshot, rules: &Rules) -> Self {
        let users = &snapshot.users;
        Self { users, indexes: rules.matching.iter().map(|attribute| Index::new(*attribute, users)).collect() }
    }

    /// The one by which these people were packed, against this tenant.
    pub fn of(people: &People, snapshot: &'a Snapshot) -> Self {
        Self { users: &snapshot.users, indexes: Arc::clone(&people.indexes) }
    }

    /// How many people make a part.
    pub const PART: usize = PART;

    /// Packs one part: every one but the last has [`Packer::PART`] people.
    ///
    /// # Panics
    /// If these people take more than 4 GiB.
    pub fn pack(&self, people: impl IntoIterator<Item = Mapped>) -> Part {
        self.pack_each(people, |person, _| person)
    }

    /// Packs one part of people that `map` makes. It is given a function that returns whether a person seems to have an account; then the
    /// person may be without what only a create needs.
    ///
    /// # Panics
    /// As [`Packer::pack`].
    pub fn pack_each<T>(
        &self,
        people: impl IntoIterator<Item = T>,
        map: impl Fn(T, &mut dyn FnMut(&Desired) -> bool) -> Mapped,
    ) -> Part {
        let mut part = Part::default();
        for person in people {
            let start = u32::try_from(part.bytes.len()).expect("some thousand people take far less than 4 GiB");
            part.starts.push(start);
            part.digests.push(WishDigest::default());
            let mut row = RowWriter::from(std::mem::take(&mut part.bytes));
            let mut found = None;
            let mut has_account = |desired: &Desired| found.insert(self.find(desired)).is_some();
            match map(person, &mut has_account) {
                Mapped::Desired(desired) => {
                    let without_create = found.is_some_and(|user| user.is_some());
                    part.without_create |= without_create;
                    let user = found.unwrap_or_else(|| self.find(&desired));
                    let begin = row.len();
                    Self::put(&mut part, &desired, user, &mut row);
                    if without_create {
                        row.set(begin, row.since(begin)[0] | WITHOUT_CREATE);
                    }
                }
                Mapped::Held(held) => {
                    row.byte(HELD);
                    row.number(part.held.len());
                    part.held.push(held);
                }
                Mapped::OutOfScope { key, previous_key, place, stage, damaged_key } => {
                    row.byte(if damaged_key { OUT_OF_SCOPE_DAMAGED } else { OUT_OF_SCOPE });
                    put_keys(key.as_ref(), previous_key.as_ref(), &mut row);
                    part.put_place(&place, &mut row);
                    match stage {
                        Some(stage) => put_stage(stage, 0, &mut row),
                        None => row.byte(stage_byte::NONE),
                    }
                }
            }
            part.bytes = row.into_bytes();
        }
        part.bytes.shrink_to_fit();
        part.starts.shrink_to_fit();
        part.digests.shrink_to_fit();
        part
    }

    /// Joins the parts in their order.
    ///
    /// # Panics
    /// If one that is not the last has another number of people.
    pub fn finish(self, parts: Vec<Part>) -> People {
        let full = parts.iter().rev().skip(1).all(|part| part.starts.len() == PART);
        assert!(full, "only the last part may have fewer people than the others");
        People { parts, indexes: self.indexes }
    }

    /// Packs all people on one thread, in parts of the usual size.
    pub fn gather(self, people: Vec<Mapped>) -> People {
        let mut people = people.into_iter();
        let mut parts = Vec::new();
        while people.len() > 0 {
            parts.push(self.pack(people.by_ref().take(PART)));
        }
        self.finish(parts)
    }

    /// The only user with the record's value of the first match attribute.
    fn find(&self, desired: &Desired) -> Option<UserRow<'a>> {
        let first = self.indexes.first()?;
        let wanted = desired.attributes.iter().find(|wanted| wanted.attribute == first.attribute)?;
        let Flow::Set(Value::Text(text)) = &wanted.flow else { return None };
        match first.find(self.users, text) {
            Found::One(user) => Some(self.users.at(user)),
            Found::Nobody | Found::Several(_) => None,
        }
    }

    fn put(part: &mut Part, desired: &Desired, user: Option<UserRow<'a>>, row: &mut RowWriter) {
        // Taken apart without `..`, so that a new field cannot be left out.
        let Desired {
            key,
            previous_key,
            place,
            stage,
            new_stage,
            status_word,
            end_ignored,
            left_out,
            attributes,
            manager,
            groups,
        } = desired;
        let begin = row.len();
        row.byte(DESIRED);
        put_keys(Some(key), previous_key.as_ref(), row);
        let word = status_word.as_deref().map(|word| part.word(word));
        let noted = new_stage.is_some() || end_ignored.is_some() || !left_out.is_empty();
        put_stage(*stage, stage_byte::with(word, noted), row);
        if let Some(word) = word.filter(|word| *word >= stage_byte::MANY) {
            row.number(word);
        }
        if noted {
            row.number(part.notes.len());
            let at = part.current();
            part.notes.push(Note { at, new_stage: *new_stage, end_ignored: *end_ignored, left_out: left_out.clone() });
        }
        match manager {
            ManagerWanted::Leave => row.byte(0),
            ManagerWanted::Clear => row.byte(1),
            ManagerWanted::Key(key) => {
                row.byte(2);
                row.text(key.as_str());
            }
        }
        row.number(user.map_or(0, |user| user.number().index() + 1));
        part.put_place(place, row);
        row.number(groups.len());
        for GroupWanted { rule, key, name } in groups {
            row.number(*rule);
            row.text(key);
            row.text(name);
        }
        let layout = part.layout(attributes);
        row.number(layout);
        if put_flows(attributes, user.as_ref(), row) && user.is_some() {
            row.set(begin, SETTLED);
        }
        let digest = part.digests.last_mut().expect("each person has one");
        *digest = WishDigest::of_desired(attributes, &part.layouts[layout].by_name, manager);
    }
}

fn put_keys(key: Option<&EmployeeId>, previous: Option<&EmployeeId>, row: &mut RowWriter) {
    row.text(key.map_or("", EmployeeId::as_str));
    row.text(previous.map_or("", EmployeeId::as_str));
}

fn put_stage(stage: Stage, more: u8, row: &mut RowWriter) {
    let (kind, day) = match stage {
        Stage::Upcoming { start } => (0, Some(start)),
        Stage::PreHire { start } => (1, Some(start)),
        Stage::Active { start } => (2, start),
        Stage::Left { end } => (3, end),
    };
    row.byte(kind | more | if day.is_some() { stage_byte::DAY } else { 0 });
    if let Some(day) = day {
        row.bytes(&day.year().to_le_bytes());
        row.bytes(&[day.month().unsigned_abs(), day.day().unsigned_abs()]);
    }
}

/// Where `wanted` is what the user has.
fn as_it_is(wanted: &Value, present: Option<&ValueRef<'_>>) -> bool {
    match (wanted, present) {
        (Value::Text(wanted), Some(ValueRef::Text(present))) => **wanted == **present,
        (Value::Flag(wanted), Some(ValueRef::Flag(present))) => wanted == present,
        (Value::List(wanted), Some(ValueRef::List(present))) => wanted.iter().map(AsRef::as_ref).eq(present.iter().copied()),
        _ => false,
    }
}

/// Writes what is wanted; whether the user has it, but for what is written once. Names count nevertheless, since they distinguish people.
fn put_flows(attributes: &[DesiredValue], user: Option<&UserRow<'_>>, row: &mut RowWriter) -> bool {
    let mut settled = true;
    let mut values = user.map(UserRow::values);
    for DesiredValue { attribute, flow, when, .. } in attributes {
        let begin = row.len();
        let present = match attribute.name {
            roles::USER_PRINCIPAL_NAME => user.map(|user| ValueRef::Text(user.upn())),
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
        let told_apart = matches!(attribute.name, roles::GIVEN_NAME | roles::SURNAME);
        settled &= as_it_is || (*when == When::Create && !told_apart) || attribute.name == roles::ACCOUNT_ENABLED;
    }
    settled
}

impl Part {
    /// The place of the record that is being packed.
    fn current(&self) -> u32 {
        u32::try_from(self.starts.len() - 1).expect("a part has some hundred people")
    }

    /// The place of a status among those of this part, counting from 1.
    fn word(&mut self, text: &str) -> usize {
        let first = self.current();
        let at = self.words.iter().position(|word| *word.text == *text).unwrap_or_else(|| {
            self.words.push(Word { text: text.into(), first, count: 0 });
            self.words.len() - 1
        });
        self.words[at].count += 1;
        at + 1
    }

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

    /// The place of a person's layout among those of this part: most people have the last one.
    fn layout(&mut self, attributes: &[DesiredValue]) -> usize {
        let Self { targets, layouts, .. } = &mut *self;
        let is_of = |(place, wanted): (&u16, &DesiredValue)| targets[usize::from(*place)].is_of(wanted);
        let same = |layout: &[u16]| layout.len() == attributes.len() && layout.iter().zip(attributes).all(is_of);
        if layouts.last().is_some_and(|last| same(&last.targets)) {
            return layouts.len() - 1;
        }
        let layout: Box<[u16]> = attributes.iter().map(|wanted| place_among(targets, wanted)).collect();
        layouts.iter().position(|known| known.targets == layout).unwrap_or_else(|| {
            let mut by_name: Box<[u16]> = (0..).take(layout.len()).collect();
            by_name.sort_by_key(|at| attributes[usize::from(*at)].attribute.name);
            layouts.push(Layout { targets: layout, by_name });
            layouts.len() - 1
        })
    }
}

fn place_among(targets: &mut Vec<Target>, wanted: &DesiredValue) -> u16 {
    let place = targets.iter().position(|target| target.is_of(wanted)).unwrap_or_else(|| {
        targets.push(Target::of(wanted));
        targets.len() - 1
    });
    u16::try_from(place).expect("a mapping has far fewer than 65,536 targets")
}

impl Target {
    fn of(wanted: &DesiredValue) -> Self {
        let DesiredValue { attribute, when, expression, flow: _ } = wanted;
        Self { attribute: *attribute, when: *when, expression: Arc::clone(expression) }
    }

    fn is_of(&self, wanted: &DesiredValue) -> bool {
        self.attribute == wanted.attribute
            && self.when == wanted.when
            && (Arc::ptr_eq(&self.expression, &wanted.expression) || self.expression == wanted.expression)
    }
}
