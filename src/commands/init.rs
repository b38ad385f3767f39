//! `hrpush init`: hrpush.toml and a mapping, guessed from a file.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::cli::{Common, Init};
use super::exit::{Ended, Failure};
use super::files::{print, write_new, write_private};
use crate::mapping::{self, Guess, GuessError, Mapping};
use crate::record::{Header, Record};
use crate::report::shown;
use crate::source::{self, Arrival, FaultKind, Fetched, FileSettings};

pub(super) fn init(common: &Common, args: &Init) -> Result<Ended, Failure> {
    if let Some(preset) = &args.preset {
        return super::init_preset::init(common, preset, args.force);
    }
    let file = args.file.as_deref().ok_or_else(|| Failure::usage("name a file, or a preset with --preset"))?;
    let config = common.config.clone().unwrap_or_else(|| "hrpush.toml".into());
    let folder = config.parent().unwrap_or(Path::new("")).to_owned();
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or("hr");
    let mapping = folder.join(format!("{stem}.mapping.toml"));
    if !args.force {
        refuse_existing(&[&config, &mapping])?;
    }
    let look = look(file)?;
    let guess = mapping::guess(stem, &look.header, &look.records, args.key.as_deref())
        .map_err(|fault| Failure::usage(format!("{}: {fault}\n  hint: {}", file.display(), way_out(file, &fault))))?;
    let fault = check(&guess.text, &mapping, &look.header).err();
    let name = mapping.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let settings = settings_text(&beside(file, &folder)?, &name, &look, guess.rows.as_deref());
    crate::config::parse(&settings, &config)
        .map_err(|fault| Failure::CannotRun(format!("the guessed configuration has a fault: {fault}")))?;
    if args.force {
        write_private(&mapping, &guess.text)?;
        write_private(&config, &settings)?;
    } else {
        write_new(&mapping, &guess.text)?;
        write_new(&config, &settings).inspect_err(|_| drop(std::fs::remove_file(&mapping)))?;
    }
    let mut guess = guess;
    guess.alarms.extend(fault);
    print(&story(common, file, (&config, &mapping), &look, &guess))?;
    Ok(Ended::done())
}

/// What init has written or somebody has changed is replaced on request only.
pub(super) fn refuse_existing(paths: &[&Path]) -> Result<(), Failure> {
    match paths.iter().find(|path| path.exists()) {
        Some(path) => Err(Failure::usage(format!(
            "{} already exists\n  hint: `--force` replaces it; `--config` writes to another place",
            path.display()
        ))),
        None => Ok(()),
    }
}

fn way_out(file: &Path, fault: &GuessError) -> String {
    match fault {
        GuessError::NoKey { .. } | GuessError::NoColumn { .. } => format!(
            "ask HR which column has the number of a person that never changes, then: hrpush init {} --key COLUMN",
            argument(file)
        ),
        GuessError::Unwritable { .. } => "let HR rename that column".to_owned(),
    }
}

/// A first look into a file of which nothing is known.
struct Look {
    header: Arc<Header>,
    records: Vec<Record>,
    told: Vec<String>,
    settings: FileSettings,
    /// The rows below the data that are left out, as texts.
    footer: Vec<String>,
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
        return Ok(Look { header: Arc::new(header), records: Vec::new(), told: Vec::new(), settings: plain, footer: Vec::new() });
    }
    let about_the_shape = |kind: &FaultKind| {
        matches!(
            kind,
            FaultKind::Ragged { .. }
                | FaultKind::Unnamed
                | FaultKind::Beside { .. }
                | FaultKind::Nameless { .. }
                | FaultKind::Total
                | FaultKind::DuplicateHeader { .. }
        )
    };
    if errors.faults.iter().all(|fault| about_the_shape(&fault.kind)) {
        let footers = (1..=3).map(|footer| (0, footer));
        for (lines, footer) in footers.chain((1..=12).flat_map(|lines| (0..=3).map(move |footer| (lines, footer)))) {
            if let Some(look) = try_below(&files, &plain, lines, footer) {
                return Ok(look);
            }
        }
    }
    Err(Failure::usage(errors))
}

/// The reading without so many lines above the header and rows below the data, where none of them can be a person or the header.
fn try_below(files: &[Fetched], plain: &FileSettings, lines: u64, footer: u64) -> Option<Look> {
    let with = |skip_lines, skip_footer| {
        let mut settings = plain.clone();
        (settings.csv.skip_lines, settings.csv.skip_footer) = (skip_lines, skip_footer);
        (settings.sheet.skip_lines, settings.sheet.skip_footer) = (skip_lines, skip_footer);
        settings
    };
    let cells = |line| source::header_in(&files[0], &with(line, 0)).unwrap_or_default();
    let is_header = |cells: &[String]| mapping::looks_like_header(cells.iter().map(String::as_str));
    if !is_header(&cells(lines)) || (0..lines).any(|line| is_header(&cells(line))) {
        return None;
    }
    let mut rows = Vec::new();
    if footer > 0 {
        // Each row that is left out must be one that cannot be read: a row of the right shape may be a person.
        let errors = try_with(files, with(lines, 0)).err()?;
        for fault in &errors.faults {
            rows.push(cells(fault.spot.line?.checked_sub(1)?));
        }
        if rows.len() as u64 != footer || !rows.iter().all(|cells| is_footer(cells)) {
            return None;
        }
    }
    let look = try_with(files, with(lines, footer)).ok().filter(|look| look.header.len() > 2)?;
    Some(Look { footer: rows.iter().map(|cells| cells.join(" ").trim().to_owned()).collect(), ..look })
}

