//! The ways out, each with its secrets read.

use std::time::Duration;

use super::body::WebhookFormat;
use super::error::NotifyError;
use super::http::{self, Address};
#[cfg(feature = "mail")]
use super::mail::Mail;
use super::message::Message;
use super::program;

/// One receiver, ready to send to.
#[derive(Clone, Debug)]
pub struct Channel {
    /// The receiver with its secrets.
    pub route: Route,
    /// The longest time that one message may take.
    pub timeout: Duration,
}

/// The receiver of messages, with its secrets.
#[derive(Clone, Debug)]
pub enum Route {
    /// An address that takes a POST.
    Webhook(Address, WebhookFormat),
    /// A mail server and its receivers.
    #[cfg(feature = "mail")]
    Mail(Box<Mail>),
    /// A program with its arguments.
    Program(Vec<String>),
}

impl Channel {
    /// The name of the channel in the log and in the state folder.
    pub fn name(&self) -> &'static str {
        match &self.route {
            Route::Webhook(..) => "webhook",
            #[cfg(feature = "mail")]
            Route::Mail(_) => "mail",
            Route::Program(_) => "command",
        }
    }

    /// Sends a message, once.
    ///
    /// # Errors
    /// Why it was not sent. The caller tries again with a later run.
    pub async fn send(&self, message: &Message) -> Result<(), NotifyError> {
        let work = async {
            match &self.route {
                Route::Webhook(address, format) => http::post(address, &format.body(message), self.timeout).await,
                #[cfg(feature = "mail")]
                Route::Mail(mail) => mail.send(message, self.timeout).await,
                Route::Program(program) => program::run(program, &message.document(), self.timeout).await,
            }
        };
        tokio::time::timeout(self.timeout, work).await.unwrap_or(Err(NotifyError::Slow(self.timeout)))
    }
}
