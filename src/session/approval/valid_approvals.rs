//! The approvals that count for a run: valid by today's configuration, and with a signature that still holds where one is asked for.

use jiff::Timestamp;

use super::super::error::Failure;
use super::signature;
use super::statement::Statement;
use crate::config::ApprovalConfig;
use crate::directory::TenantId;
use crate::plan::{Approver, Change, GivenApproval, RejectedChange};
use crate::store::{ApprovalRow, Store};

/// The valid approvals of a feed.
///
/// A signature is checked again with each use: a key that was taken out of the signers' file approves nothing any more.
pub(crate) fn valid_approvals(
    config: &ApprovalConfig,
    store: &Store,
    tenant: &TenantId,
    feed: &str,
) -> Result<Vec<GivenApproval>, Failure> {
    let now = Timestamp::now();
    let mut given = Vec::new();
    for row in store.valid_approvals(tenant, feed, now)? {
        if row.approval.given_at + config.valid <= now {
            continue;
        }
        let Some(covered) = still_covered(store, &row)? else { continue };
        match approver(config, &row, now) {
            Ok(by) => given.push(GivenApproval {
                number: row.number,
                fingerprint: row.approval.fingerprint,
                reading: row.approval.reading,
                guards: row.approval.guards,
                covered,
                by,
            }),
            Err(why) => tracing::warn!(approval = row.number, "an approval does not count: {why}"),
        }
    }
    Ok(given)
}

/// What an approval still covers: a run that broke off has used it for what it carried out. `None` where it carried out everything.
fn still_covered(store: &Store, row: &ApprovalRow) -> Result<Option<Vec<Change>>, Failure> {
    let covered = row.approval.covered.clone();
    let Some(run) = row.used_by.as_ref().filter(|_| !covered.is_empty()) else { return Ok(Some(covered)) };
    let left = RejectedChange::taken_out_of(&store.carried_out_by(run)?, covered);
    Ok((!left.is_empty()).then_some(left))
}

fn approver(config: &ApprovalConfig, row: &ApprovalRow, now: Timestamp) -> Result<Approver, Failure> {
    let Some(signers) = &config.signers else { return Ok(Approver::default()) };
    let approval = &row.approval;
    let signature = approval
        .signature
        .as_deref()
        .ok_or_else(|| Failure::usage("`signers` in [approval] asks for a signature, and it has none"))?;
    signature::verify(signers, &Statement::of(approval).text(), signature, &[approval.given_at, now])
}

/// Refuses a yes without a signature where the configuration asks for signatures.
pub(crate) fn refuse_unsigned(config: &ApprovalConfig, option: &str) -> Result<(), Failure> {
    match &config.signers {
        None => Ok(()),
        Some(_) => Err(Failure::usage(format!(
            "{option} has no signature, and `signers` in [approval] asks for one\n  hint: `hrpush approve FINGERPRINT --sign KEY` lets the next run carry the plan out"
        ))),
    }
}
