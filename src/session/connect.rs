//! The tenant of a run: the configured one, another Graph by `--graph-url`, or the embedded sandbox.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use secrecy::SecretString;

use super::error::Failure;
use super::run_reason::{RunReason, RunReasonCode};
use super::settings::Settings;
use crate::bulk_upload::{self, BulkUploadConnection};
use crate::config::{self, BulkUploadConfig, ScimAuthConfig, ScimTargetConfig, SecretFrom, TargetConfig, Tenant};
use crate::graph::{Auth, Client, Cloud, Credential, GraphConnection, GraphUrl, Settings as GraphSettings};
use crate::plan::Target;
use crate::report::shown;
use crate::sandbox::{self, Sandbox};
use crate::scim_target::{self, ScimAuth, ScimConnection, ScimSettings, ServiceUrl};
use crate::source::rest::SecretRef;
use crate::store::Store;
use crate::target::{Priority, SnapshotKind, TargetConnection, TargetError};

/// The variable with a bearer token, used where no other credential is configured.
const TOKEN: &str = "HRPUSH_ACCESS_TOKEN";
/// The speed of the embedded sandbox's quota beside Graph's, so that a rehearsal does not wait.
const SANDBOX_SCALE: f64 = 1000.0;
/// The URL of the embedded sandbox in plans. Its real port differs in every run.
const SANDBOX_URL: &str = "http://127.0.0.1/v1.0";

/// A connected target, and how plans name it.
pub(crate) struct Connection {
    pub(crate) link: Arc<dyn TargetConnection>,
    /// The URL as plans name it.
    pub(crate) url: String,
    /// The embedded sandbox, kept alive.
    pub(crate) sandbox: Option<Sandbox>,
    /// The tenant that the configuration names, by id or domain.
    expected: Option<String>,
}

impl Connection {
    /// Distinguishes cached snapshots of this target from those of others, before the tenant's id is known.
    pub(crate) fn place(&self) -> String {
        format!("{} {}", self.url, self.expected.as_deref().unwrap_or_default())
    }

    /// The target as the plan shows it.
    pub(crate) fn target(&self, tenant: &crate::directory::TenantId) -> Target {
        let accepted_only = self.link.capabilities().snapshot == SnapshotKind::Accepted;
        Target { graph_url: self.url.clone(), tenant_id: tenant.0.clone(), sandbox: self.sandbox.is_some(), accepted_only }
    }

    /// Refuses a tenant that is not the configured one.
    pub(crate) fn check(&self, snapshot: &crate::directory::Snapshot) -> Result<(), Failure> {
        match &self.expected {
            Some(expected)
                if !snapshot.tenant.0.eq_ignore_ascii_case(expected) && !snapshot.domains.contains(&expected.to_lowercase()) =>
            {
                Err(Failure::cannot_run(format!(
                    "the credential belongs to the tenant {}, not to `{expected}` of [tenant]\n  hint: correct `id` or the credential",
                    snapshot.tenant
                ))
                .because(RunReasonCode::OtherTenant))
            }
            _ => Ok(()),
        }
    }
}

/// The tenant that a run is about.
pub(crate) enum TargetChoice {
    /// The sandbox that this process starts for the run.
    Embedded,
    /// The configured cloud, or the one that the token is for.
    Cloud(Cloud),
    /// Another Graph service by its URL, such as a sandbox in another process.
    At(GraphUrl),
    /// The SCIM service provider of `[target]`, by its URL.
    Provider(ServiceUrl),
}

impl TargetChoice {
    /// The target of a run that computes its plan.
    pub(crate) fn of_run(settings: &Settings, graph_url: Option<&str>) -> Result<Self, Failure> {
        if let TargetConfig::Scim(target) = &settings.config.target {
            return provider(target, graph_url);
        }
        match graph_url {
            Some(url) => at(url).map(Self::At),
            None if settings.config.tenant.is_none() && token().is_none() => Ok(Self::Embedded),
            None => Ok(Self::Cloud(cloud(settings))),
        }
    }

