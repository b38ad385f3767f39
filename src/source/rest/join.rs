//! Joins: data of a record from another list, or from one request for each record.

use std::collections::{BTreeMap, HashMap};

use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::RestError;
use super::http::client::Sender;
use super::list::repeats::Listed;
use super::list::truncated::LINKS;
use super::list::{Pages, Raw};
use super::settings::{Join, Take};
use crate::diagnostic::{Note, NoteCode};
use crate::record::trimmed;
use crate::source::join_keys::{JoinKeys, Side};

/// What was asked for one record alone, by the name of the join.
pub(super) type Answers = BTreeMap<String, Answered>;

/// The partners of a record, and the key by which they were asked for.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Answered {
    key: String,
    partners: Vec<Value>,
}

/// A join with what has been read for it.
pub(super) struct Joined<'s> {
    join: &'s Join,
    /// The other list by its key; none where each record is asked for by itself.
    partners: Option<HashMap<String, Vec<Value>>>,
    /// What damaged keys of that list mean.
    keys: JoinKeys,
    /// Records without a partner.
    pub(super) without: u64,
}

impl<'s> Joined<'s> {
    /// Reads the other list, where there is one.
    pub(super) async fn new(sender: &Sender<'_>, join: &'s Join) -> Result<Self, RestError> {
        let Some(key) = &join.key else { return Ok(Self { join, partners: None, keys: JoinKeys::default(), without: 0 }) };
        let mut partners: HashMap<String, Vec<Value>> = HashMap::new();
        let mut pages = Pages::new(sender, &join.request, sender.values.clone());
        let (mut listed, mut keys) = (Listed::default(), JoinKeys::default());
        while let Some(page) = pages.next(sender).await? {
            for raw in page {
                if pages.is_paged() && join.take == Take::Many {
                    listed.take_whole(&raw)?;
                } else if pages.is_paged() {
                    listed.take_by(&[key], &raw)?;
                }
                let text = key.text(&raw.json);
                let text = text.as_deref().map(trimmed).unwrap_or_default();
                keys.add(text, || true);
                if !text.is_empty() {
                    partners.entry(text.to_owned()).or_default().push(raw.json);
                }
            }
        }
        if partners.is_empty() {
            let why = "the list is empty: what it says of people would be cleared everywhere".to_owned();
            return Err(RestError::Join { what: format!("join {}", join.name), why });
        }
        Ok(Self { join, partners: Some(partners), keys, without: 0 })
    }

    /// Gives each record of a page its part.
    pub(super) async fn attach(&mut self, sender: &Sender<'_>, page: &mut [Raw]) -> Result<(), RestError> {
        let keys = self.keys(page);
        let found: Vec<Vec<Value>> = match &self.partners {
            Some(partners) => {
                keys.iter().map(|key| key.as_ref().and_then(|key| partners.get(key)).cloned().unwrap_or_default()).collect()
            }
            None => self.ask(sender, &keys).await?,
        };
        self.put_all(page, &keys, found)
    }

    /// The same, where some records have been asked for in an earlier reading; what is found now is put to their answers. Where
    /// nothing was found it is asked for again each time: it may come without any news of the record.
    pub(super) async fn attach_known(
        &mut self,
        sender: &Sender<'_>,
        page: &mut [Raw],
        known: &mut [&mut Answers],
    ) -> Result<(), RestError> {
        if self.partners.is_some() {
            return self.attach(sender, page).await;
        }
        let name = &self.join.name;
        let keys = self.keys(page);
        let is_known = |answers: &Answers, key: &str| {
            answers.get(name).is_some_and(|answered| answered.key == key && !answered.partners.is_empty())
        };
        let unknown: Vec<Option<String>> =
            keys.iter().zip(known.iter()).map(|(key, answers)| key.clone().filter(|key| !is_known(answers, key))).collect();
        let fresh = self.ask(sender, &unknown).await?;
        let mut found = Vec::with_capacity(keys.len());
        for (((key, unknown), partners), answers) in keys.iter().zip(unknown).zip(fresh).zip(known) {
            found.push(match unknown {
                None => {
                    let answered = answers.get(name).filter(|_| key.is_some());
                    answered.map(|answered| answered.partners.clone()).unwrap_or_default()
                }
                Some(_) if partners.is_empty() => {
                    answers.remove(name);
                    partners
                }
                Some(key) => {
                    answers.insert(name.clone(), Answered { key, partners: partners.clone() });
                    partners
                }
            });
        }
        self.put_all(page, &keys, found)
    }

