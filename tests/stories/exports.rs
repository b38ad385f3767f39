//! The real exports, where they lie beside the project: each goes in, and then nothing is left to do.

use std::path::PathBuf;

use crate::world::World;

fn shared(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os("HRPUSH_SHARED")?).join("data").join(name);
    path.exists().then_some(path)
}

/// Imports into an empty sandbox, with an approval where `held` trips, then again.
fn goes_in_once(name: &str, options: &[&str], trips: bool) {
    let Some(file) = shared(name) else { return };
    let world = World::new();
    let with = |more: &[&str]| {
        let all: Vec<&str> = options.iter().chain(more).copied().collect();
        world.import(&file, &all)
    };
    let first = with(&["--format", "json"]);
    if trips {
        let plan = first.ends_with(3).json();
        let fingerprint = plan["fingerprint"].as_str().unwrap().to_owned();
        let outcome = with(&["--format", "json", "--approve", &fingerprint]).json();
        assert_eq!(outcome["failed"].as_array().unwrap().len(), 0, "{name}: {}", outcome["failed"][0]);
    } else {
        assert!(matches!(first.code, 0 | 4), "{name}: {} {}", first.code, first.err);
        let outcome = first.json();
        assert_eq!(outcome["failed"].as_array().unwrap().len(), 0, "{name}: {}", outcome["failed"][0]);
        assert!(outcome["applied"].as_u64().unwrap() > 0, "{name}");
    }
    let plan = with(&["--format", "json", "--dry-run"]).json();
    assert_eq!(plan["changes"].as_array().unwrap().len(), 0, "{name}: {}", plan["changes"][0]);
}

#[test]
fn the_sample_of_entra_goes_in_once() {
    goes_in_once("entra-sample-csv/csv-with-1000-records.csv", &[], true);
}

#[test]
fn ten_thousand_employees_go_in_once() {
    goes_in_once("employees-testdb-10k/hr_export_current.csv", &[], false);
}

#[test]
fn adventure_works_goes_in_once() {
    goes_in_once("adventureworks-hr/hr_export.csv", &[], false);
}

#[test]
fn midpoint_hr_goes_in_once() {
    goes_in_once("midpoint-hr-csv/midpoint-hr.csv", &[], false);
}

#[test]
fn the_organogram_goes_in_once() {
    goes_in_once("uk-organogram-dcms/dcms.csv", &[], true);
}

#[test]
fn broken_files_are_refused_with_a_place() {
    for name in [
        "duplicate-headers-and-ids.csv",
        "empty.csv",
        "header-only.csv",
        "mixed-newlines-and-nul.csv",
        "truncated-in-quoted-field.csv",
    ] {
        let Some(file) = shared(&format!("synthetic-european-csv/{name}")) else { return };
        let ended = World::new().import(&file, &[]).ends_with(2);
        assert!(ended.err.contains(name), "{name}: {}", ended.err);
    }
}
