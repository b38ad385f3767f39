//! A small company, its tenant and its ledger; and a tenant that does what a plan says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::{Date, date};
use proptest::prelude::ProptestConfig;

use crate::directory::{
    Attribute, DeletedUser, Edited, Group, GroupKind, ObjectId, Snapshot, TenantId, Upn, User, UserNo, Value,
};
use crate::mapping::{
    Desired, DesiredValue, Flow, GroupRule, GroupWanted, LeaveAction, Lifecycle, ManagerWanted, Mapped, Rules, Stage, When,
};
use crate::plan::{
    Action, Change, FeedGroup, Inputs, Ledger, Object, Packer, People, Person, PersonNo, Plan, Policy, SourceInfo, Survey,
    Target, annotate_causes, keys_with_other_names, try_survey,
};
use crate::record::{At, EmployeeId, Place};

pub(crate) const TODAY: Date = date(2026, 11, 20);

/// How many cases of a property test: `PROPTEST_CASES`, else a number that every run can afford.
pub(crate) fn cases(few: u32) -> ProptestConfig {
    if std::env::var_os("PROPTEST_CASES").is_some() { ProptestConfig::default() } else { ProptestConfig::with_cases(few) }
}

pub(crate) fn key(text: &str) -> EmployeeId {
    EmployeeId::new(text).unwrap()
}

pub(crate) fn id(text: &str) -> ObjectId {
    ObjectId::new(text).unwrap()
}

pub(crate) fn attribute(name: &str) -> Attribute {
    Attribute::find(name).unwrap()
}

fn wanted(name: &str, flow: Flow, when: When) -> DesiredValue {
    DesiredValue { attribute: attribute(name), flow, when, expression: Arc::from(format!("[{name}]")) }
}

/// The record of an active person.
pub(crate) fn worker(number: &str, given: &str, surname: &str) -> Desired {
    let local = format!("{given}.{surname}").to_lowercase();
    let upns = vec![Value::text(format!("{local}@contoso.com")), Value::text(format!("{local}2@contoso.com"))];
    let set = |name, text: &str| wanted(name, Flow::Set(Value::text(text)), When::Always);
    Desired {
        key: key(number),
        previous_key: None,
        place: Place { source: "hr.csv".into(), at: At::Line(2) },
        stage: Stage::Active { start: None },
        new_stage: None,
        status_word: None,
        end_ignored: None,
        left_out: Vec::new(),
        attributes: vec![
            set("department", "Sales"),
            set("displayName", &format!("{given} {surname}")),
            set("employeeId", number),
            set("givenName", given),
            set("surname", surname),
            wanted("userPrincipalName", Flow::FirstFree(upns), When::Create),
        ],
        manager: ManagerWanted::Leave,
        groups: Vec::new(),
    }
}

pub(crate) trait Tell {
    fn stage(self, stage: Stage) -> Self;
    fn left(self) -> Self;
    fn with(self, name: &str, text: &str) -> Self;
    fn without(self, name: &str) -> Self;
    fn managed_by(self, key: &str) -> Self;
    fn once(self, key: &str) -> Self;
    fn in_group(self, group: &str) -> Self;
}

impl Tell for Desired {
    fn stage(mut self, stage: Stage) -> Self {
        self.stage = stage;
        self
    }

    fn left(self) -> Self {
        self.stage(Stage::Left { end: Some(date(2026, 10, 31)) })
    }

    fn with(mut self, name: &str, text: &str) -> Self {
        self.attributes.retain(|wanted| wanted.attribute.name != name);
        self.attributes.push(wanted(name, Flow::Set(Value::text(text)), When::Always));
        self.attributes.sort_by_key(|wanted| wanted.attribute);
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.attributes.retain(|wanted| wanted.attribute.name != name);
        self.attributes.push(wanted(name, Flow::Clear, When::Always));
        self
    }

    fn managed_by(mut self, manager: &str) -> Self {
        self.manager = key_or_clear(manager);
        self
    }

    fn once(mut self, previous: &str) -> Self {
        self.previous_key = Some(key(previous));
        self
    }

    fn in_group(mut self, group: &str) -> Self {
        self.groups.push(GroupWanted { rule: 0, key: group.into(), name: format!("Dept {group}") });
        self
    }
}

fn key_or_clear(manager: &str) -> ManagerWanted {
    EmployeeId::new(manager).map_or(ManagerWanted::Clear, ManagerWanted::Key)
}

