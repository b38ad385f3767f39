//! The worker as HR describes the person.
//!
//! A [`Record`] is one row of an export or one object of an API answer: values under HR's own column names, and the [`Place`] it
//! came from. A record interprets none of its values, and nothing here knows Entra. The one reader of days, [`DayReader`], is here because
//! every room below reads dates.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::day::{Day, DayFormat, DayReader, Guess, Impossible, day_of, day_of_epoch, full_year, is_no_end, plain_moment};
pub(crate) use self::digest::quick_digest;
pub use self::hexadecimal::hex;
pub(crate) use self::invisible::{code_point, hidden_in_key, is_direction_control, is_invisible, trimmed, unspaced};
pub use self::key_damage::{KeyDamage, is_error};
pub(crate) use self::key_damage::{LOST_DIGITS, normal_key};
pub use self::mutex::lock;

mod day;
mod digest;
mod hexadecimal;
mod invisible;
mod key_damage;
mod mutex;

/// The key of a person in HR, such as a personnel number: trimmed and never empty.
///
/// Keys compare exactly: `007` and `7` are two people.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmployeeId(Box<str>);

impl EmployeeId {
    /// Cuts blanks and invisible characters from the ends; a text with nothing else is no key.
    ///
    /// ```
    /// # use hrpush::record::EmployeeId;
    /// assert_eq!(EmployeeId::new(" 10042 ").unwrap().as_str(), "10042");
    /// assert!(EmployeeId::new("  ").is_none());
    /// ```
    pub fn new(text: &str) -> Option<Self> {
        let text = trimmed(text);
        (!text.is_empty()).then(|| Self(text.into()))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Keys are looked up by their text.
impl std::borrow::Borrow<str> for EmployeeId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EmployeeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EmployeeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmployeeId({:?})", &*self.0)
    }
}

impl TryFrom<String> for EmployeeId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text).ok_or("an HR key cannot be empty")
    }
}

impl From<EmployeeId> for String {
    fn from(key: EmployeeId) -> Self {
        key.0.into()
    }
}

/// Where a record stands: the source, and the line or the JSON pointer in it.
///
/// Serialises as `{"source": "employees.csv", "line": 17}` or `{"source": "bamboohr", "pointer": "/data/3"}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The name of the file (without its folder) or of the configured source.
    pub source: Arc<str>,
    /// The spot in it.
    #[serde(flatten)]
    pub at: At,
}

/// The spot of a record within its source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum At {
    /// The line on which the record starts; the first line of a file is 1.
    Line(u64),
    /// The pointer (RFC 6901) of the record in a JSON answer.
    Pointer(Pointer),
    /// The row in the result of a query; the first is 1.
    Row(u64),
}

/// A JSON pointer, boxed twice: every record has a place, which must stay small.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pointer(Box<Box<str>>);

impl std::ops::Deref for Pointer {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<T: Into<Box<str>>> From<T> for Pointer {
    fn from(text: T) -> Self {
        Self(Box::new(text.into()))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            At::Line(line) => write!(f, "{}, line {line}", self.source),
            At::Pointer(pointer) => write!(f, "{} at {}", self.source, &**pointer),
            At::Row(row) => write!(f, "{}, row {row}", self.source),
        }
    }
}

/// One value of a record, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// The source says that there is none (JSON `null`). An empty CSV cell is [`Value::Text`] with no characters.
    Null,
    /// Text, exactly as it stood.
    Text(Box<str>),
    /// A boolean of a typed source.
    Flag(bool),
    /// Several texts, in their order.
    List(Box<[Box<str>]>),
}

impl Value {
    /// Text from anything that is text.
    pub fn text(text: impl Into<Box<str>>) -> Self {
        Self::Text(text.into())
    }

    /// The value as it is lent to expressions.
    pub fn as_cell(&self) -> Cell<'_> {
        match self {
            Self::Null => Cell::Null,
            Self::Text(text) => Cell::Text(text),
            Self::Flag(flag) => Cell::Flag(*flag),
            Self::List(items) => Cell::List(items),
        }
    }
}

impl From<Cell<'_>> for Value {
    fn from(cell: Cell<'_>) -> Self {
        match cell {
            Cell::Null => Self::Null,
            Cell::Text(text) => Self::text(text),
            Cell::Flag(flag) => Self::Flag(flag),
            Cell::List(items) => Self::List(items.into()),
        }
    }
}

