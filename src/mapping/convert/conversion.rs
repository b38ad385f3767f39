//! One object mapping turned into the draft of a mapping file, attribute by attribute.

use std::collections::BTreeSet;

use super::draft::{Draft, Entry};
use super::loss::{Lost, is_directory, name_of};
use super::names::{Meaning, meaning};
use super::schema::{AttributeMapping, ObjectMapping, Rule, Schema, scalar};
use super::scope;
use crate::diagnostic::toml_text::quoted;
use crate::expr::{Expression, Rules};
use crate::mapping::parse::formulas::one_text;

/// One object mapping on its way.
pub(super) struct Conversion<'s> {
    schema: &'s Schema,
    rule: &'s Rule,
    mapping: &'s ObjectMapping,
    lost: Vec<Lost>,
    draft: Draft,
}

impl<'s> Conversion<'s> {
    /// The draft of a mapping file; what could not come along is added to what was lost before.
    pub(super) fn run(schema: &'s Schema, rule: &'s Rule, mapping: &'s ObjectMapping, lost: Vec<Lost>) -> (Draft, Vec<Lost>) {
        let mut conversion = Self { schema, rule, mapping, lost, draft: Draft::default() };
        conversion.whole();
        (conversion.draft, conversion.lost)
    }

    fn lose(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.lost.push(Lost { what: what.into(), why: why.into() });
    }

    fn whole(&mut self) {
        self.draft.name = name_of(self.rule, self.mapping);
        self.draft.from = format!("{} to {}", self.rule.source_directory_name, self.rule.target_directory_name);
        if !self.mapping.enabled {
            self.lose("enabled", "the object mapping is disabled in the schema; the mapping file is not");
        }
        if !is_directory(&self.rule.target_directory_name) {
            let why = format!(
                "it is `{}`, not Entra: targets with no counterpart in Entra are left out",
                self.rule.target_directory_name
            );
            self.lose("target directory", why);
        }
        self.key();
        let whole_scope = self.scope();
        self.actions(whole_scope);
        let mappings = &self.mapping.attribute_mappings;
        for mapping in mappings {
            self.attribute(mapping);
        }
        self.matching();
        self.columns();
        self.leftovers();
    }

    /// The person's key: what feeds the first match, else the anchor.
    fn key(&mut self) {
        let mut matches: Vec<&AttributeMapping> =
            self.mapping.attribute_mappings.iter().filter(|mapping| mapping.matching_priority > 0).collect();
        matches.sort_by_key(|mapping| mapping.matching_priority);
        let fed = matches.into_iter().filter_map(expression_of);
        let anchors = self.schema.attributes(&self.rule.source_directory_name, &self.mapping.source_object_name);
        let anchors = anchors.iter().filter(|attribute| attribute.anchor).map(|attribute| format!("[{}]", attribute.name));
        let first = self.mapping.attribute_mappings.iter().filter_map(expression_of);
        let usable = |text: &String| Expression::check(text, &one_text()).is_ok_and(|found| found.columns().next().is_some());
        let key = fed.chain(anchors).chain(first).find(usable);
        if key.is_none() {
            self.lose("key", "the schema has neither a matching attribute nor an anchor: `[source] key` is a guess");
        }
        self.draft.key = key.unwrap_or_else(|| "[id]".to_owned());
    }

    /// The scoping filter; whether all of it could be carried over.
    fn scope(&mut self) -> bool {
        let Some(filter) = &self.mapping.scope else { return true };
        let mut whole = true;
        for group in &filter.groups {
            let (lines, losses) = scope::group(group);
            whole &= losses.is_empty();
            self.lost.extend(losses);
            self.draft.scope.push(lines);
        }
        for (name, groups) in
            [("inputFilterGroups", &filter.input_filter_groups), ("categoryFilterGroups", &filter.category_filter_groups)]
        {
            if !groups.is_empty() {
                self.lose(format!("scope {name}"), "experimental filters of the service: write them as [[scope]]");
                whole = false;
            }
        }
        whole
    }

    /// `flowTypes`: what the job may do.
    fn actions(&mut self, whole_scope: bool) {
        let text = self.mapping.flow_types.as_ref().map_or_else(
            || "Add, Update, Delete".to_owned(),
            |value| match value {
                serde_json::Value::Array(items) => items.iter().filter_map(scalar).collect::<Vec<_>>().join(", "),
                other => scalar(other).unwrap_or_else(|| "Add, Update, Delete".to_owned()),
            },
        );
        let types: BTreeSet<String> = text.split(',').map(|kind| kind.trim().to_lowercase()).collect();
        if !types.contains("add") {
            self.lose(
                "flowTypes without Add",
                "hrpush creates an account for every person in scope: narrow [[scope]] to people with an account",
            );
        }
        if !types.contains("update") {
            self.lose(
                "flowTypes without Update",
                "hrpush updates every person in scope: add when = \"create\" to each attribute",
            );
        }
        let deletes = types.contains("delete");
        if !deletes {
            self.lose(
                "flowTypes without Delete",
                "carried over as out_of_scope = \"report\"; a status that means gone still disables",
            );
        }
        self.draft.disable_out_of_scope = deletes && whole_scope && !self.draft.scope.is_empty();
    }

