//! The import rule of ARCHITECTURE.md: a room imports only from rooms above it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms in their order.
pub(crate) const ROOMS: &[&str] = &[
    "diagnostic",
    "record",
    "scim",
    "directory",
    "expr",
    "source",
    "mapping",
    "plan",
    "target",
    "graph",
    "scim_target",
    "bulk_upload",
    "apply",
    "store",
    "endpoint",
    "sandbox",
    "report",
    "notify",
    "config",
    "session",
    "commands",
];

fn may_import(room: &str, other: &str) -> bool {
    let place = |name| ROOMS.iter().position(|room| *room == name);
    match (place(room), place(other)) {
        _ if room == other => true,
        // They work with any target: only the port is known to them.
        _ if matches!(room, "plan" | "apply" | "store") && matches!(other, "graph" | "scim_target" | "bulk_upload") => false,
        // The sandbox would otherwise mirror the mistakes of those it is there to try.
        _ if room == "sandbox" => matches!(other, "record" | "directory"),
        (Some(here), Some(there)) => there < here,
        _ => false,
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The rooms that a text names behind `crate::`, also inside `use crate::{…}`.
fn named(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        if text[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == '$') {
            continue;
        }
        let line = text[..at].matches('\n').count() + 1;
        let rest = &text[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut start = true;
            for (offset, character) in group.char_indices() {
                match character {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' => start = true,
                    _ if character.is_whitespace() => {}
                    _ if depth == 1 && start => {
                        found.push((line, word(&group[offset..])));
                        start = false;
                    }
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
        } else {
            found.push((line, word(rest)));
        }
    }
    found
}

fn word(text: &str) -> String {
    text.chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect()
}

#[test]
fn a_room_imports_only_from_rooms_above_it() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    files(&source, &mut all);
    assert!(all.len() > ROOMS.len(), "the rooms were not found");
    let mut wrong = Vec::new();
    for path in all {
        let inside = path.strip_prefix(&source).unwrap();
        let room = inside.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
        let room = room.trim_end_matches(".rs");
        // Tests may rehearse against the sandbox.
        if matches!(room, "lib" | "main") || path.ends_with("tests.rs") {
            continue;
        }
        assert!(ROOMS.contains(&room), "{room} is no room of ARCHITECTURE.md");
        let text = fs::read_to_string(&path).unwrap();
        for (line, other) in named(&text) {
            if !may_import(room, &other) {
                wrong.push(format!("{}:{line}: {room} may not import {other}", inside.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The rooms with files that import each other in one direction only.
const WITHOUT_CIRCLES: &[&str] = &["scim", "endpoint", "report", "session", "commands"];

/// The files of a room, each with those that it names behind `super::`. The face of the room, `mod.rs`, only names its files.
fn imports_within(room: &str) -> BTreeMap<String, BTreeSet<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room);
    let mut all = Vec::new();
    files(&folder, &mut all);
    let stem = |path: &PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
    let names: BTreeSet<String> = all.iter().map(stem).filter(|name| name != "mod").collect();
    let of = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        let own = text.split("#[cfg(test)]").next().unwrap();
        let crate_path = format!("crate::{room}::");
        let behind = ["super::", crate_path.as_str()]
            .into_iter()
            .flat_map(|prefix| own.match_indices(prefix).map(move |(at, _)| at + prefix.len()));
        behind.map(|at| word(&own[at..])).filter(|name| names.contains(name) && *name != stem(path)).collect()
    };
    all.iter().filter(|path| stem(path) != "mod" && stem(path) != "tests").map(|path| (stem(path), of(path))).collect()
}

/// What is left once every file that imports none of the others is taken away, again and again: the circles.
fn circles(mut imports: BTreeMap<String, BTreeSet<String>>) -> BTreeMap<String, BTreeSet<String>> {
    loop {
        let free: BTreeSet<String> = imports.iter().filter(|(_, names)| names.is_empty()).map(|(name, _)| name.clone()).collect();
        if free.is_empty() {
            return imports;
        }
        imports.retain(|name, _| !free.contains(name));
        for names in imports.values_mut() {
            names.retain(|name| !free.contains(name));
        }
    }
}

#[test]
fn no_files_of_a_room_import_each_other_in_a_circle() {
    for room in WITHOUT_CIRCLES {
        let imports = imports_within(room);
        assert!(imports.values().any(|names| !names.is_empty()), "no import within {room} was found");
        let circles = circles(imports);
        assert!(circles.is_empty(), "{room}: {circles:#?}");
    }
}

#[test]
fn a_circle_would_be_seen() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let imports = [("a", names(&["b"])), ("b", names(&["c"])), ("c", names(&["b", "d"])), ("d", names(&[]))];
    let circles = circles(imports.into_iter().map(|(name, names)| (name.to_owned(), names)).collect());
    assert_eq!(circles.into_keys().collect::<Vec<_>>(), ["a", "b", "c"]);
}

#[test]
fn a_forbidden_import_would_be_seen() {
    let text = "use crate::{directory::User, graph};\nfn f() -> crate::plan::Plan {}\n";
    let names: Vec<String> = named(text).into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["directory", "graph", "plan"]);
    assert!(!may_import("plan", "graph"));
    assert!(!may_import("sandbox", "graph"));
    assert!(!may_import("apply", "graph") && !may_import("store", "graph") && may_import("apply", "target"));
    assert!(may_import("commands", "store"));
}
