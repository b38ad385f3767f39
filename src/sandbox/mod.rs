//! A Graph-compatible tenant on loopback.
//!
//! It serves the first hour with hrpush, rehearsals and the tests: users, groups, managers, deleted items, delta, `$batch`, roles,
//! domains, quotas with Graph's headers, and the validation and error texts of the documentation. It shares no code with the room
//! that talks to Graph, because it would then mirror that room's mistakes.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};

mod app;
mod batch;
mod clock;
mod deletion;
mod delta;
mod directory;
mod faults;
mod filter;
mod groups;
mod http;
mod lenience;
mod licenses;
mod listing;
mod members;
mod memberships;
mod object;
mod object_view;
mod passes;
mod password;
mod provisioning;
mod query_options;
mod quota;
mod reply;
mod request;
mod rng;
mod roles;
mod routes;
mod schema;
mod search;
mod seed;
mod segments;
mod server;
mod tenant;
#[cfg(test)]
mod tests;
mod tls;
mod token;
mod users;
mod validate;
mod values;

pub use app::is_permission;
pub use faults::{Fault, Faults, FaultsError, Lag, RecordFault, Refusal};
pub use lenience::{Disputed, Lenience, LenienceError};
pub use provisioning::{JobState, ProvisioningJob, ProvisioningSettings};
pub use quota::{Quota, QuotaKind};
pub use server::Counts;
pub use tls::TlsFiles;

use app::App;
use clock::Clock;
use provisioning::queue::Provisioning;
use quota::Meter;
use server::State;
use tenant::Tenant;

use crate::record::lock;

/// How a tenant starts and behaves.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Graph JSON of domains, users, groups, role assignments and deleted items to start with.
    pub seed: Option<PathBuf>,
    /// The `SQLite` file the tenant is kept in; in memory without one.
    pub db: Option<PathBuf>,
    /// When requests are refused.
    pub quota: Quota,
    /// The faults that are injected.
    pub faults: Faults,
    /// The replica lag: how long new objects are not found and delta does not return changes.
    pub lag: Option<Lag>,
    /// How far ahead of this machine's the tenant's clock starts.
    pub ahead: Duration,
    /// How far behind this machine's it is.
    pub behind: Duration,
    /// The tenant's id; drawn once and kept otherwise.
    pub tenant_id: Option<String>,
    /// The request log, one JSON document a line.
    pub log: Option<PathBuf>,
    /// The only bearer token that is accepted; any without it.
    pub token: Option<String>,
    /// The Graph permissions of the calling app; without them those that hrpush asks for.
    pub permissions: Option<BTreeSet<String>>,
    /// The directory roles of the calling app, such as `User Administrator`, without which it resets no passwords.
    pub directory_roles: Vec<String>,
    /// The points on which Microsoft's sources disagree and that this tenant reads leniently.
    pub lenience: Lenience,
    /// The root that all links have, such as `https://graph.example.com/v1.0`; without it the `Host` of each request.
    pub public_url: Option<String>,
    /// The certificate and key to serve https with.
    pub tls: Option<TlsFiles>,
    /// The jobs for API-driven provisioning, and how they behave.
    pub provisioning: ProvisioningSettings,
}

