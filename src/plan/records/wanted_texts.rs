//! The texts by which a record names an account.

use crate::directory::{Attribute, Value, roles};
use crate::mapping::{Desired, Flow};

/// The text that a record wants for an attribute, where it is one certain text.
pub(in crate::plan) fn wanted_text(desired: &Desired, attribute: Attribute) -> Option<&str> {
    match flow(desired, attribute.name)? {
        Flow::Set(value) => value.as_text(),
        Flow::Clear | Flow::FirstFree(_) => None,
    }
}

/// The text of an attribute, of several candidates the first.
pub(in crate::plan) fn first_text<'d>(desired: &'d Desired, name: &str) -> Option<&'d str> {
    match flow(desired, name)? {
        Flow::Set(value) => value.as_text(),
        Flow::FirstFree(candidates) => candidates.first().and_then(Value::as_text),
        Flow::Clear => None,
    }
}

/// The addresses by which a record names an account: the sign-in name, of several candidates the first, and the mail address.
pub(in crate::plan) fn wanted_addresses(desired: &Desired) -> impl Iterator<Item = (&'static str, &str)> {
    let text = |name| first_text(desired, name);
    let found = [("sign-in name", text(roles::USER_PRINCIPAL_NAME)), ("mail address", text(roles::MAIL))];
    found.into_iter().filter_map(|(what, address)| Some((what, address?)))
}

fn flow<'d>(desired: &'d Desired, name: &str) -> Option<&'d Flow> {
    desired.attributes.iter().find(|wanted| wanted.attribute.name == name).map(|wanted| &wanted.flow)
}
