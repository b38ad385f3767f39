//! The first configuration and mapping, guessed from a file.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::error::Failure;
use super::first_look::{FirstLook, look};
use super::output::{write_new, write_private};
use crate::config;
use crate::mapping::{self, Guess, GuessError, Mapping};
use crate::record::Header;
use crate::report::shown;

/// A configuration and a mapping that were just written.
pub(crate) struct Setup {
    pub(crate) config: PathBuf,
    pub(crate) mapping: PathBuf,
    pub(crate) look: FirstLook,
    pub(crate) guess: Guess,
}

/// What happens to files that exist where the new ones go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// They are an error, and nothing is written.
    Refuse,
    /// They are overwritten, because the user asked for it.
    Replace,
}

/// Guesses a mapping from a file, and writes it and a configuration beside each other.
pub(crate) fn from_file(file: &Path, config: PathBuf, key: Option<&str>, existing: Existing) -> Result<Setup, Failure> {
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or("hr");
    let (folder, mapping) = new_files(&config, &format!("{stem}.mapping.toml"), existing)?;
    let look = look(file)?;
    let mut guess = mapping::guess(stem, &look.header, &look.records, key)
        .map_err(|error| Failure::usage(format!("{}: {error}\n  hint: {}", file.display(), way_out(file, &error))))?;
    // A fault of the guess is reported first, and does not keep the user from the file that has to be corrected.
    guess.alarms.extend(check(&guess.text, &mapping, &look.header).err());
    let name = mapping.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let settings = settings_text(&beside(file, &folder)?, &name, &look, guess.rows.as_deref());
    config::parse(&settings, &config)
        .map_err(|error| Failure::cannot_run(format!("the guessed configuration has a fault: {error}")))?;
    match existing {
        Existing::Replace => {
            write_private(&mapping, &guess.text)?;
            write_private(&config, &settings)?;
        }
        Existing::Refuse => {
            write_new(&mapping, &guess.text)?;
            write_new(&config, &settings).inspect_err(|_| drop(std::fs::remove_file(&mapping)))?;
        }
    }
    Ok(Setup { config, mapping, look, guess })
}

/// The folder of the configuration, and the path of the mapping in it.
pub(crate) fn new_files(config: &Path, mapping: &str, existing: Existing) -> Result<(PathBuf, PathBuf), Failure> {
    let folder = config.parent().unwrap_or(Path::new("")).to_owned();
    let mapping = folder.join(mapping);
    for path in [config, mapping.as_path()] {
        if existing == Existing::Refuse && path.exists() {
            return Err(Failure::usage(format!(
                "{} already exists\n  hint: `--force` replaces it; `--config` writes to another place",
                path.display()
            )));
        }
    }
    Ok((folder, mapping))
}

fn way_out(file: &Path, fault: &GuessError) -> String {
    match fault {
        GuessError::NoKey { .. } | GuessError::NoColumn { .. } => format!(
            "ask HR for the column with the number of a person that never changes, then: hrpush init {} --key COLUMN",
            argument(file)
        ),
        GuessError::Unwritable { .. } => "ask HR to rename that column".to_owned(),
    }
}

/// Checks the guess against the file, like any mapping.
fn check(text: &str, path: &Path, header: &Header) -> Result<(), String> {
    let wrong = |fault: &dyn std::fmt::Display| format!("the guessed mapping has a fault, correct that line: {fault}");
    let mapping = Mapping::parse(text, path).map_err(|fault| wrong(&fault))?;
    mapping.bind(header).map(drop).map_err(|fault| wrong(&fault))
}

/// The path for hrpush.toml: relative if the file is in the same folder.
fn beside(file: &Path, folder: &Path) -> Result<PathBuf, Failure> {
    let absolute = |path: &Path| std::path::absolute(path).map_err(|fault| Failure::file("find", path, &fault));
    let whole = absolute(file)?;
    let folder = if folder.as_os_str().is_empty() { absolute(Path::new("."))? } else { absolute(folder)? };
    Ok(whole.strip_prefix(&folder).map(Path::to_path_buf).unwrap_or(whole))
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn settings_text(file: &Path, mapping: &str, look: &FirstLook, rows: Option<&str>) -> String {
    let mut text = String::from(
        "# Without [tenant] the embedded sandbox is used. See the README for the app registration.\n\
         # [tenant]\n# id   = \"contoso.onmicrosoft.com\"\n\
         # auth = { method = \"client-secret\", client_id = \"…\", secret_env = \"HRPUSH_CLIENT_SECRET\" }\n\n[source]\n",
    );
    for note in &look.notes {
        let _ = writeln!(text, "# {}", shown(note.text()));
    }
    let _ = writeln!(text, "kind    = {}", quoted(if look.is_workbook { "xlsx" } else { "csv" }));
    let _ = writeln!(text, "path    = {}   # * takes the newest match", quoted(&file.to_string_lossy()));
    let _ = writeln!(text, "mapping = {}", quoted(mapping));
    let csv = &look.settings.csv;
    if csv.skip_lines > 0 {
        let _ = writeln!(text, "skip_lines  = {}   # the lines above the header", csv.skip_lines);
    }
    if csv.skip_footer > 0 {
        let _ =
            writeln!(text, "skip_footer = {}   # the rows below the data: {}", csv.skip_footer, shown(&look.footer.join(" / ")));
    }
    if let Some(rows) = rows {
        let _ = write!(text, "\n{rows}");
    }
    text.push_str("\n[protect]\nusers  = []        # put the break-glass accounts here\ngroups = []\n");
    text
}

/// A path as a word of a command line.
pub(crate) fn argument(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = text.chars().all(|character| character.is_alphanumeric() || "/\\.-_:+,".contains(character));
    if plain { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
