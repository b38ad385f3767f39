//! Live accounts that resemble a person without an account, for which a plan would create one.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::directory::{UserNo, UserRow, Users};
use crate::mapping::{Desired, Held, HeldCode};
use crate::plan::inputs::Inputs;
use crate::plan::matching::Matching;
use crate::plan::matching::doubt::{Doubt, some_of};
use crate::plan::matching::key_forms;
use crate::plan::matching::likeness::{BothNames, PersonNames, standing_decision};
use crate::plan::person::names::addresses;
use crate::plan::records::text_index::TextOf;
use crate::plan::records::wanted_texts::wanted_addresses;

/// The accounts without a matching record that may belong to a new person. Either the first match attribute is empty, or the
/// owner is in no record any more, since a key may have changed its form.
pub(in crate::plan) struct Unclaimed<'a> {
    inputs: &'a Inputs<'a>,
    users: &'a Users,
    addresses: HashMap<String, Vec<UserNo>>,
    names: HashMap<BothNames, Vec<UserNo>>,
    /// The accounts of missing people, by their keys.
    missing: HashMap<UserNo, &'a str>,
    /// The same by the numbers in their keys.
    missing_numbers: HashMap<String, Vec<UserNo>>,
    /// The accounts whose numbers moved on to other people.
    moved_onto: HashSet<UserNo>,
    /// Disabled accounts of people missing since an earlier reading. A namesake that is hired later is no duplicate of them.
    long_gone: HashSet<UserNo>,
}

impl<'a> Unclaimed<'a> {
    pub(in crate::plan) fn new(inputs: &'a Inputs<'a>, matching: &Matching<'_>) -> Self {
        let first = inputs.rules.matching.first();
        let users = &inputs.snapshot.users;
        let mut unclaimed = Self {
            inputs,
            users,
            addresses: HashMap::new(),
            names: HashMap::new(),
            missing: HashMap::new(),
            missing_numbers: HashMap::new(),
            moved_onto: HashSet::new(),
            long_gone: HashSet::new(),
        };
        for user in users.rows() {
            let keyed = first.is_some_and(|attribute| user.text_of(*attribute).is_some());
            if !keyed && !matching.is_claimed(user.number()) {
                unclaimed.insert(&user);
            }
        }
        for number in &matching.moved_onto {
            unclaimed.insert(&users.at(*number));
        }
        unclaimed.moved_onto.extend(&matching.moved_onto);
        // After a partial reading an absent record means nothing.
        if inputs.whole {
            unclaimed.insert_missing(matching);
        }
        unclaimed
    }

    fn insert_missing(&mut self, matching: &Matching<'_>) {
        let Inputs { ledger, rules, .. } = self.inputs;
        for (key, known) in &ledger.people {
            if known.feed != rules.feed || matching.names(key) {
                continue;
            }
            let Some(number) = self.users.number(&known.id).filter(|number| !matching.is_claimed(*number)) else { continue };
            if self.missing.insert(number, key.as_str()).is_some() {
                continue;
            }
            for form in key_forms::numbers(key.as_str()) {
                self.missing_numbers.entry(form).or_default().push(number);
            }
            let user = self.users.at(number);
            if known.missing_since.is_some() && user.enabled() == Some(false) {
                self.long_gone.insert(number);
            }
            self.insert(&user);
        }
    }

    fn insert(&mut self, user: &UserRow<'_>) {
        // The sign-in name, the mail address and a proxy address are often the same.
        let own: BTreeSet<String> = addresses(user).map(str::to_lowercase).collect();
        for address in own {
            self.addresses.entry(address).or_default().push(user.number());
        }
        if let Some(names) = PersonNames::of_account(user).both() {
            self.names.entry(names).or_default().push(user.number());
        }
    }

