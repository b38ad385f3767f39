//! The tenant behind the wire: takes a request, pays for it, routes it, answers.

use std::collections::{HashMap, VecDeque};
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::clock::Clock;
use super::faults::{Fault, Lag, Trouble};
use super::object::{Kind, Object};
use super::quota::{Meter, price, throttled};
use super::reply::{Answer, Problem, Reply};
use super::request::Request;
use super::tenant::Tenant;
use super::{Counts, batch, delta, directory, groups, users};

/// What the wire does with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wire {
    /// Sends it.
    Whole,
    /// Sends half of it.
    Half,
    /// Sends nothing.
    Nothing,
}

/// An answer and how it is sent.
pub(super) struct Served {
    pub(super) reply: Reply,
    pub(super) wire: Wire,
    pub(super) delay: Option<Duration>,
}

/// Everything the server holds.
pub(super) struct Core {
    pub(super) tenant: Tenant,
    pub(super) clock: Arc<Clock>,
    pub(super) base: String,
    pub(super) trouble: Trouble,
    pub(super) counts: Counts,
    pub(super) log: Vec<String>,
    pub(super) log_file: Option<std::fs::File>,
    pub(super) meter: Meter,
    pub(super) lag: Option<Lag>,
    pub(super) token: Option<String>,
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

impl Core {
    /// Whether this request's replica knows the object yet.
    pub(super) fn visible(&self, object: &Object) -> bool {
        match (self.lag, object.born) {
            (Some(Lag::Requests(n)), Some(_)) => self.answered >= object.born_request + n,
            (Some(Lag::For(time)), Some(born)) => !self.stale || self.clock.elapsed() >= born + time,
            _ => true,
        }
    }

    /// The last change that this request's replica knows of. What follows has not reached it yet.
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

    /// A user by id or userPrincipalName, if the replica knows it.
    pub(super) fn user(&self, key: &str) -> Result<&Object, Problem> {
        self.tenant.user(key).filter(|user| self.visible(user)).ok_or_else(|| Problem::absent(key))
    }

    /// A group by id or `uniqueName=…`, if the replica knows it.
    pub(super) fn group(&self, key: &str) -> Result<&Object, Problem> {
        let found = match key.strip_prefix("uniqueName=") {
            Some(name) => self.tenant.group_named(name),
            None => self.tenant.group(key),
        };
        found.filter(|group| self.visible(group)).ok_or_else(|| Problem::absent(key))
    }

    /// Marks an object as new, for the lag.
    pub(super) fn born(&self, object: &mut Object) {
        object.born = Some(self.clock.elapsed());
        object.born_request = self.answered;
    }

    /// Serves one HTTP request; `url` is the path and query as sent.
    pub(super) fn serve(&mut self, method: &str, url: &str, headers: HashMap<String, String>, body: &[u8]) -> Served {
        self.counts.requests += 1;
        self.note(method, url);
        let whole = |reply| Served { reply, wire: Wire::Whole, delay: None };
        if self.closed || self.halted {
            return Served { reply: Reply::none(), wire: Wire::Nothing, delay: None };
        }
        let client_id = headers.get("client-request-id").cloned();
        let refuse = |core: &Self, problem: Problem| problem.reply(&core.clock.stamp(), client_id.as_deref());
        if url.split('?').next().is_some_and(|path| path.ends_with("/oauth2/v2.0/token")) && method == "POST" {
            return whole(self.issue_token());
        }
        let Some(relative) = url.strip_prefix("/v1.0") else {
            return whole(refuse(self, Problem::new(400, "BadRequest", "Resource not found for the segment.")));
        };
        if let Err(problem) = self.authorized(headers.get("authorization").map(String::as_str)) {
            return whole(refuse(self, problem));
        }
        if self.trouble.strikes(Fault::ResetBefore) {
            return Served { reply: Reply::none(), wire: Wire::Nothing, delay: None };
        }
        let reply = match parsed(&headers, body) {
            Err(problem) => refuse(self, problem),
            Ok(body) => {
                let request = Request::new(method, relative, headers, body);
                if request.parts() == ["$batch"] && method == "POST" {
                    self.batch(&request).unwrap_or_else(|problem| refuse(self, problem))
                } else {
                    self.one(&request)
                }
            }
        };
        let reply = match self.tenant.flush() {
            Ok(()) => reply,
            Err(error) => {
                refuse(self, Problem::new(500, "InternalServerError", format!("the tenant cannot be written: {error}")))
            }
        };
        self.write_log(method, url, reply.status);
        let wire = self.wire(&reply);
        let delay = self.trouble.strikes(Fault::Slow).then(|| self.trouble.slow());
        Served { reply, wire, delay }
    }

    fn batch(&mut self, request: &Request) -> Answer {
        self.counts.batches += 1;
        match self.trouble.status(&[500, 502, 503, 504]) {
            Some(status) => Err(broken(status)),
            None => batch::run(self, request),
        }
    }

