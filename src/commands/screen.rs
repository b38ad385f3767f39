//! The observer of the command line: events become log lines and a progress bar.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::cli::Common;
use crate::apply::{Failed, Outcome, StepName};
use crate::diagnostic::wait::LongWait;
use crate::plan::{Guard, Plan};
use crate::record::lock;
use crate::session::error::Code;
use crate::session::observer::{Event, Observer, Progress};
use crate::session::preview::Preview;
use crate::session::run_end::RunEnd;
use crate::store::EndKind;

/// The target of the log events that repeat what the terminal shows.
pub(super) const SHOWN: &str = "hrpush::shown";

/// The terminal and the log of one command.
pub(super) struct Screen {
    /// Whether a bar can be drawn.
    draws: bool,
    /// The id of the run in the list of runs, once it has one.
    run: OnceLock<String>,
    bar: Mutex<Option<ProgressBar>>,
    /// Whether nothing is said besides errors, or the log says it on stderr already.
    quiet: bool,
    /// The lines of a run that may turn out to have nothing to say; none where lines are printed at once.
    deferred: Option<Mutex<Vec<String>>>,
}

impl Screen {
    /// The screen of a command. `may_be_silent` means that a run with nothing to do prints nothing at all: then what is said on the way is
    /// kept until the end, unless a person watches.
    pub(super) fn new(common: &Common, may_be_silent: bool) -> Self {
        let is_watched = std::io::stderr().is_terminal();
        let quiet = common.quiet || (common.verbose > 0 && common.log_file.is_none());
        let deferred = (may_be_silent && !is_watched).then(Mutex::default);
        Self { draws: !common.quiet && is_watched, run: OnceLock::new(), bar: Mutex::new(None), quiet, deferred }
    }

    /// Says a line on stderr, now or once it is known that the run has something to say.
    fn say(&self, line: &str) {
        if self.quiet {
            return;
        }
        let line = crate::report::shown(line);
        match (&self.deferred, lock(&self.bar).as_ref()) {
            (Some(lines), _) => lock(lines).push(line),
            (None, Some(bar)) => bar.suspend(|| anstream::eprintln!("{line}")),
            (None, None) => anstream::eprintln!("{line}"),
        }
    }

    /// Prints the lines that were kept, unless the run had nothing to do and nothing to say.
    fn settle(&self, end: &RunEnd) {
        let is_silent = end.facts.changes == 0 && end.ended.as_ref().is_some_and(|ended| ended.code == Code::Done);
        let lines = self.deferred.as_ref().map(|lines| std::mem::take(&mut *lock(lines))).unwrap_or_default();
        if !is_silent {
            for line in lines {
                anstream::eprintln!("{line}");
            }
        }
    }

    fn progress(&self, progress: Progress) {
        let mut bar = lock(&self.bar);
        match progress {
            Progress::Started { writes } => {
                let new = ProgressBar::new(writes);
                if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos} of {len} writes, {msg}") {
                    new.set_style(style);
                }
                *bar = Some(new);
            }
            Progress::Advanced { sent, left, rate } => {
                if let Some(bar) = bar.as_ref() {
                    bar.set_position(sent);
                    bar.set_message(remaining(left, rate));
                }
            }
            Progress::Finished => {
                if let Some(bar) = bar.take() {
                    bar.finish_and_clear();
                }
            }
        }
    }
}

impl Screen {
    fn run(&self) -> Option<&str> {
        self.run.get().map(String::as_str)
    }
}

impl Observer for Screen {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Listed(run) => drop(self.run.set(run.to_owned())),
            Event::Crashed(crashed) => {
                tracing::warn!(target: SHOWN, run = self.run(), crashed, ended = "crashed", "an earlier run did not end");
                self.say(&format!(
                    "note: the run {crashed} did not end: it was killed, or this machine went down; what it wrote is in the journal, and \
                     this run goes on from there"
                ));
            }
            Event::Note(note) => tracing::info!(run = self.run(), "{note}"),
            Event::Planned(preview) => log_plan(preview, self.run()),
            Event::Target(target) => {
                tracing::info!("the target is {target}");
                self.say(&format!("note: the target is {target}"));
            }
            Event::Waiting(LongWait { what, seconds }) => {
                tracing::info!(seconds, "waiting for {what}");
                self.say(&format!("waiting for {what}: no answer for {seconds} s"));
            }
            Event::Progress(progress) if self.draws => self.progress(progress),
            Event::Progress(_) => {}
            Event::Applied(outcome) => log_outcome(outcome),
            Event::Ended(end) => {
                self.settle(end);
                log_end(end);
            }
        }
    }
}

