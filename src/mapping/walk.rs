//! Walking a TOML document with its places, collecting every fault on the way.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{Document, Fault, did_you_mean};
use super::formula::{Formula, Slot};
use crate::expr;

/// The walk through one document.
pub(super) struct Walk<'d> {
    pub(super) document: &'d Document,
    faults: Vec<(usize, Fault)>,
    pub(super) formulas: Vec<Formula>,
}

/// One table of the document.
#[derive(Clone)]
pub(super) struct Section<'a, 'i> {
    /// How messages call it, such as `[source]`.
    pub(super) name: String,
    pub(super) table: &'a DeTable<'i>,
    pub(super) span: Range<usize>,
}

/// A value with its place.
pub(super) type Node<'a, 'i> = &'a Spanned<DeValue<'i>>;

impl<'d> Walk<'d> {
    pub(super) fn new(document: &'d Document) -> Self {
        Self { document, faults: Vec::new(), formulas: Vec::new() }
    }

    pub(super) fn fault(&mut self, span: &Range<usize>, message: impl Into<String>, hint: Option<String>) {
        self.faults.push((span.start, self.document.fault(span, message, hint)));
    }

    /// All faults in the order of their places.
    pub(super) fn into_parts(self) -> (Vec<Fault>, Vec<Formula>) {
        let mut faults = self.faults;
        faults.sort_by_key(|(at, _)| *at);
        (faults.into_iter().map(|(_, fault)| fault).collect(), self.formulas)
    }

    /// Every key of a table that is not known is a fault.
    pub(super) fn known(&mut self, section: &Section<'_, '_>, known: &[&str]) {
        for key in section.table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            let name = key.get_ref().as_ref();
            let hint = did_you_mean(name, known.iter().copied())
                .unwrap_or_else(|| format!("the keys of {} are {}", section.name, known.join(", ")));
            self.fault(&key.span(), format!("unknown key `{name}` in {}", section.name), Some(hint));
        }
    }

    /// A key that must be there.
    pub(super) fn required<'a, 'i>(&mut self, section: &Section<'a, 'i>, key: &str, hint: &str) -> Option<Node<'a, 'i>> {
        let node = section.table.get(key);
        if node.is_none() {
            self.fault(&section.span, format!("{} lacks `{key}`", section.name), Some(hint.to_owned()));
        }
        node
    }

    fn wrong_kind(&mut self, key: &str, node: Node<'_, '_>, wanted: &str) {
        let message = format!("`{key}` is {}, but must be {wanted}", article(node.get_ref().type_str()));
        self.fault(&node.span(), message, None);
    }

    pub(super) fn text(&mut self, key: &str, node: Node<'_, '_>) -> Option<String> {
        let text = node.get_ref().as_str().map(str::to_owned);
        if text.is_none() {
            self.wrong_kind(key, node, "a string");
        }
        text
    }

    pub(super) fn optional_text(&mut self, section: &Section<'_, '_>, key: &str) -> Option<(String, Range<usize>)> {
        let node = section.table.get(key)?;
        self.text(key, node).map(|text| (text, node.span()))
    }

    pub(super) fn texts(&mut self, section: &Section<'_, '_>, key: &str) -> Vec<(String, Range<usize>)> {
        let Some(node) = section.table.get(key) else { return Vec::new() };
        let Some(items) = node.get_ref().as_array() else {
            self.wrong_kind(key, node, "a list of strings");
            return Vec::new();
        };
        items.iter().filter_map(|item| self.text(key, item).map(|text| (text, item.span()))).collect()
    }

    pub(super) fn flag(&mut self, section: &Section<'_, '_>, key: &str) -> bool {
        let Some(node) = section.table.get(key) else { return false };
        node.get_ref().as_bool().unwrap_or_else(|| {
            self.wrong_kind(key, node, "true or false");
            false
        })
    }

    pub(super) fn count(&mut self, section: &Section<'_, '_>, key: &str) -> u64 {
        let Some(node) = section.table.get(key) else { return 0 };
        let number = node.get_ref().as_integer().and_then(|number| number.as_str().parse().ok());
        number.unwrap_or_else(|| {
            self.wrong_kind(key, node, "a whole number");
            0
        })
    }

    pub(super) fn section<'a, 'i>(&mut self, name: &str, key: &str, node: Node<'a, 'i>) -> Option<Section<'a, 'i>> {
        let Some(table) = node.get_ref().as_table() else {
            self.wrong_kind(key, node, "a table");
            return None;
        };
        Some(Section { name: name.to_owned(), table, span: node.span() })
    }

    pub(super) fn sections<'a, 'i>(&mut self, parent: &Section<'a, 'i>, key: &str) -> Vec<Section<'a, 'i>> {
        let Some(node) = parent.table.get(key) else { return Vec::new() };
        let Some(items) = node.get_ref().as_array() else {
            self.wrong_kind(key, node, &format!("written as `[[{key}]]`"));
            return Vec::new();
        };
        items.iter().filter_map(|item| self.section(&format!("[[{key}]]"), key, item)).collect()
    }

    /// One of several words.
    pub(super) fn choice<T: Copy>(&mut self, section: &Section<'_, '_>, key: &str, words: &[(&str, T)]) -> Option<T> {
        let (word, span) = self.optional_text(section, key)?;
        self.word(key, &word, &span, words)
    }

    /// The meaning of a word.
    pub(super) fn word<T: Copy>(&mut self, key: &str, word: &str, span: &Range<usize>, words: &[(&str, T)]) -> Option<T> {
        let found = words.iter().find(|(name, _)| *name == word).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
            let hint =
                did_you_mean(word, names.iter().copied()).unwrap_or_else(|| format!("write one of \"{}\"", names.join("\", \"")));
            self.fault(span, format!("`{key}` cannot be \"{word}\""), Some(hint));
        }
        found
    }

    /// An expression: checked, and kept under a slot.
    pub(super) fn formula(&mut self, key: &str, node: Node<'_, '_>, rules: expr::Rules) -> Option<Slot> {
        let text = self.text(key, node)?;
        let raw = node.span();
        match expr::Expression::check(&text, &rules) {
            Ok(expression) => {
                self.formulas.push(Formula { expression, raw });
                Some(Slot(self.formulas.len() - 1))
            }
            Err(faults) => {
                for fault in faults {
                    let span = in_file(&self.document.text, &raw, &fault.span);
                    self.fault(&span, fault.message, fault.hint);
                }
                None
            }
        }
    }

    pub(super) fn optional_formula(&mut self, section: &Section<'_, '_>, key: &str, rules: expr::Rules) -> Option<Slot> {
        let node = section.table.get(key)?;
        self.formula(key, node, rules)
    }
}

