//! HR systems by REST: whole readings, or none.

use serde_json::{Value, json};

use crate::hr_server::{Exchange, HrServer, Manners, pages};
use crate::world::{Ended, World};

pub(crate) const MAPPING: &str = r#"
version = 1
name    = "People"
[source]
key = "[id]"
time_zone = "UTC"
[[match]]
target = "employeeId"
[attributes]
employeeId  = "[id]"
displayName = "[name]"
department  = "[job.department]"
userPrincipalName = { when = "create", expression = 'Join("@", [id], DefaultDomain())' }
"#;

pub(crate) const LIST: &str = r#"
path    = "/people"
query   = { offset = "{offset}" }
records = "data"
paging  = { kind = "offset", total = "meta.total" }
first_wait = "0s"
attempts   = 2
"#;

pub(crate) fn person(id: usize) -> Value {
    json!({ "id": id, "name": format!("Person {id}"), "job": { "department": "Claims" } })
}

pub(crate) fn people(count: usize) -> Vec<Value> {
    (1..=count).map(person).collect()
}

pub(crate) fn world(server: &HrServer, source: &str) -> World {
    let world = World::new();
    world.write("people.toml", MAPPING);
    let auth = if source.contains("auth") { "" } else { "auth = { method = \"bearer\", token_env = \"HR_TOKEN\" }" };
    let text =
        format!("[source]\nkind = \"rest\"\nmapping = \"people.toml\"\nbase_url = \"{}\"\n{auth}\n{source}\n", server.url());
    world.write("hrpush.toml", text);
    world
}

pub(crate) fn plan(world: &World) -> Ended {
    world.run_with(&[("HR_TOKEN", "s3cret")], ["plan", "--format", "json"])
}

/// Plans, applies and plans again; gives back how many people were made.
pub(crate) fn goes_in_once(world: &World) -> usize {
    let secrets = [("HR_TOKEN", "s3cret")];
    let first = world.run_with(&secrets, ["plan", "--format", "json", "--out", "plan.json"]).ends_with(0).json();
    world.run_with(&secrets, ["apply", "plan.json", "--yes"]).ends_with(0);
    let second = plan(world).ends_with(0).json();
    assert_eq!(second["changes"].as_array().unwrap().len(), 0, "{}", second["changes"][0]);
    first["changes"].as_array().unwrap().len()
}

#[test]
fn a_list_is_read_whole_through_a_refusal_and_throttling() {
    let manners = Manners { refuses_once: true, throttles: true, ..Manners::default() };
    let server = HrServer::start(pages("/people", &people(12), 5), manners);
    let world = world(&server, LIST);
    assert_eq!(goes_in_once(&world), 12);
    assert_eq!(server.credentials(), ["authorization: Bearer s3cret"]);
    assert_eq!(server.heard()[..3], ["GET /people?offset=0", "GET /people?offset=5", "GET /people?offset=10"]);
    let plan = plan(&world).json();
    assert_eq!(plan["source"]["name"], "people");
}

#[test]
fn places_are_pointers_into_their_own_page() {
    let server = HrServer::start(pages("/people", &people(3), 2), Manners::default());
    let plan = plan(&world(&server, LIST)).ends_with(0).json();
    let record = |index: usize| plan["changes"][index]["record"].clone();
    assert_eq!(record(0), json!({"source": "people", "pointer": "/data/0"}));
    assert_eq!(record(2), json!({"source": "people, page 2", "pointer": "/data/0"}));
}

/// How a reading of these answers ends: it never gives a plan.
pub(crate) fn breaks(exchanges: Vec<Exchange>, manners: Manners, source: &str, code: i32) -> String {
    let server = HrServer::start(exchanges, manners);
    let ended = plan(&world(&server, source)).ends_with(code);
    assert!(ended.out.is_empty(), "{}", ended.out);
    assert!(!ended.err.contains("s3cret") && !ended.err.contains("panicked"), "{}", ended.err);
    ended.err
}

#[test]
fn a_page_that_breaks_off_ends_the_reading() {
    let manners = Manners { breaks_off: true, ..Manners::default() };
    let output = breaks(pages("/people", &people(12), 5), manners, LIST, 1);
    assert!(output.contains("GET /people, page 2") && output.contains("tried 2 times"), "{output}");
}

