//! Paths into an answer: `data`, `workerID.idValue`, `emails[type=work].value`, or a JSON pointer such as `/data/0/id`.
//!
//! A key in double quotes may hold any character (`"Department.ID"`). On the way a list is walked through element by element, and
//! a wrapper `{"results": […]}` or `{"items": […]}`, as `OData` and Oracle have it, counts as its list.

use std::fmt;
use std::ptr;

use serde_json::Value;

use super::json::scalar;
use super::wrapper::{TruncatedList, wrapped};
use crate::record::{is_error, unspaced};

/// A path that was read without fault.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Path {
    text: String,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    /// A part of a JSON pointer: the position in a list, the key of an object.
    TruncatedList(String),
    Index(usize),
    Last,
    /// Every element of a list, every value of an object.
    Each,
    /// The elements for which the condition holds.
    Where(Box<Condition>),
}

/// A test on a value: `isPrimary=true`, `status!=inactive`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    path: Path,
    equal: bool,
    wanted: String,
}

/// A path or condition that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct PathError {
    /// What is wrong, for the message of the configuration.
    pub what: String,
}

impl Path {
    /// Reads a path; the empty one leads to the whole.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let steps = if let Some(pointer) = text.strip_prefix('/') {
            pointer.split('/').map(|part| Step::TruncatedList(part.replace("~1", "/").replace("~0", "~"))).collect()
        } else {
            Parser { rest: text }.steps()?
        };
        Ok(Self { text: text.to_owned(), steps })
    }

    /// The path as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Everything that the path leads to, in order; nothing where a key is missing.
    pub fn find<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        let mut found = Vec::new();
        walk(&self.steps, value, &mut None, &mut |left, _, value| {
            if left.is_empty() {
                found.push(value);
            }
        });
        found
    }

    /// The only value that the path leads to, where it is keys alone that all are there; most paths are, and then nothing is gathered.
    pub(in crate::source::rest) fn direct<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        let enter = |at: &'v Value, step: &Step| match (step, at) {
            (Step::Key(key), Value::Object(object)) => object.get(key),
            _ => None,
        };
        self.steps.iter().try_fold(value, enter)
    }

    /// The first value that the path leads to and that is not null.
    pub fn first<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.find(value).into_iter().find(|value| !value.is_null())
    }

    /// The text of the first value that the path leads to.
    pub fn text(&self, value: &Value) -> Option<String> {
        if let Some(found) = self.direct(value) {
            return scalar(found);
        }
        self.find(value).into_iter().find_map(scalar)
    }

    /// Everything that the path leads to, each with its JSON pointer; a list at the end gives its elements.
    pub(in crate::source::rest) fn places<'v>(&self, value: &'v Value) -> Vec<(String, &'v Value)> {
        let mut found = Vec::new();
        walk(&self.steps, value, &mut Some(String::new()), &mut |left, pointer, value| {
            if !left.is_empty() {
                return;
            }
            let pointer = pointer.clone().unwrap_or_default();
            match value {
                Value::Array(items) => {
                    found.extend(items.iter().enumerate().map(|(index, item)| (format!("{pointer}/{index}"), item)));
                }
                other => found.push((pointer, other)),
            }
        });
        found
    }

    /// How many elements the list has from which the first condition of the path chooses; none without a condition or a list.
    pub(in crate::source::rest) fn count_before_condition(&self, value: &Value) -> Option<usize> {
        let at = self.steps.iter().position(|step| matches!(step, Step::Where(_)))?;
        let list = Self { text: self.text.clone(), steps: self.steps[..at].to_vec() };
        let elements = |found: &Value| match (found, wrapped(found).next()) {
            (Value::Array(items), _) | (_, Some((_, Value::Array(items)))) => items.len(),
            _ => 1,
        };
        let counts: Vec<usize> = list.find(value).into_iter().filter(|found| !found.is_null()).map(elements).collect();
        (!counts.is_empty()).then(|| counts.iter().sum())
    }

    /// The JSON pointer of the first value that the path leads to.
    pub(in crate::source::rest) fn pointer(&self, value: &Value) -> Option<String> {
        let mut found = None;
        walk(&self.steps, value, &mut Some(String::new()), &mut |left, pointer, _| {
            if left.is_empty() && found.is_none() {
                found.clone_from(pointer);
            }
        });
        found
    }

    /// Whether the path leads to this list within a value, to its wrapper, or through it, be it only to test a condition.
    pub(in crate::source::rest) fn enters(&self, value: &Value, part: &TruncatedList<'_>) -> bool {
        let list = part.holder.get(part.name);
        let mut entered = false;
        walk(&self.steps, value, &mut None, &mut |left, _, at| {
            let held = ptr::eq(part.holder, at);
            entered |= list.is_some_and(|list| ptr::eq(list, at))
                || match left.first() {
                    None => held && wrapped(at).any(|(name, _)| name == part.name),
                    Some(Step::Key(key) | Step::TruncatedList(key)) => held && key == part.name,
                    Some(Step::Where(condition)) => match at {
                        Value::Array(items) => items.iter().any(|item| condition.path.enters(item, part)),
                        other => condition.path.enters(other, part),
                    },
                    Some(Step::Index(_) | Step::Last | Step::Each) => false,
                };
        });
        entered
    }

    /// Puts something else where the path leads, which must be keys alone.
    pub(in crate::source::rest) fn replace(&self, value: &mut Value, with: impl FnOnce(&Value) -> Option<Value>) {
        let mut at = value;
        for step in &self.steps {
            let (Step::Key(key) | Step::TruncatedList(key)) = step else { return };
            let Some(next) = enter(at, key) else { return };
            at = next;
        }
        if let Some(new) = with(at) {
            *at = new;
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Condition {
    /// Reads `path=value` or `path!=value`.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let quoted = text.strip_prefix('"').and_then(|rest| rest.find('"')).map_or(0, |end| end + 2);
        let at = text[quoted..].find('=').map(|at| at + quoted);
        let Some(at) = at.filter(|at| *at > 0) else {
            return Err(PathError { what: format!("`{text}` is not a condition such as isPrimary=true") });
        };
        let (path, wanted) = (&text[..at], &text[at + 1..]);
        let (path, equal) = path.strip_suffix('!').map_or((path, true), |path| (path, false));
        Ok(Self { path: Path::parse(path.trim())?, equal, wanted: wanted.trim().trim_matches('"').to_owned() })
    }

    /// Whether it holds; an absent value equals nothing. Texts compare without invisible characters, each run of blanks as one space.
    pub fn holds(&self, value: &Value) -> bool {
        let wanted = unspaced(&self.wanted);
        let met = self.path.find(value).into_iter().filter_map(scalar).any(|text| unspaced(&text) == wanted);
        met == self.equal
    }

    /// Whether the value that it compares is an error of a spreadsheet.
    pub(in crate::source::rest) fn meets_error(&self, value: &Value) -> bool {
        self.path.find(value).into_iter().filter_map(scalar).any(|text| is_error(&text))
    }
}

struct Parser<'t> {
    rest: &'t str,
}

