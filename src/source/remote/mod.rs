//! Places that are not folders of this machine: an SFTP server, and the object stores S3, Azure Blob and Google Cloud Storage.
//!
//! Given the place of a file and a way to sign in, this returns the [`Fetched`] file: the newest match of a pattern, of the
//! listed size, and unchanged during the transfer. Nothing is ever written there.

#![cfg_attr(
    not(any(feature = "sftp", feature = "objects")),
    allow(dead_code, reason = "the rules for fetching are tried by tests in a build that reaches no place")
)]

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use secrecy::SecretString;

use super::error::{Fault, FaultKind, SourceErrors};
use super::error_text::one_line;
use super::files::readiness::{Arrival, Listed, newest};
use super::files::source_file::Fetched;
use super::wildcard::Wildcard;

#[cfg(feature = "objects")]
mod object_store;
#[cfg(feature = "sftp")]
mod sftp;

/// The longest time to connect and sign in.
#[cfg(any(feature = "sftp", feature = "objects"))]
const CONNECT: Duration = Duration::from_secs(30);
/// The longest time for the whole transfer.
const LONGEST: Duration = Duration::from_mins(30);

/// A file on another machine, and how to sign in there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The place as it was named, for messages.
    pub shown: String,
    /// The folder, without a slash at its end; for object stores the beginning of the key.
    pub folder: String,
    /// The name of the file in it; `*` takes the newest match.
    pub file: String,
    /// The protocol, and the server or store.
    pub access: Access,
}

/// The ways to a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// A server that speaks SFTP, with a user and a folder.
    Sftp(Sftp),
    /// A bucket or container of an object store.
    Objects(Objects),
}

/// An SFTP server, and how to sign in to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sftp {
    /// Its name or address.
    pub host: String,
    /// The TCP port, 22 unless another is configured.
    pub port: u16,
    /// The name of the user on the server.
    pub user: String,
    /// How the server is verified.
    pub host_key: HostKey,
    /// How the user signs in; the secret itself is given apart.
    pub sign_in: SftpSignIn,
}

/// How an SFTP server is verified. The key must be known beforehand; an unknown server gets no data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostKey {
    /// A line of this file, as OpenSSH keeps them.
    KnownHosts(PathBuf),
    /// The SHA-256 fingerprint of its key, `SHA256:…`.
    Fingerprint(String),
}

/// How a user signs in to an SFTP server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SftpSignIn {
    /// With the password given as the secret.
    Password,
    /// With a private key, which may be locked by a passphrase.
    Key,
}

/// A bucket or container of an object store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objects {
    /// The vendor, which decides how requests are signed.
    pub kind: ObjectKind,
    /// The bucket, or the container of Azure.
    pub bucket: String,
    /// Another address than the vendor's: https, or http on this machine.
    pub endpoint: Option<String>,
    /// The region of S3; else `AWS_REGION`.
    pub region: Option<String>,
    /// The storage account of Azure, or the access key id of S3; else by the environment.
    pub account: Option<String>,
}

/// The object stores that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    /// Amazon S3, and stores with its protocol.
    S3,
    /// Microsoft's Blob Storage, with containers in a storage account.
    Azure,
    /// Google's Cloud Storage, with a service account.
    Gcs,
}

/// A place with the secrets that open it; without them the environment's are used where the place has such.
#[derive(Clone, Debug)]
pub struct Remote {
    /// The server or store, the folder and the file.
    pub place: Place,
    /// The password, the private key, the account's key or the token.
    pub secret: Option<SecretString>,
    /// What unlocks the private key.
    pub passphrase: Option<SecretString>,
}

/// A file as the store lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    listed: Listed,
    size: u64,
    /// A tag that changes with the content, where the store has one.
    tag: Option<String>,
}

/// The questions to an SFTP server or an object store.
#[async_trait]
trait RemoteStore: Send + Sync {
    /// Lists the files of the folder with names that begin like this.
    async fn list(&self, start: &str) -> Result<Vec<Entry>, Fault>;
    /// One file, if it exists.
    async fn look(&self, name: &str) -> Result<Option<Entry>, Fault>;
    /// The bytes of a file, at most one more than asked for.
    async fn bytes(&self, entry: &Entry, most: u64) -> Result<Vec<u8>, Fault>;
}

impl Remote {
    /// Fetches the file.
    ///
    /// # Errors
    /// If the place cannot be reached or does not let us in, if no file fits, if it is too big, may not be read yet, or changes
    /// while it is read.
    pub async fn fetch(&self, arrival: &Arrival, max_bytes: u64, now: SystemTime) -> Result<Fetched, SourceErrors> {
        let fetched = async {
            let store = self.open().await?;
            fetch(&self.place, store.as_ref(), arrival, max_bytes, now).await
        };
        match tokio::time::timeout(LONGEST, fetched).await {
            Ok(fetched) => Ok(fetched?),
            Err(_) => Err(self.place.system("the file did not arrive within 30 minutes").into()),
        }
    }
}

