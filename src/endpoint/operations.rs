//! What a request does to a resource, within the transaction of the writer.

use serde_json::{Map, Value, json};

use super::answer::{Answer, Refusal};
use super::request::names;
use crate::scim::{ErrorKind, Meta, Patch, Projection, ResourceKind, ScimError, answered, created, replaced};
use crate::store::pushed::{Lookup, PushStore, StoredResource};

/// The sender of a request.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) feed: String,
    pub(super) token: String,
    pub(super) base: String,
}

/// The resource that a request is about, and the version that the sender expects.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) id: String,
    pub(super) version: Option<String>,
}

pub(super) fn create(
    store: &PushStore,
    caller: &Caller,
    kind: ResourceKind,
    body: Value,
    projection: &Projection,
) -> Result<Answer, Refusal> {
    let incoming = created(kind, body)?;
    note_ignored(kind, &incoming.ignored);
    let mut body = incoming.body;
    let members = take_members(&mut body)?;
    let mut resource = StoredResource::new(kind, body);
    check_unique(store, caller, &resource, &resource.body)?;
    store.insert(&caller.feed, &mut resource, &caller.token)?;
    if !members.is_empty() {
        store.set_members(&resource, &members, &caller.token)?;
    }
    let meta = meta(caller, &resource);
    let body = shown(store, caller, &resource, projection)?;
    Ok(Answer::new(201, Some(body)).location(meta.location(kind)).etag(meta.etag()))
}

pub(super) fn get(
    store: &PushStore,
    caller: &Caller,
    kind: ResourceKind,
    id: &str,
    projection: &Projection,
) -> Result<(String, Answer), Refusal> {
    let resource = store.resource(&caller.feed, kind, id)?.ok_or_else(Refusal::not_found)?;
    let answer = Answer::ok(shown(store, caller, &resource, projection)?);
    Ok((meta(caller, &resource).etag(), answer))
}

pub(super) fn replace(
    store: &PushStore,
    caller: &Caller,
    kind: ResourceKind,
    expected: &Expected,
    (body, projection): (Value, &Projection),
) -> Result<Answer, Refusal> {
    let mut resource = current(store, caller, kind, expected)?;
    let old = with_members(store, &resource)?;
    let incoming = replaced(kind, body, &old)?;
    note_ignored(kind, &incoming.ignored);
    save(store, caller, &mut resource, incoming.body, true)?;
    answer(store, caller, &resource, projection)
}

/// A user is answered with 200 and the resource, a group with 204: senders differ in what they accept, and both are what each expects.
pub(super) fn patch(
    store: &PushStore,
    caller: &Caller,
    kind: ResourceKind,
    expected: &Expected,
    (patch, projection, is_asked): (&Patch, &Projection, bool),
) -> Result<Answer, Refusal> {
    let mut resource = current(store, caller, kind, expected)?;
    let has_members = kind == ResourceKind::Group && patch.touches("members");
    let old = if has_members { with_members(store, &resource)? } else { resource.body.clone() };
    let new = patch.apply(kind, &old)?;
    save(store, caller, &mut resource, new, has_members)?;
    if kind == ResourceKind::Group && !is_asked {
        let meta = meta(caller, &resource);
        return Ok(Answer::new(204, None).location(meta.location(kind)).etag(meta.etag()));
    }
    answer(store, caller, &resource, projection)
}

pub(super) fn remove(store: &PushStore, caller: &Caller, kind: ResourceKind, expected: &Expected) -> Result<Answer, Refusal> {
    let resource = current(store, caller, kind, expected)?;
    store.bury(&caller.feed, &resource, &caller.token)?;
    Ok(Answer::new(204, None))
}

fn current(store: &PushStore, caller: &Caller, kind: ResourceKind, expected: &Expected) -> Result<StoredResource, Refusal> {
    let resource = store.resource(&caller.feed, kind, &expected.id)?.ok_or_else(Refusal::not_found)?;
    match &expected.version {
        Some(version) if !names(version, &meta(caller, &resource).etag()) => {
            Err(Refusal::status(412, "the resource has changed since: read it again"))
        }
        _ => Ok(resource),
    }
}

