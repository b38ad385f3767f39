//! The credentials of the app, and a token that is cached until shortly before it expires.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PSS_SHA256, RsaKeyPair};
use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use azure_core::credentials::{AccessToken, Secret, TokenCredential, TokenRequestOptions};
use azure_core::error::ErrorKind;
use azure_core::http::{ClientMethodOptions, ClientOptions, Transport};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ClientAssertion, ClientAssertionCredential, ClientAssertionCredentialOptions,
    ClientSecretCredential, ClientSecretCredentialOptions, ManagedIdentityCredential, ManagedIdentityCredentialOptions,
    UserAssignedId, WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sha2::{Digest, Sha256};
use thiserror::Error;
use time::{Duration, OffsetDateTime};
use tokio::sync::Mutex;

use super::cloud::Cloud;
use super::transport::{TokenFault, Wire};
use crate::diagnostic::network::{self, NetworkFault};
use crate::target::http_client;

/// How the app authenticates.
#[derive(Clone)]
pub enum Auth {
    /// A secret that was made for the app.
    ClientSecret {
        /// The tenant's id or domain.
        tenant: String,
        /// The app's id.
        client_id: String,
        /// The client secret, of a type that cannot be printed.
        secret: SecretString,
    },
    /// A certificate that was uploaded for the app.
    ClientCertificate {
        /// The tenant's id or domain.
        tenant: String,
        /// The app's id.
        client_id: String,
        /// The certificate and its RSA key (PKCS#8) as PEM, in one text.
        pem: SecretString,
    },
    /// The identity of the machine in Azure.
    ManagedIdentity {
        /// The client id of a user-assigned identity; none means the system's.
        client_id: Option<String>,
    },
    /// A federated token, as Kubernetes writes it. What is not given comes from `AZURE_*`.
    WorkloadIdentity {
        /// The tenant's id or domain.
        tenant: Option<String>,
        /// The app's id.
        client_id: Option<String>,
        /// The file with the token.
        token_file: Option<PathBuf>,
    },
    /// The account that is signed in to the Azure CLI.
    AzureCli {
        /// The tenant's id or domain.
        tenant: Option<String>,
    },
    /// A ready access token, such as one from another program; it cannot be renewed.
    AccessToken(SecretString),
}

impl Auth {
    /// The name that the configuration uses.
    pub const fn method(&self) -> &'static str {
        match self {
            Self::ClientSecret { .. } => "client-secret",
            Self::ClientCertificate { .. } => "client-certificate",
            Self::ManagedIdentity { .. } => "managed-identity",
            Self::WorkloadIdentity { .. } => "workload-identity",
            Self::AzureCli { .. } => "azure-cli",
            Self::AccessToken(_) => "access-token",
        }
    }
}

/// There is no token.
#[derive(Clone, Debug, Error)]
pub enum CredentialError {
    /// The settings of the credential are at fault.
    #[error("the credential `{method}` cannot be used: {reason}")]
    Unusable {
        /// The method by its configured name.
        method: &'static str,
        /// The reason, which names the setting at fault.
        reason: String,
    },
    /// The token service issued no token.
    #[error("no access token by `{method}`: {reason}")]
    Refused {
        /// The method by its configured name.
        method: &'static str,
        /// The reason in the words of the token service.
        reason: String,
        /// What kept the token service from answering, where nothing came back.
        network: Option<NetworkFault>,
    },
}

impl CredentialError {
    /// One line without a secret or a value of a person, for lists, logs and messages to others.
    pub fn facts(&self) -> String {
        match self {
            Self::Unusable { method, .. } => format!("the credential `{method}` cannot be used"),
            Self::Refused { method, network: Some(fault), .. } => {
                format!("the credential `{method}` got no access token: {fault}")
            }
            Self::Refused { method, network: None, .. } => format!("the credential `{method}` got no access token"),
        }
    }
}

type Make = Box<dyn Fn() -> azure_core::Result<Arc<dyn TokenCredential>> + Send + Sync>;

/// A credential with the token it gave last. Its content cannot be printed.
pub struct Credential {
    method: &'static str,
    scope: String,
    make: Make,
    wire: Option<Wire>,
    kept: Mutex<Option<AccessToken>>,
    /// The issuer of the tokens, for messages.
    issuer: String,
}

