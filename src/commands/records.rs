//! `hrpush records`: prints a reading before any mapping.

use serde_json::{Map, Value, json};

use super::cli::{Common, Format, Records};
use super::output::print;
use super::run::{run, settings};
use crate::diagnostic::Note;
use crate::record::{Cell, Record};
use crate::report::{self, shown};
use crate::session::error::{Ended, Failure};
use crate::session::load_source::read_plainly;
use crate::session::run_end::RunKind;
use crate::source::{Profiler, Reading};

pub(super) fn records(common: &Common, args: &Records) -> Result<Ended, Failure> {
    let day = args.as_of.unwrap_or_else(|| jiff::Zoned::now().date());
    run(common, RunKind::Records, &settings(common)?, async |session| {
        let reading = session.unless_interrupted(read_plainly(session, &args.files, day)).await?;
        show(common, args, &reading)
    })
}

fn show(common: &Common, args: &Records, reading: &Reading) -> Result<Ended, Failure> {
    let most = match (common.format(), args.limit) {
        (_, Some(0)) | (Format::Json, None) => usize::MAX,
        (_, Some(limit)) => limit,
        (Format::Text, None) => 20,
    };
    if common.format() == Format::Json {
        print(&report::json(&document(reading, most)?)?)?;
    } else {
        print(&report::records(reading, most)?)?;
    }
    if !common.quiet && common.format() == Format::Json {
        for line in &reading.notes {
            anstream::eprintln!("note: {}", shown(line.text()));
        }
    }
    Ok(Ended::done())
}

fn document(reading: &Reading, most: usize) -> Result<Value, Failure> {
    let (mut profiler, mut records) = (Profiler::new(&reading.header), Vec::new());
    let seen = |record: Record| {
        profiler.add(&record);
        if records.len() < most {
            let cells: Map<String, Value> = record.cells().map(|(name, cell)| (name.to_owned(), value(cell))).collect();
            records.push(json!({ "record": record.place(), "cells": cells }));
        }
    };
    reading.records.each(seen)?;
    let columns: Vec<Value> = profiler
        .finish()
        .into_iter()
        .map(|profile| json!({ "name": profile.column, "empty": profile.empty, "distinct": profile.distinct }))
        .collect();
    let told: Vec<&str> = reading.notes.iter().map(Note::text).collect();
    Ok(json!({
        "source": { "name": reading.name, "records": reading.records.len(), "sha256": reading.sha256, "told": told },
        "columns": columns,
        "records": records,
    }))
}

fn value(cell: Cell<'_>) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Text(text) => json!(text),
        Cell::Flag(flag) => json!(flag),
        Cell::List(items) => json!(items.iter().map(AsRef::as_ref).collect::<Vec<&str>>()),
    }
}