pub(crate) struct World {
    pub(crate) mapped: Vec<Mapped>,
    pub(crate) snapshot: Snapshot,
    pub(crate) ledger: Ledger,
    pub(crate) rules: Rules,
    pub(crate) policy: Policy,
    pub(crate) today: Date,
    pub(crate) whole: bool,
    pub(crate) only: Option<BTreeSet<EmployeeId>>,
    pub(crate) source_sha256: String,
    pub(crate) columns: Option<BTreeMap<String, (u64, u64)>>,
    pub(crate) feed_groups: Vec<FeedGroup>,
}

impl World {
    /// An empty tenant, and these people in HR.
    pub(crate) fn new(people: Vec<Desired>) -> Self {
        let names = ["department", "displayName", "employeeId", "givenName", "surname", "userPrincipalName"];
        Self {
            mapped: people.into_iter().map(Mapped::Desired).collect(),
            snapshot: Snapshot::empty(TenantId("tenant".into()), "contoso.com"),
            ledger: Ledger::default(),
            rules: Rules {
                feed: "test".into(),
                matching: vec![attribute("employeeId"), attribute("mail")],
                lifecycle: Some(Lifecycle {
                    enable_on_create: false,
                    on_leave: vec![LeaveAction::RevokeSessions],
                    delete_after: None,
                    disable_missing: false,
                    disable_out_of_scope: false,
                    reenable_always: false,
                }),
                guests: false,
                groups: vec![GroupRule { id: None, microsoft365: false, owners: Vec::new(), exact: true, from_feed: false }],
                attributes: names.map(attribute).to_vec(),
                manager: true,
            },
            policy: Policy::default(),
            today: TODAY,
            whole: true,
            only: None,
            source_sha256: "0".into(),
            columns: None,
            feed_groups: Vec::new(),
        }
    }

    /// These people in HR, and the tenant as a first run leaves it.
    pub(crate) fn settled(people: Vec<Desired>) -> Self {
        let mut world = Self::new(people);
        world.apply();
        world
    }

    pub(crate) fn hr(&mut self, people: Vec<Desired>) {
        self.mapped = people.into_iter().map(Mapped::Desired).collect();
    }

    pub(crate) fn lifecycle(&mut self) -> &mut Lifecycle {
        self.rules.lifecycle.as_mut().unwrap()
    }

