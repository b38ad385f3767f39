//! Names that only look like those of protected and shielded people.

use std::collections::{HashMap, HashSet};

use unicode_security::confusable_detection::skeleton;

use crate::directory::{ObjectId, roles};
use crate::plan::protection::Protection;
use crate::record::is_invisible;

/// The names of protected and shielded people by what they look like.
pub(super) struct LookAlikes {
    names: HashMap<String, HashSet<String>>,
    owners: HashSet<ObjectId>,
}

impl LookAlikes {
    pub(super) fn new(protection: &Protection<'_>) -> Self {
        let mut look = Self { names: HashMap::new(), owners: HashSet::new() };
        for user in protection.sensitive() {
            look.insert(user.upn.local_part());
            if let Some(name) = user.text(roles::DISPLAY_NAME) {
                look.insert(name);
            }
            look.owners.insert(user.id);
        }
        look
    }

    /// Creates a set without any names.
    pub(super) fn empty() -> Self {
        Self { names: HashMap::new(), owners: HashSet::new() }
    }

    /// Remembers one more name.
    pub(super) fn insert(&mut self, name: &str) {
        for shape in shapes(name) {
            self.names.entry(shape).or_default().insert(name.to_lowercase());
        }
    }

    /// Whether this name is another text that looks the same; a true namesake is none.
    pub(super) fn hit(&self, name: &str, own: Option<&ObjectId>) -> bool {
        if self.names.is_empty() || own.is_some_and(|id| self.owners.contains(id)) {
            return false;
        }
        let folded = name.to_lowercase();
        shapes(name).iter().filter_map(|shape| self.names.get(shape)).any(|texts| !texts.contains(&folded))
    }
}

/// What a text looks like, as it stands and in lower case; what cannot be seen is no part of it.
fn shapes(name: &str) -> [String; 2] {
    let seen: String = name.split_whitespace().collect::<Vec<_>>().join(" ").chars().filter(|c| !is_invisible(*c)).collect();
    [skeleton(&seen).collect(), skeleton(&seen.to_lowercase()).collect()]
}
