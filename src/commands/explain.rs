//! `hrpush explain`: one person, from the record to the decision.

use serde_json::{Value as Json, json};
use tokio::sync::watch;

use super::cli::{Common, Explain, Format};
use super::exit::{Ended, Failure};
use super::files::print;
use super::interrupt::{block_on, unless_interrupted};
use super::planning::{Answer, Question, answer, nobody, wanted};
use super::reading::{self, Read};
use super::scene::Scene;
use super::settings::{self, Settings};
use super::target::Aim;
use crate::directory::{Attribute, Kind, ObjectId, Snapshot, User, Value};
use crate::graph::Priority;
use crate::mapping::{Desired, Flow, Mapped, Stage};
use crate::plan::{self, BoundNames, Object, Person, Plan, Verdict};
use crate::record::{Cell, EmployeeId, Record};
use crate::report::{self, DecisionExplained, Explanation, Match, Owner, RecordExplained, Standing};

/// How many requests of the journal are told.
const WRITES: u32 = 20;

pub(super) fn explain(common: &Common, args: &Explain) -> Result<Ended, Failure> {
    let key = EmployeeId::new(&args.key).ok_or_else(|| Failure::usage("the key is empty"))?;
    let settings = settings::load(common)?;
    block_on(|cancelled| go(common, &settings, args, key, cancelled))
}

async fn go(
    common: &Common,
    settings: &Settings,
    args: &Explain,
    key: EmployeeId,
    cancelled: watch::Receiver<bool>,
) -> Result<Ended, Failure> {
    let aim = Aim::of_run(settings, args.target.graph_url.as_deref())?;
    let read = unless_interrupted(&cancelled, reading::read(settings, &args.files, &args.map)).await?;
    let policy = settings.policy();
    let wanted = wanted(&read, &policy.protect_groups);
    let scene = Scene::open(settings, settings.store()?, &aim, None, &wanted, Priority::Normal, &cancelled).await?;
    // Planned with everybody: whether this person is held or missing can depend on others.
    let question = Question { read: &read, policy: &policy, as_of: args.map.as_of, only: None, whole: true };
    let mut answer = answer(&question, &scene)?;
    let known = scene.store.add_wishes(&scene.snapshot.tenant, &mut answer.ledger, [key.as_str()]);
    known.map_err(|fault| Failure::cannot(&fault))?;
    let plan = about(&key, &answer, &scene.snapshot);
    let told = Subject { key: &key, read: &read, answer: &answer, scene: &scene }.explained(settings, &plan)?;
    if told.records.is_empty() && told.known.is_none() && told.account.is_none() {
        return Err(nobody(&key));
    }
    let text = if common.format == Format::Json {
        report::json(&told).map_err(|fault| Failure::cannot(&fault))?
    } else {
        report::explanation(&told, &plan)
    };
    print(&text)?;
    Ok(Ended::done())
}

/// The part of the plan that is about this person; a group's change with this membership alone.
fn about(key: &EmployeeId, answer: &Answer, snapshot: &Snapshot) -> Plan {
    let mut plan = answer.survey.plan.clone();
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
    let account = answer.account(key, snapshot);
    plan.held.retain(|held| held.key.as_ref().is_some_and(|held| held.as_str() == key));
    plan.skipped.retain(|entry| match &entry.key {
        Some(other) => other == key,
        None => entry.id.is_some() && entry.id == account,
    });
    plan
}

impl Answer {
    /// The account of a person, by the matching of this run, else by an earlier one.
    fn account(&self, key: &str, snapshot: &Snapshot) -> Option<ObjectId> {
        let mut matched = self.survey.matched.iter().filter(|(person, _)| self.people.key(*person) == Some(key));
        let matched = matched.next().map(|(_, user)| snapshot.users.at(*user).id());
        matched.or_else(|| self.ledger.people.get(key).map(|known| known.id.clone()))
    }

    /// What the mapping made of each record of a person, by the place among the records.
    pub(super) fn records(&self, key: &EmployeeId, snapshot: &Snapshot) -> Vec<(usize, Mapped)> {
        let mine = self.people.numbers().enumerate().filter(|(_, person)| self.people.key(*person) == Some(key.as_str()));
        mine.map(|(at, person)| (at, self.people.mapped(person, &snapshot.users))).collect()
    }
}