    pub(crate) fn user(&mut self, number: &str) -> Edited<'_> {
        let id = self.ledger.people[&key(number)].id.clone();
        self.snapshot.users.get_mut(&id).unwrap()
    }

    pub(crate) fn known(&mut self, number: &str) -> &mut Person {
        self.ledger.people.get_mut(&key(number)).unwrap()
    }

    /// An account without a record in HR.
    pub(crate) fn stranger(&mut self, name: &str) -> Edited<'_> {
        let upn = Upn::new(format!("{name}@contoso.com"));
        if !self.snapshot.users.contains_key(&id(name)) {
            self.snapshot.users.insert(&User::new(id(name), upn));
        }
        self.snapshot.users.get_mut(&id(name)).unwrap()
    }

    pub(crate) fn people(&self) -> People {
        Packer::new(&self.snapshot, &self.rules).gather(self.mapped.clone())
    }

    /// The people as a run packs them: without candidates where they seem to have an account, until the plan asks for them.
    fn people_for_plan(&self, ledger: &Ledger) -> (People, Survey) {
        let candidates = |wanted: &DesiredValue| wanted.when == When::Create && matches!(wanted.flow, Flow::FirstFree(_));
        let map = |mapped: &Mapped, has_account: &mut dyn FnMut(&Desired) -> bool| match mapped.clone() {
            Mapped::Desired(mut desired) => {
                if has_account(&desired) {
                    desired.attributes.retain(|wanted| !candidates(wanted));
                }
                Mapped::Desired(desired)
            }
            other => other,
        };
        let packer = Packer::new(&self.snapshot, &self.rules);
        let parts = self.mapped.chunks(Packer::PART).map(|part| packer.pack_each(part, map)).collect();
        let mut people = packer.finish(parts);
        loop {
            match self.surveyed(&people, ledger) {
                Ok(survey) => return (people, survey),
                Err(needed) => {
                    let packer = Packer::of(&people, &self.snapshot);
                    let whole = |at: usize| self.mapped.chunks(Packer::PART).nth(at).unwrap().iter().cloned();
                    let parts: Vec<_> = People::parts_of(&needed).into_iter().map(|at| (at, packer.pack(whole(at)))).collect();
                    people = people.with_parts(parts);
                }
            }
        }
    }

    /// The ledger as a run has it before the plan: what HR wanted is known of the people of whom the matching asks.
    fn ledger_for_plan(&self, people: &People) -> Ledger {
        let mut ledger = self.ledger.clone();
        let asked = keys_with_other_names(people, &self.snapshot.users, &ledger);
        let others: Vec<EmployeeId> = ledger.people.keys().filter(|key| !asked.contains(&key.as_str())).cloned().collect();
        for key in others {
            ledger.people.get_mut(&key).unwrap().wanted.clear();
        }
        ledger
    }

    /// What a run finds out. It is the same whether people are packed whole or without what only a create needs, and whether all that HR
    /// wanted is known or what the matching asks for.
    pub(crate) fn survey(&self) -> Survey {
        let annotated = |people: People, mut survey: Survey| {
            annotate_causes(&mut survey.plan, &people, &self.snapshot.users, &self.ledger);
            survey
        };
        let people = self.people();
        let survey = self.surveyed(&people, &self.ledger).unwrap();
        let ledger = self.ledger_for_plan(&people);
        let whole = annotated(people, survey);
        let (people, survey) = self.people_for_plan(&ledger);
        let survey = annotated(people, survey);
        assert_eq!(survey.plan, whole.plan);
        assert_eq!((&survey.matched, &survey.reading, &survey.notes), (&whole.matched, &whole.reading, &whole.notes));
        whole
    }

    fn surveyed(&self, people: &People, ledger: &Ledger) -> Result<Survey, Vec<PersonNo>> {
        try_survey(&Inputs {
            source: SourceInfo {
                name: "hr.csv".into(),
                feed: self.rules.feed.clone(),
                records: self.mapped.len() as u64,
                sha256: self.source_sha256.clone(),
            },
            target: Target {
                graph_url: "http://127.0.0.1/v1.0".into(),
                tenant_id: "tenant".into(),
                sandbox: true,
                accepted_only: false,
            },
            people,
            whole: self.whole,
            only: self.only.clone(),
            snapshot: &self.snapshot,
            ledger,
            rules: &self.rules,
            policy: &self.policy,
            today: self.today,
            created_at: "2026-11-20T00:00:00Z".into(),
            columns: self.columns.clone(),
            feed_groups: &self.feed_groups,
        })
    }

    pub(crate) fn plan(&self) -> Plan {
        self.survey().plan
    }

    pub(crate) fn text(&self) -> String {
        text(&self.plan())
    }

    /// Does what the plan says, and keeps the ledger as the store would.
    pub(crate) fn apply(&mut self) -> Plan {
        self.apply_first(usize::MAX)
    }

    /// Does the first changes of the plan; then the run is killed, and what is left of it was let through.
    pub(crate) fn apply_first(&mut self, most: usize) -> Plan {
        self.observe();
        let survey = self.survey();
        let people = self.people();
        let account = |(person, user): &(PersonNo, UserNo)| Some((key(people.key(*person)?), self.snapshot.users.at(*user).id()));
        let matched: Vec<(EmployeeId, ObjectId)> = survey.matched.iter().filter_map(account).collect();
        let whole = most >= survey.plan.changes.len();
        let mut done = survey.plan.clone();
        done.changes.truncate(most);
        let undone = pretend(&done, &mut self.snapshot);
        self.ledger.let_through = undone;
        self.ledger.let_through.extend(survey.plan.changes.iter().skip(most).cloned());
        let matched = if whole { matched } else { Vec::new() };
        // Kept before the first write.
        for (keys, since) in [(&survey.presence.missing, Some(self.today)), (&survey.presence.returned, None)] {
            for key in keys {
                self.ledger.people.get_mut(key).unwrap().missing_since = since;
            }
        }
        if !whole {
            self.ledger.last_reading.get_or_insert_default().keep_possible_duplicates(&survey.reading);
        }
        self.remember(matched, &done);
        for change in done.changes.iter().filter(|change| change.object == Object::User) {
            self.keep(change);
        }
        survey.plan
    }

    /// What hrpush did ends where the tenant shows otherwise.
    fn observe(&mut self) {
        for person in self.ledger.people.values_mut() {
            let Some(user) = self.snapshot.users.get(&person.id) else { continue };
            person.deleted_on = None;
            if user.enabled == Some(true) {
                (person.disabled_on, person.pre_hire) = (None, false);
                person.leave_done.clear();
            }
        }
    }

    fn remember(&mut self, mut matched: Vec<(EmployeeId, ObjectId)>, done: &Plan) {
        let made = |change: &&Change| change.object == Object::User && matches!(change.action, Action::Create | Action::Restore);
        for change in done.changes.iter().filter(made) {
            let id = change.id.clone().unwrap_or_else(|| id(&format!("id-{}", change.key)));
            matched.push((key(&change.key), id));
        }
        let desired: BTreeMap<&EmployeeId, &Desired> = self
            .mapped
            .iter()
            .filter_map(|mapped| match mapped {
                Mapped::Desired(desired) => Some((&desired.key, desired)),
                _ => None,
            })
            .collect();
        let mut of: BTreeMap<ObjectId, EmployeeId> =
            self.ledger.people.iter().map(|(key, person)| (person.id.clone(), key.clone())).collect();
        for (key, id) in matched {
            let wanted = desired.get(&key).map(|desired| crate::plan::wanted(desired)).unwrap_or_default();
            // A person known under another key takes what was done along.
            let before = of.remove(&id).filter(|before| *before != key && !self.ledger.people.contains_key(&key));
            let before = before.and_then(|before| self.ledger.people.remove(&before));
            let feed = &self.rules.feed;
            let person = self.ledger.people.entry(key.clone()).or_insert_with(|| before.unwrap_or_else(|| somebody(&id, feed)));
            if person.id != id {
                *person = somebody(&id, &self.rules.feed);
            }
            // A record of a leaver does not count as carrying the person.
            if !desired.get(&key).is_some_and(|desired| matches!(desired.stage, Stage::Left { .. })) {
                person.feed = self.rules.feed.as_str().into();
            }
            person.wanted = wanted;
        }
    }

    fn keep(&mut self, change: &Change) {
        let (today, feed) = (self.today, self.rules.feed.clone());
        let Some(id) = change.id.clone().or_else(|| Some(self.ledger.people.get(&key(&change.key))?.id.clone())) else { return };
        let person = self.ledger.people.entry(key(&change.key)).or_insert_with(|| somebody(&id, &feed));
        let enabled = change.attributes.iter().find(|edit| edit.name == "accountEnabled");
        let enabled = enabled.and_then(|edit| edit.after.clone());
        match (change.action, enabled) {
            (Action::Create, Some(Value::Flag(enabled))) => person.pre_hire = !enabled,
            (Action::Disable, _) => person.disabled_on = Some(today),
            (Action::Enable, _) => {
                (person.disabled_on, person.pre_hire) = (None, false);
                person.leave_done.clear();
            }
            (Action::Delete, _) => {
                person.deleted_on = Some(today);
                person.groups_when_deleted = change.aside.former_groups.clone();
            }
            (Action::Restore, enabled) => {
                (person.deleted_on, person.pre_hire) = (None, change.is_ahead_of_start());
                person.leave_done.clear();
                if enabled == Some(Value::Flag(true)) {
                    (person.disabled_on, person.pre_hire) = (None, false);
                }
            }
            _ => {}
        }
        person.leave_done.extend(change.then.iter().copied());
    }
}

