//! The reading of a web service. Its settings come from the configuration, the mapping file and the preset.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use super::error::Failure;
use super::mapped_reading::{MappedReading, ReadOptions, fitting_columns, load, text_of};
use super::output::write_private;
use super::run::Session;
use super::run_reason::RunReasonCode;
use super::settings::Settings;
use crate::config::{Layer, RestSource};
use crate::mapping::{self, Mapping};
use crate::source::rest::{self, Memory, Rest};
use crate::source::{Reading, Source as _};

/// Reads the service and binds a mapping to the reading.
pub(crate) async fn read(session: &Session<'_>, source: &RestSource, options: &ReadOptions) -> Result<MappedReading, Failure> {
    let settings = session.settings;
    let layers = Layers::find(settings, source, options.mapping.as_deref())?;
    let mapping = layers.mapping()?;
    let now = Timestamp::now();
    let zone = mapping.as_ref().map_or(jiff::tz::TimeZone::UTC, |mapping| mapping.time_zone().clone());
    let day = options.as_of.unwrap_or_else(|| now.to_zoned(zone).date());
    let mut service = layers.settings(source, mapping.as_ref())?;
    // The source and the mapping must put a moment on the same day.
    service.zone = service.zone.or_else(|| mapping.as_ref().map(|mapping| mapping.time_zone().clone()));
    let reading = fetch(session, service, day, now).await?;
    let mapping = match mapping {
        Some(mapping) => mapping,
        None => fitting_columns(&reading)?,
    };
    MappedReading::of_system(reading, mapping)
}

/// The same without a mapping, for a first look.
pub(crate) async fn read_plainly(session: &Session<'_>, source: &RestSource, day: Date) -> Result<Reading, Failure> {
    let settings = session.settings;
    let layers = Layers::find(settings, source, None)?;
    let mapping = layers.mapping().ok().flatten();
    fetch(session, layers.settings(source, mapping.as_ref())?, day, Timestamp::now()).await
}

async fn fetch(session: &Session<'_>, service: rest::Settings, day: Date, now: Timestamp) -> Result<Reading, Failure> {
    let memory: Option<Arc<dyn Memory>> = match service.changes {
        None => None,
        Some(_) => {
            // The store makes the folder, readable by its owner alone.
            drop(session.settings.store()?);
            Some(Arc::new(StoredRows(session.settings.state.join("hr-records.json"))))
        }
    };
    Ok(Rest { settings: service, day, now, memory, waits: session.waits() }.read().await?)
}

/// The files that describe a service, besides the configuration.
struct Layers {
    mapping: Option<(PathBuf, String)>,
    preset: Option<(PathBuf, &'static str)>,
}

impl Layers {
    fn find(settings: &Settings, source: &RestSource, named: Option<&Path>) -> Result<Self, Failure> {
        let mapping =
            named.or(settings.mapping()).map(|path| text_of(path).map(|text| (path.to_path_buf(), text))).transpose()?;
        let preset = source
            .preset
            .as_deref()
            .map(|name| preset(name).map(|text| (PathBuf::from(format!("{name}.toml")), text)))
            .transpose()?;
        Ok(Self { mapping, preset })
    }

    fn mapping(&self) -> Result<Option<Mapping>, Failure> {
        match (&self.mapping, &self.preset) {
            (Some((path, _)), _) => load(path).map(Some),
            (None, Some((path, text))) => Ok(Some(Mapping::parse(text, path)?)),
            (None, None) => Ok(None),
        }
    }

    fn settings(&self, source: &RestSource, known: Option<&Mapping>) -> Result<rest::Settings, Failure> {
        let mapping = self.mapping.as_ref().map(|(path, text)| Layer { text, path });
        let preset = self.preset.as_ref().map(|(path, text)| Layer { text, path });
        let layers: Vec<Layer<'_>> = mapping.into_iter().chain(preset).collect();
        let named = self.preset.as_ref().map(|(path, _)| path).or(self.mapping.as_ref().map(|(path, _)| path));
        let name = named.and_then(|path| path.file_stem()).map_or("service".into(), |stem| stem.to_string_lossy());
        let mut service =
            source.settings(&name, &layers).map_err(|faults| Failure::usage(faults).because(RunReasonCode::Configuration))?;
        if let Some(mapping) = known {
            service.key = mapping.key_columns();
            service.nothing = mapping.nothing().to_vec();
        }
        Ok(service)
    }
}

/// The text of a preset.
pub(crate) fn preset(name: &str) -> Result<&'static str, Failure> {
    mapping::preset(name).map_err(|near| {
        let hint = near.map_or("`hrpush presets` lists them".to_owned(), |near| format!("did you mean `{near}`?"));
        Failure::usage(format!("there is no preset `{name}`\n  hint: {hint}")).because(RunReasonCode::Configuration)
    })
}

/// The rows of the previous reading, in the state folder.
struct StoredRows(PathBuf);

impl Memory for StoredRows {
    fn load(&self) -> Option<Vec<u8>> {
        std::fs::read(&self.0).ok()
    }

    fn keep(&self, bytes: &[u8]) -> Result<(), String> {
        let text = std::str::from_utf8(bytes).map_err(|fault| fault.to_string())?;
        write_private(&self.0, text).map_err(|fault| fault.to_string())
    }
}