    fn attribute(&mut self, mapping: &AttributeMapping) {
        let target = mapping.target_attribute_name.trim();
        let what = format!("attribute {target}");
        for key in mapping.rest.keys().filter(|key| !matches!(key.as_str(), "id" | "@odata.type")) {
            self.lose(what.clone(), format!("its field `{key}` means nothing here"));
        }
        let default = mapping.default_value.as_ref().and_then(scalar).filter(|text| !text.trim().is_empty());
        let Some(expression) = expression_of(mapping) else {
            return self.without_source(target, default);
        };
        match meaning(target) {
            Meaning::Nothing(why) => {
                let faults = Expression::check(&expression, &Rules::open()).err().unwrap_or_default();
                let why = match faults.first() {
                    Some(fault) => format!("{why}; {fault}"),
                    None => why.to_owned(),
                };
                self.draft.leave_out(target, &expression, &why);
                self.lose(what, why);
            }
            Meaning::ObjectFilter => self.draft.filter = Some(expression),
            Meaning::Manager => {
                if self.draft.manager.replace(expression).is_some() {
                    self.lose(what, "the manager is mapped twice: the last one counts");
                }
            }
            Meaning::Enabled { blocked, free } => self.enabled(mapping, expression, blocked, free),
            Meaning::Attribute(name) => self.plain(mapping, name, &expression, default),
        }
    }

    /// A mapping of type `None`: the target is left alone, but for a default.
    fn without_source(&mut self, target: &str, default: Option<String>) {
        let Some(default) = default else { return };
        match meaning(target) {
            Meaning::Attribute(name) => self.draft.add(Entry {
                target: name,
                source: target.to_owned(),
                value: format!("{{ constant = {}, when = \"create\" }}", quoted(&default)),
                note: Some("no source: Entra writes the default where the target is empty, hrpush when it creates".to_owned()),
                refused: None,
            }),
            Meaning::Nothing(why) => self.lose(format!("attribute {target}"), why),
            _ => self.lose(format!("attribute {target}"), "it has a default but no source"),
        }
    }

