//! Whether a record is in scope, where a cell that decides it may be damaged.

use super::problem::Problem;

/// The outcome of one test or of several together.
#[derive(Debug)]
pub(super) enum Verdict {
    Yes,
    No,
    /// Without the damage to a cell it could be either.
    Damaged(Problem),
    /// It cannot be computed.
    Failed(Problem),
}

impl Verdict {
    /// One that is `No` decides, whatever the damage of another is.
    pub(super) fn all(verdicts: impl Iterator<Item = Self>) -> Self {
        let mut all = Self::Yes;
        for verdict in verdicts {
            match verdict {
                Self::No => return Self::No,
                Self::Yes => {}
                unclear @ (Self::Damaged(_) | Self::Failed(_)) => all = unclear,
            }
        }
        all
    }

    /// One that is `Yes` decides, whatever the damage of another is.
    pub(super) fn any(verdicts: impl Iterator<Item = Self>) -> Self {
        let mut any = Self::No;
        for verdict in verdicts {
            match verdict {
                Self::Yes => return Self::Yes,
                Self::No => {}
                unclear @ (Self::Damaged(_) | Self::Failed(_)) => any = unclear,
            }
        }
        any
    }
}
