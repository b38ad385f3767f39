//! One run of one command: its settings, its observer, and the one place that every ending passes.

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Mutex;

use futures::FutureExt as _;
use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;

use super::error::{Code, Ended, Failure};
use super::metrics;
use super::notification;
use super::observer::{Event, Observer};
use super::operator::operator;
use super::run_end::{RunEnd, RunFacts, RunKind};
use super::settings::Settings;
use super::telemetry;
use crate::apply::RunId;
use crate::diagnostic::wait::{LongWait, WaitReporter};
use crate::record::lock;
use crate::store::{EndKind, RunStart, Store};

/// One run, from its configuration to its end. Nothing in it is global, so a process may hold several, one after another or at once.
pub(crate) struct Session<'a> {
    pub(crate) kind: RunKind,
    pub(crate) settings: &'a Settings,
    pub(crate) observer: &'a dyn Observer,
    cancelled: watch::Receiver<bool>,
    started: Timestamp,
    facts: Mutex<RunFacts>,
    waits: WaitReporter,
    /// The reports of long waits, until they are taken by [`Session::supervise`].
    waited: Mutex<Option<UnboundedReceiver<LongWait>>>,
}

impl<'a> Session<'a> {
    /// A run that begins now. `cancelled` becomes true when the caller wants it to stop.
    pub(crate) fn new(
        kind: RunKind,
        settings: &'a Settings,
        observer: &'a dyn Observer,
        cancelled: watch::Receiver<bool>,
    ) -> Self {
        let facts = RunFacts { dry_run: kind == RunKind::Plan, ..RunFacts::default() };
        let (waits, waited) = WaitReporter::channel();
        let (started, facts, waited) = (Timestamp::now(), Mutex::new(facts), Mutex::new(Some(waited)));
        Self { kind, settings, observer, cancelled, started, facts, waits, waited }
    }

    /// Where the requests of this run report that they wait for long.
    pub(crate) fn waits(&self) -> WaitReporter {
        self.waits.clone()
    }

