//! The delivery of first passwords and access passes, in an age-encrypted file that only the named recipient can read.
//!
//! A password is in the file before its account is created, so that no account has an unknown password, wherever the run is killed. A
//! target returns a Temporary Access Pass only once, in its answer: the pass is in the file before that answer is journaled.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::private_file::{is_writable, put_by, write_private};
use super::sealing::{Recipient, SealError};
use crate::directory::{Attribute, ObjectId, Snapshot, Upn, Value, roles};
use crate::record::lock;
use crate::target::{
    Answer, Capabilities, Found, Operation, Outcome, Owner, Refusal, RequestCounts, SnapshotCache, SnapshotScope, TargetError,
    TargetReader, TargetWriter, Transcript,
};

/// How many secrets one file holds: with each batch it is written anew, which must not grow without bound.
const MOST: usize = 2_000;
/// More than a line of the file takes, with a sign-in name of 113 characters and a password of 40.
const LINE: usize = 256;
const HEADER: &str = "userPrincipalName,kind,secret\n";

/// Why secrets cannot be handed over.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The recipient is no age public key.
    #[error("`{0}` is not an age public key")]
    Recipient(String),
    /// The file cannot be written.
    #[error("the first passwords cannot be written to {}: {error}", path.display())]
    File {
        /// The file that was named for the first passwords.
        path: PathBuf,
        /// The error of the operating system.
        error: std::io::Error,
    },
    /// Encrypting for the recipient's key failed.
    #[error("the first passwords cannot be encrypted: {0}")]
    Encryption(#[from] SealError),
}

/// An age-encrypted file of one run, as CSV once decrypted. What earlier runs wrote there is put by under a number, never written over.
pub struct AgeFile {
    path: PathBuf,
    recipient: Recipient,
    kept: Mutex<Contents>,
}

/// The contents of the file in plain text, since it is encrypted as a whole. They are wiped when they are dropped.
struct Contents {
    lines: Zeroizing<String>,
    count: usize,
}

impl Default for Contents {
    /// The whole capacity at once: a string that grows leaves unwiped copies behind.
    fn default() -> Self {
        Self { lines: Zeroizing::new(String::with_capacity(MOST * LINE)), count: 0 }
    }
}

impl fmt::Debug for AgeFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AgeFile({})", self.path.display())
    }
}

impl AgeFile {
    /// Prepares the file; nothing of that name is touched yet.
    ///
    /// # Errors
    /// A recipient that is none, or a folder in which no file can be made: better known before the first account.
    pub fn new(path: &Path, recipient: &str) -> Result<Self, DeliveryError> {
        let recipient = Recipient::parse(recipient).ok_or_else(|| DeliveryError::Recipient(recipient.to_owned()))?;
        is_writable(path).map_err(|error| DeliveryError::File { path: path.to_owned(), error })?;
        Ok(Self { path: path.to_owned(), recipient, kept: Mutex::default() })
    }

    /// Adds secrets; returns once they are on disk.
    fn keep(&self, secrets: &[Secret]) -> Result<(), DeliveryError> {
        if secrets.is_empty() {
            return Ok(());
        }
        let broken = |error| DeliveryError::File { path: self.path.clone(), error };
        let mut kept = lock(&self.kept);
        if kept.count >= MOST {
            *kept = Contents::default();
        }
        if kept.count == 0 {
            kept.lines.push_str(HEADER);
            if self.path.exists() {
                put_by(&self.path).map_err(broken)?;
            }
        }
        for Secret { upn, kind, text } in secrets {
            let _ = writeln!(kept.lines, "{},{kind},{}", quoted(upn), quoted(text.expose_secret()));
        }
        kept.count += secrets.len();
        let sealed = self.recipient.seal(kept.lines.as_bytes())?;
        write_private(&self.path, &sealed).map_err(broken)
    }
}

/// A field of CSV; a quote in it is doubled.
fn quoted(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

struct Secret {
    upn: String,
    kind: &'static str,
    text: SecretString,
}

/// A tenant that hands secrets over on their way.
pub struct CredentialDelivery<'a> {
    target: &'a dyn TargetWriter,
    file: &'a AgeFile,
    snapshot: &'a Snapshot,
    /// Whether first passwords are handed over; else Temporary Access Passes alone.
    passwords: bool,
    /// The password of each account that was asked for: sent again, it must be the one that was handed over.
    given: Mutex<HashMap<String, SecretString>>,
    made: Mutex<HashMap<ObjectId, String>>,
}

impl<'a> CredentialDelivery<'a> {
    /// Hands first passwords over, and Temporary Access Passes too.
    pub fn passwords(target: &'a dyn TargetWriter, file: &'a AgeFile, snapshot: &'a Snapshot) -> Self {
        Self { target, file, snapshot, passwords: true, given: Mutex::default(), made: Mutex::default() }
    }

    /// Hands Temporary Access Passes over; first passwords are discarded.
    pub fn passes(target: &'a dyn TargetWriter, file: &'a AgeFile, snapshot: &'a Snapshot) -> Self {
        Self { passwords: false, ..Self::passwords(target, file, snapshot) }
    }

