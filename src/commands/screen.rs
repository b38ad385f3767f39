//! The observer of the command line: events become log lines and a progress bar.

use std::io::IsTerminal as _;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::cli::Common;
use crate::apply::Outcome;
use crate::plan::Plan;
use crate::record::lock;
use crate::session::observer::{Event, Observer, Progress};
use crate::session::preview::Preview;
use crate::session::run_end::RunEnd;

/// The terminal and the log of one command.
pub(super) struct Screen {
    /// Whether a bar can be drawn.
    draws: bool,
    bar: Mutex<Option<ProgressBar>>,
}

impl Screen {
    pub(super) fn new(common: &Common) -> Self {
        Self { draws: !common.quiet && std::io::stderr().is_terminal(), bar: Mutex::new(None) }
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

impl Observer for Screen {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Note(note) => tracing::info!("{note}"),
            Event::Planned(preview) => log_plan(preview),
            Event::Progress(progress) if self.draws => self.progress(progress),
            Event::Progress(_) => {}
            Event::Applied(outcome) => log_outcome(outcome),
            Event::Ended(end) => log_end(end),
        }
    }
}

/// Logs counts only: people stay out of the log.
fn log_plan(preview: &Preview) {
    let Plan { source, summary, fingerprint, changes, .. } = &preview.plan;
    let (tripped, notes, concerns) = (preview.tripped(), preview.notes.len(), preview.concerns.len());
    let (held, skipped) = (summary.held, summary.skipped);
    tracing::info!(
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
}

/// Logs counts only, as for the plan.
fn log_outcome(outcome: &Outcome) {
    let Outcome { run, applied, failed, requests, duration_ms, link, .. } = outcome;
    let (failed, writes, throttled) = (failed.len(), requests.writes, requests.throttled);
    tracing::info!(run, failed, writes, throttled, duration_ms, link = link.as_deref(), "carried out {applied} changes");
}

fn log_end(end: &RunEnd) {
    let facts = &end.facts;
    let run = facts.run.as_deref();
    let (feed, fingerprint) = (facts.feed.as_deref(), facts.fingerprint.as_deref());
    let (tenant, held) =
        (facts.tenant.as_ref().map(|tenant| tenant.0.as_str()), facts.summary.as_ref().map(|summary| summary.held));
    let (ended, reason, duration_ms) = (end.end.as_str(), end.reason().is_some(), end.duration_ms());
    let (applied, failed, dry_run, listed) = (facts.applied, facts.failed, facts.dry_run, end.kind.plans());
    tracing::debug!(
        ended,
        run,
        tenant,
        feed,
        fingerprint,
        held,
        applied,
        failed,
        dry_run,
        listed,
        reason,
        duration_ms,
        link = facts.link.as_deref(),
        "{} ended",
        end.kind.as_str()
    );
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
