//! The pieces of a format, and the moments that a format reads and writes.

use jiff::civil::DateTime;

/// One piece of a format: a field with the number of its letters, or literal text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Field(char, usize),
    Literal(String),
}

/// A moment in UTC, and whether its text said so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(super) at: DateTime,
    pub(super) zoned: bool,
}
