//! The walk through a mapping file: a reader of TOML that also collects the expressions.

use std::ops::{Deref, DerefMut, Range};

use super::formula::{Formula, Slot};
use crate::diagnostic::toml::Reader;
pub(super) use crate::diagnostic::toml::{Node, Table as Section};
use crate::diagnostic::{Document, Fault};
use crate::expr;

/// The walk through one document.
pub(super) struct Walk<'d> {
    reader: Reader<'d>,
    pub(super) formulas: Vec<Formula>,
}

impl<'d> Deref for Walk<'d> {
    type Target = Reader<'d>;

    fn deref(&self) -> &Self::Target {
        &self.reader
    }
}

impl DerefMut for Walk<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.reader
    }
}

impl<'d> Walk<'d> {
    pub(super) fn new(document: &'d Document) -> Self {
        Self { reader: Reader::new(document), formulas: Vec::new() }
    }

    /// All faults in the order of their places.
    pub(super) fn into_parts(self) -> (Vec<Fault>, Vec<Formula>) {
        (self.reader.into_faults(), self.formulas)
    }

    pub(super) fn text(&mut self, key: &str, node: Node<'_, '_>) -> Option<String> {
        self.text_of(key, node)
    }

    pub(super) fn optional_text(&mut self, section: &Section<'_, '_>, key: &str) -> Option<(String, Range<usize>)> {
        self.string_or_blank(section, key).map(|found| (found.value, found.span))
    }

    pub(super) fn texts(&mut self, section: &Section<'_, '_>, key: &str) -> Vec<(String, Range<usize>)> {
        self.strings(section, key).unwrap_or_default().into_iter().map(|found| (found.value, found.span)).collect()
    }

    pub(super) fn sections<'a, 'i>(&mut self, parent: &Section<'a, 'i>, key: &str) -> Vec<Section<'a, 'i>> {
        self.tables(parent, key, &format!("[[{key}]]"))
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
                    let span = in_file(&self.reader.document.text, &raw, &fault.span);
                    self.reader.fault(&span, fault.message, fault.hint);
                }
                None
            }
        }
    }

    pub(super) fn optional_formula(&mut self, section: &Section<'_, '_>, key: &str, rules: expr::Rules) -> Option<Slot> {
        let node = section.entries.get(key)?;
        self.formula(key, node, rules)
    }
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
