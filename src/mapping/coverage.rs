//! Coverage: which values that `IIF`, `Switch` and `Coalesce` choose from were ever chosen.

use std::collections::{BTreeMap, BTreeSet};

use super::evaluate::BoundMapping;
use super::model::Mapping;
use super::walk::in_file;
use crate::expr::Context;
use crate::record::Record;

/// How much of a mapping the cases reached.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Coverage {
    /// How many branches the mapping has.
    pub branches: usize,
    /// How many of them a case reached.
    pub reached: usize,
    /// The others, in the order of the expressions.
    pub unreached: Vec<Unreached>,
}

/// A branch that no case reached.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Unreached {
    /// What the expression fills.
    pub target: String,
    /// The line of the branch in the mapping file.
    pub line: usize,
    /// The character within the line, counted from 1.
    pub column: usize,
    /// Which branch, such as `Switch, key "DE"`.
    pub branch: String,
    /// The value that it would choose, as the mapping writes it.
    pub value: String,
}

/// The operands that were reached, by the number of their expression.
#[derive(Debug, Default)]
pub(super) struct Reached {
    spans: BTreeMap<usize, BTreeSet<(usize, usize)>>,
}

impl Reached {
    /// Walks every expression for one record.
    pub(super) fn note(&mut self, bound: &BoundMapping, record: &Record, context: &Context) {
        let emptied = bound.cleaned(record);
        let record = emptied.as_ref().unwrap_or(record);
        for (slot, expression) in bound.bounds.iter().enumerate() {
            let (_, steps) = expression.trace(record, context, "");
            self.spans.entry(slot).or_default().extend(steps.into_iter().map(|step| (step.span.start, step.span.end)));
        }
    }

    pub(super) fn coverage(&self, mapping: &Mapping) -> Coverage {
        let inner = &*mapping.inner;
        let mut coverage = Coverage { branches: 0, reached: 0, unreached: Vec::new() };
        for (target, slot) in inner.named_slots() {
            let formula = &inner.formulas[slot.0];
            let reached = self.spans.get(&slot.0);
            for branch in formula.expression.branches() {
                coverage.branches += 1;
                if reached.is_some_and(|spans| spans.contains(&(branch.span.start, branch.span.end))) {
                    coverage.reached += 1;
                    continue;
                }
                let place = in_file(&inner.document.text, &formula.raw, &branch.span);
                let place = inner.document.fault(&place, "", None);
                coverage.unreached.push(Unreached {
                    target: target.clone(),
                    line: place.line,
                    column: place.column,
                    branch: branch.name,
                    value: formula.expression.text()[branch.span].to_owned(),
                });
            }
        }
        coverage
    }
}
