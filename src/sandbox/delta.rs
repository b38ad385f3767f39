//! Delta query: what changed since a token.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::faults::Fault;
use super::lenience::Disputed;
use super::object::{Kind, Object};
use super::query_options::{Scope, Select, opened, property, token};
use super::reply::{Answer, Problem, Reply};
use super::request::Request;
use super::server::State;

/// Objects on a page, unless the client prefers fewer.
const PAGE: usize = 200;

/// Where a delta query stands.
struct Round {
    /// Changes up to this one were seen in an earlier round.
    since: u64,
    /// Changes up to this one were seen in this round.
    cursor: u64,
    /// Changes up to this one had reached the replica when the round began: what came later is for the next round.
    until: u64,
    select: Option<String>,
    ids: Vec<String>,
}

impl Round {
    fn first(request: &Request, horizon: u64) -> Result<Self, Problem> {
        Ok(Self {
            since: 0,
            cursor: 0,
            until: horizon,
            select: request.query("$select").map(str::to_owned),
            ids: request.query("$filter").map(ids).transpose()?.unwrap_or_default(),
        })
    }

    /// Whether an object is one that was asked for and changed in time; the first round contains no deleted object.
    fn includes(&self, object: &Object) -> bool {
        (self.ids.is_empty() || self.ids.contains(&object.id))
            && object.first_change(self.since) <= self.until
            && (self.since > 0 || object.live())
    }

    /// Where the next round begins.
    fn end(self) -> Self {
        Self { since: self.until, cursor: self.until, ..self }
    }
}

/// Answers `/users/delta` and `/groups/delta`.
pub(super) fn query(state: &mut State, request: &Request, kind: Kind) -> Answer {
    for unsupported in ["$expand", "$top", "$orderby", "$search", "$skip"] {
        if request.query(unsupported).is_some() {
            return Err(Problem::query(format!("'{unsupported}' is not supported by delta query.")));
        }
    }
    let given = request.query("$deltatoken").or_else(|| request.query("$skiptoken")).filter(|token| !token.is_empty());
    let latest = given.is_some_and(|token| token.eq_ignore_ascii_case("latest"));
    let horizon = state.horizon();
    let first = Round::first(request, horizon)?;
    let round = match given {
        Some(text) if !latest => resume(state, request, kind, text, horizon)?,
        _ => first,
    };
    let relation = if kind == Kind::User { "manager" } else { "members" };
    let select = Select::parse(state, round.select.as_deref(), kind, Scope::Delta(&[relation, "owners"]))?;
    let name = path(kind);
    let mut body = json!({ "@odata.context": format!("{}/$metadata#{name}", state.base), "value": [] });
    if latest {
        body["@odata.deltaLink"] = json!(link(state, kind, "$deltatoken", &round.end()));
        return Ok(Reply::ok(body));
    }
    let size = page_size(request);
    let minimal = request.header("prefer").is_some_and(|prefer| prefer.contains("return=minimal"));
    let is_reported = |object: &&Object| object.kind == kind && round.includes(object) && concerns(object, &select, &round);
    let mut rest = state.tenant.changed_after(round.cursor).filter(is_reported);
    let page: Vec<&Object> = rest.by_ref().take(size).collect();
    let more = rest.next().is_some();
    body["value"] = page.iter().map(|object| item(state, object, &select, &round, minimal)).collect();
    let last = page.last().map_or(round.cursor, |object| object.changed);
    let (token, stand) = if more {
        let cursor = if state.faults.next_fault(Fault::DuplicatePage) { round.cursor } else { last };
        ("$skiptoken", Round { cursor, ..round })
    } else {
        ("$deltatoken", round.end())
    };
    let mut url = link(state, kind, token, &stand);
    if state.faults.next_fault(Fault::ForeignLink) {
        url = url.replacen(&state.base, "https://graph.example.net/v1.0", 1);
    }
    body[if more { "@odata.nextLink" } else { "@odata.deltaLink" }] = json!(url);
    Ok(Reply::ok(body))
}

/// The round that a token goes on with.
fn resume(state: &mut State, request: &Request, kind: Kind, text: &str, horizon: u64) -> Result<Round, Problem> {
    if request.query("$select").is_some() {
        return Err(Problem::bad("$select cannot be combined with a token."));
    }
    if state.faults.next_fault(Fault::ResetDelta) {
        return Err(reset(state, kind));
    }
    if state.faults.next_fault(Fault::ExpiredDelta) {
        return Err(expired(state, kind));
    }
    resumed(state, kind, text, horizon).ok_or_else(|| expired(state, kind))
}

/// Whether a tracked property or relation changed; the first round contains every object.
fn concerns(object: &Object, select: &Select, round: &Round) -> bool {
    let Select::Named(names) = select else { return true };
    let after = |list: &std::collections::BTreeMap<String, u64>| list.values().any(|at| *at > round.since);
    round.since == 0
        || !object.live()
        || object.made > round.since
        || names.iter().any(|name| match name.as_str() {
            "manager" => object.manager_at > round.since,
            "members" => after(&object.members) || after(&object.removed),
            "owners" => after(&object.owners) || after(&object.removed_owners),
            _ => object.changed_since(name, round.since),
        })
}

fn path(kind: Kind) -> &'static str {
    if kind == Kind::User { "users" } else { "groups" }
}

