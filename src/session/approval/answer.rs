//! A person's yes or no to a plan: recorded in the state folder of the plan, or written as a signed statement for it.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::super::error::Failure;
use super::super::mapped_reading::text_of;
use super::super::operator::operator;
use super::super::output::{write_new, write_private};
use super::super::settings::Settings;
use super::signature::{self, AskPassphrase};
use super::statement::Statement;
use super::valid_approvals::refuse_unsigned;
use crate::directory::TenantId;
use crate::plan::{ApprovedGuard, GivenApproval, Plan, ReasonCode, RejectedChange};
use crate::report::shown;
use crate::store::{Approval, NewRejection, Proposal, Store, StoreError};

/// How far the clock of the machine that signed may be ahead.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);
/// How many digits of a fingerprint are enough.
const LEAST_DIGITS: usize = 12;

/// What a person says of a plan.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) approves: bool,
    /// The keys that are left out of a yes.
    pub(crate) except: Vec<String>,
    pub(crate) note: Option<String>,
}

/// How an answer is signed.
pub(crate) struct Signing<'a> {
    pub(crate) key: &'a Path,
    pub(crate) ask: AskPassphrase<'a>,
}

/// An answer that was recorded or written.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Given {
    pub(crate) decision: &'static str,
    pub(crate) tenant_id: String,
    pub(crate) feed: String,
    pub(crate) fingerprint: String,
    /// How many changes a yes covers, or a no rejects.
    pub(crate) changes: usize,
    pub(crate) guards: Vec<ApprovedGuard>,
    pub(crate) except: Vec<String>,
    pub(crate) note: Option<String>,
    pub(crate) user: String,
    pub(crate) host: String,
    pub(crate) principal: Option<String>,
    pub(crate) at: Timestamp,
    pub(crate) valid_until: Timestamp,
    pub(crate) signed: bool,
    /// The file of the statement, where it was written instead of recorded.
    pub(crate) file: Option<PathBuf>,
}

/// The plan of this folder that a fingerprint, the beginning of one or `last` names.
pub(crate) fn plan_named(store: &Store, name: &str) -> Result<Proposal, Failure> {
    let name = name.trim();
    let digits = if name == "last" { last(store)? } else { name.trim_start_matches("sha256:").to_lowercase() };
    if digits.len() < LEAST_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Failure::usage(format!(
            "`{}` is not a fingerprint\n  hint: at least {LEAST_DIGITS} of its digits, as the stopped run showed them, or `last`",
            shown(name)
        )));
    }
    let found = store.proposed(&format!("sha256:{digits}"))?;
    match found.as_slice() {
        [only] => store.proposal(only)?.ok_or_else(|| no_plan(name)),
        [] => Err(no_plan(name)),
        several => Err(Failure::usage(format!(
            "several plans begin with `{}`:\n  {}\n  hint: give more digits",
            shown(name),
            several.join("\n  ")
        ))),
    }
}

fn no_plan(name: &str) -> Failure {
    Failure::usage(format!(
        "this state folder has no plan `{}` that waits for an answer\n  hint: `hrpush runs` lists the runs; a plan is kept when a run shows it and does not carry it out",
        shown(name)
    ))
}

/// The fingerprint of the last run. A run without a plan is named, since an answer to the plan before it may not be meant.
fn last(store: &Store) -> Result<String, Failure> {
    let rows = store.runs()?;
    let none = || {
        Failure::usage(
            "no run of this state folder has made a plan yet\n  hint: `hrpush sync --dry-run` makes one; --config and --state name another folder",
        )
    };
    let (newest, row) = (rows.first(), rows.iter().find(|row| row.fingerprint.is_some()));
    let (newest, row) = newest.zip(row).ok_or_else(none)?;
    let fingerprint = row.fingerprint.clone().unwrap_or_default();
    if newest.run != row.run {
        return Err(Failure::usage(format!(
            "the last run {} made no plan\n  hint: the run {} before it did; its fingerprint is {fingerprint}",
            newest.run, row.run
        )));
    }
    if store.proposal(&fingerprint)?.is_none() {
        return Err(Failure::usage(format!(
            "the last run {} was carried out or had nothing to do: there is nothing to answer\n  hint: `hrpush runs` lists the runs; a fingerprint names an older plan",
            row.run
        )));
    }
    Ok(fingerprint.trim_start_matches("sha256:").to_owned())
}

