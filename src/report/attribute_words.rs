//! Attributes in plain words, without Graph's names.

use crate::diagnostic::escape::shown;

/// The words for an attribute: its own where the name says too little, else the last part of the name, word by word.
///
/// `employeeOrgData.costCenter` becomes `Cost center`.
pub(super) fn words(name: &str) -> String {
    match name {
        "accountEnabled" => "Sign-in".to_owned(),
        "displayName" => "Name".to_owned(),
        "givenName" => "First name".to_owned(),
        "surname" => "Last name".to_owned(),
        "userPrincipalName" => "Sign-in name".to_owned(),
        "mailNickname" => "Mail nickname".to_owned(),
        "mail" => "Mail address".to_owned(),
        "usageLocation" => "Country of use".to_owned(),
        "employeeId" => "Personnel number".to_owned(),
        "employeeHireDate" => "First working day".to_owned(),
        "employeeLeaveDateTime" => "Last working day".to_owned(),
        other => spelled(other.rsplit('.').next().unwrap_or(other)),
    }
}

/// A name in camel case, as words.
fn spelled(name: &str) -> String {
    let mut text = String::new();
    for (at, letter) in name.chars().enumerate() {
        match (at, letter.is_uppercase()) {
            (0, _) => text.extend(letter.to_uppercase()),
            (_, true) => {
                text.push(' ');
                text.extend(letter.to_lowercase());
            }
            (_, false) => text.push(letter),
        }
    }
    shown(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_have_words_and_unknown_ones_are_spelled() {
        assert_eq!((words("accountEnabled").as_str(), words("jobTitle").as_str()), ("Sign-in", "Job title"));
        assert_eq!(words("employeeOrgData.costCenter"), "Cost center");
        assert_eq!(words("x\u{202e}Y"), r"X\u{202e} y");
    }
}
