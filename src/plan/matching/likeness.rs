//! How far the names of a record and of an account agree, case and diacritics aside.

use crate::directory::{Attribute, Users, roles};
use crate::mapping::Desired;
use crate::plan::decision::Decision;
use crate::plan::ledger::Ledger;
use crate::plan::matching::name_folding::plain;
use crate::plan::records::PersonRow;
use crate::plan::records::text_index::TextOf;
use crate::plan::records::wanted_texts::wanted_text;

/// Given name and surname, folded.
pub(in crate::plan) type BothNames = (String, String);

/// The names of a person as one side has them. An empty name is unknown.
#[derive(Clone, Copy, Default)]
pub(in crate::plan) struct PersonNames<'a> {
    pub(in crate::plan) given: Option<&'a str>,
    pub(in crate::plan) surname: Option<&'a str>,
    display: Option<&'a str>,
}

impl<'a> PersonNames<'a> {
    fn new(text: impl Fn(Attribute) -> Option<&'a str>) -> Self {
        let name = |name: &str| text(Attribute::find(name)?).filter(|text| !text.trim().is_empty());
        Self { given: name(roles::GIVEN_NAME), surname: name(roles::SURNAME), display: name(roles::DISPLAY_NAME) }
    }

    /// The names among texts by the names of their attributes.
    pub(in crate::plan) fn of_texts(text: impl Fn(&str) -> Option<&'a str>) -> Self {
        Self::new(|attribute| text(attribute.name))
    }

    /// The names of an account.
    pub(in crate::plan) fn of_account(user: &'a impl TextOf) -> Self {
        Self::new(|attribute| user.text_of(attribute))
    }

    /// The names that a record wants.
    pub(in crate::plan) fn of_record(row: PersonRow<'a>, users: &'a Users) -> Self {
        Self::new(|attribute| row.wanted_text(attribute, users))
    }

    /// The names that a person should have.
    pub(in crate::plan) fn of_desired(desired: &'a Desired) -> Self {
        Self::new(|attribute| wanted_text(desired, attribute))
    }

    /// Whether no name at all is known, not even the display name.
    pub(in crate::plan) fn is_unknown(&self) -> bool {
        self.is_nameless() && self.display.is_none()
    }

    /// Whether neither name of a person is known.
    pub(in crate::plan) fn is_nameless(&self) -> bool {
        self.given.is_none() && self.surname.is_none()
    }

    /// Whether a word of one person's names is one of the other's, or one side has no name at all.
    pub(in crate::plan) fn may_share_a_name(&self, other: &PersonNames<'_>) -> bool {
        shares_a_word(&self.words(), &other.words())
    }

    /// The folded words of all names, without initials.
    pub(in crate::plan) fn words(&self) -> Vec<String> {
        let all = [self.given, self.surname, self.display].into_iter().flatten().flat_map(words);
        all.filter(|word| word.chars().count() > 1).collect()
    }

    /// Both names, where both are known.
    pub(in crate::plan) fn both(&self) -> Option<BothNames> {
        Some((plain(self.given?), plain(self.surname?)))
    }
}

/// The decision about the record with this key, as long as both names are those that it was made for.
pub(in crate::plan) fn standing_decision<'l>(ledger: &'l Ledger, key: &str, names: PersonNames<'_>) -> Option<&'l Decision> {
    ledger.decision_about(key, names.given, names.surname)
}

/// What two sides have of one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::plan) enum Agreement {
    Same,
    /// One side does not know it.
    Unknown,
    Different,
}

impl Agreement {
    pub(in crate::plan) fn of(left: Option<&str>, right: Option<&str>) -> Self {
        match left.zip(right) {
            None => Self::Unknown,
            Some((left, right)) if left == right || plain(left) == plain(right) => Self::Same,
            Some(_) => Self::Different,
        }
    }
}

/// How far the names of a record and of an account agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::plan) struct Likeness {
    given: Agreement,
    pub(in crate::plan) surname: Agreement,
    /// Whether the display names, or the parts of the names within them, agree.
    display: bool,
    /// Whether both display names are known and share no word.
    other_display: bool,
}

impl Likeness {
    pub(in crate::plan) fn of(record: PersonNames<'_>, account: PersonNames<'_>) -> Self {
        Self {
            given: Agreement::of(record.given, account.given),
            surname: Agreement::of(record.surname, account.surname),
            display: shows(record, account) || shows(account, record),
            other_display: record.display.zip(account.display).is_some_and(|(left, right)| share_no_word(left, right)),
        }
    }

    /// Another person by all that is known: both names are known on both sides and differ.
    pub(in crate::plan) fn both_differ(self) -> bool {
        self.given == Agreement::Different && self.surname == Agreement::Different
    }

    /// Another person by every name that both sides know: where HR lost or never had a name, the other one, or the display name, decides.
    pub(in crate::plan) fn is_stranger(self) -> bool {
        match (self.given, self.surname) {
            (Agreement::Same, _) | (_, Agreement::Same) => false,
            (Agreement::Unknown, Agreement::Unknown) => self.other_display,
            _ => true,
        }
    }

    /// The same person by both names.
    pub(in crate::plan) fn both_agree(self) -> bool {
        self.given == Agreement::Same && self.surname == Agreement::Same
    }

