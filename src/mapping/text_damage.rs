//! What wrong code pages and copied texts leave in a text on its way out of HR.

use crate::record::{code_point, is_error, is_invisible};

/// What is wrong with the letters of a text.
pub(super) fn broken(text: &str) -> Option<&'static str> {
    if is_error(text) {
        Some("an error of a spreadsheet")
    } else if text.contains('\u{fffd}') {
        Some("letters were lost when the file was made")
    } else if ["Ã¼", "Ã¤", "Ã¶", "ÃŸ", "Ã©", "Ã¨", "Ã±", "Ã§", "â€™", "Ã¸", "Ã¥"].iter().any(|damage| text.contains(damage))
    {
        Some("letters were damaged: UTF-8 was read as Windows-1252")
    } else {
        None
    }
}

/// What a reader of the list cannot see in a text, in words; nothing where all of it can be seen.
///
/// Joiners between letters beyond ASCII are part of Persian and of Indic scripts, and of emoji.
pub(super) fn unseen(text: &str) -> Option<String> {
    let joins = |before: Option<char>, after: Option<char>| {
        before.zip(after).is_some_and(|pair| !(pair.0.is_ascii() || pair.1.is_ascii()))
    };
    let characters: Vec<char> = text.chars().collect();
    let hidden = characters.iter().enumerate().find(|&(at, &character)| match character {
        '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}' => {
            let before = at.checked_sub(1).map(|at| characters[at]);
            !joins(before, characters.get(at + 1).copied().or(before))
        }
        _ => is_invisible(character) || (character.is_control() && !character.is_whitespace()),
    });
    hidden.map(|(_, character)| format!("it contains an invisible character: {}", code_point(*character)))
}

/// The blanks of a text that a reader cannot distinguish, in words: those at its ends, and others than spaces inside.
pub(super) fn odd_blanks(text: &str) -> Option<String> {
    let odd = text.trim().chars().find(|character| character.is_whitespace() && *character != ' ');
    match odd {
        Some(blank) => Some(format!("it contains a blank other than a space: {}", code_point(blank))),
        None => (text != text.trim()).then(|| "it has blanks around it".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_are_named_and_joiners_of_a_script_are_none() {
        for mark in ['\u{200b}', '\u{200d}', '\u{202e}', '\u{ad}', '\u{feff}', '\u{2060}', '\u{200e}'] {
            for text in [format!("Ann{mark}a"), format!("{mark}Anna"), format!("Anna{mark}")] {
                assert!(unseen(&text).is_some_and(|found| found.ends_with(&code_point(mark))), "{text:?}");
            }
        }
        for text in ["Anna Lee", "Zo\u{eb}", "\u{645}\u{6cc}\u{200c}\u{634}", "\u{2764}\u{fe0f}", "a\nb"] {
            assert_eq!(unseen(text), None, "{text:?}");
        }
        assert!(odd_blanks("Ann\u{a0}Lee").is_some_and(|found| found.ends_with("U+00A0")));
        assert!(odd_blanks(" Ann").is_some() && odd_blanks("Ann Lee").is_none());
    }
}
