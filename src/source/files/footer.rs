//! The rows that `skip_footer` leaves out, and whether one of them is a person.

use std::collections::VecDeque;

use super::cells::Cells;
use super::swallowed_rows::Kind;
use super::total_words::is_total;

/// The last rows of a file so far, and what the rows above them look like.
#[derive(Debug)]
pub(in crate::source) struct Footer {
    skip: usize,
    rows: VecDeque<FooterRow>,
    /// For each column: the kinds of values that the rows above have there.
    kinds: Vec<u8>,
}

/// A row that may belong to the footer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::source) struct FooterRow {
    /// Whether no fault was found in it.
    pub(in crate::source) fits: bool,
    pub(in crate::source) line: u64,
    /// Whether it has fewer cells than the header.
    pub(in crate::source) short: bool,
    total: bool,
    kinds: Vec<u8>,
}

impl Footer {
    pub(in crate::source) fn new(skip: u64) -> Self {
        Self { skip: usize::try_from(skip).unwrap_or(usize::MAX), rows: VecDeque::new(), kinds: Vec::new() }
    }

    /// Takes a row; gives back whether the row that is no longer one of the last fits, where there is one.
    pub(in crate::source) fn push(&mut self, row: &impl Cells, width: usize, fits: bool) -> Option<bool> {
        if self.skip == 0 {
            return Some(fits);
        }
        let kinds = (0..row.count()).map(|index| Kind::of(row.text(index)).bit()).collect();
        let (line, short) = (row.line(), row.count() < width);
        self.rows.push_back(FooterRow { fits, line, short, total: is_total(row, width), kinds });
        let above = if self.rows.len() > self.skip { self.rows.pop_front()? } else { return None };
        if above.fits {
            self.kinds.resize(above.kinds.len(), 0);
            self.kinds.iter_mut().zip(&above.kinds).for_each(|(seen, kind)| *seen |= kind);
        }
        Some(above.fits)
    }

    /// The rows that are left out.
    pub(in crate::source) fn rows(&self) -> &VecDeque<FooterRow> {
        &self.rows
    }

    /// The rows that are left out although they look like records, or like the beginning of one.
    pub(in crate::source) fn records(&self) -> impl Iterator<Item = &FooterRow> {
        self.rows.iter().filter(|row| self.is_record(row))
    }

    fn is_record(&self, row: &FooterRow) -> bool {
        if row.total {
            return false;
        }
        let blank = Kind::Blank.bit();
        let filled = row.kinds.iter().filter(|kind| **kind != blank).count();
        if self.kinds.is_empty() {
            // Without rows above, whatever fills its columns may be the only record.
            return filled > 0 && row.fits && filled * 2 > row.kinds.len();
        }
        let always = self.kinds.iter().zip(&row.kinds).filter(|(seen, _)| **seen & blank == 0);
        let (mut wanted, mut met) = (self.kinds.iter().filter(|seen| **seen & blank == 0).count(), 0);
        met += always.filter(|(_, kind)| **kind != blank).count();
        if wanted == 0 {
            (wanted, met) = (row.kinds.len(), filled);
        }
        if row.fits && met * 2 > wanted && filled > 1 {
            return true;
        }
        self.is_alike(row, filled)
    }

    /// Whether most of its values are of the kinds that the rows above have in the same columns.
    fn is_alike(&self, row: &FooterRow, filled: usize) -> bool {
        let blank = Kind::Blank.bit();
        let both = self.kinds.iter().zip(&row.kinds).filter(|(_, kind)| **kind != blank);
        let (mut alike, mut telling) = (0, false);
        for (seen, kind) in both {
            let same = seen & kind != 0;
            alike += usize::from(same);
            // Any remark has words; a number or a code in the column of the others' codes is a key.
            telling |= same && *kind != Kind::Words.bit() && *kind != Kind::Other.bit();
        }
        alike > 0 && alike * 2 > filled && (telling || alike > 1)
    }
}