/// One value of a record, borrowed from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Absent, or explicitly null in the source. Both mean that HR gives no value.
    Null,
    /// Text, exactly as it stood.
    Text(&'a str),
    /// A boolean of a typed source.
    Flag(bool),
    /// Several texts, in their order.
    List(&'a [Box<str>]),
}

impl Cell<'_> {
    /// Whether nothing, empty text or an empty list stands here.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.is_empty(),
            Self::Flag(_) => false,
            Self::List(items) => items.is_empty(),
        }
    }
}

/// The column names of a reading, shared by all its records. Names are unique.
#[derive(Debug, PartialEq, Eq)]
pub struct Header {
    names: Vec<Box<str>>,
    index: HashMap<Box<str>, usize>,
}

impl Header {
    /// Takes the names in their order, without blanks and invisible characters at their ends.
    ///
    /// # Errors
    /// The first name that stands twice.
    pub fn new<N: Into<Box<str>>>(names: impl IntoIterator<Item = N>) -> Result<Self, Box<str>> {
        let cut = |name: Box<str>| if trimmed(&name).len() == name.len() { name } else { trimmed(&name).into() };
        let names: Vec<Box<str>> = names.into_iter().map(|name| cut(name.into())).collect();
        let mut index = HashMap::with_capacity(names.len());
        for (position, name) in names.iter().enumerate() {
            if index.insert(name.clone(), position).is_some() {
                return Err(name.clone());
            }
        }
        Ok(Self { names, index })
    }

    /// The names in the order of the columns.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(AsRef::as_ref)
    }

    /// The name of a column.
    pub fn name(&self, position: usize) -> Option<&str> {
        self.names.get(position).map(AsRef::as_ref)
    }

    /// The position of a column; names match exactly, but for what is cut from their ends.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.index.get(trimmed(name)).copied()
    }

    /// How many columns there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is no column.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// One worker as HR describes the person.
///
/// A million of them must fit in memory, so the cells of a text record share one buffer.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    header: Arc<Header>,
    place: Place,
    cells: Cells,
}

#[derive(Clone, PartialEq, Eq)]
enum Cells {
    /// All cells are text: one buffer, and where each cell ends in it.
    Text {
        buffer: Box<str>,
        ends: Box<[u32]>,
    },
    /// Text, flags and nulls: as above, with the kind of each cell in the two highest bits of its end.
    Plain {
        buffer: Box<str>,
        ends: Box<[u32]>,
    },
    Typed(Box<[Value]>),
    /// As above, joined by a key that cannot be trusted.
    Doubtful {
        values: Box<[Value]>,
        doubt: Box<Doubt>,
    },
}

/// The cells of a record before its columns are known, packed as those of a [`Record`].
pub(crate) struct UnnamedCells(Cells);

impl UnnamedCells {
    /// Packs cells in their order.
    pub(crate) fn pack<'a>(cells: impl Iterator<Item = Cell<'a>> + Clone) -> Self {
        let (mut bytes, mut count, mut lists) = (0, 0, false);
        for cell in cells.clone() {
            count += 1;
            match cell {
                Cell::Text(text) => bytes += text.len(),
                Cell::List(_) => lists = true,
                Cell::Null | Cell::Flag(_) => {}
            }
        }
        // Lists have no packed form, nor has more text than an end can count.
        if lists || bytes > kind::END as usize {
            return Self(Cells::Typed(cells.map(Value::from).collect()));
        }
        Self(Cells::plain(bytes, count, cells))
    }

    /// The cell at a position, in the order in which they were packed.
    pub(crate) fn get(&self, position: usize) -> Cell<'_> {
        self.0.at(position)
    }
}

/// Why the cells of a record may not be this person's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// A key by which two lists are joined is damaged.
    JoinKey {
        /// The list with the damaged key.
        source: Box<str>,
        /// The column with the key.
        column: Box<str>,
        /// What is wrong with the key.
        fault: JoinFault,
    },
}

/// Why the rows of a joined list may be those of another record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinFault {
    /// The key of the record or of a row is damaged.
    Damage(KeyDamage),
    /// The record has no row, but another row has its key with more or fewer leading zeros.
    Zeros,
    /// The record has no row, and another row has no key.
    NoKey,
}

