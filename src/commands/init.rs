//! `hrpush init`: hrpush.toml and a mapping, guessed from a file.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::cli::{Common, Init};
use super::exit::{Ended, Failure};
use super::files::{print, write_new};
use crate::mapping::{self, Mapping};
use crate::record::{Header, Record};
use crate::report::shown;
use crate::source::{self, Arrival, FaultKind, Fetched, FileSettings};

pub(super) fn init(common: &Common, args: &Init) -> Result<Ended, Failure> {
    if let Some(preset) = &args.preset {
        return super::init_preset::init(common, preset);
    }
    let file = args.file.as_deref().ok_or_else(|| Failure::usage("name a file, or a preset with --preset"))?;
    let config = common.config.clone().unwrap_or_else(|| "hrpush.toml".into());
    let folder = config.parent().unwrap_or(Path::new("")).to_owned();
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or("hr");
    let mapping = folder.join(format!("{stem}.mapping.toml"));
    for path in [&config, &mapping] {
        if path.exists() {
            return Err(Failure::usage(format!("{} is there already\n  hint: move it away first", path.display())));
        }
    }
    let look = look(file)?;
    let guess = mapping::guess(stem, &look.header, &look.records).map_err(|fault| {
        Failure::usage(format!(
            "{}: {}\n  hint: write a mapping by hand, the README shows one",
            file.display(),
            shown(&fault.to_string())
        ))
    })?;
    check(&guess.text, &mapping, &look.header)?;
    let name = mapping.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let settings = settings_text(&beside(file, &folder)?, &name, &look, guess.rows.as_deref());
    crate::config::parse(&settings, &config)
        .map_err(|fault| Failure::CannotRun(format!("the guessed configuration has a fault: {fault}")))?;
    write_new(&mapping, &guess.text)?;
    write_new(&config, &settings).inspect_err(|_| drop(std::fs::remove_file(&mapping)))?;
    print(&story(common, file, &config, &mapping, &look, &guess.notes))?;
    Ok(Ended::done())
}

/// A first look into a file of which nothing is known.
struct Look {
    header: Arc<Header>,
    records: Vec<Record>,
    told: Vec<String>,
    settings: FileSettings,
}

/// Reads the file; where titles stand above its header or totals below its data, finds out how many.
fn look(file: &Path) -> Result<Look, Failure> {
    let plain = FileSettings::default();
    let files = source::open(&[file.to_path_buf()], &Arrival::default(), plain.unpack.max_bytes, SystemTime::now());
    let files = files.map_err(Failure::usage)?;
    let errors = match try_with(&files, plain.clone()) {
        Ok(look) => return Ok(look),
        Err(errors) => errors,
    };
    if errors.faults.iter().all(|fault| fault.kind == FaultKind::NoRecords) {
        let names = source::header_in(&files[0], &plain).map_err(Failure::usage)?;
        let header = Header::new(names).map_err(|name| Failure::usage(format!("the column `{}` stands twice", shown(&name))))?;
        return Ok(Look { header: Arc::new(header), records: Vec::new(), told: Vec::new(), settings: plain });
    }
    let about_the_shape =
        |kind: &FaultKind| matches!(kind, FaultKind::Ragged { .. } | FaultKind::Unnamed | FaultKind::DuplicateHeader { .. });
    if errors.faults.iter().all(|fault| about_the_shape(&fault.kind)) {
        for (skip_lines, skip_footer) in
            (1..=12).flat_map(|lines| (0..=3).map(move |footer| (lines, footer))).chain((1..=3).map(|footer| (0, footer)))
        {
            let mut settings = plain.clone();
            (settings.csv.skip_lines, settings.csv.skip_footer) = (skip_lines, skip_footer);
            (settings.sheet.skip_lines, settings.sheet.skip_footer) = (skip_lines, skip_footer);
            if let Ok(look) = try_with(&files, settings)
                && look.header.len() > 2
                && mapping::guess("", &look.header, &[]).is_ok()
            {
                return Ok(look);
            }
        }
    }
    Err(Failure::usage(errors))
}

fn try_with(files: &[Fetched], settings: FileSettings) -> Result<Look, source::SourceErrors> {
    let reading = source::read_fetched(files.to_vec(), &settings)?;
    Ok(Look { header: reading.header, records: reading.records.into_held()?, told: reading.told, settings })
}

/// The guess is held against the file by the same checker that every mapping meets.
fn check(text: &str, path: &Path, header: &Header) -> Result<(), Failure> {
    let wrong = |fault: &dyn std::fmt::Display| Failure::CannotRun(format!("the guessed mapping has a fault: {fault}"));
    let mapping = Mapping::parse(text, path).map_err(|fault| wrong(&fault))?;
    mapping.bind(header).map(drop).map_err(|fault| wrong(&fault))
}

/// The path as hrpush.toml names it: relative where the file lies beside it.
fn beside(file: &Path, folder: &Path) -> Result<PathBuf, Failure> {
    let absolute = |path: &Path| std::path::absolute(path).map_err(|fault| Failure::file("find", path, &fault));
    let whole = absolute(file)?;
    let folder = if folder.as_os_str().is_empty() { absolute(Path::new("."))? } else { absolute(folder)? };
    Ok(whole.strip_prefix(&folder).map(Path::to_path_buf).unwrap_or(whole))
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn settings_text(file: &Path, mapping: &str, look: &Look, rows: Option<&str>) -> String {
    let mut text = String::from(
        "# Without [tenant] the embedded sandbox is used. See the README for the app registration.\n\
         # [tenant]\n# id   = \"contoso.onmicrosoft.com\"\n\
         # auth = { method = \"client-secret\", client_id = \"…\", secret_env = \"HRPUSH_CLIENT_SECRET\" }\n\n[source]\n",
    );
    for told in &look.told {
        let _ = writeln!(text, "# {}", shown(told));
    }
    let is_workbook = look.told.iter().any(|told| told.contains(": sheet `"));
    let _ = writeln!(text, "kind    = {}", quoted(if is_workbook { "xlsx" } else { "csv" }));
    let _ = writeln!(text, "path    = {}   # * takes the newest match", quoted(&file.to_string_lossy()));
    let _ = writeln!(text, "mapping = {}", quoted(mapping));
    let csv = &look.settings.csv;
    if csv.skip_lines > 0 {
        let _ = writeln!(text, "skip_lines  = {}   # the lines above the header", csv.skip_lines);
    }
    if csv.skip_footer > 0 {
        let _ = writeln!(text, "skip_footer = {}   # the rows below the data", csv.skip_footer);
    }
    if let Some(rows) = rows {
        let _ = write!(text, "\n{rows}");
    }
    text.push_str("\n[protect]\nusers  = []        # put the break-glass accounts here\ngroups = []\n");
    text
}

fn story(common: &Common, file: &Path, config: &Path, mapping: &Path, look: &Look, notes: &[String]) -> String {
    let mut text = String::new();
    for told in &look.told {
        let _ = writeln!(text, "{}", shown(told));
    }
    let _ = writeln!(text, "{} records, {} columns", look.records.len(), look.header.len());
    for note in notes {
        let _ = writeln!(text, "look at: {}", shown(note));
    }
    let _ = writeln!(text, "wrote {} and {}", config.display(), mapping.display());
    let option = common.config.as_ref().map(|path| format!(" --config {}", argument(path))).unwrap_or_default();
    let _ = writeln!(text, "next: read both, then\n  hrpush import {} --dry-run{option}", argument(file));
    text
}

/// A path as a shell takes it.
fn argument(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = text.chars().all(|character| character.is_alphanumeric() || "/\\.-_:+,".contains(character));
    if plain { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
