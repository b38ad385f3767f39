//! One event of one run, as every channel receives it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::event::Event;

/// One event of one run. Without [`Message::people`] it has counts, codes and ids only.
///
/// ```
/// use hrpush::notify::{Event, Message};
///
/// let message = Message { count: 3, ..Message::new(Event::Held, "2026-11-20T03:00:04Z") };
/// assert_eq!(message.title(), "3 entries need attention");
/// assert_eq!(message.document()["format"], "hrpush.message/1");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// What the message is about.
    pub event: Event,
    /// How many people, records or changes the event is about. 0 where it is about the run itself.
    pub count: u64,
    /// The id of the run.
    pub run: Option<String>,
    /// The feed, once the run knew it.
    pub feed: Option<String>,
    /// The tenant, once the run had read it.
    pub tenant_id: Option<String>,
    /// How the run ended, in the word of `hrpush runs`.
    pub ended: Option<String>,
    /// Why, in one line without a personal value.
    pub reason: Option<String>,
    /// The exit code of the process. A crash has none.
    pub exit_code: Option<u8>,
    /// The counts of the plan, as the plan's document has them.
    pub summary: Option<Value>,
    /// The guards that tripped.
    pub guards: Vec<GuardFact>,
    /// The fingerprint of the plan, which an approval names.
    pub fingerprint: Option<String>,
    /// The machine of the run.
    pub host: String,
    /// When the run ended, RFC 3339.
    pub at: String,
    /// The people of the event. Empty unless the configuration asks for names.
    #[serde(default)]
    pub people: Vec<Named>,
}

/// A guard that tripped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardFact {
    /// Its name in `[guard]`.
    pub name: String,
    /// How many the plan has.
    pub count: u64,
    /// The base of the share.
    pub of: u64,
    /// The most that may be.
    pub limit: Option<u64>,
}

/// A person of an event, for a configuration that asks for names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Named {
    /// The key in HR.
    pub key: String,
    /// The code of the reason.
    pub code: String,
    /// The sign-in name of the account, where it is known.
    pub user_principal_name: Option<String>,
}

impl Message {
    /// A message with nothing but its event and its moment.
    pub fn new(event: Event, at: &str) -> Self {
        Self {
            event,
            count: 0,
            run: None,
            feed: None,
            tenant_id: None,
            ended: None,
            reason: None,
            exit_code: None,
            summary: None,
            guards: Vec::new(),
            fingerprint: None,
            host: String::new(),
            at: at.to_owned(),
            people: Vec::new(),
        }
    }

    /// The document that `format = "json"` posts and that a program gets on stdin. `people` exists only where names are configured.
    pub fn document(&self) -> Value {
        let mut document = json!({
            "format": "hrpush.message/1",
            "event": self.event,
            "run": self.run,
            "feed": self.feed,
            "tenantId": self.tenant_id,
            "ended": self.ended,
            "reason": self.reason,
            "exitCode": self.exit_code,
            "summary": self.summary,
            "guards": self.guards,
            "fingerprint": self.fingerprint,
            "host": self.host,
            "at": self.at,
        });
        if !self.people.is_empty() {
            document["people"] = json!(self.people);
        }
        document
    }

    /// One line for a headline or a subject. It has words and counts of hrpush alone, so no chat can take it for markup.
    pub fn title(&self) -> String {
        let count = self.count;
        match (self.event, count) {
            (Event::Stopped, _) => "Stopped by a guard".to_owned(),
            (Event::Failed, 0) => match self.ended.as_deref() {
                Some("refused") => "The run refused its input".to_owned(),
                Some("crashed") => "The run crashed".to_owned(),
                _ => "The run could not be completed".to_owned(),
            },
            (Event::Failed, 1) => "1 step failed".to_owned(),
            (Event::Failed, _) => format!("{count} steps failed"),
            (Event::Leaver, 1) => "1 leaver keeps access".to_owned(),
            (Event::Leaver, _) => format!("{count} leavers keep access"),
            (Event::Held, 1) => "1 entry needs attention".to_owned(),
            (Event::Held, _) => format!("{count} entries need attention"),
            (Event::Changed, 1) => "1 change was applied".to_owned(),
            (Event::Changed, _) => format!("{count} changes were applied"),
            (Event::Late, _) => "No good run for too long".to_owned(),
            (Event::Test, _) => "Test message".to_owned(),
        }
    }

    /// The facts below the headline, each with its name.
    pub(super) fn facts(&self) -> Vec<(&'static str, String)> {
        let ended = self.ended.as_ref().map(|ended| match self.exit_code {
            Some(code) => format!("{ended} (exit code {code})"),
            None => ended.clone(),
        });
        let guards: Vec<String> = self.guards.iter().map(GuardFact::line).collect();
        let present = |text: String| (!text.is_empty()).then_some(text);
        let mut facts = vec![
            ("Feed", self.feed.clone()),
            ("Tenant", self.tenant_id.clone()),
            ("Run", self.run.clone()),
            ("Ended", ended),
            ("Reason", self.reason.clone()),
            ("Plan", self.summary.as_ref().and_then(|summary| present(counts(summary)))),
            ("Guards", present(guards.join("; "))),
            ("Fingerprint", self.fingerprint.clone()),
            ("Host", present(self.host.clone())),
            ("Time", Some(self.at.clone())),
        ];
        facts.extend(self.people.iter().map(|person| ("Person", Some(person.line()))));
        facts.into_iter().filter_map(|(name, fact)| Some((name, fact?))).collect()
    }
}

impl GuardFact {
    fn line(&self) -> String {
        let Self { name, count, of, limit } = self;
        let limit = limit.map_or_else(|| "none".to_owned(), |limit| limit.to_string());
        format!("{name}: {count} of {of}, the limit is {limit}")
    }
}

impl Named {
    fn line(&self) -> String {
        let account = self.user_principal_name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
        format!("{}{account} [{}]", self.key, self.code)
    }
}

/// The counts of a plan that are not 0, largest meaning first: `3 create, 14 update`.
fn counts(summary: &Value) -> String {
    const ORDER: [&str; 13] = [
        "disable",
        "delete",
        "create",
        "restore",
        "enable",
        "update",
        "createGroup",
        "updateGroup",
        "addMembers",
        "removeMembers",
        "held",
        "missing",
        "unchanged",
    ];
    let count = |name: &str| summary[name].as_u64().filter(|count| *count > 0).map(|count| format!("{count} {name}"));
    ORDER.iter().filter_map(|name| count(name)).collect::<Vec<_>>().join(", ")
}
