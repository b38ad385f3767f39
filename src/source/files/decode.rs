//! From bytes to text: the encoding is found out or taken as configured, and nothing is replaced silently.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::code_page::{CodePage, decode_dos};
use super::wrong_guess;
use crate::source::error::{Fault, FaultKind};

/// Text, and how it was read.
pub(in crate::source) struct Decoded {
    pub(in crate::source) text: String,
    pub(in crate::source) encoding: String,
    /// What speaks against the guess of the encoding, where anything does.
    pub(in crate::source) doubt: Option<String>,
}

/// Decodes a whole file: a byte order mark first, then the configured encoding, then UTF-8 strictly, then a guess.
pub(in crate::source) fn decode(file: &str, bytes: Vec<u8>, wanted: Option<&str>) -> Result<Decoded, Fault> {
    if let Some(what) = binary(&bytes) {
        let fault = Fault::of_file(file, FaultKind::Binary(what.to_owned()));
        return Err(if what.contains("workbook") {
            fault.with_hint("give it its own ending (.xlsx, .xls, .ods), or save it as CSV UTF-8")
        } else {
            fault
        });
    }
    let decoded = match (Encoding::for_bom(&bytes), wanted) {
        (Some((encoding, length)), _) => {
            Decoded { text: strict(file, bytes, length, encoding)?, encoding: marked(encoding), doubt: None }
        }
        (None, Some(wanted)) => {
            let page =
                CodePage::named(wanted).ok_or_else(|| Fault::of_file(file, FaultKind::UnknownEncoding(wanted.to_owned())))?;
            let text = match page {
                CodePage::Web(encoding) => strict(file, bytes, 0, encoding)?,
                CodePage::Dos(_, upper) => decode_dos(&bytes, upper),
            };
            Decoded { text, encoding: page.name(), doubt: None }
        }
        (None, None) => found_out(file, bytes)?,
    };
    match decoded.text.bytes().position(|byte| byte == 0) {
        Some(at) => {
            let (line, column) = spot(&decoded.text.as_bytes()[..at]);
            Err(Fault::at(file, Some(line), Some(column), FaultKind::Nul))
        }
        None => Ok(decoded),
    }
}

/// The encoding that is reported for a file to be read as UTF-8 text, and the length of its byte order mark; `start` is how the
/// file begins.
pub(super) fn as_utf8(start: &[u8], wanted: Option<&str>) -> Option<(String, usize)> {
    if binary(start).is_some() {
        return None;
    }
    match (Encoding::for_bom(start), wanted) {
        (Some((encoding, length)), _) if encoding == UTF_8 => Some((marked(encoding), length)),
        (Some(_), _) => None,
        (None, Some(wanted)) => CodePage::named(wanted).filter(|page| *page == CodePage::Web(UTF_8)).map(|page| (page.name(), 0)),
        (None, None) => Some((label(UTF_8), 0)),
    }
}

/// What a file without a byte order mark is written in.
fn found_out(file: &str, bytes: Vec<u8>) -> Result<Decoded, Fault> {
    if let Some(encoding) = utf16_without_mark(&bytes) {
        let text = strict(file, bytes, 0, encoding)?;
        return Ok(Decoded { text, encoding: format!("{} (guessed)", label(encoding)), doubt: None });
    }
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return Ok(Decoded { text, encoding: "utf-8".to_owned(), doubt: None }),
        Err(error) => error.into_bytes(),
    };
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(&bytes, true);
    let mut encoding = detector.guess(None, Utf8Detection::Deny);
    if encoding == WINDOWS_1252 && is_latin9(&bytes) {
        encoding = encoding_rs::ISO_8859_15;
    }
    mixed(file, &bytes, encoding)?;
    let rival = wrong_guess::rival(&bytes, encoding).map(|(at, found)| (spot(&bytes[..at]), found));
    let text = strict(file, bytes, 0, encoding)?;
    if let Some((at, found)) = wrong_guess::proof(&text) {
        let (line, column) = spot(&text.as_bytes()[..at]);
        let kind = FaultKind::WrongGuess { encoding: label(encoding).into(), found: found.into() };
        return Err(Fault::at(file, Some(line), Some(column), kind));
    }
    let doubt = wrong_guess::doubt(&text).map(|(at, found)| {
        let (line, column) = spot(&text.as_bytes()[..at]);
        format!("line {line}, column {column}: {found}; if names look wrong, set `encoding` in [source] (dos-850, macintosh, …)")
    });
    let doubt = doubt.or_else(|| {
        rival.map(|((line, column), found)| {
            format!(
                "line {line}, column {column}: {found}; if so, set `encoding` in [source]; if not, set the one that was guessed"
            )
        })
    });
    Ok(Decoded { text, encoding: format!("{} (guessed)", label(encoding)), doubt })
}

