//! The messages of a run: which of its events are worth one, and what became of those that were not sent.

use std::collections::BTreeSet;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use super::notify_channels::{Ready, channels, heartbeat};
use super::operator::operator;
use super::run_end::{RunEnd, RunKind};
use super::settings::Settings;
use crate::config::{Details, NotifyConfig};
use crate::notify::{self, Channel, Event, GuardFact, Message, Named};
use crate::store::{EndKind, LastMessage, RunResult, Store, Subject, Unsent};

/// The same people and codes are sent again after so long.
const REMINDER: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Sends the messages of a run and calls the heartbeat. Nothing that fails here changes how the run ended.
pub(crate) async fn announce(settings: &Settings, end: &RunEnd) {
    let Some(config) = settings.config.notify.as_ref().filter(|_| is_announced(end)) else { return };
    // Without a state folder nothing is remembered, and every event is sent.
    let mut memory = settings.store().ok();
    let mut office = PostOffice::open(config);
    if let Some(store) = memory.as_mut() {
        office.send_unsent(store).await;
    }
    for message in due(config, end, memory.as_mut()) {
        office.send(&message, memory.as_mut()).await;
    }
    if let Some(from) = config.heartbeat.as_ref().filter(|_| is_good(end)) {
        let sent = match heartbeat(from) {
            Ok(address) => notify::heartbeat(&address, config.timeout).await.map_err(|error| error.to_string()),
            Err(failure) => Err(failure.to_string()),
        };
        if let Err(error) = sent {
            tracing::warn!(channel = "heartbeat", "the heartbeat was not sent: {error}");
        }
    }
}

/// Sends one message to every channel. For a command that is no run.
pub(crate) async fn announce_now(settings: &Settings, message: &Message) {
    let Some(config) = &settings.config.notify else { return };
    let mut memory = settings.store().ok();
    PostOffice::open(config).send(message, memory.as_mut()).await;
}

/// Whether a run may have messages: it was to write, and was not interrupted.
fn is_announced(end: &RunEnd) -> bool {
    end.kind.plans() && !end.facts.dry_run && !matches!(end.end, EndKind::Planned | EndKind::Interrupted)
}

/// Whether this is a good run, which a monitor expects.
fn is_good(end: &RunEnd) -> bool {
    let whole = matches!(end.kind, RunKind::Sync | RunKind::Import) && !end.facts.in_part;
    whole && matches!(end.end, EndKind::Done | EndKind::NothingToDo)
}

/// Whether the run itself failed, so that its plan was not carried out as decided.
fn is_failure(end: EndKind) -> bool {
    matches!(end, EndKind::Refused | EndKind::CannotRun | EndKind::Crashed)
}

/// The events of a run that are worth a message by the configuration, and are news by the messages before.
fn due(config: &NotifyConfig, end: &RunEnd, mut memory: Option<&mut Store>) -> Vec<Message> {
    let facts = &end.facts;
    let found = &facts.findings;
    let result = end.result();
    let is_known = facts.summary.is_some() && !facts.in_part;
    let mut messages = Vec::new();
    let mut add = |event: Event, count: usize, people: &[Named]| {
        if config.on.contains(&event) {
            messages.push(message(event, count, end, &result).with(people, config.details));
        }
    };
    if end.end == EndKind::Stopped {
        add(Event::Stopped, 0, &[]);
    }
    let mut failed = found.failed.clone();
    if is_failure(end.end) {
        failed.push(Named { key: String::new(), code: end.end.as_str().to_owned(), user_principal_name: None });
    }
    let judged = matches!(end.end, EndKind::Done | EndKind::NothingToDo) && !facts.in_part;
    if is_news(end, Event::Failed, &failed, judged || is_failure(end.end), memory.as_deref_mut()) {
        let count = if is_failure(end.end) { 0 } else { facts.failed };
        add(Event::Failed, count, &found.failed);
    }
    for (event, people) in [(Event::Leaver, &found.leavers), (Event::Held, &found.held)] {
        if is_known && is_news(end, event, people, true, memory.as_deref_mut()) {
            add(event, people.len(), people);
        }
    }
    if facts.applied > 0 {
        add(Event::Changed, usize::try_from(facts.applied).unwrap_or(usize::MAX), &[]);
    }
    messages
}

/// Whether these people and codes differ from those of the last message, or a reminder is due. An empty set is no news, and where it is
/// the whole set, the last message is forgotten: the same people are news again when they come back.
fn is_news(end: &RunEnd, event: Event, people: &[Named], is_whole: bool, memory: Option<&mut Store>) -> bool {
    let Some(store) = memory else { return !people.is_empty() };
    let subject = subject(end.facts.tenant.as_ref().map(|tenant| tenant.0.as_str()), end.facts.feed.as_deref(), event);
    if event == Event::Failed && end.facts.feed.is_some() && !is_failure(end.end) {
        // Whatever kept earlier runs from reaching their feed is over.
        keep(store.forget_message(&self::subject(None, None, event)));
    }
    if people.is_empty() {
        if is_whole {
            keep(store.forget_message(&subject));
        }
        return false;
    }
    let last = LastMessage { digest: digest(people), sent_at: end.finished };
    let before = store.last_message(&subject).ok().flatten();
    let is_same =
        before.is_some_and(|before| before.digest == last.digest && last.sent_at.duration_since(before.sent_at).abs() < REMINDER);
    if !is_same && is_whole {
        keep(store.remember_message(&subject, &last));
    }
    !is_same
}

