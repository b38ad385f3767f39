//! Days as HR writes them: one text is one day, from every source, and what cannot be a day changes no account.

use serde_json::{Value, json};

use crate::hr_server::{Exchange, HrServer, Manners};
#[cfg(unix)]
use crate::terminal::on_terminal;
use crate::world::{Ended, World};

const MAPPING: &str = "version = 1\nname = \"t\"\n[source]\nkey = \"[id]\"\ntime_zone = \"Europe/Berlin\"\n#SOURCE#\n[[match]]\ntarget = \"employeeId\"\n\
    [attributes]\nemployeeId = \"[id]\"\ngivenName = \"[first]\"\nsurname = \"[last]\"\ndisplayName = 'Join(\" \", [first], [last])'\n\
    employeeHireDate = \"[start]\"\n\
    userPrincipalName = { when = \"create\", expression = 'Join(\"@\", Join(\".\", [first], [last]), DefaultDomain())' }\n\
    [lifecycle]\nstart = \"[start]\"\nend = \"[end]\"\nstatus = \"[status]\"\nleft = [\"gone\"]\nactive = [\"here\"]\n";

const HEADER: &str = "id;first;last;start;end;status\n";

fn world(source: &str, rows: &str) -> World {
    let world = World::new();
    world.write("m.toml", MAPPING.replace("#SOURCE#", source));
    world.write("hr.csv", format!("{HEADER}{rows}"));
    world
}

fn import(world: &World) -> Ended {
    world.run(["import", "hr.csv", "--mapping", "m.toml", "--as-of", "2026-11-20", "--yes", "--format", "json"])
}

fn plan(world: &World) -> Ended {
    world.run(["plan", "hr.csv", "--mapping", "m.toml", "--as-of", "2026-11-20", "--format", "json"])
}

fn codes(document: &Value) -> Vec<String> {
    let held = document["held"].as_array().unwrap();
    held.iter().map(|held| format!("{} {}", held["key"].as_str().unwrap(), held["code"].as_str().unwrap())).collect()
}

/// The hire dates of a plan, by key.
fn hired(document: &Value) -> Vec<(String, String)> {
    let changes = document["changes"].as_array().unwrap();
    let day = |change: &Value| {
        let attributes = change["attributes"].as_array().unwrap();
        let date = attributes.iter().find(|attribute| attribute["name"] == "employeeHireDate").unwrap();
        (change["key"].as_str().unwrap().to_owned(), date["after"].as_str().unwrap().to_owned())
    };
    changes.iter().map(day).collect()
}

#[test]
fn years_that_cannot_be_hold_their_people_and_change_nobody_else() {
    let good = "1;Ann;Lee;2020-01-01;;here\n2;Bob;Ray;2020-01-01;;here\n3;Cem;Can;2020-01-01;;here\n4;Dee;Fox;2020-01-01;;here\n";
    let world = world("dates = [\"%d.%m.%Y\"]", good);
    import(&world).ends_with(0);
    let bad = "1;Ann;Lee;01.01.1441;30.12.1449;here\n2;Bob;Ray;2563-01-01;;here\n3;Cem;Can;2020-01-01;31.12.27;here\n4;Dee;Fox;2020-01-01;1449-12-30;gone\n";
    world.write("hr.csv", format!("{HEADER}{bad}"));
    for night in 0..2 {
        let ended = import(&world).ends_with(4);
        let document = ended.json();
        assert_eq!(codes(&document), ["1 impossible-date", "2 impossible-date", "3 invalid-value"]);
        // Only the leaver by status goes, whatever the dates are.
        assert_eq!(document["applied"], u64::from(night == 0), "{document}");
    }
    let message = world.run(["import", "hr.csv", "--mapping", "m.toml", "--as-of", "2026-11-20", "--dry-run"]);
    assert!(
        message.out.contains("Hijri") && message.out.contains("Buddhist") && message.out.contains("%d.%m.%y"),
        "{}",
        message.out
    );
}

#[test]
fn placeholders_of_no_end_keep_people_and_other_ends_far_away_show_the_line_to_add() {
    let ends = [
        "1900-01-01",
        "0001-01-01",
        "1899-12-30",
        "9999-12-31T23:59:59Z",
        "2999-12-31 00:00:00",
        "2099-12-31",
        "253402300799000",
    ];
    let rows: String = ends.iter().enumerate().map(|(at, end)| format!("{at}1;A{at};B{at};2020-01-01;{end};here\n")).collect();
    let world = world("", &format!("{rows}99;Zoe;Zan;2020-01-01;2200-12-31;here\n"));
    let document = import(&world).ends_with(4).json();
    assert_eq!((document["summary"]["create"].as_u64(), codes(&document)), (Some(7), vec!["99 impossible-date".to_owned()]));
    let help = document["held"][0]["help"].as_str().unwrap();
    let line = &help[help.find("no_end").unwrap()..];
    world.write("m.toml", MAPPING.replace("#SOURCE#", line));
    assert_eq!(import(&world).ends_with(0).json()["applied"], 1);
    assert_eq!(plan(&world).ends_with(0).json()["changes"], json!([]));
}

