//! What damaged keys of a joined list mean for the records that it is joined to.

use std::collections::{HashMap, HashSet};

use crate::record::{Doubt, JoinFault, KeyDamage, normal_key};

/// The side of a join that has a fault: its name and the name of its key, for messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side<'a> {
    pub(super) source: &'a str,
    pub(super) column: &'a str,
}

/// The keys of a joined list that may belong to other records than to those of the same key. Files, databases and web services are
/// joined by the same rules:
///
/// - A record whose own key is damaged is in doubt.
/// - The row of a damaged key may belong to each record with the same [normal form](normal_key). Where only leading zeros differ, it may
///   belong to a record without a row.
/// - A row whose key is lost may belong to each record without a row.
#[derive(Debug, Default)]
pub(super) struct JoinKeys {
    damaged: HashMap<String, KeyDamage>,
    /// The normal forms of all undamaged numbers.
    numbers: HashSet<String>,
    lost: Option<JoinFault>,
}

impl JoinKeys {
    /// Adds the key of a row, trimmed. A row without a key counts where other cells of it are filled.
    pub(super) fn add(&mut self, key: &str, is_filled: impl FnOnce() -> bool) {
        if key.is_empty() {
            if is_filled() {
                self.lost.get_or_insert(JoinFault::NoKey);
            }
            return;
        }
        match (KeyDamage::of(key), normal_key(key)) {
            (Some(damage), Some(normal)) => {
                self.damaged.insert(normal, damage);
            }
            (Some(damage), None) => {
                self.lost.get_or_insert(JoinFault::Damage(damage));
            }
            (None, Some(normal)) if normal.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.numbers.insert(normal);
            }
            (None, _) => {}
        }
    }

    /// Why the rows found for a record may not be all of its rows, or not its own.
    pub(super) fn doubt(&self, key: &str, has_row: bool, own: Side<'_>, other: Side<'_>) -> Option<Doubt> {
        let in_doubt = |side: Side<'_>, fault| Doubt::JoinKey { source: side.source.into(), column: side.column.into(), fault };
        if let Some(damage) = KeyDamage::of(key) {
            return Some(in_doubt(own, JoinFault::Damage(damage)));
        }
        let normal = normal_key(key);
        let damaged = normal.as_ref().and_then(|normal| self.damaged.get(normal)).map(|damage| JoinFault::Damage(*damage));
        let fault = match damaged {
            None if has_row => None,
            // A row with the record's own key would have been found.
            None if normal.is_some_and(|normal| self.numbers.contains(&normal)) => Some(JoinFault::Zeros),
            None => self.lost,
            damaged => damaged,
        };
        fault.map(|fault| in_doubt(other, fault))
    }
}
