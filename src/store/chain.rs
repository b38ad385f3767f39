//! The chain of the journal: one link a run, by which a copy of the head proves what was there before it.
//!
//! A run is sealed at its end, a crashed one by the next run: `body = SHA-256({"outcome":…,"plan":…,"requests":[…],"run":…})` with plan and
//! outcome as the documents that were kept, the hash of the accounts behind the keys among the values of the run, and `link = SHA-256(former link ‖ body)`. A request that was settled after its run was sealed
//! goes in without its answer. Pruning keeps both hashes.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::columns::{micros, unpacked};
use super::runs::{REQUEST, request_row};
use super::{RunRow, Store, StoreError};
use crate::apply::RunId;
use crate::record::hex;

/// What a look through the chain found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainReport {
    /// The runs with a link.
    pub runs: u64,
    /// Those of them that were pruned: their link is checked, not their values.
    pub pruned: u64,
    /// The first run that is not as it was sealed; none where the chain is whole.
    pub broken: Option<RunId>,
    /// The last link, in hexadecimal digits; none where no run was sealed.
    pub head: Option<String>,
}

/// One run for an auditor, with the link that was made at its end.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportedRun {
    /// The run as the list of runs shows it.
    #[serde(flatten)]
    pub row: RunRow,
    /// The hash of its values.
    pub body: Option<String>,
    /// The link of the run in the chain, in hexadecimal digits; none while the run is open.
    pub link: Option<String>,
}

/// The hashes of a sealed run.
struct Sealed {
    number: i64,
    run: String,
    /// When it was sealed.
    at: i64,
    body: Vec<u8>,
    link: Vec<u8>,
    pruned: bool,
}

impl Store {
    /// Seals every run that has ended and has no link, in the order of the runs. One that goes on ends the row: its link comes first.
    pub(super) fn seal_runs(&mut self) -> Result<(), StoreError> {
        let select = "select number from runs where link is null and ended is not null \
                      and number < coalesce((select min(number) from runs where ended is null), 9223372036854775807) order by number";
        let numbers: Vec<i64> = self.database.prepare(select)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for number in numbers {
            let former = "select link from runs where link is not null order by number desc limit 1";
            let former: Vec<u8> = self.database.query_row(former, [], |row| row.get(0)).optional()?.unwrap_or_default();
            let at = micros(Timestamp::now());
            let body = self.body(number, at)?;
            let link = link(&former, &body);
            let update = "update runs set sealed_at = ?2, body = ?3, link = ?4 where number = ?1";
            self.database.execute(update, params![number, at, body, link])?;
        }
        Ok(())
    }

    /// The hash of the values of a run as they were at a moment.
    fn body(&self, number: i64, sealed_at: i64) -> Result<Vec<u8>, StoreError> {
        let select = "select run, tenant, feed, source, command, dry_run, whole, started_at, finished_at, ended, exit_code, reason, \
                      host, user, fingerprint, approved_by, plan, outcome, summary, failed, aside from runs where number = ?1";
        let (run, plan, outcome) = self.database.query_row(select, [number], |row| {
            let text = |column: usize| row.get::<_, Option<String>>(column);
            let aside = row.get::<_, Option<Vec<u8>>>(20)?.map(|aside| hex(&Sha256::digest(aside)));
            let run = json!({
                "aside": aside, "failed": row.get::<_, i64>(19)?, "summary": text(18)?,
                "approvedBy": text(15)?, "command": text(4)?, "dryRun": row.get::<_, bool>(5)?, "ended": text(9)?,
                "exitCode": row.get::<_, Option<u8>>(10)?, "feed": text(2)?, "fingerprint": text(14)?, "finishedAt": text(8)?,
                "host": text(12)?, "reason": text(11)?, "run": text(0)?, "source": text(3)?, "startedAt": text(7)?, "tenant": text(1)?,
                "user": text(13)?, "whole": row.get::<_, bool>(6)?,
            });
            Ok((run, row.get::<_, Option<Vec<u8>>>(16)?, row.get::<_, Option<Vec<u8>>>(17)?))
        })?;
        let document = |kept: Option<Vec<u8>>| kept.map_or_else(|| Ok("null".to_owned()), |kept| unpacked(&kept));
        let mut hash = Sha256::new();
        hash.update(b"{\"outcome\":");
        hash.update(document(outcome)?);
        hash.update(b",\"plan\":");
        hash.update(document(plan)?);
        hash.update(b",\"requests\":[");
        let mut select = self.database.prepare_cached(&format!("{REQUEST} where q.run = ?1 order by q.request"))?;
        let mut rows = select.query([number])?;
        let mut separator: &[u8] = b"";
        while let Some(row) = rows.next()? {
            let mut request = request_row(row)?;
            let answered: Option<i64> = row.get(7)?;
            if answered.is_some_and(|answered| row.get::<_, i64>(6).unwrap_or_default().saturating_add(answered) > sealed_at) {
                (request.answered_at, request.done, request.id, request.status) = (None, None, None, None);
                (request.code, request.message, request.request_id) = (None, None, None);
            }
            hash.update(separator);
            hash.update(canonical(serde_json::to_value(&request)?));
            separator = b",";
        }
        hash.update(b"],\"run\":");
        hash.update(canonical(run));
        hash.update(b"}");
        Ok(hash.finalize().to_vec())
    }

