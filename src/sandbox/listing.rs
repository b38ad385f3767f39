//! Lists of users and groups: `$filter`, `$search`, `$orderby`, `$count`, and pages.

use serde_json::{Value, json};

use super::faults::Fault;
use super::filter::{self, Filter, Terms};
use super::object::{Kind, Object};
use super::query_options::{Expand, Scope, Select, opened, property, token};
use super::reply::{Answer, Problem, Reply};
use super::request::Request;
use super::schema::find;
use super::search::Search;
use super::server::State;

/// A source of objects in the order of their ids, behind one of them.
type Objects<'a> = Box<dyn Iterator<Item = &'a Object> + 'a>;

/// A page of a list of objects, in the order of their ids unless `$orderby` says otherwise.
pub(super) fn list(
    state: &mut State,
    request: &Request,
    kind: Kind,
    all: impl for<'a> Fn(&'a State, &str) -> Objects<'a>,
) -> Answer {
    let listing = Listing::parse(state, request, kind)?;
    let repeat = state.faults.next_fault(Fault::DuplicatePage);
    let foreign = state.faults.next_fault(Fault::ForeignLink);
    let state = &*state;
    let (page, next) = listing.page(state, &all);
    let value: Vec<Value> = page.iter().map(|object| listing.show(state, object)).collect();
    let name = if kind == Kind::User { "users" } else { "groups" };
    let mut body = json!({ "@odata.context": format!("{}/$metadata#{name}", state.base), "value": value });
    if listing.counted && listing.after.is_empty() && listing.skipped == 0 {
        body["@odata.count"] = json!(all(state, "").filter(|object| listing.passes(state, object)).count());
    }
    if let Some(next) = next {
        let next = if repeat { json!({ "after": listing.after, "skip": listing.skipped }) } else { next };
        let base = if foreign { "https://graph.example.net/v1.0" } else { &state.base };
        body["@odata.nextLink"] = json!(request.link(base, "$skiptoken", &token(&next)));
    }
    Ok(Reply::ok(body))
}

/// How many objects a filter finds: `/users/$count`, which needs the index store.
pub(super) fn count<'a>(state: &'a State, request: &Request, kind: Kind, all: Objects<'a>) -> Answer {
    if !request.eventual() {
        return Err(Problem::query("Request with $count is only supported with the header ConsistencyLevel: eventual."));
    }
    let terms = Terms { kind, advanced: true, extensions: &state.tenant.extensions };
    let filter = request.query("$filter").map(|text| filter::parse(text, terms)).transpose()?;
    let search = request.query("$search").map(|text| Search::parse(text, kind)).transpose()?;
    let passes = |object: &&Object| {
        state.visible(object)
            && filter.as_ref().is_none_or(|filter| filter.passes(&object.props))
            && search.as_ref().is_none_or(|search| search.finds(&object.props))
    };
    Ok(Reply::count(all.filter(passes).count()))
}

/// What the request for a list asks for.
struct Listing {
    select: Select,
    expand: Option<Expand>,
    filter: Option<Filter>,
    search: Option<Search>,
    /// The property to order by, and whether in descending order.
    order: Option<(&'static str, bool)>,
    counted: bool,
    top: usize,
    /// The id that the page before ended with; empty for the first page.
    after: String,
    /// With an order: how many objects were on the pages before.
    skipped: usize,
}

impl Listing {
    fn parse(state: &State, request: &Request, kind: Kind) -> Result<Self, Problem> {
        if request.query("$skip").is_some() {
            return Err(Problem::query("'$skip' is not supported by the service."));
        }
        let select = Select::parse(state, request.query("$select"), kind, Scope::List)?;
        let advanced = request.advanced();
        let expand = Expand::parse(state, request.query("$expand"), kind, true)?;
        if advanced && expand.is_some() {
            return Err(Problem::query("$expand cannot be combined with advanced queries."));
        }
        let terms = Terms { kind, advanced, extensions: &state.tenant.extensions };
        let filter = request.query("$filter").map(|text| filter::parse(text, terms)).transpose()?;
        let search = request.query("$search").map(|text| Search::parse(text, kind)).transpose()?;
        if search.is_some() && !request.eventual() {
            return Err(Problem::query(
                "Request with $search query parameter only works through MSGraph with a special request \
                                       header: 'ConsistencyLevel: eventual'",
            ));
        }
        let order = request.query("$orderby").map(|text| order(text, kind)).transpose()?;
        if order.is_some() && (filter.is_some() || search.is_some()) && !advanced {
            return Err(Problem::query("Sorting not supported for current query."));
        }
        let activity =
            select.has("signInActivity") || request.query("$filter").is_some_and(|text| text.contains("signInActivity"));
        let most = if activity { 500 } else { 999 };
        let top = request.query("$top").map_or(Ok(100), |top| page_size(top, most))?;
        let (after, skipped) = request.query("$skiptoken").map(resumed).transpose()?.unwrap_or_default();
        Ok(Self { select, expand, filter, search, order, counted: advanced, top, after, skipped })
    }

