//! From the JSON of a record to the texts of its columns.

pub(in crate::source::rest) mod big_numbers;
pub(in crate::source::rest) mod dates;
pub(in crate::source::rest) mod flatten;
pub(in crate::source::rest) mod json;
pub(in crate::source::rest) mod path;
pub(in crate::source::rest) mod template;
pub(in crate::source::rest) mod wrapper;
pub(in crate::source::rest) mod xml;
