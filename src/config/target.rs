//! The kind of target: `[target]`.

use super::bulk_upload::{self, BulkUploadConfig};
use crate::diagnostic::toml::{Reader, Table};

/// Where a plan goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TargetConfig {
    /// A tenant of Microsoft Entra, through Microsoft Graph: the one of `[tenant]`.
    #[default]
    Graph,
    /// A job of Entra's API-driven inbound provisioning in that tenant.
    BulkUpload(Box<BulkUploadConfig>),
}

#[derive(Clone, Copy)]
enum Kind {
    Graph,
    BulkUpload,
}

const KINDS: [(&str, Kind); 2] = [("graph", Kind::Graph), ("bulk-upload", Kind::BulkUpload)];

/// Reads the table. Which keys belong to it depends on the kind.
pub(super) fn read(reader: &mut Reader<'_>, fields: &Table<'_, '_>) -> TargetConfig {
    let target = match reader.choice(fields, "kind", &KINDS).unwrap_or(Kind::Graph) {
        Kind::Graph => TargetConfig::Graph,
        Kind::BulkUpload => {
            bulk_upload::read(reader, fields).map_or(TargetConfig::Graph, |config| TargetConfig::BulkUpload(Box::new(config)))
        }
    };
    reader.finish(fields);
    target
}
