//! `hrpush mapping convert`: an exported synchronization schema becomes a mapping file that checks clean, and everything that could
//! not come along is named with its reason.

mod conversion;
mod draft;
mod names;
mod schema;
mod scope;
#[cfg(test)]
mod tests;

use thiserror::Error;

use self::conversion::Conversion;
use self::schema::{ObjectMapping, Rule, Schema};
use crate::directory::Attribute;

/// A converted schema.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Converted {
    /// The name of the mapping.
    pub name: String,
    /// The mapping file.
    #[serde(skip)]
    pub text: String,
    /// The targets that came along, as the mapping names them.
    pub carried: Vec<String>,
    /// What did not, or not quite.
    pub not_carried: Vec<Lost>,
}

/// Something of the schema that the mapping does not say, or says differently.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Lost {
    /// What it was, such as `attribute sAMAccountName`.
    pub what: String,
    /// Why, and what takes its place.
    pub why: String,
}

/// Why a schema could not be converted.
#[derive(Debug, Error)]
pub enum ConvertError {
    /// The document is no JSON of that shape.
    #[error("this is no synchronization schema: {0}\n  hint: export it in the portal with «Review your schema here», Download")]
    NoSchema(#[from] serde_json::Error),
    /// There is nothing to convert.
    #[error("the schema has no object mapping\n  hint: the file must hold `synchronizationRules` with their `objectMappings`")]
    Empty,
    /// The object mapping that was asked for is not in it.
    #[error("the schema has no object mapping `{wanted}`\n  hint: it has {known}")]
    Unknown {
        /// The name that was given.
        wanted: String,
        /// The names in the schema.
        known: String,
    },
    /// No line of the schema could be carried over.
    #[error("nothing of `{name}` could be carried over: {why}")]
    Nothing {
        /// The object mapping.
        name: String,
        /// What stood in the way.
        why: String,
    },
}

/// Converts the object mapping of that name, else the first that writes users into Entra.
///
/// # Errors
/// The text is no schema, or nothing in it can be converted.
pub fn convert(text: &str, wanted: Option<&str>) -> Result<Converted, ConvertError> {
    let schema = Schema::read(text.trim_start_matches('\u{feff}'))?;
    let mut lost = Vec::new();
    let (rule, mapping) = choose(&schema, wanted, &mut lost)?;
    let (draft, mut lost) = Conversion::run(&schema, rule, mapping, lost);
    let (text, carried) = draft.settle(&mut lost)?;
    Ok(Converted { name: name_of(rule, mapping), text, carried, not_carried: lost })
}

fn is_entra(directory: &str) -> bool {
    let name = directory.to_lowercase();
    ["azure active directory", "entra", "aad", "azuread"].iter().any(|known| name.contains(known))
}

fn is_directory(directory: &str) -> bool {
    is_entra(directory) || directory.to_lowercase().contains("active directory")
}

fn is_user(object: &str) -> bool {
    object.is_empty() || object.to_lowercase().contains("user")
}

fn name_of(rule: &Rule, mapping: &ObjectMapping) -> String {
    let name = [&mapping.name, &rule.name].into_iter().map(|name| name.trim()).find(|name| !name.is_empty());
    name.unwrap_or("Converted mapping").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The object mapping to convert; every other one is told.
fn choose<'s>(
    schema: &'s Schema,
    wanted: Option<&str>,
    lost: &mut Vec<Lost>,
) -> Result<(&'s Rule, &'s ObjectMapping), ConvertError> {
    let mut rules: Vec<&Rule> = schema.synchronization_rules.iter().collect();
    rules.sort_by_key(|rule| rule.priority);
    let all: Vec<(&Rule, &ObjectMapping)> =
        rules.into_iter().flat_map(|rule| rule.object_mappings.iter().map(move |mapping| (rule, mapping))).collect();
    let chosen = if let Some(wanted) = wanted {
        let named = |(rule, mapping): &&(&Rule, &ObjectMapping)| {
            mapping.name == wanted || rule.name == wanted || name_of(rule, mapping) == wanted
        };
        *all.iter().find(named).ok_or_else(|| ConvertError::Unknown {
            wanted: wanted.to_owned(),
            known: all.iter().map(|(rule, mapping)| format!("`{}`", name_of(rule, mapping))).collect::<Vec<_>>().join(", "),
        })?
    } else {
        let rank = |(rule, mapping): &(&Rule, &ObjectMapping)| {
            let inbound = is_directory(&rule.target_directory_name) && !is_directory(&rule.source_directory_name);
            (
                !mapping.enabled,
                !inbound,
                !is_user(&mapping.target_object_name),
                !is_entra(&rule.target_directory_name),
                mapping.attribute_mappings.is_empty(),
            )
        };
        *all.iter().min_by_key(|pair| rank(pair)).ok_or(ConvertError::Empty)?
    };
    for (rule, mapping) in all.iter().filter(|(_, mapping)| !std::ptr::eq(*mapping, chosen.1)) {
        let why = if !mapping.enabled {
            "it is disabled".to_owned()
        } else if !is_user(&mapping.target_object_name) {
            format!("it maps to `{}`; hrpush maps workers to users, and [[groups]] makes groups", mapping.target_object_name)
        } else if !is_directory(&rule.target_directory_name) {
            format!("it writes to `{}`, not to Entra", rule.target_directory_name)
        } else {
            "one mapping file holds one of them: convert it to a file of its own with --object-mapping".to_owned()
        };
        lost.push(Lost { what: format!("object mapping {}", name_of(rule, mapping)), why });
    }
    Ok(chosen)
}

/// Whether Graph has a user attribute of this name that can be written.
fn is_writable(name: &str) -> bool {
    Attribute::find(name).is_some_and(|attribute| !attribute.read_only)
}
