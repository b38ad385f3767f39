//! From the objects of an answer to the columns of a reading.
//!
//! Without declared columns every value gets a name of the keys that lead to it, joined by dots: `work.title`. A list of objects
//! adds nothing to the names: `emails.value` is the list of all their values, so that no column comes or goes with the number of
//! elements. A list of one is the value itself.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use hashbrown::HashMap;
use jiff::tz::TimeZone;
use serde_json::Value as Json;

use super::dates::{self, DateForm};
use super::json::scalar;
use super::path::Path;
use crate::record::{Cell, Value, plain_moment, trimmed};

/// More columns than this come from an object that is keyed by ids.
const MOST: usize = 2_000;
/// More places than the lists of a record fill.
const MOST_PLACES: usize = 1_000_000;
/// Longer than the name of any column.
const LONGEST: usize = 2_000;

/// One declared column: its name and the path of its value in a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name, as the mapping writes it.
    pub name: String,
    /// Where its value is; the first of several that has one.
    pub paths: Vec<Path>,
    /// How it writes dates, where it does.
    pub date: Option<DateForm>,
    /// What must be there of it.
    pub need: Need,
    /// Whether `false` is a value here although the source writes it for nothing.
    pub flag: bool,
    /// The replacement for a text, such as the name for a code.
    pub words: BTreeMap<String, String>,
}

/// What a reading must have of a column: where it lacks that, a permission was lost, and not every person's value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Need {
    /// A value in some record.
    #[default]
    Value,
    /// The place of the value in some record, be it empty everywhere (`optional = "empty"`).
    Place,
    /// No record must have it (`optional = true`).
    Nothing,
}

/// What the records of a reading had of each declared column.
#[derive(Clone, Debug)]
pub(in crate::source::rest) struct Seen {
    /// Whether a record had the place of its value.
    pub(in crate::source::rest) there: Vec<bool>,
    /// Whether a record had a value.
    pub(in crate::source::rest) filled: Vec<bool>,
}

impl Seen {
    pub(in crate::source::rest) fn new(columns: usize) -> Self {
        Self { there: vec![false; columns], filled: vec![false; columns] }
    }
}

/// What holds for the values of all columns.
pub(in crate::source::rest) struct Projection<'s> {
    pub(in crate::source::rest) zone: &'s TimeZone,
    pub(in crate::source::rest) false_is_nothing: bool,
    /// What the mapping takes for an empty cell, folded.
    pub(in crate::source::rest) nothing: &'s [String],
}

/// A value on its way into a row: lent by the answer where it stays as it is.
pub(in crate::source::rest) enum Piece<'v> {
    Lent(Cell<'v>),
    Own(Value),
}

impl Piece<'_> {
    pub(in crate::source::rest) fn as_cell(&self) -> Cell<'_> {
        match self {
            Self::Lent(cell) => *cell,
            Self::Own(value) => value.as_cell(),
        }
    }
}

/// A record's declared columns in their order, and which of them the record really has.
pub(in crate::source::rest) fn declared<'v>(
    record: &'v Json,
    columns: &[Column],
    manner: &Projection<'_>,
    seen: &mut Seen,
) -> Vec<Piece<'v>> {
    let mut row = Vec::with_capacity(columns.len());
    for (index, column) in columns.iter().enumerate() {
        let mut value = Piece::Lent(Cell::Null);
        for path in &column.paths {
            if let Some(found) = path.direct(record) {
                seen.there[index] = true;
                value = piece(found);
            } else {
                let found = path.find(record);
                seen.there[index] |= !found.is_empty();
                value = Piece::Own(one_or_many(found.into_iter().flat_map(texts).collect()));
            }
            if !value.as_cell().is_empty() && !nothing(value.as_cell(), manner, column.flag) {
                break;
            }
        }
        let value = finish(value, column, manner);
        seen.filled[index] = seen.filled[index] || !is_blank(value.as_cell(), manner.nothing);
        row.push(value);
    }
    row
}

/// What a path that is keys alone led to.
fn piece(found: &Json) -> Piece<'_> {
    match found {
        Json::String(text) => Piece::Lent(Cell::Text(text)),
        Json::Bool(flag) => Piece::Lent(Cell::Flag(*flag)),
        Json::Null => Piece::Lent(Cell::Null),
        Json::Number(_) | Json::Array(_) | Json::Object(_) => Piece::Own(one_or_many(texts(found))),
    }
}

