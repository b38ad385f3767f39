//! `hrpush init`: a mapping guessed from a file nobody has described, and the dry run that it ends with.

use crate::world::{Ended, World};

/// Guesses from a file and tries the dry run that is told next.
fn guessed(world: &World, name: &str, text: impl AsRef<[u8]>) -> (String, Ended) {
    world.write(name, text);
    let told = world.run(["init", name]).ends_with(0);
    assert!(told.out.contains(&format!("hrpush import {name} --dry-run")), "{}", told.out);
    let stem = name.rsplit_once('.').unwrap().0;
    let mapping = std::fs::read_to_string(world.path(&format!("{stem}.mapping.toml"))).unwrap();
    world.run(["mapping", "check", &format!("{stem}.mapping.toml")]).ends_with(0);
    (mapping, world.run(["import", name, "--dry-run", "--format", "json"]))
}

#[test]
fn headers_of_many_languages_are_understood() {
    let files: &[(&str, &str)] = &[
        (
            "de.csv",
            "Pers.-Nr.;Nachname;Vorname;Eintritt;Austritt;Abteilung;Status\n007;Müller;Jörg;01.02.2020;;IT;aktiv\n008;Weiß;Zoë;15.02.2019;31.12.2021;HR;ausgetreten\n",
        ),
        (
            "fr.csv",
            "Matricule;Nom;Prénom;Date d'entrée;Date de sortie;Service\n1;Lefèvre;Zoé;31/01/2020;;Ventes\n2;Noël;Luc;01/02/2020;28/02/2021;Achats\n",
        ),
        ("nl.csv", "Personeelsnummer,Achternaam,Voornaam,Datum in dienst,Uit dienst,Afdeling\n1,de Vries,Jan,2020-01-31,,IT\n"),
        ("es.csv", "Número de empleado,Apellidos,Nombre,Fecha de alta,Fecha de baja,Departamento\n1,Núñez,José,31/01/2020,,IT\n"),
        ("cs.csv", "Osobní číslo;Příjmení;Jméno;Datum nástupu;Oddělení\n1;Dvořák;Jiří;31.1.2020;IT\n"),
        ("ja.csv", "社員番号,姓,名,入社日,部署\n1,山田,太郎,2020-01-31,営業\n"),
        (
            "en.csv",
            "Employee #,Employee ID,Last Name,First Name,Hire Date,Termination Date,Work Email,Reports To\n1,9,Lee,Ann,1/31/2020,,a@x.example,\n2,8,Ray,Bob,2/1/2020,,b@x.example,9\n",
        ),
    ];
    for (name, text) in files {
        let (mapping, dry) = guessed(&World::new(), name, text);
        let plan = dry.ends_with(0).json();
        assert!(plan["changes"].as_array().unwrap().iter().any(|change| change["action"] == "create"), "{name}: {plan}");
        for wanted in ["givenName = ", "surname = ", "start  = "] {
            assert!(mapping.contains(wanted), "{name} lacks {wanted}:\n{mapping}");
        }
    }
}

#[test]
fn who_has_left_is_guessed_from_the_values_and_unknown_values_hold() {
    let world = World::new();
    let (mapping, dry) = guessed(
        &world,
        "hr.csv",
        "EmployeeID,FirstName,LastName,Status\n1,Ann,Lee,Active\n2,Bob,Ray,Terminated\n3,Cem,Can,Parental leave\n",
    );
    assert!(mapping.contains(r#"left   = ["Terminated"]"#) && mapping.contains(r#""Parental leave" = "active""#), "{mapping}");
    assert_eq!(dry.ends_with(0).json()["summary"]["create"], 2);
    world.write("hr.csv", "EmployeeID,FirstName,LastName,Status\n1,Ann,Lee,Sabbatical\n");
    world.run(["import", "hr.csv", "--dry-run"]).ends_with(4);
}

#[test]
fn nothing_is_ever_overwritten() {
    let world = World::new();
    world.write("hr.csv", "EmployeeID,FirstName\n1,Ann\n");
    world.write("hr.mapping.toml", "mine");
    world.run(["init", "hr.csv"]).ends_with(2);
    assert_eq!(std::fs::read_to_string(world.path("hr.mapping.toml")).unwrap(), "mine");
    assert!(!world.path("hrpush.toml").exists());
}

#[test]
fn a_header_cannot_leave_its_comment_or_its_quotes() {
    let world = World::new();
    let header = "EmployeeID,First Name,\"Note\ndelete_after = \"\"0d\"\"\",\"x\"\"]\",\"[a]\",\"'''\"";
    let (mapping, dry) = guessed(&world, "hr.csv", format!("{header}\n1,Ann,a,b,c,d\n"));
    assert!(!mapping.lines().any(|line| line.starts_with("delete_after")), "{mapping}");
    dry.ends_with(0);
}

#[test]
fn titles_above_the_header_and_totals_below_the_data_are_found() {
    let world = World::new();
    let text = "Staff list\nAs of: 1.6.2026;;\n\nPersonalnummer;Nachname;Vorname\n1;Lee;Ann\n2;Ray;Bob\n3;Can;Cem\n*** end ***\n";
    let (_, dry) = guessed(&world, "hr.csv", text);
    assert_eq!(dry.ends_with(0).json()["summary"]["create"], 3);
    let config = std::fs::read_to_string(world.path("hrpush.toml")).unwrap();
    assert!(config.contains("skip_lines  = ") && config.contains("skip_footer = 1"), "{config}");
    let checked = world.run(["mapping", "check", "hr.mapping.toml", "--against", "hr.csv"]).ends_with(0);
    assert!(checked.out.contains("3 records: 3 mapped"), "{}", checked.out);
}

#[test]
fn several_rows_of_a_person_are_told_apart_by_their_dates() {
    let world = World::new();
    let text = "Personalnummer;Hauptvertrag;Gültig ab;Gültig bis;Nachname;Vorname;Abteilung\n\
                1;J;01.01.2019;31.12.2021;Lee;Ann;Old\n1;J;01.01.2022;31.12.9999;Lee;Ann;New\n1;N;01.01.2023;31.12.9999;Lee;Ann;Council\n\
                2;J;01.01.2020;31.12.9999;Ray;Bob;IT\n";
    let (_, dry) = guessed(&world, "hr.csv", text);
    let plan = dry.ends_with(0).json();
    assert_eq!(plan["summary"]["create"], 2);
    assert!(plan["changes"].to_string().contains("\"New\"") && !plan["changes"].to_string().contains("Council"));
}

#[test]
fn without_a_key_or_with_a_broken_file_init_writes_nothing() {
    let world = World::new();
    for (name, text) in
        [("nokey.csv", "Note,Other\nsame text,b\nsame text,b\n"), ("broken.csv", "EmployeeID,Name\n1,\"x\n"), ("empty.csv", "")]
    {
        world.write(name, text);
        let ended = world.run(["init", name]).ends_with(2);
        assert!(ended.err.contains(name), "{}", ended.err);
        assert!(!world.path("hrpush.toml").exists());
    }
    world.write("header.csv", "EmployeeID,FirstName,LastName,HireDate\n");
    world.run(["init", "header.csv"]).ends_with(0);
}