/// Stores what differs. A request that changes nothing leaves version and lastModified alone.
fn save(
    store: &PushStore,
    caller: &Caller,
    resource: &mut StoredResource,
    mut body: Map<String, Value>,
    has_members: bool,
) -> Result<(), Refusal> {
    let members = take_members(&mut body)?;
    check_unique(store, caller, resource, &body)?;
    let is_updated = store.update(&caller.feed, resource, body, &caller.token)?;
    if has_members && resource.kind == ResourceKind::Group && store.set_members(resource, &members, &caller.token)? && !is_updated
    {
        store.touch(resource)?;
    }
    Ok(())
}

fn answer(store: &PushStore, caller: &Caller, resource: &StoredResource, projection: &Projection) -> Result<Answer, Refusal> {
    let meta = meta(caller, resource);
    Ok(Answer::ok(shown(store, caller, resource, projection)?).location(meta.location(resource.kind)).etag(meta.etag()))
}

/// Two live resources of a feed share neither name nor externalId: the second one would be the same person again.
fn check_unique(store: &PushStore, caller: &Caller, resource: &StoredResource, body: &Map<String, Value>) -> Result<(), Refusal> {
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let name = resource.kind.name_attribute();
    let taken = |attribute: &str| {
        let detail = format!("another {} has this {attribute}", resource.kind.name().to_lowercase());
        Refusal::from(ScimError::new(ErrorKind::Uniqueness, detail))
    };
    let holder = |lookup: Lookup<'_>| store.holder(&caller.feed, resource.kind, &lookup, &resource.id);
    if holder(Lookup::Name(text(name)))?.is_some() {
        return Err(taken(name));
    }
    let external = text("externalId");
    if !external.is_empty() && holder(Lookup::ExternalId(external))?.is_some() {
        return Err(taken("externalId"));
    }
    Ok(())
}

fn note_ignored(kind: ResourceKind, names: &[String]) {
    if !names.is_empty() {
        tracing::warn!("attributes that no schema of a {} has were left out: {}", kind.name(), names.join(", "));
    }
}

/// The members of a body, which are stored in rows of their own. One without an id cannot be stored, and is refused.
fn take_members(body: &mut Map<String, Value>) -> Result<Vec<Value>, Refusal> {
    match body.remove("members") {
        Some(Value::Array(members)) if members.iter().all(|member| member["value"].is_string()) => Ok(members),
        Some(_) => Err(ScimError::new(ErrorKind::InvalidValue, "a member needs `value`, the id of a resource").into()),
        None => Ok(Vec::new()),
    }
}

fn with_members(store: &PushStore, resource: &StoredResource) -> Result<Map<String, Value>, Refusal> {
    let mut body = resource.body.clone();
    if resource.kind == ResourceKind::Group {
        let members = store.members(resource)?;
        if !members.is_empty() {
            body.insert("members".to_owned(), Value::Array(members));
        }
    }
    Ok(body)
}

fn meta(caller: &Caller, resource: &StoredResource) -> Meta {
    Meta {
        id: resource.id.clone(),
        created: resource.created.clone(),
        modified: resource.modified.clone(),
        version: resource.version,
        base: caller.base.clone(),
    }
}

/// The resource as it is answered, with the attributes that are asked for.
pub(super) fn shown(
    store: &PushStore,
    caller: &Caller,
    resource: &StoredResource,
    projection: &Projection,
) -> Result<Value, Refusal> {
    Ok(Value::Object(projection.of(whole(store, caller, resource, |name| projection.wants(name))?)))
}

/// The resource with those of its members and groups that are wanted: they are in rows of their own.
pub(super) fn whole(
    store: &PushStore,
    caller: &Caller,
    resource: &StoredResource,
    wants: impl Fn(&str) -> bool,
) -> Result<Map<String, Value>, Refusal> {
    let mut whole = answered(resource.kind, &resource.body, &meta(caller, resource));
    let (name, values) = match resource.kind {
        ResourceKind::User if wants("groups") => ("groups", store.groups_attribute(&caller.feed, &resource.id, &caller.base)?),
        ResourceKind::Group if wants("members") => {
            let mut members = store.members(resource)?;
            for member in &mut members {
                link(member, &caller.base);
            }
            ("members", members)
        }
        _ => return Ok(whole),
    };
    if !values.is_empty() {
        whole.insert(name.to_owned(), Value::Array(values));
    }
    Ok(whole)
}

fn link(member: &mut Value, base: &str) {
    let endpoint = if member["type"] == "Group" { "Groups" } else { "Users" };
    if let Some(id) = member["value"].as_str() {
        member["$ref"] = json!(format!("{base}/{endpoint}/{id}"));
    }
}
