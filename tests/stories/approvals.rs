//! Approvals and rejections that people give before a run: what they cover, how they end, and what stays loud.

use serde_json::{Value, json};

use crate::company::{Company, Row, codes, column, people};
use crate::world::Ended;

/// Two dozen people in a tenant of their own: more than three disables stop a run.
pub(crate) fn settled() -> (Company, Vec<Row>) {
    let company = Company::new();
    let rows = people(1..=24);
    company.hr(&rows);
    company.night(0);
    (company, rows)
}

/// The same people, of whom these have left.
pub(crate) fn without(rows: &[Row], left: &[usize]) -> Vec<Row> {
    let mut rows = rows.to_vec();
    for number in left {
        rows[number - 1][column("Status")] = "Terminated".into();
    }
    rows
}

pub(crate) fn import(company: &Company, code: i32) -> Ended {
    company.hrpush(&["import", "hr.csv", "--mapping", "map.toml", "--format", "json"], true).ends_with(code)
}

/// A run that must stop; the fingerprint of its plan.
pub(crate) fn stopped(company: &Company) -> String {
    import(company, 3).json()["fingerprint"].as_str().unwrap().to_owned()
}

fn approve(company: &Company, arguments: &[&str]) -> Value {
    let arguments: Vec<&str> = ["approve"].into_iter().chain(arguments.iter().copied()).chain(["--format", "json"]).collect();
    company.hrpush(&arguments, false).ends_with(0).json()
}

fn refused(company: &Company, arguments: &[&str], part: &str) {
    let message = company.hrpush(arguments, false).ends_with(2).err;
    assert!(message.contains(part), "{part} is missing:\n{message}");
}

fn last_run(company: &Company) -> Value {
    company.hrpush(&["runs", "-n", "1", "--format", "json"], false).ends_with(0).json()[0].clone()
}

pub(crate) fn state(company: &Company, statement: &str) {
    let database = rusqlite::Connection::open(company.world.path(".hrpush/state.db")).unwrap();
    assert!(database.execute(statement, []).unwrap() > 0, "{statement}");
}

/// The import of the same file has nothing left to do.
fn nothing_left(company: &Company, code: i32) {
    let again = import(company, code).json();
    assert_eq!((again["applied"].as_u64(), again["requests"]["writes"].as_u64()), (Some(0), Some(0)));
}

