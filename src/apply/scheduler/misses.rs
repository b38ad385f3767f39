//! Failed steps and parts of steps, and their entries in the outcome document.

use std::collections::{BTreeMap, BTreeSet};

use super::part::has_own_rule;
use crate::apply::options::Options;
use crate::apply::outcome::{Failed, StepName};
use crate::directory::{Attribute, roles};
use crate::plan::{Action, Change, Object};
use crate::target::{Answer, Transcript};

/// The part of a step that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// The step as a whole.
    Whole,
    /// One attribute of a person.
    Attribute(Attribute),
    /// A member of a group, by key.
    Member(String),
    /// The group that a leaver is taken out of.
    Group(String),
    /// A licence, by its sku.
    Licence(String),
}

/// Why a step, or a part of one, failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MissCause {
    /// The target refused it, with this code.
    Refused(String),
    /// Something failed on which it depends.
    Dependency,
    /// The run ended before it.
    NotAttempted,
    /// No answer came, and no look-up tells what the request did.
    UnknownOutcome,
    /// The value cannot be sent.
    InvalidValue,
}

impl MissCause {
    /// The code of the document.
    fn as_str(&self) -> &str {
        match self {
            Self::Refused(code) => code,
            Self::Dependency => "dependency",
            Self::NotAttempted => "not-attempted",
            Self::UnknownOutcome => "unknown-outcome",
            Self::InvalidValue => "invalid-value",
        }
    }
}

/// A step, or a part of one, that failed.
#[derive(Clone, Debug)]
pub(super) struct Miss {
    pub(super) step: StepName,
    pub(super) detail: Detail,
    pub(super) status: Option<u16>,
    pub(super) cause: MissCause,
    pub(super) text: String,
    pub(super) request_id: Option<String>,
    /// The property that the target named.
    pub(super) property: Option<String>,
    pub(super) owner: Option<String>,
    /// The addresses of which another object has one.
    pub(super) taken: Vec<String>,
    /// The target answers that the app may not do this.
    pub(super) forbidden: bool,
}

impl Miss {
    /// A failure without an answer.
    pub(super) fn silent(step: StepName, detail: Detail, cause: MissCause, text: impl Into<String>) -> Self {
        Self {
            step,
            detail,
            status: None,
            cause,
            text: text.into(),
            request_id: None,
            property: None,
            owner: None,
            taken: Vec::new(),
            forbidden: false,
        }
    }

    /// A refusal by the target.
    pub(super) fn refused(step: StepName, detail: Detail, answer: &Answer) -> Self {
        let Transcript { status, code, message, request_id } = answer.transcript.clone();
        let code = code.unwrap_or_else(|| status.map_or_else(|| "no-answer".into(), |status| format!("http-{status}")));
        Self {
            status,
            request_id,
            property: answer.culprits.property.clone(),
            owner: answer.name_conflict().and_then(|conflict| conflict.owner.clone()),
            forbidden: answer.is_forbidden(),
            ..Self::silent(step, detail, MissCause::Refused(code), message.unwrap_or_else(|| without_message(status)))
        }
    }

    pub(super) fn is_dependency(&self) -> bool {
        self.cause == MissCause::Dependency
    }

    /// The property as the document names it: the attribute that was refused, else the one that the target named.
    fn property(&self) -> Option<String> {
        match self.detail {
            Detail::Attribute(attribute) => Some(attribute.name.to_owned()),
            _ => self.property.clone(),
        }
    }

    /// The text of the target, with the property and the owner that it does not name itself.
    fn text(&self) -> String {
        let mut text = self.text.clone();
        for property in self.property.iter().filter(|property| !self.text.contains(property.as_str())) {
            text = format!("{} (property `{property}`)", text.trim_end_matches('.'));
        }
        match &self.owner {
            Some(owner) => {
                let address = self.taken.first().map_or("the value", String::as_str);
                format!("{}; {address} belongs to {owner}", text.trim_end_matches('.'))
            }
            None => text,
        }
    }

    /// What was being done, where that is not the change itself.
    fn doing(&self, change: &Change) -> Option<String> {
        Some(match (&self.detail, self.step) {
            (Detail::Licence(sku), _) => format!("removing licence {sku}"),
            (Detail::Group(group), _) => format!("removing the member from group {group}"),
            (_, StepName::Enable) if change.action != Action::Enable => "enabling the account".into(),
            (_, StepName::Disable) if change.action != Action::Disable => "disabling the account".into(),
            (_, StepName::Enable | StepName::Disable) => return None,
            (Detail::Attribute(attribute), _) => format!("writing {attribute}"),
            (_, StepName::Create | StepName::Delete | StepName::Restore) => return None,
            (_, StepName::Password) => "setting a new password".into(),
            (_, StepName::RevokeSessions) => "revoking the sessions".into(),
            (_, StepName::Update) if change.object == Object::Group => "renaming".into(),
            (_, StepName::Update) => "writing the attributes".into(),
            (_, StepName::Manager) => "writing the manager".into(),
            (_, StepName::Members) => "changing the members".into(),
            (_, StepName::RemoveLicenses) => "removing the licences".into(),
            (_, StepName::Tap) => "creating the Temporary Access Pass".into(),
        })
    }
}

