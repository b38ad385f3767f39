//! A part of a text file in memory, which moves on through it.

use super::background_hash::Summing;
use super::cells::LONGEST_ROW;
use super::csv_scanner::{Mark, Row, ScanFault, Scanner};
use super::file_handle::Opened;
use crate::source::error::Fault;

/// So large does a window become for a row that does not fit.
const LARGEST: usize = 2 * LONGEST_ROW;

/// UTF-8 text of a file from somewhere on.
pub(in crate::source) struct Window<'f> {
    file: &'f Opened,
    pub(in crate::source) text: String,
    /// The bytes of a character that the window cuts through.
    cut: Vec<u8>,
    /// The byte of the file at which the window ends.
    at: u64,
    /// The byte of the file at which its text ends.
    end: u64,
    size: usize,
    /// Of all bytes so far, where it is wanted.
    digest: Option<Summing>,
}

impl<'f> Window<'f> {
    /// A window at `at`, still empty, of a file with text up to `end`.
    pub(in crate::source) fn new(file: &'f Opened, at: u64, end: u64, size: usize) -> Self {
        Self { file, text: String::new(), cut: Vec::new(), at, end, size: size.max(1), digest: None }
    }

    /// Counts bytes before the window, and all that it will see, towards the sum of the file.
    pub(in crate::source) fn digested(mut self, before: &[u8]) -> Self {
        let digest = Summing::new();
        digest.add(before);
        self.digest = Some(digest);
        self
    }

    /// Whether the end of the text is in it.
    pub(in crate::source) fn ended(&self) -> bool {
        self.at >= self.end && self.cut.is_empty()
    }

    /// The position in the file of a byte of the window.
    pub(in crate::source) fn place(&self, byte: usize) -> u64 {
        self.at - (self.cut.len() + self.text.len() - byte) as u64
    }

    /// Moves on: text before `keep` is dropped, and more is read. The window grows if hardly anything was dropped.
    ///
    /// # Errors
    /// If the file cannot be read, is no UTF-8 text, has a NUL, or a row that is too long. After a first pass without these
    /// faults they mean that the file has changed.
    pub(super) fn move_on(&mut self, keep: usize) -> Result<(), Fault> {
        let mut bytes = std::mem::take(&mut self.text).into_bytes();
        bytes.drain(..keep);
        bytes.append(&mut self.cut);
        if bytes.len() * 2 > self.size {
            self.size *= 2;
        }
        if self.size > LARGEST {
            return Err(self.file.changed());
        }
        let known = bytes.len();
        let count = usize::try_from(self.end - self.at).unwrap_or(usize::MAX).min(self.size - known);
        self.file.append(&mut bytes, self.at, count)?;
        self.at += count as u64;
        if let Some(digest) = &self.digest {
            digest.add(&bytes[known..]);
            if memchr::memchr(0, &bytes[known..]).is_some() {
                return Err(self.file.changed());
            }
        }
        self.text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) if error.utf8_error().error_len().is_none() && self.at < self.end => {
                let valid = error.utf8_error().valid_up_to();
                let mut bytes = error.into_bytes();
                self.cut = bytes.split_off(valid);
                String::from_utf8(bytes).map_err(|_| self.file.changed())?
            }
            Err(_) => return Err(self.file.changed()),
        };
        Ok(())
    }

    /// The sum of the whole file, where it is wanted: whatever is left of it is seen too.
    ///
    /// # Errors
    /// As [`Window::move_on`].
    pub(super) fn whole_sum(mut self) -> Result<Option<String>, Fault> {
        while self.digest.is_some() && !self.ended() {
            self.move_on(self.text.len())?;
        }
        self.sum()
    }

    /// The sum of the whole file, once the window has come to the end of its text.
    pub(in crate::source) fn sum(self) -> Result<Option<String>, Fault> {
        let Some(digest) = self.digest else { return Ok(None) };
        let mut rest = Vec::new();
        let count = usize::try_from(self.file.length() - self.at).map_err(|_| self.file.changed())?;
        self.file.append(&mut rest, self.at, count)?;
        digest.add(&rest);
        Ok(Some(digest.finish()))
    }
}

/// The rows of a file, one after the other.
pub(in crate::source) struct Rows<'f> {
    pub(in crate::source) window: Window<'f>,
    pub(in crate::source) delimiter: u8,
    /// Where the next row starts in the window.
    pub(in crate::source) mark: Mark,
}

impl Rows<'_> {
    /// Reads the next row; its cells refer to the window's text. Returns `false` at the end.
    ///
    /// # Errors
    /// As [`Window::move_on`], and for quotes that do not close.
    pub(in crate::source) fn next(&mut self, row: &mut Row) -> Result<bool, Fault> {
        loop {
            let text = self.window.text.as_str();
            let mut scanner = Scanner::from(text, self.delimiter, self.mark);
            let read = scanner.next(row);
            let after = scanner.mark();
            // A row that ends with the window may go on behind it, unless a line feed has ended it.
            let whole = match read {
                Ok(true) => after.at < text.len() || text.ends_with('\n'),
                Ok(false) | Err(ScanFault::OpenQuote { .. } | ScanFault::AfterQuote { .. }) => false,
            };
            if whole || self.window.ended() {
                self.mark = after;
                return read.map_err(|_| self.window.file.changed());
            }
            self.window.move_on(self.mark.at)?;
            self.mark.at = 0;
        }
    }
}
