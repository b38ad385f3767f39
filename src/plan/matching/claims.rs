//! One account for one record: who claims which.

use std::collections::{BTreeMap, HashSet};

use super::super::diff::hold;
use super::super::inputs::Inputs;
use super::super::people::PersonNo;
use super::super::recycle_bin::RecycleBin;
use super::super::swapped;
use super::account::{Account, Person};
use super::search::some_of;
use super::{Matching, NOWHERE, Owner, left, place};
use crate::directory::{UserNo, Users};
use crate::mapping::{Held, HeldCode};

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

impl<'a> Matching<'a> {
    pub(super) fn match_people(&mut self, inputs: &'a Inputs<'a>, desired: &[PersonNo]) {
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
}
