//! What can be wrong with a source, each fault with its place.

use std::fmt;

use crate::diagnostic::network::NetworkFault;

/// Where in a file a fault stands; lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultLocation {
    /// The file as it was named.
    pub file: Box<str>,
    /// The line, where the fault is not that of the whole file.
    pub line: Option<u64>,
    /// The column in that line, where one is known.
    pub column: Option<u64>,
}

impl fmt::Display for FaultLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        Ok(())
    }
}

/// One thing that is wrong with a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file, line and column of the fault, as far as they are known.
    pub spot: FaultLocation,
    /// The kind of fault, with the values that its message shows.
    pub kind: FaultKind,
    /// What to do about it, where that is known.
    pub hint: Option<Box<str>>,
}

impl Fault {
    pub(super) fn of_file(file: &str, kind: FaultKind) -> Self {
        Self::at(file, None, None, kind)
    }

    pub(super) fn at(file: &str, line: Option<u64>, column: Option<u64>, kind: FaultKind) -> Self {
        let hint = kind.hint().map(Box::from);
        Self { spot: FaultLocation { file: file.into(), line, column }, kind, hint }
    }

    /// The place and the kind on one line: a column name with a line break cannot begin one of its own.
    fn place(&self) -> String {
        let text = format!("{}: {}", self.spot, self.kind);
        let spelt = |character: char| if character.is_control() { character.escape_unicode().collect() } else { vec![character] };
        text.chars().flat_map(spelt).collect()
    }