#[test]
fn a_page_that_is_not_there_or_a_total_that_differs_ends_the_reading() {
    let mut exchanges = pages("/people", &people(12), 5);
    exchanges.remove(1);
    let output = breaks(exchanges, Manners::default(), LIST, 1);
    assert!(output.contains("page 2: answered 404"), "{output}");
    let short = vec![
        Exchange::json("GET /people?offset=0", &json!({"data": people(2), "meta": {"total": 5}})),
        Exchange::json("GET /people?offset=2", &json!({"data": [], "meta": {"total": 5}})),
    ];
    let output = breaks(short, Manners::default(), LIST, 1);
    assert!(output.contains("says that there are 5 records, 2 came"), "{output}");
}

#[test]
fn a_list_that_moves_once_is_read_from_its_start() {
    // The first person leaves between two pages: the sixth would be on none of them.
    let mut exchanges = pages("/people", &people(12), 5).into_iter().take(1).map(Exchange::once).collect::<Vec<_>>();
    exchanges.extend(pages("/people", &people(12)[1..], 5));
    let server = HrServer::start(exchanges, Manners::default());
    let world = world(&server, LIST);
    let read = world.run_with(&[("HR_TOKEN", "s3cret")], ["plan", "--format", "json"]).ends_with(0);
    assert_eq!(read.json()["source"]["records"], 11);
    assert!(read.err.contains("the list moved while it was read"), "{}", read.err);
    let starts = server.heard().iter().filter(|line| line.ends_with("offset=0")).count();
    assert_eq!((starts, server.heard().len()), (2, 5), "{:?}", server.heard());
}

#[test]
fn an_answer_that_lost_its_body_is_no_end_of_the_list() {
    let mut exchanges = pages("/people", &people(12), 5);
    exchanges[1] = Exchange::refusal("GET /people?offset=5", 200, "content-type", "application/json");
    let source = LIST.replace(", total = \"meta.total\"", "");
    let output = breaks(exchanges.clone(), Manners::default(), &source, 1);
    assert!(output.contains("page 2: the answer cannot be read: it has no body"), "{output}");
    exchanges[1] = Exchange::json("GET /people?offset=5", &Value::Null);
    let output = breaks(exchanges, Manners::default(), &source, 1);
    assert!(output.contains("page 2: the answer has no `data`"), "{output}");
}

#[test]
fn a_fault_in_the_place_of_a_bare_list_is_no_person() {
    let list = |offset: usize, count: usize| {
        Exchange::json(&format!("GET /people?offset={offset}"), &Value::from(people(12)[offset..offset + count].to_vec()))
    };
    let fault = Exchange::json("GET /people?offset=5", &json!({"error": {"message": "try later"}}));
    let source = LIST.replace(", total = \"meta.total\"", "").replace("records = \"data\"", "records = \"\"");
    let output = breaks(vec![list(0, 5), fault], Manners::default(), &source, 1);
    assert!(output.contains("page 2: the answer is an object where a list is expected: try later"), "{output}");
}

#[test]
fn a_good_status_does_not_make_a_list_of_a_fault() {
    let source = LIST.replace(", total = \"meta.total\"", "");
    let faults = [
        json!({"data": null, "errors": [{"message": "try later"}]}),
        json!({"data": [], "success": false, "error": {"message": "try later"}}),
        json!({"data": people(3), "errors": [{"message": "try later"}]}),
        json!({"data": [], "meta": {"error": "try later"}, "message": "try later"}),
        json!({"data": [], "status": "fail", "message": "try later"}),
        json!({"data": people(3), "result": "error", "message": "try later"}),
        json!({"data": [], "success": "no", "message": "try later"}),
    ];
    for fault in faults {
        let first = Exchange::json("GET /people?offset=0", &json!({"data": people(2), "errors": [{}], "error": {"code": null}}));
        let exchanges = vec![first, Exchange::json("GET /people?offset=2", &fault)];
        let output = breaks(exchanges, Manners::default(), &source, 1);
        assert!(output.contains("page 2: the answer reports a fault: try later"), "{fault}: {output}");
    }
    let list = vec![null_among(people(2))];
    let output = breaks(list, Manners::default(), &source, 1);
    assert!(output.contains("a record that is null"), "{output}");
}

