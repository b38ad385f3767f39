//! The uploads to a target that cannot be read.

use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Row, params};

use super::columns::micros;
use super::{FILE, Store, StoreError};
use crate::directory::ObjectId;
use crate::record::lock;
use crate::target::{Upload, UploadState, Uploads, UploadsError, UserRecord};

/// Stores the uploads of one target, over a connection of its own: the target's writer holds it while the store is in use.
pub struct UploadTable {
    database: Mutex<Connection>,
    target: String,
}

impl Store {
    /// Where the uploads to a target are stored.
    pub fn uploads(&self, target: &str) -> Result<UploadTable, StoreError> {
        let database = Connection::open(self.folder.join(FILE))?;
        database.busy_timeout(std::time::Duration::from_secs(10))?;
        // An upload is stored before it is sent, so it must be on the disk.
        database.pragma_update(None, "synchronous", "FULL")?;
        Ok(UploadTable { database: Mutex::new(database), target: target.to_owned() })
    }
}

impl UploadTable {
    fn rows(&self) -> Result<Vec<Upload>, StoreError> {
        let database = lock(&self.database);
        let mut select =
            database.prepare("select id, record, state, sent_at, in_effect, entry from uploads where target = ?1 order by id")?;
        let mut rows = select.query([&self.target])?;
        let mut uploads = Vec::new();
        while let Some(row) = rows.next()? {
            uploads.extend(upload(row)?);
        }
        Ok(uploads)
    }

    fn rows_of(&self, people: &[ObjectId]) -> Result<Vec<Upload>, StoreError> {
        let database = lock(&self.database);
        let mut select =
            database.prepare("select id, record, state, sent_at, in_effect, entry from uploads where target = ?1 and id = ?2")?;
        let mut uploads = Vec::new();
        for id in people {
            let mut rows = select.query([&self.target, &id.to_string()])?;
            if let Some(row) = rows.next()? {
                uploads.extend(upload(row)?);
            }
        }
        Ok(uploads)
    }

    fn store(&self, uploads: &[Upload]) -> Result<(), StoreError> {
        let mut database = lock(&self.database);
        let transaction = database.transaction()?;
        {
            let mut upsert = transaction.prepare_cached("insert or replace into uploads values (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
            for upload in uploads {
                let state = serde_json::to_value(upload.state)?;
                let in_effect = upload.in_effect.as_ref().filter(|_| upload.state != UploadState::Done);
                upsert.execute(params![
                    self.target,
                    upload.id.to_string(),
                    serde_json::to_string(&upload.record)?,
                    state.as_str(),
                    upload.sent_at.to_string(),
                    in_effect.map(serde_json::to_string).transpose()?,
                    upload.entry,
                ])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    fn count(&self, at: Timestamp) -> Result<(), StoreError> {
        let database = lock(&self.database);
        // Two days are more than any limit looks back.
        let old = at.checked_sub(SignedDuration::from_hours(48)).unwrap_or(Timestamp::MIN);
        database.execute("delete from upload_calls where target = ?1 and sent_at < ?2", params![self.target, micros(old)])?;
        database.execute("insert into upload_calls (target, sent_at) values (?1, ?2)", params![self.target, micros(at)])?;
        Ok(())
    }
}

/// The upload of a row; none where its id is none of ours.
fn upload(row: &Row<'_>) -> Result<Option<Upload>, StoreError> {
    let text = |column: usize| row.get::<_, String>(column);
    let Some(id) = ObjectId::new(&text(0)?) else { return Ok(None) };
    let in_effect: Option<String> = row.get(4)?;
    let record: UserRecord = serde_json::from_str(&text(1)?)?;
    let state: UploadState = serde_json::from_value(text(2)?.into())?;
    // A record that is done is in effect itself.
    let in_effect = match (state, in_effect) {
        (UploadState::Done, None) => Some(record.clone()),
        (_, in_effect) => in_effect.as_deref().map(serde_json::from_str).transpose()?,
    };
    let sent_at = text(3)?.parse().unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(Some(Upload { id, record, state, sent_at, in_effect, entry: row.get(5)? }))
}

fn failed(error: StoreError) -> UploadsError {
    UploadsError(Box::new(error))
}

impl Uploads for UploadTable {
    fn all(&self) -> Result<Vec<Upload>, UploadsError> {
        self.rows().map_err(failed)
    }

    fn of(&self, people: &[ObjectId]) -> Result<Vec<Upload>, UploadsError> {
        self.rows_of(people).map_err(failed)
    }

    fn keep(&self, uploads: &[Upload]) -> Result<(), UploadsError> {
        self.store(uploads).map_err(failed)
    }

    fn called(&self, at: Timestamp) -> Result<(), UploadsError> {
        self.count(at).map_err(failed)
    }

    fn calls_since(&self, since: Timestamp) -> Result<u32, UploadsError> {
        let database = lock(&self.database);
        let select = "select count(*) from upload_calls where target = ?1 and sent_at >= ?2";
        let count = database.query_row(select, params![self.target, micros(since)], |row| row.get(0));
        count.map_err(|error| failed(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{Attribute, Value};

    #[test]
    fn uploads_and_calls_are_stored_for_each_target() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let (table, other) = (store.uploads("a").unwrap(), store.uploads("b").unwrap());
        let city = Attribute::find("city").unwrap();
        let record = UserRecord { enabled: true, attributes: [(city, Value::text("Graz"))].into(), ..UserRecord::default() };
        let id = ObjectId::of_key("E/1").unwrap();
        let moment: Timestamp = "2026-12-01T10:00:00.123456Z".parse().unwrap();
        let sent = Upload { id, record: record.clone(), state: UploadState::Sent, sent_at: moment, in_effect: None, entry: None };
        table.keep(std::slice::from_ref(&sent)).unwrap();
        assert_eq!((table.all().unwrap(), other.all().unwrap()), (vec![sent.clone()], vec![]));
        assert_eq!(sent.baseline(), None, "nothing says that it arrived");

        let done = Upload { state: UploadState::Done, in_effect: Some(record.clone()), entry: Some("e1".into()), ..sent.clone() };
        table.keep(std::slice::from_ref(&done)).unwrap();
        assert_eq!(table.all().unwrap(), std::slice::from_ref(&done));
        let left = UserRecord { enabled: false, ..record.clone() };
        let failed = Upload { record: left, state: UploadState::Failed, in_effect: Some(record.clone()), ..done };
        table.keep(std::slice::from_ref(&failed)).unwrap();
        assert_eq!(table.all().unwrap()[0].baseline(), Some(&record), "what failed is planned again");

        table.called(moment).unwrap();
        table.called(moment + SignedDuration::from_hours(23)).unwrap();
        assert_eq!((table.calls_since(moment).unwrap(), other.calls_since(moment).unwrap()), (2, 0));
        assert_eq!(table.calls_since(moment + SignedDuration::from_hours(1)).unwrap(), 1);
        table.called(moment + SignedDuration::from_hours(72)).unwrap();
        assert_eq!(table.calls_since(moment).unwrap(), 1, "old calls are forgotten");
    }
}
