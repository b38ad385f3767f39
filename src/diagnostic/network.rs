//! A request without an answer, in words: which host, what happened, and what to check.
//!
//! The HTTP client reports a name that cannot be resolved, a refused connection and a broken TLS handshake by chains of errors of several
//! libraries. This is the one place that tells them apart, for the HR system as for the tenant.

use std::error::Error;
use std::fmt;
use std::io;

use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

use super::escape::Shown;

/// What kept a request from being answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetworkFaultKind {
    /// No address was found for the name of the host.
    Name,
    /// The host answered that nothing listens at this port.
    Refused,
    /// The proxy did not lead to the host.
    Proxy(String),
    /// No TLS connection came about; the reason is that of the TLS library.
    Tls(String),
    /// No answer came in time.
    TimedOut,
    /// Anything else, such as a connection that broke off.
    Broken(String),
}

/// A request without an answer.
///
/// ```
/// # use hrpush::diagnostic::network::NetworkFault;
/// let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
/// let fault = NetworkFault::of(&refused, "hr.example.com:443", false);
/// assert_eq!(fault.to_string(), "hr.example.com:443 refuses the connection");
/// assert!(fault.hint().contains("port"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkFault {
    /// The host with its port, or the proxy where that is at fault.
    pub host: String,
    /// What kept the request from being answered.
    pub kind: NetworkFaultKind,
}

impl NetworkFault {
    /// The fault behind the error of a connection to this host.
    pub fn of(error: &(dyn Error + 'static), host: &str, timed_out: bool) -> Self {
        let found = causes(error).find_map(kind);
        let kind = match found {
            Some(kind) => kind,
            None if timed_out => NetworkFaultKind::TimedOut,
            None => NetworkFaultKind::Broken(innermost(error)),
        };
        Self { host: host.to_owned(), kind }
    }

    /// The fault behind the error of a request. Where a proxy is between, it is named.
    pub fn of_request(error: &(dyn Error + 'static), url: &Url, timed_out: bool, may_use_proxy: bool) -> Self {
        let fault = Self::of(error, &host(url), timed_out);
        let Some(proxy) = may_use_proxy.then(|| proxy_of(url)).flatten() else { return fault };
        let why = match &fault.kind {
            NetworkFaultKind::Name => "its name cannot be resolved".to_owned(),
            NetworkFaultKind::Refused => "it refuses the connection".to_owned(),
            NetworkFaultKind::Proxy(why) => why.clone(),
            NetworkFaultKind::TimedOut => format!("no answer from {} in time", fault.host),
            // The handshake is with the host, through the proxy.
            NetworkFaultKind::Tls(_) | NetworkFaultKind::Broken(_) => return fault,
        };
        Self { host: proxy, kind: NetworkFaultKind::Proxy(why) }
    }

    /// What an administrator should check first.
    pub fn hint(&self) -> &'static str {
        match self.kind {
            NetworkFaultKind::Name => {
                "check the spelling of the host and the DNS server of this machine; behind a proxy, set HTTPS_PROXY"
            }
            NetworkFaultKind::Refused => {
                "check the host and the port, and whether the service runs and a firewall lets this machine through"
            }
            NetworkFaultKind::Proxy(_) => "check HTTPS_PROXY, and name hosts that need no proxy in NO_PROXY",
            NetworkFaultKind::Tls(_) => {
                "check the host; where a proxy inspects TLS or the company signs its own certificates, let this machine trust that authority \
                 (SSL_CERT_FILE; for the HR system also `ca_file` in [source])"
            }
            NetworkFaultKind::TimedOut => {
                "check whether the service answers, and whether a firewall or a proxy drops the requests"
            }
            NetworkFaultKind::Broken(_) => "run again; where it happens each time, check the firewall and the proxy on the way",
        }
    }
}

impl fmt::Display for NetworkFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = Shown(&self.host);
        match &self.kind {
            NetworkFaultKind::Name => write!(f, "the name of {host} cannot be resolved"),
            NetworkFaultKind::Refused => write!(f, "{host} refuses the connection"),
            NetworkFaultKind::Proxy(why) => write!(f, "the proxy {host} does not lead there: {}", Shown(why)),
            NetworkFaultKind::Tls(why) => write!(f, "no TLS connection with {host}: {}", Shown(why)),
            NetworkFaultKind::TimedOut => write!(f, "no answer from {host} in time"),
            NetworkFaultKind::Broken(why) => write!(f, "the connection with {host} broke off: {}", Shown(why)),
        }
    }
}

/// What to check after the error of a driver that has words of its own; none where the error has another cause than the network.
///
/// ```
/// # use hrpush::diagnostic::network::hint;
/// assert!(hint(&std::io::Error::from(std::io::ErrorKind::ConnectionRefused)).unwrap().contains("port"));
/// assert_eq!(hint(&std::io::Error::other("access denied")), None);
/// ```
pub fn hint(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let kind = causes(error).find_map(kind)?;
    (!matches!(kind, NetworkFaultKind::Tls(_))).then(|| NetworkFault { host: String::new(), kind }.hint())
}