    fn passes(&self, state: &State, object: &Object) -> bool {
        // A filter on the date of deletion sees what is not among the properties.
        let deleted = |filter: &Filter| {
            let mut props = object.props.clone();
            props.insert("deletedDateTime".to_owned(), json!(object.deleted));
            filter.passes(&props)
        };
        let filtered = |filter: &Filter| if object.deleted.is_some() { deleted(filter) } else { filter.passes(&object.props) };
        state.visible(object)
            && self.filter.as_ref().is_none_or(filtered)
            && self.search.as_ref().is_none_or(|search| search.finds(&object.props))
    }

    /// The objects of this page, and where the next one begins.
    fn page<'a>(&self, state: &'a State, all: &impl Fn(&'a State, &str) -> Objects<'a>) -> (Vec<&'a Object>, Option<Value>) {
        let Some((name, descending)) = self.order else {
            let mut rest = all(state, &self.after).filter(|object| self.passes(state, object));
            let page: Vec<&Object> = rest.by_ref().take(self.top).collect();
            let more = rest.next().is_some();
            let next = page.last().filter(|_| more).map(|last| json!({ "after": last.id }));
            return (page, next);
        };
        let mut found: Vec<&Object> = all(state, "").filter(|object| self.passes(state, object)).collect();
        found.sort_by_cached_key(|object| property(object, name).as_str().unwrap_or_default().to_lowercase());
        if descending {
            found.reverse();
        }
        let end = (self.skipped + self.top).min(found.len());
        let next = (end < found.len()).then(|| json!({ "skip": end }));
        (found.get(self.skipped..end).unwrap_or_default().to_vec(), next)
    }

    fn show(&self, state: &State, object: &Object) -> Value {
        let mut shown = self.select.show(object);
        if let Some(expand) = &self.expand {
            expand.apply(state, object, &mut shown);
        }
        Value::Object(shown)
    }
}

/// The property of an `$orderby`, and whether it descends.
fn order(text: &str, kind: Kind) -> Result<(&'static str, bool), Problem> {
    let mut words = text.split_whitespace();
    let refuse = || Problem::query(format!("Unsupported sort property '{text}'."));
    let (name, rule) = words.next().and_then(|name| find(kind, name)).ok_or_else(refuse)?;
    let descending = match words.next() {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("asc") => false,
        Some(word) if word.eq_ignore_ascii_case("desc") => true,
        Some(_) => return Err(refuse()),
    };
    if rule.order_by && words.next().is_none() { Ok((name, descending)) } else { Err(refuse()) }
}

/// A `$top` up to the most that the list allows.
pub(super) fn page_size(text: &str, most: usize) -> Result<usize, Problem> {
    text.parse()
        .ok()
        .filter(|size| (1..=most).contains(size))
        .ok_or_else(|| Problem::query(format!("Invalid page size specified: '{text}'. Must be between 1 and {most} inclusive.")))
}

/// Where the page of a token begins.
fn resumed(text: &str) -> Result<(String, usize), Problem> {
    let token = opened(text).filter(|token| token["after"].is_string() || token["skip"].is_u64()).ok_or_else(|| {
        Problem::new(
            400,
            "Directory_ExpiredPageToken",
            "The specified page token value has expired and can no longer be included in your request.",
        )
    })?;
    let skip = token["skip"].as_u64().and_then(|skip| usize::try_from(skip).ok()).unwrap_or(0);
    Ok((token["after"].as_str().unwrap_or_default().to_owned(), skip))
}