#[test]
fn a_404_behind_the_last_page_is_the_end_where_that_is_said() {
    let counted = "kind = \"offset\", total = \"meta.total\"";
    for behind in [json!({"data": [], "status": 404, "message": "no more"}), json!({"status": "404", "message": "no more"})] {
        let first = Exchange::json("GET /people?offset=0", &json!({"data": people(2)}));
        let exchanges = vec![first, Exchange::json("GET /people?offset=2", &behind)];
        let output = breaks(exchanges.clone(), Manners::default(), &LIST.replace(counted, "kind = \"offset\""), 1);
        assert!(output.contains("a fault: no more") && output.contains("end = \"status=404\""), "{output}");
        let server = HrServer::start(exchanges, Manners::default());
        let source = LIST.replace(counted, "kind = \"offset\", end = \"status=404\"");
        assert_eq!(goes_in_once(&world(&server, &source)), 2);
    }
}

#[test]
fn the_last_page_keeps_its_people_where_the_end_is_said_beside_them() {
    let page = |offset: usize, count: usize, last: bool| {
        let answer = json!({"data": people(12)[offset..offset + count], "last": last});
        Exchange::json(&format!("GET /people?offset={offset}"), &answer)
    };
    let source = LIST.replace("total = \"meta.total\"", "end = \"last=true\"");
    let server = HrServer::start(vec![page(0, 5, false), page(5, 3, true)], Manners::default());
    assert_eq!(goes_in_once(&world(&server, &source)), 8);
    // An end in words alone has no list.
    let end = Exchange::json("GET /people?offset=5", &json!({"last": true, "error": "no more people"}));
    let server = HrServer::start(vec![page(0, 5, false), end], Manners::default());
    assert_eq!(goes_in_once(&world(&server, &source)), 5);
    let broken = Exchange::json("GET /people?offset=5", &json!({"data": people(2), "last": true, "error": "try later"}));
    let output = breaks(vec![page(0, 5, false), broken], Manners::default(), &source, 1);
    assert!(output.contains("page 2: the answer reports a fault"), "{output}");
}

#[test]
fn a_part_of_the_list_is_not_taken_for_all_of_it() {
    let one = LIST.replace("paging  = { kind = \"offset\", total = \"meta.total\" }", "");
    let list = || Exchange::json("GET /people?offset=0", &json!({ "data": people(3) }));
    for (status, said) in [(206, "a part of the list"), (202, "is not ready yet")] {
        let output = breaks(vec![list().with_status(status)], Manners::default(), &one.replace("{offset}", "0"), 1);
        assert!(output.contains(said), "{output}");
    }
    // All people of the first list would be missing.
    let mut exchanges = pages("/people", &[], 5);
    exchanges.push(Exchange::json("GET /gone", &json!({ "data": people(3) })));
    let also = format!("{LIST}[[source.also]]\npath = \"/gone\"\nrecords = \"data\"\nunless = \"id\"");
    let output = breaks(exchanges, Manners::default(), &also, 1);
    assert!(output.contains("the list is empty"), "{output}");
}

