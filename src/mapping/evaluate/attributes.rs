//! The attributes, the manager and the groups of a record, as the directory accepts them.

use std::sync::Arc;

use super::days;
use super::evaluation::RecordEvaluation;
use super::problem::Problem;
use crate::directory::{Attribute, ExtensionType, Kind, Value, ValueFault, at_midnight, roles};
use crate::expr::{self, Outcome};
use crate::mapping::desired::{DesiredValue, Flow, GroupWanted, ManagerWanted, RecordPart};
use crate::mapping::formula::Slot;
use crate::mapping::model::{FEED_GROUPS, GroupFormulas, GroupSource, Target, ValueSource};
use crate::record::{Cell, EmployeeId, hidden_in_key, is_invisible, trimmed, unspaced};

/// A selection of the targets of a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Selection {
    All,
    /// Every target but those of [`Selection::CreateOnly`].
    Lasting,
    /// The candidates of `SelectUniqueValue` with `when = "create"`, which are most of the work of a mapping and are read for a create
    /// alone.
    ///
    /// Other targets with `when = "create"` are not among them: a plan compares the names of a record with those of an account, however
    /// often they are written.
    CreateOnly,
}

impl Selection {
    fn has(self, create_only: bool) -> bool {
        match self {
            Self::All => true,
            Self::Lasting => !create_only,
            Self::CreateOnly => create_only,
        }
    }
}

