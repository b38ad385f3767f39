//! What a run found that messages and metrics are about.

use crate::apply::Outcome;
use crate::notify::Named;
use crate::plan::{Concern, Guard, HeldEntry, Plan, Skipped};
use crate::target::RequestCounts;

/// What a run found that messages and metrics are about. A run that ends early has found less.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    /// The guards of the plan.
    pub(crate) guards: Vec<Guard>,
    /// The people who have left by HR and whose accounts stay enabled.
    pub(crate) leavers: Vec<Named>,
    /// The held records, and whatever else makes the run end with 4.
    pub(crate) held: Vec<Named>,
    /// The steps that failed, by person or group.
    pub(crate) failed: Vec<Named>,
    /// The requests, once the plan was carried out.
    pub(crate) requests: Option<RequestCounts>,
}

impl Findings {
    /// The plan was computed.
    pub(crate) fn planned(&mut self, plan: &Plan) {
        let (leavers, held): (Vec<_>, Vec<_>) = plan.attention().into_iter().partition(Concern::is_leaver);
        self.guards.clone_from(&plan.guards);
        self.leavers = leavers.iter().map(named).collect();
        self.held = held.iter().map(named).collect();
    }

    /// The plan was carried out, wholly or in part.
    pub(crate) fn applied(&mut self, outcome: &Outcome) {
        let failed = outcome.failed.iter();
        self.failed = failed.map(|failed| entry(failed.key.clone(), &failed.code, None)).collect();
        self.requests = Some(outcome.requests);
    }
}

fn named(concern: &Concern<'_>) -> Named {
    match concern {
        Concern::HeldLeaver(held) | Concern::Held(held) => {
            let account = held.candidates.first().map(|candidate| candidate.user_principal_name.clone());
            entry(key_or_place(held), held.code.as_str(), account)
        }
        Concern::OpenAccount(skipped) | Concern::LeftAlone(skipped) => entry(key_or_id(skipped), skipped.code.as_str(), None),
    }
}

fn entry(key: String, code: &str, user_principal_name: Option<String>) -> Named {
    Named { key, code: code.to_owned(), user_principal_name }
}

fn key_or_place(held: &HeldEntry) -> String {
    let key = held.key.as_ref().map(|key| key.as_str().to_owned());
    key.or_else(|| held.record.as_ref().map(ToString::to_string)).unwrap_or_default()
}

fn key_or_id(skipped: &Skipped) -> String {
    skipped.key.clone().or_else(|| skipped.id.as_ref().map(ToString::to_string)).unwrap_or_default()
}
