//! The mapping language of Entra provisioning: check an expression once, then evaluate it for every record.
//!
//! [`Expression::check`] reads a text and finds every fault in it at once; [`Expression::bind`] resolves its columns against a
//! header; [`Bound::evaluate`] returns the value for one record. Every function is a row of one table ([`functions()`]), which is
//! also the manual ([`manual`]).
//!
//! Microsoft's documentation leaves questions open. The `dialect` note of a function answers those about it. For all functions: case is
//! kept and compared, an absent attribute makes the result of a text function absent, only the chosen branch is evaluated, and an absent
//! attribute equals no value (`=` is false, `<>` is true).
//!
//! The files, from the bottom up: `value`, `regex`, `runtime` (limits, trace, stops), `date_text`, `dotnet_dates`, `args`, `function`,
//! [`functions`](mod@functions), `ast`, `lexer`, `parser`, `check`, `compare`, `evaluate`, `manual`.

#![expect(
    clippy::unnecessary_wraps,
    clippy::unnecessary_box_returns,
    clippy::match_same_arms,
    clippy::trivially_copy_pass_by_ref,
    clippy::many_single_char_names,
    reason = "all functions have one shape, and stops are boxed to keep results small"
)]

mod args;
mod ast;
mod check;
mod compare;
mod date_text;
mod dotnet_dates;
mod evaluate;
mod fault;
mod function;
pub mod functions;
mod lexer;
mod manual;
mod parser;
mod regex;
mod runtime;
#[cfg(test)]
mod tests;
mod value;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

pub use self::ast::Branch;
pub use self::check::{Rules, Want};
pub use self::evaluate::Bound;
pub use self::fault::Fault;
pub use self::function::{Arity, Example, Function, Kind, Param};
pub use self::manual::{functions, manual};
pub use self::parser::LONGEST;
pub use self::regex::{Pattern, SearchBudget};
pub use self::runtime::{Context, Step};
pub use self::value::{Candidates, EvalError, Outcome, Value};

use crate::record;

/// An expression without faults.
///
/// ```
/// use hrpush::expr::{Expression, Rules};
/// let expression = Expression::check(r#"Join(" ", [First], [Last])"#, &Rules::open()).unwrap();
/// assert_eq!(expression.columns().map(|(name, _)| name).collect::<Vec<_>>(), ["First", "Last"]);
/// let faults = Expression::check("Jion([First])", &Rules::open()).unwrap_err();
/// assert_eq!(faults[0].code, "unknown-function");
/// ```
#[derive(Clone, Debug)]
pub struct Expression {
    text: Arc<str>,
    root: Arc<ast::Node>,
    columns: Arc<[(Box<str>, Range<usize>)]>,
}

impl Expression {
    /// Parses and checks a text.
    ///
    /// # Errors
    /// Every fault of the text, in the order of their places.
    pub fn check(text: &str, rules: &Rules) -> Result<Self, Vec<Fault>> {
        let mut parsed = parser::parse(text);
        check::check(&mut parsed.root, rules, &mut parsed.faults);
        if parsed.faults.is_empty() {
            Ok(Self { text: text.into(), root: Arc::new(parsed.root), columns: parsed.columns.into() })
        } else {
            parsed.faults.sort_by_key(|fault| (fault.span.start, fault.span.end));
            parsed.faults.dedup();
            Err(parsed.faults)
        }
    }

    /// The text as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every `[attribute]` that is used, once, with the place of its first use.
    pub fn columns(&self) -> impl Iterator<Item = (&str, Range<usize>)> {
        self.columns.iter().map(|(name, span)| (&**name, span.clone()))
    }

    /// Resolves the columns; one that the header lacks is absent in every record.
    pub fn bind(&self, header: &record::Header) -> Bound {
        let slots = self.columns.iter().map(|(name, _)| header.position(name)).collect();
        Bound::new(Arc::clone(&self.root), slots)
    }

    /// Whether the expression is a call of `SelectUniqueValue`.
    pub fn is_select_unique(&self) -> bool {
        self.root.calls("SelectUniqueValue")
    }

    /// Whether the value must not be shown in logs: the expression is a call of `Redact`.
    pub fn is_redacted(&self) -> bool {
        self.root.calls("Redact")
    }

    /// Whether the value is the bare text of one column.
    pub fn is_direct(&self) -> bool {
        matches!(self.root.kind, ast::NodeKind::Column { .. })
    }

    /// The text of an expression that is a bare text.
    pub fn constant(&self) -> Option<&str> {
        match &self.root.kind {
            ast::NodeKind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// All values that `IIF`, `Switch` and `Coalesce` choose from, for coverage: see [`Step`].
    pub fn branches(&self) -> Vec<Branch> {
        let mut branches = Vec::new();
        self.root.branches(&mut branches);
        branches
    }
}

/// Prints the tree: parsing what is printed gives the same tree.
impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)
    }
}

/// Two expressions are equal if their trees are, however they were spaced.
impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.root == other.root
    }
}
