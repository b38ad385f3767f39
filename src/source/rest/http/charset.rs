//! The text of an answer, by its byte order mark, the charset of its `Content-Type` and the declaration of an XML document.
//!
//! A charset that is unknown, or that the bytes contradict, is an error: a name that is decoded wrongly would be written to the tenant.

use std::borrow::Cow;

use encoding_rs::{DecoderResult, Encoding, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE};

use crate::source::files::code_page::{CodePage, decode_dos};

/// What names the charset of an answer beside its own bytes.
pub(in crate::source::rest) struct Charset<'c> {
    /// The header `Content-Type`.
    pub(super) content_type: &'c str,
    /// `encoding` of `[source]`, which outranks everything but a byte order mark.
    pub(in crate::source::rest) configured: Option<&'c str>,
    /// Whether the answer may have an XML declaration.
    pub(in crate::source::rest) xml: bool,
}

/// Where a charset is named.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Settings,
    Header,
    Declaration,
}

impl Origin {
    fn name(self) -> &'static str {
        match self {
            Self::Settings => "`encoding` of [source]",
            Self::Header => "its Content-Type",
            Self::Declaration => "its XML declaration",
        }
    }
}

impl Charset<'_> {
    /// Whether a mark, a header or the settings name the charset.
    pub(in crate::source::rest) fn is_known(&self, bytes: &[u8]) -> bool {
        self.configured.is_some() || Encoding::for_bom(bytes).is_some() || in_header(self.content_type).is_some()
    }

    /// Decodes the whole answer, without its byte order mark.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(in crate::source::rest) fn decode<'b>(&self, bytes: &'b [u8]) -> Result<Cow<'b, str>, String> {
        if bytes.starts_with(&[0, 0, 0xFE, 0xFF]) || bytes.starts_with(&[0xFF, 0xFE, 0, 0]) {
            return Err("it is UTF-32 text, which is not supported".to_owned());
        }
        let text = if let Some((encoding, length)) = Encoding::for_bom(bytes) {
            by_encoding(&bytes[length..], encoding, "its byte order mark")?
        } else if let Some((label, origin)) = self.named(bytes)? {
            by_label(bytes, &label, origin)?
        } else if let Some(encoding) = utf16_by_nuls(bytes) {
            by_encoding(bytes, encoding, "its first characters")?
        } else {
            std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| "it is not UTF-8 text, and names no charset".to_owned())?
        };
        if text.contains('\0') {
            return Err("it has a NUL character: its charset is another one, or it is not text".to_owned());
        }
        // Two parts that were joined each bring their own mark.
        Ok(match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim_start_matches('\u{feff}')),
            Cow::Owned(text) if text.starts_with('\u{feff}') => Cow::Owned(text.trim_start_matches('\u{feff}').to_owned()),
            owned @ Cow::Owned(_) => owned,
        })
    }

    /// The charset that is named, and where. A header and a declaration that disagree leave nothing to trust.
    fn named(&self, bytes: &[u8]) -> Result<Option<(String, Origin)>, String> {
        if let Some(label) = self.configured {
            return Ok(Some((label.to_owned(), Origin::Settings)));
        }
        let header = in_header(self.content_type);
        let declared = if self.xml { in_declaration(bytes) } else { None };
        if let (Some(header), Some(declared)) = (&header, &declared)
            && CodePage::named(header) != CodePage::named(declared)
            && !bytes.is_ascii()
        {
            return Err(format!("its Content-Type names the charset `{header}`, its XML declaration `{declared}`"));
        }
        Ok(header.map(|label| (label, Origin::Header)).or(declared.map(|label| (label, Origin::Declaration))))
    }
}

