//! Rows become records here: the header is checked, ragged rows are refused, blank ones passed over.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use super::cells::{Cells, LONGEST_ROW};
use super::footer::Footer;
use super::ragged_rows::RaggedRows;
use super::suspect_row::{Names, is_rule};
use super::swallowed_rows::{Swallowed, swallowed};
use super::trailer::Trailers;
use crate::record::{At, Header, Place, Record};
use crate::source::error::{Fault, FaultKind, SourceErrors};

/// So many faults of one reading are shown.
const SHOWN: usize = 20;

/// What a table came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) enum Form {
    /// Text with this byte between the cells.
    Text(u8),
    /// A sheet, which may once have been text of any kind.
    Sheet,
}

impl Form {
    fn delimiters(&self) -> &[u8] {
        match self {
            Self::Text(delimiter) => std::slice::from_ref(delimiter),
            Self::Sheet => b",;\t|",
        }
    }
}

/// Trims a column name: blanks of any kind and invisible characters, which exports glue to it.
pub(in crate::source) fn trim_name(name: &str) -> &str {
    crate::record::trimmed(name)
}

/// Builds the records of one file.
pub(in crate::source) struct Assembler {
    file: String,
    source: Arc<str>,
    form: Form,
    header: Option<Columns>,
    /// The columns of an earlier file, which this one must have too.
    like: Option<(String, Arc<Header>)>,
    records: Vec<Record>,
    footer: Footer,
    skip_footer: usize,
    /// Rows that are not blank, so far.
    rows: u64,
    faults: Vec<(u64, Fault)>,
    /// The rows of faults that are not shown.
    hidden: std::collections::VecDeque<u64>,
    total_hidden: u64,
    ragged: RaggedRows,
    trailers: Trailers,
}

/// The columns of one file, and how its rows fill them.
#[derive(Debug)]
pub(in crate::source) struct Columns {
    pub(in crate::source) header: Arc<Header>,
    line: u64,
    form: Form,
    names: Names,
    /// The width of a row, with the trailing cells that have no name.
    pub(super) width: usize,
    /// The cell of each column.
    order: Vec<usize>,
    /// Trailing cells without a name, which must be empty.
    unnamed: usize,
}

impl Columns {
    /// Whether the row has the size and the width of one.
    pub(in crate::source) fn fit(&self, row: &impl Cells) -> bool {
        row.size() <= LONGEST_ROW && row.count() == self.width && self.filled(row).is_none()
    }

    /// The first cell that is filled and has no name.
    fn filled(&self, row: &impl Cells) -> Option<usize> {
        (self.width - self.unnamed..self.width).find(|&index| !row.text(index).trim().is_empty())
    }

    /// A cell of the row that holds other rows.
    pub(super) fn swallowed(&self, row: &impl Cells) -> Option<Swallowed> {
        if !row.breaks() {
            return None;
        }
        let cells: Vec<&str> = (0..row.count()).map(|index| row.text(index)).collect();
        swallowed(&cells, self.width, self.form.delimiters())
    }

    /// What is wrong with a row, and the cell that shows it; nothing where it is a record.
    pub(in crate::source) fn fault(&self, row: &impl Cells) -> Option<(usize, FaultKind)> {
        if row.size() > LONGEST_ROW {
            let longest = (0..row.count()).max_by_key(|&index| row.text(index).len()).unwrap_or(0);
            return Some((longest, FaultKind::TooLong));
        }
        if let Some(Swallowed { index, lines }) = self.swallowed(row) {
            return Some((index, FaultKind::Swallowed { lines }));
        }
        if let Some(kind) = self.names.suspicion(row) {
            return Some((0, kind));
        }
        if row.count() != self.width {
            // The first cell too many, or the last one there is.
            let index = self.width.min(row.count() - 1);
            return Some((index, FaultKind::Ragged { expected: self.width, found: row.count() }));
        }
        self.filled(row).map(|index| (index, FaultKind::Unnamed))
    }

    /// The record of a row that fits.
    pub(in crate::source) fn record(&self, source: &Arc<str>, row: &impl Cells) -> Record {
        let place = Place { source: Arc::clone(source), at: At::Line(row.line()) };
        let bytes = self.order.iter().map(|&index| row.length(index)).sum();
        Record::from_text_of(bytes, Arc::clone(&self.header), place, self.order.iter().map(|&index| row.text(index)))
    }
}

impl Assembler {
    pub(in crate::source) fn new(file: &str, form: Form, skip_footer: u64, like: Option<(String, Arc<Header>)>) -> Self {
        Self {
            file: file.to_owned(),
            source: file.into(),
            form,
            header: None,
            like,
            records: Vec::new(),
            footer: Footer::new(skip_footer),
            skip_footer: usize::try_from(skip_footer).unwrap_or(usize::MAX),
            rows: 0,
            faults: Vec::new(),
            hidden: std::collections::VecDeque::new(),
            total_hidden: 0,
            ragged: RaggedRows::default(),
            trailers: Trailers::new(usize::try_from(skip_footer).unwrap_or(usize::MAX)),
        }
    }

