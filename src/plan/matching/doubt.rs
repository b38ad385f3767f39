//! A record with an account in doubt: held with the accounts that may be meant, and the command that settles it.

use crate::directory::{ObjectId, Users};
use crate::mapping::{Desired, Held, HeldCode, Stage};
use crate::plan::held_record::hold;
use crate::plan::records::People;

/// Why a record is held, and which accounts may be its own.
pub(in crate::plan) struct Doubt {
    pub(in crate::plan) code: HeldCode,
    pub(in crate::plan) message: String,
    /// What to do in HR or in the tenant: a sentence without its period.
    pub(in crate::plan) help: String,
    pub(in crate::plan) accounts: Vec<ObjectId>,
}

impl Doubt {
    /// Holds the record. If the account of a leaver is disabled already, the leaver is not listed with those that keep access.
    pub(in crate::plan) fn held(mut self, desired: &Desired, reading: &People, users: &Users) -> Box<Held> {
        self.accounts.sort_unstable();
        self.accounts.dedup();
        let left = matches!(desired.stage, Stage::Left { .. });
        let is_carried = !reading.carriers(Some(desired), desired.key.as_str(), users).is_empty();
        let help = format!("{}; then {}", self.help, decide(&shell_word(desired.key.as_str()), &self.accounts, left, is_carried));
        let mut held = hold(desired, self.code, self.message, &help);
        held.left &= self.accounts.iter().any(|id| users.row(id).is_some_and(|user| user.enabled() != Some(false)));
        held.candidates = self.accounts;
        held
    }
}

/// The line to type, with what follows. Of several accounts none is suggested. For a key that a live account carries, `--new` is refused.
fn decide(key: &str, accounts: &[ObjectId], left: bool, is_carried: bool) -> String {
    let same = match accounts {
        [only] => only.to_string(),
        _ => "ID".to_owned(),
    };
    let follows = if left { "the next run disables the account" } else { "the next run gives the account to the record" };
    let new = if is_carried {
        "if it is another person, take the key off the account that has it".to_owned()
    } else {
        format!("or `hrpush decide {key} --new`")
    };
    format!("`hrpush decide {key} --same {same}` if it is the same person ({follows}), {new}")
}

/// A key as a shell takes it for one word.
pub(in crate::plan) fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '@' | '+' | '=' | ',');
    if !text.starts_with('-') && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// The first of these by their names, and how many there are besides: a value that a thousand people share makes one line.
pub(in crate::plan) fn some_of<T: ToString>(all: impl ExactSizeIterator<Item = T>) -> String {
    const SHOWN: usize = 10;
    let more = all.len().saturating_sub(SHOWN);
    let shown: Vec<String> = all.take(SHOWN).map(|one| one.to_string()).collect();
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    shown.join(", ") + &more
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_to_type_is_one_command_for_any_key() {
        for (key, word) in [("10001", "10001"), ("E-1.a", "E-1.a"), ("a b", "'a b'"), ("O'Neil", r"'O'\''Neil'"), ("$x", "'$x'")]
        {
            assert_eq!(shell_word(key), word);
        }
        let ids = ["a", "b"].map(|id| ObjectId::new(id).unwrap());
        assert!(decide("1", &ids[..1], false, false).starts_with("`hrpush decide 1 --same a`"));
        assert!(decide("1", &ids, false, false).starts_with("`hrpush decide 1 --same ID`"));
    }
}
