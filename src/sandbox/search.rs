//! `$search`: `"displayName:ann"`, combined by `AND` and `OR`.

use serde_json::{Map, Value};

use super::object::Kind;
use super::reply::Problem;
use super::schema::find;

/// A parsed search: any of these groups, of each group all clauses.
#[derive(Debug)]
pub(super) struct Search(Vec<Vec<Clause>>);

#[derive(Debug)]
struct Clause {
    property: &'static str,
    /// The words in lower case.
    text: String,
}

/// Properties that are searched by the start of each word; the others by their own start.
const TOKENIZED: [&str; 2] = ["displayName", "description"];

impl Search {
    pub(super) fn parse(text: &str, kind: Kind) -> Result<Self, Problem> {
        let mut groups = Vec::new();
        for group in text.split(" OR ") {
            groups.push(group.split(" AND ").map(|part| clause(part, kind)).collect::<Result<Vec<_>, _>>()?);
        }
        Ok(Self(groups))
    }

    pub(super) fn finds(&self, props: &Map<String, Value>) -> bool {
        self.0.iter().any(|group| group.iter().all(|clause| clause.finds(props)))
    }
}

fn clause(part: &str, kind: Kind) -> Result<Clause, Problem> {
    let refuse = || Problem::query(format!("Invalid $search clause: {part}. A clause has the form \"property:value\"."));
    let inner = part.trim().strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or_else(refuse)?;
    let (property, value) = inner.split_once(':').ok_or_else(refuse)?;
    let (property, rule) = find(kind, property.trim()).ok_or_else(refuse)?;
    if !rule.search || value.trim().is_empty() {
        return Err(refuse());
    }
    Ok(Clause { property, text: value.trim().to_lowercase() })
}

impl Clause {
    fn finds(&self, props: &Map<String, Value>) -> bool {
        match props.get(self.property) {
            Some(Value::String(text)) => self.fits(text),
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).any(|text| self.fits(text)),
            _ => false,
        }
    }

    fn fits(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        if !TOKENIZED.contains(&self.property) {
            return text.split_once(':').map_or(text.as_str(), |(_, rest)| rest).starts_with(&self.text)
                || text.starts_with(&self.text);
        }
        let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        self.text.split_whitespace().all(|wanted| words.iter().any(|word| word.starts_with(wanted)))
    }
}