fn somebody(id: &ObjectId, feed: &str) -> Person {
    Person::new(id.clone(), feed.into())
}

/// A tenant that does what a plan says, without Graph. Returns the changes that refer to an account which does not exist.
pub(crate) fn pretend(plan: &Plan, snapshot: &mut Snapshot) -> Vec<Change> {
    for change in &plan.changes {
        match change.object {
            Object::User => pretend_user(change, snapshot),
            Object::Group => pretend_group(change, snapshot),
        }
    }
    // Managers and members may refer to people that come later in the plan.
    let account =
        |change: &Change, key: &str| change.aside.accounts.get(key).cloned().unwrap_or_else(|| id(&format!("id-{key}")));
    let mut undone = Vec::new();
    for change in &plan.changes {
        if let Some(edit) = change.attributes.iter().find(|edit| edit.name == "manager") {
            let user = change.id.clone().unwrap_or_else(|| id(&format!("id-{}", change.key)));
            let manager = edit.after.as_ref().and_then(Value::as_text).map(|key| account(change, key));
            if manager.as_ref().is_none_or(|id| snapshot.users.contains_key(id)) {
                snapshot.users.get_mut(&user).unwrap().manager = manager;
            } else {
                undone.push(change.clone());
            }
        }
        let Some(members) = &change.members else { continue };
        if change.object == Object::Group {
            let group = change.id.clone().unwrap_or_else(|| id(&crate::plan::unique_name(&change.key)));
            let group = snapshot.groups.get_mut(&group).unwrap();
            group.members.extend(members.add.iter().map(|key| account(change, key)));
            for key in &members.remove {
                group.members.remove(&account(change, key));
            }
        } else {
            for group in &members.remove {
                snapshot.groups.get_mut(&id(group)).unwrap().members.remove(change.id.as_ref().unwrap());
            }
        }
    }
    undone
}

