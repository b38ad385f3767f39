//! The reading of a run and the mapping that fits it.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::cli::MapArgs;
use super::exit::Failure;
use super::service;
use super::settings::Settings;
use crate::config::{FileSource, PlaceConfig, SecretFrom, SourceKind};
use crate::mapping::{self, BoundMapping, Mapping};
use crate::source::remote::Remote;
use crate::source::sql::Database;
use crate::source::{self, Arrival, CsvSettings, Fetched, FileSettings, Reading, Source, SourceErrors};

/// A whole reading with the mapping held against its columns.
pub(super) struct Read {
    pub(super) reading: Reading,
    pub(super) mapping: Mapping,
    pub(super) bound: BoundMapping,
    /// The files that a good run moves away, and where to.
    pub(super) delivery: Option<Delivery>,
    /// Whether the same reading a second time is refused.
    pub(super) refuse_repeated: bool,
    /// Whether a system was asked: that it gives the same answer twice is no mistake of anybody.
    pub(super) asked: bool,
}

/// Files that were delivered for one run.
pub(super) struct Delivery {
    pub(super) files: Vec<PathBuf>,
    pub(super) move_to: PathBuf,
}

/// Reads the files, or the configured source where none are named.
pub(super) async fn read(settings: &Settings, files: &[PathBuf], map: &MapArgs) -> Result<Read, Failure> {
    let configured = settings.config.source.as_ref();
    if files.is_empty()
        && let Some(SourceKind::Rest(source)) = configured.map(|source| &source.kind)
    {
        return service::read(settings, source, map).await;
    }
    let named = map.mapping.as_deref().or_else(|| configured.and_then(|source| source.mapping.as_deref()));
    if let Some(source) = asked(settings, files)? {
        let reading = ask(source.as_ref()).await?;
        let mapping = match named {
            Some(path) => load(path)?,
            None => fitting_columns(&reading)?,
        };
        let bound = mapping.bind(&reading.header).map_err(Failure::usage)?;
        return Ok(Read { reading, mapping, bound, delivery: None, refuse_repeated: false, asked: true });
    }
    let source = file_source(settings, files, map.mapping.is_some())?;
    let opened = open(&source).await?;
    let mapping = match named {
        Some(path) => load(path)?,
        None => fitting(&opened, &source)?,
    };
    let day = map.as_of.unwrap_or_else(|| jiff::Timestamp::now().to_zoned(mapping.time_zone().clone()).date());
    let delivery = source.move_to.clone().map(|move_to| Delivery { files: opened.paths(), move_to });
    let reading = assemble(opened, &source, mapping.csv(), day, mapping.time_zone())?;
    let bound = mapping.bind(&reading.header).map_err(Failure::usage)?;
    Ok(Read { reading, mapping, bound, delivery, refuse_repeated: source.refuse_repeated, asked: false })
}

/// The same without a mapping, for a first look.
pub(super) async fn read_plainly(settings: &Settings, files: &[PathBuf], day: Date) -> Result<Reading, Failure> {
    if files.is_empty()
        && let Some(SourceKind::Rest(source)) = settings.config.source.as_ref().map(|source| &source.kind)
    {
        return service::read_plainly(settings, source, day).await;
    }
    if let Some(source) = asked(settings, files)? {
        return ask(source.as_ref()).await;
    }
    let source = file_source(settings, files, false)?;
    assemble(open(&source).await?, &source, CsvSettings::default(), day, &TimeZone::UTC)
}

/// The configured source where it is one that is asked, not a file that is opened, and where no files are named instead.
fn asked(settings: &Settings, files: &[PathBuf]) -> Result<Option<Box<dyn Source>>, Failure> {
    if !files.is_empty() {
        return Ok(None);
    }
    Ok(match settings.config.source.as_ref().map(|source| &source.kind) {
        Some(SourceKind::Sql(sql)) => {
            let secret = sql.secret.as_ref().map(SecretFrom::read).transpose().map_err(|fault| Failure::cannot(&fault))?;
            Some(Box::new(Database { settings: sql.settings.clone(), secret }))
        }
        _ => None,
    })
}

pub(super) async fn ask(source: &dyn Source) -> Result<Reading, Failure> {
    source.read().await.map_err(unread)
}

/// A fault of the source, with the exit code that it asks for.
fn unread(errors: SourceErrors) -> Failure {
    if errors.exit_code() == 1 { Failure::CannotRun(errors.to_string()) } else { Failure::usage(errors) }
}

/// The built-in mapping that fits the columns of a reading.
pub(super) fn fitting_columns(reading: &Reading) -> Result<Mapping, Failure> {
    let columns: Vec<&str> = reading.header.names().collect();
    let (file, text) = mapping::choose(&columns).map_err(|fault| Failure::usage(format!("{}: {fault}", reading.name)))?;
    Mapping::parse(text, Path::new(file)).map_err(Failure::usage)
}

/// The configured files; those that are named instead of them are read by the same rules, but as they lie.
fn file_source(settings: &Settings, files: &[PathBuf], other_mapping: bool) -> Result<FileSource, Failure> {
    let configured = match settings.config.source.as_ref().map(|source| &source.kind) {
        Some(SourceKind::Files(source)) => Some(source.as_ref().clone()),
        _ => None,
    };
    if files.is_empty() {
        return configured
            .ok_or_else(|| Failure::usage("there is nothing to read\n  hint: name a file, or set [source] in hrpush.toml"));
    }
    let plain = FileSource {
        paths: Vec::new(),
        place: None,
        settings: FileSettings::default(),
        arrival: Arrival::default(),
        joins: Vec::new(),
        rows: None,
        move_to: None,
        refuse_repeated: false,
    };
    let rules = configured.filter(|_| !other_mapping).unwrap_or_else(|| plain.clone());
    Ok(FileSource { paths: files.to_vec(), place: None, arrival: plain.arrival, move_to: None, refuse_repeated: false, ..rules })
}

