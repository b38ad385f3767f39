//! Workload federation: an assertion that Entra has signed for its provisioning service stands for a secret.

use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde::Deserialize;
use uuid::Uuid;

use super::issuer_keys::{IssuerKeys, KeySource};

/// How far the clocks of issuer and server may differ, in seconds.
const LEEWAY: u64 = 60;

/// Which assertions get a token: those of one identity of one tenant, for one audience.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Federation {
    /// The feed that the identity pushes to.
    pub feed: String,
    /// The tenant of the identity.
    pub tenant: Uuid,
    /// The token service of the tenant's cloud, such as `https://login.microsoftonline.com`.
    pub authority: String,
    /// The audience that the assertion must name.
    pub audience: String,
    /// The object id of the identity.
    pub subject: String,
}

impl Federation {
    /// The one issuer whose assertions count.
    ///
    /// ```
    /// # use hrpush::endpoint::Federation;
    /// let federation = Federation {
    ///     feed: "HR".into(),
    ///     tenant: "8f2f4c2e-1111-2222-3333-444444444444".parse().unwrap(),
    ///     authority: "https://login.microsoftonline.com".into(),
    ///     audience: "api://hrpush".into(),
    ///     subject: "5d4b3a2e-1111-2222-3333-444444444444".into(),
    /// };
    /// assert_eq!(federation.issuer(), "https://login.microsoftonline.com/8f2f4c2e-1111-2222-3333-444444444444/v2.0");
    /// ```
    pub fn issuer(&self) -> String {
        format!("{}/{}/v2.0", self.authority, self.tenant)
    }

    /// Where the issuer publishes its keys: on its own host, whatever an assertion names.
    pub(super) fn keys_url(&self) -> String {
        format!("{}/{}/discovery/v2.0/keys", self.authority, self.tenant)
    }
}

/// Why an assertion gets no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AssertionFault {
    /// It is not what the configuration asks for.
    Wrong(String),
    /// The issuer's keys cannot be had.
    NoKeys(String),
}

/// The claims that the library does not compare itself.
#[derive(Debug, Deserialize)]
struct Claims {
    tid: Option<String>,
}

/// Judges assertions by the keys that the issuer publishes.
pub(super) struct Assertions {
    federation: Federation,
    keys: IssuerKeys,
}

impl Assertions {
    pub(super) fn new(federation: Federation, source: Box<dyn KeySource>) -> Self {
        Self { federation, keys: IssuerKeys::new(source) }
    }

    pub(super) fn feed(&self) -> &str {
        &self.federation.feed
    }

    /// Returns without an error only for an assertion that the issuer has signed for exactly this subject and audience, and that is
    /// valid now.
    pub(super) async fn judge(&self, assertion: &str) -> Result<(), AssertionFault> {
        let wrong = |what: &str| AssertionFault::Wrong(what.to_owned());
        let header = decode_header(assertion).map_err(|_| wrong("it is no JWT"))?;
        if header.alg != Algorithm::RS256 {
            return Err(wrong("it is not signed with RS256"));
        }
        let id = header.kid.ok_or_else(|| wrong("it names no key"))?;
        let key = self.keys.key(&id).await.map_err(AssertionFault::NoKeys)?;
        let key = key.ok_or_else(|| wrong("its key is none of the issuer"))?;
        // The library names the claim, and no value of it.
        let judged = decode::<Claims>(assertion, &key, &self.validation()).map_err(|fault| wrong(&fault.to_string()))?;
        match judged.claims.tid {
            Some(tid) if tid.parse() != Ok(self.federation.tenant) => Err(wrong("it is from another tenant")),
            _ => Ok(()),
        }
    }

