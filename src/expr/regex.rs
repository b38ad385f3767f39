//! Regular expressions of .NET.

/// A compiled regular expression.
#[derive(Debug)]
pub(crate) struct Pattern;