#[test]
fn a_part_of_a_list_within_a_record_is_not_taken_for_all_of_it() {
    let cut = json!({"id": 1, "name": "Ada", "job": {"items": [{"department": "Old", "to": "2020-01-01"}], "hasMore": true}});
    let pick = "[[source.pick]]\nat = \"job\"\nto = \"to\"\n";
    for source in [LIST.to_owned(), format!("{LIST}{pick}")] {
        let output = breaks(pages("/people", std::slice::from_ref(&cut), 5), Manners::default(), &source, 1);
        assert!(output.contains("1 records came with a part of a list that goes on elsewhere: `job`"), "{output}");
        assert!(output.contains("hint: it has `hasMore`"), "{output}");
    }
    // What is expanded has its link beside it; where no column needs the list, it may be what it likes.
    let people: Vec<Value> = (1..=2)
        .map(|id| json!({"id": id, "name": "Ada", "job": [{"department": "Claims"}], "job@odata.nextLink": "https://x"}))
        .collect();
    let columns = "[source.columns]\nid = \"id\"\nname = \"name\"\n\"job.department\" = \"job[0].department\"\n";
    let output = breaks(pages("/people", &people, 5), Manners::default(), &format!("{LIST}{columns}"), 1);
    assert!(output.contains("2 records came with a part of a list that goes on elsewhere: `job`"), "{output}");
    let columns = columns.replace("job[0].department", "name");
    // Nor is a partner looked for by what is in a part of a list.
    let join =
        "[[source.join]]\nname = \"post\"\npath = \"/posts\"\nrecords = \"data\"\non = \"job.department\"\nkey = \"code\"\n";
    let mut exchanges = pages("/people", &people, 5);
    exchanges.push(Exchange::json("GET /posts", &json!({"data": [{"code": "Claims", "title": "Clerk"}]})));
    let output = breaks(exchanges, Manners::default(), &format!("{LIST}{join}{columns}"), 1);
    assert!(output.contains("2 records came with a part of a list that goes on elsewhere: `job`"), "{output}");
    let server = HrServer::start(pages("/people", &people, 5), Manners::default());
    assert_eq!(goes_in_once(&world(&server, &format!("{LIST}{columns}"))), 2);
    // A join reads the list whole, in the place of the part.
    let join =
        "[[source.join]]\nname = \"job\"\npath = \"/people/{on}/jobs\"\nrecords = \"data\"\non = \"id\"\ntake = \"many\"\n";
    let mut exchanges = pages("/people", &people, 5);
    exchanges.extend(
        (1..=2).map(|id| Exchange::json(&format!("GET /people/{id}/jobs"), &json!({"data": [{"department": "Claims"}]}))),
    );
    let server = HrServer::start(exchanges, Manners::default());
    assert_eq!(goes_in_once(&world(&server, &format!("{LIST}{join}"))), 2);
}

fn null_among(mut people: Vec<Value>) -> Exchange {
    people.push(Value::Null);
    Exchange::json("GET /people?offset=0", &json!({ "data": people }))
}

#[test]
fn an_empty_list_beside_the_people_clears_nothing() {
    let mut exchanges = pages("/people", &people(3), 5);
    exchanges.push(Exchange::json("GET /jobs", &json!({"data": []})));
    let join = "[[source.join]]\nname = \"post\"\npath = \"/jobs\"\nrecords = \"data\"\non = \"id\"\nkey = \"who\"";
    let output = breaks(exchanges, Manners::default(), &format!("{LIST}\n{join}"), 1);
    assert!(output.contains("join post: the list is empty"), "{output}");
}

#[test]
fn an_id_keeps_its_digits_however_long_it_is() {
    let body = r#"{"data": [{"id": 9007199254740993, "name": "Ada", "job": {"department": "123456789012345678901"}},
        {"id": 1, "name": "Bo", "job": {"department": 123456789012345678901}}], "meta": {"total": 2}}"#;
    let mut exchange = Exchange::json("GET /people?offset=0", &Value::Null);
    exchange.says(body);
    let server = HrServer::start(vec![exchange], Manners::default());
    let plan = plan(&world(&server, LIST)).ends_with(0).json();
    assert_eq!(plan["changes"][0]["key"], "1");
    assert_eq!(plan["changes"][1]["key"], "9007199254740993");
    assert_eq!(plan.to_string().matches("\"after\":\"123456789012345678901\"").count(), 2);
}

#[test]
fn a_question_mark_in_a_path_is_refused() {
    let output = breaks(Vec::new(), Manners::default(), &LIST.replace("\"/people\"", "\"/people?all=1\""), 2);
    assert!(output.contains("`path`: the part behind `?` is written as query"), "{output}");
}

#[test]
fn the_credential_goes_to_no_other_origin() {
    let elsewhere = HrServer::start(pages("/people", &people(2), 5), Manners::default());
    let next = format!("{}/people", elsewhere.url());
    let first = Exchange::json("GET /people", &json!({"data": people(2), "next": next}));
    let source = "path = \"/people\"\nrecords = \"data\"\npaging = { kind = \"next\", next = \"next\" }";
    let output = breaks(vec![first], Manners::default(), source, 1);
    assert!(output.contains("leads to http://127.0.0.1") && elsewhere.heard().is_empty(), "{output}");
}

