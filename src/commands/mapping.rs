//! `hrpush mapping`: a mapping checked, an expression tried, the manual of the functions.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::cli::{Common, Format, Mapping};
use super::exit::{Code, Ended, Failure};
use super::files::print;
use super::reading::text_of;
use crate::expr;
use crate::mapping::{self, Evaluation};
use crate::record::Header;
use crate::report::{self, shown};
use crate::source::{self, FileSettings};

pub(super) fn mapping(common: &Common, command: &Mapping) -> Result<Ended, Failure> {
    let json = common.format == Format::Json;
    match command {
        Mapping::Check { file, against } => check(json, file, against.as_deref()),
        Mapping::Eval { expression, record, now, taken, default_domain } => {
            let record =
                serde_json::from_str(record).map_err(|fault| Failure::usage(format!("--record is no JSON object: {fault}")))?;
            let now = match now {
                None => jiff::Timestamp::now(),
                Some(text) => moment(text)?,
            };
            eval(json, expression, &Evaluation { record, now, taken, default_domain: default_domain.clone() })
        }
        Mapping::Test { file } => test(json, file),
        Mapping::Functions { name } => functions(json, name.as_deref()),
    }
}

/// A moment, or a day at midnight UTC.
fn moment(text: &str) -> Result<jiff::Timestamp, Failure> {
    let day = || text.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    let local = || text.parse::<jiff::civil::DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    let moment = text.parse().ok().or_else(|| local().map(|at| at.timestamp())).or_else(|| day().map(|at| at.timestamp()));
    moment.ok_or_else(|| Failure::usage(format!("--now `{text}` is no time\n  hint: write 2026-11-20T08:00:00Z")))
}

fn check(json: bool, file: &Path, against: Option<&Path>) -> Result<Ended, Failure> {
    let text = text_of(file)?;
    let header = against.map(|path| header(&text, file, path)).transpose()?;
    let checked = mapping::check(&text, file, header.as_deref());
    if json {
        let faults: Vec<_> = checked
            .faults
            .iter()
            .map(|fault| json!({ "file": fault.file, "line": fault.line, "column": fault.column, "message": fault.message, "hint": fault.hint }))
            .collect();
        let document = json!({ "name": checked.name, "faults": faults, "used": checked.used, "unused": checked.unused });
        print(&report::json(&document).map_err(|fault| Failure::cannot(&fault))?)?;
    } else if checked.faults.is_empty() {
        print(&format!("{}: «{}» is in order.\n", file.display(), checked.name.as_deref().map(shown).unwrap_or_default()))?;
        if !checked.unused.is_empty() {
            print(&format!("unused columns: {}\n", shown(&checked.unused.join(", "))))?;
        }
    }
    if checked.faults.is_empty() {
        return Ok(Ended::done());
    }
    Ok(Ended::with(Code::Usage, checked.faults.iter().map(ToString::to_string).collect()))
}

fn header(text: &str, file: &Path, against: &Path) -> Result<Arc<Header>, Failure> {
    let csv = mapping::Mapping::parse(text, file).map(|mapping| mapping.csv()).unwrap_or_default();
    let names = source::header_of(against, &FileSettings { csv, ..FileSettings::default() }).map_err(Failure::usage)?;
    Header::new(names)
        .map(Arc::new)
        .map_err(|name| Failure::usage(format!("{}: the column `{name}` stands twice", against.display())))
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
                let before = expression.get(..fault.span.start).map_or(0, |text| text.chars().count());
                let carets = expression.get(fault.span.clone()).map_or(1, |text| text.chars().count().max(1));
                let hint = fault.hint.as_ref().map(|hint| format!("\n  hint: {hint}")).unwrap_or_default();
                format!("error: {}\n  | {expression}\n  | {}{}{hint}", fault.message, " ".repeat(before), "^".repeat(carets))
            });
            Ok(Ended::with(Code::Usage, lines.collect()))
        }
    }
}

fn test(json: bool, file: &Path) -> Result<Ended, Failure> {
    let mapping = super::reading::load(file)?;
    let mut cases = file.as_os_str().to_owned();
    cases.push(".tests.toml");
    let beside = file.with_extension("tests.toml");
    let cases = if Path::new(&cases).exists() || !beside.exists() { cases.into() } else { beside };
    let results =
        mapping::test(&mapping, &text_of(&cases)?).map_err(|fault| Failure::usage(format!("{}: {fault}", cases.display())))?;
    let failed: Vec<_> = results.iter().filter(|result| !result.differences.is_empty()).collect();
    if json {
        print(&report::json(&results).map_err(|fault| Failure::cannot(&fault))?)?;
    } else {
        print(&format!("{} cases, {} failed\n", results.len(), failed.len()))?;
    }
    if failed.is_empty() {
        return Ok(Ended::done());
    }
    let why = failed.iter().map(|result| shown(&format!("failed: {}: {}", result.name, result.differences.join("; "))));
    Ok(Ended::with(Code::Usage, why.collect()))
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
            .map(|function| json!({ "name": function.name, "usage": function.usage, "doc": function.doc }))
            .collect();
        print(&report::json(&list).map_err(|fault| Failure::cannot(&fault))?)?;
    } else {
        print(&expr::manual(name))?;
    }
    Ok(Ended::done())
}
