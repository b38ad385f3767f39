//! The reading of a run and the mapping that fits it.

use std::path::{Path, PathBuf};

use super::cli::MapArgs;
use super::exit::Failure;
use super::settings::Settings;
use crate::config::SourceKind;
use crate::mapping::{self, BoundMapping, Mapping};
use crate::source::{self, CsvSettings, FileSettings, Reading};

/// A whole reading with the mapping held against its columns.
pub(super) struct Read {
    pub(super) reading: Reading,
    pub(super) mapping: Mapping,
    pub(super) bound: BoundMapping,
}

/// Reads the files, or the configured source where none are named.
pub(super) fn read(settings: &Settings, files: &[PathBuf], map: &MapArgs) -> Result<Read, Failure> {
    let configured = settings.config.source.as_ref();
    let named = map.mapping.as_deref().or_else(|| configured.and_then(|source| source.mapping.as_deref()));
    if !files.is_empty() {
        return finish(files, FileSettings::default(), named);
    }
    match configured.map(|source| &source.kind) {
        Some(SourceKind::Csv { path, settings }) => {
            let wanted = FileSettings { csv: settings.clone(), ..FileSettings::default() };
            finish(std::slice::from_ref(path), wanted, named)
        }
        Some(SourceKind::Xlsx { path, settings }) => {
            let wanted = FileSettings { sheet: settings.clone(), ..FileSettings::default() };
            finish(std::slice::from_ref(path), wanted, named)
        }
        Some(SourceKind::Rest(_) | SourceKind::Sql(_)) => Err(Failure::usage(
            "sources of the kinds rest and sql are not built yet\n  hint: export a file and use kind = \"csv\"",
        )),
        None => Err(Failure::usage("there is nothing to read\n  hint: name a file, or set [source] in hrpush.toml")),
    }
}

fn finish(files: &[PathBuf], mut wanted: FileSettings, named: Option<&Path>) -> Result<Read, Failure> {
    let mapping = if let Some(path) = named {
        load(path)?
    } else {
        let header = source::header_of(&files[0], &wanted).map_err(Failure::usage)?;
        let columns: Vec<&str> = header.iter().map(String::as_str).collect();
        let (file, text) = mapping::choose(&columns).map_err(|fault| {
            // A file that cannot be read whole has a greater trouble than the names of its columns.
            let broken = source::read_files(files, &wanted).err().map(Failure::usage);
            broken.unwrap_or_else(|| Failure::usage(format!("{}: {fault}", files[0].display())))
        })?;
        Mapping::parse(text, Path::new(file)).map_err(Failure::usage)?
    };
    wanted.csv = merged(wanted.csv, mapping.csv());
    let reading = source::read_files(files, &wanted).map_err(Failure::usage)?;
    for line in &reading.told {
        tracing::info!("{line}");
    }
    let bound = mapping.bind(&reading.header).map_err(Failure::usage)?;
    Ok(Read { reading, mapping, bound })
}

/// A mapping file, checked whole.
pub(super) fn load(path: &Path) -> Result<Mapping, Failure> {
    Mapping::parse(&text_of(path)?, path).map_err(Failure::usage)
}

/// The text of a file that the user named.
pub(super) fn text_of(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|fault| Failure::usage(format!("{}: {fault}", path.display())))
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