impl RecordEvaluation<'_> {
    /// The attributes that a selection names, in the order of the mapping.
    pub(super) fn attributes(&mut self, selection: Selection) -> Vec<DesiredValue> {
        let bound = self.bound;
        // As much room as is needed: a list that grows by itself would keep half as much again for each of a million people.
        let mut attributes: Vec<DesiredValue> = Vec::with_capacity(bound.inner.targets.len());
        let targets = bound.inner.targets.iter().zip(&bound.shown).zip(&bound.create_only);
        for ((target, shown), _) in targets.filter(|(_, create_only)| selection.has(**create_only)) {
            attributes.extend(self.wanted(target, shown));
        }
        attributes
    }

    /// Adds the attributes that only a create needs, each in its place in the order of the mapping.
    pub(super) fn add_create_only(&mut self, attributes: &mut Vec<DesiredValue>) {
        let targets = &self.bound.inner.targets;
        let place = |wanted: &DesiredValue| targets.iter().position(|target| target.attribute == wanted.attribute);
        attributes.extend(self.attributes(Selection::CreateOnly));
        attributes.sort_by_key(place);
    }

    /// The groups that the person belongs in.
    pub(super) fn groups(&mut self) -> Vec<GroupWanted> {
        let rules = self.bound.inner.groups.iter().enumerate();
        rules.flat_map(|(rule, formulas)| self.groups_of_rule(rule, formulas).unwrap_or_default()).collect()
    }

    pub(super) fn wanted(&mut self, target: &Target, shown: &Arc<str>) -> Option<DesiredValue> {
        let flow = match &target.origin {
            ValueSource::Constant(value) => Flow::Set(value.clone()),
            ValueSource::Formula(slot) => self.flow(target, *slot)?,
        };
        let expression = Arc::clone(shown);
        Some(DesiredValue { attribute: target.attribute, flow, when: target.when, expression })
    }

    fn flow(&mut self, target: &Target, slot: Slot) -> Option<Flow> {
        let attribute = target.attribute;
        if let Some(Cell::Text(text)) = self.bound.bounds[slot.0].cell(self.record) {
            // The shortest way for what most targets are.
            let text = trimmed(text);
            return if text.is_empty() { when_empty(target) } else { self.set(target, slot, Value::text(text)) };
        }
        let value = match self.outcome(slot, RecordPart::Attribute(attribute))? {
            Outcome::Value(value) => value,
            Outcome::Candidates(candidates) => return self.first_free(target, slot, candidates),
            Outcome::IgnoreAttribute | Outcome::IgnoreObject => return None,
        };
        match directory_value(attribute, value) {
            Some(value) => self.set(target, slot, value),
            None => when_empty(target),
        }
    }

    /// The value, if the directory takes it.
    fn set(&mut self, target: &Target, slot: Slot, value: Value) -> Option<Flow> {
        let attribute = target.attribute;
        if let Value::Text(text) = &value
            && crate::record::is_error(text)
        {
            let mut problem =
                self.invalid(slot, RecordPart::Attribute(attribute), &format!("holds the error {text} of a spreadsheet"));
            "correct the formula in the file, or list the word in `[source] nothing` of the mapping"
                .clone_into(&mut problem.help);
            self.problems.push(problem);
            return None;
        }
        if let Value::Text(text) = &value
            && (attribute.kind == Kind::Date || is_day_of_extension(attribute, text))
        {
            let day = days::day(self.bound, slot, RecordPart::Attribute(attribute), text, self.context.today());
            return match self.note(day)? {
                Some(day) => Some(Flow::Set(Value::text(at_midnight(day)))),
                None => when_empty(target),
            };
        }
        match attribute.accept(value) {
            Ok(value) => Some(Flow::Set(value)),
            Err(fault) => {
                let problem = self.refused(slot, attribute, &fault);
                self.problems.push(problem);
                None
            }
        }
    }

    /// The candidates that Graph would take; the record is held where there is none.
    fn first_free(&mut self, target: &Target, slot: Slot, candidates: expr::Candidates) -> Option<Flow> {
        let attribute = target.attribute;
        let mut accepted: Vec<Value> = Vec::new();
        let mut first_fault = None;
        for text in candidates.values {
            let text = if is_address(attribute) { address_text(&text) } else { text };
            let Some(value) = directory_value(attribute, expr::Value::Text(text.into())) else { continue };
            match attribute.accept(value).and_then(|value| check_dots(attribute, value)) {
                Ok(value) if accepted.contains(&value) => {}
                Ok(value) => accepted.push(value),
                Err(fault) => first_fault = first_fault.or(Some(fault)),
            }
        }
        if !accepted.is_empty() {
            return Some(Flow::FirstFree(accepted));
        }
        let problem = match (first_fault, candidates.fault) {
            (Some(fault), _) => {
                let mut problem = self.refused(slot, attribute, &fault);
                "correct the value in HR, or add a candidate to SelectUniqueValue, such as one from the key"
                    .clone_into(&mut problem.help);
                problem
            }
            (None, Some(error)) => Problem::failed(self.bound, slot, RecordPart::Attribute(attribute), &error),
            (None, None) => return when_empty(target),
        };
        self.problems.push(problem);
        None
    }

    fn refused(&self, slot: Slot, attribute: Attribute, fault: &ValueFault) -> Problem {
        let mut problem = self.invalid(slot, RecordPart::Attribute(attribute), &fault.to_string());
        problem.help = match fault {
            ValueFault::TooLong { most, .. } => format!("shorten it in HR, or in the mapping with Left(…, {most})"),
            ValueFault::TooMany { .. } => "choose one in the mapping with Item(…, 1)".to_owned(),
            ValueFault::Character { .. } => "correct it in HR, or in the mapping with Replace or NormalizeDiacritics".to_owned(),
            ValueFault::Direction { .. } => "type the value in HR again instead of copying it".to_owned(),
            ValueFault::Form { .. } => "correct it in HR, or translate it in the mapping with Switch".to_owned(),
        };
        problem
    }

    pub(super) fn manager(&mut self) -> ManagerWanted {
        let Some(slot) = self.bound.inner.manager else { return ManagerWanted::Leave };
        let Some(Outcome::Value(value)) = self.outcome(slot, RecordPart::Manager) else { return ManagerWanted::Leave };
        let refused = |fault: &str| Err(self.invalid(slot, RecordPart::Manager, fault));
        let key = match value.to_text().as_deref().map(EmployeeId::new) {
            Some(Some(key)) if crate::record::is_error(key.as_str()) => {
                refused(&format!("holds the error {key} of a spreadsheet"))
            }
            Some(Some(key)) if hidden_in_key(key.as_str()).is_some() => self.undamaged(slot, RecordPart::Manager, key).map(Some),
            Some(Some(key)) => Ok(Some(key)),
            Some(None) => Ok(None),
            None if value.is_empty() => Ok(None),
            None => refused("has several values where one is wanted"),
        };
        match self.note(key) {
            None => ManagerWanted::Leave,
            Some(None) => ManagerWanted::Clear,
            Some(Some(key)) => ManagerWanted::Key(key),
        }
    }

    /// The groups of a rule. Key and name are without invisible characters, each run of blanks as one space, so that a cell typed with
    /// two spaces makes no second group.
    fn groups_of_rule(&mut self, rule: usize, formulas: &GroupFormulas) -> Option<Vec<GroupWanted>> {
        let part = RecordPart::Group(rule);
        if let Some(when) = formulas.when {
            match self.outcome(when, part)? {
                Outcome::Value(expr::Value::Flag(true)) => {}
                Outcome::Value(value) if value.to_text().is_some_and(|text| trimmed(&text).eq_ignore_ascii_case("true")) => {}
                _ => return None,
            }
        }
        let GroupSource::Formulas { key, name: slot } = &formulas.source else { return Some(self.groups_of_feed(rule)) };
        let name = self.group_text(*slot, part)?;
        let key = match key {
            Some(slot) => self.group_text(*slot, part)?,
            None => name.clone(),
        };
        let length = name.encode_utf16().count();
        if length > 256 {
            let fault = ValueFault::TooLong { length, most: 256 }.to_string();
            let problem = self.invalid(*slot, part, &fault);
            self.problems.push(problem);
            return None;
        }
        Some(vec![GroupWanted { rule, key, name }])
    }

    /// The groups that the feed itself has for the person. The plan judges their names, once for each group.
    fn groups_of_feed(&self, rule: usize) -> Vec<GroupWanted> {
        let texts = |column: &str| match self.record.get(column) {
            Some(Cell::List(items)) => items.iter().map(|item| unspaced(item).into_owned()).collect(),
            Some(Cell::Text(text)) => vec![unspaced(text).into_owned()],
            Some(Cell::Null | Cell::Flag(_)) | None => Vec::new(),
        };
        let [keys, names] = FEED_GROUPS.map(texts);
        let both = keys.into_iter().zip(names).filter(|(key, _)| !key.is_empty());
        both.map(|(key, name)| GroupWanted { rule, key, name }).collect()
    }

    fn group_text(&mut self, slot: Slot, part: RecordPart) -> Option<String> {
        let text = self.text(slot, part)?;
        Some(unspaced(&text).into_owned()).filter(|text| !text.is_empty())
    }
}

