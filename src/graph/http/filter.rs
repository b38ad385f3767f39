//! `OData` filters, built so that no value can become syntax.

use std::fmt;

use crate::directory::{Attribute, ExtensionType, Kind};

/// A text literal of `OData`: quoted, its own quotes doubled.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::graph) struct Literal(String);

impl Literal {
    pub(in crate::graph) fn text(value: &str) -> Self {
        Self(format!("'{}'", value.replace('\'', "''")))
    }

    /// A literal of the attribute's type. A value of another type stays a text, which Graph refuses.
    fn of(attribute: Attribute, value: &str) -> Self {
        let bare = match attribute.extension_type() {
            None | Some(ExtensionType::String | ExtensionType::Binary) => None,
            Some(kind) => kind.canonical(value).ok(),
        };
        bare.map_or_else(|| Self::text(value), Self)
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Attributes that `eq` finds in Graph's index alone, by the table of advanced queries. Parts of complex values count as the whole.
const INDEXED: [&str; 14] = [
    "companyName",
    "employeeHireDate",
    "employeeLeaveDateTime",
    "employeeOrgData",
    "employeeType",
    "faxNumber",
    "mobilePhone",
    "officeLocation",
    "onPremisesExtensionAttributes",
    "onPremisesImmutableId",
    "passwordPolicies",
    "postalCode",
    "preferredLanguage",
    "streetAddress",
];

/// Whether a look-up by this attribute needs an advanced query. The index may lag behind the directory.
pub(in crate::graph) fn needs_index(attribute: Attribute) -> bool {
    let whole = attribute.name.split('.').next().unwrap_or_default();
    INDEXED.contains(&whole)
}

/// A condition on an attribute. Only literals enter it.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::graph) struct Filter(String);

impl Filter {
    pub(in crate::graph) fn equals(attribute: Attribute, value: &str) -> Self {
        let (name, literal) = (attribute.name.replace('.', "/"), Literal::of(attribute, value));
        if attribute.kind == Kind::List {
            return Self(format!("{name}/any(x:x eq {literal})"));
        }
        Self(format!("{name} eq {literal}"))
    }

    /// Matches objects with this mail.
    pub(in crate::graph) fn mail(address: &str) -> Self {
        Self(format!("mail eq {}", Literal::text(address)))
    }

    /// Objects that have this proxy address, as the primary one or another.
    pub(in crate::graph) fn proxy_address(address: &str) -> Self {
        let of = |scheme: &str| format!("p eq {}", Literal::text(&format!("{scheme}:{address}")));
        Self(format!("proxyAddresses/any(p:{} or {})", of("smtp"), of("SMTP")))
    }

    pub(in crate::graph) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(Literal::text("O'Brien").to_string(), "'O''Brien'");
        let mail = Attribute::find("mail").unwrap();
        assert_eq!(Filter::equals(mail, "x' or 1 eq 1 or 'a").as_str(), "mail eq 'x'' or 1 eq 1 or ''a'");
    }

    #[test]
    fn an_address_is_looked_for_in_both_spellings() {
        let wanted = "proxyAddresses/any(p:p eq 'smtp:o''b@c.d' or p eq 'SMTP:o''b@c.d')";
        assert_eq!(Filter::proxy_address("o'b@c.d").as_str(), wanted);
    }

    #[test]
    fn parts_of_a_complex_value_are_paths() {
        let attribute = Attribute::find("onPremisesExtensionAttributes.extensionAttribute1").unwrap();
        assert_eq!(Filter::equals(attribute, "a").as_str(), "onPremisesExtensionAttributes/extensionAttribute1 eq 'a'");
    }

    #[test]
    fn lists_are_searched_item_by_item_and_extensions_by_their_type() {
        let mails = Attribute::find("otherMails").unwrap();
        assert_eq!(Filter::equals(mails, "o'b@c.d").as_str(), "otherMails/any(x:x eq 'o''b@c.d')");
        let number = Attribute::find("extension_0123456789abcdef0123456789abcdef_filternumber").unwrap();
        assert_eq!(Filter::equals(number, "7").as_str(), "extension_0123456789abcdef0123456789abcdef_filternumber eq '7'");
        number.set_extension_type(ExtensionType::Integer);
        assert_eq!(Filter::equals(number, "7").as_str(), "extension_0123456789abcdef0123456789abcdef_filternumber eq 7");
        assert_eq!(Filter::equals(number, "7 or 1 eq 1").as_str().matches('\'').count(), 2, "no value becomes syntax");
        let day = Attribute::find("extension_0123456789abcdef0123456789abcdef_filterday").unwrap();
        day.set_extension_type(ExtensionType::DateTime);
        let wanted = "extension_0123456789abcdef0123456789abcdef_filterday eq 2026-01-31T00:00:00Z";
        assert_eq!(Filter::equals(day, "2026-01-31").as_str(), wanted);
        assert_eq!(Filter::equals(day, "2026-01-31T00:00:00.0000000Z").as_str(), wanted);
    }

    #[test]
    fn attributes_that_only_the_index_finds_are_known() {
        let needs = |name: &str| needs_index(Attribute::find(name).unwrap());
        let indexed =
            ["companyName", "onPremisesExtensionAttributes.extensionAttribute1", "onPremisesImmutableId", "mobilePhone"];
        assert!(indexed.into_iter().all(needs));
        assert!(!["employeeId", "userPrincipalName", "mail", "mailNickname", "displayName", "otherMails"].into_iter().any(needs));
    }
}
