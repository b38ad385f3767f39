//! `NormalizeDiacritics`: the table of Entra, and what it lacks.

use std::borrow::Cow;

use unicode_normalization::char::{decompose_canonical, is_combining_mark};

/// Replaces Latin letters with marks by plain ones and keeps case; everything else stays.
///
/// Microsoft's table has no stacked marks (as in Vietnamese) and no đ ð þ œ: here they become their base letters and d, d, th, oe.
pub(crate) fn normalize(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    // Marks that follow a Latin letter by themselves go with it; those of other scripts stay.
    let mut after_latin = false;
    for letter in text.chars() {
        if letter.is_ascii() {
            after_latin = letter.is_ascii_alphabetic();
            out.push(letter);
            continue;
        }
        if is_combining_mark(letter) {
            if !after_latin {
                out.push(letter);
            }
            continue;
        }
        let mut base = None;
        decompose_canonical(letter, |part| {
            base.get_or_insert(part);
        });
        let base = base.unwrap_or(letter);
        let latin = plain(base);
        after_latin = latin.is_some() || base.is_ascii_alphabetic();
        match latin {
            Some(plain) => out.push_str(plain),
            None if after_latin => out.push(base),
            None => out.push(letter),
        }
    }
    Cow::Owned(out)
}

/// The plain letters of one that Unicode does not decompose.
fn plain(letter: char) -> Option<&'static str> {
    Some(match letter {
        'æ' => "ae",
        'Æ' => "AE",
        'ø' | 'œ' => "oe",
        'Ø' | 'Œ' => "OE",
        'ß' => "ss",
        'ẞ' => "SS",
        'ł' => "l",
        'Ł' => "L",
        'ı' => "i",
        'đ' | 'ð' => "d",
        'Đ' | 'Ð' => "D",
        'þ' => "th",
        'Þ' => "TH",
        _ => return None,
    })
}
