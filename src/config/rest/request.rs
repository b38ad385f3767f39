//! Requests, pages, joins, rows and columns of a service.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::SignedDuration;
use toml::Spanned;
use toml::de::DeValue;

use super::layered_table::{LayeredTable, ValueFault, Wanted, table, template};
use crate::diagnostic::toml::{At, Reader};
use crate::record::DayFormat;
use crate::source::rest;
use rest::{Body, DateForm, Format, MarkForm, Need, Paging, PagingKind, Shape, Take, TemplateFault};

const PARTS: [&str; 4] = ["page", "offset", "size", "cursor"];

/// The keys of one request; `more` are names that its templates may use.
pub(super) fn read(scope: &mut LayeredTable<'_, '_, '_>, more: &[&str]) -> rest::Request {
    let known: Vec<&str> = PARTS.iter().chain(more).copied().collect();
    let post = scope.choice("method", &[("GET", false), ("POST", true)]).unwrap_or(false);
    let path = scope.below("path", &known).unwrap_or_default();
    let query = scope.pairs("query", &known);
    let body = body(scope, &known);
    let records = scope.place("records").unwrap_or_default();
    let format =
        scope.choice("format", &[("json", Format::Json), ("xml", Format::Xml), ("csv", Format::Csv), ("ndjson", Format::Lines)]);
    let mut paging = paging(scope);
    paging.size = scope.count("page_size").unwrap_or(100).max(1);
    let request = rest::Request { post, path, query, body, records, format, paging };
    asks_for_pages(scope, &request);
    request
}

fn body(scope: &mut LayeredTable<'_, '_, '_>, known: &[&str]) -> Option<Body> {
    if scope.has("form") {
        return Some(Body::Form(scope.pairs("form", known)));
    }
    let (values, lax) = (scope.values.clone(), scope.wanted == Wanted::Part);
    let (reader, found) = scope.get("body")?;
    shape(reader, found, &|text| template(text, &values, known, lax)).map(Body::Json)
}

fn shape(
    reader: &mut Reader<'_>,
    found: &Spanned<DeValue<'_>>,
    read: &dyn Fn(&str) -> Result<rest::Template, TemplateFault>,
) -> Option<Shape> {
    Some(match found.get_ref() {
        DeValue::String(text) => match read(text) {
            Ok(template) => Shape::Text(template),
            Err(fault) => {
                ValueFault::from(fault).report(reader, &found.span(), None);
                return None;
            }
        },
        DeValue::Boolean(flag) => Shape::Fixed((*flag).into()),
        DeValue::Integer(number) => Shape::Fixed(number.as_str().replace('_', "").parse::<i64>().ok()?.into()),
        DeValue::Float(number) => Shape::Fixed(number.as_str().parse::<f64>().ok()?.into()),
        DeValue::Datetime(moment) => Shape::Fixed(moment.to_string().into()),
        DeValue::Array(items) => Shape::List(items.iter().filter_map(|item| shape(reader, item, read)).collect()),
        DeValue::Table(table) => Shape::Object(
            table.iter().filter_map(|(name, value)| Some((name.get_ref().to_string(), shape(reader, value, read)?))).collect(),
        ),
    })
}

fn paging(scope: &mut LayeredTable<'_, '_, '_>) -> Paging {
    let read = |scope: &mut LayeredTable<'_, '_, '_>| {
        // All keys are read before a fault of one ends the table, or the others would be unknown.
        let kind = paging_kind(scope);
        let paging = Paging {
            kind: PagingKind::None,
            total: scope.place("total"),
            total_pages: scope.place("total_pages"),
            total_header: scope.text("total_header"),
            pages_header: scope.text("pages_header"),
            more: scope.place("more"),
            end: scope.condition("end"),
            slack: scope.count("slack").unwrap_or(0),
            ignore: texts(scope, "ignore"),
            size: 100,
        };
        Some(Paging { kind: kind?, ..paging })
    };
    scope.inner("paging", read).unwrap_or_default()
}

fn paging_kind(scope: &mut LayeredTable<'_, '_, '_>) -> Option<PagingKind> {
    #[derive(Clone, Copy)]
    enum Kind {
        None,
        Page,
        Offset,
        Cursor,
        Next,
        Link,
    }
    const KINDS: [(&str, Kind); 6] = [
        ("none", Kind::None),
        ("page", Kind::Page),
        ("offset", Kind::Offset),
        ("cursor", Kind::Cursor),
        ("next", Kind::Next),
        ("link", Kind::Link),
    ];
    let kind = scope.choice("kind", &KINDS).unwrap_or(Kind::None);
    let start = scope.count("start");
    let next = scope.place("next");
    if next.is_none() && matches!(kind, Kind::Cursor | Kind::Next) {
        scope.fault("this paging needs `next`", "the path to the cursor or link, such as next = \"meta.next\"");
    }
    Some(match kind {
        Kind::None => PagingKind::None,
        Kind::Page => PagingKind::Page(start.unwrap_or(1)),
        Kind::Offset => PagingKind::Offset(start.unwrap_or(0)),
        Kind::Cursor => PagingKind::Cursor(next?),
        Kind::Next => PagingKind::Next(next?),
        Kind::Link => PagingKind::Link,
    })
}