#[test]
fn a_column_that_nobody_has_is_a_lost_permission() {
    let source =
        format!("{LIST}[source.columns]\nid = \"id\"\nname = \"name\"\n\"job.department\" = \"job.department\"\nmail = \"mail\"");
    let output = breaks(pages("/people", &people(2), 5), Manners::default(), &source, 2);
    assert!(output.contains("no record has `mail`") && output.contains("optional = true"), "{output}");
}

#[test]
fn a_second_list_and_a_call_for_each_person_are_joined() {
    let basic: Vec<Value> = (1..=3).map(|id| json!({"id": id, "name": format!("P {id}")})).collect();
    let mut exchanges = pages("/people", &basic, 2);
    let jobs = json!({"data": [{"who": 1, "department": "Old", "from": "2010-01-01", "to": "2019-12-31"},
        {"who": 1, "department": "Claims", "from": "2020-01-01"}, {"who": 2, "department": "Audit", "from": "2020-01-01"}]});
    exchanges.push(Exchange::json("GET /jobs", &jobs));
    exchanges.push(Exchange::json("GET /people/1/mail", &json!({"mail": "one@x"})));
    exchanges.push(Exchange::json("GET /people/2/mail", &json!({"mail": "two@x"})));
    let server = HrServer::start(exchanges, Manners::default());
    let source = format!(
        "{LIST}
[[source.join]]
name = \"job\"
path = \"/jobs\"
records = \"data\"
on = \"id\"
key = \"who\"
take = \"many\"
[[source.join]]
name = \"contact\"
path = \"/people/{{on}}/mail\"
on = \"id\"
[[source.pick]]
at = \"job\"
from = \"from\"
to = \"to\"
"
    );
    let world = world(&server, &source);
    let read = world.run_with(&[("HR_TOKEN", "s3cret")], ["records", "--format", "json"]).ends_with(0);
    let cells: Vec<Value> = read.json()["records"].as_array().unwrap().iter().map(|record| record["cells"].clone()).collect();
    assert_eq!((&cells[0]["job.department"], &cells[0]["contact.mail"]), (&json!("Claims"), &json!("one@x")));
    assert_eq!((&cells[1]["job.department"], &cells[2]["contact.mail"]), (&json!("Audit"), &Value::Null));
    assert!(read.err.contains("1 records have no `contact`"), "{}", read.err);
    assert_eq!(goes_in_once(&world), 3);
}

#[test]
fn a_good_answer_that_says_404_is_no_partner() {
    let basic: Vec<Value> = (1..=2).map(|id| json!({"id": id, "name": format!("P {id}")})).collect();
    let asked = |records: &str, required: bool| {
        let mut exchanges = pages("/people", &basic, 5);
        exchanges.push(Exchange::json("GET /people/1/job", &json!({"department": "Claims", "data": {"department": "Claims"}})));
        exchanges.push(Exchange::json("GET /people/2/job", &json!({"status": 404, "message": "no such employee"})));
        let server = HrServer::start(exchanges, Manners::default());
        let join = format!(
            "[[source.join]]\nname = \"job\"\npath = \"/people/{{on}}/job\"\non = \"id\"\nrecords = \"{records}\"\nrequired = {required}\n"
        );
        let source = format!("{LIST}{join}");
        plan(&world(&server, &source))
    };
    for records in ["", "data"] {
        let read = asked(records, false).ends_with(0);
        assert_eq!(read.json()["source"]["records"], 2);
        assert!(read.err.contains("1 records have no `job`"), "{}", read.err);
        let output = asked(records, true).ends_with(1).err;
        assert!(output.contains("the answer reports a fault: no such employee"), "{output}");
    }
}

