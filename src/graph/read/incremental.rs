//! The current tenant: the cached reading and the changes since by delta query, or a full list in case of doubt.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::Reader;
use super::delta_merge::{Merged, Round};
use super::full::learn;
use super::parse;
use super::queries::{ReadRequest, asks, groups_since, one_user, since, users_since};
use super::snapshot_cache::{CacheEntry, CacheHeader, CachedSnapshot};
use super::tenant_state::TenantState;
use crate::directory::{Attribute, ObjectId, Snapshot};
use crate::graph::http::error::GraphError;
use crate::target::{SnapshotCache, SnapshotScope};

/// The most users that are looked up one by one before a full list is the shorter way.
const LOOKED_UP: usize = 100;

/// Why delta did not lead to a snapshot.
enum Stop {
    /// Something is doubtful, which a full list settles.
    Doubt(String),
    /// A full list would fail likewise.
    Failed(GraphError),
}

impl Reader {
    /// The whole tenant as far as it is wanted, with what an earlier run kept: two HTTP requests where nothing changed, the token's
    /// included. Delta is not trusted in doubt: objects that it leaves unclear are read in full.
    ///
    /// # Errors
    /// Whatever could not be read to its end, except eligible role assignments, which the snapshot then says.
    pub async fn current(&self, wanted: &SnapshotScope, cache: &dyn SnapshotCache) -> Result<Snapshot, GraphError> {
        let shelf = CacheEntry::new(cache, wanted);
        let why = match shelf.load(Timestamp::now()) {
            Ok(kept) => match self.moved_on(wanted, &shelf, kept).await {
                Ok(snapshot) => return Ok(snapshot),
                Err(Stop::Failed(error)) => return Err(error),
                Err(Stop::Doubt(why)) => why,
            },
            Err(why) => why.to_owned(),
        };
        tracing::info!("the tenant is read in full: {why}");
        self.anew(wanted, &shelf).await
    }

    /// A full list, cached with delta tokens from before it. The first delta query returns again what changes in the meantime.
    async fn anew(&self, wanted: &SnapshotScope, shelf: &CacheEntry<'_>) -> Result<Snapshot, GraphError> {
        let listed = Timestamp::now();
        let extensions = Box::pin(self.extension_types(&wanted.attributes)).await?;
        let tokens = self.tokens(wanted, shelf).await?;
        let (tenant_state, rest) = self.whole(wanted).await?;
        match tokens {
            Ok([users, groups]) => {
                let bin = rest.deleted.keys().cloned().collect();
                let tenant = rest.tenant.clone();
                shelf.replace(
                    CacheHeader { tenant, listed, users, groups, bin, gone: BTreeSet::new(), extensions, rows: 0 },
                    &tenant_state,
                );
            }
            Err(why) => {
                tracing::info!("the next run reads the tenant in full again: {why}");
                shelf.forget();
            }
        }
        Ok(tenant_state.into_snapshot(wanted, rest))
    }

    /// Where delta of users and of groups begins; why not, where the service has none that can be used.
    async fn tokens(&self, wanted: &SnapshotScope, shelf: &CacheEntry<'_>) -> Result<Result<[String; 2], String>, GraphError> {
        let asks = [users_since(wanted, shelf.attributes()), groups_since()];
        let mut links = Vec::with_capacity(asks.len());
        for (ask, reply) in asks.iter().zip(self.first_pages(&asks).await?) {
            // A service that does not support `latest` returns everything first, which is of no use here.
            match self.each(ask, reply, |_| Ok(())).await {
                Ok(Some(link)) => links.push(link),
                Ok(None) => return Ok(Err(format!("cannot {}: the answer has no delta link", ask.what))),
                Err(error) => match stop(error) {
                    Stop::Doubt(why) => return Ok(Err(why)),
                    Stop::Failed(error) => return Err(error),
                },
            }
        }
        Ok(links.try_into().map_err(|_| String::from("there is no delta")))
    }

