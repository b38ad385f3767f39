//! A tenant that refuses some of what is written: access arrives nevertheless, and each refusal is reported.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hrpush::sandbox::{Faults, Options, Quota, Sandbox};
use serde_json::{Value, json};

use crate::world::{Ended, World};

const TOKEN: (&str, &str) = ("HRPUSH_ACCESS_TOKEN", "a.b.c");
const HEADER: &str = "Key,First,Last,Mail,Department,Title,Phone,Language,Leave,Status\n";
const MAPPING: &str = r#"
version = 1
name = "people"
[source]
key = "[Key]"
time_zone = "UTC"
[[match]]
target = "employeeId"
[attributes]
employeeId = "[Key]"
displayName = 'Join(" ", [First], [Last])'
givenName = "[First]"
surname = "[Last]"
mail = { expression = "[Mail]", on_empty = "keep" }
department = "[Department]"
jobTitle = "[Title]"
mobilePhone = { expression = "[Phone]", on_empty = "keep" }
preferredLanguage = "[Language]"
employeeLeaveDateTime = { expression = "[Leave]", on_empty = "keep" }
userPrincipalName = { when = "create", expression = '''
  SelectUniqueValue(
    Join("@", Join(".", [First], [Last]), "contoso.com"),
    Join("@", Join(".", Mid([First], 1, 1), [Last]), "contoso.com"),
    Join("@", Join(".", [First], [Last], [Key]), "contoso.com"))''' }
[lifecycle]
status = "[Status]"
left = ["Left"]
active = ["Active"]
on_leave = ["revoke-sessions", "remove-licenses"]
"#;

/// A tenant in this process, and hrpush beside it.
struct Tenant {
    world: World,
    sandbox: Sandbox,
    _runtime: tokio::runtime::Runtime,
}

