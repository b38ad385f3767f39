//! `[[groups]]`: which groups a person belongs in.

use crate::directory::ObjectId;
use crate::expr::{self, Want};

use crate::mapping::model::{GroupFormulas, GroupRule, GroupSource};
use crate::mapping::parse::formulas::one_text;
use crate::mapping::walk::{Section, Walk};

const KEYS: &[&str] = &["key", "name", "from", "kind", "owners", "when", "membership", "id"];

/// Reads all `[[groups]]` tables: the rules, and the expressions of each rule in the same order.
pub(super) fn read(walk: &mut Walk<'_>, root: &Section<'_, '_>) -> (Vec<GroupRule>, Vec<GroupFormulas>) {
    let sections = walk.sections(root, "groups");
    distinct(walk, &sections);
    sections.iter().filter_map(|section| read_rule(walk, section)).unzip()
}

/// Groups are distinguished by their keys: two rules with one key and two names would make one group.
fn distinct(walk: &mut Walk<'_>, sections: &[Section<'_, '_>]) {
    let text = |section: &Section<'_, '_>, name: &str| {
        section.entries.get(name).and_then(|node| node.get_ref().as_str().map(str::to_owned))
    };
    let mut seen: Vec<(String, Option<String>, String)> = Vec::new();
    for section in sections.iter().filter(|section| section.entries.get("id").is_none()) {
        let (name, kind) = (text(section, "name"), text(section, "kind").unwrap_or_else(|| "security".to_owned()));
        let Some(key) = text(section, "key").or_else(|| name.clone()) else { continue };
        if seen.iter().any(|(other, named, made)| *other == key && (*named != name || *made != kind)) {
            let hint = "give it a key of its own, such as key = 'Join(\"-\", \"team\", [Department])'".to_owned();
            walk.fault(&section.span, "another rule has the same `key`, and another name or kind", Some(hint));
        }
        seen.push((key, name, kind));
    }
}

fn read_rule(walk: &mut Walk<'_>, section: &Section<'_, '_>) -> Option<(GroupRule, GroupFormulas)> {
    walk.known(section, KEYS);
    let flag = expr::Rules { want: Want::Any, ..expr::Rules::default() };
    let source = if section.entries.contains_key("from") { from_feed(walk, section) } else { formulas(walk, section) };
    let when = walk.optional_formula(section, "when", flag);
    let microsoft365 = walk.choice(section, "kind", &[("security", false), ("microsoft365", true)]).unwrap_or(false);
    let exact = walk.choice(section, "membership", &[("exact", true), ("add-only", false)]).unwrap_or(true);
    let owners = walk.texts(section, "owners");
    for (owner, span) in owners.iter().filter(|(owner, _)| !owner.contains('@')) {
        let hint = "owners are userPrincipalNames, such as \"it@contoso.com\"".to_owned();
        walk.fault(span, format!("`{owner}` is not a userPrincipalName"), Some(hint));
    }
    let id = walk.optional_text(section, "id").and_then(|(text, span)| {
        let id = ObjectId::new(&text);
        if id.is_none() {
            walk.fault(&span, format!("`{text}` is not the id of a group"), None);
        }
        id
    });
    if microsoft365 && owners.is_empty() && id.is_none() {
        let hint = "add owners = [\"it@contoso.com\"]".to_owned();
        walk.fault(&section.span, "a microsoft365 group needs `owners`", Some(hint));
    }
    let owners = owners.into_iter().map(|(owner, _)| owner).collect();
    let source = source?;
    let from_feed = matches!(source, GroupSource::Feed(_));
    Some((GroupRule { id, microsoft365, owners, exact, from_feed }, GroupFormulas { source, when }))
}

fn formulas(walk: &mut Walk<'_>, section: &Section<'_, '_>) -> Option<GroupSource> {
    let name = walk
        .required(section, "name", "add the group's name, such as name = 'Join(\" \", \"Dept\", [Department])'")
        .and_then(|node| walk.formula("name", node, one_text()));
    let key = walk.optional_formula(section, "key", one_text());
    Some(GroupSource::Formulas { key, name: name? })
}

/// The groups of the feed bring their keys and names along.
fn from_feed(walk: &mut Walk<'_>, section: &Section<'_, '_>) -> Option<GroupSource> {
    let from = walk.choice(section, "from", &[("feed", ())]);
    for name in ["key", "name", "id"] {
        if section.entries.contains_key(name) {
            let hint = "the groups of the feed have their own keys and names".to_owned();
            walk.fault(&section.span, format!("a rule with `from` has no `{name}`"), Some(hint));
        }
    }
    from.map(|()| GroupSource::Feed(section.span.clone()))
}