/// What to check where no answer came in time.
pub fn hint_of_silence() -> &'static str {
    NetworkFault { host: String::new(), kind: NetworkFaultKind::TimedOut }.hint()
}

/// The host of an address with its port, without user and path.
pub fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or("the host");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The proxy that the client takes for this address, by the environment and the system's settings.
fn proxy_of(url: &Url) -> Option<String> {
    let address = url.as_str().parse().ok()?;
    let proxy = Matcher::from_system().intercept(&address)?;
    let host = proxy.uri().host()?.to_owned();
    Some(proxy.uri().port_u16().map_or_else(|| host.clone(), |port| format!("{host}:{port}")))
}

/// The error and its causes. An I/O error hides the error that it was made from.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'e (dyn Error + 'static) = *error;
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(hidden) => Some(hidden as &'e (dyn Error + 'static)),
            None => error.source(),
        }
    })
}

fn kind(error: &(dyn Error + 'static)) -> Option<NetworkFaultKind> {
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        return Some(NetworkFaultKind::Tls(tls.to_string()));
    }
    if let Some(io) = error.downcast_ref::<io::Error>() {
        match io.kind() {
            io::ErrorKind::ConnectionRefused => return Some(NetworkFaultKind::Refused),
            io::ErrorKind::TimedOut => return Some(NetworkFaultKind::TimedOut),
            _ => {}
        }
    }
    // The libraries below have no types for these; their texts are the only sign.
    let text = error.to_string();
    let is_no_name = error.is::<rustls_pki_types::InvalidDnsNameError>() || text == "invalid dns name";
    if is_no_name || text == "dns error" || text.starts_with("failed to lookup address information") {
        return Some(NetworkFaultKind::Name);
    }
    text.strip_prefix("tunnel error: ").map(|why| {
        let refused = if why.contains("proxy authorization") { "it asks for a user and a password" } else { why };
        NetworkFaultKind::Proxy(refused.to_owned())
    })
}

/// The innermost cause: the outer ones repeat it, or name the address with its query.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut causes = causes(error);
    let first = causes.next();
    causes.last().or(first).map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// A resolver that knows no name, so that the test asks no DNS server.
    struct Nowhere;

    impl reqwest::dns::Resolve for Nowhere {
        fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
            Box::pin(async { Err(Box::from("no such name")) })
        }
    }

    async fn fault(client: reqwest::ClientBuilder, url: &str) -> NetworkFault {
        let error = client.build().unwrap().get(url).send().await.unwrap_err();
        NetworkFault::of_request(&error, &url.parse().unwrap(), error.is_timeout(), false)
    }

    fn client() -> reqwest::ClientBuilder {
        reqwest::Client::builder().no_proxy()
    }

    #[tokio::test]
    async fn a_name_without_an_address_is_named() {
        let found = fault(client().dns_resolver(Arc::new(Nowhere)), "https://hr.invalid/employees?key=secret").await;
        assert_eq!(found.to_string(), "the name of hr.invalid cannot be resolved");
        assert!(found.hint().contains("DNS"));
    }

    #[tokio::test]
    async fn a_closed_port_refuses_and_a_silent_one_times_out() {
        let silent = NetworkFault::of(&io::Error::other("the deadline has elapsed"), "hr.invalid", true);
        assert_eq!(silent.to_string(), "no answer from hr.invalid in time");
        let address = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let closed = fault(client(), &format!("http://{address}/")).await;
        assert_eq!(closed.to_string(), format!("{address} refuses the connection"));
        assert!(closed.hint().contains("firewall"));
    }

    #[tokio::test]
    async fn plain_http_where_tls_is_expected_is_a_fault_of_tls() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
            let (mut stream, _) = listener.accept().await.unwrap();
            let _read = stream.read(&mut [0; 1024]).await;
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        });
        let found = fault(client(), &format!("https://{address}/")).await;
        assert!(found.to_string().starts_with(&format!("no TLS connection with {address}: ")), "{found}");
        assert!(found.hint().contains("ca_file"));
    }

    #[tokio::test]
    async fn a_proxy_that_refuses_the_way_is_told_apart_from_the_host() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
            let (mut stream, _) = listener.accept().await.unwrap();
            let _read = stream.read(&mut [0; 1024]).await;
            stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await.unwrap();
        });
        let proxied = reqwest::Client::builder().proxy(reqwest::Proxy::all(format!("http://{address}")).unwrap());
        let found = fault(proxied, "https://hr.invalid/").await;
        assert!(matches!(&found.kind, NetworkFaultKind::Proxy(why) if why.contains("password")), "{found}");
        assert!(found.hint().contains("NO_PROXY"));
    }

    #[test]
    fn neither_user_nor_query_of_an_address_is_shown() {
        let url: Url = "https://user:pass@hr.example.com:8443/a?key=secret".parse().unwrap();
        let fault = NetworkFault::of_request(&io::Error::other("\u{1b}[2Jbroken"), &url, false, false);
        assert_eq!(fault.to_string(), r"the connection with hr.example.com:8443 broke off: \u{1b}[2Jbroken");
    }
}