/// Whom it is about, with all that is known.
struct Subject<'a> {
    key: &'a EmployeeId,
    read: &'a Read,
    answer: &'a Answer,
    scene: &'a Scene,
}

impl<'a> Subject<'a> {
    fn explained(&self, settings: &Settings, plan: &'a Plan) -> Result<Explanation<'a>, Failure> {
        let snapshot = &self.scene.snapshot;
        let mapped = self.answer.records(self.key, snapshot);
        let matches = self.matches(&mapped);
        let known = self.answer.ledger.people.get(self.key);
        let found = || matches.iter().flat_map(|found| &found.accounts).map(|account| account.id.clone()).next();
        let id = self.answer.account(self.key.as_str(), snapshot).or_else(found);
        let live = id.as_ref().and_then(|id| snapshot.users.get(id));
        let live = live.as_ref();
        let deleted = id.as_ref().and_then(|id| snapshot.deleted.get(id)).map(|deleted| owner(&deleted.user, true));
        let guests = self.read.mapping.rules().guests;
        let writes = self.scene.store.last_writes(&snapshot.tenant, self.key, id.as_ref(), WRITES);
        Ok(Explanation {
            key: self.key.as_str(),
            as_of: self.answer.day,
            records: self.records(&mapped)?,
            account: live.map(|user| owner(user, false)).or(deleted),
            protection: live.and_then(|user| plan::protection(snapshot, &settings.policy(), guests, user)),
            matches,
            known: known.map(standing),
            decision: self.decision(&mapped)?,
            changes: &plan.changes,
            held: &plan.held,
            skipped: &plan.skipped,
            writes: writes.map_err(|fault| Failure::cannot(&fault))?,
        })
    }

    fn decision(&self, mapped: &[(usize, Mapped)]) -> Result<Option<DecisionExplained>, Failure> {
        let snapshot = &self.scene.snapshot;
        let row = self.scene.store.decision(&snapshot.tenant, self.key).map_err(|fault| Failure::cannot(&fault))?;
        let Some((row, decision)) = row.and_then(|row| Some((row.clone(), row.decision()?))) else { return Ok(None) };
        let record = mapped.iter().find_map(|(_, mapped)| match mapped {
            Mapped::Desired(desired) => Some(BoundNames::of(desired)),
            Mapped::Held(_) | Mapped::OutOfScope { .. } => None,
        });
        let names = record.as_ref().map_or(decision.verdict == Verdict::Keep, |names| names.are_of(&decision));
        let there = |id: &ObjectId| snapshot.users.contains_key(id) || snapshot.deleted.contains_key(id);
        let account = match (&decision.verdict, &decision.account) {
            (Verdict::Keep, Some(kept)) => self.answer.ledger.people.get(self.key).is_some_and(|known| known.id == *kept),
            (_, account) => account.as_ref().is_none_or(there),
        };
        Ok(Some(DecisionExplained { row, applies: names && account }))
    }

    fn records(&self, mapped: &[(usize, Mapped)]) -> Result<Vec<RecordExplained>, Failure> {
        let (mut at, mut mapped, mut mine) = (0, mapped.iter().peekable(), Vec::new());
        let explained = |record: Record| {
            let own = mapped.next_if(|(own, _)| *own == at);
            at += 1;
            let Some((_, mapped)) = own else { return };
            mine.push(RecordExplained {
                record: record.place().clone(),
                cells: record.cells().map(|(name, value)| (name.to_owned(), cell(value))).collect(),
                expressions: self.read.bound.explain(&record, &self.answer.context),
                lifecycle: stage(mapped),
            });
        };
        self.read.reading.records.each(explained).map_err(Failure::usage)?;
        Ok(mine)
    }

    /// What each match looks for and finds: by HR's values, else by the key itself.
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
            let Snapshot { users, .. } = &self.scene.snapshot;
            let live = self.answer.people.who_has(*attribute, &value, users).into_iter().map(|user| users.at(user).to_user());
            let live = live.map(|user| owner(&user, false));
            let accounts = live.chain(deleted(&self.scene.snapshot, *attribute, &value)).collect();
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

/// Who in the recycle bin has this value: names compare folded, keys exactly.
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
        Mapped::OutOfScope { .. } => return Some("out of scope: present in HR, and not served by this mapping".to_owned()),
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
