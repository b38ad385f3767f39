//! The real tenant: a reader for look-ups, and a writer.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::{Finder, Found, Owner, OwnerKind, RequestCounts, Tenant};
use crate::directory::{Attribute, Kind, ObjectId, Upn, User, Value};
use crate::graph::{Answer, Operation, QuotaLevel, Reader, Requests, Writer};

/// How often the quota's level is kept while the run goes on.
const KEEP_LEVEL: Duration = Duration::from_secs(1);

/// A tenant behind Graph. A dry run never makes one, since it has no writer.
pub struct Live<'a> {
    writer: &'a Writer,
    reader: &'a Reader,
    level: &'a dyn QuotaLevel,
    level_kept: Mutex<Instant>,
}

impl<'a> Live<'a> {
    /// A tenant that `writer` writes to and `reader` looks people up in. The quota's level is kept now and then, so that a run
    /// after one that was killed does not begin with writes that are no longer there.
    pub fn new(writer: &'a Writer, reader: &'a Reader, level: &'a dyn QuotaLevel) -> Self {
        writer.client().remember(level);
        Self { writer, reader, level, level_kept: Mutex::new(Instant::now()) }
    }

    /// A wait that was asked for is kept at once: a run that is killed right then must not let the next one ask too early.
    fn keep_level(&self, throttled: bool) {
        let mut kept = self.level_kept.lock().unwrap_or_else(PoisonError::into_inner);
        if throttled || kept.elapsed() >= KEEP_LEVEL {
            *kept = Instant::now();
            self.writer.client().remember(self.level);
        }
    }
}

#[async_trait]
impl Finder for Reader {
    async fn find(&self, upn: &Upn, key: Option<(Attribute, &str)>) -> Result<Found, String> {
        let user = self.find_user(upn, key).await.map_err(|error| error.to_string())?;
        Ok(user.map_or(Found::Nobody, |user| whose(&user, key)))
    }

    async fn find_group(&self, unique_name: &str) -> Result<Option<ObjectId>, String> {
        let group = Reader::find_group(self, unique_name).await.map_err(|error| error.to_string())?;
        Ok(group.map(|group| group.id))
    }

    async fn owner(&self, address: &str) -> Option<Owner> {
        let found = Reader::owner(self, address).await.inspect_err(|error| tracing::info!(%error, "the owner is not known"));
        let (id, set, name) = found.ok().flatten()?;
        Some(Owner { id, kind: if set == "group" { OwnerKind::Group } else { OwnerKind::User }, name })
    }
}

#[async_trait]
impl Finder for Live<'_> {
    async fn find(&self, upn: &Upn, key: Option<(Attribute, &str)>) -> Result<Found, String> {
        let found = Finder::find(self.reader, upn, key).await?;
        if let Found::Ours(id) = &found {
            self.writer.born(id);
        }
        Ok(found)
    }

    async fn find_group(&self, unique_name: &str) -> Result<Option<ObjectId>, String> {
        Finder::find_group(self.reader, unique_name).await
    }

    async fn owner(&self, address: &str) -> Option<Owner> {
        Finder::owner(self.reader, address).await
    }
}

#[async_trait]
impl Tenant for Live<'_> {
    async fn send(&self, operations: Vec<Operation>) -> Vec<Answer> {
        let answers = self.writer.send(operations).await;
        let throttled = answers.iter().any(|answer| answer.status == Some(429));
        self.keep_level(throttled);
        answers
    }

    fn requests(&self) -> RequestCounts {
        self.writer.client().requests().into()
    }

    fn stop(&self) {
        self.writer.client().stop();
    }
}

impl From<Requests> for RequestCounts {
    fn from(counted: Requests) -> Self {
        let Requests { sent, batches, writes, resource_units, throttled, retried } = counted;
        Self { sent, batches, writes, resource_units, throttled, retried }
    }
}

/// Whether the account is the person's. Without a key to compare, a name alone proves nothing: it may be a namesake's, made a moment ago.
fn whose(user: &User, key: Option<(Attribute, &str)>) -> Found {
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
        assert_eq!(whose(&user, Some((attribute("employeeId"), "A1"))), ours);
        assert_eq!(whose(&user, Some((attribute("employeeId"), "a1"))), Found::Other, "HR keys compare exactly");
        assert_eq!(whose(&user, Some((attribute("mail"), "ann@contoso.com"))), ours, "addresses do not");
        assert_eq!(whose(&user, None), Found::Other, "the name alone proves nothing");
    }
}