fn pretend_user(change: &Change, snapshot: &mut Snapshot) {
    let account = change.id.clone().unwrap_or_else(|| id(&format!("id-{}", change.key)));
    match change.action {
        Action::Create => {
            let upn = Upn::new(change.user_principal_name.clone().unwrap());
            snapshot.users.insert(&User::new(account.clone(), upn));
        }
        Action::Restore => {
            let deleted = snapshot.deleted.remove(&account).unwrap();
            snapshot.users.insert(&deleted.user);
        }
        Action::Delete => {
            let user = snapshot.users.remove(&account).unwrap();
            for group in snapshot.groups.values_mut() {
                group.members.remove(&account);
            }
            snapshot.deleted.insert(account.clone(), DeletedUser { user, deleted_at: None });
            return;
        }
        _ => {}
    }
    let mut user = snapshot.users.get_mut(&account).unwrap();
    for edit in &change.attributes {
        match (edit.name.as_str(), &edit.after) {
            ("manager", _) => {}
            ("accountEnabled", Some(Value::Flag(enabled))) => user.enabled = Some(*enabled),
            ("userPrincipalName", Some(Value::Text(name))) => user.upn = Upn::new(name.clone()),
            (name, Some(value)) => drop(user.attributes.insert(attribute(name), value.clone())),
            (name, None) => drop(user.attributes.remove(&attribute(name))),
        }
    }
    if change.then.contains(&LeaveAction::ClearManager) {
        user.manager = None;
    }
    if change.then.contains(&LeaveAction::RemoveLicenses) {
        user.licenses.clear();
    }
}

fn pretend_group(change: &Change, snapshot: &mut Snapshot) {
    let after = |name: &str| {
        let edit = change.attributes.iter().find(|edit| edit.name == name);
        edit.and_then(|edit| edit.after.as_ref()?.as_text()).map(str::to_owned)
    };
    if change.action == Action::Create {
        let unique = after("uniqueName").unwrap();
        snapshot.groups.insert(id(&unique), group(&unique, &after("displayName").unwrap()));
    } else if let Some(name) = after("displayName") {
        snapshot.groups.get_mut(change.id.as_ref().unwrap()).unwrap().name = name;
    }
}

pub(crate) fn group(unique: &str, name: &str) -> Group {
    Group {
        id: id(unique),
        name: name.into(),
        unique_name: Some(unique.into()),
        kind: GroupKind::Security,
        dynamic: false,
        synced: false,
        role_assignable: false,
        addresses: BTreeSet::new(),
        members: BTreeSet::new(),
        owners: BTreeSet::new(),
    }
}

/// The plan in a line for each thing.
pub(crate) fn text(plan: &Plan) -> String {
    let mut lines = Vec::new();
    for change in &plan.changes {
        let value = |value: &Option<Value>| value.as_ref().map_or("-".to_owned(), ToString::to_string);
        let edits: Vec<String> = change
            .attributes
            .iter()
            .filter(|_| !(change.action == Action::Create && change.object == Object::User))
            .map(|edit| format!(" {}:{}>{}", edit.name, value(&edit.before), value(&edit.after)))
            .collect();
        let members = change
            .members
            .as_ref()
            .map_or(String::new(), |members| format!(" +[{}] -[{}]", members.add.join(","), members.remove.join(",")));
        let then: String = change.then.iter().map(|action| format!(" then {action:?}")).collect();
        let action = format!("{:?}", change.action).to_lowercase();
        lines.push(format!("{action} {}{}{members}{then} ({})", change.key, edits.concat(), change.reason));
    }
    for held in &plan.held {
        lines.push(format!("held {} {}", held.key.as_ref().map_or("-", EmployeeId::as_str), held.code.as_str()));
    }
    for skipped in &plan.skipped {
        let loud = if skipped.left { " LEFT" } else { "" };
        lines.push(format!("skipped {} {:?}{loud}", skipped.key.as_deref().unwrap_or("-"), skipped.code));
    }
    for guard in plan.guards.iter().filter(|guard| guard.tripped) {
        lines.push(format!("tripped {} {} of {}", guard.name, guard.count, guard.of));
    }
    lines.join("\n")
}
