//! Bodies as JSON without ambiguity: no name twice, bounded depth, and no password.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::error::ScimError;

/// The deepest nesting of a body. SCIM itself needs five.
pub const MAX_DEPTH: usize = 32;

/// Parses a body. A password is taken out before anything else sees it.
///
/// # Errors
/// `invalidSyntax` for text that is no JSON, is nested too deeply, or has a name twice: two values for `active` could mean either.
///
/// ```
/// # use hrpush::scim::parse_json;
/// assert_eq!(parse_json(br#"{"userName":"ada","password":"x"}"#).unwrap()["password"], serde_json::Value::Null);
/// assert!(parse_json(br#"{"active":false,"Active":true}"#).is_err());
/// ```
pub fn parse_json(bytes: &[u8]) -> Result<Value, ScimError> {
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    let parsed = Seed { depth: 0 }.deserialize(&mut parser).and_then(|value| parser.end().map(|()| value));
    // The text of serde's error may quote a value; its place is enough.
    parsed.map_err(|fault| {
        let reason = if fault.is_data() {
            fault.to_string()
        } else {
            format!("no JSON at line {}, column {}", fault.line(), fault.column())
        };
        ScimError::syntax(format!("the body cannot be read: {reason}"))
    })
}

/// Whether a name or a path ends in the attribute `password`.
pub(super) fn is_password(name: &str) -> bool {
    let last = name.rsplit([':', '.']).next().unwrap_or(name);
    last.trim().eq_ignore_ascii_case("password")
}

struct Seed {
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Seed {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let depth = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Self { depth })? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let depth = self.deeper()?;
        let mut object = Map::new();
        let mut folded = std::collections::HashSet::new();
        while let Some(name) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(Self { depth })?;
            if !folded.insert(name.to_ascii_lowercase()) {
                return Err(Error::custom("a name occurs twice in one object"));
            }
            if !is_password(&name) {
                object.insert(name, value);
            }
        }
        Ok(object.into())
    }
}

impl Seed {
    fn deeper<E: Error>(&self) -> Result<usize, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format!("it is nested deeper than {MAX_DEPTH} levels")));
        }
        Ok(self.depth + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_and_doubled_names_are_bounded() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(parse_json(nested(MAX_DEPTH).as_bytes()).is_ok());
        for bad in
            [nested(MAX_DEPTH + 1), nested(100_000), r#"{"a":1,"A":2}"#.into(), "{} {}".into(), "{\"a\":".into(), String::new()]
        {
            assert_eq!(parse_json(bad.as_bytes()).unwrap_err().kind, Some(super::super::ErrorKind::InvalidSyntax));
        }
    }

    #[test]
    fn a_password_is_dropped_wherever_it_is_named() {
        let body = r#"{"PassWord":"s3cret","urn:ietf:params:scim:schemas:core:2.0:User:password":"s3cret",
            "Operations":[{"op":"replace","value":{"password":"s3cret","title":"x"}}]}"#;
        let parsed = parse_json(body.as_bytes()).unwrap();
        assert!(!parsed.to_string().contains("s3cret") && parsed.to_string().contains("title"));
    }

    #[test]
    fn a_fault_quotes_no_value() {
        let fault = parse_json(br#"{"userName": ada.brandt}"#).unwrap_err();
        assert!(!fault.detail.contains("ada"), "{fault}");
    }
}
