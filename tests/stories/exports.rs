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
