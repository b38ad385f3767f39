//! What keeps a run from ending with 0 although it is done.

use crate::plan::model::{HeldAccess, HeldEntry, Plan, Skipped, SkippedCode};

/// One thing that a person must see.
///
/// ```
/// # use hrpush::plan::{Concern, Plan};
/// fn exit_code(plan: &Plan) -> u8 {
///     if plan.attention().is_empty() { 0 } else { 4 }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concern<'p> {
    /// A held record of a leaver: the account stays as it is until an administrator acts.
    HeldLeaver(&'p HeldEntry),
    /// The account of a leaver that hrpush must not touch, or was told not to touch.
    OpenAccount(&'p Skipped),
    /// Any other held record.
    Held(&'p HeldEntry),
    /// A person or a value that was left alone and that may be wrong.
    LeftAlone(&'p Skipped),
}

impl Concern<'_> {
    /// Whether a person has left by HR and keeps the access: such concerns head the report.
    #[must_use]
    pub fn is_leaver(&self) -> bool {
        matches!(self, Self::HeldLeaver(_) | Self::OpenAccount(_))
    }

    /// Whether a person has left by HR, and no other record of the plan closes the account.
    #[must_use]
    pub fn keeps_access(&self) -> bool {
        match self {
            Self::HeldLeaver(entry) => entry.access != HeldAccess::Closing,
            Self::OpenAccount(entry) => !entry.disabled,
            Self::Held(_) | Self::LeftAlone(_) => false,
        }
    }
}

impl Plan {
    /// Everything that makes a run end with 4 where it was carried out, leavers with access first.
    #[must_use]
    pub fn attention(&self) -> Vec<Concern<'_>> {
        let (leavers, held): (Vec<&HeldEntry>, Vec<&HeldEntry>) = self.held.iter().partition(|entry| entry.left);
        let (open, rest): (Vec<&Skipped>, Vec<&Skipped>) = self.skipped.iter().partition(|entry| entry.left);
        let rest = rest.into_iter().filter(|entry| needs_attention(entry.code));
        let leavers = leavers.into_iter().map(Concern::HeldLeaver).chain(open.into_iter().map(Concern::OpenAccount));
        leavers.chain(held.into_iter().map(Concern::Held)).chain(rest.map(Concern::LeftAlone)).collect()
    }
}

/// Whether an entry makes the run end with 4 although no leaver keeps access by it.
fn needs_attention(code: SkippedCode) -> bool {
    match code {
        // A person without an account of their own, an account without a person in HR; values and words that were not believed; changes
        // that HR asks for and that were not made.
        SkippedCode::Guest
        | SkippedCode::Missing
        | SkippedCode::InvalidValue
        | SkippedCode::NewStatus
        | SkippedCode::EndDateIgnored
        | SkippedCode::RefusedByGraph
        | SkippedCode::RefusedByTarget
        | SkippedCode::OtherFeed
        | SkippedCode::NotConfirmed => true,
        SkippedCode::Protected
        | SkippedCode::Shielded
        | SkippedCode::Synced
        | SkippedCode::DisabledElsewhere
        | SkippedCode::StartsLater
        | SkippedCode::Upcoming
        | SkippedCode::OutOfScope
        | SkippedCode::ManagerUnknown
        | SkippedCode::NotClearable
        | SkippedCode::CannotBeCleared
        | SkippedCode::Rejected
        | SkippedCode::GroupSpelling
        | SkippedCode::GroupMembers
        | SkippedCode::GroupUnused
        | SkippedCode::MemberPending => false,
    }
}
