//! `[source]` of the kinds csv and xlsx: files, how they arrive and how they are read.

use std::path::PathBuf;
use std::time::Duration;

use toml::de::DeValue;

use super::duration;
use super::duration::timed;
use super::remote::{self, PlaceConfig};
use crate::diagnostic::toml::{At, Reader, Table};
use crate::record::DayFormat;
use crate::source::{Arrival, CsvSettings, FileSettings, JoinRule, RowRule, SheetSettings, UnpackSettings, is_encoding};

/// Files as they arrive.
#[derive(Clone, Debug)]
pub struct FileSource {
    /// The files; `*` takes the newest match.
    pub paths: Vec<PathBuf>,
    /// Where the file is fetched from, where that is not this machine; then `paths` is empty.
    pub place: Option<PlaceConfig>,
    /// How to read them.
    pub settings: FileSettings,
    /// What must hold before they are read.
    pub arrival: Arrival,
    /// Files that are joined to them, in order.
    pub joins: Vec<JoinSource>,
    /// Which of several rows of a person counts.
    pub rows: Option<RowRule>,
    /// Where the files go after a good run; nothing where they stay.
    pub move_to: Option<PathBuf>,
    /// Whether the same file a second time is refused instead of said.
    pub refuse_repeated: bool,
}

/// A file that is joined to another.
#[derive(Clone, Debug)]
pub struct JoinSource {
    /// The file; `*` takes the newest match.
    pub path: PathBuf,
    /// How to read it.
    pub settings: FileSettings,
    /// How it is joined.
    pub rule: JoinRule,
}

/// The kinds of files that the configuration distinguishes; the first bytes of a file decide what it really is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    /// The source is configured as delimited text.
    Text,
    /// The source is configured as a workbook.
    Workbook,
}

/// Reads the whole table.
pub(super) fn read(reader: &mut Reader<'_>, fields: &Table<'_, '_>, kind: FileKind) -> Option<FileSource> {
    let place = elsewhere(reader, fields);
    let paths = if matches!(place, Elsewhere::No) { paths(reader, fields) } else { Some(Vec::new()) };
    let settings = settings(reader, fields, kind);
    let arrival = arrival(reader, fields);
    let joins =
        reader.tables(fields, "join", "[[source.join]]").into_iter().filter_map(|fields| join(reader, &fields, kind)).collect();
    let rows = reader.table(fields, "rows").and_then(|fields| rows(reader, &fields));
    let move_to = after(reader, fields);
    let repeated = reader.choice(fields, "repeated", &[("say", false), ("refuse", true)]);
    reader.finish(fields);
    let place = match place {
        Elsewhere::No => None,
        Elsewhere::At(place) => Some(*place),
        Elsewhere::Faulty => return None,
    };
    Some(FileSource { paths: paths?, place, settings, arrival, joins, rows, move_to, refuse_repeated: repeated.unwrap_or(false) })
}

/// Where the file is: on this machine, or on a server.
enum Elsewhere {
    No,
    At(Box<PlaceConfig>),
    Faulty,
}

fn elsewhere(reader: &mut Reader<'_>, fields: &Table<'_, '_>) -> Elsewhere {
    let is_place = fields.get("path").and_then(|found| found.get_ref().as_str()).is_some_and(remote::is_place);
    if !is_place {
        return Elsewhere::No;
    }
    let Some(found) = reader.string(fields, "path") else { return Elsewhere::No };
    match remote::read(reader, fields, &found) {
        Some(place) if fields.holds("after") && fields.get("after").is_some_and(|after| after.get_ref().is_table()) => {
            drop(place);
            let hint = "hrpush only reads from a server; `repeated` reports the same file a second time";
            reader.fault(&found.span, "`after` can move files on this machine only", hint);
            Elsewhere::Faulty
        }
        Some(place) => Elsewhere::At(Box::new(place)),
        None => Elsewhere::Faulty,
    }
}

/// `path`: one text or several.
fn paths(reader: &mut Reader<'_>, fields: &Table<'_, '_>) -> Option<Vec<PathBuf>> {
    match fields.get("path").map(toml::Spanned::get_ref) {
        None => {
            reader.fault(&fields.span(), "[source] needs `path`", "such as path = \"/srv/hr/employees-*.csv\"");
            None
        }
        Some(DeValue::Array(_)) => {
            let paths = reader.strings(fields, "path")?;
            if paths.is_empty() {
                reader.fault(&fields.span(), "`path` is an empty list", "such as path = [\"a.csv\", \"b.csv\"]");
                return None;
            }
            let several = paths.into_iter().map(|path| only_here(reader, &path));
            several.collect()
        }
        Some(_) => reader.path(fields, "path").map(|path| vec![path]),
    }
}

/// A path of this machine: a file elsewhere is fetched alone.
fn only_here(reader: &mut Reader<'_>, path: &At<String>) -> Option<PathBuf> {
    if remote::is_place(&path.value) {
        reader.fault(&path.span, "a file on a server cannot be one of several", "give it as the one `path` of [source]");
        return None;
    }
    Some(reader.beside(&path.value))
}

fn settings(reader: &mut Reader<'_>, fields: &Table<'_, '_>, kind: FileKind) -> FileSettings {
    let skip_lines = reader.count(fields, "skip_lines").unwrap_or(0);
    let skip_footer = reader.count(fields, "skip_footer").unwrap_or(0);
    let mut settings = FileSettings::default();
    settings.csv.skip_lines = skip_lines;
    settings.csv.skip_footer = skip_footer;
    settings.sheet.skip_lines = skip_lines;
    settings.sheet.skip_footer = skip_footer;
    settings.unpack = UnpackSettings {
        member: reader.string(fields, "member").map(|name| name.value),
        max_bytes: reader
            .count(fields, "max_mb")
            .map_or(UnpackSettings::default().max_bytes, |megabytes| megabytes.saturating_mul(1 << 20)),
    };
    match kind {
        FileKind::Text => settings.csv = csv(reader, fields, &settings.csv),
        FileKind::Workbook => {
            settings.sheet = SheetSettings { sheet: reader.string(fields, "sheet").map(|name| name.value), ..settings.sheet };
        }
    }
    settings
}

