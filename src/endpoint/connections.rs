//! Connections: how many, how long they may be silent, with TLS or without, and how they end.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep, sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::admission::Sender;
use super::crowd::{Crowd, Place, Quota};
use super::service::Service;
use super::{EndpointError, TlsFiles, admission, monitor};
use crate::record::lock;

/// The most connections at once. Further ones wait in the backlog of the system.
const MAX_CONNECTIONS: usize = 512;
/// The longest silence of a client behind its first bytes.
const SILENCE: Duration = Duration::from_mins(1);
/// The longest time to the first bytes, for the head of a request, and for a TLS handshake.
const HEAD: Duration = Duration::from_secs(20);
/// How long requests in flight are waited for at the end.
const GRACE: Duration = Duration::from_secs(8);

/// What the connections of a listener are for.
pub(super) enum Door {
    /// Senders, with TLS or without.
    Scim(Option<Tls>),
    /// A monitor on this machine.
    Monitor,
}

/// What one connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Talk {
    Plain,
    Encrypted,
    Monitor,
}

/// Serves until `stop` becomes true.
pub(super) async fn serve(listener: TcpListener, door: Door, service: Arc<Service>, mut stop: watch::Receiver<bool>) {
    let (slots, crowd) = (Arc::new(Semaphore::new(MAX_CONNECTIONS)), Crowd::default());
    let (tls, plain) = match door {
        Door::Scim(tls) => (tls.map(Arc::new), Talk::Plain),
        Door::Monitor => (None, Talk::Monitor),
    };
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            accepted = accept(&listener, (&slots, &crowd)) => accepted,
        };
        let (stream, peer, slot) = accepted;
        let is_proxy = service.options.behind_proxy.iter().any(|network| network.contains(peer.ip()));
        let Some(place) = crowd.enter(peer.ip(), if is_proxy { Quota::Proxy } else { Quota::Limited }) else { continue };
        let visit = Visit { peer, place: Arc::new(place), service: Arc::clone(&service), stop: stop.clone() };
        let tls = tls.clone();
        connections.spawn(async move {
            let (_held, place) = (slot, Arc::clone(&visit.place));
            let talk = converse(Quiet::new(stream), tls, plain, visit);
            tokio::select! {
                () = talk => {}
                () = place.left() => {}
            }
        });
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    let ended = timeout(GRACE, async { while connections.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        tracing::warn!("connections that did not end in time were cut");
    }
}

/// The next connection. Where there is no slot for it, the oldest one without a right token makes room.
async fn accept(
    listener: &TcpListener,
    (slots, crowd): (&Arc<Semaphore>, &Crowd),
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            // Too many open files, most likely: some will be closed.
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        // Without it small answers wait for each other; where it fails they are only slower.
        let _set = stream.set_nodelay(true);
        let free = Arc::clone(slots).try_acquire_owned().ok();
        if free.is_none() {
            crowd.make_room();
        }
        let slot = match free {
            Some(slot) => slot,
            None => Arc::clone(slots).acquire_owned().await.expect("the semaphore is never closed"),
        };
        return (stream, peer, slot);
    }
}

/// A connection with what its requests need.
struct Visit {
    peer: SocketAddr,
    place: Arc<Place>,
    service: Arc<Service>,
    stop: watch::Receiver<bool>,
}

/// Talks to a client, behind a TLS handshake where there is TLS.
async fn converse(stream: Quiet, tls: Option<Arc<Tls>>, plain: Talk, visit: Visit) {
    match tls {
        None => speak(stream, plain, visit).await,
        Some(tls) => {
            if let Ok(Ok(stream)) = timeout(HEAD, tls.acceptor().accept(stream)).await {
                speak(stream, Talk::Encrypted, visit).await;
            }
        }
    }
}

/// Answers the requests of one connection.
async fn speak<S>(stream: S, talk: Talk, Visit { peer, place, service, mut stop }: Visit)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let answer = service_fn(move |request: hyper::Request<Incoming>| {
        let (service, place) = (Arc::clone(&service), Arc::clone(&place));
        async move {
            let request = request.map(Body::new);
            Ok::<_, Infallible>(match talk {
                Talk::Monitor => {
                    let (parts, _) = request.into_parts();
                    monitor::answer(&service, &parts.method, parts.uri.path()).await
                }
                Talk::Plain | Talk::Encrypted => {
                    let (sender, answer) = admission::answer(&service, request, peer, talk == Talk::Encrypted).await;
                    if sender == Sender::Known {
                        place.belongs();
                    }
                    answer
                }
            })
        }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(64 * 1024);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(32).max_header_list_size(32 * 1024);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), answer));
    tokio::select! {
        // A client that breaks off is no fault of the server.
        _ended = connection.as_mut() => return,
        _ = stop.wait_for(|stop| *stop) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ended = connection.await;
}

/// A stream that fails once its client has been silent for too long: it neither sends nor takes what is sent.
struct Quiet {
    stream: TcpStream,
    deadline: Pin<Box<Sleep>>,
}

impl Quiet {
    fn new(stream: TcpStream) -> Self {
        Self { stream, deadline: Box::pin(sleep(HEAD)) }
    }

    /// What a poll gave, or the end of the client's time.
    fn in_time<T>(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.deadline.as_mut().reset(Instant::now() + SILENCE);
            return polled;
        }
        self.deadline.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Quiet {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.in_time(cx, read)
    }
}

impl AsyncWrite for Quiet {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.in_time(cx, written)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.in_time(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The server's side of TLS. A renewed certificate counts from the next connection on.
pub(super) struct Tls {
    files: TlsFiles,
    loaded: Mutex<(Stamp, TlsAcceptor)>,
}

/// When both files were last written.
type Stamp = [Option<SystemTime>; 2];

impl Tls {
    pub(super) fn load(files: TlsFiles) -> Result<Self, EndpointError> {
        let loaded = Mutex::new((stamp(&files), acceptor(&files)?));
        Ok(Self { files, loaded })
    }

    fn acceptor(&self) -> TlsAcceptor {
        let mut loaded = lock(&self.loaded);
        let now = stamp(&self.files);
        if now != loaded.0 {
            match acceptor(&self.files) {
                Ok(acceptor) => *loaded = (now, acceptor),
                // The files may be half written. The next connection tries again.
                Err(fault) => tracing::warn!("the renewed certificate is not used yet: {fault}"),
            }
        }
        loaded.1.clone()
    }
}

fn stamp(files: &TlsFiles) -> Stamp {
    [&files.certificate, &files.key].map(|path| std::fs::metadata(path).and_then(|about| about.modified()).ok())
}

fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, EndpointError> {
    let fault = |path: &std::path::Path, reason: String| EndpointError::Tls { path: path.to_owned(), reason };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect)
        .map_err(|error| fault(&files.certificate, error.to_string()))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| fault(&files.key, error.to_string()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| fault(&files.certificate, error.to_string()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
