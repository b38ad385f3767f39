//! Names that only one person may have: they must be free among users, deleted users, proxy addresses, addresses of groups, former addresses
//! and this plan.

use std::collections::HashMap;
use std::fmt;
use std::hash::BuildHasher as _;

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};
use jiff::civil::Date;

use crate::directory::{Attribute, DeletedUser, Group, ObjectId, Snapshot, User, UserNo, UserRow, Value, roles};
use crate::plan::ledger::{FormerAddress, Ledger};
use crate::record::EmployeeId;

/// The person that needs a name, with the keys and the account that may have it already.
#[derive(Clone, Copy)]
pub(in crate::plan) struct NameRequest<'a> {
    pub(in crate::plan) key: &'a EmployeeId,
    pub(in crate::plan) previous: Option<&'a EmployeeId>,
    pub(in crate::plan) own: Option<&'a ObjectId>,
}

/// The owner of a name that another person asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::plan) enum Owner {
    /// A live user, by its userPrincipalName.
    User(String),
    /// A group, by its displayName.
    Group(String),
    /// Another person of this plan, by key.
    Planned(String),
    /// A user in the recycle bin, by its userPrincipalName.
    Deleted(String),
    /// The former owner of the address, by key, and the last day on which it was seen in use.
    Former(String, Date),
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(upn) => write!(f, "the user {upn}"),
            Self::Group(name) => write!(f, "the group {name}"),
            Self::Planned(key) => write!(f, "{key} in this plan"),
            Self::Deleted(upn) => write!(f, "the deleted user {upn}"),
            Self::Former(key, until) => write!(f, "{key}, in use until {until}; `[names] reuse_after` keeps it free for now"),
        }
    }
}

/// All names, gathered when the first is asked for.
pub(in crate::plan) struct Names<'a> {
    snapshot: &'a Snapshot,
    ledger: &'a Ledger,
    blocked_until: Date,
    owners: HashMap<&'static str, Owners>,
    groups: Option<HashMap<&'a str, &'a Group>>,
    former: Option<HashMap<&'a str, Vec<&'a FormerAddress>>>,
    given: HashMap<(&'static str, String), EmployeeId>,
}

impl<'a> Names<'a> {
    /// Addresses that were in use on `blocked_until` or later are given to no other person.
    pub(in crate::plan) fn new(snapshot: &'a Snapshot, ledger: &'a Ledger, blocked_until: Date) -> Self {
        Self { snapshot, ledger, blocked_until, owners: HashMap::new(), groups: None, former: None, given: HashMap::new() }
    }

    /// Whether the person of the request may have a value.
    pub(in crate::plan) fn free(&mut self, attribute: Attribute, value: &Value, asker: NameRequest<'_>) -> bool {
        self.owner(attribute, value, asker).is_none()
    }

    /// The other owner of a value.
    pub(in crate::plan) fn owner(&mut self, attribute: Attribute, value: &Value, asker: NameRequest<'_>) -> Option<Owner> {
        let text = value.as_text()?;
        let (pool, folded) = (pool(attribute), text.to_lowercase());
        if let Some(key) = self.given.get(&(pool, folded.clone())) {
            return (key != asker.key).then(|| Owner::Planned(key.to_string()));
        }
        let owner = self.user(attribute, &folded, asker.own);
        if owner.is_some() || pool != "address" {
            return owner;
        }
        self.group(&folded).or_else(|| self.former(&folded, asker))
    }

    /// The other owner of an address in the live tenant or in this plan: one that keeps a deleted user from coming back with it.
    pub(in crate::plan) fn living_owner(&mut self, attribute: Attribute, address: &str, asker: NameRequest<'_>) -> Option<Owner> {
        let folded = address.to_lowercase();
        let given = self.given.get(&(pool(attribute), folded.clone())).filter(|key| *key != asker.key);
        if let Some(key) = given {
            return Some(Owner::Planned(key.to_string()));
        }
        let user = self.user(attribute, &folded, asker.own).filter(|owner| matches!(owner, Owner::User(_)));
        user.or_else(|| self.group(&folded))
    }

    /// The user that has the name, a live one before a deleted one.
    fn user(&mut self, attribute: Attribute, folded: &str, own: Option<&ObjectId>) -> Option<Owner> {
        let snapshot = self.snapshot;
        let owners = self.owners.entry(pool(attribute)).or_insert_with(|| Owners::new(snapshot, attribute));
        let id = owners.of(snapshot, attribute, folded).find(|owner| Some(owner) != own)?;
        if let Some(user) = snapshot.users.row(&id) {
            return Some(Owner::User(user.upn().to_owned()));
        }
        let upn = snapshot.deleted.get(&id).map(|deleted| deleted.user.upn.as_str().to_owned());
        Some(Owner::Deleted(upn.unwrap_or_else(|| id.to_string())))
    }

    fn group(&mut self, address: &str) -> Option<Owner> {
        let snapshot = self.snapshot;
        let groups = self.groups.get_or_insert_with(|| {
            let each = |group: &'a Group| group.addresses.iter().map(move |address| (&**address, group));
            snapshot.groups.values().flat_map(each).collect()
        });
        groups.get(address).map(|group| Owner::Group(group.name.clone()))
    }

