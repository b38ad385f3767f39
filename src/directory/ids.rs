//! Typed ids, parsed once.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::row_codec::{RowReader, RowWriter};

/// The id of an object in the directory, as Graph spells it.
///
/// Graph's ids are UUIDs, of which a million take little room; any other text that could be an id is kept as it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectId(Form);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Form {
    Uuid(Uuid),
    Text(Box<str>),
}

impl ObjectId {
    /// Takes an id that Graph gave; an empty text or one that could leave a URL's path segment is none.
    ///
    /// ```
    /// # use hrpush::directory::ObjectId;
    /// assert_eq!(ObjectId::new("6ea91a8d-e32e-41a1-b7bd-d2d185eed0e0").unwrap().to_string(), "6ea91a8d-e32e-41a1-b7bd-d2d185eed0e0");
    /// assert!(ObjectId::new("../me").is_none());
    /// ```
    pub fn new(text: &str) -> Option<Self> {
        let uuid = Uuid::try_parse(text).ok();
        // Only as Graph spells it: an id comes back as it was given.
        if let Some(uuid) = uuid.filter(|uuid| uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text) {
            return Some(Self(Form::Uuid(uuid)));
        }
        let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
        (!text.is_empty() && text != "." && text != ".." && text.chars().all(safe)).then(|| Self(Form::Text(text.into())))
    }

    /// The id of a person at a target that knows people by their HR key. Characters that no id has are written as `~` and two
    /// hexadecimal digits for each byte.
    ///
    /// ```
    /// # use hrpush::directory::ObjectId;
    /// let id = ObjectId::of_key("E/1042").unwrap();
    /// assert_eq!((id.to_string().as_str(), id.key().as_str()), ("E~2F1042", "E/1042"));
    /// assert!(ObjectId::of_key("").is_none());
    /// ```
    pub fn of_key(key: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') || (byte == b'.' && key.len() > 2);
        let mut text = String::with_capacity(key.len());
        for byte in key.bytes() {
            if plain(byte) {
                text.push(char::from(byte));
            } else {
                text.push('~');
                text.push_str(&hexadecimal(byte));
            }
        }
        Self::new(&text)
    }

    /// The HR key that [`ObjectId::of_key`] made the id of.
    pub fn key(&self) -> String {
        let text = self.to_string();
        let mut parts = text.split('~');
        let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
        for part in parts {
            let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
            bytes.extend(u8::from_str_radix(digits, 16).ok());
            bytes.extend_from_slice(rest.as_bytes());
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The bytes of an id that is a UUID, as nearly all are: a store keeps these 16 in place of the text.
    ///
    /// ```
    /// # use hrpush::directory::ObjectId;
    /// let id = ObjectId::new("6ea91a8d-e32e-41a1-b7bd-d2d185eed0e0").unwrap();
    /// assert_eq!(ObjectId::from_uuid(*id.uuid().unwrap()), id);
    /// ```
    pub fn uuid(&self) -> Option<&[u8; 16]> {
        match &self.0 {
            Form::Uuid(uuid) => Some(uuid.as_bytes()),
            Form::Text(_) => None,
        }
    }

    /// The id of these bytes.
    pub fn from_uuid(bytes: [u8; 16]) -> Self {
        Self(Form::Uuid(Uuid::from_bytes(bytes)))
    }

    /// The id as it stands in a row.
    pub(super) fn to_row(&self) -> RowWriter {
        let mut row = RowWriter::default();
        self.put(&mut row);
        row
    }

    /// Lends the id as it stands in a row; nothing is allocated for a UUID.
    pub(super) fn lend<T>(&self, take: impl FnOnce(&[u8]) -> T) -> T {
        match &self.0 {
            Form::Uuid(uuid) => {
                let mut row = [UUID; 17];
                row[1..].copy_from_slice(uuid.as_bytes());
                take(&row)
            }
            Form::Text(_) => take(self.to_row().since(0)),
        }
    }

    /// Writes the id into a row.
    pub(super) fn put(&self, row: &mut RowWriter) {
        match &self.0 {
            Form::Uuid(uuid) => {
                row.byte(UUID);
                row.bytes(uuid.as_bytes());
            }
            Form::Text(text) => {
                row.byte(TEXT);
                row.text(text);
            }
        }
    }
}

/// Two digits, in upper case.
fn hexadecimal(byte: u8) -> String {
    format!("{byte:02X}")
}

const NONE: u8 = 0;
const UUID: u8 = 1;
const TEXT: u8 = 2;

/// An id that is lent by the row it stands in: two are equal where the ids are.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId<'a>(&'a [u8]);

impl<'a> RowId<'a> {
    /// Reads an id; one that is empty where the row says that there is none.
    pub(super) fn read(row: &mut RowReader<'a>) -> Option<Self> {
        let bytes = row.0;
        match row.byte()? {
            NONE => return Some(Self::default()),
            UUID => drop(row.take(16)?),
            TEXT => drop(row.text()?),
            _ => return None,
        }
        Some(Self(&bytes[..bytes.len() - row.0.len()]))
    }

    /// The id, unless it is empty.
    pub(super) fn given(self) -> Option<Self> {
        Some(self).filter(|id| !id.0.is_empty())
    }

    /// Writes that there is no id.
    pub(super) fn put_none(row: &mut RowWriter) {
        row.byte(NONE);
    }

    /// The bytes that stand for it.
    pub(super) fn bytes(self) -> &'a [u8] {
        self.0
    }

    /// The id by itself.
    pub fn to_id(self) -> ObjectId {
        let mut row = RowReader(self.0);
        ObjectId(match row.byte() {
            Some(UUID) => Form::Uuid(Uuid::from_slice(row.0).unwrap_or_default()),
            _ => Form::Text(row.text().unwrap_or_default().into()),
        })
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Uuid(uuid) => fmt::Display::fmt(uuid, f),
            Form::Text(text) => f.write_str(text),
        }
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectId({self})")
    }
}

impl TryFrom<String> for ObjectId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text).ok_or("this is not the id of an object")
    }
}

impl From<ObjectId> for String {
    fn from(id: ObjectId) -> Self {
        id.to_string()
    }
}

/// The id of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TenantId(pub String);

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A userPrincipalName: a local part, one `@`, a domain.
///
/// The spelling is kept; two that differ in case alone are the same name, as in Entra.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Upn(Box<str>);

impl Upn {
    /// Takes the text as it stands; whether Graph would take it is the catalogue's matter.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The name as it is spelt.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as it is compared.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }

    /// What stands before the `@`.
    pub fn local_part(&self) -> &str {
        self.0.split_once('@').map_or(&self.0, |(local, _)| local)
    }

    /// What stands behind the `@`.
    pub fn domain(&self) -> Option<&str> {
        self.0.rsplit_once('@').map(|(_, domain)| domain)
    }
}

impl PartialEq for Upn {
    fn eq(&self, other: &Self) -> bool {
        self.folded() == other.folded()
    }
}

impl Eq for Upn {}

impl fmt::Display for Upn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Shows the domain alone: a name is personal data.
impl fmt::Debug for Upn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upn(…@{})", self.domain().unwrap_or_default())
    }
}

/// The number of a user among `Users`: the same as long as these are not changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserNo(u32);

impl UserNo {
    /// The place in a list with an entry for each of `Users::numbers`.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The number at that place.
    pub fn new(index: usize) -> Self {
        // A tenant has far fewer than four thousand million users.
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }
}
