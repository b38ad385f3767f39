//! Numbers of an answer that are too long to be kept as numbers.

use std::borrow::Cow;

/// An integer with fewer digits always fits 64 bits; one that does not fit would come back with its last digits made up.
const LONG: usize = 19;

/// The JSON text with every long integer in quotes: an id is a text, and all of its digits count.
pub(in crate::source::rest) fn kept(json: &[u8]) -> Cow<'_, [u8]> {
    let mut text: Option<Vec<u8>> = None;
    let mut copied = 0;
    for (start, end) in long_integers(json) {
        let text = text.get_or_insert_with(|| Vec::with_capacity(json.len() + 64));
        text.extend_from_slice(&json[copied..start]);
        text.push(b'"');
        text.extend_from_slice(&json[start..end]);
        text.push(b'"');
        copied = end;
    }
    let Some(mut text) = text else { return Cow::Borrowed(json) };
    text.extend_from_slice(&json[copied..]);
    Cow::Owned(text)
}

/// Where they begin and end, sign included; what stands in texts, fractions and powers is none.
fn long_integers(json: &[u8]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < json.len() {
        match json[at] {
            b'"' => at = past_text(json, at + 1),
            b'-' | b'0'..=b'9' => {
                let run = json[at..].iter().take_while(|byte| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'));
                let end = at + run.count();
                if is_too_long(&json[at..end]) {
                    found.push((at, end));
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    found
}

fn is_too_long(number: &[u8]) -> bool {
    let digits = number.strip_prefix(b"-").unwrap_or(number);
    let integer = digits.len() >= LONG && digits[0] != b'0' && digits.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(number).unwrap_or_default();
    integer && text.parse::<u64>().is_err() && text.parse::<i64>().is_err()
}

/// The position after the quote that closes a text.
fn past_text(json: &[u8], mut at: usize) -> usize {
    while let Some(found) = json.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        if json[at + found] == b'"' {
            return at + found + 1;
        }
        at += found + 2;
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(text: &str) -> Value {
        serde_json::from_slice(&kept(text.as_bytes())).unwrap()
    }

    #[test]
    fn a_long_id_keeps_all_of_its_digits() {
        let long = "123456789012345678901234567890";
        assert_eq!(read(&format!(r#"{{"id": {long}, "below": [-{long},{long}]}}"#))["id"], json!(long));
        assert_eq!(read(long), json!(long));
        assert_eq!(read("[18446744073709551617]"), json!(["18446744073709551617"]));
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        for text in
            [r#"{"a":"\"123456789012345678901 ","b":18446744073709551615,"c":1.123456789012345678901,"d":12e3,"e":0}"#, "\"open"]
        {
            assert_eq!(kept(text.as_bytes()), text.as_bytes());
        }
    }
}
