//! Rows become records: the column names are checked, every row is counted and hashed.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::SqlSettings;
use crate::diagnostic::{Note, NoteCode};
use crate::record::{At, Cell, Header, Place, Record};
use crate::source::Reading;
use crate::source::error::{Fault, FaultKind, SourceErrors};
use crate::source::files::table_builder;

/// The longest row: what a record can hold.
const LONGEST: usize = 1 << 30;

/// Builds the reading of a query.
pub(super) struct Rows {
    header: Arc<Header>,
    source: Arc<str>,
    records: Vec<Record>,
    digest: Sha256,
}

impl Rows {
    /// Takes the names of the columns as the database returns them.
    pub(super) fn new<'n>(settings: &SqlSettings, names: impl IntoIterator<Item = &'n str>) -> Result<Self, SourceErrors> {
        let names: Vec<&str> = names.into_iter().map(table_builder::trim_name).collect();
        if names.is_empty() {
            return Err(settings.query_fault("the query yields no columns").into());
        }
        let hint = "give every column of the query a name of its own: `… AS name`";
        let mut faults = Vec::new();
        for (second, name) in names.iter().enumerate() {
            let position = second + 1;
            let kind = match names[..second].iter().position(|earlier| earlier == name) {
                _ if name.is_empty() => FaultKind::Query(format!("column {position} of the query has no name")),
                Some(first) => FaultKind::DuplicateHeader { name: (*name).to_owned(), first: first + 1, second: position },
                None => continue,
            };
            faults.push(Fault::of_file(&settings.name, kind).with_hint(hint));
        }
        if !faults.is_empty() {
            return Err(SourceErrors { faults, more: 0 });
        }
        let mut digest = Sha256::new();
        for name in &names {
            digest.update((name.len() as u64).to_le_bytes());
            digest.update(name);
        }
        let header = Header::new(names.iter().copied()).expect("doubled names were just refused");
        Ok(Self { header: Arc::new(header), source: settings.name.as_str().into(), records: Vec::new(), digest })
    }

    /// Adds one row as a record, and its cells to the checksum.
    pub(super) fn push<'c>(
        &mut self,
        settings: &SqlSettings,
        cells: impl Iterator<Item = Cell<'c>> + Clone,
    ) -> Result<(), SourceErrors> {
        let row = self.count() + 1;
        let mut length = 0;
        for cell in cells.clone() {
            match cell {
                Cell::Text(text) => {
                    length += text.len();
                    // The length makes `ab`,`c` differ from `a`,`bc`.
                    self.digest.update((text.len() as u64).to_le_bytes());
                    self.digest.update(text);
                }
                Cell::Flag(flag) => self.digest.update([0xff, u8::from(flag)]),
                _ => self.digest.update([0xfe]),
            }
        }
        if length >= LONGEST {
            return Err(settings.query_fault(format!("row {row} is longer than 1 GiB")).into());
        }
        let place = Place { source: Arc::clone(&self.source), at: At::Row(row) };
        self.records.push(Record::from_cells(Arc::clone(&self.header), place, cells));
        Ok(())
    }

    /// How many rows there are so far.
    pub(super) fn count(&self) -> u64 {
        self.records.len() as u64
    }

    /// The whole reading, once the database has said that it is the last row.
    pub(super) fn finish(mut self, settings: &SqlSettings, text: String) -> Result<Reading, SourceErrors> {
        if self.records.is_empty() {
            let hint = "an empty list would make all people missing, so it is refused";
            return Err(settings.query_fault("the query yields no rows").with_hint(hint).into());
        }
        self.records.shrink_to_fit();
        let note = Note::new(NoteCode::RecordsRead, text).count(self.records.len() as u64).at(&settings.name);
        Ok(Reading {
            name: settings.name.clone(),
            header: self.header,
            records: self.records.into(),
            sha256: crate::record::hex(&self.digest.finalize()),
            notes: vec![note],
        })
    }
}

/// A value of one row, before the row's buffer is complete.
#[derive(Clone, Copy)]
enum Part {
    Null,
    Flag(bool),
    /// Up to here in the buffer.
    Text(usize),
}

/// One row that is being written; its buffers are used again for the next.
#[derive(Default)]
pub(super) struct Row {
    pub(super) text: String,
    parts: Vec<Part>,
}

impl Row {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.parts.clear();
    }

    pub(super) fn null(&mut self) {
        self.parts.push(Part::Null);
    }

    pub(super) fn flag(&mut self, flag: bool) {
        self.parts.push(Part::Flag(flag));
    }

    /// Ends a cell after its text was written to the buffer.
    pub(super) fn written(&mut self) {
        self.parts.push(Part::Text(self.text.len()));
    }

    pub(super) fn push_text(&mut self, text: &str) {
        self.text.push_str(text);
        self.written();
    }

    /// The cells of the row.
    pub(super) fn cells(&self) -> impl Iterator<Item = Cell<'_>> + Clone {
        let mut start = 0;
        self.parts.iter().map(move |part| match *part {
            Part::Null => Cell::Null,
            Part::Flag(flag) => Cell::Flag(flag),
            Part::Text(end) => {
                let text = &self.text[start..end];
                start = end;
                Cell::Text(text)
            }
        })
    }
}

/// The fault of a column of bytes without `binary = "hex"`.
pub(super) fn binary(settings: &SqlSettings, name: &str, kind: &str) -> Fault {
    let fault = settings.query_fault(format!("column `{name}` holds {kind}: no attribute of a person takes bytes"));
    fault.with_hint("leave the column out of the query, or take it as hexadecimal digits: `binary = \"hex\"` in [source]")
}
