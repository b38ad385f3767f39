//! Signs that an encoding was guessed wrong: what the text holds then is in no text that people write.

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

/// What makes a guess doubtful: a sign that is no letter stands within a word.
pub(super) fn doubt(text: &str) -> Option<(usize, String)> {
    let mut before = None;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        let within = before.is_some_and(char::is_alphabetic) && next.is_some_and(char::is_lowercase);
        if is_sign(character) && (within || before.is_some_and(char::is_lowercase)) {
            let ends_word =
                next.is_none_or(|next| next.is_lowercase() || matches!(next, ',' | ';' | '\t' | '|' | '"' | '\r' | '\n'));
            let opens = matches!(character, '„' | '”' | '“' | '‚' | '…' | '»' | '«' | '™');
            // Closing quotes and dots stand behind words; within them they are wrong too.
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
