//! `hrpush mapping test`: the cases of `FILE.tests.toml`, a record in and the expected attributes out.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::{Map, Value as Json};

mod case;
mod update;

use self::case::{Case, File, Outcome, left_alone};
pub use self::case::{CaseResult, Difference, Tested};
use crate::diagnostic::Document;
use crate::directory::Value;
use crate::expr::Context;
use crate::mapping::coverage::{Coverage, Reached};
use crate::mapping::desired::{Desired, Flow, ManagerWanted, Mapped, Stage};
use crate::mapping::model::Mapping;
use crate::mapping::tools::record_of;
use crate::record::Record;

/// Runs the cases of a file of tests.
///
/// # Errors
/// The file of tests is no such file: why, with its place.
pub fn test(mapping: &Mapping, cases: &str) -> Result<Tested, String> {
    let (mut results, coverage, became) = run_all(mapping, cases)?;
    for result in &mut results {
        result.passed = result.differences.is_empty();
    }
    let accepted = update::accept(cases, &became)
        .filter(|text| text != cases && run_all(mapping, text).is_ok_and(|(again, ..)| all_pass(&again)));
    Ok(Tested { cases: results, coverage, accepted })
}

fn all_pass(results: &[CaseResult]) -> bool {
    results.iter().all(|result| result.differences.is_empty())
}

/// What became of each case, and whether its expectation has to be written anew.
type Outcomes = Vec<(Outcome, bool)>;

fn run_all(mapping: &Mapping, text: &str) -> Result<(Vec<CaseResult>, Coverage, Outcomes), String> {
    let file: File = toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        Document::new(String::new(), text.to_owned()).fault(&span, error.message().trim_end(), None).to_string()
    })?;
    let mut reached = Reached::default();
    let mut results = Vec::new();
    let mut all = Vec::new();
    for case in &file.cases {
        let became = run(mapping, case, &mut reached);
        let differences = differences(case, &became);
        let stale = !differences.is_empty() || case.expects_nothing();
        results.push(CaseResult {
            name: case.name.get_ref().clone(),
            line: text[..case.name.span().start].matches('\n').count() + 1,
            passed: differences.is_empty(),
            differences,
        });
        all.push((became, stale));
    }
    Ok((results, reached.coverage(mapping), all))
}

