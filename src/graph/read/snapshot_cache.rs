//! The cached reading of a tenant between runs.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::queries::{GROUP_PROPERTIES, attributes, select_users};
use super::tenant_state::TenantState;
use crate::directory::{Attribute, ExtensionType, Group, ObjectId, TenantId, UsersBuilder};
use crate::target::{SnapshotCache, SnapshotScope};

/// Delta tokens of directory objects live so long, and a full list is read as often, whatever delta says.
const LIFE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Raised whenever what is kept changes its form: the former one is then not found.
const FORM: u32 = 5;
/// The row of what users share comes before theirs, in the order of the keys.
const WORDS: &str = "a";

/// The header of a cached reading, stored before its rows.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::graph) struct CacheHeader {
    pub(in crate::graph) tenant: TenantId,
    /// When the full list was begun.
    pub(in crate::graph) listed: Timestamp,
    /// Where the next round of users begins: a path, so that its origin cannot be another one.
    pub(in crate::graph) users: String,
    /// Where the next round of groups begins, as a path.
    pub(in crate::graph) groups: String,
    /// The users in the recycle bin.
    pub(in crate::graph) bin: BTreeSet<ObjectId>,
    /// What was deleted since the full list.
    pub(in crate::graph) gone: BTreeSet<ObjectId>,
    /// The types of the directory extensions that are read.
    pub(in crate::graph) extensions: BTreeMap<String, ExtensionType>,
    /// How many rows there are.
    pub(in crate::graph) rows: u64,
}

/// A reading from the cache.
pub(in crate::graph) struct CachedSnapshot {
    pub(in crate::graph) head: CacheHeader,
    pub(in crate::graph) tenant_state: TenantState,
    former: Vec<u8>,
}

/// The cached reading of one kind: the same attributes and the same groups.
pub(in crate::graph) struct CacheEntry<'a> {
    cache: &'a dyn SnapshotCache,
    reading: String,
    attributes: Arc<[Attribute]>,
}

impl<'a> CacheEntry<'a> {
    pub(in crate::graph) fn new(cache: &'a dyn SnapshotCache, wanted: &SnapshotScope) -> Self {
        let attributes = attributes(&wanted.attributes);
        let (users, groups) =
            (select_users(wanted, &attributes), if wanted.all_groups() { "all" } else { "role-assignable or with addresses" });
        // Rows hold the attributes by their place, parts of one complex property each by itself.
        let names: Vec<&str> = attributes.iter().map(|attribute| attribute.name).collect();
        let reading = format!("{FORM} {users} {} {groups} {GROUP_PROPERTIES}", names.join(","));
        Self { cache, reading, attributes }
    }

    /// What was kept, or why it cannot be used.
    pub(in crate::graph) fn load(&self, now: Timestamp) -> Result<CachedSnapshot, &'static str> {
        let mut head: Option<(CacheHeader, Vec<u8>)> = None;
        let mut why = "no earlier reading of these attributes is stored";
        let (mut tenant_state, mut users) = (TenantState::default(), UsersBuilder::default());
        let mut rows = 0_u64;
        let mut broken = false;
        let claimed = Cell::new(0);
        let whole = self.cache.load(
            &self.reading,
            &mut |text| {
                let Ok(found) = serde_json::from_slice::<CacheHeader>(text) else {
                    why = "the stored reading cannot be read";
                    return false;
                };
                let age = now.duration_since(found.listed);
                if age.is_negative() || age >= LIFE {
                    why = "the last full list is a week old";
                    return false;
                }
                claimed.set(found.rows);
                head = Some((found, text.to_vec()));
                true
            },
            &mut |key, value| {
                if rows == 0 {
                    // No more than may be, whatever the head says.
                    users.reserve(usize::try_from(claimed.get()).unwrap_or_default().min(10_000_000));
                }
                rows += 1;
                broken |= take(&mut tenant_state, &mut users, key, value, &self.attributes).is_none();
            },
        );
        let Some((head, former)) = head else { return Err(why) };
        if !whole || broken || head.rows != rows {
            return Err("the stored reading is incomplete");
        }
        tenant_state.users = users.finish();
        tenant_state.gone.clone_from(&head.gone);
        Ok(CachedSnapshot { head, tenant_state, former })
    }

    /// Keeps a full list.
    pub(in crate::graph) fn replace(&self, mut head: CacheHeader, tenant_state: &TenantState) {
        head.rows = count(tenant_state);
        let Ok(text) = serde_json::to_vec(&head) else { return };
        let groups = tenant_state.groups.iter().map(|(id, group)| (format!("g{id}"), row_of(group, tenant_state)));
        let words = std::iter::once((WORDS.to_owned(), tenant_state.users.words(&self.attributes)));
        let users = tenant_state.users.rows().filter_map(|user| Some((format!("u{}", user.id()), user.kept(&self.attributes)?)));
        self.cache.replace(&self.reading, &text, &mut words.chain(groups).chain(users));
    }

    /// Keeps what a round changed.
    pub(in crate::graph) fn advance(
        &self,
        former: &[u8],
        mut head: CacheHeader,
        tenant_state: &TenantState,
        users: &BTreeSet<ObjectId>,
        groups: &BTreeSet<ObjectId>,
    ) {
        head.rows = count(tenant_state);
        head.gone.clone_from(&tenant_state.gone);
        let Ok(text) = serde_json::to_vec(&head) else { return };
        let groups =
            groups.iter().map(|id| (format!("g{id}"), tenant_state.groups.get(id).map(|group| row_of(group, tenant_state))));
        let users =
            users.iter().map(|id| (format!("u{id}"), tenant_state.users.row(id).and_then(|user| user.kept(&self.attributes))));
        self.cache.advance(&self.reading, former, &text, &mut groups.chain(users));
    }

    pub(in crate::graph) fn forget(&self) {
        self.cache.forget(&self.reading);
    }

    pub(in crate::graph) fn attributes(&self) -> &Arc<[Attribute]> {
        &self.attributes
    }
}

impl CachedSnapshot {
    /// Apart, so that each can be moved on.
    pub(in crate::graph) fn into_parts(self) -> (CacheHeader, TenantState, Vec<u8>) {
        (self.head, self.tenant_state, self.former)
    }
}

fn count(tenant_state: &TenantState) -> u64 {
    (tenant_state.users.len() + tenant_state.groups.len() + 1) as u64
}

/// The row of a group: what it is, and whether its members are known.
fn row_of(group: &Group, tenant_state: &TenantState) -> Vec<u8> {
    serde_json::to_vec(&(group, tenant_state.read.contains(&group.id))).unwrap_or_default()
}

fn take(
    tenant_state: &mut TenantState,
    users: &mut UsersBuilder,
    key: &str,
    value: &[u8],
    attributes: &Arc<[Attribute]>,
) -> Option<()> {
    if key == WORDS {
        return users.set_words(attributes, value);
    }
    let (kind, id) = key.split_at_checked(1)?;
    let id = ObjectId::new(id)?;
    match kind {
        "u" => users.push_kept(&id, attributes, value)?,
        "g" => {
            let (group, read): (Group, bool) = serde_json::from_slice(value).ok()?;
            if read {
                tenant_state.read.insert(id.clone());
            }
            tenant_state.groups.insert(id, group);
        }
        _ => return None,
    }
    Some(())
}