/// A list that goes on must be asked for its next page.
fn asks_for_pages(scope: &mut LayeredTable<'_, '_, '_>, request: &rest::Request) {
    let part = match request.paging.kind {
        PagingKind::Page(_) => "page",
        PagingKind::Offset(_) => "offset",
        PagingKind::Cursor(_) => "cursor",
        PagingKind::None | PagingKind::Next(_) | PagingKind::Link => return,
    };
    if !request.mentions(part) && scope.wanted == Wanted::Whole {
        let what = format!("nothing in the request says {{{part}}}, so that every page would be the first");
        scope.fault(&what, &format!("put it where the service wants it, such as query = {{ {part} = \"{{{part}}}\" }}"));
    }
}

pub(super) fn also(scope: &mut LayeredTable<'_, '_, '_>) -> rest::Also {
    let list = read(scope, &[]);
    let set = scope.pairs("set", &[]);
    let values = scope.values.clone();
    let set = set.into_iter().map(|(name, template)| (name, template.filled(&values))).collect();
    let unless = scope.place("unless");
    needs_path(scope);
    rest::Also { list, set, unless }
}

pub(super) fn join(scope: &mut LayeredTable<'_, '_, '_>) -> Option<rest::Join> {
    const TAKES: [(&str, Take); 3] = [("one", Take::One), ("first", Take::First), ("many", Take::Many)];
    let name = scope.text("name");
    let request = read(scope, &["on"]);
    let on = scope.place("on");
    let key = scope.place("key");
    let take = scope.choice("take", &TAKES).unwrap_or(Take::One);
    let required = scope.flag("required");
    needs_path(scope);
    if name.is_none() || on.is_none() {
        scope.fault("a join needs `name` and `on`", "such as name = \"job\", on = \"id\", key = \"employeeId\"");
    }
    if key.is_some() == request.mentions("on") {
        scope.fault(
            "a join needs `key`, or {on} in its path, and not both",
            "with `key` the whole other list is read; with path = \"/employees/{on}\" each record is asked for",
        );
    }
    Some(rest::Join { name: name?, request, on: on?, key, take, required })
}

fn needs_path(scope: &mut LayeredTable<'_, '_, '_>) {
    if !scope.has("path") {
        scope.fault("this request needs `path`", "below base_url, such as path = \"/v1/jobs\"");
    }
}

pub(super) fn pick(scope: &mut LayeredTable<'_, '_, '_>) -> rest::Pick {
    let at = scope.place("at");
    let by = scope.place("by");
    if at.is_some() == by.is_some() {
        scope.fault(
            "a pick needs `at` or `by`, and not both",
            "at = \"employments\" for a list within the record, by = \"id\" where the list has several rows of a person",
        );
    }
    rest::Pick {
        at,
        by,
        from: scope.place("from"),
        to: scope.place("to"),
        date: scope
            .spanned("date")
            .and_then(|found| scope.checked("date", &found, |text| Ok(date_form(text)?)))
            .unwrap_or(DateForm::Iso),
        prefer: conditions(scope, "prefer"),
        sequence: scope.place("sequence"),
    }
}

fn texts(scope: &mut LayeredTable<'_, '_, '_>, key: &'static str) -> Vec<String> {
    let Some((reader, fields)) = scope.at(key) else { return Vec::new() };
    reader.strings(fields, key).unwrap_or_default().into_iter().map(|found| found.value).collect()
}

fn conditions(scope: &mut LayeredTable<'_, '_, '_>, key: &'static str) -> Vec<rest::Condition> {
    let Some((reader, fields)) = scope.at(key) else { return Vec::new() };
    let mut conditions = Vec::new();
    for At { value, span } in reader.strings(fields, key).unwrap_or_default() {
        match rest::Condition::parse(&value) {
            Ok(condition) => conditions.push(condition),
            Err(fault) => reader.fault(&span, fault.what, None),
        }
    }
    conditions
}

