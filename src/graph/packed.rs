//! Users and groups as rows of the cache: short, and read back without a parser.

use crate::directory::{Attribute, Group, ObjectId, Upn, User, UserType, Value};

/// A user without its id. The attributes stand in the order in which they are read.
pub(super) fn pack_user(user: &User, attributes: &[Attribute]) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    // Taken apart without `..`, so that a new field cannot be left out.
    let User { id: _, upn, enabled, user_type, synced, restricted, manager, proxy_addresses, attributes: values, licenses } =
        user;
    let enabled = match enabled {
        None => 0,
        Some(false) => 1,
        Some(true) => 2,
    };
    let flags = [*user_type == UserType::Guest, *synced, *restricted];
    out.push(flags.iter().enumerate().fold(enabled, |byte, (bit, flag)| byte | u8::from(*flag) << (bit + 2)));
    put(&mut out, upn.as_str());
    put(&mut out, manager.as_ref().map_or("", ObjectId::as_str));
    put_all(&mut out, proxy_addresses);
    put_all(&mut out, licenses);
    for attribute in attributes {
        match values.get(attribute) {
            None => out.push(0),
            Some(Value::Flag(flag)) => out.push(if *flag { 2 } else { 1 }),
            Some(Value::Text(text)) => {
                out.push(3);
                put(&mut out, text);
            }
            Some(Value::List(items)) => {
                out.push(4);
                put_all(&mut out, items);
            }
        }
    }
    out
}

/// The user of a row; `None` where the row is none.
pub(super) fn unpack_user(id: ObjectId, row: &[u8], attributes: &[Attribute]) -> Option<User> {
    let mut row = Row(row);
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
    user.proxy_addresses = row.texts()?;
    user.licenses = row.texts()?;
    for attribute in attributes {
        let value = match row.byte()? {
            0 => continue,
            1 => Value::Flag(false),
            2 => Value::Flag(true),
            3 => Value::text(row.text()?),
            4 => Value::List(row.texts()?.into()),
            _ => return None,
        };
        user.attributes.insert(*attribute, value);
    }
    row.0.is_empty().then_some(user)
}

/// A group, and whether its members are known.
pub(super) fn pack_group(group: &Group, read: bool) -> Vec<u8> {
    serde_json::to_vec(&(group, read)).unwrap_or_default()
}

/// The group of a row; `None` where the row is none.
pub(super) fn unpack_group(row: &[u8]) -> Option<(Group, bool)> {
    serde_json::from_slice(row).ok()
}

fn put_number(out: &mut Vec<u8>, mut number: usize) {
    while number > 0x7f {
        out.push(u8::try_from(number & 0x7f).unwrap_or_default() | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap_or_default());
}

fn put(out: &mut Vec<u8>, text: &str) {
    put_number(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

fn put_all(out: &mut Vec<u8>, texts: &[Box<str>]) {
    put_number(out, texts.len());
    for text in texts {
        put(out, text);
    }
}

struct Row<'a>(&'a [u8]);

impl<'a> Row<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<usize> {
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

    fn text(&mut self) -> Option<&'a str> {
        let length = self.number()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    fn texts(&mut self) -> Option<Vec<Box<str>>> {
        let count = self.number()?;
        // A broken row may claim any count: each text takes a byte at least.
        (count <= self.0.len()).then_some(())?;
        (0..count).map(|_| self.text().map(Box::from)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ada() -> (User, Vec<Attribute>) {
        let attributes: Vec<Attribute> = ["department", "businessPhones", "userPrincipalName", "city"]
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