    /// Keeps the password of every account that is asked for the first time; says why where that failed.
    fn before(&self, operations: &mut [Operation]) -> Result<(), DeliveryError> {
        let mut given = lock(&self.given);
        let mut fresh = Vec::new();
        for operation in operations {
            let (upn, password) = match operation {
                Operation::CreateUser { attributes, password } => (name_of(attributes), password),
                Operation::SetPassword { user, password } => (Some(self.name_in_tenant(user)), password),
                _ => continue,
            };
            let Some(upn) = upn else { continue };
            match given.get(&upn) {
                Some(earlier) => *password = earlier.clone(),
                None => fresh.push(Secret { upn, kind: "password", text: password.clone() }),
            }
        }
        self.file.keep(&fresh)?;
        given.extend(fresh.into_iter().map(|secret| (secret.upn, secret.text)));
        Ok(())
    }

    /// The sign-in name of an account that exists or that comes back.
    fn name_in_tenant(&self, user: &ObjectId) -> String {
        let live = || self.snapshot.users.get(user).map(|user| user.upn);
        let name = live().or_else(|| self.snapshot.deleted.get(user).map(|deleted| deleted.user.upn.clone()));
        name.map_or_else(|| user.to_string(), |name| name.as_str().to_owned())
    }

    /// Keeps the passes that were answered. One that cannot be kept is lost, and its step has failed.
    fn after(&self, asked: &[Asked], answers: &mut [Answer]) {
        let mut made = lock(&self.made);
        let mut passes = Vec::new();
        for (asked, answer) in asked.iter().zip(answers.iter()) {
            match (asked, &answer.id, &answer.access_pass) {
                (Asked::Account(upn), Some(id), _) => _ = made.insert(id.clone(), upn.clone()),
                (Asked::Pass(user), _, Some(pass)) => {
                    let known = made.get(user).cloned();
                    let known = known.or_else(|| Some(self.snapshot.users.get(user)?.upn.as_str().to_owned()));
                    let upn = known.unwrap_or_else(|| user.to_string());
                    passes.push(Secret { upn, kind: "temporary-access-pass", text: pass.clone() });
                }
                _ => {}
            }
        }
        if let Err(error) = self.file.keep(&passes) {
            for answer in answers.iter_mut().filter(|answer| answer.access_pass.is_some()) {
                *answer = not_kept(&error);
            }
        }
    }
}

/// What is remembered of an operation that is sent.
enum Asked {
    Account(String),
    Pass(ObjectId),
    Other,
}

fn asked(operation: &Operation) -> Asked {
    match operation {
        Operation::CreateUser { attributes, .. } => name_of(attributes).map_or(Asked::Other, Asked::Account),
        Operation::CreateTap { user, .. } => Asked::Pass(user.clone()),
        _ => Asked::Other,
    }
}

fn name_of(attributes: &BTreeMap<Attribute, Value>) -> Option<String> {
    attributes.get(&Attribute::find(roles::USER_PRINCIPAL_NAME)?).and_then(Value::as_text).map(str::to_owned)
}

fn not_kept(error: &DeliveryError) -> Answer {
    Answer::of(Outcome::Refused(Refusal::Undelivered), Transcript::ours("not-handed-over", error.to_string()))
}

#[async_trait]
impl TargetReader for CredentialDelivery<'_> {
    async fn snapshot(&self, scope: &SnapshotScope, cache: &dyn SnapshotCache) -> Result<Snapshot, TargetError> {
        self.target.snapshot(scope, cache).await
    }

    async fn complete(
        &self,
        snapshot: &mut Snapshot,
        scope: &SnapshotScope,
        created: &BTreeMap<ObjectId, Timestamp>,
    ) -> Result<(), TargetError> {
        self.target.complete(snapshot, scope, created).await
    }

    async fn find_user(&self, name: &Upn, key: Option<(Attribute, &str)>) -> Result<Found, TargetError> {
        let found = self.target.find_user(name, key).await?;
        if let Found::Ours(id) = &found {
            let mut made = lock(&self.made);
            made.insert(id.clone(), name.as_str().to_owned());
        }
        Ok(found)
    }

    async fn find_group(&self, unique_name: &str) -> Result<Option<ObjectId>, TargetError> {
        self.target.find_group(unique_name).await
    }

    async fn find_owner(&self, address: &str) -> Option<Owner> {
        self.target.find_owner(address).await
    }
}

#[async_trait]
impl TargetWriter for CredentialDelivery<'_> {
    fn capabilities(&self) -> &Capabilities {
        self.target.capabilities()
    }

    async fn send(&self, mut operations: Vec<Operation>) -> Vec<Answer> {
        if self.passwords
            && let Err(error) = self.before(&mut operations)
        {
            // Nothing of this batch was sent; each of its steps says why it failed.
            return operations.iter().map(|_| not_kept(&error)).collect();
        }
        let asked: Vec<Asked> = operations.iter().map(asked).collect();
        let mut answers = self.target.send(operations).await;
        self.after(&asked, &mut answers);
        answers
    }

    fn requests(&self) -> RequestCounts {
        self.target.requests()
    }

    fn stop(&self) {
        self.target.stop();
    }
}
