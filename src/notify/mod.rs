//! Messages about runs to a chat, a mailbox or a program, the heartbeat that a monitor expects, and figures for a collector of OpenTelemetry.
//!
//! Plain values come in: counts, codes and texts that the caller has cleared of personal values. A `Message` is one event of one run. A
//! `Channel` is one way out, with its secrets read; it sends a message once and reports why that failed. This room knows no plan, no
//! record and no state folder. `session` decides which event is worth a message, and remembers what was sent.

mod body;
mod channel;
mod encryption;
mod error;
mod event;
mod http;
#[cfg(feature = "mail")]
mod mail;
mod message;
#[cfg(feature = "otlp")]
mod otlp;
mod program;
mod run_span;
mod telemetry;
#[cfg(test)]
mod tests;

pub use body::WebhookFormat;
pub use channel::{Channel, Route};
pub use encryption::MailTls;
pub use error::NotifyError;
pub use event::Event;
pub use http::{Address, heartbeat};
#[cfg(feature = "mail")]
pub use mail::Mail;
pub use message::{GuardFact, Message, Named};
pub use run_span::{RunSpan, SpanFact};
pub use telemetry::send_telemetry;
