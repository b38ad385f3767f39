//! Accounts that were made a moment ago and that no list shows yet.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::asks::{Ask, Wanted, attributes, one_user};
use super::error::GraphError;
use super::parse;
use super::reader::Reader;
use crate::directory::{ObjectId, Snapshot};

/// How long after it was made an account may be unknown to a replica that is asked for it by its id.
const YOUNG: Duration = Duration::from_secs(15);

impl Reader {
    /// Completes a snapshot by accounts that are known to have been made lately, and that a replica behind did not tell: whoever is taken for
    /// absent would be made a second time. Who is old enough and nowhere has been deleted since.
    ///
    /// # Errors
    /// Where a look-up itself fails.
    pub async fn complete(
        &self,
        snapshot: &mut Snapshot,
        wanted: &Wanted,
        made: &BTreeMap<ObjectId, Timestamp>,
    ) -> Result<(), GraphError> {
        let attributes = attributes(&wanted.attributes);
        let since = Instant::now();
        let told = |id: &&ObjectId| snapshot.users.contains_key(id) || snapshot.deleted.contains_key(*id);
        let mut missing: Vec<&ObjectId> = made.keys().filter(|id| !told(id)).collect();
        while !missing.is_empty() {
            tracing::info!(accounts = missing.len(), "accounts that were made lately are in no list yet: they are looked up");
            let asks: Vec<Ask> = missing.iter().map(|id| one_user(id, wanted, &attributes)).collect();
            let mut absent = Vec::new();
            for ((id, ask), reply) in missing.into_iter().zip(&asks).zip(self.first_pages(&asks).await?) {
                if reply.is_absent() {
                    let age = Timestamp::now().duration_since(made[id]).unsigned_abs();
                    absent.extend((age < YOUNG).then_some(id));
                    continue;
                }
                if !reply.is_success() {
                    return Err(ask.refused(&reply));
                }
                let user = reply.json().ok_or_else(|| ask.answer("the answer is no JSON".into()))?;
                let user = parse::user(&user, &attributes).map_err(|problem| ask.answer(problem))?;
                snapshot.users.insert(&user);
            }
            missing = if since.elapsed() < YOUNG { absent } else { Vec::new() };
            if !missing.is_empty() {
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
        }
        Ok(())
    }
}