/// Completes "the key by which … is joined …".
impl fmt::Display for JoinFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damage(damage) => damage.fmt(f),
            Self::Zeros => f.write_str("differs from the record's in leading zeros"),
            Self::NoKey => f.write_str("is empty in a row that may be the record's"),
        }
    }
}

impl Cells {
    /// Text, flags and nulls of which the number and the bytes are known, as far as they are.
    fn plain<'a>(bytes: usize, count: usize, cells: impl Iterator<Item = Cell<'a>>) -> Self {
        let mut buffer = String::with_capacity(bytes);
        let mut ends = Vec::with_capacity(count);
        for cell in cells {
            let kind = match cell {
                Cell::Text(text) => {
                    buffer.push_str(text);
                    kind::TEXT
                }
                Cell::Null => kind::NULL,
                Cell::Flag(false) => kind::FALSE,
                Cell::Flag(true) => kind::TRUE,
                Cell::List(_) => panic!("a row of a database holds no lists"),
            };
            let end = u32::try_from(buffer.len()).ok().filter(|end| *end <= kind::END);
            ends.push(kind | end.expect("a source refuses rows of 1 GiB"));
        }
        Self::Plain { buffer: buffer.into(), ends: ends.into() }
    }

    fn count(&self) -> usize {
        match self {
            Self::Text { ends, .. } | Self::Plain { ends, .. } => ends.len(),
            Self::Typed(values) | Self::Doubtful { values, .. } => values.len(),
        }
    }

    #[inline]
    fn at(&self, position: usize) -> Cell<'_> {
        match self {
            Self::Text { buffer, ends } => {
                let start = if position == 0 { 0 } else { ends[position - 1] as usize };
                Cell::Text(&buffer[start..ends[position] as usize])
            }
            Self::Plain { buffer, ends } => match ends[position] & !kind::END {
                kind::NULL => Cell::Null,
                kind::FALSE => Cell::Flag(false),
                kind::TRUE => Cell::Flag(true),
                _ => {
                    let start = if position == 0 { 0 } else { ends[position - 1] & kind::END };
                    Cell::Text(&buffer[start as usize..(ends[position] & kind::END) as usize])
                }
            },
            Self::Typed(values) | Self::Doubtful { values, .. } => values[position].as_cell(),
        }
    }
}

/// What the two highest bits of an end say in [`Cells::Plain`].
mod kind {
    pub(super) const TEXT: u32 = 0;
    pub(super) const NULL: u32 = 1 << 30;
    pub(super) const FALSE: u32 = 2 << 30;
    pub(super) const TRUE: u32 = 3 << 30;
    pub(super) const END: u32 = NULL - 1;
}

