//! What the catalogue says of an attribute.

use super::pattern::Pattern;

/// What an attribute holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One text that compares with regard to case.
    Text,
    /// One text that compares without regard to case: userPrincipalName, mail, mailNickname.
    Name,
    /// A date, written as midnight UTC.
    Date,
    /// `true` or `false`, such as accountEnabled.
    Flag,
    /// A collection of texts, such as businessPhones.
    List,
}

/// The system that names an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vocabulary {
    /// Microsoft Graph; other targets translate the name.
    Graph,
    /// SCIM, by its path: only a target that speaks SCIM has the attribute.
    Scim,
}

/// One row of the catalogue.
#[derive(Debug)]
pub struct Spec {
    /// Graph's name, with a dot for a part of a complex value.
    pub name: &'static str,
    /// The system that the name is from.
    pub vocabulary: Vocabulary,
    /// The type of the value, which decides how it is read, compared and written.
    pub kind: Kind,
    /// The most characters (of each item for a list); none documented means no limit.
    pub max_length: Option<usize>,
    /// The most items of a list.
    pub max_items: Option<usize>,
    /// Whether Graph takes null for it.
    pub clearable: bool,
    /// Whether only the service, or an action of its own, writes it.
    pub read_only: bool,
    /// Whether acting on an administrator needs a higher role: see "sensitive actions" of the Graph users page.
    pub sensitive: bool,
    /// The least application permission, where the common `User.ReadWrite.All` is not it.
    pub permission: &'static str,
    /// The rule on its characters.
    pub pattern: Pattern,
}
