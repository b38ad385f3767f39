//! People of this feed whom no record in scope names.

use std::collections::BTreeMap;

use super::{Planner, enablement};
use crate::plan::change::{Action, Change, Object, SkippedCode};
use crate::plan::ledger::Person as Known;
use crate::plan::reason::{Reason, Why};

impl Planner<'_> {
    /// People whom this feed once carried and no longer does, and managed people who fell out of scope.
    pub(in crate::plan) fn absent(&mut self) -> Vec<Change> {
        let inputs = self.inputs;
        let mut changes: Vec<Change> = Vec::new();
        for (key, previous) in &self.matching.out_of_scope {
            let known = [Some(*key), *previous].into_iter().flatten().find_map(|key| inputs.ledger.people.get(key));
            // Whoever another feed carried last is that feed's to serve.
            if let Some(known) = known.filter(|known| known.feed == inputs.rules.feed && inputs.plans(key)) {
                let disable = self.lifecycle().is_some_and(|lifecycle| lifecycle.disable_out_of_scope);
                changes.extend(self.gone(key, known, SkippedCode::OutOfScope, &Reason::OutOfScope, disable));
            }
        }
        if inputs.whole && !self.matching.keyless {
            for (key, known) in &inputs.ledger.people {
                if known.feed == inputs.rules.feed && inputs.plans(key.as_str()) && !self.matching.names(key) {
                    let disable = self.lifecycle().is_some_and(|lifecycle| lifecycle.disable_missing);
                    // Two keys of one account, of before and after a conversion, are one person.
                    let told = changes.iter().any(|change| change.id.as_ref() == Some(&known.id));
                    if !told {
                        changes.extend(self.gone(key.as_str(), known, SkippedCode::Missing, &Reason::Missing, disable));
                    }
                }
            }
        }
        changes
    }

    fn gone(&mut self, key: &str, known: &Known, code: SkippedCode, reason: &Reason, disable: bool) -> Option<Change> {
        let user = self.inputs.snapshot.users.row(&known.id).filter(|user| !self.matching.is_claimed(user.number()))?;
        let user = &user.to_user();
        let lifecycle = self.lifecycle().filter(|_| disable);
        let flips = user.enabled != Some(false);
        let Some(lifecycle) = lifecycle else {
            if flips {
                self.skip(key, Some(user), code, format!("{reason}: {} is left as it is", user.upn), false);
            }
            return None;
        };
        if self.untouchable(key, user, true).is_some() || self.shield(key, user, true) {
            return None;
        }
        let then = self.pending(lifecycle, user, Some(known), flips);
        if !flips && then.is_empty() {
            return None;
        }
        let mut change = Change {
            seq: 0,
            action: if flips { Action::Disable } else { Action::Update },
            object: Object::User,
            key: key.into(),
            id: Some(user.id.clone()),
            user_principal_name: Some(user.upn.as_str().into()),
            reason: reason.to_string(),
            why: Why::from(reason),
            cause: BTreeMap::new(),
            attributes: if flips { vec![enablement(user.enabled, false)] } else { Vec::new() },
            members: None,
            then: Vec::new(),
            record: None,
            ids: BTreeMap::new(),
        };
        self.follow(&mut change, user, then);
        Some(change)
    }
}
