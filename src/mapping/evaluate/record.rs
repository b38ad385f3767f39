//! One record through the mapping, in the order: key, scope, stage, values.

use super::attributes::Selection;
use super::bound_mapping::BoundMapping;
use super::evaluation::RecordEvaluation;
use super::problem::{Problem, held, marks};
use super::verdict::Verdict;
use crate::expr::{Context, Outcome};
use crate::mapping::desired::{Desired, DesiredValue, Held, HeldCode, LeftOut, Mapped, RecordPart, Stage, ValueOutcome};
use crate::mapping::formula::Slot;
use crate::mapping::lifecycle::{Facts, Standing, Unclear};
use crate::mapping::scope::Clause;
use crate::record::{EmployeeId, Place, Record};

impl BoundMapping {
    /// The desired state of the person of a record on the context's day, or the reason for which it is held.
    ///
    /// The stage is judged before any value: the bad values of a leaver are left out, and those of any other person hold the record.
    /// The scope is judged before the key: a record outside the scope is never held for its key.
    pub fn map(&self, record: &Record, context: &Context) -> Mapped {
        let cleaned = self.cleaned(record);
        let evaluation = RecordEvaluation::new(self, cleaned.as_ref().unwrap_or(record), context);
        evaluation.mapped(Selection::All, |_| true)
    }

    /// Maps a record, but without the candidates of a `SelectUniqueValue` with `when = "create"` if `has_account` returns true for the
    /// person.
    ///
    /// Only a create needs the candidates. Most people have an account, and the candidates are most of the work of a mapping.
    /// `has_account` is called once, after all other values proved valid; the match attributes are known then. If it returns
    /// false the result is that of [`BoundMapping::map`].
    pub fn map_unless_known(&self, record: &Record, context: &Context, has_account: impl FnOnce(&Desired) -> bool) -> Mapped {
        let cleaned = self.cleaned(record);
        let evaluation = RecordEvaluation::new(self, cleaned.as_ref().unwrap_or(record), context);
        evaluation.mapped(Selection::Lasting, |desired| !has_account(desired))
    }

    /// The outcome of each attribute and of the manager for a record. A record without a key is evaluated as if it had one.
    pub(in crate::mapping) fn value_outcomes(&self, record: &Record, context: &Context) -> Vec<(String, ValueOutcome)> {
        let cleaned = self.cleaned(record);
        let mut evaluation = RecordEvaluation::new(self, cleaned.as_ref().unwrap_or(record), context);
        evaluation.seed = evaluation.key().ok().flatten().map_or_else(|| "-".to_owned(), String::from);
        let mut outcomes = Vec::new();
        for (target, shown) in self.inner.targets.iter().zip(&self.shown) {
            let before = evaluation.problems.len();
            let wanted = evaluation.wanted(target, shown);
            let failed = evaluation.problems.len() > before;
            let outcome = ValueOutcome::of_flow(wanted.as_ref().map(|wanted| &wanted.flow), failed);
            outcomes.push((target.attribute.name.to_owned(), outcome));
        }
        if self.inner.manager.is_some() {
            let before = evaluation.problems.len();
            let manager = evaluation.manager();
            let failed = evaluation.problems.len() > before;
            outcomes.push(("manager".to_owned(), ValueOutcome::of_manager(&manager, failed)));
        }
        outcomes
    }
}

