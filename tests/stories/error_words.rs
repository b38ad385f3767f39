//! Messages for what goes wrong on a first day: what failed, with its value and place, and what to do.

use crate::world::{Ended, World, project};

const SAMPLE: &str = "samples/employees.csv";

fn sample() -> String {
    std::fs::read_to_string(project(SAMPLE)).unwrap()
}

#[track_caller]
fn says(ended: &Ended, words: &[&str]) {
    for word in words {
        assert!(ended.err.contains(word), "{word:?} is missing in:\n{}", ended.err);
    }
    // An error of the system alone leaves the reader without a way out.
    assert!(!ended.err.contains("os error") || ended.err.contains("hint: "), "{}", ended.err);
}

/// The plan itself, on stdout, has these words.
fn shows(ended: &Ended, words: &[&str]) {
    for word in words {
        assert!(ended.out.contains(word), "{word:?} is missing in:\n{}", ended.out);
    }
}

fn imported(world: &World, name: &str, text: impl AsRef<[u8]>) -> Ended {
    let file = world.write(name, text);
    world.import(&file, &["--dry-run"])
}

#[test]
fn a_day_is_asked_for_in_its_form() {
    let world = World::new();
    let file = project(SAMPLE);
    for (text, words) in [
        ("31.12.2026", "a day is written as YYYY-MM-DD, such as 2026-12-31"),
        ("2026-02-30", "there is no such day"),
        ("12/31/2026", "such as 2026-12-31"),
        ("tomorrow", "such as 2026-12-31"),
    ] {
        let ended = world.run(["plan", file.to_str().unwrap(), "--as-of", text]).ends_with(2);
        says(&ended, &[text, "--as-of", words]);
        assert!(!ended.err.contains("digit integer"), "{}", ended.err);
    }
    says(&world.run(["runs", "export", "--since", "1.1.2026"]).ends_with(2), &["--since", "such as 2026-12-31"]);
}

#[test]
fn a_file_that_is_not_there_is_looked_for_by_its_name() {
    let world = World::new();
    world.write("employees.csv", sample());
    says(
        &world.run(["import", "employes.csv"]).ends_with(2),
        &["employes.csv: there is no such file", "did you mean `employees.csv`"],
    );
    says(&world.run(["import", "zzz.csv"]).ends_with(2), &["hint: it was looked for in /"]);
    says(&world.run(["import", "hr/employees.csv"]).ends_with(2), &["hint: there is no folder hr"]);
}

#[test]
fn a_file_that_is_no_table_says_how_it_came_about() {
    let world = World::new();
    says(&imported(&world, "empty.csv", "").ends_with(2), &["the file is empty", "hint: the export wrote nothing"]);
    let page = "<!DOCTYPE html>\n<html><body><form action=\"/login\"></form></body></html>\n";
    says(&imported(&world, "page.csv", page).ends_with(2), &["not a table but a web page", "hint: if it is a log-in page"]);
    let cut = &sample()[..3_000];
    let ended = imported(&world, "cut.csv", cut).ends_with(2);
    says(&ended, &["cut off in its last row: export it again"]);
    assert!(!ended.err.contains("skip_footer"), "{}", ended.err);
    let shifted: String = sample()
        .lines()
        .enumerate()
        .map(|(at, line)| if at == 0 { format!("{line}\n") } else { format!("x,{line}\n") })
        .collect();
    let ended = imported(&world, "shifted.csv", shifted).ends_with(2);
    says(&ended, &["hint: every row has the same number of cells: the header lacks the name of a column"]);
    assert!(!ended.err.contains("skip_lines"), "{}", ended.err);
}

#[test]
fn a_column_that_the_mapping_needs_is_named_with_both_ways_out() {
    let world = World::new();
    let mapping = project("mappings/generic-csv.toml");
    let file = world.write("hr.csv", sample().replacen("Status", "Zustand", 1));
    let ended = world.import(&file, &["--mapping", mapping.to_str().unwrap(), "--dry-run"]).ends_with(2);
    says(
        &ended,
        &[
            "the reading has no column `Status`",
            "let the export write this column, or take it out of the mapping",
            "the columns are EmployeeID",
        ],
    );
    let ended = imported(&world, "other.csv", "A,B\n1,2\n").ends_with(2);
    says(&ended, &["no built-in mapping fits these columns", "hrpush init FILE"]);
    assert!(!ended.err.contains("midpoint"), "{}", ended.err);
}

