//! A user as a row of bytes: how a million of them fit into memory, and into the cache.

use std::fmt;
use std::sync::Arc;

use super::attribute::Attribute;
use super::attributes::Attributes;
use super::ids::{ObjectId, RowId, Upn, UserNo};
use super::row_codec::{EncodedValue, RowReader, RowWriter, ValueRef};
use super::string_pool::StringPool;
use super::user::{User, UserType};

/// What the first byte says: accountEnabled in two bits, then these.
const GUEST: u8 = 1 << 2;
const SYNCED: u8 = 1 << 3;
const RESTRICTED: u8 = 1 << 4;
/// The first address is `SMTP:` and the userPrincipalName, and only it is written.
const UPN_IS_FIRST_ADDRESS: u8 = 1 << 5;
/// What stands before the primary address of a user.
const PRIMARY: &str = "SMTP:";

/// What the rows of one reading have in common.
#[derive(Clone)]
pub(super) struct Layout {
    pub(super) names: Arc<[Attribute]>,
    pub(super) words: StringPool,
}

/// A user that is lent by the row it stands in.
#[derive(Clone, Copy)]
pub struct UserRow<'a> {
    number: UserNo,
    id: RowId<'a>,
    /// All that stands behind the id.
    own: &'a [u8],
    flags: u8,
    /// The userPrincipalName, behind what stands before it as an address.
    name: &'a [u8],
    /// Empty where there is none.
    manager: RowId<'a>,
    rest: &'a [u8],
    layout: &'a Layout,
}

impl<'a> UserRow<'a> {
    /// Reads the row that [`UserRow::put`] wrote.
    pub(super) fn read(number: UserNo, layouts: &'a [Layout], row: &'a [u8]) -> Option<Self> {
        let mut row = RowReader(row);
        let layout = layouts.get(row.number()?)?;
        let id = RowId::read(&mut row)?.given()?;
        let own = row.0;
        let flags = row.byte().filter(|flags| flags & 3 != 3)?;
        let name = row.piece()?;
        let manager = RowId::read(&mut row)?;
        Some(Self { number, id, own, flags, name, manager, rest: row.0, layout })
    }

    /// The number among the users of the snapshot.
    pub fn number(&self) -> UserNo {
        self.number
    }

    /// The object id of the user.
    pub fn id(&self) -> ObjectId {
        self.id.to_id()
    }

