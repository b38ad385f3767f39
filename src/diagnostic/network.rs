//! Failures of the network in words that name the host.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};

/// What to check where a service cannot be reached.
pub(crate) const NETWORK_HINT: &str =
    "check the address, the name server, the firewall and the proxy (HTTPS_PROXY, NO_PROXY); `hrpush doctor` tries each of them";

/// Why a host was not reached, or why its answer broke off.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Cause {
    Name,
    Refused,
    Proxy,
    Certificate(String),
    Silent,
    Broken(String),
}

/// A failure of the network with the host that it is about. Its text has no path and no query, which may hold a secret.
///
/// ```
/// use hrpush::diagnostic::NetworkFault;
///
/// let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
/// assert_eq!(NetworkFault::of(&refused, "127.0.0.1:9").to_string(), "`127.0.0.1:9` refuses the connection");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkFault {
    host: String,
    cause: Cause,
}

impl NetworkFault {
    /// The failure that an error of an HTTP client stands for.
    pub fn of(error: &(dyn Error + 'static), host: &str) -> Self {
        Self { host: host.to_owned(), cause: cause(error) }
    }

    /// The failure of a request that was not answered in time.
    pub fn silent(host: &str) -> Self {
        Self { host: host.to_owned(), cause: Cause::Silent }
    }
}

impl fmt::Display for NetworkFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, cause } = self;
        match cause {
            Cause::Name => write!(f, "the name `{host}` cannot be resolved"),
            Cause::Refused => write!(f, "`{host}` refuses the connection"),
            Cause::Proxy => write!(f, "the proxy opens no connection to `{host}`"),
            Cause::Certificate(why) => {
                write!(f, "the certificate of `{host}` is not accepted: {why}; SSL_CERT_FILE names a company's own authority")
            }
            Cause::Silent => write!(f, "no answer in time from `{host}`"),
            Cause::Broken(why) => write!(f, "the connection to `{host}` broke off: {why}"),
        }
    }
}

/// An HTTP client wraps the cause several times. Where types are private, the words of the library decide; they decide about words only.
fn cause(error: &(dyn Error + 'static)) -> Cause {
    let mut layers = Vec::new();
    let mut next = Some(error);
    while let Some(layer) = next {
        layers.push(layer);
        next = layer.source();
    }
    let texts: Vec<String> = layers.iter().map(ToString::to_string).collect();
    let says = |start: &str| texts.iter().any(|text| text.starts_with(start));
    // A proxy that refuses the connection is a refusal on the way, not one of the host.
    if says("tunnel error") || says("proxy") {
        return Cause::Proxy;
    }
    if says("dns error") || says("failed to lookup address") {
        return Cause::Name;
    }
    let found = layers.iter().copied().find_map(|layer| {
        let certificate = layer.downcast_ref::<rustls::Error>().or_else(|| inside(layer)?.downcast_ref::<rustls::Error>());
        if let Some(error @ rustls::Error::InvalidCertificate(_)) = certificate {
            return Some(Cause::Certificate(error.to_string()));
        }
        match layer.downcast_ref::<io::Error>()?.kind() {
            ErrorKind::ConnectionRefused => Some(Cause::Refused),
            ErrorKind::TimedOut => Some(Cause::Silent),
            _ => None,
        }
    });
    found.unwrap_or_else(|| match texts.last() {
        _ if says("operation timed out") => Cause::Silent,
        Some(last) if texts.len() > 1 => Cause::Broken(last.clone()),
        _ => Cause::Broken("no answer came".to_owned()),
    })
}

/// The error that an I/O error carries: its own `source` passes it by.
fn inside<'e>(layer: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + Send + Sync + 'static)> {
    layer.downcast_ref::<io::Error>()?.get_ref()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Duration;

    use super::*;

    async fn said(url: &str, client: reqwest::Client) -> String {
        let error = client.get(url).send().await.unwrap_err();
        assert!(error.to_string().contains("hunter2"), "the library shows the address: {error}");
        NetworkFault::of(&error, "graph.example").to_string()
    }

    fn client() -> reqwest::ClientBuilder {
        reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20))
    }

    #[tokio::test]
    async fn each_failure_of_the_network_has_its_own_words_and_no_address() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let refused = said(&format!("http://127.0.0.1:{closed}/?key=hunter2"), client().build().unwrap()).await;
        assert_eq!(refused, "`graph.example` refuses the connection");
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = silent.local_addr().unwrap().port();
        let short = client().timeout(Duration::from_millis(50)).build().unwrap();
        let late = said(&format!("http://127.0.0.1:{port}/?key=hunter2"), short).await;
        assert_eq!(late, "no answer in time from `graph.example`");
        let proxy = reqwest::Proxy::all(format!("http://127.0.0.1:{closed}")).unwrap();
        let by_proxy = reqwest::Client::builder().proxy(proxy).build().unwrap();
        let proxied = said("https://graph.example/?key=hunter2", by_proxy).await;
        assert_eq!(proxied, "the proxy opens no connection to `graph.example`");
    }

    #[test]
    fn an_unknown_authority_is_a_matter_of_the_certificate() {
        let fault = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let said = NetworkFault::of(&io::Error::other(fault), "graph.example").to_string();
        assert!(
            said.starts_with("the certificate of `graph.example` is not accepted: ") && said.contains("SSL_CERT_FILE"),
            "{said}"
        );
    }

    #[tokio::test]
    async fn a_name_that_no_server_knows_is_said_so() {
        let nowhere = said("http://no-such-host.invalid/?key=hunter2", client().build().unwrap()).await;
        assert_eq!(nowhere, "the name `graph.example` cannot be resolved");
    }
}
