//! The reading of a web service: its settings from all files that say something of it, and the mapping that fits.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use super::error::Failure;
use super::load_source::{self, Read, load, text_of};
use super::output::write_private;
use super::settings::Settings;
use crate::commands::cli::MapArgs;
use crate::config::{Layer, RestSource};
use crate::mapping::{self, Mapping};
use crate::source::Reading;
use crate::source::rest::{self, Memory, Rest};

/// Reads the service and holds the mapping against it.
pub(crate) async fn read(settings: &Settings, source: &RestSource, map: &MapArgs) -> Result<Read, Failure> {
    let files = Files::find(settings, source, map.mapping.as_deref())?;
    let mapping = files.mapping()?;
    let now = Timestamp::now();
    let zone = mapping.as_ref().map_or(jiff::tz::TimeZone::UTC, |mapping| mapping.time_zone().clone());
    let day = map.as_of.unwrap_or_else(|| now.to_zoned(zone).date());
    let mut service = files.settings(source, mapping.as_ref())?;
    // One moment is one day, whichever of the two reads it.
    service.zone = service.zone.or_else(|| mapping.as_ref().map(|mapping| mapping.time_zone().clone()));
    let reading = fetch(settings, service, day, now).await?;
    let mapping = match mapping {
        Some(mapping) => mapping,
        None => load_source::fitting_columns(&reading)?,
    };
    let bound = mapping.bind(&reading.header).map_err(Failure::usage)?;
    Ok(Read { reading, mapping, bound, delivery: None, refuse_repeated: false, asked: true })
}

/// The same without a mapping, for a first look.
pub(crate) async fn read_plainly(settings: &Settings, source: &RestSource, day: Date) -> Result<Reading, Failure> {
    let files = Files::find(settings, source, None)?;
    let mapping = files.mapping().ok().flatten();
    fetch(settings, files.settings(source, mapping.as_ref())?, day, Timestamp::now()).await
}

async fn fetch(settings: &Settings, service: rest::Settings, day: Date, now: Timestamp) -> Result<Reading, Failure> {
    let memory: Option<Arc<dyn Memory>> = match service.changes {
        None => None,
        Some(_) => {
            // The store makes the folder, closed to others.
            drop(settings.store()?);
            Some(Arc::new(Kept(settings.state.join("hr-records.json"))))
        }
    };
    load_source::ask(&Rest { settings: service, day, now, memory }).await
}

/// The files that say something of a service: the mapping, and the preset.
struct Files {
    mapping: Option<(PathBuf, String)>,
    preset: Option<(PathBuf, &'static str)>,
}

impl Files {
    fn find(settings: &Settings, source: &RestSource, named: Option<&Path>) -> Result<Self, Failure> {
        let configured = settings.config.source.as_ref().and_then(|source| source.mapping.as_deref());
        let mapping = named.or(configured).map(|path| Ok((path.to_path_buf(), text_of(path)?))).transpose()?;
        let preset =
            source.preset.as_deref().map(|name| Ok((PathBuf::from(format!("{name}.toml")), preset(name)?))).transpose()?;
        Ok(Self { mapping, preset })
    }

    fn mapping(&self) -> Result<Option<Mapping>, Failure> {
        match (&self.mapping, &self.preset) {
            (Some((path, _)), _) => load(path).map(Some),
            (None, Some((path, text))) => Mapping::parse(text, path).map(Some).map_err(Failure::usage),
            (None, None) => Ok(None),
        }
    }

    fn settings(&self, source: &RestSource, known: Option<&Mapping>) -> Result<rest::Settings, Failure> {
        let mapping = self.mapping.as_ref().map(|(path, text)| Layer { text, path });
        let preset = self.preset.as_ref().map(|(path, text)| Layer { text, path });
        let layers: Vec<Layer<'_>> = mapping.into_iter().chain(preset).collect();
        let named = self.preset.as_ref().map(|(path, _)| path).or(self.mapping.as_ref().map(|(path, _)| path));
        let name = named.and_then(|path| path.file_stem()).map_or("service".into(), |stem| stem.to_string_lossy());
        let mut service = source.settings(&name, &layers).map_err(Failure::Usage)?;
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
        Failure::usage(format!("no preset is called `{name}`\n  hint: {hint}"))
    })
}

/// The reading before this one, in the state folder.
struct Kept(PathBuf);

impl Memory for Kept {
    fn load(&self) -> Option<Vec<u8>> {
        std::fs::read(&self.0).ok()
    }

    fn keep(&self, bytes: &[u8]) -> Result<(), String> {
        let text = std::str::from_utf8(bytes).map_err(|fault| fault.to_string())?;
        write_private(&self.0, text).map_err(|fault| fault.to_string())
    }
}
