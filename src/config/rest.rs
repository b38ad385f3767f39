//! `[source]` of the kind rest: hrpush.toml, over the mapping file, over a preset; the first that has a key wins.
//!
//! Everything is checked where it stands, so that each fault has the file, line and column it is written in.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use secrecy::SecretString;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::SecretFrom;
use super::duration;
use super::error::{ConfigErrors, ConfigFault};
use super::reader::{At, Fields, Reader};
use super::tables::timed;
use crate::mapping;
use crate::source::rest;

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
    /// Its text.
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

/// What hrpush.toml says by itself; called while it is read, so that its faults are told with all others.
pub(super) fn own(reader: &mut Reader<'_>, fields: Fields<'_>, text: &str, path: &Path) -> RestSource {
    let mut scope = Scope { layers: vec![(reader, fields)], values: BTreeMap::new(), wanted: Wanted::Part };
    let preset = scope.text("preset");
    scope.text("mapping");
    whole(&mut scope, "service");
    scope.finish();
    RestSource { text: text.to_owned(), path: path.to_path_buf(), preset }
}

/// Whether everything must be said, or other files may say the rest.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Whole,
    Part,
}

fn settings(name: &str, layers: &[Layer<'_>], wanted: Wanted) -> Result<rest::Settings, String> {
    let mut documents = Vec::new();
    for Layer { text, path } in layers {
        let (document, errors) = DeTable::parse_recoverable(text);
        if let Some(error) = errors.first() {
            let fault = ConfigFault::new(text, &error.span().unwrap_or(0..0), error.message().trim().replace('\n', ", "), None);
            return Err(ConfigErrors::new(path, vec![fault]).to_string());
        }
        documents.push(document);
    }
    let mut readers: Vec<Reader<'_>> = layers.iter().map(|layer| Reader::new(layer.text, layer.path)).collect();
    let mut scope = Scope { layers: Vec::new(), values: BTreeMap::new(), wanted };
    for ((document, reader), index) in documents.iter().zip(&mut readers).zip(0..) {
        let Some(found) = document.get_ref().get("source") else { continue };
        let DeValue::Table(table) = found.get_ref() else { continue };
        // A mapping for files has nothing to say of a service.
        if index > 0 && !table.contains_key("kind") {
            continue;
        }
        let mut fields = Fields::new("[source]", table, found.span());
        fields.know(mapping::SOURCE_KEYS);
        fields.know(&["preset", "mapping"]);
        scope.layers.push((reader, fields));
    }
    let settings = whole(&mut scope, name);
    scope.finish();
    let faults: Vec<String> = readers
        .into_iter()
        .zip(layers)
        .map(|(reader, layer)| (reader.into_faults(), layer.path))
        .filter(|(faults, _)| !faults.is_empty())
        .map(|(faults, path)| ConfigErrors::new(path, faults).to_string())
        .collect();
    if faults.is_empty() { Ok(settings) } else { Err(faults.join("\n")) }
}

/// The same table in several files, or one table of one file.
struct Scope<'r, 't, 'a> {
    layers: Vec<(&'r mut Reader<'t>, Fields<'a>)>,
    /// What the named parts of templates stand for.
    values: BTreeMap<String, String>,
    wanted: Wanted,
}

impl<'t, 'a> Scope<'_, 't, 'a> {
    /// The first file that has the key; asking makes it known in all.
    fn at(&mut self, key: &'static str) -> Option<(&mut Reader<'t>, &mut Fields<'a>)> {
        for (_, fields) in &mut self.layers {
            fields.has(key);
        }
        let (reader, fields) = self.layers.iter_mut().find(|(_, fields)| fields.holds(key))?;
        Some((&mut **reader, fields))
    }

    fn has(&mut self, key: &'static str) -> bool {
        self.at(key).is_some()
    }

    fn get(&mut self, key: &'static str) -> Option<(&mut Reader<'t>, &'a Spanned<DeValue<'a>>)> {
        let (reader, fields) = self.at(key)?;
        let found = fields.get(key)?;
        Some((reader, found))
    }

    fn spanned(&mut self, key: &'static str) -> Option<At<String>> {
        let (reader, fields) = self.at(key)?;
        reader.string(fields, key)
    }

    fn text(&mut self, key: &'static str) -> Option<String> {
        self.spanned(key).map(|found| found.value)
    }

    fn file(&mut self, key: &'static str) -> Option<PathBuf> {
        let (reader, fields) = self.at(key)?;
        reader.path(fields, key)
    }

    fn count(&mut self, key: &'static str) -> Option<u64> {
        let (reader, fields) = self.at(key)?;
        reader.count(fields, key)
    }

    fn choice<T: Copy>(&mut self, key: &'static str, names: &[(&str, T)]) -> Option<T> {
        let (reader, fields) = self.at(key)?;
        reader.choice(fields, key, names)
    }

    fn flag(&mut self, key: &'static str) -> bool {
        let Some((reader, found)) = self.get(key) else { return false };
        let flag = found.get_ref().as_bool();
        if flag.is_none() {
            reader.fault(&found.span(), format!("`{key}` must be true or false"));
        }
        flag.unwrap_or(false)
    }

    fn time(&mut self, key: &'static str) -> Option<SignedDuration> {
        let (reader, fields) = self.at(key)?;
        timed(reader, fields, key, "such as 30s, 10min, 1h or 7d", duration::exact)
    }

    fn wait(&mut self, key: &'static str) -> Option<Duration> {
        self.time(key).and_then(|time| Duration::try_from(time).ok())
    }

    /// A fault of the table as a whole.
    fn fault(&mut self, what: &str, hint: &str) {
        if let Some((reader, fields)) = self.layers.first_mut() {
            reader.fault_with(&fields.span(), what.to_owned(), hint);
        }
    }

    /// A fault of a key that some file has.
    fn fault_at(&mut self, key: &'static str, what: &str, hint: &str) {
        if let Some((reader, found)) = self.get(key) {
            reader.fault_with(&found.span(), what.to_owned(), hint);
        }
    }

    /// A fault of the first file, where something is missing in all.
    fn missing(&mut self, what: &str, hint: &str) {
        if self.wanted == Wanted::Whole {
            self.fault(what, hint);
        }
    }

    /// A path into an answer.
    fn place(&mut self, key: &'static str) -> Option<rest::Path> {
        let found = self.spanned_or_blank(key)?;
        self.checked(key, &found, |text| rest::Path::parse(text).map_err(|fault| fault.what))
    }

    fn spanned_or_blank(&mut self, key: &'static str) -> Option<At<String>> {
        let (reader, fields) = self.at(key)?;
        reader.string_or_blank(fields, key)
    }

    fn condition(&mut self, key: &'static str) -> Option<rest::Condition> {
        let found = self.spanned(key)?;
        self.checked(key, &found, |text| rest::Condition::parse(text).map_err(|fault| fault.what))
    }

    /// A text with named parts; `more` are names that stand for something only here.
    fn template(&mut self, key: &'static str, more: &[&str]) -> Option<rest::Template> {
        let found = self.spanned(key)?;
        let values = self.values.clone();
        let lax = self.wanted == Wanted::Part;
        self.checked(key, &found, |text| template(text, &values, more, lax))
    }

    /// A template that is a path of an address, without what may follow one.
    fn below(&mut self, key: &'static str, more: &[&str]) -> Option<rest::Template> {
        let found = self.spanned(key)?;
        let values = self.values.clone();
        let lax = self.wanted == Wanted::Part;
        self.checked(key, &found, |text| {
            if text.contains(['?', '#']) {
                return Err("the part behind `?` is written as query = { name = \"value\" }".to_owned());
            }
            template(text, &values, more, lax)
        })
    }

    fn checked<T>(&mut self, key: &'static str, found: &At<String>, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        match read(&found.value) {
            Ok(value) => Some(value),
            Err(what) => {
                let (reader, _) = self.at(key)?;
                reader.fault_with(&found.span, format!("`{key}`: {what}"), template_hint(&what));
                None
            }
        }
    }

    /// A table of texts that are templates; a list stands for the same name several times.
    fn pairs(&mut self, key: &'static str, more: &[&str]) -> Vec<(String, rest::Template)> {
        let values = self.values.clone();
        let lax = self.wanted == Wanted::Part;
        let Some((reader, found)) = self.get(key) else { return Vec::new() };
        let Some(table) = table(reader, key, found) else { return Vec::new() };
        let mut pairs = Vec::new();
        for (name, value) in table {
            let items: &[Spanned<DeValue<'_>>] = match value.get_ref() {
                DeValue::Array(items) => items,
                _ => std::slice::from_ref(value),
            };
            for item in items {
                let text = match item.get_ref() {
                    DeValue::Integer(number) => Some(number.as_str().to_owned()),
                    DeValue::Boolean(flag) => Some(flag.to_string()),
                    other => other.as_str().map(str::to_owned),
                };
                let Some(text) = text else {
                    reader.fault(&item.span(), format!("`{}` must be a text", name.get_ref()));
                    continue;
                };
                match template(&text, &values, more, lax) {
                    Ok(template) => pairs.push((name.get_ref().to_string(), template)),
                    Err(what) => reader.fault_with(&item.span(), what.clone(), template_hint(&what)),
                }
            }
        }
        pairs
    }

    /// The tables of `[[source.key]]`, each as a scope of its own.
    fn each<T>(&mut self, key: &'static str, mut read: impl FnMut(&mut Scope<'_, 't, 'a>) -> Option<T>) -> Vec<T> {
        let (values, wanted) = (self.values.clone(), self.wanted);
        let Some((reader, found)) = self.get(key) else { return Vec::new() };
        let DeValue::Array(items) = found.get_ref() else {
            reader.fault(&found.span(), format!("`{key}` must be written [[source.{key}]]"));
            return Vec::new();
        };
        let mut all = Vec::new();
        for item in items {
            let DeValue::Table(table) = item.get_ref() else {
                reader.fault(&item.span(), format!("`{key}` must be written [[source.{key}]]"));
                continue;
            };
            let fields = Fields::new(&format!("[[source.{key}]]"), table, item.span());
            let mut scope = Scope { layers: vec![(&mut *reader, fields)], values: values.clone(), wanted };
            all.extend(read(&mut scope));
            scope.finish();
        }
        all
    }

    /// One table as a scope of its own.
    fn inner<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Scope<'_, 't, 'a>) -> Option<T>) -> Option<T> {
        let (values, wanted) = (self.values.clone(), self.wanted);
        let (reader, fields) = self.at(key)?;
        let inner = reader.table(fields, key)?;
        let mut scope = Scope { layers: vec![(reader, inner)], values, wanted };
        let value = read(&mut scope);
        scope.finish();
        value
    }

    fn finish(&mut self) {
        for (reader, fields) in &mut self.layers {
            reader.finish(fields);
        }
    }
}