    /// Graph's id, as it stands in the row.
    pub fn row_id(&self) -> RowId<'a> {
        self.id
    }

    /// The sign-in name.
    pub fn upn(&self) -> &'a str {
        let name = self.name();
        if self.flags & UPN_IS_FIRST_ADDRESS == 0 { name } else { name.get(PRIMARY.len()..).unwrap_or_default() }
    }

    fn name(&self) -> &'a str {
        std::str::from_utf8(self.name).unwrap_or_default()
    }

    /// accountEnabled; Graph leaves it null for some accounts.
    pub fn enabled(&self) -> Option<bool> {
        match self.flags & 3 {
            0 => None,
            enabled => Some(enabled == 2),
        }
    }

    /// Whether the user is a member or a guest.
    pub fn user_type(&self) -> UserType {
        if self.flags & GUEST == 0 { UserType::Member } else { UserType::Guest }
    }

    /// onPremisesSyncEnabled is true: mastered elsewhere.
    pub fn synced(&self) -> bool {
        self.flags & SYNCED != 0
    }

    /// isManagementRestricted: member of a restricted management administrative unit.
    pub fn restricted(&self) -> bool {
        self.flags & RESTRICTED != 0
    }

    /// The manager's id.
    pub fn manager(&self) -> Option<RowId<'a>> {
        self.manager.given()
    }

    /// All addresses, as Graph lists them (`SMTP:…`, `smtp:…`).
    pub fn proxy_addresses(&self) -> Vec<&'a str> {
        let first = Some(self.name()).filter(|_| self.flags & UPN_IS_FIRST_ADDRESS != 0);
        first.into_iter().chain(RowReader(self.rest).texts().unwrap_or_default()).collect()
    }

    /// Skus assigned directly to the user, where they were asked for.
    pub fn licenses(&self) -> Vec<&'a str> {
        let mut rest = RowReader(self.rest);
        rest.skip_texts().and_then(|()| rest.texts()).unwrap_or_default()
    }

    /// The values of the attributes that were asked for, in their order; accountEnabled is not among them.
    pub fn values(&self) -> Values<'a> {
        let mut rest = RowReader(self.rest);
        let stepped = rest.skip_texts().and_then(|()| rest.skip_texts());
        let names: &[Attribute] = if stepped.is_some() { &self.layout.names } else { &[] };
        Values { row: *self, names, rest }
    }

    /// A value as it stands; accountEnabled is not among them.
    pub fn lent(&self, attribute: &Attribute) -> Option<ValueRef<'a>> {
        self.values().of(*attribute)
    }

    /// The text of an attribute by its name, where it is set and text.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.lent(&Attribute::find(name)?)?.as_text()
    }

    /// The user by itself.
    pub fn to_user(&self) -> User {
        let owned = |texts: Vec<&str>| texts.into_iter().map(Box::from).collect();
        let mut values = self.values();
        User {
            id: self.id(),
            upn: Upn::new(self.upn()),
            enabled: self.enabled(),
            user_type: self.user_type(),
            synced: self.synced(),
            restricted: self.restricted(),
            manager: self.manager().map(RowId::to_id),
            proxy_addresses: owned(self.proxy_addresses()),
            attributes: Attributes::gather(&self.layout.names, |name| values.of(name).map(|value| value.to_value())),
            licenses: owned(self.licenses()),
        }
    }

    /// The row without its id, and behind it a sum by which it is known to be whole: as it is kept between runs. Nothing where these are
    /// not the attributes that the user was read with.
    pub fn kept(&self, names: &Arc<[Attribute]>) -> Option<Vec<u8>> {
        let same = Arc::ptr_eq(names, &self.layout.names) || **names == *self.layout.names;
        same.then(|| checksum(names, self.id.bytes(), self.own))
    }

    /// The row without its id.
    pub(super) fn put(user: &User, layout: &mut Layout, row: &mut RowWriter) {
        // InsertOutcome apart without `..`, so that a new field cannot be left out.
        let User { id: _, upn, enabled, user_type, synced, restricted, manager, proxy_addresses, attributes, licenses } = user;
        let (first, others) = match proxy_addresses.split_first() {
            Some((first, others)) if first.strip_prefix(PRIMARY) == Some(upn.as_str()) => (Some(first), others),
            _ => (None, proxy_addresses.as_slice()),
        };
        let enabled = enabled.map_or(0, |enabled| 1 + u8::from(enabled));
        let flags = [
            (*user_type == UserType::Guest, GUEST),
            (*synced, SYNCED),
            (*restricted, RESTRICTED),
            (first.is_some(), UPN_IS_FIRST_ADDRESS),
        ];
        row.byte(flags.iter().filter(|(set, _)| *set).fold(enabled, |byte, (_, flag)| byte | flag));
        row.text(first.map_or(upn.as_str(), AsRef::as_ref));
        match manager {
            Some(manager) => manager.put(row),
            None => RowId::put_none(row),
        }
        row.texts(others);
        row.texts(licenses);
        // The names of nearly every user are those of the layout, in its order.
        let mut values = Arc::ptr_eq(&layout.names, attributes.names()).then(|| attributes.values());
        for (place, name) in layout.names.iter().enumerate() {
            match values.as_mut().map_or_else(|| attributes.lent(name), |values| values.next().flatten()) {
                Some(ValueRef::Text(text)) if text == upn.as_str() => row.upn(),
                Some(ValueRef::Text(text)) => match layout.words.number(place, text) {
                    Some(word) => row.word(word),
                    None => row.text_value(text),
                },
                other => row.value(other.map(|value| value.to_value()).as_ref()),
            }
        }
    }
}

/// The values of a user, asked for mostly in the order of the names.
#[derive(Clone, Copy)]
pub struct Values<'a> {
    row: UserRow<'a>,
    names: &'a [Attribute],
    rest: RowReader<'a>,
}

impl<'a> Values<'a> {
    /// The value of an attribute that stands behind those that were asked for before, else one of all.
    pub fn of(&mut self, attribute: Attribute) -> Option<ValueRef<'a>> {
        if self.names.first() != Some(&attribute) && !self.names.contains(&attribute) {
            *self = self.row.values();
        }
        while let Some((name, names)) = self.names.split_first() {
            self.names = names;
            if *name == attribute {
                return match self.rest.coded()? {
                    EncodedValue::Own(value) => value,
                    EncodedValue::Word(number) => self.row.layout.words.get(number).map(ValueRef::Text),
                    EncodedValue::Upn => Some(ValueRef::Text(self.row.upn())),
                };
            }
            self.rest.skip()?;
        }
        None
    }
}

/// Bytes with a sum behind them by which they are known to be whole, and to belong to this id, or none, and to these attributes.
pub(super) fn checksum(names: &[Attribute], id: &[u8], bytes: &[u8]) -> Vec<u8> {
    [bytes, &checksum_of(names, id, bytes)].concat()
}

/// What [`checksum`] was given, without the sum; nothing where it is something else or broken.
pub(super) fn checked<'k>(names: &Arc<[Attribute]>, id: &[u8], kept: &'k [u8]) -> Option<&'k [u8]> {
    let (row, sum) = kept.split_last_chunk::<4>()?;
    (checksum_of(names, id, row) == *sum).then_some(row)
}

