//! The language as a whole: published vectors, the examples of the manual, and laws.

use std::sync::Arc;

use jiff::civil::date;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
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
        assert!(table::find(here).is_some(), "{here}");
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
fn all_faults_are_told_at_once() {
    let text = "Joyn(\"\", [a], ToLowr([b]), Mid([c], 1), Switch([d], , \"1\"), \u{201c}x\u{201d})";
    let codes = codes(text, &Rules::open());
    assert_eq!(codes, ["unknown-function", "unknown-function", "argument-count", "switch-tail", "curly-quote"]);
}

#[test]
fn faults_name_the_nearest_function_and_its_usage() {
    let faults = Expression::check("ToLowr([a])", &Rules::open()).unwrap_err();
    assert!(faults[0].hint.as_deref().unwrap().contains("ToLower(source, [culture])"), "{faults:?}");
    assert_eq!(faults[0].span, 0..6);
}

#[test]
fn leaks_of_a_copied_page_are_named() {
    for (text, code) in [
        ("Append([a], &quot;x&quot;)", "html-entity"),
        ("Append([a],\u{a0}\"x\")", "no-break-space"),
        ("Append([a], \u{201c}x\u{201d})", "curly-quote"),
        ("Append([a], 'x')", "single-quote"),
        ("Append([a], \"x)", "unclosed-text"),
        ("Append([a, \"x\")", "unclosed-attribute"),
    ] {
        assert_eq!(codes(text, &Rules::open()).first(), Some(&code), "{text}");
    }
}

