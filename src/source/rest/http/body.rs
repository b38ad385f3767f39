//! The body of an answer as JSON, whatever its form and charset.

use std::borrow::Cow;

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::{Map, Value};

use super::charset::Charset;
use super::unambiguous_json::Unambiguous;
use crate::record::{Cell, Record};
use crate::source::CsvSettings;
use crate::source::rest::error::RestError;
use crate::source::rest::settings::Format;

/// How an answer is to be read, where the settings say so.
#[derive(Clone, Copy)]
pub(in crate::source::rest) struct BodyFormat<'m> {
    pub(in crate::source::rest) format: Option<Format>,
    pub(in crate::source::rest) encoding: Option<&'m str>,
}

/// Why an answer cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::source::rest) enum Unread {
    /// The charset is unknown, or the bytes are not in it; the text says which.
    Charset(String),
    /// The answer is no document of the expected format, for this reason.
    Form(String),
}

impl Unread {
    /// The fault of the answer to this request.
    pub(in crate::source::rest) fn of(self, what: &str) -> RestError {
        let what = what.to_owned();
        match self {
            Self::Charset(why) => RestError::Undecodable { what, why },
            Self::Form(why) => RestError::Unreadable { what, why },
        }
    }
}

/// The answer as JSON; nothing where there is nothing but blanks.
///
/// # Errors
/// What is wrong with its charset or its form.
pub(in crate::source::rest) fn read(headers: &HeaderMap, body: &[u8], manner: BodyFormat<'_>) -> Result<Option<Value>, Unread> {
    let kind = content_type(headers);
    let format = manner.format.unwrap_or_else(|| named(&kind));
    let charset = Charset { content_type: &kind, configured: manner.encoding, xml: format == Format::Xml };
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    if format == Format::Csv && !charset.is_known(body) {
        return csv(body, None).map(Some).map_err(Unread::Form);
    }
    let text = charset.decode(body).map_err(Unread::Charset)?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    let read = match format {
        Format::Json => json(&text).map_err(|fault| match fault {
            _ if kind.contains("html") => {
                "it is a web page, not data: the sign-in may be missing, or the address is not that of the API".to_owned()
            }
            fault => format!("it is not JSON: {fault}"),
        }),
        Format::Lines => lines(&text),
        Format::Xml => crate::source::rest::shape::xml::read(&text).map_err(|why| format!("it is no XML: {why}")),
        Format::Csv => csv(text.as_bytes(), Some("utf-8")),
    };
    read.map(Some).map_err(Unread::Form)
}

/// A JSON body that is not a list of records: the answer to a request for a token, or an error.
pub(super) fn small(headers: &HeaderMap, body: &[u8]) -> Option<Value> {
    read(headers, body, BodyFormat { format: Some(Format::Json), encoding: None }).ok()?
}

fn content_type(headers: &HeaderMap) -> Cow<'_, str> {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Cow::Owned(kind.to_lowercase())
}

fn named(kind: &str) -> Format {
    let kind = kind.split(';').next().unwrap_or_default();
    match kind {
        kind if kind.contains("ndjson") || kind.contains("jsonl") || kind.contains("json-lines") => Format::Lines,
        kind if kind.contains("xml") => Format::Xml,
        kind if kind.contains("csv") => Format::Csv,
        _ => Format::Json,
    }
}

/// The message of `serde_json` names a line and a column, and no value.
fn json(text: &str) -> serde_json::Result<Value> {
    let Unambiguous(value) = serde_json::from_slice(&crate::source::rest::shape::big_numbers::kept(text.as_bytes()))?;
    Ok(value)
}

/// One JSON value on each line.
fn lines(text: &str) -> Result<Value, String> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let read = |(number, line): (u64, &str)| json(line).map_err(|fault| format!("line {number} is not JSON: {fault}"));
    lines.map(read).collect::<Result<Vec<Value>, String>>().map(Value::Array)
}

