//! The listening socket: axum in front, and connections that can be cut.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Request, State as Shared};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::clock::http_date;
use super::routes::{Served, Wire, serve};
use super::server::State;
use super::tls::{Stream, Tls};
use crate::record::lock;

/// The largest body that is read.
const BODY: usize = 64 * 1024 * 1024;

/// The switch that cuts one connection.
#[derive(Clone, Debug, Default)]
struct Cut(Arc<AtomicBool>);

impl Cut {
    fn pull(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn check(&self) -> io::Result<()> {
        if self.0.load(Ordering::Relaxed) { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

/// A listener whose connections can be cut.
struct Door {
    listener: TcpListener,
    tls: Option<Tls>,
}

/// A connection that fails once its switch is pulled.
struct Line {
    stream: Stream,
    cut: Cut,
}

impl Listener for Door {
    type Io = Line;
    type Addr = Cut;

    async fn accept(&mut self) -> (Line, Cut) {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    // Without it small answers wait for each other; where it fails they are only slower.
                    let _set = stream.set_nodelay(true);
                    let cut = Cut::default();
                    let stream = Stream::new(stream, self.tls.as_ref());
                    return (Line { stream, cut: cut.clone() }, cut);
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<Cut> {
        Ok(Cut::default())
    }
}

impl Connected<IncomingStream<'_, Door>> for Cut {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        stream.remote_addr().clone()
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.cut.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.cut.check()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.cut.check()?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.cut.check()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Listens on an address of this machine, and says which port it became.
pub(super) async fn bind(listen: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Serves until the other end of the channel is dropped.
pub(super) fn spawn(listener: TcpListener, tls: Option<Tls>, state: Arc<Mutex<State>>) -> oneshot::Sender<Infallible> {
    let (stop, stopped) = oneshot::channel::<Infallible>();
    let app = Router::new().fallback(handle).with_state(state);
    let service = app.into_make_service_with_connect_info::<Cut>();
    tokio::spawn(async move {
        let until = async {
            let _dropped = stopped.await;
        };
        // `Door::accept` never fails, so serving ends only when asked to.
        let _ended = axum::serve(Door { listener, tls }, service).with_graceful_shutdown(until).await;
    });
    stop
}

async fn handle(Shared(state): Shared<Arc<Mutex<State>>>, ConnectInfo(cut): ConnectInfo<Cut>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY).await else {
        return status_only(StatusCode::PAYLOAD_TOO_LARGE);
    };
    let mut headers: HashMap<String, String> = parts
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    if let Some(authority) = parts.uri.authority() {
        // HTTP/2 has the host in the URI.
        headers.entry("host".to_owned()).or_insert_with(|| authority.to_string());
    }
    let url = parts.uri.path_and_query().map_or("/", |url| url.as_str());
    let (served, date) = {
        let mut state = lock(&state);
        (serve(&mut state, parts.method.as_str(), url, headers, &body), http_date(state.clock.now()))
    };
    if let Some(delay) = served.delay {
        tokio::time::sleep(delay).await;
    }
    let mut response = respond(served, &cut);
    // Without it the server would add this machine's time.
    if let Ok(date) = HeaderValue::try_from(date) {
        response.headers_mut().insert("date", date);
    }
    response
}

fn status_only(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn respond(served: Served, cut: &Cut) -> Response {
    let Served { reply, wire, .. } = served;
    if wire == Wire::Nothing {
        cut.pull();
        return status_only(StatusCode::BAD_GATEWAY);
    }
    let bytes = reply.body.as_ref().map(|body| body.to_string().into_bytes()).unwrap_or_default();
    let length = bytes.len();
    let body = if wire == Wire::Half {
        let half = Bytes::from(bytes).slice(..length / 2);
        let rest = async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            Err(io::Error::from(io::ErrorKind::ConnectionReset))
        };
        let first = futures::stream::once(async move { Ok::<Bytes, io::Error>(half) });
        Body::from_stream(futures::StreamExt::chain(first, futures::stream::once(rest)))
    } else {
        Body::from(bytes)
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if reply.body.is_some() {
        headers.insert("content-type", HeaderValue::from_static(if reply.plain { "text/plain" } else { "application/json" }));
        headers.insert("content-length", HeaderValue::from(length));
    }
    for (name, value) in reply.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    response
}
