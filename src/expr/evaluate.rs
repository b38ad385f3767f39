//! Evaluation: a walk over the tree that evaluates only what is chosen, within limits.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::args::{Args, into_text};
use super::ast::{By, Call, Comparison, Keyword, Node, NodeKind};
use super::compare::compare;
use super::function::{Eager, Implementation};
use super::functions::logic;
use super::regex::SearchBudget;
use super::runtime::{Context, Env, Eval, LARGEST, Step, Stop, Trace, fault, too_large};
use super::value::{Candidates, EvalError, Outcome, Value};
use crate::record::{self, Record};

/// An expression with its columns resolved against a header.
///
/// ```
/// use std::sync::Arc;
/// use hrpush::expr::{Context, Expression, Outcome, Rules, Value};
/// use hrpush::record::{At, Header, Place, Record};
///
/// let header = Arc::new(Header::new(["Login"]).unwrap());
/// let record = Record::from_text(Arc::clone(&header), Place { source: "hr.csv".into(), at: At::Line(2) }, ["ann"]);
/// let bound = Expression::check(r#"Append([Login], "@contoso.com")"#, &Rules::open()).unwrap().bind(&header);
/// let context = Context::on(jiff::civil::date(2026, 11, 20), None);
/// let outcome = bound.evaluate(&record, &context, "4711").unwrap();
/// assert_eq!(outcome, Outcome::Value(Value::Text("ann@contoso.com".into())));
/// ```
#[derive(Clone, Debug)]
pub struct Bound {
    root: Arc<Node>,
    slots: Arc<[Option<usize>]>,
}

impl Bound {
    pub(crate) fn new(root: Arc<Node>, slots: Arc<[Option<usize>]>) -> Self {
        Self { root, slots }
    }

    /// The outcome for one record. `Guid` and `RandomString` follow from `seed`, so that the same seed gives the same outcome.
    ///
    /// # Errors
    /// A value of the record does not fit the expression.
    ///
    /// # Panics
    /// If the record has fewer columns than the header that this was bound to.
    pub fn evaluate<'r>(&'r self, record: &'r Record, context: &Context, seed: &str) -> Result<Outcome<'r>, EvalError> {
        self.evaluate_within(record, context, seed, &SearchBudget::default())
    }

    /// The same, if all expressions of one record share the work that their regular expressions may do.
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
        self.outcome(record, &Env::new(context, seed, budget))
    }

    /// The cell of an expression that is a bare column. Reading it costs no allocation.
    pub fn cell<'r>(&self, record: &'r Record) -> Option<record::Cell<'r>> {
        let NodeKind::Column { slot, .. } = &self.root.kind else { return None };
        Some(self.slots[*slot].map_or(record::Cell::Null, |position| record.cell(position)))
    }

    /// The outcome as of [`Bound::evaluate`], with every operand that was reached, in the order of evaluation.
    pub fn trace<'r>(&'r self, record: &'r Record, context: &Context, seed: &str) -> (Result<Outcome<'r>, EvalError>, Vec<Step>) {
        let budget = SearchBudget::default();
        let env = Env::new(context, seed, &budget).traced();
        let outcome = self.outcome(record, &env);
        (outcome, env.trace.map(Trace::into_steps).unwrap_or_default())
    }

    fn outcome<'r>(&'r self, record: &'r Record, env: &Env<'_>) -> Result<Outcome<'r>, EvalError> {
        let walk = Walk { slots: &self.slots, record, env };
        if let NodeKind::Call(call) = &self.root.kind
            && let Implementation::SelectUnique = call.function.run
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

/// A walk over the tree of an expression for one record.
struct Walk<'w, 'r> {
    slots: &'r [Option<usize>],
    record: &'r Record,
    env: &'w Env<'w>,
}

