//! Delivered files: a second delivery of the same bytes is reported, and after a good run the files are moved away.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::Failure;
use super::mapped_reading::Delivered;
use crate::directory::TenantId;
use crate::store::Store;

/// The reading of the last good run of a feed.
#[derive(Serialize, Deserialize)]
struct LastDelivery {
    sha256: String,
    day: String,
}

fn name(feed: &str) -> String {
    format!("delivery:{feed}")
}

/// The day of the last good run, if it read the same bytes.
pub(crate) fn read_before(store: &Store, tenant: &TenantId, feed: &str, sha256: &str) -> Result<Option<String>, Failure> {
    let kept = store.cached(tenant, &name(feed))?;
    let before = kept.and_then(|bytes| serde_json::from_slice::<LastDelivery>(&bytes).ok());
    Ok(before.filter(|before| before.sha256 == sha256).map(|before| before.day))
}

/// Records what a good run has read.
pub(crate) fn keep(store: &mut Store, tenant: &TenantId, feed: &str, sha256: String, day: String) -> Result<(), Failure> {
    let bytes = serde_json::to_vec(&LastDelivery { sha256, day })?;
    Ok(store.cache(tenant, &name(feed), Some(&bytes))?)
}

/// Moves delivered files away, never over another file. Returns a message for each file that could not be moved.
pub(crate) fn move_away(delivered: &Delivered) -> Vec<String> {
    let Delivered { files, move_to } = delivered;
    if let Err(fault) = std::fs::create_dir_all(move_to) {
        return vec![format!("done, but the folder {} cannot be created: {fault}", move_to.display())];
    }
    let failed = |file: &PathBuf| {
        let fault = move_one(file, move_to).err()?;
        Some(format!("done, but {} could not be moved to {}: {fault}", file.display(), move_to.display()))
    };
    files.iter().filter_map(failed).collect()
}

fn move_one(file: &Path, folder: &Path) -> std::io::Result<()> {
    let Some(name) = file.file_name() else { return Ok(()) };
    let stem = file.file_stem().unwrap_or(name).to_string_lossy();
    let ending = file.extension().map(|ending| format!(".{}", ending.to_string_lossy())).unwrap_or_default();
    for count in 1..10_000 {
        let target = if count == 1 { folder.join(name) } else { folder.join(format!("{stem}-{count}{ending}")) };
        // Creating the file first reserves its name, so that two runs never overwrite each other's files.
        match std::fs::OpenOptions::new().write(true).create_new(true).open(&target) {
            Ok(_) => return moved(file, &target).inspect_err(|_| drop(std::fs::remove_file(&target))),
            Err(fault) if fault.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(fault) => return Err(fault),
        }
    }
    Err(std::io::Error::other("too many files with this name are there already"))
}

/// Renames the file, or copies and removes it where the folder is on another disk.
fn moved(file: &Path, target: &Path) -> std::io::Result<()> {
    std::fs::rename(file, target).or_else(|_| {
        std::fs::copy(file, target)?;
        std::fs::File::open(target)?.sync_all()?;
        std::fs::remove_file(file)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_same_name_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("archive");
        for text in ["first", "second", "third"] {
            let file = folder.path().join("hr.csv");
            std::fs::write(&file, text).unwrap();
            let left = move_away(&Delivered { files: vec![file.clone()], move_to: archive.clone() });
            assert!(left.is_empty() && !file.exists(), "{left:?}");
        }
        let read = |name: &str| std::fs::read_to_string(archive.join(name)).unwrap();
        assert_eq!((read("hr.csv"), read("hr-2.csv"), read("hr-3.csv")), ("first".into(), "second".into(), "third".into()));
    }
}