    /// Does the work and passes the reports of long waits on. Of several requests that wait for the same, one is reported.
    async fn reporting_waits<T>(&self, work: impl Future<Output = T>) -> T {
        let Some(mut waited) = lock(&self.waited).take() else { return work.await };
        let mut work = std::pin::pin!(work);
        let mut reported: BTreeMap<String, u64> = BTreeMap::new();
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                Some(wait) = waited.recv() => {
                    // A second request to the same host begins to count anew.
                    let longest = reported.entry(wait.what.clone()).or_default();
                    if wait.seconds > *longest {
                        *longest = wait.seconds;
                        self.observer.event(Event::Waiting(&wait));
                    }
                }
            }
        }
    }

    /// Opens the row of this run in the list of runs, for the holder of the folder's lock. A command that plans nothing has no row.
    pub(crate) fn open_row(&self, store: &mut Store) -> Result<(), Failure> {
        if self.kind.plans() {
            let crashed = store.unfinished_runs()?;
            let run = store.open_run(&self.start())?;
            self.observer.event(Event::Listed(&run.0));
            for run in &crashed {
                self.observer.event(Event::Crashed(&run.0));
            }
            self.learn(|facts| facts.run = Some(run.0));
        }
        Ok(())
    }

    fn start(&self) -> RunStart {
        let facts = lock(&self.facts);
        let command = self.kind.as_str().to_owned();
        RunStart { command, dry_run: facts.dry_run, whole: !facts.in_part, at: self.started, by: operator() }
    }

    /// Writes the end into the list of runs, and drops the values of runs that are too old to be kept. Returns the run and its link.
    fn record(&self, end: &RunEnd) -> Result<Option<(RunId, Option<String>)>, Failure> {
        if !end.kind.plans() {
            return Ok(None);
        }
        let mut store = self.settings.store()?;
        let run = match end.facts.run.clone() {
            Some(run) => RunId(run),
            None => store.record_run(&self.start(), &end.result())?,
        };
        store.end_run(&run, &end.result())?;
        let link = store.link_of(&run)?;
        store.prune(end.finished - self.settings.config.journal.keep)?;
        Ok(Some((run, link)))
    }

    /// Ends the row of a run that was carried out, before its outcome is printed: the outcome has the link of the run.
    pub(crate) fn conclude(&self, store: &mut Store, ended: &Ended) -> Result<Option<String>, Failure> {
        let end = self.end(Some(ended.clone()));
        let Some(run) = end.facts.run.clone().filter(|_| self.kind.plans()).map(RunId) else { return Ok(None) };
        store.end_run(&run, &end.result())?;
        Ok(store.link_of(&run)?)
    }

    fn end(&self, ended: Option<Ended>) -> RunEnd {
        let facts = lock(&self.facts).clone();
        let end = end_kind(ended.as_ref(), &facts);
        RunEnd { kind: self.kind, end, started: self.started, finished: Timestamp::now(), ended, facts }
    }

    /// The id of this run in the list of runs, once the state folder was locked.
    pub(crate) fn run(&self) -> Option<String> {
        lock(&self.facts).run.clone()
    }

    /// Keeps what was found out, for the end of the run.
    pub(crate) fn learn(&self, change: impl FnOnce(&mut RunFacts)) {
        change(&mut lock(&self.facts));
    }

    /// Becomes true when the run is to stop.
    pub(crate) fn cancelled(&self) -> watch::Receiver<bool> {
        self.cancelled.clone()
    }

    /// Fails once the run is to stop. For long work that awaits nothing.
    pub(crate) fn check_interrupt(&self) -> Result<(), Failure> {
        if *self.cancelled.borrow() { Err(Failure::Interrupted) } else { Ok(()) }
    }

    /// Does the work, unless an interrupt comes first. Only for work that writes nothing.
    pub(crate) async fn unless_interrupted<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let mut cancelled = self.cancelled.clone();
        tokio::select! {
            biased;
            _ = cancelled.wait_for(|stop| *stop) => Err(Failure::Interrupted),
            done = work => done,
        }
    }

    /// Does the work of the run and reports how it ended: done, stopped by a guard, refused, cut off, interrupted, or crashed.
    ///
    /// This is the only place that knows the end of every run. The row of the list of runs and the event [`Event::Ended`] are made here,
    /// and nowhere else.
    pub(crate) async fn supervise(&self, work: impl Future<Output = Result<Ended, Failure>>) -> Result<Ended, Failure> {
        let result = self.reporting_waits(AssertUnwindSafe(work).catch_unwind()).await;
        let ended = match &result {
            Ok(Ok(ended)) => Some(ended.clone()),
            Ok(Err(failure)) => Some(failure.into()),
            Err(_) => None,
        };
        let mut end = self.end(ended);
        match self.record(&end) {
            // A run that ended before it held the folder's lock has its id only now.
            Ok(Some((run, link))) => (end.facts.run, end.facts.link) = (Some(run.0), link),
            Ok(None) => {}
            Err(fault) => tracing::warn!("the end of this run is missing in the list of runs: {fault}"),
        }
        notification::announce(self.settings, &end).await;
        if let Err(fault) = metrics::keep(self.settings, &end) {
            tracing::warn!("the metrics of this run are missing: {fault}");
        }
        telemetry::send(self.settings, &end).await;
        self.observer.event(Event::Ended(&end));
        result.unwrap_or_else(|panic| resume_unwind(panic))
    }
}

fn end_kind(ended: Option<&Ended>, facts: &RunFacts) -> EndKind {
    let Some(ended) = ended else { return EndKind::Crashed };
    match ended.code {
        Code::CannotRun => EndKind::CannotRun,
        Code::Usage => EndKind::Refused,
        Code::Guard => EndKind::Stopped,
        Code::Interrupted => EndKind::Interrupted,
        Code::Done | Code::Attention | Code::Pending if facts.dry_run => EndKind::Planned,
        Code::Pending => EndKind::Pending,
        Code::Done | Code::Attention if facts.applied > 0 || facts.failed > 0 => EndKind::Done,
        Code::Done | Code::Attention => EndKind::NothingToDo,
    }
}
