//! `hrpush mapping`: checks mappings, evaluates an expression, prints the manual of the functions.

use serde_json::json;

use super::cli::{Common, Format, Mapping};
use super::output::print;
use crate::expr;
use crate::mapping::{self, Evaluation};
use crate::report::{self, shown};
use crate::session::error::{Code, Ended, Failure};

pub(super) fn mapping(common: &Common, command: &Mapping) -> Result<Ended, Failure> {
    let json = common.format() == Format::Json;
    match command {
        Mapping::Check { file, against } => super::mapping_check::check(common, file, against.as_deref()),
        Mapping::Eval { expression, record, now, taken, default_domain } => {
            let record = match serde_json::from_str(record) {
                Ok(record) => record,
                Err(fault) => {
                    let message = format!("--record is not a JSON object: {fault}");
                    if json {
                        let document = json!({ "error": { "code": "record", "message": message, "span": [0, 0] } });
                        print(&format!("{document}\n"))?;
                    }
                    return Err(Failure::usage(message));
                }
            };
            let now = match now {
                None => jiff::Timestamp::now(),
                Some(text) => moment(text)?,
            };
            eval(json, expression, &Evaluation { record, now, taken, default_domain: default_domain.clone() })
        }
        Mapping::Test { file, update } => super::mapping_test::test(json, file, *update),
        Mapping::Convert { schema, output, object_mapping } => {
            super::mapping_convert::convert(json, schema, output.as_deref(), object_mapping.as_deref())
        }
        Mapping::Functions { name } => functions(json, name.as_deref()),
    }
}

/// A moment, or a day at midnight UTC.
fn moment(text: &str) -> Result<jiff::Timestamp, Failure> {
    let day = || text.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    let local = || text.parse::<jiff::civil::DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    let moment = text.parse().ok().or_else(|| local().map(|at| at.timestamp())).or_else(|| day().map(|at| at.timestamp()));
    moment.ok_or_else(|| Failure::usage(format!("--now `{text}` is not a time\n  hint: write 2026-11-20T08:00:00Z")))
}

fn eval(json: bool, expression: &str, with: &Evaluation<'_>) -> Result<Ended, Failure> {
    match mapping::eval(expression, with) {
        Ok(value) => {
            let text = match value {
                serde_json::Value::String(text) if !json => shown(&text) + "\n",
                other => format!("{other}\n"),
            };
            print(&text)?;
            Ok(Ended::done())
        }
        Err(faults) => {
            if json && let Some(first) = faults.first() {
                print(&format!("{}\n", first.to_json()))?;
            }
            let lines = faults.iter().map(|fault| {
                let hint = fault.hint.as_ref().map(|hint| format!("\n  hint: {hint}")).unwrap_or_default();
                format!("error: {}\n{}{hint}", fault.message, marked(expression, &fault.span))
            });
            Ok(Ended::with(Code::Usage, lines.collect()))
        }
    }
}

/// The line of an expression with a fault, with carets below it.
fn marked(expression: &str, span: &std::ops::Range<usize>) -> String {
    let (before, rest) = expression.split_at_checked(span.start).unwrap_or((expression, ""));
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let end = rest.find('\n').map_or(expression.len(), |at| before.len() + at);
    let blanks = expression[line..before.len()].chars().count();
    let carets = expression.get(before.len()..span.end.min(end)).map_or(1, |text| text.trim_end().chars().count().max(1));
    let shown = expression[line..end].trim_end().replace('\t', " ");
    format!("  | {shown}\n  | {}{}", " ".repeat(blanks), "^".repeat(carets))
}

fn functions(json: bool, name: Option<&str>) -> Result<Ended, Failure> {
    let known: Vec<&str> = expr::functions().iter().map(|function| function.name).collect();
    if let Some(name) = name
        && !known.iter().any(|known| known.eq_ignore_ascii_case(name))
    {
        return Err(Failure::usage(format!("there is no function `{name}`\n  hint: `hrpush mapping functions` lists them")));
    }
    if json {
        let list: Vec<_> = expr::functions()
            .into_iter()
            .filter(|function| name.is_none_or(|name| function.name.eq_ignore_ascii_case(name)))
            .map(|function| {
                json!({
                    "name": function.name,
                    "usage": function.usage,
                    "doc": function.doc,
                    "dialect": function.dialect,
                    "examples": function.examples.iter().map(|example| json!({
                        "expression": example.expression,
                        "record": example.record.iter().copied().collect::<std::collections::BTreeMap<_, _>>(),
                        "yields": example.yields,
                    })).collect::<Vec<_>>(),
                })
            })
            .collect();
        print(&report::json(&list)?)?;
    } else {
        print(&expr::manual(name))?;
    }
    Ok(Ended::done())
}

#[cfg(test)]
mod tests {
    use super::marked;

    #[test]
    fn a_fault_is_marked_on_its_own_line() {
        let text = "Join(\" \",\n  [é], Lft([b]),\n  [c])";
        let at = text.find("Lft").unwrap();
        assert_eq!(marked(text, &(at..at + 3)), "  |   [é], Lft([b]),\n  |        ^^^");
        assert_eq!(marked(text, &(at..text.len())), "  |   [é], Lft([b]),\n  |        ^^^^^^^^^");
        assert_eq!(marked("", &(0..0)), "  | \n  | ^");
    }
}
