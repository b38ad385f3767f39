//! `NormalizeDiacritics`: Entra's table of letters, and what it lacks.

use std::borrow::Cow;
use std::sync::LazyLock;

use unicode_normalization::char::{decompose_canonical, is_combining_mark};

use crate::expr::args::through;
use crate::expr::function::{Function, Implementation, Kind, example, function, required};

pub(super) static ROWS: &[Function] = &[function(
    "NormalizeDiacritics(source)",
    &[required("source", Kind::Any)],
    Kind::Same,
    Implementation::Eager(|args| args.each(0, |text| Ok(through(text, normalize)))),
    "Latin letters with marks become plain ones: é e, ö o, å a, ł l, æ ae, ø oe, ß ss. Case is kept.",
)
.examples(&[
    example(r#"NormalizeDiacritics("Zoë Bjørn Weiß")"#, &[], r#""Zoe Bjoern Weiss""#),
    example(r#"NormalizeDiacritics("Nguyễn Đặng Þór")"#, &[], r#""Nguyen Dang THor""#),
    example(r#"NormalizeDiacritics("Йован")"#, &[], r#""Йован""#),
])
.dialect("letters that Entra's table lacks are reduced too: stacked Vietnamese marks to the base letter, and đ ð þ œ to d d th oe; other scripts stay")];

/// Replaces Latin letters with marks by plain ones and keeps case; everything else stays.
///
/// Microsoft's table has no stacked marks (as in Vietnamese) and no đ ð þ œ: here they become their base letters and d, d, th, oe.
///
/// ```
/// # use hrpush::expr::functions::diacritics::normalize;
/// assert_eq!(normalize("Zoë Bjørn Weiß"), "Zoe Bjoern Weiss");
/// assert_eq!(normalize("Йован"), "Йован");
/// ```
pub fn normalize(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let table = &*TABLE;
    let mut out = String::with_capacity(text.len());
    // A mark that follows a Latin letter is removed with it; the marks of other scripts stay.
    let mut after_latin = false;
    for letter in text.chars() {
        if letter.is_ascii() {
            after_latin = letter.is_ascii_alphabetic();
            out.push(letter);
        } else if let Some(plain) = place(letter).and_then(|at| table[at]) {
            after_latin = true;
            out.push_str(plain);
        } else if is_combining_mark(letter) {
            if !after_latin {
                out.push(letter);
            }
        } else {
            let latin = reduce(letter);
            after_latin = latin.is_some();
            match latin {
                Some(plain) => out.push_str(plain),
                None => out.push(letter),
            }
        }
    }
    Cow::Owned(out)
}

/// The result of [`reduce`] for each letter of the blocks that European and Vietnamese names use, computed once.
static TABLE: LazyLock<Vec<Option<&'static str>>> =
    LazyLock::new(|| ('\u{c0}'..='\u{24f}').chain('\u{1e00}'..='\u{1eff}').map(reduce).collect());

/// The position of a letter in [`TABLE`].
fn place(letter: char) -> Option<usize> {
    match letter {
        '\u{c0}'..='\u{24f}' => Some(letter as usize - 0xc0),
        '\u{1e00}'..='\u{1eff}' => Some(letter as usize - 0x1e00 + 0x190),
        _ => None,
    }
}

/// The plain letters of a Latin one.
fn reduce(letter: char) -> Option<&'static str> {
    let mut base = None;
    decompose_canonical(letter, |part| {
        base.get_or_insert(part);
    });
    let base = base.unwrap_or(letter);
    plain(base).or_else(|| {
        let letters = if base.is_ascii_uppercase() { CAPITALS } else { SMALL };
        letters.find(base).map(|at| &letters[at..=at])
    })
}

const CAPITALS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const SMALL: &str = "abcdefghijklmnopqrstuvwxyz";

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

#[cfg(test)]
mod tests {
    use super::{normalize, place, reduce};

    #[test]
    fn the_table_holds_what_each_letter_reduces_to() {
        for letter in ('\u{80}'..'\u{2000}').filter(|letter| place(*letter).is_some()) {
            let text = letter.to_string();
            assert_eq!(normalize(&text), reduce(letter).unwrap_or(&text), "{letter}");
        }
    }

    #[test]
    fn marks_of_other_scripts_stay() {
        assert_eq!(normalize("Zoe\u{308} Й и\u{306} ΐ 한"), "Zoe Й и\u{306} ΐ 한");
        assert_eq!(normalize("×÷ǅ ŉ"), "×÷ǅ ŉ");
    }
}
