//! The functions of the language, each a plain Rust function with its row of the table in the same file.
//!
//! A new function touches one file, the one that its subject belongs in:
//!
//! 1. Write the function over `&str`, numbers or [`Value`](super::Value), with a sentence and an example that runs.
//! 2. Add a row to `ROWS` above it: the usage as Microsoft's reference writes it, the arguments, the kind of the result, an adapter
//!    that reads the arguments and calls the function, one sentence for the manual, and examples.
//!
//! The parser, the checker and the manual (`hrpush mapping functions`) read the row, and each of its examples runs as a test.

use super::function::Function;

pub mod case;
pub mod date;
pub mod diacritics;
pub mod encoding;
pub mod list;
pub mod logic;
mod outbound;
pub mod random;
pub mod replace;
pub mod text;

static TABLE: &[&[Function]] = &[
    text::ROWS,
    case::ROWS,
    diacritics::ROWS,
    replace::ROWS,
    list::ROWS,
    logic::ROWS,
    date::ROWS,
    encoding::ROWS,
    random::ROWS,
    outbound::ROWS,
];

/// Every function, in the order of the files.
pub(crate) fn all() -> impl Iterator<Item = &'static Function> {
    TABLE.iter().copied().flatten()
}

/// The function with this name, which is case-sensitive.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    all().find(|function| function.name == name)
}