#[test]
fn places_set_rules() {
    let plain = Rules { want: Want::Text, ..Rules::default() };
    assert_eq!(codes("SelectUniqueValue([a], [b])", &plain), ["select-unique"]);
    assert_eq!(codes("Append(SelectUniqueValue([a], [b]), \"\")", &Rules::open()), ["select-unique"]);
    assert_eq!(codes("IIF([a] = \"1\", IgnoreObjectFlow, \"x\")", &plain), ["ignore-object"]);
    assert_eq!(codes("Split([a], \",\")", &plain), ["kind"]);
    assert_eq!(codes("IIF(IsNull([a]), \"x\", Split([a], \",\"))", &plain), ["kind"]);
    assert_eq!(codes("IsNull([a])", &plain), ["kind"]);
    assert_eq!(codes("CStr(IsNull([a]))", &plain), [""; 0]);
    assert_eq!(codes("IsNull([a])", &Rules { want: Want::Date, ..Rules::default() }), ["kind"]);
    assert_eq!(codes("Guid()", &Rules { secret: true, ..Rules::default() }), ["secret"]);
    assert_eq!(codes("AppRoleAssignmentsComplex([appRoleAssignments])", &Rules::open()), ["outbound-only"]);
    assert_eq!(codes("[a] = [b]", &Rules::open()), ["comparison"]);
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
fn constants_are_read_by_the_checker() {
    for (text, code) in [
        (r#"Replace([a], , "(", , "", , )"#, "regex"),
        (r#"Replace([a], , "(?<n>x)", "m", "", , )"#, "regex"),
        (r#"FormatDateTime([a], , "YYYY-MM-DD", "yyyy")"#, "date-format"),
        (r#"FormatDateTime([a], , "hello '", "yyyy")"#, "date-format"),
        (r#"DateAdd("q", 1, [a])"#, "bad-interval"),
        (r#"InStr([a], "x", 1, "%")"#, "bad-argument"),
        (r#"InStr([a], "x", 1, 2)"#, "bad-argument"),
        (r#"InStr([a], "x", 0)"#, "bad-argument"),
        ("CDate(IsNull([a]))", "kind"),
        (r#"Mid([a], "one", 2)"#, "kind"),
        (r#"ToLower(Split([a], ","))"#, ""),
        (r#"Left(Split([a], ","), 2)"#, "kind"),
        (r#"CDate("not a date")"#, "bad-date"),
    ] {
        assert_eq!(codes(text, &Rules::open()).first().copied().unwrap_or_default(), code, "{text}");
    }
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
fn dates_are_read_and_written_as_in_dotnet() {
    for (text, wanted) in [
        (r#"FormatDateTime("2025-03-07", , "yyyy-MM-dd", "dddd, d MMM yy 'at' H")"#, "Friday, 7 Mar 25 at 0"),
        (r#"FormatDateTime("3/7/2025 1:05:09 PM", , "M/d/yyyy h:mm:ss tt", "yyyyMMdd'T'HHmmss.ff")"#, "20250307T130509.00"),
        (r#"FormatDateTime("2025-03-07+02:00", , "yyyy-MM-ddzzz", "yyyy-MM-dd HH:mm")"#, "2025-03-06 22:00"),
        (r#"FormatDateTime(" 7 Mar 2025 ", , "d MMM yyyy", "s")"#, "2025-03-07T00:00:00"),
        (r#"FormatDateTime("2025-03-07", , "yyyy-MM-dd", "%d")"#, "7"),
        (r#"CDate("2024-02-29T23:59:59.5Z")"#, "2/29/2024 11:59:59 PM"),
        (r#"CDate("12/31/2025")"#, "12/31/2025 12:00:00 AM"),
        (r#"CDate("Thu, 01 Jan 2009 16:00:00 GMT")"#, "1/1/2009 4:00:00 PM"),
        (r#"CDate("Jan 5, 2021 3:04 PM")"#, "1/5/2021 3:04:00 PM"),
        (r#"CDate("Tuesday, 5 January 2021")"#, "1/5/2021 12:00:00 AM"),
        (r#"CDate("05-jan-2021")"#, "1/5/2021 12:00:00 AM"),
        (r#"DateAdd("yyyy", 1, "2024-02-29")"#, "2/28/2025 12:00:00 AM"),
        (r#"CStr(DateDiff("m", "2025-01-31", "2025-02-01"))"#, "1"),
        (r#"CStr(DateDiff("d", "2025-01-01T12:00:00", "2025-01-02T11:00:00"))"#, "0"),
        (r#"CStr(DateDiff("ww", "2025-07-26", "2025-07-27"))"#, "1"),
    ] {
        assert_eq!(yields(text, &json!({})), json!(wanted).to_string(), "{text}");
    }
    for wrong in ["31/12/2025", "Wed, 5 Jan 2021", "5 Janu 2021", "05-Jan 2021", "31 Feb 2021", "Jan 2021", "Tuesday", "5 Jan 21"]
    {
        assert_eq!(yields("CDate([a])", &json!({"a": wrong})), "fault: bad-date", "{wrong}");
    }
    assert_eq!(yields(r#"DateAdd("d", 9223372036854775807, "2025-01-01")"#, &json!({})), "fault: out-of-range");
}

#[test]
fn dates_compare_as_dates_and_decimals_as_numbers() {
    // Now() is 7/30/2025.
    for (condition, record, holds) in [
        ("CDate([d]) < Now()", json!({"d": "2026-01-31"}), false),
        ("CDate([d]) < Now()", json!({"d": "2025-02-01"}), true),
        ("[d] > Now()", json!({"d": "2020-01-01"}), false),
        ("[d] > Now()", json!({"d": "2025-12-31"}), true),
        ("[d] > Now()", json!({"d": "8/1/2025 12:00:00 AM"}), true),
        ("Now() >= [d]", json!({"d": "2025-07-30"}), true),
        ("Now() = [d]", json!({"d": "2025-07-30T00:00:00Z"}), true),
        ("Now() <> [d]", json!({"d": "2025-07-30"}), false),
        ("[d] < Now()", json!({"d": ""}), false),
        ("[d] < Now()", json!({"d": null}), false),
        ("[d] <> Now()", json!({"d": " "}), true),
        ("DateAdd(\"d\", 14, Now()) > [d]", json!({"d": "2025-08-10"}), true),
        ("DateAdd(\"m\", 1, [d]) > \"2025-12-01\"", json!({"d": "2025-11-15"}), true),
        ("Coalesce([d], \"9999-12-31\") < Now()", json!({"d": null}), false),
        ("IIF(IsNullOrEmpty([d]), \"9999-12-31\", [d]) < Now()", json!({"d": ""}), false),
        ("FormatDateTime([d], , \"d.M.yyyy\", \"yyyy-MM-dd\") < Now()", json!({"d": "31.12.2024"}), true),
        ("FormatDateTime([d], , \"d.M.yyyy\", \"yyyyMMdd\") < \"20250101\"", json!({"d": "31.12.2024"}), true),
        ("FormatDateTime([d], , \"d.M.yyyy\", \"%M\") > \"9\"", json!({"d": "31.12.2024"}), true),
        ("[d] < [e]", json!({"d": "2025-10-01", "e": "2025-09-30T23:59:59Z"}), false),
        ("[d] = [e]", json!({"d": "2025-10-01", "e": "2025-10-01T00:00:00Z"}), true),
        ("[d] = [e]", json!({"d": "5", "e": "05"}), false),
        ("[d] = [e]", json!({"d": "a", "e": "A"}), false),
        ("[d] < \"2026-01-01\"", json!({"d": ""}), false),
        ("[f] < \"1\"", json!({"f": "0.875"}), true),
        ("[f] > \"9\"", json!({"f": "10.5"}), true),
        ("[f] >= 9", json!({"f": "10,5"}), true),
        ("[f] = 5", json!({"f": "5.0"}), true),
        ("InStr([f], \"x\") < \"1\"", json!({"f": "abc"}), true),
        ("Len([f]) = \"3\"", json!({"f": "abc"}), true),
        ("Len([f]) > \"10\"", json!({"f": "abc"}), false),
    ] {
        assert_eq!(yields(&format!("CBool({condition})"), &record), holds.to_string(), "{condition} {record}");
    }
}

#[test]
fn a_comparison_of_doubtful_meaning_is_refused() {
    for (text, code) in [
        ("Now() > 5", "doubtful-comparison"),
        ("CDate([d]) = IsPresent([d])", "doubtful-comparison"),
        ("DateDiff(\"d\", [d], Now()) > Now()", "doubtful-comparison"),
        ("IIF([a] = \"1\", [d], 7) < Now()", "doubtful-comparison"),
        ("FormatDateTime([d], , \"yyyy-MM-dd\", \"dd.MM.yyyy\") < Now()", "doubtful-comparison"),
        ("FormatDateTime([d], , \"yyyy-MM-dd\", \"dd.MM.yyyy\") < \"01.01.2026\"", "doubtful-comparison"),
        ("[d] > FormatDateTime(Now(), \"M/d/yyyy h:mm:ss tt\", \"MMM yyyy\")", "doubtful-comparison"),
        (
            "FormatDateTime([d], , \"yyyy-MM-dd\", \"yyyyMMdd\") < FormatDateTime([e], , \"yyyy-MM-dd\", \"yyyy-MM-dd\")",
            "doubtful-comparison",
        ),
        ("[d] < Now() & \"\"", ""),
        ("Now() > \"31.12.2026\"", "bad-date"),
        ("IIF([a] = \"1\", [d], \"never\") < Now()", "bad-date"),
        ("Now() > \"\"", "kind"),
        ("CDate([d]) = \"\"", ""),
        ("Count([m]) > \"many\"", "kind"),
        ("Count([m]) = \"many\"", ""),
    ] {
        let text = format!("CBool({text})");
        assert_eq!(codes(&text, &Rules::open()).first().copied().unwrap_or_default(), code, "{text}");
    }
    for (text, record, code) in [
        ("[d] < Now()", json!({"d": "31.12.2026"}), "bad-date"),
        ("[d] < [e]", json!({"d": "31.12.2026", "e": "01.01.2027"}), "doubtful-comparison"),
        ("[d] < \"2026-01-01\"", json!({"d": "05/01/2026"}), "doubtful-comparison"),
        ("Len([d]) < [e]", json!({"d": "x", "e": "two"}), "not-a-number"),
    ] {
        assert_eq!(yields(&format!("CBool({text})"), &record), format!("fault: {code}"), "{text} {record}");
    }
    let fault = Expression::check("IIF(Now() > 5, \"a\", \"b\")", &Rules::open()).unwrap_err().remove(0);
    assert!(fault.hint.unwrap().contains("DateDiff"));
}

#[test]
fn an_empty_date_is_absent_wherever_a_date_is_read() {
    for empty in [json!(""), json!("  "), json!(null)] {
        for text in [
            "CDate([d])",
            "FormatDateTime([d], , \"dd/MM/yyyy\", \"yyyy-MM-dd\")",
            "FormatDateTime([d], \"dd/MM/yyyy\", \"yyyy-MM-dd\")",
            "FormatDateTime(CDate([d]), , \"M/d/yyyy h:mm:ss tt\", \"yyyy-MM-dd\")",
            "DateAdd(\"d\", 1, [d])",
            "DateAdd(\"d\", [d], Now())",
            "DateDiff(\"d\", [d], Now())",
            "NumFromDate([d])",
        ] {
            assert_eq!(yields(text, &json!({"d": empty})), "null", "{text} {empty}");
        }
    }
    assert_eq!(yields("CDate(\"\")", &json!({})), "null");
    assert_eq!(yields("CDate([d])", &json!({"d": "x"})), "fault: bad-date");
}

#[test]
fn styles_are_names_or_the_sum_of_their_numbers() {
    let read =
        |styles: &str, d: &str| yields(&format!("FormatDateTime([d], {styles}, \"d.M.yyyy\", \"yyyy-MM-dd\")"), &json!({"d": d}));
    for styles in ["\"32\"", "\"64\"", "\"80\"", "\"0\"", "\"None\"", "\"AssumeLocal\"", "32"] {
        assert_eq!(read(styles, "7.3.2025"), "\"2025-03-07\"", "{styles}");
        assert_eq!(read(styles, " 7.3.2025"), "fault: bad-date", "{styles}");
    }
    for styles in ["\"7\"", "\"3\"", "\"AllowWhiteSpaces\"", "\"39\"", ""] {
        assert_eq!(read(styles, " 7.3.2025 "), "\"2025-03-07\"", "{styles}");
    }
    for styles in ["\"256\"", "\"-1\"", "\"96\"", "\"160\"", "\"AssumeLocal, AssumeUniversal\"", "\"Foo\"", "300"] {
        assert_eq!(read(styles, "7.3.2025"), "fault: date-style", "{styles}");
    }
}

#[test]
fn the_same_seed_draws_the_same() {
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

/// Texts of expressions that are mostly well formed.
fn any_expression() -> impl Strategy<Value = String> {
    let names: Vec<&'static str> =
        functions().into_iter().map(|function| function.name).filter(|name| *name != "SelectUniqueValue").collect();
    let leaf = prop_oneof![
        Just("[a]".to_owned()),
        Just("[b]".to_owned()),
        Just("[missing]".to_owned()),
        Just(String::new()),
        "[a-zäß %.'/:0-9-]{0,8}".prop_map(|text| format!("\"{text}\"")),
        prop::sample::select(vec![
            "\"yyyy-MM-dd\"",
            "\"d\"",
            "\"(a*)*\"",
            "\"2025-02-30\"",
            "\"1/31/2025 1:00:00 PM\"",
            "&HFF",
            "vbTextCompare",
            "UTF8",
            "IgnoreAttributeFlow"
        ])
        .prop_map(str::to_owned),
        any::<i64>().prop_map(|number| number.to_string()),
        (-3i64..12).prop_map(|number| number.to_string()),
    ];
    leaf.prop_recursive(5, 40, 7, move |inner| {
        let name = prop::sample::select(names.clone());
        prop_oneof![
            (name, prop::collection::vec(inner.clone(), 0..8)).prop_map(|(name, args)| format!("{name}({})", args.join(", "))),
            (inner.clone(), prop::sample::select(vec!["=", "<>", ">", "<="]), inner.clone())
                .prop_map(|(one, sign, two)| format!("CBool({one} {sign} {two})")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("IIF(IsNull({a}), {b}, {c})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("Append({a} & {b}, \"x\")")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_day_that_is_formatted_reads_back_and_keeps_its_order(days in 0i64..57_000, other in 0i64..57_000, format in prop::sample::select(vec![
        "yyyy-MM-dd", "d.M.yyyy", "dd/MM/yyyy", "yyyyMMdd", "M/d/yyyy h:mm:ss tt", "dddd, d MMMM yyyy", "dd-MMM-yyyy", "yyyy-MM-ddTHH:mm:ssZ",
    ])) {
        let day = |days: i64| date(1930, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap();
        let (one, two) = (day(days), day(other));
        let there = format!("FormatDateTime([d], , \"yyyy-MM-dd\", \"{format}\")");
        let back = format!("FormatDateTime({there}, , \"{format}\", \"yyyy-MM-dd\")");
        prop_assert_eq!(yields(&back, &json!({"d": one.to_string()})), json!(one.to_string()).to_string());
        let record = json!({"d": one.to_string(), "e": two.to_string()});
        for text in ["[d] < [e]", "CDate([d]) < [e]", "[d] < CDate([e])", "CDate([d]) < CDate([e])", "DateDiff(\"d\", [d], [e]) > 0"] {
            prop_assert_eq!(yields(&format!("CBool({text})"), &record), (one < two).to_string(), "{}", text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn checking_never_panics(text in "(\\PC|[\\[\\]()\",&\\\\ ]){0,80}") {
        let _ = Expression::check(&text, &Rules::default());
    }

    #[test]
    fn print_then_parse_gives_the_same_tree_and_evaluation_never_panics(text in any_expression(), a in "\\PC{0,12}", b in prop::option::of("[a-z0-9/: -]{0,12}")) {
        let tree = parser::parse(&text);
        if tree.faults.is_empty() {
            let again = parser::parse(&tree.root.to_string());
            prop_assert!(again.faults.is_empty(), "{}: {:?}", tree.root, again.faults);
            prop_assert_eq!(again.root, tree.root);
        }
        if let Ok(expression) = Expression::check(&text, &Rules::open()) {
            let record = record(json!({"a": a, "b": b}).as_object().unwrap());
            let bound = expression.bind(record.header());
            let one = bound.evaluate(&record, &context(), "s");
            let (two, _) = bound.trace(&record, &context(), "s");
            prop_assert_eq!(one, two);
        }
    }

    #[test]
    fn what_the_checker_promised_to_find_never_meets_a_record(text in any_expression(), a in "\\PC{0,12}", b in prop::option::of("[a-z0-9/: -]{0,12}")) {
        let Ok(expression) = Expression::check(&text, &Rules::open()) else { return Ok(()) };
        let record = record(json!({"a": a, "b": b}).as_object().unwrap());
        if let Err(error) = expression.bind(record.header()).evaluate(&record, &context(), "s") {
            prop_assert!(!PROMISED.contains(&error.code), "{}: {}", text, error.code);
            let constant = text[error.span.clone()].starts_with('"');
            prop_assert!(!(constant && PROMISED_OF_CONSTANTS.contains(&error.code)), "{}: {}", text, error.code);
        }
    }

    #[test]
    fn iif_and_switch_evaluate_only_what_they_choose(a in "[ab]?", inner in any_expression()) {
        if Expression::check(&format!("IIF([a] = \"a\", \"x\", {inner})"), &Rules::open()).is_err() {
            return Ok(());
        }
        let record = json!({"a": a});
        let (this, that) = if a == "a" { ("\"x\"".to_owned(), inner.clone()) } else { (inner.clone(), "\"x\"".to_owned()) };
        let guarded = format!("IIF([a] = \"a\", {}, {})", pick(a == "a", &this), pick(a != "a", &that));
        prop_assert_eq!(yields(&guarded, &record), "\"chosen\"");
        let switched = format!("Switch([a], \"chosen\", \"z\", {inner})");
        prop_assert_eq!(yields(&switched, &record), "\"chosen\"");
    }
}

/// The branch that is chosen, or one that must not be evaluated.
fn pick(chosen: bool, other: &str) -> String {
    if chosen { "\"chosen\"".to_owned() } else { format!("Append({other}, Error(\"evaluated\"))") }
}

/// Faults that only the checker may tell.
const PROMISED: &[&str] = &[
    "unknown-function",
    "unknown-word",
    "argument-count",
    "missing-argument",
    "switch-tail",
    "select-unique",
    "outbound-only",
    "ignore-object",
    "comparison",
    "too-deep",
    "too-long",
];

/// Faults of constants that only the checker may tell.
const PROMISED_OF_CONSTANTS: &[&str] = &["regex", "date-format", "date-style", "bad-interval", "bad-argument", "not-a-number"];
