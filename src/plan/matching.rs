//! Which record belongs to which account: indexes over the snapshot, in memory.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::diff::hold;
use super::index::{Found, TextOf, fold};
use super::inputs::Inputs;
use super::keys::{Keys, Start, by_key, same_key};
use super::people::{Kind, PersonRow};
use super::people::{People, PersonNo};
use super::plain::plain;
use super::recycle_bin::RecycleBin;
use super::same_key::{agreed, one_leaver};
use super::swapped;
use crate::directory::{Attribute, DeletedUser, ObjectId, UserNo, UserRow, Users};
use crate::mapping::{Desired, Flow, Held, HeldCode, Stage};
use crate::record::{EmployeeId, Place};

/// How an account was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// By the match attribute of this number.
    By(u8),
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
    Live(UserNo, How),
    /// One in the recycle bin.
    Deleted(&'a DeletedUser),
}

/// A person of the reading with the account.
#[derive(Clone, Copy)]
pub(super) struct Person<'a> {
    pub(super) number: PersonNo,
    pub(super) account: Account<'a>,
}

/// To whom an account belongs by this reading.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Nobody,
    Person(PersonNo),
    /// Somebody who is held, by the place in the list.
    Held(u32),
}

/// Not among those who are matched.
const NOWHERE: u32 = u32::MAX;

fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(NOWHERE)
}

/// The reading, matched against the snapshot.
pub(super) struct Matching<'a> {
    reading: &'a People,
    users: &'a Users,
    /// In the order of the keys.
    pub(super) people: Vec<Person<'a>>,
    pub(super) held: Vec<Held>,
    /// The people out of scope, with the keys that they had before.
    pub(super) out_of_scope: Vec<(&'a str, Option<&'a str>)>,
    /// Accounts of people who are held.
    pub(super) held_accounts: HashMap<EmployeeId, UserNo>,
    /// Whether a record had no key.
    pub(super) keyless: bool,
    /// Everybody whom the reading names, held or not.
    keys: Keys,
    /// The places of records among those who are matched.
    places: Vec<u32>,
    /// Keys of before, and of people who are held without a record.
    other_keys: HashSet<EmployeeId>,
    /// To whom accounts belong, by their numbers.
    owners: Vec<Owner>,
    /// The other records of leavers who are in several.
    twins: HashMap<PersonNo, Vec<PersonNo>>,
}

/// Who claims which account, by the place among those who are matched.
struct Claims {
    /// Who claims an account first, by the number of the user.
    first: Vec<u32>,
    /// The accounts that several claim.
    contested: BTreeMap<UserNo, Vec<usize>>,
}

