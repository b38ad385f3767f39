//! The tokens with which a sender pushes, and the secrets of OAuth clients: only their SHA-256 is kept.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use rusqlite::params;
use sha2::{Digest, Sha256};

use super::{PushStore, hex};
use crate::store::{StoreError, text};

/// A token that was just made. Its secret is shown once.
pub struct NewToken {
    /// The id by which it is listed and revoked.
    pub id: String,
    /// What the sender presents.
    pub secret: String,
}

/// A token or an OAuth client as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// The id of the token.
    pub id: String,
    /// The feed that it pushes to.
    pub feed: String,
    /// When it was made.
    pub created_at: String,
    /// When it ends; none for one that ends when it is revoked.
    pub expires_at: Option<String>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<String>,
}

/// The sender behind a right token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// The id of the token.
    pub token: String,
    /// The feed that it pushes to.
    pub feed: String,
}

impl PushStore {
    /// Makes a token of 32 random bytes for a feed.
    pub fn add_token(&mut self, feed: &str, expires: Option<Timestamp>) -> Result<NewToken, StoreError> {
        self.add(Credential::Token, feed, expires)
    }

    pub(super) fn add(&self, kind: Credential, feed: &str, expires: Option<Timestamp>) -> Result<NewToken, StoreError> {
        let (secret, prefix) = (new_secret()?, kind.prefix());
        let id = format!("{prefix}-{}", hex(&drawn::<4>()?));
        self.database.execute(
            "insert into tokens (id, feed, sha256, created_at, expires_at, is_client) values (?1, ?2, ?3, ?4, ?5, ?6)",
            params![id, feed, digest(&secret), text(Timestamp::now()), expires.map(text), kind == Credential::Client],
        )?;
        Ok(NewToken { id, secret })
    }

    /// The tokens and OAuth clients that are not revoked, oldest first.
    pub fn tokens(&self) -> Result<Vec<TokenRow>, StoreError> {
        let mut select = self.database.prepare(
            "select id, feed, created_at, expires_at, last_used_at from tokens where revoked_at is null order by created_at, id",
        )?;
        let rows = select.query_map([], |row| {
            Ok(TokenRow {
                id: row.get(0)?,
                feed: row.get(1)?,
                created_at: row.get(2)?,
                expires_at: row.get(3)?,
                last_used_at: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Ends a token at once. False if no token that still counts has the id.
    pub fn revoke_token(&mut self, id: &str) -> Result<bool, StoreError> {
        let revoke = "update tokens set revoked_at = ?2 where id = ?1 and revoked_at is null";
        Ok(self.database.execute(revoke, params![id, text(Timestamp::now())])? == 1)
    }

    /// The sender with this token, which is one of [`PushStore::add_token`] or of an OAuth client.
    pub fn bearer(&self, secret: &str, now: Timestamp) -> Result<Option<Bearer>, StoreError> {
        match self.holder_of(Credential::Token, secret, now)? {
            Some(found) => Ok(Some(found)),
            None => self.holder_of_access_token(secret, now),
        }
    }

    /// The sender with this secret. Every secret of the kind is compared, in a time that says nothing about them.
    pub(super) fn holder_of(&self, kind: Credential, secret: &str, now: Timestamp) -> Result<Option<Bearer>, StoreError> {
        let presented = digest(secret);
        let mut select = self
            .database
            .prepare_cached("select id, feed, sha256, expires_at from tokens where revoked_at is null and is_client = ?1")?;
        let mut rows = select.query([kind == Credential::Client])?;
        let mut found = None;
        while let Some(row) = rows.next()? {
            let kept: Vec<u8> = row.get(2)?;
            let expires: Option<String> = row.get(3)?;
            let is_live = expires.is_none_or(|expires| expires > text(now));
            if verify_slices_are_equal(&kept, &presented).is_ok() && is_live {
                found = Some(Bearer { token: row.get(0)?, feed: row.get(1)? });
            }
        }
        Ok(found)
    }

    /// Notes that a token was used.
    pub fn token_used(&self, id: &str, at: Timestamp) -> Result<(), StoreError> {
        self.database.execute("update tokens set last_used_at = ?2 where id = ?1", params![id, text(at)])?;
        Ok(())
    }
}

/// What a sender presents: a token itself, or the secret with which it gets one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Credential {
    Token,
    Client,
}

impl Credential {
    fn prefix(self) -> &'static str {
        match self {
            Self::Token => "tk",
            Self::Client => "cl",
        }
    }
}

/// A token or a secret: 32 random bytes.
pub(super) fn new_secret() -> Result<String, StoreError> {
    Ok(format!("hrpush_{}", URL_SAFE_NO_PAD.encode(drawn::<32>()?)))
}

pub(super) fn digest(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

fn drawn<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| StoreError::Random(error.to_string()))?;
    Ok(bytes)
}
