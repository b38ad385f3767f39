//! `NormalizeDiacritics`: the table of Entra, and what it lacks.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Replaces Latin letters with marks by plain ones and keeps case; everything else stays.
///
/// Microsoft's table has no stacked marks (as in Vietnamese) and no đ ð þ œ: here they become their base letters and d, d, th, oe.
pub(crate) fn normalize(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut cluster = String::new();
    let mut letters = text.nfd().peekable();
    while let Some(base) = letters.next() {
        cluster.clear();
        cluster.push(base);
        while let Some(mark) = letters.next_if(|next| is_combining_mark(*next)) {
            cluster.push(mark);
        }
        match plain(base) {
            Some(plain) => out.push_str(plain),
            None if base.is_ascii_alphabetic() => out.push(base),
            None => out.extend(cluster.nfc()),
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
