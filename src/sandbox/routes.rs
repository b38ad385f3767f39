//! From a request to its answer: the token, the price, the permission, the route.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::app::Caller;
use super::faults::{Fault, Lag};
use super::lenience::Disputed;
use super::object::Kind;
use super::quota::{Payer, Price, price};
use super::reply::{Answer, Problem, Reply};
use super::request::Request;
use super::segments::Version;
use super::server::State;
use super::token::Expected;
use super::{batch, delta, directory, groups, provisioning, segments, token, users};

/// How much of an answer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wire {
    Whole,
    Half,
    Nothing,
}

/// An answer and how it is sent.
pub(super) struct Served {
    pub(super) reply: Reply,
    pub(super) wire: Wire,
    pub(super) delay: Option<Duration>,
}

impl Served {
    fn whole(reply: Reply) -> Self {
        Self { reply, wire: Wire::Whole, delay: None }
    }

    fn nothing() -> Self {
        Self { reply: Reply::none(), wire: Wire::Nothing, delay: None }
    }
}

/// Serves one HTTP request; `url` is the path and query as sent.
pub(super) fn serve(state: &mut State, method: &str, url: &str, headers: HashMap<String, String>, body: &[u8]) -> Served {
    state.counts.requests += 1;
    state.note(method, url);
    if state.closed || state.halted {
        return Served::nothing();
    }
    state.set_base(headers.get("host").map(String::as_str));
    let stamp = state.stamp(headers.get("client-request-id").map(String::as_str));
    let path = url.split('?').next().unwrap_or(url);
    if method == "POST" && path.to_ascii_lowercase().ends_with("/oauth2/v2.0/token") {
        return Served::whole(stamp.on(issue_token(state, body)));
    }
    let refused = |problem: Problem| Served::whole(stamp.on(problem.reply(&stamp)));
    let relative = match segments::version(path) {
        Version::One => &url[5..],
        Version::Beta => return refused(Problem::uncovered(&format!("{method} {path}"))),
        Version::None => return refused(Problem::new(400, "BadRequest", "Invalid version.")),
    };
    if let Err(problem) = authorize(state, headers.get("authorization").map(String::as_str)) {
        return refused(problem);
    }
    if state.faults.next_fault(Fault::ResetBefore) {
        return Served::nothing();
    }
    let reply = match parsed(path, &headers, body) {
        Err(problem) => problem.reply(&stamp),
        Ok(body) => {
            let request = Request::new(method, relative, headers, body);
            if request.parts() == ["$batch"] && request.method == "POST" {
                outer_batch(state, &request).unwrap_or_else(|problem| problem.reply(&stamp))
            } else {
                one(state, &request, &stamp)
            }
        }
    };
    let rows = state.provisioning.changed();
    let reply = match state.tenant.flush().and_then(|()| state.tenant.keep_provisioning(&rows)) {
        Ok(()) => reply,
        Err(error) => Problem::new(500, "InternalServerError", format!("the tenant cannot be written: {error}")).reply(&stamp),
    };
    state.write_log(method, url, reply.status);
    let wire = wire(state, &reply);
    let delay = state.faults.next_fault(Fault::Slow).then(|| state.faults.slow());
    Served { reply: stamp.on(reply), wire, delay }
}

fn outer_batch(state: &mut State, request: &Request) -> Answer {
    state.counts.batches += 1;
    match state.faults.status(&[500, 502, 503, 504]) {
        Some(status) => Err(batch::broken(status)),
        None => batch::run(state, request, &inner),
    }
}

/// One request from inside a batch.
fn inner(state: &mut State, request: &Request) -> Reply {
    let stamp = state.stamp(request.header("client-request-id"));
    stamp.on(one(state, request, &stamp))
}

/// How much of an answer arrives.
fn wire(state: &mut State, reply: &Reply) -> Wire {
    if state.halted || state.faults.next_fault(Fault::ResetAfter) {
        Wire::Nothing
    } else if reply.body.is_some() && state.faults.next_fault(Fault::Truncate) {
        Wire::Half
    } else {
        Wire::Whole
    }
}

/// Takes the calling app from the token, or refuses the request.
fn authorize(state: &mut State, header: Option<&str>) -> Result<(), Problem> {
    let bearer = header.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let given = bearer.map(|(_, given)| given.trim()).filter(|given| !given.is_empty());
    let given = given.ok_or_else(|| token::refused("Access token is empty."))?;
    let caller = match &state.token {
        Some(only) if given == only => Caller::default(),
        Some(_) => return Err(token::refused("Access token is not accepted.")),
        None => {
            let now = state.clock.now().as_second();
            let roleless = state.lenience.on(Disputed::TokenRoles);
            token::judge(given, &Expected { tenant: &state.tenant.id, root: &state.base, now, roleless })?
        }
    };
    state.app.act_for(caller);
    Ok(())
}

/// The token service: client credentials with a secret or an assertion, answered with a token that lists the app's permissions.
fn issue_token(state: &mut State, body: &[u8]) -> Reply {
    let form: HashMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
    let has = |name: &str| form.get(name).is_some_and(|value| !value.is_empty());
    let refused = |status, code: &str, text: &str| {
        Reply::with(status, json!({ "error": code, "error_description": text, "error_codes": [] }))
    };
    if form.get("grant_type").map(String::as_str) != Some("client_credentials") {
        return refused(400, "unsupported_grant_type", "The sandbox issues tokens for grant_type client_credentials only.");
    }
    if !has("client_id") || !(has("client_secret") || has("client_assertion")) {
        return refused(401, "invalid_client", "The request has no client_id, or neither client_secret nor client_assertion.");
    }
    if !form.get("scope").is_some_and(|scope| scope.ends_with("/.default")) {
        return refused(400, "invalid_scope", "The scope of an app is that of its API: <root>/.default.");
    }
    let token = state.token.clone().unwrap_or_else(|| bearer(state, form.get("client_id").map_or("", String::as_str)));
    Reply::ok(json!({ "token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": token }))
        .header("Cache-Control", "no-store")
}