impl Credential {
    /// A credential of a ready access token.
    pub fn token(token: SecretString) -> Self {
        Self {
            method: "access-token",
            scope: String::new(),
            make: Box::new(move || Ok(Arc::new(Static(token.clone())) as Arc<dyn TokenCredential>)),
            wire: None,
            kept: Mutex::new(None),
            issuer: "the environment".to_owned(),
        }
    }

    /// A credential for a cloud. `authority` overrides the cloud's token service (`AZURE_AUTHORITY_HOST` does so too); plain http
    /// is for loopback hosts alone.
    ///
    /// # Errors
    /// Settings of which no credential can be made.
    pub fn new(auth: Auth, cloud: Cloud, authority: Option<&str>) -> Result<Self, CredentialError> {
        let method = auth.method();
        if let Auth::AccessToken(token) = auth {
            return Ok(Self::token(token));
        }
        let unusable = |reason: String| CredentialError::Unusable { method, reason };
        let from_environment = std::env::var("AZURE_AUTHORITY_HOST").ok();
        let authority = authority.or(from_environment.as_deref()).unwrap_or(cloud.authority());
        let authority = Authority::new(authority).map_err(&unusable)?;
        let issuer = issuer(&auth, &authority);
        let http = http_client(authority.loopback.is_some() || matches!(auth, Auth::ManagedIdentity { .. })).map_err(unusable)?;
        let wire = Wire::new(http, authority.loopback.clone());
        let make = maker(auth, authority, wire.clone()).map_err(unusable)?;
        let credential = Self { method, scope: cloud.scope(), make, wire: Some(wire), kept: Mutex::new(None), issuer };
        (credential.make)().map_err(|error| unusable(crate::diagnostic::with_causes(&error)))?;
        Ok(credential)
    }

    /// The issuer of the tokens, such as a host.
    pub(in crate::graph) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// A token that lives for more than five minutes, or at least still lives where no new one can be had.
    pub(in crate::graph) async fn get(&self) -> Result<Secret, CredentialError> {
        let mut kept = self.kept.lock().await;
        let left = |token: &AccessToken| token.expires_on - OffsetDateTime::now_utc();
        if let Some(token) = kept.as_ref()
            && left(token) > Duration::minutes(5)
        {
            return Ok(token.token.clone());
        }
        // A new credential each time: the library's own cache cannot be passed by after a 401.
        let asked = match (self.make)() {
            Ok(credential) => credential.get_token(&[&self.scope], None).await,
            Err(error) => Err(error),
        };
        match asked {
            Ok(token) => Ok(kept.insert(token).token.clone()),
            Err(error) => match kept.as_ref() {
                Some(token) if left(token) > Duration::seconds(30) => Ok(token.token.clone()),
                _ => Err(self.no_token(&error)),
            },
        }
    }

    /// After a 401: the token is not used again. Says whether a new one can be had.
    pub(in crate::graph) async fn refused(&self, used: &Secret) -> bool {
        let mut kept = self.kept.lock().await;
        if kept.as_ref().is_some_and(|token| token.token.secret() == used.secret()) {
            *kept = None;
        }
        self.method != "access-token"
    }

    /// The token service's own words where they were heard: the library loses most of them.
    fn no_token(&self, error: &azure_core::Error) -> CredentialError {
        let fault = self.wire.as_ref().and_then(Wire::last_fault);
        let reason = fault.as_ref().map_or_else(|| crate::diagnostic::with_causes(error), ToString::to_string);
        let network = match fault {
            Some(TokenFault::Network(fault)) => Some(fault),
            Some(TokenFault::Answer(_)) | None => None,
        };
        CredentialError::Refused { method: self.method, reason, network }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential({})", self.method)
    }
}

fn issuer(auth: &Auth, authority: &Authority) -> String {
    match auth {
        Auth::ManagedIdentity { .. } => "the identity service of this machine".to_owned(),
        Auth::AzureCli { .. } => "the Azure CLI".to_owned(),
        Auth::AccessToken(_) => "the environment".to_owned(),
        Auth::ClientSecret { .. } | Auth::ClientCertificate { .. } | Auth::WorkloadIdentity { .. } => {
            let url = authority.loopback.clone().or_else(|| authority.host.parse().ok());
            url.as_ref().map_or_else(|| "the token service".to_owned(), network::host)
        }
    }
}