    fn validation(&self) -> Validation {
        let Federation { audience, subject, .. } = &self.federation;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        validation.set_issuer(&[self.federation.issuer()]);
        validation.set_audience(&[audience]);
        validation.sub = Some(subject.clone());
        validation
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::AsDer as _;
    use aws_lc_rs::rsa::{KeyPair, KeySize, PublicKeyComponents};
    use aws_lc_rs::signature::KeyPair as _;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jsonwebtoken::jwk::JwkSet;
    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::{Value, json};

    use super::*;

    const TENANT: &str = "8f2f4c2e-1111-2222-3333-444444444444";

    fn federation() -> Federation {
        Federation {
            feed: "HR".into(),
            tenant: TENANT.parse().unwrap(),
            authority: "https://login.microsoftonline.com".into(),
            audience: "api://hrpush".into(),
            subject: "sync".into(),
        }
    }

    /// An issuer with one key.
    struct Issuer {
        key: EncodingKey,
        keys: Value,
    }

    struct Published(Value);

    #[async_trait::async_trait]
    impl KeySource for Published {
        async fn fetch(&self) -> Result<JwkSet, String> {
            serde_json::from_value(self.0.clone()).map_err(|fault| fault.to_string())
        }
    }

    impl Issuer {
        fn new(kid: &str) -> Self {
            let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
            let public: PublicKeyComponents<Vec<u8>> = pair.public_key().into();
            let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
            let keys =
                json!({ "keys": [{ "kty": "RSA", "use": "sig", "kid": kid, "n": text(&public.n), "e": text(&public.e) }] });
            // The library takes PKCS #1, which PKCS #8 wraps in a header of 26 bytes.
            let der = pair.as_der().unwrap();
            Self { key: EncodingKey::from_rsa_der(&der.as_ref()[26..]), keys }
        }

        fn assertions(&self) -> Assertions {
            Assertions::new(federation(), Box::new(Published(self.keys.clone())))
        }

        fn signed(&self, claims: &Value) -> String {
            let header = Header { kid: Some("k1".into()), ..Header::new(Algorithm::RS256) };
            encode(&header, claims, &self.key).unwrap()
        }
    }

    fn claims() -> Value {
        let now = jiff::Timestamp::now().as_second();
        json!({ "iss": federation().issuer(), "aud": "api://hrpush", "sub": "sync", "tid": TENANT, "nbf": now - 10, "exp": now + 600 })
    }

    async fn verdict(assertions: &Assertions, assertion: &str) -> Result<(), AssertionFault> {
        assertions.judge(assertion).await
    }

    #[tokio::test]
    async fn an_assertion_of_the_subject_is_taken_and_every_other_one_refused() {
        let (issuer, stranger) = (Issuer::new("k1"), Issuer::new("k1"));
        let assertions = issuer.assertions();
        assert_eq!(verdict(&assertions, &issuer.signed(&claims())).await, Ok(()));
        let now = jiff::Timestamp::now().as_second();
        for (claim, value) in [
            ("iss", json!("https://login.microsoftonline.com/common/v2.0")),
            ("iss", json!(format!("https://login.microsoftonline.com/{TENANT}/v2.0/"))),
            ("iss", json!(format!("https://sts.windows.net/{TENANT}/"))),
            ("iss", json!(null)),
            ("aud", json!("api://other")),
            ("aud", json!(null)),
            ("sub", json!("other")),
            ("sub", json!(null)),
            ("tid", json!("8f2f4c2e-9999-2222-3333-444444444444")),
            ("exp", json!(now - 120)),
            ("exp", json!(null)),
            ("nbf", json!(now + 120)),
            ("nbf", json!(null)),
        ] {
            let mut claims = claims();
            match value {
                Value::Null => _ = claims.as_object_mut().unwrap().remove(claim),
                value => claims[claim] = value,
            }
            let judged = verdict(&assertions, &issuer.signed(&claims)).await;
            assert!(matches!(judged, Err(AssertionFault::Wrong(_))), "{claim}: {judged:?}");
        }
        assert!(verdict(&assertions, &stranger.signed(&claims())).await.is_err(), "another key under the same name");
        for text in ["", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
            assert!(matches!(verdict(&assertions, text).await, Err(AssertionFault::Wrong(_))), "{text}");
        }
    }

    #[tokio::test]
    async fn other_algorithms_and_unnamed_keys_are_refused() {
        let issuer = Issuer::new("k1");
        let assertions = issuer.assertions();
        let header = |alg, kid: Option<&str>| Header { kid: kid.map(str::to_owned), ..Header::new(alg) };
        let unnamed = encode(&header(Algorithm::RS256, None), &claims(), &issuer.key).unwrap();
        let other = encode(&header(Algorithm::RS512, Some("k1")), &claims(), &issuer.key).unwrap();
        // The classic trick: a public key as the secret of an HMAC.
        let secret = EncodingKey::from_secret(issuer.keys.to_string().as_bytes()).unwrap();
        let hmac = encode(&header(Algorithm::HS256, Some("k1")), &claims(), &secret).unwrap();
        let unknown = encode(&header(Algorithm::RS256, Some("k2")), &claims(), &issuer.key).unwrap();
        for text in [unnamed, other, hmac, unknown] {
            assert!(matches!(verdict(&assertions, &text).await, Err(AssertionFault::Wrong(_))));
        }
    }

    #[tokio::test]
    async fn without_keys_nothing_is_judged() {
        let assertions = Assertions::new(federation(), Box::new(Published(json!("none"))));
        let issuer = Issuer::new("k1");
        assert!(matches!(verdict(&assertions, &issuer.signed(&claims())).await, Err(AssertionFault::NoKeys(_))));
    }
}
