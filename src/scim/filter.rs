//! Filters and attribute paths as values (RFC 7644, sections 3.4.2.2 and 3.10).

use std::fmt;

use serde_json::Number;

use super::schema;

/// An attribute, one of its elements, or a part of it: `emails[type eq "work"].value`.
///
/// Names keep the case of the sender and compare without it.
///
/// ```
/// # use hrpush::scim::AttributePath;
/// let path: AttributePath = r#"emails[type eq "work"].value"#.parse().unwrap();
/// assert_eq!((&*path.name, path.part.as_deref()), ("emails", Some("value")));
/// assert_eq!(path.to_string(), r#"emails[type eq "work"].value"#);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct AttributePath {
    /// The extension that has the attribute; none for those of the core schema.
    pub urn: Option<Box<str>>,
    /// The name of the attribute.
    pub name: Box<str>,
    /// Which elements of a list are meant.
    pub filter: Option<Box<Filter>>,
    /// The attribute of an object that is meant.
    pub part: Option<Box<str>>,
}

impl AttributePath {
    /// A plain attribute of the core schema.
    pub fn core(name: &str) -> Self {
        Self { urn: None, name: name.into(), filter: None, part: None }
    }

    /// Whether the path is this core attribute, whole and unfiltered.
    pub fn is_core(&self, name: &str) -> bool {
        self.urn.is_none() && self.filter.is_none() && self.part.is_none() && self.name.eq_ignore_ascii_case(name)
    }
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `eq`: the values are equal.
    Eq,
    /// `ne`: the values differ.
    Ne,
    /// `co`: the text contains the other.
    Co,
    /// `sw`: the text starts with the other.
    Sw,
    /// `ew`: the text ends with the other.
    Ew,
    /// `gt`: the value is greater.
    Gt,
    /// `ge`: the value is greater or equal.
    Ge,
    /// `lt`: the value is less.
    Lt,
    /// `le`: the value is less or equal.
    Le,
}

impl Operator {
    /// The operators with their names.
    pub(super) const NAMES: [(&'static str, Self); 9] = [
        ("eq", Self::Eq),
        ("ne", Self::Ne),
        ("co", Self::Co),
        ("sw", Self::Sw),
        ("ew", Self::Ew),
        ("gt", Self::Gt),
        ("ge", Self::Ge),
        ("lt", Self::Lt),
        ("le", Self::Le),
    ];

    /// Whether the operator needs an order of values.
    pub(super) fn is_order(self) -> bool {
        matches!(self, Self::Gt | Self::Ge | Self::Lt | Self::Le)
    }
}

/// The value that an attribute is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A JSON string, or an unquoted word.
    Text(Box<str>),
    /// `true` or `false` in any case.
    Flag(bool),
    /// A JSON number without quotes.
    Number(Number),
    /// The absence of a value.
    Null,
}

/// A condition on a resource or on an element of a list.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// All of them hold.
    And(Vec<Filter>),
    /// One of them holds.
    Or(Vec<Filter>),
    /// It does not hold.
    Not(Box<Filter>),
    /// The attribute has a value.
    Present(AttributePath),
    /// A value of the attribute compares so.
    Compare {
        /// The attribute that is compared.
        path: AttributePath,
        /// How it is compared.
        operator: Operator,
        /// What it is compared with.
        operand: Operand,
    },
    /// One element meets the filter of the path.
    Element(AttributePath),
}

impl Filter {
    /// The comparisons of a filter in which all must hold, where it has no other form.
    pub fn conjunction(&self) -> Option<Vec<(&AttributePath, Operator, &Operand)>> {
        match self {
            Self::Compare { path, operator, operand } => Some(vec![(path, *operator, operand)]),
            Self::And(terms) => {
                let mut all = Vec::new();
                for term in terms {
                    all.extend(term.conjunction()?);
                }
                Some(all)
            }
            _ => None,
        }
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(urn) = &self.urn {
            write!(f, "{urn}:")?;
        }
        f.write_str(&self.name)?;
        if let Some(filter) = &self.filter {
            write!(f, "[{filter}]")?;
        }
        match &self.part {
            Some(part) => write!(f, ".{part}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{}", serde_json::Value::from(&**text)),
            Self::Flag(flag) => flag.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Null => f.write_str("null"),
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(terms) => joined(f, terms, " and "),
            Self::Or(terms) => joined(f, terms, " or "),
            Self::Not(term) => write!(f, "not ({term})"),
            Self::Present(path) => write!(f, "{path} pr"),
            Self::Compare { path, operator, operand } => {
                let name = Operator::NAMES.iter().find(|(_, known)| known == operator).map_or("eq", |(name, _)| name);
                write!(f, "{path} {name} {operand}")
            }
            Self::Element(path) => path.fmt(f),
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, terms: &[Filter], word: &str) -> fmt::Result {
    for (at, term) in terms.iter().enumerate() {
        if at > 0 {
            f.write_str(word)?;
        }
        if matches!(term, Filter::And(_) | Filter::Or(_)) {
            write!(f, "({term})")?;
        } else {
            write!(f, "{term}")?;
        }
    }
    Ok(())
}

/// Splits a name into its extension, the attribute and its part. A URN of the core schema is dropped.
pub(super) fn split(text: &str) -> Option<AttributePath> {
    let (urn, rest) = if let Some((urn, rest)) = schema::after_known_urn(text) {
        ((urn == schema::ENTERPRISE).then_some(urn), rest)
    } else if text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:")) {
        let (urn, rest) = text.rsplit_once(':')?;
        (Some(urn), rest)
    } else {
        (None, text)
    };
    let (name, part) = match rest.split_once('.') {
        Some((name, part)) => (name, Some(part)),
        None => (rest, None),
    };
    let is_name = |name: &str| {
        let rest = name.strip_prefix('$').unwrap_or(name);
        !rest.is_empty() && rest.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'))
    };
    let is_urn = urn.is_none_or(|urn| urn.chars().all(|letter| letter.is_ascii_graphic()));
    (is_urn && is_name(name) && part.is_none_or(is_name)).then(|| AttributePath {
        urn: urn.map(Into::into),
        name: name.into(),
        filter: None,
        part: part.map(Into::into),
    })
}