    /// The target of a plan that was made before; anything else that the options or the configuration name is refused.
    ///
    /// A saved plan may come from anywhere, and its fingerprint does not cover its URL. So the URL is used only where it cannot leak a
    /// credential: on loopback, and for Microsoft's own clouds.
    pub(crate) fn of_plan(settings: &Settings, graph_url: Option<&str>, target: &Target) -> Result<Self, Failure> {
        let other = || Failure::usage(other_target(target)).because(RunReasonCode::OtherTenant);
        if let TargetConfig::Scim(scim) = &settings.config.target {
            let is_same = !target.sandbox && target.graph_url == scim.base_url.to_string();
            return if is_same { provider(scim, graph_url) } else { Err(other()) };
        }
        if target.sandbox {
            let free = graph_url.is_none() && settings.config.tenant.is_none();
            return if free { Ok(Self::Embedded) } else { Err(other()) };
        }
        if let Some(url) = graph_url {
            let url = at(url)?;
            return if named(&url) == target.graph_url { Ok(Self::At(url)) } else { Err(other()) };
        }
        if named(&cloud(settings).graph()) == target.graph_url {
            return Ok(Self::Cloud(cloud(settings)));
        }
        let url = GraphUrl::new(&target.graph_url).map_err(|_| other())?;
        if url.is_loopback() {
            return Ok(Self::At(url));
        }
        let message = format!("{}\n  hint: name it with --graph-url, if this is intended", other_target(target));
        Err(Failure::usage(message).because(RunReasonCode::OtherTenant))
    }

    /// The target in words, where it is not the configured tenant: it is named before the first request.
    pub(crate) fn announcement(&self, settings: &Settings, made_before: bool) -> Option<String> {
        let configured = settings.config.tenant.is_some();
        match self {
            Self::At(url) if configured && named(&cloud(settings).graph()) == named(url) => None,
            Self::At(url) => {
                let by = if made_before { "--graph-url or the plan" } else { "--graph-url" };
                Some(format!("{}, named by {by}", named(url)))
            }
            Self::Cloud(cloud) if !configured => {
                let tenant = format!("the tenant of the token in {TOKEN}, since no [tenant] is configured");
                Some(format!("{}, {tenant}", named(&cloud.graph())))
            }
            Self::Embedded | Self::Cloud(_) | Self::Provider(_) => None,
        }
    }

    fn url(&self) -> String {
        match self {
            Self::Embedded => SANDBOX_URL.to_owned(),
            Self::Cloud(cloud) => named(&cloud.graph()),
            Self::At(url) => named(url),
            Self::Provider(url) => url.to_string(),
        }
    }
}

fn provider(target: &ScimTargetConfig, graph_url: Option<&str>) -> Result<TargetChoice, Failure> {
    if graph_url.is_none() {
        return Ok(TargetChoice::Provider(target.base_url.clone()));
    }
    let fact = "--graph-url names a Graph service, and [target] a SCIM provider";
    let message = format!("{fact}\n  hint: leave --graph-url out");
    Err(Failure::usage(message).because(RunReason::new(RunReasonCode::Arguments, fact)))
}

fn at(url: &str) -> Result<GraphUrl, Failure> {
    let reason = || RunReason::new(RunReasonCode::Arguments, "--graph-url: not the address of a Graph service");
    GraphUrl::new(url).map_err(|fault| Failure::usage(format!("--graph-url: {fault}")).because(reason()))
}

/// An address as plans name it.
fn named(url: &GraphUrl) -> String {
    format!("{}/v1.0", url.root())
}

fn cloud(settings: &Settings) -> Cloud {
    settings.config.tenant.as_ref().map_or(Cloud::Global, |tenant| tenant.cloud)
}

/// The message for a plan or a run of another target.
pub(crate) fn other_target(target: &Target) -> String {
    let kind = if target.sandbox { "the embedded sandbox" } else { "the tenant" };
    format!(
        "the plan is for {kind} {} at {}, which is not the target here\n  hint: [tenant] and --graph-url name the target; the embedded sandbox is that of the state folder (--state)",
        shown(&target.tenant_id),
        shown(&target.graph_url)
    )
}

