//! Rows out of the cells of a sheet: as wide as the header, whatever else the sheet holds.

use super::cells::Cells;

/// A cell with its row and its column, from 0.
pub(in crate::source) type Placed = (u32, u32, String);

/// The cells of a sheet that are not blank, by rows.
pub(in crate::source) struct SheetRows {
    cells: Vec<Placed>,
    /// The first and the last column of the header, from 0.
    columns: (u32, u32),
}

/// One row, which borrows its texts.
pub(in crate::source) struct SheetRow<'c> {
    line: u64,
    first: u64,
    cells: Vec<&'c str>,
    beside: Option<u64>,
}

impl SheetRows {
    /// Sorts the cells below the rows that are skipped. The first row that is left is the header.
    pub(in crate::source) fn new(mut cells: Vec<Placed>, skip: u64) -> Self {
        cells.retain(|(row, _, _)| u64::from(*row) >= skip);
        cells.sort_by_key(|(row, column, _)| (*row, *column));
        let top = cells.first().map(|(row, _, _)| *row);
        let header = cells.iter().take_while(|(row, _, _)| Some(*row) == top).map(|(_, column, _)| *column);
        let (left, right) = header.fold((u32::MAX, 0), |(left, right), column| (left.min(column), right.max(column)));
        let lowest = cells.iter().map(|(_, column, _)| *column).min().unwrap_or(0);
        // An index that a program writes before the first column has no name.
        let left = if lowest.checked_add(1) == Some(left) { lowest } else { left };
        Self { cells, columns: (left, right) }
    }

    /// The row of the header, from 1.
    pub(super) fn header_line(&self) -> Option<u64> {
        self.cells.first().map(|(row, _, _)| u64::from(*row) + 1)
    }

    /// The last row that is not blank, from 1.
    pub(super) fn last_line(&self) -> u64 {
        self.cells.last().map_or(0, |(row, _, _)| u64::from(*row) + 1)
    }

    /// The first and the last column of the header, from 1.
    pub(in crate::source) fn columns(&self) -> (u64, u64) {
        (u64::from(self.columns.0) + 1, u64::from(self.columns.1) + 1)
    }

    /// The rows, the header first.
    pub(in crate::source) fn rows(&self) -> impl Iterator<Item = SheetRow<'_>> {
        let (left, right) = self.columns;
        self.cells.chunk_by(|one, next| one.0 == next.0).map(move |chunk| {
            let mut cells = vec![""; (right - left) as usize + 1];
            let mut beside = None;
            for (_, column, text) in chunk {
                if (left..=right).contains(column) {
                    cells[(column - left) as usize] = text;
                } else {
                    beside.get_or_insert(u64::from(*column) + 1);
                }
            }
            SheetRow { line: u64::from(chunk[0].0) + 1, first: u64::from(left) + 1, cells, beside }
        })
    }
}

impl<'c> SheetRow<'c> {
    pub(in crate::source) fn texts(&self) -> &[&'c str] {
        &self.cells
    }
}

impl Cells for SheetRow<'_> {
    fn line(&self) -> u64 {
        self.line
    }

    fn count(&self) -> usize {
        self.cells.len()
    }

    fn text(&self, index: usize) -> &str {
        self.cells[index]
    }

    fn spot(&self, index: usize) -> (u64, Option<u64>) {
        (self.line, Some(index as u64 + self.first))
    }

    fn size(&self) -> usize {
        self.cells.iter().map(|cell| cell.len()).sum()
    }

    fn beside(&self) -> Option<u64> {
        self.beside
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_far_beside_the_header_widens_no_row() {
        let mut cells: Vec<Placed> = (0..20_000).flat_map(|row| [(row, 0, "x".to_owned()), (row, 1, "y".to_owned())]).collect();
        cells.push((1, 16_383, "stray".to_owned()));
        let sheet = SheetRows::new(cells, 0);
        let laid_out: usize = sheet.rows().map(|row| row.count()).sum();
        assert_eq!(laid_out, 40_000);
        assert_eq!(sheet.rows().filter_map(|row| row.beside()).collect::<Vec<_>>(), [16_384]);
    }

    #[test]
    fn an_index_before_the_header_is_a_column_without_a_name() {
        let cell = |row, column, text: &str| (row, column, text.to_owned());
        let sheet = SheetRows::new(vec![cell(0, 1, "Id"), cell(1, 0, "0"), cell(1, 1, "7")], 0);
        assert_eq!(sheet.rows().next().unwrap().texts(), ["", "Id"]);
        let far = SheetRows::new(vec![cell(0, 4, "Id"), cell(1, 0, "a note"), cell(1, 4, "7")], 0);
        assert_eq!(far.rows().nth(1).unwrap().beside(), Some(1));
    }
}