#[test]
fn an_approval_covers_its_changes_and_the_guards_judge_the_others() {
    let (company, rows) = settled();
    company.hr(&without(&rows, &[2, 3, 4, 5]));
    let fingerprint = stopped(&company);
    // Twelve digits are enough, and the whole fingerprint is recorded.
    let given = approve(&company, &[&fingerprint[7..19], "--note", "HR has confirmed it"]);
    assert_eq!((&given["fingerprint"], &given["changes"]), (&json!(fingerprint), &json!(4)));
    assert_eq!(given["guards"], json!([{ "name": "disable", "count": 4, "of": 24 }]));
    // One more leaver, whom the approver has not seen: one is below the limit.
    company.hr(&without(&rows, &[2, 3, 4, 5, 6]));
    let outcome = import(&company, 0).json();
    assert_eq!(outcome["applied"], 5);
    assert!(outcome["link"].as_str().is_some_and(|link| link.len() == 64), "{}", outcome["link"]);
    let run = last_run(&company);
    let by = &run["approvedBy"][0];
    assert_eq!((&by["note"], &by["principal"]), (&json!("HR has confirmed it"), &Value::Null));
    assert_eq!(by["user"].as_str(), Some(whoami::username().unwrap().as_str()));
    assert!(by["at"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok() && by["host"].is_string());
    let shown = company.hrpush(&["runs", "show", "last"], false).ends_with(0).out;
    assert!(shown.contains("approved by ") && shown.contains("(HR has confirmed it)"), "{shown}");
    let head = company.hrpush(&["runs", "verify", "--format", "json"], false).ends_with(0).json()["head"].clone();
    assert_eq!(outcome["link"], head, "the outcome has the head of the chain");
    nothing_left(&company, 0);
}

#[test]
fn an_approval_ends_with_the_line_of_what_happens_next() {
    let (company, rows) = settled();
    company.hr(&without(&rows, &[2, 3, 4, 5]));
    stopped(&company);
    let message = company.hrpush(&["approve", "last"], false).ends_with(0).out;
    assert_eq!(message.lines().last(), Some("used by the next run; to carry it out now: hrpush sync"), "{message}");
    let shown = company.hrpush(&["runs", "show", "last"], false).ends_with(0).out;
    assert!(shown.contains("approved by "), "{shown}");
}

#[test]
fn too_many_others_stop_the_run_and_leave_the_approval_unused() {
    let (company, rows) = settled();
    company.hr(&without(&rows, &[2, 3, 4, 5]));
    stopped(&company);
    approve(&company, &["last"]);
    company.hr(&without(&rows, &[2, 3, 4, 5, 6, 7, 8, 9]));
    let message = import(&company, 3).err;
    assert!(message.contains("4 of 8 changes are approved") && message.contains("`disable`: 4 of 24"), "{message}");
    assert!(last_run(&company)["approvedBy"].is_null());
    company.hr(&without(&rows, &[2, 3, 4, 5]));
    assert_eq!(import(&company, 0).json()["applied"], 4);
    nothing_left(&company, 0);
}

#[test]
fn a_change_with_another_end_is_not_approved() {
    let (company, rows) = settled();
    let renamed = |name: &str| {
        let mut rows = rows.clone();
        rows.iter_mut().take(12).for_each(|row| row[column("First")] = format!("{name}{}", row[0]));
        rows
    };
    company.hr(&renamed("Seen"));
    stopped(&company);
    approve(&company, &["last"]);
    company.hr(&renamed("Unseen"));
    let message = import(&company, 3).err;
    assert!(message.contains("`update`: 12 of 24"), "{message}");
    company.hr(&renamed("Seen"));
    assert_eq!(import(&company, 0).json()["applied"], 12);
}

#[test]
fn a_guard_on_the_reading_is_covered_for_that_reading_alone() {
    let (company, rows) = settled();
    let short = rows[..20].to_vec();
    company.hr(&short);
    stopped(&company);
    let given = approve(&company, &["last"]);
    let guards: Vec<&str> = given["guards"].as_array().unwrap().iter().map(|guard| guard["name"].as_str().unwrap()).collect();
    assert!(guards.contains(&"source") && guards.contains(&"missing") && guards.contains(&"disable"), "{guards:?}");
    // The same people and values, and another file.
    let mut other = short.clone();
    other[3][column("Phone")] = "1234".into();
    company.hr(&other);
    let message = import(&company, 3).err;
    assert!(message.contains("`source`") && message.contains("`missing`") && !message.contains("`disable`"), "{message}");
    company.hr(&short);
    assert_eq!(import(&company, 0).json()["applied"].as_u64(), Some(4));
    nothing_left(&company, 0);
}

#[test]
fn an_approval_is_used_once() {
    let (company, rows) = settled();
    let gone = without(&rows, &[2, 3, 4, 5]);
    let name = |change: &Value| change["key"].as_str().unwrap().to_owned();
    company.hr(&gone);
    stopped(&company);
    approve(&company, &["last"]);
    import(&company, 0);
    company.hr(&rows);
    let back = import(&company, 3).json();
    assert_eq!(back["changes"].as_array().unwrap().iter().map(name).collect::<Vec<_>>(), ["2", "3", "4", "5"]);
    approve(&company, &["last", "--note", "they are back"]);
    import(&company, 0);
    // The same four leave again: nobody has approved that.
    company.hr(&gone);
    assert!(import(&company, 3).err.contains("`disable`: 4 of 24"));
}

#[test]
fn an_approval_expires() {
    let (company, rows) = settled();
    company.hr(&without(&rows, &[2, 3, 4, 5]));
    stopped(&company);
    let given = approve(&company, &["last"]);
    let span = |name: &str| given[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert_eq!(span("validUntil").duration_since(span("at")), jiff::SignedDuration::from_hours(72));
    state(&company, "update approvals set expires_at = '2026-01-01T00:00:00.000000Z'");
    stopped(&company);
    approve(&company, &["last"]);
    // A shorter validity counts for approvals that were given before.
    state(&company, "update approvals set given_at = '2026-01-01T00:00:00.000000Z'");
    stopped(&company);
    company.world.write("hrpush.toml", "[approval]\nvalid = \"2h\"\n");
    let given = approve(&company, &["last"]);
    let span = |name: &str| given[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert_eq!(span("validUntil").duration_since(span("at")), jiff::SignedDuration::from_hours(2));
    assert_eq!(import(&company, 0).json()["applied"], 4);
}

#[test]
fn a_plan_is_named_by_one_fingerprint_of_this_folder() {
    let (company, rows) = settled();
    refused(&company, &["approve", "last"], "was carried out or had nothing to do");
    company.hr(&without(&rows, &[2, 3, 4, 5]));
    let fingerprint = stopped(&company);
    refused(&company, &["approve", &fingerprint[..18]], "at least 12 of its digits");
    refused(&company, &["approve", "yes please, do"], "is not a fingerprint");
    refused(&company, &["approve", &"0".repeat(64)], "no plan");
    let twin = format!("{}{}", &fingerprint[..19], "0".repeat(52));
    state(
        &company,
        &format!(
            "insert into proposals select tenant, '{twin}', feed, run, plan, records, made_at from proposals where fingerprint = '{fingerprint}'"
        ),
    );
    refused(&company, &["approve", &fingerprint[..19]], "several plans begin with");
    refused(&company, &["approve", "last", "--except", "17"], "--except 17");
    refused(&company, &["approve", "last", "--note", "two\nlines"], "a note is one line");
    refused(&company, &["approve"], "required");
    refused(&company, &["reject", "last"], "--note");
    approve(&company, &[&fingerprint]);
}

#[test]
fn a_rejected_leaver_stays_loud_until_the_record_changes_or_the_rejection_is_forgotten() {
    let (company, rows) = settled();
    let gone = without(&rows, &[2, 3, 4, 5]);
    company.hr(&gone);
    let stopped = stopped(&company);
    let message = company.hrpush(&["reject", &stopped, "--note", "they have not left"], false).ends_with(0).out;
    assert!(message.contains("4 changes") && message.contains("decide KEY --forget"), "{message}");
    let shown = company.hrpush(&["runs", "show", "last"], false).ends_with(0).out;
    assert!(shown.contains("rejected by ") && shown.contains("(they have not left)"), "{shown}");
    for _ in 0..2 {
        let night = import(&company, 4);
        assert!(night.err.contains("HAS LEFT by HR") && night.err.contains("they have not left"), "{}", night.err);
        let outcome = night.json();
        assert_eq!(codes(&outcome, "skipped"), ["2 rejected", "3 rejected", "4 rejected", "5 rejected"]);
        assert!(outcome["skipped"].as_array().unwrap().iter().all(|entry| entry["left"] == true));
        assert_eq!(outcome["applied"], 0);
    }
    let listed = company.hrpush(&["decide", "--list", "--format", "json"], false).ends_with(0).json();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["verdict"]), (4, &json!("reject")));

    // HR's record of one of them changes, and another rejection is forgotten.
    let mut changed = gone.clone();
    changed[1][column("End")] = "30/11/2020".into();
    company.hr(&changed);
    company.hrpush(&["decide", "3", "--forget"], false).ends_with(0);
    let outcome = import(&company, 4).json();
    assert_eq!(
        (outcome["applied"].as_u64(), codes(&outcome, "skipped")),
        (Some(2), vec!["4 rejected".into(), "5 rejected".into()])
    );
    for key in ["4", "5"] {
        company.hrpush(&["decide", key, "--forget"], false).ends_with(0);
    }
    refused(&company, &["decide", "4", "--forget"], "no decision about `4`");
    assert_eq!(import(&company, 0).json()["applied"], 2);
    nothing_left(&company, 0);
}

#[test]
fn an_approval_leaves_out_whom_it_names() {
    let (company, rows) = settled();
    company.hr(&without(&rows, &[2, 3, 4, 5, 6]));
    stopped(&company);
    let given = approve(&company, &["last", "--except", "4"]);
    assert_eq!((&given["changes"], &given["except"]), (&json!(4), &json!(["4"])));
    let outcome = import(&company, 4).json();
    assert_eq!((outcome["applied"].as_u64(), codes(&outcome, "skipped")), (Some(4), vec!["4 rejected".to_owned()]));
    nothing_left(&company, 4);
}

#[test]
fn a_rejected_update_keeps_no_leaver_in() {
    let (company, rows) = settled();
    let mut moved = rows.clone();
    moved[6][column("Department")] = "Dept11".into();
    moved[6][column("End")] = "01/06/2027".into();
    company.hr(&moved);
    let plan = import_dry(&company, &[]);
    assert!(!plan["changes"].as_array().unwrap().is_empty());
    company.hrpush(&["reject", "last", "--note", "not yet"], false).ends_with(0);
    let outcome = import(&company, 0).json();
    assert_eq!((outcome["applied"].as_u64(), codes(&outcome, "skipped")), (Some(0), vec!["7 rejected".to_owned()]));
    // The same record, after the last working day: a disable was never rejected.
    let later = import_dry(&company, &["--as-of", "2027-06-02"]);
    assert_eq!(later["summary"]["disable"], 1, "{}", later["skipped"]);
}

fn import_dry(company: &Company, options: &[&str]) -> Value {
    let arguments = ["import", "hr.csv", "--mapping", "map.toml", "--dry-run", "--format", "json"];
    let arguments: Vec<&str> = arguments.into_iter().chain(options.iter().copied()).collect();
    company.hrpush(&arguments, true).ends_with(0).json()
}

#[test]
fn the_younger_answer_to_a_plan_counts() {
    let (company, rows) = settled();
    company.hr(&without(&rows, &[2, 3, 4, 5]));
    let fingerprint = stopped(&company);
    approve(&company, &[&fingerprint]);
    company.hrpush(&["reject", &fingerprint, "--note", "no"], false).ends_with(0);
    assert_eq!(import(&company, 4).json()["applied"], 0);
    approve(&company, &[&fingerprint, "--note", "yes"]);
    assert_eq!(import(&company, 0).json()["applied"], 4);
    nothing_left(&company, 0);
}

#[test]
fn a_plan_that_was_carried_out_cannot_be_approved_once_more() {
    let (company, rows) = settled();
    let left = without(&rows, &[2, 3, 4, 5]);
    company.hr(&left);
    let fingerprint = stopped(&company);
    company.hrpush(&["import", "hr.csv", "--mapping", "map.toml", "--approve", &fingerprint], true).ends_with(0);
    refused(&company, &["approve", "last"], "there is nothing to answer");
    refused(&company, &["approve", &fingerprint], "no plan");
    nothing_left(&company, 0);
}

#[test]
fn an_approval_does_not_cover_what_was_carried_out_before_it() {
    let (company, rows) = settled();
    company.hr(&without(&rows, &[2, 3, 4, 5]));
    let fingerprint = stopped(&company);
    let one = |key: &str| {
        let arguments = ["import", "hr.csv", "--mapping", "map.toml", "--only", key, "--format", "json"];
        assert_eq!(company.hrpush(&arguments, true).ends_with(0).json()["applied"], 1);
    };
    one("2");
    let given = approve(&company, &[&fingerprint]);
    assert_eq!(given["changes"], 3);
    for key in ["3", "4", "5"] {
        one(key);
    }
    refused(&company, &["approve", &fingerprint], "was carried out since");
}

#[test]
fn a_rejection_withdraws_the_approval_that_a_killed_run_left_valid() {
    let (company, rows) = settled();
    let mut left = without(&rows, &[2, 3, 4, 5]);
    company.hr(&left);
    stopped(&company);
    approve(&company, &["last"]);
    // As a run leaves it that was killed before its first write.
    state(&company, "update approvals set used_by = (select run from runs order by number desc limit 1)");
    state(&company, "update runs set ended = 'crashed' where number = (select max(number) from runs)");
    company.hrpush(&["reject", "last", "--note", "not these"], false).ends_with(0);
    for number in [2, 3, 4, 5] {
        left[number - 1][column("Department")] = "Elsewhere".into();
    }
    company.hr(&left);
    stopped(&company);
}

#[test]
fn whom_a_younger_answer_leaves_out_is_out_of_the_older_one_too() {
    let (company, rows) = settled();
    let mut left = without(&rows, &[2, 3, 4, 5]);
    company.hr(&left);
    stopped(&company);
    approve(&company, &["last"]);
    let given = approve(&company, &["last", "--except", "2", "--except", "3", "--except", "4", "--except", "5"]);
    assert_eq!(given["changes"], 0);
    for number in [2, 3, 4, 5] {
        left[number - 1][column("Department")] = "Elsewhere".into();
    }
    company.hr(&left);
    stopped(&company);
}

#[test]
fn a_rejected_person_is_kept_as_is_whatever_hr_changes_and_stays_loud() {
    let (company, rows) = settled();
    let mut gone = without(&rows, &[2, 3, 4, 5]);
    company.hr(&gone);
    stopped(&company);
    company.hrpush(&["reject", "last", "--note", "no"], false).ends_with(0);
    for key in ["2", "3", "4", "5"] {
        company.hrpush(&["decide", key, "--keep"], false).ends_with(0);
    }
    gone[1][column("End")] = "30/11/2020".into();
    company.hr(&gone);
    let outcome = import(&company, 4).json();
    assert_eq!(codes(&outcome, "skipped").len(), 4, "{}", outcome["skipped"]);
    // Another name: the decision was about another person.
    gone[1][column("Last")] = "Other".into();
    company.hr(&gone);
    assert_eq!(import(&company, 4).json()["applied"], 1);
}

#[test]
fn a_saved_plan_is_approved_before_it_is_applied() {
    let (company, rows) = settled();
    company.hr(&without(&rows, &[2, 3, 4, 5]));
    company.hrpush(&["plan", "hr.csv", "--mapping", "map.toml", "--out", "plan.json"], true).ends_with(3);
    company.hrpush(&["apply", "plan.json", "--yes"], false).ends_with(3);
    approve(&company, &["last"]);
    let outcome = company.hrpush(&["apply", "plan.json", "--yes", "--format", "json"], false).ends_with(0).json();
    assert_eq!(outcome["applied"], 4);
    nothing_left(&company, 0);
}

#[test]
fn an_approval_works_for_a_plan_without_changes_and_is_used_by_it() {
    let (company, rows) = settled();
    let company = company.mapped("on_missing = \"disable\"\n", "");
    company.hr(&rows[..20]);
    let plan = import(&company, 3).json();
    assert_eq!(plan["changes"], json!([]));
    approve(&company, &["last"]);
    import(&company, 4);
    assert!(last_run(&company)["approvedBy"][0]["user"].is_string());
    // The reading was good by that yes, so a return and a second loss are judged anew.
    company.hr(&rows);
    import(&company, 0);
    company.hr(&rows[..20]);
    assert!(import(&company, 3).err.contains("`missing`"));
}

#[cfg(unix)]
mod killed {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};

    use crate::served::Served;
    use crate::world::World;

    const MAPPING: &str = "version = 1\nname = \"people\"\n[source]\nkey = \"[ID]\"\ntime_zone = \"Europe/Vienna\"\n[[match]]\ntarget = \"employeeId\"\n[attributes]\nemployeeId = \"[ID]\"\ndisplayName = \"[Name]\"\nuserPrincipalName = { when = \"create\", expression = \"[Mail]\" }\n";
    const TOKEN: [(&str, &str); 1] = [("HRPUSH_ACCESS_TOKEN", "a.b.c")];

    fn arguments(url: &str) -> [&str; 12] {
        ["import", "hr.csv", "--mapping", "map.toml", "--yes", "--graph-url", url, "--format", "json", "-vv", "--color", "never"]
    }

    fn hr(world: &World, people: usize, name: &str) {
        let row = |number| format!("{number},{name} {number},p{number}@contoso.onmicrosoft.com\n");
        world.write("hr.csv", "ID,Name,Mail\n".to_owned() + &(1..=people).map(row).collect::<String>());
    }

    #[test]
    fn the_run_after_a_killed_one_still_has_the_approval() {
        let world = World::new();
        let server = Served::start(&world, &[]);
        world.write("map.toml", MAPPING);
        world.write("hrpush.toml", "[quota]\nscale = 1000\n");
        hr(&world, 230, "Person");
        world.run_with(&TOKEN, arguments(&server.url)).ends_with(0);
        // Thirty records fewer, and everybody has another name: `source`, `missing` and `update` trip.
        hr(&world, 200, "Renamed");
        let message = world.run_with(&TOKEN, arguments(&server.url)).ends_with(3).err;
        assert!(message.contains("guard `source`") && message.contains("guard `update`"), "{message}");
        world.run(["approve", "last"]).ends_with(0);
        world.write("hrpush.toml", "[quota]\nshare = 0.02\n");
        let mut run = Command::new(env!("CARGO_BIN_EXE_hrpush"))
            .current_dir(world.path(""))
            .env("HRPUSH_ACCESS_TOKEN", "a.b.c")
            .args(arguments(&server.url))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut log, mut line) = (BufReader::new(run.stderr.take().unwrap()), String::new());
        while !line.contains("judged") {
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "the run ended before it wrote");
        }
        run.kill().unwrap();
        assert!(!run.wait().unwrap().success());
        world.write("hrpush.toml", "[quota]\nscale = 1000\n");
        world.run_with(&TOKEN, arguments(&server.url)).ends_with(4);
        let runs = world.run(["runs", "--format", "json"]).ends_with(0).json();
        assert_eq!((&runs[0]["ended"], &runs[1]["ended"]), (&"done".into(), &"crashed".into()));
        assert!(runs[0]["approvedBy"][0]["user"].is_string() && runs[1]["approvedBy"][0]["user"].is_string(), "{runs}");
        // It is used up now.
        hr(&world, 230, "Person");
        world.run_with(&TOKEN, arguments(&server.url)).ends_with(3);
    }
}