impl Claims {
    fn new(users: &Users, people: &[Person<'_>]) -> Self {
        let mut claims = Self { first: vec![NOWHERE; users.numbers()], contested: BTreeMap::new() };
        for (at, person) in people.iter().enumerate() {
            let Account::Live(user, _) = person.account else { continue };
            let first = &mut claims.first[user.index()];
            if *first == NOWHERE {
                *first = place(at);
            } else {
                claims.contested.entry(user).or_insert_with(|| vec![*first as usize]).push(at);
            }
        }
        claims
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

impl<'a> Matching<'a> {
    /// Matches the whole reading.
    pub(super) fn new(inputs: &'a Inputs<'a>) -> Self {
        let users = &inputs.snapshot.users;
        let mut matching = Self {
            reading: inputs.people,
            users,
            people: Vec::new(),
            held: Vec::new(),
            out_of_scope: Vec::new(),
            held_accounts: HashMap::new(),
            keyless: false,
            keys: Keys::with_capacity(inputs.people.len()),
            places: vec![NOWHERE; inputs.people.len()],
            other_keys: HashSet::new(),
            owners: vec![Owner::Nobody; users.numbers()],
            twins: HashMap::new(),
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

    /// A person's key.
    pub(super) fn key(&self, person: &Person<'_>) -> &'a str {
        self.row(person).key().unwrap_or_default()
    }

    /// What a person should look like. Of a leaver with several records, that in which they agree.
    pub(super) fn desired(&self, person: &Person<'_>) -> Desired {
        let desired = self.row(person).desired(self.users);
        match self.twins.get(&person.number) {
            None => desired,
            Some(twins) => agreed(desired, twins.iter().map(|twin| self.reading.row(*twin).desired(self.users))),
        }
    }

    /// How many records a person has.
    pub(super) fn records_of(&self, person: &Person<'_>) -> u64 {
        1 + self.twins.get(&person.number).map_or(0, |twins| twins.len() as u64)
    }

    /// The person of a record, where it is matched.
    pub(super) fn person(&self, number: PersonNo) -> Option<Person<'a>> {
        Some(self.places[number.index()]).filter(|place| *place != NOWHERE).map(|place| self.people[place as usize])
    }

    /// The place of a person among those who are matched.
    pub(super) fn place_of(&self, key: &str) -> Option<usize> {
        let number = self.keys.find(self.reading, key)?;
        Some(self.places[number.index()]).filter(|place| *place != NOWHERE).map(|place| place as usize)
    }

    /// Whether the reading names this key, as one of today or of before, held or not.
    pub(super) fn names(&self, key: &EmployeeId) -> bool {
        self.keys.find(self.reading, key.as_str()).is_some() || self.other_keys.contains(key)
    }

    /// Whether an account belongs to somebody of the reading.
    pub(super) fn is_claimed(&self, user: UserNo) -> bool {
        self.owners[user.index()] != Owner::Nobody
    }

    /// Whether a record without an account of its own, held or about to get one, may be about this account: its owner is not missing.
    #[expect(clippy::unused_self, reason = "a stub until records point at accounts")]
    pub(super) fn is_pointed_at(&self, _: &UserRow<'_>) -> bool {
        false
    }

    /// The key of the person to whom an account belongs.
    pub(super) fn owner(&self, user: UserNo) -> Option<&str> {
        match self.owners[user.index()] {
            Owner::Nobody => None,
            Owner::Person(person) => self.reading.row(person).key(),
            Owner::Held(at) => self.held[at as usize].key.as_ref().map(EmployeeId::as_str),
        }
    }

    /// Tells the people to be matched from those who are held already or out of scope.
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
            // Whoever was converted is here, though under another key.
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
                        let entry = EmployeeId::new(key).map(|key| unsettled(&key, first.place().as_ref(), why));
                        held.extend(entry.map(|entry| Held { left: left(first), ..entry }));
                    }
                },
                ([_], Kind::Held(one)) => held.push(one.clone()),
                ([_], Kind::OutOfScope) => self.out_of_scope.push((key, first.previous_key())),
                (several, _) => held.extend(rows().map(|row| duplicate(row, several.len()))),
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

    /// Finds the accounts of those who are held, so that nobody else gets them.
    fn settle_held(&mut self, inputs: &Inputs<'_>) {
        for at in 0..self.held.len() {
            let Held { key: Some(key), previous_key, .. } = &self.held[at] else { continue };
            let keys = || std::iter::once(key).chain(previous_key);
            let known = keys().find_map(|key| self.users.number(&inputs.ledger.people.get(key)?.id));
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

    fn match_people(&mut self, inputs: &'a Inputs<'a>, desired: &[PersonNo]) {
        let mut people = self.find_accounts(inputs, desired);
        let mut claims = Claims::new(self.users, &people);
        let mut refused: BTreeMap<usize, Held> = swapped::held(inputs, &people);
        for (user, mut claimants) in std::mem::take(&mut claims.contested) {
            self.give_way(&mut people, &mut claimants);
            claims.first[user.index()] = place(claimants[0]);
            if claimants.len() > 1 {
                self.refuse_all(inputs, user, &people, &claimants, &mut refused);
                claims.first[user.index()] = NOWHERE;
            }
        }
        self.settle_claims(&claims, &people, &mut refused);
        if !refused.is_empty() {
            let mut at = 0;
            people.retain(|_| {
                at += 1;
                !refused.contains_key(&(at - 1))
            });
            self.held.extend(refused.into_values());
        }
        for (at, person) in people.iter().enumerate() {
            self.places[person.number.index()] = place(at);
        }
        self.people = people;
    }

    /// Each person with the account that the record matches by itself; who matches none for sure is held.
    fn find_accounts(&mut self, inputs: &'a Inputs<'a>, desired: &[PersonNo]) -> Vec<Person<'a>> {
        let bin = RecycleBin::new(inputs);
        let superseded = self.superseded(desired);
        let mut people: Vec<Person<'a>> = Vec::with_capacity(desired.len());
        for number in desired.iter().copied() {
            let row = self.reading.row(number);
            match self.account(inputs, row, &bin) {
                Ok(account) => people.push(Person { number, account }),
                // The account went over to the record of today.
                Err(held)
                    if held.code == HeldCode::ClaimedByOtherKey
                        && left(row)
                        && row.key().is_some_and(|key| superseded.contains(key)) =>
                {
                    people.push(Person { number, account: Account::None });
                }
                Err(held) => {
                    if let Some(key) = &held.key
                        && let Some(user) = inputs.ledger.people.get(key).and_then(|person| self.users.number(&person.id))
                    {
                        self.held_accounts.insert(key.clone(), user);
                    }
                    self.held.push(*held);
                }
            }
        }
        people
    }

    /// The keys that people had before they were converted.
    fn superseded(&self, desired: &[PersonNo]) -> HashSet<&'a str> {
        // Of whom the reading names nobody by a key of before, nobody was converted.
        let converted = if self.other_keys.is_empty() { &[][..] } else { desired };
        let previous = |number: &PersonNo| {
            let row = self.reading.row(*number);
            row.previous_key().filter(|previous| row.key() != Some(previous))
        };
        converted.iter().filter_map(previous).collect()
    }

    /// Gives each account to the only person who claims it, unless it is somebody's who is held.
    fn settle_claims(&mut self, claims: &Claims, people: &[Person<'_>], refused: &mut BTreeMap<usize, Held>) {
        for (at, first) in claims.first.iter().copied().enumerate().filter(|(_, first)| *first != NOWHERE) {
            let (user, person) = (UserNo::new(at), &people[first as usize]);
            if let Some(owner) = self.owner(user) {
                let id = self.users.at(user).id();
                let message = format!("the user {id} belongs to the record {owner}, which is held");
                let desired = self.row(person).desired(self.users);
                let held = hold(&desired, HeldCode::TwoRecordsOneUser, message, "correct the other record first");
                refused.insert(first as usize, *held);
            } else {
                self.owners[at] = Owner::Person(person.number);
            }
        }
    }

    /// Holds all records that match one user.
    fn refuse_all(
        &mut self,
        inputs: &Inputs<'_>,
        user: UserNo,
        people: &[Person<'_>],
        claimants: &[usize],
        refused: &mut BTreeMap<usize, Held>,
    ) {
        let keys = claimants.iter().map(|at| self.key(&people[*at]));
        let message = format!("the records {} match one user, {}", some_of(keys), self.users.at(user).id());
        for at in claimants {
            let desired = self.row(&people[*at]).desired(&inputs.snapshot.users);
            let help = "correct the match attribute of the records that do not belong to this user";
            refused.insert(*at, *hold(&desired, HeldCode::TwoRecordsOneUser, message.clone(), help));
            self.held_accounts.insert(desired.key, user);
        }
        self.owners[user.index()] = Owner::Person(people[claimants[0]].number);
    }

    /// The record of before a conversion, once it has left, gives the account to the record of today.
    fn give_way(&self, people: &mut [Person<'_>], claimants: &mut Vec<usize>) {
        let gives_way = |at: &usize| {
            let one = self.row(&people[*at]);
            left(one) && claimants.iter().any(|other| other != at && self.row(&people[*other]).previous_key() == one.key())
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

    fn account(&self, inputs: &'a Inputs<'a>, row: PersonRow<'a>, bin: &RecycleBin<'a>) -> Result<Account<'a>, Box<Held>> {
        let hold = |code, message, help| Err(hold(&row.desired(self.users), code, message, help));
        for (at, index) in self.reading.indexes().iter().enumerate() {
            let mut how = How::By(u8::try_from(at).unwrap_or(u8::MAX));
            // By the first match attribute that one was found when the row was packed.
            let packed = row.facts().user.filter(|_| at == 0).map(Found::One);
            let look_up =
                || row.wanted_text(index.attribute, self.users).map_or(Found::Nobody, |text| index.find(self.users, text));
            let mut found = packed.unwrap_or_else(look_up);
            if at == 0
                && let (Found::Nobody, Some(previous)) = (&found, row.previous_key())
            {
                found = index.find(self.users, previous);
                how = How::PreviousKey;
            }
            match found {
                Found::Nobody => {}
                Found::One(user) => {
                    self.check_claim(row, user, at)?;
                    if at > 0 {
                        self.check_surname(row, user, index.attribute)?;
                    }
                    return Ok(Account::Live(user, how));
                }
                Found::Several(several) => {
                    let ids = several.iter().map(|user| self.users.at(*user).id());
                    let message = format!("{} users have the same {}: {}", several.len(), index.attribute, some_of(ids));
                    return hold(HeldCode::AmbiguousMatch, message, "leave the value with the one user to whom it belongs");
                }
            }
        }
        let keys = [row.key(), row.previous_key()].into_iter().flatten();
        let known: Vec<&ObjectId> = keys.filter_map(|key| Some(&inputs.ledger.people.get(key)?.id)).collect();
        for id in &known {
            if let Some(user) = self.users.number(id) {
                self.check_claim(row, user, 1)?;
                return Ok(Account::Live(user, How::Ledger));
            }
        }
        Ok(bin.find(row, &known).map_or(Account::None, Account::Deleted))
    }

    /// A user who carries another value in a match attribute that comes before belongs to somebody else.
    fn check_claim(&self, row: PersonRow<'_>, user: UserNo, before: usize) -> Result<(), Box<Held>> {
        let attributes = self.reading.indexes().iter().take(before).map(|index| index.attribute);
        let user = self.users.at(user);
        let Some(attribute) = other_key(row, self.users, &user, attributes) else { return Ok(()) };
        let message = format!("the user {} carries another {attribute}", user.id());
        let help = "find out whose account it is; correct the record or the account";
        Err(hold(&row.desired(self.users), HeldCode::ClaimedByOtherKey, message, help))
    }

    fn check_surname(&self, row: PersonRow<'_>, user: UserNo, by: Attribute) -> Result<(), Box<Held>> {
        let user = self.users.at(user);
        if !other_surname(row, self.users, &user) {
            return Ok(());
        }
        let message = format!("the user {} is matched by {by} alone and has another surname", user.id());
        let help = "if it is the same person, set the first match attribute on the account";
        Err(hold(&row.desired(self.users), HeldCode::DoubtfulMatch, message, help))
    }
}

/// The first of these match attributes in which the user carries another value, not empty, than the record has or had.
pub(super) fn other_key(
    row: PersonRow<'_>,
    users: &Users,
    user: &impl TextOf,
    mut attributes: impl Iterator<Item = Attribute>,
) -> Option<Attribute> {
    attributes.find(|attribute| {
        let Some(carried) = user.text_of(*attribute) else { return false };
        let same = |text: &str| fold(*attribute, text) == fold(*attribute, carried);
        let wanted = row.wanted_text(*attribute, users).is_some_and(same);
        !wanted && !row.previous_key().is_some_and(same)
    })
}

/// Whether the surnames are known and differ, case and diacritics aside.
pub(super) fn other_surname(row: PersonRow<'_>, users: &Users, user: &impl TextOf) -> bool {
    let names = Attribute::find("surname").and_then(|surname| row.wanted_text(surname, users).zip(user.text_of(surname)));
    names.is_some_and(|(wanted, present)| plain(wanted) != plain(present))
}

/// The first of these by their names, and how many there are besides: everybody of a thousand who share a value is told about it.
fn some_of<T: ToString>(all: impl ExactSizeIterator<Item = T>) -> String {
    const TOLD: usize = 10;
    let more = all.len().saturating_sub(TOLD);
    let told: Vec<String> = all.take(TOLD).map(|one| one.to_string()).collect();
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    told.join(", ") + &more
}

fn left(row: PersonRow<'_>) -> bool {
    matches!(row.facts().stage, Stage::Left { .. })
}

/// The records of one key that the scope takes in, or one that it leaves out: that is no duplicate of the others.
fn within_scope<'s>(reading: &People, same: &'s [(Start, PersonNo)]) -> Cow<'s, [(Start, PersonNo)]> {
    let is_within = |(_, number): &&(Start, PersonNo)| !matches!(reading.row(*number).kind, Kind::OutOfScope);
    if same.len() == 1 {
        return Cow::Borrowed(same);
    }
    let within: Vec<(Start, PersonNo)> = same.iter().filter(is_within).copied().collect();
    if within.is_empty() { Cow::Borrowed(&same[..1]) } else { Cow::Owned(within) }
}

fn held_by(row: PersonRow<'_>) -> Option<Held> {
    match row.kind {
        Kind::Held(held) => Some(held.clone()),
        Kind::Desired | Kind::OutOfScope => None,
    }
}

fn duplicate(row: PersonRow<'_>, count: usize) -> Held {
    let key = row.key().unwrap_or_default();
    Held {
        key: EmployeeId::new(key),
        previous_key: row.previous_key().and_then(EmployeeId::new),
        place: row.place(),
        left: matches!(row.stage(), Some(Stage::Left { .. })),
        code: HeldCode::DuplicateKey,
        message: format!("{count} records carry the key {key}"),
        help: "keep one record for each person, or give the others keys of their own".into(),
        candidates: Vec::new(),
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
    }
}
