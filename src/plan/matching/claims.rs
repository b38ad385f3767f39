//! One account for one record: claims of several records are settled.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::directory::{ObjectId, UserNo, Users};
use crate::mapping::{Held, HeldCode};
use crate::plan::decision::{Decision, Verdict};
use crate::plan::held_record::hold;
use crate::plan::inputs::Inputs;
use crate::plan::matching::claim::left;
use crate::plan::matching::claim::{Account, How, Person};
use crate::plan::matching::doubt::{Doubt, some_of};
use crate::plan::matching::likeness::{Likeness, PersonNames, standing_decision};
use crate::plan::matching::recycle_bin::RecycleBin;
use crate::plan::matching::search::Search;
use crate::plan::matching::{Matching, NOWHERE, Owner, moved_keys, place, swapped_keys};
use crate::plan::records::PersonNo;
use crate::record::EmployeeId;

/// The claims on accounts, each by its claimant's place among the matched people.
struct Claims {
    /// The first claimant of each account, by the number of the user.
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

/// What the searches of all records found beside the accounts.
#[derive(Default)]
struct Findings {
    /// Accounts that an active record of another key resembles in a later match attribute and both names, with that record.
    converted: HashMap<UserNo, PersonNo>,
}

/// How strong a claim on a contested account is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Claim {
    /// By the key, the ledger or a decision.
    Key,
    /// By a later match attribute and both names.
    Names,
    /// By a later match attribute without both names.
    Attribute,
}

impl<'a> Matching<'a> {
    pub(super) fn match_people(&mut self, inputs: &'a Inputs<'a>, desired: &[PersonNo]) {
        let mut findings = Findings::default();
        let mut people = self.find_accounts(inputs, desired, &mut findings);
        let mut claims = Claims::new(self.users, &people);
        let mut refused = self.refuse_foreign_keys(inputs, &people);
        self.refuse_converted(inputs, &people, &findings, &mut refused);
        for (user, mut claimants) in std::mem::take(&mut claims.contested) {
            self.give_way(&mut people, &mut claimants);
            self.prefer_leaver(&people, &mut claimants, user, &mut refused);
            claims.first[user.index()] = place(claimants[0]);
            if claimants.len() > 1 {
                self.refuse_all(user, &people, &claimants, &mut refused);
                claims.first[user.index()] = NOWHERE;
            }
        }
        self.settle_claims(&claims, &people, &mut refused);
        if !refused.is_empty() {
            let mut at = 0;
            let unplaced = &mut self.unplaced;
            people.retain(|person| {
                at += 1;
                let stays = !refused.contains_key(&(at - 1));
                if !stays {
                    unplaced.push(person.number);
                }
                stays
            });
            self.held.extend(refused.into_values());
        }
        for (at, person) in people.iter().enumerate() {
            self.places[person.number.index()] = place(at);
        }
        self.note_gaps(&people);
        self.people = people;
    }

