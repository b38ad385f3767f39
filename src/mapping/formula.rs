//! The expressions of a mapping, each under a number.

use std::ops::Range;

use crate::expr::Expression;

/// One checked expression and the string of the file that holds it.
#[derive(Clone, Debug)]
pub(super) struct Formula {
    pub(super) expression: Expression,
    /// The string in the file, quotes included.
    pub(super) raw: Range<usize>,
}

/// The number of an expression within its mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(pub(super) usize);
