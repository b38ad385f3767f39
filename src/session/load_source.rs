//! The reading of a run: the named files, or the configured source.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::civil::Date;

use super::error::Failure;
use super::mapped_reading::{Delivered, MappedReading, ReadOptions, fitting, fitting_columns, load};
use super::observer::Event;
use super::pushed_feed;
use super::rest_source;
use super::run::Session;
use super::run_reason::{RunReason, RunReasonCode};
use super::settings::Settings;
use super::target_fit::fitted_reading;
use crate::config::{FileSource, PlaceConfig, SecretFrom, SourceKind};
use crate::mapping::Mapping;
use crate::report::shown;
use crate::source::remote::Remote;
use crate::source::sql::Database;
use crate::source::{
    AllRows, Arrival, CsvSettings, Delivery, FileSettings, JoinedFile, OpenDelivery, PlainDelivery, Reading, Source,
};

/// How a long wait names the database. Its address may have a password.
const DATABASE: &str = "the HR database of [source]";

/// Reads the files, or the configured source where none are named, and binds a mapping to the reading, as the target takes it.
pub(crate) async fn read(session: &Session<'_>, files: &[PathBuf], options: &ReadOptions) -> Result<MappedReading, Failure> {
    fitted_reading(session.settings, read_any(session, files, options).await?)
}

async fn read_any(session: &Session<'_>, files: &[PathBuf], options: &ReadOptions) -> Result<MappedReading, Failure> {
    let settings = session.settings;
    if files.is_empty()
        && let Some(SourceKind::Rest(source)) = kind(settings)
    {
        return Box::pin(rest_source::read(session, source, options)).await;
    }
    if files.is_empty()
        && let Some(SourceKind::Scim(source)) = kind(settings)
    {
        return pushed_feed::read(settings, source, options);
    }
    let named = options.mapping.as_deref().or(settings.mapping());
    if let Some(source) = database(settings, files)? {
        let reading = session.waits().watch(DATABASE).during(source.read()).await?;
        let mapping = named.map_or_else(|| fitting_columns(&reading), load)?;
        return MappedReading::of_system(reading, mapping);
    }
    rows_of_files(session, files, options).await?.mapped()
}

/// The same, with every row of a person where the day of the plan chooses one of them. The source is read once.
///
/// A web service and a database choose their rows when they answer, so their reading is that of the first day.
pub(crate) async fn read_for_days(
    session: &Session<'_>,
    files: &[PathBuf],
    options: &ReadOptions,
) -> Result<(MappedReading, Option<AllRows>), Failure> {
    if files.is_empty() && matches!(kind(session.settings), Some(SourceKind::Rest(_) | SourceKind::Sql(_))) {
        return Ok((read(session, files, options).await?, None));
    }
    let rows = rows_of_files(session, files, options).await?;
    let all = rows.rows.depend_on_the_day().then(|| rows.rows.clone());
    Ok((fitted_reading(session.settings, rows.mapped()?)?, all))
}

/// The rows of files, with the mapping that fits them.
struct FileRows {
    rows: AllRows,
    mapping: Mapping,
    day: Date,
    delivered: Option<Delivered>,
    refuse_repeated: bool,
}

impl FileRows {
    /// The reading of the day, with the mapping bound to it.
    fn mapped(self) -> Result<MappedReading, Failure> {
        let Self { rows, mapping, day, delivered, refuse_repeated } = self;
        let reading = rows.in_force(day, mapping.time_zone())?;
        let bound = mapping.bind(&reading.header)?;
        Ok(MappedReading { reading, mapping, bound, delivered, refuse_repeated, queried: false, feed_groups: Vec::new() })
    }
}

async fn rows_of_files(session: &Session<'_>, files: &[PathBuf], options: &ReadOptions) -> Result<FileRows, Failure> {
    let settings = session.settings;
    let named = options.mapping.as_deref().or(settings.mapping());
    let source = file_source(settings, files, options.mapping.is_some())?;
    let open = open(session, &source).await?;
    let mapping = named.map_or_else(|| fitting_file(&open), load)?;
    let day = options.as_of.unwrap_or_else(|| Timestamp::now().to_zoned(mapping.time_zone().clone()).date());
    let delivered = source.move_to.clone().map(|move_to| Delivered { files: open.paths(), move_to });
    let rows = open.read_all(mapping.csv())?;
    Ok(FileRows { rows, mapping, day, delivered, refuse_repeated: source.refuse_repeated })
}