    pub(super) fn with_hint(mut self, hint: impl Into<Box<str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.place())?;
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// The kinds of faults a source can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FaultKind {
    /// There is no such file, or no file that fits a pattern.
    #[error("there is no such file")]
    NotFound,
    /// The file is there and cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// A folder where a file was meant.
    #[error("this is a folder, not a file")]
    Folder,
    /// A pipe, a device or a socket.
    #[error("this is a pipe or a device, not a regular file")]
    NotRegular,
    /// The file became another one while it was read.
    #[error("the file changed while it was being read")]
    Changed,
    /// The delivery is not complete yet.
    #[error("not ready to be read: {0}")]
    NotReady(String),
    /// More bytes than the settings allow.
    #[error("the file has more than {most} bytes")]
    TooBig {
        /// The limit in bytes that the settings allow.
        most: u64,
    },
    /// A packed file that cannot be unpacked.
    #[error("the archive is damaged: {0}")]
    Archive(String),
    /// A zip archive in which not exactly one file is meant.
    #[error("{}", members(found, wanted.as_deref()))]
    Members {
        /// The files in the archive.
        found: Vec<String>,
        /// The one that was asked for.
        wanted: Option<String>,
    },
    /// The file has no bytes, or nothing but blank lines.
    #[error("the file is empty")]
    Empty,
    /// The file is no text.
    #[error("this is not a text file but {0}")]
    Binary(String),
    /// A NUL stands in the text.
    #[error("a NUL byte stands in the text: the file is binary or damaged")]
    Nul,
    /// The configured encoding has no such name.
    #[error("no encoding is called `{0}`")]
    UnknownEncoding(String),
    /// Bytes that the encoding does not have.
    #[error("cannot be decoded as {0}")]
    Undecodable(String),
    /// One file in two encodings.
    #[error("the file mixes encodings: this line is {this}, others are {others}")]
    MixedEncoding {
        /// The encoding of the line that is named.
        this: String,
        /// The encoding of the others.
        others: String,
    },
    /// The configured delimiter cannot be one.
    #[error("`{0}` cannot be a delimiter")]
    BadDelimiter(char),
    /// No header row was found.
    #[error("there is no header row")]
    NoHeader,
    /// No row stands below the header.
    #[error("there are no records below the header")]
    NoRecords,
    /// A column name stands twice.
    #[error("the header names the column `{name}` twice, as column {first} and as column {second}")]
    DuplicateHeader {
        /// The name after trimming.
        name: String,
        /// The position where it stands first, from 1.
        first: usize,
        /// The position where it stands again.
        second: usize,
    },
    /// Two columns have no name.
    #[error("the header gives no name to column {first} and to column {second}")]
    Nameless {
        /// The first such position, from 1.
        first: usize,
        /// The next such position, from 1.
        second: usize,
    },
    /// A cell that holds lines which look like rows.
    #[error("a quote opens here, and its cell holds other rows ({lines} found): the people in them would be lost")]
    Swallowed {
        /// How many such lines there are.
        lines: u64,
    },
    /// The column names among the records.
    #[error("the header appears again in this row: two files in one?")]
    HeaderAgain,
    /// The same text in place of every value.
    #[error("every cell of this row has the same text: it is a placeholder, not a record")]
    Placeholders,
    /// A rule of a printed table.
    #[error("this row consists of dashes: it is the rule of a printed table, not a record")]
    Rule,
    /// A row that sums up or counts the others.
    #[error("this row is a total or an end mark, not a record")]
    Total,
    /// A last row that is unlike the records above it.
    #[error("this row ends the report: it counts the rows above, or nothing in it is like them")]
    Trailer,
    /// A row that the settings leave out although it is a record.
    #[error("this row looks like a record, and `skip_footer = {skip}` would drop it")]
    FooterRecord {
        /// The rows that the settings leave out.
        skip: usize,
    },
    /// A value beside the columns of a sheet.
    #[error("a value stands in a column that has no name (cell {cell})")]
    Beside {
        /// The reference of the cell, such as `H12`.
        cell: Box<str>,
    },
    /// Formulas that were never computed.
    #[error("sheet `{sheet}`, cell {cell}: the formula has no stored result{}", others(*more))]
    NoResult {
        /// The name of the sheet.
        sheet: Box<str>,
        /// The first such cell.
        cell: Box<str>,
        /// How many more there are.
        more: u64,
    },
    /// Cells that are merged below the header.
    #[error("sheet `{sheet}`: the cells {range} are merged, so only the first of them has the value{}", others(*more))]
    Merged {
        /// The name of the sheet.
        sheet: Box<str>,
        /// The first such range.
        range: Box<str>,
        /// How many more there are.
        more: u64,
    },
    /// A cell that no sheet has.
    #[error("sheet `{sheet}`: the cell `{reference}` lies outside a sheet, which ends at XFD1048576")]
    OutsideSheet {
        /// The name of the sheet.
        sheet: Box<str>,
        /// The reference as it is written.
        reference: Box<str>,
    },
    /// A sheet with hardly a value in a huge area.
    #[error("sheet `{sheet}`: hardly any cell has a value, but they reach to {cell}")]
    Sparse {
        /// The name of the sheet.
        sheet: Box<str>,
        /// The last cell of the area, such as `XFD1048576`.
        cell: Box<str>,
    },
    /// A guess that yields what is in no text.
    #[error("the encoding was guessed as {encoding}, which yields {found} here: the guess is wrong")]
    WrongGuess {
        /// The name of the guessed encoding.
        encoding: Box<str>,
        /// The character or sequence that proves the guess wrong.
        found: Box<str>,
    },
    /// A row with more or fewer cells than the header.
    #[error("the row has {found} cells, the header has {expected}")]
    Ragged {
        /// The cells of the header.
        expected: usize,
        /// The cells of this row.
        found: usize,
    },
    /// A value below a trailing delimiter, in a column without a name.
    #[error("a value stands in a column that has no name")]
    Unnamed,
    /// The file ends within quotes.
    #[error("a quote opens here and never closes: the file ends inside a cell")]
    OpenQuote,
    /// Something follows a closing quote within a cell.
    #[error("text follows a closing quote")]
    AfterQuote,
    /// A row that no record can hold.
    #[error("the row is longer than 16 MiB")]
    TooLong,
    /// Several files of one reading differ in their columns.
    #[error("the columns differ from those of {first}: {}", difference(missing, surplus))]
    OtherColumns {
        /// The file that the others must agree with.
        first: Box<str>,
        /// The columns that this file lacks.
        missing: Box<[String]>,
        /// The columns that only this file has.
        surplus: Box<[String]>,
    },
    /// A workbook without the configured sheet.
    #[error("there is no sheet `{wanted}`; there are: {}", found.join(", "))]
    NoSheet {
        /// The sheet asked for.
        wanted: String,
        /// The sheets there are.
        found: Vec<String>,
    },
    /// A workbook with a password.
    #[error("the workbook is protected by a password")]
    Locked,
    /// Text that is a document of another kind.
    #[error("this is not a table but {0}")]
    Markup(&'static str),
    /// A rule of the settings names a column that the reading lacks.
    #[error("there is no column `{wanted}`; there are: {}", found.join(", "))]
    NoColumn {
        /// The column asked for.
        wanted: String,
        /// The columns there are.
        found: Vec<String>,
    },
    /// Two files that are joined both have a column.
    #[error("`{name}` is also a column of {first}")]
    SharedColumn {
        /// The name that both files have.
        name: Box<str>,
        /// The file that the other is joined to.
        first: Box<str>,
    },
    /// The HR system or the way to it: it cannot be reached, does not let us in, or broke off.
    #[error("{0}")]
    System(String),
    /// No answer came from the HR system.
    #[error("{message}")]
    Unreached {
        /// The whole message for the terminal.
        message: Box<str>,
        /// The host, and what kept the request from being answered.
        network: Box<NetworkFault>,
    },
    /// The query that the configuration holds.
    #[error("{0}")]
    Query(String),
    /// No file was named at all.
    #[error("no file was named")]
    NoFile,
    /// A service was read, and what it gave does not fit the configuration.
    #[error("{0}")]
    Unfit(String),
}

/// What to do about a page in place of a file.
const WEB_PAGE: &str =
    "if it is a log-in page, the download needs a sign-in; a table in a web page is saved as .xlsx or as CSV UTF-8";

impl FaultKind {
    /// What is wrong, in words that hold no value of the source. The names of columns and sheets are such values, too: where the header is
    /// missing, the first record is in its place. Only names that the settings ask for are repeated.
    ///
    /// ```
    /// # use hrpush::source::FaultKind;
    /// let kind = FaultKind::DuplicateHeader { name: "Lovelace".into(), first: 2, second: 5 };
    /// assert_eq!(kind.without_values(), "the header names columns 2 and 5 alike");
    /// ```
    pub fn without_values(&self) -> String {
        if let Self::Unreached { network, .. } = self {
            return format!("the HR system cannot be reached: {network}");
        }
        self.fixed_words().map_or_else(|| self.counted_words(), str::to_owned)
    }

