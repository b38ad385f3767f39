//! Messages about runs: what was sent last, and what waits for another attempt.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use super::{Store, StoreError, text};

/// The subject of a message: an event of a feed. A run that ended before its feed was known has neither tenant nor feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The id of the tenant, or an empty text.
    pub tenant: String,
    /// The name of the feed, or an empty text.
    pub feed: String,
    /// The event by its word.
    pub event: String,
}

/// The last message about a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastMessage {
    /// A digest of the keys and codes that it was about.
    pub digest: String,
    /// When it was sent.
    pub sent_at: Timestamp,
}

/// A message that a channel did not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsent {
    /// The channel's name.
    pub channel: String,
    /// The message as JSON.
    pub message: String,
}

impl Store {
    /// The last message about a subject.
    pub fn last_message(&self, subject: &Subject) -> Result<Option<LastMessage>, StoreError> {
        let select = "select digest, sent_at from messages where tenant = ?1 and feed = ?2 and event = ?3";
        let row: Option<(String, String)> = self
            .database
            .query_row(select, [&subject.tenant, &subject.feed, &subject.event], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        Ok(row.and_then(|(digest, sent_at)| Some(LastMessage { digest, sent_at: sent_at.parse().ok()? })))
    }

    /// Records the last message about a subject.
    pub fn remember_message(&mut self, subject: &Subject, last: &LastMessage) -> Result<(), StoreError> {
        self.database.execute(
            "insert into messages values (?1, ?2, ?3, ?4, ?5) \
             on conflict (tenant, feed, event) do update set digest = excluded.digest, sent_at = excluded.sent_at",
            params![subject.tenant, subject.feed, subject.event, last.digest, text(last.sent_at)],
        )?;
        Ok(())
    }

    /// Forgets the last message about a subject, so that the next one is sent whatever it is about.
    pub fn forget_message(&mut self, subject: &Subject) -> Result<(), StoreError> {
        let delete = "delete from messages where tenant = ?1 and feed = ?2 and event = ?3";
        self.database.execute(delete, [&subject.tenant, &subject.feed, &subject.event])?;
        Ok(())
    }

    /// Adds a message that a channel did not take.
    pub fn add_unsent(&mut self, unsent: &Unsent) -> Result<(), StoreError> {
        self.database
            .execute("insert into outbox (channel, message) values (?1, ?2)", params![unsent.channel, unsent.message])?;
        Ok(())
    }

    /// Takes all messages that no channel took, oldest first. They are tried once more and never again.
    pub fn take_unsent(&mut self) -> Result<Vec<Unsent>, StoreError> {
        let transaction = self.database.transaction()?;
        let unsent = {
            let mut select = transaction.prepare("select channel, message from outbox order by number")?;
            let rows = select.query_map([], |row| Ok(Unsent { channel: row.get(0)?, message: row.get(1)? }))?;
            rows.collect::<Result<Vec<_>, _>>()?
        };
        transaction.execute("delete from outbox", [])?;
        transaction.commit()?;
        Ok(unsent)
    }
}
