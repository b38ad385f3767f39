//! Writes to a provider: one operation at a time, each answer judged.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Map, Value as Json};

use super::answers::{exchange, judged, unread, verdict};
use super::client::{Client, Request};
use super::create;
use super::patch_operations::{self as operations, patch_body};
use super::profile::UpdateMethod;
use super::read_back::ReadBack;
use super::reader::ScimReader;
use super::verdict::Verdict;
use crate::directory::{Attribute, ObjectId, Snapshot, Upn, Value, roles};
use crate::scim::{Patch, ResourceKind};
use crate::target::{
    Answer, Capabilities, Found, Operation, Outcome, Owner, Refusal, RequestCounts, SnapshotCache, SnapshotKind, SnapshotScope,
    TargetError, TargetReader, TargetWriter, Transcript,
};

/// A provider that can be written. A dry run never has one.
pub struct ScimTarget {
    reader: ScimReader,
    capabilities: Capabilities,
    put_users: AtomicBool,
    put_groups: AtomicBool,
    read_back: ReadBack,
}

/// What a provider can do, as far as its profile says.
pub fn capabilities(profile: &super::Profile) -> Capabilities {
    Capabilities {
        batch: 1,
        members_per_write: profile.members_per_write,
        // SCIM brings no deleted user back.
        soft_delete: false,
        sessions: false,
        licences: false,
        access_pass: false,
        asynchronous: false,
        passwords: false,
        verified_domains: false,
        nicknames: false,
        permissions: false,
        snapshot: SnapshotKind::Whole,
    }
}

/// The change of one resource.
type Operations<'a> = &'a (dyn Fn(&Map<String, Json>) -> Vec<Json> + Sync);

impl ScimTarget {
    /// A target over this connection.
    pub fn new(client: Arc<Client>) -> Self {
        let reader = ScimReader::new(client);
        let capabilities = capabilities(reader.client.profile());
        let puts = reader.client.profile().update == UpdateMethod::Put;
        Self {
            reader,
            capabilities,
            put_users: AtomicBool::new(puts),
            put_groups: AtomicBool::new(puts),
            read_back: ReadBack::default(),
        }
    }

    fn client(&self) -> &Client {
        &self.reader.client
    }

    async fn answer(&self, operation: &Operation) -> Answer {
        let (user, group) = (ResourceKind::User, ResourceKind::Group);
        match operation {
            Operation::CreateUser { attributes, .. } => create::user(&self.reader, attributes).await,
            Operation::UpdateUser { id, edits } => {
                let needs = operations::needs_current(edits, &self.reader.translation);
                let make = |current: &Map<String, Json>| operations::of_edits(edits, &self.reader.translation, current);
                let answer = self.change(user, id, needs, &make, operation).await;
                self.confirm_disabled(id, edits, answer).await
            }
            Operation::SetManager { user: id, manager } => {
                let manager = manager.to_string();
                self.change(user, id, false, &|_| operations::of_manager(Some(&manager)), operation).await
            }
            Operation::ClearManager { user: id } => {
                self.change(user, id, false, &|_| operations::of_manager(None), operation).await
            }
            Operation::DeleteUser { id } => self.delete(id, operation).await,
            Operation::CreateGroup { unique_name, name, .. } => create::group(&self.reader, unique_name, name).await,
            Operation::UpdateGroup { id, name } => {
                let replace = serde_json::json!({ "op": "replace", "path": "displayName", "value": name });
                self.change(group, id, false, &|_| vec![replace.clone()], operation).await
            }
            Operation::AddMembers { group: id, members } => {
                let texts: Vec<String> = members.iter().map(ToString::to_string).collect();
                let make = |_: &Map<String, Json>| operations::of_new_members(texts.iter().map(String::as_str));
                let answer = self.change(group, id, false, &make, operation).await;
                self.confirm_members(id, members, true, answer).await
            }
            Operation::RemoveMember { group: id, member } => {
                let text = member.to_string();
                let answer = self.change(group, id, false, &|_| operations::of_former_member(&text), operation).await;
                self.confirm_members(id, std::slice::from_ref(member), false, answer).await
            }
            Operation::SetPassword { .. }
            | Operation::RevokeSessions { .. }
            | Operation::RemoveLicenses { .. }
            | Operation::RestoreUser { .. }
            | Operation::PutUser { .. }
            | Operation::CreateTap { .. } => {
                let text = format!("a SCIM provider cannot {}", operation.name());
                Answer::of(Outcome::Refused(Refusal::Other), Transcript::ours("unsupported", text))
            }
        }
    }