#[test]
fn a_midnight_is_its_day_in_every_form_and_from_every_source() {
    let forms = [
        "2026-12-20",
        "2026-12-20T00:00:00+02:00",
        "2026-12-20 00:00:00",
        "2026-12-20-07:00",
        "2026-12-20T00:00:00Z",
        "/Date(1797724800000)/",
    ];
    let rows: String = forms.iter().enumerate().map(|(at, form)| format!("{at};A{at};B{at};{form};;here\n")).collect();
    let files = world("", &rows);
    files.write("m.toml", MAPPING.replace("#SOURCE#", "").replace("[lifecycle]", "[lifecycle]\ncreate_before = \"90d\""));
    let document = plan(&files).ends_with(0).json();
    let days = hired(&document);
    assert_eq!(days.len(), forms.len(), "{document}");
    assert!(days.iter().all(|(_, day)| day == "2026-12-20T00:00:00Z"), "{days:?}");
    assert_eq!(import(&files).ends_with(0).json()["failed"], json!([]));
    assert_eq!(plan(&files).ends_with(0).json()["changes"], json!([]));

    // The same texts from a service, with and without a declared form.
    let people: Vec<Value> = forms
        .iter()
        .enumerate()
        .map(|(at, form)| json!({ "id": at.to_string(), "first": format!("A{at}"), "last": format!("B{at}"), "start": form, "end": "", "status": "here" }))
        .collect();
    for columns in [
        "",
        "[source.columns]\nid = \"id\"\nfirst = \"first\"\nlast = \"last\"\nstatus = \"status\"\nstart = { path = \"start\", date = \"iso\" }\nend = { path = \"end\", optional = true }\n",
    ] {
        let server = HrServer::start(vec![Exchange::json("GET /people", &json!({ "data": people }))], Manners::default());
        let world = World::new();
        world.write("m.toml", MAPPING.replace("#SOURCE#", "").replace("[lifecycle]", "[lifecycle]\ncreate_before = \"90d\""));
        world.write(
            "hrpush.toml",
            format!("[source]\nkind = \"rest\"\nmapping = \"m.toml\"\nbase_url = \"{}\"\nauth = {{ method = \"bearer\", token_env = \"HR_TOKEN\" }}\npath = \"/people\"\nrecords = \"data\"\n{columns}", server.url()),
        );
        let document =
            world.run_with(&[("HR_TOKEN", "s3cret")], ["plan", "--as-of", "2026-11-20", "--format", "json"]).ends_with(0).json();
        assert_eq!(hired(&document), days, "{columns}");
    }
}

#[test]
fn an_empty_last_day_is_no_fault_of_an_expression_and_dates_compare_as_dates() {
    let world = world("", "1;Ann;Lee;01/02/2020;;x\n2;Bob;Ray;01/02/2020;31/12/2026;x\n3;Cem;Can;01/02/2020;30/09/2026;x\n");
    let mapping = MAPPING.replace("#SOURCE#", "dates = [\"%d/%m/%Y\"]").replace(
        "end = \"[end]\"\nstatus = \"[status]\"",
        "status = 'IIF(FormatDateTime([end], \"32\", \"dd/MM/yyyy\", \"yyyy-MM-dd\") < Now(), \"gone\", \"here\")'",
    );
    world.write("m.toml", mapping);
    let document = plan(&world).ends_with(0).json();
    assert_eq!(document["held"], json!([]));
    let created: Vec<(String, String)> = hired(&document);
    assert_eq!(created.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["1", "2"]);
}

#[test]
fn init_proposes_years_of_two_digits() {
    let world = World::new();
    world.write(
        "hr.csv",
        "EmployeeID;FirstName;LastName;HireDate;TerminationDate\n1;Ann;Lee;05.03.08;\n2;Bob;Ray;15.02.19;31.12.27\n",
    );
    world.run(["init", "hr.csv"]).ends_with(0);
    let mapping = std::fs::read_to_string(world.path("hr.mapping.toml")).unwrap();
    assert!(mapping.contains("dates    = [\"%d.%m.%y\"]"), "{mapping}");
    let plan = world.run(["import", "hr.csv", "--dry-run", "--as-of", "2026-11-20", "--format", "json"]).ends_with(0).json();
    assert_eq!(plan["summary"]["create"], 2, "{plan}");
}

#[test]
fn a_cell_that_is_no_date_is_shown_on_the_screen_and_kept_nowhere() {
    let world = World::new();
    world.write(
        "map.toml",
        "version = 1\nname = \"people\"\n[source]\nkey = \"[Key]\"\ntime_zone = \"UTC\"\n[[match]]\ntarget = \"employeeId\"\n[attributes]\n\
         employeeId = \"[Key]\"\ndisplayName = \"[Name]\"\n\
         userPrincipalName = { when = \"create\", expression = 'Join(\"@\", [Key], DefaultDomain())' }\n\
         [lifecycle]\nstart = \"[Start]\"\n",
    );
    let file = world.write("hr.csv", "Key,Name,Start\n1,Ada,2020-01-01\n2,Bo,in the spring\n");
    let ended = world.import(&file, &["--mapping", "map.toml", "--log-file", "run.log", "-vv"]);
    assert_eq!(ended.code, 4, "{}\n{}", ended.out, ended.err);
    assert!(
        ended.out.contains("is not a date of the form") && ended.out.contains("the cell has \"in the spring\""),
        "{}",
        ended.out
    );
    assert!(!ended.err.contains("in the spring"), "{}", ended.err);
    let log = std::fs::read_to_string(world.path("run.log")).unwrap();
    assert!(!log.contains("in the spring"), "{log}");
    let document = world.import(&file, &["--mapping", "map.toml", "--format", "json", "--dry-run"]);
    assert!(!document.out.contains("in the spring") && !document.err.contains("in the spring"), "{}", document.out);
    // A person at a terminal who silences the plan still sees the cell with its place.
    #[cfg(unix)]
    if let Some(quiet) = on_terminal(&world, &["import", "hr.csv", "--mapping", "map.toml", "--dry-run", "-q"], ("", "")) {
        let shown = quiet.ends_with(4).err;
        assert!(shown.contains("hr.csv, line 3") && shown.contains("the cell has \"in the spring\""), "{shown}");
    }
    let shown = world.run(["runs", "show", "last"]).ends_with(0);
    assert!(!shown.out.contains("in the spring"), "{}", shown.out);
}
