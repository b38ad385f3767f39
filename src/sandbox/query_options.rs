//! How objects are shown: `$select`, `$expand`, pages.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::faults::Fault;
use super::filter::Filter;
use super::object::{Kind, Object};
use super::reply::{Answer, Problem, Reply};
use super::request::Request;
use super::schema::{is_extension, rule, rules};
use super::server::Core;

/// The properties asked for.
pub(super) enum Select {
    Default,
    Named(Vec<String>),
}

impl Select {
    pub(super) fn parse(text: Option<&str>, kind: Kind, list: bool, relations: &[&str]) -> Result<Self, Problem> {
        let Some(text) = text else { return Ok(Self::Default) };
        let mut names = Vec::new();
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if name == "*" {
                return Ok(Self::Default);
            }
            if relations.contains(&name) || is_extension(name) {
                names.push(name.to_owned());
                continue;
            }
            let Some(rule) = rule(kind, name) else {
                return Err(Problem::new(
                    400,
                    "BadRequest",
                    format!(
                        "Parsing OData Select and Expand failed: Could not find a property named '{name}' on type '{}'.",
                        kind.odata().trim_start_matches('#')
                    ),
                ));
            };
            if rule.unlisted && list {
                return Err(Problem::new(501, "NotImplemented", format!("Property '{name}' cannot be listed.")));
            }
            names.push(name.to_owned());
        }
        Ok(Self::Named(names))
    }

    /// An object with these properties.
    pub(super) fn show(&self, object: &Object) -> Map<String, Value> {
        let mut out = Map::new();
        match self {
            Self::Default => {
                out.insert("id".to_owned(), json!(object.id));
                for (name, rule) in rules(object.kind) {
                    if rule.shown {
                        out.insert(name.clone(), property(object, name));
                    }
                }
            }
            Self::Named(names) => {
                for name in names {
                    if is_extension(name) && !object.props.contains_key(name) {
                        continue;
                    }
                    out.insert(name.clone(), property(object, name));
                }
            }
        }
        out
    }
}

/// One property as it is shown.
pub(super) fn property(object: &Object, name: &str) -> Value {
    match name {
        "id" => json!(object.id),
        "passwordProfile" => Value::Null,
        "deletedDateTime" => json!(object.deleted),
        "onPremisesExtensionAttributes" if object.kind == Kind::User => {
            let kept = object.props.get(name);
            (1..=15)
                .map(|n| format!("extensionAttribute{n}"))
                .map(|key| {
                    let value = kept.and_then(|kept| kept.get(&key)).cloned().unwrap_or(Value::Null);
                    (key, value)
                })
                .collect::<Map<_, _>>()
                .into()
        }
        _ => {
            object.props.get(name).cloned().unwrap_or_else(|| {
                if rule(object.kind, name).is_some_and(|rule| rule.collection) { json!([]) } else { Value::Null }
            })
        }
    }
}

/// What `$expand` asks for; `None` where it is absent.
pub(super) struct Expand {
    relation: String,
    select: Select,
}

impl Expand {
    pub(super) fn parse(text: Option<&str>, list: bool) -> Result<Option<Self>, Problem> {
        let Some(text) = text else { return Ok(None) };
        let (relation, options) = match text.split_once('(') {
            Some((relation, options)) => (relation, options.strip_suffix(')').unwrap_or(options)),
            None => (text, ""),
        };
        if !["manager", "members", "owners", "memberOf", "directReports"].contains(&relation) {
            return Err(Problem::query(format!("The query specified in the URI is not valid: cannot expand '{text}'.")));
        }
        let mut select = Select::Default;
        for option in options.split(';').filter(|option| !option.is_empty()) {
            match option.trim().split_once('=') {
                Some(("$select", names)) => select = Select::parse(Some(names), Kind::User, false, &[])?,
                Some(("$levels", _)) if list => {
                    return Err(Problem::query("$levels is not supported when expanding a collection."));
                }
                _ => {}
            }
        }
        Ok(Some(Self { relation: relation.to_owned(), select }))
    }