/// The same without a mapping, for a first look.
pub(crate) async fn read_plainly(session: &Session<'_>, files: &[PathBuf], day: Date) -> Result<Reading, Failure> {
    let settings = session.settings;
    if files.is_empty()
        && let Some(SourceKind::Rest(source)) = kind(settings)
    {
        return Box::pin(rest_source::read_plainly(session, source, day)).await;
    }
    if files.is_empty()
        && let Some(SourceKind::Scim(source)) = kind(settings)
    {
        return pushed_feed::read_plainly(settings, source);
    }
    let source: Box<dyn Source> = match database(settings, files)? {
        Some(database) => database,
        None => Box::new(PlainDelivery { files: delivery(&file_source(settings, files, false)?)?, day }),
    };
    Ok(session.waits().watch(DATABASE).during(source.read()).await?)
}

/// How a run would read a file by this mapping. The configuration counts where it names that mapping.
pub(crate) fn file_settings(settings: &Settings, mapping: &Path, csv: CsvSettings) -> FileSettings {
    let same = |path: &Path| match (path.canonicalize(), mapping.canonicalize()) {
        (Ok(path), Ok(mapping)) => path == mapping,
        _ => false,
    };
    match kind(settings).filter(|_| settings.mapping().is_some_and(same)) {
        Some(SourceKind::Files(source)) => source.settings.with_defaults(csv),
        _ => FileSettings::default().with_defaults(csv),
    }
}

fn kind(settings: &Settings) -> Option<&SourceKind> {
    settings.config.source.as_ref().map(|source| &source.kind)
}

/// The configured database, where no files are named instead.
fn database(settings: &Settings, files: &[PathBuf]) -> Result<Option<Box<dyn Source>>, Failure> {
    match kind(settings).filter(|_| files.is_empty()) {
        Some(SourceKind::Sql(sql)) => {
            let secret = sql.secret.as_ref().map(SecretFrom::read).transpose()?;
            Ok(Some(Box::new(Database { settings: sql.settings.clone(), secret })))
        }
        _ => Ok(None),
    }
}

/// The configured files. Files that are named instead are read by the same rules, but need not be complete deliveries and stay in place.
fn file_source(settings: &Settings, files: &[PathBuf], other_mapping: bool) -> Result<FileSource, Failure> {
    let configured = match kind(settings) {
        Some(SourceKind::Files(source)) => Some(source.as_ref().clone()),
        _ => None,
    };
    if files.is_empty() {
        return configured.ok_or_else(|| {
            Failure::usage("no HR data to read\n  hint: name a file, or set [source] in hrpush.toml")
                .because(RunReason::new(RunReasonCode::Arguments, "no HR data to read"))
        });
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

async fn open(session: &Session<'_>, source: &FileSource) -> Result<OpenDelivery, Failure> {
    let delivery = delivery(source)?;
    let opening = Box::pin(delivery.open());
    let open = match &source.place {
        None => opening.await?,
        Some(place) => session.waits().watch(format!("the HR files at {}", place.place.shown)).during(opening).await?,
    };
    if let Some(place) = &source.place {
        let note = format!("fetched {} from {}", shown(open.name()), shown(&place.place.shown));
        session.observer.event(Event::Note(&note));
    }
    Ok(open)
}

/// The files of the source, with the secrets that open a remote place.
fn delivery(source: &FileSource) -> Result<Delivery, Failure> {
    let joins = source.joins.iter().cloned().map(|join| JoinedFile { path: join.path, settings: join.settings, rule: join.rule });
    Ok(Delivery {
        paths: source.paths.clone(),
        remote: source.place.as_ref().map(remote).transpose()?,
        settings: source.settings.clone(),
        arrival: source.arrival.clone(),
        joins: joins.collect(),
        rows: source.rows.clone(),
        now: SystemTime::now(),
    })
}

fn remote(config: &PlaceConfig) -> Result<Remote, Failure> {
    let read = |secret: &Option<SecretFrom>| secret.as_ref().map(SecretFrom::read).transpose();
    Ok(Remote { place: config.place.clone(), secret: read(&config.secret)?, passphrase: read(&config.passphrase)? })
}

/// The built-in mapping that fits the header of the files.
fn fitting_file(open: &OpenDelivery) -> Result<Mapping, Failure> {
    let columns = open.columns()?;
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    fitting(&columns, open.name()).or_else(|unknown| {
        // A file that cannot be read whole has a greater problem than the names of its columns.
        open.check()?;
        Err(unknown)
    })
}