/// Records an answer in the state folder of the plan; with a signature, if one is made.
pub(crate) fn record(settings: &Settings, name: &str, answer: &Answer, signing: Option<&Signing<'_>>) -> Result<Given, Failure> {
    let config = &settings.config.approval;
    if answer.approves && signing.is_none() {
        refuse_unsigned(config, "this approval")?;
    }
    let mut store = settings.store()?;
    let proposal = plan_named(&store, name)?;
    let statement = statement(settings, &proposal.plan, answer)?;
    let mut approval = approval(&statement, &proposal.plan);
    match signing {
        Some(signing) => {
            let (text, now) = (statement.text(), statement.signed_at);
            let signature = signature::sign(signing.key, &text, signing.ask)?;
            if let Some(signers) = &config.signers {
                let signer = signature::verify(signers, &text, &signature, &[now])?;
                approval.principal = Some(signer.principals.into_iter().collect::<Vec<_>>().join(","));
            }
            approval.signature = Some(signature);
        }
        // Only a signature needs a number that is used once.
        None => approval.nonce = None,
    }
    keep(&mut store, approval, &proposal)
}

/// Writes a statement beside its signature, for the state folder of the plan. Without a key it is written alone, to be signed elsewhere.
pub(crate) fn write(
    settings: &Settings,
    plan: &Plan,
    answer: &Answer,
    signing: Option<&Signing<'_>>,
    to: &Path,
) -> Result<Given, Failure> {
    let statement = statement(settings, plan, answer)?;
    let text = statement.text();
    let signature = signing.map(|signing| signature::sign(signing.key, &text, signing.ask)).transpose()?;
    write_new(to, &text)?;
    if let Some(signature) = &signature {
        write_private(&beside(to), signature)?;
    }
    Ok(Given { file: Some(to.to_owned()), signed: signature.is_some(), ..given(&approval(&statement, plan), plan) })
}

/// The file of the signature of a statement, as `ssh-keygen -Y sign` names it.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".sig");
    PathBuf::from(name)
}

/// Takes a signed statement into the state folder of its plan.
pub(crate) fn accept(settings: &Settings, file: &Path) -> Result<Given, Failure> {
    let config = &settings.config.approval;
    let Some(signers) = &config.signers else {
        let hint = "signers = \"allowed_signers\" in [approval] names the keys of the people who may approve";
        return Err(Failure::usage(format!(
            "--accept needs `signers` in [approval]: without it no signature means anything\n  hint: {hint}"
        )));
    };
    let refuse = |problem: &str| Failure::usage(format!("{}: {problem}", file.display()));
    let (text, signature) = (text_of(file)?, text_of(&beside(file))?);
    let statement =
        Statement::parse(&text).map_err(|problem| refuse(&format!("this is not an approval of hrpush: {problem}")))?;
    let now = Timestamp::now();
    let signer = signature::verify(signers, &text, &signature, &[statement.signed_at, now])
        .map_err(|fault| refuse(&format!("the approval is refused: {fault}")))?;
    let mut store = settings.store()?;
    if store.has_nonce(&statement.nonce)? {
        return Err(refuse(&format!("the approval is refused: {}", StoreError::NonceUsed)));
    }
    // What is for another folder says so, however late it is.
    let Some(proposal) = store.proposal(&statement.fingerprint)? else {
        return Err(refuse(&foreign(settings, &store, &statement)?));
    };
    check_time(settings, &store, &statement, now).map_err(|problem| refuse(&problem))?;
    let plan = &proposal.plan;
    if (&plan.target.tenant_id, &plan.source.feed) != (&statement.tenant, &statement.feed)
        || plan.source.sha256 != statement.reading
    {
        return Err(refuse("the approval is refused: tenant, feed or reading is not that of the plan with this fingerprint"));
    }
    if let Some(guard) = statement.guards.iter().find(|guard| !describes(guard, plan)) {
        let name = guard.name;
        return Err(refuse(&format!("the approval is refused: its count of the guard `{name}` is not that of the plan")));
    }
    if let Some(key) = not_concerned(plan, &statement.except) {
        return Err(refuse(&format!(
            "the approval is refused: it leaves out `{}`, and the plan has no change of this person",
            shown(key)
        )));
    }
    let mut approval = approval(&statement, plan);
    approval.principal = Some(signer.principals.into_iter().collect::<Vec<_>>().join(","));
    approval.signature = Some(signature);
    keep(&mut store, approval, &proposal).map_err(|fault| match fault {
        Failure::Usage(why) => refuse(&format!("the approval is refused: {why}")),
        other => other,
    })
}

