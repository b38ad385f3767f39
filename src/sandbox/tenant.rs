//! The tenant's state: objects in memory, each written through to `SQLite`.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::object::{Kind, Object};
use super::provisioning::queue::Row;

/// All objects, with what is looked up often.
pub(super) struct Tenant {
    pub(super) id: String,
    pub(super) objects: BTreeMap<String, Object>,
    upns: HashMap<String, String>,
    addresses: HashMap<String, String>,
    by_change: BTreeMap<u64, String>,
    reports: HashMap<String, BTreeSet<String>>,
    pub(super) deleted: BTreeSet<String>,
    pub(super) groups: BTreeSet<String>,
    pub(super) change: u64,
    pub(super) domains: Vec<Value>,
    pub(super) role_assignments: Vec<Value>,
    pub(super) eligibilities: Vec<Value>,
    /// The definitions of directory extensions, each with its `name` and `dataType`.
    pub(super) extensions: Vec<Value>,
    /// The subscriptions, as `subscribedSkus` has them, but for the consumed units.
    pub(super) skus: Vec<Value>,
    /// The policy of Temporary Access Passes.
    pub(super) pass_policy: Value,
    people: usize,
    dirty: HashSet<String>,
    meta_dirty: bool,
    db: Option<Connection>,
}

impl Tenant {
    /// Opens the tenant kept in a file, or starts one in memory.
    pub(super) fn open(db: Option<&Path>, id: Option<&str>) -> rusqlite::Result<Self> {
        let db = db.map(open_db).transpose()?;
        let mut tenant = Self {
            id: id.map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned),
            objects: BTreeMap::new(),
            upns: HashMap::new(),
            addresses: HashMap::new(),
            by_change: BTreeMap::new(),
            reports: HashMap::new(),
            deleted: BTreeSet::new(),
            groups: BTreeSet::new(),
            change: 0,
            domains: default_domains(),
            role_assignments: Vec::new(),
            eligibilities: Vec::new(),
            extensions: Vec::new(),
            skus: Vec::new(),
            pass_policy: default_pass_policy(),
            people: 0,
            dirty: HashSet::new(),
            meta_dirty: true,
            db,
        };
        tenant.load(id.is_some())?;
        tenant.flush()?;
        Ok(tenant)
    }

    fn load(&mut self, keep_id: bool) -> rusqlite::Result<()> {
        let Some(db) = self.db.take() else { return Ok(()) };
        {
            let mut read = db.prepare("SELECT key, value FROM meta")?;
            let rows = read.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
            for row in rows {
                let (key, value) = row?;
                let list = || serde_json::from_str(&value).unwrap_or_default();
                match key.as_str() {
                    "tenant" if !keep_id => self.id = value,
                    "change" => self.change = value.parse().unwrap_or(0),
                    "domains" => self.domains = list(),
                    "roleAssignments" => self.role_assignments = list(),
                    "eligibilities" => self.eligibilities = list(),
                    "extensions" => self.extensions = list(),
                    "skus" => self.skus = list(),
                    "passPolicy" => self.pass_policy = serde_json::from_str(&value).unwrap_or_default(),
                    _ => {}
                }
            }
            let mut read = db.prepare("SELECT json FROM object")?;
            let rows = read.query_map([], |row| row.get::<_, String>(0))?;
            for row in rows {
                let object: Object = serde_json::from_str(&row?)
                    .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error.into()))?;
                self.change = self.change.max(object.changed);
                self.index(&object);
                self.objects.insert(object.id.clone(), object);
            }
        }
        self.db = Some(db);
        Ok(())
    }

    /// Writes what changed since the last call, in one transaction.
    pub(super) fn flush(&mut self) -> rusqlite::Result<()> {
        let dirty = std::mem::take(&mut self.dirty);
        let meta = std::mem::take(&mut self.meta_dirty);
        let Some(db) = self.db.as_mut() else { return Ok(()) };
        if dirty.is_empty() && !meta {
            return Ok(());
        }
        let write = db.transaction()?;
        {
            let mut put = write.prepare_cached("INSERT OR REPLACE INTO object (id, json) VALUES (?1, ?2)")?;
            for id in &dirty {
                if let Some(object) = self.objects.get_mut(id) {
                    put.execute((id, object.stored()))?;
                }
            }
            let mut put = write.prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)")?;
            put.execute(("change", self.change.to_string()))?;
            if meta {
                let json = |list: &Vec<Value>| serde_json::to_string(list).unwrap_or_default();
                put.execute(("tenant", &self.id))?;
                put.execute(("domains", json(&self.domains)))?;
                put.execute(("roleAssignments", json(&self.role_assignments)))?;
                put.execute(("eligibilities", json(&self.eligibilities)))?;
                put.execute(("extensions", json(&self.extensions)))?;
                put.execute(("skus", json(&self.skus)))?;
                put.execute(("passPolicy", self.pass_policy.to_string()))?;
            }
        }
        write.commit()
    }

    /// The rows of the provisioning job that the file holds, in their order.
    pub(super) fn provisioning_rows(&self) -> rusqlite::Result<Vec<(u64, Row)>> {
        let Some(db) = &self.db else { return Ok(Vec::new()) };
        let mut read = db.prepare("SELECT number, json FROM provisioning ORDER BY number")?;
        let rows = read.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
        rows.map(|row| {
            let (number, json) = row?;
            let row = serde_json::from_str(&json)
                .map_err(|error| rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Text, error.into()))?;
            Ok((number.unsigned_abs(), row))
        })
        .collect()
    }

    /// Writes rows of the provisioning job.
    pub(super) fn keep_provisioning(&mut self, rows: &[(u64, Row)]) -> rusqlite::Result<()> {
        let Some(db) = self.db.as_mut().filter(|_| !rows.is_empty()) else { return Ok(()) };
        let write = db.transaction()?;
        {
            let mut put = write.prepare_cached("INSERT OR REPLACE INTO provisioning (number, json) VALUES (?1, ?2)")?;
            for (number, row) in rows {
                put.execute((number.cast_signed(), serde_json::to_string(row).unwrap_or_default()))?;
            }
        }
        write.commit()
    }

    /// Domains or roles changed.
    pub(super) fn touch_meta(&mut self) {
        self.meta_dirty = true;
    }

    /// Lets go of the file, so that another process may take it.
    pub(super) fn close(&mut self) {
        self.db = None;
    }

    fn index(&mut self, object: &Object) {
        self.by_change.insert(object.changed, object.id.clone());
        if object.gone {
            return;
        }
        if let Some(manager) = &object.manager {
            self.reports.entry(manager.clone()).or_default().insert(object.id.clone());
        }
        if object.deleted.is_some() {
            self.deleted.insert(object.id.clone());
            return;
        }
        match object.kind {
            Kind::Group => {
                self.groups.insert(object.id.clone());
            }
            Kind::User => self.people += 1,
        }
        if let Some(upn) = object.text("userPrincipalName") {
            self.upns.insert(upn.to_lowercase(), object.id.clone());
        }
        for address in object.addresses() {
            self.addresses.insert(address, object.id.clone());
        }
    }

    fn unindex(&mut self, id: &str) {
        let Some(object) = self.objects.get(id) else { return };
        self.by_change.remove(&object.changed);
        self.deleted.remove(id);
        self.groups.remove(id);
        if let Some(manager) = &object.manager
            && let Some(reports) = self.reports.get_mut(manager)
        {
            reports.remove(id);
        }
        if !object.live() {
            return;
        }
        self.people -= usize::from(object.kind == Kind::User);
        if let Some(upn) = object.text("userPrincipalName") {
            self.upns.remove(&upn.to_lowercase());
        }
        for address in object.addresses() {
            if self.addresses.get(&address).is_some_and(|holder| holder == id) {
                self.addresses.remove(&address);
            }
        }
    }

    /// Takes a new or changed object in.
    pub(super) fn put(&mut self, mut object: Object) {
        self.unindex(&object.id);
        self.change += 1;
        object.changed = self.change;
        object.stamp(self.objects.get(&object.id).filter(|old| old.live()), self.change);
        self.index(&object);
        self.dirty.insert(object.id.clone());
        self.objects.insert(object.id.clone(), object);
    }

    /// The number the next change will have.
    pub(super) fn next_change(&self) -> u64 {
        self.change + 1
    }

    /// A live object by id.
    pub(super) fn live(&self, id: &str) -> Option<&Object> {
        self.objects.get(id).or_else(|| self.objects.get(&id.to_lowercase())).filter(|object| object.live())
    }

    /// A live user by id or userPrincipalName.
    pub(super) fn user(&self, key: &str) -> Option<&Object> {
        self.live(key)
            .filter(|object| object.kind == Kind::User)
            .or_else(|| self.upns.get(&key.to_lowercase()).and_then(|id| self.objects.get(id)))
    }

    /// A live group by id.
    pub(super) fn group(&self, id: &str) -> Option<&Object> {
        self.live(id).filter(|object| object.kind == Kind::Group)
    }

    pub(super) fn users(&self) -> impl Iterator<Item = &Object> {
        self.objects.values().filter(|object| object.kind == Kind::User && object.live())
    }

    /// How many live users there are.
    pub(super) fn user_count(&self) -> usize {
        self.people
    }

    /// The definition of a directory extension.
    pub(super) fn extension(&self, name: &str) -> Option<&Value> {
        self.extensions.iter().find(|known| known["name"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(name)))
    }

    /// A subscription by the id of its SKU.
    pub(super) fn sku(&self, id: &str) -> Option<&Value> {
        self.skus.iter().find(|sku| sku["skuId"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(id)))
    }

    /// The seats of a subscription that are taken: those of live users, and those that the seed counts for others.
    pub(super) fn consumed(&self, sku: &Value) -> u64 {
        let holds = |user: &&Object| {
            let licenses = user.props.get("assignedLicenses").and_then(Value::as_array);
            licenses.into_iter().flatten().any(|license| license["skuId"] == sku["skuId"])
        };
        sku["consumedUnits"].as_u64().unwrap_or(0) + self.users().filter(holds).count() as u64
    }

    /// Who has this userPrincipalName.
    pub(super) fn upn_holder(&self, upn: &str) -> Option<&String> {
        self.upns.get(&upn.to_lowercase())
    }

    /// Who has this address as mail or proxy address.
    pub(super) fn address_holder(&self, address: &str) -> Option<&String> {
        self.addresses.get(&address.to_lowercase())
    }

    /// The people whose manager this is.
    pub(super) fn reports(&self, id: &str) -> Vec<String> {
        self.reports.get(id).map(|set| set.iter().cloned().collect()).unwrap_or_default()
    }

    /// Objects changed after a change, oldest change first.
    pub(super) fn changed_after(&self, change: u64) -> impl Iterator<Item = &Object> {
        self.by_change.range(change + 1..).filter_map(|(_, id)| self.objects.get(id))
    }

    /// The groups an object is a direct member of.
    pub(super) fn groups_of(&self, id: &str) -> Vec<&Object> {
        self.groups.iter().filter_map(|group| self.objects.get(group)).filter(|group| group.members.contains_key(id)).collect()
    }

    /// The group whose `uniqueName` this is.
    pub(super) fn group_named(&self, unique: &str) -> Option<&Object> {
        self.groups.iter().filter_map(|id| self.objects.get(id)).find(|group| group.text("uniqueName") == Some(unique))
    }

    /// Whether a name is a verified domain.
    pub(super) fn verified(&self, domain: &str) -> bool {
        self.domains.iter().any(|known| {
            known["id"].as_str().is_some_and(|id| id.eq_ignore_ascii_case(domain)) && known["isVerified"] != Value::Bool(false)
        })
    }

    /// Whether the domain of a sign-in name is federated.
    pub(super) fn federated(&self, upn: &str) -> bool {
        let domain = upn.rsplit_once('@').map_or("", |(_, domain)| domain);
        self.domains.iter().any(|known| {
            known["id"].as_str().is_some_and(|id| id.eq_ignore_ascii_case(domain)) && known["authenticationType"] == "Federated"
        })
    }

    /// The domain of the mail addresses that the service makes.
    pub(super) fn default_domain(&self) -> String {
        self.domain_with("isDefault")
    }

    /// The domain that the tenant began with: it issues the identities of users, and names local accounts.
    pub(super) fn initial_domain(&self) -> String {
        self.domain_with("isInitial")
    }

    fn domain_with(&self, flag: &str) -> String {
        let found = self.domains.iter().find(|domain| domain[flag] == Value::Bool(true)).or_else(|| self.domains.first());
        found.and_then(|domain| domain["id"].as_str()).unwrap_or("contoso.onmicrosoft.com").to_owned()
    }
}

