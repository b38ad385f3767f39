//! Evaluation: a walk over the tree that evaluates only what is chosen, within bounds.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::sync::Arc;

use super::args::{Args, into_text};
use super::ast::{By, Call, Comparison, Node, NodeKind, Word};
use super::compare::compare;
use super::function::{Eager, Run};
use super::regex::SearchBudget;
use super::value::{Candidates, EvalError, Outcome, Value};
use super::Context;
use super::functions::logic;
use crate::record::{self, Record};

/// How many operands one evaluation may walk through.
const MOST_STEPS: usize = 100_000;
/// How many bytes one value may have.
pub(crate) const LARGEST: usize = 1 << 20;
/// How many bytes of a function's result cost as much as one step.
const BYTES_A_STEP: usize = 512;
/// How many bytes of a result a trace keeps.
const LONGEST_SHOWN: usize = 2_000;

/// An expression whose columns are resolved against a header.
#[derive(Clone, Debug)]
pub struct Bound {
    root: Arc<Node>,
    slots: Arc<[Option<usize>]>,
}

/// One operand that an evaluation reached, for explaining a value and for coverage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The bytes of the expression.
    pub span: Range<usize>,
    /// How deep the operand stands: 0 is the expression itself.
    pub depth: usize,
    /// What it yielded, as JSON, or why it yielded nothing.
    pub result: String,
}

/// Why an evaluation ends without a value.
#[derive(Debug)]
pub(crate) enum Stop {
    Fault(EvalError),
    IgnoreAttribute,
    IgnoreObject,
}

pub(crate) type Eval<'r, T = Value<'r>> = Result<T, Box<Stop>>;

pub(crate) fn fault(span: &Range<usize>, code: &'static str, message: impl Into<String>) -> Box<Stop> {
    Box::new(Stop::Fault(EvalError { code, message: message.into(), span: span.clone() }))
}

impl Bound {
    pub(crate) fn new(root: Arc<Node>, slots: Arc<[Option<usize>]>) -> Self {
        Self { root, slots }
    }

    /// The outcome for one record. `Guid` and `RandomString` are drawn from `seed`, so that the same seed gives the same outcome.
    ///
    /// # Errors
    /// What the record holds does not fit the expression.
    ///
    /// # Panics
    /// If the record has fewer columns than the header that this was bound to.
    pub fn evaluate<'r>(&'r self, record: &'r Record, context: &Context, seed: &str) -> Result<Outcome<'r>, EvalError> {
        self.evaluate_within(record, context, seed, &SearchBudget::default())
    }

    /// The same, where all expressions of one record share the work that their regular expressions may do.
    ///
    /// # Errors
    /// As [`Bound::evaluate`].
    ///
    /// # Panics
    /// As [`Bound::evaluate`].
    pub fn evaluate_within<'r>(
        &'r self,
        record: &'r Record,
        context: &Context,
        seed: &str,
        budget: &SearchBudget,
    ) -> Result<Outcome<'r>, EvalError> {
        if let Some(cell) = self.cell(record) {
            return Ok(Outcome::Value(cell.into()));
        }
        self.outcome(record, &Env::new(context, seed, budget, None))
    }

    /// The cell that the expression is, where it is nothing but a column.
    pub fn cell<'r>(&self, record: &'r Record) -> Option<record::Cell<'r>> {
        let NodeKind::Column { slot, .. } = &self.root.kind else { return None };
        Some(self.slots[*slot].map_or(record::Cell::Null, |position| record.cell(position)))
    }

    /// The outcome as of [`Bound::evaluate`], with every operand that was reached, in the order of evaluation.
    pub fn trace<'r>(&'r self, record: &'r Record, context: &Context, seed: &str) -> (Result<Outcome<'r>, EvalError>, Vec<Step>) {
        let budget = SearchBudget::default();
        let env = Env::new(context, seed, &budget, Some(RefCell::default()));
        let outcome = self.outcome(record, &env);
        (outcome, env.trace.map(RefCell::into_inner).unwrap_or_default())
    }

    fn outcome<'r>(&'r self, record: &'r Record, env: &Env<'_>) -> Result<Outcome<'r>, EvalError> {
        let walk = Walk { slots: &self.slots, record, env };
        if let NodeKind::Call(call) = &self.root.kind
            && let Run::SelectUnique = call.function.run
        {
            return walk.candidates(call);
        }
        match walk.value(&self.root) {
            Ok(value) => Ok(Outcome::Value(value)),
            Err(stop) => match *stop {
                Stop::IgnoreAttribute => Ok(Outcome::IgnoreAttribute),
                Stop::IgnoreObject => Ok(Outcome::IgnoreObject),
                Stop::Fault(error) => Err(error),
            },
        }
    }
}