/// Whether a value says nothing: no more than blanks and invisible characters, or a word that stands for nothing.
fn is_blank(value: Cell<'_>, nothing: &[String]) -> bool {
    let blank = |text: &str| {
        let text = trimmed(text);
        text.is_empty() || (!nothing.is_empty() && nothing.contains(&caseless::default_case_fold_str(text)))
    };
    match value {
        Cell::Null => true,
        Cell::Text(text) => blank(text),
        Cell::List(items) => items.iter().all(|item| blank(item)),
        Cell::Flag(_) => false,
    }
}

fn nothing(value: Cell<'_>, manner: &Projection<'_>, flag: bool) -> bool {
    manner.false_is_nothing && !flag && value == Cell::Flag(false)
}

fn finish<'v>(value: Piece<'v>, column: &Column, manner: &Projection<'_>) -> Piece<'v> {
    if nothing(value.as_cell(), manner, column.flag) {
        return Piece::Lent(Cell::Null);
    }
    // Another text in the place of one; none where it stays.
    let other = |text: &str| -> Option<Box<str>> {
        let day = column.date.as_ref().and_then(|form| dates::day(text, form, manner.zone));
        let day = day.or_else(|| plain_moment(text));
        let word = if column.words.is_empty() { None } else { column.words.get(day.as_deref().unwrap_or(text).trim()) };
        word.cloned().or(day).map(Into::into)
    };
    let changed = match value.as_cell() {
        Cell::Text(text) => other(text).map(Value::Text),
        Cell::List(items) => Some(Value::List(items.iter().map(|item| other(item).unwrap_or_else(|| item.clone())).collect())),
        Cell::Flag(_) if column.words.is_empty() => None,
        Cell::Flag(flag) => column.words.get(&flag.to_string()).map(|word| Value::text(word.as_str())),
        Cell::Null => None,
    };
    changed.map_or(value, Piece::Own)
}

/// The scalars of what a path led to.
fn texts(value: &Json) -> Vec<Value> {
    match value {
        Json::Array(items) => items.iter().flat_map(texts).collect(),
        Json::Null => vec![Value::Null],
        Json::Bool(flag) => vec![Value::Flag(*flag)],
        other => scalar(other).map(Value::text).into_iter().collect(),
    }
}

/// One value as itself, several as a list of texts.
fn one_or_many(mut values: Vec<Value>) -> Value {
    if values.len() > 1 {
        values.retain(|value| *value != Value::Null);
    }
    match values.len() {
        0 => Value::Null,
        1 => values.remove(0),
        _ => Value::List(values.into_iter().map(text_of).collect()),
    }
}

fn text_of(value: Value) -> Box<str> {
    match value {
        Value::Text(text) => text,
        Value::Flag(flag) => flag.to_string().into(),
        Value::Null | Value::List(_) => "".into(),
    }
}

/// The columns that the records of a reading have, in the order in which they came.
#[derive(Default)]
pub(in crate::source::rest) struct ColumnNames {
    numbers: HashMap<Box<str>, u32>,
    names: Vec<Box<str>>,
}

impl ColumnNames {
    /// The name of a column.
    pub(in crate::source::rest) fn name(&self, number: u32) -> &str {
        &self.names[number as usize]
    }

    /// How many names there are.
    pub(in crate::source::rest) fn len(&self) -> usize {
        self.names.len()
    }

    /// The number of a name that a record had.
    pub(in crate::source::rest) fn find(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.find(name) {
            return number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.into());
        self.numbers.insert(name.into(), number);
        number
    }
}

/// The values of a record, each with the number of its column.
pub(in crate::source::rest) type Row<'v> = Vec<(u32, Piece<'v>)>;

/// All values of a record by the keys that lead to them.
///
/// # Errors
/// What is wrong, in words: two ways to one name, or too many names.
pub(in crate::source::rest) fn all<'v>(
    record: &'v Json,
    manner: &Projection<'_>,
    names: &mut ColumnNames,
) -> Result<Row<'v>, String> {
    let mut row = Row::new();
    if plain(record, &mut String::new(), manner, names, &mut row).is_some() {
        return Ok(row);
    }
    let mut found: BTreeMap<Vec<&str>, Vec<Value>> = BTreeMap::new();
    collect(record, &mut Vec::new(), &mut found)?;
    row.clear();
    let mut known = HashSet::new();
    for (keys, values) in found {
        let name = if keys.is_empty() { "value".to_owned() } else { keys.join(".") };
        let value = match one_or_many_aligned(values) {
            Value::Text(text) => Value::Text(plain_moment(&text).map_or(text, Into::into)),
            value if nothing(value.as_cell(), manner, false) => Value::Null,
            value => value,
        };
        let number = names.number(&name);
        if !known.insert(number) {
            return Err(format!("two values of a record are called `{name}`"));
        }
        row.push((number, Piece::Own(value)));
    }
    Ok(row)
}

