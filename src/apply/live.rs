//! The real tenant: a reader for look-ups, and a writer.

use async_trait::async_trait;

use super::{Finder, Found, RequestCounts, Tenant};
use crate::directory::{Attribute, Kind, ObjectId, Upn, User, Value};
use crate::graph::{Answer, Operation, Reader, Requests, Writer};

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
        Ok(user.map_or(Found::Nobody, |user| whose(&user, key)))
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
    async fn send(&self, operations: Vec<Operation>) -> Vec<Answer> {
        self.writer.send(operations).await
    }

    fn requests(&self) -> RequestCounts {
        self.writer.client().requests().into()
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
