//! The steps for a target that takes whole records: one for each person, with everything that the record has.
//!
//! Leavers come first. Everybody else follows their managers: such a target resolves a manager only if it has seen the manager's record.

use std::collections::{BTreeMap, HashMap};

use super::step::{Edits, Phase, Step, StepAction};
use crate::directory::{Attribute, ObjectId, Snapshot, Value, roles};
use crate::mapping::LeaveAction;
use crate::plan::{Action, Change, Object, Plan};

/// The most managers that are followed upwards: a circle has no top.
const DEEPEST: usize = 100;

/// One step for each person of the plan. Groups have no records.
pub(super) fn record_steps(plan: &Plan, snapshot: &Snapshot) -> Vec<Step> {
    let mut steps: Vec<Step> = plan
        .changes
        .iter()
        .enumerate()
        .map(|(at, change)| {
            let (phase, act) = match record(change, snapshot) {
                Ok(act) if change.action == Action::Disable => (Phase::Close, act),
                Ok(act) => (Phase::Appear, act),
                Err(why) => (Phase::Update, StepAction::Impossible(why.to_owned())),
            };
            Step { change: at, phase, act, leave: None, needs: Vec::new(), follows: Vec::new(), instead: Vec::new() }
        })
        .collect();
    let depths = depths(&steps);
    steps.sort_by_key(|step| (step.phase, depths[&step.change]));
    steps
}

/// The record of a person after the change.
fn record(change: &Change, snapshot: &Snapshot) -> Result<StepAction, &'static str> {
    let is_new = change.action == Action::Create;
    if change.object == Object::Group || matches!(change.action, Action::Delete | Action::Restore) {
        return Err("the target takes the records of people alone, and deletes and restores none");
    }
    let id = change.id.clone().or_else(|| ObjectId::of_key(&change.key)).ok_or("the HR key is empty")?;
    let user = snapshot.users.get(&id);
    let mut attributes: Edits =
        user.iter().flat_map(|user| user.attributes.iter()).map(|(attribute, value)| (attribute, Some(value))).collect();
    attributes.extend(change.attributes.iter().filter_map(|edit| Some((edit.attribute()?, edit.after.clone()))));
    let enabled = match change.action {
        Action::Disable => Some(false),
        Action::Enable => Some(true),
        _ => None,
    };
    if let Some(attribute) = Attribute::find(roles::ACCOUNT_ENABLED) {
        let before = user.as_ref().and_then(|user| user.enabled).unwrap_or(true);
        let planned = attributes.get(&attribute).cloned().flatten().unwrap_or(Value::Flag(before));
        attributes.insert(attribute, Some(enabled.map_or(planned, Value::Flag)));
    }
    let edit = change.attributes.iter().find(|edit| edit.name == roles::MANAGER);
    let manager = match edit {
        _ if change.then.contains(&LeaveAction::ClearManager) => None,
        Some(edit) => edit.after.as_ref().and_then(Value::as_text).and_then(|key| account(change, key, snapshot)),
        None => user.and_then(|user| user.manager),
    };
    Ok(StepAction::PutUser { id, attributes, manager, is_new })
}

/// The account behind a key, or behind an id that the target gave.
fn account(change: &Change, key: &str, snapshot: &Snapshot) -> Option<ObjectId> {
    let known = change.aside.accounts.get(key).cloned();
    let by_id = || ObjectId::new(key).filter(|id| snapshot.users.contains_key(id));
    known.or_else(by_id).or_else(|| ObjectId::of_key(key))
}

/// How many managers of each person are written before, by the number of the change.
fn depths(steps: &[Step]) -> BTreeMap<usize, usize> {
    let managers: HashMap<&ObjectId, Option<&ObjectId>> = steps
        .iter()
        .filter_map(|step| match &step.act {
            StepAction::PutUser { id, manager, .. } => Some((id, manager.as_ref())),
            _ => None,
        })
        .collect();
    let depth = |step: &Step| {
        let StepAction::PutUser { manager, .. } = &step.act else { return 0 };
        let above = std::iter::successors(manager.as_ref(), |id| managers.get(id).copied().flatten());
        above.take_while(|id| managers.contains_key(id)).take(DEEPEST).count()
    };
    steps.iter().map(|step| (step.change, depth(step))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::fake::{attribute, edit, joiner, leaver, plan};
    use crate::directory::{TenantId, Upn, User};

    fn snapshot() -> Snapshot {
        let mut snapshot = Snapshot::empty(TenantId("t".into()), "contoso.com");
        let mut user = User::new(ObjectId::new("L").unwrap(), Upn::new("L@contoso.com"));
        user.attributes.insert(attribute("city"), Value::text("Graz"));
        user.manager = ObjectId::new("A");
        snapshot.users = [&user].into_iter().collect();
        snapshot
    }

    #[test]
    fn leavers_come_first_and_managers_before_their_reports() {
        let leaver = leaver("L", &ObjectId::new("L").unwrap());
        let people = vec![joiner("C", Some("B")), joiner("B", Some("A")), joiner("A", None), joiner("X", Some("X")), leaver];
        let steps = record_steps(&plan(people), &snapshot());
        let ids: Vec<String> = steps
            .iter()
            .map(|step| match &step.act {
                StepAction::PutUser { id, .. } => id.to_string(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(ids, ["L", "A", "B", "C", "X"], "a circle has no top, and goes last");
        assert!(steps.iter().all(|step| step.needs.is_empty() && step.follows.is_empty()), "nobody waits for the log");
    }

    #[test]
    fn a_record_is_whole_whatever_changed() {
        let mut leaver = leaver("L", &ObjectId::new("L").unwrap());
        leaver.attributes.push(edit("jobTitle", Some("Adviser"), None));
        let steps = record_steps(&plan(vec![leaver]), &snapshot());
        let StepAction::PutUser { attributes, manager, is_new, .. } = &steps[0].act else { panic!("a record") };
        let value = |name: &str| attributes.get(&attribute(name)).cloned();
        assert_eq!(value("accountEnabled"), Some(Some(Value::Flag(false))));
        assert_eq!((value("city"), value("jobTitle")), (Some(Some(Value::text("Graz"))), Some(None)));
        assert_eq!((manager, is_new), (&ObjectId::new("A"), &false));
    }
}
