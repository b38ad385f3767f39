//! A request with what the service looks at: method, path, parameters, a few headers.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, IF_MATCH, IF_NONE_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use serde_json::Value;

use super::answer::Refusal;
use super::network::Network;
use crate::scim::{Page, Projection, ScimError, parse_json};

/// The most resources of one page.
pub(super) const MAX_RESULTS: u64 = 500;

/// A request before its body is read.
pub(super) struct Request {
    pub(super) method: Method,
    /// The parts of the path behind the root.
    pub(super) path: Vec<String>,
    parameters: HashMap<String, String>,
    headers: HeaderMap,
    /// The address of the sender.
    pub(super) address: IpAddr,
    /// The address of the service, as the sender reaches it.
    pub(super) base: String,
}

impl Request {
    /// Takes the head of a request apart; none where its path is not below the root.
    pub(super) fn of(parts: Parts, peer: SocketAddr, is_tls: bool, proxies: &[Network], root: &str) -> Option<Self> {
        let path = parts.uri.path().strip_prefix(root)?.to_owned();
        if !path.is_empty() && !path.starts_with('/') {
            return None;
        }
        let path = path.split('/').filter(|part| !part.is_empty()).map(decoded).collect();
        let query = parts.uri.query().unwrap_or_default();
        let parameters = url::form_urlencoded::parse(query.as_bytes());
        let parameters = parameters.map(|(name, value)| (name.to_ascii_lowercase(), value.into_owned())).collect();
        let by_proxy = proxies.iter().any(|network| network.contains(peer.ip()));
        // The proxy writes last, on a line of its own or behind what its client sent.
        let header = |name: &str| {
            let last = parts.headers.get_all(name).iter().next_back();
            last.and_then(|value| value.to_str().ok()?.rsplit(',').next()).map(str::trim).filter(|_| by_proxy)
        };
        let forwarded = header("x-forwarded-for").and_then(address_of);
        let authority = parts.uri.authority().map(ToString::to_string);
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
        let host = header("x-forwarded-host").map(str::to_owned).or(authority).or(host).filter(|host| is_host(host));
        let scheme = header("x-forwarded-proto").filter(|scheme| ["http", "https"].contains(scheme));
        let scheme = scheme.unwrap_or(if is_tls { "https" } else { "http" });
        let base = format!("{scheme}://{}{root}", host.as_deref().unwrap_or("localhost"));
        Some(Self {
            method: parts.method,
            path,
            parameters,
            headers: parts.headers,
            address: forwarded.unwrap_or(peer.ip()),
            base,
        })
    }

    /// The token of the request, where it has one.
    pub(super) fn token(&self) -> Option<&str> {
        self.authorization("bearer")
    }

    /// What the header `Authorization` has for a scheme.
    pub(super) fn authorization(&self, wanted: &str) -> Option<&str> {
        let header = self.headers.get(AUTHORIZATION)?.to_str().ok()?;
        let (scheme, credentials) = header.split_once(' ')?;
        scheme.eq_ignore_ascii_case(wanted).then(|| credentials.trim())
    }

    /// Whether the body is of this type, whatever its parameters.
    pub(super) fn has_content_type(&self, wanted: &str) -> bool {
        let kind = self.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(wanted)
    }

    /// Whether the body is announced to be larger.
    pub(super) fn is_larger_than(&self, most: usize) -> bool {
        let length = self.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()).and_then(|text| text.parse().ok());
        length.is_some_and(|length: u64| length > most as u64)
    }

    /// Parses the body, which is JSON by its content type.
    pub(super) fn json(&self, body: &[u8]) -> Result<Value, Refusal> {
        let kind = self.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("application/scim+json");
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if !["application/scim+json", "application/json"].contains(&kind.as_str()) {
            return Err(Refusal::status(415, "the body is application/scim+json or application/json"));
        }
        Ok(parse_json(body)?)
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// The attributes that the request asks for.
    pub(super) fn projection(&self) -> Result<Projection, ScimError> {
        Projection::parse(self.parameter("attributes"), self.parameter("excludedattributes"))
    }

    /// The page that the request asks for.
    pub(super) fn page(&self) -> Result<Page, ScimError> {
        Page::parse(self.parameter("startindex"), self.parameter("count"), MAX_RESULTS)
    }

    /// Whether `If-Match` names another version.
    pub(super) fn expected_version(&self) -> Option<String> {
        self.headers.get(IF_MATCH).and_then(|value| value.to_str().ok()).map(str::to_owned)
    }

    /// Whether `If-None-Match` names this version.
    pub(super) fn has_version(&self, etag: &str) -> bool {
        self.headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).is_some_and(|known| names(known, etag))
    }
}

/// Whether a list of entity tags has this one.
pub(super) fn names(list: &str, etag: &str) -> bool {
    list.split(',').map(str::trim).any(|known| known == "*" || known == etag || known == etag.trim_start_matches("W/"))
}

/// An address, which some proxies write with the port of the client.
fn address_of(text: &str) -> Option<IpAddr> {
    text.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

fn is_host(host: &str) -> bool {
    !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte))
}

/// A part of a path without its percent signs.
fn decoded(part: &str) -> String {
    let bytes = part.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits =
            part.get(at + 1..at + 3).filter(|_| bytes[at] == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(digits.unwrap_or(bytes[at]));
        at += if digits.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)], peer: &str) -> Request {
        let mut request = axum::http::Request::builder().uri("/scim/v2/Users");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Request::of(parts, peer.parse().unwrap(), false, &["10.0.0.0/8".parse().unwrap()], "/scim/v2").unwrap()
    }

    #[test]
    fn the_address_is_the_one_that_the_proxy_itself_has_seen() {
        let address = |headers: &[(&str, &str)]| request(headers, "10.0.0.1:1").address.to_string();
        assert_eq!(address(&[("x-forwarded-for", "198.51.100.1, 192.0.2.7")]), "192.0.2.7");
        assert_eq!(address(&[("x-forwarded-for", "198.51.100.1"), ("x-forwarded-for", "192.0.2.7")]), "192.0.2.7");
        assert_eq!(address(&[("x-forwarded-for", "192.0.2.7:40312")]), "192.0.2.7");
        assert_eq!(address(&[("x-forwarded-for", "[2001:db8::1]:443")]), "2001:db8::1");
        assert_eq!(address(&[("x-forwarded-for", "unknown")]), "10.0.0.1");
        let direct = request(&[("x-forwarded-for", "192.0.2.7"), ("x-forwarded-host", "evil.example")], "127.0.0.1:1");
        assert_eq!((direct.address.to_string(), direct.base.as_str()), ("127.0.0.1".into(), "http://localhost/scim/v2"));
    }
}
