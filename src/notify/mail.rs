//! Messages as letters, by SMTP.

use std::time::Duration;

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message as Letter};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use secrecy::{ExposeSecret as _, SecretString};

use super::body::lines;
use super::encryption::MailTls;
use super::error::NotifyError;
use super::message::Message;

/// A mail server with its credential, and the addresses of the messages.
#[derive(Clone, Debug)]
pub struct Mail {
    /// The host of the mail server.
    pub host: String,
    /// The TCP port of the server.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: MailTls,
    /// The account on the server with its password. A relay may need none.
    pub account: Option<(String, SecretString)>,
    /// The sender, such as `hrpush <hrpush@example.com>`.
    pub from: String,
    /// The receivers of each letter.
    pub to: Vec<String>,
}

impl Mail {
    /// Whether an address can be written to, such as `a@example.com` or `Anna <a@example.com>`.
    pub fn is_address(text: &str) -> bool {
        text.parse::<Mailbox>().is_ok()
    }

    /// Sends the message in one letter to all receivers.
    pub(super) async fn send(&self, message: &Message, timeout: Duration) -> Result<(), NotifyError> {
        let letter = self.letter(message)?;
        let server = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.host)
            .port(self.port)
            .tls(self.encryption()?)
            .timeout(Some(timeout));
        let server = match &self.account {
            Some((user, password)) => server.credentials(Credentials::new(user.clone(), password.expose_secret().to_owned())),
            None => server,
        };
        match server.build().send(letter).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_timeout() => Err(NotifyError::Slow(timeout)),
            // The text of a refusal may quote the receiver's address, and no more than the code helps.
            Err(error) => Err(match error.status() {
                Some(code) => NotifyError::Mail(format!("the mail server answered {code}")),
                None => NotifyError::Connection(innermost(&error)),
            }),
        }
    }

    fn letter(&self, message: &Message) -> Result<Letter, NotifyError> {
        let address = |text: &str| text.parse::<Mailbox>().map_err(|_| NotifyError::Mail(format!("`{text}` is no mail address")));
        let feed = message.feed.as_ref().map(|feed| format!(" ({feed})")).unwrap_or_default();
        let mut letter = Letter::builder()
            .from(address(&self.from)?)
            .subject(one_line(&format!("hrpush: {}{feed}", message.title())))
            .header(ContentType::TEXT_PLAIN)
            // RFC 3834: no holiday notice answers a letter of a program.
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()));
        for to in &self.to {
            letter = letter.to(address(to)?);
        }
        letter.body(format!("{}\n\n{}", message.title(), lines(message))).map_err(|error| NotifyError::Mail(error.to_string()))
    }

    fn encryption(&self) -> Result<Tls, NotifyError> {
        let trusted = || {
            // A machine without CA files gets the roots that Mozilla trusts.
            TlsParameters::new(self.host.clone()).or_else(|_| {
                let roots =
                    webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter_map(|root| Certificate::from_der(root.to_vec()).ok());
                let empty = TlsParameters::builder(self.host.clone()).certificate_store(CertificateStore::None);
                roots.fold(empty, lettre::transport::smtp::client::TlsParametersBuilder::add_root_certificate).build()
            })
        };
        let trusted = || trusted().map_err(|error| NotifyError::Mail(format!("TLS cannot be set up: {error}")));
        Ok(match self.tls {
            MailTls::StartTls => Tls::Required(trusted()?),
            MailTls::Implicit => Tls::Wrapper(trusted()?),
            MailTls::Plain => Tls::None,
        })
    }
}

/// A header is one line: control characters would begin another one.
fn one_line(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// The last cause, which says what happened.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = inner.to_string();
        cause = inner.source();
    }
    text
}
