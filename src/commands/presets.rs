//! `hrpush presets`: the HR systems that come with hrpush.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::cli::{Common, Format};
use super::output::print;
use crate::mapping;
use crate::report;
use crate::session::error::{Ended, Failure};

/// What a preset says of itself, and what its user must say.
pub(super) struct Preset {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
    /// The system, as its maker calls it.
    pub(super) system: String,
    /// One line.
    pub(super) about: String,
    /// The named parts that only the user knows.
    pub(super) values: Vec<String>,
    /// The variables and files that hold its secrets.
    pub(super) secrets: Vec<String>,
}

/// All presets, in the order of their names.
pub(super) fn all() -> impl Iterator<Item = Preset> {
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

/// Names that hrpush itself fills in.
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
                    // Columns hold paths and words: no names of parts.
                    _ if key == "columns" => {}
                    _ => collect(item, values, secrets),
                }
            }
        }
        _ => {}
    }
}

pub(super) fn presets(common: &Common) -> Result<Ended, Failure> {
    let text = if common.format == Format::Json {
        let list: Vec<Value> = all()
            .map(|Preset { name, system, about, values, secrets, .. }| {
                json!({ "preset": name, "system": system, "about": about, "values": values, "secrets": secrets })
            })
            .collect();
        report::json(&list)?
    } else {
        let width = all().map(|preset| preset.name.len()).max().unwrap_or(0);
        let mut text = String::new();
        for Preset { name, system, about, .. } in all() {
            let _ = writeln!(text, "{name:width$}  {system}: {about}");
        }
        text.push_str("\nnext: hrpush init --preset NAME\n");
        text
    };
    print(&text)?;
    Ok(Ended::done())
}