/// Whether an attribute is a mail address or becomes one. Exchange refuses more of them than Graph does.
fn is_address(attribute: Attribute) -> bool {
    matches!(attribute.name, roles::USER_PRINCIPAL_NAME | roles::MAIL_NICKNAME | roles::MAIL)
}

/// A generated address without invisible characters and with straight apostrophes, so that `d’Arcy` becomes `d'Arcy`.
fn address_text(text: &str) -> String {
    let straight =
        |c| if matches!(c, '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{2bc}' | '\u{2032}' | '\u{ff07}') { '\'' } else { c };
    text.chars().filter(|c| !is_invisible(*c)).map(straight).collect()
}

/// Refuses a generated address with two dots in a row or a dot at an end of its local part. Graph accepts some of them, Exchange none.
fn check_dots(attribute: Attribute, value: Value) -> Result<Value, ValueFault> {
    let text = value.as_text().filter(|_| is_address(attribute)).unwrap_or_default();
    let local = text.split('@').next().unwrap_or_default();
    if text.contains("..") || local.starts_with('.') || local.ends_with('.') {
        return Err(ValueFault::Form {
            wanted: "an address: there are two dots in a row, or one at an end of the part before the `@`",
        });
    }
    Ok(value)
}

/// The flow of an empty value: the default, a clear, or `None` if the target is left alone.
fn when_empty(target: &Target) -> Option<Flow> {
    match &target.default {
        Some(value) => Some(Flow::Set(value.clone())),
        None => (!target.keep).then_some(Flow::Clear),
    }
}

/// The value in the form of the directory, trimmed; `None` if it is empty.
fn directory_value(attribute: Attribute, value: expr::Value<'_>) -> Option<Value> {
    let trimmed = |text: &str| Some(trimmed(text)).filter(|text| !text.is_empty()).map(Box::<str>::from);
    match value {
        expr::Value::Null => None,
        expr::Value::Text(text) => trimmed(&text).map(Value::Text),
        expr::Value::Flag(flag) => Some(Value::Flag(flag)),
        expr::Value::Number(number) => Some(Value::text(number.to_string())),
        expr::Value::List(items) => {
            let mut items: Vec<Box<str>> = items.iter().filter_map(|item| trimmed(item)).collect();
            match (items.len(), attribute.kind) {
                (0, _) => None,
                (1, kind) if kind != Kind::List => items.pop().map(Value::Text),
                _ => Some(Value::List(items.into())),
            }
        }
    }
}

/// Whether a text for a directory extension of the type `DateTime` is a day: a midnight of any zone, or a form that Graph does not read. A
/// moment with a time of day stays a moment.
fn is_day_of_extension(attribute: Attribute, text: &str) -> bool {
    let is_midnight = || text.split_once(['T', 't', ' ']).is_some_and(|(_, time)| time.starts_with("00:00"));
    attribute.extension_type() == Some(ExtensionType::DateTime) && (is_midnight() || attribute.accept(Value::text(text)).is_err())
}