/// What functions may use beside their arguments.
pub(crate) struct Env<'e> {
    pub(crate) context: &'e Context,
    pub(crate) seed: &'e str,
    steps: Cell<usize>,
    depth: Cell<usize>,
    /// What regular expressions have cost.
    pub(crate) work: &'e SearchBudget,
    trace: Option<RefCell<Vec<Step>>>,
}

impl<'e> Env<'e> {
    fn new(context: &'e Context, seed: &'e str, work: &'e SearchBudget, trace: Option<RefCell<Vec<Step>>>) -> Self {
        Self { context, seed, steps: Cell::new(0), depth: Cell::new(0), work, trace }
    }

    /// Counts steps; a fault where there are too many.
    fn step(&self, count: usize, span: &Range<usize>) -> Result<(), Box<Stop>> {
        let steps = self.steps.get() + count;
        self.steps.set(steps);
        if steps > MOST_STEPS { Err(fault(span, "too-many-steps", "the evaluation takes too many steps")) } else { Ok(()) }
    }
}

struct Walk<'w, 'r> {
    slots: &'r [Option<usize>],
    record: &'r Record,
    env: &'w Env<'w>,
}

impl<'r> Walk<'_, 'r> {
    fn value(&self, node: &'r Node) -> Eval<'r> {
        let Some(trace) = &self.env.trace else { return self.untraced(node) };
        let depth = self.env.depth.get();
        let at = trace.borrow().len();
        trace.borrow_mut().push(Step { span: node.span.clone(), depth, result: String::new() });
        self.env.depth.set(depth + 1);
        let result = self.untraced(node);
        self.env.depth.set(depth);
        if node.calls("Redact") {
            trace.borrow_mut().truncate(at + 1);
            trace.borrow_mut()[at].result = "[Redact]".into();
            return result;
        }
        trace.borrow_mut()[at].result = match &result {
            Ok(value) => shortened(value.to_string()),
            Err(stop) => match &**stop {
                Stop::Fault(error) => error.message.clone(),
                Stop::IgnoreAttribute => "IgnoreAttributeFlow".into(),
                Stop::IgnoreObject => "IgnoreObjectFlow".into(),
            },
        };
        result
    }

    fn untraced(&self, node: &'r Node) -> Eval<'r> {
        match &node.kind {
            NodeKind::Column { slot, .. } => {
                Ok(self.slots[*slot].map_or(Value::Null, |position| self.record.cell(position).into()))
            }
            NodeKind::Text(text) => Ok(Value::lent(text)),
            NodeKind::Number { value, .. } => Ok(Value::Number(*value)),
            NodeKind::Word(word) => word_value(*word),
            NodeKind::Empty | NodeKind::Bad(_) => Ok(Value::Null),
            NodeKind::Call(call) => self.call(call, &node.span),
            NodeKind::Compare(sign, by, sides) => self.compare(*sign, *by, &sides.0, &sides.1),
            NodeKind::Concat(parts) => self.concat(parts, &node.span),
        }
    }

    fn call(&self, call: &'r Call, span: &'r Range<usize>) -> Eval<'r> {
        self.env.step(1, span)?;
        match call.function.run {
            Run::Eager(run) => {
                let result = self.applied(run, call, span)?;
                let size = result.size();
                if size > LARGEST {
                    return Err(too_large(span));
                }
                self.env.step(size / BYTES_A_STEP, span)?;
                Ok(result)
            }
            Run::Iif => {
                let [condition, yes, no] = call.args.as_slice() else { return Ok(Value::Null) };
                let holds = logic::condition(&self.value(condition)?, &condition.span)?;
                self.value(if holds { yes } else { no })
            }
            Run::Switch => self.switch(call),
            Run::Coalesce => {
                for arg in &call.args {
                    match self.value(arg)? {
                        Value::Null => {}
                        value => return Ok(value),
                    }
                }
                Ok(Value::Null)
            }
            Run::SelectUnique => Err(fault(span, "select-unique", "SelectUniqueValue stands only at the top")),
            Run::Refused(reason) => Err(fault(span, "outbound-only", reason)),
        }
    }

    /// Evaluates the arguments, then the function.
    fn applied(&self, run: Eager, call: &'r Call, span: &'r Range<usize>) -> Eval<'r> {
        // Few arguments stay on the stack.
        if call.args.len() <= 2 {
            self.eager::<2>(run, call, span)
        } else if call.args.len() <= 4 {
            self.eager::<4>(run, call, span)
        } else if call.args.len() <= 8 {
            self.eager::<8>(run, call, span)
        } else {
            let mut values = Vec::with_capacity(call.args.len());
            let mut size = 0;
            for arg in &call.args {
                let value = self.value(arg)?;
                size += value.size();
                if size > 4 * LARGEST {
                    return Err(too_large(span));
                }
                values.push(value);
            }
            run(&mut Args { call, span, values: &mut values, env: self.env })
        }
    }

    /// Evaluates at most so many arguments, then the function.
    fn eager<const MOST: usize>(&self, run: Eager, call: &'r Call, span: &'r Range<usize>) -> Eval<'r> {
        let mut values: [Value<'r>; MOST] = std::array::from_fn(|_| Value::Null);
        for (value, arg) in values.iter_mut().zip(&call.args) {
            *value = self.value(arg)?;
        }
        run(&mut Args { call, span, values: &mut values[..call.args.len()], env: self.env })
    }

    fn switch(&self, call: &'r Call) -> Eval<'r> {
        let [source, default, pairs @ ..] = call.args.as_slice() else { return Ok(Value::Null) };
        let value = into_text(self.value(source)?, &source.span)?.unwrap_or_default();
        for pair in pairs.chunks_exact(2) {
            let key = match &pair[0].kind {
                NodeKind::Text(text) if self.env.trace.is_none() => Cow::Borrowed(&**text),
                _ => into_text(self.value(&pair[0])?, &pair[0].span)?.unwrap_or_default(),
            };
            if key == value {
                return self.value(&pair[1]);
            }
        }
        self.value(default)
    }

    fn compare(&self, sign: Comparison, by: By, left: &'r Node, right: &'r Node) -> Eval<'r> {
        let (one, two) = (self.value(left)?, self.value(right)?);
        let one = logic::single(one, &left.span)?;
        let two = logic::single(two, &right.span)?;
        compare(sign, by, (&one, &left.span), (&two, &right.span)).map(Value::Flag)
    }

    fn concat(&self, parts: &'r [Node], span: &Range<usize>) -> Eval<'r> {
        let mut joined = String::new();
        let mut present = false;
        for part in parts {
            if let Some(text) = into_text(self.value(part)?, &part.span)? {
                present = true;
                joined.push_str(&text);
                if joined.len() > LARGEST {
                    return Err(too_large(span));
                }
            }
        }
        Ok(if present { Value::owned(joined) } else { Value::Null })
    }

    fn candidates(&self, call: &'r Call) -> Result<Outcome<'r>, EvalError> {
        let mut candidates = Candidates { values: Vec::with_capacity(call.args.len()), fault: None };
        for rule in &call.args {
            match self.value(rule).and_then(|value| into_text(value, &rule.span)) {
                Ok(Some(text)) if !text.is_empty() => {
                    let text = text.into_owned();
                    if !candidates.values.contains(&text) {
                        candidates.values.push(text);
                    }
                }
                Ok(_) => {}
                Err(stop) => match *stop {
                    Stop::IgnoreAttribute => return Ok(Outcome::IgnoreAttribute),
                    Stop::IgnoreObject => return Ok(Outcome::IgnoreObject),
                    Stop::Fault(error) => {
                        candidates.fault = Some(error);
                        break;
                    }
                },
            }
        }
        Ok(Outcome::Candidates(candidates))
    }
}

/// The start of a text that is too long to be kept.
fn shortened(mut text: String) -> String {
    if text.len() > LONGEST_SHOWN {
        let end = (0..=LONGEST_SHOWN).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

fn word_value<'r>(word: Word) -> Eval<'r> {
    match word {
        Word::IgnoreAttributeFlow => Err(Box::new(Stop::IgnoreAttribute)),
        Word::IgnoreObjectFlow => Err(Box::new(Stop::IgnoreObject)),
        Word::TextCompare => Ok(Value::Number(1)),
        Word::BinaryCompare => Ok(Value::Number(0)),
        Word::Utf8 | Word::Unicode | Word::Ascii => Ok(Value::lent(word.name())),
    }
}

pub(crate) fn too_large(span: &Range<usize>) -> Box<Stop> {
    fault(span, "too-large", "the value is larger than 1 MiB")
}
