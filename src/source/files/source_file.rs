//! The files of a reading, wherever they were fetched from.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::file_handle::Opened;
use crate::record::hex;
use crate::source::error::Fault;

/// One file with everything that a reading needs of it. Places other than folders of this machine make it with
/// [`Fetched::new`].
#[derive(Clone)]
pub struct Fetched {
    /// The name without its folder, as places and messages show it.
    pub name: String,
    /// Where it lies on this machine; nothing where it came from elsewhere.
    pub path: Option<PathBuf>,
    /// When it was last changed.
    pub modified: Option<SystemTime>,
    pub(in crate::source) content: Content,
}

/// What a file holds, as it arrived, packed or not.
#[derive(Clone)]
pub(in crate::source) enum Content {
    Bytes(Vec<u8>),
    /// A large file of this machine, which is not read yet.
    Opened(Arc<Opened>),
}

impl Fetched {
    /// A file with its bytes in memory.
    pub fn new(name: impl Into<String>, bytes: Vec<u8>, modified: Option<SystemTime>) -> Self {
        Self { name: name.into(), path: None, modified, content: Content::Bytes(bytes) }
    }
}

impl Content {
    pub(in crate::source) fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Opened(file) => file.length(),
        }
    }

    /// All bytes, whatever memory they take.
    pub(in crate::source) fn bytes(self) -> Result<Vec<u8>, Fault> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Opened(file) => file.bytes(),
        }
    }
}

/// Shows no byte of the file: they are personal data.
impl fmt::Debug for Fetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, path, modified, content } = self;
        f.debug_struct("Fetched")
            .field("name", name)
            .field("path", path)
            .field("modified", modified)
            .field("length", &content.length())
            .finish()
    }
}

/// The SHA-256 of bytes as they arrived, in lower-case hexadecimal digits.
pub(in crate::source) fn sum(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The sum of a reading made of several files: of one, its own.
pub(in crate::source) fn joint_sum(sums: &[String]) -> String {
    match sums {
        [only] => only.clone(),
        several => hex(&Sha256::digest(several.join("\n"))),
    }
}
