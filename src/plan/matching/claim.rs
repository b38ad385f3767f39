//! The account of a person of the reading.

use crate::directory::{DeletedUser, UserNo};
use crate::plan::records::PersonNo;

/// How an account was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::plan) enum How {
    /// By the match attribute of this number.
    By(u8),
    /// By the key that the person had before.
    PreviousKey,
    /// By what an earlier run knew.
    Ledger,
    /// By `hrpush decide`.
    Decision,
}

/// The account of a person.
#[derive(Clone, Copy)]
pub(in crate::plan) enum Account<'a> {
    /// There is none.
    None,
    /// A live one.
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
