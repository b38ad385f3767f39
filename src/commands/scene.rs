//! The tenant of a run as it was found: locked, connected and read.

use std::collections::BTreeMap;

use jiff::civil::Date;
use tokio::sync::watch;

use super::clock;
use super::exit::Failure;
use super::interrupt::unless_interrupted;
use super::run::read_tenant;
use super::settings::Settings;
use super::target::{self, Aim, Connection, other_target};
use crate::directory::Snapshot;
use crate::graph::Priority;
use crate::plan::{Ledger, Target};
use crate::store::{Lock, Store};
use crate::target::SnapshotScope;

/// A tenant that was reached and read. Nobody else uses its state folder until this is dropped.
pub(super) struct Scene {
    pub(super) store: Store,
    pub(super) connection: Connection,
    pub(super) snapshot: Snapshot,
    /// What is said beside the plan.
    pub(super) notes: Vec<String>,
    unsettled: BTreeMap<String, String>,
    _lock: Lock,
}

impl Scene {
    /// Locks the state folder, connects and reads what is wanted. A plan that was made before tells its target: another tenant is refused.
    pub(super) async fn open(
        settings: &Settings,
        mut store: Store,
        aim: &Aim,
        made_for: Option<&Target>,
        wanted: &SnapshotScope,
        priority: Priority,
        cancelled: &watch::Receiver<bool>,
    ) -> Result<Self, Failure> {
        let lock = store.lock().map_err(|fault| Failure::cannot(&fault))?;
        let last = store.last_start().map_err(|fault| Failure::cannot(&fault))?;
        clock::against_last_run(jiff::Timestamp::now(), last)?;
        let connecting = target::connect(settings, &mut store, aim, priority);
        let connection = unless_interrupted(cancelled, connecting).await?;
        let reader = connection.reader();
        let reading = Box::pin(read_tenant(&mut store, &connection, &reader, wanted));
        let (snapshot, unsettled) = unless_interrupted(cancelled, reading).await?;
        let notes = clock::note(connection.client.skew()).into_iter().collect();
        match made_for {
            Some(target) if target.tenant_id != snapshot.tenant.0 => Err(Failure::usage(other_target(target))),
            _ => Ok(Self { store, connection, snapshot, notes, unsettled, _lock: lock }),
        }
    }

    /// What earlier runs left behind, for a feed.
    pub(super) fn ledger(&self, feed: &str, day: Date) -> Result<Ledger, Failure> {
        self.store.ledger(feed, &self.snapshot.tenant, day, &self.unsettled).map_err(|fault| Failure::cannot(&fault))
    }
}
