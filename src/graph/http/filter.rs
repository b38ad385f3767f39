//! `OData` filters, built so that no value can become syntax.

use std::fmt;

use crate::directory::Attribute;

/// A text literal of `OData`: quoted, its own quotes doubled.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::graph) struct Literal(String);

impl Literal {
    pub(in crate::graph) fn text(value: &str) -> Self {
        Self(format!("'{}'", value.replace('\'', "''")))
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A condition on an attribute. Only literals enter it.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::graph) struct Filter(String);

impl Filter {
    pub(in crate::graph) fn equals(attribute: Attribute, value: &str) -> Self {
        Self(format!("{} eq {}", attribute.name.replace('.', "/"), Literal::text(value)))
    }

    /// Objects whose mail this is.
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
}
