//! `hrpush init`: writes hrpush.toml and a mapping, and prints what was guessed.

use std::fmt::Write as _;
use std::path::Path;

use super::cli::{Common, Init};
use super::output::print;
use crate::mapping;
use crate::report::shown;
use crate::session::error::{Ended, Failure};
use crate::session::first_look::FirstLook;
use crate::session::preset_setup::{self, PresetSetup};
use crate::session::presets::Preset;
use crate::session::setup::{self, Existing, Setup, argument};

pub(super) fn init(common: &Common, args: &Init) -> Result<Ended, Failure> {
    let config = common.config.clone().unwrap_or_else(|| "hrpush.toml".into());
    let existing = if args.force { Existing::Replace } else { Existing::Refuse };
    if let Some(name) = &args.preset {
        let PresetSetup { preset, mapping } = preset_setup::from_preset(name, &config, existing)?;
        print(&format!("wrote {} and {}\n{}", config.display(), mapping.display(), next(&preset)))?;
        return Ok(Ended::done());
    }
    let file = args.file.as_deref().ok_or_else(|| Failure::usage("name a file, or a preset with --preset"))?;
    let setup = setup::from_file(file, config, args.key.as_deref(), existing)?;
    print(&story(common, file, &setup))?;
    Ok(Ended::done())
}

fn story(common: &Common, file: &Path, setup: &Setup) -> String {
    let Setup { config, mapping, look, guess } = setup;
    let mut text = String::new();
    for alarm in &guess.alarms {
        let _ = writeln!(text, "ATTENTION: {}", shown(alarm));
    }
    for note in &look.notes {
        let _ = writeln!(text, "{}", shown(note.text()));
    }
    let _ = writeln!(text, "{} records, {} columns", look.records.len(), look.header.len());
    for note in &guess.notes {
        let _ = writeln!(text, "check: {}", shown(note));
    }
    let _ = writeln!(text, "wrote {} and {}", config.display(), mapping.display());
    let _ =
        writeln!(text, "\nThese guesses decide which people count as active employees. Check each of them before the first run:");
    for decision in skipped(look).iter().chain(&guess.decisions) {
        let _ = writeln!(text, "  - {}", shown(decision));
    }
    let option = common.config.as_ref().map(|path| format!(" --config {}", argument(path))).unwrap_or_default();
    let _ = writeln!(text, "\nnext: review both files, then run\n  hrpush import {} --dry-run{option}", argument(file));
    text
}

/// The lines and rows of the file that are skipped.
fn skipped(look: &FirstLook) -> Vec<String> {
    let csv = &look.settings.csv;
    let mut lines = Vec::new();
    if csv.skip_lines > 0 {
        lines.push(format!("`skip_lines = {}`: the header is the row below {} skipped lines", csv.skip_lines, csv.skip_lines));
    }
    if csv.skip_footer > 0 {
        let rows: Vec<String> = look.footer.iter().map(|row| format!("\"{row}\"")).collect();
        lines.push(format!(
            "`skip_footer = {}`: each reading skips this many rows at its end, here {}; a file without them would lose people",
            csv.skip_footer,
            rows.join(", ")
        ));
    }
    lines
}

fn next(preset: &Preset) -> String {
    if mapping::is_pushed(preset.name) {
        return format!(
            "next: `hrpush serve token new --feed {}` prints a token for the sender, and `hrpush serve` listens; \
             then `hrpush records` shows what was pushed\n",
            preset.system
        );
    }
    let mut text = String::from("next:");
    if !preset.values.is_empty() {
        let _ = write!(text, " fill in {};", preset.values.join(", "));
    }
    if !preset.secrets.is_empty() {
        let _ = write!(text, " set {};", preset.secrets.join(", "));
    }
    text.push_str(" then `hrpush records` shows the records, and `hrpush plan` what would change\n");
    text
}
