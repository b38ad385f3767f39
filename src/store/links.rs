//! The people of a good run, as it leaves them in the ledger. A night writes the rows of people who differ and no other.

use std::collections::{HashMap, HashSet};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::columns::{IdColumn, StoredId};
use super::wanted::{self, WishWriter};
use super::{Store, StoreError, names};
use crate::directory::{ObjectId, TenantId};
use crate::plan::{WishMap, Wishes};
use crate::record::EmployeeId;

/// How many links are compared with one range of the ledger.
const COMPARED: usize = 1_024;
/// How many links are written at once: each time the ledger may have to be searched by account.
const WRITTEN: usize = 65_536;

/// A person of a reading with the account, as a good run leaves it in the ledger.
pub struct Link<'w> {
    /// The person's key.
    pub key: EmployeeId,
    /// The account that the record leads to.
    pub account: ObjectId,
    /// What HR wants for it.
    pub wanted: Wishes<'w>,
    /// Whether hrpush may write to the account.
    pub kind: LinkKind,
    /// Whether HR calls the person gone: the feed that carried them last stays the one that did.
    pub gone: bool,
}

/// What a link between a record and an account rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// hrpush manages the account.
    Managed,
    /// The record matches the account and nothing may be written to it: a guest, a synced or a protected account.
    Seen,
}

/// The row of a person as far as a link changes it.
struct LinkRow {
    id: Option<ObjectId>,
    feed: i64,
    wishes: Option<[u8; 16]>,
    seen: bool,
    written: bool,
}

const ROW: &str = "select key, id, feed, wishes, seen, written from people where tenant = ?1";

fn link_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<LinkRow> {
    Ok(LinkRow {
        id: row.get::<_, StoredId>(1)?.0,
        feed: row.get(2)?,
        wishes: row.get_ref(3)?.as_blob_or_null()?.and_then(|bytes| bytes.try_into().ok()),
        seen: row.get(4)?,
        written: row.get(5)?,
    })
}

impl LinkRow {
    /// What the row is after this link; the feed that carries the person stays where HR calls the person gone.
    fn after(&self, link: &Link<'_>, feed: i64) -> Self {
        let same = self.id.as_ref() == Some(&link.account);
        Self {
            id: Some(link.account.clone()),
            feed: if link.gone { self.feed } else { feed },
            wishes: Some(*link.wanted.digest().bytes()),
            seen: match link.kind {
                LinkKind::Managed => false,
                LinkKind::Seen => !same || self.seen || !self.written,
            },
            written: self.written,
        }
    }

    fn same_as(&self, other: &Self) -> bool {
        (&self.id, self.feed, self.wishes, self.seen) == (&other.id, other.feed, other.wishes, other.seen)
    }
}

/// What the ledger has under the key of a link.
enum FoundRow {
    Nothing,
    /// A row that the link leaves as it is.
    Same,
    /// A row that the link may change.
    Row(LinkRow),
}

/// Compares a row with a link as it stands there; most rows of a night are the same, and of those nothing is made.
fn found(row: &rusqlite::Row<'_>, link: &Link<'_>, feed: i64) -> rusqlite::Result<FoundRow> {
    let blob =
        |column: usize| row.get_ref(column).map(|value| if let ValueRef::Blob(bytes) = value { Some(bytes) } else { None });
    let is_same = blob(1)? == link.account.uuid().map(|id| &id[..])
        && link.account.uuid().is_some()
        && blob(3)? == Some(&link.wanted.digest().bytes()[..])
        && (link.gone || row.get::<_, i64>(2)? == feed)
        && row.get::<_, bool>(4)? == (link.kind == LinkKind::Seen);
    Ok(if is_same { FoundRow::Same } else { FoundRow::Row(link_row(row)?) })
}

/// Links of one feed on their way into the ledger.
struct Remembering<'a, 'w> {
    transaction: &'a Transaction<'a>,
    tenant: i64,
    feed: i64,
    /// Whether the ledger was empty for this tenant: then no person is known under another key.
    anew: bool,
    /// Links whose row differs.
    differing: Vec<Link<'w>>,
    /// Links without a row under their key.
    unknown: Vec<Link<'w>>,
    wishes: WishWriter,
}

