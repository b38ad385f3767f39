//! The columns of HR systems: `tests/data/hr_headers.txt` names the role of each, and the guess has to find nearly all of them.

use std::collections::BTreeMap;
use std::path::Path;

use hrpush::mapping::{Mapping, guess};
use hrpush::record::Header;

/// The roles that decide about access and names.
const ROLES: &[&str] = &["key", "first", "last", "full", "mail", "manager", "start", "end", "status"];

/// What a guess makes of a header: a role and the column that it found for it.
fn roles(header: &Header) -> Option<BTreeMap<&'static str, String>> {
    let text = guess("feed", header, &[], None).ok()?.text;
    Mapping::parse(&text, Path::new("guess.toml")).unwrap_or_else(|fault| panic!("{fault}\n{text}"));
    let table: toml::Table = text.parse().unwrap();
    let at = |path: &[&str]| -> Option<String> {
        let (last, tables) = path.split_last()?;
        let inner = tables.iter().try_fold(&table, |table, name| table.get(*name)?.as_table())?;
        let text = inner.get(*last)?.as_str()?;
        text.strip_prefix('[')?.strip_suffix(']').map(str::to_owned)
    };
    let paths: [(&str, &[&str]); 9] = [
        ("key", &["source", "key"]),
        ("first", &["attributes", "givenName"]),
        ("last", &["attributes", "surname"]),
        ("full", &["attributes", "displayName"]),
        ("mail", &["attributes", "mail"]),
        ("manager", &["manager", "key"]),
        ("start", &["lifecycle", "start"]),
        ("end", &["lifecycle", "end"]),
        ("status", &["lifecycle", "status"]),
    ];
    Some(paths.into_iter().filter_map(|(role, path)| Some((role, at(path)?))).collect())
}

#[test]
fn the_columns_of_hr_systems_are_recognised() {
    let corpus = include_str!("../data/hr_headers.txt");
    let (mut wanted, mut misses, mut wrong, mut headers) = (0, Vec::new(), Vec::new(), 0);
    for line in corpus.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        let [system, language, columns] = line.split('|').map(str::trim).collect::<Vec<_>>()[..] else { panic!("{line}") };
        let columns: Vec<(&str, &str)> =
            columns.split("; ").map(|column| column.split_once('=').unwrap_or_else(|| panic!("{line}"))).collect();
        let header = Header::new(columns.iter().map(|(_, name)| *name)).unwrap();
        let found = roles(&header).unwrap_or_default();
        headers += 1;
        for (role, name) in columns {
            let by = |role: &str| found.get(role).map(String::as_str);
            if ROLES.contains(&role) {
                wanted += 1;
                if by(role) != Some(name.trim()) {
                    misses.push(format!("{system} ({language}): {role} is `{name}`, found {:?}", by(role)));
                }
            } else if let Some(role) = ROLES.iter().find(|role| by(role) == Some(name.trim())) {
                wrong.push(format!("{system} ({language}): `{name}` is no {role}"));
            }
        }
    }
    println!("{headers} headers, {} of {wanted} columns\n{}\n{}", wanted - misses.len(), misses.join("\n"), wrong.join("\n"));
    assert!(headers >= 60);
    assert!(misses.len() * 20 <= wanted, "{} of {wanted} columns are missed:\n{}", misses.len(), misses.join("\n"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
