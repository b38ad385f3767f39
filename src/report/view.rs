//! How a plan is shown: how much of it, how wide, and what becomes of it afterwards.

/// What becomes of a plan after it was shown. The headline says so, and must never be wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prospect {
    /// Nothing is written before a person agrees: a dry run, or a plan that a question follows.
    #[default]
    Waits,
    /// A dry run of a schedule, which asks no question when it runs.
    Rehearses,
    /// It is carried out at once, as the caller agreed beforehand.
    Applies,
    /// It is carried out at once, because the embedded sandbox never asks.
    Sandbox,
    /// A guard or an approval for another plan stops it.
    Stopped {
        /// The leavers that are disabled nevertheless, by `[guard] leavers = "go"`.
        leavers: usize,
    },
    /// A dry run of a plan that a guard stops.
    WouldStop {
        /// The leavers that a run disables nevertheless, by `[guard] leavers = "go"`.
        leavers: usize,
    },
    /// It belongs to a run of the past.
    Recorded,
    /// A guard tripped, and an approval lets the plan pass.
    Approved {
        /// Whether it is carried out now.
        now: bool,
    },
}

/// How much of a plan is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// Long plans are folded.
    #[default]
    Folded,
    /// Every change with its attributes.
    Full,
    /// Counts and guards alone.
    Summary,
}

/// How a plan is shown.
///
/// ```
/// # use hrpush::report::{Detail, View};
/// let view = View { detail: Detail::Full, width: Some(120), ..View::default() };
/// assert!(!view.verbose);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// What becomes of the plan.
    pub prospect: Prospect,
    /// How much of it is shown.
    pub detail: Detail,
    /// Whether guards far from their limits are listed too.
    pub verbose: bool,
    /// The columns of the terminal; `None` breaks no line.
    pub width: Option<usize>,
    /// The changes of a saved plan or of an undo that no longer fit and were left out; `None` where the plan compares the tenant with HR.
    pub left_out: Option<usize>,
    /// Whether an approval must be signed, so that `--approve` and an unsigned `hrpush approve` are refused.
    pub signed_approvals: bool,
}

impl View {
    /// Whether a guard or an approval for another plan stops the plan.
    pub(super) fn is_stopped(&self) -> bool {
        matches!(self.prospect, Prospect::Stopped { .. } | Prospect::WouldStop { .. })
    }
}
