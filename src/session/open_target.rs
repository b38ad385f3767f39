//! The target of a run as it was found: locked, connected and read.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::approval::valid_approvals::valid_approvals;
use super::clock_check;
use super::connect::{self, Connection, TargetChoice, other_target};
use super::error::Failure;
use super::observer::Event;
use super::run::Session;
use super::run_reason::RunReasonCode;
use crate::apply;
use crate::config::ApprovalConfig;
use crate::diagnostic::{Note, NoteCode};
use crate::directory::Snapshot;
use crate::plan::{Ledger, Target};
use crate::store::{Lock, Store};
use crate::target::{Priority, SnapshotScope};

/// A tenant that was reached and read. No other run uses its state folder until this is dropped.
pub(crate) struct OpenTarget {
    pub(crate) store: Store,
    pub(crate) connection: Connection,
    pub(crate) snapshot: Snapshot,
    /// Notes about the connection, for the preview.
    pub(crate) notes: Vec<Note>,
    approval: ApprovalConfig,
    unsettled: BTreeMap<String, String>,
    _lock: Lock,
}

/// What to open, and how.
pub(crate) struct OpenRequest<'a> {
    pub(crate) choice: &'a TargetChoice,
    /// The target of a plan that was made before: another tenant is refused.
    pub(crate) made_for: Option<&'a Target>,
    pub(crate) scope: &'a SnapshotScope,
    pub(crate) priority: Priority,
    /// Whether a clock that cannot be trusted stops the run.
    pub(crate) clock: ClockRule,
}

/// What follows from a clock that differs from the tenant's, or from that of the last run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClockRule {
    /// The run ends: it would plan or remember by the wrong day.
    Refuse,
    /// A note, and nothing is written to the ledger. For runs that only look.
    Note,
}

impl OpenTarget {
    /// Locks the state folder, connects and reads the tenant.
    pub(crate) async fn open(session: &Session<'_>, mut store: Store, request: OpenRequest<'_>) -> Result<Self, Failure> {
        let lock = store.lock()?;
        let last = store.last_start()?;
        let mut doubts = Doubts { rule: request.clock, notes: Vec::new() };
        doubts.judge(clock_check::against_last_run(Timestamp::now(), last))?;
        session.open_row(&mut store)?;
        if let Some(target) = request.choice.announcement(session.settings, request.made_for.is_some()) {
            session.observer.event(Event::Target(&target));
        }
        let connecting = connect::connect(session.settings, &mut store, request.choice, request.priority);
        let connection = session.unless_interrupted(connecting).await?;
        connection.link.report_waits(session.waits());
        let reading = Box::pin(read_tenant(&mut store, &connection, request.scope, &mut doubts));
        let (snapshot, unsettled) = session.unless_interrupted(reading).await?;
        let mut notes = doubts.notes;
        notes.extend(clock_check::note(connection.link.skew()));
        session.learn(|facts| facts.tenant = Some(snapshot.tenant.clone()));
        match request.made_for {
            Some(target) if target.tenant_id != snapshot.tenant.0 => {
                Err(Failure::usage(other_target(target)).because(RunReasonCode::OtherTenant))
            }
            _ => {
                let approval = session.settings.config.approval.clone();
                Ok(Self { store, connection, snapshot, notes, approval, unsettled, _lock: lock })
            }
        }
    }

    /// What earlier runs recorded for a feed, and the approvals that were given since.
    pub(crate) fn ledger(&self, feed: &str, day: Date) -> Result<Ledger, Failure> {
        let tenant = &self.snapshot.tenant;
        let mut ledger = self.store.ledger(feed, tenant, day, &self.unsettled)?;
        ledger.approvals = valid_approvals(&self.approval, &self.store, tenant, feed)?;
        Ok(ledger)
    }
}

/// The doubts about this machine's clock.
struct Doubts {
    rule: ClockRule,
    notes: Vec<Note>,
}

impl Doubts {
    fn judge(&mut self, checked: Result<(), Failure>) -> Result<(), Failure> {
        match (checked, self.rule) {
            (Ok(()), _) => Ok(()),
            (Err(failure), ClockRule::Refuse) => Err(failure),
            (Err(failure), ClockRule::Note) => {
                self.notes.push(Note::new(NoteCode::ClockDiffers, failure.to_string().replace("\n  hint: ", "; hint: ")));
                Ok(())
            }
        }
    }

    /// Whether today's date may be written to the ledger.
    fn none(&self) -> bool {
        self.notes.is_empty()
    }
}

/// The tenant at this moment, with the ledger and the journal brought up to it.
async fn read_tenant(
    store: &mut Store,
    connection: &Connection,
    scope: &SnapshotScope,
    doubts: &mut Doubts,
) -> Result<(Snapshot, BTreeMap<String, String>), Failure> {
    let reader = connection.link.reader();
    let cache = store.readings(&connection.place());
    let mut snapshot = reader.snapshot(scope, &cache).await?;
    // Before anything is settled or recorded: the ledger would keep the wrong day.
    doubts.judge(clock_check::against_tenant(Timestamp::now(), connection.link.skew()))?;
    connection.check(&snapshot)?;
    connection.link.restore(&store.level(&snapshot.tenant)?);
    let open = store.open_requests(&snapshot.tenant)?;
    let settled = apply::settle(&*reader, &open).await;
    if doubts.none() {
        store.settled(&settled)?;
    }
    if !open.is_empty() {
        // The answers may be younger than the first snapshot.
        snapshot = reader.snapshot(scope, &cache).await?;
    }
    // A lagging replica may not list users created moments ago: they are looked up by id, so that they are not created twice.
    let recently = Timestamp::now() - SignedDuration::from_hours(24);
    let created = store.made_since(&snapshot.tenant, recently)?;
    reader.complete(&mut snapshot, scope, &created).await?;
    if doubts.none() {
        store.reconcile(&snapshot, clock_check::today())?;
    }
    Ok((snapshot, settled.unsettled))
}