    /// Whether the header is still to come.
    pub(super) fn wants_header(&self) -> bool {
        self.header.is_none()
    }

    /// Takes the column names.
    pub(in crate::source) fn header(&mut self, line: u64, names: &[&str]) -> Result<(), SourceErrors> {
        let fault = |kind| SourceErrors::from(Fault::at(&self.file, Some(line), None, kind));
        if let Some(Swallowed { lines, .. }) = swallowed(names, names.len(), self.form.delimiters()) {
            return Err(fault(FaultKind::Swallowed { lines }));
        }
        let names: Vec<&str> = names.iter().map(|name| trim_name(name)).collect();
        let width = names.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1);
        if width == 0 {
            return Err(fault(FaultKind::NoHeader));
        }
        if is_rule(names.iter().copied()) {
            return Err(fault(FaultKind::Rule));
        }
        let faults = duplicates(&self.file, line, &names[..width], self.form);
        if !faults.is_empty() {
            return Err(SourceErrors { faults, more: 0 });
        }
        let own = Header::new(names[..width].iter().copied()).expect("doubled names were just refused");
        let (header, order) = match &self.like {
            Some((first, header)) => (Arc::clone(header), self.same_columns(line, first, header, &own)?),
            None => (Arc::new(own), (0..width).collect()),
        };
        let (unnamed, form, known) = (names.len() - width, self.form, Names::new(&names));
        self.header = Some(Columns { header, line, form, names: known, width: names.len(), order, unnamed });
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
    pub(in crate::source) fn row(&mut self, row: &impl Cells) {
        let Some(columns) = &self.header else { return };
        self.rows += 1;
        let named = columns.width - columns.unnamed;
        let found = columns.fault(row);
        let fits = found.is_none() && row.sound() && row.beside().is_none();
        self.ragged.add(row, (named, columns.width), fits);
        self.footer.push(row, columns.width, fits);
        if fits {
            self.trailers.push(row);
            self.records.push(columns.record(&self.source, row));
        }
        if let Some(column) = row.beside() {
            let kind = FaultKind::Beside { cell: cell_name(row.line(), column).into() };
            self.fault(Fault::at(&self.file, Some(row.line()), Some(column), kind));
        }
        let Some((index, kind)) = found else { return };
        let (line, column) = match kind {
            FaultKind::HeaderAgain | FaultKind::Placeholders | FaultKind::Rule | FaultKind::Total => (row.line(), None),
            _ => row.spot(index),
        };
        let lost = matches!(kind, FaultKind::Swallowed { .. });
        let fault = Fault::at(&self.file, Some(line), column, kind);
        if lost {
            self.unexcused(fault);
        } else {
            self.fault(fault);
        }
    }

