//! Scoping filters of a schema as `[[scope]]`.

use super::loss::Lost;
use super::schema::{FilterClause, FilterGroup, scalar};
use crate::diagnostic::toml_text::{comment, quoted};
use crate::expr::{Expression, Rules};
use crate::mapping::scope::{Refused, Test};

/// A clause that no person passes: a clause that could not be carried over must not widen the scope.
const NOBODY: &str = r#"  { attribute = '""', operator = "IS NOT NULL" },"#;

/// One group as the text of a `[[scope]]`, and what of it could not be carried over.
pub(super) fn group(group: &FilterGroup) -> (String, Vec<Lost>) {
    let mut text = String::new();
    if !group.name.trim().is_empty() {
        text.push_str(&comment(group.name.trim()));
    }
    text.push_str("[[scope]]\nall = [\n");
    let mut lost = Vec::new();
    for written in &group.clauses {
        match clause(written) {
            Ok(lines) => {
                for line in lines {
                    text.push_str(&line);
                    text.push('\n');
                }
            }
            Err(why) => {
                let what = format!("scope clause {} {}", written.source_operand_name, written.operator_name);
                text.push_str("  ");
                text.push_str(&comment(
                    &format!("not carried over: {what}: {why}. Until it is written here no person passes this group:")
                        .replace('\n', " "),
                ));
                text.push_str(NOBODY);
                text.push('\n');
                lost.push(Lost { what, why: format!("{why}; until it is written by hand no person passes its group") });
            }
        }
    }
    if group.clauses.is_empty() {
        text.push_str(NOBODY);
        text.push('\n');
        lost.push(Lost { what: format!("scope group {}", group.name), why: "it has no clause".to_owned() });
    }
    text.push_str("]\n");
    (text, lost)
}

/// The clauses that say the same.
fn clause(written: &FilterClause) -> Result<Vec<String>, String> {
    let name = written.source_operand_name.trim();
    let bracketed = format!("[{name}]");
    let attribute = if name.starts_with('[') || name.contains('(') { name } else { bracketed.as_str() };
    let rules = Rules { select_unique: false, object_filter: false, ..Rules::open() };
    if let Err(faults) = Expression::check(attribute, &rules) {
        return Err(faults.first().map_or_else(String::new, |fault| fault.message.clone()));
    }
    let operator = written.operator_name.trim();
    let folded = operator.to_uppercase().replace('_', " ");
    let mut values: Vec<String> = written.target_operand.values.iter().filter_map(scalar).collect();
    if folded.starts_with("IS ") || folded == "PRESENT" {
        values.clear();
    }
    let tests: Vec<(String, Option<String>)> = match (folded.as_str(), values.as_slice()) {
        (_, []) => vec![(operator.to_owned(), None)],
        (_, [only]) => vec![(operator.to_owned(), Some(only.clone()))],
        ("NOT EQUALS" | "NOT REGEX MATCH" | "!&", several) => {
            several.iter().map(|value| (operator.to_owned(), Some(value.clone()))).collect()
        }
        ("EQUALS", several) => {
            let any: Vec<String> = several.iter().map(|value| regex::escape(value)).collect();
            vec![("REGEX MATCH".to_owned(), Some(format!(r"\A(?:{})\z", any.join("|"))))]
        }
        ("REGEX MATCH", several) => {
            let any: Vec<String> = several.iter().map(|value| format!("(?:{value})")).collect();
            vec![("REGEX MATCH".to_owned(), Some(any.join("|")))]
        }
        _ => return Err("an operator with several values".to_owned()),
    };
    tests
        .into_iter()
        .map(|(operator, value)| match Test::new(&operator, value.as_deref()) {
            Ok(_) => {
                let value = value.map(|value| format!(", value = {}", quoted(&value))).unwrap_or_default();
                Ok(format!("  {{ attribute = {}, operator = {}{value} }},", quoted(attribute), quoted(&operator)))
            }
            Err(Refused::Operator) => Err("an operator that is documented nowhere".to_owned()),
            Err(Refused::NeedsValue) => Err("it has no value".to_owned()),
            Err(Refused::TakesNoValue) => Err("it takes no value".to_owned()),
            Err(Refused::NotANumber) => Err("it compares with a whole number".to_owned()),
            Err(Refused::Regex(fault)) => Err(format!("no regular expression: {fault}")),
        })
        .collect()
}
