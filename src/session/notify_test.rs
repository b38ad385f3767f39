//! A test message to every configured receiver.

use futures::future::join_all;
use jiff::Timestamp;
use serde::Serialize;

use super::error::Failure;
use super::notification::second;
use super::notify_channels::{channels, heartbeat};
use super::operator::operator;
use super::settings::Settings;
use crate::notify::{Event, Message};

/// The fault of a command that needs a receiver.
pub(crate) const NO_RECEIVER: &str = "[notify] is missing in hrpush.toml, so there is no receiver\n  hint: docs/messages.md shows the table for Teams, Slack, mail and programs";

/// What became of the test message at one receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Attempt {
    pub(crate) channel: &'static str,
    /// Either `ok` or `fail`.
    pub(crate) state: &'static str,
    pub(crate) message: String,
}

impl Attempt {
    fn new(channel: &'static str, result: Result<&str, String>) -> Self {
        match result {
            Ok(message) => Self { channel, state: "ok", message: message.to_owned() },
            Err(message) => Self { channel, state: "fail", message },
        }
    }

    pub(crate) fn is_ok(&self) -> bool {
        self.state == "ok"
    }
}

/// Sends a test message to every receiver. The heartbeat is not called, because a monitor would take it for a good run.
///
/// # Errors
/// A configuration without receivers.
pub(crate) async fn test(settings: &Settings) -> Result<Vec<Attempt>, Failure> {
    let Some(config) = &settings.config.notify else {
        return Err(Failure::usage(NO_RECEIVER));
    };
    let reason = Some("sent by `hrpush notify test`".to_owned());
    let message = Message { host: operator().host, reason, ..Message::new(Event::Test, &second(Timestamp::now())) };
    let message = &message;
    let mut attempts = join_all(channels(config).into_iter().map(async |ready| match ready {
        Ok(channel) => {
            let sent = channel.send(message).await;
            Attempt::new(channel.name(), sent.map(|()| "the test message was sent").map_err(|error| error.to_string()))
        }
        Err((channel, failure)) => Attempt::new(channel, Err(failure.to_string())),
    }))
    .await;
    if let Some(from) = &config.heartbeat {
        let read =
            heartbeat(from).map(|_| "the address can be read; a test does not call it").map_err(|failure| failure.to_string());
        attempts.push(Attempt::new("heartbeat", read));
    }
    Ok(attempts)
}
