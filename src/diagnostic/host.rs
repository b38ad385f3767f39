//! Whether a host is this machine.

use std::net::IpAddr;

/// Whether a host is this machine by its spelling, without a name server: `localhost`, `127.0.0.0/8` or `::1`, also in brackets.
///
/// ```
/// use hrpush::diagnostic::is_loopback;
///
/// assert!(is_loopback("LocalHost") && is_loopback("127.0.0.1") && is_loopback("[::1]"));
/// assert!(!is_loopback("localhost.example") && !is_loopback("10.0.0.1"));
/// ```
pub fn is_loopback(host: &str) -> bool {
    let plain = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    plain.eq_ignore_ascii_case("localhost") || plain.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// The host of a URL, with its port where it is not the usual one. Paths and queries may hold secrets and are left out.
///
/// ```
/// use hrpush::diagnostic::host_and_port;
///
/// let url = "https://login.example:8443/tenant?key=s3cret".parse().unwrap();
/// assert_eq!(host_and_port(&url), "login.example:8443");
/// ```
pub fn host_and_port(url: &url::Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