    /// Holds the records whose keys lead to the account of somebody else: exchanged keys, and keys that moved on.
    fn refuse_foreign_keys(&mut self, inputs: &Inputs<'_>, people: &[Person<'_>]) -> BTreeMap<usize, Held> {
        let replacements = swapped_keys::replacements(inputs, people);
        let mut refused = swapped_keys::held(inputs, people, &replacements);
        let moved = moved_keys::held(inputs, people, &replacements);
        self.in_doubt.extend(moved.values().filter_map(|held| held.key.clone()));
        for (at, held) in moved {
            if let Account::Live(user, _) = people[at].account {
                self.moved_onto.push(user);
            }
            refused.entry(at).or_insert(held);
        }
        refused
    }

    /// Each person with the account that the record matches by itself; a record without a certain match is held.
    fn find_accounts(&mut self, inputs: &'a Inputs<'a>, desired: &[PersonNo], findings: &mut Findings) -> Vec<Person<'a>> {
        let bin = RecycleBin::new(inputs);
        let superseded = self.superseded(desired);
        let decided = self.decided_accounts(inputs);
        let mut people: Vec<Person<'a>> = Vec::with_capacity(desired.len());
        for number in desired.iter().copied() {
            let row = self.reading.row(number);
            let unmatched = match Search::new(inputs, row).account(&bin) {
                Ok(account) => {
                    people.push(Person { number, account });
                    continue;
                }
                Err(unmatched) => unmatched,
            };
            let held = unmatched.held;
            let went_over = row.key().is_some_and(|key| superseded.contains(key))
                || held.candidates.iter().any(|account| decided.contains(account));
            // The account went over to the record of today.
            if held.code == HeldCode::ClaimedByOtherKey && left(row) && went_over {
                people.push(Person { number, account: Account::None });
                continue;
            }
            findings.converted.extend(unmatched.converted_from.map(|user| (user, number)));
            if let Some(key) = &held.key {
                if matches!(held.code, HeldCode::KeyReused | HeldCode::DoubtfulMatch) {
                    self.in_doubt.insert(key.clone());
                }
                if let Some(user) = inputs.ledger.people.get(key).and_then(|person| self.users.number(&person.id)) {
                    self.held_accounts.insert(key.clone(), user);
                }
            }
            self.unplaced.push(number);
            self.held.push(*held);
        }
        people
    }

    /// The accounts that an administrator gave to records of this reading.
    fn decided_accounts(&self, inputs: &'a Inputs<'a>) -> HashSet<&'a ObjectId> {
        let given = |(key, decision): (_, &'a Decision)| {
            let Verdict::Same(account) = &decision.verdict else { return None };
            let row = self.reading.row(self.keys.find(self.reading, EmployeeId::as_str(key))?);
            let names = row.stage().is_some().then(|| PersonNames::of_record(row, self.users))?;
            standing_decision(inputs.ledger, key.as_str(), names).map(|_| account)
        };
        inputs.ledger.decisions.iter().filter_map(given).collect()
    }

    /// The keys that people had before they were converted.
    fn superseded(&self, desired: &[PersonNo]) -> HashSet<&'a str> {
        // Without a previous key in the reading, no person was converted.
        let converted = if self.other_keys.is_empty() { &[][..] } else { desired };
        let previous = |number: &PersonNo| {
            let row = self.reading.row(*number);
            row.previous_key().filter(|previous| row.key() != Some(previous))
        };
        converted.iter().filter_map(previous).collect()
    }

    /// Holds a leaver if a later match attribute and both names of the account equal those of an active record with another key:
    /// HR may have given the person a new key without a previous key.
    fn refuse_converted(
        &self,
        inputs: &Inputs<'_>,
        people: &[Person<'_>],
        findings: &Findings,
        refused: &mut BTreeMap<usize, Held>,
    ) {
        let namesakes = self.held_namesakes();
        for (at, person) in people.iter().enumerate() {
            let (Account::Live(user, _), row) = (person.account, self.row(person)) else { continue };
            if !left(row) {
                continue;
            }
            let key = |number: &PersonNo| format!("record {}", self.reading.row(*number).key().unwrap_or_default());
            let converted = findings.converted.get(&user).map(key);
            let held = || namesakes.find(&self.users.at(user)).map(str::to_owned);
            let Some(other) = converted.or_else(held) else { continue };
            let (id, names) = (self.users.at(user).id(), PersonNames::of_record(row, self.users));
            let decided = row.key().and_then(|key| standing_decision(inputs.ledger, key, names));
            if !decided.is_some_and(|decision| decision.is_same(&id)) {
                let doubt = Doubt {
                    code: HeldCode::ClaimedByOtherKey,
                    message: format!("the active {other} has both names of this leaver and matches the same user {id}"),
                    help: format!("if the {other} is that of this person with a new key, set `previous_key` in it"),
                    accounts: vec![id],
                };
                refused.insert(at, *doubt.held(&row.desired(self.users), self.reading, self.users));
            }
        }
    }

    /// Gives each account to the only person that claims it, unless it belongs to a held record.
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
    fn refuse_all(&mut self, user: UserNo, people: &[Person<'_>], claimants: &[usize], refused: &mut BTreeMap<usize, Held>) {
        let keys = claimants.iter().map(|at| self.key(&people[*at]));
        let id = self.users.at(user).id();
        let message = format!("the records {} match one user, {id}", some_of(keys));
        let has = |wanted: fn(Claim, bool) -> bool| {
            claimants.iter().any(|at| wanted(self.claim(&people[*at], user), left(self.row(&people[*at]))))
        };
        // A leaver's account that an active record resembles in both names: a new key without a `previous_key`.
        let converted = has(|claim, left| claim == Claim::Key && left) && has(|claim, left| claim == Claim::Names && !left);
        let code = if converted { HeldCode::ClaimedByOtherKey } else { HeldCode::TwoRecordsOneUser };
        for at in claimants {
            let desired = self.row(&people[*at]).desired(self.users);
            let help = "correct the match attribute of the records that do not belong to this user".to_owned();
            let doubt = Doubt { code, message: message.clone(), help, accounts: vec![id.clone()] };
            refused.insert(*at, *doubt.held(&desired, self.reading, self.users));
            self.held_accounts.insert(desired.key, user);
        }
        self.owners[user.index()] = Owner::Person(people[claimants[0]].number);
    }

    /// The record of before a conversion, once it has left, gives the account to the record of today.
    fn give_way(&mut self, people: &mut [Person<'_>], claimants: &mut Vec<usize>) {
        let takes_over = |at: &usize, one: Option<&str>| {
            let other = &people[*at];
            matches!(other.account, Account::Live(_, How::Decision)) || self.row(other).previous_key() == one
        };
        let gives_way = |at: &usize| {
            let one = self.row(&people[*at]);
            let decided = matches!(people[*at].account, Account::Live(_, How::Decision));
            !decided && left(one) && claimants.iter().any(|other| other != at && takes_over(other, one.key()))
        };
        let (gone, stay): (Vec<usize>, Vec<usize>) = claimants.iter().partition(|at| gives_way(at));
        // Records that name each other lead nowhere: all of them claim the account.
        if !stay.is_empty() {
            for at in gone {
                people[at].account = Account::None;
                if let [taker] = stay[..] {
                    self.note_gap(&people[taker], people[at].number);
                }
            }
            *claimants = stay;
        }
    }

    /// A leaver keeps the claim on the own account against records that match by a later attribute without both names: an address
    /// in another record does not preserve access.
    fn prefer_leaver(
        &self,
        people: &[Person<'_>],
        claimants: &mut Vec<usize>,
        user: UserNo,
        refused: &mut BTreeMap<usize, Held>,
    ) {
        let claim = |at: &usize| self.claim(&people[*at], user);
        let (own, others): (Vec<usize>, Vec<usize>) = claimants.iter().partition(|at| claim(at) == Claim::Key);
        let [leaver] = own[..] else { return };
        if !left(self.row(&people[leaver])) || others.iter().any(|at| claim(at) != Claim::Attribute) {
            return;
        }
        let id = self.users.at(user).id();
        for at in others {
            let doubt = Doubt {
                code: HeldCode::DoubtfulMatch,
                message: format!("the user {id} is the account of the leaver {}", self.key(&people[leaver])),
                help: "correct the address of this record, or set `previous_key` for a person with a new key".into(),
                accounts: vec![id.clone()],
            };
            refused.insert(at, *doubt.held(&self.row(&people[at]).desired(self.users), self.reading, self.users));
        }
        *claimants = own;
    }

    fn claim(&self, person: &Person<'_>, user: UserNo) -> Claim {
        let user = self.users.at(user);
        let keys = [self.row(person).key(), self.row(person).previous_key()].into_iter().flatten();
        let known = keys.filter_map(|key| self.ledger.people.get(key)).any(|known| !known.seen && known.id == user.id());
        let names = || Likeness::of(PersonNames::of_record(self.row(person), self.users), PersonNames::of_account(&user));
        match person.account {
            Account::Live(..) if known => Claim::Key,
            Account::Live(_, How::By(at)) if at > 0 && names().both_agree() => Claim::Names,
            Account::Live(_, How::By(at)) if at > 0 => Claim::Attribute,
            _ => Claim::Key,
        }
    }
}