impl Record {
    /// Creates a record in which every cell is text, such as a row of a CSV file.
    ///
    /// # Panics
    /// If there are not as many cells as columns, or more than 4 GiB of text: the source checks both.
    pub fn from_text<'a>(header: Arc<Header>, place: Place, cells: impl IntoIterator<Item = &'a str>) -> Self {
        Self::from_text_of(0, header, place, cells)
    }

    /// The same, where it is known how many bytes the cells have together: then nothing is moved while it is made.
    ///
    /// # Panics
    /// As [`Record::from_text`].
    pub fn from_text_of<'a>(bytes: usize, header: Arc<Header>, place: Place, cells: impl IntoIterator<Item = &'a str>) -> Self {
        let mut buffer = String::with_capacity(bytes);
        let mut ends = Vec::with_capacity(header.len());
        for cell in cells {
            buffer.push_str(cell);
            ends.push(u32::try_from(buffer.len()).expect("a source refuses rows of 4 GiB"));
        }
        assert_eq!(ends.len(), header.len(), "a source refuses ragged rows");
        Self { header, place, cells: Cells::Text { buffer: buffer.into(), ends: ends.into() } }
    }

    /// Creates a record of text, flags and nulls, such as a row of a database. It takes as little memory as one of text alone.
    ///
    /// # Panics
    /// If there are not as many cells as columns, if one is a list, or on more than 1 GiB of text: the source checks all three.
    pub fn from_cells<'a>(header: Arc<Header>, place: Place, cells: impl IntoIterator<Item = Cell<'a>>) -> Self {
        let cells = Cells::plain(0, header.len(), cells.into_iter());
        assert_eq!(cells.count(), header.len(), "a source refuses ragged rows");
        Self { header, place, cells }
    }

    /// Creates a record of cells that stand in the order of the header.
    ///
    /// # Panics
    /// If there are not as many cells as columns.
    pub(crate) fn from_unnamed(header: Arc<Header>, place: Place, cells: UnnamedCells) -> Self {
        assert_eq!(cells.0.count(), header.len(), "a source gives every column a value");
        Self { header, place, cells: cells.0 }
    }

    /// A record with typed cells, such as an object of an API answer.
    ///
    /// # Panics
    /// If there are not as many values as columns.
    pub fn from_values(header: Arc<Header>, place: Place, values: Vec<Value>) -> Self {
        assert_eq!(values.len(), header.len(), "a source gives every column a value");
        Self { header, place, cells: Cells::Typed(values.into()) }
    }

    /// Marks the record: its cells may belong to another person, so the mapping holds it.
    #[must_use]
    pub fn in_doubt(self, doubt: Doubt) -> Self {
        let values = (0..self.header.len()).map(|position| Value::from(self.cell(position))).collect();
        Self { cells: Cells::Doubtful { values, doubt: Box::new(doubt) }, ..self }
    }

    /// Why the cells may not be this person's, where there is a reason.
    pub fn doubt(&self) -> Option<&Doubt> {
        match &self.cells {
            Cells::Doubtful { doubt, .. } => Some(doubt),
            Cells::Text { .. } | Cells::Plain { .. } | Cells::Typed(_) => None,
        }
    }

    /// The record with a part of each text in its place, absent where there is none; nothing where all texts stay as they are.
    pub(crate) fn narrowed(&self, narrow: impl Fn(&str) -> Option<&str>) -> Option<Self> {
        let positions = 0..self.header.len();
        let stays = |text: &str| narrow(text).is_some_and(|part| part.len() == text.len());
        let same = positions.clone().all(|position| match self.cell(position) {
            Cell::Text(text) => stays(text),
            Cell::List(items) => items.iter().all(|item| stays(item)),
            Cell::Null | Cell::Flag(_) => true,
        });
        if same {
            return None;
        }
        let (header, place) = (Arc::clone(&self.header), self.place.clone());
        let cells = positions.map(|position| match self.cell(position) {
            Cell::Text(text) => narrow(text).map_or(Cell::Null, Cell::Text),
            other => other,
        });
        let texts = |cell: Cell<'_>| match cell {
            Cell::List(items) => Value::List(items.iter().filter_map(|item| narrow(item)).map(Into::into).collect()),
            other => Value::from(other),
        };
        Some(match &self.cells {
            Cells::Text { .. } | Cells::Plain { .. } => Self::from_cells(header, place, cells),
            Cells::Typed(_) => Self::from_values(header, place, cells.map(texts).collect()),
            Cells::Doubtful { doubt, .. } => {
                Self::from_values(header, place, cells.map(texts).collect()).in_doubt((**doubt).clone())
            }
        })
    }

    /// The columns, which all records of one reading share.
    pub fn header(&self) -> &Arc<Header> {
        &self.header
    }

    /// Where the record stands.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The cell at a position of the header.
    ///
    /// # Panics
    /// If the header has no such position.
    pub fn cell(&self, position: usize) -> Cell<'_> {
        self.cells.at(position)
    }

    /// The cell of a named column; `None` where the header has no such column.
    pub fn get(&self, name: &str) -> Option<Cell<'_>> {
        self.header.position(name).map(|position| self.cell(position))
    }

    /// All cells with their names, in the order of the columns.
    pub fn cells(&self) -> impl Iterator<Item = (&str, Cell<'_>)> {
        self.header.names().enumerate().map(|(position, name)| (name, self.cell(position)))
    }
}