    /// Holds a person that may have an account already.
    pub(in crate::plan) fn check(&self, desired: &Desired) -> Result<(), Box<Held>> {
        if self.addresses.is_empty() {
            return Ok(());
        }
        let ledger = self.inputs.ledger;
        let decision = standing_decision(ledger, desired.key.as_str(), PersonNames::of_desired(desired));
        // A hold does not end because another night has passed.
        let held_before = || {
            let before = |last: &crate::plan::ledger::LastReading| {
                last.held.contains(&(desired.key.to_string(), HeldCode::PossibleDuplicate))
            };
            ledger.last_reading.as_ref().is_some_and(before)
        };
        let counts = |user: &UserNo| {
            let decided = decision.is_some_and(|decision| decision.is_new(&self.users.at(*user).id()));
            !decided && (!self.long_gone.contains(user) || held_before())
        };
        let of = |found: Option<&Vec<UserNo>>| -> Vec<UserNo> { found.into_iter().flatten().copied().filter(counts).collect() };
        let by_address = wanted_addresses(desired).map(|(what, address)| (what, of(self.addresses.get(&address.to_lowercase()))));
        let names = PersonNames::of_desired(desired).both().and_then(|names| self.names.get(&names));
        let by_number =
            std::iter::once_with(|| ("number in the key, and one name,", of(Some(&self.missing_by_number(desired, false)))));
        let mut hits = by_address.chain(std::iter::once(("given name and surname", of(names)))).chain(by_number);
        let Some((what, users)) = hits.find(|(_, users)| !users.is_empty()) else { return Ok(()) };
        Err(self.doubt(what, &users).held(desired, self.inputs.people, self.users))
    }

    /// The missing people whose keys may be this record's in another form, where no name speaks against it. Of a leaver, lost or added zeros
    /// are enough: the account would stay open.
    fn missing_by_number(&self, desired: &Desired, zeros_are_enough: bool) -> Vec<UserNo> {
        let (key, names) = (desired.key.as_str(), PersonNames::of_desired(desired));
        let shares_a_name = |user: &UserNo| names.may_share_a_name(&PersonNames::of_account(&self.users.at(*user)));
        let same_but_zeros = |user: &UserNo| {
            self.missing.get(user).is_some_and(|missing| key_forms::without_zeros(missing) == key_forms::without_zeros(key))
        };
        let forms = key_forms::numbers(key);
        let same = forms.iter().filter_map(|form| self.missing_numbers.get(form)).flatten().copied();
        let found: BTreeSet<UserNo> =
            same.filter(|user| shares_a_name(user) || (zeros_are_enough && same_but_zeros(user))).collect();
        found.into_iter().collect()
    }

    /// Holds a leaver without an account that may be a missing person with an account still enabled: the key may have changed its
    /// form.
    pub(in crate::plan) fn check_leaver(&self, desired: &Desired) -> Result<(), Box<Held>> {
        if self.missing.is_empty() {
            return Ok(());
        }
        let decision = standing_decision(self.inputs.ledger, desired.key.as_str(), PersonNames::of_desired(desired));
        let same_names = PersonNames::of_desired(desired).both().and_then(|names| self.names.get(&names));
        let same_key = self.missing_by_number(desired, true);
        let mut found: BTreeMap<&str, UserNo> = BTreeMap::new();
        for number in same_names.into_iter().flatten().chain(&same_key) {
            let (Some(missing), user) = (self.missing.get(number), self.users.at(*number)) else { continue };
            if user.enabled() != Some(false) && !decision.is_some_and(|decision| decision.is_new(&user.id())) {
                found.insert(missing, *number);
            }
        }
        let Some(former) = found.keys().next() else { return Ok(()) };
        let accounts: Vec<_> = found.values().map(|number| self.users.at(*number).id()).collect();
        let message = format!(
            "this leaver has no account, but {} may be the same person: its key {former} is in no record any more",
            some_of(accounts.iter())
        );
        let help = format!("if {former} only changed its form, correct the key in HR");
        Err(Doubt { code: HeldCode::PossibleDuplicate, message, help, accounts }.held(desired, self.inputs.people, self.users))
    }

    fn doubt(&self, what: &str, users: &[UserNo]) -> Doubt {
        let accounts: Vec<_> = users.iter().map(|user| self.users.at(*user).id()).collect();
        let shown = some_of(accounts.iter());
        let former = users.iter().find_map(|user| self.missing.get(user));
        let (why, help) = match former {
            Some(key) => (
                format!("and its key {key} is in no record any more"),
                format!("if {key} only changed its form, correct the key in HR or set `previous_key`"),
            ),
            None if users.iter().any(|user| self.moved_onto.contains(user)) => (
                "and its key is in the record of somebody else".to_owned(),
                "correct the keys in HR, or set `previous_key`".to_owned(),
            ),
            None => ("and no key".to_owned(), "find out which person the account belongs to".to_owned()),
        };
        let message = format!("the user {shown} has the same {what} {why}: it may be the account of this person");
        Doubt { code: HeldCode::PossibleDuplicate, message, help, accounts }
    }
}
