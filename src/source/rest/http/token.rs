//! The credential: where a secret or a token goes into a request, and how a token is asked for.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::assertion;
use super::body;
use super::transport::{Call, Payload, Signer, Transport, Unsigned};
use crate::source::rest::error::RestError;
use crate::source::rest::settings::{Auth, Grant, SendAs, TokenRequest, Word, secret};
use crate::source::rest::shape::template::Values;

/// The token that was had last; where the credential is a fixed one, nothing is kept.
#[derive(Default)]
pub(in crate::source::rest) struct Credential {
    kept: Mutex<Option<StoredToken>>,
}

struct StoredToken {
    token: SecretString,
    until: Instant,
}

fn word(word: &Word, values: &Values) -> Result<SecretString, RestError> {
    match word {
        Word::Plain(template) => Ok(template.fill(values).into()),
        Word::Secret(from) => secret(from),
    }
}

impl Signer for Credential {
    async fn sign(&self, sender: &Transport<'_>, headers: &mut HeaderMap) -> Result<(), RestError> {
        let settings = sender.settings;
        match &settings.auth {
            Auth::None => {}
            Auth::Basic { user, password } => {
                headers.insert(AUTHORIZATION, basic(&word(user, &sender.values)?, &word(password, &sender.values)?)?);
            }
            Auth::Header { header, scheme, secret: from, base64 } => {
                let mut text = secret(from)?.expose_secret().to_owned();
                if *base64 {
                    text = STANDARD.encode(text);
                }
                headers.insert(
                    header_name(header)?,
                    hidden(&scheme.as_ref().map_or(text.clone(), |word| format!("{word} {text}")))?,
                );
            }
            Auth::Token(request) => {
                let token = self.token(sender, request).await?;
                headers.insert(AUTHORIZATION, hidden(&format!("{} {}", request.scheme, token.expose_secret()))?);
            }
        }
        for (name, from) in &settings.secret_headers {
            headers.insert(header_name(name)?, hidden(secret(from)?.expose_secret())?);
        }
        Ok(())
    }

    async fn refused(&self, used: &HeaderMap) {
        let mut kept = self.kept.lock().await;
        let used = used.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        // Another request may have renewed the token meanwhile.
        if kept.as_ref().is_some_and(|kept| used.ends_with(kept.token.expose_secret())) {
            *kept = None;
        }
    }
}

impl Credential {
    async fn token(&self, sender: &Transport<'_>, request: &TokenRequest) -> Result<SecretString, RestError> {
        let mut kept = self.kept.lock().await;
        if let Some(kept) = kept.as_ref().filter(|kept| kept.until > Instant::now()) {
            return Ok(kept.token.clone());
        }
        // An assertion is signed for the moment at which it is sent: long readings sign in more than once.
        let call = token_call(&sender.values, request, Timestamp::now())?;
        let answer = sender.send(&call, &Unsigned).await?;
        let no_token = |why: &str| RestError::NoToken { what: call.what.clone(), why: why.to_owned() };
        let body: Value = body::small(&answer.headers, &answer.body).ok_or_else(|| no_token("the answer is not JSON"))?;
        let token = request.token.text(&body).filter(|token| !token.is_empty());
        let token: SecretString = token.ok_or_else(|| no_token(&format!("the answer has no `{}`", request.token)))?.into();
        let life = request.expires.text(&body).and_then(|text| text.parse::<u64>().ok()).unwrap_or(300);
        // A token that lives for less than two minutes is used for half of its life.
        let life = life.min(86_400);
        let until = Instant::now() + Duration::from_secs(life.saturating_sub(60).max(life / 2));
        Ok(kept.insert(StoredToken { token, until }).token.clone())
    }
}

fn token_call(values: &Values, request: &TokenRequest, now: Timestamp) -> Result<Call, RestError> {
    let mut headers = HeaderMap::new();
    let id = request.client_id.as_ref().map(|id| word(id, values)).transpose()?;
    let mut fields = granted(values, request, id.as_ref().map_or("", |id| id.expose_secret()), now)?;
    let client_secret = request.client_secret.as_ref().map(secret).transpose()?;
    if request.send == SendAs::Basic {
        let none = SecretString::from("");
        headers.insert(AUTHORIZATION, basic(id.as_ref().unwrap_or(&none), client_secret.as_ref().unwrap_or(&none))?);
    } else {
        fields.extend(id.map(|id| ("client_id".into(), id.expose_secret().to_owned())));
        fields.extend(client_secret.map(|secret| ("client_secret".into(), secret.expose_secret().to_owned())));
    }
    fields.extend(request.fields.iter().map(|(name, template)| (name.clone(), template.fill(values))));
    let payload = match request.send {
        SendAs::Json => {
            let object: Map<String, Value> = fields.into_iter().map(|(name, text)| (name, Value::String(text))).collect();
            Payload::Json(Value::Object(object).to_string())
        }
        SendAs::Form | SendAs::Basic => Payload::Form(fields),
    };
    let what = format!("POST {}", request.url.path());
    Ok(Call {
        what,
        post: true,
        url: request.url.clone(),
        headers,
        payload: Some(payload),
        sign: false,
        accept: "application/json",
    })
}

