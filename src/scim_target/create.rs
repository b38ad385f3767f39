//! Creates: each is looked up first, so that nothing is created twice.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Map, Value as Json, json};

use super::answers::{exchange, judged, unread};
use super::client::{Reply, Request};
use super::decode::object_id;
use super::patch_operations::{self as operations, Edits, patch_body, schemas};
use super::reader::ScimReader;
use crate::directory::{Attribute, ObjectId, Value, roles};
use crate::scim::{AttributePath, Patch, ResourceKind};
use crate::target::{Answer, Cause, Found, NameConflict, Operation, Outcome, Refusal, TakenName, Transcript};

/// How often a group that is in the way is looked up: for as long as a replica may lag.
const LOOK_UPS: u32 = 8;
/// The wait between two look-ups.
const LAG: Duration = Duration::from_secs(2);

/// Creates a user, unless the provider has one with its key already. Another one with its name is a conflict.
pub(super) async fn user(reader: &ScimReader, attributes: &BTreeMap<Attribute, Value>) -> Answer {
    let text = |name: &str| Attribute::find(name).and_then(|name| attributes.get(&name)?.as_text());
    let (name, key) = (text(roles::USER_PRINCIPAL_NAME).unwrap_or_default(), text(roles::EXTERNAL_ID));
    match reader.look_up(name, key).await {
        Ok(Found::Nobody) => {}
        Ok(Found::Ours(id)) => {
            return Answer { id: Some(id), ..Answer::of(Outcome::Done, Transcript::ours("existed", "it was there already")) };
        }
        Ok(Found::Other) => return taken("another account has the userName"),
        Err(error) => return unread(&error),
    }
    let edits: Edits = attributes.iter().map(|(attribute, value)| (*attribute, Some(value.clone()))).collect();
    let changes = operations::of_edits(&edits, &reader.translation, &Map::new());
    let made = Patch::parse(patch_body(&changes)).and_then(|patch| patch.apply(ResourceKind::User, &Map::new()));
    let mut body = match made {
        Ok(body) => body,
        Err(fault) => return Answer::of(Outcome::Refused(Refusal::Invalid), Transcript::ours("unfit", fault.to_string())),
    };
    body.insert("schemas".to_owned(), schemas(ResourceKind::User, &body));
    post(
        reader,
        ResourceKind::User,
        body,
        &Operation::CreateUser { attributes: attributes.clone(), password: String::new().into() },
    )
    .await
}

/// Creates a group, or finds the one that has its unique name.
pub(super) async fn group(reader: &ScimReader, unique_name: &str, name: &str) -> Answer {
    match reader.look_up_group(unique_name).await {
        Ok(None) => {}
        Ok(Some(id)) => {
            return Answer { id: Some(id), ..Answer::of(Outcome::Done, Transcript::ours("existed", "it was there already")) };
        }
        Err(error) => return unread(&error),
    }
    let mut body = Map::new();
    body.insert("displayName".to_owned(), json!(name));
    put_text(&mut body, &reader.client.profile().group_key, unique_name);
    body.insert("schemas".to_owned(), schemas(ResourceKind::Group, &body));
    let operation = Operation::CreateGroup {
        unique_name: unique_name.to_owned(),
        name: name.to_owned(),
        microsoft365: false,
        owners: Vec::new(),
    };
    let answer = post(reader, ResourceKind::Group, body, &operation).await;
    if answer.name_conflict().is_some() { group_in_the_way(reader, unique_name, name, answer).await } else { answer }
}

/// The group that has the name of a new one: ours, which a lagging replica does not show yet, or that of somebody else.
async fn group_in_the_way(reader: &ScimReader, unique_name: &str, name: &str, conflict: Answer) -> Answer {
    for _ in 0..LOOK_UPS {
        match reader.look_up_group(unique_name).await {
            Ok(Some(id)) => return Answer { outcome: Outcome::Done, id: Some(id), ..conflict },
            Ok(None) if reader.has_other_group(name, unique_name).await => break,
            Ok(None) => tokio::time::sleep(LAG).await,
            Err(error) => return unread(&error),
        }
    }
    conflict
}

async fn post(reader: &ScimReader, kind: ResourceKind, body: Map<String, Json>, operation: &Operation) -> Answer {
    let client = &reader.client;
    let (what, url, body) = (operation.name(), client.url.below(kind.endpoint(), &[]), Json::Object(body));
    let reply = match exchange(client, Request { what, method: Method::POST, url, body: Some(&body) }).await {
        Ok(reply) => reply,
        Err(answer) => return answer,
    };
    let answer = judged(&reply, false, operation, &reader.translation);
    if !answer.is_done() {
        return answer;
    }
    match new_id(reader, kind, &reply) {
        Some(id) => Answer { id: Some(id), ..answer },
        // It was created, and its id is found by a look-up.
        None => Answer { outcome: Outcome::Unknown(Cause::Failing), ..answer },
    }
}

/// The id of the new resource: in the body, else at the end of `Location`.
fn new_id(reader: &ScimReader, kind: ResourceKind, reply: &Reply) -> Option<ObjectId> {
    let in_body = reply.body.as_ref().and_then(|body| object_id(body).ok());
    in_body.or_else(|| reader.client.url.id_at(kind, reply.location.as_deref()?))
}

fn taken(message: &str) -> Answer {
    let conflict = NameConflict { names: [TakenName::SignIn].into(), owner: None };
    Answer::of(Outcome::Refused(Refusal::NameTaken(conflict)), Transcript::ours("taken", message))
}

fn put_text(body: &mut Map<String, Json>, path: &AttributePath, text: &str) {
    match &path.urn {
        Some(urn) => body.insert(urn.to_string(), json!({ &*path.name: text })),
        None => body.insert(path.name.to_string(), text.into()),
    };
}
