//! The configured channels of messages, with their secrets read.

use secrecy::SecretString;

use super::error::Failure;
#[cfg(feature = "mail")]
use crate::config::MailConfig;
use crate::config::{AddressFrom, NotifyConfig, SecretFrom};
#[cfg(feature = "mail")]
use crate::notify::Mail;
use crate::notify::{Address, Channel, Route, WebhookFormat};

/// A channel that is ready, or its name and why it is not.
pub(crate) type Ready = Result<Channel, (&'static str, Failure)>;

/// Reads the secrets of every configured channel. A secret that cannot be read closes its own channel only.
pub(crate) fn channels(config: &NotifyConfig) -> Vec<Ready> {
    let mut all = Vec::new();
    if let Some((from, format)) = &config.webhook {
        all.push(webhook(from, *format).map_err(|failure| ("webhook", failure)));
    }
    #[cfg(feature = "mail")]
    if let Some(mail) = &config.mail {
        all.push(self::mail(mail).map_err(|failure| ("mail", failure)));
    }
    if let Some(program) = &config.command {
        all.push(Ok(Route::Program(program.clone())));
    }
    all.into_iter().map(|route| route.map(|route| Channel { route, timeout: config.timeout })).collect()
}

/// The address that is called after a good run.
pub(crate) fn heartbeat(from: &SecretFrom) -> Result<Address, Failure> {
    address(from.read()?)
}

fn webhook(from: &AddressFrom, format: WebhookFormat) -> Result<Route, Failure> {
    let secret = match from {
        AddressFrom::Plain(url) => url.clone().into(),
        AddressFrom::Secret(from) => from.read()?,
    };
    Ok(Route::Webhook(address(secret)?, format))
}

fn address(secret: SecretString) -> Result<Address, Failure> {
    Address::new(secret).map_err(|error| Failure::cannot(&error))
}

#[cfg(feature = "mail")]
fn mail(config: &MailConfig) -> Result<Route, Failure> {
    let password = config.password.as_ref().map(SecretFrom::read).transpose()?;
    Ok(Route::Mail(Box::new(Mail {
        host: config.host.clone(),
        port: config.port,
        tls: config.tls,
        account: config.user.clone().zip(password),
        from: config.from.clone(),
        to: config.to.clone(),
    })))
}
