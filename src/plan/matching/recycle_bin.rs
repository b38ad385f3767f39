//! The accounts in the recycle bin, by every match attribute.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::directory::{Attribute, DeletedUser, ObjectId, Snapshot};
use crate::plan::inputs::Inputs;
use crate::plan::matching::claim::other_key;
use crate::plan::matching::likeness::{Agreement, Likeness, PersonNames};
use crate::plan::records::PersonRow;
use crate::plan::records::text_index::{TextOf, fold};

/// The recycle bin. A person with a deleted account gets no second one.
pub(in crate::plan) struct RecycleBin<'a> {
    snapshot: &'a Snapshot,
    attributes: &'a [Attribute],
    indexes: Vec<HashMap<Cow<'a, str>, &'a DeletedUser>>,
}

impl<'a> RecycleBin<'a> {
    pub(in crate::plan) fn new(inputs: &'a Inputs<'a>) -> Self {
        let snapshot = inputs.snapshot;
        let attributes = &inputs.rules.matching;
        Self { snapshot, attributes, indexes: attributes.iter().map(|attribute| index(snapshot, *attribute)).collect() }
    }

    /// The deleted account of a person: one that an earlier run knew, else one that the `[[match]]` list finds; and the number of the match
    /// attribute, 0 where an earlier run knew it.
    pub(in crate::plan) fn find(&self, row: PersonRow<'_>, known: &[&ObjectId]) -> Option<(&'a DeletedUser, usize)> {
        if let Some(deleted) = known.iter().find_map(|id| self.snapshot.deleted.get(*id)) {
            return Some((deleted, 0));
        }
        self.indexes.iter().enumerate().find_map(|(at, index)| {
            let attribute = self.attributes[at];
            let previous = row.previous_key().filter(|_| at == 0);
            let hit = |text: &str| index.get::<str>(&fold(attribute, text)).copied();
            let users = &self.snapshot.users;
            let deleted = row.wanted_text(attribute, users).into_iter().chain(previous).find_map(hit)?;
            // By a later attribute only where no name or key shows that it was another person's.
            let user = &deleted.user;
            let likeness = || Likeness::of(PersonNames::of_record(row, users), PersonNames::of_account(user));
            let doubtful = at > 0
                && (likeness().surname == Agreement::Different
                    || other_key(row, users, user, self.attributes.iter().copied().take(at)).is_some());
            (!doubtful).then_some((deleted, at))
        })
    }
}

fn index(snapshot: &Snapshot, attribute: Attribute) -> HashMap<Cow<'_, str>, &DeletedUser> {
    let mut hits: HashMap<Cow<'_, str>, &DeletedUser> = HashMap::new();
    for deleted in snapshot.deleted.values() {
        let Some(text) = deleted.user.text_of(attribute) else { continue };
        // Of several, the one that was deleted last.
        let kept = hits.entry(fold(attribute, text)).or_insert(deleted);
        if kept.deleted_at < deleted.deleted_at {
            *kept = deleted;
        }
    }
    hits
}