    /// Keeps a fault of the row that was taken last.
    pub(in crate::source) fn fault(&mut self, fault: Fault) {
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

    /// Keeps a fault that no footer excuses: the row holds others.
    fn unexcused(&mut self, fault: Fault) {
        if self.faults.len() < SHOWN + self.skip_footer.min(SHOWN) {
            self.faults.push((0, fault));
        } else {
            self.total_hidden += 1;
        }
    }

    /// Keeps a fault that no footer excuses: after it nothing can be read.
    pub(super) fn fatal(&mut self, fault: Fault) {
        self.faults.truncate(SHOWN - 1);
        self.faults.push((0, fault));
    }

    /// The columns, once the header was taken, for callers that build the records themselves.
    pub(super) fn into_columns(self) -> Option<Columns> {
        self.header
    }

    /// The column names, once the header was taken.
    pub(in crate::source) fn names(&self) -> Vec<String> {
        self.header.iter().flat_map(|columns| columns.header.names()).map(str::to_owned).collect()
    }

    /// The line of the first row that is left out as a footer.
    pub(super) fn footer_line(&self) -> Option<u64> {
        self.footer.rows().front().map(|row| row.line)
    }

    /// The records and their columns, once the last row was taken.
    pub(in crate::source) fn finish(mut self) -> Result<(Arc<Header>, Vec<Record>), SourceErrors> {
        let Some(columns) = self.header.take() else {
            return Err(Fault::of_file(&self.file, FaultKind::NoHeader).into());
        };
        let below = self.footer.rows().iter().filter(|row| row.fits).count();
        self.records.truncate(self.records.len() - below);
        let body = self.rows - self.footer.rows().len() as u64;
        self.faults.retain(|(row, _)| *row <= body);
        self.add_footer_records();
        let trailers = self.trailers.lines(below);
        self.faults.extend(trailers.into_iter().map(|line| (0, Fault::at(&self.file, Some(line), None, FaultKind::Trailer))));
        if !self.faults.is_empty() {
            let hidden = self.total_hidden - self.hidden.iter().filter(|row| **row > body).count() as u64;
            return Err(self.explained(hidden));
        }
        if self.records.is_empty() {
            return Err(Fault::at(&self.file, Some(columns.line), None, FaultKind::NoRecords).into());
        }
        self.records.shrink_to_fit();
        Ok((columns.header, self.records))
    }

    /// A footer that stayed away leaves the last people in its place.
    fn add_footer_records(&mut self) {
        let (skip, counting) = (self.skip_footer, self.trailers.counting_lines());
        let found: Vec<Fault> = self
            .footer
            .records()
            .filter(|row| !counting.contains(&row.line))
            .map(|row| {
                let fault = Fault::at(&self.file, Some(row.line), None, FaultKind::FooterRecord { skip });
                if row.short { fault.with_hint("the file was probably cut off in its last row: export it again") } else { fault }
            })
            .take(SHOWN)
            .collect();
        self.faults.extend(found.into_iter().map(|fault| (0, fault)));
    }

    /// The faults, with a better hint where all of them have one cause.
    fn explained(self, hidden: u64) -> SourceErrors {
        let mut faults: Vec<Fault> = self.faults.into_iter().map(|(_, fault)| fault).collect();
        if let Some(hint) = self.ragged.hint(self.records.len()) {
            for fault in &mut faults {
                let meant = match fault.kind {
                    FaultKind::Total => hint.of_totals,
                    FaultKind::Ragged { .. } | FaultKind::Unnamed => !hint.of_totals,
                    _ => false,
                };
                if meant {
                    fault.hint = Some(hint.text.as_str().into());
                }
            }
        }
        let more = hidden + faults.len().saturating_sub(SHOWN) as u64;
        faults.truncate(SHOWN);
        SourceErrors { faults, more }
    }
}

/// The name of a cell as spreadsheet programs show it; row and column count from 1.
pub(super) fn cell_name(row: u64, column: u64) -> String {
    let (mut letters, mut left) = (Vec::new(), column);
    while left > 0 {
        let digit = u8::try_from((left - 1) % 26).unwrap_or_default();
        letters.push(char::from(b'A' + digit));
        left = (left - 1) / 26;
    }
    format!("{}{row}", letters.into_iter().rev().collect::<String>())
}

fn duplicates(file: &str, line: u64, names: &[&str], form: Form) -> Vec<Fault> {
    let fault = |(first, second, name): (usize, usize, &str)| {
        if name.is_empty() {
            return Fault::at(file, Some(line), None, FaultKind::Nameless { first: first + 1, second: second + 1 });
        }
        let kind = FaultKind::DuplicateHeader { name: name.to_owned(), first: first + 1, second: second + 1 };
        let fault = Fault::at(file, Some(line), None, kind);
        if form == Form::Sheet { fault.with_hint("rename one of them in the sheet") } else { fault }
    };
    repeated(names.iter().copied()).take(SHOWN).map(fault).collect()
}

/// The names that occur again: where they occur first, where again, and the name.
fn repeated<N: Eq + Hash + Copy>(names: impl Iterator<Item = N>) -> impl Iterator<Item = (usize, usize, N)> {
    let mut met = HashMap::new();
    names.enumerate().filter_map(move |(second, name)| {
        let first = *met.entry(name).or_insert(second);
        (first != second).then_some((first, second, name))
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::hash::Hasher;

    use super::*;

    #[test]
    fn cells_are_named_as_spreadsheets_name_them() {
        let names: Vec<String> = [1, 26, 27, 52, 702, 703, 16_384].map(|column| cell_name(2, column)).into();
        assert_eq!(names, ["A2", "Z2", "AA2", "AZ2", "ZZ2", "AAA2", "XFD2"]);
    }

    #[derive(Clone, Copy)]
    struct Counted<'c>(u32, &'c Cell<u64>);

    impl PartialEq for Counted<'_> {
        fn eq(&self, other: &Self) -> bool {
            self.1.set(self.1.get() + 1);
            self.0 == other.0
        }
    }

    impl Eq for Counted<'_> {}

    impl Hash for Counted<'_> {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.0.hash(state);
        }
    }

    #[test]
    fn a_wide_header_is_compared_name_by_name_only_where_names_meet() {
        let compared = Cell::new(0);
        let names: Vec<u32> = (0..100_000).chain([7, 7]).collect();
        let found: Vec<(usize, usize)> =
            repeated(names.iter().map(|&name| Counted(name, &compared))).map(|(first, second, _)| (first, second)).collect();
        assert_eq!(found, [(7, 100_000), (7, 100_001)]);
        assert!(compared.get() < 10_000, "{} comparisons", compared.get());
    }
}