/// Logs counts only: people stay out of the log.
fn log_plan(preview: &Preview, run: Option<&str>) {
    let Plan { source, summary, fingerprint, changes, .. } = &preview.plan;
    let (tripped, notes, concerns) = (preview.tripped(), preview.notes.len(), preview.concerns.len());
    let (held, skipped) = (summary.held, summary.skipped);
    tracing::info!(
        run,
        records = source.records,
        held,
        skipped,
        tripped,
        notes,
        concerns,
        fingerprint,
        "planned {} changes",
        changes.len()
    );
    for Guard { name, count, of, limit, .. } in preview.plan.guards.iter().filter(|guard| guard.tripped) {
        tracing::warn!(target: SHOWN, run, guard = name.as_str(), count, of, limit, "a guard tripped");
    }
    for (held, count) in counted(preview.plan.held.iter().map(|held| held.code.as_str())) {
        tracing::warn!(target: SHOWN, run, held, count, "records are held");
    }
    let keep_access = preview.plan.skipped.iter().filter(|skipped| skipped.left);
    for (skipped, count) in counted(keep_access.map(|skipped| skipped.code.as_str())) {
        tracing::warn!(target: SHOWN, run, skipped, count, "leavers keep their access");
    }
    for note in &preview.notes {
        // The text of a note may name people, so it is at the debug level. Its code, count and place have no personal value.
        let (code, count, place) = (note.code(), note.counted(), note.place());
        tracing::info!(target: SHOWN, run, note = code.as_str(), count, place, "{}", code.sentence());
        tracing::debug!(run, "note: {note}");
    }
}

/// How often each word occurs.
fn counted(words: impl Iterator<Item = &'static str>) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    words.for_each(|word| *counts.entry(word).or_default() += 1);
    counts
}

/// Logs counts only, as for the plan.
fn log_outcome(outcome: &Outcome) {
    let Outcome { run, applied, failed, requests, duration_ms, link, .. } = outcome;
    let (failed, writes, throttled) = (failed.len(), requests.writes, requests.throttled);
    tracing::info!(run, failed, writes, throttled, duration_ms, link = link.as_deref(), "carried out {applied} changes");
    // The key names a person, and the message of a refusal may quote a value: `hrpush runs show` has both.
    for Failed { seq, action, step, code, status, property, .. } in &outcome.failed {
        let (action, step, property) = (action.as_str(), step.map(StepName::as_str), property.as_deref());
        tracing::warn!(target: SHOWN, run, seq, action, step, property, code, status, "a change failed");
    }
}

fn log_end(end: &RunEnd) {
    let facts = &end.facts;
    let run = facts.run.as_deref();
    let (feed, fingerprint) = (facts.feed.as_deref(), facts.fingerprint.as_deref());
    let (tenant, held) =
        (facts.tenant.as_ref().map(|tenant| tenant.0.as_str()), facts.summary.as_ref().map(|summary| summary.held));
    let (command, ended, duration_ms) = (end.kind.as_str(), end.end.as_str(), end.duration_ms());
    let (applied, failed, dry_run) = (facts.applied, facts.failed, facts.dry_run);
    let reason = end.reason().map(|reason| reason.to_string());
    let reason_code = end.reason().map(|reason| reason.code().as_str());
    macro_rules! log {
        ($level:ident) => {
            tracing::$level!(
                target: SHOWN, command, ended, run, reason_code, reason, tenant, feed, fingerprint, held, applied, failed, dry_run,
                duration_ms, link = facts.link.as_deref(), "the run ended"
            )
        };
    }
    match end.end {
        EndKind::CannotRun | EndKind::Refused | EndKind::Crashed => log!(error),
        EndKind::Stopped | EndKind::Interrupted | EndKind::Pending => log!(warn),
        EndKind::Done | EndKind::NothingToDo | EndKind::Planned => log!(info),
    }
}

/// The expected time that is left.
fn remaining(left: Duration, rate: f64) -> String {
    match left.as_secs() {
        0 => "not limited by the quota".to_owned(),
        seconds @ 1..60 => format!("{rate:.0} per second, {seconds} s left"),
        seconds @ 60..3_600 => format!("{rate:.0} per second, {} min left", seconds.div_ceil(60)),
        seconds => format!("{rate:.0} per second, {} h {:02} min left", seconds / 3_600, seconds % 3_600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_shown_in_its_largest_units() {
        assert_eq!(remaining(Duration::ZERO, 18.0), "not limited by the quota");
        assert_eq!(remaining(Duration::from_secs(59), 18.0), "18 per second, 59 s left");
        assert_eq!(remaining(Duration::from_secs(61), 18.0), "18 per second, 2 min left");
        assert_eq!(remaining(Duration::from_mins(62), 18.0), "18 per second, 1 h 02 min left");
    }
}
