//! What a conversion leaves out or refuses, and the questions that decide it.

use thiserror::Error;

use super::schema::{ObjectMapping, Rule};
use crate::directory::Attribute;

/// A part of the schema that is not in the mapping, or that works differently there.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Lost {
    /// The part, such as `attribute sAMAccountName`.
    pub what: String,
    /// The reason, and what takes its place.
    pub why: String,
}

/// The reason for which a schema cannot be converted.
#[derive(Debug, Error)]
pub enum ConvertError {
    /// The document is not JSON of that shape.
    #[error(
        "this is not a synchronization schema: {0}\n  hint: export it in the portal with \"Review your schema here\", Download"
    )]
    NoSchema(#[from] serde_json::Error),
    /// The schema has no object mapping.
    #[error("the schema has no object mapping\n  hint: the file must hold `synchronizationRules` with their `objectMappings`")]
    Empty,
    /// The schema has no object mapping with the requested name.
    #[error("the schema has no object mapping `{wanted}`\n  hint: it has {known}")]
    Unknown {
        /// The name that was given.
        wanted: String,
        /// The names in the schema.
        known: String,
    },
    /// No part of the schema can be carried over.
    #[error("no part of `{name}` can be carried over: {why}")]
    Nothing {
        /// The name of the object mapping in the schema.
        name: String,
        /// The first thing that prevents the conversion.
        why: String,
    },
}

/// Whether Graph has a user attribute of this name that can be written.
pub(super) fn is_writable(name: &str) -> bool {
    Attribute::find(name).is_some_and(|attribute| !attribute.read_only)
}

/// Whether a directory is Entra ID or Active Directory, by its name.
pub(super) fn is_directory(directory: &str) -> bool {
    is_entra(directory) || directory.to_lowercase().contains("active directory")
}

/// Whether a directory is Entra ID, by its name.
pub(super) fn is_entra(directory: &str) -> bool {
    let name = directory.to_lowercase();
    ["azure active directory", "entra", "aad", "azuread"].iter().any(|known| name.contains(known))
}

/// Whether the objects of this name are users.
pub(super) fn is_user(object: &str) -> bool {
    object.is_empty() || object.to_lowercase().contains("user")
}

/// The name of an object mapping for messages.
pub(super) fn name_of(rule: &Rule, mapping: &ObjectMapping) -> String {
    let name = [&mapping.name, &rule.name].into_iter().map(|name| name.trim()).find(|name| !name.is_empty());
    name.unwrap_or("Converted mapping").split_whitespace().collect::<Vec<_>>().join(" ")
}
