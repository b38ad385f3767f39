//! A record of the reading, read from its row.

use std::sync::Arc;

use jiff::civil::Date;

use crate::directory::{Attribute, RowReader, UserNo, UserRow, Users, Value, ValueRef, roles};
use crate::mapping::{Desired, DesiredValue, Flow, GroupWanted, Held, LeftOut, ManagerWanted, Stage, When};
use crate::plan::bound_names::BoundNames;
use crate::plan::records::{
    DESIRED, Layout, Note, OUT_OF_SCOPE, OUT_OF_SCOPE_DAMAGED, Part, PersonNo, RecordState, SETTLED, Target, WITHOUT_CREATE,
    flow, stage_byte,
};
use crate::plan::wishes::{WishDigest, is_gone};
use crate::record::{At, EmployeeId, Place};

/// What kind of record it is.
#[derive(Clone, Copy)]
pub(in crate::plan) enum Kind<'a> {
    Desired,
    Held(&'a Held),
    OutOfScope,
}

/// A record as it stands in its row.
#[derive(Clone, Copy)]
pub(in crate::plan) struct PersonRow<'a> {
    part: &'a Part,
    pub(in crate::plan) number: PersonNo,
    pub(in crate::plan) kind: Kind<'a>,
    settled: bool,
    /// Whether what only a create needs was left out.
    pub(super) without_create: bool,
    /// Whether a record out of scope has a damaged key or previous key, so that it may be that of any person.
    pub(in crate::plan) damaged_key: bool,
    /// Empty where there is none.
    key: &'a str,
    previous: &'a str,
    rest: RowReader<'a>,
}

/// The manager by HR, as the row has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::plan) enum ManagerRow<'a> {
    Leave,
    Clear,
    Key(&'a str),
}

/// The name of an attribute with what HR wants of it.
type Wish<'a> = (&'static str, Option<ValueRef<'a>>);

/// What the row of a wanted person contains before the attributes.
pub(in crate::plan) struct Facts<'a> {
    pub(in crate::plan) stage: Stage,
    /// The status, where the mapping names it in no list.
    status_word: Option<&'a str>,
    note: Option<&'a Note>,
    pub(in crate::plan) manager: ManagerRow<'a>,
    /// The user that the row refers to: the only one with the record's value of the first match attribute.
    pub(in crate::plan) user: Option<UserNo>,
    rest: RowReader<'a>,
}

impl<'a> PersonRow<'a> {
    pub(super) fn read(part: &'a Part, number: PersonNo, mut row: RowReader<'a>) -> Option<Self> {
        let first = row.byte()?;
        let without_create = first & WITHOUT_CREATE != 0;
        let first = first & !WITHOUT_CREATE;
        let kind = match first {
            DESIRED | SETTLED => Kind::Desired,
            OUT_OF_SCOPE | OUT_OF_SCOPE_DAMAGED => Kind::OutOfScope,
            _ => Kind::Held(part.held.get(row.number()?)?),
        };
        let (key, previous) = match kind {
            Kind::Held(held) => {
                let text = |key: &'a Option<EmployeeId>| key.as_ref().map_or("", EmployeeId::as_str);
                (text(&held.key), text(&held.previous_key))
            }
            Kind::Desired | Kind::OutOfScope => (row.text()?, row.text()?),
        };
        let (settled, damaged_key) = (first == SETTLED, first == OUT_OF_SCOPE_DAMAGED);
        Some(Self { part, number, kind, settled, without_create, damaged_key, key, previous, rest: row })
    }

