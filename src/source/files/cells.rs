//! A row of any kind of file, as the checks of rows see it.

/// So many bytes the cells of one row may have: more is a quote that opens and closes in the wrong places.
pub(super) const LONGEST_ROW: usize = 16 << 20;

/// A row as cells with their places.
pub(in crate::source) trait Cells {
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
    /// Whether a line ends within a cell.
    fn breaks(&self) -> bool {
        (0..self.count()).any(|index| memchr::memchr2(b'\n', b'\r', self.text(index).as_bytes()).is_some())
    }
    /// Whether its text could be cut into cells.
    fn sound(&self) -> bool {
        true
    }
    /// The column of the first value beside the columns of the header, from 1.
    fn beside(&self) -> Option<u64> {
        None
    }
}
