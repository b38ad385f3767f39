//! The forecast: each of its days has the people that a plan of that day has, and the source is read once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use serde_json::Value;

use crate::world::{Ended, World, keys, project};

/// The first day of every forecast here. It is far from any day on which the tests run.
const FIRST: Date = date(2040, 3, 1);

const HEADER: &str = "EmployeeID,FirstName,LastName,Email,Department,JobTitle,CostCentre,Country,Mobile,ManagerID,HireDate,TerminationDate,Status,WorkerType,From,Until";

/// A row of a person who works from and until these days. It is in force from the last of them.
fn row(key: &str, department: &str, hired: &str, left: &str, span: &str) -> String {
    format!("{key},Ann{key},Lee{key},ann{key}@contoso.com,{department},Clerk,1,DE,,,{hired},{left},Active,Employee,{span}\n")
}

/// A company of settled people, with a mapping that has groups and a history of rows.
fn company() -> World {
    let world = World::new();
    let mapping = std::fs::read_to_string(project("mappings/generic-csv.toml")).unwrap();
    let groups = "\n[[groups]]\nname = 'Join(\" \", \"Dept\", [Department])'\n";
    world
        .write("hr.toml", mapping.replace("create_before = \"14d\"", "create_before = \"14d\"\ndelete_after = \"30d\"") + groups);
    world.write(
        "hrpush.toml",
        "[source]\nkind = \"csv\"\npath = \"hr.csv\"\nmapping = \"hr.toml\"\n[source.rows]\nkey = \"EmployeeID\"\nfrom = \"From\"\nuntil = \"Until\"\n\
         [guard]\ncreate = { share = 1.0 }\nremoveMembers = { share = 1.0 }\n",
    );
    world
}

/// Twelve settled people, and what is to come: a start, a leave, a move, and a leave of somebody who moves before.
fn people(with_changes: bool) -> String {
    let mut text = format!("{HEADER}\n");
    for number in 101..113 {
        text += &row(&number.to_string(), "Sales", "2020-01-01", "", ",");
    }
    if with_changes {
        text = text.replace(&row("102", "Sales", "2020-01-01", "", ","), &row("102", "Sales", "2020-01-01", "2040-03-09", ","));
        let moves = row("103", "Sales", "2020-01-01", "", "2020-01-01,2040-03-14")
            + &row("103", "Growth", "2020-01-01", "", "2040-03-15,");
        text = text.replace(&row("103", "Sales", "2020-01-01", "", ","), &moves);
        text += &row("120", "Sales", "2040-03-25", "", ",");
        text += &row("121", "Growth", "2040-04-02", "2040-04-10", ",");
    }
    text
}

fn command(world: &World, name: &[&str], day: Date) -> Ended {
    let day = day.to_string();
    let arguments = name.iter().copied().chain(["hr.csv", "--as-of", day.as_str(), "--format", "json"]);
    world.run(arguments)
}

/// The people of the forecast by day and event.
fn forecast(days: &Value) -> BTreeMap<String, BTreeSet<(String, String)>> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let person = |person: &Value| (text(&person["key"]), text(&person["event"]));
    let day = |day: &Value| (text(&day["date"]), day["people"].as_array().unwrap().iter().map(person).collect());
    days.as_array().unwrap().iter().map(day).collect()
}

/// The people of a plan by the event that a forecast would call it, with group members as such.
fn planned(world: &World, day: Date) -> BTreeSet<(String, String)> {
    let plan = command(world, &["plan"], day);
    assert!(matches!(plan.code, 0 | 4), "{}", plan.err);
    let plan = plan.json();
    let mut people = BTreeSet::new();
    for change in plan["changes"].as_array().unwrap() {
        let key = change["key"].as_str().unwrap().to_owned();
        let enabled = change["attributes"].as_array().unwrap().iter().find(|edit| edit["name"] == "accountEnabled");
        let opens = enabled.is_some_and(|edit| edit["after"] == true);
        match (change["object"].as_str().unwrap(), change["action"].as_str().unwrap()) {
            ("user", "create") => {
                people.insert((key.clone(), "starts".to_owned()));
                if opens {
                    people.insert((key, "enables".to_owned()));
                }
            }
            ("user", "enable") => _ = people.insert((key, "enables".to_owned())),
            ("user", "disable") => _ = people.insert((key, "leaves".to_owned())),
            ("user", "delete") => _ = people.insert((key, "deletes".to_owned())),
            ("user", _) => {}
            _ => {
                for (list, word) in [("add", "joins"), ("remove", "quits")] {
                    let members = change["members"][list].as_array().into_iter().flatten();
                    people.extend(members.map(|member| (member.as_str().unwrap().to_owned(), format!("{word} {key}"))));
                }
            }
        }
    }
    people
}

