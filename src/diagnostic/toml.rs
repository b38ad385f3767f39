//! Walks the tables of a TOML file and collects every fault, so that one run reports all of them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::PathBuf;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Document, Fault, did_you_mean, mask};

/// The known keys of each table that was read, by the name of the table.
pub(crate) type KnownKeys = BTreeMap<String, BTreeSet<String>>;

/// The faults of one document, and the values of its keys.
pub(crate) struct Reader<'d> {
    pub(crate) document: &'d Document,
    faults: Vec<Found>,
    /// Values that no message shows, besides those that look like a secret.
    hidden: Vec<Range<usize>>,
    known: KnownKeys,
}

/// A fault as it was found.
struct Found {
    span: Range<usize>,
    message: String,
    hint: Option<String>,
}

/// What to do about a fault: a text, or nothing.
pub(crate) struct Hint(Option<String>);

impl From<&str> for Hint {
    fn from(text: &str) -> Self {
        Self(Some(text.to_owned()))
    }
}

impl From<String> for Hint {
    fn from(text: String) -> Self {
        Self(Some(text))
    }
}

impl From<Option<String>> for Hint {
    fn from(text: Option<String>) -> Self {
        Self(text)
    }
}

/// A value with its place.
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) span: Range<usize>,
}

/// A value of the document with its place.
pub(crate) type Node<'a, 'i> = &'a Spanned<DeValue<'i>>;

/// One table. It remembers which keys were asked for: the others are unknown.
#[derive(Clone)]
pub(crate) struct Table<'a, 'i> {
    /// The name in messages, such as `[source]`.
    pub(crate) name: String,
    pub(crate) entries: &'a DeTable<'i>,
    pub(crate) span: Range<usize>,
    asked: RefCell<BTreeSet<String>>,
}

impl<'a, 'i> Table<'a, 'i> {
    pub(crate) fn new(name: &str, entries: &'a DeTable<'i>, span: Range<usize>) -> Self {
        Self { name: name.to_owned(), entries, span, asked: RefCell::default() }
    }

    /// The value of a key; the key becomes a known one.
    pub(crate) fn get(&self, key: &str) -> Option<Node<'a, 'i>> {
        self.asked.borrow_mut().insert(key.to_owned());
        self.entries.get(key)
    }

    /// Makes keys known that are read elsewhere.
    pub(crate) fn know(&self, keys: &[&str]) {
        self.asked.borrow_mut().extend(keys.iter().map(|key| (*key).to_owned()));
    }

    /// Whether the table has this key; the key becomes a known one.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Whether the table has this key, which stays unknown if it was.
    pub(crate) fn holds(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    pub(crate) fn span(&self) -> Range<usize> {
        self.span.clone()
    }
}

impl<'d> Reader<'d> {
    pub(crate) fn new(document: &'d Document) -> Self {
        Self { document, faults: Vec::new(), hidden: Vec::new(), known: BTreeMap::new() }
    }

    /// Every fault in the order of the places, without the secrets that the lines may contain.
    pub(crate) fn into_faults(self) -> Vec<Fault> {
        let Self { document, mut faults, hidden, .. } = self;
        if faults.is_empty() {
            return Vec::new();
        }
        faults.sort_by_key(|found| found.span.start);
        let masked = mask::document(&document.text, &hidden);
        let fault = |Found { span, message, hint }: Found| document.fault_within(&masked, &span, &message, hint);
        faults.into_iter().map(fault).collect()
    }

    /// The known keys of the tables that were read so far.
    #[cfg(test)]
    pub(crate) fn known_keys(&self) -> KnownKeys {
        self.known.clone()
    }

    pub(crate) fn fault(&mut self, span: &Range<usize>, message: impl Into<String>, hint: impl Into<Hint>) {
        self.faults.push(Found { span: span.clone(), message: message.into(), hint: hint.into().0 });
    }

    /// Shows the value at a place in no line of a fault.
    pub(crate) fn hide(&mut self, span: &Range<usize>) {
        self.hidden.push(span.clone());
    }

    /// Hides the values of a key, whatever tables they are in.
    fn hide_values(&mut self, node: Node<'_, '_>) {
        match node.get_ref() {
            DeValue::Table(table) => table.iter().for_each(|(_, value)| self.hide_values(value)),
            DeValue::Boolean(_) => {}
            _ => self.hide(&node.span()),
        }
    }

    /// Reports a secret that is written in the file itself, and hides it.
    pub(crate) fn plain_secret(&mut self, table: &Table<'_, '_>, key: &str) {
        let Some(found) = table.get(key) else { return };
        self.hide(&found.span());
        self.fault(
            &key_span(table.entries, key, found),
            format!("`{key}` would be a secret in this file"),
            "name an environment variable (`…_env`) or a file that only you can read, and replace this secret",
        );
    }