fn by_label<'b>(bytes: &'b [u8], label: &str, origin: Origin) -> Result<Cow<'b, str>, String> {
    let unknown = || format!("{} names the charset `{label}`, which is unknown", origin.name());
    let encoding = match CodePage::named(label).ok_or_else(unknown)? {
        CodePage::Dos(_, upper) => return Ok(Cow::Owned(decode_dos(bytes, upper))),
        CodePage::Web(encoding) if encoding == REPLACEMENT => return Err(unknown()),
        CodePage::Web(encoding) => encoding,
    };
    if encoding == UTF_16LE || encoding == UTF_16BE {
        return match utf16_by_nuls(bytes) {
            // Without a mark the bytes show their order.
            Some(encoding) => by_encoding(bytes, encoding, origin.name()),
            // .NET writes `encoding="utf-16"` into documents that are then sent as UTF-8: the declaration could not be read otherwise.
            None if origin == Origin::Declaration => by_encoding(bytes, UTF_8, "its first characters"),
            None => Err(contradicted(encoding, origin.name())),
        };
    }
    let guessed_wrong = origin != Origin::Settings && encoding.is_single_byte() && !bytes.is_ascii();
    if guessed_wrong && std::str::from_utf8(bytes).is_ok() {
        let name = encoding.name().to_ascii_lowercase();
        return Err(format!("it is UTF-8 text although {} names the charset `{name}`", origin.name()));
    }
    by_encoding(bytes, encoding, origin.name())
}

/// Decodes without replacing anything.
fn by_encoding<'b>(bytes: &'b [u8], encoding: &'static Encoding, origin: &str) -> Result<Cow<'b, str>, String> {
    if encoding == UTF_8 {
        return std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| contradicted(encoding, origin));
    }
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(bytes.len());
    let mut text = String::with_capacity(room);
    let (result, _) = decoder.decode_to_string_without_replacement(bytes, &mut text, true);
    // Bytes without a character decode as control characters.
    let controls = |text: &str| text.chars().any(|character| matches!(character, '\u{80}'..='\u{9f}'));
    if matches!(result, DecoderResult::Malformed(..)) || (encoding.is_single_byte() && controls(&text)) {
        return Err(contradicted(encoding, origin));
    }
    Ok(Cow::Owned(text))
}

fn contradicted(encoding: &'static Encoding, origin: &str) -> String {
    let name = encoding.name().to_ascii_lowercase();
    format!("it is not {name} text, although {origin} says so")
}

/// The charset of a `Content-Type`.
fn in_header(content_type: &str) -> Option<String> {
    let mut parameters = content_type.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let (_, value) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    let label = value.trim().trim_matches(['"', '\'']).trim();
    (!label.is_empty()).then(|| crate::source::rest::error::plain(label))
}

/// A declaration is longer than this only by mistake.
const DECLARATION: usize = 400;

/// The encoding of an XML declaration; in UTF-16 its letters lie between NULs.
fn in_declaration(bytes: &[u8]) -> Option<String> {
    let start: String = bytes.iter().take(DECLARATION).filter(|byte| **byte != 0).map(|byte| char::from(*byte)).collect();
    let declaration = start.strip_prefix("<?xml")?.split("?>").next()?;
    let (_, rest) = declaration.split_once("encoding")?;
    let value = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let label = value[1..].split(quote).next()?.trim();
    (!label.is_empty()).then(|| crate::source::rest::error::plain(label))
}