/// The values of a record of single values and objects, whose keys lead to one value each; none where [`collect`] has to look closer.
fn plain<'v>(
    value: &'v Json,
    name: &mut String,
    manner: &Projection<'_>,
    names: &mut ColumnNames,
    row: &mut Row<'v>,
) -> Option<()> {
    let Json::Object(object) = value else { return None };
    for (key, inner) in object {
        let special = key.is_empty() || key.starts_with("__") || key == "#text" || key.contains('.');
        let before = name.len();
        if special || before + key.len() > LONGEST || row.len() > MOST {
            return None;
        }
        if before > 0 {
            name.push('.');
        }
        name.push_str(key);
        let piece = match inner {
            Json::Array(_) => return None,
            Json::Object(_) => {
                plain(inner, name, manner, names, row)?;
                name.truncate(before);
                continue;
            }
            Json::String(text) => {
                plain_moment(text).map_or(Piece::Lent(Cell::Text(text)), |moment| Piece::Own(Value::text(moment)))
            }
            Json::Bool(flag) if nothing(Cell::Flag(*flag), manner, false) => Piece::Lent(Cell::Null),
            other => piece(other),
        };
        row.push((names.number(name), piece));
        name.truncate(before);
    }
    Some(())
}

/// Several values keep the places of those that are empty, so that the lists of one repeated object agree.
fn one_or_many_aligned(mut values: Vec<Value>) -> Value {
    match values.len() {
        0 => Value::Null,
        1 => values.remove(0),
        _ if values.iter().all(|value| *value == Value::Null) => Value::Null,
        _ => Value::List(values.into_iter().map(text_of).collect()),
    }
}

