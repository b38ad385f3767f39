//! The properties of users and groups as the documentation describes them, embedded as `schema.json`.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use serde::Deserialize;

use super::object::Kind;

/// The documented facts of one property.
#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of the documentation, independent of the others")]
pub(super) struct Rule {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) collection: bool,
    pub(super) read_only: bool,
    pub(super) max_length: Option<usize>,
    pub(super) max_items: Option<usize>,
    pub(super) item_max_length: Option<usize>,
    pub(super) required: bool,
    /// Whether the property cannot be set to null.
    pub(super) kept: bool,
    #[serde(rename = "default")]
    pub(super) shown: bool,
    /// A list answers 501 where it is selected.
    pub(super) unlisted: bool,
    /// An update that has it must have nothing else.
    pub(super) alone: bool,
    pub(super) read_only_if_synced: bool,
    pub(super) sensitive: bool,
    pub(super) immutable: bool,
    pub(super) update_only: bool,
    pub(super) create_only: bool,
    /// Apps without a signed-in user cannot write it.
    pub(super) delegated: bool,
    /// Not writable through Graph although the documentation does not call it read-only.
    pub(super) refused: bool,
    pub(super) allowed: Vec<String>,
    /// The operators of `$filter`, with `*` where they need an advanced query.
    pub(super) filter: String,
    pub(super) search: bool,
    pub(super) order_by: bool,
}

/// Whether `$filter` may use an operator on a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Support {
    No,
    Plain,
    /// With `ConsistencyLevel: eventual` and `$count=true`.
    Advanced,
}

impl Rule {
    /// How `$filter` supports an operator: `eq`, `in`, `startsWith`, and `null` for a comparison with null.
    pub(super) fn support(&self, operator: &str) -> Support {
        let found = self.filter.split(' ').find(|entry| entry.trim_end_matches('*') == operator);
        match found {
            None => Support::No,
            Some(entry) if entry.ends_with('*') => Support::Advanced,
            Some(_) => Support::Plain,
        }
    }
}

/// One part of a complex type.
#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Part {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) collection: bool,
    pub(super) max_length: Option<usize>,
}

#[derive(Deserialize)]
struct Schema {
    user: BTreeMap<String, Rule>,
    group: BTreeMap<String, Rule>,
    complex: BTreeMap<String, BTreeMap<String, Part>>,
}

static SCHEMA: LazyLock<Schema> =
    LazyLock::new(|| serde_json::from_str(include_str!("schema.json")).expect("the embedded schema is part of the program"));

/// A property with its name in Graph's spelling.
type Named = (&'static str, &'static Rule);

/// The properties by their names in lower case.
static NAMES: LazyLock<HashMap<(Kind, String), Named>> = LazyLock::new(|| {
    let of = |kind: Kind| rules(kind).iter().map(move |(name, rule)| ((kind, name.to_lowercase()), (name.as_str(), rule)));
    of(Kind::User).chain(of(Kind::Group)).collect()
});

/// The rules of a kind of object, by Graph's spelling.
pub(super) fn rules(kind: Kind) -> &'static BTreeMap<String, Rule> {
    match kind {
        Kind::User => &SCHEMA.user,
        Kind::Group => &SCHEMA.group,
    }
}

/// A property by its name in any case, with Graph's spelling.
pub(super) fn find(kind: Kind, property: &str) -> Option<Named> {
    NAMES.get(&(kind, property.to_lowercase())).copied()
}

/// The parts of a complex type.
pub(super) fn complex(kind: &str) -> Option<&'static BTreeMap<String, Part>> {
    SCHEMA.complex.get(kind)
}

/// A part of a complex type by its name in any case.
pub(super) fn part(kind: &str, name: &str) -> Option<(&'static str, &'static Part)> {
    complex(kind)?.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(known, part)| (known.as_str(), part))
}

/// Whether this has the form of the name of a directory extension.
pub(super) fn is_extension(property: &str) -> bool {
    property
        .get(..10)
        .filter(|start| start.eq_ignore_ascii_case("extension_"))
        .and_then(|_| property[10..].split_once('_'))
        .is_some_and(|(app, name)| app.len() == 32 && app.bytes().all(|b| b.is_ascii_hexdigit()) && !name.is_empty())
}