    /// How much of an answer arrives.
    fn wire(&mut self, reply: &Reply) -> Wire {
        if self.halted || self.trouble.strikes(Fault::ResetAfter) {
            Wire::Nothing
        } else if reply.body.is_some() && self.trouble.strikes(Fault::Truncate) {
            Wire::Half
        } else {
            Wire::Whole
        }
    }

    fn authorized(&self, header: Option<&str>) -> Result<(), Problem> {
        let bearer = header.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let accepted = match (bearer, &self.token) {
            (Some((_, given)), Some(token)) => given.trim() == token,
            (Some((_, given)), None) => !given.trim().is_empty(),
            (None, _) => false,
        };
        if accepted {
            return Ok(());
        }
        Err(Problem::new(401, "InvalidAuthenticationToken", "Access token is empty, expired or not accepted.").header(
            "WWW-Authenticate",
            "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", error=\"invalid_token\"",
        ))
    }

    fn issue_token(&mut self) -> Reply {
        let token = self.token.clone().unwrap_or_else(|| format!("sandbox-{:016x}", self.trouble.chance.next()));
        Reply::ok(json!({ "token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": token }))
            .header("Cache-Control", "no-store")
    }

    /// Answers one request, alone or from inside a batch.
    pub(super) fn one(&mut self, request: &Request) -> Reply {
        let writes = request.method != "GET";
        self.halted = self.halted || (writes && self.trouble.strikes(Fault::HaltBefore));
        if self.halted {
            return Reply::none();
        }
        let reply = self.answer(request);
        self.halted = writes && self.trouble.strikes(Fault::HaltAfter);
        reply
    }

    fn answer(&mut self, request: &Request) -> Reply {
        self.answered += 1;
        self.stale = matches!(self.lag, Some(Lag::For(_))) && self.trouble.chance.hit(0.5);
        let parts = request.parts();
        let price = price(&request.method, &parts, |name| request.query(name).map(str::to_owned));
        self.counts.units += u64::from(price.units);
        if price.write {
            self.counts.writes += 1;
        } else {
            self.counts.reads += 1;
        }
        let tenant_id = self.tenant.id.clone();
        let client_id = request.header("client-request-id");
        let paid = self.meter.pay(self.clock.elapsed(), price, &tenant_id);
        self.counts.stops = self.meter.stops;
        let used = match paid {
            Ok(used) => used,
            Err(problem) => {
                self.counts.throttled += 1;
                return problem.reply(&self.clock.stamp(), client_id).header("x-ms-resource-unit", price.units.to_string());
            }
        };
        let before = self.tenant.change;
        let answer = match self.trouble.status(&[429, 500, 502, 503, 504]) {
            Some(429) => {
                self.counts.throttled += 1;
                let limit = if price.write { "Write" } else { "ReadWrite" };
                Err(throttled(0.2, limit, "CPULimitExceeded", &tenant_id, 1.0))
            }
            Some(503) => Err(broken(503)),
            Some(status) => {
                if self.trouble.chance.hit(0.5) {
                    let _done = self.route(request, &parts);
                }
                Err(broken(status))
            }
            None => self.route(request, &parts),
        };
        if self.lag.is_some() && self.tenant.change > before {
            self.underway.push_back(Underway { before, at: self.clock.elapsed(), request: self.answered });
        }
        let mut reply = answer.unwrap_or_else(|problem| problem.reply(&self.clock.stamp(), client_id));
        reply = reply.header("x-ms-resource-unit", price.units.to_string());
        if let Some(used) = used {
            reply = reply.header("x-ms-throttle-limit-percentage", format!("{used:.2}"));
        }
        reply
    }

    fn route(&mut self, request: &Request, parts: &[&str]) -> Answer {
        match parts {
            ["users", "delta"] => delta::query(self, request, Kind::User),
            ["groups", "delta"] => delta::query(self, request, Kind::Group),
            ["users", rest @ ..] => users::route(self, request, rest),
            ["groups", rest @ ..] => groups::route(self, request, rest),
            _ => directory::route(self, request, parts),
        }
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

/// A body as JSON; a body without its type is refused, as Graph does.
fn parsed(headers: &HashMap<String, String>, body: &[u8]) -> Result<Option<Value>, Problem> {
    if body.is_empty() {
        return Ok(None);
    }
    if !headers.get("content-type").is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/json")) {
        return Err(Problem::new(
            415,
            "UnsupportedMediaType",
            "The content type of the request body has to be application/json.",
        ));
    }
    let json = std::str::from_utf8(body).ok().and_then(|text| text.parse().ok());
    json.map(Some).ok_or_else(|| Problem::new(400, "BadRequest", "Unable to read JSON request payload."))
}

/// The service's own failure.
pub(super) fn broken(status: u16) -> Problem {
    let (code, message) = match status {
        502 => ("BadGateway", "Bad gateway."),
        503 => ("ServiceUnavailable", "The service is temporarily unavailable."),
        504 => ("GatewayTimeout", "The gateway timed out."),
        _ => ("InternalServerError", "An internal server error occurred."),
    };
    let problem = Problem::new(status, code, message);
    if status == 503 { problem.header("Retry-After", "0.1") } else { problem }
}
