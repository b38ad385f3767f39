//! The second of three steps: guards, policy, fingerprint and consent become a decision. Nothing is printed, asked or written.

use super::approval::valid_approvals::refuse_unsigned;
use super::error::{Code, Ended, Failure};
use super::open_target::OpenTarget;
use super::pending_run::PendingRun;
use super::run::Session;
use super::run_end::RunKind;
use super::run_reason::{RunReason, RunReasonCode};
use crate::plan::{ApprovedPlan, Guard, Leavers, Plan, Policy};
use crate::report::{self, Prospect};

/// The caller's consent to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consent {
    /// Given beforehand, by `--yes` or by the schedule.
    Given,
    /// A person must confirm the preview. The embedded sandbox needs no confirmation.
    Ask,
    /// Nothing is ever written.
    Never,
}

/// What the caller says about a plan before it is decided.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<'a> {
    pub(crate) consent: Consent,
    /// The fingerprint of the plan that may pass its guards.
    pub(crate) approve: Option<&'a str>,
    /// Whether pending changes of a dry run have an exit code of their own.
    pub(crate) detailed_exit_code: bool,
    /// What the lines at the end say of held records.
    pub(crate) held: HeldRecords,
}

/// How the lines at the end of a run speak of held records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum HeldRecords {
    /// By key and code: the plan, which is shown, has the reasons.
    InShort,
    /// With their reasons, as a log may have them.
    #[default]
    Explained,
    /// With their reasons and the cells that could not be read, for a person at a terminal.
    OnTerminal,
}

/// A plan that was judged by its guards. It becomes a [`Decision`] with the answer to [`Judgement::question`].
pub(crate) struct Judgement {
    verdict: Verdict,
    question: Option<Question>,
    concerns: Vec<String>,
    changes: usize,
    prospect: Prospect,
}

enum Verdict {
    /// A guard stops the plan; the disables may still go with `[guard] leavers = "go"`.
    Stopped { lines: Vec<String>, reason: RunReason, leavers: Option<ApprovedPlan> },
    /// The run never writes.
    Shown { detailed_exit_code: bool },
    /// Every guard lets the plan pass.
    Passed(ApprovedPlan),
}

/// The question that the administrator must confirm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// How many changes would be carried out.
    pub(crate) changes: usize,
    /// Whether these are only the disables of a stopped plan.
    pub(crate) only_disables: bool,
    pub(crate) tenant: String,
}

/// How a run goes on after its preview.
pub(crate) enum Decision {
    /// Nothing is written, and the run ends so.
    End(Ended),
    /// The plan is carried out.
    Execute(Box<Approval>),
}

/// How much of a plan is carried out, and what its outcome must mention.
pub(crate) struct Approval {
    pub(crate) plan: ApprovedPlan,
    /// Why a guard stopped the plan, of which these are only the disables.
    pub(crate) stopped: Option<RunReason>,
    pub(crate) why: Vec<String>,
}

/// Judges a plan by its guards and by the terms of the caller.
pub(crate) fn judge(session: &Session<'_>, pending: &PendingRun, terms: &Terms<'_>) -> Result<Judgement, Failure> {
    let PendingRun { plan, target, .. } = pending;
    let policy = session.settings.policy();
    if terms.approve.is_some() {
        refuse_unsigned(&session.settings.config.approval, "--approve")?;
    }
    session.learn(|facts| facts.dry_run = terms.consent == Consent::Never);
    let stopped = stopped_by(session, plan, terms.approve, target)?;
    let asks = terms.consent == Consent::Ask && target.connection.sandbox.is_none();
    let question = |approved: &ApprovedPlan| {
        let changes = approved.plan().changes.len();
        let tenant = plan.target.tenant_id.clone();
        (asks && changes > 0).then_some(Question { changes, only_disables: changes != plan.changes.len(), tenant })
    };
    let (verdict, question) = if let Some((lines, reason)) = stopped {
        let goes = terms.consent != Consent::Never && policy.leavers != Leavers::Wait;
        let leavers = goes.then(|| plan.clone().approve(None).err()?.leavers()).flatten();
        let question = leavers.as_ref().and_then(question);
        (Verdict::Stopped { lines, reason, leavers }, question)
    } else if terms.consent == Consent::Never {
        (Verdict::Shown { detailed_exit_code: terms.detailed_exit_code }, None)
    } else {
        let approved =
            plan.clone().approve(terms.approve).map_err(|stopped| Failure::cannot_run(stopped).because(RunReasonCode::Guard))?;
        let question = question(&approved);
        (Verdict::Passed(approved), question)
    };
    let concerns = match terms.held {
        HeldRecords::InShort => report::concerns_in_short(plan),
        HeldRecords::Explained => report::concerns(plan),
        HeldRecords::OnTerminal => report::concerns_on_terminal(plan),
    };
    let prospect = prospect(session, pending, terms, (&verdict, question.is_some()));
    Ok(Judgement { verdict, question, concerns, changes: plan.changes.len(), prospect })
}

