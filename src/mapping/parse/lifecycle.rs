//! `[lifecycle]`: the dates, the status, and what follows from them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::expr::{self, Want};
use crate::mapping::lifecycle::{Cycle, State, days, fold};
use crate::mapping::model::{LeaveAction, Lifecycle};
use crate::mapping::parse::formulas::one_text;
use crate::mapping::walk::{Section, Walk};

const KEYS: &[&str] = &[
    "start",
    "end",
    "status",
    "left",
    "active",
    "create_before",
    "enable",
    "on_leave",
    "delete_after",
    "on_missing",
    "out_of_scope",
    "reenable",
    "states",
];

const ACTIONS: &[(&str, LeaveAction)] = &[
    ("revoke-sessions", LeaveAction::RevokeSessions),
    ("remove-from-managed-groups", LeaveAction::RemoveFromManagedGroups),
    ("remove-licenses", LeaveAction::RemoveLicenses),
    ("clear-manager", LeaveAction::ClearManager),
];

/// Reads the table, where there is one.
pub(super) fn read(walk: &mut Walk<'_>, root: &Section<'_, '_>) -> Option<(Lifecycle, Cycle)> {
    let node = root.entries.get("lifecycle")?;
    let section = walk.section("[lifecycle]", "lifecycle", node)?;
    walk.known(&section, KEYS);
    let date = expr::Rules { want: Want::Date, ..expr::Rules::default() };
    let mut cycle = Cycle {
        start: walk.optional_formula(&section, "start", date),
        end: walk.optional_formula(&section, "end", date),
        status: walk.optional_formula(&section, "status", one_text()),
        ..Cycle::default()
    };
    let mut words = Words::default();
    cycle.left = words.list(walk, &section, "left");
    cycle.active = section.entries.contains_key("active").then(|| words.list(walk, &section, "active"));
    cycle.states = words.states(walk, &section);
    for key in ["left", "active", "states"].into_iter().filter(|key| section.entries.contains_key(*key)) {
        if !section.entries.contains_key("status") {
            let hint = "add the column, such as status = \"[Status]\"".to_owned();
            walk.fault(&section.entries[key].span(), format!("`{key}` is given without `status`"), Some(hint));
        }
    }
    cycle.create_before = duration(walk, &section, "create_before").unwrap_or(0);
    if cycle.create_before > 0 && !section.entries.contains_key("start") {
        let hint = "add the column, such as start = \"[HireDate]\"".to_owned();
        walk.fault(&section.entries["create_before"].span(), "`create_before` is given without `start`", Some(hint));
    }
    let report_or_disable = &[("report", false), ("disable", true)];
    let rules = Lifecycle {
        enable_on_create: walk.choice(&section, "enable", &[("on-start", false), ("on-create", true)]).unwrap_or(false),
        on_leave: on_leave(walk, &section),
        delete_after: duration(walk, &section, "delete_after"),
        disable_missing: walk.choice(&section, "on_missing", report_or_disable).unwrap_or(false),
        disable_out_of_scope: walk.choice(&section, "out_of_scope", report_or_disable).unwrap_or(false),
        reenable_always: walk.choice(&section, "reenable", &[("own", false), ("always", true)]).unwrap_or(false),
    };
    Some((rules, cycle))
}

fn duration(walk: &mut Walk<'_>, section: &Section<'_, '_>, key: &str) -> Option<i64> {
    let (text, span) = walk.optional_text(section, key)?;
    let found = days(&text);
    if found.is_none() {
        let hint = "write days or weeks, such as \"14d\" or \"2w\"".to_owned();
        walk.fault(&span, format!("`{key}` cannot be `{text}`"), Some(hint));
    }
    found
}

fn on_leave(walk: &mut Walk<'_>, section: &Section<'_, '_>) -> Vec<LeaveAction> {
    if !section.entries.contains_key("on_leave") {
        return vec![LeaveAction::RevokeSessions];
    }
    let mut actions = Vec::new();
    for (word, span) in walk.texts(section, "on_leave") {
        let Some(action) = walk.word("on_leave", &word, &span, ACTIONS) else { continue };
        if actions.contains(&action) {
            walk.fault(&span, format!("`on_leave` names \"{word}\" twice"), None);
        } else {
            actions.push(action);
        }
    }
    actions
}

/// The status words of all lists, each with the list and the line that named it first.
#[derive(Default)]
struct Words {
    named: BTreeMap<String, (&'static str, usize)>,
}

impl Words {
    /// A word as it is compared; nothing where it is empty or named before, which is a fault.
    fn name(&mut self, walk: &mut Walk<'_>, list: &'static str, word: &str, span: &Range<usize>) -> Option<String> {
        let folded = fold(word);
        if folded.is_empty() {
            let hint = "an empty status cell holds the record, so no list can name it".to_owned();
            walk.fault(span, format!("`{list}` names an empty status"), Some(hint));
            return None;
        }
        let line = walk.document.fault(span, "", None).line;
        if let Some((first, at)) = self.named.get(&folded) {
            let hint = "name each status once; case, blanks and invisible characters are no difference".to_owned();
            walk.fault(span, format!("`{list}` names the status {word:?}, which `{first}` names on line {at}"), Some(hint));
            return None;
        }
        self.named.insert(folded.clone(), (list, line));
        Some(folded)
    }

    fn list(&mut self, walk: &mut Walk<'_>, section: &Section<'_, '_>, key: &'static str) -> BTreeSet<String> {
        let words = walk.texts(section, key);
        words.iter().filter_map(|(word, span)| self.name(walk, key, word, span)).collect()
    }

    fn states(&mut self, walk: &mut Walk<'_>, section: &Section<'_, '_>) -> Option<BTreeMap<String, State>> {
        let node = section.entries.get("states")?;
        let table = walk.section("[lifecycle.states]", "states", node)?;
        let mut states = BTreeMap::new();
        for (key, node) in table.entries {
            let word = key.get_ref().as_ref();
            let Some(meaning) = walk.text(word, node) else { continue };
            let known = &[("active", State::Active), ("left", State::Left)];
            let Some(state) = walk.word(word, &meaning, &node.span(), known) else { continue };
            if let Some(folded) = self.name(walk, "states", word, &key.span()) {
                states.insert(folded, state);
            }
        }
        Some(states)
    }
}
