//! Texts that stand for bytes: base64, hexadecimal digits, security identifiers.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

use crate::expr::args::Args;
use crate::expr::evaluate::{Eval, fault};
use crate::expr::value::Value;

pub(crate) fn to_base64<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let Some(text) = args.text(0)? else { return Ok(Value::Null) };
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    Ok(Value::owned(STANDARD.encode(bytes)))
}

pub(crate) fn from_base64<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let encoding = args.text(1)?.unwrap_or_default();
    let Some(text) = args.text(0)? else { return Ok(Value::Null) };
    let bytes = decode(args, &text)?;
    let decoded = match &*encoding {
        "" | "Unicode" => {
            let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
            String::from_utf16(&units).ok().filter(|_| bytes.len() % 2 == 0)
        }
        "UTF8" => String::from_utf8(bytes).ok(),
        "ASCII" => String::from_utf8(bytes).ok().filter(|text| text.is_ascii()),
        _ => return Err(fault(args.place(1), "bad-argument", "the encoding is UTF8, Unicode or ASCII")),
    };
    decoded.map(Value::owned).ok_or_else(|| fault(args.place(0), "bad-base64", "these bytes are no text of that encoding"))
}

/// Base64 with or without its padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn decode(args: &Args<'_, '_>, text: &str) -> Eval<'static, Vec<u8>> {
    LENIENT.decode(text.trim()).map_err(|_| fault(args.place(0), "bad-base64", "this is no base64"))
}

pub(crate) fn to_utf8_hex<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let Some(text) = args.text(0)? else { return Ok(Value::Null) };
    let mut hex = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        let _ = write!(hex, "{byte:02X}");
    }
    Ok(Value::owned(hex))
}

pub(crate) fn string_from_sid<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let Some(text) = args.text(0)?.filter(|text| !text.is_empty()) else { return Ok(Value::Null) };
    if text.starts_with("S-1-") {
        return Ok(Value::Text(text));
    }
    let bytes = decode(args, &text)?;
    let wrong = || fault(args.place(0), "bad-sid", "these bytes are no security identifier");
    let [revision, count, a, b, c, d, e, f, rest @ ..] = bytes.as_slice() else { return Err(wrong()) };
    if rest.len() != usize::from(*count) * 4 {
        return Err(wrong());
    }
    let authority = u64::from_be_bytes([0, 0, *a, *b, *c, *d, *e, *f]);
    let mut sid = format!("S-{revision}-{authority}");
    for part in rest.chunks_exact(4) {
        let _ = write!(sid, "-{}", u32::from_le_bytes([part[0], part[1], part[2], part[3]]));
    }
    Ok(Value::owned(sid))
}
