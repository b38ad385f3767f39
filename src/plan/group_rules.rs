//! The rules of managed groups: which groups are managed, what makes two keys or names the same, and the unique name that follows from a key.

use std::borrow::Cow;

use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization as _;

use crate::directory::{Group, GroupKind};
use crate::mapping::{GroupRule, Held, HeldCode};
use crate::record::hex;
use crate::record::{EmployeeId, unspaced};

/// What the unique names of groups that hrpush made start with.
pub(in crate::plan) use crate::directory::MANAGED_GROUP_PREFIX as PREFIX;

/// Whether hrpush manages this group: it made it, or a rule names it by its id.
pub(in crate::plan) fn is_ours(group: &Group, rules: &[GroupRule]) -> bool {
    group.unique_name.as_ref().is_some_and(|name| name.starts_with(PREFIX))
        || rules.iter().any(|rule| rule.id.as_ref() == Some(&group.id))
}

/// Whether hrpush manages this group and may write its members.
pub(in crate::plan) fn serves(group: &Group, rules: &[GroupRule]) -> bool {
    is_ours(group, rules) && refuse("", group).is_ok()
}

/// Groups that hrpush does not fill.
pub(in crate::plan) fn refuse(key: &str, group: &Group) -> Result<(), Box<Held>> {
    let why = if group.dynamic {
        "is filled by a rule of its own"
    } else if group.synced {
        "is synced from on-premises"
    } else if group.role_assignable {
        "can be assigned to roles"
    } else if group.kind == GroupKind::MailEnabled {
        "is mail-enabled and not a Microsoft 365 group"
    } else {
        return Ok(());
    };
    let message = format!("the group {} {why}", group.name);
    Err(hold(key, HeldCode::GroupNameTaken, message, "let the rule name another group"))
}

/// Holds a group, with the reason and what to do.
pub(in crate::plan) fn hold(key: &str, code: HeldCode, message: String, help: &str) -> Box<Held> {
    Box::new(Held {
        key: EmployeeId::new(key),
        previous_key: None,
        place: None,
        code,
        message,
        help: help.into(),
        left: false,
        candidates: Vec::new(),
        marks: Vec::new(),
        shown: Vec::new(),
    })
}

/// The text as keys and names of groups compare: without invisible characters, blanks folded, case folded, composed.
///
/// All forms of the letter i are one letter: `SATIŞ` is the capital form of `Satış` in Turkey, and a department in capitals must not lose
/// its members.
pub(in crate::plan) fn fold(text: &str) -> Cow<'_, str> {
    let text = unspaced(text);
    if text.is_ascii() {
        return if text.bytes().any(|byte| byte.is_ascii_uppercase()) { Cow::Owned(text.to_ascii_lowercase()) } else { text };
    }
    let decomposed: String = text.nfd().collect();
    let mut folded = caseless::default_case_fold_str(&decomposed).replace('ı', "i");
    while folded.contains("i\u{307}") {
        folded = folded.replace("i\u{307}", "i");
    }
    Cow::Owned(folded.nfc().collect())
}

/// The unique name of a group, made from its folded key: readable, and distinct for distinct keys.
///
/// ```
/// # use hrpush::plan::unique_name;
/// assert_eq!(unique_name("Sales"), unique_name(" SALES"));
/// assert_ne!(unique_name("Sales"), unique_name("Sales 2"));
/// ```
pub fn unique_name(key: &str) -> String {
    name_of(&fold(key))
}

/// The unique name that earlier versions made: they took each spelling of a key for a key of its own.
pub(in crate::plan) fn former_unique_name(spelling: &str) -> String {
    name_of(spelling)
}

/// The unique names that earlier versions may have given to a group with this key: that of the spelling, and of the same text in capitals,
/// in small letters, with a capital at the start of each word, and decomposed.
pub(in crate::plan) fn former_unique_names(spelling: &str) -> Vec<String> {
    let (upper, lower) = (spelling.to_uppercase(), spelling.to_lowercase());
    let sentence = capitalised(&lower);
    let title: Vec<String> = lower.split(' ').map(capitalised).collect();
    let composed = [spelling.to_owned(), upper, lower, sentence, title.join(" ")];
    let decomposed = composed.iter().filter(|text| !text.is_ascii()).map(|text| text.nfd().collect::<String>());
    let mut names: Vec<String> = composed.iter().cloned().chain(decomposed).map(|text| name_of(&text)).collect();
    names.dedup();
    names
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn name_of(key: &str) -> String {
    let mut slug = String::new();
    for letter in key.chars() {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter.to_ascii_lowercase());
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    slug.truncate(40);
    let digest = hex(&Sha256::digest(key.as_bytes())[..6]);
    match slug.trim_end_matches('-') {
        "" => format!("{PREFIX}{digest}"),
        slug => format!("{PREFIX}{slug}-{digest}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_of_one_key_fold_to_one_text() {
        let same = [
            ["Sales", "SALES"],
            ["Sales", " Sales"],
            ["Sales", "Sales  "],
            ["Key Account", "Key\u{a0}\u{2003} Account"],
            ["Sales", "Sa\u{200b}les\u{feff}"],
            ["Büro", "Bu\u{308}ro"],
            ["Straße", "STRASSE"],
            ["Straße", "STRAẞE"],
            ["İzmir", "İZMİR"],
            ["İzmir", "izmir"],
            ["Satış", "SATIŞ"],
            ["ΟΔΟΣ", "οδος"],
            ["ﬁnance", "FINANCE"],
            ["Ệ", "e\u{302}\u{323}"],
        ];
        for [left, right] in same {
            assert_eq!(fold(left), fold(right), "{left} {right}");
            assert_eq!(unique_name(left), unique_name(right), "{left} {right}");
        }
        for [left, right] in [["Sales", "Sales 2"], ["Büro", "Buro"], ["A B", "AB"], ["Sales", "Sale s"]] {
            assert_ne!(unique_name(left), unique_name(right), "{left} {right}");
        }
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing_more(text in "\\PC{0,12}") {
            let once = fold(&text).into_owned();
            prop_assert_eq!(fold(&once), once.as_str());
        }

        #[test]
        fn a_key_in_capitals_or_decomposed_is_the_same_key(text in "[ a-zA-ZäöüßéèñçğışİŁøåÀ-ž]{0,12}") {
            let decomposed: String = text.nfd().collect();
            prop_assert_eq!(fold(&text), fold(&decomposed));
            prop_assert_eq!(unique_name(&text), unique_name(&text.to_uppercase()));
        }
    }
}
