//! What the drivers' own errors mean to the reader.

use std::error::Error;

use super::SqlSettings;
use crate::diagnostic::network;
use crate::source::error::Fault;
pub(super) use crate::source::error_text::chain;

/// The server cannot be reached, or does not let us in.
pub(super) fn unreachable(settings: &SqlSettings, error: &(dyn Error + 'static)) -> Fault {
    let why = chain(error);
    let fault = settings.system(format!("cannot connect to {} at {}: {why}", settings.driver.name(), settings.place()));
    let lower = why.to_lowercase();
    if lower.contains("certificate") || lower.contains("unknownissuer") {
        return fault.with_hint("if the company signs its own certificates, name its authority: `ca_file = \"…\"` in [source]");
    }
    if lower.contains("does not support tls") || lower.contains("not support ssl") || lower.contains("encryption") {
        return fault.with_hint("TLS is required for any other machine than this one: switch it on at the server");
    }
    match network::hint(error) {
        Some(hint) => fault.with_hint(hint),
        None => fault,
    }
}

/// A connection was not ready in time.
pub(super) fn no_answer(settings: &SqlSettings) -> Fault {
    settings
        .system(format!(
            "cannot connect to {} at {}: no answer within {} s",
            settings.driver.name(),
            settings.place(),
            super::CONNECT.as_secs()
        ))
        .with_hint(network::hint_of_silence())
}

/// The reading ended before its end.
pub(super) fn broke_off(settings: &SqlSettings, rows: u64, why: &str) -> Fault {
    settings
        .system(format!("the reading broke off after {rows} rows: {why}"))
        .with_hint("the records were discarded: part of a list would make people missing")
}

/// The query took too long.
pub(super) fn too_long(settings: &SqlSettings) -> Fault {
    settings
        .system(format!("the query did not end within {} s", settings.timeout.as_secs_f64()))
        .with_hint("make it faster, or give it more time: `timeout = \"30min\"` in [source]")
}

/// The line and column of a place in the query, counted in characters from 1.
pub(super) fn spot(query: &str, characters: usize) -> String {
    let before: String = query.chars().take(characters.saturating_sub(1)).collect();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!("line {line}, column {column} of the query")
}
