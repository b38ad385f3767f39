//! One person, from the record to the decision.

use std::path::PathBuf;

use serde_json::{Value as Json, json};

use super::connect::TargetChoice;
use super::error::Failure;
use super::load_source;
use super::mapped_reading::{MappedReading, ReadOptions};
use super::open_target::{ClockRule, OpenRequest, OpenTarget};
use super::parallel_map::Extent;
use super::plan::{PlanRequest, PlanResult, compute, scope, unknown_person};
use super::pushed_feed;
use super::run::Session;
use crate::diagnostic::Note;
use crate::directory::{Attribute, Kind, ObjectId, Snapshot, User, UserNo, Value, roles};
use crate::mapping::{Desired, Flow, Mapped, Stage};
use crate::plan::{self, BoundNames, Change, Object, Person, Plan, Verdict};
use crate::record::{At, Cell, EmployeeId, Record};
use crate::report::{DecisionExplained, Explanation, Match, Owner, RecordExplained, Standing};
use crate::target::Priority;

/// How many requests of the journal are listed.
const WRITES: u32 = 20;

/// The person to explain.
#[derive(Clone, Debug)]
pub(crate) struct ExplainRequest {
    pub(crate) key: EmployeeId,
    /// The HR files, instead of the configured source.
    pub(crate) files: Vec<PathBuf>,
    pub(crate) options: ReadOptions,
    pub(crate) graph_url: Option<String>,
}

/// Everything about one person.
pub(crate) struct PersonExplained {
    pub(crate) explanation: Explanation,
    /// The part of the plan that is about this person.
    pub(crate) plan: Plan,
    pub(crate) notes: Vec<Note>,
}

/// Reads the source and the tenant, and explains one person. Nothing is written.
pub(crate) async fn explain(session: &Session<'_>, request: &ExplainRequest) -> Result<PersonExplained, Failure> {
    let (settings, key) = (session.settings, &request.key);
    let choice = TargetChoice::of_run(settings, request.graph_url.as_deref())?;
    let read = session.unless_interrupted(load_source::read(session, &request.files, &request.options)).await?;
    let policy = settings.policy();
    let scope = scope(&read, &policy.protect_groups);
    let open = OpenRequest { choice: &choice, made_for: None, scope: &scope, priority: Priority::Normal, clock: ClockRule::Note };
    let mut target = OpenTarget::open(session, settings.store()?, open).await?;
    // The plan is for all people, because whether this person is held or missing can depend on others.
    let plan = PlanRequest {
        source: &read,
        policy: &policy,
        as_of: request.options.as_of,
        only: None,
        whole: true,
        extent: Extent::Whole,
    };
    let mut result = compute(&plan, &target)?;
    let named = key_of_account(key, &result, &target.snapshot);
    let key = named.as_ref().unwrap_or(key);
    target.store.add_wishes(&target.snapshot.tenant, &mut result.ledger, [key.as_str()])?;
    let plan = about(key, &result, &target.snapshot);
    let subject = Subject { key, read: &read, result: &result, target: &target };
    let explanation = subject.explained(session, &plan)?;
    if explanation.records.is_empty() && explanation.known.is_none() && explanation.account.is_none() {
        return Err(unknown_person(key));
    }
    Ok(PersonExplained { explanation, plan, notes: std::mem::take(&mut target.notes) })
}

/// The key of the person whose account has this sign-in name, where the text is no key itself.
fn key_of_account(name: &EmployeeId, result: &PlanResult, snapshot: &Snapshot) -> Option<EmployeeId> {
    if !name.as_str().contains('@') || result.knows(name) {
        return None;
    }
    let wanted = name.as_str().to_lowercase();
    let is_it = |user: UserNo| {
        let user = snapshot.users.at(user).to_user();
        user.value(Attribute::find(roles::USER_PRINCIPAL_NAME)?)?.as_text().map(|found| found.to_lowercase() == wanted)
    };
    let matched = result.survey.matched.iter().find(|(_, user)| is_it(*user) == Some(true));
    let matched = matched.and_then(|(person, _)| result.people.key(*person)).and_then(EmployeeId::new);
    let planned = || {
        let named = |change: &&Change| change.user_principal_name.as_ref().is_some_and(|found| found.to_lowercase() == wanted);
        result.survey.plan.changes.iter().find(named).and_then(|change| EmployeeId::new(&change.key))
    };
    matched.or_else(planned)
}