impl Parser<'_> {
    fn steps(mut self) -> Result<Vec<Step>, PathError> {
        let mut steps = Vec::new();
        let mut between = false;
        while !self.rest.is_empty() {
            if let Some(rest) = self.rest.strip_prefix('[') {
                self.rest = rest;
                steps.push(self.selector()?);
                between = true;
                continue;
            }
            if between {
                self.rest = self.rest.strip_prefix('.').ok_or_else(|| wrong("a dot is missing in", self.rest))?;
            }
            steps.push(self.key()?);
            between = true;
        }
        Ok(steps)
    }

    fn key(&mut self) -> Result<Step, PathError> {
        if let Some(rest) = self.rest.strip_prefix('"') {
            let end = rest.find('"').ok_or_else(|| wrong("a quote never closes in", self.rest))?;
            self.rest = &rest[end + 1..];
            return Ok(Step::Key(rest[..end].to_owned()));
        }
        let end = self.rest.find(['.', '[']).unwrap_or(self.rest.len());
        let (key, rest) = self.rest.split_at(end);
        if key.is_empty() {
            return Err(wrong("a key is missing before", self.rest));
        }
        self.rest = rest;
        Ok(if key == "*" { Step::Each } else { Step::Key(key.to_owned()) })
    }

    fn selector(&mut self) -> Result<Step, PathError> {
        let end = closing(self.rest).ok_or_else(|| wrong("a bracket never closes in", self.rest))?;
        let inside = self.rest[..end].trim();
        self.rest = &self.rest[end + 1..];
        Ok(match inside {
            "*" => Step::Each,
            "last" => Step::Last,
            _ if !inside.is_empty() && inside.bytes().all(|byte| byte.is_ascii_digit()) => {
                Step::Index(inside.parse().map_err(|_| wrong("no list is as long as", inside))?)
            }
            _ => Step::Where(Box::new(Condition::parse(inside)?)),
        })
    }
}

