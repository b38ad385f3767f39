//! Values as bytes, one after the other: how a million people fit into memory, and into the cache.

use super::value::Value;

/// What a value begins with.
const NOTHING: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const LIST: u8 = 3;
/// The number of a word follows.
const WORD: u8 = 4;
/// The userPrincipalName of the user.
const UPN: u8 = 5;
/// Numbers from here on are a text and its length.
const TEXT: usize = 6;

/// A value in the row of a user.
pub(super) enum EncodedValue<'a> {
    /// It stands there, if there is one.
    Own(Option<ValueRef<'a>>),
    /// The word of this number.
    Word(usize),
    /// The value equals the user's userPrincipalName, so the row does not store it again.
    Upn,
}

/// A value that is lent by the row it stands in.
#[derive(Clone, PartialEq, Eq)]
pub enum ValueRef<'a> {
    /// `true` or `false`, stored in one byte.
    Flag(bool),
    /// One text, borrowed from the bytes of the row.
    Text(&'a str),
    /// Several texts, in the order in which the row stores them.
    List(Vec<&'a str>),
}

impl<'a> ValueRef<'a> {
    /// The text, where the value is text.
    pub fn as_text(&self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Flag(_) | Self::List(_) => None,
        }
    }

    /// The value by itself.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Flag(flag) => Value::Flag(*flag),
            Self::Text(text) => Value::text(*text),
            Self::List(items) => Value::List(items.iter().copied().map(Box::from).collect()),
        }
    }
}

/// Appends values to the bytes of one row. [`RowReader`] reads them in the same order.
#[derive(Default)]
pub struct RowWriter(Vec<u8>);

impl RowWriter {
    /// A byte of any meaning.
    pub fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    /// A number, in as few bytes as it takes.
    pub fn number(&mut self, mut number: usize) {
        while number > 0x7f {
            self.0.push(u8::try_from(number & 0x7f).unwrap_or_default() | 0x80);
            number >>= 7;
        }
        self.0.push(u8::try_from(number).unwrap_or_default());
    }

    /// Appends the length of the text and its bytes.
    pub fn text(&mut self, text: &str) {
        self.number(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    /// Appends the number of texts, then each text.
    pub fn texts<T: AsRef<str>>(&mut self, texts: &[T]) {
        self.number(texts.len());
        for text in texts {
            self.text(text.as_ref());
        }
    }

    /// A value, or that there is none.
    pub fn value(&mut self, value: Option<&Value>) {
        match value {
            None => self.byte(NOTHING),
            Some(Value::Flag(flag)) => self.byte(if *flag { TRUE } else { FALSE }),
            Some(Value::Text(text)) => self.text_value(text),
            Some(Value::List(items)) => {
                self.byte(LIST);
                self.texts(items);
            }
        }
    }

    /// A value that is the word of a number.
    pub(super) fn word(&mut self, number: usize) {
        self.byte(WORD);
        self.number(number);
    }

    /// A value that is the userPrincipalName of the user.
    pub(super) fn upn(&mut self) {
        self.byte(UPN);
    }

    /// A value that is text.
    pub fn text_value(&mut self, text: &str) {
        self.number(TEXT + text.len());
        self.bytes(text.as_bytes());
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is written yet.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was written since there were so many bytes.
    pub fn since(&self, length: usize) -> &[u8] {
        &self.0[length..]
    }

    /// Puts another byte in the place of one.
    pub fn set(&mut self, at: usize, byte: u8) {
        self.0[at] = byte;
    }

    /// Takes back what was written since there were so many bytes.
    pub fn truncate(&mut self, length: usize) {
        self.0.truncate(length);
    }

    /// What a row already holds.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Returns the bytes written so far.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Goes on behind these bytes.
impl From<Vec<u8>> for RowWriter {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

/// Reads a row from its begin on. Everything is none where the row is broken.
#[derive(Clone, Copy)]
pub struct RowReader<'a>(pub &'a [u8]);

impl<'a> RowReader<'a> {
    /// Reads the next byte; none at the end of the row.
    #[inline]
    pub fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// Reads the next number of variable length; none where the row ends within it.
    #[inline]
    pub fn number(&mut self) -> Option<usize> {
        // Most lengths are below 128.
        match self.0 {
            [only, rest @ ..] if *only < 0x80 => {
                self.0 = rest;
                Some(usize::from(*only))
            }
            _ => self.long_number(),
        }
    }

    fn long_number(&mut self) -> Option<usize> {
        let mut number = 0_usize;
        for shift in (0..usize::BITS).step_by(7) {
            let byte = self.byte()?;
            number |= usize::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// The next bytes, so many.
    #[inline]
    pub fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (piece, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(piece)
    }

    /// The next bytes, behind their number.
    #[inline]
    pub fn piece(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(length)
    }

    /// Reads the next text; none where the row is too short or the bytes are no UTF-8.
    #[inline]
    pub fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.piece()?).ok()
    }

    /// Steps over the next texts.
    #[inline]
    pub fn skip_texts(&mut self) -> Option<()> {
        (0..self.count()?).try_for_each(|_| self.piece().map(drop))
    }

    fn count(&mut self) -> Option<usize> {
        // A broken row may claim any count: each text takes a byte at least.
        self.number().filter(|count| *count <= self.0.len())
    }

    /// Reads the next list of texts; none where the row is too short for one of them.
    pub fn texts(&mut self) -> Option<Vec<&'a str>> {
        (0..self.count()?).map(|_| self.text()).collect()
    }

    /// The next value, or that there is none.
    pub fn value(&mut self) -> Option<Option<ValueRef<'a>>> {
        match self.coded()? {
            EncodedValue::Own(value) => Some(value),
            EncodedValue::Word(_) | EncodedValue::Upn => None,
        }
    }

    /// The next value of a user, as it stands there.
    #[inline]
    pub(super) fn coded(&mut self) -> Option<EncodedValue<'a>> {
        let head = self.number()?;
        if let Some(length) = head.checked_sub(TEXT) {
            return Some(EncodedValue::Own(Some(ValueRef::Text(std::str::from_utf8(self.take(length)?).ok()?))));
        }
        Some(match u8::try_from(head).unwrap_or_default() {
            FALSE => EncodedValue::Own(Some(ValueRef::Flag(false))),
            TRUE => EncodedValue::Own(Some(ValueRef::Flag(true))),
            LIST => EncodedValue::Own(Some(ValueRef::List(self.texts()?))),
            WORD => EncodedValue::Word(self.number()?),
            UPN => EncodedValue::Upn,
            _ => EncodedValue::Own(None),
        })
    }

    /// Steps over the next value.
    #[inline]
    pub fn skip(&mut self) -> Option<()> {
        let head = self.number()?;
        if let Some(length) = head.checked_sub(TEXT) {
            self.take(length)?;
        } else if head == usize::from(LIST) {
            self.skip_texts()?;
        } else if head == usize::from(WORD) {
            self.number()?;
        }
        Some(())
    }
}
