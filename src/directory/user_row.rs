//! A user as a row of bytes: how a million of them fit into memory, and into the cache.

use std::fmt;
use std::sync::Arc;

use super::attribute::Attribute;
use super::attributes::Attributes;
use super::ids::{ObjectId, RowId, Upn};
use super::row::{Lent, RowReader, RowWriter};
use super::snapshot::{User, UserType};
use super::users::UserNo;

/// What the first byte says: accountEnabled in two bits, then these.
const GUEST: u8 = 1 << 2;
const SYNCED: u8 = 1 << 3;
const RESTRICTED: u8 = 1 << 4;
/// The first address is `SMTP:` and the userPrincipalName, and only it is written.
const UPN_IS_FIRST_ADDRESS: u8 = 1 << 5;
/// What stands before the primary address of a user.
const PRIMARY: &str = "SMTP:";

/// A user that is lent by the row it stands in.
#[derive(Clone, Copy)]
pub struct UserRow<'a> {
    number: UserNo,
    id: RowId<'a>,
    flags: u8,
    /// The userPrincipalName, behind what stands before it as an address.
    name: &'a str,
    /// Empty where there is none.
    manager: RowId<'a>,
    /// Addresses, licences, attributes.
    rest: &'a [u8],
    names: &'a Arc<[Attribute]>,
}

impl<'a> UserRow<'a> {
    /// Reads the row that [`UserRow::put`] wrote.
    pub(super) fn read(number: UserNo, layouts: &'a [Arc<[Attribute]>], row: &'a [u8]) -> Option<Self> {
        let mut row = RowReader(row);
        let names = layouts.get(row.number()?)?;
        let id = RowId::read(&mut row)?.given()?;
        Self::kept(number, id, names, row)
    }

    fn kept(number: UserNo, id: RowId<'a>, names: &'a Arc<[Attribute]>, mut row: RowReader<'a>) -> Option<Self> {
        let flags = row.byte().filter(|flags| flags & 3 != 3)?;
        let name = row.text()?;
        if flags & UPN_IS_FIRST_ADDRESS != 0 && !name.starts_with(PRIMARY) {
            return None;
        }
        let manager = RowId::read(&mut row)?;
        Some(Self { number, id, flags, name, manager, rest: row.0, names })
    }

    /// Whether [`put_kept`] wrote this row for these attributes, and it is whole.
    pub(super) fn is_whole(names: &Arc<[Attribute]>, kept: &[u8]) -> bool {
        let row = UserRow::kept(UserNo::default(), RowId::default(), names, RowReader(kept));
        row.is_some_and(|row| {
            let mut rest = RowReader(row.rest);
            let whole = rest.texts().is_some() && rest.texts().is_some() && names.iter().all(|_| rest.value().is_some());
            whole && rest.0.is_empty()
        })
    }

    /// The number among the users of the snapshot.
    pub fn number(&self) -> UserNo {
        self.number
    }

    /// Graph's id.
    pub fn id(&self) -> ObjectId {
        self.id.to_id()
    }

    /// Graph's id, as it stands in the row.
    pub fn row_id(&self) -> RowId<'a> {
        self.id
    }

    /// The sign-in name.
    pub fn upn(&self) -> &'a str {
        if self.flags & UPN_IS_FIRST_ADDRESS == 0 { self.name } else { &self.name[PRIMARY.len()..] }
    }

    /// accountEnabled; Graph leaves it null for some accounts.
    pub fn enabled(&self) -> Option<bool> {
        match self.flags & 3 {
            0 => None,
            enabled => Some(enabled == 2),
        }
    }

    /// userType.
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
        let first = Some(self.name).filter(|_| self.flags & UPN_IS_FIRST_ADDRESS != 0);
        first.into_iter().chain(RowReader(self.rest).texts().unwrap_or_default()).collect()
    }

    /// Skus assigned directly to the user, where they were asked for.
    pub fn licenses(&self) -> Vec<&'a str> {
        let mut rest = RowReader(self.rest);
        rest.skip_texts().and_then(|()| rest.texts()).unwrap_or_default()
    }

    /// The attributes that were asked for, in their order, and behind them their values.
    pub(crate) fn values(&self) -> (&'a [Attribute], RowReader<'a>) {
        let mut rest = RowReader(self.rest);
        let stepped = rest.skip_texts().and_then(|()| rest.skip_texts());
        (self.names, if stepped.is_some() { rest } else { RowReader(&[]) })
    }

    /// A value as it stands; accountEnabled is not among them.
    pub fn lent(&self, attribute: &Attribute) -> Option<Lent<'a>> {
        let (names, mut values) = self.values();
        for name in names {
            if name == attribute {
                return values.value().flatten();
            }
            values.skip()?;
        }
        None
    }

    /// The text of an attribute by its name, where it is set and text.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.lent(&Attribute::find(name)?)?.as_text()
    }

    /// The user by itself.
    pub fn to_user(&self) -> User {
        let owned = |texts: Vec<&str>| texts.into_iter().map(Box::from).collect();
        User {
            id: self.id(),
            upn: Upn::new(self.upn()),
            enabled: self.enabled(),
            user_type: self.user_type(),
            synced: self.synced(),
            restricted: self.restricted(),
            manager: self.manager().map(RowId::to_id),
            proxy_addresses: owned(self.proxy_addresses()),
            attributes: Attributes::from_row(self.names, self.values().1.0).unwrap_or_default(),
            licenses: owned(self.licenses()),
        }
    }

    /// The row without its id, as it is kept between runs.
    pub fn put_kept(user: &User, names: &Arc<[Attribute]>, row: &mut RowWriter) {
        // Taken apart without `..`, so that a new field cannot be left out.
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
        attributes.put(names, row);
    }
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

    fn kept(user: &User) -> Vec<u8> {
        let mut row = RowWriter::default();
        UserRow::put_kept(user, user.attributes.names(), &mut row);
        row.into_bytes()
    }

    #[test]
    fn a_user_comes_back_as_it_was() {
        for addresses in [vec![], vec!["smtp:Ada@contoso.com".into()], vec!["SMTP:ada@contoso.com".into()], ada().proxy_addresses]
        {
            let user = User { proxy_addresses: addresses, ..ada() };
            let mut users = UsersBuilder::default();
            users.push_kept(&user.id, user.attributes.names(), &kept(&user)).unwrap();
            let users: Users = users.finish();
            assert!(users.get(&user.id).unwrap() == user);
            let row = users.row(&user.id).unwrap();
            assert_eq!((row.upn(), row.enabled(), row.licenses()), ("Ada@contoso.com", None, vec!["sku"]));
        }
    }

    #[test]
    fn a_row_that_broke_off_is_no_user() {
        let row = kept(&ada());
        for length in 0..row.len() {
            assert!(!UserRow::is_whole(ada().attributes.names(), &row[..length]), "{length}");
        }
        assert!(UserRow::is_whole(ada().attributes.names(), &row));
    }
}
