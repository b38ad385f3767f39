//! The `$filter` language: `eq`, `ne`, `ge`, `le`, `in`, `startsWith`, `endsWith`, `any`, `$count`, `and`, `or`, `not`.
//!
//! Each property takes the operators that the documentation lists for it, plainly or as an advanced query, and literals of its type.

mod expression;
mod field;
mod parser;
mod tokens;

pub(super) use expression::Filter;
pub(super) use field::Terms;
pub(super) use parser::parse;
