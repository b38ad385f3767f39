//! Signs that an encoding was guessed wrong: what the text holds then is in no text that people write.

use encoding_rs::{Encoding, MACINTOSH};

use super::code_page::DOS_850;

/// What proves that a guess is wrong, and the byte of the text at which it is.
///
/// Windows-1252 and its kin have no characters for some bytes, which DOS and Mac Roman use for letters. The web decodes them to control
/// characters. Where two bytes are guessed to be one character of East Asia, it may have eaten the letter behind it.
pub(super) fn proof(text: &str) -> Option<(usize, String)> {
    let mut before = None;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if matches!(character, '\u{80}'..='\u{9f}') {
            return Some((at, format!("the control character U+{:04X}", u32::from(character))));
        }
        let latin = |other: Option<char>| other.is_some_and(|other| other.is_ascii_lowercase());
        let next = characters.peek().map(|(_, next)| *next);
        if is_east_asian(character) && before.is_some_and(|before: char| before.is_ascii_alphabetic()) && latin(next) {
            return Some((at, "a character of East Asia within a Latin word".to_owned()));
        }
        before = Some(character);
    }
    None
}

/// What makes a guess doubtful: a sign that is no letter within a word.
pub(in crate::source) fn doubt(text: &str) -> Option<(usize, String)> {
    let mut before = None;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        let within = before.is_some_and(char::is_alphabetic) && next.is_some_and(char::is_lowercase);
        if is_sign(character) && (within || before.is_some_and(char::is_lowercase)) {
            let ends_word =
                next.is_none_or(|next| next.is_lowercase() || matches!(next, ',' | ';' | '\t' | '|' | '"' | '\r' | '\n'));
            let opens = matches!(character, '„' | '”' | '“' | '‚' | '…' | '»' | '«' | '™');
            // Closing quotes and dots follow words; within them they are wrong too.
            if ends_word && (!opens || next.is_some_and(char::is_lowercase)) {
                return Some((at, format!("the sign `{character}` stands within a word")));
            }
        }
        // A capital among small letters, as `Ÿ` for the `ü` of Mac Roman.
        let among_small = within || before.is_some_and(char::is_lowercase);
        if matches!(character, 'Š' | 'Ž' | 'Œ' | 'Ÿ') && among_small {
            return Some((at, format!("the capital `{character}` stands among small letters")));
        }
        before = Some(character);
    }
    None
}

/// Letters of Western names that the code pages of DOS and of the Macintosh write with other bytes.
const WESTERN: &str = "äöüßéèêëàâçñôîïûùåæøÄÖÜÉÅÆØÇ";

/// Another code page in which all the letters beyond ASCII make names as well: the first such word as it was guessed and as it may be meant,
/// and the byte at which it begins. A short file has too few letters for a sure guess.
pub(super) fn rival(bytes: &[u8], guess: &'static Encoding) -> Option<(usize, String)> {
    let first = bytes.iter().position(|byte| !byte.is_ascii()).filter(|_| guess.is_single_byte())?;
    let upper: Vec<u8> = (0x80..=0xFF).collect();
    let macintosh = MACINTOSH.decode_without_bom_handling(&upper).0.into_owned();
    [("dos-850", DOS_850), ("macintosh", macintosh.as_str())].into_iter().find_map(|(name, page)| {
        let page: Vec<char> = page.chars().collect();
        let read = |byte: u8| if byte.is_ascii() { char::from(byte) } else { page[usize::from(byte - 0x80)] };
        is_western(bytes, read).then_some(())?;
        let in_word = |byte: &u8| byte.is_ascii_alphabetic() || !byte.is_ascii();
        let start = bytes[..first].iter().rposition(|byte| !in_word(byte)).map_or(0, |before| before + 1);
        let word: &[u8] = &bytes[start..];
        let word = &word[..word.iter().position(|byte| !in_word(byte)).unwrap_or(word.len())];
        let (guessed, meant) =
            (guess.decode_without_bom_handling(word).0, word.iter().map(|&byte| read(byte)).collect::<String>());
        (guessed != meant).then(|| (start, format!("`{guessed}` would be `{meant}` in {name}")))
    })
}

/// Whether all letters beyond ASCII are those of Western names, small ones within words, and each `ß` follows a vowel.
fn is_western(bytes: &[u8], read: impl Fn(u8) -> char) -> bool {
    let at = |index: Option<usize>| index.and_then(|index| bytes.get(index)).map(|byte| read(*byte));
    bytes.iter().enumerate().filter(|(_, byte)| !byte.is_ascii()).all(|(index, &byte)| {
        let (character, before) = (read(byte), at(index.checked_sub(1)));
        let within = before.is_some_and(char::is_lowercase);
        let begins = !before.is_some_and(char::is_alphabetic);
        let fits = if character == 'ß' {
            before.is_some_and(|before| "aeiouyäöü".contains(before))
        } else if character.is_uppercase() {
            begins
        } else {
            within || begins || before.is_some_and(|before| before.is_ascii_uppercase())
        };
        fits && WESTERN.contains(character)
    })
}

fn is_sign(character: char) -> bool {
    matches!(
        character,
        '§' | '¤'
            | '¢'
            | '£'
            | '¥'
            | '¬'
            | '¶'
            | '†'
            | '‡'
            | 'ˆ'
            | '˜'
            | '‰'
            | '¿'
            | '¡'
            | '¦'
            | '±'
            | '÷'
            | '×'
            | '¼'
            | '½'
            | '¾'
            | '‹'
            | '›'
            | '„'
            | '”'
            | '“'
            | '‚'
            | '…'
            | '»'
            | '«'
            | '™'
            | '•'
    )
}

fn is_east_asian(character: char) -> bool {
    matches!(character, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ffef}')
}