impl Remote {
    /// The way to the place; the configuration has refused what this build lacks.
    #[cfg_attr(not(feature = "sftp"), expect(clippy::unused_async, reason = "only SFTP signs in before the first question"))]
    async fn open(&self) -> Result<Box<dyn RemoteStore>, Fault> {
        match &self.place.access {
            #[cfg(feature = "sftp")]
            Access::Sftp(sftp) => Ok(Box::new(sftp::open(self, sftp).await?)),
            #[cfg(not(feature = "sftp"))]
            Access::Sftp(_) => Err(self.place.system("this build lacks the feature `sftp`")),
            #[cfg(feature = "objects")]
            Access::Objects(objects) => Ok(Box::new(object_store::open(self, objects)?)),
            #[cfg(not(feature = "objects"))]
            Access::Objects(_) => Err(self.place.system("this build lacks the feature `objects`")),
        }
    }
}

impl Place {
    fn fault(&self, kind: FaultKind) -> Fault {
        Fault::of_file(&self.shown, kind)
    }

    /// A fault of the place or the way to it.
    fn system(&self, why: impl Into<String>) -> Fault {
        self.fault(FaultKind::System(one_line(&why.into())))
    }
}

async fn fetch(
    place: &Place,
    store: &dyn RemoteStore,
    arrival: &Arrival,
    max_bytes: u64,
    now: SystemTime,
) -> Result<Fetched, Fault> {
    let entry = match place.file.split_once('*') {
        None => store.look(&place.file).await?.ok_or_else(|| place.fault(FaultKind::NotFound))?,
        Some((start, _)) => {
            let mut found = store.list(start).await?;
            let pattern = Wildcard::new(&place.file);
            found.retain(|entry| pattern.fits(&entry.listed.name));
            let best = newest(found.iter().map(|entry| &entry.listed)).cloned();
            found.into_iter().find(|entry| Some(&entry.listed) == best.as_ref()).ok_or_else(|| {
                place.fault(FaultKind::NotFound).with_hint("no file fits the pattern; `*` takes the newest that does")
            })?
        }
    };
    if entry.size > max_bytes {
        return Err(place.fault(FaultKind::TooBig { most: max_bytes }));
    }
    let done = match arrival.done_name(&entry.listed.name) {
        Some(name) => store.look(&name).await?.map(|entry| entry.listed),
        None => None,
    };
    arrival.judge(&entry.listed, done.as_ref(), now)?;
    let bytes = store.bytes(&entry, max_bytes).await?;
    // What is still being written, or was replaced meanwhile, is half a list.
    let after = store.look(&entry.listed.name).await?;
    if after.as_ref() != Some(&entry) || bytes.len() as u64 != entry.size {
        return Err(place.fault(FaultKind::Changed));
    }
    Ok(Fetched::new(entry.listed.name, bytes, entry.listed.modified))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    /// A place with these files, one of which may change while it is read.
    struct Shown {
        files: Vec<(&'static str, u64, &'static str)>,
        changes: bool,
        read: AtomicBool,
    }

    impl Shown {
        fn entry(&self, (name, time, text): &(&str, u64, &str)) -> Entry {
            let modified = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(*time));
            let tag = (self.changes && self.read.load(Ordering::Relaxed)).then(|| "second".to_owned());
            Entry { listed: Listed { name: (*name).to_owned(), modified }, size: text.len() as u64, tag }
        }
    }

    #[async_trait]
    impl RemoteStore for Shown {
        async fn list(&self, start: &str) -> Result<Vec<Entry>, Fault> {
            Ok(self.files.iter().filter(|file| file.0.starts_with(start)).map(|file| self.entry(file)).collect())
        }

        async fn look(&self, name: &str) -> Result<Option<Entry>, Fault> {
            Ok(self.files.iter().find(|file| file.0 == name).map(|file| self.entry(file)))
        }

        async fn bytes(&self, entry: &Entry, _: u64) -> Result<Vec<u8>, Fault> {
            self.read.store(true, Ordering::Relaxed);
            let file = self.files.iter().find(|file| file.0 == entry.listed.name);
            Ok(file.map(|file| file.2.as_bytes().to_vec()).unwrap_or_default())
        }
    }

    async fn fetched(store: Shown, file: &str, max_bytes: u64) -> Result<String, FaultKind> {
        let access =
            Access::Objects(Objects { kind: ObjectKind::S3, bucket: "hr".into(), endpoint: None, region: None, account: None });
        let place = Place { shown: "s3://hr".into(), folder: String::new(), file: file.into(), access };
        let arrival = Arrival::default();
        let fetched = fetch(&place, &store, &arrival, max_bytes, SystemTime::UNIX_EPOCH).await;
        fetched.map(|file| file.name).map_err(|fault| fault.kind)
    }

    fn shown(changes: bool) -> Shown {
        let files = vec![("hr-1.csv", 5, "one"), ("hr-2.csv", 9, "two"), ("other.csv", 99, "x")];
        Shown { files, changes, read: AtomicBool::new(false) }
    }

    #[tokio::test]
    async fn the_newest_match_is_fetched_whole_or_not_at_all() {
        assert_eq!(fetched(shown(false), "hr-*.csv", 100).await, Ok("hr-2.csv".into()));
        assert_eq!(fetched(shown(false), "hr-1.csv", 100).await, Ok("hr-1.csv".into()));
        assert_eq!(fetched(shown(false), "no-*.csv", 100).await, Err(FaultKind::NotFound));
        assert_eq!(fetched(shown(false), "hr-*.csv", 2).await, Err(FaultKind::TooBig { most: 2 }));
        assert_eq!(fetched(shown(true), "hr-*.csv", 100).await, Err(FaultKind::Changed));
    }
}
