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
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).filter(|_| by_proxy);
        // The last address is the one that the proxy itself has seen.
        let forwarded = header("x-forwarded-for").and_then(|list| list.rsplit(',').next()?.trim().parse().ok());
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
        let header = self.headers.get(AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = header.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
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