fn template(text: &str, values: &BTreeMap<String, String>, more: &[&str], lax: bool) -> Result<rest::Template, String> {
    rest::Template::parse(text, &|name| {
        let placeholder = lax && !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        name == "today" || more.contains(&name) || values.contains_key(name) || placeholder
    })
}

fn template_hint(what: &str) -> String {
    match what.strip_prefix("nothing here is called `").and_then(|rest| rest.split('`').next()) {
        Some(name) => format!("say it in [source] of hrpush.toml: values = {{ {name} = \"…\" }}"),
        None => "docs/rest-sources.md has examples".to_owned(),
    }
}

/// The table under a key.
fn table<'a>(reader: &mut Reader<'_>, key: &str, found: &'a Spanned<DeValue<'a>>) -> Option<&'a DeTable<'a>> {
    match found.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => {
            reader.fault(&found.span(), format!("`{key}` must be a table"));
            None
        }
    }
}

/// The whole `[source]`.
fn whole(scope: &mut Scope<'_, '_, '_>, name: &str) -> rest::Settings {
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
    let changes = changes.map(|changes| rest::Changes { zone: scope.has("zone").then(|| zone.clone()), ..changes });
    if changes.is_some() {
        unfit_for_changes(scope, &also, &picks);
    }
    rest::Settings {
        name: name.to_owned(),
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
fn unfit_for_changes(scope: &mut Scope<'_, '_, '_>, also: &[rest::Also], picks: &[rest::Pick]) {
    const HINT: &str = "leave `changes` out: everybody is then read each time";
    if !also.is_empty() {
        let what = "`changes` does not go with [[source.also]]: whoever moves from one list to the other would stay in the first";
        scope.fault_at("changes", what, HINT);
    }
    if picks.iter().any(|pick| pick.by.is_some()) {
        let what = "`changes` does not go with a pick that has `by`: what changed may be one of several rows of a person";
        scope.fault_at("changes", what, HINT);
    }
}

/// All files together say what the named parts stand for.
fn values(scope: &mut Scope<'_, '_, '_>) {
    let mut values = BTreeMap::new();
    for (reader, fields) in &mut scope.layers {
        let Some(found) = fields.get("values") else { continue };
        let Some(table) = table(reader, "values", found) else { continue };
        for (name, value) in table {
            match value.get_ref().as_str() {
                Some("") => reader.fault(&value.span(), format!("`{}` is still to be filled in", name.get_ref())),
                Some(text) => {
                    values.entry(name.get_ref().to_string()).or_insert_with(|| text.to_owned());
                }
                None => reader.fault(&value.span(), format!("`{}` must be a text in quotes", name.get_ref())),
            }
        }
    }
    scope.values = values;
}

fn base(scope: &mut Scope<'_, '_, '_>) -> Option<url::Url> {
    if !scope.has("base_url") {
        scope.missing("[source] needs `base_url`", "such as base_url = \"https://acme.bamboohr.com/api\"");
        return None;
    }
    let found = scope.spanned("base_url")?;
    let (values, lax) = (scope.values.clone(), scope.wanted == Wanted::Part);
    scope.checked("base_url", &found, |text| {
        if lax && text.contains('{') {
            return template(text, &values, &[], lax).map(|_| None);
        }
        let filled = template(text, &values, &[], lax)?.filled(&values);
        rest::address(&filled).map(Some)
    })?
}

fn zone(scope: &mut Scope<'_, '_, '_>) -> TimeZone {
    let Some(found) = scope.spanned("zone") else { return TimeZone::UTC };
    let read = |name: &str| TimeZone::get(name).map_err(|_| format!("no time zone `{name}`, write one such as Europe/Berlin"));
    scope.checked("zone", &found, read).unwrap_or(TimeZone::UTC)
}

fn limits(scope: &mut Scope<'_, '_, '_>) -> rest::Limits {
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
