//! Changes that an administrator rejected: they are skipped until HR's record of the person changes.

use serde::{Deserialize, Serialize};

use crate::directory::{ObjectId, roles};
use crate::mapping::LeaveAction;
use crate::plan::bound_names::BoundNames;
use crate::plan::model::{Action, Change, Edit, Members, Object, Plan};

/// What was rejected of one change. A change of a user is rejected whole, one of a group for a single member.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RejectedChange {
    /// What was to be done.
    pub action: Action,
    /// To what kind of object.
    pub object: Object,
    /// The key of the change: that of the person, or of the group.
    pub key: String,
    /// The account or the group; none before it is created.
    pub id: Option<ObjectId>,
    /// What was to follow a disable.
    pub then: Vec<LeaveAction>,
    /// For a group: the attributes that were to change. For a user: the names alone.
    pub attributes: Vec<Edit>,
    /// For a group: the member that was to be added or removed.
    pub members: Option<Members>,
}

/// A rejection in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejection {
    /// The person's key, or that of a group that was to be made or renamed.
    pub key: String,
    /// The deed that was rejected.
    pub change: RejectedChange,
    /// The digest of HR's record of the person; none where the reading had no record.
    pub record: Option<String>,
    /// By whom, when, and why, as a sentence shows it.
    pub by: String,
}

impl RejectedChange {
    /// What the rejection of a plan rejects, each with the key of the person or the group. With keys, only what concerns these people.
    pub fn of(plan: &Plan, keys: Option<&[String]>) -> Vec<(String, Self)> {
        let concerns = |key: &String| keys.is_none_or(|keys| keys.contains(key));
        let mut rejected = Vec::new();
        for change in &plan.changes {
            let of = |members, attributes| Self {
                action: change.action,
                object: change.object,
                key: change.key.clone(),
                id: change.id.clone(),
                then: change.then.clone(),
                attributes,
                members,
            };
            if change.object == Object::User {
                if concerns(&change.key) {
                    let names =
                        change.attributes.iter().filter(|edit| [roles::GIVEN_NAME, roles::SURNAME].contains(&&*edit.name));
                    rejected.push((change.key.clone(), of(None, names.cloned().collect())));
                }
                continue;
            }
            if !change.attributes.is_empty() && keys.is_none() {
                rejected.push((change.key.clone(), of(None, change.attributes.clone())));
            }
            let Some(members) = &change.members else { continue };
            for member in members.add.iter().filter(|member| concerns(member)) {
                let one = Members { add: vec![member.clone()], remove: Vec::new() };
                rejected.push((member.clone(), of(Some(one), Vec::new())));
            }
            for member in members.remove.iter().filter(|member| concerns(member)) {
                let one = Members { add: Vec::new(), remove: vec![member.clone()] };
                rejected.push((member.clone(), of(Some(one), Vec::new())));
            }
        }
        rejected
    }

    /// Takes these deeds out of changes that were approved before.
    ///
    /// The steps that follow a disable are no matter: what was rejected, or was done, is covered no more.
    #[must_use]
    pub fn taken_out_of(deeds: &[Self], covered: Vec<Change>) -> Vec<Change> {
        let same = |deed: &Self, change: &Change| {
            (deed.object, deed.action, &deed.key, &deed.id) == (change.object, change.action, &change.key, &change.id)
        };
        let mut left = Vec::new();
        for mut change in covered {
            if change.object == Object::User {
                if !deeds.iter().any(|deed| same(deed, &change)) {
                    left.push(change);
                }
                continue;
            }
            let taken = deeds.iter().filter(|deed| deed.take_out_of(&mut change)).count();
            let is_empty = change.attributes.is_empty()
                && change.members.as_ref().is_none_or(|members| members.add.is_empty() && members.remove.is_empty());
            if taken == 0 || !is_empty {
                left.push(change);
            }
        }
        left
    }

    /// The names that the person was to have, as far as the change sets them.
    pub fn names(&self) -> BoundNames {
        let name = |name: &str| self.attributes.iter().find(|edit| edit.name == name)?.after.as_ref()?.as_text();
        BoundNames::new(name(roles::GIVEN_NAME), name(roles::SURNAME))
    }

    /// Whether this is the change that was rejected: the same deed on the same object, with nothing more to follow.
    ///
    /// The values may differ. A rejected update never keeps an account open, since a disable is another deed.
    pub(in crate::plan) fn is(&self, change: &Change) -> bool {
        self.object == change.object
            && self.key == change.key
            && self.action == change.action
            && self.id == change.id
            && change.then.iter().all(|step| self.then.contains(step))
    }

    /// Takes what was rejected out of a change of a group; whether there was anything to take.
    pub(in crate::plan) fn take_out_of(&self, change: &mut Change) -> bool {
        if self.object != Object::Group || self.object != change.object || self.key != change.key || self.id != change.id {
            return false;
        }
        let size = |change: &Change| {
            let members = change.members.as_ref().map_or(0, |members| members.add.len() + members.remove.len());
            change.attributes.len() + members
        };
        let before = size(change);
        change.attributes.retain(|edit| !self.attributes.iter().any(|rejected| edit.ends_as(rejected)));
        if let (Some(members), Some(rejected)) = (&mut change.members, &self.members) {
            members.add.retain(|member| !rejected.add.contains(member));
            members.remove.retain(|member| !rejected.remove.contains(member));
        }
        size(change) < before
    }
}
