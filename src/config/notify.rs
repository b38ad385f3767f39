//! The table `[notify]`: where messages about runs go, and which.

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use secrecy::SecretString;

use super::SecretFrom;
use super::duration;
use super::features::Feature;
use super::secret_keys::{named_secret, program};
use crate::diagnostic::is_loopback;
use crate::diagnostic::toml::{At, Reader, Table};
use crate::notify::{Address, Event, MailTls, WebhookFormat};

/// The time that one message may take where the configuration sets none.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A run must end, whatever a receiver does.
const LONGEST: Duration = Duration::from_mins(10);

/// The keys that name a receiver.
const RECEIVERS: [&str; 9] = [
    "webhook",
    "webhook_env",
    "webhook_file",
    "webhook_command",
    "mail",
    "command",
    "heartbeat_env",
    "heartbeat_file",
    "heartbeat_command",
];

/// Where messages about runs go, and which.
#[derive(Clone, Debug)]
pub struct NotifyConfig {
    /// The webhook, with the form of its body.
    pub webhook: Option<(AddressFrom, WebhookFormat)>,
    /// The mail server with the addresses of the letters.
    pub mail: Option<MailConfig>,
    /// A program with its arguments.
    pub command: Option<Vec<String>>,
    /// The address that is called after each good run.
    pub heartbeat: Option<SecretFrom>,
    /// The events that are worth a message.
    pub on: BTreeSet<Event>,
    /// How much of a person messages contain.
    pub details: Details,
    /// The longest time that one message may take.
    pub timeout: Duration,
}

/// Where the address of a webhook is.
#[derive(Clone, Debug)]
pub enum AddressFrom {
    /// In the file: an address that is no secret.
    Plain(String),
    /// Outside the file, because it is one.
    Secret(SecretFrom),
}

/// How much of a person messages contain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Details {
    /// Counts, ids and codes.
    #[default]
    Counts,
    /// The keys and sign-in names of people as well.
    Names,
}

/// A mail server, and the addresses of the messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailConfig {
    /// The host of the server.
    pub host: String,
    /// The TCP port of the server.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: MailTls,
    /// The account on the server.
    pub user: Option<String>,
    /// Where its password is.
    pub password: Option<SecretFrom>,
    /// The sender of the letters.
    pub from: String,
    /// The receivers of the letters.
    pub to: Vec<String>,
}

pub(super) fn read(reader: &mut Reader<'_>, fields: &Table<'_, '_>) -> NotifyConfig {
    const DETAILS: [(&str, Details); 2] = [("counts", Details::Counts), ("names", Details::Names)];
    const FORMATS: [(&str, WebhookFormat); 3] =
        [("teams", WebhookFormat::Teams), ("slack", WebhookFormat::Slack), ("json", WebhookFormat::Json)];
    let address = webhook(reader, fields);
    let format = reader.choice(fields, "format", &FORMATS);
    let mail = reader.table(fields, "mail").and_then(|fields| mail(reader, &fields));
    let command = program(reader, fields, "command");
    let heartbeat = named_secret(reader, fields, "heartbeat");
    let on = events(reader, fields);
    let details = reader.choice(fields, "details", &DETAILS).unwrap_or_default();
    let timeout = timeout(reader, fields);
    if !RECEIVERS.iter().any(|key| fields.holds(key)) {
        let hint = "`webhook_env`, `webhook_file`, `webhook_command`, `mail`, `command`, or a heartbeat";
        reader.fault(&fields.span(), "[notify] names no receiver", hint);
    }
    if address.is_some() && !fields.has("format") {
        reader.fault(&fields.span(), "[notify] needs `format` for its webhook", "one of teams, slack, json");
    }
    reader.finish(fields);
    NotifyConfig { webhook: address.zip(format), mail, command, heartbeat, on, details, timeout }
}

/// The address of the webhook, by one of four keys.
fn webhook(reader: &mut Reader<'_>, fields: &Table<'_, '_>) -> Option<AddressFrom> {
    let secret = named_secret(reader, fields, "webhook");
    let Some(found) = reader.string(fields, "webhook") else { return secret.map(AddressFrom::Secret) };
    if secret.is_some() {
        reader.fault(&found.span, "`webhook` excludes `webhook_env`, `webhook_file` and `webhook_command`", None);
        return None;
    }
    let Ok(url) = url::Url::parse(&found.value) else {
        reader.hide(&found.span);
        reader.fault(&found.span, "`webhook` is not a URL", "such as https://alerts.example.com/hrpush");
        return None;
    };
    let segments = url.path_segments().map_or(0, |segments| segments.filter(|segment| !segment.is_empty()).count());
    if url.query().is_some() || url.fragment().is_some() || segments > 1 || !url.username().is_empty() || url.password().is_some()
    {
        reader.plain_secret(fields, "webhook");
        return None;
    }
    if let Err(fault) = Address::new(SecretString::from(found.value.clone())) {
        reader.fault(&found.span, format!("`webhook`: {fault}"), "https, or http on loopback");
        return None;
    }
    Some(AddressFrom::Plain(found.value))
}