    /// The words for kinds whose message quotes a text. `None` for the others, each of which is listed, so that a new kind is considered.
    fn fixed_words(&self) -> Option<&'static str> {
        Some(match self {
            Self::Unreadable(_) => "cannot be read",
            Self::NotReady(_) => "not ready to be read",
            Self::Archive(_) => "the archive is damaged",
            Self::Binary(_) => "this is not a text file",
            Self::Markup(_) => "this is not a table",
            Self::System(_) => "the HR system cannot be reached, or refuses the request",
            Self::Query(_) => "the query of the configuration does not fit the database",
            Self::Unfit(_) => "the answer of the HR system does not fit the configuration",
            Self::OutsideSheet { .. } => "a cell lies outside its sheet",
            Self::WrongGuess { .. } => "the encoding was guessed, and the guess is wrong",
            Self::SharedColumn { .. } => "two files that are joined have a column in common",
            Self::Unreached { .. }
            | Self::Members { .. }
            | Self::DuplicateHeader { .. }
            | Self::NoResult { .. }
            | Self::Merged { .. }
            | Self::Sparse { .. }
            | Self::OtherColumns { .. }
            | Self::NoSheet { .. }
            | Self::NoColumn { .. }
            | Self::NotFound
            | Self::Folder
            | Self::NotRegular
            | Self::Changed
            | Self::TooBig { .. }
            | Self::Empty
            | Self::Nul
            | Self::UnknownEncoding(_)
            | Self::Undecodable(_)
            | Self::MixedEncoding { .. }
            | Self::BadDelimiter(_)
            | Self::NoHeader
            | Self::NoRecords
            | Self::Nameless { .. }
            | Self::Swallowed { .. } => {
                return None;
            }
            Self::HeaderAgain
            | Self::Placeholders
            | Self::Rule
            | Self::Total
            | Self::Trailer
            | Self::FooterRecord { .. }
            | Self::Beside { .. }
            | Self::Ragged { .. }
            | Self::Unnamed
            | Self::OpenQuote
            | Self::AfterQuote
            | Self::TooLong
            | Self::Locked
            | Self::NoFile => return None,
        })
    }

