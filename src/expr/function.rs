//! The table of all functions: names, arguments, meaning, examples.

use super::args::Args;
use super::evaluate::Eval;
use super::functions;

/// What kind of value stands somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One text.
    Text,
    /// A whole number.
    Number,
    /// A boolean.
    Flag,
    /// The text of a date.
    Date,
    /// Several texts.
    List,
    /// Whatever the first argument is.
    Same,
    /// Anything.
    Any,
}

/// Whether an argument must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It must be written.
    Required,
    /// It can be left out; in the middle its place stays.
    Optional,
    /// It can be repeated.
    Repeated,
}

/// One argument of a function.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its name in Microsoft's reference.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Whether it must be there.
    pub need: Need,
}

/// An example that runs as a test and prints in the manual.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// The expression.
    pub expression: &'static str,
    /// The attributes of the record.
    pub record: &'static [(&'static str, &'static str)],
    /// The outcome as JSON, or `IgnoreAttributeFlow`, `IgnoreObjectFlow`, or `fault: ` and its code.
    pub yields: &'static str,
}

/// A function of the mapping language.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name; case counts.
    pub name: &'static str,
    /// How it is called.
    pub usage: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// What the documentation leaves open, and how it is read here.
    pub dialect: Option<&'static str>,
    /// Its arguments.
    pub params: &'static [Param],
    /// The fewest arguments.
    pub min: usize,
    /// The most arguments, if there is a bound.
    pub max: Option<usize>,
    /// What it yields.
    pub result: Kind,
    /// Examples.
    pub examples: &'static [Example],
    pub(crate) run: Run,
}

pub(crate) type Eager = for<'a, 'b, 'r> fn(&'a mut Args<'b, 'r>) -> Eval<'r>;

/// How a function is evaluated.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Run {
    /// All arguments first.
    Eager(Eager),
    /// The condition, then one branch.
    Iif,
    /// The source, the keys in their order, then one value.
    Switch,
    /// One after another until one is there.
    Coalesce,
    /// The candidates, at the top only.
    SelectUnique,
    /// Known, but without meaning here.
    Refused(&'static str),
}

pub(crate) fn all() -> impl Iterator<Item = &'static Function> {
    functions::ALL.iter().copied().flatten()
}

pub(crate) fn find(name: &str) -> Option<&'static Function> {
    all().find(|function| function.name == name)
}

pub(crate) const fn required(name: &'static str, kind: Kind) -> Param {
    Param { name, kind, need: Need::Required }
}

pub(crate) const fn optional(name: &'static str, kind: Kind) -> Param {
    Param { name, kind, need: Need::Optional }
}

pub(crate) const fn repeated(name: &'static str, kind: Kind) -> Param {
    Param { name, kind, need: Need::Repeated }
}

impl Function {
    /// The argument at a position; the last repeated one goes on.
    pub(crate) fn param(&self, at: usize) -> Option<&'static Param> {
        self.params.get(at).or_else(|| self.params.last().filter(|last| last.need == Need::Repeated))
    }
}
