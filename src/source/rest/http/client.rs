//! Requests to the service with its credential.

use std::ops::Deref;

use super::token::Credential;
use super::transport::{Answer, Call, Transport};
use crate::diagnostic::wait::WaitReporter;
use crate::source::rest::error::RestError;
use crate::source::rest::settings::Settings;
use crate::source::rest::shape::template::Values;

/// The way to one service, and what opens it.
pub(in crate::source::rest) struct Sender<'s> {
    transport: Transport<'s>,
    credential: Credential,
}

impl<'s> Sender<'s> {
    pub(in crate::source::rest) fn new(settings: &'s Settings, values: Values, waits: WaitReporter) -> Result<Self, RestError> {
        Ok(Self { transport: Transport::new(settings, values, waits)?, credential: Credential::default() })
    }

    /// Sends a request until it is answered well, or is known to be in vain.
    pub(in crate::source::rest) async fn send(&self, call: &Call) -> Result<Answer, RestError> {
        self.transport.send(call, &self.credential).await
    }
}

impl<'s> Deref for Sender<'s> {
    type Target = Transport<'s>;

    fn deref(&self) -> &Self::Target {
        &self.transport
    }
}
