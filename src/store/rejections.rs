//! Rejected changes: appended, never changed, and forgotten by a date.

use jiff::Timestamp;
use rusqlite::{Row, Transaction, params};

use super::{DecisionKind, DecisionRow, Operator, Store, StoreError, now, text};
use crate::directory::TenantId;
use crate::plan::{Object, RejectedChange, Rejection};
use crate::record::EmployeeId;

const ROW: &str =
    "select key, tenant, change, record, note, user, host, principal, rejected_at, forgotten_at, forgotten_by from rejections";

/// A change that an answer to a plan rejects.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRejection {
    /// The person's key, or that of a group that was to be made or renamed.
    pub key: String,
    /// What must not be done.
    pub change: RejectedChange,
    /// The digest of HR's record at that time.
    pub record: Option<String>,
}

/// The answer to a plan that ends or makes rejections.
pub(super) struct Origin<'a> {
    pub(super) tenant: &'a TenantId,
    pub(super) fingerprint: &'a str,
    pub(super) note: Option<&'a str>,
    pub(super) by: &'a Operator,
    pub(super) principal: Option<&'a str>,
    pub(super) at: Timestamp,
}

/// Ends the rejections of the plan that an approval or a rejection is about, and adds those that it makes.
pub(super) fn replace(transaction: &Transaction<'_>, of: &Origin<'_>, rejected: &[NewRejection]) -> Result<(), StoreError> {
    let by = of.principal.map_or_else(|| of.by.to_string(), str::to_owned);
    transaction.execute(
        "update rejections set forgotten_at = ?3, forgotten_by = ?4 where tenant = ?1 and fingerprint = ?2 and forgotten_at is null",
        params![of.tenant.0, of.fingerprint, now(), by],
    )?;
    let mut insert = transaction.prepare(
        "insert into rejections (tenant, key, change, record, fingerprint, note, user, host, principal, rejected_at) \
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    for NewRejection { key, change, record } in rejected {
        let (change, at) = (serde_json::to_string(change)?, text(of.at));
        insert.execute(params![
            of.tenant.0,
            key,
            change,
            record,
            of.fingerprint,
            of.note,
            of.by.user,
            of.by.host,
            of.principal,
            at
        ])?;
    }
    Ok(())
}

/// A rejection as the plan takes it.
fn rejection(row: &Row<'_>) -> Result<Rejection, StoreError> {
    let text = |column: usize| row.get::<_, String>(column);
    let optional = |column: usize| row.get::<_, Option<String>>(column);
    let change: RejectedChange = serde_json::from_str(&text(2)?)?;
    let name = match optional(7)? {
        Some(principal) => principal,
        None => format!("{}@{}", text(5)?, text(6)?),
    };
    let at = text(8)?;
    let note = optional(4)?.map(|note| format!(" ({note})")).unwrap_or_default();
    Ok(Rejection { key: text(0)?, change, record: optional(3)?, by: format!("{name} at {}{note}", super::second(&at)) })
}

/// A rejection as the list of decisions shows it.
fn listed(row: &Row<'_>) -> rusqlite::Result<Option<DecisionRow>> {
    let (key, change): (String, String) = (row.get(0)?, row.get(2)?);
    let account = serde_json::from_str::<RejectedChange>(&change).ok().and_then(|change| change.id);
    let Some(key) = EmployeeId::new(&key) else { return Ok(None) };
    Ok(Some(DecisionRow {
        key,
        tenant_id: TenantId(row.get(1)?),
        verdict: DecisionKind::Reject,
        account,
        given_name: String::new(),
        surname: String::new(),
        note: row.get(4)?,
        user: row.get(5)?,
        host: row.get(6)?,
        decided_at: row.get(8)?,
        forgotten_at: row.get(9)?,
        forgotten_by: row.get(10)?,
    }))
}

impl Store {
    /// The rejections in force, as the plan takes them.
    pub fn rejections(&self, tenant: &TenantId) -> Result<Vec<Rejection>, StoreError> {
        let mut select =
            self.database.prepare(&format!("{ROW} where tenant = ?1 and forgotten_at is null order by rejection"))?;
        let mut rows = select.query([&tenant.0])?;
        let mut rejections = Vec::new();
        while let Some(row) = rows.next()? {
            rejections.push(rejection(row)?);
        }
        Ok(rejections)
    }

    /// The youngest rejection in force of a change of a person, one for each tenant.
    pub fn rejected_people(&self, key: &EmployeeId) -> Result<Vec<(TenantId, Rejection)>, StoreError> {
        let mut select =
            self.database.prepare(&format!("{ROW} where key = ?1 and forgotten_at is null order by rejection desc"))?;
        let mut rows = select.query([key.as_str()])?;
        let mut people: Vec<(TenantId, Rejection)> = Vec::new();
        while let Some(row) = rows.next()? {
            let (tenant, rejection) = (TenantId(row.get(1)?), rejection(row)?);
            let is_of_user = rejection.change.object == Object::User;
            if is_of_user && !people.iter().any(|(of, _)| *of == tenant) {
                people.push((tenant, rejection));
            }
        }
        Ok(people)
    }

    /// The rejections of one person, or those in force of all, as the list of decisions shows them; one for each person and rejected plan.
    pub fn rejection_rows(&self, key: Option<&EmployeeId>) -> Result<Vec<DecisionRow>, StoreError> {
        let mut select = self.database.prepare(&format!(
            "{ROW} where (?1 is null and forgotten_at is null or key = ?1) group by tenant, key, fingerprint, rejected_at, forgotten_at \
             order by rejection desc"
        ))?;
        let rows = select.query_map([key.map(EmployeeId::as_str)], listed)?;
        Ok(rows.filter_map(Result::transpose).collect::<Result<_, _>>()?)
    }

    /// Ends the rejections of a person; gives the youngest back, where there is one.
    pub fn forget_rejections(
        &mut self,
        tenant: &TenantId,
        key: &EmployeeId,
        by: &Operator,
    ) -> Result<Option<DecisionRow>, StoreError> {
        let mine = self.rejection_rows(Some(key))?;
        let youngest = mine.into_iter().find(|row| row.tenant_id == *tenant && row.forgotten_at.is_none());
        let Some(youngest) = youngest else { return Ok(None) };
        let (at, who) = (now(), by.to_string());
        self.database.execute(
            "update rejections set forgotten_at = ?3, forgotten_by = ?4 where tenant = ?1 and key = ?2 and forgotten_at is null",
            params![tenant.0, key.as_str(), at, who],
        )?;
        Ok(Some(DecisionRow { forgotten_at: Some(at), forgotten_by: Some(who), ..youngest }))
    }
}