/// What becomes of the plan once it was shown.
fn prospect(session: &Session<'_>, pending: &PendingRun, terms: &Terms<'_>, (verdict, asks): (&Verdict, bool)) -> Prospect {
    let tripped = pending.plan.guards.iter().any(|guard| guard.tripped);
    match verdict {
        Verdict::Stopped { leavers, .. } => {
            let going = leavers.as_ref().filter(|_| !asks);
            Prospect::Stopped { leavers: going.map_or(0, |leavers| leavers.plan().changes.len()) }
        }
        Verdict::Shown { .. } if tripped => Prospect::Approved { now: false },
        Verdict::Shown { .. } if session.kind == RunKind::Sync => Prospect::Rehearses,
        Verdict::Passed(_) if tripped => Prospect::Approved { now: !asks },
        Verdict::Passed(_) if !asks && pending.target.connection.sandbox.is_some() && terms.consent == Consent::Ask => {
            Prospect::Sandbox
        }
        Verdict::Passed(_) if !asks => Prospect::Applies,
        Verdict::Shown { .. } | Verdict::Passed(_) => Prospect::Waits,
    }
}

impl Judgement {
    /// What becomes of the plan after it was shown, for its headline.
    pub(crate) fn prospect(&self) -> Prospect {
        self.prospect
    }

    /// The question that must be answered before [`Judgement::decide`]. `None` if no confirmation is needed.
    pub(crate) fn question(&self) -> Option<&Question> {
        self.question.as_ref()
    }

    /// Decides. `confirmed` is the answer to the question, and has no effect where there is none.
    pub(crate) fn decide(self, confirmed: bool) -> Decision {
        let Self { verdict, question, concerns, changes, prospect: _ } = self;
        let consents = question.is_none() || confirmed;
        match verdict {
            Verdict::Stopped { lines, reason, leavers } => stop((lines, reason), leavers, consents, concerns),
            Verdict::Shown { detailed_exit_code: true } if changes > 0 => {
                let line = format!("{changes} changes are pending");
                pending(RunReason::new(RunReasonCode::Pending, &line), line, concerns)
            }
            Verdict::Shown { .. } => Decision::End(Ended::attention(concerns)),
            Verdict::Passed(plan) if consents => Decision::Execute(Box::new(Approval { plan, stopped: None, why: concerns })),
            Verdict::Passed(_) => pending(
                RunReasonCode::Pending.into(),
                "nothing was written: the changes were not confirmed\n  hint: --yes applies them without a question".to_owned(),
                concerns,
            ),
        }
    }
}

fn pending(reason: RunReason, line: String, mut concerns: Vec<String>) -> Decision {
    concerns.insert(0, line);
    Decision::End(Ended::with(Code::Pending, concerns).because(reason))
}