    fn former(&mut self, address: &str, asker: NameRequest<'_>) -> Option<Owner> {
        let (ledger, since) = (self.ledger, self.blocked_until);
        let former = self.former.get_or_insert_with(|| {
            let mut former: HashMap<&str, Vec<&FormerAddress>> = HashMap::new();
            for entry in ledger.addresses.iter().filter(|entry| entry.until >= since) {
                former.entry(entry.address.as_str()).or_default().push(entry);
            }
            former
        });
        let is_another = |entry: &&&FormerAddress| entry.key != *asker.key && Some(&entry.key) != asker.previous;
        let entry = former.get(address)?.iter().find(is_another)?;
        Some(Owner::Former(entry.key.to_string(), entry.until))
    }

    /// Gives a value away within this plan.
    pub(in crate::plan) fn give(&mut self, attribute: Attribute, value: &Value, key: &EmployeeId) {
        if let Some(text) = value.as_text() {
            self.given.insert((pool(attribute), text.to_lowercase()), key.clone());
        }
    }
}

fn pool(attribute: Attribute) -> &'static str {
    match attribute.name {
        roles::USER_PRINCIPAL_NAME | roles::MAIL => "address",
        name => name,
    }
}

/// The address without the kind before it (`SMTP:`).
pub(in crate::plan) fn bare_address(proxy: &str) -> &str {
    proxy.split_once(':').map_or(proxy, |(_, address)| address)
}

/// The owners of the names of one pool: the numbers of live users by the hash of a folded name, and the ids of deleted ones.
struct Owners {
    /// One user for each hash.
    live: HashTable<(u64, UserNo)>,
    /// The users beside that one.
    others: HashMap<u64, Vec<UserNo>>,
    deleted: HashMap<String, Vec<ObjectId>>,
    hasher: DefaultHashBuilder,
}

impl Owners {
    fn new(snapshot: &Snapshot, attribute: Attribute) -> Self {
        let hasher = DefaultHashBuilder::default();
        let mut live: HashTable<(u64, UserNo)> = HashTable::with_capacity(snapshot.users.len());
        let mut others: HashMap<u64, Vec<UserNo>> = HashMap::new();
        for user in snapshot.users.rows() {
            for name in names(&user, attribute) {
                let hash = hasher.hash_one(name.to_lowercase());
                match live.entry(hash, |(other, _)| *other == hash, |(hash, _)| *hash) {
                    Entry::Vacant(place) => {
                        place.insert((hash, user.number()));
                    }
                    Entry::Occupied(first) if first.get().1 == user.number() => {}
                    Entry::Occupied(_) => others.entry(hash).or_default().push(user.number()),
                }
            }
        }
        let mut deleted: HashMap<String, Vec<ObjectId>> = HashMap::new();
        for DeletedUser { user, .. } in snapshot.deleted.values() {
            for name in names(user, attribute) {
                deleted.entry(name.to_lowercase()).or_default().push(user.id.clone());
            }
        }
        Self { live, others, deleted, hasher }
    }

    /// All users that have this name, which is folded.
    fn of<'o>(&'o self, snapshot: &'o Snapshot, attribute: Attribute, name: &'o str) -> impl Iterator<Item = ObjectId> + 'o {
        let hash = self.hasher.hash_one(name);
        let first = self.live.find(hash, |(other, _)| *other == hash).map(|(_, number)| number);
        let live = first
            .into_iter()
            .chain(self.others.get(&hash).into_iter().flatten())
            .map(|number| snapshot.users.at(*number))
            .filter(move |user| names(user, attribute).any(|own| own.to_lowercase() == name));
        live.map(|user| user.id()).chain(self.deleted.get(name).into_iter().flatten().cloned())
    }
}

/// The names of a user in the pool of an attribute.
fn names(user: &impl Addressed, attribute: Attribute) -> impl Iterator<Item = &str> {
    let address = pool(attribute) == "address";
    let own = (!address).then(|| user.text(attribute.name)).flatten();
    own.into_iter().chain(address.then(|| addresses(user)).into_iter().flatten())
}

/// A user with its addresses.
pub(in crate::plan) trait Addressed {
    /// The userPrincipalName as the tenant has it.
    fn upn(&self) -> &str;
    /// The text of an attribute by its name.
    fn text(&self, name: &str) -> Option<&str>;
    /// The proxyAddresses with their schemes.
    fn proxies(&self) -> Vec<&str>;
}

impl Addressed for User {
    fn upn(&self) -> &str {
        self.upn.as_str()
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.text(name)
    }

    fn proxies(&self) -> Vec<&str> {
        self.proxy_addresses.iter().map(AsRef::as_ref).collect()
    }
}

impl Addressed for UserRow<'_> {
    fn upn(&self) -> &str {
        self.upn()
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.text(name)
    }

    fn proxies(&self) -> Vec<&str> {
        self.proxy_addresses()
    }
}

/// All addresses of a user as they are spelt.
pub(in crate::plan) fn addresses(user: &impl Addressed) -> impl Iterator<Item = &str> {
    std::iter::once(user.upn()).chain(user.text(roles::MAIL)).chain(user.proxies().into_iter().map(bare_address))
}
