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
