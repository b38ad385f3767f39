//! The state of the steps, requests and look-ups of a run.

use std::collections::{HashSet, VecDeque};

use tokio::time::Instant;

use super::misses::Miss;
use super::part::Part;
use crate::apply::options::ApplyError;
use crate::apply::step::{Edits, ObjectRef, Step};
use crate::directory::ObjectId;
use crate::target::{Answer, Found, TargetError};

/// How many members are refused one by one, while none is added anywhere, before the app counts as forbidden to add any.
const FORBIDDEN: u32 = 40;

/// A step with its state in the run.
pub(super) struct StepState {
    pub(super) step: Step,
    /// What is left to send of a step that has parts.
    pub(super) parts: VecDeque<Part>,
    /// What a create left out and what is written once the account exists.
    pub(super) later: Edits,
    /// Attributes that a refusal named and that were left out. They are sent alone if the rest is refused without them.
    pub(super) blamed: Edits,
    pub(super) reduced: Reduced,
    pub(super) splits: u32,
    pub(super) blockers: usize,
    /// The steps that wait for it, and whether they need its success.
    pub(super) dependants: Vec<(usize, bool)>,
    pub(super) attempts: u32,
    /// How often the service failed over it; [`Self::first_fault`] is when the first such request was sent.
    pub(super) faults: u32,
    pub(super) first_fault: Option<Instant>,
    /// A request was sent that may have been applied: no answer came, or the service failed.
    pub(super) maybe_applied: bool,
    pub(super) throttles: u32,
    pub(super) doubt: Option<UnconfirmedCreate>,
    pub(super) misses: Vec<Miss>,
    /// The object that other steps wait for exists, even if another part of the step failed.
    pub(super) landed: bool,
    pub(super) stage: StepStage,
}

/// How much of a create is left out while the refusals do not name a culprit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reduced {
    #[default]
    Nothing,
    /// The attributes that have a permission rule of their own.
    Suspects,
    /// All but the demanded attributes and the match attribute.
    Optional,
    /// All but the demanded attributes.
    Key,
}

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StepStage {
    Open,
    /// A step that it needs failed, so that it is not sent.
    MustFail,
    Finished,
}

/// A create that may have been applied or not.
pub(super) struct UnconfirmedCreate {
    pub(super) request: u64,
    pub(super) since: Instant,
    pub(super) faults: u32,
    /// The conflict that the target answered, if it did.
    pub(super) conflict: Option<Answer>,
}

/// A period in which every batch was throttled, or failed in part and was throttled in the rest.
pub(super) struct ThrottlePeriod {
    pub(super) since: Instant,
    /// The moment at which the target wants to be asked again. Answers before that moment are no news.
    pub(super) next: Instant,
    pub(super) times: u32,
}

/// A request in flight: the part of a step under its number in the journal.
pub(super) struct InFlight {
    pub(super) at: usize,
    pub(super) request: u64,
    pub(super) part: Part,
}

/// The end of a request or of a look-up.
pub(super) enum Completion {
    Answers {
        started: Instant,
        in_flight: Vec<InFlight>,
        answers: Vec<Answer>,
    },
    Looked {
        at: usize,
        found: Result<Found, TargetError>,
    },
    /// A group that existed already: its id is looked up.
    Group {
        in_flight: InFlight,
        answer: Answer,
        found: Result<Option<ObjectId>, TargetError>,
    },
    /// A group that may have been created by a request without an answer, or by one that was sent again.
    Sought {
        in_flight: InFlight,
        answer: Answer,
        found: Result<Option<ObjectId>, TargetError>,
    },
}

/// The members that were added to groups in this run.
#[derive(Default)]
pub(super) struct MemberAdds {
    /// The members that were added, by step.
    pub(super) added: HashSet<(usize, ObjectRef)>,
    /// How many members were refused as forbidden, one by one.
    pub(super) refused_alone: u32,
}

impl MemberAdds {
    /// Whether the app may add no member at all, so that splitting an addition further is useless.
    pub(super) fn is_forbidden(&self) -> bool {
        self.added.is_empty() && self.refused_alone >= FORBIDDEN
    }
}

/// Why a run ends early.
pub(super) enum Stop {
    Interrupted,
    GaveUp,
    Broken(ApplyError),
}

impl StepState {
    pub(super) fn new(step: Step, dependants: Vec<(usize, bool)>) -> Self {
        let parts = Part::of(&step.act).into_iter().collect();
        let blockers = step.needs.len() + step.follows.len();
        Self {
            step,
            parts,
            later: Edits::new(),
            blamed: Edits::new(),
            reduced: Reduced::default(),
            splits: 0,
            blockers,
            dependants,
            attempts: 0,
            faults: 0,
            first_fault: None,
            maybe_applied: false,
            throttles: 0,
            doubt: None,
            misses: Vec::new(),
            landed: false,
            stage: StepStage::Open,
        }
    }
}
