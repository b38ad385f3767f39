//! The HR systems that come with hrpush.

use crate::mapping;

/// A preset with its description, and the values that its user must add.
pub(crate) struct Preset {
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
    /// The name of the system.
    pub(crate) system: String,
    /// A description of one line.
    pub(crate) about: String,
    /// The placeholders that only the user can fill in.
    pub(crate) values: Vec<String>,
    /// The variables and files with its secrets.
    pub(crate) secrets: Vec<String>,
}

/// All presets, ordered by name.
pub(crate) fn all() -> impl Iterator<Item = Preset> {
    mapping::presets().map(|(name, text)| {
        let document: toml::Table = text.parse().unwrap_or_default();
        let source = document.get("source").and_then(toml::Value::as_table).cloned().unwrap_or_default();
        let known = |name: &str| source.get("values").and_then(|values| values.get(name)).is_some();
        let (mut values, mut secrets) = (Vec::new(), Vec::new());
        collect(&toml::Value::Table(source.clone()), &mut values, &mut secrets);
        values.retain(|name| !known(name));
        let text_of = |value: Option<&toml::Value>| value.and_then(toml::Value::as_str).unwrap_or_default().to_owned();
        Preset { name, text, system: text_of(document.get("name")), about: text_of(source.get("about")), values, secrets }
    })
}

/// Placeholders that hrpush fills in.
const OWN: &[&str] = &["page", "offset", "size", "cursor", "on", "since", "today"];

fn collect(value: &toml::Value, values: &mut Vec<String>, secrets: &mut Vec<String>) {
    match value {
        toml::Value::String(text) => {
            for part in text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name) {
                let fits = !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                if fits && !OWN.contains(&part) && !values.iter().any(|known| known == part) {
                    values.push(part.to_owned());
                }
            }
        }
        toml::Value::Array(items) => items.iter().for_each(|item| collect(item, values, secrets)),
        toml::Value::Table(table) => {
            for (key, item) in table {
                let secret = matches!(key.as_str(), "env" | "file") || key.ends_with("_env") || key.ends_with("_file");
                match item.as_str() {
                    Some(name) if secret && key != "ca_file" => secrets.push(name.to_owned()),
                    // Columns contain paths and words, not placeholders.
                    _ if key == "columns" => {}
                    _ => collect(item, values, secrets),
                }
            }
        }
        _ => {}
    }
}
