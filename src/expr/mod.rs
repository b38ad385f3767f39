//! The mapping language of Entra provisioning: check an expression once, then evaluate it for every record.
//!
//! [`Expression::check`] reads a text and finds every fault in it at once; [`Expression::bind`] resolves its columns against a
//! header; [`Bound::evaluate`] gives the value for one record. Every function is an entry of one table ([`functions`]), which is
//! also the manual ([`manual`]).
//!
//! Where Microsoft's documentation leaves a question open, the answer is in the `dialect` note of the function concerned, and these
//! hold everywhere: case is kept and compared, an absent attribute makes a text function absent, nothing is evaluated that is not
//! chosen, and an absent attribute equals nothing (`=` is false, `<>` is true).

// All functions have one shape, and stops are boxed to keep results small.
#![allow(
    clippy::unnecessary_wraps,
    clippy::unnecessary_box_returns,
    clippy::match_same_arms,
    clippy::trivially_copy_pass_by_ref,
    clippy::many_single_char_names
)]

mod args;
mod ast;
mod check;
mod compare;
mod dotnet_dates;
mod evaluate;
mod function;
mod functions;
mod lexer;
mod manual;
mod parser;
mod regex;
#[cfg(test)]
mod tests;
mod value;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

pub use self::evaluate::{Bound, Step};
pub use self::function::{Example, Function, Kind, Need, Param};
pub use self::manual::{functions, manual};
pub use self::regex::{Pattern, SearchBudget};
pub use self::value::{Candidates, EvalError, Outcome, Value};

use crate::record;

/// The most characters an expression may have, as in Entra.
pub const LONGEST: usize = 10_000;

/// What an evaluation knows beside the record.
#[derive(Clone, Debug)]
pub struct Context {
    /// The clock: the same instant for everything that is evaluated in one run.
    pub now: Timestamp,
    /// The tenant's default domain, if it is known.
    pub default_domain: Option<String>,
}

impl Context {
    /// The first instant of a day in UTC.
    pub fn on(date: Date, default_domain: Option<String>) -> Self {
        let now = date.to_zoned(TimeZone::UTC).map_or(Timestamp::UNIX_EPOCH, |midnight| midnight.timestamp());
        Self { now, default_domain }
    }

    /// The day of the clock in UTC.
    pub fn today(&self) -> Date {
        self.now.to_zoned(TimeZone::UTC).date()
    }
}

/// What the target of a mapping takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Want {
    /// One text; a boolean or a number becomes its text.
    Text,
    /// Several texts; one text is a list of one.
    List,
    /// A boolean, or the text of one.
    Flag,
    /// A date, as text.
    Date,
    /// Anything.
    #[default]
    Any,
}

/// The rules that the place of an expression sets.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools)]
pub struct Rules {
    /// What the target takes.
    pub want: Want,
    /// Whether `SelectUniqueValue` may stand at the top: the target is set on create only.
    pub select_unique: bool,
    /// Whether `IgnoreObjectFlow` may be used: the expression is an object filter.
    pub object_filter: bool,
    /// Whether `RandomString` and `Guid` are refused.
    pub secret: bool,
}

impl Rules {
    /// The rules of a place that takes everything, such as the command line.
    pub fn open() -> Self {
        Self { want: Want::Any, select_unique: true, object_filter: true, secret: false }
    }
}

/// A fault that the checker found in an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The bytes of the expression it concerns.
    pub span: Range<usize>,
    /// What kind of fault it is, in kebab case.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// A value that `IIF`, `Switch` or `Coalesce` may choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The bytes of the expression.
    pub span: Range<usize>,
    /// Which branch it is, such as `Switch, key "DE"`.
    pub name: String,
}

/// An expression without faults.
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

    /// Whether `SelectUniqueValue` stands at the top.
    pub fn is_select_unique(&self) -> bool {
        self.root.calls("SelectUniqueValue")
    }

    /// Whether the value must not be shown in logs (`Redact` stands at the top).
    pub fn is_redacted(&self) -> bool {
        self.root.calls("Redact")
    }

    /// Whether the value is the bare text of one column.
    pub fn is_direct(&self) -> bool {
        matches!(self.root.kind, ast::NodeKind::Column { .. })
    }

    /// The text of an expression that is nothing but a text.
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
