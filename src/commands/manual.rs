//! `hrpush man`: the manual as one page, or as a page for each subcommand.

use std::fmt::Write as _;
use std::path::Path;

use clap::CommandFactory as _;

use super::cli::Cli;
use super::output::print;
use crate::session::error::{Ended, Failure};

/// The files of an installation, as each page lists them.
const FILES: [(&str, &str); 4] = [
    ("hrpush.toml", "the configuration: in the working folder, or the file that --config names"),
    (".hrpush", "the state folder: beside the configuration, or the folder that --state or HRPUSH_STATE names"),
    ("/etc/hrpush/hrpush.toml", "the configuration of hrpush.service"),
    ("/var/lib/hrpush", "the state folder of hrpush.service"),
];
/// The variables that hrpush reads, apart from those that the configuration names.
const ENVIRONMENT: [(&str, &str); 6] = [
    ("HRPUSH_STATE", "the state folder, unless --state names one"),
    ("HRPUSH_ACCESS_TOKEN", "the bearer token for Graph, where no other credential is configured"),
    ("CREDENTIALS_DIRECTORY", "set by systemd for a unit with LoadCredential=; a path in hrpush.toml may begin with it"),
    ("HTTPS_PROXY, HTTP_PROXY, NO_PROXY", "the proxy for requests to Graph and to HR services"),
    (
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "the collector of OpenTelemetry that gets metrics and a span of each run, in builds with the feature otlp",
    ),
    ("NO_COLOR", "no colors, whatever the terminal can show"),
];

/// One page: the command itself, then each subcommand with its options.
pub(super) fn print_page() -> Result<Ended, Failure> {
    let page = page(&built()).map_err(|fault| Failure::cannot_run(format!("cannot write the manual: {fault}")))?;
    print(&page)?;
    Ok(Ended::done())
}

/// Writes a page for hrpush and one for each subcommand, such as `hrpush-runs-show.1`, into a folder.
pub(super) fn write_pages(folder: &Path) -> Result<Ended, Failure> {
    std::fs::create_dir_all(folder).map_err(|fault| Failure::file("create", folder, &fault))?;
    let pages = pages(&built()).map_err(|fault| Failure::cannot_run(format!("cannot write the manual: {fault}")))?;
    for (name, text) in pages {
        let file = folder.join(format!("{name}.1"));
        std::fs::write(&file, text).map_err(|fault| Failure::file("write", &file, &fault))?;
    }
    Ok(Ended::done())
}

fn built() -> clap::Command {
    let mut command = Cli::command();
    command.build();
    command
}

/// The pages by name.
fn pages(root: &clap::Command) -> std::io::Result<Vec<(String, String)>> {
    let mut pages = Vec::new();
    let mut waiting = vec![("hrpush".to_owned(), root)];
    while let Some((name, command)) = waiting.pop() {
        let subcommands = || command.get_subcommands().filter(|sub| sub.get_name() != "help");
        let mut others: Vec<String> = subcommands().map(|sub| format!("{name}-{}", sub.get_name())).collect();
        others.extend(name.rsplit_once('-').map(|(parent, _)| parent.to_owned()));
        pages.push((name.clone(), own_page(command, &name, root, &others)?));
        waiting.extend(subcommands().map(|sub| (format!("{name}-{}", sub.get_name()), sub)));
    }
    Ok(pages)
}

/// The page of one command. `others` are the pages that it refers to.
fn own_page(command: &clap::Command, name: &str, root: &clap::Command, others: &[String]) -> std::io::Result<String> {
    let bare = command.clone().display_name(name.to_owned()).after_help(None::<&str>).after_long_help(None::<&str>);
    let man = clap_mangen::Man::new(bare).title(name.to_uppercase());
    let mut start = Vec::new();
    man.render_title(&mut start)?;
    man.render_name_section(&mut start)?;
    man.render_synopsis_section(&mut start)?;
    man.render_description_section(&mut start)?;
    man.render_options_section(&mut start)?;
    let mut text = String::from_utf8_lossy(&start).into_owned();
    let help = Help::of(command);
    verbatim(&mut text, "EXAMPLES", &help.examples);
    if !help.notes.is_empty() {
        verbatim(&mut text, "NOTES", &help.notes);
    }
    let exits = if help.exits.is_empty() { Help::of(root).exits } else { help.exits };
    verbatim(&mut text, "EXIT STATUS", &exits);
    listed(&mut text, "FILES", &FILES);
    listed(&mut text, "ENVIRONMENT", &ENVIRONMENT);
    if !others.is_empty() {
        let named: Vec<String> = others.iter().map(|other| format!("\\fB{}\\fR(1)", escaped(other))).collect();
        let _ = writeln!(text, ".SH \"SEE ALSO\"\n{}", named.join(", "));
    }
    Ok(text)
}