/// A tenant that cannot start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The address is taken or not ours.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The file of the tenant cannot be used.
    #[error("cannot open the sandbox tenant {}", path.display())]
    Database {
        /// The file of the tenant, as `--db` names it.
        path: PathBuf,
        /// The error of `SQLite` behind it.
        source: rusqlite::Error,
    },
    /// The seed or the log cannot be opened.
    #[error("cannot open {}", path.display())]
    File {
        /// The file that was to be read.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The seed is not what it should be.
    #[error("{}, line {}, column {}: not a seed for the sandbox", path.display(), source.line(), source.column())]
    Seed {
        /// The file of the seed, as `--seed` names it.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// A running tenant; it stops when dropped.
pub struct Sandbox {
    state: Arc<Mutex<State>>,
    clock: Arc<Clock>,
    url: String,
    _stop: tokio::sync::oneshot::Sender<std::convert::Infallible>,
}

impl Sandbox {
    /// Opens or makes the tenant and serves it; port 0 takes a free one.
    pub async fn start(listen: SocketAddr, options: Options) -> Result<Self, SandboxError> {
        let clock = Arc::new(Clock::new(options.behind));
        clock.advance(options.ahead);
        let tenant = open(&options, &clock)?;
        let rows = tenant.provisioning_rows();
        let rows = rows.map_err(|source| SandboxError::Database { path: options.db.clone().unwrap_or_default(), source })?;
        let log_file = options.log.as_ref().map(append).transpose()?;
        let tls = options.tls.as_ref().map(tls::Tls::load).transpose();
        let tls = tls.map_err(|(path, source)| SandboxError::File { path, source })?;
        let (listener, address) = http::bind(listen).await.map_err(|source| SandboxError::Listen { address: listen, source })?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{address}/v1.0");
        let state = Arc::new(Mutex::new(State {
            tenant,
            clock: Arc::clone(&clock),
            base: url.clone(),
            public_url: options.public_url.map(|url| url.trim_end_matches('/').to_owned()),
            scheme,
            faults: faults::FaultInjector::new(options.faults),
            counts: Counts::default(),
            log: Vec::new(),
            log_file,
            meter: Meter::new(options.quota),
            provisioning: Provisioning::open(options.provisioning, rows),
            lag: options.lag,
            token: options.token,
            app: App::new(options.permissions.as_ref(), &options.directory_roles),
            lenience: options.lenience,
            closed: false,
            halted: false,
            stale: false,
            answered: 0,
            underway: VecDeque::new(),
        }));
        let stop = http::spawn(listener, tls, Arc::clone(&state));
        Ok(Self { state, clock, url, _stop: stop })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// The root of the API, such as `http://127.0.0.1:4711/v1.0`.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// The tenant's id, the same after every start with the same file.
    pub fn tenant_id(&self) -> String {
        self.state().tenant.id.clone()
    }

    /// What was asked so far.
    pub fn requests(&self) -> Counts {
        self.state().counts
    }

    /// All live users, each with the id of the manager, in the order of their ids.
    pub fn users(&self) -> Value {
        let mut state = self.state();
        provisioning::work_off(&mut state);
        state
            .tenant
            .users()
            .map(|user| {
                let mut shown = user.props.clone();
                shown.insert("manager".to_owned(), json!(user.manager.as_ref().filter(|id| state.tenant.live(id).is_some())));
                Value::Object(shown)
            })
            .collect()
    }

    /// Method and path of every request, those inside batches after their batch.
    pub fn log(&self) -> Vec<String> {
        self.state().log.clone()
    }

    /// Moves the tenant's clock ahead: quotas refill, tokens and deleted items age.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Changes what goes wrong from now on; a tenant that fell silent speaks again.
    pub fn trouble(&self, faults: Faults) {
        let mut state = self.state();
        state.faults = faults::FaultInjector::new(faults);
        state.halted = false;
    }

    /// Whether the tenant fell silent, by [`Fault::HaltBefore`] or [`Fault::HaltAfter`].
    pub fn is_halted(&self) -> bool {
        self.state().halted
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let mut state = self.state();
        state.closed = true;
        state.tenant.close();
    }
}

fn open(options: &Options, clock: &Clock) -> Result<Tenant, SandboxError> {
    let database = |source| SandboxError::Database { path: options.db.clone().unwrap_or_default(), source };
    let mut tenant = Tenant::open(options.db.as_deref(), options.tenant_id.as_deref()).map_err(database)?;
    if let Some(path) = &options.seed {
        let text = std::fs::read_to_string(path).map_err(|source| SandboxError::File { path: path.clone(), source })?;
        let seed: seed::Seed = serde_json::from_str(&text).map_err(|source| SandboxError::Seed { path: path.clone(), source })?;
        seed.fill(&mut tenant, clock);
        tenant.flush().map_err(database)?;
    }
    Ok(tenant)
}

fn append(path: &PathBuf) -> Result<std::fs::File, SandboxError> {
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|source| SandboxError::File { path: path.clone(), source })
}
