//! Webhooks and the heartbeat: requests to an address that is a secret.

use std::time::Duration;

use reqwest::redirect::{Attempt, Policy};
use reqwest::{Certificate, Client, Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::{Origin, Url};

use super::error::NotifyError;
use crate::diagnostic::is_loopback;
use crate::diagnostic::network::{self, NetworkFault};

/// The address of a webhook or a heartbeat. Its path or query is a password, so no message and no log shows it.
///
/// ```
/// use hrpush::notify::Address;
///
/// assert!(Address::new("https://chat.example.com/hook/9f2c".into()).is_ok());
/// assert!(Address::new("http://chat.example.com/hook/9f2c".into()).is_err());
/// assert!(Address::new("http://127.0.0.1:8080/hook".into()).is_ok());
/// ```
#[derive(Clone, Debug)]
pub struct Address(SecretString);

impl Address {
    /// Checks an address: https, or http on loopback.
    ///
    /// # Errors
    /// An address with another scheme or without a host. The text does not show it.
    pub fn new(secret: SecretString) -> Result<Self, NotifyError> {
        let fault = match Url::parse(secret.expose_secret().trim()) {
            Err(_) => Some("is not a URL"),
            Ok(url) => match (url.scheme(), url.host_str()) {
                (_, None | Some("")) => Some("names no host"),
                ("https", _) => None,
                ("http", Some(host)) if is_loopback(host) => None,
                ("http", _) => Some("uses plain http, which is accepted on loopback only"),
                _ => Some("is not an https URL"),
            },
        };
        match fault {
            Some(fault) => Err(NotifyError::Address(fault)),
            None => Ok(Self(secret)),
        }
    }

    fn url(&self) -> Result<Url, NotifyError> {
        Url::parse(self.0.expose_secret().trim()).map_err(|_| NotifyError::Address("is not a URL"))
    }
}

/// Posts a body. A redirect is followed only within the same origin, and only where it keeps the body.
pub(super) async fn post(address: &Address, body: &Value, timeout: Duration) -> Result<(), NotifyError> {
    let url = address.url()?;
    let sent = client(&url, Repeats::Body, timeout)?.post(url).json(body).send().await;
    judged(sent, timeout)
}

/// Calls the address that a monitor watches, after a good run.
///
/// # Errors
/// No connection, no answer in time, or an answer that is no success.
pub async fn heartbeat(address: &Address, timeout: Duration) -> Result<(), NotifyError> {
    let url = address.url()?;
    let sent = client(&url, Repeats::Nothing, timeout)?.get(url).send().await;
    judged(sent, timeout)
}

/// What a redirect must repeat.
#[derive(Clone, Copy)]
pub(super) enum Repeats {
    /// A body, which only 307 and 308 keep.
    Body,
    Nothing,
}

pub(super) fn client(url: &Url, repeats: Repeats, timeout: Duration) -> Result<Client, NotifyError> {
    let origin = url.origin();
    let direct = url.host_str().is_some_and(is_loopback);
    let base = || {
        let origin = origin.clone();
        let builder = Client::builder()
            .redirect(Policy::custom(move |attempt| follow(attempt, &origin, repeats)))
            .retry(reqwest::retry::never())
            .user_agent(concat!("hrpush/", env!("CARGO_PKG_VERSION")))
            .timeout(timeout);
        if direct { builder.no_proxy() } else { builder }
    };
    // A machine without CA files gets the roots that Mozilla trusts.
    let built = base().build().or_else(|_| {
        let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter_map(|root| Certificate::from_der(root).ok());
        base().tls_certs_only(roots).build()
    });
    built.map_err(|error| NotifyError::Connection(error.without_url().to_string()))
}

/// Another host must not receive the message, and a redirect that turns a POST into a GET would drop it.
fn follow(attempt: Attempt<'_>, origin: &Origin, repeats: Repeats) -> reqwest::redirect::Action {
    let keeps_body = matches!(attempt.status(), StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
    let kept = keeps_body || matches!(repeats, Repeats::Nothing);
    if kept && attempt.url().origin() == *origin && attempt.previous().len() < 5 { attempt.follow() } else { attempt.stop() }
}

fn judged(sent: Result<Response, reqwest::Error>, timeout: Duration) -> Result<(), NotifyError> {
    match sent {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) if answer.status().is_redirection() => Err(NotifyError::Redirect(answer.status().as_u16())),
        Ok(answer) => Err(NotifyError::Status(answer.status().as_u16())),
        Err(error) if error.is_timeout() => Err(NotifyError::Slow(timeout)),
        Err(error) => {
            let host = error.url().map_or_else(|| "the receiver".to_owned(), network::host);
            Err(NotifyError::Connection(NetworkFault::of(&error.without_url(), &host, false).to_string()))
        }
    }
}
