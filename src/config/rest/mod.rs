//! `[source]` of the kind rest: hrpush.toml, over the mapping file, over a preset; the first that has a key wins.
//!
//! Each value is checked in the file that has it, so that a fault has the right file, line and column.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use secrecy::SecretString;
use toml::de::DeValue;

use self::layered_table::{LayeredTable, Wanted, host_parts_fit, table, template};
use super::SecretFrom;
use crate::diagnostic::toml::{Reader, Table};
use crate::diagnostic::{Document, Faults};
use crate::mapping;
use crate::source::{self, rest};

mod layered_table;
mod request;
mod sign_in;

/// A service as hrpush.toml declares it. What it leaves out, the mapping file or the preset says.
#[derive(Clone, Debug)]
pub struct RestSource {
    text: String,
    path: PathBuf,
    /// The preset that it builds upon.
    pub preset: Option<String>,
}

/// One file with a `[source]`.
#[derive(Clone, Copy, Debug)]
pub struct Layer<'t> {
    /// The whole text of the file.
    pub text: &'t str,
    /// How messages name it; relative paths in it are taken from its folder.
    pub path: &'t Path,
}

impl rest::Secret for SecretFrom {
    fn read(&self) -> Result<SecretString, String> {
        Self::read(self).map_err(|fault| fault.to_string())
    }
}