/// Whether a row below the data says something of the data: a person whose row was cut off looks much like it, so in doubt it is none.
fn is_footer(cells: &[String]) -> bool {
    const WORDS: [&str; 36] = [
        "total",
        "totals",
        "sum",
        "summe",
        "summa",
        "gesamt",
        "insgesamt",
        "anzahl",
        "count",
        "end",
        "ende",
        "eof",
        "fin",
        "final",
        "record",
        "records",
        "rows",
        "zeilen",
        "datensatze",
        "stand",
        "page",
        "seite",
        "pagina",
        "generated",
        "erstellt",
        "exported",
        "report",
        "bericht",
        "nombre",
        "totale",
        "suma",
        "antal",
        "antall",
        "celkem",
        "razem",
        "printed",
    ];
    let filled: Vec<&str> = cells.iter().map(|cell| cell.trim()).filter(|cell| !cell.is_empty()).collect();
    let Some(first) = filled.first() else { return false };
    if first.starts_with(['*', '-', '=', '#', '_', '~', '<', '(']) {
        return true;
    }
    let word = first.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_lowercase();
    // A surname may be such a word; what stands beside it is then a name and no number.
    let counts = filled.len() == 1 || filled.iter().skip(1).any(|cell| cell.starts_with(|c: char| c.is_ascii_digit()));
    WORDS.contains(&word.as_str()) && counts
}

fn try_with(files: &[Fetched], settings: FileSettings) -> Result<Look, source::SourceErrors> {
    let reading = source::read_fetched(files.to_vec(), &settings)?;
    Ok(Look { header: reading.header, records: reading.records.into_held()?, told: reading.told, settings, footer: Vec::new() })
}

/// The guess is held against the file by the same checker that every mapping meets.
fn check(text: &str, path: &Path, header: &Header) -> Result<(), String> {
    let wrong = |fault: &dyn std::fmt::Display| format!("the guessed mapping has a fault, correct that line: {fault}");
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
        let _ =
            writeln!(text, "skip_footer = {}   # the rows below the data: {}", csv.skip_footer, shown(&look.footer.join(" / ")));
    }
    if let Some(rows) = rows {
        let _ = write!(text, "\n{rows}");
    }
    text.push_str("\n[protect]\nusers  = []        # put the break-glass accounts here\ngroups = []\n");
    text
}

fn story(common: &Common, file: &Path, (config, mapping): (&Path, &Path), look: &Look, guess: &Guess) -> String {
    let mut text = String::new();
    for alarm in &guess.alarms {
        let _ = writeln!(text, "ATTENTION: {}", shown(alarm));
    }
    for told in &look.told {
        let _ = writeln!(text, "{}", shown(told));
    }
    let _ = writeln!(text, "{} records, {} columns", look.records.len(), look.header.len());
    for note in &guess.notes {
        let _ = writeln!(text, "look at: {}", shown(note));
    }
    let _ = writeln!(text, "wrote {} and {}", config.display(), mapping.display());
    let _ = writeln!(text, "\nThese guesses decide who works here. Check each of them before the first run:");
    for decision in skipped(look).iter().chain(&guess.decisions) {
        let _ = writeln!(text, "  - {}", shown(decision));
    }
    let option = common.config.as_ref().map(|path| format!(" --config {}", argument(path))).unwrap_or_default();
    let _ = writeln!(text, "\nnext: read both files, then\n  hrpush import {} --dry-run{option}", argument(file));
    text
}

/// What is left out of the file.
fn skipped(look: &Look) -> Vec<String> {
    let csv = &look.settings.csv;
    let mut lines = Vec::new();
    if csv.skip_lines > 0 {
        lines.push(format!(
            "`skip_lines = {}`: the header is the row below {} lines that are left out",
            csv.skip_lines, csv.skip_lines
        ));
    }
    if csv.skip_footer > 0 {
        let rows: Vec<String> = look.footer.iter().map(|row| format!("\"{row}\"")).collect();
        lines.push(format!(
            "`skip_footer = {}`: each reading leaves out so many rows at its end, here {}; a file without them would lose people",
            csv.skip_footer,
            rows.join(", ")
        ));
    }
    lines
}

/// A path as a shell takes it.
fn argument(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = text.chars().all(|character| character.is_alphanumeric() || "/\\.-_:+,".contains(character));
    if plain { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