/// Whether a guard of a statement tripped in the plan as well. A guard on the reading must not count more than there: a higher count would
/// cover a reading that lost more.
fn describes(guard: &ApprovedGuard, plan: &Plan) -> bool {
    let mut same = ApprovedGuard::tripped(plan).into_iter().filter(|tripped| tripped.name == guard.name);
    same.any(|tripped| guard.count <= tripped.count || !guard.name.is_of_reading())
}

fn check_time(settings: &Settings, store: &Store, statement: &Statement, now: Timestamp) -> Result<(), String> {
    let Statement { signed_at, valid_until, .. } = *statement;
    if signed_at > now + CLOCK_TOLERANCE {
        return Err(format!("it was signed at {signed_at}, which is ahead of this machine's clock"));
    }
    let end = valid_until.min(signed_at + settings.config.approval.valid);
    if end <= now {
        return Err(format!("the approval has expired: it was valid until {end}"));
    }
    let made = store.created_at().ok().flatten().unwrap_or(Timestamp::MAX);
    // The statement is written to the second.
    if signed_at.as_second() < made.as_second() {
        return Err("it was signed before this state folder was made, so it could have been used before".to_owned());
    }
    Ok(())
}

/// Why a statement is about no plan of this folder.
fn foreign(settings: &Settings, store: &Store, statement: &Statement) -> Result<String, Failure> {
    let mut ours: Vec<String> = store.tenants()?.into_iter().map(|tenant| tenant.0).collect();
    ours.extend(settings.config.tenant.as_ref().map(|tenant| tenant.id.clone()));
    if ours.iter().any(|tenant| tenant.eq_ignore_ascii_case(&statement.tenant)) {
        return Ok("the approval is for a plan that this state folder does not have".to_owned());
    }
    let ours = ours.iter().map(|tenant| shown(tenant)).collect::<Vec<_>>().join(", ");
    Ok(format!("the approval is for the tenant {}, and this state folder serves {ours}", shown(&statement.tenant)))
}

/// The first of these keys that no change of the plan concerns.
fn not_concerned<'k>(plan: &Plan, keys: &'k [String]) -> Option<&'k String> {
    let concerned = RejectedChange::of(plan, Some(keys));
    keys.iter().find(|key| !concerned.iter().any(|(of, _)| of == *key))
}