/// The part of the plan that is about this person; a group's change with this membership alone.
fn about(key: &EmployeeId, result: &PlanResult, snapshot: &Snapshot) -> Plan {
    let mut plan = result.survey.plan.clone();
    let key = key.as_str();
    plan.changes.retain_mut(|change| {
        if change.object == Object::User {
            return change.key == key;
        }
        let Some(members) = &mut change.members else { return false };
        members.add.retain(|member| member == key);
        members.remove.retain(|member| member == key);
        change.attributes.clear();
        !members.add.is_empty() || !members.remove.is_empty()
    });
    let account = result.account(key, snapshot);
    plan.held.retain(|held| held.key.as_ref().is_some_and(|held| held.as_str() == key));
    plan.skipped.retain(|entry| match &entry.key {
        Some(other) => other == key,
        None => entry.id.is_some() && entry.id == account,
    });
    plan
}

/// The person in question, with everything that was read.
struct Subject<'a> {
    key: &'a EmployeeId,
    read: &'a MappedReading,
    result: &'a PlanResult,
    target: &'a OpenTarget,
}

impl Subject<'_> {
    fn explained(&self, session: &Session<'_>, plan: &Plan) -> Result<Explanation, Failure> {
        let snapshot = &self.target.snapshot;
        let mapped = self.result.records(self.key, snapshot);
        let matches = self.matches(&mapped);
        let known = self.result.ledger.people.get(self.key);
        let found = || matches.iter().flat_map(|found| &found.accounts).map(|account| account.id.clone()).next();
        let id = self.result.account(self.key.as_str(), snapshot).or_else(found);
        let live = id.as_ref().and_then(|id| snapshot.users.get(id));
        let live = live.as_ref();
        let deleted = id.as_ref().and_then(|id| snapshot.deleted.get(id)).map(|deleted| owner(&deleted.user, true));
        let guests = self.read.mapping.rules().guests;
        let writes = self.target.store.last_writes(&snapshot.tenant, self.key, id.as_ref(), WRITES);
        Ok(Explanation {
            key: self.key.as_str().to_owned(),
            as_of: self.result.day,
            records: self.records(session, &mapped)?,
            account: live.map(|user| owner(user, false)).or(deleted),
            protection: live.and_then(|user| plan::protection(snapshot, &session.settings.policy(), guests, user)),
            matches,
            known: known.map(standing),
            decision: self.decision(&mapped)?,
            changes: plan.changes.clone(),
            held: plan.held.clone(),
            skipped: plan.skipped.clone(),
            writes: writes?,
        })
    }

    fn decision(&self, mapped: &[(usize, Mapped)]) -> Result<Option<DecisionExplained>, Failure> {
        let snapshot = &self.target.snapshot;
        let row = self.target.store.decision(&snapshot.tenant, self.key)?;
        let Some((row, decision)) = row.and_then(|row| Some((row.clone(), row.decision()?))) else { return Ok(None) };
        let record = mapped.iter().find_map(|(_, mapped)| match mapped {
            Mapped::Desired(desired) => Some(BoundNames::of(desired)),
            Mapped::Held(_) | Mapped::OutOfScope { .. } => None,
        });
        let names = record.as_ref().map_or(decision.verdict == Verdict::Keep, |names| names.are_of(&decision));
        let there = |id: &ObjectId| snapshot.users.contains_key(id) || snapshot.deleted.contains_key(id);
        let account = match (&decision.verdict, &decision.account) {
            (Verdict::Keep, Some(kept)) => self.result.ledger.people.get(self.key).is_some_and(|known| known.id == *kept),
            (_, account) => account.as_ref().is_none_or(there),
        };
        Ok(Some(DecisionExplained { row, applies: names && account }))
    }

    fn records(&self, session: &Session<'_>, mapped: &[(usize, Mapped)]) -> Result<Vec<RecordExplained>, Failure> {
        let (mut at, mut mapped, mut mine) = (0, mapped.iter().peekable(), Vec::new());
        let explained = |record: Record| {
            let own = mapped.next_if(|(own, _)| *own == at);
            at += 1;
            let Some((_, mapped)) = own else { return };
            mine.push(RecordExplained {
                record: record.place().clone(),
                cells: record.cells().map(|(name, value)| (name.to_owned(), cell(value))).collect(),
                pushed: Vec::new(),
                expressions: self.read.bound.explain(&record, &self.result.context),
                lifecycle: stage(mapped),
            });
        };
        self.read.reading.records.each(explained)?;
        for explained in &mut mine {
            if let At::Pointer(resource) = &explained.record.at {
                explained.pushed = pushed_feed::arrivals(session.settings, resource)?;
            }
        }
        Ok(mine)
    }

    /// The value and the accounts of each match attribute: by HR's values, else by the key itself.
    fn matches(&self, mapped: &[(usize, Mapped)]) -> Vec<Match> {
        let desired = mapped.iter().find_map(|(_, mapped)| match mapped {
            Mapped::Desired(desired) => Some(desired),
            Mapped::Held(_) | Mapped::OutOfScope { .. } => None,
        });
        let matching = &self.read.mapping.rules().matching;
        let value = |attribute: Attribute| match desired {
            Some(desired) => looked_for(desired, attribute),
            None => matching.first().filter(|first| **first == attribute).map(|_| Value::text(self.key.as_str())),
        };
        let found = |attribute: &Attribute| {
            let value = value(*attribute)?.as_text()?.to_owned();
            let Snapshot { users, .. } = &self.target.snapshot;
            let live = self.result.people.who_has(*attribute, &value, users).into_iter().map(|user| users.at(user).to_user());
            let live = live.map(|user| owner(&user, false));
            let accounts = live.chain(deleted(&self.target.snapshot, *attribute, &value)).collect();
            Some(Match { attribute: attribute.name, value, accounts })
        };
        matching.iter().filter_map(found).collect()
    }
}

