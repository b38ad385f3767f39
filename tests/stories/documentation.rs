//! The pages for users: every command on them is one that hrpush takes, every link leads to a file, and the example of a new HR
//! system is read as its page says.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::hr_server::{Exchange, HrServer, Manners};
use crate::world::{World, project};

/// The pages: README.md, CONTRIBUTING.md, ARCHITECTURE.md, CHANGELOG.md and all of docs/.
fn pages() -> Vec<PathBuf> {
    let folders = [project(""), project("docs")];
    let entries = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|ending| ending == "md")).collect();
    pages.sort();
    pages
}

/// The blocks of code of one language.
fn blocks<'p>(page: &'p str, language: &str) -> Vec<&'p str> {
    let mut found = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once("\n```") {
        let (head, after) = after.split_once('\n').unwrap();
        let (block, after) = after.split_once("\n```").expect("a block of code ends");
        if head.trim() == language {
            found.push(block);
        }
        rest = after;
    }
    found
}

/// The words of a command line, as a shell splits them; what follows `#`, `|` or `&&` is left out.
fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    for character in line.chars() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (None, '#' | '|' | '&') if word.is_none() => break,
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

/// The arguments of hrpush in a line of a shell, behind variables that are set for it.
fn arguments(line: &str) -> Option<Vec<String>> {
    let line = line.rsplit("&& ").next().unwrap().trim_start();
    let line = line.strip_prefix("cargo run -- ").map_or_else(|| line.to_owned(), |rest| format!("hrpush {rest}"));
    let words = words(&line);
    let at = words.iter().position(|word| !word.contains('='))?;
    (words[at] == "hrpush").then(|| words[at + 1..].to_vec())
}

/// Why hrpush does not take these arguments. `--help` at the end makes it read them and do nothing.
fn refused(world: &World, arguments: &[String]) -> Option<String> {
    let ended = world.run(arguments.iter().map(String::as_str).chain(["--help"]));
    (ended.code != 0).then_some(ended.err)
}

#[test]
fn every_command_of_the_pages_is_taken() {
    let world = World::new();
    let (mut wrong, mut commands) = (Vec::new(), 0);
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for line in blocks(&text, "sh").into_iter().flat_map(str::lines) {
            let Some(arguments) = arguments(line) else { continue };
            commands += 1;
            wrong.extend(refused(&world, &arguments).map(|why| format!("{}: {line}\n{why}", page.display())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(commands > 50, "{commands} commands were found");
}

#[test]
fn a_command_that_does_not_exist_would_be_seen() {
    let world = World::new();
    let refused = |line: &str| refused(&world, &arguments(line).unwrap());
    assert!(refused("A=b hrpush import 'my file.csv' --dry-run   # a remark with --words").is_none());
    assert!(refused("hrpush import employees.csv --rehearse").unwrap().contains("--rehearse"));
    assert!(refused("hrpush rehearse").unwrap().contains("rehearse"));
    assert_eq!(arguments("export A='hrpush import'"), None);
}

/// The paths of the links of a page, without their anchors; addresses of the web are left out.
fn links(page: &str) -> Vec<&str> {
    let targets = page.match_indices("](").map(|(at, _)| page[at + 2..].split(')').next().unwrap());
    targets.map(|target| target.split('#').next().unwrap()).filter(|path| !path.is_empty() && !path.contains("://")).collect()
}

#[test]
fn every_link_of_the_pages_leads_to_a_file() {
    let mut wrong = Vec::new();
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        let beside = page.parent().unwrap();
        wrong.extend(
            links(&text).into_iter().filter(|path| !beside.join(path).exists()).map(|path| format!("{}: {path}", page.display())),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(links("[a](b.md#c) and [d](#e), [f](https://g.example/h)"), ["b.md"]);
}

/// A world with the files of a page: blocks of TOML whose first line is a remark with the name of a file.
fn world_of(page: &str, server: &HrServer) -> World {
    let world = World::new();
    for block in blocks(page, "toml") {
        let name = block
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("# "))
            .filter(|name| Path::new(name).extension().is_some_and(|end| end == "toml"));
        if let Some(name) = name.filter(|name| Path::new(name).components().count() == 1) {
            world.write(name, block.replace("https://hr.acme.example", &server.url()));
        }
    }
    world
}

#[test]
fn the_new_hr_system_of_the_page_is_read_and_planned() {
    let page = std::fs::read_to_string(project("docs/new-hr-system.md")).unwrap();
    let exchange = |block: &str| {
        let (request, answer) = block.split_once("\n\n").unwrap();
        Exchange::json(request, &serde_json::from_str::<Value>(answer).unwrap())
    };
    let exchanges = blocks(&page, "http").into_iter().map(exchange).collect();
    let server = HrServer::start(exchanges, Manners { refuses_once: true, ..Manners::default() });
    let world = world_of(&page, &server);
    let run = |arguments: &[&str]| world.run_with(&[("ACME_TOKEN", "s3cret")], arguments);

    run(&["mapping", "check", "acme.toml"]).ends_with(0);
    let tested = run(&["mapping", "test", "acme.toml", "--format", "json"]).ends_with(0).json();
    assert_eq!(tested["failed"], 0);
    let records = run(&["records", "--format", "json"]).ends_with(0).json();
    let cells: Vec<&Value> = records["records"].as_array().unwrap().iter().map(|record| &record["cells"]).collect();
    let of = |name: &str| cells.iter().map(|cells| cells[name].as_str().unwrap_or_default()).collect::<Vec<_>>();
    assert_eq!(of("EmployeeID"), ["1001", "1002", "1003"]);
    assert_eq!(of("Title"), ["Head of Claims", "Clerk", "Clerk"]);
    assert_eq!(of("Mobile"), ["+49 171 1001", "", ""]);
    run(&["quality"]).ends_with(0);
    let plan = run(&["plan", "--format", "json"]).ends_with(0).json();
    let created: Vec<&str> = plan["changes"].as_array().unwrap().iter().map(|change| change["key"].as_str().unwrap()).collect();
    assert_eq!(created, ["1001", "1002"]);
    assert_eq!(server.credentials(), ["authorization: Bearer s3cret"]);
}