    /// Changes one resource: by PATCH, or by PUT of the whole resource where the provider has no PATCH.
    async fn change(&self, kind: ResourceKind, id: &ObjectId, needs: bool, make: Operations<'_>, of: &Operation) -> Answer {
        let puts = self.puts(kind);
        if puts.load(Ordering::Relaxed) {
            return self.put(kind, id, make, of).await;
        }
        let current = match self.current(kind, id, needs).await {
            Ok(current) => current,
            Err(answer) => return answer,
        };
        let mut changes = make(&current);
        if changes.is_empty() {
            return Answer::of(Outcome::Done, Transcript::default());
        }
        let mut is_rebuilt = needs;
        loop {
            let (what, url) = (of.name(), self.resource_url(kind, id));
            let body = patch_body(&changes);
            let reply = match exchange(self.client(), Request { what, method: Method::PATCH, url, body: Some(&body) }).await {
                Ok(reply) => reply,
                Err(answer) => return answer,
            };
            if verdict(&reply, true) == Verdict::NoMethod {
                tracing::info!(what, "the provider has no PATCH: resources are changed by PUT from here on");
                puts.store(true, Ordering::Relaxed);
                return self.put(kind, id, make, of).await;
            }
            if reply.scim_type() == Some("noTarget") && !is_rebuilt {
                // An element is not there that should be: the operations are made anew from what is.
                is_rebuilt = true;
                match self.current(kind, id, true).await {
                    Ok(current) => changes = make(&current),
                    Err(answer) => return answer,
                }
                continue;
            }
            return judged(&reply, true, of, &self.reader.translation);
        }
    }

    /// Reads the resource, applies the change here, and sends the whole. Members are stated, also where there are none.
    async fn put(&self, kind: ResourceKind, id: &ObjectId, make: Operations<'_>, of: &Operation) -> Answer {
        let current = match self.current(kind, id, true).await {
            Ok(current) => current,
            Err(answer) => return answer,
        };
        let patched = Patch::parse(patch_body(&make(&current))).and_then(|patch| patch.apply(kind, &current));
        let mut whole = match patched {
            Ok(whole) => whole,
            Err(fault) => return Answer::of(Outcome::Refused(Refusal::Invalid), Transcript::ours("unfit", fault.to_string())),
        };
        for derived in ["meta", "groups"] {
            whole.remove(derived);
        }
        if kind == ResourceKind::Group {
            whole.entry("members").or_insert_with(|| Json::Array(Vec::new()));
        }
        whole.insert("schemas".to_owned(), operations::schemas(kind, &whole));
        whole.insert("id".to_owned(), id.to_string().into());
        let (what, url, body) = (of.name(), self.resource_url(kind, id), Json::Object(whole));
        match exchange(self.client(), Request { what, method: Method::PUT, url, body: Some(&body) }).await {
            Ok(reply) => judged(&reply, true, of, &self.reader.translation),
            Err(answer) => answer,
        }
    }

    async fn delete(&self, id: &ObjectId, of: &Operation) -> Answer {
        let (what, url) = (of.name(), self.resource_url(ResourceKind::User, id));
        match exchange(self.client(), Request { what, method: Method::DELETE, url, body: None }).await {
            Ok(reply) => judged(&reply, true, of, &self.reader.translation),
            Err(answer) => answer,
        }
    }

    /// The resource as it is, where it is needed.
    async fn current(&self, kind: ResourceKind, id: &ObjectId, needs: bool) -> Result<Map<String, Json>, Answer> {
        if !needs {
            return Ok(Map::new());
        }
        match self.reader.get(kind, id).await {
            Ok(Some(resource)) => Ok(resource),
            Ok(None) => {
                let transcript =
                    Transcript { status: Some(404), ..Transcript::ours("absent", "the provider has no such resource") };
                Err(Answer::of(Outcome::Refused(Refusal::Absent), transcript))
            }
            Err(error) => Err(unread(&error)),
        }
    }

