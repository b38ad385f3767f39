//! Decisions by hand: appended, never changed, and forgotten by a date.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;

use super::columns::{IdColumn, StoredId};
use super::{Store, StoreError, now, wanted};
use crate::directory::{ObjectId, TenantId, Value};
use crate::plan::{Decision, Verdict};
use crate::record::EmployeeId;

/// The person at the keyboard, as the operating system names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The account on the machine.
    pub user: String,
    /// The host on which the decision was made.
    pub host: String,
}

impl std::fmt::Display for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.user, self.host)
    }
}

/// The answer of a decision, without the account that it may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecisionKind {
    /// The record and an account are one person.
    Same,
    /// The record is another person than the accounts that it resembles.
    New,
    /// A person stays as is.
    Keep,
    /// A change of a plan was rejected.
    Reject,
}

impl DecisionKind {
    /// The word for it in documents and in the state folder.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::New => "new",
            Self::Keep => "keep",
            Self::Reject => "reject",
        }
    }

    /// The decision of this word in the table of decisions, which has no rejections.
    fn stored(word: &str) -> Option<Self> {
        [Self::Same, Self::New, Self::Keep].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A decision as it was journaled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DecisionRow {
    /// The person's key in HR.
    pub key: EmployeeId,
    /// The tenant that the decision is about.
    pub tenant_id: TenantId,
    /// The answer of the administrator.
    pub verdict: DecisionKind,
    /// The account that it is bound to, where there is one.
    pub account: Option<ObjectId>,
    /// The given name that it is bound to, without case and diacritics.
    pub given_name: String,
    /// The surname that it is bound to, without case and diacritics.
    pub surname: String,
    /// Why, in the words of the person who decided.
    pub note: Option<String>,
    /// The account on the machine from which it was made.
    pub user: String,
    /// The host on which the decision was made.
    pub host: String,
    /// The moment of the decision, RFC 3339 UTC.
    pub decided_at: String,
    /// When it was forgotten, or replaced by a younger one.
    pub forgotten_at: Option<String>,
    /// By which user on which machine.
    pub forgotten_by: Option<String>,
}

impl DecisionRow {
    /// The decision as the plan takes it.
    pub fn decision(&self) -> Option<Decision> {
        let verdict = match self.verdict {
            DecisionKind::Same => Verdict::Same(self.account.clone()?),
            DecisionKind::New => Verdict::New,
            DecisionKind::Keep => Verdict::Keep,
            DecisionKind::Reject => return None,
        };
        let (given_name, surname) = (self.given_name.clone(), self.surname.clone());
        Some(Decision { verdict, account: self.account.clone(), given_name, surname })
    }
}

/// The account that the ledger has under a key, in one tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownAccount {
    /// The tenant that the decision is about.
    pub tenant: TenantId,
    /// The account that the ledger links with the key.
    pub id: ObjectId,
    /// What HR wanted at the last run, by attribute name.
    pub wanted: BTreeMap<String, Option<Value>>,
    /// Whether the last good reading of the feed had no record of the person.
    pub missing: bool,
}

const FORGET: &str =
    "update decisions set forgotten_at = ?3, forgotten_by = ?4 where tenant = ?1 and key = ?2 and forgotten_at is null";
const ROW: &str = "select key, tenant, verdict, account, given_name, surname, note, user, host, decided_at, forgotten_at, forgotten_by \
     from decisions";

/// A row, unless a later version wrote what this one does not know.
fn row(row: &Row<'_>) -> rusqlite::Result<Option<DecisionRow>> {
    let (key, verdict): (String, String) = (row.get(0)?, row.get(2)?);
    let Some(verdict) = DecisionKind::stored(&verdict) else { return Ok(None) };
    let Some(key) = EmployeeId::new(&key) else { return Ok(None) };
    Ok(Some(DecisionRow {
        key,
        tenant_id: TenantId(row.get(1)?),
        verdict,
        account: row.get::<_, Option<String>>(3)?.as_deref().and_then(ObjectId::new),
        given_name: row.get(4)?,
        surname: row.get(5)?,
        note: row.get(6)?,
        user: row.get(7)?,
        host: row.get(8)?,
        decided_at: row.get(9)?,
        forgotten_at: row.get(10)?,
        forgotten_by: row.get(11)?,
    }))
}