/// What is told of a refusal that names no reason.
fn without_message(status: Option<u16>) -> String {
    match status {
        Some(status) => format!("the answer {status} gives no reason of Graph; a proxy or gateway on the way may have sent it"),
        None => "no answer from the service".into(),
    }
}

/// How much of a change is done and what failed of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    /// What is done of what the change is called after, in the order in which it was done.
    pub(super) achieved: Vec<&'static str>,
    pub(super) misses: Vec<Miss>,
    /// Whether any request of it went through.
    pub(super) any_done: bool,
}

impl Progress {
    /// The entries of the document. What only followed from another failure of the same change is left out.
    pub(super) fn failed(&self, change: &Change) -> Vec<Failed> {
        let is_cause = |miss: &Miss| !miss.is_dependency() || matches!(miss.detail, Detail::Member(_));
        let any_cause = self.misses.iter().any(is_cause);
        let reported: Vec<&Miss> = self.misses.iter().filter(|miss| is_cause(miss) || !any_cause).collect();
        let (members, others): (Vec<&Miss>, Vec<&Miss>) =
            reported.into_iter().partition(|miss| matches!(miss.detail, Detail::Member(_)));
        let mut failed: Vec<Failed> = Vec::new();
        for miss in others.iter().take(if any_cause { usize::MAX } else { 1 }) {
            let text = match miss.doing(change) {
                Some(doing) => format!("{doing} failed: {}", miss.text()),
                None => miss.text(),
            };
            failed.push(self.entry(change, miss, text));
        }
        failed.extend(self.members(change, &members));
        failed
    }

    /// The members of a group that were not added or removed, in one entry for each.
    fn members(&self, change: &Change, misses: &[&Miss]) -> Vec<Failed> {
        const NAMED: usize = 5;
        let wanted = change.members.clone().unwrap_or_default();
        let is_added = |miss: &&&Miss| match &miss.detail {
            Detail::Member(key) => wanted.add.contains(key),
            _ => false,
        };
        let (added, removed): (Vec<&Miss>, Vec<&Miss>) = misses.iter().copied().partition(|miss| is_added(&miss));
        let sides = [("adding", added, wanted.add.len()), ("removing", removed, wanted.remove.len())];
        let mut failed = Vec::new();
        for (doing, misses, all) in sides {
            // A refusal by the target is more useful than its consequences.
            let Some(first) = misses.iter().find(|miss| !miss.is_dependency()).or(misses.first()) else { continue };
            let named = misses.iter().take(NAMED).map(|miss| match &miss.detail {
                Detail::Member(key) => format!("{key}: {}", miss.text()),
                _ => miss.text(),
            });
            let mut text = named.collect::<Vec<_>>().join("; ");
            if misses.len() > NAMED {
                text = format!("{text}; and {} more", misses.len() - NAMED);
            }
            failed.push(self.entry(change, first, format!("{doing} {} of {all} members failed: {text}", misses.len())));
        }
        failed
    }

    fn entry(&self, change: &Change, miss: &Miss, text: String) -> Failed {
        let message = if self.achieved.is_empty() { text } else { format!("{}; {text}", self.achieved.join(", ")) };
        Failed {
            seq: change.seq,
            key: change.key.clone(),
            action: change.action,
            status: miss.status,
            code: miss.cause.as_str().to_owned(),
            message,
            request_id: miss.request_id.clone(),
            step: Some(miss.step),
            property: miss.property(),
            owner: miss.owner.clone(),
        }
    }
}

/// The attributes that are refused to the app and not to a person: no value of them went through in this run. The refusal of one person
/// alone counts only for an attribute that needs a permission of its own, and of which no value went through since the app was last
/// refused it. An attribute that needs no permission of its own has to be refused to several, while something else went through: an outage
/// refuses everything. Gives the people refused, by change.
pub(super) fn refused_to_app(
    progress: &[Progress],
    written: &BTreeSet<Attribute>,
    options: &Options<'_>,
) -> BTreeMap<Attribute, BTreeSet<usize>> {
    let mut refused: BTreeMap<Attribute, BTreeSet<usize>> = BTreeMap::new();
    let any_done = progress.iter().any(|change| change.any_done);
    for (at, change) in progress.iter().enumerate() {
        for miss in change.misses.iter().filter(|miss| miss.forbidden) {
            if let Detail::Attribute(attribute) = miss.detail {
                refused.entry(attribute).or_default().insert(at);
            }
        }
    }
    refused.retain(|attribute, people| {
        // Without these no account can be made, found or opened, so that the plan never leaves them out.
        let demanded = matches!(
            attribute.name,
            roles::ACCOUNT_ENABLED | roles::USER_PRINCIPAL_NAME | roles::DISPLAY_NAME | roles::MAIL_NICKNAME
        );
        let several = people.len() > 1;
        let own = has_own_rule(*attribute) && (several || !options.accepted.contains(attribute));
        (own || (several && any_done)) && !demanded && Some(*attribute) != options.matching && !written.contains(attribute)
    });
    refused
}
