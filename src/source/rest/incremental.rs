//! Reading only what has changed, without ever losing a person.
//!
//! Changes are merged with the stored reading by the record's key, and the plan is made of the merged reading. So a leaver is
//! recognized as soon as the record says so, and a person without changes does not count as missing. Only a full reading can show
//! that a record was deleted without a trace: `full_every` limits how late that is found.
//!
//! Records are stored as the list returned them. Joined lists are read in full each time, so that the new name of a department
//! reaches unchanged records, too. Data requested for a single record is stored with it until the record changes. The mark lies
//! before the start of the stored reading, so that changes during that reading are returned again.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Rest;
use super::join::Answers;
use super::list::{Origin, Raw};
use super::settings::{Changes, MarkForm, Settings};
use crate::record::Place;
use crate::source::files::source_file::sum;

/// Where the previous reading is stored. It is personal data, readable by its owner only.
pub trait Memory: Send + Sync {
    /// What was kept last; nothing where there is none or it cannot be read.
    fn load(&self) -> Option<Vec<u8>>;
    /// Keeps it in place of the last.
    ///
    /// # Errors
    /// Why it cannot be kept.
    fn keep(&self, bytes: &[u8]) -> Result<(), String>;
}

const FORMAT: &str = "hrpush.records/2";

/// A reading that is kept.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredRows {
    format: String,
    /// Of what decides which records come; with another one everything is read.
    settings: String,
    /// When everything was read.
    full: Timestamp,
    /// When the last reading began.
    read: Timestamp,
    records: Rows,
}

/// The rows of each key, in the order in which they came.
pub(super) type Rows = BTreeMap<String, Vec<Row>>;

/// A record before anything was joined to it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Row {
    place: Place,
    json: Value,
    pub(super) asked: Answers,
}

impl Row {
    /// The record, to be joined.
    pub(super) fn raw(&self) -> Raw {
        Raw { place: self.place.clone(), json: self.json.clone(), origin: Origin::default(), doubt: None }
    }
}

/// Puts records to their keys.
///
/// # Errors
/// The place of a record that has no key.
pub(super) fn by_key(raws: Vec<Raw>, changes: &Changes, rows: &mut Rows) -> Result<(), Place> {
    for Raw { place, json, .. } in raws {
        let key = changes.key.text(&json).map(|key| crate::record::trimmed(&key).to_owned()).filter(|key| !key.is_empty());
        let Some(key) = key else { return Err(place) };
        rows.entry(key).or_default().push(Row { place, json, asked: Answers::new() });
    }
    Ok(())
}

impl StoredRows {
    /// The kept reading, where it may still be built upon.
    pub(super) fn usable(bytes: &[u8], rest: &Rest, changes: &Changes) -> Option<Self> {
        let kept: Self = serde_json::from_slice(bytes).ok()?;
        let age = rest.now.duration_since(kept.full);
        // A clock that went back says nothing about age.
        let fresh = age >= SignedDuration::ZERO && age < changes.full_every && kept.read <= rest.now;
        (kept.format == FORMAT && kept.settings == digest(rest) && fresh && kept.doubled() == 0).then_some(kept)
    }

    /// A reading of everything.
    pub(super) fn new(rest: &Rest, records: Rows) -> Self {
        Self { format: FORMAT.to_owned(), settings: digest(rest), full: rest.now, read: rest.now, records }
    }

    /// How many keys have several rows. An answer with one row does not show which of them it replaces, so such a reading is no
    /// base for changes.
    pub(super) fn doubled(&self) -> usize {
        self.records.values().filter(|rows| rows.len() > 1).count()
    }

    /// The mark from which on changes are asked for.
    pub(super) fn mark(&self, changes: &Changes) -> String {
        let at = self.read.checked_sub(changes.overlap).unwrap_or(self.read);
        // A service reads a day, or a clock without a zone, in a zone of its own, and no zone is further from UTC than 14 hours.
        let local = |hours| match &changes.zone {
            Some(zone) => at.to_zoned(zone.clone()),
            None => at.checked_sub(SignedDuration::from_hours(hours)).unwrap_or(at).to_zoned(TimeZone::UTC),
        };
        match changes.form {
            MarkForm::Iso => at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            MarkForm::Day => local(24).strftime("%Y-%m-%d").to_string(),
            MarkForm::Blank => local(14).strftime("%Y-%m-%d %H:%M:%S").to_string(),
            MarkForm::EpochSeconds => at.as_second().to_string(),
            MarkForm::EpochMillis => at.as_millisecond().to_string(),
        }
    }

    /// Puts what changed in the place of what it follows: all rows of a key together.
    pub(super) fn follow(&mut self, changed: Rows) {
        self.records.extend(changed);
    }

    /// All rows, in the order of the keys.
    pub(super) fn rows(&mut self) -> Vec<&mut Row> {
        self.records.values_mut().flatten().collect()
    }

    /// The kept reading as bytes, once it began at this moment.
    pub(super) fn bytes(&mut self, now: Timestamp) -> Vec<u8> {
        self.read = now;
        serde_json::to_vec(self).expect("texts and values always serialise")
    }
}

