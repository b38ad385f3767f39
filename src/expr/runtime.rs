//! What an evaluation runs with: its context, its limits, its trace, and the ways in which it can stop.

use std::cell::{Cell, RefCell};
use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::regex::SearchBudget;
use super::value::{EvalError, Value};

/// The largest number of operands that one evaluation may walk through.
const MOST_STEPS: usize = 100_000;
/// The largest size of one value, in bytes.
pub(crate) const LARGEST: usize = 1 << 20;
/// Bytes of a function's result that cost as much as one step.
const BYTES_A_STEP: usize = 512;
/// Bytes of a result that a trace keeps.
const LONGEST_SHOWN: usize = 2_000;

/// The facts beside the record that an evaluation may use.
///
/// ```
/// use hrpush::expr::Context;
/// let context = Context::on(jiff::civil::date(2026, 11, 20), Some("contoso.com".into()));
/// assert_eq!(context.today(), jiff::civil::date(2026, 11, 20));
/// ```
#[derive(Clone, Debug)]
pub struct Context {
    /// The clock: the same instant for everything that is evaluated in one run.
    pub now: Timestamp,
    /// The tenant's default domain, if it is known.
    pub default_domain: Option<String>,
}

impl Context {
    /// A context in which the clock shows the first instant of a day in UTC.
    pub fn on(date: Date, default_domain: Option<String>) -> Self {
        let now = date.to_zoned(TimeZone::UTC).map_or(Timestamp::UNIX_EPOCH, |midnight| midnight.timestamp());
        Self { now, default_domain }
    }

    /// The day of the clock in UTC.
    pub fn today(&self) -> Date {
        self.now.to_zoned(TimeZone::UTC).date()
    }
}

/// One operand that an evaluation reached, for explaining a value and for coverage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The bytes of the expression.
    pub span: Range<usize>,
    /// How deeply the operand is nested; 0 is the expression itself.
    pub depth: usize,
    /// The result as JSON, or the reason for which there is none.
    pub result: String,
}

/// The reason for which an evaluation ends without a value.
#[derive(Debug)]
pub(crate) enum Stop {
    Fault(EvalError),
    IgnoreAttribute,
    IgnoreObject,
}

/// The result of a part of an evaluation. A stop is boxed, because results are moved for every operand and stops are rare.
pub(crate) type Eval<'r, T = Value<'r>> = Result<T, Box<Stop>>;

/// A stop by a fault at a place of the expression.
pub(crate) fn fault(span: &Range<usize>, code: &'static str, message: impl Into<String>) -> Box<Stop> {
    Box::new(Stop::Fault(EvalError { code, message: message.into(), span: span.clone() }))
}

/// The fault of a value that exceeds [`LARGEST`].
pub(crate) fn too_large(span: &Range<usize>) -> Box<Stop> {
    fault(span, "too-large", "the value is larger than 1 MiB")
}

/// The surroundings that a function may use beside its arguments.
pub(crate) struct Env<'e> {
    pub(crate) context: &'e Context,
    /// The source of `Guid` and `RandomString`: the same seed gives the same text.
    pub(crate) seed: &'e str,
    pub(crate) budget: Budget<'e>,
    pub(crate) trace: Option<Trace>,
}

impl<'e> Env<'e> {
    pub(crate) fn new(context: &'e Context, seed: &'e str, searches: &'e SearchBudget) -> Self {
        Self { context, seed, budget: Budget { steps: Cell::new(0), searches }, trace: None }
    }

    /// The same surroundings, with a record of every operand that is reached.
    pub(crate) fn traced(self) -> Self {
        Self { trace: Some(Trace::default()), ..self }
    }
}

/// Limits the work of one evaluation, so that a mapping cannot hang a run.
///
/// It counts work rather than time: the same record gives the same result on a slow and on a fast machine.
pub(crate) struct Budget<'e> {
    steps: Cell<usize>,
    /// The work of regular expressions, which all expressions of one record share.
    pub(crate) searches: &'e SearchBudget,
}

impl Budget<'_> {
    /// Counts one step.
    ///
    /// # Errors
    /// A fault if the evaluation has taken too many.
    pub(crate) fn step(&self, span: &Range<usize>) -> Result<(), Box<Stop>> {
        self.spend(1, span)
    }

    /// Counts the result of a function: copying a long text costs as much as many steps.
    ///
    /// # Errors
    /// A fault if the result is too large, or if the evaluation has taken too many steps.
    pub(crate) fn result(&self, size: usize, span: &Range<usize>) -> Result<(), Box<Stop>> {
        if size > LARGEST {
            return Err(too_large(span));
        }
        self.spend(size / BYTES_A_STEP, span)
    }

    fn spend(&self, count: usize, span: &Range<usize>) -> Result<(), Box<Stop>> {
        let steps = self.steps.get() + count;
        self.steps.set(steps);
        if steps > MOST_STEPS { Err(fault(span, "too-many-steps", "the evaluation takes too many steps")) } else { Ok(()) }
    }
}

/// The operands that an evaluation has reached, in the order of evaluation.
#[derive(Default)]
pub(crate) struct Trace {
    steps: RefCell<Vec<Step>>,
    depth: Cell<usize>,
}

impl Trace {
    /// Evaluates an operand and records its result. `hidden` replaces the result and drops the operands inside.
    pub(crate) fn record<'r>(&self, span: &Range<usize>, hidden: Option<&str>, evaluate: impl FnOnce() -> Eval<'r>) -> Eval<'r> {
        let depth = self.depth.get();
        let at = self.steps.borrow().len();
        self.steps.borrow_mut().push(Step { span: span.clone(), depth, result: String::new() });
        self.depth.set(depth + 1);
        let result = evaluate();
        self.depth.set(depth);
        let mut steps = self.steps.borrow_mut();
        if hidden.is_some() {
            steps.truncate(at + 1);
        }
        steps[at].result = hidden.map_or_else(|| shown(&result), str::to_owned);
        result
    }

    pub(crate) fn into_steps(self) -> Vec<Step> {
        self.steps.into_inner()
    }
}

/// A result as a trace shows it.
fn shown(result: &Eval<'_>) -> String {
    match result {
        Ok(value) => shortened(value.to_string()),
        Err(stop) => match &**stop {
            Stop::Fault(error) => error.message.clone(),
            Stop::IgnoreAttribute => "IgnoreAttributeFlow".into(),
            Stop::IgnoreObject => "IgnoreObjectFlow".into(),
        },
    }
}

/// The start of a text that is too long for a trace.
fn shortened(mut text: String) -> String {
    if text.len() > LONGEST_SHOWN {
        let end = (0..=LONGEST_SHOWN).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}
