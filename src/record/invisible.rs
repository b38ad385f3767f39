//! Characters without a shape of their own: blanks, format characters, marks that a renderer may leave out.
//!
//! A key copied from a PDF or a web page looks like the key in HR and is another text. The rules of this file decide what is cut from the
//! ends of a cell, what a status is compared without, and what makes a key unusable.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;

/// Whether a character has no shape: Unicode's format characters (Cf, the soft hyphen among them), fillers and variation selectors.
/// Blanks are not among them.
pub(crate) fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}'
        | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a character turns the direction of the text around it: embeddings, overrides and isolates.
pub(crate) fn is_direction_control(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text without blanks and invisible characters at its ends. Most texts have none, which their first and last byte show.
pub(crate) fn trimmed(text: &str) -> &str {
    let dense = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    let bytes = text.as_bytes();
    if dense(bytes.first()) && dense(bytes.last()) {
        text
    } else {
        text.trim_matches(|character: char| character.is_whitespace() || is_invisible(character))
    }
}

/// The first character within a key that a reader cannot see: an invisible or a control character, or a blank other than the ordinary
/// space.
pub(crate) fn hidden_in_key(key: &str) -> Option<char> {
    if key.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
        return None;
    }
    let hidden = |c: &char| is_invisible(*c) || c.is_control() || (c.is_whitespace() && *c != ' ');
    key.chars().find(hidden)
}

/// The text without invisible characters, composed (NFC), each run of blanks as one space, nothing at the ends: how statuses and names of
/// groups compare.
pub(crate) fn unspaced(text: &str) -> Cow<'_, str> {
    let text = trimmed(text);
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') && !text.contains("  ");
    if plain {
        return Cow::Borrowed(text);
    }
    let seen: String = text.chars().filter(|character| !is_invisible(*character)).nfc().collect();
    Cow::Owned(seen.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A character by its code point, such as `U+200B`: the only way to show one that has no shape.
pub(crate) fn code_point(character: char) -> String {
    format!("U+{:04X}", u32::from(character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_blank_and_format_character_is_cut_from_the_ends() {
        let marks = [
            ' ',
            '\t',
            '\n',
            '\u{85}',
            '\u{a0}',
            '\u{ad}',
            '\u{61c}',
            '\u{180e}',
            '\u{2003}',
            '\u{200b}',
            '\u{200e}',
            '\u{200f}',
            '\u{202e}',
            '\u{202f}',
            '\u{2060}',
            '\u{2069}',
            '\u{3000}',
            '\u{feff}',
            '\u{fff9}',
            '\u{e0001}',
        ];
        for mark in marks {
            let text = format!("{mark}{mark}10042{mark}");
            assert_eq!(trimmed(&text), "10042", "{}", code_point(mark));
            assert_eq!(trimmed(&mark.to_string()), "", "{}", code_point(mark));
        }
        assert_eq!(trimmed("Ann Lee"), "Ann Lee");
        assert_eq!(trimmed("Émile"), "Émile");
    }

    #[test]
    fn a_key_may_have_an_ordinary_space_inside_and_no_other_blank() {
        for key in ["10042", "DE 10042", "Ä-7", "李明"] {
            assert_eq!(hidden_in_key(key), None, "{key}");
        }
        for mark in ['\u{200b}', '\u{ad}', '\u{a0}', '\t', '\u{2009}', '\u{202d}', '\u{feff}', '\u{1}', '\u{7f}'] {
            assert_eq!(hidden_in_key(&format!("10{mark}42")), Some(mark), "{}", code_point(mark));
        }
    }

    #[test]
    fn blanks_fold_to_one_space_and_invisible_characters_go() {
        for text in
            ["On leave", " On  leave", "On\u{a0}leave\u{200b}", "On \u{2009}leave", "O\u{ad}n leave", "\u{feff}On\tleave\n"]
        {
            assert_eq!(unspaced(text), "On leave", "{text:?}");
        }
        assert_eq!(unspaced("\u{200b}"), "");
        assert_eq!(unspaced("Termine\u{301}"), "Termin\u{e9}");
    }
}
