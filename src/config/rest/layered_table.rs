//! The tables of `[source]` as several files together have them: the first file that has a key wins.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::duration;
use super::super::duration::timed;
use crate::diagnostic::toml::{At, Reader, Table};
use crate::source::rest::{self, TemplateFault};

/// Whether everything must be said, or other files may say the rest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Whole,
    Part,
}

/// The same table in several files, or one table of one file.
pub(super) struct LayeredTable<'r, 't, 'a> {
    pub(super) layers: Vec<(&'r mut Reader<'t>, Table<'a, 'a>)>,
    /// What the named parts of templates stand for.
    pub(super) values: BTreeMap<String, String>,
    pub(super) wanted: Wanted,
}

impl<'t, 'a> LayeredTable<'_, 't, 'a> {
    /// The first file that has the key; asking makes it known in all.
    pub(super) fn at(&mut self, key: &'static str) -> Option<(&mut Reader<'t>, &Table<'a, 'a>)> {
        for (_, fields) in &mut self.layers {
            fields.has(key);
        }
        let (reader, fields) = self.layers.iter_mut().find(|(_, fields)| fields.holds(key))?;
        Some((&mut **reader, &*fields))
    }

    pub(super) fn has(&mut self, key: &'static str) -> bool {
        self.at(key).is_some()
    }

    pub(super) fn get(&mut self, key: &'static str) -> Option<(&mut Reader<'t>, &'a Spanned<DeValue<'a>>)> {
        let (reader, fields) = self.at(key)?;
        let found = fields.get(key)?;
        Some((reader, found))
    }

    pub(super) fn spanned(&mut self, key: &'static str) -> Option<At<String>> {
        let (reader, fields) = self.at(key)?;
        reader.string(fields, key)
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        self.spanned(key).map(|found| found.value)
    }

    pub(super) fn variable(&mut self, key: &'static str) -> Option<String> {
        let (reader, fields) = self.at(key)?;
        reader.variable(fields, key)
    }

    pub(super) fn file(&mut self, key: &'static str) -> Option<PathBuf> {
        let (reader, fields) = self.at(key)?;
        reader.path(fields, key)
    }

    pub(super) fn count(&mut self, key: &'static str) -> Option<u64> {
        let (reader, fields) = self.at(key)?;
        reader.count(fields, key)
    }

    pub(super) fn choice<T: Copy>(&mut self, key: &'static str, names: &[(&str, T)]) -> Option<T> {
        let (reader, fields) = self.at(key)?;
        reader.choice(fields, key, names)
    }

    pub(super) fn flag(&mut self, key: &'static str) -> bool {
        let Some((reader, found)) = self.get(key) else { return false };
        let flag = found.get_ref().as_bool();
        if flag.is_none() {
            reader.fault(&found.span(), format!("`{key}` must be true or false"), None);
        }
        flag.unwrap_or(false)
    }

    pub(super) fn time(&mut self, key: &'static str) -> Option<SignedDuration> {
        let (reader, fields) = self.at(key)?;
        timed(reader, fields, key, "such as 30s, 10min, 1h or 7d", duration::exact)
    }

    pub(super) fn wait(&mut self, key: &'static str) -> Option<Duration> {
        self.time(key).and_then(|time| Duration::try_from(time).ok())
    }

    /// A fault of the table as a whole.
    pub(super) fn fault(&mut self, what: &str, hint: &str) {
        if let Some((reader, fields)) = self.layers.first_mut() {
            reader.fault(&fields.span(), what.to_owned(), hint);
        }
    }

    /// A fault of a key that some file has.
    pub(super) fn fault_at(&mut self, key: &'static str, what: &str, hint: &str) {
        if let Some((reader, found)) = self.get(key) {
            reader.fault(&found.span(), what.to_owned(), hint);
        }
    }

    /// A fault of the first file, where something is missing in all.
    pub(super) fn missing(&mut self, what: &str, hint: &str) {
        if self.wanted == Wanted::Whole {
            self.fault(what, hint);
        }
    }

    /// A path into an answer.
    pub(super) fn place(&mut self, key: &'static str) -> Option<rest::Path> {
        let found = self.spanned_or_blank(key)?;
        self.checked(key, &found, |text| rest::Path::parse(text).map_err(|fault| fault.what.into()))
    }

    fn spanned_or_blank(&mut self, key: &'static str) -> Option<At<String>> {
        let (reader, fields) = self.at(key)?;
        reader.string_or_blank(fields, key)
    }

    pub(super) fn condition(&mut self, key: &'static str) -> Option<rest::Condition> {
        let found = self.spanned(key)?;
        self.checked(key, &found, |text| rest::Condition::parse(text).map_err(|fault| fault.what.into()))
    }

    /// A text with named parts. `more` are names that have a value only here, such as `page`.
    pub(super) fn template(&mut self, key: &'static str, more: &[&str]) -> Option<rest::Template> {
        let found = self.spanned(key)?;
        let values = self.values.clone();
        let lax = self.wanted == Wanted::Part;
        self.checked(key, &found, |text| Ok(template(text, &values, more, lax)?))
    }

    /// A template that is a path of an address, without what may follow one.
    pub(super) fn below(&mut self, key: &'static str, more: &[&str]) -> Option<rest::Template> {
        let found = self.spanned(key)?;
        let values = self.values.clone();
        let lax = self.wanted == Wanted::Part;
        self.checked(key, &found, |text| {
            if text.contains(['?', '#']) {
                return Err("the part behind `?` is written as query = { name = \"value\" }".to_owned().into());
            }
            Ok(template(text, &values, more, lax)?)
        })
    }

    pub(super) fn checked<T>(
        &mut self,
        key: &'static str,
        found: &At<String>,
        read: impl FnOnce(&str) -> Result<T, ValueFault>,
    ) -> Option<T> {
        match read(&found.value) {
            Ok(value) => Some(value),
            Err(fault) => {
                let (reader, _) = self.at(key)?;
                fault.report(reader, &found.span, Some(key));
                None
            }
        }
    }

    /// A table of texts that are templates; a list writes its name several times.
    pub(super) fn pairs(&mut self, key: &'static str, more: &[&str]) -> Vec<(String, rest::Template)> {
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
                    reader.fault(&item.span(), format!("`{}` must be a text", name.get_ref()), None);
                    continue;
                };
                match template(&text, &values, more, lax) {
                    Ok(template) => pairs.push((name.get_ref().to_string(), template)),
                    Err(fault) => ValueFault::from(fault).report(reader, &item.span(), None),
                }
            }
        }
        pairs
    }

    /// The tables of `[[source.key]]`, each as a scope of its own.
    pub(super) fn each<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut LayeredTable<'_, 't, 'a>) -> Option<T>,
    ) -> Vec<T> {
        let (values, wanted) = (self.values.clone(), self.wanted);
        let Some((reader, found)) = self.get(key) else { return Vec::new() };
        let DeValue::Array(items) = found.get_ref() else {
            reader.fault(&found.span(), format!("`{key}` must be written [[source.{key}]]"), None);
            return Vec::new();
        };
        let mut all = Vec::new();
        for item in items {
            let DeValue::Table(table) = item.get_ref() else {
                reader.fault(&item.span(), format!("`{key}` must be written [[source.{key}]]"), None);
                continue;
            };
            let fields = Table::new(&format!("[[source.{key}]]"), table, item.span());
            let mut scope = LayeredTable { layers: vec![(&mut *reader, fields)], values: values.clone(), wanted };
            all.extend(read(&mut scope));
            scope.finish();
        }
        all
    }

    /// One table as a scope of its own.
    pub(super) fn inner<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut LayeredTable<'_, 't, 'a>) -> Option<T>,
    ) -> Option<T> {
        let (values, wanted) = (self.values.clone(), self.wanted);
        let (reader, fields) = self.at(key)?;
        let inner = reader.table(fields, key)?;
        let mut scope = LayeredTable { layers: vec![(reader, inner)], values, wanted };
        let value = read(&mut scope);
        scope.finish();
        value
    }

    pub(super) fn finish(&mut self) {
        for (reader, fields) in &mut self.layers {
            reader.finish(fields);
        }
    }
}