/// The statement of an answer to a plan.
fn statement(settings: &Settings, plan: &Plan, answer: &Answer) -> Result<Statement, Failure> {
    if let Some(key) = not_concerned(plan, &answer.except) {
        return Err(Failure::usage(format!(
            "--except {}: the plan has no change of this person\n  hint: `hrpush runs show last` lists its changes with their keys",
            shown(key)
        )));
    }
    let mut nonce = [0_u8; 16];
    getrandom::fill(&mut nonce).map_err(|fault| Failure::cannot_run(format!("no random number could be drawn: {fault}")))?;
    let signed_at = Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default();
    let statement = Statement {
        approves: answer.approves,
        tenant: plan.target.tenant_id.clone(),
        feed: plan.source.feed.clone(),
        fingerprint: plan.fingerprint.clone(),
        reading: plan.source.sha256.clone(),
        guards: ApprovedGuard::tripped(plan),
        except: answer.except.clone(),
        signed_at,
        valid_until: signed_at + settings.config.approval.valid,
        nonce: nonce.iter().map(|byte| format!("{byte:02x}")).collect(),
        note: answer.note.as_deref().map(str::trim).filter(|note| !note.is_empty()).map(str::to_owned),
    };
    statement.check()?;
    Ok(statement)
}

fn approval(statement: &Statement, plan: &Plan) -> Approval {
    let covered = if statement.approves { GivenApproval::without(plan.changes.clone(), &statement.except) } else { Vec::new() };
    Approval {
        tenant: TenantId(statement.tenant.clone()),
        feed: statement.feed.clone(),
        approves: statement.approves,
        fingerprint: statement.fingerprint.clone(),
        reading: Some(statement.reading.clone()),
        guards: statement.guards.clone(),
        covered,
        left_out: statement.except.clone(),
        note: statement.note.clone(),
        by: operator(),
        principal: None,
        given_at: statement.signed_at,
        expires_at: statement.valid_until,
        nonce: Some(statement.nonce.clone()),
        signature: None,
    }
}

fn keep(store: &mut Store, mut approval: Approval, proposal: &Proposal) -> Result<Given, Failure> {
    if approval.approves && !approval.covered.is_empty() {
        approval.covered = RejectedChange::taken_out_of(&store.carried_out_since(proposal)?, approval.covered);
        if approval.covered.is_empty() {
            return Err(Failure::usage(format!(
                "the plan {} was carried out since it was shown: there is nothing to approve\n  hint: `hrpush runs` lists the runs",
                proposal.plan.fingerprint
            )));
        }
    }
    let approval = &approval;
    let rejected = match (approval.approves, approval.left_out.as_slice()) {
        (true, []) => Vec::new(),
        (true, keys) => RejectedChange::of(&proposal.plan, Some(keys)),
        (false, _) => RejectedChange::of(&proposal.plan, None),
    };
    let is_undo = proposal.plan.changes.iter().any(|change| change.why.code == ReasonCode::Undo);
    let rejected: Vec<NewRejection> = rejected
        .into_iter()
        // The next run of the feed does not do what an undo would have done.
        .filter(|_| !is_undo)
        .map(|(key, change)| NewRejection { record: proposal.records.get(&key).cloned(), key, change })
        .collect();
    store.keep_approval(approval, &rejected).map_err(|fault| match fault {
        StoreError::NonceUsed => Failure::usage(fault),
        other => other.into(),
    })?;
    let (fingerprint, guards) = (approval.fingerprint.as_str(), approval.guards.len());
    tracing::info!(
        approves = approval.approves,
        fingerprint,
        guards,
        signed = approval.signature.is_some(),
        "recorded an answer to a plan"
    );
    Ok(given(approval, &proposal.plan))
}

fn given(approval: &Approval, plan: &Plan) -> Given {
    Given {
        decision: if approval.approves { "approve" } else { "reject" },
        tenant_id: approval.tenant.0.clone(),
        feed: approval.feed.clone(),
        fingerprint: approval.fingerprint.clone(),
        changes: if approval.approves { approval.covered.len() } else { plan.changes.len() },
        guards: approval.guards.clone(),
        except: approval.left_out.clone(),
        note: approval.note.clone(),
        user: approval.by.user.clone(),
        host: approval.by.host.clone(),
        principal: approval.principal.clone(),
        at: approval.given_at,
        valid_until: approval.expires_at,
        signed: approval.signature.is_some(),
        file: None,
    }
}
