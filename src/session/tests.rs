//! Sessions without a command line: their steps, their endings, and several of them in one process.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tokio::sync::watch;

use super::decision::{Consent, Decision, HeldRecords, Terms, judge};
use super::error::{Code, Ended, Failure};
use super::execution::execute;
use super::feed_run::{self, FeedRequest};
use super::observer::{Event, Observer};
use super::run::Session;
use super::run_end::{RunEnd, RunKind};
use super::run_reason::RunReasonCode;
use super::settings::Settings;
use crate::config::Config;
use crate::record::lock;
use crate::store::EndKind;

/// Keeps the events of a run.
#[derive(Default)]
struct Recorder {
    events: Mutex<Vec<&'static str>>,
    ends: Mutex<Vec<RunEnd>>,
}

impl Observer for Recorder {
    fn event(&self, event: Event<'_>) {
        let name = match event {
            Event::Listed(_) => "listed",
            Event::Crashed(_) => "crashed",
            Event::Note(_) => "note",
            Event::Target(_) => "target",
            Event::Waiting(_) => "waiting",
            Event::Planned(_) => "planned",
            Event::Progress(_) => "progress",
            Event::Applied(_) => "applied",
            Event::Ended(end) => {
                lock(&self.ends).push(end.clone());
                "ended"
            }
        };
        let mut events = lock(&self.events);
        if events.last() != Some(&name) {
            events.push(name);
        }
    }
}

impl Recorder {
    fn end(&self) -> RunEnd {
        let ends = lock(&self.ends);
        assert_eq!(ends.len(), 1, "a run has one end");
        ends[0].clone()
    }
}

fn settings(state: &Path) -> Settings {
    Settings { config: Config::default(), state: state.to_path_buf(), metrics_file: None }
}

fn never() -> watch::Receiver<bool> {
    let (stop, cancelled) = watch::channel(false);
    // A dropped sender would end the waiting of the receivers.
    Box::leak(Box::new(stop));
    cancelled
}

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/employees.csv")
}

async fn import(session: &Session<'_>, consent: Consent) -> Result<Ended, Failure> {
    let may_write = consent != Consent::Never;
    let request = FeedRequest { files: vec![sample()], may_write, ..FeedRequest::default() };
    let pending = feed_run::plan(session, &request).await?;
    session.observer.event(Event::Planned(&pending.preview(session)));
    let judgement =
        judge(session, &pending, &Terms { consent, approve: None, detailed_exit_code: false, held: HeldRecords::default() })?;
    match judgement.decide(true) {
        Decision::End(ended) => Ok(ended),
        Decision::Execute(approval) => Ok(Box::pin(execute(session, pending, approval)).await?.ended),
    }
}

