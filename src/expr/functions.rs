//! The functions by kind.

use super::table::Function;

pub(crate) static ALL: &[&[Function]] = &[];
