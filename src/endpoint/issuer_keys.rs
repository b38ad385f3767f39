//! The public keys of the issuer of assertions: fetched from its own host, and kept for a day.

use std::time::Duration;

use async_trait::async_trait;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, JwkSet, PublicKeyUse};
use reqwest::Client;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long keys are used without another look. Entra publishes a key some days before it signs with it.
const KEPT: Duration = Duration::from_hours(24);
/// The least time between two fetches: an assertion with an invented key must not make the server ask Entra each time.
const PAUSE: Duration = Duration::from_mins(1);
const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest document. That of Entra has some 20 kB.
const MAX_DOCUMENT: usize = 500_000;

/// Where the keys come from. The tests have a source of their own; the server has only [`OverHttps`].
#[async_trait]
pub(super) trait KeySource: Send + Sync {
    async fn fetch(&self) -> Result<JwkSet, String>;
}

/// The keys that were fetched last.
pub(super) struct IssuerKeys {
    source: Box<dyn KeySource>,
    fetched: Mutex<Option<Fetched>>,
}

struct Fetched {
    tried: Instant,
    keys: Result<(Instant, JwkSet), String>,
}

impl IssuerKeys {
    pub(super) fn new(source: Box<dyn KeySource>) -> Self {
        Self { source, fetched: Mutex::new(None) }
    }

    /// The key with this id. A key that is not known yet is asked for, at most once a minute.
    ///
    /// # Errors
    /// If no keys can be had.
    pub(super) async fn key(&self, id: &str) -> Result<Option<DecodingKey>, String> {
        let mut fetched = self.fetched.lock().await;
        let now = Instant::now();
        if let Some(Fetched { tried, keys }) = &*fetched {
            let found = keys.as_ref().ok().filter(|(at, _)| now - *at < KEPT).and_then(|(_, keys)| usable(keys, id));
            match (found, keys) {
                (Some(key), _) => return Ok(Some(key)),
                (None, Ok(_)) if now - *tried < PAUSE => return Ok(None),
                (None, Err(fault)) if now - *tried < PAUSE => return Err(fault.clone()),
                _ => {}
            }
        }
        let keys = match (self.source.fetch().await, fetched.take()) {
            (Ok(keys), _) => Ok((now, keys)),
            // Known keys outlive a short absence of the issuer.
            (Err(_), Some(Fetched { keys: Ok((at, keys)), .. })) if now - at < KEPT => Ok((at, keys)),
            (Err(fault), _) => Err(fault),
        };
        let found = keys.as_ref().map(|(_, keys)| usable(keys, id)).map_err(Clone::clone);
        *fetched = Some(Fetched { tried: now, keys });
        found
    }
}

/// The key with this id, if it is an RSA key for signatures.
fn usable(keys: &JwkSet, id: &str) -> Option<DecodingKey> {
    let signs = |key: &&Jwk| {
        let use_of = key.common.public_key_use.as_ref();
        matches!(key.algorithm, AlgorithmParameters::RSA(_)) && use_of.is_none_or(|use_of| *use_of == PublicKeyUse::Signature)
    };
    keys.find(id).filter(signs).and_then(|key| DecodingKey::from_jwk(key).ok())
}

/// The keys that the issuer publishes.
pub(super) struct OverHttps {
    url: String,
}

impl OverHttps {
    pub(super) fn new(url: String) -> Self {
        Self { url }
    }
}

#[async_trait]
impl KeySource for OverHttps {
    async fn fetch(&self) -> Result<JwkSet, String> {
        let client = base().https_only(true).build().or_else(|_| {
            // A machine without CA files gets the roots that Mozilla trusts.
            let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
            let roots = roots.filter_map(|root| reqwest::Certificate::from_der(root).ok());
            base().https_only(true).tls_certs_only(roots).build()
        });
        fetched(&client.map_err(|fault| fault.to_string())?, &self.url).await
    }
}

