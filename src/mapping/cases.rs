//! `hrpush mapping test`: the cases of `FILE.tests.toml`, a record in and the expected attributes out.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::desired::{Desired, Flow, ManagerWanted, Mapped, Stage};
use super::model::Mapping;
use super::tools::record_of;
use crate::directory::Value;
use crate::expr::Context;
use crate::record::Record;

/// The file of cases.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "case")]
    cases: Vec<Case>,
}

/// One case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// The day, `YYYY-MM-DD`; 1 January 2026 where it is left out.
    as_of: Option<String>,
    default_domain: Option<String>,
    record: Map<String, Json>,
    /// Attributes with their values; `""` means cleared. `manager` and `stage` may stand among them.
    #[serde(default)]
    expect: Map<String, Json>,
    /// The code under which the record is held.
    held: Option<String>,
    /// Whether the record falls out of the scope.
    #[serde(default)]
    out_of_scope: bool,
}

/// What became of one case.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct CaseResult {
    /// The name of the case.
    pub name: String,
    /// What differs from what was expected; empty where the case passed.
    pub differences: Vec<String>,
}

/// Runs the cases of a file of tests.
///
/// # Errors
/// The file of tests is no such file: why, with its place.
pub fn test(mapping: &Mapping, cases: &str) -> Result<Vec<CaseResult>, String> {
    let file: File = toml::from_str(cases).map_err(|error| error.to_string())?;
    Ok(file.cases.iter().map(|case| CaseResult { name: case.name.clone(), differences: run(mapping, case) }).collect())
}

fn run(mapping: &Mapping, case: &Case) -> Vec<String> {
    let day = case.as_of.as_deref().unwrap_or("2026-01-01");
    let Ok(today) = Date::strptime("%Y-%m-%d", day) else { return vec![format!("`as_of` is no date: {day}")] };
    let record = match with_all_columns(mapping, &case.record) {
        Ok(record) => record,
        Err(message) => return vec![message],
    };
    let context = Context::on(today, case.default_domain.clone());
    let mapped = mapping.bind_loosely(record.header()).map(&record, &context);
    match (mapped, &case.held, case.out_of_scope) {
        (Mapped::Desired(desired), None, false) => differences(&desired, &case.expect),
        (Mapped::Held(held), Some(code), _) if held.code.as_str() == code => Vec::new(),
        (Mapped::OutOfScope { .. }, None, true) => Vec::new(),
        (Mapped::Held(held), _, _) => vec![format!("is held, {}: {}", held.code.as_str(), held.message)],
        (Mapped::OutOfScope { .. }, _, _) => vec!["is out of scope".to_owned()],
        (Mapped::Desired(_), Some(code), _) => vec![format!("is not held, expected {code}")],
        (Mapped::Desired(_), None, true) => vec!["is in scope".to_owned()],
    }
}

/// The record of a case; a column that it leaves out is an empty cell, but a column that the mapping does not know is a slip.
fn with_all_columns(mapping: &Mapping, given: &Map<String, Json>) -> Result<Record, String> {
    let mut columns = mapping.columns();
    columns.extend(mapping.required().into_iter().map(str::to_owned));
    if let Some(unknown) = given.keys().find(|name| !columns.contains(*name)) {
        return Err(format!("the mapping uses no column `{unknown}`"));
    }
    let mut record = given.clone();
    for column in columns {
        record.entry(column).or_insert_with(|| Json::from(""));
    }
    record_of(&record).map_err(|fault| fault.message)
}

fn differences(desired: &Desired, expect: &Map<String, Json>) -> Vec<String> {
    let mut found: BTreeMap<&str, Json> = BTreeMap::new();
    for wanted in &desired.attributes {
        found.insert(wanted.attribute.name, shown(&wanted.flow));
    }
    match &desired.manager {
        ManagerWanted::Leave => {}
        ManagerWanted::Clear => drop(found.insert("manager", Json::from(""))),
        ManagerWanted::Key(key) => drop(found.insert("manager", Json::from(key.as_str()))),
    }
    let stage = match desired.stage {
        Stage::Upcoming { .. } => "upcoming",
        Stage::PreHire { .. } => "pre-hire",
        Stage::Active { .. } => "active",
        Stage::Left { .. } => "left",
    };
    found.insert("stage", Json::from(stage));
    let differ = expect.iter().filter_map(|(name, wanted)| match found.get(name.as_str()) {
        Some(value) if value == wanted => None,
        Some(value) => Some(format!("`{name}` is {value}, expected {wanted}")),
        None => Some(format!("`{name}` is left as it is, expected {wanted}")),
    });
    differ.collect()
}

/// A value as a case writes it: of candidates the first.
fn shown(flow: &Flow) -> Json {
    match flow {
        Flow::Clear => Json::from(""),
        Flow::Set(value) => json(value),
        Flow::FirstFree(candidates) => candidates.first().map_or(Json::Null, json),
    }
}

fn json(value: &Value) -> Json {
    match value {
        Value::Flag(flag) => Json::from(*flag),
        Value::Text(text) => Json::from(&**text),
        Value::List(items) => Json::from(items.iter().map(AsRef::as_ref).collect::<Vec<&str>>()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const MAPPING: &str = r#"
version = 1
name = "Test"
[source]
key = "[Id]"
[[match]]
target = "employeeId"
[attributes]
employeeId = "[Id]"
city = "[City]"
"#;

    #[test]
    fn a_case_passes_or_says_what_differs() {
        let mapping = Mapping::parse(MAPPING, Path::new("test.toml")).unwrap();
        let cases = r#"
[[case]]
name = "passes"
record = { Id = "7", City = "Bonn" }
expect = { city = "Bonn", stage = "active" }
[[case]]
name = "differs"
record = { Id = "7" }
expect = { city = "Bonn" }
[[case]]
name = "held"
record = { City = "Bonn" }
held = "no-key"
"#;
        let results = test(&mapping, cases).unwrap();
        assert!(results[0].differences.is_empty() && results[2].differences.is_empty(), "{results:?}");
        assert_eq!(results[1].differences, ["`city` is \"\", expected \"Bonn\""]);
        assert!(test(&mapping, "[[cases]]").is_err());
    }
}