    /// The person's key, where the record has one.
    pub(in crate::plan) fn key(&self) -> Option<&'a str> {
        Some(self.key).filter(|key| !key.is_empty())
    }

    /// The key that this person had before.
    pub(in crate::plan) fn previous_key(&self) -> Option<&'a str> {
        Some(self.previous).filter(|key| !key.is_empty())
    }

    pub(super) fn keys(&self) -> (Option<EmployeeId>, Option<EmployeeId>) {
        (EmployeeId::new(self.key), EmployeeId::new(self.previous))
    }

    /// The values of a leaver that are left out.
    pub(in crate::plan) fn left_out(&self) -> &'a [LeftOut] {
        match self.kind {
            Kind::Desired => self.facts().note.map_or(&[], |note| &note.left_out),
            Kind::Held(_) | Kind::OutOfScope => &[],
        }
    }

    /// The stage by HR: of a wanted person, and of a record out of scope if its status and dates give one.
    pub(in crate::plan) fn stage(&self) -> Option<Stage> {
        match self.kind {
            Kind::Desired => Some(self.facts().stage),
            Kind::Held(_) => None,
            Kind::OutOfScope => {
                let mut row = self.rest;
                skip_place(&mut row)?;
                let byte = row.byte()?;
                if byte == stage_byte::NONE { None } else { stage(byte, &mut row) }
            }
        }
    }

    /// The first part of the row of a wanted person.
    ///
    /// # Panics
    /// If the record is held or out of scope.
    pub(in crate::plan) fn facts(&self) -> Facts<'a> {
        self.read_facts().expect("this is a row of a wanted person")
    }

    /// The status of a wanted person, where the mapping names it in no list.
    pub(in crate::plan) fn status_word(&self) -> Option<&'a str> {
        self.facts().status_word
    }

    fn read_facts(&self) -> Option<Facts<'a>> {
        let mut row = self.rest;
        let byte = row.byte()?;
        let stage = stage(byte, &mut row)?;
        let word = match stage_byte::word(byte) {
            stage_byte::MANY => row.number()?,
            word => word,
        };
        let status_word = word.checked_sub(1).and_then(|word| self.part.words.get(word)).map(|word| &*word.text);
        let note = if byte & stage_byte::NOTE == 0 { None } else { Some(self.part.notes.get(row.number()?)?) };
        let manager = match row.byte()? {
            0 => ManagerRow::Leave,
            1 => ManagerRow::Clear,
            _ => ManagerRow::Key(row.text()?),
        };
        let user = row.number()?.checked_sub(1).map(UserNo::new);
        Some(Facts { stage, status_word, note, manager, user, rest: row })
    }

    fn rest_of(&self) -> RowReader<'a> {
        if matches!(self.kind, Kind::Desired) { self.facts().rest } else { self.rest }
    }

    /// Where the record stands.
    pub(in crate::plan) fn place(&self) -> Option<Place> {
        match self.kind {
            Kind::Held(held) => held.place.clone(),
            Kind::Desired | Kind::OutOfScope => place(self.part, &mut self.rest_of()),
        }
    }

    pub(super) fn own_place(&self) -> Place {
        self.place().expect("every record that was mapped has a place")
    }

    /// The stage of a person without an account, where it differs.
    pub(in crate::plan) fn new_stage(&self) -> Option<Stage> {
        self.facts().note.and_then(|note| note.new_stage)
    }

    /// The groups that this person belongs in: rule, key and name.
    pub(in crate::plan) fn groups(&self) -> impl Iterator<Item = (usize, &'a str, &'a str)> + use<'a> {
        let mut row = self.rest_of();
        let count = skip_place(&mut row).and_then(|()| row.number()).unwrap_or_default();
        (0..count).map_while(move |_| Some((row.number()?, row.text()?, row.text()?)))
    }

    /// The targets with what the row says of each.
    fn flows(&self) -> impl Iterator<Item = (&'a Target, FlowRow<'a>)> + use<'a> {
        let mut row = self.rest_of();
        let part = self.part;
        let layout = flows_of(part, &mut row);
        let targets = layout.map(|layout| &*layout.targets).unwrap_or_default();
        targets.iter().map_while(move |place| Some((part.targets.get(usize::from(*place))?, FlowRow::read(&mut row)?)))
    }

    /// Whether HR wants of every name, and every attribute that is not written once, only what that user has, as far as the row shows.
    pub(in crate::plan) fn is_as(&self, user: UserNo) -> bool {
        self.settled && self.facts().user == Some(user)
    }

    /// As [`PersonRow::is_as`], of the user that the row refers to.
    pub(in crate::plan) fn is_settled(&self) -> bool {
        self.settled
    }

    /// The text that a record wants for an attribute, where it is one certain text.
    pub(in crate::plan) fn wanted_text(&self, attribute: Attribute, users: &'a Users) -> Option<&'a str> {
        let (_, flow) = self.flows().find(|(target, _)| target.attribute == attribute)?;
        match flow {
            FlowRow::AsItIs => present(&users.at(self.facts().user?), attribute)?.as_text(),
            FlowRow::Set(value) => value.as_text(),
            FlowRow::NoneAsItIs | FlowRow::Clear | FlowRow::FirstFree(..) => None,
        }
    }

    /// Of a person who is wanted: whether HR calls them gone, and the digest of what it wants, as [`WishDigest::of`] makes it of
    /// [`wanted`](crate::plan::wanted).
    pub(in crate::plan) fn gone_and_digest(&self) -> Option<(bool, WishDigest)> {
        let Kind::Desired = self.kind else { return None };
        Some((is_gone(self.facts().stage), self.part.digest(self.number)?))
    }

    /// Hands over what HR wants of the person, as [`wanted`](crate::plan::wanted) makes it, in the order of the names; nothing of a record
    /// that is held or out of scope.
    pub(super) fn each_wish(&self, users: &'a Users, take: &mut dyn FnMut(&str, Option<ValueRef<'_>>)) {
        let wishes = self.sorted_wishes(users).map(|(_, wishes)| wishes).unwrap_or_default();
        for (name, value) in wishes {
            take(name, value);
        }
    }

    /// The stage, and what HR wants by the names of the attributes, in their order.
    fn sorted_wishes(&self, users: &'a Users) -> Option<(Stage, Vec<Wish<'a>>)> {
        let Kind::Desired = self.kind else { return None };
        let Facts { stage, manager, user, .. } = self.facts();
        let user = user.map(|user| users.at(user));
        let mut values = user.map(|user| user.values());
        let by_name = flows_of(self.part, &mut self.rest_of()).map(|layout| &*layout.by_name).unwrap_or_default();
        // In the order of the row; none in the place of what is no wish.
        let mut unsorted: Vec<Option<Wish<'_>>> = Vec::with_capacity(by_name.len());
        for (target, flow) in self.flows() {
            if target.when == When::Create && matches!(flow, FlowRow::FirstFree(..)) {
                unsorted.push(None);
                continue;
            }
            let mut present = || match target.attribute.name {
                roles::USER_PRINCIPAL_NAME => user.map(|user| ValueRef::Text(user.upn())),
                _ => values.as_mut().and_then(|values| values.of(target.attribute)),
            };
            let value = match flow {
                FlowRow::AsItIs => present(),
                FlowRow::NoneAsItIs | FlowRow::Clear => None,
                FlowRow::Set(value) => Some(value),
                FlowRow::FirstFree(count, mut row) => (0..count).find_map(|_| row.value()?.or_else(&mut present)),
            };
            unsorted.push(Some((target.attribute.name, value)));
        }
        let mut wishes = Vec::with_capacity(by_name.len() + 1);
        wishes.extend(by_name.iter().filter_map(|at| unsorted.get_mut(usize::from(*at))?.take()));
        let manager = match manager {
            ManagerRow::Leave => return Some((stage, wishes)),
            ManagerRow::Clear => None,
            ManagerRow::Key(key) => Some(ValueRef::Text(key)),
        };
        wishes.insert(wishes.partition_point(|(name, _)| *name < roles::MANAGER), (roles::MANAGER, manager));
        Some((stage, wishes))
    }

    /// The record, reduced to what a rejection is bound to: its values, its groups, its days, and whether the person has left.
    pub(super) fn state(&self, users: &Users) -> RecordState {
        let mut hash = blake3::Hasher::new();
        let mut add = |text: &str| {
            hash.update(&(text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        };
        let day = |stage: Stage| match stage {
            Stage::Upcoming { start } | Stage::PreHire { start } => format!("here {start}"),
            Stage::Active { start } => format!("here {}", start.map(|day| day.to_string()).unwrap_or_default()),
            Stage::Left { end } => format!("gone {}", end.map(|day| day.to_string()).unwrap_or_default()),
        };
        let stage = self.stage();
        add(stage.map(day).as_deref().unwrap_or("unknown"));
        add(self.previous);
        let mut names = None;
        match self.kind {
            Kind::Desired => {
                add(self.new_stage().map(day).as_deref().unwrap_or_default());
                self.groups().for_each(|(_, key, name)| [key, name].into_iter().for_each(&mut add));
                names = Some(BoundNames::of(&self.desired(users)));
            }
            Kind::Held(held) => add(held.code.as_str()),
            Kind::OutOfScope => add("out of scope"),
        }
        if let Some((_, wishes)) = self.gone_and_digest() {
            hash.update(wishes.bytes());
        }
        let digest = hash.finalize().to_hex()[..32].to_owned();
        RecordState { digest, gone: stage.is_some_and(is_gone), names }
    }

    /// What the person should look like, by itself.
    pub(in crate::plan) fn desired(&self, users: &Users) -> Desired {
        let (key, previous_key) = self.keys();
        let Facts { stage, status_word, note, manager, user, .. } = self.facts();
        let user = user.map(|user| users.at(user));
        let wanted = |(target, flow): (&Target, FlowRow<'_>)| {
            let Target { attribute, when, expression } = target.clone();
            let present = || user.and_then(|user| present(&user, attribute)).map(|value| value.to_value());
            DesiredValue { attribute, when, expression, flow: flow.to_flow(present) }
        };
        let groups = self.groups().map(|(rule, key, name)| GroupWanted { rule, key: key.into(), name: name.into() });
        Desired {
            key: key.expect("a wanted person has a key"),
            previous_key,
            place: self.own_place(),
            stage,
            new_stage: note.and_then(|note| note.new_stage),
            status_word: status_word.map(Into::into),
            end_ignored: note.and_then(|note| note.end_ignored),
            left_out: note.map(|note| note.left_out.clone()).unwrap_or_default(),
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
fn flows_of<'a>(part: &'a Part, row: &mut RowReader<'a>) -> Option<&'a Layout> {
    skip_place(row)?;
    for _ in 0..row.number()? {
        row.number()?;
        row.piece()?;
        row.piece()?;
    }
    part.layouts.get(row.number()?)
}

/// What a row says of one target.
enum FlowRow<'a> {
    AsItIs,
    NoneAsItIs,
    Clear,
    Set(ValueRef<'a>),
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

fn stage(byte: u8, row: &mut RowReader<'_>) -> Option<Stage> {
    let day = match byte & stage_byte::DAY {
        0 => None,
        _ => {
            let year = i16::from_le_bytes(row.take(2)?.try_into().ok()?);
            let [month, day] = row.take(2)? else { return None };
            Some(Date::new(year, i8::try_from(*month).ok()?, i8::try_from(*day).ok()?).ok()?)
        }
    };
    Some(match byte & stage_byte::KIND {
        0 => Stage::Upcoming { start: day? },
        1 => Stage::PreHire { start: day? },
        2 => Stage::Active { start: day },
        _ => Stage::Left { end: day },
    })
}

/// What a user has of an attribute, accountEnabled apart.
fn present<'u>(user: &UserRow<'u>, attribute: Attribute) -> Option<ValueRef<'u>> {
    if attribute.name == roles::USER_PRINCIPAL_NAME { Some(ValueRef::Text(user.upn())) } else { user.lent(&attribute) }
}