/// A run of this import; its exit code is not the point.
fn night(company: &Company, rows: &[Row], code: i32) -> Ended {
    company.hr(rows);
    import(company, code)
}

#[test]
fn a_rejection_is_over_once_hr_has_said_otherwise_and_does_not_come_back() {
    let (company, rows) = settled();
    company.hr(&without(&rows, &[2]));
    company.hrpush(&["plan", "hr.csv", "--mapping", "map.toml"], false).ends_with(0);
    company.hrpush(&["reject", "last", "--note", "works here"], false).ends_with(0);
    // Disables nobody, loudly, as long as HR says so.
    assert_eq!(night(&company, &without(&rows, &[2]), 4).json()["applied"], 0);
    // HR corrects the record. The person leaves for good later: the same record, and another event.
    night(&company, &rows, 0);
    let outcome = night(&company, &without(&rows, &[2]), 0).json();
    assert_eq!((outcome["applied"].as_u64(), outcome["summary"]["disable"].as_u64()), (Some(1), Some(1)));
    nothing_left(&company, 0);
}

#[test]
fn an_approval_does_not_make_a_status_known_that_its_giver_never_saw() {
    let company = Company::served(&json!({}));
    let rows = people(1..=24);
    let source = "[quota]\nscale = 1000\n[source]\nkind = \"csv\"\npath = \"hr.csv\"\nmapping = \"map.toml\"\n";
    company.world.write("hrpush.toml", source);
    let sync = |rows: &[Row], code: i32| {
        company.hr(rows);
        company.hrpush(&["sync"], true).ends_with(code)
    };
    sync(&rows, 0);
    let left = without(&rows, &[2, 3, 4, 5]);
    sync(&left, 3);
    approve(&company, &["last"]);
    let mut odd = left.clone();
    odd[6][column("Status")] = "Terminted".into();
    for _night in 0..3 {
        let ended = sync(&odd, 4);
        assert!(ended.err.contains("Terminted") || ended.err.contains("new-status"), "{}", ended.err);
    }
}