    /// Adds the relation to the shown object.
    pub(super) fn apply(&self, core: &Core, object: &Object, shown: &mut Map<String, Value>) {
        let show = |id: &String| {
            let target = core.tenant.live(id)?;
            let mut one = self.select.show(target);
            one.insert("@odata.type".to_owned(), json!(target.kind.odata()));
            one.entry("id").or_insert_with(|| json!(target.id));
            Some(Value::Object(one))
        };
        let value: Option<Value> = match self.relation.as_str() {
            "manager" => object.manager.as_ref().and_then(show),
            "members" => Some(object.members.keys().filter_map(show).take(20).collect()),
            "owners" => Some(object.owners.keys().filter_map(show).take(20).collect()),
            "memberOf" => Some(core.tenant.groups_of(&object.id).iter().filter_map(|group| show(&group.id)).take(20).collect()),
            _ => Some(core.tenant.reports(&object.id).iter().filter_map(show).take(20).collect()),
        };
        if let Some(value) = value {
            shown.insert(self.relation.clone(), value);
        }
    }
}

/// A token nobody should read.
pub(super) fn token(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// What is in a token, unless it is not one of ours.
pub(super) fn opened(token: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token).ok()?).ok()
}

/// A page of a list of objects, in the order of their ids.
pub(super) fn list(
    core: &mut Core,
    request: &Request,
    kind: Kind,
    all: impl for<'a> Fn(&'a Core, &str) -> Box<dyn Iterator<Item = &'a Object> + 'a>,
) -> Answer {
    let listing = Listing::parse(request, kind)?;
    let repeat = core.trouble.strikes(Fault::DuplicatePage);
    let foreign = core.trouble.strikes(Fault::ForeignLink);
    let core = &*core;
    let passes = |object: &&Object| listing.passes(core, object);
    let mut rest = all(core, &listing.after).filter(passes);
    let page: Vec<&Object> = rest.by_ref().take(listing.top).collect();
    let more = rest.next().is_some();
    let value: Vec<Value> = page.iter().map(|object| listing.show(core, object)).collect();
    let name = if kind == Kind::User { "users" } else { "groups" };
    let mut body = json!({ "@odata.context": format!("{}/$metadata#{name}", core.base), "value": value });
    if listing.advanced && listing.after.is_empty() {
        body["@odata.count"] = json!(all(core, "").filter(passes).count());
    }
    if more && let Some(last) = page.last() {
        let next = if repeat { &listing.after } else { &last.id };
        let base = if foreign { "https://graph.example.net/v1.0" } else { &core.base };
        body["@odata.nextLink"] = json!(request.link(base, "$skiptoken", &token(&json!({ "after": next }))));
    }
    Ok(Reply::ok(body))
}

/// What the request for a list asks for.
struct Listing {
    select: Select,
    expand: Option<Expand>,
    filter: Option<Filter>,
    advanced: bool,
    top: usize,
    /// The id that the page before ended with; empty for the first page.
    after: String,
}

impl Listing {
    fn parse(request: &Request, kind: Kind) -> Result<Self, Problem> {
        for unsupported in ["$skip", "$search", "$orderby"] {
            if request.query(unsupported).is_some() {
                return Err(Problem::query(format!("'{unsupported}' is not supported by the service.")));
            }
        }
        let select = Select::parse(request.query("$select"), kind, true, &[])?;
        let advanced = request.advanced();
        let expand = Expand::parse(request.query("$expand"), true)?;
        if advanced && expand.is_some() {
            return Err(Problem::query("$expand cannot be combined with advanced queries."));
        }
        let filter = request.query("$filter").map(|text| Filter::parse(text, kind, advanced)).transpose()?;
        let top = request.query("$top").map_or(Ok(100), page_size)?;
        let after = request.query("$skiptoken").map(resumed).transpose()?.unwrap_or_default();
        Ok(Self { select, expand, filter, advanced, top, after })
    }

    fn passes(&self, core: &Core, object: &Object) -> bool {
        core.visible(object) && self.filter.as_ref().is_none_or(|filter| filter.passes(&object.props))
    }

    fn show(&self, core: &Core, object: &Object) -> Value {
        let mut shown = self.select.show(object);
        if let Some(expand) = &self.expand {
            expand.apply(core, object, &mut shown);
        }
        Value::Object(shown)
    }
}

fn page_size(text: &str) -> Result<usize, Problem> {
    text.parse()
        .ok()
        .filter(|size| (1..=999).contains(size))
        .ok_or_else(|| Problem::query("Invalid page size specified. Must be between 1 and 999 inclusive."))
}

/// Where the page of a token begins.
fn resumed(text: &str) -> Result<String, Problem> {
    opened(text).and_then(|token| token["after"].as_str().map(str::to_owned)).ok_or_else(|| {
        Problem::new(
            400,
            "Directory_ExpiredPageToken",
            "The specified page token value has expired and can no longer be included in your request.",
        )
    })
}
