//! docs/promises.md names the test that shows each promise: the test must exist.

use std::path::Path;

use crate::world::project;

#[test]
fn every_promise_names_a_test_that_exists() {
    let page = std::fs::read_to_string(project("docs/promises.md")).unwrap();
    let mut sources = String::new();
    gather(&project("src"), &mut sources);
    gather(&project("tests"), &mut sources);
    let mut shown = 0;
    for line in page.lines().filter(|line| line.starts_with("| ") && !line.contains("| shown by |")) {
        let names: Vec<&str> = line.rsplit('|').nth(1).unwrap().split('*').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test shows this promise: {line}");
        for name in names {
            let function: String = name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
            assert!(sources.contains(&format!("fn {function}()")), "no test is named `{name}`, as {line} has it");
            shown += 1;
        }
    }
    assert!(shown > 15, "{shown}");
}

fn gather(folder: &Path, sources: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, sources);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            sources.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}