impl Store {
    /// Keeps people who are carried by a feed, with the account that hrpush manages and what HR wants for it.
    pub fn remember(
        &mut self,
        tenant: &TenantId,
        feed: &str,
        people: impl Iterator<Item = (EmployeeId, ObjectId, WishMap)>,
    ) -> Result<(), StoreError> {
        let managed =
            |(key, account, values)| Link { key, account, wanted: Wishes::of(values), kind: LinkKind::Managed, gone: false };
        self.remember_links(tenant, feed, people.map(managed))
    }

    /// Keeps the people of a good run who have an account. Only rows that differ are written. It is quickest where the links come in the
    /// order of their keys.
    pub fn remember_links<'w>(
        &mut self,
        tenant: &TenantId,
        feed: &str,
        links: impl Iterator<Item = Link<'w>>,
    ) -> Result<(), StoreError> {
        let anew = self.starts_anew(tenant)?;
        let transaction = self.database.transaction()?;
        let (tenant, feed) = (names::number_of(&transaction, &tenant.0)?, names::number_of(&transaction, feed)?);
        let (differing, unknown, wishes) = (Vec::new(), Vec::new(), WishWriter::default());
        let mut remembering = Remembering { transaction: &transaction, tenant, feed, anew, differing, unknown, wishes };
        let mut links = links.peekable();
        while links.peek().is_some() {
            remembering.compare(links.by_ref().take(COMPARED).collect())?;
        }
        remembering.write()?;
        drop(remembering);
        transaction.commit()?;
        Ok(())
    }
}