/// The `]` that closes, past quotes and inner brackets.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quoted = false;
    for (at, character) in text.char_indices() {
        match character {
            '"' => quoted = !quoted,
            '[' if !quoted => depth += 1,
            ']' if !quoted && depth == 0 => return Some(at),
            ']' if !quoted => depth -= 1,
            _ => {}
        }
    }
    None
}

fn wrong(what: &str, text: &str) -> PathError {
    PathError { what: format!("{what} `{text}`") }
}

/// The value of a key; on the way only what an earlier choice left is entered, which is a list of one.
fn enter<'v>(value: &'v mut Value, key: &str) -> Option<&'v mut Value> {
    if value.get(key).is_some() {
        return value.get_mut(key);
    }
    let list = wrapped(value).next().map(|(name, _)| name);
    let inner = match value {
        Value::Array(items) if items.len() == 1 => &mut items[0],
        Value::Object(object) => object.get_mut(list?)?,
        _ => return None,
    };
    enter(inner, key)
}

type Pointer = Option<String>;

fn below<R>(pointer: &mut Pointer, part: &str, act: impl FnOnce(&mut Pointer) -> R) -> R {
    let length = pointer.as_ref().map_or(0, String::len);
    if let Some(pointer) = pointer {
        pointer.push('/');
        pointer.push_str(&part.replace('~', "~0").replace('/', "~1"));
    }
    let result = act(pointer);
    if let Some(pointer) = pointer {
        pointer.truncate(length);
    }
    result
}

/// What is met on the way of a path: the steps that are left, the pointer and the value.
type Meet<'m, 'v> = dyn FnMut(&[Step], &Pointer, &'v Value) + 'm;

fn walk<'v>(steps: &[Step], value: &'v Value, pointer: &mut Pointer, meet: &mut Meet<'_, 'v>) {
    meet(steps, pointer, value);
    let Some((step, rest)) = steps.split_first() else { return };
    match (step, value) {
        (Step::Key(key), Value::Object(object)) => match (object.get(key), wrapped(value).next()) {
            (Some(inner), _) => below(pointer, key, |pointer| walk(rest, inner, pointer, meet)),
            (None, Some((name, list))) => below(pointer, name, |pointer| walk(steps, list, pointer, meet)),
            (None, None) => {}
        },
        (Step::TruncatedList(key), Value::Object(object)) => {
            if let Some(inner) = object.get(key) {
                below(pointer, key, |pointer| walk(rest, inner, pointer, meet));
            }
        }
        (Step::TruncatedList(key), Value::Array(items)) => {
            if let Some(inner) = key.parse::<usize>().ok().and_then(|index| items.get(index)) {
                below(pointer, key, |pointer| walk(rest, inner, pointer, meet));
            }
        }
        (Step::Key(_), Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                below(pointer, &index.to_string(), |pointer| walk(steps, item, pointer, meet));
            }
        }
        (Step::Key(_) | Step::TruncatedList(_), _) => {}
        (Step::Each, Value::Object(object)) => {
            for (key, item) in object {
                below(pointer, key, |pointer| walk(rest, item, pointer, meet));
            }
        }
        (step, value) => match wrapped(value).next() {
            Some((name, list)) => below(pointer, name, |pointer| walk(steps, list, pointer, meet)),
            None => select(step, rest, value, pointer, meet),
        },
    }
}

