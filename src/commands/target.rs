//! The tenant of a run: the configured one, another Graph by `--graph-url`, or the embedded sandbox.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use secrecy::SecretString;

use super::exit::Failure;
use super::settings::Settings;
use crate::config::{self, SecretFrom, Tenant};
use crate::graph::{Auth, Client, Cloud, Credential, GraphUrl, Priority, Reader, Settings as GraphSettings, Size};
use crate::plan::Target;
use crate::sandbox::{self, Sandbox};
use crate::store::Store;

/// The variable with a bearer token for where no other credential is configured.
const TOKEN: &str = "HRPUSH_ACCESS_TOKEN";
/// How much faster than Graph's the quota of the embedded sandbox runs: nobody should wait for a rehearsal.
const SANDBOX_SCALE: f64 = 1000.0;
/// What a plan calls the embedded sandbox, whose port is another in every run.
const SANDBOX_URL: &str = "http://127.0.0.1/v1.0";

/// A connected tenant.
pub(super) struct Connection {
    pub(super) client: Arc<Client>,
    /// The URL as plans name it.
    pub(super) url: String,
    /// The embedded sandbox, kept alive.
    pub(super) sandbox: Option<Sandbox>,
    /// The tenant that the configuration names, by id or domain.
    expected: Option<String>,
}

impl Connection {
    pub(super) fn reader(&self) -> Reader {
        Reader::new(Arc::clone(&self.client))
    }

    /// The target as the plan shows it.
    pub(super) fn target(&self, tenant: &crate::directory::TenantId) -> Target {
        Target { graph_url: self.url.clone(), tenant_id: tenant.0.clone(), sandbox: self.sandbox.is_some() }
    }

    /// Refuses a tenant that is not the configured one.
    pub(super) fn check(&self, snapshot: &crate::directory::Snapshot) -> Result<(), Failure> {
        match &self.expected {
            Some(expected)
                if !snapshot.tenant.0.eq_ignore_ascii_case(expected) && !snapshot.domains.contains(&expected.to_lowercase()) =>
            {
                Err(Failure::CannotRun(format!(
                    "the credential belongs to the tenant {}, not to `{expected}` of [tenant]\n  hint: correct `id` or the credential",
                    snapshot.tenant
                )))
            }
            _ => Ok(()),
        }
    }
}

/// Whether a run without further settings uses the embedded sandbox.
pub(super) fn is_embedded(settings: &Settings, graph_url: Option<&str>) -> bool {
    settings.config.tenant.is_none() && graph_url.is_none() && token().is_none()
}

/// Connects; nothing is asked of the tenant yet.
pub(super) async fn connect(
    settings: &Settings,
    store: &mut Store,
    graph_url: Option<&str>,
    priority: Priority,
) -> Result<Connection, Failure> {
    if is_embedded(settings, graph_url) {
        return embedded(settings, store, priority).await;
    }
    let tenant = settings.config.tenant.as_ref();
    let cloud = tenant.map_or(Cloud::Global, |tenant| cloud(tenant.cloud));
    let base = match graph_url {
        Some(url) => GraphUrl::new(url).map_err(|fault| Failure::usage(format!("--graph-url: {fault}")))?,
        None => cloud.graph(),
    };
    let credential = credential(tenant, cloud)?;
    let url = format!("{}/v1.0", base.root());
    let size = match tenant.map(|tenant| tenant.size) {
        Some(config::Size::Small) => Size::Small,
        Some(config::Size::Medium) => Size::Medium,
        Some(config::Size::Large) | None => Size::Large,
    };
    let quota = settings.config.quota;
    let connection = GraphSettings { base, size, share: quota.share, scale: quota.scale, priority };
    let client = Client::connect(connection, credential).map_err(|fault| Failure::cannot(&fault))?;
    let expected = tenant.filter(|_| graph_url.is_none()).map(|tenant| tenant.id.clone());
    Ok(Connection { client: Arc::new(client), url, sandbox: None, expected })
}

async fn embedded(settings: &Settings, store: &mut Store, priority: Priority) -> Result<Connection, Failure> {
    let tenant = store.tenant_of_sandbox().map_err(|fault| Failure::cannot(&fault))?;
    let options = sandbox::Options {
        db: Some(settings.state.join("sandbox.db")),
        tenant_id: Some(tenant.0),
        quota: sandbox::Quota::scaled(SANDBOX_SCALE),
        ..sandbox::Options::default()
    };
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let sandbox = Sandbox::start(listen, options).await.map_err(|fault| Failure::cannot(&fault))?;
    let base = GraphUrl::new(&sandbox.url()).map_err(|fault| Failure::cannot(&fault))?;
    let connection = GraphSettings { scale: SANDBOX_SCALE, priority, ..GraphSettings::new(base) };
    let client =
        Client::connect(connection, Credential::token("embedded-sandbox".into())).map_err(|fault| Failure::cannot(&fault))?;
    Ok(Connection { client: Arc::new(client), url: SANDBOX_URL.to_owned(), sandbox: Some(sandbox), expected: None })
}

fn cloud(cloud: config::Cloud) -> Cloud {
    match cloud {
        config::Cloud::Global => Cloud::Global,
        config::Cloud::UsGov => Cloud::UsGov,
        config::Cloud::UsGovDod => Cloud::UsGovDod,
        config::Cloud::China => Cloud::China,
    }
}

fn token() -> Option<SecretString> {
    std::env::var(TOKEN).ok().filter(|token| !token.trim().is_empty()).map(|token| token.trim().into())
}

fn credential(tenant: Option<&Tenant>, cloud: Cloud) -> Result<Credential, Failure> {
    let Some((tenant, auth)) = tenant.and_then(|tenant| Some((tenant, tenant.auth.as_ref()?))) else {
        return token().map(Credential::token).ok_or_else(|| {
            Failure::CannotRun(format!(
                "there is no credential for the tenant\n  hint: set {TOKEN} to a bearer token, or `auth` in [tenant] of hrpush.toml"
            ))
        });
    };
    let secret = |from: &SecretFrom| from.read().map_err(|fault| Failure::cannot(&fault));
    let id = tenant.id.clone();
    let auth = match auth.clone() {
        config::Auth::ClientSecret { client_id, secret: from } => {
            Auth::ClientSecret { tenant: id, client_id, secret: secret(&from)? }
        }
        config::Auth::ClientCertificate { password_env: Some(_), .. } => {
            return Err(Failure::usage(
                "a certificate file with a password is not built yet\n  hint: openssl pkcs12 -in app.pfx -nodes -out app.pem, and chmod 600 it",
            ));
        }
        config::Auth::ClientCertificate { client_id, certificate_file, password_env: None } => {
            Auth::ClientCertificate { tenant: id, client_id, pem: secret(&SecretFrom::File(certificate_file))? }
        }
        config::Auth::ManagedIdentity { client_id } => Auth::ManagedIdentity { client_id },
        config::Auth::WorkloadIdentity { client_id, token_file } => {
            Auth::WorkloadIdentity { tenant: Some(id), client_id, token_file }
        }
        config::Auth::AzureCli => Auth::AzureCli { tenant: Some(id) },
        config::Auth::AccessToken { token_env } => Auth::AccessToken(secret(&SecretFrom::Env(token_env))?),
    };
    Credential::new(auth, cloud, None).map_err(|fault| Failure::cannot(&fault))
}
