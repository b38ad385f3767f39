//! `hrpush undo`: the inverse of an earlier run, as a plan like any other.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::watch;

use super::connect::Aim;
use super::error::{Ended, Failure};
use super::execute::{self, Consent, Ready, carry_out};
use super::interrupt::block_on;
use super::run_state::Memory;
use super::saved_plan::wanted;
use super::settings::{self, Settings};
use super::tenant::Scene;
use crate::commands::cli::{Common, Undo};
use crate::commands::runs::recorded;
use crate::directory::ObjectId;
use crate::graph::Priority;
use crate::plan::{self, UndoInputs};
use crate::store::Recorded;

pub(crate) fn undo(common: &Common, args: &Undo) -> Result<Ended, Failure> {
    let settings = settings::load(common)?;
    block_on(|cancelled| go(common, &settings, args, cancelled))
}

async fn go(common: &Common, settings: &Settings, args: &Undo, cancelled: watch::Receiver<bool>) -> Result<Ended, Failure> {
    let store = settings.store()?;
    // For its target alone: what it did may still have to be settled.
    let before = recorded(&store, &args.run)?;
    let policy = settings.policy();
    let target = &before.plan.target;
    let aim = Aim::of_plan(settings, args.target.graph_url.as_deref(), target)?;
    let wanted = wanted(&before.plan, &policy.protect_groups);
    let mut scene = Scene::open(settings, store, &aim, Some(target), &wanted, Priority::Normal, &cancelled).await?;
    let run = recorded(&scene.store, &before.row.run.0)?;
    let ledger = scene.ledger(&run.plan.source.feed, execute::today())?;
    let (plan, moved) = plan::undo(&UndoInputs {
        plan: &run.plan,
        run: &run.row.run.0,
        done: &done(&run),
        created: &created(&run),
        snapshot: &scene.snapshot,
        ledger: &ledger,
        policy: &policy,
        today: execute::today(),
        created_at: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    });
    let mut notes = execute::left_out(&moved);
    if run.plan.changes.is_empty() {
        notes.push(format!("the run {} changed nothing: there is nothing to undo", run.row.run));
    }
    let ready = Ready {
        common,
        settings,
        stop: &args.stop,
        consent: Consent::by(&args.stop, &args.yes),
        plan,
        notes,
        drifted: moved,
        // An undo creates nobody.
        matching: None,
        memory: Memory::Nothing,
        cancelled,
    };
    carry_out(ready, &mut scene).await
}

/// The changes of which anything was done: also those that the run did not complete.
fn done(run: &Recorded) -> BTreeSet<u64> {
    let parts = run.requests.iter().filter(|request| request.done == Some(true)).map(|request| request.seq);
    run.done.iter().copied().chain(parts).collect()
}

/// What the run made, by key.
fn created(run: &Recorded) -> BTreeMap<String, ObjectId> {
    let made = run.requests.iter().filter(|request| request.done == Some(true) && request.kind.starts_with("create-"));
    made.filter_map(|request| Some((request.key.clone(), ObjectId::new(request.id.as_deref()?)?))).collect()
}
