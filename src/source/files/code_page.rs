//! The names by which people call an encoding, and the two code pages of DOS that no decoder of the web knows.

use encoding_rs::Encoding;

/// The upper half of code page 437.
const DOS_437: &str = concat!(
    "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐",
    "└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}",
);

/// The upper half of code page 850.
pub(super) const DOS_850: &str = concat!(
    "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐",
    "└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}",
);

/// An encoding that can be asked for by name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::source) enum CodePage {
    /// One that the web knows.
    Web(&'static Encoding),
    /// One of DOS: its name, and its characters from 80 to FF.
    Dos(&'static str, &'static str),
}

impl CodePage {
    /// The code page of a name, as people write it: `windows-1250`, `1250`, `cp1250`, `latin-1`, `DOS 850`.
    pub(in crate::source) fn named(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase();
        if let Some(encoding) = Encoding::for_label(name.as_bytes()) {
            return Some(Self::Web(encoding));
        }
        let short: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let digits = short.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let prefix = &short[..short.len() - digits.len()];
        let label = match (prefix, digits) {
            ("" | "cp" | "dos" | "ibm" | "oem" | "msdos", "437") => return Some(Self::Dos("dos-437", DOS_437)),
            ("" | "cp" | "dos" | "ibm" | "oem" | "msdos", "850") => return Some(Self::Dos("dos-850", DOS_850)),
            (
                "" | "cp" | "win" | "windows",
                "874" | "1250" | "1251" | "1252" | "1253" | "1254" | "1255" | "1256" | "1257" | "1258",
            ) => {
                format!("windows-{digits}")
            }
            ("macroman" | "mac" | "macos" | "applemac", "") => "macintosh".to_owned(),
            ("ansi", "") => "windows-1252".to_owned(),
            ("latin", "9" | "15") => "iso-8859-15".to_owned(),
            ("latin", "1" | "2" | "3" | "4" | "5" | "6") => format!("latin{digits}"),
            ("iso", _) => format!("iso-8859-{}", digits.strip_prefix("8859")?),
            ("utf", "8") => "utf-8".to_owned(),
            ("utf", "16") => "utf-16le".to_owned(),
            _ => return None,
        };
        Encoding::for_label(label.as_bytes()).map(Self::Web)
    }

    /// The name for messages, in lower case.
    pub(in crate::source) fn name(self) -> String {
        match self {
            Self::Web(encoding) => encoding.name().to_ascii_lowercase(),
            Self::Dos(name, _) => name.to_owned(),
        }
    }
}

/// Decodes with a code page of DOS, in which every byte is a character.
pub(in crate::source) fn decode_dos(bytes: &[u8], upper: &str) -> String {
    let upper: Vec<char> = upper.chars().collect();
    bytes.iter().map(|&byte| if byte < 0x80 { char::from(byte) } else { upper[usize::from(byte - 0x80)] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_page_goes_by_many_names() {
        for (names, wanted) in [
            (&["windows-1250", "1250", "cp1250", "CP-1250", "Windows 1250"][..], "windows-1250"),
            (&["latin-1", "latin1", "ISO 8859-1", "ansi", "1252"], "windows-1252"),
            (&["latin-9", "iso8859-15", "ISO_8859-15"], "iso-8859-15"),
            (&["437", "cp437", "DOS 437"], "dos-437"),
            (&["850", "ibm850", "dos-850"], "dos-850"),
            (&["macintosh", "Mac Roman", "mac-roman", "x-mac-roman"], "macintosh"),
            (&["utf8", "UTF-8"], "utf-8"),
            (&["utf-16", "UTF-16LE"], "utf-16le"),
        ] {
            for name in names {
                assert_eq!(CodePage::named(name).map(CodePage::name).as_deref(), Some(wanted), "{name}");
            }
        }
        assert_eq!(CodePage::named("ebcdic"), None);
    }

    #[test]
    fn dos_text_is_read_by_its_table() {
        for upper in [DOS_437, DOS_850] {
            assert_eq!(upper.chars().count(), 128);
            assert_eq!(decode_dos(b"M\x81ller \xE1", upper), "Müller ß");
        }
        assert_eq!(decode_dos(b"\x9B \xB5", DOS_850), "ø Á");
    }
}
