//! Completions of a shell: the script asks hrpush, which knows the runs of this folder and the presets.

use crate::world::{World, project};

/// What hrpush answers a shell for the last of these words.
fn answers(world: &World, words: &[&str]) -> Vec<String> {
    let index = (words.len()).to_string();
    let asked = [("HRPUSH_COMPLETE", "bash"), ("_CLAP_COMPLETE_INDEX", index.as_str()), ("_CLAP_IFS", "\n")];
    let arguments = ["--", "hrpush"].iter().chain(words);
    world.run_with(&asked, arguments).ends_with(0).out.lines().filter(|line| !line.starts_with("--")).map(str::to_owned).collect()
}

#[test]
fn a_shell_is_offered_runs_presets_and_subcommands() {
    let world = World::new();
    assert_eq!(answers(&world, &["undo", ""]), ["last"]);
    assert!(!world.path(".hrpush").exists(), "a question makes no state folder");
    world.import(&project("samples/employees.csv"), &[]).ends_with(0);
    world.run(["import", "nowhere.csv"]).ends_with(2);
    let rows = world.run(["runs", "--format", "json"]).ends_with(0).json();
    let ids: Vec<&str> = rows.as_array().unwrap().iter().map(|row| row["run"].as_str().unwrap()).collect();
    let offered = answers(&world, &["runs", "show", ""]);
    assert_eq!(offered[..3], ["last", ids[0], ids[1]]);
    assert_eq!(answers(&world, &["undo", &ids[1][..12]]).iter().filter(|offered| offered.as_str() == ids[1]).count(), 1);
    let state = world.path(".hrpush");
    let elsewhere = World::new();
    assert!(answers(&elsewhere, &["--state", state.to_str().unwrap(), "undo", ""]).contains(&ids[0].to_owned()));
    assert_eq!(answers(&world, &["init", "--preset", "bamb"]), ["bamboohr"]);
    assert_eq!(answers(&world, &["forec"]), ["forecast"]);
}

#[test]
fn a_scheduled_run_is_not_taken_for_a_question() {
    let world = World::new();
    let ended = world.run_with(&[("COMPLETE", "bash")], ["import", project("samples/employees.csv").to_str().unwrap()]);
    assert!(ended.ends_with(0).out.contains("Vogel"));
}

#[cfg(unix)]
#[test]
fn the_script_works_in_a_real_bash() {
    let Ok(version) = std::process::Command::new("bash").arg("--version").output() else { return };
    assert!(version.status.success());
    let world = World::new();
    let script = world.write("completions.sh", world.run(["completions", "bash"]).ends_with(0).out);
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_hrpush")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap_or_default());
    let ask = format!(
        "source {}; COMP_WORDS=(hrpush init --preset bamb); COMP_CWORD=3; COMP_TYPE=9; _clap_complete_hrpush hrpush bamb --preset; echo \"${{COMPREPLY[@]}}\"",
        script.display()
    );
    let output = std::process::Command::new("bash")
        .args(["--norc", "-c", &ask])
        .env("PATH", path)
        .current_dir(world.path(""))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said.trim(), "bamboohr", "{}", String::from_utf8_lossy(&output.stderr));
}
