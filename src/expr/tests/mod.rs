//! The language as a whole: the published vectors, the examples of the manual, and what an evaluation may do.

mod checker;
mod dates;
mod laws;

use std::sync::Arc;

use jiff::civil::date;
use serde_json::{Value as Json, json};

use crate::expr::*;
use crate::record::{At, Header, Place, Record};

fn record(attributes: &serde_json::Map<String, Json>) -> Record {
    let header = Arc::new(Header::new(attributes.keys().map(String::as_str)).unwrap());
    let values = attributes.values().map(|value| match value {
        Json::Null => record::Value::Null,
        Json::Bool(flag) => record::Value::Flag(*flag),
        Json::Array(items) => record::Value::List(
            items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned).into()).collect(),
        ),
        Json::String(text) => record::Value::text(text.as_str()),
        other => record::Value::text(other.to_string()),
    });
    let values = values.collect();
    Record::from_values(header, Place { source: "test".into(), at: At::Line(1) }, values)
}

fn context() -> Context {
    Context::on(date(2025, 7, 30), Some("contoso.com".into()))
}

/// The outcome as the examples write it.
fn outcome(text: &str, attributes: &Json, context: &Context) -> String {
    let expression = match Expression::check(text, &Rules::open()) {
        Ok(expression) => expression,
        Err(faults) => return format!("fault: {}", faults[0].code),
    };
    let record = record(attributes.as_object().unwrap());
    let bound = expression.bind(record.header());
    match bound.evaluate(&record, context, "seed") {
        Ok(Outcome::Value(value)) => value.to_string(),
        Ok(Outcome::IgnoreAttribute) => "IgnoreAttributeFlow".into(),
        Ok(Outcome::IgnoreObject) => "IgnoreObjectFlow".into(),
        Ok(Outcome::Candidates(candidates)) => format!("candidates {}", json!(candidates.values)),
        Err(error) => format!("fault: {}", error.code),
    }
}

fn yields(text: &str, attributes: &Json) -> String {
    outcome(text, attributes, &context())
}

fn codes(text: &str, rules: &Rules) -> Vec<&'static str> {
    Expression::check(text, rules).err().unwrap_or_default().iter().map(|fault| fault.code).collect()
}

