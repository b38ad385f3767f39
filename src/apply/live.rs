//! The real tenant: a reader for look-ups, and a writer.

use async_trait::async_trait;

use super::{Finder, Found, RequestCounts, Tenant};
use crate::directory::{Attribute, ObjectId, Upn, Value};
use crate::graph::{Answer, Operation, Reader, Writer};

/// A tenant behind Graph. A dry run never makes one, since it has no writer.
pub struct Live<'a> {
    /// Writes.
    pub writer: &'a Writer,
    /// Looks up.
    pub reader: &'a Reader,
}

#[async_trait]
impl Finder for Reader {
    async fn find(&self, upn: &Upn, key: Option<(Attribute, &str)>) -> Result<Found, String> {
        let user = self.find_user(upn, key).await.map_err(|error| error.to_string())?;
        Ok(match (user, key) {
            (None, _) => Found::Nobody,
            (Some(user), Some((attribute, value))) => {
                let text = user.value(attribute);
                let ours = text.as_ref().and_then(Value::as_text).is_some_and(|text| text.eq_ignore_ascii_case(value));
                if ours { Found::Ours(user.id) } else { Found::Other }
            }
            (Some(user), None) if user.upn == *upn => Found::Ours(user.id),
            (Some(_), None) => Found::Other,
        })
    }

    async fn find_group(&self, unique_name: &str) -> Result<Option<ObjectId>, String> {
        let group = Reader::find_group(self, unique_name).await.map_err(|error| error.to_string())?;
        Ok(group.map(|group| group.id))
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
}

#[async_trait]
impl Tenant for Live<'_> {
    async fn send(&self, operations: &[Operation]) -> Vec<Answer> {
        self.writer.send(operations).await
    }

    fn requests(&self) -> RequestCounts {
        let counted = self.writer.client().requests();
        RequestCounts {
            sent: counted.sent,
            batches: counted.batches,
            writes: counted.writes,
            resource_units: counted.resource_units,
            throttled: counted.throttled,
            retried: counted.retried,
        }
    }
}