/// The byte A4 is `€` in ISO-8859-15. In Windows-1252 it is the sign `¤`, which no text contains; 80 to 9F are no characters
/// there.
fn is_latin9(bytes: &[u8]) -> bool {
    bytes.contains(&0xA4) && !bytes.iter().any(|byte| (0x80..0xA0).contains(byte))
}

/// Refuses a file with some lines in UTF-8 and some in another encoding.
fn mixed(file: &str, bytes: &[u8], guess: &'static Encoding) -> Result<(), Fault> {
    let (mut utf8, mut other) = ((0_u64, 0_u64), (0_u64, 0_u64, 0_u64));
    for (index, line) in (1_u64..).zip(lines(bytes)) {
        if line.is_ascii() {
            continue;
        }
        match std::str::from_utf8(line) {
            Ok(_) if utf8.0 == 0 => utf8 = (1, index),
            Ok(_) => utf8.0 += 1,
            Err(error) if other.0 == 0 => {
                other = (1, index, String::from_utf8_lossy(&line[..error.valid_up_to()]).chars().count() as u64 + 1);
            }
            Err(_) => other.0 += 1,
        }
    }
    // A multi-byte encoding yields a line that happens to be UTF-8 now and then; a single-byte one hardly ever.
    if utf8.0 == 0 || (!guess.is_single_byte() && utf8.0 < other.0) {
        return Ok(());
    }
    let (this, others) = (label(guess), "utf-8".to_owned());
    Err(if utf8.0 >= other.0 {
        Fault::at(
            file,
            Some(other.1),
            Some(other.2),
            FaultKind::MixedEncoding { this: format!("not utf-8 (perhaps {this})"), others },
        )
    } else {
        Fault::at(file, Some(utf8.1), None, FaultKind::MixedEncoding { this: others, others: this })
    })
}

/// The lines of bytes, whatever ends them.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let now = rest?;
        let Some(end) = now.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
            rest = None;
            return Some(now);
        };
        let width = if now[end..].starts_with(b"\r\n") { 2 } else { 1 };
        rest = Some(&now[end + width..]);
        Some(&now[..end])
    })
}

/// Decodes with one encoding; a byte that it does not have is a fault.
fn strict(file: &str, mut bytes: Vec<u8>, skip: usize, encoding: &'static Encoding) -> Result<String, Fault> {
    if encoding == UTF_8 {
        bytes.drain(..skip);
        return String::from_utf8(bytes).map_err(|error| {
            let valid = error.utf8_error().valid_up_to();
            let (line, column) = spot(&error.as_bytes()[..valid]);
            Fault::at(file, Some(line), Some(column), FaultKind::Undecodable(label(encoding)))
        });
    }
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let rest = &bytes[skip..];
    let capacity = decoder.max_utf8_buffer_length_without_replacement(rest.len()).unwrap_or(rest.len());
    let mut text = String::with_capacity(capacity);
    let (result, _) = decoder.decode_to_string_without_replacement(rest, &mut text, true);
    if let encoding_rs::DecoderResult::Malformed(..) = result {
        let (line, column) = spot(text.as_bytes());
        return Err(Fault::at(file, Some(line), Some(column), FaultKind::Undecodable(label(encoding))));
    }
    text.shrink_to_fit();
    Ok(text)
}

