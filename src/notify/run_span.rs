//! A run as a span.

use std::time::SystemTime;

/// A run as a collector of traces shows it. No part of it names a person.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSpan {
    /// The command, such as `hrpush sync`.
    pub name: String,
    /// When the run began.
    pub started: SystemTime,
    /// When the run ended.
    pub finished: SystemTime,
    /// Why it failed, where it did. The text has no personal value.
    pub failure: Option<String>,
    /// What is known of the run, by the name of the attribute.
    pub facts: Vec<(&'static str, SpanFact)>,
}

/// The value of an attribute of a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpanFact {
    /// A word, such as the kind of the end.
    Text(String),
    /// A number, such as the exit code.
    Count(u64),
    /// A yes or no.
    Flag(bool),
}