/// A person of HR's list.
#[derive(Clone)]
struct Row(BTreeMap<&'static str, String>);

impl Row {
    fn new(number: usize) -> Self {
        Self(BTreeMap::from([
            ("Key", format!("{number:05}")),
            ("First", format!("Given{number}")),
            ("Last", format!("Family{number}")),
            ("Mail", format!("m{number}@contoso.com")),
            ("Department", "Sales".into()),
            ("Title", "Clerk".into()),
            ("Phone", format!("+43 {number}")),
            ("Language", "de-AT".into()),
            ("Leave", String::new()),
            ("Status", "Active".into()),
        ]))
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.0.insert(name, value.into());
        self
    }

    /// The same person on the day after the last one, with another value in every column that may change.
    fn moved(self) -> Self {
        let (mail, phone) = (format!("new.{}", self.0["Mail"]), format!("+44 {}", self.0["Key"]));
        let moved = self.with("Department", "Audit").with("Title", "Lead").with("Language", "en-US").with("Phone", &phone);
        moved.with("Mail", &mail).with("Leave", "2026-11-01")
    }
}

impl Tenant {
    fn new(seed: &Value) -> Self {
        let world = World::new();
        world.write("map.toml", MAPPING);
        world.write(
            "hrpush.toml",
            "[guard]\ndisable = \"off\"\nupdate = \"off\"\ncreate = \"off\"\nenable = \"off\"\nclear = \"off\"\n",
        );
        let seed = world.write("seed.json", seed.to_string());
        let options = Options { quota: Quota::off(), seed: Some(seed), ..Options::default() };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let sandbox = runtime.block_on(Sandbox::start("127.0.0.1:0".parse().unwrap(), options)).unwrap();
        Self { world, sandbox, _runtime: runtime }
    }

    fn run(&self, rows: &[Row], options: &[&str]) -> Ended {
        let columns: Vec<&str> = HEADER.trim().split(',').collect();
        let mut text = HEADER.to_owned();
        for Row(row) in rows {
            let cells: Vec<&str> = columns.iter().map(|column| row[*column].as_str()).collect();
            let _ = writeln!(text, "{}", cells.join(","));
        }
        self.world.write("hr.csv", text);
        let url = self.sandbox.url();
        let mut arguments = vec!["import", "hr.csv", "--mapping", "map.toml", "--graph-url", &url, "--yes"];
        arguments.extend(options);
        self.world.run_with(&[TOKEN], arguments)
    }

    /// A night with this end; its document.
    #[track_caller]
    fn night(&self, rows: &[Row], code: i32) -> Value {
        self.run(rows, &["--format", "json"]).ends_with(code).json()
    }

    /// The nights until all is well, in calm; then nothing is left to do.
    #[track_caller]
    fn settle(&self, rows: &[Row]) {
        self.sandbox.trouble(Faults::none());
        self.night(rows, 0);
        let writes = self.sandbox.requests().writes;
        self.night(rows, 0);
        assert_eq!(self.sandbox.requests().writes, writes, "the second run is not empty");
    }

    fn user(&self, key: &str) -> Value {
        let users = self.sandbox.users();
        let found: Vec<&Value> = users.as_array().unwrap().iter().filter(|user| user["employeeId"] == key).collect();
        assert_eq!(found.len(), 1, "{key}");
        found[0].clone()
    }
}

/// What each of some people is refused, by number from 1: each property with each status, named and not.
fn refusals() -> Vec<(usize, String)> {
    let properties = ["mail", "department", "mobilePhone", "employeeLeaveDateTime", "preferredLanguage"];
    let mut all = Vec::new();
    for property in properties {
        for status in [400, 403, 409] {
            for silent in ["", ":silent"] {
                let number = all.len() + 1;
                all.push((number, format!("{property}:{status}{silent}:{number:05}")));
            }
        }
    }
    all
}

fn property_of(refusal: &str) -> &str {
    refusal.split(':').next().unwrap()
}

/// Each person is reported for the property of their own, and no other person is.
#[track_caller]
fn assert_reported(outcome: &Value, refusals: &[(usize, String)], done: &str) {
    let failed = outcome["failed"].as_array().unwrap();
    let reported: BTreeMap<&str, &str> =
        failed.iter().map(|failed| (failed["key"].as_str().unwrap(), failed["property"].as_str().unwrap())).collect();
    let wanted: Vec<(String, &str)> =
        refusals.iter().map(|(number, refusal)| (format!("{number:05}"), property_of(refusal))).collect();
    assert_eq!(reported, wanted.iter().map(|(key, property)| (key.as_str(), *property)).collect::<BTreeMap<_, _>>());
    assert_eq!(failed.len(), refusals.len());
    for failed in failed {
        let message = failed["message"].as_str().unwrap();
        assert!(message.starts_with(done) && message.contains(failed["property"].as_str().unwrap()), "{message}");
        assert!(failed["step"].is_string() && failed["owner"].is_null());
    }
}

#[test]
fn whatever_is_refused_of_a_leaver_the_account_is_closed() {
    let tenant = Tenant::new(&json!({}));
    let refusals = refusals();
    // One more person without any refusal, so that each attribute is accepted at least once.
    let count = refusals.len() + 1;
    let rows: Vec<Row> = (1..=count).map(Row::new).collect();
    tenant.night(&rows, 0);
    let gone: Vec<Row> = rows.into_iter().map(|row| row.moved().with("Status", "Left")).collect();
    let trouble = refusals.iter().fold(Faults::none(), |faults, (_, refusal)| faults.refuse(refusal));
    tenant.sandbox.trouble(trouble);
    let outcome = tenant.night(&gone, 4);
    assert_reported(&outcome, &refusals, "disabled; ");
    assert_eq!(outcome["applied"], 1);
    for (number, refusal) in &refusals {
        let user = tenant.user(&format!("{number:05}"));
        assert_eq!(user["accountEnabled"], false, "{refusal}");
        assert_eq!(user["jobTitle"], "Lead", "{refusal}");
    }
    tenant.settle(&gone);
    assert!(tenant.sandbox.users().as_array().unwrap().iter().all(|user| user["department"] == "Audit"));
    // They come back, and again nothing that is refused keeps the account as it was.
    let back: Vec<Row> = (1..=count).map(Row::new).map(|row| row.with("Leave", "2027-01-01")).collect();
    let trouble = refusals.iter().fold(Faults::none(), |faults, (_, refusal)| faults.refuse(refusal));
    tenant.sandbox.trouble(trouble);
    let outcome = tenant.night(&back, 4);
    assert_reported(&outcome, &refusals, "enabled; ");
    assert!(tenant.sandbox.users().as_array().unwrap().iter().all(|user| user["accountEnabled"] == true));
    tenant.settle(&back);
}

#[test]
fn whatever_is_refused_of_a_joiner_there_is_an_account() {
    let tenant = Tenant::new(&json!({}));
    let refusals = refusals();
    let rows: Vec<Row> = (1..=refusals.len() + 1).map(|number| Row::new(number).with("Leave", "2027-01-01")).collect();
    let trouble = refusals.iter().fold(Faults::none(), |faults, (_, refusal)| faults.refuse(refusal));
    tenant.sandbox.trouble(trouble);
    let outcome = tenant.night(&rows, 4);
    assert_reported(&outcome, &refusals, "created; ");
    for (number, refusal) in &refusals {
        let user = tenant.user(&format!("{number:05}"));
        assert_eq!((&user["accountEnabled"], &user["jobTitle"]), (&json!(true), &json!("Clerk")), "{refusal}");
    }
    tenant.settle(&rows);
    assert!(tenant.sandbox.users().as_array().unwrap().iter().all(|user| user["mobilePhone"].is_string()));
}

#[test]
fn a_tenant_that_takes_no_key_with_a_new_account_gets_everybody() {
    for silent in ["", ":silent"] {
        let tenant = Tenant::new(&json!({}));
        let rows: Vec<Row> = (1..=3).map(Row::new).collect();
        // By the sign-in name: it is only refused while there is no account of it.
        tenant.sandbox.trouble(Faults::none().refuse(&format!("employeeId:400{silent}:Given1.Family1@contoso.com")));
        let outcome = tenant.night(&rows, 4);
        let failed: Vec<&str> =
            outcome["failed"].as_array().unwrap().iter().filter_map(|failed| failed["property"].as_str()).collect();
        assert_eq!(failed, ["employeeId"], "the sandbox refuses it in the update, too");
        assert_eq!(tenant.sandbox.users().as_array().unwrap().len(), 3);
        tenant.settle(&rows);
        assert_eq!(tenant.user("00001")["userPrincipalName"], "Given1.Family1@contoso.com");
    }
}

#[test]
fn what_is_refused_to_one_person_is_no_matter_of_the_others() {
    let tenant = Tenant::new(&json!({}));
    let rows: Vec<Row> = (1..=4).map(Row::new).collect();
    tenant.night(&rows, 0);
    for (silent, phone) in [("", "+49 9"), (":silent", "+49 8")] {
        let moved: Vec<Row> = rows.iter().map(|row| row.clone().with("Phone", phone)).collect();
        tenant.sandbox.trouble(Faults::none().refuse(&format!("mobilePhone:403{silent}:00001")));
        let outcome = tenant.night(&moved, 4);
        let failed = outcome["failed"].as_array().unwrap();
        assert_eq!((failed.len(), &failed[0]["key"], &failed[0]["property"]), (1, &json!("00001"), &json!("mobilePhone")));
        assert!(outcome["skipped"].as_array().unwrap().iter().all(|skipped| skipped["code"] != "refused-by-graph"));
        tenant.sandbox.trouble(Faults::none());
        let planned = tenant.run(&moved, &["--dry-run"]);
        assert!(!planned.out.contains("drifted"), "nobody touched the tenant: {}", planned.out);
        tenant.settle(&moved);
    }
}

/// How many updates of users the tenant was asked for since that place in its log.
fn patches(tenant: &Tenant, since: usize) -> usize {
    tenant.sandbox.log()[since..].iter().filter(|line| line.starts_with("PATCH /users/")).count()
}

#[test]
fn what_is_refused_to_the_app_is_one_entry_and_is_tried_on_one_person_each_night() {
    let tenant = Tenant::new(&json!({}));
    let rows: Vec<Row> = (1..=4).map(Row::new).collect();
    tenant.night(&rows, 0);
    let mut moved: Vec<Row> = rows.into_iter().map(|row| row.with("Phone", "+49 9")).collect();
    moved[3] = moved[3].clone().with("Department", "Audit");
    tenant.sandbox.trouble(Faults::none().refuse("mobilePhone:403"));
    let ended = tenant.run(&moved, &[]).ends_with(4);
    assert!(
        ended.out.contains("not written: mobilePhone: Graph refuses it to this app, so it is not written for 4 people"),
        "{}",
        ended.out
    );
    assert_eq!(tenant.user("00004")["department"], "Audit");
    for _ in 0..3 {
        let before = tenant.sandbox.log().len();
        let outcome = tenant.night(&moved, 4);
        assert!(patches(&tenant, before) <= 1, "one person tries it");
        let refused: Vec<&Value> =
            outcome["skipped"].as_array().unwrap().iter().filter(|skipped| skipped["code"] == "refused-by-graph").collect();
        assert_eq!(refused.len(), 1, "{refused:?}");
        assert!(
            refused[0]["message"].as_str().unwrap().contains(" for 4 people") || patches(&tenant, before) == 0,
            "{}",
            refused[0]
        );
        assert!(outcome["summary"]["update"].as_u64().unwrap() <= 1);
    }
    // Granted: at most two nights later all people have it, and it is not reported any more.
    tenant.sandbox.trouble(Faults::none());
    let mut nights = 0;
    while tenant.run(&moved, &[]).code != 0 {
        nights += 1;
        assert!(nights < 4, "the permission was granted");
    }
    tenant.settle(&moved);
    assert!(tenant.sandbox.users().as_array().unwrap().iter().all(|user| user["mobilePhone"] == "+49 9"));
}

/// The entries of the outcome: the keys that failed with the property, and how many attributes are refused to the app.
fn failures(outcome: &Value) -> (Vec<(&str, &str, &str)>, usize) {
    let failed = outcome["failed"].as_array().unwrap().iter();
    let failed = failed.map(|failed| {
        let text = |name: &str| failed[name].as_str().unwrap_or_default();
        (text("key"), text("step"), text("property"))
    });
    let skipped = outcome["skipped"].as_array().unwrap().iter();
    (failed.collect(), skipped.filter(|skipped| skipped["code"] == "refused-by-graph").count())
}

#[test]
fn a_lasting_refusal_of_one_person_stays_that_persons_once_others_have_passed() {
    let tenant = Tenant::new(&json!({}));
    let rows: Vec<Row> = (1..=4).map(Row::new).collect();
    tenant.night(&rows, 0);
    let moved: Vec<Row> = rows.iter().map(|row| row.clone().with("Phone", "+49 9")).collect();
    tenant.sandbox.trouble(Faults::none().refuse("mobilePhone:403:00001"));
    let lone = (vec![("00001", "update", "mobilePhone")], 0);
    // The others pass in the first night; in the next ones this person alone is pending.
    for night in 1..=3 {
        assert_eq!(failures(&tenant.night(&moved, 4)), lone, "night {night}");
    }
    // A new value for somebody else goes through at once: nothing is withheld from the others.
    let mut later = moved.clone();
    later[1] = later[1].clone().with("Phone", "+49 10");
    assert_eq!(failures(&tenant.night(&later, 4)), lone);
    assert_eq!(tenant.user("00002")["mobilePhone"], "+49 10");
    tenant.settle(&later);
    assert_eq!(tenant.user("00001")["mobilePhone"], "+49 9");
}

#[test]
fn a_permission_that_is_taken_away_is_noticed_after_earlier_successes() {
    let tenant = Tenant::new(&json!({}));
    let rows: Vec<Row> = (1..=3).map(Row::new).collect();
    tenant.night(&rows, 0);
    let moved: Vec<Row> = rows.iter().map(|row| row.clone().with("Phone", "+49 9")).collect();
    tenant.sandbox.trouble(Faults::none().refuse("mobilePhone:403"));
    // Refused to all of them, it is the app's; the lone attempts of the next nights do not change that.
    for night in 1..=3 {
        assert_eq!(failures(&tenant.night(&moved, 4)), (Vec::new(), 1), "night {night}");
    }
    tenant.sandbox.trouble(Faults::none());
    let mut nights = 0;
    while tenant.run(&moved, &[]).code != 0 {
        nights += 1;
        assert!(nights < 4, "the permission was granted again");
    }
    tenant.settle(&moved);
}

/// A distribution list that has the address of a future person.
fn list(address: &str) -> Value {
    json!({ "groups": [{
        "id": "11111111-1111-1111-1111-111111111111", "displayName": "Forward", "mailEnabled": true, "securityEnabled": false,
        "mail": address, "proxyAddresses": [format!("SMTP:{address}")], "mailNickname": "forward",
    }] })
}

#[test]
fn a_name_that_is_a_groups_moves_a_joiner_to_the_next_candidate() {
    let tenant = Tenant::new(&list("Given1.Family1@contoso.com"));
    let rows = vec![Row::new(1), Row::new(2)];
    let outcome = tenant.night(&rows, 0);
    assert_eq!((outcome["applied"].as_u64(), outcome["failed"].as_array().unwrap().len()), (Some(2), 0));
    assert!(outcome["durationMs"].as_u64().unwrap() < 14_000, "a definite conflict is not waited for");
    let user = tenant.user("00001");
    assert_eq!((&user["userPrincipalName"], &user["mailNickname"]), (&json!("G.Family1@contoso.com"), &json!("G.Family1")));
    tenant.settle(&rows);
}

#[test]
fn a_saved_plan_knows_the_next_candidate_too() {
    let tenant = Tenant::new(&list("Given1.Family1@contoso.com"));
    let url = tenant.sandbox.url();
    let planned = {
        tenant.world.write("hr.csv", "");
        let _ = tenant.run(&[Row::new(1)], &["--dry-run"]);
        let arguments = ["plan", "hr.csv", "--mapping", "map.toml", "--graph-url", &url, "--out", "plan.json"];
        tenant.world.run_with(&[TOKEN], arguments)
    };
    planned.ends_with(0);
    let plan: Value = serde_json::from_str(&std::fs::read_to_string(tenant.world.path("plan.json")).unwrap()).unwrap();
    assert!(plan.get("candidates").is_none() && plan["changes"][0].get("candidates").is_none());
    tenant.world.run_with(&[TOKEN], ["apply", "plan.json", "--graph-url", &url, "--yes"]).ends_with(0);
    assert_eq!(tenant.user("00001")["userPrincipalName"], "G.Family1@contoso.com");
}

#[test]
fn a_mail_that_is_a_groups_is_held_with_its_owner() {
    let tenant = Tenant::new(&list("shared@contoso.com"));
    let held = |row: Row| {
        let outcome = tenant.night(&[row], 4);
        let held = &outcome["held"][0];
        assert_eq!((&held["code"], &held["key"]), (&json!("name-taken"), &json!("00001")));
        assert!(held["message"].as_str().unwrap().contains("Forward"), "{held}");
        assert_eq!(outcome["failed"].as_array().unwrap().len(), 0);
    };
    held(Row::new(1).with("Mail", "shared@contoso.com"));
    tenant.settle(&[Row::new(1)]);
    held(Row::new(1).moved().with("Mail", "shared@contoso.com"));
}

#[test]
fn a_licence_that_cannot_be_taken_back_is_named_and_the_others_go() {
    let (stuck, free) = ("22222222-2222-2222-2222-222222222222", "33333333-3333-3333-3333-333333333333");
    let licences = [stuck, free].map(|sku| json!({ "skuId": sku, "disabledPlans": [] }));
    let tenant = Tenant::new(&json!({ "users": [{
        "userPrincipalName": "Given1.Family1@contoso.com", "displayName": "Given1 Family1", "givenName": "Given1", "surname": "Family1",
        "employeeId": "00001", "mailNickname": "g", "assignedLicenses": licences,
    }] }));
    tenant.night(&[Row::new(1)], 0);
    tenant.sandbox.trouble(Faults::none().refuse(&format!("{stuck}:400:silent")));
    let outcome = tenant.night(&[Row::new(1).with("Status", "Left")], 4);
    let failed = &outcome["failed"][0];
    assert_eq!(failed["step"], "remove-licenses");
    assert!(failed["message"].as_str().unwrap().starts_with(&format!("disabled; removing licence {stuck} failed: ")), "{failed}");
    let user = tenant.user("00001");
    assert_eq!((&user["accountEnabled"], user["assignedLicenses"].as_array().unwrap().len()), (&json!(false), 1));
    tenant.settle(&[Row::new(1).with("Status", "Left")]);
}

#[test]
fn extensions_are_written_by_their_types_and_one_that_is_missing_is_named() {
    let name = |name: &str| format!("extension_0123456789abcdef0123456789abcdef_st{name}");
    let types = [("flag", "Boolean"), ("day", "DateTime"), ("int", "Integer"), ("big", "LargeInteger"), ("text", "String")];
    let definitions: Vec<Value> =
        types.iter().map(|(short, kind)| json!({ "name": name(short), "dataType": kind, "targetObjects": ["User"] })).collect();
    let tenant = Tenant::new(&json!({ "extensionProperties": definitions }));
    let columns = [("flag", "Title"), ("day", "Leave"), ("int", "Phone"), ("big", "Language"), ("text", "Department")];
    let lines: String = columns.iter().map(|(short, column)| format!("{} = \"[{column}]\"\n", name(short))).collect();
    let drop_others = ["mail = ", "department", "jobTitle", "mobilePhone", "preferredLanguage", "employeeLeave"];
    let kept: Vec<&str> = MAPPING.lines().filter(|line| !drop_others.iter().any(|name| line.starts_with(name))).collect();
    let mapping = kept.join("\n").replace("[attributes]\n", &format!("[attributes]\n{lines}"));
    tenant.world.write("map.toml", &mapping);
    let row = Row::new(1).with("Title", "TRUE").with("Leave", "2024-01-31").with("Phone", "007").with("Language", "3000000000");
    let row = row.with("Department", "007");
    tenant.night(std::slice::from_ref(&row), 0);
    let user = tenant.user("00001");
    let found = ["flag", "int", "big", "text"].map(|short| user[name(short).as_str()].clone());
    assert_eq!(found, [json!(true), json!(7), json!(3_000_000_000_i64), json!("007")]);
    assert!(user[name("day").as_str()].as_str().unwrap().starts_with("2024-01-31T00:00:00"));
    tenant.settle(std::slice::from_ref(&row));
    // What does not fit holds the person, once the type is known.
    let bad = row.clone().with("Title", "perhaps");
    let ended = tenant.run(std::slice::from_ref(&bad), &["--format", "json"]).ends_with(4);
    assert!(ended.err.contains("boolean"), "{}", ended.err);
    // An unchanged night reads no types: they are kept with the reading.
    let before = tenant.sandbox.log().len();
    tenant.night(&[row.clone().with("Department", "008")], 0);
    assert!(
        !tenant.sandbox.log()[before..].iter().any(|line| line.contains("getAvailable")),
        "{:?}",
        &tenant.sandbox.log()[before..]
    );
    tenant.world.write("map.toml", mapping.replace("_stint =", "_stnone ="));
    let ended = tenant.run(&[row], &[]).ends_with(1);
    assert!(ended.err.contains(&name("none")), "{}", ended.err);
}

#[test]
fn a_property_that_graph_names_in_its_details_is_shown() {
    let domains = json!([{ "id": "fed.contoso.com", "isVerified": true, "authenticationType": "Federated", "isDefault": false }]);
    let tenant = Tenant::new(&json!({ "domains": domains }));
    tenant.world.write("map.toml", MAPPING.replace("\"contoso.com\"", "\"fed.contoso.com\""));
    let ended = tenant.run(&[Row::new(1)], &[]);
    assert!(
        ended.code == 4 && ended.out.contains("onPremisesImmutableId") && ended.err.contains("held 00001 [invalid-value]"),
        "{}\n{}",
        ended.out,
        ended.err
    );
}
