//! The credential of every request: a fixed token, a token by OAuth client credentials, or a name with a password.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{ACCEPT, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value as Json;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::error::ScimTargetError;
use super::service_url::ServiceUrl;
use crate::diagnostic::network::NetworkFault;
use crate::source::rest::SecretRef;

/// How to sign in. Secrets are read when they are used.
#[derive(Clone, Debug)]
pub enum ScimAuth {
    /// A long-lived token.
    Bearer(SecretRef),
    /// Tokens by OAuth 2.0 client credentials.
    OAuth {
        /// The address that gives tokens.
        token_url: ServiceUrl,
        /// The id of the client.
        client_id: String,
        /// The secret of the client.
        secret: SecretRef,
        /// The scope to ask for.
        scope: Option<String>,
    },
    /// A name with a password.
    Basic {
        /// The name to sign in with.
        user: String,
        /// The password of this name.
        password: SecretRef,
    },
}

/// A token is used until this long before its end.
const MARGIN: Duration = Duration::from_mins(1);
/// The life of a token whose answer names none.
const USUAL_LIFE: u64 = 300;

/// The credential, with the last token.
pub(super) struct Credential {
    auth: ScimAuth,
    kept: Mutex<Option<(SecretString, Instant)>>,
}

impl Credential {
    pub(super) fn new(auth: ScimAuth) -> Self {
        Self { auth, kept: Mutex::default() }
    }

    /// The header of a request.
    ///
    /// # Errors
    /// A secret that cannot be read, or a token endpoint that gives no token.
    pub(super) async fn header(&self, http: &reqwest::Client) -> Result<HeaderValue, ScimTargetError> {
        match &self.auth {
            ScimAuth::Basic { user, password } => {
                let password = read(password)?;
                hidden(&format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.expose_secret()))))
            }
            ScimAuth::Bearer(_) | ScimAuth::OAuth { .. } => {
                hidden(&format!("Bearer {}", self.token(http).await?.expose_secret()))
            }
        }
    }

    /// After a 401: the token is read or asked for again, unless another request did that since.
    pub(super) async fn refused(&self, used: &HeaderValue) {
        let mut kept = self.kept.lock().await;
        let is_used = |token: &SecretString| used.to_str().is_ok_and(|used| used.ends_with(token.expose_secret()));
        if kept.as_ref().is_some_and(|(token, _)| is_used(token)) {
            *kept = None;
        }
    }

    async fn token(&self, http: &reqwest::Client) -> Result<SecretString, ScimTargetError> {
        let mut kept = self.kept.lock().await;
        if let Some((token, _)) = kept.as_ref().filter(|(_, until)| *until > Instant::now()) {
            return Ok(token.clone());
        }
        let (token, life) = match &self.auth {
            ScimAuth::Bearer(from) | ScimAuth::Basic { password: from, .. } => (read(from)?, Duration::from_hours(24)),
            ScimAuth::OAuth { token_url, client_id, secret, scope } => {
                ask(http, token_url, client_id, &read(secret)?, scope.as_deref()).await?
            }
        };
        Ok(kept.insert((token, Instant::now() + life)).0.clone())
    }
}

/// Asks for a token, with the client's secret in the form.
async fn ask(
    http: &reqwest::Client,
    url: &ServiceUrl,
    client_id: &str,
    secret: &SecretString,
    scope: Option<&str>,
) -> Result<(SecretString, Duration), ScimTargetError> {
    let no_token = |why: String| ScimTargetError::NoToken { why };
    let mut form =
        vec![("grant_type", "client_credentials"), ("client_id", client_id), ("client_secret", secret.expose_secret())];
    form.extend(scope.map(|scope| ("scope", scope)));
    let request = http.post(url.url().clone()).header(ACCEPT, "application/json").form(&form);
    let answer = request.send().await.map_err(|error| {
        let fault = NetworkFault::of_request(&error, url.url(), error.is_timeout(), !url.is_loopback());
        no_token(format!("{fault}\n  hint: {}", fault.hint()))
    })?;
    let status = answer.status().as_u16();
    let body: Json = answer.json().await.unwrap_or_default();
    if status != 200 {
        // The code of RFC 6749 is one word; the description beside it may quote what was sent.
        let code =
            body["error"].as_str().filter(|code| code.len() < 60 && code.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
        let said = code.map(|code| format!(" ({code})")).unwrap_or_default();
        return Err(no_token(format!(
            "{url} answered {status}{said}\n  hint: check `token_url`, `client_id` and the secret in [target]"
        )));
    }
    let token = body["access_token"].as_str().filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| no_token(format!("the answer of {url} has no `access_token`")))?;
    let life = body["expires_in"].as_u64().unwrap_or(USUAL_LIFE).min(86_400);
    let life = Duration::from_secs(life);
    Ok((token.to_owned().into(), life.saturating_sub(MARGIN).max(life / 2)))
}

fn read(from: &SecretRef) -> Result<SecretString, ScimTargetError> {
    from.read().map_err(|why| ScimTargetError::NoToken { why })
}

fn hidden(text: &str) -> Result<HeaderValue, ScimTargetError> {
    let unfit = |_| ScimTargetError::NoToken { why: "it contains characters that no header may have".to_owned() };
    let mut value = HeaderValue::try_from(text).map_err(unfit)?;
    value.set_sensitive(true);
    Ok(value)
}
