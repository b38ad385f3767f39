//! Users and groups as rows of the cache: short, and read back without a parser.

use std::sync::Arc;

use crate::directory::{Attribute, Attributes, Group, ObjectId, RowReader, RowWriter, Upn, User, UserType};

/// A user without its id. The attributes stand in the order in which they are read.
pub(super) fn pack_user(user: &User, attributes: &Arc<[Attribute]>) -> Vec<u8> {
    let mut out = RowWriter::default();
    // Taken apart without `..`, so that a new field cannot be left out.
    let User { id: _, upn, enabled, user_type, synced, restricted, manager, proxy_addresses, attributes: values, licenses } =
        user;
    let enabled = match enabled {
        None => 0,
        Some(false) => 1,
        Some(true) => 2,
    };
    let flags = [*user_type == UserType::Guest, *synced, *restricted];
    out.byte(flags.iter().enumerate().fold(enabled, |byte, (bit, flag)| byte | u8::from(*flag) << (bit + 2)));
    out.text(upn.as_str());
    out.text(manager.as_ref().map_or("", ObjectId::as_str));
    out.texts(proxy_addresses);
    out.texts(licenses);
    values.put(attributes, &mut out);
    out.into_bytes()
}

/// The user of a row; `None` where the row is none.
pub(super) fn unpack_user(id: ObjectId, row: &[u8], attributes: &Arc<[Attribute]>) -> Option<User> {
    let mut row = RowReader(row);
    let flags = row.byte()?;
    let mut user = User::new(id, Upn::new(row.text()?));
    user.enabled = match flags & 3 {
        0 => None,
        1 => Some(false),
        2 => Some(true),
        _ => return None,
    };
    user.user_type = if flags & 4 == 0 { UserType::Member } else { UserType::Guest };
    user.synced = flags & 8 != 0;
    user.restricted = flags & 16 != 0;
    user.manager = ObjectId::new(row.text()?);
    let owned = |texts: Vec<&str>| texts.into_iter().map(Box::from).collect();
    user.proxy_addresses = owned(row.texts()?);
    user.licenses = owned(row.texts()?);
    user.attributes = Attributes::from_row(attributes, row.0)?;
    Some(user)
}

/// A group, and whether its members are known.
pub(super) fn pack_group(group: &Group, read: bool) -> Vec<u8> {
    serde_json::to_vec(&(group, read)).unwrap_or_default()
}

/// The group of a row; `None` where the row is none.
pub(super) fn unpack_group(row: &[u8]) -> Option<(Group, bool)> {
    serde_json::from_slice(row).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::Value;

    fn ada() -> (User, Arc<[Attribute]>) {
        let attributes: Arc<[Attribute]> = ["department", "businessPhones", "userPrincipalName", "city"]
            .iter()
            .map(|name| Attribute::find(name).unwrap())
            .collect();
        let mut user = User::new(ObjectId::new("1").unwrap(), Upn::new("Ada@contoso.com"));
        user.enabled = None;
        user.user_type = UserType::Guest;
        user.restricted = true;
        user.manager = ObjectId::new("2");
        user.proxy_addresses = vec!["SMTP:ada@contoso.com".into()];
        user.attributes.insert(attributes[0], Value::text("Ä".repeat(200)));
        user.attributes.insert(attributes[1], Value::List([Box::from("+43"), Box::from("")].into()));
        user.attributes.insert(attributes[2], Value::text("Ada@contoso.com"));
        (user, attributes)
    }

    #[test]
    fn a_user_comes_back_as_it_was() {
        let (user, attributes) = ada();
        let row = pack_user(&user, &attributes);
        assert!(unpack_user(user.id.clone(), &row, &attributes).unwrap() == user);
    }

    #[test]
    fn a_row_that_broke_off_is_no_user() {
        let (user, attributes) = ada();
        let row = pack_user(&user, &attributes);
        for length in 0..row.len() {
            assert!(unpack_user(user.id.clone(), &row[..length], &attributes).is_none(), "{length}");
        }
    }
}