/// Shows the place and the column names alone: a record is personal data.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("place", &self.place).field("columns", &self.header.names).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place { source: "employees.csv".into(), at: At::Line(2) }
    }

    #[test]
    fn cells_come_back_as_they_stood() {
        let header = Arc::new(Header::new(["Key", "Name", "Note"]).unwrap());
        let record = Record::from_text(Arc::clone(&header), place(), ["007", "", " kept as it is "]);
        assert_eq!(record.get("Key"), Some(Cell::Text("007")));
        assert_eq!(record.get("Name"), Some(Cell::Text("")));
        assert_eq!(record.cell(2), Cell::Text(" kept as it is "));
        assert_eq!(record.get("Other"), None);
    }

    #[test]
    fn null_empty_and_flags_stay_apart() {
        let header = Arc::new(Header::new(["A", "B", "C", "D", "E", "F"]).unwrap());
        let cells = [Cell::Null, Cell::Text(""), Cell::Text("x"), Cell::Flag(true), Cell::Flag(false), Cell::Text("yz")];
        let record = Record::from_cells(header, place(), cells);
        assert_eq!(record.cells().map(|(_, cell)| cell).collect::<Vec<_>>(), cells);
    }

    #[test]
    fn a_doubled_column_is_no_header() {
        assert_eq!(Header::new(["A", "B", "A"]), Err("A".into()));
        assert_eq!(Header::new(["A", "\u{feff}A\u{a0}"]), Err("A".into()));
    }

    #[test]
    fn column_names_match_without_what_nobody_sees_at_their_ends() {
        let header = Header::new(["Status\u{200b}", "\u{a0}Name", "Em\u{ad}pty"]).unwrap();
        assert_eq!(header.names().collect::<Vec<_>>(), ["Status", "Name", "Em\u{ad}pty"]);
        assert_eq!((header.position("Status"), header.position("Name\u{2060}")), (Some(0), Some(1)));
    }

    #[test]
    fn texts_are_narrowed_in_every_kind_of_record() {
        let header = Arc::new(Header::new(["A", "B"]).unwrap());
        let cut = |record: &Record| {
            record
                .narrowed(|text| Some(trimmed(text)))
                .map(|record| record.cells().map(|(_, cell)| Value::from(cell)).collect::<Vec<_>>())
        };
        let text = |text: &str| Value::text(text);
        assert_eq!(cut(&Record::from_text(Arc::clone(&header), place(), ["x", "y z"])), None);
        assert_eq!(cut(&Record::from_text(Arc::clone(&header), place(), ["x\u{200b}", " y"])), Some(vec![text("x"), text("y")]));
        let plain = Record::from_cells(Arc::clone(&header), place(), [Cell::Flag(true), Cell::Text("\u{feff}")]);
        assert_eq!(cut(&plain), Some(vec![Value::Flag(true), text("")]));
        let list = Value::List(["a\u{a0}".into(), "b".into()].into());
        let typed = Record::from_values(header, place(), vec![Value::Null, list]);
        let items = Value::List(["a".into(), "b".into()].into());
        assert_eq!(cut(&typed), Some(vec![Value::Null, items.clone()]));
        let doubt = Doubt::JoinKey { source: "b.csv".into(), column: "Id".into(), fault: JoinFault::NoKey };
        let doubtful = typed.in_doubt(doubt.clone());
        assert_eq!(cut(&doubtful), Some(vec![Value::Null, items]));
        assert_eq!(doubtful.narrowed(|text| Some(trimmed(text))).unwrap().doubt(), Some(&doubt));
    }

    #[test]
    fn a_spot_is_small_since_every_record_has_one() {
        assert_eq!(size_of::<At>(), 16);
    }

    #[test]
    fn debug_shows_no_value() {
        let header = Arc::new(Header::new(["Name"]).unwrap());
        let record = Record::from_values(header, place(), vec![Value::text("Ada")]);
        assert!(!format!("{record:?}").contains("Ada"));
    }

    #[test]
    fn places_serialise_as_the_plan_shows_them() {
        let line = serde_json::to_string(&place()).unwrap();
        assert_eq!(line, r#"{"source":"employees.csv","line":2}"#);
        let pointer = Place { source: "hr".into(), at: At::Pointer("/data/3".into()) };
        assert_eq!(serde_json::to_string(&pointer).unwrap(), r#"{"source":"hr","pointer":"/data/3"}"#);
        let row = Place { source: "hr".into(), at: At::Row(3) };
        assert_eq!(serde_json::to_string(&row).unwrap(), r#"{"source":"hr","row":3}"#);
    }
}
