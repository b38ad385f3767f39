//! `hrpush records`: what was read, before any mapping: for the first look.

use serde_json::{Map, Value, json};

use super::cli::{Common, Format, Records};
use crate::record::{Cell, Record};
use crate::report::{self, shown};
use crate::session::error::{Ended, Failure};
use crate::session::interrupt::{block_on, unless_interrupted};
use crate::session::load_source;
use crate::session::output::print;
use crate::session::settings;
use crate::source::{Profiler, Reading};

pub(super) fn records(common: &Common, args: &Records) -> Result<Ended, Failure> {
    let settings = settings::load(common)?;
    let day = args.as_of.unwrap_or_else(|| jiff::Zoned::now().date());
    block_on(|cancelled| async move {
        let reading = unless_interrupted(&cancelled, load_source::read_plainly(&settings, &args.files, day)).await?;
        show(common, args, &reading)
    })
}

fn show(common: &Common, args: &Records, reading: &Reading) -> Result<Ended, Failure> {
    let most = match (common.format, args.limit) {
        (_, Some(0)) | (Format::Json, None) => usize::MAX,
        (_, Some(limit)) => limit,
        (Format::Text, None) => 20,
    };
    if common.format == Format::Json {
        print(&report::json(&document(reading, most)?).map_err(|fault| Failure::cannot(&fault))?)?;
    } else {
        print(&report::records(reading, most).map_err(Failure::usage)?)?;
    }
    if !common.quiet && common.format == Format::Json {
        for line in &reading.told {
            anstream::eprintln!("note: {}", shown(line));
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
    reading.records.each(seen).map_err(Failure::usage)?;
    let columns: Vec<Value> = profiler
        .finish()
        .into_iter()
        .map(|profile| json!({ "name": profile.column, "empty": profile.empty, "distinct": profile.distinct }))
        .collect();
    Ok(json!({
        "source": { "name": reading.name, "records": reading.records.len(), "sha256": reading.sha256, "told": reading.told },
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
