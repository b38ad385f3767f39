//! Accounts that were created recently and that a lagging replica does not list yet.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::Reader;
use super::parse;
use super::queries::{ReadRequest, attributes, one_user};
use crate::directory::{ObjectId, Snapshot};
use crate::graph::http::error::GraphError;
use crate::target::SnapshotScope;

/// How long after it was made an account may be unknown to a replica that is asked for it by its id.
const YOUNG: SignedDuration = SignedDuration::from_secs(15);

impl Reader {
    /// Adds recently created users that a lagging replica does not list, so that they are not created or restored twice.
    ///
    /// Each such user is looked up by id. A user older than the replication bound that is in no list has been deleted since.
    ///
    /// # Errors
    /// Where a look-up itself fails.
    pub async fn complete(
        &self,
        snapshot: &mut Snapshot,
        wanted: &SnapshotScope,
        made: &BTreeMap<ObjectId, Timestamp>,
    ) -> Result<(), GraphError> {
        let attributes = attributes(&wanted.attributes);
        let since = Instant::now();
        let missing = made.iter().filter(|(id, at)| !snapshot.users.contains_key(id) && !was_deleted_since(snapshot, id, **at));
        let mut missing: Vec<&ObjectId> = missing.map(|(id, _)| id).collect();
        while !missing.is_empty() {
            tracing::info!(accounts = missing.len(), "recently created accounts are in no list yet: they are looked up");
            let asks: Vec<ReadRequest> = missing.iter().map(|id| one_user(id, wanted, &attributes)).collect();
            let mut absent = Vec::new();
            for ((id, ask), reply) in missing.into_iter().zip(&asks).zip(self.first_pages(&asks).await?) {
                if reply.is_absent() {
                    // A moment ahead of our clock is now.
                    let is_young = Timestamp::now().duration_since(made[id]) < YOUNG;
                    absent.extend(is_young.then_some(id));
                    continue;
                }
                if !reply.is_success() {
                    return Err(ask.refused(&reply));
                }
                let user = reply.json().ok_or_else(|| ask.answer("the answer is not JSON".into()))?;
                let user = parse::user(&user, &attributes).map_err(|problem| ask.answer(problem))?;
                snapshot.deleted.remove(id);
                snapshot.users.insert(&user);
            }
            missing = if since.elapsed() < YOUNG.unsigned_abs() { absent } else { Vec::new() };
            if !missing.is_empty() {
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
        }
        Ok(())
    }
}

/// Whether the recycle bin shows that the account was deleted after its creation. A lagging replica would still show an earlier
/// deletion.
fn was_deleted_since(snapshot: &Snapshot, id: &ObjectId, made: Timestamp) -> bool {
    let deleted_at = || snapshot.deleted.get(id)?.deleted_at.as_ref()?.parse::<Timestamp>().ok();
    deleted_at().is_some_and(|deleted_at| deleted_at > made)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{DeletedUser, TenantId, Upn, User};
    use crate::graph::tests::stand_in::{fly, respond, serve};

    struct Looked {
        found: bool,
        in_bin: bool,
        asked: usize,
        took: Duration,
    }

    /// An account that was made so many seconds ago and that is shown from a certain look-up on; and when it was put into the bin.
    fn look_up(seconds_ago: i64, shown_at: usize, in_bin: Option<i64>) -> Looked {
        fly(async move {
            let (client, log) = serve(move |_, _, before| {
                let found = serde_json::json!({ "id": "a", "userPrincipalName": "a@contoso.com" });
                let absent = serde_json::json!({ "error": { "code": "Request_ResourceNotFound", "message": "No." } });
                let (status, body) = if before + 1 >= shown_at { (200, found) } else { (404, absent) };
                let part = serde_json::json!({ "id": "0", "status": status, "body": body });
                respond(200, &[], &serde_json::json!({ "responses": [part] }))
            })
            .await;
            let id = ObjectId::new("a").unwrap();
            let mut snapshot = Snapshot::empty(TenantId("t".into()), "contoso.com");
            if let Some(seconds_ago) = in_bin {
                let user = User::new(id.clone(), Upn::new("a@contoso.com"));
                let deleted_at = Some((Timestamp::now() - SignedDuration::from_secs(seconds_ago)).to_string());
                snapshot.deleted.insert(id.clone(), DeletedUser { user, deleted_at });
            }
            let made = BTreeMap::from([(id.clone(), Timestamp::now() - SignedDuration::from_secs(seconds_ago))]);
            let started = Instant::now();
            Reader::new(client).complete(&mut snapshot, &SnapshotScope::default(), &made).await.unwrap();
            let asked = log.lock().unwrap().len();
            let (found, in_bin) = (snapshot.users.contains_key(&id), snapshot.deleted.contains_key(&id));
            Looked { found, in_bin, asked, took: started.elapsed() }
        })
    }

    const NEVER: usize = usize::MAX;

    #[test]
    fn who_was_made_moments_ago_is_waited_for() {
        let looked = look_up(0, 3, None);
        assert_eq!((looked.found, looked.asked), (true, 3));
        let looked = look_up(0, NEVER, None);
        assert!(!looked.found && looked.took >= YOUNG.unsigned_abs(), "{:?}", looked.took);
        assert!((4..=9).contains(&looked.asked), "{}", looked.asked);
    }

    #[test]
    fn who_was_made_ahead_of_our_clock_was_made_now() {
        let looked = look_up(-3_600, 3, None);
        assert_eq!((looked.found, looked.asked), (true, 3));
    }

    #[test]
    fn who_is_old_enough_and_nowhere_is_looked_up_once() {
        let looked = look_up(3_600, 2, None);
        assert_eq!((looked.found, looked.asked), (false, 1));
        assert!(look_up(3_600, 1, None).found);
    }

    #[test]
    fn who_was_brought_back_is_not_left_in_the_recycle_bin_of_a_replica() {
        let looked = look_up(3_600, 1, Some(7_200));
        assert_eq!((looked.found, looked.in_bin), (true, false));
        let looked = look_up(3_600, NEVER, Some(7_200));
        assert_eq!((looked.found, looked.in_bin, looked.asked), (false, true, 1), "it has been deleted since");
    }

    #[test]
    fn who_was_deleted_since_is_not_brought_back_by_a_replica_behind() {
        let looked = look_up(3_600, 1, Some(60));
        assert_eq!((looked.found, looked.in_bin, looked.asked), (false, true, 0));
    }
}
