//! The attributes of users and groups: their types, and what RFC 7643 says of each.

/// The URN of core users.
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The URN of core groups.
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The URN of the enterprise extension of users.
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Other spellings of the known URNs: one that occurs in senders' documentation, and those of SCIM 1.1, which templates of senders still
/// have. Taken for extensions of their own, `urn:scim:schemas:core:1.0:active` would be stored and disable no account.
const OTHER_SPELLINGS: [(&str, &str); 3] = [
    ("urn:ietf:params:scim:schemas:extension:enterprise:2.0User", ENTERPRISE),
    ("urn:scim:schemas:extension:enterprise:1.0", ENTERPRISE),
    (OLD_CORE, USER),
];
/// In SCIM 1.1 users and groups share a URN. That of users leads to the same attributes: a path within it loses its URN.
const OLD_CORE: &str = "urn:scim:schemas:core:1.0";

/// The known URNs in all their spellings.
fn spellings() -> impl Iterator<Item = (&'static str, &'static str)> {
    [(USER, USER), (GROUP, GROUP), (ENTERPRISE, ENTERPRISE)].into_iter().chain(OTHER_SPELLINGS)
}

/// The kinds of resources that are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceKind {
    /// A person with an account.
    User,
    /// A set of members.
    Group,
}

/// The type of an attribute's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A string of the RFC.
    Text,
    /// A boolean. Senders also write it as text.
    Flag,
    /// A moment in RFC 3339.
    Moment,
    /// Bytes, which are text in Base64.
    Binary,
    /// The URL of something else.
    Reference,
    /// An object with parts.
    Complex,
}

/// One attribute, as a discovery document describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a characteristic of RFC 7643, and they combine freely")]
pub struct Attribute {
    /// The name in its usual case.
    pub name: &'static str,
    /// The type of its values.
    pub kind: Type,
    /// Whether it is a list.
    pub is_list: bool,
    /// Whether texts compare exactly.
    pub is_exact: bool,
    /// Whether a sender cannot change it.
    pub is_read_only: bool,
    /// Whether a resource always has it.
    pub is_required: bool,
    /// Whether two resources cannot share a value.
    pub is_unique: bool,
    /// The attributes of its objects.
    pub parts: &'static [Attribute],
}

const fn of(name: &'static str, kind: Type) -> Attribute {
    Attribute {
        name,
        kind,
        is_list: false,
        is_exact: false,
        is_read_only: false,
        is_required: false,
        is_unique: false,
        parts: &[],
    }
}

const fn text(name: &'static str) -> Attribute {
    of(name, Type::Text)
}

const fn exact(name: &'static str) -> Attribute {
    Attribute { is_exact: true, ..text(name) }
}

const fn reference(name: &'static str) -> Attribute {
    Attribute { is_exact: true, ..of(name, Type::Reference) }
}

const fn object(name: &'static str, parts: &'static [Attribute]) -> Attribute {
    Attribute { parts, ..of(name, Type::Complex) }
}

const fn list(name: &'static str, parts: &'static [Attribute]) -> Attribute {
    Attribute { is_list: true, ..object(name, parts) }
}

const fn read_only(attribute: Attribute) -> Attribute {
    Attribute { is_read_only: true, ..attribute }
}

const fn required(attribute: Attribute) -> Attribute {
    Attribute { is_required: true, ..attribute }
}

const VALUES: &[Attribute] = &[text("value"), text("display"), text("type"), of("primary", Type::Flag)];
const LINKS: &[Attribute] = &[reference("value"), text("display"), text("type"), of("primary", Type::Flag)];
const CERTIFICATES: &[Attribute] =
    &[Attribute { is_exact: true, ..of("value", Type::Binary) }, text("display"), text("type"), of("primary", Type::Flag)];
const NAME: &[Attribute] = &[
    text("formatted"),
    text("familyName"),
    text("givenName"),
    text("middleName"),
    text("honorificPrefix"),
    text("honorificSuffix"),
];
const ADDRESS: &[Attribute] = &[
    text("formatted"),
    text("streetAddress"),
    text("locality"),
    text("region"),
    text("postalCode"),
    text("country"),
    text("type"),
    of("primary", Type::Flag),
];
const GROUPS_OF_A_USER: &[Attribute] =
    &[read_only(exact("value")), read_only(reference("$ref")), read_only(text("display")), read_only(text("type"))];
const MEMBERS: &[Attribute] = &[exact("value"), reference("$ref"), text("display"), text("type")];
const MANAGER: &[Attribute] = &[exact("value"), reference("$ref"), text("displayName")];