impl<'r> Walk<'_, 'r> {
    fn value(&self, node: &'r Node) -> Eval<'r> {
        let Some(trace) = &self.env.trace else { return self.untraced(node) };
        let hidden = node.calls("Redact").then_some("[Redact]");
        trace.record(&node.span, hidden, || self.untraced(node))
    }

    fn untraced(&self, node: &'r Node) -> Eval<'r> {
        match &node.kind {
            NodeKind::Column { slot, .. } => {
                Ok(self.slots[*slot].map_or(Value::Null, |position| self.record.cell(position).into()))
            }
            NodeKind::Text(text) => Ok(Value::borrowed(text)),
            NodeKind::Number { value, .. } => Ok(Value::Number(*value)),
            NodeKind::Keyword(word) => keyword_value(*word),
            NodeKind::Empty | NodeKind::Bad(_) => Ok(Value::Null),
            NodeKind::Call(call) => self.call(call),
            NodeKind::Compare(sign, by, sides) => self.compare(*sign, *by, &sides.0, &sides.1),
            NodeKind::Concat(parts) => self.concat(parts, &node.span),
        }
    }

    fn call(&self, call: &'r Call) -> Eval<'r> {
        let span = &call.site.span;
        self.env.budget.step(span)?;
        match call.function.run {
            Implementation::Eager(run) => {
                let result = self.applied(run, call)?;
                self.env.budget.result(result.size(), span)?;
                Ok(result)
            }
            Implementation::Iif => {
                let [condition, yes, no] = call.args.as_slice() else { return Ok(Value::Null) };
                let holds = logic::condition(&self.value(condition)?, &condition.span)?;
                self.value(if holds { yes } else { no })
            }
            Implementation::Switch => self.switch(call),
            Implementation::Coalesce => {
                for arg in &call.args {
                    match self.value(arg)? {
                        Value::Null => {}
                        value => return Ok(value),
                    }
                }
                Ok(Value::Null)
            }
            Implementation::SelectUnique => {
                Err(fault(span, "select-unique", "SelectUniqueValue is allowed only at the top of an expression"))
            }
            Implementation::Refused(reason) => Err(fault(span, "outbound-only", reason)),
        }
    }

    /// Evaluates the arguments, then the function.
    fn applied(&self, run: Eager, call: &'r Call) -> Eval<'r> {
        // Few arguments stay on the stack.
        if call.args.len() <= 2 {
            self.eager::<2>(run, call)
        } else if call.args.len() <= 4 {
            self.eager::<4>(run, call)
        } else if call.args.len() <= 8 {
            self.eager::<8>(run, call)
        } else {
            let mut values = Vec::with_capacity(call.args.len());
            let mut size = 0;
            for arg in &call.args {
                let value = self.value(arg)?;
                size += value.size();
                if size > 4 * LARGEST {
                    return Err(too_large(&call.site.span));
                }
                values.push(value);
            }
            run(&mut Args { site: &call.site, values: &mut values, env: self.env })
        }
    }

    /// Evaluates at most so many arguments, then the function.
    fn eager<const MOST: usize>(&self, run: Eager, call: &'r Call) -> Eval<'r> {
        let mut values: [Value<'r>; MOST] = std::array::from_fn(|_| Value::Null);
        for (value, arg) in values.iter_mut().zip(&call.args) {
            *value = self.value(arg)?;
        }
        run(&mut Args { site: &call.site, values: &mut values[..call.args.len()], env: self.env })
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
        let one = single(one, &left.span)?;
        let two = single(two, &right.span)?;
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

fn keyword_value<'r>(word: Keyword) -> Eval<'r> {
    match word {
        Keyword::IgnoreAttributeFlow => Err(Box::new(Stop::IgnoreAttribute)),
        Keyword::IgnoreObjectFlow => Err(Box::new(Stop::IgnoreObject)),
        Keyword::TextCompare => Ok(Value::Number(1)),
        Keyword::BinaryCompare => Ok(Value::Number(0)),
        Keyword::Utf8 | Keyword::Unicode | Keyword::Ascii => Ok(Value::borrowed(word.name())),
    }
}

/// The one value of a side of a comparison.
fn single<'r>(value: Value<'r>, span: &Range<usize>) -> Eval<'r> {
    match value {
        Value::List(mut items) => match items.len() {
            0 => Ok(Value::Null),
            1 => Ok(items.pop().map_or(Value::Null, Value::Text)),
            _ => Err(fault(span, "several-values", "several values cannot be compared")),
        },
        other => Ok(other),
    }
}
