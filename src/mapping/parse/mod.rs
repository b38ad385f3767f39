//! From the text of a mapping file to a checked mapping: every fault in one pass.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use jiff::tz::TimeZone;

pub(super) mod formulas;
mod groups;
mod lifecycle;
mod targets;

use self::formulas::{attribute, one_text};
use crate::diagnostic::{Document, Faults, did_you_mean};
use crate::directory::Attribute;
use crate::expr;
use crate::mapping::dates::Dates;
use crate::mapping::formula::Slot;
use crate::mapping::model::{Inner, Mapping, Rules, missing};
use crate::mapping::scope::{Clause, OPERATORS, Refused, Test};
use crate::mapping::walk::{Section, Walk};
use crate::record::{DayFormat, Header};
use crate::source::{CsvSettings, rest};

const SECTIONS: &[&str] = &["version", "name", "source", "match", "scope", "attributes", "manager", "lifecycle", "groups"];
/// The keys of `[source]` that a mapping reads.
pub const SOURCE_KEYS: &[&str] = &[
    "key",
    "required",
    "dates",
    "time_zone",
    "previous_key",
    "guests",
    "delimiter",
    "encoding",
    "skip_lines",
    "skip_footer",
    "header",
    "nothing",
    "no_end",
];

impl Mapping {
    /// Reads and checks a mapping file whole.
    ///
    /// # Errors
    /// Every fault of the file, with its place.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Faults> {
        Self::parse_whole(text, path, None).0
    }

    /// Reads and checks a file; one with faults is held against the columns as well. The second part is the columns that the
    /// sound expressions of a file with faults use.
    pub(super) fn parse_whole(text: &str, path: &Path, header: Option<&Header>) -> (Result<Self, Faults>, BTreeSet<String>) {
        let document = Arc::new(Document::new(path, text.to_owned()));
        let mut walk = Walk::new(&document);
        let (root, faults) = document.toml();
        if !faults.is_empty() {
            return (Err(Faults { faults }), BTreeSet::new());
        }
        let root = Section::new("the mapping", root.get_ref(), 0..0);
        let draft = read(&mut walk, &root);
        let (mut faults, formulas) = walk.into_parts();
        match draft {
            Some(draft) if faults.is_empty() => {
                let inner = Inner { formulas, document: Arc::clone(&document), ..draft };
                (Ok(Self { inner: Arc::new(inner) }), BTreeSet::new())
            }
            draft => {
                let required = draft.map(|draft| draft.required).unwrap_or_default();
                let missing = header.map(|header| missing(&document, &formulas, &required, header));
                faults.extend(missing.unwrap_or_default());
                faults.sort_by_key(|fault| (fault.line, fault.column));
                let columns = formulas.iter().flat_map(|formula| formula.expression.columns().map(|(name, _)| name.to_owned()));
                (Err(Faults { faults }), columns.collect())
            }
        }
    }
}

/// The known keys of every table that a mapping has.
#[cfg(test)]
pub(crate) fn known_keys(text: &str) -> crate::diagnostic::toml::KnownKeys {
    let document = Document::new("map.toml", text.to_owned());
    let mut walk = Walk::new(&document);
    let (root, faults) = document.toml();
    assert!(faults.is_empty(), "{}", Faults { faults });
    read(&mut walk, &Section::new("the mapping", root.get_ref(), 0..0));
    walk.known_keys()
}

/// The checked entries of the `[source]` table.
struct Source {
    key: Option<Slot>,
    previous_key: Option<Slot>,
    required: Vec<(String, Range<usize>)>,
    dates: Dates,
    time_zone_given: bool,
    guests: bool,
    csv: CsvSettings,
    nothing: Vec<String>,
}

fn read(walk: &mut Walk<'_>, root: &Section<'_, '_>) -> Option<Inner> {
    walk.known(root, SECTIONS);
    version(walk, root);
    let name = walk.required(root, "name", "name the feed, such as name = \"Generic HR CSV export\"").and_then(|node| {
        let name = walk.text("name", node)?;
        if name.trim().is_empty() {
            walk.fault(&node.span(), "`name` is empty", None);
        }
        Some(name.trim().to_owned())
    });
    let source = walk
        .required(root, "source", "add [source] with the key, such as key = \"[EmployeeID]\"")
        .and_then(|node| walk.section("[source]", "source", node))
        .map(|section| read_source(walk, &section));
    let matching = read_matching(walk, root);
    let scope = read_scope(walk, root);
    let lifecycle = lifecycle::read(walk, root);
    let targets = targets::read(walk, root, &matching, lifecycle.is_some());
    let manager = read_manager(walk, root);
    let (group_rules, groups) = groups::read(walk, root);
    let (rules_cycle, cycle) = lifecycle.unzip();
    let source = source?;
    let targets = targets?;
    Some(Inner {
        rules: Rules {
            feed: name?,
            matching: matching.into_iter().map(|(attribute, _)| attribute).collect(),
            lifecycle: rules_cycle,
            guests: source.guests,
            groups: group_rules,
            attributes: targets.list.iter().map(|target| target.attribute).collect(),
            manager: manager.is_some(),
        },
        document: Arc::new(Document::new(String::new(), String::new())),
        formulas: Vec::new(),
        key: source.key?,
        previous_key: source.previous_key,
        required: source.required,
        dates: source.dates,
        time_zone_given: source.time_zone_given,
        csv: source.csv,
        nothing: source.nothing,
        scope,
        filter: targets.filter,
        targets: targets.list,
        manager,
        cycle,
        groups,
    })
}