    fn enabled(
        &mut self,
        mapping: &AttributeMapping,
        expression: String,
        blocked: &'static [&'static str],
        free: &'static [&'static str],
    ) {
        let what = format!("attribute {}", mapping.target_attribute_name);
        if mapping.flow_type.eq_ignore_ascii_case("ObjectAddOnly") {
            return self
                .lose(what, "it is set on create alone, so it disables no account: hrpush creates accounts by [lifecycle]");
        }
        let checked = Expression::check(&expression, &Rules::open());
        if checked.as_ref().is_ok_and(|found| found.constant().is_some()) {
            return self.lose(what, "it is a constant, so it disables no account: hrpush sets it by [lifecycle]");
        }
        // A boolean is no text for the checker; CStr makes it one.
        let fits = Expression::check(&expression, &one_text()).is_ok();
        let status = if fits || checked.is_err() { expression } else { format!("CStr({expression})") };
        if self.draft.status.replace((status, blocked, free)).is_some() {
            self.lose(what, "the account's state is mapped twice: the last one counts");
        }
    }

    fn plain(&mut self, mapping: &AttributeMapping, name: String, expression: &str, default: Option<String>) {
        let source = mapping.target_attribute_name.clone();
        let what = format!("attribute {source}");
        if let Some(reason) = self.draft.add_reason(&name) {
            self.draft.leave_out(&source, expression, reason);
            return self.lose(what, reason);
        }
        let checked = Expression::check(expression, &Rules::open()).ok();
        let unique = checked.as_ref().is_some_and(Expression::is_select_unique);
        let when = self.when(mapping, unique, &what);
        if mapping.flow_behavior.eq_ignore_ascii_case("FlowAlways") {
            self.lose(what, "flowBehavior FlowAlways: hrpush compares with the tenant and writes what differs");
        }
        let constant = checked.as_ref().and_then(Expression::constant).map(str::to_owned);
        let mut parts = match &constant {
            Some(text) => vec![format!("constant = {}", quoted(text))],
            None => vec![format!("expression = {}", quoted(expression.trim()))],
        };
        let matched = mapping.matching_priority > 0;
        if constant.is_none() {
            if let Some(default) = default {
                parts.push(format!("default = {}", quoted(&default)));
            } else if when == "always" && !matched && !self.clears(mapping, checked.as_ref()) {
                parts.push("on_empty = \"keep\"".to_owned());
            }
        }
        // A userPrincipalName is set on create alone, unless the mapping sets it always.
        if when == "create" || name == "userPrincipalName" {
            parts.push(format!("when = \"{when}\""));
        }
        let value = match parts.as_slice() {
            [only] if constant.is_none() => only.trim_start_matches("expression = ").to_owned(),
            _ => format!("{{ {} }}", parts.join(", ")),
        };
        if matched {
            self.draft.matches.push((mapping.matching_priority, name.clone()));
        }
        self.draft.add(Entry { target: name, source, value, note: None, refused: None });
    }

    /// When an attribute is written.
    fn when(&mut self, mapping: &AttributeMapping, unique: bool, what: &str) -> &'static str {
        match mapping.flow_type.as_str() {
            "" | "Always" if unique => {
                self.lose(what, "SelectUniqueValue: written on create alone, as Entra demands too");
                "create"
            }
            "" | "Always" => "always",
            "ObjectAddOnly" => "create",
            other => {
                self.lose(what, format!("flowType {other}: written on create alone, which never takes a value away"));
                "create"
            }
        }
    }

    /// Whether a missing value empties the target: both gates of the null-flow preview are open.
    fn clears(&self, mapping: &AttributeMapping, expression: Option<&Expression>) -> bool {
        let known = self.schema.attributes(&self.rule.source_directory_name, &self.mapping.source_object_name);
        let open = |name: &str| known.iter().any(|attribute| attribute.name == name && attribute.flow_null_values);
        mapping.flow_null_values != Some(false)
            && expression.is_some_and(|found| {
                let mut columns = found.columns().peekable();
                columns.peek().is_some() && columns.all(|(name, _)| open(name))
            })
    }

    /// `[[match]]`; a mapping needs one.
    fn matching(&mut self) {
        self.draft.matches.sort_by_key(|(priority, _)| *priority);
        let mappings = &self.mapping.attribute_mappings;
        for mapping in mappings.iter().filter(|mapping| mapping.matching_priority > 0) {
            if !matches!(meaning(&mapping.target_attribute_name), Meaning::Attribute(_)) {
                self.lose(format!("match {}", mapping.target_attribute_name), "accounts cannot be found by it here");
            }
        }
    }

    /// What the schema says of the columns that the mapping uses.
    fn columns(&mut self) {
        let known = self.schema.attributes(&self.rule.source_directory_name, &self.mapping.source_object_name);
        for attribute in known {
            let path: Vec<String> = attribute
                .api_expressions
                .iter()
                .filter_map(|found| scalar(found).or_else(|| found.get("expression").and_then(scalar)))
                .collect();
            let mut facts = Vec::new();
            if attribute.anchor {
                facts.push("the anchor".to_owned());
            }
            if attribute.multivalued {
                facts.push("several values".to_owned());
            }
            facts.extend(path);
            if !facts.is_empty() {
                self.draft.columns.push((attribute.name.clone(), facts.join("; ")));
            }
        }
    }

    /// What hangs on the rule and the object mapping and has no place here.
    fn leftovers(&mut self) {
        for (name, filter) in [("containerFilter", &self.rule.container_filter), ("groupFilter", &self.rule.group_filter)] {
            let filled = filter.as_ref().is_some_and(|filter| {
                filter
                    .as_object()
                    .is_some_and(|filter| filter.values().any(|value| value.as_array().is_some_and(|list| !list.is_empty())))
            });
            if filled {
                self.lose(name, "the source's own containers and groups are not seen here: write it as [[scope]]");
            }
        }
        let keys: Vec<String> = self.mapping.metadata.iter().filter_map(|entry| entry.get("key").and_then(scalar)).collect();
        if !keys.is_empty() {
            self.lose("metadata", format!("settings of the service: {}", keys.join(", ")));
        }
        let fields: Vec<&str> =
            self.mapping.rest.keys().map(String::as_str).filter(|key| !matches!(*key, "id" | "@odata.type")).collect();
        if !fields.is_empty() {
            self.lose("fields", format!("fields of the object mapping that mean nothing here: {}", fields.join(", ")));
        }
        self.lose(
            "outside the schema",
            "SkipOutOfScopeDeletions, the deletion threshold and the notification address: see [lifecycle], and [guard] in hrpush.toml",
        );
    }
}

/// The expression of a mapping; `parameters` are never read.
fn expression_of(mapping: &AttributeMapping) -> Option<String> {
    let source = mapping.source.as_ref()?;
    let expression = source.expression.trim();
    if !expression.is_empty() {
        return Some(expression.to_owned());
    }
    let name = source.name.trim();
    match source.kind.as_str() {
        _ if name.is_empty() => None,
        "Constant" => Some(format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))),
        "Function" => None,
        _ => Some(format!("[{name}]")),
    }
}
