//! Users and groups as the tenant holds them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    User,
    Group,
}

impl Kind {
    /// The name in refusals.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    /// The name in `@odata.type`.
    pub(super) fn odata(self) -> &'static str {
        match self {
            Self::User => "#microsoft.graph.user",
            Self::Group => "#microsoft.graph.group",
        }
    }
}

/// A user or a group, live, deleted or gone for good.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Object {
    pub(super) id: String,
    pub(super) kind: Kind,
    /// Written by [`Object::stored`].
    #[serde(skip_serializing)]
    pub(super) props: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) manager: Option<String>,
    /// The manager before the last change, and when that was, for delta.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) manager_was: Option<String>,
    #[serde(default)]
    pub(super) manager_at: u64,
    /// Members of a group and when each was added.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) members: BTreeMap<String, u64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) owners: BTreeMap<String, u64>,
    /// Members that were removed, for delta.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) removed: BTreeMap<String, u64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) removed_owners: BTreeMap<String, u64>,
    /// When it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) deleted: Option<String>,
    /// The Temporary Access Passes of a user, without the pass itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) passes: Vec<Value>,
    /// Purged: only the id is left, for delta.
    #[serde(default)]
    pub(super) gone: bool,
    /// The change that touched it last.
    pub(super) changed: u64,
    /// The change that made or restored it.
    #[serde(default)]
    pub(super) made: u64,
    /// The changes that touched single properties since then.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) stamps: BTreeMap<String, u64>,
    /// When it was made, for replication lag; unknown after a restart.
    #[serde(skip)]
    pub(super) born: Option<Duration>,
    /// How many requests the tenant had answered by then.
    #[serde(skip)]
    pub(super) born_request: u64,
}

impl Object {
    pub(super) fn new(id: String, kind: Kind, mut props: Map<String, Value>) -> Self {
        props.insert("id".to_owned(), Value::String(id.clone()));
        Self {
            id,
            kind,
            props,
            manager: None,
            manager_was: None,
            manager_at: 0,
            members: BTreeMap::new(),
            owners: BTreeMap::new(),
            removed: BTreeMap::new(),
            removed_owners: BTreeMap::new(),
            deleted: None,
            passes: Vec::new(),
            gone: false,
            changed: 0,
            made: 0,
            stamps: BTreeMap::new(),
            born: None,
            born_request: 0,
        }
    }

    /// As it is kept in the file. The properties, most of it, are put in as text: each write of a client passes here.
    pub(super) fn stored(&mut self) -> String {
        let props = Value::Object(std::mem::take(&mut self.props));
        let mut text = serde_json::to_string(self).expect("an object has text keys alone");
        text.pop();
        let _ = write!(text, r#","props":{props}}}"#);
        if let Value::Object(props) = props {
            self.props = props;
        }
        text
    }

    pub(super) fn live(&self) -> bool {
        self.deleted.is_none() && !self.gone
    }

    pub(super) fn is(&self, property: &str) -> bool {
        self.props.get(property) == Some(&Value::Bool(true))
    }

    /// Whether `groupTypes` has this word.
    pub(super) fn has_group_type(&self, name: &str) -> bool {
        self.props.get("groupTypes").and_then(Value::as_array).is_some_and(|types| types.iter().any(|kind| kind == name))
    }

    /// Whether it is mastered on premises.
    pub(super) fn is_synced(&self) -> bool {
        self.is("onPremisesSyncEnabled")
    }

    /// The names by which a rehearsed refusal may mean a user.
    pub(super) fn names(&self) -> [&str; 3] {
        let named = |property: &str| self.text(property).unwrap_or_default();
        [self.id.as_str(), named("userPrincipalName"), named("employeeId")]
    }

    pub(super) fn text(&self, property: &str) -> Option<&str> {
        self.props.get(property).and_then(Value::as_str)
    }

    /// Notes what differs from the former state; a restored object counts as new.
    pub(super) fn stamp(&mut self, old: Option<&Self>, change: u64) {
        let Some(old) = old else {
            self.made = change;
            self.manager_at = change;
            self.members.values_mut().chain(self.owners.values_mut()).for_each(|at| *at = change);
            self.stamps.clear();
            return;
        };
        for (name, value) in &self.props {
            if old.props.get(name) != Some(value) {
                self.stamps.insert(name.clone(), change);
            }
        }
    }

    /// Whether a property changed after this change.
    pub(super) fn changed_since(&self, name: &str, since: u64) -> bool {
        self.made > since || self.stamps.get(name).is_some_and(|at| *at > since)
    }

    /// The first change after this one that has touched it, as far as is known.
    pub(super) fn first_change(&self, since: u64) -> u64 {
        let lists = [&self.stamps, &self.members, &self.owners, &self.removed, &self.removed_owners];
        let listed = lists.into_iter().flat_map(|list| list.values().copied());
        listed.chain([self.made, self.manager_at]).filter(|at| *at > since).min().unwrap_or(self.changed)
    }

    /// The addresses it holds, lower case and without their kind.
    pub(super) fn addresses(&self) -> Vec<String> {
        self.props
            .get("proxyAddresses")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(|address| address.split_once(':').map_or(address, |(_, rest)| rest).to_lowercase())
            .chain(self.text("mail").map(str::to_lowercase))
            .collect()
    }
}
