//! The list of runs, and one run, as text.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::outcome::outcome;
use crate::diagnostic::escape::{Shown, shown};
use crate::plan::Summary;
use crate::store::{Recorded, RunRow};

const HEADER: [&str; 8] = ["RUN", "STARTED", "ENDED", "CHANGES", "HELD", "FAILED", "TOOK", "REASON"];

/// The runs as a table, in their order. Times are shown in this zone.
pub fn runs(rows: &[RunRow], zone: &TimeZone) -> String {
    if rows.is_empty() {
        return "There are no such runs.\n".to_owned();
    }
    let table: Vec<[String; 8]> =
        std::iter::once(HEADER.map(str::to_owned)).chain(rows.iter().map(|row| cells(row, zone))).collect();
    let width = |column: usize| table.iter().map(|cells| cells[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; 8] = std::array::from_fn(width);
    let mut text = String::new();
    for cells in &table {
        let line: String = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}  ")).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn cells(row: &RunRow, zone: &TimeZone) -> [String; 8] {
    let started = row.started_at.parse::<Timestamp>().ok();
    let started = started.map(|at| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string());
    let dash = || "-".to_owned();
    [
        shown(&row.run.0),
        started.unwrap_or_else(|| shown(&row.started_at)),
        row.ended.map_or("unfinished", |ended| ended.as_str()).to_owned(),
        row.summary.as_ref().map_or_else(dash, changes),
        row.summary.as_ref().map_or_else(dash, |summary| summary.held.to_string()),
        row.failed.to_string(),
        row.duration_ms.map_or_else(dash, took),
        row.reason.as_deref().map_or_else(String::new, shown),
    ]
}

/// The changes of a plan by kind.
fn changes(summary: &Summary) -> String {
    let Summary { create, update, enable, disable, restore, delete, create_group, update_group, .. } = *summary;
    let kinds = [
        (create, "create"),
        (update, "update"),
        (enable, "enable"),
        (disable, "disable"),
        (restore, "restore"),
        (delete, "delete"),
        (create_group + update_group, "group"),
    ];
    let some: Vec<String> = kinds.iter().filter(|(count, _)| *count > 0).map(|(count, kind)| format!("{count} {kind}")).collect();
    if some.is_empty() { "none".to_owned() } else { some.join(", ") }
}

fn took(milliseconds: u64) -> String {
    let (seconds, tenths) = (milliseconds / 1_000, milliseconds % 1_000 / 100);
    match seconds {
        0..60 => format!("{seconds}.{tenths}s"),
        60..3_600 => format!("{}min {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// One run that has no plan: it ended before one was made, or its values were pruned.
pub fn run_line(row: &RunRow, zone: &TimeZone) -> String {
    let mut text = runs(std::slice::from_ref(row), zone);
    for (name, value) in [("source", &row.source), ("feed", &row.feed), ("plan", &row.fingerprint)] {
        if let Some(value) = value {
            let _ = writeln!(text, "{name}: {}", Shown(value));
        }
    }
    if let (Some(user), Some(host)) = (&row.user, &row.host) {
        let _ = writeln!(text, "run by {} on {}", Shown(user), Shown(host));
    }
    text.push_str(&approvals(row));
    text
}

fn approvals(row: &RunRow) -> String {
    let all = row.approved_by.as_ref().and_then(serde_json::Value::as_array).into_iter().flatten();
    let field = |of: &serde_json::Value, name: &str| of[name].as_str().map(shown);
    all.map(|of| {
        let machine = || format!("{}@{}", field(of, "user").unwrap_or_default(), field(of, "host").unwrap_or_default());
        let name = field(of, "principal").unwrap_or_else(machine);
        let note = field(of, "note").map(|note| format!(" ({note})")).unwrap_or_default();
        format!("approved by {name} at {}{note}\n", field(of, "at").unwrap_or_default())
    })
    .collect()
}

/// One run: its plan, each request, and its outcome.
pub fn run(recorded: &Recorded, zone: &TimeZone) -> String {
    let mut text = run_line(&recorded.row, zone);
    text.push('\n');
    let view = super::View { prospect: super::Prospect::Recorded, detail: super::Detail::Full, ..super::View::default() };
    text.push_str(&super::preview(&recorded.plan, &view));
    text.push_str("\nRequests\n");
    for request in &recorded.requests {
        let end = match (request.done, request.status) {
            (None, _) => "no answer".to_owned(),
            (Some(true), _) => "done".to_owned(),
            (Some(false), Some(status)) => format!("{status} {}", shown(request.message.as_deref().unwrap_or_default())),
            (Some(false), None) => shown(request.message.as_deref().unwrap_or("not done")),
        };
        let _ = writeln!(text, "  {} {} {}: {end}", request.request, Shown(&request.kind), Shown(&request.key));
    }
    if let Some(done) = &recorded.outcome {
        text.push_str(&outcome(done));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::RunId;
    use crate::store::EndKind;

    #[test]
    fn a_run_is_a_line_below_the_header() {
        let row = RunRow {
            run: RunId("20261130T020000-1a2b".into()),
            started_at: "2026-11-30T02:00:00.123456Z".into(),
            source: None,
            fingerprint: None,
            applied: 0,
            failed: 0,
            exit_code: Some(3),
            ended: Some(EndKind::Stopped),
            reason: Some("stopped by the guard `disable`: 9 of 52, the limit is 3".into()),
            reason_code: Some("guard".into()),
            dry_run: false,
            tenant: None,
            feed: None,
            duration_ms: Some(61_500),
            summary: Some(Summary { create: 2, disable: 9, held: 1, ..Summary::default() }),
            host: None,
            user: None,
            approved_by: None,
        };
        let text = runs(&[row], &TimeZone::UTC);
        let lines: Vec<Vec<&str>> =
            text.lines().map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()).collect();
        assert_eq!(lines[0], HEADER);
        let cells = [
            "20261130T020000-1a2b",
            "2026-11-30 02:00:00",
            "stopped",
            "2 create, 9 disable",
            "1",
            "0",
            "1min 01s",
            "stopped by the guard `disable`: 9 of 52, the limit is 3",
        ];
        assert_eq!((lines.len(), &lines[1][..]), (2, &cells[..]));
    }
}
