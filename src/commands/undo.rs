//! `hrpush undo`: the inverse of an earlier run, as a plan like any other.

use std::collections::{BTreeMap, BTreeSet};

use super::apply::{consent, other_target, wanted};
use super::cli::{Common, Undo};
use super::exit::{Ended, Failure};
use super::run::{self, Ready, block_on, carry_out, unless_interrupted};
use super::settings;
use super::target;
use crate::apply::Drifted;
use crate::directory::ObjectId;
use crate::graph::Priority;
use crate::plan::{self, UndoInputs};
use crate::store::{Recorded, StoreError};

pub(super) fn undo(common: &Common, args: &Undo) -> Result<Ended, Failure> {
    let settings = settings::load(common)?;
    block_on(|cancelled| async move {
        let mut store = settings.store()?;
        let _lock = store.lock().map_err(|fault| Failure::cannot(&fault))?;
        let recorded = store.run(&args.run).map_err(|fault| match fault {
            StoreError::NoRun(_) | StoreError::ManyRuns(_) => Failure::usage(fault),
            other => Failure::cannot(&other),
        })?;
        let before = &recorded.plan;
        let graph_url = args.target.graph_url.as_deref();
        if target::is_embedded(&settings, graph_url) != before.target.sandbox {
            return Err(Failure::usage(other_target(before)));
        }
        let connecting = target::connect(&settings, &mut store, graph_url, Priority::Normal);
        let connection = unless_interrupted(&cancelled, connecting).await?;
        if connection.url != before.target.graph_url {
            return Err(Failure::usage(other_target(before)));
        }
        let reader = connection.reader();
        let policy = settings.policy();
        let wanted = wanted(before, &policy.protect_groups);
        let reading = run::read_tenant(&mut store, &connection, &reader, &wanted);
        let (snapshot, unsettled) = unless_interrupted(&cancelled, reading).await?;
        if snapshot.tenant.0 != before.target.tenant_id {
            return Err(Failure::usage(other_target(before)));
        }
        let ledger = store
            .ledger(&before.source.feed, &snapshot.tenant, run::today(), &unsettled)
            .map_err(|fault| Failure::cannot(&fault))?;
        let (plan, moved) = plan::undo(&UndoInputs {
            plan: before,
            run: &recorded.row.run.0,
            done: &recorded.done.iter().copied().collect::<BTreeSet<u64>>(),
            created: &created(&recorded),
            snapshot: &snapshot,
            ledger: &ledger,
            policy: &policy,
            today: run::today(),
            created_at: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        });
        let drifted: Vec<Drifted> = moved
            .into_iter()
            .map(|moved| Drifted { seq: moved.seq, key: moved.key, action: moved.action, message: moved.message })
            .collect();
        let notes = drifted.iter().map(|moved| format!("left out, {}: {}", moved.key, moved.message)).collect();
        let ready = Ready {
            common,
            settings: &settings,
            stop: &args.stop,
            consent: consent(&args.stop, &args.yes, connection.sandbox.is_some()),
            connection: &connection,
            snapshot: &snapshot,
            plan,
            drifted,
            notes,
            // An undo creates nobody.
            matching: None,
            memory: None,
            cancelled,
        };
        carry_out(ready, &mut store).await
    })
}

/// What the run made, by key.
fn created(recorded: &Recorded) -> BTreeMap<String, ObjectId> {
    let made = recorded.requests.iter().filter(|request| request.done == Some(true) && request.kind.starts_with("create-"));
    made.filter_map(|request| Some((request.key.clone(), ObjectId::new(request.id.as_deref()?)?))).collect()
}
