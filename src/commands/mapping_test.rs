//! `hrpush mapping test`: runs the cases of a mapping, prints failures as diffs and lists the branches that no case reached.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::output::print;
use crate::mapping::{self, CaseResult, Tested};
use crate::report::{self, shown};
use crate::session::error::{Code, Ended, Failure};
use crate::session::mapped_reading::{load, text_of};

pub(super) fn test(json: bool, file: &Path, update: bool) -> Result<Ended, Failure> {
    let mapping = load(file)?;
    let cases = beside(file);
    if !cases.exists() {
        let hint = "write a [[case]] with `name` and `record` in it; --update then adds the results of the mapping";
        return Err(Failure::usage(format!("there are no cases: {} does not exist\n  hint: {hint}", cases.display())));
    }
    let text = text_of(&cases)?;
    let run = |text: &str| mapping::test(&mapping, text).map_err(|fault| Failure::usage(format!("{}, {fault}", cases.display())));
    let mut tested = run(&text)?;
    let mut updated = false;
    if update && let Some(accepted) = tested.accepted.take() {
        std::fs::write(&cases, &accepted).map_err(|fault| Failure::file("write", &cases, &fault))?;
        tested = run(&accepted)?;
        updated = true;
    }
    let failed: Vec<&CaseResult> = tested.cases.iter().filter(|case| !case.passed).collect();
    let passed = tested.cases.len() - failed.len();
    if json {
        let document = json!({
            "passed": passed,
            "failed": failed.len(),
            "updated": updated,
            "cases": tested.cases,
            "coverage": tested.coverage,
        });
        print(&report::json(&document)?)?;
    } else {
        print(&text_report(&tested, file, &cases, updated))?;
    }
    if failed.is_empty() {
        return Ok(Ended::done());
    }
    let mut why = vec![format!("error: {} of {} cases failed", failed.len(), tested.cases.len())];
    why.extend(failed.iter().map(|case| format!("  {}:{}: {}", cases.display(), case.line, shown(&case.name))));
    why.push(if update {
        "  hint: --update cannot accept these; correct them by hand".to_owned()
    } else {
        "  hint: correct the mapping, or accept its results with --update".to_owned()
    });
    Ok(Ended::with(Code::Usage, why))
}

/// `FILE.tests.toml`, with or without the ending of the mapping.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".tests.toml");
    let whole = PathBuf::from(name);
    let short = file.with_extension("tests.toml");
    if whole.exists() || !short.exists() { whole } else { short }
}

fn text_report(tested: &Tested, mapping: &Path, cases: &Path, updated: bool) -> String {
    let mut text = String::new();
    for case in tested.cases.iter().filter(|case| !case.passed) {
        let _ = writeln!(text, "{}:{}: {}", cases.display(), case.line, shown(&case.name));
        for difference in &case.differences {
            let side = |sign: char, value: Option<&Json>| {
                value.map(|value| format!("  {sign} {} = {}\n", difference.name, shown(&value.to_string()))).unwrap_or_default()
            };
            text.push_str(&side('-', difference.expected.as_ref()));
            text.push_str(&side('+', difference.found.as_ref()));
            if let Some(message) = &difference.message {
                let _ = writeln!(text, "    {}", shown(message));
            }
        }
    }
    let coverage = &tested.coverage;
    if !coverage.unreached.is_empty() {
        text.push_str("No case reached:\n");
        for branch in &coverage.unreached {
            let value = shown(&branch.value.split_whitespace().collect::<Vec<_>>().join(" "));
            let name = shown(&branch.branch);
            let _ =
                writeln!(text, "  {}:{}:{}: {}: {name}: {value}", mapping.display(), branch.line, branch.column, branch.target);
        }
    }
    let failed = tested.cases.iter().filter(|case| !case.passed).count();
    let _ = writeln!(
        text,
        "{} cases, {failed} failed; {} of {} branches reached{}",
        tested.cases.len(),
        coverage.reached,
        coverage.branches,
        if updated { format!("; {} updated", cases.display()) } else { String::new() }
    );
    text
}
