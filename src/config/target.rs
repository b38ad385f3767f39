//! The kind of target: `[target]`.

use crate::diagnostic::toml::{Reader, Table};

/// Where a plan goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TargetConfig {
    /// A tenant of Microsoft Entra, through Microsoft Graph: the one of `[tenant]`.
    #[default]
    Graph,
}

#[derive(Clone, Copy)]
enum Kind {
    Graph,
}

const KINDS: [(&str, Kind); 1] = [("graph", Kind::Graph)];

/// Reads the table. Which keys belong to it depends on the kind.
pub(super) fn read(reader: &mut Reader<'_>, fields: &Table<'_, '_>) -> TargetConfig {
    let target = match reader.choice(fields, "kind", &KINDS).unwrap_or(Kind::Graph) {
        Kind::Graph => TargetConfig::Graph,
    };
    reader.finish(fields);
    target
}
