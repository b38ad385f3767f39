//! Rows become records here: the header is checked, ragged rows are refused, blank ones passed over.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::error::{Fault, FaultKind, SourceErrors};
use crate::record::{At, Header, Place, Record};

/// So many faults of one reading are shown.
const SHOWN: usize = 20;

/// So many bytes the cells of one row may have: more is a quote that opens and closes in the wrong places.
pub(super) const LONGEST_ROW: usize = 16 << 20;

/// A row as the assembler wants to see it.
pub(super) trait Cells {
    /// The line on which the row starts.
    fn line(&self) -> u64;
    /// How many cells there are.
    fn count(&self) -> usize;
    /// The text of one cell.
    fn text(&self, index: usize) -> &str;
    /// How many bytes one cell has.
    fn length(&self, index: usize) -> usize {
        self.text(index).len()
    }
    /// The line and the column at which one cell starts.
    fn spot(&self, index: usize) -> (u64, Option<u64>);
    /// How many bytes the cells have together, or a few more.
    fn size(&self) -> usize;
}

/// Trims a column name: blanks of any kind and invisible characters, which exports glue to it.
pub(super) fn trim_name(name: &str) -> &str {
    crate::record::trimmed(name)
}

/// Builds the records of one file.
pub(super) struct Assembler {
    file: String,
    source: Arc<str>,
    header: Option<Columns>,
    /// The columns of an earlier file, which this one must have too.
    like: Option<(String, Arc<Header>)>,
    records: Vec<Record>,
    /// For each of the last rows that the settings call a footer: whether a record was made of it.
    footer: VecDeque<bool>,
    skip_footer: usize,
    /// Rows that are not blank, so far.
    rows: u64,
    faults: Vec<(u64, Fault)>,
    hidden: VecDeque<u64>,
    total_hidden: u64,
    /// How many rows had each of the widths that differ from the header's: the last one met, and since when.
    other_width: Option<(usize, u64, u64)>,
}

/// The columns of one file, and how its rows fill them.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) header: Arc<Header>,
    line: u64,
    /// The width of a row, with the trailing cells that have no name.
    width: usize,
    /// The cell of each column.
    order: Vec<usize>,
    /// Trailing cells without a name, which must be empty.
    unnamed: usize,
}

impl Columns {
    /// Whether the row is one that no fault is found in.
    pub(super) fn fit(&self, row: &impl Cells) -> bool {
        row.size() <= LONGEST_ROW && row.count() == self.width && self.filled(row).is_none()
    }

    /// The first cell that is filled and has no name.
    fn filled(&self, row: &impl Cells) -> Option<usize> {
        (self.width - self.unnamed..self.width).find(|&index| !row.text(index).trim().is_empty())
    }

    /// The record of a row that fits.
    pub(super) fn record(&self, source: &Arc<str>, row: &impl Cells) -> Record {
        let place = Place { source: Arc::clone(source), at: At::Line(row.line()) };
        let bytes = self.order.iter().map(|&index| row.length(index)).sum();
        Record::from_text_of(bytes, Arc::clone(&self.header), place, self.order.iter().map(|&index| row.text(index)))
    }
}

impl Assembler {
    pub(super) fn new(file: &str, skip_footer: u64, like: Option<(String, Arc<Header>)>) -> Self {
        Self {
            file: file.to_owned(),
            source: file.into(),
            header: None,
            like,
            records: Vec::new(),
            footer: VecDeque::new(),
            skip_footer: usize::try_from(skip_footer).unwrap_or(usize::MAX),
            rows: 0,
            faults: Vec::new(),
            hidden: VecDeque::new(),
            total_hidden: 0,
            other_width: None,
        }
    }

    /// Whether the header is still to come.
    pub(super) fn wants_header(&self) -> bool {
        self.header.is_none()
    }