    /// The byte at which a value starts within its place, if the file writes it without escapes.
    pub(crate) fn within(&self, span: &Range<usize>, value: &str) -> Option<usize> {
        self.document.text.get(span.clone())?.find(value).map(|at| span.start + at)
    }

    /// Reports a value of the wrong type. Such a value may be anything, so a line shows it only if it is short and plain.
    pub(crate) fn wrong_type(&mut self, key: &str, found: Node<'_, '_>, wanted: &str) {
        let span = found.span();
        let plain = match found.get_ref() {
            DeValue::String(text) => mask::is_plain_name(text),
            DeValue::Array(_) | DeValue::Table(_) => false,
            _ => true,
        };
        if !plain {
            self.hide(&span);
        }
        self.fault(&span, format!("`{key}` must be {wanted}, not {}", article(found.get_ref().type_str())), None);
    }

    /// A table within a table.
    pub(crate) fn table<'a, 'i>(&mut self, parent: &Table<'a, 'i>, key: &str) -> Option<Table<'a, 'i>> {
        let found = parent.get(key)?;
        let DeValue::Table(table) = found.get_ref() else {
            self.wrong_type(key, found, "a table");
            return None;
        };
        let name = if parent.name.is_empty() { format!("[{key}]") } else { format!("{} {key}", parent.name) };
        Some(Table::new(&name, table, key_span(parent.entries, key, found)))
    }

    /// A value as a table with a name of its own.
    pub(crate) fn section<'a, 'i>(&mut self, name: &str, key: &str, node: Node<'a, 'i>) -> Option<Table<'a, 'i>> {
        let Some(table) = node.get_ref().as_table() else {
            self.wrong_type(key, node, "a table");
            return None;
        };
        Some(Table::new(name, table, node.span()))
    }

    /// The tables of an array of tables, which messages call `name`.
    pub(crate) fn tables<'a, 'i>(&mut self, parent: &Table<'a, 'i>, key: &str, name: &str) -> Vec<Table<'a, 'i>> {
        let Some(node) = parent.get(key) else { return Vec::new() };
        let Some(items) = node.get_ref().as_array() else {
            self.wrong_type(key, node, &format!("written as `{name}`"));
            return Vec::new();
        };
        items.iter().filter_map(|item| self.section(name, key, item)).collect()
    }

    /// A text that is not blank.
    pub(crate) fn string(&mut self, table: &Table<'_, '_>, key: &str) -> Option<At<String>> {
        let found = self.string_or_blank(table, key)?;
        if found.value.trim().is_empty() {
            self.fault(&found.span, format!("`{key}` is empty"), None);
            return None;
        }
        Some(found)
    }

    /// A text that may be blank, such as a tab.
    pub(crate) fn string_or_blank(&mut self, table: &Table<'_, '_>, key: &str) -> Option<At<String>> {
        let found = table.get(key)?;
        self.text_of(key, found).map(|value| At { value, span: found.span() })
    }

    /// The text of a value.
    pub(crate) fn text_of(&mut self, key: &str, node: Node<'_, '_>) -> Option<String> {
        let text = node.get_ref().as_str().map(str::to_owned);
        if text.is_none() {
            self.wrong_type(key, node, "a text in quotes");
        }
        text
    }

    /// A key that must be there.
    pub(crate) fn required<'a, 'i>(&mut self, table: &Table<'a, 'i>, key: &str, hint: impl Into<Hint>) -> Option<Node<'a, 'i>> {
        let node = table.get(key);
        if node.is_none() {
            self.fault(&table.span, format!("{} needs `{key}`", table.name), hint);
        }
        node
    }

    /// A text that must be there and is not blank.
    pub(crate) fn required_text(&mut self, table: &Table<'_, '_>, key: &str) -> Option<At<String>> {
        self.required(table, key, None)?;
        self.string(table, key)
    }

    /// The name of an environment variable. A value that cannot be one may be the secret itself, so it is not shown.
    pub(crate) fn variable(&mut self, table: &Table<'_, '_>, key: &str) -> Option<String> {
        let found = self.string(table, key)?;
        let fits = |character: char| character.is_ascii_alphanumeric() || character == '_';
        if found.value.chars().all(fits) && !found.value.starts_with(|first: char| first.is_ascii_digit()) {
            return Some(found.value);
        }
        self.hide(&found.span);
        let hint = "letters, digits and underscores, such as HRPUSH_CLIENT_SECRET; never write the secret itself into this file";
        self.fault(&found.span, format!("`{key}` is not the name of an environment variable"), hint);
        None
    }

    /// One of several words.
    pub(crate) fn choice<T: Copy>(&mut self, table: &Table<'_, '_>, key: &str, words: &[(&str, T)]) -> Option<T> {
        let found = self.string(table, key)?;
        self.word(key, &found.value, &found.span, words)
    }

