//! The attributes of a request at which an error of Graph points.

use crate::directory::{Attribute, roles};

/// The first property that the details name.
pub(super) fn first_property(details: &[(String, String)]) -> Option<String> {
    details.iter().map(|(_, target)| target.trim()).find(|target| !target.is_empty()).map(str::to_owned)
}

/// The property that a text names as taken.
pub(super) fn property_in_text(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("for property ")?;
    let word: String =
        rest.trim_start_matches(['\'', '"', '`']).chars().take_while(|c| c.is_alphanumeric() || "._".contains(*c)).collect();
    Some(word.trim_end_matches('.').to_owned()).filter(|word| !word.is_empty())
}

/// The attributes that a text names.
pub(super) fn attributes_in_text(text: &str, present: &[Attribute]) -> Vec<Attribute> {
    property_words(text).into_iter().flat_map(|word| attributes_of(word, present)).collect()
}

/// The attributes that a property of Graph covers: itself, all parts of a complex value or one of them, and for addresses the mail.
pub(super) fn attributes_of(property: &str, present: &[Attribute]) -> Vec<Attribute> {
    let words: Vec<&str> = property.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
    let has = |name: &str| words.iter().any(|word| word.eq_ignore_ascii_case(name));
    if has("proxyAddresses") {
        let address = |name: &str| present.iter().copied().find(|attribute| attribute.name == name);
        return address(roles::MAIL).or_else(|| address(roles::USER_PRINCIPAL_NAME)).into_iter().collect();
    }
    let is = |attribute: &&Attribute| attribute.name.split_once('.').map_or_else(|| has(attribute.name), |(_, part)| has(part));
    let exact: Vec<Attribute> = present.iter().filter(is).copied().collect();
    if !exact.is_empty() {
        return exact;
    }
    let is_part = |attribute: &&Attribute| attribute.name.split_once('.').is_some_and(|(whole, _)| has(whole));
    present.iter().filter(is_part).copied().collect()
}

/// The words of a text that can only be properties: spelled like one, quoted, or beside the word "property". Plain words such as `state`
/// or `mail` are not enough.
fn property_words(text: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '/');
    let mut words: Vec<(usize, &str)> = Vec::new();
    let mut start = 0;
    for piece in text.split_inclusive(|c| !is_word(c)) {
        let word = piece.trim_matches(|c: char| !is_word(c)).trim_end_matches(['.', '/']);
        if !word.is_empty() {
            words.push((start, word));
        }
        start += piece.len();
    }
    let is_label = |at: Option<usize>| {
        let word = at.and_then(|at| words.get(at)).map(|(_, word)| word.to_ascii_lowercase());
        word.is_some_and(|word| matches!(word.as_str(), "property" | "properties" | "attribute" | "attributes"))
    };
    let mut found = Vec::new();
    for (at, (start, word)) in words.iter().enumerate() {
        let cased = word.chars().zip(word.chars().skip(1)).any(|(left, right)| left.is_lowercase() && right.is_uppercase());
        let quoted = text[..*start].ends_with(['\'', '"', '`']) && text[start + word.len()..].starts_with(['\'', '"', '`']);
        if cased || quoted || word.contains('_') || is_label(at.checked_sub(1)) || is_label(Some(at + 1)) {
            found.push(*word);
        }
    }
    found
}
