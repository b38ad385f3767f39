//! `hrpush mapping convert`: an exported synchronization schema becomes a mapping file that checks clean, and everything that
//! cannot be carried over is listed with its reason.

mod conversion;
mod draft;
mod loss;
mod names;
mod schema;
mod scope;
#[cfg(test)]
mod tests;

use self::conversion::Conversion;
pub use self::loss::{ConvertError, Lost};
use self::loss::{is_directory, is_entra, is_user, name_of};
use self::schema::{ObjectMapping, Rule, Schema};

/// The result of a conversion: a mapping file, and what it could not express.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Converted {
    /// The name of the mapping.
    pub name: String,
    /// The text of the mapping file, with comments on what was left out.
    #[serde(skip)]
    pub text: String,
    /// The targets that were carried over, as the mapping names them.
    pub carried: Vec<String>,
    /// The parts that were not carried over, or not completely.
    pub not_carried: Vec<Lost>,
}

/// Converts the object mapping with this name, or the first that writes users into Entra.
///
/// # Errors
/// The text is not a schema, or no part of it can be converted.
pub fn convert(text: &str, wanted: Option<&str>) -> Result<Converted, ConvertError> {
    let schema = Schema::read(text.trim_start_matches('\u{feff}'))?;
    let mut lost = Vec::new();
    let (rule, mapping) = choose(&schema, wanted, &mut lost)?;
    let (draft, mut lost) = Conversion::run(&schema, rule, mapping, lost);
    let (text, carried) = draft.settle(&mut lost)?;
    Ok(Converted { name: name_of(rule, mapping), text, carried, not_carried: lost })
}

/// The object mapping to convert; every other one is listed as lost.
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