pub(super) fn changes(scope: &mut LayeredTable<'_, '_, '_>) -> Option<rest::Changes> {
    const FORMS: [(&str, MarkForm); 5] = [
        ("iso", MarkForm::Iso),
        ("day", MarkForm::Day),
        ("blank", MarkForm::Blank),
        ("epoch-s", MarkForm::EpochSeconds),
        ("epoch-ms", MarkForm::EpochMillis),
    ];
    let query = scope.pairs("query", &["since"]);
    let form = scope.choice("form", &FORMS).unwrap_or(MarkForm::Iso);
    let overlap = scope.time("overlap").unwrap_or(SignedDuration::from_hours(1));
    let full_every = scope.time("full_every").unwrap_or(SignedDuration::from_hours(24 * 7));
    let key = scope.place("key");
    if key.is_none() || !query.iter().any(|(_, template)| template.names("since")) {
        scope.fault(
            "[source.changes] needs `key` and a `query` with {since}",
            "such as key = \"id\", query = { updated_since = \"{since}\" }",
        );
    }
    Some(rest::Changes { query, form, overlap, full_every, key: key?, zone: None })
}

/// The columns of all files together; the first that names one wins.
pub(super) fn columns(scope: &mut LayeredTable<'_, '_, '_>) -> Vec<rest::Column> {
    let mut columns: BTreeMap<String, rest::Column> = BTreeMap::new();
    for (reader, fields) in &mut scope.layers {
        let Some(found) = fields.get("columns") else { continue };
        let Some(table) = table(reader, "columns", found) else { continue };
        for (name, value) in table {
            let name = name.get_ref().trim().to_owned();
            if columns.contains_key(&name) {
                continue;
            }
            if let Some(column) = column(reader, &name, value) {
                columns.insert(name, column);
            }
        }
    }
    columns.into_values().collect()
}

fn column(reader: &mut Reader<'_>, name: &str, found: &Spanned<DeValue<'_>>) -> Option<rest::Column> {
    let plain =
        |paths| rest::Column { name: name.to_owned(), paths, date: None, need: Need::Value, flag: false, words: BTreeMap::new() };
    let DeValue::Table(inner) = found.get_ref() else {
        return paths(reader, found).map(plain);
    };
    let mut column = plain(Vec::new());
    for (key, value) in inner {
        match key.get_ref().as_ref() {
            "path" => column.paths = paths(reader, value)?,
            "date" => column.date = value.get_ref().as_str().and_then(|text| fit(reader, &value.span(), date_form(text))),
            "optional" => column.need = need(reader, value)?,
            "flag" => column.flag = value.get_ref().as_bool() == Some(true),
            "words" => {
                for (word, meaning) in table(reader, "words", value)? {
                    let meaning = meaning.get_ref().as_str().unwrap_or_default().to_owned();
                    column.words.insert(word.get_ref().to_string(), meaning);
                }
            }
            other => {
                let what = format!("unknown key `{other}` of a column");
                reader.fault(&key.span(), what, "a column has path, date, optional, flag, words");
            }
        }
    }
    if column.paths.is_empty() {
        reader.fault(&found.span(), format!("the column `{name}` needs `path`"), None);
    }
    Some(column)
}

/// `optional = true`, or `optional = "empty"` where the place of the value must be there.
fn need(reader: &mut Reader<'_>, found: &Spanned<DeValue<'_>>) -> Option<Need> {
    match (found.get_ref().as_bool(), found.get_ref().as_str()) {
        (Some(true), _) => Some(Need::Nothing),
        (Some(false), _) => Some(Need::Value),
        (None, Some("empty")) => Some(Need::Place),
        _ => {
            let hint = "true: no record need have it; \"empty\": it may be empty in every record";
            reader.fault(&found.span(), "`optional` must be true, false or \"empty\"".to_owned(), hint);
            None
        }
    }
}

/// One path, or several of which the first with a value counts.
fn paths(reader: &mut Reader<'_>, found: &Spanned<DeValue<'_>>) -> Option<Vec<rest::Path>> {
    let items: &[Spanned<DeValue<'_>>] = match found.get_ref() {
        DeValue::Array(items) => items,
        _ => std::slice::from_ref(found),
    };
    let mut paths = Vec::new();
    for item in items {
        let Some(text) = item.get_ref().as_str() else {
            reader.fault(&item.span(), "a path is a text in quotes, such as \"work.title\"", None);
            return None;
        };
        paths.push(fit(reader, &item.span(), rest::Path::parse(text).map_err(|fault| fault.what))?);
    }
    Some(paths)
}

fn fit<T>(reader: &mut Reader<'_>, span: &Range<usize>, read: Result<T, String>) -> Option<T> {
    read.map_err(|what| reader.fault(span, what, None)).ok()
}

fn date_form(text: &str) -> Result<DateForm, String> {
    Ok(match text {
        "iso" => DateForm::Iso,
        "epoch-s" => DateForm::EpochSeconds,
        "epoch-ms" => DateForm::EpochMillis,
        pattern => DateForm::Pattern(
            DayFormat::new(pattern)
                .ok_or_else(|| format!("`{pattern}` is not a form of a date: iso, epoch-s, epoch-ms, or one such as %d.%m.%Y"))?,
        ),
    })
}