    /// Whether a name that both sides know differs.
    pub(in crate::plan) fn any_differs(self) -> bool {
        self.given == Agreement::Different || self.surname == Agreement::Different
    }

    /// Whether a name confirms a match that the key does not: the surname, or where it is unknown the given name or the display name.
    pub(in crate::plan) fn is_witness(self) -> bool {
        match self.surname {
            Agreement::Same => true,
            Agreement::Unknown => self.given == Agreement::Same || self.display,
            Agreement::Different => false,
        }
    }
}

/// Whether the display name of `shown` has the words of the other side's display name, or of its two names, in any order.
///
/// Other words make it the name of something else, such as a shared mailbox: only what stands in parentheses, initials and titles are no part
/// of a name.
fn shows(named: PersonNames<'_>, shown: PersonNames<'_>) -> bool {
    let Some(display) = shown.display else { return false };
    let whole = words(display);
    if !whole.is_empty() && named.display.is_some_and(|name| words(name) == whole) {
        return true;
    }
    let Some((given, surname)) = named.given.zip(named.surname) else { return false };
    let display = words(&without_parentheses(display));
    let parts = [words(given), words(surname)];
    let is_part = |word: &String| parts.iter().any(|part| part.contains(word));
    parts.iter().all(|part| !part.is_empty() && part.iter().all(|word| display.contains(word)))
        && display.iter().all(|word| is_part(word) || word.chars().count() == 1 || TITLES.contains(&word.as_str()))
}

/// Words before a name that are no name.
const TITLES: [&str; 9] = ["dr", "prof", "mr", "mrs", "ms", "ing", "dipl", "mag", "phd"];

fn without_parentheses(name: &str) -> String {
    let mut depth = 0_usize;
    let mut outside = |letter: &char| {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => return depth == 0,
        }
        false
    };
    name.chars().filter(|letter| outside(letter)).collect()
}

/// Whether the words of two people's names have one in common. Where one side has none, nothing speaks against it.
pub(in crate::plan) fn shares_a_word(left: &[String], right: &[String]) -> bool {
    left.is_empty() || right.is_empty() || left.iter().any(|word| right.contains(word))
}

fn share_no_word(left: &str, right: &str) -> bool {
    let (left, right) = (words(left), words(right));
    !left.is_empty() && !right.is_empty() && left.iter().all(|word| !right.contains(word))
}

/// The folded words of a name, sorted.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> =
        plain(name).split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    words.sort_unstable();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names<'a>(given: &'a str, surname: &'a str, display: &'a str) -> PersonNames<'a> {
        let known = |name: &'a str| Some(name).filter(|name| !name.is_empty());
        PersonNames { given: known(given), surname: known(surname), display: known(display) }
    }

    #[test]
    fn an_unknown_name_does_not_differ() {
        let zoe = names("Zoe", "Zander", "Zoe Zander");
        for (account, differ) in [
            (names("Ada", "Adler", "Ada Adler"), true),
            (names("ZOÉ", "Adler", ""), false),
            (names("Ada", "zander", ""), false),
            (names("", "Adler", "Ada Adler"), false),
            (names("", "", "Reception"), false),
        ] {
            assert_eq!(Likeness::of(zoe, account).both_differ(), differ, "{:?}", account.display);
        }
    }

    #[test]
    fn a_stranger_has_no_name_in_common() {
        let eve = names("Eve", "Ferber", "Eve Ferber");
        for (record, stranger) in [
            (names("Rob", "Newman", "Rob Newman"), true),
            (names("Rob", "", "Rob"), true),
            (names("", "Newman", "Newman"), true),
            (names("", "", "Rob Newman"), true),
            (names("Eve", "Newman", "Eve Newman"), false),
            (names("Eva", "Ferber", "Eva Ferber"), false),
            (names("", "", "Ferber, E."), false),
            (names("", "", ""), false),
        ] {
            assert_eq!(Likeness::of(record, eve).is_stranger(), stranger, "{:?}", record.display);
        }
    }

    #[test]
    fn a_witness_is_the_surname_or_in_its_absence_another_name() {
        let zoe = names("Zoe", "Zander", "Zoe Zander");
        for (account, witness) in [
            (names("", "ZANDER", ""), true),
            (names("Zoe", "Young", "Zoe Zander"), false),
            (names("Zoë", "", "Z."), true),
            (names("", "", "Zander, Zoe"), true),
            (names("", "", "Zoe Zander (Contoso)"), true),
            (names("", "", "Dr. Zoe M. Zander"), true),
            (names("", "", "Shared Zoe Zander mailbox"), false),
            (names("", "", "Zoe Zander - Reception"), false),
            (names("", "", "(Zoe Zander) Reception"), false),
            (names("", "", "Reception"), false),
            (names("", "", "Zoe"), false),
            (names("", "", ""), false),
        ] {
            assert_eq!(Likeness::of(zoe, account).is_witness(), witness, "{:?} {:?}", account.surname, account.display);
        }
        assert!(Likeness::of(names("", "", "Zoe Zander"), names("Zoe", "Zander", "")).is_witness());
        assert!(!Likeness::of(names("", "", "..."), names("", "", "--")).is_witness());
    }
}