/// Connects without sending a request.
pub(crate) async fn connect(
    settings: &Settings,
    store: &mut Store,
    choice: &TargetChoice,
    priority: Priority,
) -> Result<Connection, Failure> {
    match &settings.config.target {
        TargetConfig::Graph => Ok(connect_graph(settings, store, choice, priority).await?.1),
        TargetConfig::Scim(target) => Ok(connect_provider(target)?.1),
        TargetConfig::BulkUpload(config) => {
            let (client, connection) = connect_graph(settings, store, choice, priority).await?;
            bulk_upload(config, settings, store, choice, (client, connection))
        }
    }
}

/// Connects to a SCIM service provider without sending a request. The client itself is for questions that only SCIM answers.
pub(crate) fn connect_provider(target: &ScimTargetConfig) -> Result<(Arc<scim_target::Client>, Connection), Failure> {
    let secret = |from: &SecretFrom| Arc::new(from.clone()) as SecretRef;
    let auth = match &target.auth {
        ScimAuthConfig::Bearer { token } => ScimAuth::Bearer(secret(token)),
        ScimAuthConfig::OAuth { token_url, client_id, secret: from, scope } => ScimAuth::OAuth {
            token_url: token_url.clone(),
            client_id: client_id.clone(),
            secret: secret(from),
            scope: scope.clone(),
        },
        ScimAuthConfig::Basic { user, password } => ScimAuth::Basic { user: user.clone(), password: secret(password) },
    };
    let settings = ScimSettings { base_url: target.base_url.clone(), profile: target.profile.clone(), auth };
    let client = Arc::new(scim_target::Client::connect(settings).map_err(TargetError::from)?);
    let link = Arc::new(ScimConnection::new(Arc::clone(&client)));
    Ok((client, Connection { link, url: target.base_url.to_string(), sandbox: None, expected: None }))
}

/// The connection to a provisioning job, over that to Graph.
fn bulk_upload(
    config: &BulkUploadConfig,
    settings: &Settings,
    store: &Store,
    choice: &TargetChoice,
    (client, connection): (Arc<Client>, Connection),
) -> Result<Connection, Failure> {
    let BulkUploadConfig { service_principal, job, calls_per_day, wait, extension, null_flow: _ } = config.clone();
    // What was uploaded in a rehearsal was not uploaded to the real job.
    let uploads = store.uploads(&format!("{} {service_principal} {job}", connection.url))?;
    let scale = match choice {
        TargetChoice::Embedded => SANDBOX_SCALE,
        TargetChoice::At(url) if url.is_loopback() => settings.config.quota.scale,
        TargetChoice::At(_) | TargetChoice::Cloud(_) | TargetChoice::Provider(_) => 1.0,
    };
    let job = bulk_upload::Settings { service_principal, job, calls_per_day, wait, extension, scale };
    let link = Arc::new(BulkUploadConnection::new(client, job, Arc::new(uploads)));
    Ok(Connection { link, ..connection })
}

/// Connects to Graph without sending a request. The client itself is for questions that only Graph answers.
pub(crate) async fn connect_graph(
    settings: &Settings,
    store: &mut Store,
    choice: &TargetChoice,
    priority: Priority,
) -> Result<(Arc<Client>, Connection), Failure> {
    let url = choice.url();
    let base = match choice {
        TargetChoice::Embedded => return embedded(settings, store, priority).await,
        TargetChoice::Cloud(cloud) => cloud.graph(),
        TargetChoice::At(url) => url.clone(),
        TargetChoice::Provider(_) => return Err(Failure::usage("the target is a SCIM provider, not Microsoft Graph")),
    };
    let tenant = settings.config.tenant.as_ref();
    let credential = credential(tenant, cloud(settings))?;
    let size = tenant.map(|tenant| tenant.size).unwrap_or_default();
    let quota = settings.config.quota;
    let expected = tenant.filter(|_| matches!(choice, TargetChoice::Cloud(_))).map(|tenant| tenant.id.clone());
    let parts = GraphSettings { base, size, share: quota.share, scale: quota.scale, priority };
    let (client, connection) = graph(Client::connect(parts, credential)?, url, None, expected);
    let stops = store.stops(&connection.place())?;
    client.keep_stops(Arc::new(stops));
    Ok((client, connection))
}