/// The token service: https as the library wants it, with a detour for one on this machine.
#[derive(Clone)]
struct Authority {
    host: String,
    loopback: Option<url::Url>,
}

impl Authority {
    fn new(text: &str) -> Result<Self, String> {
        let url =
            url::Url::parse(text).map_err(|_| String::from("the authority host is not an address of the form https://host"))?;
        match url.scheme() {
            "https" => Ok(Self { host: text.trim_end_matches('/').to_owned(), loopback: None }),
            "http" if super::url::is_loopback(&url) => {
                Ok(Self { host: String::from("https://login.loopback.invalid"), loopback: Some(url) })
            }
            _ => Err(String::from("the authority host is not https, hint: plain http is for loopback hosts alone")),
        }
    }

    fn options(&self, wire: &Wire) -> ClientOptions {
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host.clone_from(&self.host);
        ClientOptions {
            cloud: Some(Arc::new(CloudConfiguration::from(cloud))),
            transport: Some(Transport::new(Arc::new(wire.clone()))),
            ..ClientOptions::default()
        }
    }
}

fn maker(auth: Auth, authority: Authority, wire: Wire) -> Result<Make, String> {
    let certificate = match &auth {
        Auth::ClientCertificate { client_id, tenant, pem } => Some(Assertion::new(pem, tenant, client_id, &authority.host)?),
        _ => None,
    };
    Ok(Box::new(move || {
        let client_options = authority.options(&wire);
        Ok(match auth.clone() {
            Auth::ClientSecret { tenant, client_id, secret } => {
                let secret = Secret::new(secret.expose_secret().to_owned());
                ClientSecretCredential::new(&tenant, client_id, secret, Some(ClientSecretCredentialOptions { client_options }))?
            }
            Auth::ClientCertificate { tenant, client_id, .. } => {
                let assertion = certificate.clone().expect("made above for this method");
                let options = ClientAssertionCredentialOptions { client_options };
                ClientAssertionCredential::new(tenant, client_id, assertion, Some(options))?
            }
            Auth::ManagedIdentity { client_id } => ManagedIdentityCredential::new(Some(ManagedIdentityCredentialOptions {
                user_assigned_id: client_id.map(UserAssignedId::ClientId),
                client_options,
            }))?,
            Auth::WorkloadIdentity { tenant, client_id, token_file } => {
                let options = WorkloadIdentityCredentialOptions {
                    credential_options: ClientAssertionCredentialOptions { client_options },
                    client_id,
                    tenant_id: tenant,
                    token_file_path: token_file,
                };
                WorkloadIdentityCredential::new(Some(options))?
            }
            Auth::AzureCli { tenant } => {
                AzureCliCredential::new(Some(AzureCliCredentialOptions { tenant_id: tenant, ..Default::default() }))?
            }
            Auth::AccessToken(token) => Arc::new(Static(token)),
        })
    }))
}

/// A ready access token. When it expires, the service answers 401.
struct Static(SecretString);

impl fmt::Debug for Static {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Static")
    }
}

#[async_trait]
impl TokenCredential for Static {
    async fn get_token(&self, _: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
        let token = Secret::new(self.0.expose_secret().to_owned());
        Ok(AccessToken::new(token, OffsetDateTime::now_utc() + Duration::days(1)))
    }
}

/// Signs what proves that we hold the certificate's key (a JWT, PS256).
#[derive(Clone)]
struct Assertion {
    key: Arc<RsaKeyPair>,
    thumbprint: String,
    client_id: String,
    audience: String,
}

impl fmt::Debug for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Assertion")
    }
}

impl Assertion {
    fn new(pem: &SecretString, tenant: &str, client_id: &str, authority: &str) -> Result<Self, String> {
        let pem = pem.expose_secret();
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| "the PEM text holds no certificate")?;
        let key = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| "the PEM text holds no key in PKCS#8 form (`BEGIN PRIVATE KEY`), hint: convert it with `openssl pkcs8 -topk8 -nocrypt`")?;
        let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).map_err(|_| "the key is not an RSA key in PKCS#8 form")?;
        Ok(Self {
            key: Arc::new(key),
            thumbprint: URL_SAFE_NO_PAD.encode(Sha256::digest(&certificate)),
            client_id: client_id.to_owned(),
            audience: format!("{authority}/{tenant}/oauth2/v2.0/token"),
        })
    }

    fn sign(&self, now: i64) -> Result<String, aws_lc_rs::error::Unspecified> {
        let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint });
        let claims = json!({
            "aud": self.audience, "iss": self.client_id, "sub": self.client_id,
            "jti": uuid::Uuid::new_v4().to_string(), "iat": now, "nbf": now - 60, "exp": now + 600,
        });
        let encode = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

