//! The form of values in columns: ids as 16 bytes, moments as numbers, long documents compressed.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use jiff::Timestamp;
use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlResult, ToSqlOutput, Value, ValueRef};
use uuid::Uuid;

use super::StoreError;
use crate::apply::RequestKind;
use crate::directory::ObjectId;
use crate::mapping::LeaveAction;

/// The id of an object as a column has it: 16 bytes of a UUID, else text.
pub(super) struct IdColumn<'a>(pub(super) &'a ObjectId);

impl ToSql for IdColumn<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0.uuid() {
            Some(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
            None => ToSqlOutput::Owned(Value::Text(self.0.to_string())),
        })
    }
}

/// An id that was read; none where the column has a text that is no id.
pub(super) struct StoredId(pub(super) Option<ObjectId>);

impl FromSql for StoredId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(Self(match value {
            ValueRef::Null => None,
            ValueRef::Blob(bytes) => bytes.try_into().ok().map(ObjectId::from_uuid),
            other => ObjectId::new(other.as_str()?),
        }))
    }
}

/// A text that is a UUID most times, such as Graph's request-id: as 16 bytes where it comes back the same.
pub(super) struct UuidText<'a>(pub(super) &'a str);

impl ToSql for UuidText<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let uuid = Uuid::try_parse(self.0).ok();
        let uuid = uuid.filter(|uuid| uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == self.0);
        Ok(match uuid {
            Some(uuid) => ToSqlOutput::Owned(Value::Blob(uuid.as_bytes().to_vec())),
            None => ToSqlOutput::Borrowed(ValueRef::Text(self.0.as_bytes())),
        })
    }
}

/// A text that was kept by [`UuidText`] or [`IdColumn`].
pub(super) struct StoredText(pub(super) Option<String>);

impl FromSql for StoredText {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(Self(match value {
            ValueRef::Null => None,
            ValueRef::Blob(bytes) => Uuid::from_slice(bytes).ok().map(|uuid| uuid.to_string()),
            other => Some(other.as_str()?.to_owned()),
        }))
    }
}

/// A document, compressed. The fastest level: a plan of JSON shrinks to a tenth with any.
pub(super) fn packed(document: &str) -> Result<Vec<u8>, StoreError> {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(document.as_bytes()).and_then(|()| packer.finish()).map_err(StoreError::Compressed)
}

/// A document that was compressed. A damaged one is an error: zlib has a sum over it.
pub(super) fn unpacked(bytes: &[u8]) -> Result<String, StoreError> {
    let mut document = String::new();
    ZlibDecoder::new(bytes).read_to_string(&mut document).map_err(StoreError::Compressed)?;
    Ok(document)
}

/// A count or a number as SQLite keeps it.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A moment as a number of microseconds.
pub(super) fn micros(moment: Timestamp) -> i64 {
    moment.as_microsecond()
}

/// A number of microseconds as the text of a moment.
pub(super) fn moment(micros: i64) -> String {
    super::text(Timestamp::from_microsecond(micros).unwrap_or_default())
}

/// The kinds of requests by their numbers. A number is never given to another kind.
const KINDS: [RequestKind; 14] = [
    RequestKind::CreateUser,
    RequestKind::UpdateUser,
    RequestKind::SetManager,
    RequestKind::ClearManager,
    RequestKind::RevokeSessions,
    RequestKind::RemoveLicenses,
    RequestKind::DeleteUser,
    RequestKind::RestoreUser,
    RequestKind::CreateGroup,
    RequestKind::UpdateGroup,
    RequestKind::AddMembers,
    RequestKind::RemoveMember,
    RequestKind::CreateTap,
    RequestKind::SetPassword,
];

/// The number of a kind of request.
pub(super) fn kind_number(kind: RequestKind) -> i64 {
    number_among(&KINDS, &kind)
}

/// The kind of a number; an update where a later version wrote one that this version does not have.
pub(super) fn kind_of(number: i64) -> RequestKind {
    usize::try_from(number).ok().and_then(|at| KINDS.get(at)).copied().unwrap_or(RequestKind::UpdateUser)
}

/// The kind of a name, as schema 3 kept it.
pub(super) fn kind_named(name: &str) -> RequestKind {
    KINDS.into_iter().find(|kind| kind.as_str() == name).unwrap_or(RequestKind::UpdateUser)
}

/// The actions on leaving, each a bit of `leave_done`. A place is never given to another action.
const LEAVE_ACTIONS: [LeaveAction; 4] =
    [LeaveAction::RevokeSessions, LeaveAction::RemoveFromManagedGroups, LeaveAction::RemoveLicenses, LeaveAction::ClearManager];

/// These actions as bits.
pub(super) fn leave_bits<'l>(actions: impl IntoIterator<Item = &'l LeaveAction>) -> i64 {
    actions.into_iter().fold(0, |bits, action| bits | 1 << number_among(&LEAVE_ACTIONS, action))
}

/// The actions of these bits.
pub(super) fn leave_actions(bits: i64) -> impl Iterator<Item = LeaveAction> {
    LEAVE_ACTIONS.into_iter().filter(move |action| bits & leave_bits([action]) != 0)
}

fn number_among<T: PartialEq>(all: &[T], one: &T) -> i64 {
    let at = all.iter().position(|known| known == one).expect("the table has every one");
    i64::try_from(at).expect("the table is short")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_and_an_action_come_back_as_they_were_kept() {
        for kind in KINDS {
            assert_eq!((kind_of(kind_number(kind)), kind_named(kind.as_str())), (kind, kind));
        }
        for bits in 0..16 {
            assert_eq!(leave_bits(&leave_actions(bits).collect::<Vec<_>>()), bits);
        }
    }

    #[test]
    fn a_damaged_document_is_an_error() {
        let document = "{\"changes\":[]}".repeat(50);
        let mut bytes = packed(&document).unwrap();
        assert!(bytes.len() < document.len() / 5);
        assert_eq!(unpacked(&bytes).unwrap(), document);
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0xff;
        assert!(unpacked(&bytes).is_err());
        bytes.truncate(middle);
        assert!(unpacked(&bytes).is_err());
    }
}
