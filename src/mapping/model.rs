//! A checked mapping.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::Rules;
use super::bound::BoundMapping;
use super::dates::Dates;
use super::desired::When;
use super::formula::{Formula, Slot};
use super::lifecycle::Cycle;
use super::scope::Clause;
use super::walk::in_file;
use crate::diagnostic::{Document, Fault, Faults, did_you_mean};
use crate::directory::{Attribute, Value};
use crate::record::Header;
use crate::source::CsvSettings;

/// A mapping file without faults.
#[derive(Clone, Debug)]
pub struct Mapping {
    pub(super) inner: Arc<Inner>,
}

/// Everything that a mapping file says.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) rules: Rules,
    pub(super) document: Arc<Document>,
    pub(super) formulas: Vec<Formula>,
    pub(super) key: Slot,
    pub(super) previous_key: Option<Slot>,
    pub(super) required: Vec<(String, Range<usize>)>,
    pub(super) dates: Dates,
    pub(super) time_zone_given: bool,
    pub(super) csv: CsvSettings,
    /// Spellings that mean an empty cell, folded.
    pub(super) nothing: Vec<String>,
    pub(super) scope: Vec<Vec<Clause>>,
    pub(super) filter: Option<Slot>,
    pub(super) targets: Vec<Target>,
    pub(super) manager: Option<Slot>,
    pub(super) cycle: Option<Cycle>,
    pub(super) groups: Vec<GroupFormulas>,
}

/// One entry of `[attributes]`.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) attribute: Attribute,
    pub(super) origin: Origin,
    /// What an empty value becomes.
    pub(super) default: Option<Value>,
    /// `on_empty = "keep"`.
    pub(super) keep: bool,
    pub(super) when: When,
    /// The expression as the file writes it.
    pub(super) shown: Box<str>,
}

/// Where the value of a target comes from.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    Formula(Slot),
    Constant(Value),
}

/// The expressions of one `[[groups]]` rule.
#[derive(Clone, Debug)]
pub(super) struct GroupFormulas {
    pub(super) key: Option<Slot>,
    pub(super) name: Slot,
    pub(super) when: Option<Slot>,
}

impl Mapping {
    /// The policy part of the file.
    pub fn rules(&self) -> &Rules {
        &self.inner.rules
    }

    /// The name of the mapping, which is also the name of the feed.
    pub fn name(&self) -> &str {
        &self.inner.rules.feed
    }

    /// The columns of `[source] required`.
    pub fn required(&self) -> Vec<&str> {
        self.inner.required.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The zone in which a day begins.
    pub fn time_zone(&self) -> &TimeZone {
        self.inner.dates.zone()
    }

    /// Whether the file names the zone; otherwise it is UTC and the plan says so.
    pub fn time_zone_given(&self) -> bool {
        self.inner.time_zone_given
    }

    /// The HR columns of which the key is made: records that agree in all of them are one person.
    pub fn key_columns(&self) -> Vec<String> {
        self.inner.formulas[self.inner.key.0].expression.columns().map(|(name, _)| name.to_owned()).collect()
    }

    /// Spellings that mean an empty cell, trimmed and case-folded.
    pub fn nothing(&self) -> &[String] {
        &self.inner.nothing
    }

    /// How the mapping wants delimited text to be read.
    pub fn csv(&self) -> CsvSettings {
        self.inner.csv.clone()
    }

    /// All HR columns that its expressions use.
    pub fn columns(&self) -> BTreeSet<String> {
        let formulas = self.inner.formulas.iter();
        formulas.flat_map(|formula| formula.expression.columns().map(|(name, _)| name.to_owned())).collect()
    }

    /// Holds the mapping against the columns of a reading.
    ///
    /// # Errors
    /// Every column that the mapping uses or requires and the reading lacks.
    pub fn bind(&self, header: &Header) -> Result<BoundMapping, Faults> {
        let faults = self.missing(header);
        if !faults.is_empty() {
            return Err(Faults { faults });
        }
        Ok(self.bind_loosely(header))
    }

    /// Binds although columns may be missing; a missing one is absent in every record.
    pub(super) fn bind_loosely(&self, header: &Header) -> BoundMapping {
        let bounds = self.inner.formulas.iter().map(|formula| formula.expression.bind(header)).collect();
        BoundMapping::new(Arc::clone(&self.inner), bounds)
    }

    /// Each missing column once, at its first place in the file.
    pub(super) fn missing(&self, header: &Header) -> Vec<Fault> {
        missing(&self.inner.document, &self.inner.formulas, &self.inner.required, header)
    }
}

/// Each column that a header lacks once, at its first place in the file.
pub(super) fn missing(
    document: &Document,
    formulas: &[Formula],
    required: &[(String, Range<usize>)],
    header: &Header,
) -> Vec<Fault> {
    let required = required.iter().map(|(name, span)| (name.as_str(), span.clone()));
    let used = formulas.iter().flat_map(|formula| {
        let columns = formula.expression.columns();
        columns.map(|(name, span)| (name, in_file(&document.text, &formula.raw, &span)))
    });
    let mut places: Vec<(&str, Range<usize>)> =
        used.chain(required).filter(|(name, _)| header.position(name).is_none()).collect();
    places.sort_by_key(|(_, span)| span.start);
    let mut seen = BTreeSet::new();
    places.retain(|(name, _)| seen.insert(*name));
    let fault = |(name, span): (&str, Range<usize>)| {
        let hint = did_you_mean(name, header.names()).unwrap_or_else(|| {
            let names: Vec<&str> = header.names().collect();
            format!("the columns are {}", names.join(", "))
        });
        document.fault(&span, format!("the reading has no column `{name}`"), Some(hint))
    };
    places.into_iter().map(fault).collect()
}
