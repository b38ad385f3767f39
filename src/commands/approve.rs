//! `hrpush approve`: a yes to a plan before the run that carries it out.

use std::fmt::Write as _;
use std::path::Path;

use super::cli::{Approve, Common, Format};
use super::output::print;
use super::run::settings;
use crate::report;
use crate::session::approval::answer::{Answer, Given, Signing, accept, record, write};
use crate::session::error::{Ended, Failure};
use crate::session::saved_plan;
use crate::session::settings::Settings;

pub(super) fn approve(common: &Common, args: &Approve) -> Result<Ended, Failure> {
    let settings = settings(common)?;
    let signing = args.signing.sign.as_deref().map(|key| Signing { key, ask: &passphrase });
    let answer = Answer { approves: true, except: args.except.clone(), note: args.note.clone() };
    let given = match (&args.accept, &args.plan, &args.fingerprint) {
        (Some(file), _, _) => accept(&settings, file)?,
        (None, Some(file), _) => {
            let plan = saved_plan::load(file, settings.config.plan.max_age)?;
            if common.format() == Format::Text {
                print(&report::preview(&plan, &report::View::default()))?;
            }
            write(&settings, &plan, &answer, signing.as_ref(), output(args.signing.output.as_deref())?)?
        }
        (None, None, name) => {
            self::answer(&settings, name.as_deref().unwrap_or_default(), &answer, (signing, args.signing.output.as_deref()))?
        }
    };
    show(common, &settings, &given)
}

fn output(path: Option<&Path>) -> Result<&Path, Failure> {
    path.ok_or_else(|| Failure::usage("--plan needs -o: the statement is written to a file, for the state folder of the plan"))
}

/// Answers a plan of this folder: recorded at once, or written to a file.
pub(super) fn answer(
    settings: &Settings,
    name: &str,
    answer: &Answer,
    (signing, to): (Option<Signing<'_>>, Option<&Path>),
) -> Result<Given, Failure> {
    let Some(to) = to else { return record(settings, name, answer, signing.as_ref()) };
    let proposal = crate::session::approval::answer::plan_named(&settings.store()?, name)?;
    write(settings, &proposal.plan, answer, signing.as_ref(), to)
}

/// Asks for the passphrase of a key on the terminal.
#[cfg(feature = "signatures")]
pub(super) fn passphrase(key: &Path) -> Result<String, Failure> {
    let terminal = console::Term::stderr();
    if !terminal.is_term() || !std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        let key = key.display();
        return Err(Failure::usage(format!(
            "{key}: the key has a passphrase, and there is no terminal to ask for it\n  hint: without --sign, -o FILE writes the text alone; sign it with `ssh-keygen -Y sign -n hrpush -f {key} FILE`"
        )));
    }
    anstream::eprint!("Passphrase of {}: ", key.display());
    Ok(terminal.read_secure_line()?)
}

/// A build without signatures has no use for one.
#[cfg(not(feature = "signatures"))]
#[expect(clippy::unnecessary_wraps, reason = "it can fail where keys are read")]
pub(super) fn passphrase(_: &Path) -> Result<String, Failure> {
    Ok(String::new())
}

/// Prints an answer that was given.
pub(super) fn show(common: &Common, settings: &Settings, given: &Given) -> Result<Ended, Failure> {
    print(&match common.format() {
        Format::Json => report::json(given)?,
        Format::Text => text(given, settings.config.approval.two_people),
    })?;
    Ok(Ended::done())
}

fn text(given: &Given, two_people: bool) -> String {
    let Given {
        decision,
        feed,
        fingerprint,
        changes,
        guards,
        except,
        note,
        user,
        host,
        principal,
        valid_until,
        file,
        signed,
        ..
    } = given;
    let (word, approves) = if *decision == "approve" { ("approved", true) } else { ("rejected", false) };
    let mut text = format!("{word}: {changes} changes of the plan {} of {}\n", report::shown(fingerprint), report::shown(feed));
    let by = principal.clone().unwrap_or_else(|| format!("{user}@{host}"));
    if approves && !guards.is_empty() {
        let _ = writeln!(text, "    guards: {}", report::guards(guards));
    }
    if !except.is_empty() {
        let _ = writeln!(text, "    left out: {}", report::shown(&except.join(", ")));
    }
    let until = if approves { format!(", valid until {valid_until}") } else { String::new() };
    let _ = writeln!(text, "    by {}{until}", report::shown(&by));
    if let Some(note) = note {
        let _ = writeln!(text, "    note: {}", report::shown(note));
    }
    if two_people && approves && file.is_none() {
        text.push_str("    [approval] asks for two people: another one must approve it as well\n");
    }
    let last = match file {
        Some(file) if *signed => {
            let file = file.display();
            format!("written to {file} with its signature {file}.sig; on the machine of the plan: hrpush approve --accept {file}")
        }
        Some(file) => {
            let file = file.display();
            format!("written to {file}; sign it with `ssh-keygen -Y sign -n hrpush -f KEY {file}`, which writes {file}.sig")
        }
        None if approves => "used by the next run; to carry it out now: hrpush sync".to_owned(),
        None => {
            "skipped until HR's records of these people change; for one person `hrpush decide KEY --forget` ends that".to_owned()
        }
    };
    let _ = writeln!(text, "{last}");
    text
}