/// A token in the form of Entra's, without a signature that means anything.
fn bearer(state: &mut State, client: &str) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let now = state.clock.now().as_second();
    let claims = json!({
        "aud": "https://graph.microsoft.com", "iss": format!("https://sts.windows.net/{}/", state.tenant.id), "appid": client,
        "app_displayname": "hrpush sandbox", "tid": state.tenant.id, "oid": client, "sub": client, "idtyp": "app", "ver": "1.0",
        "iat": now, "exp": now + 3599, "jti": format!("{:016x}", state.faults.chance.next()),
        "roles": state.app.granted().collect::<Vec<_>>(),
    });
    format!("{}.{}.{}", part(json!({ "alg": "none", "typ": "JWT" })), part(claims), URL_SAFE_NO_PAD.encode("sandbox"))
}

/// Answers one request, alone or from inside a batch.
fn one(state: &mut State, request: &Request, stamp: &super::reply::Stamp) -> Reply {
    let writes = request.method != "GET";
    state.halted = state.halted || (writes && state.faults.next_fault(Fault::HaltBefore));
    if state.halted {
        return Reply::none();
    }
    let reply = answer(state, request, stamp);
    state.halted = writes && state.faults.next_fault(Fault::HaltAfter);
    reply
}

fn answer(state: &mut State, request: &Request, stamp: &super::reply::Stamp) -> Reply {
    state.answered += 1;
    provisioning::work_off(state);
    state.stale = matches!(state.lag, Some(Lag::For(_))) && state.faults.chance.hit(0.5);
    let parts = request.parts();
    let price = price(&request.method, &parts, |name| request.query(name).map(str::to_owned));
    state.counts.units += u64::from(price.units);
    if price.write {
        state.counts.writes += 1;
    } else {
        state.counts.reads += 1;
    }
    let payer = Payer { app: state.app.id(), tenant: &state.tenant.id, users: state.tenant.user_count() };
    let paid = state.meter.pay(state.clock.elapsed(), price, payer);
    state.counts.stops = state.meter.stops;
    let used = match paid {
        Ok(used) => used,
        Err(problem) => {
            state.counts.throttled += 1;
            return with_price(problem.reply(stamp), price);
        }
    };
    let before = state.tenant.change;
    let answer = disturbed(state, request, &parts, price.write);
    state.changed_since(before);
    let mut reply = answer.unwrap_or_else(|problem| problem.reply(stamp));
    reply = with_price(reply, price);
    if let Some(used) = used {
        reply = reply.header("x-ms-throttle-limit-percentage", format!("{used:.2}"));
    }
    reply
}

/// The answer with the resource units of its request, where the quota of the directory counts it.
fn with_price(reply: Reply, price: Price) -> Reply {
    if price.units == 0 { reply } else { reply.header("x-ms-resource-unit", price.units.to_string()) }
}

/// The route's answer, or that of a fault.
fn disturbed(state: &mut State, request: &Request, parts: &[&str], write: bool) -> Answer {
    match state.faults.status(&[429, 500, 502, 503, 504]) {
        Some(429) => {
            state.counts.throttled += 1;
            let payer = Payer { app: state.app.id(), tenant: &state.tenant.id, users: state.tenant.user_count() };
            Err(state.meter.overloaded(write, payer))
        }
        Some(503) => Err(batch::broken(503)),
        Some(status) => {
            if state.faults.chance.hit(0.5) {
                let _done = route(state, request, parts);
            }
            Err(batch::broken(status))
        }
        None => route(state, request, parts),
    }
}

fn route(state: &mut State, request: &Request, parts: &[&str]) -> Answer {
    segments::check(parts)?;
    state.app.check(request)?;
    match parts {
        ["users", "delta"] => delta::query(state, request, Kind::User),
        ["groups", "delta"] => delta::query(state, request, Kind::Group),
        ["users", rest @ ..] => users::route(state, request, rest),
        ["groups", rest @ ..] => groups::route(state, request, rest),
        ["servicePrincipals", rest @ ..] => provisioning::route(state, request, rest),
        ["auditLogs", rest @ ..] => provisioning::logs(state, request, rest),
        _ => directory::route(state, request, parts),
    }
}

/// A body as JSON; a body without its type is refused, as Graph does. An upload to a provisioning job has a type of its own.
fn parsed(path: &str, headers: &HashMap<String, String>, body: &[u8]) -> Result<Option<Value>, Problem> {
    if body.is_empty() {
        return Ok(None);
    }
    let has_type = |name: &str| headers.get("content-type").is_some_and(|kind| kind.to_ascii_lowercase().starts_with(name));
    if path.to_ascii_lowercase().ends_with("/bulkupload") {
        let json =
            std::str::from_utf8(body).ok().and_then(|text| text.parse().ok()).filter(|_| has_type("application/scim+json"));
        return json.map(Some).ok_or_else(provisioning::upload_request::wrong_format);
    }
    if !has_type("application/json") {
        return Err(Problem::new(
            415,
            "UnsupportedMediaType",
            "The content type of the request body has to be application/json.",
        ));
    }
    let json = std::str::from_utf8(body).ok().and_then(|text| text.parse().ok());
    json.map(Some).ok_or_else(|| Problem::new(400, "BadRequest", "Unable to read JSON request payload."))
}
