//! Names that must belong to nobody else: users, deleted users, proxy addresses, former addresses, and this plan.

use std::collections::HashMap;
use std::hash::BuildHasher as _;

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};
use jiff::civil::Date;

use super::ledger::Ledger;
use crate::directory::{Attribute, DeletedUser, ObjectId, Snapshot, User, UserNo, UserRow, Value};
use crate::record::EmployeeId;

/// Who asks for a name.
#[derive(Clone, Copy)]
pub(super) struct Asker<'a> {
    pub(super) key: &'a EmployeeId,
    pub(super) previous: Option<&'a EmployeeId>,
    pub(super) own: Option<&'a ObjectId>,
}

/// All names, gathered when the first is asked for.
pub(super) struct Names<'a> {
    snapshot: &'a Snapshot,
    ledger: &'a Ledger,
    blocked_until: Date,
    owners: HashMap<&'static str, Owners>,
    former: Option<HashMap<&'a str, Vec<&'a EmployeeId>>>,
    given: HashMap<(&'static str, String), EmployeeId>,
}

impl<'a> Names<'a> {
    /// Addresses that were in use on `blocked_until` or later go to nobody else.
    pub(super) fn new(snapshot: &'a Snapshot, ledger: &'a Ledger, blocked_until: Date) -> Self {
        Self { snapshot, ledger, blocked_until, owners: HashMap::new(), former: None, given: HashMap::new() }
    }

    /// Whether a value is free for the one who asks.
    pub(super) fn free(&mut self, attribute: Attribute, value: &Value, asker: Asker<'_>) -> bool {
        let Some(text) = value.as_text() else { return true };
        let pool = pool(attribute);
        let folded = text.to_lowercase();
        if let Some(key) = self.given.get(&(pool, folded.clone())) {
            return key == asker.key;
        }
        let snapshot = self.snapshot;
        let owners = self.owners.entry(pool).or_insert_with(|| Owners::new(snapshot, attribute));
        if owners.of(snapshot, attribute, &folded).any(|owner| Some(&owner) != asker.own) {
            return false;
        }
        pool != "address" || !self.blocked(&folded, asker)
    }

    fn blocked(&mut self, address: &str, asker: Asker<'_>) -> bool {
        let (ledger, since) = (self.ledger, self.blocked_until);
        let former = self.former.get_or_insert_with(|| {
            let mut former: HashMap<&str, Vec<&EmployeeId>> = HashMap::new();
            for entry in ledger.addresses.iter().filter(|entry| entry.until >= since) {
                former.entry(entry.address.as_str()).or_default().push(&entry.key);
            }
            former
        });
        former.get(address).is_some_and(|keys| keys.iter().any(|key| *key != asker.key && Some(*key) != asker.previous))
    }

    /// Gives a value away within this plan.
    pub(super) fn give(&mut self, attribute: Attribute, value: &Value, key: &EmployeeId) {
        if let Some(text) = value.as_text() {
            self.given.insert((pool(attribute), text.to_lowercase()), key.clone());
        }
    }
}

fn pool(attribute: Attribute) -> &'static str {
    match attribute.name {
        "userPrincipalName" | "mail" => "address",
        name => name,
    }
}

/// The address without the kind before it (`SMTP:`).
pub(super) fn bare_address(proxy: &str) -> &str {
    proxy.split_once(':').map_or(proxy, |(_, address)| address)
}

/// Whose the names of one pool are: the numbers of live users by the hash of a folded name, and the ids of deleted ones.
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

    /// Everybody who has this name, which is folded.
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
pub(super) trait Addressed {
    /// userPrincipalName.
    fn upn(&self) -> &str;
    /// The text of an attribute by its name.
    fn text(&self, name: &str) -> Option<&str>;
    /// proxyAddresses.
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
pub(super) fn addresses(user: &impl Addressed) -> impl Iterator<Item = &str> {
    std::iter::once(user.upn()).chain(user.text("mail")).chain(user.proxies().into_iter().map(bare_address))
}