fn run(mapping: &Mapping, case: &Case, reached: &mut Reached) -> Outcome {
    let day = case.as_of.as_deref().unwrap_or("2026-01-01");
    let Ok(today) = Date::strptime("%Y-%m-%d", day) else { return Outcome::Wrong(format!("`as_of` is not a date: {day}")) };
    let record = match with_all_columns(mapping, &case.record) {
        Ok(record) => record,
        Err(message) => return Outcome::Wrong(message),
    };
    let context = Context::on(today, case.default_domain.clone());
    let bound = mapping.bind_loosely(record.header());
    reached.note(&bound, &record, &context);
    match bound.map(&record, &context) {
        Mapped::Desired(desired) => {
            let left_out = desired.left_out.iter().map(|left_out| (left_out.part.to_string(), left_out.message.clone()));
            Outcome::Desired { found: found(&desired), left_out: left_out.collect() }
        }
        Mapped::Held(held) => Outcome::Held { code: held.code.as_str(), message: held.message },
        Mapped::OutOfScope { .. } => Outcome::OutOfScope,
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

fn differences(case: &Case, became: &Outcome) -> Vec<Difference> {
    let one = |name: &str, expected: Option<Json>, found: Option<Json>, message: Option<&str>| Difference {
        name: name.to_owned(),
        expected,
        found,
        message: message.map(str::to_owned),
    };
    let expected_held = case.held.as_ref().map(|code| Json::from(code.as_str()));
    match became {
        Outcome::Wrong(message) => vec![one("record", None, None, Some(message))],
        Outcome::Held { code, message } => {
            if case.held.as_deref() == Some(*code) {
                return Vec::new();
            }
            let mut list = vec![one("held", expected_held, Some(Json::from(*code)), Some(message))];
            list.extend(case.expect.iter().map(|(name, wanted)| one(name, Some(wanted.clone()), None, None)));
            list
        }
        Outcome::OutOfScope => {
            if case.out_of_scope && case.held.is_none() {
                return Vec::new();
            }
            let mut list = vec![one("out_of_scope", Some(Json::from(case.out_of_scope)), Some(Json::from(true)), None)];
            list.extend(expected_held.map(|code| one("held", Some(code), None, None)));
            list.extend(case.expect.iter().map(|(name, wanted)| one(name, Some(wanted.clone()), None, None)));
            list
        }
        Outcome::Desired { found, left_out } => {
            let mut list = Vec::new();
            list.extend(expected_held.map(|code| one("held", Some(code), None, None)));
            if case.out_of_scope {
                list.push(one("out_of_scope", Some(Json::from(true)), Some(Json::from(false)), None));
            }
            for (name, wanted) in &case.expect {
                let value = found.get(name).cloned().unwrap_or_else(left_alone);
                if value != *wanted {
                    list.push(one(name, Some(wanted.clone()), Some(value), left_out.get(name).map(String::as_str)));
                }
            }
            list
        }
    }
}

/// Everything that the mapping wants for a person.
fn found(desired: &Desired) -> BTreeMap<String, Json> {
    let mut found: BTreeMap<String, Json> = BTreeMap::new();
    for wanted in &desired.attributes {
        found.insert(wanted.attribute.name.to_owned(), shown(&wanted.flow));
    }
    match &desired.manager {
        ManagerWanted::Leave => {}
        ManagerWanted::Clear => drop(found.insert("manager".to_owned(), Json::from(""))),
        ManagerWanted::Key(key) => drop(found.insert("manager".to_owned(), Json::from(key.as_str()))),
    }
    let stage = match desired.stage {
        Stage::Upcoming { .. } => "upcoming",
        Stage::PreHire { .. } => "pre-hire",
        Stage::Active { .. } => "active",
        Stage::Left { .. } => "left",
    };
    found.insert("stage".to_owned(), Json::from(stage));
    found
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

    use serde_json::json;

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
city = 'Switch([City], [City], "MUC", "Munich", "", "Nowhere")'
jobTitle = { expression = 'IgnoreFlowIfNullOrEmpty([Title])' }
"#;

    fn mapping() -> Mapping {
        Mapping::parse(MAPPING, Path::new("test.toml")).unwrap()
    }

    const CASES: &str = r#"# Cities are written out.
[[case]]
name = "passes"            # the plain case
record = { Id = "7", City = "Bonn" }
expect = { city = "Bonn", stage = "active", jobTitle = { ignore = "attribute" } }

[[case]]
name = "differs"
record = { Id = "7", City = "MUC" }
[case.expect]
# Not yet.
city = "Muenchen"          # a comment that stays
stage = "active"

[[case]]
name = "held"
record = { City = "Bonn" }
held = "no-status"

[[case]]
name = "open"
record = { Id = "8" }
"#;

    #[test]
    fn a_case_passes_or_says_what_differs() {
        let tested = test(&mapping(), CASES).unwrap();
        let failed: Vec<_> =
            tested.cases.iter().filter(|case| !case.passed).map(|case| (case.line, case.name.as_str())).collect();
        assert_eq!(failed, [(8, "differs"), (16, "held")]);
        let difference = &tested.cases[1].differences[0];
        assert_eq!((&difference.expected, &difference.found), (&Some(json!("Muenchen")), &Some(json!("Munich"))));
        assert_eq!(tested.cases[2].differences[0].found, Some(json!("no-key")));
        assert!(test(&mapping(), "[[cases]]").is_err());
    }

    #[test]
    fn a_value_of_a_leaver_that_is_left_out_is_shown_with_its_fault() {
        let lifecycle = format!("{MAPPING}usageLocation = \"[Land]\"\n[lifecycle]\nstatus = \"[Status]\"\nleft = [\"gone\"]\n");
        let mapping = Mapping::parse(&lifecycle, Path::new("test.toml")).unwrap();
        let cases = "[[case]]\nname = \"left\"\nrecord = { Id = \"7\", Land = \"UK\", Status = \"Gone\" }\n\
                     expect = { stage = \"left\", usageLocation = \"GB\" }\n";
        let tested = test(&mapping, cases).unwrap();
        let [difference] = &tested.cases[0].differences[..] else { panic!("{:?}", tested.cases) };
        assert_eq!((&*difference.name, &difference.found), ("usageLocation", &Some(left_alone())));
        assert!(difference.message.as_ref().is_some_and(|message| message.contains("ISO 3166")), "{difference:?}");
    }

    #[test]
    fn what_was_found_is_accepted_and_comments_stay() {
        let text = test(&mapping(), CASES).unwrap().accepted.unwrap();
        assert!(text.contains("city = \"Munich\"          # a comment that stays"), "{text}");
        assert!(text.contains("# Not yet.") && text.contains("# the plain case") && text.contains("held = \"no-key\""), "{text}");
        assert!(text.contains("expect = { city = \"Nowhere\", employeeId = \"8\", stage = \"active\" }"), "{text}");
        let again = test(&mapping(), &text).unwrap();
        assert!(again.cases.iter().all(|case| case.passed) && again.accepted.is_none());
    }

    #[test]
    fn branches_that_no_case_reached_are_named() {
        let coverage = test(&mapping(), CASES).unwrap().coverage;
        assert_eq!((coverage.branches, coverage.reached), (3, 3));
        let first = CASES.split("[[case]]").take(2).collect::<Vec<_>>().join("[[case]]");
        let coverage = test(&mapping(), &first).unwrap().coverage;
        let missing: Vec<&str> = coverage.unreached.iter().map(|branch| branch.branch.as_str()).collect();
        assert_eq!(missing, ["Switch, key \"MUC\"", "Switch, key \"\""]);
        assert_eq!((coverage.unreached[0].target.as_str(), coverage.unreached[0].line), ("city", 10));
    }
}