#[test]
fn a_date_in_another_form_is_named_by_its_place_and_not_by_its_value() {
    let world = World::new();
    let ended = imported(&world, "hr.csv", sample().replacen("2009-04-01", "12/31/2009", 1)).ends_with(4);
    shows(&ended, &["hr.csv, line 2", "`HireDate`", "%Y-%m-%d or %d.%m.%Y", "add its form to `dates` in the mapping"]);
    assert!(!ended.err.contains("12/31/2009"), "{}", ended.err);
}

#[test]
fn an_unknown_status_is_held_and_shown() {
    let world = World::new();
    let ended = imported(&world, "hr.csv", sample().replacen(",Active,", ",Aktiv,", 1)).ends_with(4);
    says(&ended, &["held 10001"]);
    shows(&ended, &["\"Aktiv\"", "`Status`"]);
}

#[test]
fn a_state_folder_that_cannot_be_used_says_where_and_what_to_do() {
    let world = World::new();
    let file = project(SAMPLE);
    let import = |state: &str| world.run(["--state", state, "import", file.to_str().unwrap(), "--dry-run"]);
    world.write("file", "");
    let path = world.path("file");
    says(
        &import("file").ends_with(1),
        &["the state folder", path.to_str().unwrap(), "hint: a file has this name; name a folder with --state"],
    );
    std::fs::create_dir(world.path("damaged")).unwrap();
    world.write("damaged/state.db", [7_u8; 5_000]);
    says(&import("damaged").ends_with(1), &["damaged/state.db is damaged", "hint: put a backup", "`undo`", "are lost"]);
}

#[test]
fn a_document_that_is_no_plan_or_no_longer_one_says_how_to_make_it() {
    let world = World::new();
    let file = project(SAMPLE);
    world.write("not.json", "{}");
    says(
        &world.run(["apply", "not.json"]).ends_with(2),
        &["not.json, line 1", "not a plan of hrpush", "hint: `hrpush plan --out FILE` saves one"],
    );
    world.run(["plan", file.to_str().unwrap(), "--out", "plan.json"]).ends_with(0);
    let text = std::fs::read_to_string(world.path("plan.json")).unwrap();
    world.write("edited.json", text.replace("Vogel", "Vogl"));
    says(
        &world.run(["apply", "edited.json", "--yes"]).ends_with(2),
        &["the plan was altered", "hint: make it again with `hrpush plan --out`"],
    );
    let elsewhere = world.run(["--state", "other", "apply", "plan.json", "--yes"]).ends_with(2);
    says(&elsewhere, &["the plan is for the embedded sandbox", "not the target here", "hint: ", "--state"]);
    world.run(["import", file.to_str().unwrap()]).ends_with(0);
    let stale = world.run(["apply", "plan.json", "--yes"]).ends_with(0);
    says(&stale, &["left out: 42 more", "52 changes no longer fit the tenant and are left out"]);
    assert_eq!(stale.err.matches("note: left out, ").count(), 10, "{}", stale.err);
}

#[test]
fn a_person_is_explained_by_key_or_sign_in_name() {
    let world = World::new();
    let file = project(SAMPLE);
    let explain = |name: &str| world.run(["explain", name, file.to_str().unwrap(), "--format", "json"]);
    let before = explain("Margarethe.Vogel@contoso.com").ends_with(0).json();
    assert_eq!(before["key"], "10001", "a planned account is found by its planned name");
    world.run(["import", file.to_str().unwrap()]).ends_with(0);
    assert_eq!(explain("margarethe.vogel@CONTOSO.com").ends_with(0).json()["key"], "10001");
    says(
        &explain("nobody@contoso.com").ends_with(2),
        &["no person with the HR key `nobody@contoso.com`", "hint: `hrpush records` lists the keys"],
    );
}

#[test]
fn a_configuration_that_is_not_there_is_looked_for_by_its_path() {
    let world = World::new();
    let ended = world.run(["runs", "--config", "nowhere/hrpush.toml"]).ends_with(2);
    says(&ended, &["nowhere/hrpush.toml", "hint: check the path of --config", "hrpush init FILE"]);
}

#[test]
fn init_names_its_way_out_where_a_configuration_exists_and_leaves_out_bad_addresses() {
    let world = World::new();
    let text = "Matricule;Nom;Prénom;Adresse e-mail\n1;Lefèvre;Zoé;zoé.lefèvre@exemple.fr\n2;Aubé;Léa;léa.aubé@exemple.fr\n";
    let file = world.write("fr.csv", text);
    let first = world.run(["init", file.to_str().unwrap()]).ends_with(0);
    assert!((first.out + &first.err).contains("Adresse e-mail"));
    says(&world.run(["init", file.to_str().unwrap()]).ends_with(2), &["already exists", "`--force` replaces it"]);
}