/// A sum over the id, the row and the number of its attributes: what broke off, or disk or memory damaged, has another one.
fn checksum_of(names: &[Attribute], id: &[u8], row: &[u8]) -> [u8; 4] {
    let mut sum = crc32fast::Hasher::new_with_initial(u32::try_from(names.len()).unwrap_or_default());
    sum.update(id);
    sum.update(row);
    sum.finalize().to_le_bytes()
}

/// Shows the id alone: a user is personal data.
impl fmt::Debug for UserRow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserRow").field("id", &self.id()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{Users, UsersBuilder, Value};

    fn ada() -> User {
        let names = ["department", "businessPhones", "userPrincipalName", "city"];
        let names: Arc<[Attribute]> = names.iter().map(|name| Attribute::find(name).unwrap()).collect();
        let mut user = User::new(ObjectId::new("1").unwrap(), Upn::new("Ada@contoso.com"));
        user.enabled = None;
        user.user_type = UserType::Guest;
        user.restricted = true;
        user.manager = ObjectId::new("6ea91a8d-e32e-41a1-b7bd-d2d185eed0e0");
        user.proxy_addresses = vec!["SMTP:Ada@contoso.com".into(), "smtp:a@contoso.com".into()];
        user.attributes = Attributes::gather(&names, |name| match name.name {
            "department" => Some(Value::text("Ä".repeat(200))),
            "businessPhones" => Some(Value::List([Box::from("+43"), Box::from("")].into())),
            "userPrincipalName" => Some(Value::text("Ada@contoso.com")),
            _ => None,
        });
        user.licenses = vec!["sku".into()];
        user
    }

    /// The users of a tenant that are kept, with what they share.
    fn kept(users: &[User]) -> (Vec<u8>, Vec<Vec<u8>>) {
        let users: Users = users.iter().collect();
        let names = ada().attributes.names().clone();
        (users.words(&names), users.rows().map(|row| row.kept(&names).unwrap()).collect())
    }

    #[test]
    fn a_user_comes_back_as_it_was() {
        for addresses in [vec![], vec!["smtp:Ada@contoso.com".into()], vec!["SMTP:ada@contoso.com".into()], ada().proxy_addresses]
        {
            let user = User { proxy_addresses: addresses, ..ada() };
            let (words, rows) = kept(std::slice::from_ref(&user));
            let mut users = UsersBuilder::default();
            users.set_words(user.attributes.names(), &words).unwrap();
            users.push_kept(&user.id, user.attributes.names(), &rows[0]).unwrap();
            let users: Users = users.finish();
            assert!(users.get(&user.id).unwrap() == user);
            let row = users.row(&user.id).unwrap();
            assert_eq!((row.upn(), row.enabled(), row.licenses()), ("Ada@contoso.com", None, vec!["sku"]));
            assert_eq!(row.text("userPrincipalName"), Some("Ada@contoso.com"));
        }
    }

    #[test]
    fn what_users_share_is_written_once() {
        let users: Vec<User> = (0..100).map(|n| User { id: ObjectId::new(&n.to_string()).unwrap(), ..ada() }).collect();
        let (words, rows) = kept(&users);
        assert!(words.len() > 400 && rows.iter().all(|row| row.len() < 120));
    }

    #[test]
    fn a_row_that_broke_off_or_is_anothers_is_no_user() {
        let (words, rows) = kept(&[ada()]);
        let (names, row) = (ada().attributes.names().clone(), &rows[0]);
        let taken = |id: &str, row: &[u8]| {
            let mut users = UsersBuilder::default();
            users.set_words(&names, &words).unwrap();
            users.push_kept(&ObjectId::new(id).unwrap(), &names, row).is_some()
        };
        for length in 0..row.len() {
            assert!(!taken("1", &row[..length]), "{length}");
        }
        assert!(taken("1", row));
        assert!(!taken("2", row));
        assert!(checked(&names[1..].into(), ada().id.to_row().since(0), row).is_none());
    }

    #[test]
    fn damaged_words_are_none() {
        let (words, _) = kept(&[ada()]);
        let names = ada().attributes.names().clone();
        assert!(UsersBuilder::default().set_words(&names, &words).is_some());
        for at in 0..words.len() {
            let mut damaged = words.clone();
            damaged[at] ^= 1;
            assert!(UsersBuilder::default().set_words(&names, &damaged).is_none(), "{at}");
        }
    }

    #[test]
    fn a_user_is_not_taken_without_the_words_of_its_row() {
        let (_, rows) = kept(&[ada()]);
        assert!(UsersBuilder::default().push_kept(&ada().id, ada().attributes.names(), &rows[0]).is_none());
    }
}