/// The line and the column right behind some text.
fn spot(before: &[u8]) -> (u64, u64) {
    let (mut line, mut last) = (0, &before[..0]);
    for text in lines(before) {
        line += 1;
        last = text;
    }
    (line.max(1), String::from_utf8_lossy(last).chars().count() as u64 + 1)
}

fn marked(encoding: &'static Encoding) -> String {
    format!("{} with a byte order mark", label(encoding))
}

fn label(encoding: &'static Encoding) -> String {
    encoding.name().to_ascii_lowercase()
}

/// What kind of file this is when it is certainly no text.
fn binary(bytes: &[u8]) -> Option<&'static str> {
    const SIGNATURES: [(&[u8], &str); 6] = [
        (b"PK\x03\x04", "an Excel workbook or a zip archive"),
        (b"\xD0\xCF\x11\xE0", "an old Excel workbook"),
        (b"\x1F\x8B", "a gzip archive"),
        (b"%PDF", "a PDF document"),
        (b"SQLite format 3", "an SQLite database"),
        (b"PAR1", "a Parquet file"),
    ];
    SIGNATURES.iter().find(|(mark, _)| bytes.starts_with(mark)).map(|(_, what)| *what)
}

/// UTF-16 text of Western names without its mark has a NUL in every second byte.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = &bytes[..bytes.len().min(4096)];
    let nuls = |odd: usize| sample.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (nuls(0), nuls(1));
    let most = sample.len() / 2 * 7 / 10;
    (sample.len() >= 8).then_some(())?;
    if odd > most && even == 0 {
        Some(UTF_16LE)
    } else if even > most && odd == 0 {
        Some(UTF_16BE)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8], wanted: Option<&str>) -> Result<(String, String), String> {
        decode("f.csv", bytes.to_vec(), wanted).map(|d| (d.text, d.encoding)).map_err(|fault| fault.to_string())
    }

    #[test]
    fn a_mark_decides_before_everything_else() {
        assert_eq!(text(b"\xEF\xBB\xBFa", Some("windows-1252")).unwrap(), ("a".into(), "utf-8 with a byte order mark".into()));
        assert_eq!(text(b"\xFF\xFEa\0\xFC\0", None).unwrap(), ("aü".into(), "utf-16le with a byte order mark".into()));
        assert_eq!(text(b"\xFE\xFF\0a", None).unwrap().0, "a");
    }

    #[test]
    fn western_text_is_told_from_its_bytes() {
        assert_eq!(text(b"Nachname;Vorname\nM\xFCller;J\xF6rg\nGro\xDFe;\x84", None).unwrap().1, "windows-1252 (guessed)");
        let (latin9, label) = text(b"Nom;Prime\nLef\xE8vre;1 250,00 \xA4\nMain-d'\xBDuvre;", None).unwrap();
        assert_eq!(label, "iso-8859-15 (guessed)");
        assert!(latin9.contains('€') && latin9.contains('œ'));
    }

    #[test]
    fn a_guess_that_yields_control_characters_is_refused() {
        for (bytes, spot) in [
            (&b"Id;Name\n1;J\x81rgen Gro\xE1\n2;Z\x81rcher\n"[..], "line 2, column 4"),
            (b"Id;Name\n1;Ann\n2;Fran\x8Dois\n", "line 3, column 7"),
            (b"Id;Name\n1;M\x81ller\n", "line 2, column 4"),
            (b"Id;Name\n1;Andr\x8E\n2;Th\x8Fr\x8Fse\n", "line 3, column 5"),
        ] {
            let error = text(bytes, None).unwrap_err();
            assert!(error.starts_with(&format!("f.csv, {spot}: the encoding was guessed")), "{error}");
            assert!(error.contains("dos-850") && error.contains("macintosh"), "{error}");
        }
        assert_eq!(text(b"M\x81ller", Some("dos-850")).unwrap().0, "Müller");
        assert_eq!(text(b"M\x9Fller Gro\xA7", Some("mac-roman")).unwrap().0, "Müller Groß");
        assert_eq!(text(b"M\x9Fller", Some("macintosh")).unwrap().0, "Müller");
    }

    #[test]
    fn a_sign_within_a_word_is_a_doubt_and_no_fault() {
        let doubt = |bytes: &[u8]| decode("f.csv", bytes.to_vec(), None).unwrap().doubt;
        let notes = doubt(b"Id;Name\n1;Hans Gro\xA7\n2;Anna Wei\xA7\n3;Ute Ru\xA7mann\n").unwrap();
        assert!(notes.starts_with("line 2, column 11: the sign `§` stands within a word"), "{notes}");
        for bytes in [&b"1,J\x94rg\n2,M\x84rz\n"[..], b"1,J\x9Arg\n2,Ren\x8E\n"] {
            assert!(doubt(bytes).is_some(), "{bytes:?}");
        }
        let western = b"Id;Name;Note\n1;M\xFCller;\xA7 5\n2;O\x92Neil;N\xB0 3 \x84x\x93\n3;\x8Eana;M\xAA \x80 5\n";
        assert_eq!(doubt(western), None);
        assert_eq!(doubt("1;Groß\n".as_bytes()), None);
    }

    #[test]
    fn a_few_letters_that_another_code_page_reads_as_well_are_a_doubt() {
        let doubt = |bytes: &[u8]| decode("f.csv", bytes.to_vec(), None).unwrap().doubt;
        for (bytes, wanted) in [
            (&b"Id;Name\n1;Wei\xE1\n2;Lee\n"[..], "`Weiß` in dos-850"),
            (b"Id;Name\n1;K\x9Ahler\n2;Lee\n", "`Köhler` in macintosh"),
            (b"Id;Name\n1;Gro\xE1mann\n", "`Großmann` in dos-850"),
        ] {
            let notes = doubt(bytes).unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(bytes)));
            assert!(notes.contains(wanted) || notes.contains("stands within a word"), "{notes}");
        }
        for text in [
            "Id;Name\n1;M\u{fc}ller\n2;Wei\u{df}\n",
            "1;Jos\u{e9}\n2;S\u{e1}nchez\n",
            "1;M\u{e4}rz\n",
            "1;\u{c5}sa\n",
            "1;Pel\u{e1}ez\n",
        ] {
            let bytes: Vec<u8> = text.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect();
            assert_eq!(doubt(&bytes), None, "{text}");
        }
    }

    #[test]
    fn a_line_in_another_encoding_is_named() {
        let error = text("1,Müller\n2,Sch".as_bytes().iter().copied().chain(*b"\xE4fer\n").collect::<Vec<_>>().as_slice(), None);
        assert!(error.unwrap_err().starts_with("f.csv, line 2, column 6: the file mixes encodings"));
    }

    #[test]
    fn bytes_that_the_configured_encoding_lacks_are_a_fault() {
        let error = text(b"a\r\nb\xFC", Some("utf-8")).unwrap_err();
        assert!(error.starts_with("f.csv, line 2, column 2: cannot be decoded as utf-8"), "{error}");
        assert!(text(b"a", Some("ebcdic")).unwrap_err().contains("no encoding is called `ebcdic`"));
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert!(text(b"PK\x03\x04...", None).unwrap_err().contains("workbook"));
        assert!(text(b"a\nb\0c", None).unwrap_err().starts_with("f.csv, line 2, column 2: a NUL byte"));
        assert_eq!(text(b"a\0b\0c\0d\0e\0", None).unwrap(), ("abcde".into(), "utf-16le (guessed)".into()));
        assert_eq!(text(b"\0a\0b\0c\0d\0;", None).unwrap().0, "abcd;");
        assert_eq!(text(b"a\0b\0", Some("utf-16le")).unwrap().0, "ab");
    }
}