#[test]
fn changes_are_merged_and_nobody_is_lost() {
    let changes = format!("{LIST}[source.changes]\nkey = \"id\"\nquery = {{ since = \"{{since}}\" }}\n");
    let mut exchanges = pages("/people", &people(4), 10);
    let news = json!({"data": [{"id": 2, "name": "Person 2", "job": {"department": "Audit"}}], "meta": {"total": 1}});
    exchanges.push(Exchange::json("GET /people?offset=0&since=*", &news));
    let server = HrServer::start(exchanges, Manners::default());
    let world = world(&server, &changes);
    let secrets = [("HR_TOKEN", "s3cret")];
    world.run_with(&secrets, ["plan", "--out", "plan.json"]).ends_with(0);
    world.run_with(&secrets, ["apply", "plan.json", "--yes"]).ends_with(0);
    // Only one of four has news: the others are there all the same, and no person is missing.
    let second = world.run_with(&secrets, ["plan", "--format", "json", "--out", "next.json"]).ends_with(0).json();
    assert_eq!(second["source"]["records"], 4);
    assert_eq!((&second["summary"]["update"], &second["summary"]["missing"]), (&json!(1), &json!(0)));
    assert_eq!(second["changes"][0]["key"], "2");
    assert!(server.heard().last().unwrap().contains("since=20"), "{:?}", server.heard());
    world.run_with(&secrets, ["apply", "next.json", "--yes"]).ends_with(0);
    assert_eq!(plan(&world).ends_with(0).json()["changes"], json!([]));
    // With other settings the stored reading may mean something else, so all records are read.
    let text = std::fs::read_to_string(world.path("hrpush.toml")).unwrap();
    world.write(
        "hrpush.toml",
        text.replace("[source.changes]", "query.more = \"1\"\n[source.changes]")
            .replace("query   = { offset = \"{offset}\" }", "query.offset = \"{offset}\""),
    );
    plan(&world).ends_with(0);
    assert!(!server.heard().last().unwrap().contains("since"), "{:?}", server.heard());
}

pub(crate) const CHANGES: &str = "[source.changes]\nkey = \"id\"\nquery = { since = \"{since}\" }\n";

/// Two people that work in 7, and the name of 7; neither has news. The first list leads to the second by a value that it
/// replaces.
fn office(department: &str) -> Vec<Exchange> {
    let staff: Vec<Value> = (1..=2).map(|id| json!({"id": id, "name": format!("Person {id}"), "job": "7"})).collect();
    let mut exchanges = pages("/people", &staff, 5);
    exchanges.push(Exchange::json("GET /people?offset=0&since=*", &json!({"data": [], "meta": {"total": 0}})));
    exchanges.push(Exchange::json("GET /jobs", &json!({"data": [{"code": 7, "department": department}]})));
    let mail = |id| Exchange::json(&format!("GET /people/{id}/mail"), &json!({"mail": format!("{id}@x")}));
    exchanges.extend((1..=2).map(mail));
    exchanges
}

#[test]
fn a_department_with_a_new_name_reaches_those_without_news() {
    let server = HrServer::start(office("Claims"), Manners::default());
    let joins = "[[source.join]]\nname = \"job\"\npath = \"/jobs\"\nrecords = \"data\"\non = \"job\"\nkey = \"code\"\n\
                 [[source.join]]\nname = \"contact\"\npath = \"/people/{on}/mail\"\non = \"id\"\n";
    let world = world(&server, &format!("{LIST}{joins}{CHANGES}"));
    assert_eq!(goes_in_once(&world), 2);
    server.answers(office("Damages"));
    let before = server.heard().len();
    let renamed = plan(&world).ends_with(0).json();
    assert_eq!((&renamed["summary"]["update"], &renamed["source"]["records"]), (&json!(2), &json!(2)), "{renamed}");
    assert_eq!(renamed["changes"][0]["attributes"][0]["after"], "Damages");
    let heard = server.heard().split_off(before);
    assert!(heard.iter().any(|line| line.contains("since=")), "{heard:?}");
    // What was asked for each of them alone is kept with them.
    assert!(!heard.iter().any(|line| line.contains("/mail")), "{heard:?}");
    assert_eq!(goes_in_once(&world), 2);
}

