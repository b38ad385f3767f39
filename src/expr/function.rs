//! The description of a function: its name, its arguments, its meaning, its examples, and how it is evaluated.
//!
//! Each file of [`super::functions`] holds the rows of its functions beside their code. [`function`] makes a row, and its methods
//! add what is not usual.

use super::args::Args;
use super::runtime::Eval;

/// The kind of value that an argument takes or a function yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One text, as most functions take and return.
    Text,
    /// A whole number; a text of digits is converted.
    Number,
    /// `True` or `False`, as comparisons and tests return it.
    Flag,
    /// The text of a date.
    Date,
    /// Several texts, as a multi-value attribute has them.
    List,
    /// The kind of the first argument.
    Same,
    /// A value of any type, which the function does not convert.
    Any,
}

/// How often an argument is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// The argument is given exactly once.
    Required,
    /// It can be left out; in the middle its place stays.
    Optional,
    /// It can be repeated.
    Repeated,
}

/// What a constant argument must look like beyond its kind. The checker tests it before the first record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Any constant of the kind.
    Any,
    /// A position that counts from 1.
    Position,
    /// An interval of dates, such as `d`.
    Interval,
    /// The name of a culture, such as `tr-TR`.
    Culture,
    /// The word `vbBinaryCompare` or `vbTextCompare`, which decides whether case matters.
    Comparison,
}

/// One argument of a function.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its name in Microsoft's reference.
    pub name: &'static str,
    /// The kind of value that it takes.
    pub kind: Kind,
    /// How often it is written.
    pub arity: Arity,
    pub(crate) form: Form,
    /// Whether an empty constant is a fault.
    pub(crate) filled: bool,
}

impl Param {
    /// The same argument with a stricter form of constants.
    pub(crate) const fn form(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    /// Returns the same argument, but refuses an empty constant.
    pub(crate) const fn filled(mut self) -> Self {
        self.filled = true;
        self
    }
}

/// An example that runs as a test and prints in the manual.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// The expression as a mapping would contain it.
    pub expression: &'static str,
    /// The attributes of the record.
    pub record: &'static [(&'static str, &'static str)],
    /// The outcome as JSON, or `IgnoreAttributeFlow`, `IgnoreObjectFlow`, or `fault: ` and its code.
    pub yields: &'static str,
}

/// A function of the mapping language.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name, which is case-sensitive.
    pub name: &'static str,
    /// How it is called.
    pub usage: &'static str,
    /// What the function returns, in one or two sentences.
    pub doc: &'static str,
    /// How hrpush answers the questions that Microsoft's documentation leaves open.
    pub dialect: Option<&'static str>,
    /// The arguments in their order.
    pub params: &'static [Param],
    /// The smallest number of arguments.
    pub min: usize,
    /// The largest number of arguments, if there is a limit.
    pub max: Option<usize>,
    /// The kind of its result.
    pub result: Kind,
    /// Calls with their results, as the manual shows them.
    pub examples: &'static [Example],
    pub(crate) run: Implementation,
}

/// The code of a function that needs the values of all arguments.
pub(crate) type Eager = for<'a, 'b, 'r> fn(&'a mut Args<'b, 'r>) -> Eval<'r>;

/// How a function is evaluated.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Implementation {
    /// All arguments, then the code.
    Eager(Eager),
    /// The condition, then one branch.
    Iif,
    /// The source, the keys in their order, then one value.
    Switch,
    /// One source after another, until one has a value.
    Coalesce,
    /// The candidates of `SelectUniqueValue`, at the top only.
    SelectUnique,
    /// A function of outbound provisioning: known, and refused for this reason.
    Refused(&'static str),
}

pub(crate) const fn required(name: &'static str, kind: Kind) -> Param {
    Param { name, kind, arity: Arity::Required, form: Form::Any, filled: false }
}

pub(crate) const fn optional(name: &'static str, kind: Kind) -> Param {
    Param { arity: Arity::Optional, ..required(name, kind) }
}

pub(crate) const fn repeated(name: &'static str, kind: Kind) -> Param {
    Param { arity: Arity::Repeated, ..required(name, kind) }
}

pub(crate) const fn example(
    expression: &'static str,
    record: &'static [(&'static str, &'static str)],
    yields: &'static str,
) -> Example {
    Example { expression, record, yields }
}

/// A row of the table of functions. The name and the number of arguments follow from the usage and the arguments.
pub(crate) const fn function(
    usage: &'static str,
    params: &'static [Param],
    result: Kind,
    run: Implementation,
    doc: &'static str,
) -> Function {
    let (name, _) = usage.as_bytes().split_at(parenthesis(usage.as_bytes()));
    let name = match std::str::from_utf8(name) {
        Ok(name) => name,
        Err(_) => usage,
    };
    let mut min = 0;
    let mut max = Some(params.len());
    let mut at = 0;
    while at < params.len() {
        match params[at].arity {
            Arity::Required => min = at + 1,
            Arity::Repeated => max = None,
            Arity::Optional => {}
        }
        at += 1;
    }
    Function { name, usage, doc, dialect: None, params, min, max, result, examples: &[], run }
}

const fn parenthesis(usage: &[u8]) -> usize {
    let mut at = 0;
    while at < usage.len() && usage[at] != b'(' {
        at += 1;
    }
    at
}

impl Function {
    /// The same row with examples.
    pub(crate) const fn examples(mut self, examples: &'static [Example]) -> Self {
        self.examples = examples;
        self
    }

    /// The same row with the answers to questions that the documentation leaves open.
    pub(crate) const fn dialect(mut self, dialect: &'static str) -> Self {
        self.dialect = Some(dialect);
        self
    }

    /// The same row with another number of arguments than its list says.
    pub(crate) const fn takes(mut self, min: usize, max: Option<usize>) -> Self {
        self.min = min;
        self.max = max;
        self
    }

    /// The argument at a position; the last repeated one goes on.
    pub(crate) fn param(&self, at: usize) -> Option<&'static Param> {
        self.params.get(at).or_else(|| self.params.last().filter(|last| last.arity == Arity::Repeated))
    }
}
