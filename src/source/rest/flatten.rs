//! From the objects of an answer to the columns of a reading.
//!
//! Without declared columns every value gets a name of the keys that lead to it, joined by dots: `work.title`. A list of objects
//! adds nothing to the names: `emails.value` is the list of all their values, so that no column comes or goes with the number of
//! elements. A list of one is the value itself.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use serde_json::Value as Json;

use super::dates::{self, DateForm};
use super::path::{Path, scalar};
use crate::record::Value;

/// More columns than this come from an object that is keyed by ids.
const MOST: usize = 2_000;

/// One declared column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name, as the mapping writes it.
    pub name: String,
    /// Where its value is; the first of several that has one.
    pub paths: Vec<Path>,
    /// How it writes dates, where it does.
    pub date: Option<DateForm>,
    /// Whether no record need have it.
    pub optional: bool,
    /// Whether `false` is a value here although the source writes it for nothing.
    pub flag: bool,
    /// What stands for a text, such as the name for a code.
    pub words: BTreeMap<String, String>,
}

/// What holds for the values of all columns.
pub(super) struct Manner<'s> {
    pub(super) zone: &'s TimeZone,
    pub(super) false_is_nothing: bool,
}

/// The values of a record by the names of their columns.
pub(super) type Row = BTreeMap<String, Value>;

/// A record's declared columns in their order, and which of them the record really has.
pub(super) fn declared(record: &Json, columns: &[Column], manner: &Manner<'_>, seen: &mut BTreeSet<usize>) -> Vec<Value> {
    let mut row = Vec::with_capacity(columns.len());
    for (index, column) in columns.iter().enumerate() {
        let mut value = Value::Null;
        for path in &column.paths {
            let found = path.find(record);
            if !found.is_empty() {
                seen.insert(index);
            }
            value = one_or_many(found.into_iter().flat_map(texts).collect());
            if !value.as_cell().is_empty() && !nothing(&value, manner, column.flag) {
                break;
            }
        }
        row.push(finish(value, column, manner));
    }
    row
}

fn nothing(value: &Value, manner: &Manner<'_>, flag: bool) -> bool {
    manner.false_is_nothing && !flag && *value == Value::Flag(false)
}

fn finish(value: Value, column: &Column, manner: &Manner<'_>) -> Value {
    if nothing(&value, manner, column.flag) {
        return Value::Null;
    }
    let each = |text: &str| -> Box<str> {
        let day = column.date.as_ref().and_then(|form| dates::day(text, form, manner.zone));
        let text = day.or_else(|| dates::readable(text)).unwrap_or_else(|| text.to_owned());
        column.words.get(text.trim()).cloned().unwrap_or(text).into()
    };
    match value {
        Value::Text(text) => Value::Text(each(&text)),
        Value::List(items) => Value::List(items.iter().map(|item| each(item)).collect()),
        Value::Flag(flag) => match column.words.get(&flag.to_string()) {
            Some(word) => Value::text(word.as_str()),
            None => Value::Flag(flag),
        },
        Value::Null => Value::Null,
    }
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

/// All values of a record by the keys that lead to them.
///
/// # Errors
/// What is wrong, in words: two ways to one name, or too many names.
pub(super) fn all(record: &Json, manner: &Manner<'_>) -> Result<Row, String> {
    let mut found: BTreeMap<Vec<&str>, Vec<Value>> = BTreeMap::new();
    collect(record, &mut Vec::new(), &mut found);
    if found.len() > MOST {
        return Err(format!("a record has more than {MOST} values: is it an object of records?"));
    }
    let mut row = Row::new();
    for (keys, values) in found {
        let name = if keys.is_empty() { "value".to_owned() } else { keys.join(".") };
        let value = match one_or_many_aligned(values) {
            Value::Text(text) => Value::Text(dates::readable(&text).map_or(text, Into::into)),
            value if nothing(&value, manner, false) => Value::Null,
            value => value,
        };
        if row.insert(name.clone(), value).is_some() {
            return Err(format!("two values of a record are called `{name}`"));
        }
    }
    Ok(row)
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

fn collect<'v>(value: &'v Json, keys: &mut Vec<&'v str>, found: &mut BTreeMap<Vec<&'v str>, Vec<Value>>) {
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
                    keys.push(key);
                }
                collect(inner, keys, found);
                if named {
                    keys.pop();
                }
            }
        }
        Json::Array(items) if items.iter().any(Json::is_object) => {
            let each: Vec<BTreeMap<Vec<&str>, Vec<Value>>> = items
                .iter()
                .map(|item| {
                    let mut inner = BTreeMap::new();
                    collect(item, keys, &mut inner);
                    inner
                })
                .collect();
            let names: BTreeSet<Vec<&str>> = each.iter().flat_map(|inner| inner.keys().cloned()).collect();
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
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const MANNER: Manner<'static> = Manner { zone: &TimeZone::UTC, false_is_nothing: false };

    fn names(record: &Json) -> String {
        let row = all(record, &MANNER).unwrap();
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
        assert!(all(&json!({"a.b": 1, "a": {"b": 2}}), &MANNER).unwrap_err().contains("`a.b`"));
    }

    #[test]
    fn a_declared_column_takes_the_first_path_with_a_value() {
        let column = |paths: &[&str]| Column {
            name: "Name".into(),
            paths: paths.iter().map(|path| Path::parse(path).unwrap()).collect(),
            date: None,
            optional: false,
            flag: false,
            words: BTreeMap::from([("7".into(), "seven".into())]),
        };
        let mut seen = BTreeSet::new();
        let mut value = |paths: &[&str], record: Json| {
            let manner = Manner { zone: &TimeZone::UTC, false_is_nothing: true };
            declared(&record, &[column(paths)], &manner, &mut seen).remove(0)
        };
        assert_eq!(value(&["pref", "first"], json!({"pref": "", "first": "Rob"})), Value::text("Rob"));
        assert_eq!(value(&["pref", "first"], json!({"pref": null, "first": 7})), Value::text("seven"));
        assert_eq!(value(&["pref"], json!({"pref": false})), Value::Null);
        assert_eq!(value(&["ids"], json!({"ids": [1, 2]})), Value::List(["1".into(), "2".into()].into()));
        assert_eq!(value(&["gone"], json!({})), Value::Null);
    }
}