fn looked_for(desired: &Desired, attribute: Attribute) -> Option<Value> {
    let wanted = desired.attributes.iter().find(|wanted| wanted.attribute == attribute)?;
    match &wanted.flow {
        Flow::Set(value) => Some(value.clone()),
        Flow::FirstFree(candidates) => candidates.first().cloned(),
        Flow::Clear => None,
    }
}

/// The deleted users with this value. Names compare case-folded, keys exactly.
fn deleted(snapshot: &Snapshot, attribute: Attribute, value: &str) -> impl Iterator<Item = Owner> {
    let folded = value.to_lowercase();
    let same = move |text: &str| if attribute.kind == Kind::Name { text.to_lowercase() == folded } else { text == value };
    let has = move |user: &&User| user.value(attribute).as_ref().and_then(Value::as_text).is_some_and(&same);
    snapshot.deleted.values().map(|deleted| &deleted.user).filter(has).map(|user| owner(user, true))
}

fn owner(user: &User, deleted: bool) -> Owner {
    let user_principal_name = user.upn.as_str().to_owned();
    Owner { id: user.id.clone(), user_principal_name, enabled: user.enabled, deleted }
}

fn standing(known: &Person) -> Standing {
    Standing {
        id: known.id.clone(),
        feed: known.feed.to_string(),
        seen: known.seen,
        disabled_on: known.disabled_on,
        pre_hire: known.pre_hire,
        deleted_on: known.deleted_on,
        leave_done: known.leave_done.iter().copied().collect(),
        wanted: known.wanted.clone(),
    }
}

/// The stage with its dates, in words.
fn stage(mapped: &Mapped) -> Option<String> {
    let desired = match mapped {
        Mapped::Desired(desired) => desired,
        Mapped::Held(_) => return None,
        Mapped::OutOfScope { .. } => return Some("out of scope: in the HR data, but not covered by this mapping".to_owned()),
    };
    Some(match desired.stage {
        Stage::Upcoming { start } => format!("upcoming: starts on {start}, too early for an account"),
        Stage::PreHire { start } => format!("pre-hire: starts on {start}"),
        Stage::Active { start: Some(start) } => format!("active: started on {start}"),
        Stage::Active { start: None } => "active".to_owned(),
        Stage::Left { end: Some(end) } => format!("left: the last working day is {end}"),
        Stage::Left { end: None } => "left: by the status".to_owned(),
    })
}

fn cell(cell: Cell<'_>) -> Json {
    match cell {
        Cell::Null => Json::Null,
        Cell::Text(text) => json!(text),
        Cell::Flag(flag) => json!(flag),
        Cell::List(items) => json!(items.iter().map(AsRef::as_ref).collect::<Vec<&str>>()),
    }
}