/// The fields of a grant: its kind, and the assertion where it is one.
fn granted(values: &Values, request: &TokenRequest, client: &str, now: Timestamp) -> Result<Vec<(String, String)>, RestError> {
    let (kind, assertion) = match &request.grant {
        Grant::Login => return Ok(Vec::new()),
        Grant::ClientCredentials => ("client_credentials", None),
        Grant::Saml(says) => {
            let text = assertion::saml(says, values, client, request.url.as_str(), now)?;
            (SAML_GRANT, Some(STANDARD.encode(text)))
        }
        Grant::SamlGiven(from) => {
            let text = secret(from)?.expose_secret().trim().to_owned();
            // The first character decides: an assertion that is not yet in base64 is XML.
            (SAML_GRANT, Some(if text.starts_with('<') { STANDARD.encode(text) } else { text }))
        }
        Grant::Jwt(says) => (JWT_GRANT, Some(assertion::jwt(says, values, now)?)),
    };
    let mut fields = vec![("grant_type".to_owned(), kind.to_owned())];
    fields.extend(assertion.map(|text| ("assertion".to_owned(), text)));
    Ok(fields)
}

const JWT_GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const SAML_GRANT: &str = "urn:ietf:params:oauth:grant-type:saml2-bearer";

fn basic(user: &SecretString, password: &SecretString) -> Result<HeaderValue, RestError> {
    let pair = format!("{}:{}", user.expose_secret(), password.expose_secret());
    hidden(&format!("Basic {}", STANDARD.encode(pair)))
}

fn header_name(name: &str) -> Result<HeaderName, RestError> {
    HeaderName::try_from(name).map_err(|_| RestError::Unusable(format!("`{name}` is not the name of a header")))
}

/// A header value that no log shows.
fn hidden(text: &str) -> Result<HeaderValue, RestError> {
    let mut value =
        HeaderValue::try_from(text).map_err(|_| RestError::Unusable("a secret has characters that no header can hold".into()))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;
    use crate::source::rest::shape::path::Path;

    /// The assertion in a request for a token that is signed at this moment.
    fn asserted(grant: &Grant, now: &str) -> String {
        let path = |text: &str| Path::parse(text).unwrap();
        let request = TokenRequest {
            url: "https://hr.example/token".parse().unwrap(),
            grant: grant.clone(),
            client_id: None,
            client_secret: None,
            send: SendAs::Form,
            fields: Vec::new(),
            token: path("access_token"),
            expires: path("expires_in"),
            scheme: "Bearer".to_owned(),
        };
        let call = token_call(&Values::default(), &request, now.parse().unwrap()).unwrap();
        let Some(Payload::Form(fields)) = call.payload else { panic!("no form") };
        fields.into_iter().find(|(name, _)| name == "assertion").unwrap().1
    }

    #[test]
    fn an_assertion_that_is_signed_again_lives_from_then_on() {
        let (says, _) = assertion::tests::key();
        let jwt = |now: &str| {
            let claims = URL_SAFE_NO_PAD.decode(asserted(&Grant::Jwt(says.clone()), now).split('.').nth(1).unwrap()).unwrap();
            let claims: Value = serde_json::from_slice(&claims).unwrap();
            Timestamp::from_second(claims["exp"].as_i64().unwrap()).unwrap().to_string()
        };
        assert_eq!(
            (jwt("2026-11-20T08:00:00Z"), jwt("2026-11-20T09:00:00Z")),
            ("2026-11-20T08:05:00Z".into(), "2026-11-20T09:05:00Z".into())
        );
        let saml = |now: &str| {
            let text = String::from_utf8(STANDARD.decode(asserted(&Grant::Saml(says.clone()), now)).unwrap()).unwrap();
            text.split("NotOnOrAfter=\"").nth(1).unwrap()[..20].to_owned()
        };
        assert_eq!(
            (saml("2026-11-20T08:00:00Z"), saml("2026-11-20T09:00:00Z")),
            ("2026-11-20T08:10:00Z".into(), "2026-11-20T09:10:00Z".into())
        );
    }
}