async fn run(settings: &Settings, consent: Consent) -> (Ended, Recorder) {
    let recorder = Recorder::default();
    let session = Session::new(RunKind::Import, settings, &recorder, never());
    let ended = Box::pin(session.supervise(import(&session, consent))).await.unwrap();
    (ended, recorder)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_runs_twice_in_one_process_and_finds_nothing_to_do_the_second_time() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let (preview, recorder) = run(&settings, Consent::Never).await;
    assert_eq!((preview.code, recorder.end().end), (Code::Done, EndKind::Planned));
    assert_eq!(*lock(&recorder.events), ["listed", "planned", "ended"]);
    let (first, recorder) = run(&settings, Consent::Given).await;
    let end = recorder.end();
    assert_eq!((first.code, end.end, end.facts.feed.as_deref()), (Code::Done, EndKind::Done, Some("Generic HR CSV export")));
    assert!(end.facts.applied > 40 && end.facts.run.is_some() && end.facts.fingerprint.is_some() && end.facts.tenant.is_some());
    assert_eq!(*lock(&recorder.events), ["listed", "planned", "progress", "applied", "ended"]);
    let (second, recorder) = run(&settings, Consent::Given).await;
    assert_eq!((second.code, recorder.end().end, recorder.end().facts.applied), (Code::Done, EndKind::NothingToDo, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_sessions_of_different_state_folders_do_not_disturb_each_other() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (one, other) = (settings(one.path()), settings(other.path()));
    let ((first, of_one), (second, of_other)) = tokio::join!(run(&one, Consent::Given), run(&other, Consent::Given));
    assert_eq!((first.code, second.code), (Code::Done, Code::Done));
    assert_ne!(of_one.end().facts.tenant, of_other.end().facts.tenant);
    assert_eq!(of_one.end().facts.applied, of_other.end().facts.applied);
}

#[tokio::test]
async fn every_ending_passes_one_place() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let why = || vec!["because".to_owned()];
    let cases: [(Result<Ended, Failure>, EndKind); 7] = [
        (Ok(Ended::done()), EndKind::NothingToDo),
        (Ok(Ended::with(Code::Guard, why()).because(RunReasonCode::Guard)), EndKind::Stopped),
        (Ok(Ended::with(Code::Pending, why()).because(RunReasonCode::Pending)), EndKind::Pending),
        (Ok(Ended::with(Code::Interrupted, why()).because(RunReasonCode::Interrupted)), EndKind::Interrupted),
        (Err(Failure::usage("the file is broken")), EndKind::Refused),
        (Err(Failure::cannot_run("the network is down\n  hint: check it".to_owned())), EndKind::CannotRun),
        (Err(Failure::Interrupted), EndKind::Interrupted),
    ];
    for (result, expected) in cases {
        let recorder = Recorder::default();
        let session = Session::new(RunKind::Sync, &settings, &recorder, never());
        let is_done = matches!(&result, Ok(ended) if ended.code == Code::Done);
        drop(session.supervise(async { result }).await);
        let end = recorder.end();
        assert_eq!((end.end, end.reason().is_none()), (expected, is_done), "{end:?}");
        assert!(end.reason().is_none_or(|reason| !reason.to_string().contains("broken")), "{end:?}");
    }
}

#[tokio::test]
async fn a_panic_is_an_ending_too() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let recorder = Recorder::default();
    let session = Session::new(RunKind::Sync, &settings, &recorder, never());
    let work = session.supervise(async { panic!("a fault of hrpush") });
    let caught = futures::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(work)).await;
    assert!(caught.is_err(), "the panic goes on");
    assert_eq!((recorder.end().end, recorder.end().ended), (EndKind::Crashed, None));
}

#[tokio::test]
async fn an_interrupt_ends_what_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let recorder = Recorder::default();
    let (stop, cancelled) = watch::channel(false);
    let session = Session::new(RunKind::Sync, &settings, &recorder, cancelled);
    stop.send(true).unwrap();
    let waiting = session.unless_interrupted(std::future::pending::<Result<(), Failure>>()).await;
    assert!(matches!(waiting, Err(Failure::Interrupted)));
}

/// Keeps the long waits of a run.
#[derive(Default)]
struct Waits(Mutex<Vec<String>>);

impl Observer for Waits {
    fn event(&self, event: Event<'_>) {
        if let Event::Waiting(wait) = event {
            lock(&self.0).push(format!("{} {}", wait.what, wait.seconds));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn long_waits_reach_the_observer_once_for_each_host() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let waits = Waits::default();
    let session = Session::new(RunKind::Records, &settings, &waits, never());
    let reporter = session.waits();
    let request = |host: &str, seconds: u64| {
        let mut watch = reporter.watch(host);
        async move { watch.during(tokio::time::sleep(std::time::Duration::from_secs(seconds))).await }
    };
    let work = async {
        // Three requests wait for the same host at once, and a spawned task for another one.
        let elsewhere = tokio::spawn(request("two", 5));
        tokio::join!(request("one", 20), request("one", 20), request("one", 2));
        elsewhere.await.unwrap();
        Ok(Ended::done())
    };
    session.supervise(work).await.unwrap();
    let mut heard = lock(&waits.0).clone();
    heard.sort();
    assert_eq!(heard, ["one 15", "one 3", "two 3"]);
}