    /// Whether the count of changes that the list of runs shows is that of the sealed outcome.
    fn count_fits(&self, number: i64) -> Result<bool, StoreError> {
        let select = "select applied, outcome from runs where number = ?1";
        let (applied, outcome): (i64, Option<Vec<u8>>) =
            self.database.query_row(select, [number], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let Some(outcome) = outcome else { return Ok(true) };
        let outcome: serde_json::Value = serde_json::from_str(&unpacked(&outcome)?)?;
        Ok(outcome["applied"].as_i64() == Some(applied))
    }

    /// The first run that ended without a link although a later one has its own: the list of runs shows a row that no run has left.
    fn first_unsealed(&self) -> Result<Option<(i64, RunId)>, StoreError> {
        let select = "select number, run from runs where link is null and ended is not null \
                      and number < (select max(number) from runs where link is not null) order by number limit 1";
        Ok(self.database.query_row(select, [], |row| Ok((row.get(0)?, RunId(row.get(1)?)))).optional()?)
    }

    /// Recomputes the values that are there and checks the links of all.
    pub fn verify_chain(&self) -> Result<ChainReport, StoreError> {
        let select =
            "select number, run, sealed_at, body, link, pruned_at is not null from runs where link is not null order by number";
        let mut select = self.database.prepare(select)?;
        let rows = select.query_map([], |row| {
            Ok(Sealed {
                number: row.get(0)?,
                run: row.get(1)?,
                at: row.get(2)?,
                body: row.get(3)?,
                link: row.get(4)?,
                pruned: row.get(5)?,
            })
        })?;
        let mut report = ChainReport { runs: 0, pruned: 0, broken: None, head: None };
        let mut former = Vec::new();
        let unsealed = self.first_unsealed()?;
        for sealed in rows {
            let sealed = sealed?;
            report.runs += 1;
            report.pruned += u64::from(sealed.pruned);
            // A document that cannot be read any more is not what was sealed.
            let body = || self.body(sealed.number, sealed.at).is_ok_and(|body| body == sealed.body);
            let fits = || body() && self.count_fits(sealed.number).unwrap_or(false);
            let whole = link(&former, &sealed.body) == sealed.link && (sealed.pruned || fits());
            if report.broken.is_none() {
                let before = unsealed.as_ref().filter(|(number, _)| *number < sealed.number);
                report.broken = before.map(|(_, run)| run.clone()).or_else(|| (!whole).then(|| RunId(sealed.run.clone())));
            }
            report.head = Some(hex(&sealed.link));
            former = sealed.link;
        }
        Ok(report)
    }

    /// The link of a run, in hexadecimal digits; none while a run before it is open.
    pub fn link_of(&self, run: &RunId) -> Result<Option<String>, StoreError> {
        let link: Option<Option<Vec<u8>>> =
            self.database.query_row("select link from runs where run = ?1", [&run.0], |row| row.get(0)).optional()?;
        Ok(link.flatten().map(|link| hex(&link)))
    }

    /// The last link, in hexadecimal digits.
    pub fn chain_head(&self) -> Result<Option<String>, StoreError> {
        let select = "select link from runs where link is not null order by number desc limit 1";
        let link: Option<Vec<u8>> = self.database.query_row(select, [], |row| row.get(0)).optional()?;
        Ok(link.map(|link| hex(&link)))
    }

    /// The runs that began since a moment, oldest first, each with its hashes.
    pub fn export_runs(&self, since: Timestamp) -> Result<Vec<ExportedRun>, StoreError> {
        let mut hashes = self.database.prepare("select body, link from runs where run = ?1")?;
        let since = super::text(since);
        let mut exported = Vec::new();
        for row in self.runs()?.into_iter().rev().filter(|row| row.started_at >= since) {
            let (body, link): (Option<Vec<u8>>, Option<Vec<u8>>) =
                hashes.query_row([&row.run.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
            exported.push(ExportedRun { row, body: body.as_deref().map(hex), link: link.as_deref().map(hex) });
        }
        Ok(exported)
    }
}

fn link(former: &[u8], body: &[u8]) -> Vec<u8> {
    Sha256::new().chain_update(former).chain_update(body).finalize().to_vec()
}

fn canonical(mut value: serde_json::Value) -> String {
    value.sort_all_objects();
    value.to_string()
}