    fn puts(&self, kind: ResourceKind) -> &AtomicBool {
        match kind {
            ResourceKind::User => &self.put_users,
            ResourceKind::Group => &self.put_groups,
        }
    }

    fn resource_url(&self, kind: ResourceKind, id: &ObjectId) -> url::Url {
        self.client().url.below(&format!("{}/{id}", kind.endpoint()), &[])
    }

    /// A provider that answers a success and applies nothing would keep a leaver: the account is read back.
    async fn confirm_disabled(&self, id: &ObjectId, edits: &operations::Edits, answer: Answer) -> Answer {
        let is_disabling = |(attribute, value): (&Attribute, &Option<Value>)| {
            attribute.name == roles::ACCOUNT_ENABLED && *value == Some(Value::Flag(false))
        };
        if !answer.is_done() || !edits.iter().any(is_disabling) {
            return answer;
        }
        let holds = async |target: &Self| match target.reader.get(ResourceKind::User, id).await {
            // Some providers do not show a deactivated user.
            Ok(None) | Err(_) => true,
            Ok(Some(resource)) => !is_active(&resource),
        };
        if self.read_back.until(|| holds(self)).await { answer } else { not_applied(answer, "the account is still active") }
    }

    /// The first removal of members and the first addition of a run are read back.
    async fn confirm_members(&self, group: &ObjectId, members: &[ObjectId], added: bool, answer: Answer) -> Answer {
        if !answer.is_done() || !self.read_back.is_first(added) {
            return answer;
        }
        let holds = async |target: &Self| match target.reader.members_of(group).await {
            Ok(now) => members.iter().all(|member| now.contains(member) == added),
            Err(_) => true,
        };
        if self.read_back.until(|| holds(self)).await { answer } else { not_applied(answer, "the members are as before") }
    }
}

fn is_active(resource: &Map<String, Json>) -> bool {
    match resource.get("active") {
        Some(Json::Bool(flag)) => *flag,
        Some(Json::String(text)) => super::translation::flag(text) != Some(false),
        _ => false,
    }
}

fn not_applied(answer: Answer, what: &str) -> Answer {
    let message = format!("the provider answered a success and did not apply the change: {what}");
    let transcript = Transcript { code: Some("not-applied".to_owned()), message: Some(message), ..answer.transcript };
    Answer::of(Outcome::Refused(Refusal::Other), transcript)
}

#[async_trait]
impl TargetReader for ScimTarget {
    async fn snapshot(&self, scope: &SnapshotScope, cache: &dyn SnapshotCache) -> Result<Snapshot, TargetError> {
        self.reader.snapshot(scope, cache).await
    }

    async fn complete(
        &self,
        snapshot: &mut Snapshot,
        scope: &SnapshotScope,
        created: &std::collections::BTreeMap<ObjectId, jiff::Timestamp>,
    ) -> Result<(), TargetError> {
        self.reader.complete(snapshot, scope, created).await
    }

    async fn find_user(&self, name: &Upn, key: Option<(Attribute, &str)>) -> Result<Found, TargetError> {
        self.reader.find_user(name, key).await
    }

    async fn find_group(&self, unique_name: &str) -> Result<Option<ObjectId>, TargetError> {
        self.reader.find_group(unique_name).await
    }

    async fn find_owner(&self, address: &str) -> Option<Owner> {
        self.reader.find_owner(address).await
    }
}

#[async_trait]
impl TargetWriter for ScimTarget {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn send(&self, operations: Vec<Operation>) -> Vec<Answer> {
        let mut answers = Vec::with_capacity(operations.len());
        for operation in &operations {
            answers.push(self.answer(operation).await);
        }
        answers
    }

    fn requests(&self) -> RequestCounts {
        self.client().requests()
    }

    fn stop(&self) {
        self.client().stop();
    }
}