#[async_trait]
impl ClientAssertion for Assertion {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        self.sign(OffsetDateTime::now_utc().unix_timestamp())
            .map_err(|_| azure_core::Error::with_message(ErrorKind::Credential, "the key cannot sign"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{KeyPair as _, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};

    fn certificate() -> String {
        let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
        let certificate = rcgen::CertificateParams::new(vec!["hrpush".into()]).unwrap().self_signed(&key).unwrap();
        format!("{}\n{}", certificate.pem(), key.serialize_pem())
    }

    #[test]
    fn an_assertion_carries_a_signature_that_verifies() {
        let assertion = Assertion::new(&SecretString::from(certificate()), "t", "app", "https://login.example").unwrap();
        let token = assertion.sign(1_000).unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let public = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, assertion.key.public_key().as_ref().to_vec());
        public.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        let claims = URL_SAFE_NO_PAD.decode(signed.split_once('.').unwrap().1).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["aud"], "https://login.example/t/oauth2/v2.0/token");
    }

    #[test]
    fn a_certificate_without_key_is_refused_with_a_hint() {
        let auth = Auth::ClientCertificate {
            tenant: "contoso.com".into(),
            client_id: "app".into(),
            pem: SecretString::from("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"),
        };
        assert!(Credential::new(auth, Cloud::Global, None).unwrap_err().to_string().contains("hint"));
    }

    #[test]
    fn a_plain_token_service_on_another_machine_is_refused() {
        let auth = Auth::ClientSecret { tenant: "contoso.com".into(), client_id: "app".into(), secret: SecretString::from("s") };
        assert!(Credential::new(auth, Cloud::Global, Some("http://login.example")).is_err());
    }

    #[tokio::test]
    async fn a_given_token_is_used_as_it_is_and_cannot_be_renewed() {
        let credential = Credential::token(SecretString::from("abc"));
        let token = credential.get().await.unwrap();
        assert_eq!(token.secret(), "abc");
        assert!(!credential.refused(&token).await);
        assert!(!format!("{credential:?}").contains("abc"));
    }

    /// A token service on this machine that takes one secret, and assertions.
    async fn token_service() -> String {
        let answer = |body: String| async move {
            let good = body.contains("client_secret=right") || body.contains("client_assertion=ey");
            if good && body.contains("scope=https%3A%2F%2Fgraph.microsoft.us%2F.default") {
                let token = json!({ "token_type": "Bearer", "expires_in": 3600, "access_token": "abc" });
                return (axum::http::StatusCode::OK, token.to_string());
            }
            let said = "AADSTS7000215: it's no good.\r\nTrace ID: 1";
            let fault = json!({ "error": "invalid_client", "error_description": said });
            (axum::http::StatusCode::UNAUTHORIZED, fault.to_string())
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await });
        format!("http://{address}")
    }

    #[tokio::test]
    async fn secrets_and_certificates_get_tokens_and_refusals_keep_their_words() {
        let service = token_service().await;
        let (tenant, client_id) = (String::from("contoso.com"), String::from("app"));
        let secret = |text: &str| Auth::ClientSecret {
            tenant: tenant.clone(),
            client_id: client_id.clone(),
            secret: SecretString::from(text),
        };
        let certificate = Auth::ClientCertificate {
            tenant: tenant.clone(),
            client_id: client_id.clone(),
            pem: SecretString::from(certificate()),
        };
        for auth in [secret("right"), certificate] {
            let credential = Credential::new(auth, Cloud::UsGov, Some(&service)).unwrap();
            let token = credential.get().await.unwrap();
            assert_eq!(token.secret(), "abc");
            assert!(credential.refused(&token).await);
        }
        let refused = Credential::new(secret("wrong"), Cloud::UsGov, Some(&service)).unwrap().get().await.unwrap_err();
        assert!(refused.to_string().contains("AADSTS7000215: it's no good.\n  hint: "), "{refused}");
    }
}
