//! What the commands of a run have in common: the surroundings of a session, and the way from a pending run to its printed outcome.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use super::cli::{Common, Format, MetricsArgs, StopArgs};
use super::interrupt::block_on;
use super::output::{columns, print};
use super::pager::page;
use super::screen::Screen;
use crate::diagnostic::Note;
use crate::report::{self, Detail, Prospect, View};
use crate::session::approval::proposal;
use crate::session::approval::valid_approvals::refuse_unsigned;
use crate::session::decision::{Consent, Decision, HeldRecords, Judgement, Question, Terms, judge};
use crate::session::error::{Code, Ended, Failure};
use crate::session::execution::{Executed, execute};
use crate::session::observer::Event;
use crate::session::output::write_private;
use crate::session::pending_run::PendingRun;
use crate::session::preview::Preview;
use crate::session::run::Session;
use crate::session::run_end::RunKind;
use crate::session::settings::Settings;

/// The settings that the options name.
pub(super) fn settings(common: &Common) -> Result<Settings, Failure> {
    Settings::load(common.config.as_deref(), common.state.as_deref())
}

/// The settings of a run that writes, with its metrics file. Where the configuration asks for signed approvals, `--approve` is refused at
/// once.
pub(super) fn settings_for(common: &Common, stop: &StopArgs, metrics: &MetricsArgs) -> Result<Settings, Failure> {
    let settings = Settings { metrics_file: metrics.metrics_file.clone(), ..settings(common)? };
    if stop.approve.is_some() {
        refuse_unsigned(&settings.config.approval, "--approve")?;
    }
    Ok(settings)
}

/// Runs the work as one session, until it ends or is interrupted.
pub(super) fn run<W>(common: &Common, kind: RunKind, settings: &Settings, work: W) -> Result<Ended, Failure>
where
    W: AsyncFnOnce(&Session<'_>) -> Result<Ended, Failure>,
{
    let screen = Screen::new(common, is_silent_night(kind, common));
    block_on(async |cancelled| {
        let session = Session::new(kind, settings, &screen, cancelled);
        // The session has logged its end. A failure that is returned from here on is one that no session knows.
        Ok(session.supervise(work(&session)).await.unwrap_or_else(|failure| (&failure).into()))
    })
}

/// How a pending run is shown and decided.
pub(super) struct Choices<'a> {
    pub(super) common: &'a Common,
    pub(super) stop: &'a StopArgs,
    pub(super) consent: Consent,
}

/// Shows the plan and carries it out, as far as guards and consent go.
pub(super) async fn carry_out(session: &Session<'_>, pending: PendingRun, choices: Choices<'_>) -> Result<Ended, Failure> {
    let Choices { common, stop, consent } = choices;
    let preview = pending.preview(session);
    session.observer.event(Event::Planned(&preview));
    let speaks = common.format() == Format::Text && !common.quiet;
    let terms = Terms {
        consent,
        approve: stop.approve.as_deref(),
        detailed_exit_code: stop.detailed_exitcode,
        held: held_records(speaks && !stop.show.summary),
    };
    let judgement = judge(session, &pending, &terms)?;
    let left_out = matches!(session.kind, RunKind::Apply | RunKind::Undo).then_some(pending.drifted.len());
    let view = view(common, stop, judgement.prospect(), left_out);
    if let Some(path) = &stop.html {
        write_private(path, &report::html(&preview.plan, &view))?;
    }
    // A night with nothing to do prints nothing. Whether it was one is known at its end.
    let waits = is_silent_night(session.kind, common) && preview.plan.changes.is_empty();
    if !waits {
        show(common, stop, &preview, &view)?;
    }
    let ended = Box::pin(decide(session, pending, judgement, common)).await?;
    if waits && ended.code != Code::Done {
        show(common, stop, &preview, &view)?;
    }
    Ok(ended)
}

/// What the lines on stderr say of held records. stderr may be a log, which has no cell of HR.
fn held_records(is_shown: bool) -> HeldRecords {
    match (is_shown, std::io::stderr().is_terminal()) {
        (true, _) => HeldRecords::InShort,
        (false, true) => HeldRecords::OnTerminal,
        (false, false) => HeldRecords::Explained,
    }
}

/// Asks where a question is open, and carries the plan out as far as it goes.
async fn decide(session: &Session<'_>, mut pending: PendingRun, judgement: Judgement, common: &Common) -> Result<Ended, Failure> {
    let confirmed = judgement.question().map(ask).transpose()?.unwrap_or(false);
    match judgement.decide(confirmed) {
        Decision::End(ended) => {
            proposal::keep(session, &mut pending);
            if common.format() == Format::Json {
                print(&pending.document()?)?;
            }
            Ok(ended)
        }
        Decision::Execute(approval) => {
            let Executed { outcome, ended, had_changes } = execute(session, pending, approval).await?;
            match common.format() {
                Format::Json => print(&report::json(&outcome)?)?,
                Format::Text if had_changes && !common.quiet => print(&report::outcome(&outcome))?,
                Format::Text => {}
            }
            Ok(ended)
        }
    }
}

/// Whether this run prints nothing where it has nothing to do: the scheduled one, because cron mails every line.
fn is_silent_night(kind: RunKind, common: &Common) -> bool {
    kind == RunKind::Sync && common.format() == Format::Text && common.verbose == 0
}

fn view(common: &Common, stop: &StopArgs, prospect: Prospect, left_out: Option<usize>) -> View {
    let detail = match (stop.show.full, stop.show.summary) {
        (true, _) => Detail::Full,
        (_, true) => Detail::Summary,
        _ => Detail::Folded,
    };
    View { prospect, detail, verbose: common.verbose > 0, width: columns(), left_out }
}

/// Shows the plan on stdout and its notes on stderr. With `-q` neither is shown.
fn show(common: &Common, stop: &StopArgs, preview: &Preview, view: &View) -> Result<(), Failure> {
    if common.format() == Format::Text && !common.quiet {
        page(&report::preview(&preview.plan, view), !stop.show.no_pager)?;
    }
    notes(common, &preview.notes);
    Ok(())
}

/// Prints notes on stderr, unless `-q` is given.
pub(super) fn notes(common: &Common, notes: &[Note]) {
    for note in notes {
        remark(common, note.text());
    }
}

/// Prints one remark on stderr.
pub(super) fn remark(common: &Common, text: &str) {
    if !common.quiet {
        anstream::eprintln!("note: {}", report::shown(text));
    }
}

/// Asks on the terminal. Without a terminal the answer is no.
fn ask(question: &Question) -> Result<bool, Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(false);
    }
    let kind = if question.only_disables { "disables" } else { "changes" };
    anstream::eprint!("Apply these {} {kind} to {}? [y/N] ", question.changes, report::shown(&question.tenant));
    std::io::stderr().flush()?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