impl RestSource {
    /// The settings of the service, together with what other files say of it.
    ///
    /// # Errors
    /// Every fault of every file, as text.
    pub fn settings(&self, name: &str, others: &[Layer<'_>]) -> Result<rest::Settings, String> {
        let own = Layer { text: &self.text, path: &self.path };
        let layers: Vec<Layer<'_>> = std::iter::once(own).chain(others.iter().copied()).collect();
        settings(name, &layers, Wanted::Whole)
    }
}

/// Checks the service of a preset or mapping file by itself: what hrpush.toml still has to say may be missing.
///
/// # Errors
/// Every fault, as text.
pub fn check_rest(text: &str, path: &Path) -> Result<(), String> {
    settings("service", &[Layer { text, path }], Wanted::Part).map(|_| ())
}

/// The part in hrpush.toml. It is read with the other tables, so that all faults are reported together.
pub(super) fn own(reader: &mut Reader<'_>, fields: Table<'_, '_>, text: &str, path: &Path) -> RestSource {
    let mut scope = LayeredTable { layers: vec![(reader, fields)], values: BTreeMap::new(), wanted: Wanted::Part };
    let preset = scope.text("preset");
    scope.text("mapping");
    whole(&mut scope, "service");
    scope.finish();
    RestSource { text: text.to_owned(), path: path.to_path_buf(), preset }
}

fn settings(name: &str, layers: &[Layer<'_>], wanted: Wanted) -> Result<rest::Settings, String> {
    let documents: Vec<Document> = layers.iter().map(|layer| Document::new(layer.path, layer.text.to_owned())).collect();
    let mut roots = Vec::new();
    for document in &documents {
        let (root, faults) = document.toml();
        if !faults.is_empty() {
            return Err(Faults::new(faults).to_string());
        }
        roots.push(root);
    }
    let mut readers: Vec<Reader<'_>> = documents.iter().map(Reader::new).collect();
    let mut scope = LayeredTable { layers: Vec::new(), values: BTreeMap::new(), wanted };
    for ((root, reader), index) in roots.iter().zip(&mut readers).zip(0..) {
        let Some(found) = root.get_ref().get("source") else { continue };
        let DeValue::Table(table) = found.get_ref() else { continue };
        // A mapping for files has nothing to say of a service.
        if index > 0 && !table.contains_key("kind") {
            continue;
        }
        let fields = Table::new("[source]", table, found.span());
        fields.know(mapping::SOURCE_KEYS);
        fields.know(&["preset", "mapping"]);
        scope.layers.push((reader, fields));
    }
    let settings = whole(&mut scope, name);
    scope.finish();
    let faults: Vec<String> = readers
        .into_iter()
        .map(Reader::into_faults)
        .filter(|faults| !faults.is_empty())
        .map(|faults| Faults::new(faults).to_string())
        .collect();
    if faults.is_empty() { Ok(settings) } else { Err(faults.join("\n")) }
}

/// Reads every entry of `[source]` for a web service.
fn whole(scope: &mut LayeredTable<'_, '_, '_>, name: &str) -> rest::Settings {
    scope.choice("kind", &[("rest", ())]);
    scope.text("about");
    values(scope);
    let base = base(scope);
    let auth = sign_in::read(scope, base.as_ref());
    let headers = scope.pairs("headers", &[]);
    let secret_headers = sign_in::secret_headers(scope);
    let client_certificate = scope.inner("client_certificate", |scope| sign_in::secret(scope, &sign_in::FILE_OR_ENV));
    let ca_file = scope.file("ca_file");
    let list = request::read(scope, &[]);
    if !scope.has("path") {
        scope.missing("[source] needs `path`", "the list of people below base_url, such as path = \"/v1/employees\"");
    }
    let also = scope.each("also", |scope| Some(request::also(scope)));
    let joins = scope.each("join", request::join);
    let picks = scope.each("pick", |scope| Some(request::pick(scope)));
    let columns = request::columns(scope);
    let zone = zone(scope);
    let changes = scope.inner("changes", request::changes);
    let changes = changes.map(|changes| rest::Changes { zone: zone.clone(), ..changes });
    if changes.is_some() {
        unfit_for_changes(scope, &also, &picks);
    }
    rest::Settings {
        name: name.to_owned(),
        // The mapping knows its key and what it takes for nothing.
        key: Vec::new(),
        nothing: Vec::new(),
        encoding: encoding(scope),
        base: base.unwrap_or_else(|| "https://unset.invalid".parse().expect("a fixed address")),
        values: scope.values.clone(),
        auth: auth.unwrap_or(rest::Auth::None),
        headers,
        secret_headers,
        client_certificate,
        ca_file,
        session: scope.flag("session"),
        list,
        also,
        joins,
        picks,
        columns,
        false_is_nothing: scope.flag("false_is_nothing"),
        zone,
        changes,
        limits: limits(scope),
    }
}

/// Where an answer that has only what changed could not be merged rightly.
fn unfit_for_changes(scope: &mut LayeredTable<'_, '_, '_>, also: &[rest::Also], picks: &[rest::Pick]) {
    const HINT: &str = "remove `changes`; then each run reads all records";
    if !also.is_empty() {
        let what =
            "`changes` cannot be combined with [[source.also]]: a person that moves to the other list would stay in the first";
        scope.fault_at("changes", what, HINT);
    }
    if picks.iter().any(|pick| pick.by.is_some()) {
        let what = "`changes` cannot be combined with a pick that has `by`: a change may be one of several rows of a person";
        scope.fault_at("changes", what, HINT);
    }
}

/// All files together say what the named parts stand for.
fn values(scope: &mut LayeredTable<'_, '_, '_>) {
    let mut values = BTreeMap::new();
    for (reader, fields) in &mut scope.layers {
        let Some(found) = fields.get("values") else { continue };
        let Some(table) = table(reader, "values", found) else { continue };
        for (name, value) in table {
            match value.get_ref().as_str() {
                Some("") => reader.fault(&value.span(), format!("`{}` is still to be filled in", name.get_ref()), None),
                Some(text) => {
                    values.entry(name.get_ref().to_string()).or_insert_with(|| text.to_owned());
                }
                None => reader.fault(&value.span(), format!("`{}` must be a text in quotes", name.get_ref()), None),
            }
        }
    }
    scope.values = values;
}

fn base(scope: &mut LayeredTable<'_, '_, '_>) -> Option<url::Url> {
    if !scope.has("base_url") {
        scope.missing("[source] needs `base_url`", "such as base_url = \"https://acme.bamboohr.com/api\"");
        return None;
    }
    let found = scope.spanned("base_url")?;
    let (values, lax) = (scope.values.clone(), scope.wanted == Wanted::Part);
    scope.checked("base_url", &found, |text| {
        host_parts_fit(text, &values)?;
        if lax && text.contains('{') {
            template(text, &values, &[], lax)?;
            return Ok(None);
        }
        let filled = template(text, &values, &[], lax)?.filled(&values);
        Ok(rest::address(&filled).map(Some)?)
    })?
}

fn encoding(scope: &mut LayeredTable<'_, '_, '_>) -> Option<String> {
    let found = scope.spanned("encoding")?;
    scope.checked("encoding", &found, |name| {
        if source::is_encoding(name) { Ok(name.to_owned()) } else { Err(format!("unknown encoding `{name}`").into()) }
    })
}

fn zone(scope: &mut LayeredTable<'_, '_, '_>) -> Option<TimeZone> {
    let found = scope.spanned("zone")?;
    let read = |name: &str| {
        TimeZone::get(name).map_err(|_| format!("unknown time zone `{name}`; write one such as Europe/Berlin").into())
    };
    scope.checked("zone", &found, read)
}

fn limits(scope: &mut LayeredTable<'_, '_, '_>) -> rest::Limits {
    let usual = rest::Limits::default();
    rest::Limits {
        timeout: scope.wait("timeout").unwrap_or(usual.timeout),
        attempts: scope.count("attempts").map_or(usual.attempts, |count| u32::try_from(count.clamp(1, 20)).unwrap_or(20)),
        first_wait: scope.wait("first_wait").unwrap_or(usual.first_wait),
        longest_wait: scope.wait("longest_wait").unwrap_or(usual.longest_wait),
        per_minute: scope.count("per_minute").filter(|count| *count > 0),
        concurrency: scope
            .count("concurrency")
            .map_or(usual.concurrency, |count| usize::try_from(count.clamp(1, 64)).unwrap_or(64)),
        pages: scope.count("max_pages").unwrap_or(usual.pages).max(1),
        bytes: scope.count("max_megabytes").map_or(usual.bytes, |count| count.saturating_mul(1 << 20)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::rest::Need;

    #[test]
    fn what_a_company_may_lack_altogether_ends_no_reading_by_a_preset() {
        for (preset, text) in mapping::services() {
            let path = Path::new(preset);
            let service = settings(preset, &[Layer { text, path }], Wanted::Part).unwrap();
            for column in &service.columns {
                let may_lack = ["Termination", "Manager", "Mobile", "Phone", "Preferred", "Prefix"];
                let lacking = may_lack.iter().any(|part| column.name.contains(part));
                assert!(!lacking || column.need != Need::Value, "{preset}: {}", column.name);
                // Without these a reading has no people in it.
                let needed = ["EmployeeID", "FirstName", "LastName"].contains(&column.name.as_str());
                assert!(!needed || column.need == Need::Value, "{preset}: {}", column.name);
            }
        }
    }
}
