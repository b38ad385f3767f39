//! `hrpush init`: a mapping guessed from an unknown file, and the dry run that it ends with.

use crate::world::{Ended, World};

/// Guesses from a file and tries the dry run that `init` proposes.
fn guessed(world: &World, name: &str, text: impl AsRef<[u8]>) -> (String, Ended) {
    world.write(name, text);
    let message = world.run(["init", name]).ends_with(0);
    assert!(message.out.contains(&format!("hrpush import {name} --dry-run")), "{}", message.out);
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
    assert!(mapping.contains(r#"left   = ["Terminated"]"#), "{mapping}");
    assert!(mapping.contains(r#"active = ["Active", "Parental leave"]"#) && !mapping.contains("states"), "{mapping}");
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

/// Runs `init` alone; gives what it printed and the mapping.
fn message(world: &World, name: &str, text: impl AsRef<[u8]>) -> (String, String) {
    world.write(name, text);
    let message = world.run(["init", name]).ends_with(0);
    let stem = name.rsplit_once('.').unwrap().0;
    (message.out, std::fs::read_to_string(world.path(&format!("{stem}.mapping.toml"))).unwrap())
}

#[track_caller]
fn says(out: &str, words: &[&str]) {
    let (_, end) = out.split_once("These guesses decide which people count as active employees").unwrap();
    for word in words {
        assert!(end.contains(word), "lacks {word}:\n{out}");
    }
}

#[test]
fn what_decides_who_works_here_is_said_at_the_end() {
    let (out, mapping) = message(
        &World::new(),
        "hr.csv",
        "EmployeeID,FirstName,LastName,HireDate,TerminationDate,Status,Left on,Date of birth\n\
         1,Ann,Lee,2020-01-01,,Active,,1980-01-01\n2,Bob,Ray,2020-01-01,2026-01-31,Terminated,2026-01-31,1981-01-01\n\
         3,Cem,Can,2020-01-01,,Zugvogel,2026-02-01,1982-01-01\n",
    );
    says(
        &out,
        &[
            "the key of a person is `EmployeeID`: 3 different values in 3 records",
            "the last working day is `TerminationDate`, which 1 records have",
            "the first working day is `HireDate`",
            "the status is `Status`; \"Terminated\" means gone, \"Active\" means working here",
            "\"Zugvogel\" in `Status` is in neither list: its 1 records are held",
            "`Left on` has dates and decides nothing",
        ],
    );
    assert!(!out.contains("Date of birth"), "{out}");
    assert!(mapping.contains(r#"active = ["Active"]"#) && mapping.contains("ATTENTION"), "{mapping}");
    let (out, mapping) = message(&World::new(), "x.csv", "EmployeeID,FirstName,Status\n1,Ann,Xa\n2,Bob,Xb\n");
    says(&out, &["no column is known to be the last working day", "no word means gone, no word means working here"]);
    assert!(mapping.contains("active = []"), "nobody is let in by a word that nobody knows: {mapping}");
    let (_, mapping) = message(
        &World::new(),
        "y.csv",
        "EmployeeID,FirstName,Contract End,Last Day Worked\n1,Ann,2027-01-31,2026-12-15\n2,Bob,2027-01-31,2026-12-16\n",
    );
    assert!(mapping.contains("end    = \"[Last Day Worked]\""), "{mapping}");
}

#[test]
fn a_word_that_is_known_nowhere_makes_no_key() {
    for (header, row) in [
        ("FirstName,LastName,Kennung", "Ann,Lee,K1\nBob,Ray,K2"),
        ("Phone,FirstName,LastName", "4711,Ann,Lee\n4712,Bob,Ray"),
        ("No.,FirstName,LastName", "1,Ann,Lee\n2,Bob,Ray"),
        ("Lfd. Nr.;Vorname;Nachname", "1;Ann;Lee\n2;Bob;Ray"),
        ("#,Mobile,FirstName", "1,1,Ann\n2,2,Bob"),
        ("FirstName,LastName,Email", "Ann,Lee,a@x.example\nBob,Ray,b@x.example"),
        ("Employee,Email", "Ann Lee,a@x.example\nBob Ray,b@x.example"),
    ] {
        let world = World::new();
        world.write("hr.csv", format!("{header}\n{row}\n"));
        let ended = world.run(["init", "hr.csv"]).ends_with(2);
        assert!(
            ended.err.contains("no column is known to be a person's key") && ended.err.contains("--key COLUMN"),
            "{}",
            ended.err
        );
        assert!(!world.path("hrpush.toml").exists() && !world.path("hr.mapping.toml").exists());
    }
    let world = World::new();
    world.write("hr.csv", "FirstName,LastName,Kennung,a[b\nAnn,Lee,K1,1\nBob,Ray,K2,2\n");
    world.run(["init", "hr.csv", "--key", "Kenung"]).ends_with(2);
    world.run(["init", "hr.csv", "--key", "a[b"]).ends_with(2);
    let out = world.run(["init", "hr.csv", "--key", "Kennung"]).ends_with(0).out;
    says(&out, &["the key of a person is `Kennung`"]);
    assert_eq!(world.run(["import", "hr.csv", "--dry-run", "--format", "json"]).ends_with(0).json()["summary"]["create"], 2);
}

#[test]
fn names_with_line_breaks_or_brackets_are_written_as_expressions_take_them() {
    for (header, key) in [
        ("\"Employee\nID\",First Name,Last Name", r#"key      = "[Employee\nID]""#),
        ("[ID],First Name,Last Name", r#"key      = "[[ID]]""#),
        ("Employee ID [HR],First Name,\"Last\nName\"", ""),
    ] {
        let world = World::new();
        world.write("hr.csv", format!("{header}\n7,Ann,Lee\n8,Bob,Ray\n"));
        if key.is_empty() {
            let named = world.run(["init", "hr.csv", "--key", "Employee ID [HR]"]).ends_with(0);
            says(&named.out, &["`Employee ID [HR]`"]);
        } else {
            let (_, mapping) = message(&world, "hr.csv", format!("{header}\n7,Ann,Lee\n8,Bob,Ray\n"));
            assert!(mapping.contains(key), "{mapping}");
        }
        let plan = world.run(["import", "hr.csv", "--dry-run", "--format", "json"]).ends_with(0).json();
        assert_eq!(plan["summary"]["create"], 2);
        assert!(plan["changes"].to_string().contains("Lee"), "{plan}");
    }
}

#[test]
fn a_key_with_an_empty_cell_is_not_called_ambiguous() {
    let (out, _) = message(&World::new(), "hr.csv", "EmployeeID,FirstName,LastName\n1,Ann,Lee\n,Bob,Ray\n3,Cem,Can\n");
    assert!(out.contains("1 records have no key in `EmployeeID`") && !out.contains("not unique"), "{out}");
    let (out, _) = message(&World::new(), "hr.csv", "EmployeeID,FirstName,LastName\n1,Ann,Lee\n1,Bob,Ray\n3,Cem,Can\n");
    assert!(out.contains("is not unique: 3 records share 2 keys") && !out.contains("have no key"), "{out}");
    let (out, _) = message(&World::new(), "hr.csv", "ID,FirstName,LastName\n1,Ann,Lee\n2,Bob,Ray\n3,Cem,Can\n");
    says(&out, &["`ID` counts the rows"]);
}

#[test]
fn a_name_beside_a_first_name_is_the_surname() {
    for text in [
        "PersNr;Name;Vorname\n1;Lee;Ann\n2;Ray;Bob\n",
        "Matricule;Prénom;Nom\n1;Zoé;Lefèvre\n2;Luc;Noël\n",
        "Medarbejdernr;Fornavn;Navn\n1;Søren;Kjær\n2;Åse;Bøgh\n",
        "Anställningsnr;Förnamn;Namn\n1;Åsa;Öst\n2;Bo;Ek\n",
    ] {
        let (_, mapping) = message(&World::new(), "hr.csv", text);
        assert!(mapping.contains("surname = ") && mapping.contains("Join(\".\","), "{mapping}");
    }
    let (_, mapping) = message(&World::new(), "hr.csv", "PersNr;Name;Vorname\n1;Lee, Ann;Ann\n2;Bob Ray;Bob\n");
    assert!(!mapping.contains("surname = "), "a whole name is no surname: {mapping}");
    let (out, mapping) = message(&World::new(), "hr.csv", "PersNr;Abteilung\n1;IT\n2;HR\n");
    let first = out.split_once("first run:\n").unwrap().1.lines().next().unwrap();
    assert!(first.contains("no column is known to be a name"), "{out}");
    assert!(mapping.contains("ATTENTION: no column is known to be a name"), "{mapping}");
}

#[test]
fn the_letters_of_northern_and_eastern_headers_are_known() {
    for (name, text) in [
        (
            "da.csv",
            "Lønnummer;Fornavn;Efternavn;Ansættelsesdato;Fratrædelsesdato\n1;Søren;Kjær;2020-01-31;2021-01-31\n2;Åse;Bøgh;2020-01-31;\n",
        ),
        (
            "no.csv",
            "Ansattnummer;Fornavn;Etternavn;Startdato;Sluttdato\n1;Øyvind;Ås;2020-01-31;2021-01-31\n2;Åse;Bø;2020-01-31;\n",
        ),
        (
            "sv.csv",
            "Anställningsnr;Förnamn;Efternamn;Anställningsdatum;Slutdatum\n1;Åsa;Öst;2020-01-31;2021-01-31\n2;Bo;Ek;2020-01-31;\n",
        ),
        (
            "pl.csv",
            "Numer pracownika;Imię;Nazwisko;Data zatrudnienia;Data zwolnienia\n1;Łucja;Wójcik;2020-01-31;2021-01-31\n2;Ewa;Żak;2020-01-31;\n",
        ),
        (
            "cs.csv",
            "Osobní číslo;Jméno;Příjmení;Datum nástupu;Datum ukončení\n1;Jiří;Dvořák;2020-01-31;2021-01-31\n2;Eva;Malá;2020-01-31;\n",
        ),
        (
            "tr.csv",
            "Sicil No;Ad;Soyad;İşe Giriş Tarihi;İşten Çıkış Tarihi\n1;Işıl;Gül;2020-01-31;2021-01-31\n2;Can;Ay;2020-01-31;\n",
        ),
    ] {
        let (out, mapping) = message(&World::new(), name, text);
        for wanted in ["givenName = ", "surname = ", "start  = ", "\nend    = "] {
            assert!(mapping.contains(wanted), "{name} lacks {wanted}:\n{mapping}");
        }
        says(&out, &["the last working day is"]);
    }
}

#[test]
fn words_for_nothing_are_proposed_unless_somebody_is_called_so() {
    let text = "EmployeeID,FirstName,LastName,Mobile,TerminationDate,Country\n1,Ann,Lee,NULL,NaT,NA\n2,Bob,Ray,nan,2026-01-31,DE\n3,Cem,Can,n/a,-,DE\n";
    let (out, mapping) = message(&World::new(), "hr.csv", text);
    assert!(mapping.contains(r#"nothing  = ["-", "NULL", "NaT", "n/a", "nan"]"#), "{mapping}");
    assert!(!mapping.contains("\"NA\""), "Namibia is a country: {mapping}");
    says(&out, &["count as empty", "\"NULL\" (1)"]);
    let (_, mapping) = message(&World::new(), "hr.csv", text.replace("Lee", "Null"));
    assert!(!mapping.contains("\"NULL\""), "{mapping}");
    let world = World::new();
    message(&world, "hr.csv", text);
    let plan = world.run(["import", "hr.csv", "--dry-run", "--format", "json"]).json();
    assert!(!plan["changes"].to_string().contains("NULL") && !plan["changes"].to_string().contains("nan\""), "{plan}");
}

#[test]
fn a_row_that_may_be_a_person_is_never_left_out() {
    let rows = "1,Ann,Lee,IT\n2,Bob,Ray,HR\n";
    for last in ["3,Cem,Can\n", "3,Cem", "3", "Sum,Ann\n", "3,Cem,Can,IT,extra\n", ",Cem,Can\n"] {
        let world = World::new();
        world.write("hr.csv", format!("EmployeeID,FirstName,LastName,Department\n{rows}{last}"));
        world.run(["init", "hr.csv"]).ends_with(2);
        assert!(!world.path("hrpush.toml").exists(), "{last}");
    }
    for last in ["Total: 2\n", "*** end ***\n", "Total:,2 employees\n", "Ende"] {
        let (out, _) = message(&World::new(), "hr.csv", format!("EmployeeID,FirstName,LastName,Department\n{rows}{last}"));
        says(&out, &["`skip_footer = 1`", "2 different values in 2 records"]);
    }
    // A delimiter at the end of each row makes no header of the first person.
    let world = World::new();
    world.write("hr.csv", "EmployeeID,FirstName,LastName\nid,Name,Lee,\nuid,Title,Ray,\n");
    let ended = world.run(["init", "hr.csv"]);
    assert!(ended.code == 2 || !ended.out.contains("skip_lines"), "{}", ended.out);
    let (out, _) =
        message(&World::new(), "t.csv", format!("Staff list\nAs of 1.6.2026\nEmployeeID,FirstName,LastName,Department\n{rows}"));
    says(&out, &["`skip_lines = 2`"]);
}

#[test]
fn an_address_that_entra_refuses_keeps_init_from_nothing() {
    let (out, mapping) = message(&World::new(), "hr.csv", "Matricule;Prénom;Nom;Email\n1;Zoé;Lefèvre;zoé.lefèvre@x.example\n");
    assert!(!mapping.contains("target = \"mail\"") && out.contains("mail is left out"), "{out}{mapping}");
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

#[test]
fn a_column_of_yes_and_no_is_a_status_and_no_date() {
    for (column, yes, no, left) in [
        ("Terminated", "Y", "N", "Y"),
        ("Inactive", "TRUE", "FALSE", "TRUE"),
        ("Active", "1", "0", "0"),
        ("Leaver", "yes", "no", "yes"),
        ("Disabled", "true", "false", "true"),
        ("Enabled", "true", "false", "false"),
        ("Currently Employed?", "Yes", "No", "No"),
        ("Not Active", "Y", "N", "Y"),
        ("Archived", "1", "0", "1"),
    ] {
        let text = format!("Emp Code,First,Last,{column}\nE1,Ann,Lee,{yes}\nE2,Bob,Ray,{no}\n");
        let (out, mapping) = message(&World::new(), "hr.csv", text);
        assert!(mapping.contains(&format!("status = \"[{column}]\"")), "{mapping}");
        assert!(mapping.contains(&format!("left   = [\"{left}\"]")), "{column}: {mapping}");
        assert!(!mapping.contains("\nend ") && mapping.contains("surname = \"[Last]\""), "{mapping}");
        says(&out, &[&format!("\"{left}\" means gone")]);
    }
}

#[test]
fn a_name_that_is_missed_is_the_first_thing_that_is_said() {
    for (text, wanted) in [
        ("PersNr;Abteilung\n1;IT\n2;HR\n", "ATTENTION: no column is known to be a name"),
        ("PersNr;Vorname;Zuname\n1;Ann;Lee\n2;Bob;Ray\n", "ATTENTION: no column is known to be the last name"),
        ("PersNr;Nachname\n1;Lee\n2;Ray\n", "ATTENTION: no column is known to be the first name"),
    ] {
        let (out, mapping) = message(&World::new(), "hr.csv", text);
        assert!(out.starts_with(wanted), "{out}");
        assert!(mapping.contains("# ATTENTION: no column is known to be"), "{mapping}");
    }
    let (out, _) = message(&World::new(), "hr.csv", "PersNr;Vorname;Nachname\n1;Ann;Lee\n");
    assert!(!out.contains("ATTENTION"), "{out}");
}

#[test]
fn force_replaces_what_exists() {
    let world = World::new();
    world.write("hr.csv", "EmployeeID,First,Last\n1,Ann,Lee\n");
    world.run(["init", "hr.csv"]).ends_with(0);
    world.write("hr.mapping.toml", "mine");
    let ended = world.run(["init", "hr.csv"]).ends_with(2);
    assert!(ended.err.contains("--force"), "{}", ended.err);
    assert_eq!(std::fs::read_to_string(world.path("hr.mapping.toml")).unwrap(), "mine");
    world.run(["init", "hr.csv", "--force"]).ends_with(0);
    world.run(["mapping", "check", "hr.mapping.toml"]).ends_with(0);
    world.run(["init", "--preset", "bamboohr"]).ends_with(2);
    world.run(["init", "--preset", "bamboohr", "--force"]).ends_with(0);
    assert!(std::fs::read_to_string(world.path("hrpush.toml")).unwrap().contains("rest"));
}

#[test]
fn names_of_countries_get_a_translation_to_codes() {
    let text = "PersNr;Vorname;Nachname;Land\n1;Ann;Lee;Deutschland\n2;Bob;Ray;Österreich\n3;Cem;Can;DE\n4;Dan;Dee;Deutschland\n";
    let (mapping, dry) = guessed(&World::new(), "hr.csv", text);
    assert!(mapping.contains(r#""Deutschland", "DE""#) && mapping.contains(r#""Österreich", "AT""#), "{mapping}");
    let plan = dry.ends_with(0).json().to_string();
    assert!(plan.contains("\"AT\"") && !plan.contains("\"usageLocation\":\"Deutschland\""), "{plan}");
    let (out, _) = message(&World::new(), "hr.csv", format!("{text}5;Eve;Fay;Atlantis\n"));
    assert!(out.contains("\"Atlantis\" in `Land` is not a known country"), "{out}");
    let (_, mapping) = message(&World::new(), "hr.csv", "PersNr;Vorname;Nachname;Land\n1;Ann;Lee;Mordor\n2;Bob;Ray;Gondor\n");
    assert!(mapping.contains("# usageLocation = "), "{mapping}");
}

#[test]
fn a_manager_who_is_named_by_an_address_is_not_taken_for_a_key() {
    let text =
        "EmployeeID,First,Last,Work Email,Manager Email\n1,Ann,Lee,ann@x.example,\n2,Bob,Ray,bob@x.example,ann@x.example\n";
    let (mapping, dry) = guessed(&World::new(), "hr.csv", text);
    dry.ends_with(0);
    let by_mail = mapping.contains("match = \"mail\"") && mapping.contains("\n[manager]");
    assert!(by_mail || mapping.contains("# [manager]"), "{mapping}");
}

#[test]
fn a_header_of_many_columns_takes_no_time_that_grows_with_their_square() {
    let columns: Vec<String> = (0..20_000).map(|column| format!("Column {column}")).collect();
    let blanks = ",".repeat(columns.len());
    let text = format!("EmployeeID,First,Last,{}\n1,Ann,Lee{blanks}\n2,Bob,Ray{blanks}\n", columns.join(","));
    let (_, mapping) = message(&World::new(), "hr.csv", text);
    assert!(mapping.contains("and 19500 more") && mapping.len() < 30_000, "{}", mapping.len());
}