    /// The meaning of a word. An unknown word that is not plain may be a secret, so it is not shown.
    pub(crate) fn word<T: Copy>(&mut self, key: &str, word: &str, span: &Range<usize>, words: &[(&str, T)]) -> Option<T> {
        let value = words.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
        if value.is_none() {
            let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
            let meant = did_you_mean(word, names.iter().copied());
            let shown = if meant.is_some() { word.to_owned() } else { mask::name(word) };
            if shown != word {
                self.hide(span);
            }
            let hint = meant.unwrap_or_else(|| format!("one of {}", names.join(", ")));
            self.fault(span, format!("`{key}` cannot be `{shown}`"), hint);
        }
        value
    }

    /// A path; a relative one starts in the folder of the file.
    pub(crate) fn path(&mut self, table: &Table<'_, '_>, key: &str) -> Option<PathBuf> {
        self.string(table, key).map(|found| self.beside(&found.value))
    }

    /// A path that was read before, relative to the folder of the file.
    pub(crate) fn beside(&self, path: &str) -> PathBuf {
        self.document.folder().join(path)
    }

    /// A list of texts.
    pub(crate) fn strings(&mut self, table: &Table<'_, '_>, key: &str) -> Option<Vec<At<String>>> {
        let found = table.get(key)?;
        let Some(items) = found.get_ref().as_array() else {
            self.wrong_type(key, found, "a list of texts");
            return None;
        };
        let mut texts = Vec::with_capacity(items.len());
        for item in items {
            texts.extend(self.text_of(key, item).map(|value| At { value, span: item.span() }));
        }
        Some(texts)
    }

    /// `true` or `false`; a missing key is `false`.
    pub(crate) fn flag(&mut self, table: &Table<'_, '_>, key: &str) -> bool {
        let Some(found) = table.get(key) else { return false };
        found.get_ref().as_bool().unwrap_or_else(|| {
            self.wrong_type(key, found, "true or false");
            false
        })
    }

    /// A whole number that is not negative.
    pub(crate) fn count(&mut self, table: &Table<'_, '_>, key: &str) -> Option<u64> {
        let found = table.get(key)?;
        let count = count_of(found.get_ref());
        if count.is_none() {
            self.wrong_value(key, found, "a whole number from 0 on");
        }
        count
    }

    /// A number within bounds, which `words` describe for the message.
    pub(crate) fn number(&mut self, table: &Table<'_, '_>, key: &str, fits: impl Fn(f64) -> bool, words: &str) -> Option<f64> {
        let found = table.get(key)?;
        let number = number_of(found.get_ref()).filter(|number| fits(*number));
        if number.is_none() {
            self.wrong_value(key, found, &format!("a number {words}"));
        }
        number
    }

    /// A number that does not fit, or a value that is no number.
    fn wrong_value(&mut self, key: &str, found: Node<'_, '_>, wanted: &str) {
        match found.get_ref() {
            DeValue::Integer(_) | DeValue::Float(_) => self.fault(&found.span(), format!("`{key}` must be {wanted}"), None),
            _ => self.wrong_type(key, found, wanted),
        }
    }

    /// Reports the keys that are not among these.
    pub(crate) fn known(&mut self, table: &Table<'_, '_>, keys: &[&str]) {
        table.know(keys);
        self.finish(table);
    }

    /// Reports the keys that were not asked for.
    pub(crate) fn finish(&mut self, table: &Table<'_, '_>) {
        let asked = table.asked.borrow();
        self.known.entry(table.name.clone()).or_default().extend(asked.iter().cloned());
        for (key, value) in table.entries.iter().filter(|(key, _)| !asked.contains(key.get_ref().as_ref())) {
            let meant = did_you_mean(key.get_ref(), asked.iter().map(String::as_str));
            // A key that resembles no known one may have a secret as its value, and the fault is about the key alone.
            if meant.is_none() {
                self.hide_values(value);
            }
            let name = if meant.is_some() { key.get_ref().to_string() } else { mask::name(key.get_ref()) };
            if name != key.get_ref().as_ref() {
                self.hide(&key.span());
            }
            let message = match table.name.as_str() {
                "" => format!("unknown table or key `{name}`"),
                within => format!("unknown key `{name}` in {within}"),
            };
            let names = || asked.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            let hint = meant.unwrap_or_else(|| match (asked.is_empty(), table.name.as_str()) {
                (true, _) => "no key belongs here".to_owned(),
                (false, "") => format!("the tables are {}", names()),
                (false, within) => format!("the keys of {within} are {}", names()),
            });
            self.fault(&key.span(), message, hint);
        }
    }
}

/// The place of a key, or of its value if the key is not found.
fn key_span(table: &DeTable<'_>, key: &str, found: Node<'_, '_>) -> Range<usize> {
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

fn article(kind: &str) -> String {
    let vowel = kind.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {kind}", if vowel { "an" } else { "a" })
}