impl RecordEvaluation<'_> {
    /// Maps the record with the selected attributes. If the create-only ones are not among them, `needs_create` decides whether they
    /// are added; they always are for a record that is held anyway, which shows all of its problems.
    fn mapped(mut self, selection: Selection, needs_create: impl FnOnce(&Desired) -> bool) -> Mapped {
        let key = self.key();
        if let Ok(Some(key)) = &key {
            key.as_str().clone_into(&mut self.seed);
        }
        let scope = self.scope();
        let standing = self.standing();
        let left = standing.as_ref().is_some_and(|standing| matches!(standing.stage, Stage::Left { .. }));
        let previous_key = self.previous_key();
        let place = self.record.place().clone();
        let (is_out, unscoped) = match scope {
            Verdict::Yes => (false, Vec::new()),
            Verdict::No => (true, Vec::new()),
            // In scope and out of it, a leaver whom this feed carried leaves.
            Verdict::Damaged(_) if left && matches!(key, Ok(Some(_))) => (true, Vec::new()),
            Verdict::Damaged(problem) | Verdict::Failed(problem) => (false, vec![problem]),
        };
        if is_out {
            return out_of_scope(key, previous_key, place, standing);
        }
        let key = key.and_then(|key| key.ok_or_else(|| self.no_key()));
        let previous_key = self.note(previous_key).flatten();
        let mut attributes = self.attributes(selection);
        let (manager, groups) = (self.manager(), self.groups());
        let is_clear = key.is_ok() && unscoped.is_empty() && self.problems.is_empty() && self.record.doubt().is_none();
        let (key, standing) = match (key, standing) {
            (Ok(key), Some(standing)) if unscoped.is_empty() && (left || is_clear) => (key, standing),
            (key, _) => {
                self.complete(selection, &mut attributes);
                return self.held(key, previous_key, &unscoped, left, &attributes);
            }
        };
        let Standing { stage, new_stage, status_word, end_ignored } = standing;
        let left_out = Vec::new();
        let mut desired = Desired {
            key,
            previous_key,
            place,
            stage,
            new_stage,
            status_word,
            end_ignored,
            left_out,
            attributes,
            manager,
            groups,
        };
        if needs_create(&desired) {
            self.complete(selection, &mut desired.attributes);
        }
        self.problems.extend(self.record.doubt().map(Problem::doubtful));
        if !left && !self.problems.is_empty() {
            let Desired { key, previous_key, attributes, .. } = desired;
            return self.held(Ok(key), previous_key, &[], left, &attributes);
        }
        desired.left_out = self.problems.into_iter().map(LeftOut::from).collect();
        Mapped::Desired(desired)
    }

    /// Adds the attributes that a selection leaves out.
    fn complete(&mut self, selection: Selection, attributes: &mut Vec<DesiredValue>) {
        if selection == Selection::Lasting {
            self.add_create_only(attributes);
        }
    }

    /// The held record: for its key, else for its scope, else for everything else.
    fn held(
        self,
        key: Result<EmployeeId, Problem>,
        previous_key: Option<EmployeeId>,
        unscoped: &[Problem],
        left: bool,
        attributes: &[DesiredValue],
    ) -> Mapped {
        let place = self.record.place();
        let held = match key {
            Err(problem) => held(None, previous_key, place, left, &[problem]),
            Ok(key) if !unscoped.is_empty() => held(Some(key), previous_key, place, left, unscoped),
            Ok(key) => {
                let doubt = self.record.doubt().map(Problem::doubtful);
                let problems: Vec<Problem> = self.problems.into_iter().chain(doubt).collect();
                held(Some(key), previous_key, place, left, &problems)
            }
        };
        Mapped::Held(Held { marks: marks(attributes), ..held })
    }

    /// The key of the person; nothing where it is empty.
    fn key(&self) -> Result<Option<EmployeeId>, Problem> {
        let slot = self.bound.inner.key;
        let text = self.one_text(slot, RecordPart::Key)?;
        text.as_deref().and_then(EmployeeId::new).map(|key| self.undamaged(slot, RecordPart::Key, key)).transpose()
    }

    fn no_key(&self) -> Problem {
        let message = format!("the record has no key ({} is empty)", self.bound.columns(self.bound.inner.key));
        let help = "enter the personnel number in HR".to_owned();
        Problem { part: RecordPart::Key, code: HeldCode::NoKey, message, help, shown: None }
    }

    /// Whether the record is in scope.
    fn scope(&self) -> Verdict {
        let inner = &self.bound.inner;
        let filter =
            inner.filter.map_or(Verdict::Yes, |slot| self.judge(slot, |outcome| !matches!(outcome, Outcome::IgnoreObject)));
        let scope = if inner.scope.is_empty() {
            Verdict::Yes
        } else {
            let all = |clauses: &Vec<Clause>| {
                let one = |clause: &Clause| {
                    self.judge(clause.attribute, |outcome| matches!(outcome, Outcome::Value(value) if clause.test.passes(value)))
                };
                Verdict::all(clauses.iter().map(one))
            };
            Verdict::any(inner.scope.iter().map(all))
        };
        Verdict::all([filter, scope].into_iter())
    }

    /// Whether a test of an expression passes, where the cells that the expression reads can be believed.
    fn judge(&self, slot: Slot, passes: impl FnOnce(&Outcome<'_>) -> bool) -> Verdict {
        if self.reads_damage(slot) {
            let fault = "has a damaged cell, so that the scope cannot be judged";
            return Verdict::Damaged(self.invalid(slot, RecordPart::Scope, fault));
        }
        match self.evaluate(slot) {
            Ok(outcome) if passes(&outcome) => Verdict::Yes,
            Ok(_) => Verdict::No,
            Err(error) => Verdict::Failed(Problem::failed(self.bound, slot, RecordPart::Scope, &error)),
        }
    }

    /// The stage of the person. Faults of dates and status are noted even if the stage is known without them.
    fn standing(&mut self) -> Option<Standing> {
        let Some(cycle) = &self.bound.inner.cycle else { return Some(Standing::of(Stage::Active { start: None })) };
        let start = self.day(cycle.start, RecordPart::Start);
        let end = self.day(cycle.end, RecordPart::End);
        let facts = Facts { start, end, status: self.fact(cycle.status, RecordPart::Status) };
        let (message, help) = match cycle.standing(&facts, self.context.today()) {
            Ok(standing) => return Some(standing),
            Err(Unclear::Unreadable) => return None,
            Err(Unclear::NoStatus) => ("the status is empty".to_owned(), "enter the status in HR"),
            Err(Unclear::UnknownStatus(status)) => (
                format!("the mapping does not list the status {status:?}"),
                "add the status to `left` in [lifecycle] of the mapping if it means gone, or to `active` if it means working here",
            ),
        };
        let columns = cycle.status.map(|slot| format!(" ({})", self.bound.columns(slot))).unwrap_or_default();
        let message = message + &columns;
        let (part, code, help) = (RecordPart::Status, HeldCode::NoStatus, help.to_owned());
        self.problems.push(Problem { part, code, message, help, shown: None });
        None
    }

    /// The key before a conversion, if the record has one. A damaged one may be that of any person, whatever the damage is.
    fn previous_key(&self) -> Result<Option<EmployeeId>, Problem> {
        let Some(slot) = self.bound.inner.previous_key else { return Ok(None) };
        let part = RecordPart::PreviousKey;
        let unreadable = |problem| Problem { code: HeldCode::NoKey, ..problem };
        let text = self.one_text(slot, part).map_err(unreadable)?;
        text.as_deref().and_then(EmployeeId::new).map(|key| self.undamaged(slot, part, key)).transpose()
    }
}

/// A record that this feed does not manage. An empty key is a vacant post; a damaged one belongs to a person.
fn out_of_scope(
    key: Result<Option<EmployeeId>, Problem>,
    previous_key: Result<Option<EmployeeId>, Problem>,
    place: Place,
    standing: Option<Standing>,
) -> Mapped {
    let damaged_key = key.is_err() || previous_key.is_err();
    let (key, previous_key) = (key.ok().flatten(), previous_key.ok().flatten());
    Mapped::OutOfScope { key, previous_key, place, stage: standing.map(|standing| standing.stage), damaged_key }
}