    /// Takes the column names.
    pub(super) fn header(&mut self, line: u64, names: &[&str]) -> Result<(), SourceErrors> {
        let names: Vec<&str> = names.iter().map(|name| trim_name(name)).collect();
        let width = names.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1);
        if width == 0 {
            return Err(Fault::at(&self.file, Some(line), None, FaultKind::NoHeader).into());
        }
        let faults = duplicates(&self.file, line, &names[..width]);
        if !faults.is_empty() {
            return Err(SourceErrors { faults, more: 0 });
        }
        let own = Header::new(names[..width].iter().copied()).expect("doubled names were just refused");
        let (header, order) = match &self.like {
            Some((first, header)) => (Arc::clone(header), self.same_columns(line, first, header, &own)?),
            None => (Arc::new(own), (0..width).collect()),
        };
        self.header = Some(Columns { header, line, width: names.len(), order, unnamed: names.len() - width });
        Ok(())
    }

    fn same_columns(&self, line: u64, first: &str, wanted: &Header, own: &Header) -> Result<Vec<usize>, Fault> {
        let (ours, theirs): (BTreeSet<_>, BTreeSet<_>) = (own.names().collect(), wanted.names().collect());
        if ours != theirs {
            let list = |names: Vec<&&str>| names.into_iter().map(|name| (*name).to_owned()).collect();
            let kind = FaultKind::OtherColumns {
                first: first.into(),
                missing: list(theirs.difference(&ours).collect()),
                surplus: list(ours.difference(&theirs).collect()),
            };
            return Err(Fault::at(&self.file, Some(line), None, kind));
        }
        Ok(wanted.names().filter_map(|name| own.position(name)).collect())
    }

    /// Takes a row that is not blank.
    pub(super) fn row(&mut self, row: &impl Cells) {
        let Some(columns) = &self.header else { return };
        self.rows += 1;
        let made = if row.size() > LONGEST_ROW {
            let longest = (0..row.count()).max_by_key(|&index| row.text(index).len()).unwrap_or(0);
            let (line, column) = row.spot(longest);
            self.fault(Fault::at(&self.file, Some(line), column, FaultKind::TooLong));
            false
        } else if row.count() == columns.width {
            match columns.filled(row) {
                None => {
                    self.records.push(columns.record(&self.source, row));
                    true
                }
                Some(index) => {
                    let (line, column) = row.spot(index);
                    self.fault(Fault::at(&self.file, Some(line), column, FaultKind::Unnamed));
                    false
                }
            }
        } else {
            let kind = FaultKind::Ragged { expected: columns.width, found: row.count() };
            // The column: the first cell too many, or the last one there is.
            let (line, column) = row.spot(columns.width.min(row.count() - 1));
            let width = row.count();
            self.other_width = match self.other_width {
                Some((seen, times, first)) if seen == width => Some((width, times + 1, first)),
                Some((seen, times, first)) if times > 1 => Some((seen, times, first)),
                _ => Some((width, 1, row.line())),
            };
            let line = if column.is_some() { line } else { row.line() };
            self.fault(Fault::at(&self.file, Some(line), column, kind));
            false
        };
        if self.skip_footer > 0 {
            if self.footer.len() == self.skip_footer {
                self.footer.pop_front();
            }
            self.footer.push_back(made);
        }
    }

    /// Keeps a fault of the row that was taken last.
    pub(super) fn fault(&mut self, fault: Fault) {
        if self.faults.len() < SHOWN + self.skip_footer.min(SHOWN) {
            self.faults.push((self.rows, fault));
        } else {
            self.total_hidden += 1;
            self.hidden.push_back(self.rows);
            if self.hidden.len() > self.skip_footer {
                self.hidden.pop_front();
            }
        }
    }

    /// Keeps a fault that no footer excuses: after it nothing can be read.
    pub(super) fn fatal(&mut self, fault: Fault) {
        self.faults.truncate(SHOWN - 1);
        self.faults.push((0, fault));
    }

    /// The columns, once the header was taken, for who makes the records elsewhere.
    pub(super) fn into_columns(self) -> Option<Columns> {
        self.header
    }

    /// The column names, once the header was taken.
    pub(super) fn names(&self) -> Vec<String> {
        self.header.iter().flat_map(|columns| columns.header.names()).map(str::to_owned).collect()
    }

    /// The records and their columns, once the last row was taken.
    pub(super) fn finish(mut self) -> Result<(Arc<Header>, Vec<Record>), SourceErrors> {
        let Some(columns) = self.header.take() else {
            return Err(Fault::of_file(&self.file, FaultKind::NoHeader).into());
        };
        let below = self.footer.iter().filter(|made| **made).count();
        self.records.truncate(self.records.len() - below);
        let body = self.rows - self.footer.len() as u64;
        self.faults.retain(|(row, _)| *row <= body);
        if !self.faults.is_empty() {
            let hidden = self.total_hidden - self.hidden.iter().filter(|row| **row > body).count() as u64;
            return Err(self.explained(&columns, hidden));
        }
        if self.records.is_empty() {
            return Err(Fault::at(&self.file, Some(columns.line), None, FaultKind::NoRecords).into());
        }
        self.records.shrink_to_fit();
        Ok((columns.header, self.records))
    }

    /// The faults, with a better hint where all of them have one cause.
    fn explained(self, columns: &Columns, hidden: u64) -> SourceErrors {
        let mut faults: Vec<Fault> = self.faults.iter().map(|(_, fault)| fault.clone()).collect();
        let total = faults.len() as u64 + hidden;
        let hint = match self.other_width {
            Some((width, times, first)) if width > columns.width && times > 1 && times * 2 > self.rows => {
                Some(format!("the header may stand on line {first}: `skip_lines = {}` in [source]", first - 1))
            }
            _ if total <= 5
                && self.faults.first().is_some_and(|(row, _)| row + total > self.rows)
                && !self.records.is_empty() =>
            {
                Some(format!("if total rows end this file: `skip_footer = {total}` in [source]"))
            }
            _ => None,
        };
        for fault in &mut faults {
            if let (FaultKind::Ragged { .. }, Some(hint)) = (&fault.kind, &hint) {
                fault.hint = Some(hint.as_str().into());
            }
        }
        let more = hidden + faults.len().saturating_sub(SHOWN) as u64;
        faults.truncate(SHOWN);
        SourceErrors { faults, more }
    }
}

fn duplicates(file: &str, line: u64, names: &[&str]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (second, name) in names.iter().enumerate() {
        if let Some(first) = names[..second].iter().position(|earlier| earlier == name) {
            let kind = FaultKind::DuplicateHeader { name: (*name).to_owned(), first: first + 1, second: second + 1 };
            faults.push(Fault::at(file, Some(line), None, kind));
        }
    }
    faults.truncate(SHOWN);
    faults
}
