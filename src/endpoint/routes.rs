//! From a path and a method to an operation.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::Method;
use serde_json::Value;

use super::answer::{Answer, Refusal};
use super::bulk;
use super::listing::{self, Query};
use super::operations::{self, Caller, Expected};
use super::request::{MAX_RESULTS, Request};
use super::service::Service;
use crate::scim::{
    Abilities, Filter, Page, Projection, ResourceKind, list_response, resource_types, schemas, service_provider_config,
};

/// The root of the service.
pub(super) const ROOT: &str = "/scim/v2";

/// The name of an endpoint for the log: without an id of a resource.
pub(super) fn endpoint(path: &[String]) -> &'static str {
    const NAMES: [&str; 8] = [".search", "Users", "Groups", "ServiceProviderConfig", "ResourceTypes", "Schemas", "Bulk", "Me"];
    let first = path.first().map_or("", String::as_str);
    NAMES.into_iter().find(|name| name.eq_ignore_ascii_case(first)).unwrap_or("-")
}

/// Answers a request of a known sender.
pub(super) async fn answer(service: &Arc<Service>, request: Request, body: Bytes, caller: Caller) -> Result<Answer, Refusal> {
    let rest: Vec<&str> = request.path.iter().skip(1).map(String::as_str).collect();
    match (endpoint(&request.path), rest.as_slice()) {
        ("Users", rest) => resources(service, &request, &body, caller, (ResourceKind::User, rest)).await,
        ("Groups", rest) => resources(service, &request, &body, caller, (ResourceKind::Group, rest)).await,
        (".search", []) if request.method == Method::POST => {
            let query = searched(&request.json(&body)?)?;
            service.read(move |store| listing::list_all(store, &caller, &query)).await
        }
        ("Bulk", []) if request.method == Method::POST => {
            let body = request.json(&body)?;
            service.write(move |store| bulk::bulk(store, &caller, &body)).await
        }
        (".search" | "Bulk", []) => Ok(Answer::not_allowed("POST")),
        ("Me", _) => Err(Refusal::status(501, "the server does not have this endpoint")),
        (name @ ("ServiceProviderConfig" | "ResourceTypes" | "Schemas"), rest) => {
            let abilities = Abilities {
                max_results: MAX_RESULTS,
                bulk: Some((bulk::MAX_OPERATIONS as u64, service.options.max_body as u64)),
            };
            discovery(&request, name, rest, (&caller, abilities))
        }
        _ => Err(Refusal::status(
            404,
            "the server has /Users, /Groups, /Bulk, /ServiceProviderConfig, /ResourceTypes and /Schemas",
        )),
    }
}

async fn resources(
    service: &Arc<Service>,
    request: &Request,
    body: &[u8],
    caller: Caller,
    (kind, rest): (ResourceKind, &[&str]),
) -> Result<Answer, Refusal> {
    match (request.method.as_str(), rest) {
        ("GET", []) => list(service, query(request)?, caller, kind).await,
        ("POST", []) => {
            let (body, projection) = (request.json(body)?, request.projection()?);
            service.write(move |store| operations::create(store, &caller, kind, body, &projection)).await
        }
        ("POST", [".search"]) => list(service, searched(&request.json(body)?)?, caller, kind).await,
        (_, []) => Ok(Answer::not_allowed("GET, POST")),
        (_, [".search"]) => Ok(Answer::not_allowed("POST")),
        (_, [id]) => one(service, request, body, caller, (kind, (*id).to_owned())).await,
        _ => Err(Refusal::not_found()),
    }
}

async fn list(service: &Arc<Service>, query: Query, caller: Caller, kind: ResourceKind) -> Result<Answer, Refusal> {
    service.read(move |store| listing::list(store, &caller, kind, &query)).await
}

/// A request for one resource.
async fn one(
    service: &Arc<Service>,
    request: &Request,
    body: &[u8],
    caller: Caller,
    (kind, id): (ResourceKind, String),
) -> Result<Answer, Refusal> {
    let projection = request.projection()?;
    let expected = Expected { id, version: request.expected_version() };
    match request.method.as_str() {
        "GET" => {
            let found = service.read(move |store| operations::get(store, &caller, kind, &expected.id, &projection)).await?;
            let (etag, answer) = found;
            Ok(if request.has_version(&etag) { Answer::new(304, None).etag(etag) } else { answer.etag(etag) })
        }
        "PUT" => {
            let body = request.json(body)?;
            service.write(move |store| operations::replace(store, &caller, kind, &expected, (body, &projection))).await
        }
        "PATCH" => {
            let patch = crate::scim::Patch::parse(request.json(body)?)?;
            let is_asked = request.parameter("attributes").is_some();
            service.write(move |store| operations::patch(store, &caller, kind, &expected, (&patch, &projection, is_asked))).await
        }
        "DELETE" => service.write(move |store| operations::remove(store, &caller, kind, &expected)).await,
        _ => Ok(Answer::not_allowed("GET, PUT, PATCH, DELETE")),
    }
}

fn query(request: &Request) -> Result<Query, Refusal> {
    let filter = request.parameter("filter").map(str::trim).filter(|filter| !filter.is_empty());
    let filter = filter.map(str::parse::<Filter>).transpose()?;
    Ok(Query { filter, page: request.page()?, projection: request.projection()? })
}

/// The query of a POST to `/.search`.
fn searched(body: &Value) -> Result<Query, Refusal> {
    let text = |name: &str| match &body[name] {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(names) => Some(names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")),
        _ => None,
    };
    let filter = text("filter").map(|filter| filter.parse::<Filter>()).transpose()?;
    let page = Page::parse(text("startIndex").as_deref(), text("count").as_deref(), MAX_RESULTS)?;
    let projection = Projection::parse(text("attributes").as_deref(), text("excludedAttributes").as_deref())?;
    Ok(Query { filter, page, projection })
}

fn discovery(request: &Request, name: &str, rest: &[&str], (caller, abilities): (&Caller, Abilities)) -> Result<Answer, Refusal> {
    if request.method != Method::GET {
        return Ok(Answer::not_allowed("GET"));
    }
    if request.parameter("filter").is_some() {
        return Err(Refusal::status(403, "discovery documents have no filter"));
    }
    let documents = match name {
        "ServiceProviderConfig" if rest.is_empty() => return Ok(Answer::ok(service_provider_config(abilities, &caller.base))),
        "ResourceTypes" => resource_types(&caller.base),
        "Schemas" => schemas(&caller.base),
        _ => Vec::new(),
    };
    match rest {
        [] => {
            let count = documents.len() as u64;
            let page = Page { start: 1, count };
            Ok(Answer::ok(list_response(count, page, documents.into_iter().map(|(_, document)| document).collect())))
        }
        [id] => {
            let found = documents.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(id));
            found.map(|(_, document)| Answer::ok(document)).ok_or_else(Refusal::not_found)
        }
        _ => Err(Refusal::not_found()),
    }
}