/// A client that leaves for no other host.
fn base() -> reqwest::ClientBuilder {
    let agent = concat!("hrpush/", env!("CARGO_PKG_VERSION"));
    Client::builder().redirect(reqwest::redirect::Policy::none()).user_agent(agent).timeout(TIMEOUT)
}

async fn fetched(client: &Client, url: &str) -> Result<JwkSet, String> {
    let fault = |fault: reqwest::Error| format!("the keys of the issuer cannot be fetched: {}", fault.without_url());
    let mut answer = client.get(url).send().await.map_err(fault)?;
    if answer.status() != reqwest::StatusCode::OK {
        return Err(format!("the issuer answers the request for its keys with {}", answer.status().as_u16()));
    }
    let mut document = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(fault)? {
        document.extend_from_slice(&part);
        if document.len() > MAX_DOCUMENT {
            return Err("the document with the issuer's keys is too large".to_owned());
        }
    }
    serde_json::from_slice(&document).map_err(|_| "the document with the issuer's keys cannot be read".to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::Router;
    use axum::response::Redirect;
    use axum::routing::get;

    use super::*;

    const DOCUMENT: &str = r#"{"keys":[
        {"kty":"RSA","use":"sig","kid":"k1","n":"AQAB","e":"AQAB"},
        {"kty":"RSA","use":"enc","kid":"k2","n":"AQAB","e":"AQAB"},
        {"kty":"EC","crv":"P-256","kid":"k3","x":"AQAB","y":"AQAB"}]}"#;

    async fn issuer() -> String {
        let app = Router::new()
            .route("/keys", get(|| async { DOCUMENT }))
            .route("/moved", get(|| async { Redirect::temporary("/keys") }))
            .route("/large", get(|| async { " ".repeat(MAX_DOCUMENT + 1) }))
            .route("/odd", get(|| async { "<html>" }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        format!("http://{address}")
    }

    #[tokio::test]
    async fn keys_come_from_one_address_whole_or_not_at_all() {
        let url = issuer().await;
        let client = base().no_proxy().build().unwrap();
        let keys = fetched(&client, &format!("{url}/keys")).await.unwrap();
        assert!(usable(&keys, "k1").is_some());
        assert!(usable(&keys, "k2").is_none() && usable(&keys, "k3").is_none() && usable(&keys, "k4").is_none());
        for path in ["moved", "large", "odd", "none"] {
            assert!(fetched(&client, &format!("{url}/{path}")).await.is_err(), "{path}");
        }
        let plain = OverHttps::new(format!("{url}/keys"));
        assert!(plain.fetch().await.is_err(), "keys in the clear are no keys");
    }

    /// Counts what it is asked, and fails after the first time.
    struct Once(Arc<AtomicUsize>);

    #[async_trait]
    impl KeySource for Once {
        async fn fetch(&self) -> Result<JwkSet, String> {
            match self.0.fetch_add(1, Ordering::Relaxed) {
                0 => Ok(serde_json::from_str(DOCUMENT).unwrap()),
                _ => Err("away".into()),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_invented_key_is_asked_for_once_a_minute_and_known_ones_are_kept_for_a_day() {
        let asked = Arc::new(AtomicUsize::new(0));
        let keys = IssuerKeys::new(Box::new(Once(Arc::clone(&asked))));
        for _ in 0..50 {
            assert!(keys.key("invented").await.unwrap().is_none());
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        tokio::time::advance(PAUSE).await;
        assert!(keys.key("invented").await.unwrap().is_none(), "the known keys are still there");
        assert!(keys.key("k1").await.unwrap().is_some());
        assert_eq!(asked.load(Ordering::Relaxed), 2);
        tokio::time::advance(KEPT).await;
        assert!(keys.key("k1").await.is_err());
        assert!(keys.key("k1").await.is_err());
        assert_eq!(asked.load(Ordering::Relaxed), 3);
    }
}