impl<'w> Remembering<'_, 'w> {
    /// Sets aside the links that differ from the ledger.
    fn compare(&mut self, links: Vec<Link<'w>>) -> Result<(), StoreError> {
        let known = if self.anew { Vec::new() } else { self.rows_of(&links)? };
        for (link, row) in links.into_iter().zip(known.into_iter().chain(std::iter::repeat_with(|| FoundRow::Nothing))) {
            match row {
                FoundRow::Same => {}
                FoundRow::Row(row) if row.same_as(&row.after(&link, self.feed)) => {}
                FoundRow::Row(_) => self.differing.push(link),
                FoundRow::Nothing => self.unknown.push(link),
            }
        }
        if self.differing.len() + self.unknown.len() >= WRITTEN { self.write() } else { Ok(()) }
    }

    /// The row of each of these links: of sorted links by one range of the ledger, of others one by one.
    fn rows_of(&self, links: &[Link<'_>]) -> Result<Vec<FoundRow>, StoreError> {
        if let ([first, .., last], true) = (links, links.len() == COMPARED && links.is_sorted_by_key(|link| link.key.as_str())) {
            let mut select = self.transaction.prepare_cached(&format!("{ROW} and key between ?2 and ?3 order by key"))?;
            let mut rows = select.query(params![self.tenant, first.key.as_str(), last.key.as_str()])?;
            let mut known: Vec<FoundRow> = Vec::with_capacity(links.len());
            while let Some(row) = rows.next()? {
                let key = row.get_ref(0)?.as_str().unwrap_or_default();
                while links.get(known.len()).is_some_and(|link| link.key.as_str() < key) {
                    known.push(FoundRow::Nothing);
                }
                if let Some(link) = links.get(known.len()).filter(|link| link.key.as_str() == key) {
                    known.push(found(row, link, self.feed)?);
                }
            }
            known.resize_with(links.len(), || FoundRow::Nothing);
            return Ok(known);
        }
        links.iter().map(|link| Ok(self.row(link.key.as_str())?.map_or(FoundRow::Nothing, FoundRow::Row))).collect()
    }

    fn row(&self, key: &str) -> Result<Option<LinkRow>, StoreError> {
        let mut select = self.transaction.prepare_cached(&format!("{ROW} and key = ?2"))?;
        Ok(select.query_row(params![self.tenant, key], link_row).optional()?)
    }

    /// Writes what was set aside. People with a new key come first: they take the row of the key that they had before, which another
    /// person may have from now on.
    fn write(&mut self) -> Result<(), StoreError> {
        let mut before = if self.anew { HashMap::new() } else { self.former_keys()? };
        for link in std::mem::take(&mut self.unknown) {
            let former = before.remove(&link.account);
            if let Some(former) = &former {
                let rename = "update people set key = ?3 where tenant = ?1 and key = ?2";
                self.transaction.prepare_cached(rename)?.execute(params![self.tenant, former, link.key.as_str()])?;
                wanted::rename(self.transaction, self.tenant, former, link.key.as_str())?;
                self.put(link, true)?;
            } else {
                self.put_new(link)?;
            }
        }
        for link in std::mem::take(&mut self.differing) {
            self.put(link, false)?;
        }
        Ok(())
    }

    /// The least key that each account of an unknown link has in the ledger: one look through it, since no index by account is kept.
    fn former_keys(&self) -> Result<HashMap<ObjectId, String>, StoreError> {
        let accounts: HashSet<&ObjectId> = self.unknown.iter().map(|link| &link.account).collect();
        let mut former = HashMap::new();
        if accounts.is_empty() {
            return Ok(former);
        }
        let mut select = self.transaction.prepare_cached("select key, id from people where tenant = ?1 order by key")?;
        let mut rows = select.query([self.tenant])?;
        while let Some(row) = rows.next()? {
            let Some(id) = row.get::<_, StoredId>(1)?.0.filter(|id| accounts.contains(id)) else { continue };
            if let std::collections::hash_map::Entry::Vacant(place) = former.entry(id) {
                place.insert(row.get(0)?);
            }
        }
        Ok(former)
    }

    fn put(&mut self, link: Link<'w>, renamed: bool) -> Result<(), StoreError> {
        let row = self.row(link.key.as_str())?;
        match &row {
            None => _ = self.insert(&link)?,
            Some(row) => {
                let mut after = row.after(&link, self.feed);
                if renamed {
                    // The link of before stays what it was, but for a write.
                    after.seen = row.seen && link.kind == LinkKind::Seen;
                }
                update(self.transaction, self.tenant, link.key.as_str(), row, &after)?;
            }
        }
        let digest = *link.wanted.digest().bytes();
        if row.and_then(|row| row.wishes) == Some(digest) { Ok(()) } else { self.keep_wishes(link) }
    }

    /// Puts a link that has no row, by what is known: where it has one after all, as one of two with the same key, nothing is written.
    fn put_new(&mut self, link: Link<'w>) -> Result<(), StoreError> {
        if self.insert(&link)? { self.keep_wishes(link) } else { self.put(link, false) }
    }

    fn keep_wishes(&mut self, link: Link<'w>) -> Result<(), StoreError> {
        self.wishes.keep(self.transaction, self.tenant, link.key.as_str(), link.wanted)
    }

    /// Whether the row is new. A row names a feed, so a leaver without one gets the feed that names them.
    fn insert(&self, link: &Link<'_>) -> Result<bool, StoreError> {
        let insert =
            "insert into people (tenant, key, id, feed, wishes, seen) values (?1, ?2, ?3, ?4, ?5, ?6) on conflict do nothing";
        let (digest, seen) = (link.wanted.digest(), link.kind == LinkKind::Seen);
        let values = params![self.tenant, link.key.as_str(), IdColumn(&link.account), self.feed, &digest.bytes()[..], seen];
        Ok(self.transaction.prepare_cached(insert)?.execute(values)? > 0)
    }
}

fn update(database: &Connection, tenant: i64, key: &str, row: &LinkRow, after: &LinkRow) -> Result<(), StoreError> {
    if row.id != after.id {
        // Another account: what was done to the former one says nothing of it.
        let reset = "update people set disabled_on = null, pre_hire = 0, deleted_on = null, former_groups = null, leave_done = 0 \
                     where tenant = ?1 and key = ?2";
        database.prepare_cached(reset)?.execute(params![tenant, key])?;
    }
    let LinkRow { id, feed, wishes, seen, .. } = after;
    let (id, wishes) = (id.as_ref().map(IdColumn), wishes.as_ref().map(|digest| &digest[..]));
    let update = "update people set id = ?3, feed = ?4, wishes = ?5, seen = ?6 where tenant = ?1 and key = ?2";
    database.prepare_cached(update)?.execute(params![tenant, key, id, feed, wishes, seen])?;
    Ok(())
}