fn subject(tenant: Option<&str>, feed: Option<&str>, event: Event) -> Subject {
    Subject {
        tenant: tenant.unwrap_or_default().to_owned(),
        feed: feed.unwrap_or_default().to_owned(),
        event: event.as_str().to_owned(),
    }
}

/// A digest of keys and codes. Their order and repetitions do not count.
fn digest(people: &[Named]) -> String {
    let lines: BTreeSet<String> = people.iter().map(|person| format!("{}\0{}\n", person.key, person.code)).collect();
    let mut digest = Sha256::new();
    for line in lines {
        digest.update(line);
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn message(event: Event, count: usize, end: &RunEnd, result: &RunResult) -> Message {
    let facts = &end.facts;
    let guard = |guard: &crate::plan::Guard| GuardFact {
        name: guard.name.to_string(),
        count: guard.count,
        of: guard.of,
        limit: guard.limit,
    };
    Message {
        count: count as u64,
        run: facts.run.clone(),
        feed: facts.feed.clone(),
        tenant_id: facts.tenant.as_ref().map(|tenant| tenant.0.clone()),
        ended: Some(end.end.as_str().to_owned()),
        reason: result.reason.clone(),
        exit_code: result.exit_code,
        summary: facts.summary.as_ref().and_then(|summary| serde_json::to_value(summary).ok()),
        guards: facts.findings.guards.iter().filter(|guard| guard.tripped).map(guard).collect(),
        fingerprint: facts.fingerprint.clone(),
        host: operator().host,
        ..Message::new(event, &second(end.finished))
    }
}

/// A moment as documents write it, without fractions of a second.
pub(crate) fn second(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

impl Message {
    /// The same message with the people of the event, if the configuration asks for names.
    fn with(self, people: &[Named], details: Details) -> Self {
        match details {
            Details::Counts => self,
            Details::Names => Self { people: people.to_vec(), ..self },
        }
    }
}

/// The channels of one run. A channel that failed once gets no further message in this run: each would wait for the time-out again.
struct PostOffice {
    channels: Vec<Channel>,
    closed: BTreeSet<&'static str>,
}

impl PostOffice {
    fn open(config: &NotifyConfig) -> Self {
        let ready = |channel: Ready| match channel {
            Ok(channel) => Some(channel),
            Err((channel, failure)) => {
                tracing::warn!(channel, "messages cannot be sent: {failure}");
                None
            }
        };
        Self { channels: channels(config).into_iter().filter_map(ready).collect(), closed: BTreeSet::new() }
    }

    /// Tries the messages once more that an earlier run could not send.
    async fn send_unsent(&mut self, store: &mut Store) {
        for Unsent { channel, message } in store.take_unsent().unwrap_or_default() {
            let Ok(message) = serde_json::from_str::<Message>(&message) else { continue };
            let Some(found) = self.channels.iter().find(|found| found.name() == channel) else { continue };
            let name = found.name();
            let sent = if self.closed.contains(name) { None } else { Some(found.send(&message).await) };
            if matches!(sent, Some(Ok(()))) {
                continue;
            }
            if let Some(Err(error)) = sent {
                log(name, &message, "a message of an earlier run was not sent again", &error.to_string());
            }
            self.closed.insert(name);
            // What it was about is news for the next run that finds it.
            keep(store.forget_message(&subject(message.tenant_id.as_deref(), message.feed.as_deref(), message.event)));
        }
    }

    /// Sends a message to every channel at once. The next run tries it once more where it was not sent.
    async fn send(&mut self, message: &Message, mut memory: Option<&mut Store>) {
        let closed = &self.closed;
        let results = join_all(self.channels.iter().map(async |channel| {
            let sent = if closed.contains(channel.name()) { None } else { Some(channel.send(message).await) };
            (channel.name(), sent)
        }))
        .await;
        for (name, sent) in results {
            match sent {
                Some(Ok(())) => continue,
                Some(Err(error)) => log(name, message, "a message was not sent", &error.to_string()),
                None => {}
            }
            self.closed.insert(name);
            if let (Some(store), Ok(message)) = (memory.as_deref_mut(), serde_json::to_string(message)) {
                keep(store.add_unsent(&Unsent { channel: name.to_owned(), message }));
            }
        }
    }
}

fn log(channel: &str, message: &Message, what: &str, error: &str) {
    let run = message.run.as_deref().unwrap_or_default();
    tracing::warn!(channel, event = message.event.as_str(), run, "{what}: {error}");
}

/// A state folder that cannot be written was reported by the run itself.
fn keep<T>(kept: Result<T, crate::store::StoreError>) {
    if let Err(fault) = kept {
        tracing::warn!("the messages of this run are not remembered: {fault}");
    }
}
