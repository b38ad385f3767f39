//! The state of the server: the tenant, its clock, quota and faults, and the part of it that has reached a request's replica.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::app::App;
use super::clock::Clock;
use super::faults::{FaultInjector, Lag};
use super::lenience::Lenience;
use super::object::Object;
use super::provisioning::queue::Provisioning;
use super::quota::Meter;
use super::reply::{Problem, Stamp};
use super::tenant::Tenant;

/// What was asked so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// The number of HTTP requests that arrived.
    pub requests: u64,
    /// The number of them that were batches.
    pub batches: u64,
    /// Writes, alone or inside batches, refused ones included.
    pub writes: u64,
    /// Reads, alone or inside batches, refused ones included.
    pub reads: u64,
    /// The number of requests that the quota refused with 429.
    pub throttled: u64,
    /// How often writes were let through and then refused by the quota: refusals with no success between them are one stop.
    pub stops: u64,
    /// Resource units asked for.
    pub units: u64,
}

/// Everything the server holds.
pub(super) struct State {
    pub(super) tenant: Tenant,
    pub(super) clock: Arc<Clock>,
    /// The root of the request that is served, by which its links are made.
    pub(super) base: String,
    /// The root that all links have, whatever root was asked.
    pub(super) public_url: Option<String>,
    /// The scheme of the links: `http` or `https`.
    pub(super) scheme: &'static str,
    pub(super) faults: FaultInjector,
    pub(super) counts: Counts,
    pub(super) log: Vec<String>,
    pub(super) log_file: Option<std::fs::File>,
    pub(super) meter: Meter,
    pub(super) provisioning: Provisioning,
    pub(super) lag: Option<Lag>,
    pub(super) token: Option<String>,
    pub(super) app: App,
    pub(super) lenience: Lenience,
    pub(super) closed: bool,
    /// Nothing is served until what goes wrong is changed.
    pub(super) halted: bool,
    /// This request is answered by a replica that lags.
    pub(super) stale: bool,
    pub(super) answered: u64,
    /// The changes that may not have reached every replica yet, oldest first; kept only where replicas lag.
    pub(super) underway: VecDeque<Underway>,
}

/// A request that changed the tenant.
pub(super) struct Underway {
    /// The last change before it.
    before: u64,
    at: Duration,
    request: u64,
}

/// The most lines kept of the log in memory.
const LOG_LINES: usize = 500_000;

impl State {
    /// Takes the root for links from the `Host` of a request, unless the tenant has a public URL.
    pub(super) fn set_base(&mut self, host: Option<&str>) {
        let plain = |host: &&str| !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b));
        if let Some(url) = &self.public_url {
            self.base.clone_from(url);
        } else if let Some(host) = host.filter(plain) {
            self.base = format!("{}://{host}/v1.0", self.scheme);
        }
    }

    /// Whether the object has reached this request's replica.
    pub(super) fn visible(&self, object: &Object) -> bool {
        match (self.lag, object.born) {
            (Some(Lag::Requests(n)), Some(_)) => self.answered >= object.born_request + n,
            (Some(Lag::For(time)), Some(born)) => !self.stale || self.clock.elapsed() >= born + time,
            _ => true,
        }
    }

    /// Notes that a request changed the tenant, where replicas lag.
    pub(super) fn changed_since(&mut self, before: u64) {
        if self.lag.is_some() && self.tenant.change > before {
            self.underway.push_back(Underway { before, at: self.clock.elapsed(), request: self.answered });
        }
    }

    /// The last change that has reached this request's replica.
    pub(super) fn horizon(&mut self) -> u64 {
        let Some(lag) = self.lag else { return self.tenant.change };
        let now = self.clock.elapsed();
        let arrived = |change: &Underway| match lag {
            Lag::Requests(n) => self.answered >= change.request + n,
            Lag::For(time) => now >= change.at + time,
        };
        while self.underway.front().is_some_and(arrived) {
            self.underway.pop_front();
        }
        let behind = self.stale || matches!(lag, Lag::Requests(_));
        self.underway.front().filter(|_| behind).map_or(self.tenant.change, |change| change.before)
    }

    /// A user by id or userPrincipalName, if it has reached the replica.
    pub(super) fn user(&self, key: &str) -> Result<&Object, Problem> {
        self.tenant.user(key).filter(|user| self.visible(user)).ok_or_else(|| Problem::absent(key))
    }

    /// A group by id or `uniqueName=…`, if it has reached the replica.
    pub(super) fn group(&self, key: &str) -> Result<&Object, Problem> {
        let found = match key.split_once('=') {
            Some((property, name)) if property.eq_ignore_ascii_case("uniqueName") => self.tenant.group_named(name),
            _ => self.tenant.group(key),
        };
        found.filter(|group| self.visible(group)).ok_or_else(|| Problem::absent(key))
    }

    /// Marks an object as new, for the lag.
    pub(super) fn born(&self, object: &mut Object) {
        object.born = Some(self.clock.elapsed());
        object.born_request = self.answered;
    }

    /// What identifies the answer to a request.
    pub(super) fn stamp(&self, client_id: Option<&str>) -> Stamp {
        Stamp::new(self.clock.stamp(), client_id)
    }

    pub(super) fn note(&mut self, method: &str, url: &str) {
        if self.log.len() < LOG_LINES {
            self.log.push(format!("{method} {}", url.strip_prefix("/v1.0").unwrap_or(url)));
        }
    }

    /// One line of the request log; a full disk does not stop the tenant.
    pub(super) fn write_log(&mut self, method: &str, url: &str, status: u16) {
        let time = self.clock.stamp();
        if let Some(file) = &mut self.log_file {
            let _kept = writeln!(file, "{}", json!({ "time": time, "method": method, "url": url, "status": status }));
        }
    }
}
