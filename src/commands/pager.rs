//! Long texts on a terminal, through a pager as git does it.

use std::io::{IsTerminal as _, Write as _};
use std::process::{Command, Stdio};

use super::output::print;
use crate::session::error::Failure;

/// What `less` does unless the user has set it: quit if one screen is enough, keep colors, leave the text on the screen.
const LESS: &str = "FRX";
/// The exit code of a shell that knows no such command.
const UNKNOWN_COMMAND: i32 = 127;

/// Prints a text, through the user's pager where stdout is a terminal.
pub(super) fn page(text: &str, allowed: bool) -> Result<(), Failure> {
    let variable = |name: &str| std::env::var(name).ok();
    let is_terminal = std::io::stdout().is_terminal();
    match chosen(variable("HRPUSH_PAGER"), variable("PAGER")).filter(|_| allowed && is_terminal) {
        Some(pager) if shown_by(&pager, text) => Ok(()),
        _ => print(text),
    }
}

/// The pager: an empty variable and `cat` mean none.
fn chosen(own: Option<String>, common: Option<String>) -> Option<String> {
    let pager = own.or(common).unwrap_or_else(|| "less".to_owned());
    Some(pager.trim().to_owned()).filter(|pager| !pager.is_empty() && pager != "cat")
}

/// Runs the pager until the reader leaves it. Returns whether there is such a pager.
fn shown_by(pager: &str, text: &str) -> bool {
    let mut command = shell(pager);
    if std::env::var_os("LESS").is_none() {
        command.env("LESS", LESS);
    }
    let Ok(mut child) = command.stdin(Stdio::piped()).spawn() else { return false };
    if let Some(mut stdin) = child.stdin.take() {
        let plain = anstream::AutoStream::choice(&std::io::stdout()) == anstream::ColorChoice::Never;
        let text = if plain { anstream::adapter::strip_str(text).to_string() } else { text.to_owned() };
        // Leaving the pager early closes the pipe.
        let _written = stdin.write_all(text.as_bytes());
    }
    child.wait().is_ok_and(|status| status.code() != Some(UNKNOWN_COMMAND))
}

#[cfg(unix)]
fn shell(pager: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", pager]);
    command
}

#[cfg(not(unix))]
fn shell(pager: &str) -> Command {
    let mut command = Command::new("cmd");
    command.args(["/C", pager]);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_variable_wins_and_an_empty_one_or_cat_means_no_pager() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(chosen(None, None).as_deref(), Some("less"));
        assert_eq!(chosen(text("most"), text("more")).as_deref(), Some("most"));
        assert_eq!(chosen(None, text("more -s")).as_deref(), Some("more -s"));
        assert_eq!((chosen(text(""), text("more")), chosen(text("cat"), None)), (None, None));
    }

    #[cfg(unix)]
    #[test]
    fn an_unknown_pager_is_noticed() {
        assert!(!shown_by("no-such-pager-of-hrpush 2>/dev/null", "text\n"));
        assert!(shown_by("grep -q text", "text\n"));
    }
}
