//! The bytes of a file, wherever they were fetched from.

use std::fmt::{self, Write as _};
use std::path::PathBuf;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

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
    /// The SHA-256 of the bytes as they arrived, in lower-case hexadecimal digits.
    pub sha256: String,
    /// The bytes as they arrived, packed or not.
    pub bytes: Vec<u8>,
}

impl Fetched {
    /// A file whose bytes are in memory.
    pub fn new(name: impl Into<String>, bytes: Vec<u8>, modified: Option<SystemTime>) -> Self {
        let sha256 = hex(&Sha256::digest(&bytes));
        Self { name: name.into(), path: None, modified, sha256, bytes }
    }
}

/// Shows no byte of the file: they are personal data.
impl fmt::Debug for Fetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, path, modified, sha256, bytes } = self;
        f.debug_struct("Fetched")
            .field("name", name)
            .field("path", path)
            .field("modified", modified)
            .field("sha256", sha256)
            .field("length", &bytes.len())
            .finish()
    }
}

/// The sum of a reading made of several files: of one, its own.
pub(super) fn joint_sum(sums: &[String]) -> String {
    match sums {
        [only] => only.clone(),
        several => hex(&Sha256::digest(several.join("\n"))),
    }
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
    }
    text
}