fn article(kind: &str) -> String {
    let vowel = kind.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {kind}", if vowel { "an" } else { "a" })
}

/// The bytes of the file for some bytes of a string's value; `raw` is the string with its quotes.
pub(super) fn in_file(text: &str, raw: &Range<usize>, span: &Range<usize>) -> Range<usize> {
    let literal = &text[raw.clone()];
    raw.start + locate(literal, span.start)..raw.start + locate(literal, span.end)
}

/// Where in a TOML string, quotes included, a byte of its value stands.
fn locate(raw: &str, offset: usize) -> usize {
    let quotes = if raw.starts_with("'''") || raw.starts_with("\"\"\"") { 3 } else { 1 };
    let mut at = quotes;
    if quotes == 3 {
        let rest = &raw[at..];
        at += if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
    }
    let escapes = raw.starts_with('"');
    let mut decoded = 0;
    while at < raw.len() {
        let (taken, made) = step(&raw[at..], escapes);
        // A line that continues makes nothing and belongs to what follows.
        if made > 0 && decoded + made > offset {
            break;
        }
        at += taken;
        decoded += made;
    }
    at.min(raw.len())
}

/// How many bytes the next piece of a string takes, and how many it makes.
fn step(rest: &str, escapes: bool) -> (usize, usize) {
    let mut characters = rest.chars();
    let Some(first) = characters.next() else { return (1, 1) };
    if !escapes || first != '\\' {
        return (first.len_utf8(), first.len_utf8());
    }
    let digits = match characters.next() {
        Some('u') => 4,
        Some('U') => 8,
        Some('x') => 2,
        Some(c) if c.is_whitespace() => return (rest.len() - rest[1..].trim_start().len(), 0),
        _ => return (2, 1),
    };
    let code = rest.get(2..2 + digits).and_then(|hex| u32::from_str_radix(hex, 16).ok());
    (2 + digits, code.and_then(char::from_u32).map_or(1, char::len_utf8))
}

#[cfg(test)]
mod tests {
    use super::locate;

    #[test]
    fn places_in_strings_are_found_in_the_file() {
        assert_eq!(locate("'[A]'", 1), 2);
        assert_eq!(locate("'''\n[A]'''", 0), 4);
        assert_eq!(locate(r#""\"x\" y""#, 3), 6);
        assert_eq!(locate(r#""ä€y""#, 5), 6);
        assert_eq!(locate("\"\\u00e4y\"", 2), 7);
    }
}