/// The parts of what stands below the options in `--help`.
#[derive(Default)]
struct Help {
    examples: String,
    exits: String,
    notes: String,
}

impl Help {
    fn of(command: &clap::Command) -> Self {
        let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let mut help = Self::default();
        for paragraph in text.split("\n\n") {
            let (part, body) = if let Some(examples) = paragraph.strip_prefix("Examples:\n") {
                (&mut help.examples, examples)
            } else if let Some(at) = paragraph.find("Exit codes") {
                (&mut help.exits, &paragraph[at..])
            } else {
                (&mut help.notes, paragraph)
            };
            if !part.is_empty() {
                part.push_str("\n\n");
            }
            part.push_str(body);
        }
        help
    }
}

/// A section whose lines stay as they are.
fn verbatim(text: &mut String, title: &str, body: &str) {
    let _ = writeln!(text, ".SH \"{title}\"\n.nf");
    for line in body.lines() {
        let _ = writeln!(text, "{}", escaped(line));
    }
    text.push_str(".fi\n");
}

/// A section of terms with their meanings.
fn listed(text: &mut String, title: &str, terms: &[(&str, &str)]) {
    let _ = writeln!(text, ".SH \"{title}\"");
    for (term, meaning) in terms {
        let _ = writeln!(text, ".TP\n\\fB{}\\fR\n{}", escaped(term), escaped(meaning));
    }
}

/// A line that roff shows as it is: no escapes, hyphens that can be copied, and no requests.
fn escaped(line: &str) -> String {
    let line = line.replace('\\', "\\e").replace('-', "\\-");
    if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line }
}

fn page(command: &clap::Command) -> std::io::Result<String> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    let mut text = String::from_utf8_lossy(&page).into_owned();
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let (mut about, mut options) = (Vec::new(), Vec::new());
        let man = clap_mangen::Man::new(own_options(sub));
        man.render_synopsis_section(&mut about)?;
        man.render_description_section(&mut about)?;
        man.render_options_section(&mut options)?;
        let _ = writeln!(text, ".SH {}", sub.get_name().to_uppercase());
        text.push_str(&String::from_utf8_lossy(&[about, options].concat()).replace(".SH ", ".SS "));
    }
    Ok(text)
}

/// The command without the global options, which the page lists once at the top.
fn own_options(command: &clap::Command) -> clap::Command {
    let mut own = command.clone();
    let global: Vec<clap::Id> =
        command.get_arguments().filter(|arg| arg.is_global_set()).map(|arg| arg.get_id().clone()).collect();
    for id in global {
        own = own.mut_arg(id, |arg| arg.hide(true));
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_has_a_page_with_every_section() {
        let pages = pages(&built()).unwrap();
        let names: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
        for name in ["hrpush", "hrpush-sync", "hrpush-runs-show", "hrpush-mapping-check"] {
            assert!(names.contains(&name), "{name}: {names:?}");
        }
        for (name, text) in &pages {
            for section in ["NAME", "SYNOPSIS", "OPTIONS", "\"EXAMPLES\"", "\"EXIT STATUS\"", "\"FILES\"", "\"ENVIRONMENT\""] {
                assert!(text.contains(&format!(".SH {section}\n")), "{name} has no {section}:\n{text}");
            }
            assert!(!text.contains("\"EXAMPLES\"\n.nf\n.fi"), "{name} has no example");
            assert!(
                text.contains(&format!(".TH {} 1", name.to_uppercase())),
                "{name}: {}",
                text.lines().take(3).collect::<String>()
            );
        }
    }

    #[test]
    fn lines_are_shown_as_they_are() {
        assert_eq!(escaped(".a \\ --b"), "\\&.a \\e \\-\\-b");
        assert_eq!(escaped("a.b"), "a.b");
    }
}
