//! Walks a TOML document table by table and keeps every fault, so that one pass tells them all.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::mask;
use super::render::ConfigFault;

/// The document and what was found wrong with it.
pub(crate) struct Reader<'t> {
    text: &'t str,
    folder: PathBuf,
    faults: Vec<Found>,
    /// Where the file has what no message shows, besides what looks like a secret.
    hidden: Vec<Range<usize>>,
}

/// A fault as it was found.
struct Found {
    span: Range<usize>,
    message: String,
    hint: Option<String>,
}

/// A value with its place.
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) span: Range<usize>,
}

/// One table whose keys are asked for; those that nobody asked for are unknown.
pub(crate) struct Fields<'a> {
    name: String,
    table: &'a DeTable<'a>,
    span: Range<usize>,
    asked: BTreeSet<&'static str>,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(name: &str, table: &'a DeTable<'a>, span: Range<usize>) -> Self {
        Self { name: name.to_owned(), table, span, asked: BTreeSet::new() }
    }

    /// A value for the caller to judge; asking makes its key known.
    pub(crate) fn get(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.insert(key);
        self.table.get(key)
    }

    /// Makes keys known that somebody else reads.
    pub(crate) fn know(&mut self, keys: &[&'static str]) {
        self.asked.extend(keys);
    }

    /// Whether the table has this key; asking makes it known.
    pub(crate) fn has(&mut self, key: &'static str) -> bool {
        self.get(key).is_some()
    }

    /// Whether the table has this key, which does not make it known.
    pub(crate) fn holds(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The place of the table.
    pub(crate) fn span(&self) -> Range<usize> {
        self.span.clone()
    }
}

impl<'t> Reader<'t> {
    pub(crate) fn new(text: &'t str, path: &Path) -> Self {
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Self { text, folder, faults: Vec::new(), hidden: Vec::new() }
    }

    /// Every fault that was found, without the secrets that the lines may hold.
    pub(crate) fn into_faults(self) -> Vec<ConfigFault> {
        let Self { text, faults, hidden, .. } = self;
        if faults.is_empty() {
            return Vec::new();
        }
        let masked = mask::document(text, &hidden);
        faults.into_iter().map(|Found { span, message, hint }| ConfigFault::new(text, &masked, &span, &message, hint)).collect()
    }

    /// Reports a secret that stands in the file itself, and shows it nowhere.
    pub(crate) fn plain_secret(&mut self, fields: &mut Fields<'_>, key: &'static str) {
        let Some(found) = fields.get(key) else { return };
        self.hidden.push(found.span());
        self.fault_with(
            &key_span(fields.table, key, found),
            format!("`{key}` would be a secret in this file"),
            "name an environment variable (`…_env`) or a file that only you can read, and replace this secret",
        );
    }

    /// Shows the value at a place in no line of a fault.
    pub(crate) fn hide(&mut self, span: &Range<usize>) {
        self.hidden.push(span.clone());
    }

    /// The byte at which a value stands within its place, where the file writes it as it is.
    pub(crate) fn within(&self, span: &Range<usize>, value: &str) -> Option<usize> {
        self.text.get(span.clone())?.find(value).map(|at| span.start + at)
    }

    pub(crate) fn fault(&mut self, span: &Range<usize>, message: impl Into<String>) {
        self.faults.push(Found { span: span.clone(), message: message.into(), hint: None });
    }

    pub(crate) fn fault_with(&mut self, span: &Range<usize>, message: impl Into<String>, hint: impl Into<String>) {
        self.faults.push(Found { span: span.clone(), message: message.into(), hint: Some(hint.into()) });
    }

    fn wrong_type(&mut self, found: &Spanned<DeValue<'_>>, key: &str, wanted: &str) {
        let kind = found.get_ref().type_str();
        self.fault(&found.span(), format!("`{key}` must be {wanted}, this is {} {kind}", article(kind)));
    }

    /// A table within a table.
    pub(crate) fn table<'a>(&mut self, fields: &mut Fields<'a>, key: &'static str) -> Option<Fields<'a>> {
        let found = fields.get(key)?;
        let DeValue::Table(table) = found.get_ref() else {
            self.wrong_type(found, key, "a table");
            return None;
        };
        let name = if fields.name.is_empty() { format!("[{key}]") } else { format!("{} {key}", fields.name) };
        Some(Fields::new(&name, table, key_span(fields.table, key, found)))
    }

    /// A text that is not blank.
    pub(crate) fn string(&mut self, fields: &mut Fields<'_>, key: &'static str) -> Option<At<String>> {
        let found = fields.get(key)?;
        match found.get_ref() {
            DeValue::String(text) if text.trim().is_empty() => {
                self.fault(&found.span(), format!("`{key}` is empty"));
                None
            }
            DeValue::String(text) => Some(At { value: text.to_string(), span: found.span() }),
            _ => {
                self.wrong_type(found, key, "a text in quotes");
                None
            }
        }
    }

    /// A text that may be blank, such as a tab.
    pub(crate) fn string_or_blank(&mut self, fields: &mut Fields<'_>, key: &'static str) -> Option<At<String>> {
        let found = fields.get(key)?;
        let Some(text) = found.get_ref().as_str() else {
            self.wrong_type(found, key, "a text in quotes");
            return None;
        };
        Some(At { value: text.to_owned(), span: found.span() })
    }

    /// A text that must be there; its absence is a fault of the table.
    pub(crate) fn required(&mut self, fields: &mut Fields<'_>, key: &'static str) -> Option<At<String>> {
        if !fields.has(key) {
            self.fault(&fields.span(), format!("{} needs `{key}`", fields.name));
        }
        self.string(fields, key)
    }

    /// The name of an environment variable. What cannot be one may be the secret itself in the wrong place, so it is not shown.
    pub(crate) fn variable(&mut self, fields: &mut Fields<'_>, key: &'static str) -> Option<String> {
        let found = self.string(fields, key)?;
        let fits = |character: char| character.is_ascii_alphanumeric() || character == '_';
        if found.value.chars().all(fits) && !found.value.starts_with(|first: char| first.is_ascii_digit()) {
            return Some(found.value);
        }
        self.hide(&found.span);
        let hint = "letters, digits and underscores, such as HRPUSH_CLIENT_SECRET; the secret itself never stands in this file";
        self.fault_with(&found.span, format!("`{key}` is no name of an environment variable"), hint);
        None
    }

    /// One of some names.
    pub(crate) fn choice<T: Copy>(&mut self, fields: &mut Fields<'_>, key: &'static str, names: &[(&str, T)]) -> Option<T> {
        let found = self.string(fields, key)?;
        let value = names.iter().find(|(name, _)| *name == found.value).map(|(_, value)| *value);
        if value.is_none() {
            let hint = match nearest(&found.value, names.iter().map(|(name, _)| *name)) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("one of {}", names.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")),
            };
            self.fault_with(&found.span, format!("`{key}` cannot be `{}`", found.value), hint);
        }
        value
    }

    /// A path; a relative one is taken from the folder of the file.
    pub(crate) fn path(&mut self, fields: &mut Fields<'_>, key: &'static str) -> Option<PathBuf> {
        self.string(fields, key).map(|found| self.folder.join(found.value))
    }

    /// A path that was read already, taken from the folder of the file where it is relative.
    pub(crate) fn beside(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// Texts in a list.
    pub(crate) fn strings(&mut self, fields: &mut Fields<'_>, key: &'static str) -> Option<Vec<At<String>>> {
        let found = fields.get(key)?;
        let DeValue::Array(items) = found.get_ref() else {
            self.wrong_type(found, key, "a list of texts");
            return None;
        };
        let mut texts = Vec::with_capacity(items.len());
        for item in items {
            match item.get_ref() {
                DeValue::String(text) => texts.push(At { value: text.to_string(), span: item.span() }),
                _ => self.wrong_type(item, key, "a list of texts"),
            }
        }
        Some(texts)
    }

    /// A whole number that is not negative.
    pub(crate) fn count(&mut self, fields: &mut Fields<'_>, key: &'static str) -> Option<u64> {
        let found = fields.get(key)?;
        let count = count_of(found.get_ref());
        if count.is_none() {
            self.fault(&found.span(), format!("`{key}` must be a whole number from 0 on"));
        }
        count
    }

    /// A number within bounds, given in words for the message.
    pub(crate) fn number(
        &mut self,
        fields: &mut Fields<'_>,
        key: &'static str,
        fits: impl Fn(f64) -> bool,
        words: &str,
    ) -> Option<f64> {
        let found = fields.get(key)?;
        let number = number_of(found.get_ref()).filter(|number| fits(*number));
        if number.is_none() {
            self.fault(&found.span(), format!("`{key}` must be a number {words}"));
        }
        number
    }

    /// Reports the keys that nobody asked for.
    pub(crate) fn finish(&mut self, fields: &Fields<'_>) {
        for (key, value) in fields.table {
            if fields.asked.contains(key.get_ref().as_ref()) {
                continue;
            }
            let message = match fields.name.as_str() {
                "" => format!("unknown table or key `{}`", key.get_ref()),
                name => format!("unknown key `{}` in {name}", key.get_ref()),
            };
            let meant = nearest(key.get_ref(), fields.asked.iter().copied());
            // A key that resembles no known one may have a secret as its value, and the fault is about the key alone.
            if meant.is_none() && !matches!(value.get_ref(), DeValue::Table(_) | DeValue::Boolean(_)) {
                self.hide(&value.span());
            }
            let hint = match meant {
                Some(name) => format!("did you mean `{name}`?"),
                None if fields.asked.is_empty() => "no key belongs here".to_owned(),
                None => format!("known here: {}", fields.asked.iter().copied().collect::<Vec<_>>().join(", ")),
            };
            self.fault_with(&key.span(), message, hint);
        }
    }
}

/// The place of a key, or of its value where the key is not found.
fn key_span(table: &DeTable<'_>, key: &str, found: &Spanned<DeValue<'_>>) -> Range<usize> {
    table.get_key_value(key).map_or_else(|| found.span(), |(key, _)| key.span())
}

/// The value as a whole number that is not negative.
pub(crate) fn count_of(value: &DeValue<'_>) -> Option<u64> {
    let number = value.as_integer()?;
    u64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok()
}

/// The value as a finite number.
pub(crate) fn number_of(value: &DeValue<'_>) -> Option<f64> {
    let text = match value {
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Integer(number) if number.radix() == 10 => number.as_str().to_owned(),
        _ => return None,
    };
    text.replace('_', "").parse().ok().filter(|number: &f64| number.is_finite())
}

/// The name that resembles a wrong one most, if any does.
pub(crate) fn nearest<'n>(wrong: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let wrong = wrong.to_lowercase().replace('-', "_");
    names
        .map(|name| (strsim::damerau_levenshtein(&wrong, &name.to_lowercase().replace('-', "_")), name))
        .filter(|(distance, name)| *distance <= 1.max(name.chars().count() / 3))
        .min()
        .map(|(_, name)| name)
}

fn article(kind: &str) -> &'static str {
    if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}