/// A text with named parts, each of which must stand for something; `lax` leaves that to other files.
pub(super) fn template(
    text: &str,
    values: &BTreeMap<String, String>,
    more: &[&str],
    lax: bool,
) -> Result<rest::Template, TemplateFault> {
    rest::Template::parse(text, &|name| {
        let placeholder = lax && !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        name == "today" || more.contains(&name) || values.contains_key(name) || placeholder
    })
}

/// Refuses a value for a part of a host if it has a character that would end the host: the credential would go to another one.
pub(super) fn host_parts_fit(text: &str, values: &BTreeMap<String, String>) -> Result<(), String> {
    let Some((_, rest)) = text.split_once("://") else { return Ok(()) };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    for part in host.split('{').skip(1) {
        let name = part.split('}').next().unwrap_or_default();
        let Some(value) = values.get(name) else { continue };
        // Where the value is the whole host, a port may follow.
        let whole = host == format!("{{{name}}}");
        let bare = match value.rsplit_once(':') {
            Some((bare, port)) if whole && port.parse::<u16>().is_ok() => bare,
            _ => value,
        };
        if bare.is_empty() || !bare.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '.') {
            return Err(format!("`{name}` in `values` cannot be a part of a host name: letters, digits, dots and dashes"));
        }
    }
    Ok(())
}

/// Why a value cannot be used, and what to write instead.
pub(super) struct ValueFault {
    message: String,
    hint: Option<String>,
}

impl From<String> for ValueFault {
    fn from(message: String) -> Self {
        Self { message, hint: None }
    }
}

impl From<TemplateFault> for ValueFault {
    fn from(fault: TemplateFault) -> Self {
        let hint = match &fault {
            TemplateFault::UnknownName(name) => {
                format!("set it in [source] of hrpush.toml: values = {{ {name} = \"…\" }}")
            }
            TemplateFault::OpenBrace | TemplateFault::NoName => {
                "write `{{` and `}}` for braces that are no named part, as in JSON".to_owned()
            }
        };
        Self { message: fault.to_string(), hint: Some(hint) }
    }
}

impl ValueFault {
    /// Reports the fault, with the key in front if the place alone does not show it.
    pub(super) fn report(self, reader: &mut Reader<'_>, span: &Range<usize>, key: Option<&str>) {
        let Self { message, hint } = self;
        let message = match key {
            Some(key) => format!("`{key}`: {message}"),
            None => message,
        };
        reader.fault(span, message, hint);
    }
}

/// The table under a key.
pub(super) fn table<'a>(reader: &mut Reader<'_>, key: &str, found: &'a Spanned<DeValue<'a>>) -> Option<&'a DeTable<'a>> {
    match found.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => {
            reader.fault(&found.span(), format!("`{key}` must be a table"), None);
            None
        }
    }
}
