//! The metrics file of a monitor: what it has after good, stopped and refused runs.

use std::collections::BTreeMap;

use crate::world::{Ended, World, project};

const SAMPLE: &str = "samples/employees.csv";

fn import(world: &World, text: &str, options: &[&str]) -> Ended {
    let file = world.write("employees.csv", text);
    let metrics = world.path("hrpush.prom");
    let mut arguments = vec!["import", file.to_str().unwrap(), "--yes", "--metrics-file", metrics.to_str().unwrap()];
    arguments.extend(options);
    world.run(arguments)
}

/// The samples of the file by name and labels.
fn samples(world: &World) -> BTreeMap<String, f64> {
    let text = std::fs::read_to_string(world.path("hrpush.prom")).unwrap();
    assert!(text.ends_with("# EOF\n"), "{text}");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit_once(' ').unwrap()).map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect()
}

#[test]
fn the_metrics_follow_the_runs_of_each_feed() {
    let world = World::new();
    let sample = std::fs::read_to_string(project(SAMPLE)).unwrap();
    let feed = "feed=\"Generic HR CSV export\"";
    import(&world, &sample, &[]).ends_with(0);
    let first = samples(&world);
    let of = |samples: &BTreeMap<String, f64>, name: &str| samples.get(&name.replace("FEED", feed)).copied();
    assert!(of(&first, "hrpush_writes_total{FEED}") > Some(50.0), "{first:?}");
    assert_eq!(of(&first, "hrpush_throttled_total{FEED}"), Some(0.0));
    assert_eq!(of(&first, "hrpush_run_exit_code{FEED}"), Some(0.0));
    assert!(of(&first, "hrpush_changes{FEED,action=\"create\"}") > Some(50.0));
    assert_eq!(of(&first, "hrpush_guard_tripped{FEED,guard=\"disable\"}"), Some(0.0));
    let good = of(&first, "hrpush_last_good_run_timestamp_seconds{FEED}").unwrap();
    assert!(good > 1_700_000_000.0 && of(&first, "hrpush_run_duration_seconds{FEED}").is_some());
    // A second run with nothing to do adds no write.
    import(&world, &sample, &[]).ends_with(0);
    let second = samples(&world);
    assert_eq!(of(&second, "hrpush_writes_total{FEED}"), of(&first, "hrpush_writes_total{FEED}"));
    assert_eq!(of(&second, "hrpush_changes{FEED,action=\"create\"}"), Some(0.0));
    assert!(of(&second, "hrpush_run_duration_seconds{FEED}") > Some(0.0), "a run without a write takes time too: {second:?}");
    let good = of(&second, "hrpush_last_good_run_timestamp_seconds{FEED}").unwrap().max(good);
    // A dry run leaves the file as it was.
    import(&world, &sample.replace(",Active,", ",Terminated,"), &["--dry-run"]).ends_with(3);
    assert_eq!(samples(&world), second);
    import(&world, &sample.replace(",Active,", ",Terminated,"), &[]).ends_with(3);
    let stopped = samples(&world);
    assert_eq!(of(&stopped, "hrpush_run_exit_code{FEED}"), Some(3.0));
    assert_eq!(of(&stopped, "hrpush_guard_tripped{FEED,guard=\"disable\"}"), Some(1.0));
    assert_eq!(of(&stopped, "hrpush_last_good_run_timestamp_seconds{FEED}"), Some(good));
    // A file that is refused has no feed: it is a series of its own until a run reaches its feed again.
    import(&world, "EmployeeID\n", &[]).ends_with(2);
    let refused = samples(&world);
    assert_eq!(of(&refused, "hrpush_run_exit_code{feed=\"\"}"), Some(2.0), "{refused:?}");
    assert_eq!(of(&refused, "hrpush_held{feed=\"\"}"), None);
    import(&world, &sample, &[]).ends_with(0);
    assert_eq!(of(&samples(&world), "hrpush_run_exit_code{feed=\"\"}"), None);
}

#[cfg(unix)]
#[test]
fn the_group_of_the_file_may_read_it_and_others_may_not() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    let sample = std::fs::read_to_string(project(SAMPLE)).unwrap();
    for _ in 0..2 {
        import(&world, &sample, &[]).ends_with(0);
        let mode = std::fs::metadata(world.path("hrpush.prom")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
    }
    let files = std::fs::read_dir(world.path("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(!files.into_iter().any(|name| name.contains(".part")));
    // A file that cannot be written is a line of the log, and the run has its exit code.
    let nowhere = world.path("nowhere/hrpush.prom");
    let file = project(SAMPLE);
    let ended = world.run(["import", file.to_str().unwrap(), "--metrics-file", nowhere.to_str().unwrap()]).ends_with(0);
    assert!(ended.err.contains("the metrics of this run are missing"), "{}", ended.err);
}