/// UTF-16 without a mark: the first character of JSON and XML is an ASCII one, which has a NUL before or behind it.
fn utf16_by_nuls(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [0, 0, ..] => None,
        [0, _, ..] => Some(UTF_16BE),
        [_, 0, ..] => Some(UTF_16LE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], content_type: &str, configured: Option<&str>, xml: bool) -> Result<String, String> {
        Charset { content_type, configured, xml }.decode(bytes).map(Cow::into_owned)
    }

    fn utf16(text: &str, little: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    }

    #[test]
    fn a_mark_is_cut_and_outranks_every_name() {
        for content_type in ["application/json", "application/json; charset=iso-8859-1", "text/xml; charset=nonsense"] {
            assert_eq!(read("\u{feff}{\"ü\":1}".as_bytes(), content_type, Some("utf-16"), false).unwrap(), "{\"ü\":1}");
            for little in [true, false] {
                assert_eq!(read(&utf16("\u{feff}[\"ü\"]", little), content_type, None, false).unwrap(), "[\"ü\"]");
            }
        }
        assert_eq!(read("\u{feff}\u{feff}[]".as_bytes(), "", None, false).unwrap(), "[]");
        assert!(read(&[0xFF, 0xFE, 0, 0, b'[', 0, 0, 0], "", None, false).unwrap_err().contains("UTF-32"));
    }

    #[test]
    fn the_charset_of_the_header_is_honoured() {
        for (label, bytes) in [
            ("iso-8859-1", &b"[\"M\xFCller\"]"[..]),
            ("\"Windows-1252\"", b"[\"M\xFCller\"]"),
            ("windows-1250", b"[\"M\xFCller\"]"),
            ("IBM850", b"[\"M\x81ller\"]"),
            ("UTF-8", "[\"Müller\"]".as_bytes()),
        ] {
            let content_type = format!("application/json; v=1; Charset={label}");
            assert_eq!(read(bytes, &content_type, None, false).unwrap(), "[\"Müller\"]", "{label}");
        }
        for little in [true, false] {
            assert_eq!(read(&utf16("[\"ü\"]", little), "application/json; charset=utf-16", None, false).unwrap(), "[\"ü\"]");
            assert_eq!(read(&utf16("[\"ü\"]", little), "application/json", None, false).unwrap(), "[\"ü\"]");
        }
    }

    #[test]
    fn the_charset_of_the_declaration_is_honoured() {
        for declared in ["encoding=\"ISO-8859-1\"", "encoding = 'windows-1252' standalone='yes'"] {
            let text = [format!("<?xml version=\"1.0\" {declared}?><a>M").as_bytes(), b"\xFCller</a>"].concat();
            assert!(read(&text, "text/xml", None, true).unwrap().ends_with("<a>Müller</a>"), "{declared}");
        }
        let wide = "<?xml version='1.0' encoding='UTF-16'?><a>Müller</a>";
        for little in [true, false] {
            assert_eq!(read(&utf16(wide, little), "text/xml", None, true).unwrap(), wide);
        }
        assert_eq!(read(wide.as_bytes(), "text/xml", None, true).unwrap(), wide);
    }

    #[test]
    fn a_charset_that_is_unknown_or_wrong_is_an_error() {
        let latin = b"[\"M\xFCller\"]";
        for (bytes, content_type, said) in [
            (&latin[..], "application/json", "it is not UTF-8 text, and names no charset"),
            (latin, "application/json; charset=utf-8", "it is not utf-8 text, although its Content-Type says so"),
            (latin, "application/json; charset=klingon", "names the charset `klingon`, which is unknown"),
            (latin, "application/json; charset=hz-gb-2312", "which is unknown"),
            (latin, "application/json; charset=utf-16", "it is not utf-16le text"),
            ("[\"ü\"]".as_bytes(), "application/json; charset=iso-8859-1", "it is UTF-8 text although its Content-Type names"),
            (b"[\"M\x81ller\"]", "application/json; charset=windows-1252", "it is not windows-1252 text"),
            (b"[\"a\0\"]", "application/json", "NUL"),
        ] {
            let fault = read(bytes, content_type, None, false).unwrap_err();
            assert!(fault.contains(said), "{fault}");
        }
        let xml = "<?xml version='1.0' encoding='utf-8'?><a>ü</a>".as_bytes();
        let fault = read(xml, "text/xml; charset=iso-8859-1", None, true).unwrap_err();
        assert!(fault.contains("`iso-8859-1`, its XML declaration `utf-8`"), "{fault}");
        assert!(read(xml, "text/xml; charset=iso-8859-1", Some("utf-8"), true).is_ok());
    }

    proptest::proptest! {
        #[test]
        fn text_survives_every_charset_that_is_named(text in "[a-zA-Z0-9{}\u{a0}-\u{ff}]{0,40}") {
            let text = format!("[{text}");
            let latin: Vec<u8> = text.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect();
            for label in ["iso-8859-1", "windows-1252"] {
                let decoded = read(&latin, &format!("application/json; charset={label}"), None, false);
                // Bytes that are UTF-8 by accident contradict the name, and no text comes out wrong.
                proptest::prop_assert!(decoded.as_ref() == Ok(&text) || (!latin.is_ascii() && std::str::from_utf8(&latin).is_ok()));
            }
            for little in [true, false] {
                for mark in ["", "\u{feff}"] {
                    let decoded = read(&utf16(&format!("{mark}{text}"), little), "text/xml", None, true);
                    proptest::prop_assert_eq!(decoded, Ok(text.clone()));
                }
            }
            let decoded = read(text.as_bytes(), "application/json; charset=utf-8", None, false);
            proptest::prop_assert_eq!(decoded, Ok(text));
        }
    }
}
