//! A SCIM 2.0 service provider over HTTP: it stores what is pushed, and nothing more.
//!
//! A request comes in; a resource in `store::pushed` and an answer go out. No request reaches a tenant: a later run reads the feed like any
//! other source. Each sender has a token of its own, and a token belongs to one feed. A success is answered once the change is on the
//! disk.

mod admission;
mod answer;
mod bulk;
mod connections;
mod counts;
mod crowd;
mod federation;
mod issuer_keys;
mod listing;
mod monitor;
mod network;
mod oauth;
mod operations;
mod request;
mod routes;
mod service;
mod sign_in;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;

pub use federation::Federation;
pub use network::{Network, NetworkError};

use connections::Door;

use crate::store::StoreError;
use crate::store::pushed::PushStore;

/// How the server listens.
#[derive(Clone, Debug)]
pub struct Options {
    /// The address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The largest body, in bytes.
    pub max_body: usize,
    /// The networks of the proxies whose `X-Forwarded` headers count.
    pub behind_proxy: Vec<Network>,
    /// The certificate chain and the private key, both in PEM.
    pub tls: Option<TlsFiles>,
    /// The address for a monitor.
    pub metrics: Option<SocketAddr>,
    /// Whose assertions get tokens at `/oauth/token`, besides OAuth clients.
    pub federation: Option<Federation>,
    /// The state folder with `pushed.db`.
    pub state: PathBuf,
}

/// The files of a certificate. They are read again when they change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// The private key of the certificate.
    pub key: PathBuf,
}

/// A server that cannot start.
#[derive(Debug, Error)]
pub enum EndpointError {
    /// The address is taken or is not one of this machine.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The certificate or its key cannot be used.
    #[error("cannot use {} for TLS: {reason}", path.display())]
    Tls {
        /// The file that was read.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The state folder cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A server that listens.
pub struct Endpoint {
    listener: TcpListener,
    monitor: Option<TcpListener>,
    address: SocketAddr,
    tls: Option<connections::Tls>,
    service: Arc<service::Service>,
}

impl Endpoint {
    /// Opens the state folder and the address.
    pub async fn bind(options: Options) -> Result<Self, EndpointError> {
        let tls = options.tls.clone().map(connections::Tls::load).transpose()?;
        let store = PushStore::open(&options.state)?;
        let (listener, address) = listen(options.listen).await?;
        let monitor = match options.metrics {
            Some(address) => Some(listen(address).await?.0),
            None => None,
        };
        Ok(Self { listener, monitor, address, tls, service: Arc::new(service::Service::new(store, options)) })
    }

    /// The address of the service, such as `http://127.0.0.1:8443/scim/v2`.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{}", self.address, routes::ROOT)
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Counts the changes that were stored since the start.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.service.changes()
    }

    /// Serves until `stop` becomes true. Requests in flight are answered, within ten seconds.
    pub async fn serve(self, stop: watch::Receiver<bool>) {
        let scim = connections::serve(self.listener, Door::Scim(self.tls), Arc::clone(&self.service), stop.clone());
        match self.monitor {
            None => scim.await,
            Some(listener) => _ = tokio::join!(scim, connections::serve(listener, Door::Monitor, self.service, stop)),
        }
    }

    /// The address of the metrics.
    pub fn metrics_url(&self) -> Option<String> {
        let address = self.monitor.as_ref()?.local_addr().ok()?;
        Some(format!("http://{address}/metrics"))
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), EndpointError> {
    let fault = |source| EndpointError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(fault)?;
    let bound = listener.local_addr().map_err(fault)?;
    Ok((listener, bound))
}