#[test]
fn nothing_of_an_undo_is_rejected_and_the_refusal_says_so() {
    let (company, rows) = settled();
    night(&company, &without(&rows, &[2]), 0);
    let run = last_run(&company)["run"].as_str().unwrap().to_owned();
    company.hrpush(&["undo", &run, "--dry-run"], false).ends_with(0);
    refused(&company, &["reject", "last", "--note", "she has left"], "nothing of an undo can be rejected");
    refused(&company, &["reject", "last", "--note", ""], "a value is required for '--note");
}

#[test]
fn leavers_that_needed_an_approval_use_it_up_also_where_another_guard_stops_the_rest() {
    let (company, rows) = settled();
    company.world.write("hrpush.toml", "[guard]\nleavers = \"go\"\nupdate = { count = 5 }\n");
    let left = without(&rows, &[2, 3, 4, 5]);
    company.hr(&left);
    stopped(&company);
    approve(&company, &["last"]);
    let mut renamed = left.clone();
    for row in &mut renamed[6..22] {
        row[column("Last")].push('x');
    }
    let outcome = night(&company, &renamed, 3).json();
    assert_eq!(outcome["summary"]["disable"].as_u64().or(outcome["applied"].as_u64()), Some(4), "{outcome}");
    assert!(last_run(&company)["approvedBy"][0]["user"].is_string());
    let uses: i64 = rusqlite::Connection::open(company.world.path(".hrpush/state.db"))
        .unwrap()
        .query_row("select count(*) from approvals where used_by is not null", [], |row| row.get(0))
        .unwrap();
    assert_eq!(uses, 1);
}

