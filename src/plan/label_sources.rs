//! Where the names of the people of a plan come from: the account, the record, the manager.

use crate::directory::{ObjectId, Snapshot, User, UserRow, Value, roles};
use crate::mapping::{Desired, Held};
use crate::plan::model::{Action, Change, Object, Plan};
use crate::plan::person_label::PersonLabel;
use crate::plan::records::wanted_texts::first_text;

/// Adds the names of all people in the plan with an account now or after it.
pub(super) fn add_labels(plan: &mut Plan, snapshot: &Snapshot) {
    let mut names = std::mem::take(&mut plan.people);
    for change in plan.changes.iter().filter(|change| change.object == Object::User) {
        let account = change.id.as_ref().and_then(|id| of_account(id, snapshot));
        let known = names.remove(&change.key).unwrap_or_default();
        let name = match (change.action, account) {
            (Action::Create, _) | (_, None) => merged(of_edits(change), known),
            (_, Some(account)) => merged(merged(account, of_edits(change)), known),
        };
        names.insert(change.key.clone(), name);
    }
    for entry in &plan.skipped {
        let Some(key) = entry.key.clone().or_else(|| Some(entry.id.as_ref()?.to_string())) else { continue };
        if let Some(account) = entry.id.as_ref().and_then(|id| of_account(id, snapshot)) {
            let known = names.remove(&key).unwrap_or_default();
            names.insert(key, merged(account, known));
        }
    }
    for change in &plan.changes {
        for (key, id) in change.aside.accounts.iter().filter(|(key, _)| !names.contains_key(*key)).collect::<Vec<_>>() {
            if let Some(account) = of_account(id, snapshot) {
                names.insert(key.clone(), account);
            }
        }
    }
    let managers = plan.changes.iter().filter(|change| change.action == Action::Create && change.object == Object::User);
    for change in managers {
        let manager = text_after(change, roles::MANAGER).and_then(|key| names.get(key)?.name.clone());
        if let Some(entry) = names.get_mut(&change.key) {
            entry.manager = entry.manager.take().or(manager);
        }
    }
    plan.people = names;
}

/// The values of the first, and of the second where the first has none.
pub(super) fn merged(first: PersonLabel, second: PersonLabel) -> PersonLabel {
    PersonLabel {
        name: first.name.or(second.name),
        department: first.department.or(second.department),
        manager: first.manager.or(second.manager),
        sign_in_name: first.sign_in_name.or(second.sign_in_name),
    }
}

/// The name of a live account, or of one in the recycle bin.
pub(super) fn of_account(id: &ObjectId, snapshot: &Snapshot) -> Option<PersonLabel> {
    if let Some(user) = snapshot.users.row(id) {
        let text = |name: &str| user.text(name).map(str::to_owned).filter(|text| !text.trim().is_empty());
        return Some(PersonLabel {
            name: full_name(&text),
            department: text(roles::DEPARTMENT),
            manager: user.manager().and_then(|manager| manager_name(&snapshot.users.row(&manager.to_id())?)),
            sign_in_name: Some(user.upn().to_owned()),
        });
    }
    let user: &User = &snapshot.deleted.get(id)?.user;
    let text = |name: &str| user.text(name).map(str::to_owned).filter(|text| !text.trim().is_empty());
    let sign_in_name = Some(user.upn.as_str().to_owned());
    Some(PersonLabel { name: full_name(&text), department: text(roles::DEPARTMENT), manager: None, sign_in_name })
}

fn manager_name(manager: &UserRow<'_>) -> Option<String> {
    full_name(&|name: &str| manager.text(name).map(str::to_owned)).or_else(|| Some(manager.upn().to_owned()))
}

/// The display name, else given name and surname, of the texts of an account or a record.
fn full_name(text: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    text(roles::DISPLAY_NAME).or_else(|| {
        let parts: Vec<String> = [roles::GIVEN_NAME, roles::SURNAME].into_iter().filter_map(text).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    })
}

/// The name of a record that could be mapped.
pub(super) fn of_record(desired: &Desired) -> PersonLabel {
    of_texts(&|name| first_text(desired, name).map(str::to_owned))
}

/// The name of a held record, by the values that could be mapped.
pub(super) fn of_held(held: &Held) -> PersonLabel {
    of_texts(&|name| held.marks.iter().find(|(attribute, _)| attribute.name == name).map(|(_, text)| text.to_string()))
}

fn of_texts(text: &dyn Fn(&str) -> Option<String>) -> PersonLabel {
    let text = |name: &str| text(name).filter(|text| !text.trim().is_empty());
    PersonLabel { name: full_name(&text), department: text(roles::DEPARTMENT), ..PersonLabel::default() }
}

/// The name that a new account will have.
fn of_edits(change: &Change) -> PersonLabel {
    of_texts(&|name| text_after(change, name).map(str::to_owned))
}

fn text_after<'c>(change: &'c Change, name: &str) -> Option<&'c str> {
    let edit = change.attributes.iter().find(|edit| edit.name == name)?;
    edit.after.as_ref().and_then(Value::as_text).filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use crate::plan::tests::world::{Tell as _, World, worker};

    #[test]
    fn people_are_named_by_account_record_and_manager_and_no_document_has_the_names() {
        let ada = || worker("1", "Ada", "Lovelace");
        let mut world = World::settled(vec![ada(), worker("2", "Bob", "Boss").managed_by("1")]);
        world.rules.attributes.push(crate::directory::Attribute::find("department").unwrap());
        world.hr(vec![
            ada(),
            worker("2", "Bob", "Boss").managed_by("1").left(),
            worker("3", "Cy", "New").managed_by("4"),
            worker("4", "Di", "Lead"),
        ]);
        let plan = world.plan();
        let label = |key: &str| {
            let name = &plan.people[key];
            [&name.name, &name.department, &name.manager].map(|part| part.clone().unwrap_or_default()).join(", ")
        };
        assert_eq!(label("2"), "Bob Boss, Sales, Ada Lovelace");
        assert_eq!(label("3"), "Cy New, Sales, Di Lead");
        let document = serde_json::to_string(&plan.clone().sealed()).unwrap();
        assert!(!document.contains("\"people\"") && document.contains("Cy New"), "only as the value of an attribute");
        assert_eq!(serde_json::from_str::<crate::plan::Plan>(&document).unwrap().fingerprint, plan.fingerprint);
    }

    #[test]
    fn a_person_without_an_account_and_a_held_record_are_named_by_the_record() {
        let start = jiff::civil::date(2027, 6, 1);
        let upcoming = worker("5", "Eve", "Later").stage(crate::mapping::Stage::Upcoming { start });
        let plan = World::new(vec![upcoming, worker("6", "Fay", "Twice"), worker("6", "Fay", "Twice")]).plan();
        assert_eq!(plan.people["5"].name.as_deref(), Some("Eve Later"));
        assert_eq!(plan.held[0].label.name.as_deref(), Some("Fay Twice"));
    }
}