    /// The words for kinds that name places and counts.
    fn counted_words(&self) -> String {
        match self {
            Self::Members { found, .. } => format!("the archive holds {} files, and one is needed", found.len()),
            Self::DuplicateHeader { first, second, .. } => format!("the header names columns {first} and {second} alike"),
            Self::NoResult { cell, more, .. } => format!("cell {cell}: the formula has no stored result{}", others(*more)),
            Self::Merged { range, more, .. } => format!("the cells {range} are merged{}", others(*more)),
            Self::Sparse { cell, .. } => format!("hardly any cell has a value, but they reach to {cell}"),
            Self::OtherColumns { first, missing, surplus } => {
                format!("the columns differ from those of {first}: {} missing, {} only here", missing.len(), surplus.len())
            }
            Self::NoSheet { wanted, found } => format!("there is no sheet `{wanted}` among {}", found.len()),
            Self::NoColumn { wanted, found } => format!("there is no column `{wanted}` among {}", found.len()),
            _ => self.to_string(),
        }
    }

    fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Undecodable(_) => "fix the export, or name its encoding: `encoding = \"…\"` in [source]",
            Self::MixedEncoding { .. } => {
                "two exports were probably glued together; export again, or force one: `encoding = \"…\"` in [source]"
            }
            Self::UnknownEncoding(_) => "examples: utf-8, utf-16le, windows-1252, windows-1250, iso-8859-15, shift_jis",
            Self::NoHeader => {
                "the file or its first visible sheet is empty above the records; `sheet` in [source] names another sheet, `header` the columns"
            }
            Self::BadDelimiter(_) => "use one of `,` `;` `|` or a tab",
            Self::Nameless { .. } => {
                "give every column a name; where two header rows stand above the data, let the export write one"
            }
            Self::Swallowed { .. } => {
                "a quote is missing or left over: correct the cell in HR, or let the export double quotes within cells"
            }
            Self::HeaderAgain => "deliver the files apart: `path` in [source] takes a list of files",
            Self::Rule => "let the export write plain CSV, without the lines of a printed table",
            Self::Total | Self::Placeholders => "let the export leave it out",
            Self::Trailer => "let the export leave it out; if it is a person, complete their row in HR",
            Self::FooterRecord { .. } => {
                "this file has no footer of that length: remove `skip_footer` from [source] or the mapping"
            }
            Self::Beside { .. } => "remove it, or give the column a name in the header",
            Self::NoResult { .. } => {
                "open the workbook in a spreadsheet program and save it, or let the program that writes it store values"
            }
            Self::Merged { .. } => "unmerge them, and fill every cell",
            Self::OutsideSheet { .. } => "the workbook is damaged: export it again",
            Self::Sparse { .. } => "delete the stray value, or export the table into a sheet of its own",
            Self::WrongGuess { .. } => {
                "name the encoding: `encoding = \"dos-850\"` or `\"macintosh\"` in [source], or let the export write UTF-8"
            }
            Self::DuplicateHeader { .. } => {
                "rename one of them, or, if the file has no header row, name its columns: `header = […]` in [source]"
            }
            Self::Ragged { .. } => "a cell that holds the delimiter or a line break must stand in quotes",
            Self::OpenQuote => "the export was cut off, or a cell holds a quote that should be doubled",
            Self::AfterQuote => "a quote within a quoted cell must be doubled",
            Self::NoRecords => "an empty list would make all people missing, so it is refused",
            Self::SharedColumn { .. } => "distinguish them: `prefix = \"…\"` in [[source.join]]",
            Self::TooLong => "a quote was probably opened that does not close where it should",
            Self::Folder => "name a file in it; `*` takes the newest match, such as `folder/*.csv`",
            Self::NotRegular => "write it to a file first",
            Self::Changed => {
                "it is still being written: wait, or let `min_age` or `done_file` in [source] say when a delivery is complete"
            }
            Self::NotReady(_) => "run again once the delivery is complete",
            Self::TooBig { .. } => "if it is right, raise `max_mb` in [source]",
            Self::Archive(_) => "fetch the file again",
            Self::Members { .. } => "name one of them: `member = \"…\"` in [source]",
            Self::Nul => "export the file again as plain text",
            Self::Locked => "save it without a password",
            Self::Empty => "the export wrote nothing: check its query and its filter, and export again",
            Self::Markup("a web page") => WEB_PAGE,
            Self::Markup(_) => "open it in a spreadsheet program and save it as .xlsx or as CSV UTF-8",
            _ => return None,
        })
    }
}