async fn embedded(settings: &Settings, store: &mut Store, priority: Priority) -> Result<(Arc<Client>, Connection), Failure> {
    let tenant = store.tenant_of_sandbox()?;
    let options = sandbox::Options {
        db: Some(store.private_file("sandbox.db")?),
        tenant_id: Some(tenant.0),
        quota: sandbox::Quota::scaled(SANDBOX_SCALE),
        // An app set up as the documentation asks: people who return get a new password.
        directory_roles: vec!["User Administrator".to_owned()],
        provisioning: provisioning(&settings.config.target),
        ..sandbox::Options::default()
    };
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let sandbox = Sandbox::start(listen, options).await?;
    let base = GraphUrl::new(&sandbox.url()).map_err(|error| Failure::cannot(&error))?;
    let parts = GraphSettings { scale: SANDBOX_SCALE, priority, ..GraphSettings::new(base) };
    let client = Client::connect(parts, Credential::token("embedded-sandbox".into()))?;
    Ok(graph(client, SANDBOX_URL.to_owned(), Some(sandbox), None))
}

/// The job that the embedded sandbox has: the configured one.
fn provisioning(target: &TargetConfig) -> sandbox::ProvisioningSettings {
    let TargetConfig::BulkUpload(config) = target else { return sandbox::ProvisioningSettings::default() };
    let job = sandbox::ProvisioningJob { service_principal: config.service_principal.clone(), id: config.job.clone() };
    sandbox::ProvisioningSettings { jobs: vec![job], null_flow: config.null_flow, ..sandbox::ProvisioningSettings::default() }
}

fn graph(client: Client, url: String, sandbox: Option<Sandbox>, expected: Option<String>) -> (Arc<Client>, Connection) {
    let client = Arc::new(client);
    let link = Arc::new(GraphConnection::new(Arc::clone(&client)));
    (client, Connection { link, url, sandbox, expected })
}

fn token() -> Option<SecretString> {
    std::env::var(TOKEN).ok().filter(|token| !token.trim().is_empty()).map(|token| token.trim().into())
}

fn credential(tenant: Option<&Tenant>, cloud: Cloud) -> Result<Credential, Failure> {
    let Some((tenant, auth)) = tenant.and_then(|tenant| Some((tenant, tenant.auth.as_ref()?))) else {
        return token().map(Credential::token).ok_or_else(|| {
            Failure::cannot_run(format!(
                "no credential is configured for the tenant\n  hint: set {TOKEN} to a bearer token, or `auth` in [tenant] of hrpush.toml"
            ))
            .because(RunReason::new(RunReasonCode::Credential, "no credential is configured for the tenant"))
        });
    };
    let secret = SecretFrom::read;
    let id = tenant.id.clone();
    let auth = match auth.clone() {
        config::Auth::ClientSecret { client_id, secret: from } => {
            Auth::ClientSecret { tenant: id, client_id, secret: secret(&from)? }
        }
        config::Auth::ClientCertificate { client_id, certificate_file } => {
            Auth::ClientCertificate { tenant: id, client_id, pem: secret(&SecretFrom::File(certificate_file))? }
        }
        config::Auth::ManagedIdentity { client_id } => Auth::ManagedIdentity { client_id },
        config::Auth::WorkloadIdentity { client_id, token_file } => {
            Auth::WorkloadIdentity { tenant: Some(id), client_id, token_file }
        }
        config::Auth::AzureCli => Auth::AzureCli { tenant: Some(id) },
        config::Auth::AccessToken { token_env } => Auth::AccessToken(secret(&SecretFrom::Env(token_env))?),
    };
    Ok(Credential::new(auth, cloud, None)?)
}
