//! Keys that moved onto somebody else: a record matches an account by its key, but is by its names or by its previous key the person of
//! another account.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::directory::{ObjectId, UserNo, Users};
use crate::mapping::{Held, HeldCode};
use crate::plan::inputs::Inputs;
use crate::plan::matching::claim::{Account, Person, left};
use crate::plan::matching::doubt::Doubt;
use crate::plan::matching::likeness::{BothNames, PersonNames};
use crate::plan::matching::swapped_keys::{Replacement, Replacements};
use crate::plan::records::PersonRow;
use crate::record::EmployeeId;

/// An account of an earlier run that no record of this reading keeps.
#[derive(Clone, Copy)]
struct UnkeptAccount<'a> {
    key: &'a EmployeeId,
    id: &'a ObjectId,
    enabled: bool,
}

/// Holds the records that would replace both names of the account with their key by those of another known person, by position.
///
/// That other person is meant by both names or by the previous key, and no record keeps their account: their key is in none, or their own
/// record is held or would replace both names as well; then it is held too. Such a record would hand a live account over, and the other
/// person would be missing. The record of a leaver keeps the account, unless it is held here: no name keeps that account open.
pub(super) fn held(inputs: &Inputs<'_>, people: &[Person<'_>], replacements: &Replacements) -> BTreeMap<usize, Held> {
    let mut held = BTreeMap::new();
    while !replacements.is_empty() {
        let more = held_beside(inputs, people, replacements, &held);
        if more.len() == held.len() {
            break;
        }
        held = more;
    }
    held
}

/// The records to hold, where those that are held so far keep no account.
fn held_beside(
    inputs: &Inputs<'_>,
    people: &[Person<'_>],
    replacements: &Replacements,
    before: &BTreeMap<usize, Held>,
) -> BTreeMap<usize, Held> {
    let users = &inputs.snapshot.users;
    let row = |replacement: &Replacement| inputs.people.row(people[replacement.at].number);
    let replaces = |replacement: &&Replacement| !left(row(replacement)) || before.contains_key(&replacement.at);
    let replaced: HashMap<usize, &Replacement> =
        replacements.values().flatten().filter(replaces).map(|replacement| (replacement.at, replacement)).collect();
    let unkept = UnkeptAccounts::new(inputs, &Kept::new(users, people, &replaced));
    let of_user: HashMap<UserNo, &Replacement> = replaced.values().map(|replacement| (replacement.user, *replacement)).collect();
    let mut held = BTreeMap::new();
    for replacement in replacements.values().flatten() {
        let own = users.at(replacement.user).id();
        let Some(other) = unkept.meant_by(row(replacement), &replacement.wanted).filter(|other| *other.id != own) else {
            continue;
        };
        held.insert(replacement.at, hold(inputs, row(replacement), own, other));
        if let Some(counterpart) = users.number(other.id).and_then(|user| of_user.get(&user)) {
            let of = row(replacement).key().unwrap_or_default();
            held.entry(counterpart.at).or_insert_with(|| hold_counterpart(inputs, row(counterpart), other.id.clone(), of));
        }
    }
    held
}

/// The accounts that their own record keeps: it does not replace both names.
struct Kept<'a> {
    live: Vec<bool>,
    deleted: HashSet<&'a ObjectId>,
}

impl<'a> Kept<'a> {
    fn new(users: &Users, people: &'a [Person<'a>], replaced: &HashMap<usize, &Replacement>) -> Self {
        let mut kept = Self { live: vec![false; users.numbers()], deleted: HashSet::new() };
        for (_, person) in people.iter().enumerate().filter(|(at, _)| !replaced.contains_key(at)) {
            match person.account {
                Account::Live(user, _) => kept.live[user.index()] = true,
                Account::Deleted(deleted) => _ = kept.deleted.insert(&deleted.user.id),
                Account::None => {}
            }
        }
        kept
    }

    fn has(&self, users: &Users, id: &ObjectId) -> bool {
        users.number(id).map_or_else(|| self.deleted.contains(id), |user| self.live[user.index()])
    }
}

/// The accounts that no record keeps, by their names and by their keys.
struct UnkeptAccounts<'a> {
    by_names: HashMap<BothNames, Vec<UnkeptAccount<'a>>>,
    by_key: HashMap<&'a str, UnkeptAccount<'a>>,
}

impl<'a> UnkeptAccounts<'a> {
    fn new(inputs: &Inputs<'a>, kept: &Kept<'_>) -> Self {
        let mut accounts = Self { by_names: HashMap::new(), by_key: HashMap::new() };
        let snapshot = inputs.snapshot;
        for (key, known) in inputs.ledger.people.iter().filter(|(_, known)| !kept.has(&inputs.snapshot.users, &known.id)) {
            let live = snapshot.users.row(&known.id);
            let names = match (&live, snapshot.deleted.get(&known.id)) {
                (Some(user), _) => PersonNames::of_account(user).both(),
                (None, Some(deleted)) => PersonNames::of_account(&deleted.user).both(),
                (None, None) => continue,
            };
            let account = UnkeptAccount { key, id: &known.id, enabled: live.is_some_and(|user| user.enabled() != Some(false)) };
            accounts.by_key.insert(key.as_str(), account);
            if let Some(names) = names {
                accounts.by_names.entry(names).or_default().push(account);
            }
        }
        accounts
    }

    /// The account of the person that a record means: by the previous key, else by both names. A leaver is meant by an enabled account only:
    /// HR may give many leavers one name, such as «Former Employee», and a closed account needs no protection.
    fn meant_by(&self, row: PersonRow<'_>, wanted: &BothNames) -> Option<UnkeptAccount<'a>> {
        let previous = row.previous_key().filter(|previous| row.key() != Some(previous)).and_then(|key| self.by_key.get(key));
        let same_names = self.by_names.get(wanted).into_iter().flatten();
        previous.into_iter().chain(same_names).copied().find(|account| account.enabled || !left(row))
    }
}

fn hold(inputs: &Inputs<'_>, row: PersonRow<'_>, own: ObjectId, other: UnkeptAccount<'_>) -> Held {
    let users = &inputs.snapshot.users;
    let key = row.key().unwrap_or_default();
    let doubt = Doubt {
        code: HeldCode::KeyReused,
        message: format!(
            "the key {key} leads to the account {own} of a person with other names, and the record is by its names or its previous key \
             the person of the account {}, whose key was {}",
            other.id, other.key
        ),
        help: format!("if HR gave the number of one person to another, give the record its key of before, {}", other.key),
        accounts: vec![own, other.id.clone()],
    };
    *doubt.held(&row.desired(users), inputs.people, users)
}

/// Holds the record that would give the account of a moved person to somebody else.
fn hold_counterpart(inputs: &Inputs<'_>, row: PersonRow<'_>, own: ObjectId, other: &str) -> Held {
    let key = row.key().unwrap_or_default();
    let doubt = Doubt {
        code: HeldCode::KeyReused,
        message: format!(
            "the key {key} leads to the account {own} of a person with other names, and that person seems to be in the record {other}"
        ),
        help: "if HR gave the number of one person to another, give both records their keys of before".into(),
        accounts: vec![own],
    };
    *doubt.held(&row.desired(&inputs.snapshot.users), inputs.people, &inputs.snapshot.users)
}
