//! Live accounts without a key that look like somebody whom a plan would create.

use std::collections::HashMap;

use super::diff::hold;
use super::index::TextOf;
use super::inputs::Inputs;
use super::matching::{Matching, wanted_text};
use super::plain::plain;
use super::unique::addresses;
use crate::directory::{Attribute, UserNo, UserRow, Users, Value};
use crate::mapping::{Desired, Flow, Held, HeldCode};

/// The accounts that no record matches and whose first match attribute is empty.
pub(super) struct Unclaimed<'a> {
    users: &'a Users,
    addresses: HashMap<String, UserNo>,
    names: HashMap<(String, String), UserNo>,
}

impl<'a> Unclaimed<'a> {
    pub(super) fn new(inputs: &'a Inputs<'a>, matching: &Matching<'_>) -> Self {
        let first = inputs.rules.matching.first();
        let users = &inputs.snapshot.users;
        let mut unclaimed = Self { users, addresses: HashMap::new(), names: HashMap::new() };
        for user in users.rows() {
            let keyed = first.is_some_and(|attribute| user.text_of(*attribute).is_some());
            if !keyed && !matching.is_claimed(user.number()) {
                unclaimed.insert(&user);
            }
        }
        unclaimed
    }

    fn insert(&mut self, user: &UserRow<'_>) {
        for address in addresses(user) {
            self.addresses.insert(address.to_lowercase(), user.number());
        }
        if let (Some(given), Some(surname)) = (user.text("givenName"), user.text("surname")) {
            self.names.insert((plain(given), plain(surname)), user.number());
        }
    }

    /// Holds a person for whom an account may exist already.
    pub(super) fn check(&self, desired: &Desired) -> Result<(), Box<Held>> {
        if self.addresses.is_empty() {
            return Ok(());
        }
        let text = |name: &str| Attribute::find(name).and_then(|attribute| wanted_text(desired, attribute));
        let upn = desired.attributes.iter().find(|wanted| wanted.attribute.name == "userPrincipalName");
        let upn = upn.and_then(|wanted| match &wanted.flow {
            Flow::Set(value) => value.as_text(),
            Flow::FirstFree(candidates) => candidates.first().and_then(Value::as_text),
            Flow::Clear => None,
        });
        let by_address = |address: Option<&str>| self.addresses.get(&address?.to_lowercase()).copied();
        let hit = by_address(upn).map(|id| ("sign-in name", id)).or_else(|| Some(("mail address", by_address(text("mail"))?)));
        let hit = hit.or_else(|| {
            let names = (plain(text("givenName")?), plain(text("surname")?));
            Some(("given name and surname", *self.names.get(&names)?))
        });
        let Some((what, user)) = hit else { return Ok(()) };
        let id = self.users.at(user).id();
        let message = format!("the user {id} has the same {what} and no key: it may be the account of this person");
        let help = "if it is, set the first match attribute on that account; if not, give it a key of its own";
        Err(hold(desired, HeldCode::PossibleDuplicate, message, help))
    }
}