#[test]
fn a_partner_with_a_damaged_key_holds_those_whose_partner_it_may_be() {
    let people: Vec<Value> =
        (1..=3).map(|id| json!({"id": id, "name": format!("Person {id}"), "who": format!("E{id}")})).collect();
    let join = "[[source.join]]\nname = \"job\"\npath = \"/jobs\"\nrecords = \"data\"\non = \"who\"\nkey = \"who\"\n";
    for (key, held) in [(json!("E\u{200b}3"), 1), (json!("'E3"), 1), (json!("#N/A"), 1), (Value::Null, 1), (json!("E4"), 0)] {
        let job = |who: Value| json!({"who": who, "department": "Claims"});
        let mut exchanges = pages("/people", &people, 5);
        exchanges.push(Exchange::json("GET /jobs", &json!({"data": [job(json!("E1")), job(json!("E2")), job(key.clone())]})));
        let server = HrServer::start(exchanges, Manners::default());
        let world = world(&server, &format!("{LIST}{join}"));
        let plan = plan(&world).json();
        assert_eq!(
            (plan["held"].as_array().unwrap().len(), &plan["summary"]["create"]),
            (held, &json!(3 - held)),
            "{key}: {plan}"
        );
    }
}

#[test]
fn who_had_no_partner_is_asked_for_again() {
    let mut exchanges = office("Claims");
    let late = exchanges.pop().unwrap();
    let server = HrServer::start(exchanges, Manners::default());
    let contact = "[[source.join]]\nname = \"contact\"\npath = \"/people/{on}/mail\"\non = \"id\"\n";
    let world = world(&server, &format!("{LIST}{contact}{CHANGES}"));
    world.write("people.toml", MAPPING.replace("[job.department]", "[contact.mail]"));
    assert_eq!(goes_in_once(&world), 2);
    // The contact comes later, which is no news of the person.
    server.answers(office("Claims").into_iter().filter(|exchange| !exchange.asks("/people/1/mail")).chain([late]).collect());
    let before = server.heard().len();
    let plan = plan(&world).ends_with(0).json();
    assert_eq!(plan["changes"][0]["attributes"][0]["after"], "2@x", "{plan}");
    let heard = server.heard().split_off(before);
    assert!(heard.iter().any(|line| line.contains("since=")) && heard.contains(&"GET /people/2/mail".to_owned()), "{heard:?}");
    assert_eq!(goes_in_once(&world), 1);
}

#[test]
fn a_reading_that_is_none_is_not_built_upon() {
    let server = HrServer::start(pages("/people", &people(2), 5), Manners::default());
    let columns = "[source.columns]\nid = \"id\"\nname = \"name\"\n\"job.department\" = \"job.department\"\nmail = \"mail\"\n";
    let world = world(&server, &format!("{LIST}{CHANGES}{columns}"));
    assert!(plan(&world).ends_with(2).err.contains("no record has `mail`"));
    // The permission is given; no record has changed for that.
    let person = |id: usize| json!({"id": id, "name": "Ada", "job": {"department": "Claims"}, "mail": "a@x"});
    server.answers(pages("/people", &[person(1), person(2)], 5));
    assert_eq!(plan(&world).ends_with(0).json()["source"]["records"], 2);
    assert!(!server.heard().last().unwrap().contains("since"), "{:?}", server.heard());
}

#[test]
fn changes_are_refused_where_they_could_not_be_merged_rightly() {
    let also = "[[source.also]]\npath = \"/gone\"\nrecords = \"data\"\n";
    let output = breaks(Vec::new(), Manners::default(), &format!("{LIST}{CHANGES}{also}"), 2);
    assert!(
        output.contains("`changes` cannot be combined with [[source.also]]") && output.contains("remove `changes`"),
        "{output}"
    );
    let pick = "[[source.pick]]\nby = \"id\"\n";
    let output = breaks(Vec::new(), Manners::default(), &format!("{LIST}{CHANGES}{pick}"), 2);
    assert!(output.contains("`changes` cannot be combined with a pick that has `by`"), "{output}");
}

