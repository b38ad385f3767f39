//! The second of three steps: guards, policy, fingerprint and consent become a decision. Nothing is printed, asked or written.

use super::approval::valid_approvals::refuse_unsigned;
use super::error::{Code, Ended, Failure};
use super::open_target::OpenTarget;
use super::pending_run::PendingRun;
use super::run::Session;
use crate::plan::{ApprovedPlan, Guard, Leavers, Plan, Policy};
use crate::report;

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
}

/// A plan that was judged by its guards. It becomes a [`Decision`] with the answer to [`Judgement::question`].
pub(crate) struct Judgement {
    verdict: Verdict,
    question: Option<Question>,
    concerns: Vec<String>,
    changes: usize,
}

enum Verdict {
    /// A guard stops the plan; the disables may still go with `[guard] leavers = "go"`.
    Stopped { lines: Vec<String>, leavers: Option<ApprovedPlan> },
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
    /// Whether these are only the disables of a plan that a guard stopped.
    pub(crate) stopped: bool,
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
    let lines = stopped_by(session, plan, terms.approve, target)?;
    let asks = terms.consent == Consent::Ask && target.connection.sandbox.is_none();
    let question = |approved: &ApprovedPlan| {
        let changes = approved.plan().changes.len();
        let tenant = plan.target.tenant_id.clone();
        (asks && changes > 0).then_some(Question { changes, only_disables: changes != plan.changes.len(), tenant })
    };
    let (verdict, question) = if !lines.is_empty() {
        let goes = terms.consent != Consent::Never && policy.leavers != Leavers::Wait;
        let leavers = goes.then(|| plan.clone().approve(None).err()?.leavers()).flatten();
        let question = leavers.as_ref().and_then(question);
        (Verdict::Stopped { lines, leavers }, question)
    } else if terms.consent == Consent::Never {
        (Verdict::Shown { detailed_exit_code: terms.detailed_exit_code }, None)
    } else {
        let approved = plan.clone().approve(terms.approve).map_err(|stopped| Failure::CannotRun(stopped.to_string()))?;
        let question = question(&approved);
        (Verdict::Passed(approved), question)
    };
    Ok(Judgement { verdict, question, concerns: report::concerns(plan), changes: plan.changes.len() })
}

impl Judgement {
    /// The question that must be answered before [`Judgement::decide`]. `None` if no confirmation is needed.
    pub(crate) fn question(&self) -> Option<&Question> {
        self.question.as_ref()
    }

    /// Decides. `confirmed` is the answer to the question, and has no effect where there is none.
    pub(crate) fn decide(self, confirmed: bool) -> Decision {
        let Self { verdict, question, concerns, changes } = self;
        let consents = question.is_none() || confirmed;
        match verdict {
            Verdict::Stopped { lines, leavers } => stop(lines, leavers, consents, concerns),
            Verdict::Shown { detailed_exit_code: true } if changes > 0 => {
                pending(format!("{changes} changes are pending"), concerns)
            }
            Verdict::Shown { .. } => Decision::End(Ended::attention(concerns)),
            Verdict::Passed(plan) if consents => Decision::Execute(Box::new(Approval { plan, stopped: false, why: concerns })),
            Verdict::Passed(_) => pending(
                "nothing was written: the changes were not confirmed\n  hint: --yes applies them without a question".to_owned(),
                concerns,
            ),
        }
    }
}

fn pending(line: String, mut concerns: Vec<String>) -> Decision {
    concerns.insert(0, line);
    Decision::End(Ended::with(Code::Pending, concerns))
}

/// A plan that a guard stopped. Its leavers are disabled where the configuration asks for it and consent is given.
fn stop(mut lines: Vec<String>, leavers: Option<ApprovedPlan>, consents: bool, concerns: Vec<String>) -> Decision {
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
        Some(plan) => Decision::Execute(Box::new(Approval { plan, stopped: true, why: lines })),
        None => Decision::End(Ended::with(Code::Guard, lines)),
    }
}

/// A line for each guard that stops this plan, and for an approval that is for another plan or was used before.
fn stopped_by(session: &Session<'_>, plan: &Plan, approval: Option<&str>, target: &OpenTarget) -> Result<Vec<String>, Failure> {
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
    if !approved {
        for guard in tripped {
            lines.extend(guard_lines(guard, &policy));
        }
    }
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
    Ok(lines)
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

fn guard_lines(guard: &Guard, policy: &Policy) -> Vec<String> {
    let limit = guard.limit.map_or_else(|| "none".to_owned(), |limit| limit.to_string());
    let (name, count, of) = (report::shown(&guard.name), guard.count, guard.of);
    let weekly = guard.limit < policy.limit(&guard.name).most(guard.of);
    let left = if weekly { ", what is left of the week" } else { "" };
    // Of a saved plan without its copy, the reading is not there to be counted.
    let is_uncounted = guard.limit.is_some_and(|limit| count <= limit);
    let mut lines = vec![if is_uncounted {
        format!("stopped by the guard `{name}`: it cannot be counted again without the plan's copy in the state folder")
    } else {
        format!("stopped by the guard `{name}`: {count} of {of}, the limit is {limit}{left}")
    }];
    lines.extend(guard.columns.iter().map(|column| format!("  {}", report::lost_column(column))));
    lines
}
