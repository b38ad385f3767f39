//! Handing first passwords over: to an age-encrypted file, which only the named recipient can read.
//!
//! A password is in the file before the account is asked for, so that nobody has one that nobody knows, wherever the run is killed. A
//! Temporary Access Pass is told by Graph once, in the answer: it is in the file before that answer is journaled.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};

use super::private_file::{is_writable, put_by, write_private};
use super::{Finder, Found, Owner, RequestCounts, Tenant};
use crate::directory::{Attribute, ObjectId, Snapshot, Upn, Value};
use crate::graph::{About, Answer, Operation, Verdict};

/// How many secrets one file holds: with each batch it is written anew, which must not grow without bound.
const MOST: usize = 2_000;
const HEADER: &str = "userPrincipalName,kind,secret\n";

/// Why secrets cannot be handed over.
#[derive(Debug, thiserror::Error)]
pub enum HandoverError {
    /// The recipient is no age public key.
    #[error("`{0}` is no age public key")]
    Recipient(String),
    /// The file cannot be written.
    #[error("the first passwords cannot be written to {}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The encryption failed.
    #[error("the first passwords cannot be encrypted: {0}")]
    Encryption(#[from] age::EncryptError),
}

/// An age-encrypted file of one run, as CSV once decrypted. What earlier runs wrote there is put by under a number, never written over.
pub struct AgeFile {
    path: PathBuf,
    recipient: age::x25519::Recipient,
    kept: Mutex<Kept>,
}

/// What the file holds by now, in the clear: it is encrypted as a whole.
#[derive(Default)]
struct Kept {
    lines: String,
    count: usize,
}

impl Drop for Kept {
    fn drop(&mut self) {
        // Wiped as far as safe code can: the bytes are overwritten before the memory is given back.
        let mut bytes = std::mem::take(&mut self.lines).into_bytes();
        bytes.fill(0);
        std::hint::black_box(&bytes);
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
    pub fn new(path: &Path, recipient: &str) -> Result<Self, HandoverError> {
        let recipient = recipient.parse().map_err(|_| HandoverError::Recipient(recipient.to_owned()))?;
        is_writable(path).map_err(|error| HandoverError::File { path: path.to_owned(), error })?;
        Ok(Self { path: path.to_owned(), recipient, kept: Mutex::default() })
    }

    /// Adds secrets; returns once they are on disk.
    fn keep(&self, secrets: &[Secret]) -> Result<(), HandoverError> {
        if secrets.is_empty() {
            return Ok(());
        }
        let broken = |error| HandoverError::File { path: self.path.clone(), error };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.count >= MOST {
            *kept = Kept::default();
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
        let sealed = age::encrypt(&self.recipient, kept.lines.as_bytes())?;
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
pub struct HandingOver<'a> {
    tenant: &'a dyn Tenant,
    file: &'a AgeFile,
    snapshot: &'a Snapshot,
    /// Whether first passwords are handed over; else Temporary Access Passes alone.
    passwords: bool,
    /// The password of each account that was asked for: sent again, it must be the one that was handed over.
    given: Mutex<HashMap<String, SecretString>>,
    made: Mutex<HashMap<ObjectId, String>>,
}

impl<'a> HandingOver<'a> {
    /// Hands first passwords over, and Temporary Access Passes too.
    pub fn passwords(tenant: &'a dyn Tenant, file: &'a AgeFile, snapshot: &'a Snapshot) -> Self {
        Self { tenant, file, snapshot, passwords: true, given: Mutex::default(), made: Mutex::default() }
    }

    /// Hands Temporary Access Passes over; first passwords are discarded.
    pub fn passes(tenant: &'a dyn Tenant, file: &'a AgeFile, snapshot: &'a Snapshot) -> Self {
        Self { passwords: false, ..Self::passwords(tenant, file, snapshot) }
    }

    /// Keeps the password of every account that is asked for the first time; says why where that failed.
    fn before(&self, operations: &mut [Operation]) -> Result<(), HandoverError> {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
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
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
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

fn name_of(attributes: &std::collections::BTreeMap<Attribute, Value>) -> Option<String> {
    attributes.get(&Attribute::find("userPrincipalName")?).and_then(Value::as_text).map(str::to_owned)
}

fn not_kept(error: &HandoverError) -> Answer {
    Answer {
        verdict: Verdict::Final,
        about: About::Request,
        id: None,
        request_id: None,
        status: None,
        code: Some("not-handed-over".into()),
        message: Some(error.to_string()),
        details: Vec::new(),
        access_pass: None,
    }
}

#[async_trait]
impl Finder for HandingOver<'_> {
    async fn find(&self, upn: &Upn, key: Option<(Attribute, &str)>) -> Result<Found, String> {
        let found = self.tenant.find(upn, key).await?;
        if let Found::Ours(id) = &found {
            let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            made.insert(id.clone(), upn.as_str().to_owned());
        }
        Ok(found)
    }

    async fn find_group(&self, unique_name: &str) -> Result<Option<ObjectId>, String> {
        self.tenant.find_group(unique_name).await
    }

    async fn owner(&self, address: &str) -> Option<Owner> {
        self.tenant.owner(address).await
    }
}

#[async_trait]
impl Tenant for HandingOver<'_> {
    async fn send(&self, mut operations: Vec<Operation>) -> Vec<Answer> {
        if self.passwords
            && let Err(error) = self.before(&mut operations)
        {
            // Nothing of this batch was sent; each of its steps says why it failed.
            return operations.iter().map(|_| not_kept(&error)).collect();
        }
        let asked: Vec<Asked> = operations.iter().map(asked).collect();
        let mut answers = self.tenant.send(operations).await;
        self.after(&asked, &mut answers);
        answers
    }

    fn requests(&self) -> RequestCounts {
        self.tenant.requests()
    }

    fn stop(&self) {
        self.tenant.stop();
    }
}
