//! The port over Microsoft Graph: a reader alone, and a target that also writes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::time::Instant;

use super::http::batch::MOST;
use super::http::client::Client;
use super::http::error::GraphError;
use super::read::Reader;
use super::write::Writer;
use crate::directory::{Attribute, Kind, ObjectId, Snapshot, Upn, User, Value};
use crate::record::lock;
use crate::target::{
    Answer, Capabilities, Found, Operation, Owner, OwnerKind, QuotaLevel, RequestCounts, SnapshotCache, SnapshotKind,
    SnapshotScope, TargetError, TargetErrorKind, TargetReader, TargetWriter,
};

/// What Graph can do.
pub const CAPABILITIES: Capabilities = Capabilities {
    batch: MOST,
    // One PATCH of a group takes so many.
    members_per_write: 20,
    soft_delete: true,
    sessions: true,
    licences: true,
    access_pass: true,
    passwords: true,
    verified_domains: true,
    nicknames: true,
    permissions: true,
    asynchronous: false,
    snapshot: SnapshotKind::Whole,
};
/// How often the level of the quota is stored while the run goes on.
const STORE_LEVEL: Duration = Duration::from_secs(1);

/// A tenant behind Graph that can be written. A dry run never has one, since it has no writer.
pub struct GraphTarget<'a> {
    writer: Writer,
    reader: Reader,
    level: &'a dyn QuotaLevel,
    stored_at: Mutex<Instant>,
}

impl<'a> GraphTarget<'a> {
    /// A target over this connection.
    ///
    /// The level of the quota is stored regularly, so that the run after a killed one does not count on writes that are used up.
    pub fn new(client: Arc<Client>, level: &'a dyn QuotaLevel) -> Self {
        client.remember(level);
        let reader = Reader::new(Arc::clone(&client));
        Self { writer: Writer::new(client), reader, level, stored_at: Mutex::new(Instant::now()) }
    }

    /// A wait that Graph asked for is stored at once: if the run is killed right then, the next one must not ask too early.
    fn store_level(&self, throttled: bool) {
        let mut stored = lock(&self.stored_at);
        if throttled || stored.elapsed() >= STORE_LEVEL {
            *stored = Instant::now();
            self.writer.client().remember(self.level);
        }
    }
}

impl From<GraphError> for TargetError {
    fn from(error: GraphError) -> Self {
        let kind = match &error {
            GraphError::Credential(_) => TargetErrorKind::Credential,
            _ => TargetErrorKind::Target,
        };
        Self::new(kind, error.facts(), error)
    }
}

#[async_trait]
impl TargetReader for Reader {
    async fn snapshot(&self, scope: &SnapshotScope, cache: &dyn SnapshotCache) -> Result<Snapshot, TargetError> {
        Ok(self.current(scope, cache).await?)
    }

    async fn complete(
        &self,
        snapshot: &mut Snapshot,
        scope: &SnapshotScope,
        created: &BTreeMap<ObjectId, Timestamp>,
    ) -> Result<(), TargetError> {
        Ok(Self::complete(self, snapshot, scope, created).await?)
    }

    async fn find_user(&self, name: &Upn, key: Option<(Attribute, &str)>) -> Result<Found, TargetError> {
        let user = Self::find_user(self, name, key).await?;
        Ok(user.map_or(Found::Nobody, |user| owner_of_key(&user, key)))
    }

    async fn find_group(&self, unique_name: &str) -> Result<Option<ObjectId>, TargetError> {
        Ok(Self::find_group(self, unique_name).await?.map(|group| group.id))
    }

    async fn find_owner(&self, address: &str) -> Option<Owner> {
        let found = self.owner(address).await.inspect_err(|error| tracing::info!(%error, "the owner cannot be looked up"));
        let (id, set, name) = found.ok().flatten()?;
        Some(Owner { id, kind: if set == "group" { OwnerKind::Group } else { OwnerKind::User }, name })
    }
}

#[async_trait]
impl TargetReader for GraphTarget<'_> {
    async fn snapshot(&self, scope: &SnapshotScope, cache: &dyn SnapshotCache) -> Result<Snapshot, TargetError> {
        TargetReader::snapshot(&self.reader, scope, cache).await
    }

    async fn complete(
        &self,
        snapshot: &mut Snapshot,
        scope: &SnapshotScope,
        created: &BTreeMap<ObjectId, Timestamp>,
    ) -> Result<(), TargetError> {
        TargetReader::complete(&self.reader, snapshot, scope, created).await
    }

    async fn find_user(&self, name: &Upn, key: Option<(Attribute, &str)>) -> Result<Found, TargetError> {
        let found = TargetReader::find_user(&self.reader, name, key).await?;
        if let Found::Ours(id) = &found {
            self.writer.remember_recent(id);
        }
        Ok(found)
    }

    async fn find_group(&self, unique_name: &str) -> Result<Option<ObjectId>, TargetError> {
        TargetReader::find_group(&self.reader, unique_name).await
    }

    async fn find_owner(&self, address: &str) -> Option<Owner> {
        self.reader.find_owner(address).await
    }
}

#[async_trait]
impl TargetWriter for GraphTarget<'_> {
    fn capabilities(&self) -> &Capabilities {
        &CAPABILITIES
    }

    async fn send(&self, operations: Vec<Operation>) -> Vec<Answer> {
        let answers = self.writer.send(operations).await;
        self.store_level(answers.iter().any(Answer::is_throttled));
        answers
    }

    fn requests(&self) -> RequestCounts {
        self.writer.client().requests()
    }

    fn stop(&self) {
        self.writer.client().stop();
    }
}

/// Whether the account has our key. Without a key to compare, a name alone proves nothing: the account may belong to a namesake.
fn owner_of_key(user: &User, key: Option<(Attribute, &str)>) -> Found {
    let Some((attribute, wanted)) = key else { return Found::Other };
    let value = user.value(attribute);
    let same =
        |text: &str| if attribute.kind == Kind::Name { text.to_lowercase() == wanted.to_lowercase() } else { text == wanted };
    if value.as_ref().and_then(Value::as_text).is_some_and(same) { Found::Ours(user.id.clone()) } else { Found::Other }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_key_makes_an_account_ours() {
        let attribute = |name| Attribute::find(name).unwrap();
        let mut user = User::new(ObjectId::new("u1").unwrap(), Upn::new("ann@contoso.com"));
        user.attributes.insert(attribute("employeeId"), Value::text("A1"));
        user.attributes.insert(attribute("mail"), Value::text("Ann@contoso.com"));
        let ours = Found::Ours(user.id.clone());
        assert_eq!(owner_of_key(&user, Some((attribute("employeeId"), "A1"))), ours);
        assert_eq!(owner_of_key(&user, Some((attribute("employeeId"), "a1"))), Found::Other, "HR keys compare exactly");
        assert_eq!(owner_of_key(&user, Some((attribute("mail"), "ann@contoso.com"))), ours, "addresses do not");
        assert_eq!(owner_of_key(&user, None), Found::Other, "the name alone proves nothing");
    }
}