fn events(reader: &mut Reader<'_>, fields: &Table<'_, '_>) -> BTreeSet<Event> {
    match reader.strings(fields, "on") {
        Some(words) => words.iter().filter_map(|word| reader.word("on", &word.value, &word.span, &Event::CHOICES)).collect(),
        None => [Event::Stopped, Event::Failed, Event::Leaver, Event::Held].into(),
    }
}

fn timeout(reader: &mut Reader<'_>, fields: &Table<'_, '_>) -> Duration {
    let span = fields.get("timeout").map(toml::Spanned::span);
    let read = duration::timed(reader, fields, "timeout", "such as 10s or 1min", duration::exact);
    let Some(found) = read.and_then(|time| Duration::try_from(time).ok()) else { return TIMEOUT };
    if found.is_zero() || found > LONGEST {
        reader.fault(&span.unwrap_or_default(), "`timeout` must be above 0 and at most 10min", None);
    }
    found
}

fn mail(reader: &mut Reader<'_>, fields: &Table<'_, '_>) -> Option<MailConfig> {
    const TLS: [(&str, MailTls); 3] =
        [("starttls", MailTls::StartTls), ("implicit", MailTls::Implicit), ("none", MailTls::Plain)];
    if !Feature::Mail.is_built(reader, &fields.span()) {
        return None;
    }
    let server =
        reader.required_text(fields, "server").and_then(|found| server(reader, &found).map(|server| (server, found.span)));
    let tls = reader.choice(fields, "tls", &TLS);
    let from = reader.required_text(fields, "from").and_then(|found| mailbox(reader, found));
    let to = receivers(reader, fields);
    let user = reader.string(fields, "user").map(|user| user.value);
    let password = named_secret(reader, fields, "password");
    for key in ["password", "secret"] {
        if fields.holds(key) {
            reader.plain_secret(fields, key);
        }
    }
    if user.is_some() != password.is_some() {
        let hint = "`user` with `password_env`, `password_file` or `password_command`; neither for a relay that needs no sign-in";
        reader.fault(&fields.span(), "the sign-in to the mail server is incomplete", hint);
    }
    reader.finish(fields);
    let ((host, port), span) = server?;
    let tls = tls.unwrap_or(if port == Some(465) { MailTls::Implicit } else { MailTls::StartTls });
    if tls == MailTls::Plain && !is_loopback(&host) {
        reader.fault(&span, "a mail server of another machine needs TLS", "`tls = \"starttls\"` or `tls = \"implicit\"`");
        return None;
    }
    let usual = if tls == MailTls::Implicit { 465 } else { 587 };
    Some(MailConfig { host, port: port.unwrap_or(usual), tls, user, password, from: from?, to: to? })
}

/// The host and the port of `mail.example.com:587`.
fn server(reader: &mut Reader<'_>, found: &At<String>) -> Option<(String, Option<u16>)> {
    let parsed = url::Url::parse(&format!("smtp://{}", found.value)).ok();
    let host = parsed.as_ref().and_then(url::Url::host_str).filter(|host| !host.is_empty());
    let plain = parsed.as_ref().is_some_and(|url| {
        matches!(url.path(), "" | "/") && url.query().is_none() && url.username().is_empty() && url.password().is_none()
    });
    match (host, plain) {
        (Some(host), true) => Some((host.trim_matches(['[', ']']).to_owned(), parsed.as_ref().and_then(url::Url::port))),
        _ => {
            reader.hide(&found.span);
            reader.fault(&found.span, "`server` is not a host with a port", "such as smtp.example.com:587");
            None
        }
    }
}

fn receivers(reader: &mut Reader<'_>, fields: &Table<'_, '_>) -> Option<Vec<String>> {
    reader.required(fields, "to", "such as to = [\"it@example.com\"]")?;
    let found = reader.strings(fields, "to")?;
    if found.is_empty() {
        reader.fault(&fields.span(), "`to` names no receiver", "such as to = [\"it@example.com\"]");
        return None;
    }
    let count = found.len();
    let valid: Vec<String> = found.into_iter().filter_map(|address| mailbox(reader, address)).collect();
    (valid.len() == count).then_some(valid)
}

fn mailbox(reader: &mut Reader<'_>, found: At<String>) -> Option<String> {
    if is_mailbox(&found.value) {
        return Some(found.value);
    }
    let span: &Range<usize> = &found.span;
    reader.fault(span, format!("`{}` is no mail address", found.value), "such as it@example.com or \"HR sync <it@example.com>\"");
    None
}

#[cfg(feature = "mail")]
fn is_mailbox(text: &str) -> bool {
    crate::notify::Mail::is_address(text)
}

#[cfg(not(feature = "mail"))]
fn is_mailbox(_: &str) -> bool {
    true
}
