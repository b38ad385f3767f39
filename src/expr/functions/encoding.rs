//! Texts that encode bytes: base64, hexadecimal digits, security identifiers.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

use crate::expr::args::Args;
use crate::expr::function::{Function, Implementation, Kind, Param, example, function, optional, required};
use crate::expr::runtime::{Eval, Stop};
use crate::expr::value::Value;

const SOURCE: Param = required("source", Kind::Text);

pub(super) static ROWS: &[Function] = &[
    function(
        "ConvertToBase64(source)",
        &[SOURCE],
        Kind::Text,
        Implementation::Eager(|args| Ok(args.text(0)?.map_or(Value::Null, |text| Value::owned(to_base64(&text))))),
        "The base64 of the text in UTF-16.",
    )
    .examples(&[example(r#"ConvertToBase64("Hello world!")"#, &[], r#""SABlAGwAbABvACAAdwBvAHIAbABkACEA""#)]),
    function(
        "ConvertFromBase64(source, [encoding])",
        &[SOURCE, optional("encoding", Kind::Text)],
        Kind::Text,
        Implementation::Eager(decoded),
        "The text of a base64, in Unicode (UTF-16), UTF8 or ASCII. A function of cloud sync.",
    )
    .examples(&[
        example(r#"ConvertFromBase64("SGVsbG8gd29ybGQh", UTF8)"#, &[], r#""Hello world!""#),
        example(r#"ConvertFromBase64("SABpAA==")"#, &[], r#""Hi""#),
    ]),
    function(
        "ConvertToUTF8Hex(source)",
        &[SOURCE],
        Kind::Text,
        Implementation::Eager(|args| Ok(args.text(0)?.map_or(Value::Null, |text| Value::owned(to_utf8_hex(&text))))),
        "The bytes of the text in UTF-8, as hexadecimal digits in upper case.",
    )
    .examples(&[example(r#"ConvertToUTF8Hex("Zoë")"#, &[], r#""5A6FC3AB""#)]),
    function(
        "StringFromSid(sid)",
        &[required("sid", Kind::Text)],
        Kind::Text,
        Implementation::Eager(|args| {
            let Some(text) = args.text(0)?.filter(|text| !text.is_empty()) else { return Ok(Value::Null) };
            if text.starts_with("S-1-") {
                return Ok(Value::Text(text));
            }
            let bytes = bytes(args, &text)?;
            let message = "these bytes are not a security identifier";
            string_from_sid(&bytes).map(Value::owned).ok_or_else(|| args.fault_at(0, "bad-sid", message))
        }),
        "The text of a security identifier that is given as base64. A function of cloud sync.",
    )
    .examples(&[example(r#"StringFromSid("AQEAAAAAAAUSAAAA")"#, &[], r#""S-1-5-18""#)])
    .dialect("an identifier that is text already stays"),
];

/// The base64 of a text in UTF-16 (little endian).
///
/// ```
/// # use hrpush::expr::functions::encoding::to_base64;
/// assert_eq!(to_base64("Hi"), "SABpAA==");
/// ```
pub fn to_base64(text: &str) -> String {
    STANDARD.encode(text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>())
}

/// Base64 with or without its padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The bytes of a base64, with or without padding.
fn bytes(args: &Args<'_, '_>, text: &str) -> Result<Vec<u8>, Box<Stop>> {
    LENIENT.decode(text.trim()).map_err(|_| args.fault_at(0, "bad-base64", "this is not base64"))
}

/// An encoding of texts as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-16, little endian.
    Unicode,
    /// Unicode in one to four bytes for each character.
    Utf8,
    /// Seven bits for each character. Bytes above 127 are refused.
    Ascii,
}

impl Encoding {
    /// The text of bytes; `None` if they are not a text of this encoding.
    ///
    /// ```
    /// # use hrpush::expr::functions::encoding::Encoding;
    /// assert_eq!(Encoding::Unicode.decode(b"H\0i\0".to_vec()).as_deref(), Some("Hi"));
    /// assert_eq!(Encoding::Ascii.decode("Zoë".into()), None);
    /// ```
    pub fn decode(self, bytes: Vec<u8>) -> Option<String> {
        match self {
            Self::Utf8 => String::from_utf8(bytes).ok(),
            Self::Ascii => String::from_utf8(bytes).ok().filter(|text| text.is_ascii()),
            Self::Unicode => {
                let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
                String::from_utf16(&units).ok().filter(|_| bytes.len().is_multiple_of(2))
            }
        }
    }
}

fn decoded<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let name = args.text(1)?.unwrap_or_default();
    let Some(text) = args.text(0)? else { return Ok(Value::Null) };
    let bytes = bytes(args, &text)?;
    let encoding = match &*name {
        "" | "Unicode" => Encoding::Unicode,
        "UTF8" => Encoding::Utf8,
        "ASCII" => Encoding::Ascii,
        _ => return Err(args.fault_at(1, "bad-argument", "the encoding is UTF8, Unicode or ASCII")),
    };
    let message = "these bytes are not a text of that encoding";
    encoding.decode(bytes).map(Value::owned).ok_or_else(|| args.fault_at(0, "bad-base64", message))
}

/// The bytes of a text in UTF-8, as hexadecimal digits in upper case.
///
/// ```
/// # use hrpush::expr::functions::encoding::to_utf8_hex;
/// assert_eq!(to_utf8_hex("Zoë"), "5A6FC3AB");
/// ```
pub fn to_utf8_hex(text: &str) -> String {
    let mut hex = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        let _ = write!(hex, "{byte:02X}");
    }
    hex
}

/// The text of the bytes of a security identifier; `None` if they are not one.
///
/// ```
/// # use hrpush::expr::functions::encoding::string_from_sid;
/// assert_eq!(string_from_sid(&[1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0]).as_deref(), Some("S-1-5-18"));
/// assert_eq!(string_from_sid(&[1, 2]), None);
/// ```
pub fn string_from_sid(bytes: &[u8]) -> Option<String> {
    let [revision, count, a, b, c, d, e, f, parts @ ..] = bytes else { return None };
    if parts.len() != usize::from(*count) * 4 {
        return None;
    }
    let authority = u64::from_be_bytes([0, 0, *a, *b, *c, *d, *e, *f]);
    let mut sid = format!("S-{revision}-{authority}");
    for part in parts.chunks_exact(4) {
        let _ = write!(sid, "-{}", u32::from_le_bytes([part[0], part[1], part[2], part[3]]));
    }
    Some(sid)
}
