//! `hrpush explain`: one person, from the record to the decision.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::json;

use super::cli::{Common, Explain, Format};
use super::exit::{Ended, Failure};
use super::files::print;
use super::reading;
use super::run::{self, block_on, unless_interrupted};
use super::settings;
use super::target;
use crate::expr::Context;
use crate::graph::Priority;
use crate::mapping::{Explained, Mapped};
use crate::plan::{self, Inputs, Plan, SourceInfo};
use crate::record::{Cell, EmployeeId, Record};
use crate::report::{self, Shown, shown};

pub(super) fn explain(common: &Common, args: &Explain) -> Result<Ended, Failure> {
    let key = EmployeeId::new(&args.key).ok_or_else(|| Failure::usage("the key is empty"))?;
    let settings = settings::load(common)?;
    block_on(|cancelled| async move {
        let read = reading::read(&settings, &args.files, &args.map)?;
        let mut store = settings.store()?;
        let _lock = store.lock().map_err(|fault| Failure::cannot(&fault))?;
        let graph_url = args.target.graph_url.as_deref();
        let connecting = target::connect(&settings, &mut store, graph_url, Priority::Normal);
        let connection = unless_interrupted(&cancelled, connecting).await?;
        let reader = connection.reader();
        let policy = settings.policy();
        let wanted = super::import::wanted(&read, &policy.protect_groups);
        let reading = run::read_tenant(&mut store, &connection, &reader, &wanted);
        let (snapshot, unsettled) = unless_interrupted(&cancelled, reading).await?;
        let rules = read.mapping.rules();
        let now = jiff::Timestamp::now();
        let day = args.map.as_of.unwrap_or_else(|| now.to_zoned(read.mapping.time_zone().clone()).date());
        let ledger = store.ledger(&rules.feed, &snapshot.tenant, day, &unsettled).map_err(|fault| Failure::cannot(&fault))?;
        let context = Context::on(day, snapshot.default_domain.clone());
        let mapped: Vec<Mapped> = read.reading.records.iter().map(|record| read.bound.map(record, &context)).collect();
        let mine: Vec<&Record> = read
            .reading
            .records
            .iter()
            .zip(&mapped)
            .filter(|(_, mapped)| key_of(mapped) == Some(&key))
            .map(|(record, _)| record)
            .collect();
        let explained: Vec<(&Record, Vec<Explained>)> =
            mine.into_iter().map(|record| (record, read.bound.explain(record, &context))).collect();
        let plan = plan::plan(Inputs {
            source: SourceInfo {
                name: read.reading.name.clone(),
                feed: rules.feed.clone(),
                records: read.reading.records.len() as u64,
                sha256: read.reading.sha256.clone(),
            },
            target: connection.target(&snapshot.tenant),
            mapped,
            whole: true,
            only: Some(BTreeSet::from([key.clone()])),
            snapshot: &snapshot,
            ledger: &ledger,
            rules,
            policy: &policy,
            today: day,
            created_at: now.to_string(),
            columns: None,
        });
        if explained.is_empty() && plan.changes.is_empty() && plan.skipped.is_empty() && plan.held.is_empty() {
            return Err(Failure::usage(format!("nobody has the key `{}`, neither in HR nor in the ledger", shown(key.as_str()))));
        }
        let text = if common.format == Format::Json { document(&explained, &plan)? } else { story(&key, &explained, &plan) };
        print(&text)?;
        Ok(Ended::done())
    })
}

fn key_of(mapped: &Mapped) -> Option<&EmployeeId> {
    match mapped {
        Mapped::Desired(desired) => Some(&desired.key),
        Mapped::Held(held) => held.key.as_ref(),
        Mapped::OutOfScope { key, .. } => Some(key),
    }
}

fn cell(cell: Cell<'_>) -> serde_json::Value {
    match cell {
        Cell::Null => serde_json::Value::Null,
        Cell::Text(text) => json!(text),
        Cell::Flag(flag) => json!(flag),
        Cell::List(items) => json!(items.iter().map(AsRef::as_ref).collect::<Vec<&str>>()),
    }
}

fn document(explained: &[(&Record, Vec<Explained>)], plan: &Plan) -> Result<String, Failure> {
    let records: Vec<_> = explained
        .iter()
        .map(|(record, explained)| {
            let cells: serde_json::Map<_, _> = record.cells().map(|(name, value)| (name.to_owned(), cell(value))).collect();
            json!({ "record": record.place(), "cells": cells, "expressions": explained })
        })
        .collect();
    let document = json!({ "records": records, "changes": plan.changes, "held": plan.held, "skipped": plan.skipped });
    report::json(&document).map_err(|fault| Failure::cannot(&fault))
}

fn story(key: &EmployeeId, explained: &[(&Record, Vec<Explained>)], plan: &Plan) -> String {
    let mut text = String::new();
    for (record, explained) in explained {
        let _ = writeln!(text, "{} in {}", Shown(key.as_str()), Shown(&record.place().to_string()));
        for (name, value) in record.cells() {
            let _ = writeln!(text, "    {}: {}", Shown(name), shown(&cell(value).to_string()));
        }
        text.push_str("\nExpressions\n");
        for Explained { target, expression, inputs, result } in explained {
            let inputs: Vec<String> = inputs.iter().map(|(name, value)| format!("{name} = {value}")).collect();
            let _ = writeln!(text, "  {}: {}", Shown(target), Shown(&result.to_string()));
            let _ = writeln!(text, "      by {}", Shown(expression));
            if !inputs.is_empty() {
                let _ = writeln!(text, "      from {}", Shown(&inputs.join(", ")));
            }
        }
        text.push('\n');
    }
    text.push_str(&report::preview(plan));
    text
}