fn page_size(request: &Request) -> usize {
    request
        .header("prefer")
        .and_then(|prefer| prefer.split([',', ';']).find_map(|part| part.trim().strip_prefix("odata.maxpagesize=")))
        .and_then(|size| size.parse().ok())
        .map_or(PAGE, |size: usize| size.clamp(1, 999))
}

/// The only filter delta query takes: ids.
fn ids(filter: &str) -> Result<Vec<String>, Problem> {
    let ids: Option<Vec<String>> = filter
        .split(" or ")
        .map(|part| Some(part.trim().strip_prefix("id eq ")?.trim().trim_matches('\'').to_lowercase()))
        .collect();
    ids.filter(|ids| ids.len() <= 50).ok_or_else(|| Problem::query("Delta query filters by at most 50 ids only."))
}

fn link(state: &State, kind: Kind, name: &str, round: &Round) -> String {
    let text = token(&json!({
        "tenant": state.tenant.id, "kind": path(kind), "since": round.since, "cursor": round.cursor, "until": round.until,
        "select": round.select, "ids": round.ids, "issued": state.clock.now().as_second(),
    }));
    format!("{}/{}/delta?{name}={text}", state.base, path(kind))
}

/// Where a token stands, unless it is foreign or older than seven days. A round goes on as it began; a new one reaches as far as its
/// replica does, and never back behind the changes that were returned already.
fn resumed(state: &State, kind: Kind, text: &str, horizon: u64) -> Option<Round> {
    let token = opened(text)?;
    let issued = Timestamp::from_second(token["issued"].as_i64()?).ok()?;
    let young = state.clock.now().duration_since(issued) < SignedDuration::from_hours(7 * 24);
    let ours = token["tenant"] == json!(state.tenant.id) && token["kind"] == json!(path(kind));
    let since = token["since"].as_u64()?;
    let cursor = token["cursor"].as_u64().unwrap_or(since);
    (young && ours && since <= state.tenant.change).then(|| Round {
        since,
        cursor,
        until: if cursor > since { token["until"].as_u64().unwrap_or(horizon) } else { horizon.max(since) },
        select: token["select"].as_str().map(str::to_owned),
        ids: token["ids"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
    })
}

/// The refusal of a token that is too old or not ours: 400, unless the tenant reads this point leniently.
fn expired(state: &State, kind: Kind) -> Problem {
    if state.lenience.on(Disputed::Delta410) {
        return reset(state, kind);
    }
    Problem::new(400, "syncStateNotFound", "The sync state generation is not found; a full synchronization is required.")
}

/// 410: the service asks for a new start, which the empty token of its `Location` is.
fn reset(state: &State, kind: Kind) -> Problem {
    Problem::new(410, "resyncRequired", "Resynchronization is required: start with an empty token.")
        .header("Location", format!("{}/{}/delta?$deltatoken=", state.base, path(kind)))
}

/// One changed object: what was ever set among the properties asked for, and the relations that changed.
fn item(state: &State, object: &Object, select: &Select, round: &Round, minimal: bool) -> Value {
    let mut out = Map::new();
    out.insert("id".to_owned(), json!(object.id));
    if !object.live() {
        out.insert("@removed".to_owned(), json!({ "reason": if object.gone { "deleted" } else { "changed" } }));
        return Value::Object(out);
    }
    let names: Vec<String> = match select {
        Select::Named(names) => names.clone(),
        Select::Default => Select::Default.show(object).keys().cloned().collect(),
    };
    for name in names {
        match name.as_str() {
            "manager" if object.kind == Kind::User => manager(object, round, &mut out),
            "members" | "owners" if object.kind == Kind::Group => members(state, object, &name, round, &mut out),
            _ if object.props.contains_key(&name) && (!minimal || object.changed_since(&name, round.since)) => {
                out.insert(name.clone(), property(object, &name));
            }
            _ => {}
        }
    }
    Value::Object(out)
}

fn manager(object: &Object, round: &Round, out: &mut Map<String, Value>) {
    if object.manager_at <= round.since {
        return;
    }
    let kind = Kind::User.odata();
    let mut list = Vec::new();
    if let Some(id) = &object.manager {
        list.push(json!({ "@odata.type": kind, "id": id }));
    }
    if let Some(id) = object.manager_was.as_ref().filter(|was| round.since > 0 && object.manager.as_ref() != Some(was)) {
        list.push(json!({ "@odata.type": kind, "id": id, "@removed": { "reason": "deleted" } }));
    }
    if !list.is_empty() {
        out.insert("manager@delta".to_owned(), json!(list));
    }
}

fn members(state: &State, object: &Object, name: &str, round: &Round, out: &mut Map<String, Value>) {
    let (now, removed) =
        if name == "owners" { (&object.owners, &object.removed_owners) } else { (&object.members, &object.removed) };
    let kind = |id: &String| state.tenant.objects.get(id).map_or(Kind::User, |object| object.kind).odata();
    let mut list: Vec<Value> =
        now.iter().filter(|(_, at)| **at > round.since).map(|(id, _)| json!({ "@odata.type": kind(id), "id": id })).collect();
    if round.since > 0 {
        let gone = removed.iter().filter(|(_, at)| **at > round.since);
        list.extend(gone.map(|(id, _)| json!({ "@odata.type": kind(id), "id": id, "@removed": { "reason": "deleted" } })));
    }
    if !list.is_empty() {
        out.insert(format!("{name}@delta"), json!(list));
    }
}