/// A plan that a guard stopped. Its leavers are disabled where the configuration asks for it and consent is given.
fn stop(
    (mut lines, reason): (Vec<String>, RunReason),
    leavers: Option<ApprovedPlan>,
    consents: bool,
    concerns: Vec<String>,
) -> Decision {
    let count = leavers.as_ref().map_or(0, |leavers| leavers.plan().changes.len());
    let going = leavers.filter(|_| consents);
    let written = match &going {
        Some(_) => format!("{count} leavers are disabled, and nothing else is written"),
        None if count > 0 => format!(
            "nothing was written: {count} leavers keep their access until the disables are confirmed\n  hint: --yes disables them without a question"
        ),
        None => "nothing was written".to_owned(),
    };
    if let Some(last) = lines.last_mut() {
        last.insert_str(0, &written);
    }
    lines.extend(concerns);
    match going {
        Some(plan) => Decision::Execute(Box::new(Approval { plan, stopped: Some(reason), why: lines })),
        None => Decision::End(Ended::with(Code::Guard, lines).because(reason)),
    }
}

/// A line for each guard that stops this plan, and for an approval that is for another plan or was used before; with the reason. `None` if
/// nothing stops it.
fn stopped_by(
    session: &Session<'_>,
    plan: &Plan,
    approval: Option<&str>,
    target: &OpenTarget,
) -> Result<Option<(Vec<String>, RunReason)>, Failure> {
    let policy = session.settings.policy();
    let mut approved = approval.map(str::trim) == Some(plan.fingerprint.as_str());
    // What approvals of before cover is let through; these guards judge the rest.
    let tripped: Vec<&Guard> = plan.judged_guards().iter().filter(|guard| guard.tripped).collect();
    let mut lines = Vec::new();
    let mut used = None;
    if approval.is_some() && !approved && !plan.changes.is_empty() {
        lines.push(
            "the approved fingerprint does not match this plan; the HR data or the tenant has changed since it was made"
                .to_owned(),
        );
    }
    if approved && !tripped.is_empty() {
        used = target.store.approval_used(&target.snapshot.tenant, &plan.fingerprint)?;
        if let Some(run) = &used {
            lines.push(format!("the approval was already used by run {run}; an approval lets a plan through once"));
            approved = false;
        }
    }
    session.learn(|facts| facts.approved = approved && !tripped.is_empty());
    let reason = if approved || tripped.is_empty() {
        RunReasonCode::Approval.into()
    } else {
        lines.extend(tripped.iter().map(|guard| guard_line(guard, &policy)));
        RunReason::guards(tripped.into_iter())
    };
    if !lines.is_empty() {
        lines.extend(partly_approved(plan, &policy));
        let fingerprint = &plan.fingerprint;
        let way = match used {
            Some(_) => "the same changes came back; if they are right, raise the limit of that guard in [guard]".to_owned(),
            None if session.settings.config.approval.signers.is_some() => {
                format!("review the plan; `hrpush approve {fingerprint} --sign KEY` lets the next run carry it out")
            }
            None => format!("review the plan; --approve {fingerprint} lets exactly this plan through, once"),
        };
        lines.push(format!("\n  hint: {way}"));
    }
    Ok((!lines.is_empty()).then_some((lines, reason)))
}

/// What the approvals of before cover of a plan that is stopped all the same.
fn partly_approved(plan: &Plan, policy: &Policy) -> Option<String> {
    match (plan.judged.used().len(), plan.judged.covered()) {
        (0, _) => None,
        (1, 0) if policy.two_people => Some("one person has approved it, and [approval] asks for two".to_owned()),
        (_, 0) => Some(
            "an approval was given, but it does not cover this: the reading or the count of that guard is another".to_owned(),
        ),
        (_, covered) => Some(format!("{covered} of {} changes are approved; the guards judge the others", plan.changes.len())),
    }
}

fn guard_line(guard: &Guard, policy: &Policy) -> String {
    let weekly = guard.limit < policy.limit(guard.name).most(guard.of);
    let left = if weekly { ", what is left of the week" } else { "" };
    format!("stopped by the guard `{}`: {}{left}", guard.name, report::guard_count(guard))
}