/// The bytes of every file of a source.
struct Opened {
    files: Vec<Fetched>,
    joined: Vec<Fetched>,
}

impl Opened {
    fn paths(&self) -> Vec<PathBuf> {
        self.files.iter().chain(&self.joined).filter_map(|file| file.path.clone()).collect()
    }
}

async fn open(source: &FileSource) -> Result<Opened, Failure> {
    let now = SystemTime::now();
    let open = |paths: &[PathBuf], settings: &FileSettings| {
        source::open(paths, &source.arrival, settings.unpack.max_bytes, now).map_err(Failure::usage)
    };
    let files = match &source.place {
        Some(place) => vec![fetch(place, source, now).await?],
        None => open(&source.paths, &source.settings)?,
    };
    let mut joined = Vec::new();
    for join in &source.joins {
        joined.extend(open(std::slice::from_ref(&join.path), &join.settings)?);
    }
    Ok(Opened { files, joined })
}

/// Fetches the file of a place elsewhere.
async fn fetch(config: &PlaceConfig, source: &FileSource, now: SystemTime) -> Result<Fetched, Failure> {
    let read =
        |secret: &Option<SecretFrom>| secret.as_ref().map(SecretFrom::read).transpose().map_err(|fault| Failure::cannot(&fault));
    let remote = Remote { place: config.place.clone(), secret: read(&config.secret)?, passphrase: read(&config.passphrase)? };
    let fetched = remote.fetch(&source.arrival, source.settings.unpack.max_bytes, now).await.map_err(unread)?;
    tracing::info!("{} was fetched from {}", crate::report::shown(&fetched.name), crate::report::shown(&config.place.shown));
    Ok(fetched)
}

/// The built-in mapping that fits the header.
fn fitting(opened: &Opened, source: &FileSource) -> Result<Mapping, Failure> {
    let mut columns = source::header_in(&opened.files[0], &source.settings).map_err(Failure::usage)?;
    for (file, join) in opened.joined.iter().zip(&source.joins) {
        let added = source::header_in(file, &join.settings).map_err(Failure::usage)?;
        columns.extend(added.into_iter().map(|name| format!("{}{name}", join.rule.prefix)));
    }
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let (file, text) = mapping::choose(&columns).map_err(|fault| {
        // A file that cannot be read whole has a greater trouble than the names of its columns.
        let broken = source::read_fetched(opened.files.clone(), &source.settings).err().map(Failure::usage);
        broken.unwrap_or_else(|| Failure::usage(format!("{}: {fault}", opened.files[0].name)))
    })?;
    Mapping::parse(text, Path::new(file)).map_err(Failure::usage)
}

/// One reading of all files: joined, and with one row for each person where the settings say how.
fn assemble(opened: Opened, source: &FileSource, csv: CsvSettings, day: Date, zone: &TimeZone) -> Result<Reading, Failure> {
    let settings = ruled(source.settings.clone(), csv);
    let mut reading = source::read_fetched(opened.files, &settings).map_err(Failure::usage)?;
    for (file, join) in opened.joined.into_iter().zip(&source.joins) {
        let other = source::read_fetched(vec![file], &join.settings).map_err(Failure::usage)?;
        reading = source::join(reading, &other, &join.rule).map_err(Failure::usage)?;
    }
    if let Some(rule) = &source.rows {
        reading = source::one_row_each(reading, rule, day, zone).map_err(Failure::usage)?;
    }
    Ok(reading)
}

/// A mapping file, checked whole.
pub(super) fn load(path: &Path) -> Result<Mapping, Failure> {
    Mapping::parse(&text_of(path)?, path).map_err(Failure::usage)
}

/// The text of a file that the user named.
pub(super) fn text_of(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|fault| Failure::usage(format!("{}: {fault}", path.display())))
}

/// How a file is read by the configuration and, where that says nothing, by the mapping.
fn ruled(mut settings: FileSettings, csv: CsvSettings) -> FileSettings {
    settings.sheet.skip_lines = settings.sheet.skip_lines.max(csv.skip_lines);
    settings.sheet.skip_footer = settings.sheet.skip_footer.max(csv.skip_footer);
    settings.csv = merged(settings.csv, csv);
    settings
}

/// How a run would read a file by this mapping: the configuration counts where it names that mapping.
pub(super) fn rules(settings: &Settings, mapping: &Path, csv: CsvSettings) -> FileSettings {
    let same = |path: &PathBuf| match (path.canonicalize(), mapping.canonicalize()) {
        (Ok(path), Ok(mapping)) => path == mapping,
        _ => false,
    };
    let configured = settings.config.source.as_ref().filter(|source| source.mapping.as_ref().is_some_and(same));
    let own = match configured.map(|source| &source.kind) {
        Some(SourceKind::Files(source)) => source.settings.clone(),
        _ => FileSettings::default(),
    };
    ruled(own, csv)
}

/// What the configuration fixes wins over what the mapping fixes.
fn merged(config: CsvSettings, mapping: CsvSettings) -> CsvSettings {
    CsvSettings {
        delimiter: config.delimiter.or(mapping.delimiter),
        encoding: config.encoding.or(mapping.encoding),
        skip_lines: if config.skip_lines > 0 { config.skip_lines } else { mapping.skip_lines },
        skip_footer: if config.skip_footer > 0 { config.skip_footer } else { mapping.skip_footer },
        header: config.header.or(mapping.header),
    }
}