const USERS: &[Attribute] = &[
    Attribute { is_unique: true, ..required(text("userName")) },
    object("name", NAME),
    text("displayName"),
    text("nickName"),
    reference("profileUrl"),
    text("title"),
    text("userType"),
    text("preferredLanguage"),
    text("locale"),
    text("timezone"),
    // A sender may leave it out when a user is created; it is stored as true and cannot be removed.
    required(of("active", Type::Flag)),
    list("emails", VALUES),
    list("phoneNumbers", VALUES),
    list("ims", VALUES),
    list("photos", LINKS),
    list("addresses", ADDRESS),
    read_only(list("groups", GROUPS_OF_A_USER)),
    list("entitlements", VALUES),
    list("roles", VALUES),
    list("x509Certificates", CERTIFICATES),
];
const GROUPS: &[Attribute] = &[Attribute { is_unique: true, ..required(text("displayName")) }, list("members", MEMBERS)];
const ENTERPRISE_PARTS: &[Attribute] = &[
    text("employeeNumber"),
    text("costCenter"),
    text("organization"),
    text("division"),
    text("department"),
    object("manager", MANAGER),
];
const META: &[Attribute] = &[
    read_only(exact("resourceType")),
    read_only(of("created", Type::Moment)),
    read_only(of("lastModified", Type::Moment)),
    read_only(reference("location")),
    read_only(exact("version")),
];
const COMMON: &[Attribute] = &[
    read_only(exact("id")),
    exact("externalId"),
    read_only(object("meta", META)),
    Attribute { is_list: true, ..reference("schemas") },
];

impl ResourceKind {
    /// The path of its endpoint.
    ///
    /// ```
    /// assert_eq!(hrpush::scim::ResourceKind::User.endpoint(), "/Users");
    /// ```
    pub fn endpoint(self) -> &'static str {
        match self {
            Self::User => "/Users",
            Self::Group => "/Groups",
        }
    }

    /// The name of the resource type.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    /// The URN of its core schema.
    pub fn urn(self) -> &'static str {
        match self {
            Self::User => USER,
            Self::Group => GROUP,
        }
    }

    /// The attribute that names a resource of the kind: two live ones of a feed never share it.
    pub fn name_attribute(self) -> &'static str {
        match self {
            Self::User => "userName",
            Self::Group => "displayName",
        }
    }

    /// The attributes of the core schema.
    pub fn attributes(self) -> &'static [Attribute] {
        match self {
            Self::User => USERS,
            Self::Group => GROUPS,
        }
    }

    /// An attribute of the core schema, or one that all resources have; names compare without case.
    pub(super) fn attribute(self, name: &str) -> Option<&'static Attribute> {
        find(self.attributes(), name).or_else(|| find(COMMON, name))
    }
}

impl ResourceKind {
    /// An attribute of the extension that senders take for a part of the core schema.
    pub(super) fn extended(self, name: &str) -> Option<&'static Attribute> {
        if self == Self::User { find(ENTERPRISE_PARTS, name) } else { None }
    }
}

/// The attributes of a schema that the server describes.
pub(super) fn schema(urn: &str) -> Option<&'static [Attribute]> {
    [(USER, USERS), (GROUP, GROUPS), (ENTERPRISE, ENTERPRISE_PARTS)]
        .into_iter()
        .find_map(|(known, attributes)| known.eq_ignore_ascii_case(urn).then_some(attributes))
}

/// The attribute of an extension, where the extension is described.
pub(super) fn extension_attribute(urn: &str, name: &str) -> Option<&'static Attribute> {
    find(schema(urn)?, name)
}

/// The attribute with a name, in any case.
pub(super) fn find(attributes: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

/// The URN in the spelling of the RFC where it is a known one, else as it was sent.
pub(super) fn canonical_urn(urn: &str) -> &str {
    spellings().find(|(spelling, _)| spelling.eq_ignore_ascii_case(urn)).map_or(urn, |(_, known)| known)
}

/// Whether a URN is that of the core schema of users or groups: attributes within it are plain ones.
pub(super) fn is_core_urn(urn: &str) -> bool {
    [USER, GROUP].contains(&canonical_urn(urn))
}

/// Splits a text that begins with a known URN behind it: the URN, and the rest without its separator.
pub(super) fn after_known_urn(text: &str) -> Option<(&'static str, &str)> {
    spellings().find_map(|(spelling, urn)| {
        let begins = text.get(..spelling.len())?.eq_ignore_ascii_case(spelling);
        let rest = &text[spelling.len()..];
        (begins && (rest.is_empty() || rest.starts_with([':', '.']))).then(|| (urn, rest.get(1..).unwrap_or_default()))
    })
}