/// What decides which records come and how they look. Of the secrets it has the places, never the words. Where the day is asked for,
/// what was kept on another one says nothing.
fn digest(rest: &Rest) -> String {
    let Settings { base, values, list, joins, headers, changes, auth, secret_headers, client_certificate, .. } = &rest.settings;
    let dated = list.mentions("today")
        || joins.iter().any(|join| join.request.mentions("today"))
        || headers.iter().any(|(_, template)| template.names("today"));
    let day = dated.then_some(rest.day);
    let text = format!(
        "{base} {values:?} {list:?} {joins:?} {headers:?} {changes:?} {auth:?} {secret_headers:?} {client_certificate:?} {day:?}"
    );
    sum(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::record::At;
    use crate::source::rest::shape::path::Path;
    use crate::source::rest::{Auth, Format, Limits, Paging, Request, Template};

    fn changes(form: MarkForm, zone: Option<&str>) -> Changes {
        let zone = zone.map(|name| TimeZone::get(name).unwrap());
        let (overlap, full_every) = (SignedDuration::from_hours(1), SignedDuration::from_hours(24 * 7));
        Changes { query: Vec::new(), form, overlap, full_every, key: Path::parse("id").unwrap(), zone }
    }

    fn rest() -> Rest {
        let list = Request {
            post: false,
            path: Template::default(),
            query: Vec::new(),
            body: None,
            records: Path::default(),
            format: Some(Format::Json),
            paging: Paging::default(),
        };
        let settings = Settings {
            name: "hr".into(),
            key: Vec::new(),
            nothing: Vec::new(),
            encoding: None,
            base: "https://hr.example".parse().unwrap(),
            values: BTreeMap::new(),
            auth: Auth::None,
            headers: Vec::new(),
            secret_headers: Vec::new(),
            client_certificate: None,
            ca_file: None,
            session: false,
            list,
            also: Vec::new(),
            joins: Vec::new(),
            picks: Vec::new(),
            columns: Vec::new(),
            false_is_nothing: false,
            zone: None,
            changes: None,
            limits: Limits::default(),
        };
        Rest {
            settings,
            day: "2026-11-20".parse().unwrap(),
            now: "2026-11-20T03:30:00Z".parse().unwrap(),
            memory: None,
            waits: crate::diagnostic::wait::WaitReporter::default(),
        }
    }

    fn rows(records: &[Value]) -> Rows {
        let place = Place { source: "hr".into(), at: At::Pointer("/0".into()) };
        let raw = |json: &Value| Raw { place: place.clone(), json: json.clone(), origin: Origin::default(), doubt: None };
        let raws = records.iter().map(raw).collect();
        let mut rows = Rows::new();
        by_key(raws, &changes(MarkForm::Iso, None), &mut rows).unwrap();
        rows
    }

    #[test]
    fn a_mark_without_a_zone_is_early_enough_for_every_service() {
        let kept = StoredRows::new(&rest(), Rows::new());
        let mark = |form, zone| kept.mark(&changes(form, zone));
        assert_eq!(mark(MarkForm::Iso, Some("Asia/Tokyo")), "2026-11-20T02:30:00Z");
        assert_eq!(mark(MarkForm::Blank, Some("America/New_York")), "2026-11-19 21:30:00");
        assert_eq!(mark(MarkForm::Day, Some("America/New_York")), "2026-11-19");
        assert_eq!(mark(MarkForm::Day, Some("Europe/Berlin")), "2026-11-20");
        assert_eq!(mark(MarkForm::Blank, None), "2026-11-19 12:30:00");
        assert_eq!(mark(MarkForm::Day, None), "2026-11-19");
        assert_eq!(mark(MarkForm::EpochSeconds, None), "1795141800");
    }

    #[test]
    fn rows_of_one_key_are_all_kept_and_nothing_is_built_upon_them() {
        let (rest, changes) = (rest(), changes(MarkForm::Iso, None));
        let mut kept = StoredRows::new(&rest, rows(&[json!({"id": 1, "n": 1}), json!({"id": 2}), json!({"id": 1, "n": 2})]));
        assert_eq!((kept.rows().len(), kept.doubled()), (3, 1));
        assert!(StoredRows::usable(&kept.bytes(rest.now), &rest, &changes).is_none());
        kept.follow(rows(&[json!({"id": 1, "n": 3})]));
        assert_eq!((kept.rows().len(), kept.doubled()), (2, 0));
        assert!(StoredRows::usable(&kept.bytes(rest.now), &rest, &changes).is_some());
    }

    #[test]
    fn another_user_or_a_day_that_is_asked_for_needs_a_reading_of_everything() {
        let (mut rest, changes) = (rest(), changes(MarkForm::Iso, None));
        let bytes = StoredRows::new(&rest, rows(&[json!({"id": 1})])).bytes(rest.now);
        rest.day = "2026-11-21".parse().unwrap();
        assert!(StoredRows::usable(&bytes, &rest, &changes).is_some());
        let user = |name: &str| crate::source::rest::Word::Plain(Template::parse(name, &|_| true).unwrap());
        rest.settings.auth = Auth::Basic { user: user("other"), password: user("x") };
        assert!(StoredRows::usable(&bytes, &rest, &changes).is_none());
        rest.settings.list.query.push(("on".into(), Template::parse("{today}", &|_| true).unwrap()));
        let bytes = StoredRows::new(&rest, rows(&[json!({"id": 1})])).bytes(rest.now);
        assert!(StoredRows::usable(&bytes, &rest, &changes).is_some());
        rest.day = "2026-11-22".parse().unwrap();
        assert!(StoredRows::usable(&bytes, &rest, &changes).is_none());
    }
}