fn version(walk: &mut Walk<'_>, root: &Section<'_, '_>) {
    let hint = "add version = 1";
    let Some(node) = walk.required(root, "version", hint) else { return };
    let one = node.get_ref().as_integer().is_some_and(|number| number.as_str() == "1");
    if !one {
        walk.fault(&node.span(), "`version` must be 1", Some("this hrpush reads version 1 alone".to_owned()));
    }
}

fn read_source(walk: &mut Walk<'_>, section: &Section<'_, '_>) -> Source {
    // A preset says in the same table how its service is read; that source checks those keys.
    let service = if section.entries.contains_key("kind") { rest::KEYS } else { &[] };
    walk.known(section, &[SOURCE_KEYS, service].concat());
    let key = walk
        .required(section, "key", "name the column with the personnel number, such as key = \"[EmployeeID]\"")
        .and_then(|node| walk.formula("key", node, one_text()));
    let previous_key = walk.optional_formula(section, "previous_key", one_text());
    let mut required = walk.texts(section, "required");
    let mut seen = BTreeSet::new();
    required.retain(|(name, span)| {
        let fresh = seen.insert(name.trim().to_owned());
        if !fresh {
            walk.fault(span, format!("`required` names {name:?} twice"), None);
        }
        fresh
    });
    let (zone, time_zone_given) = time_zone(walk, section);
    Source {
        key,
        previous_key,
        required: required.into_iter().map(|(name, span)| (name.trim().to_owned(), span)).collect(),
        dates: dates(walk, section, zone),
        time_zone_given,
        guests: walk.flag(section, "guests"),
        csv: CsvSettings {
            delimiter: delimiter(walk, section),
            encoding: walk.optional_text(section, "encoding").map(|(name, _)| name),
            skip_lines: walk.count(section, "skip_lines").unwrap_or(0),
            skip_footer: walk.count(section, "skip_footer").unwrap_or(0),
            header: section
                .entries
                .get("header")
                .map(|_| walk.texts(section, "header").into_iter().map(|(name, _)| name).collect()),
        },
        nothing: folded(walk.texts(section, "nothing")),
    }
}

fn folded(words: Vec<(String, Range<usize>)>) -> Vec<String> {
    words.into_iter().map(|(word, _)| crate::mapping::lifecycle::fold(&word)).collect()
}

fn time_zone(walk: &mut Walk<'_>, section: &Section<'_, '_>) -> (TimeZone, bool) {
    let Some((name, span)) = walk.optional_text(section, "time_zone") else { return (TimeZone::UTC, false) };
    if let Ok(zone) = TimeZone::get(&name) {
        return (zone, true);
    }
    let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    let hint = did_you_mean(&name, known.iter().map(String::as_str))
        .unwrap_or_else(|| "write an IANA name such as \"Europe/Berlin\"".to_owned());
    walk.fault(&span, format!("no time zone `{name}`"), Some(hint));
    (TimeZone::UTC, true)
}

fn delimiter(walk: &mut Walk<'_>, section: &Section<'_, '_>) -> Option<char> {
    let (text, span) = walk.optional_text(section, "delimiter")?;
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(only), None) if only.is_ascii() => Some(only),
        _ if text == "tab" => Some('\t'),
        _ => {
            let hint = "write one such as \";\", or \"tab\"".to_owned();
            walk.fault(&span, "`delimiter` must be one character", Some(hint));
            None
        }
    }
}