    /// What was kept, moved on to now by one batch of six reads.
    async fn moved_on(&self, wanted: &SnapshotScope, shelf: &CacheEntry<'_>, kept: CachedSnapshot) -> Result<Snapshot, Stop> {
        let (mut head, mut tenant_state, former) = kept.into_parts();
        learn(&head.extensions);
        let attributes = shelf.attributes();
        let mut asks = asks(wanted, attributes);
        asks[0] = since(&users_since(wanted, attributes), &head.users);
        asks[5] = since(&groups_since(), &head.groups);
        let [users, rest @ .., groups] = self.six(&asks).await.map_err(Stop::Failed)?;
        let rest = self.rest(&asks, rest, attributes).await.map_err(Stop::Failed)?;
        if rest.tenant != head.tenant {
            return Err(Stop::Doubt("it is another tenant than before".into()));
        }
        let mut round = Round::new(&mut tenant_state, attributes, wanted.all_groups(), head.listed, &head.bin);
        let end = |link: Option<String>| link.ok_or_else(|| Stop::Doubt("delta returned no delta link".into()));
        let next_users = end(self.each(&asks[0], users, |item| round.user(item)).await.map_err(stop)?)?;
        let next_groups = end(self.each(&asks[5], groups, |item| round.group(item)).await.map_err(stop)?)?;
        let merged = round.end().map_err(Stop::Doubt)?;
        self.look_up(wanted, &mut tenant_state, &merged, &head, attributes).await?;
        let read = tenant_state.read.clone();
        self.memberships(wanted, &mut tenant_state).await.map_err(Stop::Failed)?;

        let Merged { users, mut groups, .. } = merged;
        groups.extend(tenant_state.read.difference(&read).cloned());
        tracing::info!(users = users.len(), "the tenant is read by delta: {} users returned", users.len());
        (head.users, head.groups) = (next_users, next_groups);
        head.bin = rest.deleted.keys().cloned().collect();
        shelf.advance(&former, head, &tenant_state, &users, &groups);
        Ok(tenant_state.into_snapshot(wanted, rest))
    }

    /// Looks up the users that a delta query left in doubt.
    async fn look_up(
        &self,
        wanted: &SnapshotScope,
        tenant_state: &mut TenantState,
        merged: &Merged,
        head: &CacheHeader,
        attributes: &Arc<[Attribute]>,
    ) -> Result<(), Stop> {
        if merged.doubtful.len() > LOOKED_UP {
            return Err(Stop::Doubt(format!("delta returned contradicting items for {} users", merged.doubtful.len())));
        }
        let doubtful: Vec<&ObjectId> = merged.doubtful.iter().collect();
        let asks: Vec<ReadRequest> = doubtful.iter().map(|id| one_user(id, wanted, attributes)).collect();
        for (id, reply) in doubtful.into_iter().zip(self.first_pages(&asks).await.map_err(Stop::Failed)?) {
            if reply.is_absent() && merged.deleted.contains(id) {
                tenant_state.users.remove(id);
                tenant_state.gone.insert(id.clone());
                continue;
            }
            if !reply.is_success() {
                return Err(Stop::Doubt("a user that delta returned cannot be looked up".into()));
            }
            if head.bin.contains(id) || head.gone.contains(id) {
                return Err(Stop::Doubt("a deleted user is back".into()));
            }
            let user = reply.json().ok_or_else(|| "it is not JSON".to_owned()).and_then(|user| parse::user(&user, attributes));
            let user = user.map_err(Stop::Doubt)?;
            tenant_state.gone.remove(id);
            tenant_state.users.insert(&user);
        }
        Ok(())
    }
}

/// Whether a full list helps where delta failed: not where the network or the token did.
fn stop(error: GraphError) -> Stop {
    if let GraphError::Link { .. } = &error {
        tracing::warn!("{error}");
    }
    match error {
        GraphError::Refused { .. } | GraphError::Answer { .. } | GraphError::Link { .. } => Stop::Doubt(error.to_string()),
        GraphError::Tls(_) | GraphError::Credential(_) | GraphError::Unreachable { .. } => Stop::Failed(error),
    }
}

#[cfg(test)]
mod tests;