impl Store {
    /// Records a decision. One that was made before about the same person is forgotten with it.
    pub fn decide(
        &mut self,
        tenant: &TenantId,
        key: &EmployeeId,
        decision: &Decision,
        by: &Operator,
        note: Option<&str>,
    ) -> Result<Option<DecisionRow>, StoreError> {
        let Decision { verdict, account, given_name, surname } = decision;
        let (kind, account) = match verdict {
            Verdict::Same(id) => (DecisionKind::Same, Some(id)),
            Verdict::New => (DecisionKind::New, account.as_ref()),
            Verdict::Keep => (DecisionKind::Keep, account.as_ref()),
        };
        let transaction = self.database.transaction()?;
        transaction.execute(FORGET, params![tenant.0, key.as_str(), now(), by.to_string()])?;
        transaction.execute(
            "insert into decisions (tenant, key, verdict, account, given_name, surname, note, user, host, decided_at) \
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                tenant.0,
                key.as_str(),
                kind.as_str(),
                account.map(ToString::to_string),
                given_name,
                surname,
                note,
                by.user,
                by.host,
                now()
            ],
        )?;
        transaction.commit()?;
        self.decision(tenant, key)
    }

    /// Ends the decision about a person; gives it back, where there is one.
    pub fn forget_decision(
        &mut self,
        tenant: &TenantId,
        key: &EmployeeId,
        by: &Operator,
    ) -> Result<Option<DecisionRow>, StoreError> {
        let Some(standing) = self.decision(tenant, key)? else { return Ok(None) };
        let (at, who) = (now(), by.to_string());
        self.database.execute(FORGET, params![tenant.0, key.as_str(), at, who])?;
        Ok(Some(DecisionRow { forgotten_at: Some(at), forgotten_by: Some(who), ..standing }))
    }

    /// The decision about a person that was not forgotten.
    pub fn decision(&self, tenant: &TenantId, key: &EmployeeId) -> Result<Option<DecisionRow>, StoreError> {
        let select = format!("{ROW} where tenant = ?1 and key = ?2 and forgotten_at is null order by decision desc limit 1");
        Ok(self.database.query_row(&select, [tenant.0.as_str(), key.as_str()], row).optional()?.flatten())
    }

    /// The decisions that were not forgotten, of all tenants, by key.
    pub fn decisions(&self) -> Result<Vec<DecisionRow>, StoreError> {
        self.decision_rows(&format!("{ROW} where forgotten_at is null order by key, tenant, decision"), [])
    }

    /// All decisions that were ever made about a person, newest first.
    pub fn decisions_about(&self, key: &EmployeeId) -> Result<Vec<DecisionRow>, StoreError> {
        self.decision_rows(&format!("{ROW} where key = ?1 order by decision desc"), [key.as_str()])
    }

    fn decision_rows(&self, select: &str, of: impl rusqlite::Params) -> Result<Vec<DecisionRow>, StoreError> {
        let mut select = self.database.prepare(select)?;
        let rows = select.query_map(of, row)?;
        Ok(rows.filter_map(Result::transpose).collect::<Result<_, _>>()?)
    }

    /// The decisions as the plan takes them.
    pub(super) fn standing_decisions(&self, tenant: &TenantId) -> Result<BTreeMap<EmployeeId, Decision>, StoreError> {
        let select = format!("{ROW} where tenant = ?1 and forgotten_at is null order by decision");
        let rows = self.decision_rows(&select, [tenant.0.as_str()])?;
        Ok(rows.into_iter().filter_map(|row| Some((row.key.clone(), row.decision()?))).collect())
    }

    /// The keys of the people who work here and have this account by the last run, this key aside.
    pub fn other_keys_of(&self, tenant: &TenantId, account: &ObjectId, key: &EmployeeId) -> Result<Vec<EmployeeId>, StoreError> {
        let mut select = self.database.prepare(
            "select key from people where tenant = (select number from names where name = ?1) and id = ?2 and key <> ?3 and not seen \
             and missing_since is null and disabled_on is null and deleted_on is null order by key",
        )?;
        let keys = select.query_map(params![tenant.0, IdColumn(account), key.as_str()], |row| row.get::<_, String>(0))?;
        let mut others = Vec::new();
        for key in keys {
            others.extend(EmployeeId::new(&key?));
        }
        Ok(others)
    }

    /// The accounts that the ledger has under a key, one for each tenant.
    pub fn known_accounts(&self, key: &EmployeeId) -> Result<Vec<KnownAccount>, StoreError> {
        let mut select = self.database.prepare(
            "select n.name, p.id, p.tenant, p.missing_since is not null from people p join names n on n.number = p.tenant \
             where p.key = ?1 order by n.name",
        )?;
        let mut rows = select.query([key.as_str()])?;
        let mut known = Vec::new();
        while let Some(row) = rows.next()? {
            let Some(id) = row.get::<_, StoredId>(1)?.0 else { continue };
            let wanted = wanted::of(&self.database, row.get(2)?, key.as_str())?;
            known.push(KnownAccount { tenant: TenantId(row.get(0)?), id, wanted, missing: row.get(3)? });
        }
        Ok(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> EmployeeId {
        EmployeeId::new(text).unwrap()
    }

    fn tenant() -> TenantId {
        TenantId("t".into())
    }

    fn by(user: &str) -> Operator {
        Operator { user: user.into(), host: "desk".into() }
    }

    fn decision(verdict: Verdict, account: Option<&str>) -> Decision {
        Decision { verdict, account: account.and_then(ObjectId::new), given_name: "ann".into(), surname: "lee".into() }
    }

    fn ledger(store: &Store, tenant: &TenantId) -> BTreeMap<EmployeeId, Decision> {
        store.ledger("HR", tenant, "2026-11-20".parse().unwrap(), &BTreeMap::new()).unwrap().decisions
    }

    #[test]
    fn the_ledger_has_the_youngest_decision_that_was_not_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        let id = ObjectId::new("u1").unwrap();
        let same = decision(Verdict::Same(id.clone()), Some("u1"));
        for decided in [decision(Verdict::Keep, Some("u9")), decision(Verdict::New, None), same.clone()] {
            let row = store.decide(&tenant(), &key("1"), &decided, &by("ann"), Some("by phone")).unwrap().unwrap();
            assert_eq!(row.decision(), Some(decided.clone()));
            assert_eq!(ledger(&store, &tenant()), BTreeMap::from([(key("1"), decided)]));
        }
        store.decide(&tenant(), &key("2"), &decision(Verdict::New, Some("u2")), &by("ann"), None).unwrap();
        assert_eq!(ledger(&store, &TenantId("other".into())), BTreeMap::new());
        assert!(store.forget_decision(&TenantId("other".into()), &key("1"), &by("bob")).unwrap().is_none());
        let forgotten = store.forget_decision(&tenant(), &key("1"), &by("bob")).unwrap().unwrap();
        assert_eq!((forgotten.verdict, forgotten.forgotten_by.as_deref()), (DecisionKind::Same, Some("bob@desk")));
        assert!(store.forget_decision(&tenant(), &key("1"), &by("bob")).unwrap().is_none());
        assert_eq!(ledger(&store, &tenant()).into_keys().collect::<Vec<_>>(), [key("2")]);
        drop(store);
        let store = Store::open(folder.path()).unwrap();
        let history = store.decisions_about(&key("1")).unwrap();
        assert_eq!(
            history.iter().map(|row| row.verdict).collect::<Vec<_>>(),
            [DecisionKind::Same, DecisionKind::New, DecisionKind::Keep]
        );
        assert!(history.iter().all(|row| row.user == "ann" && row.host == "desk" && row.note.as_deref() == Some("by phone")));
        let ended: Vec<&str> = history.iter().filter_map(|row| row.forgotten_by.as_deref()).collect();
        assert_eq!(ended, ["bob@desk", "ann@desk", "ann@desk"], "nothing is overwritten");
        assert_eq!(store.decisions().unwrap().len(), 1);
    }

    #[test]
    fn a_decision_that_a_later_version_made_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        store.decide(&tenant(), &key("1"), &decision(Verdict::New, None), &by("ann"), None).unwrap();
        store.database.execute("update decisions set verdict = 'merge'", []).unwrap();
        assert_eq!(ledger(&store, &tenant()), BTreeMap::new());
        assert!(store.decisions().unwrap().is_empty());
        store.database.execute("update decisions set verdict = 'same'", []).unwrap();
        assert_eq!(ledger(&store, &tenant()), BTreeMap::new(), "the same as no account is nobody");
    }
}