/// The selectors in brackets; a single value counts as a list of one, as XML writes it.
fn select<'v>(step: &Step, rest: &[Step], value: &'v Value, pointer: &mut Pointer, meet: &mut Meet<'_, 'v>) {
    let items: &'v [Value] = match value {
        Value::Array(items) => items,
        Value::Null => return,
        other => std::slice::from_ref(other),
    };
    let list = value.is_array();
    let mut enter = |index: usize, item: &'v Value| {
        if list {
            below(pointer, &index.to_string(), |pointer| walk(rest, item, pointer, meet));
        } else {
            walk(rest, item, pointer, meet);
        }
    };
    match step {
        Step::Index(index) => items.get(*index).into_iter().for_each(|item| enter(*index, item)),
        Step::Last => items.iter().enumerate().next_back().into_iter().for_each(|(index, item)| enter(index, item)),
        Step::Where(condition) => {
            for (index, item) in items.iter().enumerate().filter(|(_, item)| condition.holds(item)) {
                enter(index, item);
            }
        }
        Step::Each | Step::Key(_) | Step::TruncatedList(_) => {
            for (index, item) in items.iter().enumerate() {
                enter(index, item);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn texts(path: &str, value: &Value) -> Vec<String> {
        Path::parse(path).unwrap().find(value).into_iter().filter_map(scalar).collect()
    }

    #[test]
    fn paths_lead_through_keys_lists_and_conditions() {
        let value = json!({
            "a": {"b": 7, "c.d": "dot"}, "/work/title": {"value": "slash"},
            "mails": [{"type": "home", "value": "h"}, {"type": "work", "value": "w"}],
            "nav": {"results": [{"isPrimary": true, "x": {"results": [{"y": "deep"}]}}, {"isPrimary": false, "x": null}]},
        });
        assert_eq!(texts("a.b", &value), ["7"]);
        assert_eq!(texts("/a/b", &value), ["7"]);
        assert_eq!(texts("a.\"c.d\"", &value), ["dot"]);
        assert_eq!(texts("\"/work/title\".value", &value), ["slash"]);
        assert_eq!(texts("mails[type=work].value", &value), ["w"]);
        assert_eq!(texts("mails[type!=work].value", &value), ["h"]);
        assert_eq!(texts("mails.value", &value), ["h", "w"]);
        assert_eq!((texts("mails[0].value", &value), texts("mails[last].value", &value)), (vec!["h".into()], vec!["w".into()]));
        assert_eq!(texts("nav[isPrimary=true].x.y", &value), ["deep"]);
        assert_eq!(texts("nav.x[0].y", &value), ["deep"]);
        assert!(texts("a.nowhere.b", &value).is_empty());
    }

    #[test]
    fn records_come_with_their_pointers() {
        let places = |path: &str, value: Value| -> Vec<String> {
            Path::parse(path).unwrap().places(&value).into_iter().map(|(pointer, _)| pointer).collect()
        };
        assert_eq!(places("", json!([{}, {}])), ["/0", "/1"]);
        assert_eq!(places("d.results", json!({"d": {"results": [{}]}})), ["/d/results/0"]);
        assert_eq!(places("*", json!({"a/b": {}, "c": {}})), ["/a~1b", "/c"]);
        assert_eq!(places("r[*].*[0]", json!({"r": [{"56": [{}]}]})), ["/r/0/56/0"]);
        assert_eq!(places("Report_Entry", json!({"Report_Entry": {"a": 1}})), ["/Report_Entry"]);
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        for wrong in ["a..b", "a[", "a[]", "\"a", "a[x]b", ".a", "a.", "[=x]"] {
            assert!(Path::parse(wrong).is_err(), "{wrong}");
        }
    }
}