/// Puts the values to the keys that lead to them.
///
/// # Errors
/// What is wrong, in words: bounds against answers that are made to exhaust the memory.
fn collect<'v>(value: &'v Json, keys: &mut Vec<&'v str>, found: &mut BTreeMap<Vec<&'v str>, Vec<Value>>) -> Result<(), String> {
    if found.len() > MOST {
        return Err(format!("a record has more than {MOST} values: is it an object of records?"));
    }
    match value {
        Json::Object(object) => {
            let shown = || object.iter().filter(|(key, _)| !key.starts_with("__"));
            if shown().count() == 1
                && let Some(list @ Json::Array(_)) = object.get("results").or_else(|| object.get("items"))
            {
                return collect(list, keys, found);
            }
            for (key, inner) in shown() {
                // The text of an XML element goes by the name of the element.
                let named = key != "#text";
                if named {
                    if keys.iter().map(|key| key.len()).sum::<usize>() + key.len() > LONGEST {
                        return Err(format!("the keys that lead to a value have more than {LONGEST} bytes"));
                    }
                    keys.push(key);
                }
                collect(inner, keys, found)?;
                if named {
                    keys.pop();
                }
            }
        }
        Json::Array(items) if items.iter().any(Json::is_object) => {
            let mut each: Vec<BTreeMap<Vec<&str>, Vec<Value>>> = Vec::with_capacity(items.len());
            let mut names: BTreeSet<Vec<&str>> = BTreeSet::new();
            for item in items {
                let mut inner = BTreeMap::new();
                collect(item, keys, &mut inner)?;
                names.extend(inner.keys().cloned());
                // Each element gets a place under each name.
                if names.len() > MOST || names.len().saturating_mul(items.len()) > MOST_PLACES {
                    return Err(format!(
                        "a list in a record has {} elements with different keys: declare the columns",
                        items.len()
                    ));
                }
                each.push(inner);
            }
            for name in names {
                let values = each.iter().flat_map(|inner| inner.get(&name).cloned().unwrap_or_else(|| vec![Value::Null]));
                found.entry(name.clone()).or_default().extend(values);
            }
        }
        Json::Array(items) => {
            found.entry(keys.clone()).or_default().extend(items.iter().flat_map(texts));
        }
        other => found.entry(keys.clone()).or_default().extend(texts(other)),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const MANNER: Projection<'static> = Projection { zone: &TimeZone::UTC, false_is_nothing: false, nothing: &[] };

    fn names(record: &Json) -> String {
        let mut names = ColumnNames::default();
        let row = all(record, &MANNER, &mut names).unwrap();
        let mut row: Vec<_> = row.into_iter().map(|(number, value)| (names.name(number), Value::from(value.as_cell()))).collect();
        row.sort_by_key(|(name, _)| *name);
        row.iter().map(|(name, value)| format!("{name}={value:?};")).collect()
    }

    #[test]
    fn names_do_not_depend_on_the_number_of_elements() {
        let record = json!({"id": 7, "work": {"title": "T", "none": null}, "tags": ["a", "b"], "skills": [],
            "mails": [{"v": "x", "t": "work"}, {"v": "y"}], "nav": {"results": [{"k": true}]}, "__metadata": {"uri": "u"}});
        assert_eq!(
            names(&record),
            "id=Text(\"7\");mails.t=List([\"work\", \"\"]);mails.v=List([\"x\", \"y\"]);nav.k=Flag(true);skills=Null;\
             tags=List([\"a\", \"b\"]);work.none=Null;work.title=Text(\"T\");"
        );
    }

    #[test]
    fn two_ways_to_one_name_are_a_fault() {
        assert!(all(&json!({"a.b": 1, "a": {"b": 2}}), &MANNER, &mut ColumnNames::default()).err().unwrap().contains("`a.b`"));
    }

    #[test]
    fn a_declared_column_takes_the_first_path_with_a_value() {
        let column = |paths: &[&str]| Column {
            name: "Name".into(),
            paths: paths.iter().map(|path| Path::parse(path).unwrap()).collect(),
            date: None,
            need: Need::Value,
            flag: false,
            words: BTreeMap::from([("7".into(), "seven".into())]),
        };
        let mut seen = Seen::new(1);
        let mut value = |paths: &[&str], record: Json| {
            let manner = Projection { zone: &TimeZone::UTC, false_is_nothing: true, nothing: &[] };
            Value::from(declared(&record, &[column(paths)], &manner, &mut seen)[0].as_cell())
        };
        assert_eq!(value(&["pref", "first"], json!({"pref": "", "first": "Rob"})), Value::text("Rob"));
        assert_eq!(value(&["pref", "first"], json!({"pref": null, "first": 7})), Value::text("seven"));
        assert_eq!(value(&["pref"], json!({"pref": false})), Value::Null);
        assert_eq!(value(&["ids"], json!({"ids": [1, 2]})), Value::List(["1".into(), "2".into()].into()));
        assert_eq!(value(&["gone"], json!({})), Value::Null);
    }

    #[test]
    fn a_column_is_filled_by_a_value_and_there_by_its_place() {
        let column = Column {
            name: "Name".into(),
            paths: vec![Path::parse("a").unwrap()],
            date: None,
            need: Need::Value,
            flag: false,
            words: BTreeMap::from([("NONE".into(), String::new())]),
        };
        let nothing = ["0000-00-00".to_owned(), "n/a".to_owned()];
        let manner = Projection { zone: &TimeZone::UTC, false_is_nothing: true, nothing: &nothing };
        let seen = |record: Json| {
            let mut seen = Seen::new(1);
            declared(&record, std::slice::from_ref(&column), &manner, &mut seen);
            (seen.there[0], seen.filled[0])
        };
        for blank in [
            json!(null),
            json!(""),
            json!([]),
            json!({}),
            json!(" \t\u{a0}"),
            json!("\u{200b}\u{feff}"),
            json!(["", null, " "]),
            json!([{}]),
            json!("NONE"),
            json!("N/A "),
            json!("0000-00-00"),
            json!(false),
            json!({"@nil": "true"}),
        ] {
            assert_eq!(seen(json!({ "a": blank })), (true, false), "{blank}");
        }
        for value in [json!(0), json!("x"), json!(true), json!(["", "x"]), json!({"#text": "x", "@id": "1"})] {
            assert_eq!(seen(json!({ "a": value })), (true, true), "{value}");
        }
        assert_eq!(seen(json!({"b": 1})), (false, false));
    }

    #[test]
    fn a_record_that_is_made_to_fill_the_memory_is_refused() {
        let keys = |count: usize| -> Json {
            (0..count).map(|number| (format!("k{number}"), json!(1))).collect::<serde_json::Map<_, _>>().into()
        };
        let fault = |record: &Json| all(record, &MANNER, &mut ColumnNames::default()).err().unwrap();
        assert!(fault(&json!({"a": keys(3_000)})).contains("more than 2000 values"));
        let each: Vec<Json> = (0..50_000).map(|number| json!({ (format!("k{number}")): 1 })).collect();
        assert!(fault(&json!({ "list": each })).contains("50000 elements with different keys"));
        assert!(fault(&json!({ ("k".repeat(1 << 20)): keys(1_000) })).contains("more than 2000 bytes"));
        let same: Vec<Json> = (0..50_000).map(|_| json!({"k": 1})).collect();
        assert!(all(&json!({ "list": same }), &MANNER, &mut ColumnNames::default()).is_ok());
    }
}