fn dates(walk: &mut Walk<'_>, section: &Section<'_, '_>, zone: TimeZone) -> Dates {
    let mut formats = Vec::new();
    for (format, span) in walk.texts(section, "dates") {
        if let Some(format) = DayFormat::new(&format) {
            formats.push(format);
        } else {
            let hint = "day, month and year are %d, %m and %Y, so that 31.12.2026 is \"%d.%m.%Y\" and 31.12.26 \"%d.%m.%y\"";
            walk.fault(&span, format!("{format:?} is not a format of a date"), Some(hint.to_owned()));
        }
    }
    let no_end: Vec<String> = walk.texts(section, "no_end").into_iter().map(|(word, _)| word).collect();
    Dates::new(formats, zone, &no_end)
}

fn read_matching(walk: &mut Walk<'_>, root: &Section<'_, '_>) -> Vec<(Attribute, Range<usize>)> {
    let mut matching: Vec<(Attribute, Range<usize>)> = Vec::new();
    let sections = walk.sections(root, "match");
    if sections.is_empty() && root.entries.get("match").is_none_or(|node| node.get_ref().is_array()) {
        let hint = "add [[match]] with target = \"employeeId\"".to_owned();
        walk.fault(&root.span, "the mapping lacks `[[match]]`", Some(hint));
    }
    for section in sections {
        walk.known(&section, &["target"]);
        let Some(node) = walk.required(&section, "target", "name the attribute, such as target = \"employeeId\"") else {
            continue;
        };
        let Some(name) = walk.text("target", node) else { continue };
        let Some(attribute) = attribute(walk, &name, &node.span()) else { continue };
        if matching.iter().any(|(known, _)| *known == attribute) {
            walk.fault(&node.span(), format!("`{name}` is matched twice"), None);
        } else {
            matching.push((attribute, node.span()));
        }
    }
    matching
}

fn read_scope(walk: &mut Walk<'_>, root: &Section<'_, '_>) -> Vec<Vec<Clause>> {
    let mut groups = Vec::new();
    for section in walk.sections(root, "scope") {
        walk.known(&section, &["all"]);
        let hint = "add all = [{ attribute = \"[Column]\", operator = \"EQUALS\", value = \"…\" }]";
        if walk.required(&section, "all", hint).is_none() {
            continue;
        }
        let clauses = walk.sections(&section, "all");
        if clauses.is_empty() {
            walk.fault(&section.span, "a [[scope]] without clauses", Some(hint.to_owned()));
        }
        groups.push(clauses.iter().filter_map(|clause| read_clause(walk, clause)).collect());
    }
    groups
}

fn read_clause(walk: &mut Walk<'_>, section: &Section<'_, '_>) -> Option<Clause> {
    walk.known(section, &["attribute", "operator", "value"]);
    let rules = expr::Rules { want: expr::Want::Any, ..expr::Rules::default() };
    let attribute = walk
        .required(section, "attribute", "name the column, such as attribute = \"[WorkerType]\"")
        .and_then(|node| walk.formula("attribute", node, rules));
    let node = walk.required(section, "operator", "add operator = \"EQUALS\"")?;
    let operator = walk.text("operator", node)?;
    let value = match section.entries.get("value") {
        None => None,
        Some(value) => match (value.get_ref().as_str(), value.get_ref().as_integer()) {
            (Some(text), _) => Some(text.to_owned()),
            (None, Some(number)) => Some(number.as_str().to_owned()),
            (None, None) => walk.text("value", value),
        },
    };
    let refused = match Test::new(&operator, value.as_deref()) {
        Ok(test) => return Some(Clause { attribute: attribute?, test }),
        Err(refused) => refused,
    };
    let at_value = section.entries.get("value").unwrap_or(node);
    let (at, message, hint) = match refused {
        Refused::Operator => {
            let hint = did_you_mean(&operator, OPERATORS.iter().copied())
                .unwrap_or_else(|| format!("the operators are {}", OPERATORS.join(", ")));
            (node, format!("no operator `{operator}`"), Some(hint))
        }
        Refused::NeedsValue => (at_value, format!("`{operator}` needs a `value`"), None),
        Refused::TakesNoValue => (at_value, format!("`{operator}` takes no `value`"), None),
        Refused::NotANumber => (at_value, format!("`{operator}` compares with a whole number"), None),
        Refused::Regex(error) => (at_value, format!("not a regular expression: {error}"), None),
    };
    walk.fault(&at.span(), message, hint);
    None
}

fn read_manager(walk: &mut Walk<'_>, root: &Section<'_, '_>) -> Option<Slot> {
    let node = root.entries.get("manager")?;
    let section = walk.section("[manager]", "manager", node)?;
    walk.known(&section, &["key"]);
    let hint = "name the column with the manager's personnel number, such as key = \"[ManagerID]\"";
    let node = walk.required(&section, "key", hint)?;
    walk.formula("key", node, one_text())
}
