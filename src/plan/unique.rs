//! Names that must belong to nobody else: users, deleted users, proxy addresses, former addresses, and this plan.

use std::collections::HashMap;

use jiff::civil::Date;

use super::ledger::Ledger;
use crate::directory::{Attribute, ObjectId, Snapshot, User, Value};
use crate::record::EmployeeId;

/// Whose a name is; none for several.
type Owners<'a> = HashMap<String, Option<&'a ObjectId>>;

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
    owners: HashMap<&'static str, Owners<'a>>,
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
        let owners = self.owners.entry(pool).or_insert_with(|| owners(snapshot, attribute));
        if let Some(owner) = owners.get(&folded)
            && (owner.is_none() || *owner != asker.own)
        {
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

fn owners(snapshot: &Snapshot, attribute: Attribute) -> Owners<'_> {
    let mut owners: Owners<'_> = HashMap::with_capacity(snapshot.users.len());
    let users = snapshot.users.values().chain(snapshot.deleted.values().map(|deleted| &deleted.user));
    for user in users {
        let mut own = |text: &str| {
            let owner = owners.entry(text.to_lowercase()).or_insert(Some(&user.id));
            if *owner != Some(&user.id) {
                *owner = None;
            }
        };
        if pool(attribute) == "address" {
            addresses(user).for_each(&mut own);
        } else if let Some(text) = user.attributes.text(&attribute) {
            own(text);
        }
    }
    owners
}

/// All addresses of a user as they are spelt.
pub(super) fn addresses(user: &User) -> impl Iterator<Item = &str> {
    std::iter::once(user.upn.as_str())
        .chain(user.text("mail"))
        .chain(user.proxy_addresses.iter().map(|proxy| bare_address(proxy)))
}