    /// By what each record's partners are known.
    fn keys(&self, page: &[Raw]) -> Vec<Option<String>> {
        let key = |raw: &Raw| self.join.on.text(&raw.json).map(|key| trimmed(&key).to_owned()).filter(|key| !key.is_empty());
        page.iter().map(key).collect()
    }

    fn put_all(&mut self, page: &mut [Raw], keys: &[Option<String>], found: Vec<Vec<Value>>) -> Result<(), RestError> {
        let Join { name, on, key: other, .. } = self.join;
        let side = |column| Side { source: name, column };
        let (own, other) = (side(on.as_str()), side(other.as_ref().unwrap_or(on).as_str()));
        for ((raw, key), partners) in page.iter_mut().zip(keys).zip(found) {
            let doubt = self.keys.doubt(key.as_deref().unwrap_or_default(), !partners.is_empty(), own, other);
            raw.doubt = raw.doubt.take().or(doubt);
            self.put(raw, key.as_deref().unwrap_or("(none)"), partners)?;
        }
        Ok(())
    }

    /// One request for each record, a few at once, in their order.
    async fn ask(&self, sender: &Sender<'_>, keys: &[Option<String>]) -> Result<Vec<Vec<Value>>, RestError> {
        let at_once = sender.settings.limits.concurrency.max(1);
        let asked: Vec<_> = keys.iter().map(|key| self.one(sender, key.as_deref()).boxed()).collect();
        stream::iter(asked).buffered(at_once).try_collect().await
    }

    async fn one(&self, sender: &Sender<'_>, key: Option<&str>) -> Result<Vec<Value>, RestError> {
        let Some(key) = key else { return Ok(Vec::new()) };
        let mut pages = Pages::new(sender, &self.join.request, sender.values.with("on", key));
        let mut found = Vec::new();
        let mut listed = Listed::default();
        loop {
            match pages.next(sender).await {
                Ok(Some(page)) => {
                    if pages.is_paged() {
                        page.iter().try_for_each(|raw| listed.take_whole(raw))?;
                    }
                    found.extend(page.into_iter().map(|raw| raw.json));
                }
                Ok(None) => return Ok(found),
                // No record with that key: a record without a partner, as in a list.
                Err(fault) if fault.not_there() && !self.join.required && found.is_empty() => return Ok(found),
                Err(fault) => return Err(fault),
            }
        }
    }

    fn put(&mut self, raw: &mut Raw, key: &str, mut partners: Vec<Value>) -> Result<(), RestError> {
        let Join { name, take, required, .. } = self.join;
        let fault = |why: String| RestError::Join { what: format!("join {name}"), why };
        if partners.is_empty() {
            self.without += 1;
            if *required {
                return Err(fault(format!("the record {} has no partner by the key {key}", raw.place)));
            }
        }
        let value = match take {
            Take::One if partners.len() > 1 => {
                let count = partners.len();
                return Err(fault(format!(
                    "the record {} has {count} partners by the key {key}, where one is wanted\n  hint: take = \"many\" with a [[source.pick]], or take = \"first\"",
                    raw.place
                )));
            }
            Take::One | Take::First => partners.drain(..).next().unwrap_or(Value::Null),
            Take::Many => Value::Array(partners),
        };
        if let Value::Object(record) = &mut raw.json {
            // What was a part and is read whole instead goes on nowhere.
            for link in LINKS {
                record.remove(&format!("{name}{link}"));
            }
            record.insert(name.clone(), value);
        }
        Ok(())
    }

    /// The note about it.
    pub(super) fn note(&self) -> Option<Note> {
        let text = || format!("{} records have no `{}`", self.without, self.join.name);
        (self.without > 0).then(|| Note::new(NoteCode::LoneRecords, text()).count(self.without))
    }
}