#[test]
fn every_example_of_the_manual_holds() {
    let mut wrong = Vec::new();
    for function in functions() {
        assert!(!function.usage.is_empty() && manual(Some(function.name)).contains(function.doc));
        for example in function.examples {
            let attributes: serde_json::Map<_, _> =
                example.record.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            let found = yields(example.expression, &Json::Object(attributes));
            if found != example.yields {
                wrong.push(format!("{}\n  is    {found}\n  wants {}", example.expression, example.yields));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The functions that the language itself treats in a special way, by their names.
const SPECIAL: &[&str] = &[
    "CRef",
    "Error",
    "FormatDateTime",
    "Guid",
    "IgnoreFlowIfNullOrEmpty",
    "RandomString",
    "Redact",
    "Replace",
    "SelectUniqueValue",
    "Switch",
];

#[test]
fn a_function_is_named_in_one_file() {
    let room = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/expr");
    let mut files = Vec::new();
    for folder in [room.clone(), room.join("check"), room.join("functions")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            // The parser names functions as the words of other languages for them.
            if path.is_file() && !path.ends_with("parser.rs") {
                files.push((path.clone(), std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    for function in functions().into_iter().filter(|function| !SPECIAL.contains(&function.name)) {
        let name = function.name;
        let forms = [format!("\"{name}("), format!("function(\"{name}("), format!("refused(\"{name}(")];
        let is_row = |line: &str| forms.iter().any(|form| line.trim().starts_with(form));
        let is_named = |line: &str| !line.trim().starts_with("//") && (is_row(line) || line.contains(&format!("\"{name}\"")));
        let naming: Vec<_> = files.iter().filter(|(_, text)| text.lines().any(is_named)).collect();
        let names: Vec<_> = naming.iter().map(|(path, _)| path).collect();
        assert_eq!(names.len(), 1, "{name}: {names:?}");
    }
}

/// Runs only where the sample of documented behaviour is at hand: it is not part of the project.
#[test]
fn the_published_vectors_hold() {
    let Ok(shared) = std::env::var("HRPUSH_SHARED") else { return };
    let text = std::fs::read_to_string(std::path::Path::new(&shared).join("reference/expr-vectors.json")).unwrap();
    let vectors: Vec<Json> = serde_json::from_str(&text).unwrap();
    let (mut wrong, mut differing) = (Vec::new(), Vec::new());
    for vector in &vectors {
        let expected = &vector["expected"];
        let ambiguous = vector["ambiguous"].as_bool() == Some(true);
        if expected["unspecified"].as_bool() == Some(true) {
            continue;
        }
        let mut context = context();
        if let Some(now) = vector["context"]["now"].as_str() {
            context.now = now.parse().unwrap();
        }
        if let Some(domain) = vector["context"]["default_domain"].as_str() {
            context.default_domain = Some(domain.into());
        }
        let mut found = outcome(vector["expression"].as_str().unwrap(), &vector["attributes"], &context);
        if let Some(candidates) = found.strip_prefix("candidates ") {
            let candidates: Vec<String> = serde_json::from_str(candidates).unwrap();
            let taken = vector["context"]["existing"].as_array().cloned().unwrap_or_default();
            let free = candidates.into_iter().find(|candidate| !taken.contains(&json!(candidate)));
            found = free.map_or_else(|| "fault: none-free".into(), |free| json!(free).to_string());
        }
        let holds = if expected["error"].as_bool() == Some(true) {
            found.starts_with("fault: ")
        } else if expected["ignore"] == "attribute" {
            found == "IgnoreAttributeFlow"
        } else if expected["ignore"] == "object" {
            found == "IgnoreObjectFlow"
        } else if let Some(pattern) = expected["pattern"].as_str() {
            let text: Json = serde_json::from_str(&found).unwrap_or_default();
            ::regex::Regex::new(pattern).unwrap().is_match(text.as_str().unwrap_or_default())
        } else {
            let plain = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            serde_json::from_str::<Json>(&found).is_ok_and(|found| found == *expected || plain(&found) == plain(expected))
        };
        if !holds {
            let line = format!("{} {}\n  is    {found}\n  wants {expected}", vector["id"], vector["expression"]);
            if ambiguous { &mut differing } else { &mut wrong }.push(line);
        }
    }
    eprintln!("ambiguous and read otherwise here:\n{}", differing.join("\n"));
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), vectors.len(), wrong.join("\n"));
}

#[test]
fn words_of_other_languages_lead_to_ours() {
    let hint = |text: &str| Expression::check(text, &Rules::open()).unwrap_err()[0].hint.clone().unwrap_or_default();
    for text in
        [r#"IIF([a]="1" AND [b]="2","x","y")"#, r#"IIF(Or([a]="1",[b]="2"),"x","y")"#, r#"IIF([a]="1" && [b]="2","x","y")"#]
    {
        assert!(hint(text).contains("nest IIF"), "{text}: {}", hint(text));
    }
    assert!(hint(r#"if([a]="1","x","y")"#).contains("`IIF`"));
    assert!(hint(r#"Concat([a],"x")"#).contains("`Join`"));
    assert!(hint("Substring([a],1,2)").contains("`Mid`"));
    for (_, here) in parser::ELSEWHERE {
        assert!(functions::find(here).is_some(), "{here}");
    }
}
#[test]
fn a_bare_attribute_is_lent() {
    let expression = Expression::check("[Name]", &Rules::default()).unwrap();
    let record = record(json!({"Name": "Ann"}).as_object().unwrap());
    let bound = expression.bind(record.header());
    let outcome = bound.evaluate(&record, &context(), "").unwrap();
    assert!(matches!(outcome, Outcome::Value(Value::Text(std::borrow::Cow::Borrowed("Ann")))));
}
#[test]
fn a_pattern_of_the_record_without_the_group_is_the_fault_of_the_pattern() {
    let text = r#"Replace([a], , [b], "n", "", , )"#;
    let expression = Expression::check(text, &Rules::open()).unwrap();
    let record = record(json!({"a": "x", "b": "x"}).as_object().unwrap());
    let error = expression.bind(record.header()).evaluate(&record, &context(), "s").unwrap_err();
    assert_eq!((error.code, &text[error.span]), ("regex", "[b]"));
}

#[test]
fn bounds_hold() {
    assert_eq!(codes(&format!("\"{}\"", "x".repeat(10_000)), &Rules::open()), ["too-long"]);
    let deep = format!("{}[a]{}", "Trim(".repeat(101), ")".repeat(101));
    assert_eq!(codes(&deep, &Rules::open()), ["too-deep"]);
    let deep = format!("{}[a]{}", "Trim(".repeat(100), ")".repeat(100));
    assert!(codes(&deep, &Rules::open()).is_empty());
    let mut doubling = "[a]".to_owned();
    for _ in 0..40 {
        doubling = format!("Replace({doubling}, \"x\", , , \"xxxx\", , )");
    }
    assert_eq!(yields(&doubling, &json!({"a": "x"})), "fault: too-large");
    assert_eq!(
        yields(r#"Replace([a], , "^(a|a)*\\1$", , "", , )"#, &json!({"a": format!("{}b", "a".repeat(40))})),
        "fault: regex-too-hard"
    );
}

#[test]
fn only_what_is_chosen_is_evaluated() {
    let record = json!({"a": "1"});
    assert_eq!(yields(r#"IIF([a] = "1", "yes", Error("no"))"#, &record), r#""yes""#);
    assert_eq!(yields(r#"Switch([a], Error("no"), "1", "one", Error("key"), Error("value"))"#, &record), r#""one""#);
    assert_eq!(yields(r#"Coalesce([a], Error("no"))"#, &record), r#""1""#);
}

#[test]
fn a_trace_holds_the_chosen_branch_alone() {
    let expression = Expression::check(r#"IIF([a] = "1", "yes", "no")"#, &Rules::open()).unwrap();
    let record = record(json!({"a": "1"}).as_object().unwrap());
    let bound = expression.bind(record.header());
    let (_, steps) = bound.trace(&record, &context(), "");
    let reached: Vec<_> =
        expression.branches().into_iter().filter(|branch| steps.iter().any(|step| step.span == branch.span)).collect();
    assert_eq!(reached.iter().map(|branch| branch.name.as_str()).collect::<Vec<_>>(), ["IIF, when true"]);
    assert_eq!(steps[0].result, "\"yes\"");
}

#[test]
fn dotnet_expressions_replace_as_in_dotnet() {
    for (text, a, wanted) in [
        (r#"Replace([a], , "a*", , "X", , )"#, "baac", "XbXXcX"),
        (r#"Replace([a], , "(.*)", , "X", , )"#, "abc", "XX"),
        (r#"Replace([a], , "(?<=\d)(?=(\d{3})+$)", , ".", , )"#, "1234567", "1.234.567"),
        (r#"Replace([a], , "(\w)\1", , "$1", , )"#, "aabbc", "abc"),
        (r#"Replace([a], , "(?<x>a)(b)\1", , "${x}$1$10", , )"#, "abb", "ab$10"),
        (r#"Replace([a], , "[\/\\\[\]\:\;\|\=\,\+\*\?\<\>]", , "", , )"#, "a/b\\c[d]e<f>", "abcdef"),
        (r#"Replace([a], , "(?i)DR\.?\s*", , "", , )"#, "dr. Ann", "Ann"),
        (r##"Replace([a], , "(?'n'\d+)", "n", "#", , )"##, "a1b22", "a#b#"),
    ] {
        assert_eq!(yields(text, &json!({"a": a})), json!(wanted).to_string(), "{text}");
    }
}

#[test]
fn the_same_seed_gives_the_same_text() {
    let text = "Join(\"\", Guid(), RandomString(20, 5, 5, 5, 5))";
    assert_eq!(yields(text, &json!({})), yields(text, &json!({})));
    let drawn = yields("RandomString(8, 2, 2, 2, 2)", &json!({}));
    assert_eq!(serde_json::from_str::<String>(&drawn).unwrap().chars().count(), 8);
}

#[test]
fn the_expression_prints_as_it_is_read() {
    let text = r#"Replace([addresses[type eq "work"].x],,"\\d\"",,"r",,)"#;
    let expression = Expression::check(text, &Rules::open()).unwrap();
    assert_eq!(Expression::check(&expression.to_string(), &Rules::open()).unwrap(), expression);
    assert_eq!(expression.columns().next().unwrap().0, "addresses[type eq \"work\"].x");
}
