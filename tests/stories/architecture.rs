//! ARCHITECTURE.md: the table of rooms is that of the code, and each answer to "Where is …?" names a file and a name defined in it.

use std::fs;

use crate::rooms::ROOMS;
use crate::world::project;

const HEADING: &str = "## Where is …?";

/// The cells of the rows of every table in a text, without the rows that head and underline a table.
fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let is_row = |line: &&str| line.starts_with("| ") && !["| question |", "| room |"].iter().any(|head| line.starts_with(head));
    text.lines().filter(is_row).map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
}

/// The texts between backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The pairs of file and name in an answer.
fn places(answer: &str) -> Vec<(&str, &str)> {
    quoted(answer).chunks(2).map(|pair| (pair[0], *pair.get(1).unwrap_or(&""))).collect()
}

/// Whether a source text defines a function, a type or a constant of this name.
fn defines(source: &str, name: &str) -> bool {
    let kinds = ["fn", "struct", "enum", "trait", "type", "const", "static"];
    kinds.iter().any(|kind| {
        let start = format!("{kind} {name}");
        source.match_indices(&start).any(|(at, _)| {
            let word_before = source[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_');
            let word_after = source[at + start.len()..].starts_with(|after: char| after.is_alphanumeric() || after == '_');
            !word_before && !word_after
        })
    })
}

#[test]
fn every_answer_names_a_file_and_a_name_that_is_defined_in_it() {
    let page = fs::read_to_string(project("ARCHITECTURE.md")).unwrap();
    let (_, section) = page.split_once(HEADING).expect("the section of questions");
    let mut wrong = Vec::new();
    let mut questions = 0;
    for row in rows(section) {
        let [question, answer] = row[..] else { panic!("a row has a question and an answer: {row:?}") };
        questions += 1;
        let places = places(answer);
        if places.is_empty() {
            wrong.push(format!("{question} has no answer"));
        }
        for (file, name) in places {
            match fs::read_to_string(project(file)) {
                Ok(source) if defines(&source, name) => {}
                Ok(_) => wrong.push(format!("{question} {file} does not define `{name}`")),
                Err(error) => wrong.push(format!("{question} {file}: {error}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(questions >= 10, "{questions} questions");
}

#[test]
fn the_table_lists_the_rooms_of_the_code_in_their_order() {
    let page = fs::read_to_string(project("ARCHITECTURE.md")).unwrap();
    let (before, _) = page.split_once(HEADING).expect("the section of questions");
    let listed: Vec<&str> = rows(before).flat_map(|row| quoted(row[0])).collect();
    assert_eq!(listed, ROOMS);
}

#[test]
fn a_wrong_answer_would_be_seen() {
    let answer = "files: `src/a.rs`: `read`; services: `src/b.rs`: `Page`";
    assert_eq!(places(answer), [("src/a.rs", "read"), ("src/b.rs", "Page")]);
    assert_eq!(places("`src/a.rs`"), [("src/a.rs", "")]);
    let source = "pub(crate) async fn read(rest: &Rest) {}\nstruct Page;\nfn reading() {}\n";
    assert!(defines(source, "read") && defines(source, "Page"));
    assert!(!defines(source, "readin") && !defines(source, "Pag") && !defines(source, "rest") && !defines(source, ""));
}
