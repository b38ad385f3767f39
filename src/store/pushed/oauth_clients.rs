//! OAuth clients, and the access tokens that they get: as many as a sender asks for, each for an hour.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension as _, params};

use super::PushStore;
use super::tokens::{Bearer, Credential, NewToken, digest, new_secret};
use crate::store::{StoreError, text};

/// The life of an access token.
pub const ACCESS_TIME: SignedDuration = SignedDuration::from_mins(60);
/// The client of the tokens that a signed assertion got.
pub const FEDERATION: &str = "federation";
/// The most access tokens of one client. Each further one ends the oldest: a sender that asks for one with every request fills no disk.
const MOST: i64 = 500;

impl PushStore {
    /// Makes an OAuth client for a feed: its id, and a secret of 32 random bytes.
    pub fn add_client(&mut self, feed: &str, expires: Option<Timestamp>) -> Result<NewToken, StoreError> {
        self.add(Credential::Client, feed, expires)
    }

    /// The sender with this client id and secret.
    pub fn client(&self, id: &str, secret: &str, now: Timestamp) -> Result<Option<Bearer>, StoreError> {
        Ok(self.holder_of(Credential::Client, secret, now)?.filter(|found| found.token == id))
    }

    /// Gives an access token to a client, and forgets those that have expired.
    pub fn issue(&self, client: &Bearer, now: Timestamp) -> Result<String, StoreError> {
        let secret = new_secret()?;
        self.database.execute("delete from access_tokens where expires_at <= ?1", [text(now)])?;
        self.database.execute(
            "delete from access_tokens where sha256 in \
             (select sha256 from access_tokens where client = ?1 order by expires_at desc limit -1 offset ?2)",
            params![client.token, MOST - 1],
        )?;
        self.database.execute(
            "insert into access_tokens (sha256, client, feed, expires_at) values (?1, ?2, ?3, ?4)",
            params![digest(&secret), client.token, client.feed, text(now + ACCESS_TIME)],
        )?;
        self.token_used(&client.token, now)?;
        Ok(secret)
    }

    /// The sender with this access token. It ends with its client. The look-up is by the hash of 32 random bytes, whose time says nothing
    /// about the token.
    pub(super) fn holder_of_access_token(&self, secret: &str, now: Timestamp) -> Result<Option<Bearer>, StoreError> {
        let presented = digest(secret);
        let mut select = self.database.prepare_cached(
            "select a.sha256, a.client, a.feed from access_tokens a left join tokens t on t.id = a.client \
             where a.sha256 = ?1 and a.expires_at > ?2 and (a.client = ?3 or \
             (t.is_client = 1 and t.revoked_at is null and (t.expires_at is null or t.expires_at > ?2)))",
        )?;
        let found = select
            .query_row(params![presented, text(now), FEDERATION], |row| {
                Ok((row.get::<_, Vec<u8>>(0)?, Bearer { token: row.get(1)?, feed: row.get(2)? }))
            })
            .optional()?;
        Ok(found.filter(|(kept, _)| verify_slices_are_equal(kept, &presented).is_ok()).map(|(_, bearer)| bearer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_gets_tokens_for_an_hour_and_takes_them_along_when_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = PushStore::open(folder.path()).unwrap();
        let now = Timestamp::now();
        let (client, other) = (store.add_client("HR", None).unwrap(), store.add_client("HR", None).unwrap());
        assert!(client.id.starts_with("cl-"));
        assert!(store.bearer(&client.secret, now).unwrap().is_none(), "a secret is no token");
        assert!(store.client(&other.id, &client.secret, now).unwrap().is_none(), "the secret of another client");
        let known = store.client(&client.id, &client.secret, now).unwrap().unwrap();
        let token = store.issue(&known, now).unwrap();
        assert_eq!(store.bearer(&token, now).unwrap(), Some(known.clone()));
        assert!(store.bearer(&token, now + ACCESS_TIME).unwrap().is_none());
        assert!(store.client(&client.id, &token, now).unwrap().is_none(), "a token is no secret");
        let tokens: Vec<String> = (0..520).map(|at| store.issue(&known, now + SignedDuration::from_secs(at)).unwrap()).collect();
        let live = tokens.iter().filter(|token| store.bearer(token, now).unwrap().is_some()).count();
        assert_eq!(live, 500, "the oldest end");
        assert!(store.bearer(&tokens[519], now).unwrap().is_some());
        store.revoke_token(&client.id).unwrap();
        assert!(store.bearer(&tokens[519], now).unwrap().is_none());
        assert!(store.client(&client.id, &client.secret, now).unwrap().is_none());
    }

    #[test]
    fn a_file_of_the_first_version_is_brought_up_to_date() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pushed.db");
        let old = rusqlite::Connection::open(&file).unwrap();
        old.execute_batch(include_str!("schema.sql")).unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        old.execute("insert into tokens (id, feed, sha256, created_at) values ('tk-1', 'HR', ?1, '2026')", [digest("s")])
            .unwrap();
        drop(old);
        let mut store = PushStore::open(folder.path()).unwrap();
        assert_eq!(store.bearer("s", Timestamp::now()).unwrap().unwrap().token, "tk-1");
        store.add_client("HR", None).unwrap();
        drop(store);
        let newer = rusqlite::Connection::open(&file).unwrap();
        newer.pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(PushStore::open(folder.path()), Err(StoreError::Later { found: 99, .. })));
    }
}