#[test]
fn each_day_of_the_forecast_is_what_the_plan_of_that_day_adds() {
    let world = company();
    world.write("hr.csv", people(false));
    command(&world, &["import", "--yes"], FIRST).ends_with(0);
    world.write("hr.csv", people(true));
    let ended = command(&world, &["forecast", "--weeks", "6"], FIRST).ends_with(0);
    let days = ended.json();
    assert_eq!(keys(&days[0]), ["date", "deletes", "enables", "leaves", "moves", "people", "starts"]);
    assert_eq!(keys(&days[0]["people"][0]), ["displayName", "event", "key"]);
    let found = forecast(&days);
    let is = |key: &str, event: &str| BTreeSet::from([(key.to_owned(), event.to_owned())]);
    let wanted = BTreeMap::from([
        ("2040-03-10".to_owned(), is("102", "leaves")),
        ("2040-03-11".to_owned(), is("120", "starts")),
        ("2040-03-15".to_owned(), is("103", "moves")),
        ("2040-03-19".to_owned(), is("121", "starts")),
        ("2040-03-25".to_owned(), is("120", "enables")),
        ("2040-04-02".to_owned(), is("121", "enables")),
    ]);
    assert_eq!(found, wanted);
    assert_eq!(
        (&days[0]["leaves"], &days[0]["starts"], &days[0]["people"][0]["displayName"]),
        (&1.into(), &0.into(), &"Ann102 Lee102".into())
    );
    // Day by day: what the plan of the day has and the plan of the day before has not.
    let mut before = planned(&world, FIRST);
    assert!(before.is_empty(), "{before:?}");
    for day in FIRST.tomorrow().unwrap().series(1.day()).take(42) {
        let listed = found.get(&day.to_string()).cloned().unwrap_or_default();
        let near = |other: &String| other.parse::<Date>().unwrap().since(day).unwrap().get_days().abs() <= 1;
        // Quiet days far from an event are tried once a week.
        if !found.keys().any(near) && day.day() % 7 != 0 {
            continue;
        }
        let now = planned(&world, day);
        if found.contains_key(&day.yesterday().unwrap().to_string()) || found.contains_key(&day.to_string()) {
            before = planned(&world, day.yesterday().unwrap());
        }
        let news: BTreeSet<(String, String)> = now.difference(&before).cloned().collect();
        let people: BTreeSet<&String> = news.iter().map(|(key, _)| key).collect();
        assert_eq!(people, listed.iter().map(|(key, _)| key).collect(), "{day}: {news:?}");
        for (key, event) in listed.iter().filter(|(_, event)| event != "moves") {
            assert!(now.contains(&(key.clone(), event.clone())), "{day}: {key} {event}: {now:?}");
        }
        before = now;
    }
}

#[test]
fn a_forecast_writes_nothing_and_ends_as_a_dry_run() {
    let world = company();
    world.write("hr.csv", people(false));
    command(&world, &["import", "--yes"], FIRST).ends_with(0);
    let double = row("104", "Sales", "2020-01-01", "", ",").replace("Ann104", "Anna");
    world.write("hr.csv", people(true) + &double);
    let runs = || world.run(["runs", "--format", "json"]).ends_with(0).json().as_array().unwrap().len();
    let before = runs();
    let first = command(&world, &["forecast", "--weeks", "2"], FIRST).ends_with(4);
    assert!(first.err.contains("held 104"), "{}", first.err);
    // The second one finds the same: nothing was recorded by the first.
    assert_eq!(command(&world, &["forecast", "--weeks", "2"], FIRST).ends_with(4).out, first.out);
    assert_eq!(runs(), before);
    // Everybody leaves on one day: a dry run of that day is stopped, and so is a forecast that begins there.
    world.write("hr.csv", people(false).replace("2020-01-01,,Active", "2020-01-01,2040-03-05,Active"));
    let stopped = command(&world, &["forecast", "--weeks", "1"], date(2040, 3, 6)).ends_with(3);
    assert_eq!(stopped.json()[0]["leaves"], 12);
    assert_eq!(command(&world, &["forecast", "--weeks", "1"], FIRST).ends_with(0).json()[0]["date"], "2040-03-06");
}

#[test]
fn the_forecast_is_read_by_people_and_by_spreadsheets() {
    let world = company();
    world.write("hr.csv", people(false));
    command(&world, &["import", "--yes"], FIRST).ends_with(0);
    world.write("hr.csv", people(true));
    let day = FIRST.to_string();
    let text = world.run(["forecast", "--as-of", &day, "--weeks", "2"]).ends_with(0).out;
    assert!(text.starts_with("2040-03-10: 1 leaves\n  leaves Ann102 Lee102 (102)\n"), "{text}");
    let csv = world.run(["forecast", "--as-of", &day, "--weeks", "2", "--format", "csv"]).ends_with(0).out;
    assert!(csv.contains("2040-03-10,102,Ann102 Lee102,leaves\r\n"), "{csv}");
    world.run(["plan", "--format", "csv"]).ends_with(2);
    world.run(["forecast", "--weeks", "0"]).ends_with(2);
}
