//! `--update`: what was found becomes what is expected, in the text of the file, so that its comments and its order stay.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::case::{Outcome, left_alone};
use crate::diagnostic::toml_text::{key, quoted};

/// The file with every stale case brought up to date.
pub(super) fn accept(text: &str, became: &[(Outcome, bool)]) -> Option<String> {
    let root = DeTable::parse(text).ok()?;
    let cases = root.get_ref().get("case")?.get_ref().as_array()?;
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    for (case, (became, stale)) in cases.iter().zip(became) {
        if *stale {
            edit(text, case.get_ref().as_table()?, became, &mut edits)?;
        }
    }
    edits.sort_by_key(|(span, _)| (span.start, span.end));
    let mut updated = text.to_owned();
    for (span, replacement) in edits.into_iter().rev() {
        updated.replace_range(span, &replacement);
    }
    Some(updated)
}

type Edits = Vec<(Range<usize>, String)>;

fn edit(text: &str, case: &DeTable<'_>, became: &Outcome, edits: &mut Edits) -> Option<()> {
    let name_ends = line_end(text, case.get("name")?.span().end);
    let expect = case.get("expect");
    match became {
        Outcome::Wrong(_) => {}
        Outcome::Desired { found, .. } => {
            remove(text, case, "held", edits);
            remove(text, case, "out_of_scope", edits);
            match expect {
                Some(node) if text[node.span()].starts_with('{') => {
                    let names: Vec<String> = node.get_ref().as_table()?.keys().map(|name| name.get_ref().to_string()).collect();
                    edits.push((node.span(), inline(found, names.iter().map(String::as_str))));
                }
                Some(node) => replace_values(node.get_ref().as_table()?, found, edits),
                None => {
                    let line = format!("\nexpect = {}", inline(found, found.keys().map(String::as_str)));
                    edits.push((last_line(text, case, name_ends), line));
                }
            }
        }
        Outcome::Held { code, .. } => {
            remove(text, case, "out_of_scope", edits);
            remove(text, case, "expect", edits);
            match case.get("held") {
                Some(node) => edits.push((node.span(), quoted(code))),
                None => edits.push((name_ends..name_ends, format!("\nheld = {}", quoted(code)))),
            }
        }
        Outcome::OutOfScope => {
            remove(text, case, "held", edits);
            remove(text, case, "expect", edits);
            match case.get("out_of_scope") {
                Some(node) => edits.push((node.span(), "true".to_owned())),
                None => edits.push((name_ends..name_ends, "\nout_of_scope = true".to_owned())),
            }
        }
    }
    Some(())
}

/// The values of a `[case.expect]` table that differ.
fn replace_values(table: &DeTable<'_>, found: &BTreeMap<String, Json>, edits: &mut Edits) {
    for (name, node) in table {
        let value = found.get(name.get_ref().as_ref()).cloned().unwrap_or_else(left_alone);
        let same = match (node.get_ref(), &value) {
            (DeValue::String(text), Json::String(wanted)) => text == wanted,
            (DeValue::Boolean(flag), Json::Bool(wanted)) => flag == wanted,
            _ => false,
        };
        if !same {
            edits.push((node.span(), written(&value)));
        }
    }
}

/// After the record where that is one value on lines of its own, else after the name.
fn last_line(text: &str, case: &DeTable<'_>, name_ends: usize) -> Range<usize> {
    let record = case.get("record").filter(|node| text[node.span()].starts_with('{'));
    let at = record.map_or(name_ends, |node| line_end(text, node.span().end));
    at..at
}

/// Takes a key out: its whole lines, and of a table with a header each of its entries.
fn remove(text: &str, case: &DeTable<'_>, name: &str, edits: &mut Edits) {
    let Some((name, node)) = case.get_key_value(name) else { return };
    let lines = |key: &Spanned<_>, end: usize| -> Range<usize> {
        let start: usize = Spanned::<std::borrow::Cow<'_, str>>::span(key).start;
        let start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        start..(line_end(text, end) + 1).min(text.len())
    };
    match node.get_ref().as_table() {
        Some(table) if !text[node.span()].starts_with('{') => {
            for (name, node) in table {
                edits.push((lines(name, node.span().end), String::new()));
            }
        }
        _ => edits.push((lines(name, node.span().end), String::new())),
    }
}

/// Where the line of a place ends.
fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end)
}

fn inline<'n>(found: &BTreeMap<String, Json>, names: impl Iterator<Item = &'n str>) -> String {
    let pairs: Vec<String> =
        names.map(|name| format!("{} = {}", key(name), written(&found.get(name).cloned().unwrap_or_else(left_alone)))).collect();
    format!("{{ {} }}", pairs.join(", "))
}

/// A value as TOML.
fn written(value: &Json) -> String {
    match value {
        Json::String(text) => quoted(text),
        Json::Array(items) => format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(", ")),
        Json::Object(_) => "{ ignore = \"attribute\" }".to_owned(),
        other => other.to_string(),
    }
}