fn others(more: u64) -> String {
    if more == 0 { String::new() } else { format!(" (and {more} more)") }
}

fn members(found: &[String], wanted: Option<&str>) -> String {
    let list = found.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
    match (wanted, found.len()) {
        (_, 0) => "there is no file in the archive".to_owned(),
        (Some(wanted), _) => format!("`{wanted}` is not one file of the archive; there are: {list}"),
        (None, count) => format!("the archive holds {count} files: {list}"),
    }
}

fn difference(missing: &[String], surplus: &[String]) -> String {
    let quoted = |names: &[String]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match (missing.is_empty(), surplus.is_empty()) {
        (false, true) => format!("{} missing", quoted(missing)),
        (true, false) => format!("{} only here", quoted(surplus)),
        _ => format!("{} missing, {} only here", quoted(missing), quoted(surplus)),
    }
}

/// Everything that is wrong with a reading: one fault or several, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceErrors {
    /// The faults that are shown; never empty.
    pub faults: Vec<Fault>,
    /// How many more there are of the last kind.
    pub more: u64,
}

impl SourceErrors {
    /// The exit code of a run that ends here: 1 where the HR system failed, 2 where there is something to correct.
    pub fn exit_code(&self) -> u8 {
        if self.faults.iter().any(|fault| matches!(fault.kind, FaultKind::System(_) | FaultKind::Unreached { .. })) {
            1
        } else {
            2
        }
    }

    /// The faults without their hints, for a message that shows line breaks as escapes.
    pub(super) fn in_one_line(&self) -> String {
        self.faults.iter().map(Fault::place).collect::<Vec<_>>().join("; ")
    }
}

impl From<Fault> for SourceErrors {
    fn from(fault: Fault) -> Self {
        Self { faults: vec![fault], more: 0 }
    }
}

impl fmt::Display for SourceErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            // The same hint below each of twenty rows would hide them.
            let repeated = self.faults.get(index + 1).is_some_and(|next| next.hint == fault.hint);
            if repeated {
                write!(f, "{}", fault.place())?;
            } else {
                write!(f, "{fault}")?;
            }
        }
        match self.more {
            0 => Ok(()),
            more => write!(f, "\n… and {more} more"),
        }
    }
}

impl std::error::Error for SourceErrors {}