fn csv(reader: &mut Reader<'_>, fields: &Table<'_, '_>, common: &CsvSettings) -> CsvSettings {
    let delimiter = reader.string_or_blank(fields, "delimiter").and_then(|found| {
        let mut chars = found.value.chars();
        let first = chars.next().filter(|c| c.is_ascii() && !c.is_ascii_alphanumeric() && !"\"\r\n".contains(*c));
        let only = first.filter(|_| chars.next().is_none()).or_else(|| (found.value == "tab").then_some('\t'));
        if only.is_none() {
            reader.fault(&found.span, "`delimiter` must be one character", "one of \",\" \";\" \"|\" \"\\t\"");
        }
        only
    });
    let encoding = reader.string(fields, "encoding").and_then(|found| {
        let known = is_encoding(&found.value);
        if !known {
            let hint = "examples: utf-8, utf-16le, windows-1252, windows-1250, iso-8859-15, dos-850, shift_jis";
            reader.fault(&found.span, format!("unknown encoding `{}`", found.value), hint);
        }
        known.then_some(found.value)
    });
    let header = reader.strings(fields, "header").map(|names| names.into_iter().map(|name| name.value).collect());
    CsvSettings { delimiter, encoding, header, ..common.clone() }
}

fn arrival(reader: &mut Reader<'_>, fields: &Table<'_, '_>) -> Arrival {
    let done_file = reader.string(fields, "done_file").and_then(|found| {
        let plain = !found.value.contains(['/', '\\']);
        if !plain {
            reader.fault(
                &found.span,
                "`done_file` is a name, not a path",
                "it is in the folder of the file, such as \"{name}.done\"",
            );
        }
        plain.then_some(found.value)
    });
    let min_age = timed(reader, fields, "min_age", "such as 90s, 10min or 1h", duration::exact);
    Arrival { done_file, min_age: min_age.and_then(|age| Duration::try_from(age).ok()) }
}

fn join(reader: &mut Reader<'_>, fields: &Table<'_, '_>, kind: FileKind) -> Option<JoinSource> {
    if !fields.has("path") {
        reader.fault(&fields.span(), "[[source.join]] needs `path`", "such as path = \"contracts.csv\"");
    }
    let path = reader.string(fields, "path").and_then(|path| only_here(reader, &path));
    let settings = settings(reader, fields, kind);
    let key = reader.required_text(fields, "key");
    let other_key = reader.string(fields, "other_key").map(|name| name.value.trim().to_owned());
    let prefix = reader.string_or_blank(fields, "prefix").map(|prefix| prefix.value).unwrap_or_default();
    reader.finish(fields);
    let rule = JoinRule { key: key?.value.trim().to_owned(), other_key, prefix };
    Some(JoinSource { path: path?, settings, rule })
}

fn rows(reader: &mut Reader<'_>, fields: &Table<'_, '_>) -> Option<RowRule> {
    let texts = |reader: &mut Reader<'_>, fields: &Table<'_, '_>, key| -> Vec<String> {
        reader.strings(fields, key).unwrap_or_default().into_iter().map(|found| found.value).collect()
    };
    let column = |reader: &mut Reader<'_>, fields: &Table<'_, '_>, key| {
        reader.string(fields, key).map(|found| found.value.trim().to_owned())
    };
    let key = reader.required_text(fields, "key");
    let from = column(reader, fields, "from");
    let until = column(reader, fields, "until");
    let mut dates = Vec::new();
    for format in reader.strings(fields, "dates").unwrap_or_default() {
        if let Some(format) = DayFormat::new(&format.value) {
            dates.push(format);
        } else {
            let hint = "day, month and year are %d, %m and %Y, so that 31.12.2026 is \"%d.%m.%Y\" and 31.12.26 \"%d.%m.%y\"";
            reader.fault(&format.span, format!("`{}` is not a form of a date", format.value), hint);
        }
    }
    let nothing = texts(reader, fields, "nothing");
    let primary = reader.table(fields, "primary").and_then(|fields| {
        let column = reader.required_text(&fields, "column");
        let values = texts(reader, &fields, "values");
        if values.is_empty() {
            reader.fault(&fields.span(), "`primary` needs `values`", "such as values = [\"J\", \"yes\", \"1\"]");
        }
        reader.finish(&fields);
        Some((column?.value.trim().to_owned(), values))
    });
    let highest = column(reader, fields, "highest");
    reader.finish(fields);
    Some(RowRule { key: key?.value.trim().to_owned(), from, until, dates, nothing, primary, highest })
}

/// `after = "keep"` or `after = { move = "archive/" }`.
fn after(reader: &mut Reader<'_>, fields: &Table<'_, '_>) -> Option<PathBuf> {
    match fields.get("after")?.get_ref() {
        DeValue::Table(_) => {
            let inner = reader.table(fields, "after")?;
            if !inner.has("move") {
                reader.fault(&inner.span(), "`after` needs `move`", "such as after = { move = \"archive/\" }");
            }
            let folder = reader.path(&inner, "move");
            reader.finish(&inner);
            folder
        }
        _ => {
            reader.choice(fields, "after", &[("keep", ())]);
            None
        }
    }
}
