//! Reading only what has changed, without ever losing anybody.
//!
//! What changed is merged with the reading that is kept, by the record's key; the plan is then made of the whole, as if everybody had
//! been read. So a leaver is seen as soon as the record says so, and nobody is missing because the service had no news of them. Only a
//! reading of everything can show that somebody was deleted without a trace: `full_every` says how soon that is found.
//! The mark lies before the moment at which the kept reading began, so that what moved while it went on comes again.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::list::Raw;
use super::settings::{Changes, MarkForm, Settings};
use crate::record::Place;

/// Where the reading before this one is kept. It is personal data: nobody else may read it.
pub trait Memory: Send + Sync {
    /// What was kept last; nothing where there is none or it cannot be read.
    fn load(&self) -> Option<Vec<u8>>;
    /// Keeps it in place of the last.
    ///
    /// # Errors
    /// Why it cannot be kept.
    fn keep(&self, bytes: &[u8]) -> Result<(), String>;
}

const FORMAT: &str = "hrpush.records/1";

/// A reading that is kept.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    format: String,
    /// Of what decides which records come; with another one everything is read.
    settings: String,
    /// When everything was read.
    full: Timestamp,
    /// When the last reading began.
    read: Timestamp,
    records: BTreeMap<String, (Place, Value)>,
}

impl Kept {
    /// The kept reading, where it may still be built upon.
    pub(super) fn usable(bytes: &[u8], settings: &Settings, changes: &Changes, now: Timestamp) -> Option<Self> {
        let kept: Self = serde_json::from_slice(bytes).ok()?;
        let age = now.duration_since(kept.full);
        // A clock that went back says nothing about age.
        let fresh = age >= SignedDuration::ZERO && age < changes.full_every && kept.read <= now;
        (kept.format == FORMAT && kept.settings == digest(settings) && fresh).then_some(kept)
    }

    /// An empty one, for a reading of everything.
    pub(super) fn new(settings: &Settings, now: Timestamp) -> Self {
        Self { format: FORMAT.to_owned(), settings: digest(settings), full: now, read: now, records: BTreeMap::new() }
    }

    /// The mark from which on changes are asked for.
    pub(super) fn mark(&self, changes: &Changes) -> String {
        let at = self.read.checked_sub(changes.overlap).unwrap_or(self.read);
        match changes.form {
            MarkForm::Iso => at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            MarkForm::Day => at.strftime("%Y-%m-%d").to_string(),
            MarkForm::Blank => at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            MarkForm::EpochSeconds => at.as_second().to_string(),
            MarkForm::EpochMillis => at.as_millisecond().to_string(),
        }
    }

    /// Puts records in the place of those they follow.
    ///
    /// # Errors
    /// The place of a record that has no key.
    pub(super) fn merge(&mut self, raws: Vec<Raw>, changes: &Changes) -> Result<(), Place> {
        for Raw { place, json } in raws {
            match changes.key.text(&json).filter(|key| !key.trim().is_empty()) {
                Some(key) => self.records.insert(key.trim().to_owned(), (place, json)),
                None => return Err(place),
            };
        }
        Ok(())
    }

    /// The kept reading as bytes, once it began at this moment.
    pub(super) fn bytes(&mut self, now: Timestamp) -> Vec<u8> {
        self.read = now;
        serde_json::to_vec(self).expect("texts and values always serialise")
    }

    pub(super) fn into_records(self) -> impl Iterator<Item = Raw> {
        self.records.into_values().map(|(place, json)| Raw { place, json })
    }
}

/// What decides which records come and how they look. The secrets are not in it: they are read when they are used.
fn digest(settings: &Settings) -> String {
    let Settings { base, values, list, also, joins, headers, changes, .. } = settings;
    let text = format!("{base} {values:?} {list:?} {also:?} {joins:?} {headers:?} {changes:?}");
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
