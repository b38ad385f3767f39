//! `[[groups]]`: which groups a person belongs in.

use super::GroupRule;
use super::model::GroupFormulas;
use super::parse::one_text;
use super::walk::{Section, Walk};
use crate::directory::ObjectId;
use crate::expr::{self, Want};

const KEYS: &[&str] = &["key", "name", "kind", "owners", "when", "membership", "id"];

/// Reads all rules.
pub(super) fn read(walk: &mut Walk<'_>, root: &Section<'_, '_>) -> (Vec<GroupRule>, Vec<GroupFormulas>) {
    let sections = walk.sections(root, "groups");
    sections.iter().filter_map(|section| read_rule(walk, section)).unzip()
}

fn read_rule(walk: &mut Walk<'_>, section: &Section<'_, '_>) -> Option<(GroupRule, GroupFormulas)> {
    walk.known(section, KEYS);
    let flag = expr::Rules { want: Want::Any, ..expr::Rules::default() };
    let name = walk
        .required(section, "name", "add the group's name, such as name = 'Join(\" \", \"Dept\", [Department])'")
        .and_then(|node| walk.formula("name", node, one_text()));
    let key = walk.optional_formula(section, "key", one_text());
    let when = walk.optional_formula(section, "when", flag);
    let microsoft365 = walk.choice(section, "kind", &[("security", false), ("microsoft365", true)]).unwrap_or(false);
    let exact = walk.choice(section, "membership", &[("exact", true), ("add-only", false)]).unwrap_or(true);
    let owners = walk.texts(section, "owners");
    for (owner, span) in owners.iter().filter(|(owner, _)| !owner.contains('@')) {
        let hint = "owners are userPrincipalNames, such as \"it@contoso.com\"".to_owned();
        walk.fault(span, format!("`{owner}` is no userPrincipalName"), Some(hint));
    }
    let id = walk.optional_text(section, "id").and_then(|(text, span)| {
        let id = ObjectId::new(&text);
        if id.is_none() {
            walk.fault(&span, format!("`{text}` is no id of a group"), None);
        }
        id
    });
    if microsoft365 && owners.is_empty() && id.is_none() {
        let hint = "add owners = [\"it@contoso.com\"]".to_owned();
        walk.fault(&section.span, "a microsoft365 group needs `owners`", Some(hint));
    }
    let owners = owners.into_iter().map(|(owner, _)| owner).collect();
    Some((GroupRule { id, microsoft365, owners, exact }, GroupFormulas { key, name: name?, when }))
}