/// Delimited text as a list of objects.
fn csv(bytes: &[u8], encoding: Option<&str>) -> Result<Value, String> {
    let settings = CsvSettings { encoding: encoding.map(str::to_owned), ..CsvSettings::default() };
    let reading = crate::source::read_csv_bytes("the answer", bytes, &settings).map_err(|faults| faults.in_one_line())?;
    let text = |cell: Cell<'_>| match cell {
        Cell::Text(text) => Value::String(text.to_owned()),
        _ => Value::Null,
    };
    let object =
        |record: &Record| -> Map<String, Value> { record.cells().map(|(name, cell)| (name.to_owned(), text(cell))).collect() };
    let mut objects = Vec::with_capacity(reading.records.len());
    let read = reading.records.each(|record| objects.push(Value::Object(object(&record))));
    read.map(|()| Value::Array(objects)).map_err(|faults| faults.in_one_line())
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;
    use serde_json::json;

    use super::*;

    fn notes(content_type: &'static str, body: &[u8]) -> Result<Option<Value>, String> {
        let words = |unread| match unread {
            Unread::Charset(why) => format!("charset: {why}"),
            Unread::Form(why) => why,
        };
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        read(&headers, body, BodyFormat { format: None, encoding: None }).map_err(words)
    }

    #[test]
    fn every_form_is_read_with_a_mark_and_in_its_charset() {
        let people = json!([{"n": "Jürgen"}]);
        for (content_type, body) in [
            ("application/json", "\u{feff}[{\"n\":\"Jürgen\"}]".as_bytes()),
            ("application/json;charset=latin1", b"[{\"n\":\"J\xFCrgen\"}]"),
            ("application/x-ndjson", "\u{feff}{\"n\":\"Jürgen\"}\r\n\n".as_bytes()),
            ("application/jsonl; charset=iso-8859-1", b"{\"n\":\"J\xFCrgen\"}\n"),
            ("text/csv", "\u{feff}n\nJürgen\n".as_bytes()),
            ("text/csv; charset=windows-1252", b"n\nJ\xFCrgen\n"),
            ("text/csv", b"n\nJ\xFCrgen\n"),
        ] {
            assert_eq!(notes(content_type, body).unwrap().unwrap(), people, "{content_type}");
        }
        for (content_type, body) in [
            ("application/xml", "\u{feff}<l><n>Jürgen</n></l>".as_bytes()),
            ("text/xml", b"<?xml version='1.0' encoding='ISO-8859-1'?><l><n>J\xFCrgen</n></l>"),
            ("application/xml; charset=iso-8859-1", b"<l><n>J\xFCrgen</n></l>"),
        ] {
            assert_eq!(notes(content_type, body).unwrap().unwrap(), people[0], "{content_type}");
        }
    }

    #[test]
    fn an_answer_that_cannot_be_read_says_why() {
        for (content_type, body, said) in [
            ("text/csv; charset=utf-8", &b"n\nJ\xFCrgen\n"[..], "not utf-8 text"),
            ("text/csv; charset=klingon", b"n\nx\n", "`klingon`"),
            ("application/x-ndjson", b"{\"n\":1}\n{\"n\":", "line 2 is not JSON"),
            ("application/json", b"{\"n\":1}\n{\"n\":2}\n", "it is not JSON: trailing characters"),
            ("text/html; charset=utf-8", b"<html></html>", "it is a web page"),
            ("application/json", "\u{feff}nothing".as_bytes(), "it is not JSON"),
        ] {
            let fault = notes(content_type, body).unwrap_err();
            assert!(fault.contains(said), "{fault}");
        }
        assert_eq!(notes("application/json", "\u{feff} \n".as_bytes()), Ok(None));
        assert_eq!(notes("application/json", b" \n"), Ok(None));
    }

    #[test]
    fn a_key_twice_in_one_object_is_an_error_unless_both_agree() {
        for body in [r#"[{"n":1,"n":2}]"#, r#"{"data":[{"a":{"n":"x","m":1,"n":null}}]}"#, r#"{"total":2,"total":3}"#] {
            let fault = notes("application/json", body.as_bytes()).unwrap_err();
            assert!(fault.contains("an object has one key twice, with different values at line 1"), "{fault}");
        }
        let people = json!([{"n": 1, "big": "123456789012345678901", "f": 1.5, "l": [true, null, -3]}, {"n": 2}]);
        let body = r#"[{"n":1,"n":1,"big":123456789012345678901,"f":1.5,"l":[true,null,-3]},{"n":2}]"#;
        assert_eq!(notes("application/json", body.as_bytes()).unwrap().unwrap(), people);
    }

    #[test]
    fn deep_or_wide_json_is_bounded() {
        let deep = format!("{}1{}", "[".repeat(200_000), "]".repeat(200_000));
        assert!(notes("application/json", deep.as_bytes()).unwrap_err().contains("recursion limit"));
        let wide = format!("{{\"{}\": 1}}", "k".repeat(1 << 20));
        assert!(notes("application/json", wide.as_bytes()).is_ok());
    }
}
