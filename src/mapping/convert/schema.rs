//! The synchronization schema as Microsoft exports it: only what a mapping can use, and the names of the rest.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value as Json};

/// Graph's `synchronizationSchema`: directories and the rules between them.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Schema {
    #[serde(deserialize_with = "or_default")]
    pub(super) directories: Vec<Directory>,
    #[serde(deserialize_with = "or_default")]
    pub(super) synchronization_rules: Vec<Rule>,
}

/// Graph's `directoryDefinition`: one side of the synchronization.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Directory {
    #[serde(deserialize_with = "or_default")]
    pub(super) name: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) objects: Vec<Object>,
}

/// Graph's `objectDefinition`: a type of object in a directory, with its attributes.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Object {
    #[serde(deserialize_with = "or_default")]
    pub(super) name: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) attributes: Vec<AttributeDefinition>,
}

/// Graph's `attributeDefinition`, of which only the parts that a conversion needs are read.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct AttributeDefinition {
    #[serde(deserialize_with = "or_default")]
    pub(super) name: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) anchor: bool,
    #[serde(deserialize_with = "or_default")]
    pub(super) flow_null_values: bool,
    #[serde(deserialize_with = "or_default")]
    pub(super) multivalued: bool,
    /// Where the connector reads it: a path within the answer of Workday or `SuccessFactors`.
    #[serde(deserialize_with = "or_default")]
    pub(super) api_expressions: Vec<Json>,
}

/// Graph's `synchronizationRule`: the object mappings from one directory to another.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Rule {
    #[serde(deserialize_with = "or_default")]
    pub(super) name: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) priority: i64,
    #[serde(deserialize_with = "or_default")]
    pub(super) source_directory_name: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) target_directory_name: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) object_mappings: Vec<ObjectMapping>,
    pub(super) container_filter: Option<Json>,
    pub(super) group_filter: Option<Json>,
}

/// Graph's `objectMapping`: the attribute mappings and the scope of one type of object.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ObjectMapping {
    #[serde(deserialize_with = "or_default")]
    pub(super) name: String,
    #[serde(deserialize_with = "or_true")]
    pub(super) enabled: bool,
    pub(super) flow_types: Option<Json>,
    #[serde(deserialize_with = "or_default")]
    pub(super) source_object_name: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) target_object_name: String,
    pub(super) scope: Option<Filter>,
    #[serde(deserialize_with = "or_default")]
    pub(super) attribute_mappings: Vec<AttributeMapping>,
    #[serde(deserialize_with = "or_default")]
    pub(super) metadata: Vec<Json>,
    #[serde(flatten)]
    pub(super) rest: Map<String, Json>,
}

impl Default for ObjectMapping {
    fn default() -> Self {
        Self {
            name: String::new(),
            enabled: true,
            flow_types: None,
            source_object_name: String::new(),
            target_object_name: String::new(),
            scope: None,
            attribute_mappings: Vec::new(),
            metadata: Vec::new(),
            rest: Map::new(),
        }
    }
}

/// Graph's `filter`: the records in scope are those that pass one of its groups.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Filter {
    #[serde(deserialize_with = "or_default")]
    pub(super) groups: Vec<FilterGroup>,
    #[serde(deserialize_with = "or_default")]
    pub(super) input_filter_groups: Vec<Json>,
    #[serde(deserialize_with = "or_default")]
    pub(super) category_filter_groups: Vec<Json>,
}

/// Graph's `filterGroup`: a record passes if all clauses hold.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FilterGroup {
    #[serde(deserialize_with = "or_default")]
    pub(super) name: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) clauses: Vec<FilterClause>,
}

/// Graph's `filterClause`: a comparison of one attribute.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct FilterClause {
    #[serde(deserialize_with = "or_default")]
    pub(super) source_operand_name: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) operator_name: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) target_operand: FilterOperand,
}

/// Graph's `filterOperand`: the values to compare with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FilterOperand {
    #[serde(deserialize_with = "or_default")]
    pub(super) values: Vec<Json>,
}

/// Graph's `attributeMapping`: one target attribute and the expression for it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct AttributeMapping {
    #[serde(deserialize_with = "or_default")]
    pub(super) target_attribute_name: String,
    pub(super) source: Option<Source>,
    pub(super) default_value: Option<Json>,
    #[serde(deserialize_with = "or_default")]
    pub(super) matching_priority: i64,
    #[serde(deserialize_with = "or_default")]
    pub(super) flow_type: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) flow_behavior: String,
    /// The gate of the null-flow preview.
    pub(super) flow_null_values: Option<bool>,
    /// Says nothing about a mapping: kept out of `rest`.
    #[serde(rename = "exportMissingReferences")]
    _export_missing_references: Option<Json>,
    #[serde(flatten)]
    pub(super) rest: Map<String, Json>,
}

/// `attributeMappingSource`. Its `parameters` are not read: they lose the places of arguments that were left out.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Source {
    #[serde(deserialize_with = "or_default")]
    pub(super) expression: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) name: String,
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub(super) kind: String,
}

/// `null` is what is left out.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(input: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(input)?.unwrap_or_default())
}

fn or_true<'de, D: Deserializer<'de>>(input: D) -> Result<bool, D::Error> {
    Ok(Option::<bool>::deserialize(input)?.unwrap_or(true))
}

impl Schema {
    /// Reads the document; keys that a script wrote with a capital first letter are read too.
    pub(super) fn read(text: &str) -> Result<Self, serde_json::Error> {
        let document: Json = serde_json::from_str(text)?;
        serde_json::from_value(lower_keys(document))
    }

    /// The attributes of an object of a directory.
    pub(super) fn attributes(&self, directory: &str, object: &str) -> &[AttributeDefinition] {
        let objects = self.directories.iter().filter(|known| known.name == directory).flat_map(|known| &known.objects);
        let mut found = objects.filter(|known| known.name.eq_ignore_ascii_case(object));
        found.next().map_or(&[], |known| &known.attributes)
    }
}

fn lower_keys(value: Json) -> Json {
    match value {
        Json::Object(map) => Json::Object(
            map.into_iter()
                .map(|(key, value)| {
                    let mut letters = key.chars();
                    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
                    (first.into_iter().chain(letters).collect(), lower_keys(value))
                })
                .collect(),
        ),
        Json::Array(items) => Json::Array(items.into_iter().map(lower_keys).collect()),
        other => other,
    }
}

/// The text of a scalar; schemas write booleans and numbers as text, but not always.
pub(super) fn scalar(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Bool(flag) => Some(if *flag { "True" } else { "False" }.to_owned()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
