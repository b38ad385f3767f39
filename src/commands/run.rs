//! What the commands of a run have in common: the surroundings of a session, and the way from a pending run to its printed outcome.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;

use super::cli::{Common, Format, StopArgs};
use super::interrupt::block_on;
use super::output::print;
use super::screen::Screen;
use crate::report;
use crate::session::approval::proposal;
use crate::session::approval::valid_approvals::refuse_unsigned;
use crate::session::decision::{Consent, Decision, Question, Terms, judge};
use crate::session::error::{Ended, Failure};
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

/// The settings of a command that may be approved by `--approve`. Where the configuration asks for signatures, that is refused at once.
pub(super) fn settings_for(common: &Common, stop: &StopArgs) -> Result<Settings, Failure> {
    let settings = settings(common)?;
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
    let screen = Screen::new(common);
    block_on(async |cancelled| {
        let session = Session::new(kind, settings, &screen, cancelled);
        session.supervise(work(&session)).await
    })
}

/// How a pending run is shown and decided.
pub(super) struct Choices<'a> {
    pub(super) common: &'a Common,
    pub(super) stop: &'a StopArgs,
    pub(super) consent: Consent,
}

/// Shows the plan and carries it out, as far as guards and consent go.
pub(super) async fn carry_out(session: &Session<'_>, mut pending: PendingRun, choices: Choices<'_>) -> Result<Ended, Failure> {
    let Choices { common, stop, consent } = choices;
    let preview = pending.preview(session);
    session.observer.event(Event::Planned(&preview));
    show(common, stop.html.as_deref(), &preview)?;
    let terms = Terms { consent, approve: stop.approve.as_deref(), detailed_exit_code: stop.detailed_exitcode };
    let judgement = judge(session, &pending, &terms)?;
    let confirmed = judgement.question().map(ask).transpose()?.unwrap_or(false);
    match judgement.decide(confirmed) {
        Decision::End(ended) => {
            proposal::keep(session, &mut pending);
            if common.format == Format::Json {
                print(&pending.document()?)?;
            }
            Ok(ended)
        }
        Decision::Execute(approval) => {
            let Executed { outcome, ended, had_changes } = execute(session, pending, approval).await?;
            match common.format {
                Format::Json => print(&report::json(&outcome)?)?,
                Format::Text if had_changes => print(&report::outcome(&outcome))?,
                Format::Text => {}
            }
            Ok(ended)
        }
    }
}

fn show(common: &Common, html: Option<&Path>, preview: &Preview) -> Result<(), Failure> {
    if let Some(path) = html {
        write_private(path, &report::html(&preview.plan))?;
    }
    if common.format == Format::Text {
        print(&report::preview(&preview.plan))?;
    }
    notes(common, &preview.notes);
    Ok(())
}

/// Prints notes on stderr, unless `-q` is given.
pub(super) fn notes(common: &Common, notes: &[String]) {
    if !common.quiet {
        for note in notes {
            anstream::eprintln!("note: {}", report::shown(note));
        }
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
