//! The account of a person of the reading.

use crate::directory::{Attribute, DeletedUser, UserNo, Users};
use crate::mapping::Stage;
use crate::plan::records::text_index::{TextOf, fold};
use crate::plan::records::{PersonNo, PersonRow};

use jiff::civil::Date;

/// How an account was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::plan) enum How {
    /// By the match attribute of this number.
    By(u8),
    /// By the key that the person had before.
    PreviousKey,
    /// By what an earlier run knew.
    Ledger,
    /// By a decision that an administrator made with `hrpush decide`.
    Decision,
}

/// The account of a person.
#[derive(Clone, Copy)]
pub(in crate::plan) enum Account<'a> {
    /// No account: the person is a candidate for a create.
    None,
    /// An account that is not deleted, and how it was found.
    Live(UserNo, How),
    /// One in the recycle bin.
    Deleted(&'a DeletedUser),
}

/// A person of the reading with the account.
#[derive(Clone, Copy)]
pub(in crate::plan) struct Person<'a> {
    pub(in crate::plan) number: PersonNo,
    pub(in crate::plan) account: Account<'a>,
}

/// Whether HR calls the person of a record gone.
pub(in crate::plan) fn left(row: PersonRow<'_>) -> bool {
    matches!(row.facts().stage, Stage::Left { .. })
}

/// The first working day, where the record has one.
pub(super) fn start(row: PersonRow<'_>) -> Option<Date> {
    match row.facts().stage {
        Stage::Upcoming { start } | Stage::PreHire { start } => Some(start),
        Stage::Active { start } => start,
        Stage::Left { .. } => None,
    }
}

/// The first of these match attributes in which the user carries another value, not empty, than the record has or had.
pub(in crate::plan) fn other_key(
    row: PersonRow<'_>,
    users: &Users,
    user: &impl TextOf,
    mut attributes: impl Iterator<Item = Attribute>,
) -> Option<Attribute> {
    attributes.find(|attribute| {
        let Some(carried) = user.text_of(*attribute) else { return false };
        let same = |text: &str| fold(*attribute, text) == fold(*attribute, carried);
        let wanted = row.wanted_text(*attribute, users).is_some_and(same);
        !wanted && !row.previous_key().is_some_and(same)
    })
}