#[test]
fn the_preset_for_bamboohr_reads_its_report() {
    let worker = |id: u32, first: &str, status: &str, end: &str| {
        json!({"id": id.to_string(), "firstName": first, "lastName": "Sample", "preferredName": null, "workEmail": null, "jobTitle": "Clerk",
            "department": "Claims", "division": null, "supervisorEId": if id == 1 { Value::Null } else { json!("1") }, "status": status,
            "hireDate": "2020-01-01", "terminationDate": end})
    };
    let report = json!({"title": "hrpush", "fields": [], "employees": [worker(1, "Ann", "Active", "0000-00-00"),
        worker(2, "Bob", "Active", "0000-00-00"), worker(3, "Cid", "Inactive", "2021-01-01")]});
    let manners = Manners { refuses_once: true, ..Manners::default() };
    let server = HrServer::start(vec![Exchange::json("POST /api/v1/reports/custom", &report)], manners);
    let world = World::new();
    world
        .write("hrpush.toml", format!("[source]\nkind = \"rest\"\npreset = \"bamboohr\"\nbase_url = \"{}/api\"\n", server.url()));
    let secrets = [("HRPUSH_HR_KEY", "key")];
    world.run_with(&secrets, ["plan", "--out", "plan.json"]).ends_with(0);
    let applied = world.run_with(&secrets, ["apply", "plan.json", "--yes", "--format", "json"]).ends_with(0).json();
    // The leaver gets no account; Bob's manager is the third change.
    assert_eq!((&applied["summary"]["create"], &applied["failed"]), (&json!(2), &json!([])));
    assert_eq!(world.run_with(&secrets, ["plan", "--format", "json"]).ends_with(0).json()["changes"], json!([]));
    assert_eq!(server.credentials(), ["authorization: Basic a2V5Ong="]);
    assert!(world.run(["plan"]).ends_with(1).err.contains("HRPUSH_HR_KEY"));
}

#[test]
fn faults_of_the_settings_are_told_all_at_once_with_their_places() {
    let server = HrServer::start(Vec::new(), Manners::default());
    let world = world(
        &server,
        "pth = \"/people\"\nrecords = \"a..b\"\ntimeout = \"soon\"\nauth = { method = \"basic\", password = \"hunter2\" }",
    );
    let ended = plan(&world).ends_with(2);
    for output in [
        "line 6, column 1: unknown key `pth`",
        "did you mean `path`?",
        "line 7, column 11: `records`",
        "line 8, column 11: `timeout`",
        "`password` would be a secret",
    ] {
        assert!(ended.err.contains(output), "{output}: {}", ended.err);
    }
    assert!(!ended.err.contains("hunter2"), "{}", ended.err);
    let plain = World::new();
    plain.write(
        "hrpush.toml",
        "[source]\nkind = \"rest\"\nbase_url = \"http://hr.example\"\npath = \"/x\"\nauth = { method = \"none\" }\n",
    );
    assert!(plain.run(["plan"]).ends_with(2).err.contains("plain http"));
}

#[test]
fn a_preset_is_listed_and_written_and_asks_for_what_only_its_user_knows() {
    let world = World::new();
    assert!(world.run(["presets"]).ends_with(0).out.contains("bamboohr"));
    let list = world.run(["presets", "--format", "json"]).ends_with(0).json();
    let preset = list.as_array().unwrap().iter().find(|preset| preset["preset"] == "bamboohr").unwrap();
    assert_eq!((&preset["values"], &preset["secrets"]), (&json!(["company"]), &json!(["HRPUSH_HR_KEY"])));
    assert!(world.run(["init", "--preset", "bambohr"]).ends_with(2).err.contains("did you mean `bamboohr`?"));
    for preset in list.as_array().unwrap() {
        let world = World::new();
        world.run(["init", "--preset", preset["preset"].as_str().unwrap()]).ends_with(0);
        let name = format!("{}.toml", preset["preset"].as_str().unwrap());
        world.run(["mapping", "check", &name]).ends_with(0);
        let ended = world.run(["plan"]);
        // What is pushed needs no address and no secret, and nothing pushed yet is nothing to do.
        if preset["preset"] == "scim-push" {
            ended.ends_with(0);
            continue;
        }
        let asks = preset["values"].as_array().unwrap().first().is_none_or(|value| ended.err.contains(value.as_str().unwrap()));
        assert!(asks && matches!(ended.code, 1 | 2), "{name}: {}", ended.err);
    }
}
