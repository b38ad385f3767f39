//! Why a message could not be sent.

use std::time::Duration;

/// Why a message could not be sent. No text contains an address or a password.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// The address is none that hrpush sends to.
    #[error("the address {0}")]
    Address(&'static str),
    /// The receiver was not reached, or did not answer.
    #[error("{0}")]
    Connection(String),
    /// The receiver answered with a refusal.
    #[error("the receiver answered {0}")]
    Status(u16),
    /// The receiver sent the request elsewhere.
    #[error(
        "the receiver answered {0} with a redirect that is not followed: the address of another host, or a redirect that drops the message"
    )]
    Redirect(u16),
    /// No answer within the time-out.
    #[error("no answer within {} s", .0.as_secs_f64())]
    Slow(Duration),
    /// The figures cannot be sent as the environment asks for it.
    #[error("{0}")]
    Telemetry(String),
    /// The program could not be started or failed.
    #[error("{0}")]
    Program(String),
    /// The mail could not be written or sent.
    #[error("{0}")]
    Mail(String),
}
