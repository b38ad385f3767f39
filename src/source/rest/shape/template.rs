//! Texts with named parts: `https://{company}.bamboohr.com`, `/employees/{on}`.

use std::collections::BTreeMap;

use serde_json::Value;

/// A text with named parts in braces; `{{` is a brace.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Name(String),
}

/// Why a text is not a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFault {
    /// The text has an opening brace without a closing one. The text is not shown: it may be a secret.
    #[error("a brace opens and never closes")]
    OpenBrace,
    /// A part has a name that no value is given for.
    #[error("`{{{0}}}` has no value")]
    UnknownName(String),
    /// What braces contain is no name, such as JSON. It is not shown: it may be a secret.
    #[error("the text in braces is no name")]
    NoName,
}

/// How the values of the parts are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quote {
    No,
    Path,
}

impl Template {
    /// Reads a text; every name must be among the known ones.
    ///
    /// # Errors
    /// An unclosed brace, or an unknown name.
    pub fn parse(text: &str, known: &dyn Fn(&str) -> bool) -> Result<Self, TemplateFault> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                plain.push_str(brace);
                rest = after;
            } else if brace == "}" {
                plain.push('}');
            } else {
                let end = rest.find('}').ok_or(TemplateFault::OpenBrace)?;
                let name = &rest[..end];
                if !known(name) {
                    return Err(if is_name(name) { TemplateFault::UnknownName(name.to_owned()) } else { TemplateFault::NoName });
                }
                parts.push(Part::Text(std::mem::take(&mut plain)));
                parts.push(Part::Name(name.to_owned()));
                rest = &rest[end + 1..];
            }
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain));
        parts.retain(|part| *part != Part::Text(String::new()));
        Ok(Self(parts))
    }

    /// Whether it contains this name.
    pub fn names(&self, name: &str) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Name(known) if known == name))
    }

    /// The text with its parts filled in as they are.
    pub(in crate::source::rest) fn fill(&self, values: &Values) -> String {
        self.write(values, Quote::No)
    }

    /// The text with its parts filled in from a configuration.
    pub fn filled(&self, values: &BTreeMap<String, String>) -> String {
        self.fill(&Values(values.clone()))
    }

    /// The text as a path of a URL: what is filled in cannot leave its segment.
    pub(in crate::source::rest) fn fill_path(&self, values: &Values) -> String {
        self.write(values, Quote::Path)
    }

    fn write(&self, values: &Values, quote: Quote) -> String {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Name(name) => {
                    let value = values.0.get(name).map(String::as_str).unwrap_or_default();
                    match quote {
                        Quote::No => text.push_str(value),
                        Quote::Path => text.extend(url::form_urlencoded::byte_serialize(value.as_bytes()).map(|piece| {
                            // A form writes a blank as `+`, which in a path is a plus.
                            if piece == "+" { "%20" } else { piece }
                        })),
                    }
                }
            }
        }
        text
    }

    /// The only part, where the text is one: a number can then stay a number in a JSON body.
    fn only(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Part::Name(name)] => Some(name),
            _ => None,
        }
    }
}

/// Whether a text can be the name of a part.
fn is_name(text: &str) -> bool {
    const LONGEST: usize = 40;
    let usual = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    text.len() <= LONGEST && text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(usual)
}

/// The values of the named parts.
#[derive(Clone, Debug, Default)]
pub(in crate::source::rest) struct Values(pub(in crate::source::rest) BTreeMap<String, String>);

impl Values {
    pub(in crate::source::rest) fn with(&self, name: &str, value: impl Into<String>) -> Self {
        let mut values = self.clone();
        values.0.insert(name.to_owned(), value.into());
        values
    }
}

/// A JSON value with templates as its texts.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A number, a boolean or null.
    Fixed(Value),
    /// A template that yields a text.
    Text(Template),
    /// A list, each item with its own templates.
    List(Vec<Shape>),
    /// An object with fixed names, in their order.
    Object(Vec<(String, Shape)>),
}

impl Shape {
    /// Whether one of its texts contains this name.
    pub(in crate::source::rest) fn names(&self, name: &str) -> bool {
        match self {
            Self::Fixed(_) => false,
            Self::Text(template) => template.names(name),
            Self::List(items) => items.iter().any(|item| item.names(name)),
            Self::Object(entries) => entries.iter().any(|(_, item)| item.names(name)),
        }
    }

    pub(in crate::source::rest) fn fill(&self, values: &Values) -> Value {
        match self {
            Self::Fixed(value) => value.clone(),
            Self::Text(template) => {
                let text = template.fill(values);
                let number = template.only().filter(|name| matches!(*name, "offset" | "page" | "size"));
                match number.and_then(|_| text.parse::<u64>().ok()) {
                    Some(number) => number.into(),
                    None => text.into(),
                }
            }
            Self::List(items) => items.iter().map(|item| item.fill(values)).collect(),
            Self::Object(entries) => {
                Value::Object(entries.iter().map(|(key, shape)| (key.clone(), shape.fill(values))).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> Result<Template, TemplateFault> {
        Template::parse(text, &|name| matches!(name, "on" | "offset"))
    }

    #[test]
    fn what_is_filled_in_cannot_leave_its_segment() {
        let values = Values::default().with("on", "../a b?c#d/ü");
        assert_eq!(template("/employees/{on}/job").unwrap().fill_path(&values), "/employees/..%2Fa%20b%3Fc%23d%2F%C3%BC/job");
        assert_eq!(template("{{x}} {on}").unwrap().fill(&values), "{x} ../a b?c#d/ü");
    }

    #[test]
    fn unknown_names_and_open_braces_are_told() {
        assert_eq!(template("/{nope}").unwrap_err(), TemplateFault::UnknownName("nope".into()));
        for (secret, fault) in [
            ("{on", TemplateFault::OpenBrace),
            (r#"{"user":"u","password":"S3cr3tZZ"}"#, TemplateFault::NoName),
            ("{ S3cr3tZZ }", TemplateFault::NoName),
            ("password=S3cr3tZZ{x", TemplateFault::OpenBrace),
        ] {
            let found = template(secret).unwrap_err();
            assert_eq!(found, fault, "{secret}");
            assert!(!found.to_string().contains("S3cr3tZZ"), "{found}");
        }
    }

    #[test]
    fn a_number_stays_a_number_in_a_body() {
        let shape = Shape::Object(vec![("offset".into(), Shape::Text(template("{offset}").unwrap()))]);
        assert_eq!(shape.fill(&Values::default().with("offset", "50")).to_string(), r#"{"offset":50}"#);
    }
}