/// The domains of a tenant without a seed.
fn default_domains() -> Vec<Value> {
    vec![domain("contoso.onmicrosoft.com", true, false), domain("contoso.com", false, true), domain("example.com", false, false)]
}

/// A verified domain as Graph shows it.
pub(super) fn domain(id: &str, initial: bool, default: bool) -> Value {
    json!({
        "id": id,
        "authenticationType": "Managed",
        "availabilityStatus": null,
        "isAdminManaged": true,
        "isDefault": default,
        "isInitial": initial,
        "isRoot": true,
        "isVerified": true,
        "supportedServices": ["Email"],
        "passwordValidityPeriodInDays": null,
        "passwordNotificationWindowInDays": null,
        "state": null,
    })
}

/// The policy that a tenant has by default.
pub(super) fn default_pass_policy() -> Value {
    json!({
        "@odata.type": "#microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration",
        "id": "TemporaryAccessPass",
        "state": "enabled",
        "defaultLifetimeInMinutes": 60,
        "defaultLength": 8,
        "minimumLifetimeInMinutes": 60,
        "maximumLifetimeInMinutes": 480,
        "isUsableOnce": false,
    })
}

fn open_db(path: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open(path)?;
    db.busy_timeout(Duration::from_secs(10))?;
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 8000;
         CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
         CREATE TABLE IF NOT EXISTS object (id TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT, WITHOUT ROWID;
         CREATE TABLE IF NOT EXISTS provisioning (number INTEGER PRIMARY KEY, json TEXT NOT NULL) STRICT;",
    )?;
    Ok(db)
}