#[test]
fn status_speaks_of_a_leaver_whose_disable_was_rejected() {
    let (company, rows) = settled();
    company.hrpush(&["status"], false).ends_with(0);
    company.hr(&without(&rows, &[2]));
    company.hrpush(&["plan", "hr.csv", "--mapping", "map.toml"], false).ends_with(0);
    company.hrpush(&["reject", "last", "--note", "not yet"], false).ends_with(0);
    import(&company, 4);
    let ended = company.hrpush(&["status"], false).ends_with(4);
    assert!(ended.err.contains("attention"), "{}", ended.err);
}

#[test]
fn a_dry_run_says_whom_the_run_disables_although_a_guard_stops_it() {
    let (company, rows) = settled();
    company.world.write("hrpush.toml", "[guard]\nleavers = \"go\"\nupdate = { count = 5 }\n");
    let mut changed = without(&rows, &[2]);
    for row in &mut changed[6..22] {
        row[column("Last")].push('x');
    }
    company.hr(&changed);
    let shown = company.hrpush(&["import", "hr.csv", "--mapping", "map.toml", "--dry-run"], false).ends_with(3).out;
    assert!(shown.contains("1 leaver would be disabled"), "{shown}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_stderr_keeps_no_leaver_in() {
    let (company, rows) = settled();
    company.hr(&without(&rows, &[2]));
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let ended = std::process::Command::new(env!("CARGO_BIN_EXE_hrpush"))
        .args(["import", "hr.csv", "--mapping", "map.toml", "--yes"])
        .current_dir(company.world.path(""))
        .stdout(full.try_clone().unwrap())
        .stderr(full)
        .status()
        .unwrap();
    assert!(ended.code().is_some_and(|code| code != 101), "{ended}");
    nothing_left(&company, 0);
}
