//! The recordings beside the project, each served in its own protocol (the first credential refused, requests throttled, pages) and
//! read whole by a preset or a few lines. Then all people are in the tenant, and nothing is left to do.

use serde_json::{Value, json};

use crate::hr_server::{Exchange, HrServer, Manners, shared};
use crate::world::World;

const SECRETS: &[(&str, &str)] = &[
    ("HRPUSH_HR_KEY", "key"),
    ("HRPUSH_HR_USER", "user"),
    ("HRPUSH_HR_PASSWORD", "password"),
    ("HRPUSH_HR_TOKEN", "token"),
    ("HRPUSH_HR_API_KEY", "key"),
    ("HRPUSH_HR_ACCOUNT_TOKEN", "account"),
    ("HRPUSH_HR_CLIENT_ID", "ID"),
    ("HRPUSH_HR_SECRET", "SECRET"),
];

const POLITE: Manners = Manners { refuses_once: true, throttles: true, breaks_off: false };
const BREAKS: Manners = Manners { refuses_once: false, throttles: false, breaks_off: true };

/// A world with the server as its service; `below` is the path of its base.
fn world(server: &HrServer, below: &str, source: &str) -> World {
    let world = World::new();
    let base = format!("{}{below}", server.url());
    world.write(
        "hrpush.toml",
        format!("[source]\nkind = \"rest\"\nbase_url = \"{base}\"\nfirst_wait = \"0s\"\nattempts = 3\n{source}\n"),
    );
    world
}

/// Reads, plans, applies and plans again. Gives back how many records came and how many people were made.
fn goes_in_once(world: &World, secrets: &[(&str, &str)]) -> (u64, usize) {
    let first = world.run_with(secrets, ["plan", "--format", "json", "--out", "plan.json"]);
    assert!(matches!(first.code, 0 | 3 | 4), "{} {}", first.code, first.err);
    let first = first.json();
    let fingerprint = first["fingerprint"].as_str().unwrap();
    let applied = world.run_with(secrets, ["apply", "plan.json", "--yes", "--approve", fingerprint, "--format", "json"]);
    assert!(matches!(applied.code, 0 | 4), "{}", applied.err);
    assert_eq!(applied.json()["failed"], json!([]));
    let second = world.run_with(secrets, ["plan", "--format", "json"]);
    assert!(matches!(second.code, 0 | 4), "{} {}", second.code, second.err);
    assert_eq!(second.json()["changes"].as_array().unwrap().len(), 0, "{}", second.json()["changes"][0]);
    let made = first["changes"].as_array().unwrap().iter().filter(|change| change["action"] == "create").count();
    (first["source"]["records"].as_u64().unwrap(), made)
}

/// A folder of twelve people, read by its preset: whole through refusals and throttling, not at all where a page breaks off.
fn by_preset(folder: &str, preset: &str, below: &str, source: &str, more: &[(&str, &str)]) {
    let Some(path) = shared(&format!("synthetic-api-shapes/{folder}")) else { return };
    let secrets: Vec<(&str, &str)> = SECRETS.iter().chain(more).copied().collect();
    let source = format!("preset = \"{preset}\"\n{source}");
    let server = HrServer::start(Exchange::folder(&path), POLITE);
    let (records, made) = goes_in_once(&world(&server, below, &source), &secrets);
    // One of the twelve has left, and gets no account.
    assert_eq!((records, made), (12, 11), "{folder}: {:?}", server.heard());

    let broken = HrServer::start(Exchange::folder(&path), BREAKS);
    if broken_matters(folder) {
        let ended = world(&broken, below, &source).run_with(&secrets, ["plan"]).ends_with(1);
        assert!(ended.out.is_empty() && ended.err.contains("tried 3 times"), "{folder}: {}", ended.err);
    }
}

/// Whether the second answer is one that the preset needs: services that give everything at once have none.
fn broken_matters(folder: &str) -> bool {
    !matches!(folder, "hibob" | "workday-raas")
}

#[test]
fn adp_workforce_now_is_read_whole() {
    let certified = rcgen::generate_simple_self_signed(["hrpush".to_owned()]).unwrap();
    let pem = format!("{}{}", certified.cert.pem(), certified.signing_key.serialize_pem());
    let auth = "page_size = 6\nauth = { method = \"client-credentials\", token_url = \"/auth/oauth/v2/token\", \
                client_id_env = \"HRPUSH_HR_CLIENT_ID\", secret_env = \"HRPUSH_HR_SECRET\" }";
    by_preset("adp-workforce-now", "adp-workforce-now", "", auth, &[("HRPUSH_HR_CERTIFICATE", &pem)]);
}

#[test]
fn afas_is_read_whole() {
    let values = "page_size = 6\nvalues = { number = \"1\", connector = \"HR_Medewerkers\" }";
    by_preset("afas", "afas", "/ProfitRestServices", values, &[]);
}

#[test]
fn deel_is_read_whole() {
    by_preset("deel", "deel", "", "page_size = 5", &[]);
}

#[test]
fn factorial_is_read_whole() {
    by_preset("factorial", "factorial", "", "page_size = 5", &[]);
}

#[test]
fn frappe_hr_is_read_whole() {
    by_preset("frappe-hr", "frappe-hr", "", "page_size = 6", &[]);
}

#[test]
fn hibob_is_read_whole() {
    by_preset("hibob", "hibob", "", "", &[]);
}

#[test]
fn odoo_is_read_whole() {
    by_preset("odoo", "odoo", "", "page_size = 6\nvalues = { database = \"db\" }", &[]);
}

#[test]
fn oracle_hcm_is_read_whole() {
    by_preset("oracle-hcm", "oracle-hcm", "/hcmRestApi/resources/11.13.18.05", "page_size = 5", &[]);
}

#[test]
fn orangehrm_is_read_whole() {
    let token = Exchange::json("POST /oauth2/token", &json!({"access_token": "t", "expires_in": 3600}));
    let Some(path) = shared("synthetic-api-shapes/orangehrm") else { return };
    let mut exchanges = Exchange::folder(&path);
    exchanges.push(token);
    for id in 1..=12 {
        let mail = json!({"data": {"workEmail": format!("person{id}@adventure-works.com")}});
        exchanges.push(Exchange::json(&format!("GET /api/v2/pim/employee/{id}/contact-details"), &mail));
        let job = json!({"data": {"joinedDate": "2009-01-14"}});
        exchanges.push(Exchange::json(&format!("GET /api/v2/pim/employees/{id}/job-details"), &job));
    }
    let server = HrServer::start(exchanges, POLITE);
    let made = goes_in_once(&world(&server, "", "preset = \"orangehrm\"\npage_size = 6"), SECRETS);
    assert_eq!(made, (12, 11));
}

#[test]
fn personio_is_read_whole() {
    by_preset("personio", "personio", "", "page_size = 5", &[]);
}

#[test]
fn personio_v2_is_read_whole() {
    let Some(path) = shared("synthetic-api-shapes/personio") else { return };
    let mut exchanges = Exchange::folder(&path);
    exchanges.push(Exchange::json("POST /v2/auth/token", &json!({"access_token": "t"})));
    for id in 1..=12 {
        let employment = json!({"_data": [{"id": id + 700, "employment_start_date": "2009-01-14", "position": {"title": "T"}}]});
        exchanges.push(Exchange::json(&format!("GET /v2/persons/{id}/employments"), &employment));
    }
    let server = HrServer::start(exchanges, POLITE);
    let made = goes_in_once(&world(&server, "", "preset = \"personio-v2\"\npage_size = 5"), SECRETS);
    assert_eq!(made, (12, 11));
}

#[test]
fn rippling_is_read_whole() {
    by_preset("rippling", "rippling", "", "", &[]);
}

#[test]
fn sage_hr_is_read_whole() {
    by_preset("sage-hr", "sage-hr", "/api", "", &[]);
}

#[test]
fn scim_is_read_whole() {
    by_preset("scim", "scim", "/scim/v2", "page_size = 5", &[]);
}

#[test]
fn successfactors_is_read_whole() {
    let pem = signing_key();
    let values = "page_size = 5\nvalues = { company = \"C\", user = \"api\" }";
    by_preset("successfactors", "successfactors", "", values, &[("HRPUSH_HR_KEY", &pem)]);
}

fn signing_key() -> String {
    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
    use base64::Engine as _;
    let pair = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let text = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
}

#[test]
fn ukg_pro_is_read_whole() {
    by_preset("ukg-pro", "ukg-pro", "", "page_size = 6", &[]);
}

#[test]
fn zoho_people_is_read_whole() {
    by_preset("zoho-people", "zoho-people", "/people/api", "page_size = 6", &[]);
}

#[test]
fn merge_is_read_whole() {
    let Some(path) = shared("synthetic-api-shapes/merge") else { return };
    let server = HrServer::start(Exchange::folder(&path), POLITE);
    // Besides the leaver, one record was deleted behind Merge.
    assert_eq!(goes_in_once(&world(&server, "", "preset = \"merge\"\npage_size = 5"), SECRETS), (12, 10));
    let credentials = server.credentials();
    assert_eq!(credentials, ["authorization: Bearer token", "x-account-token: account"]);
}

#[test]
fn workday_is_read_in_all_its_forms() {
    let Some(path) = shared("synthetic-api-shapes/workday-raas") else { return };
    let below = "/ccx/service/customreport2/TENANT";
    let values = "preset = \"workday-raas\"\nvalues = { owner = \"ISU_owner\", report = \"INT_Workers\" }";
    for format in ["json", "simplexml"] {
        let server = HrServer::start(Exchange::folder(&path), POLITE);
        let source = format!("{values}\nquery = {{ format = \"{format}\" }}");
        // The JSON recording also asks for a day.
        let source = if format == "json" {
            source.replace("\"json\"", "\"json\", Effective_as_of_Date = \"2024-06-13-07:00\"")
        } else {
            source
        };
        assert_eq!(goes_in_once(&world(&server, below, &source), SECRETS), (12, 11), "{format}");
    }
    let full = "query = {}\n[source.columns]\nid = \"Employee_ID\"\nname = \"Worker.@Descriptor\"\n\
                boss = { path = \"Manager.ID[@type=Employee_ID]\", optional = true }\nstart = { path = \"Hire_Date\", date = \"iso\" }";
    let csv = "query = { format = \"csv\" }\nrecords = \"\"\n[source.columns]\nid = \"Employee_ID\"\nname = \"Legal_Last_Name\"\nboss = \"Manager_ID\"\nstart = \"Hire_Date\"";
    let auth = "auth = { method = \"basic\", user_env = \"HRPUSH_HR_USER\", password_env = \"HRPUSH_HR_PASSWORD\" }\npath = \"/ISU_owner/INT_Workers\"";
    for form in [format!("records = \"Report_Entry\"\n{full}"), csv.to_owned()] {
        let server = HrServer::start(Exchange::folder(&path), POLITE);
        let world = world(&server, below, &format!("mapping = \"few.toml\"\n{auth}\n{form}"));
        world.write(
            "few.toml",
            few("[id]", "[name]")
                .replace("[attributes]", "[manager]\nkey = \"[boss]\"\n[lifecycle]\nstart = \"[start]\"\n[attributes]"),
        );
        assert_eq!(goes_in_once(&world, SECRETS), (12, 12));
    }
}

/// A mapping of a few lines.
fn few(key: &str, name: &str) -> String {
    format!(
        "version = 1\nname = \"Few lines\"\n[source]\nkey = {key:?}\ntime_zone = \"UTC\"\n[[match]]\ntarget = \"employeeId\"\n[attributes]\n\
         employeeId = {key:?}\ndisplayName = {name:?}\n\
         userPrincipalName = {{ when = \"create\", expression = 'Join(\"@\", NormalizeDiacritics(StripSpaces({key})), DefaultDomain())' }}\n"
    )
}

/// A file served at `/list`, read by a few lines of `[source]`.
fn by_few_lines(file: &str, key: &str, name: &str, source: &str) -> Option<(u64, usize)> {
    let path = shared(file)?;
    let server = HrServer::start(vec![Exchange::file("GET /list", &path)], POLITE);
    let auth = "auth = { method = \"header\", header = \"X-API-KEY\", secret_env = \"HRPUSH_HR_API_KEY\" }";
    let world = world(&server, "", &format!("mapping = \"few.toml\"\npath = \"/list\"\n{auth}\n{source}"));
    world.write("few.toml", few(key, name));
    Some(goes_in_once(&world, SECRETS))
}

#[test]
fn envelopes_of_all_kinds_are_read_by_a_few_lines() {
    let cases = [
        (
            "rest-shapes-personnel-sync/workday-raas-wrapped.json",
            "[Employee_Number]",
            "[Display_Name]",
            "records = \"root.Report_Entry\"",
            2,
        ),
        ("rest-shapes-personnel-sync/bare-array.json", "[employeeID]", "[display]", "records = \"\"", 2),
        (
            "rest-shapes-personnel-sync/salesforce-records.json",
            "[Name]",
            "[Name]",
            "records = \"records\"\npaging = { total = \"totalSize\" }",
            2,
        ),
        (
            "successfactors-odata-v2/successfactors-data.json",
            "[userId]",
            "[description]",
            "records = \"d.results\"\n[[source.pick]]\nby = \"userId\"\nfrom = \"startDate\"\nto = \"endDate\"",
            2,
        ),
        ("successfactors-odata-v2/successfactors-data1.json", "[picklistId]", "[picklistId]", "records = \"d.results\"", 1),
        ("bamboohr-recording/meta-users.response.json", "[id]", "[lastName]", "records = \"*\"", 85),
    ];
    for (file, key, name, source, count) in cases {
        let Some((records, made)) = by_few_lines(file, key, name, source) else { return };
        assert_eq!((records, made), (count, usize::try_from(count).unwrap()), "{file}");
    }
}

#[test]
fn the_recording_of_bamboohr_is_read_by_its_preset() {
    let Some(path) = shared("bamboohr-recording/reports-custom.response.json") else { return };
    let mut exchange = Exchange::file("POST /api/v1/reports/custom", &path);
    // In the recording all people have the same mail, which no tenant takes.
    exchange.number("redacted@email.com", "@email.com");
    let server = HrServer::start(vec![exchange], POLITE);
    let (records, made) = goes_in_once(&world(&server, "/api", "preset = \"bamboohr\""), SECRETS);
    // 17 of the 103 have left.
    assert_eq!((records, made), (103, 86));
    let credentials = server.credentials();
    assert_eq!(credentials, ["authorization: Basic a2V5Ong="]);
    assert!(server.heard()[0].ends_with("format=json&onlyCurrent=false"), "{:?}", server.heard());
}

#[test]
fn the_new_list_of_bamboohr_is_read_by_a_few_lines() {
    let Some(path) = shared("synthetic-api-shapes/bamboohr") else { return };
    let server = HrServer::start(Exchange::folder(&path), POLITE);
    let list = "mapping = \"few.toml\"\nauth = { method = \"basic\", user_env = \"HRPUSH_HR_KEY\", fixed_password = \"x\" }\npath = \"/v1/employees\"\nrecords = \"data\"\n\
                page_size = 5\nquery = { \"page[limit]\" = \"{size}\", \"page[after]\" = \"{cursor}\", fields = \"workEmail\" }\n\
                paging = { kind = \"cursor\", next = \"meta.page.nextCursor\", total = \"meta.total\" }";
    let world = world(&server, "/api", list);
    world.write("few.toml", few("[employeeId]", "[lastName]"));
    assert_eq!(goes_in_once(&world, SECRETS), (12, 12));
}

#[test]
fn the_answers_of_personio_are_read_by_its_preset() {
    let Some(folder) = shared("personio-v1") else { return };
    let token = json!({"success": true, "data": {"token": "t", "expires_in": 86400}});
    let exchanges = vec![
        Exchange::json("POST /v1/auth", &token),
        Exchange::file("GET /v1/company/employees?offset=0", &folder.join("employees.json")),
        Exchange::file("GET /v1/company/employees?offset=3", &folder.join("empty_response.json")),
    ];
    let server = HrServer::start(exchanges, POLITE);
    let (records, made) = goes_in_once(&world(&server, "", "preset = \"personio\""), SECRETS);
    // One contract has ended, and one record starts in 1835, which is no day on which anybody starts: it is held.
    assert_eq!((records, made), (3, 1));
}

#[test]
fn one_recorded_employee_is_a_reading_of_one() {
    let Some(folder) = shared("personio-v1") else { return };
    let server = HrServer::start(vec![Exchange::file("GET /one", &folder.join("employee_ada.json"))], POLITE);
    let source = "mapping = \"few.toml\"\npath = \"/one\"\nrecords = \"data\"\nauth = { method = \"bearer\", token_env = \"HRPUSH_HR_TOKEN\" }";
    let world = world(&server, "", source);
    world.write("few.toml", few("[attributes.id.value]", "[attributes.last_name.value]"));
    assert_eq!(goes_in_once(&world, SECRETS), (1, 1));
}

#[test]
fn the_recorded_refusals_are_told_in_the_services_own_words() {
    let Some(path) = shared("bamboohr-recording/errors/verifyAuthenticationInvalid.json") else { return };
    let recorded: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let said = recorded["response"]["headers"]["x-bamboohr-error-message"].as_str().unwrap();
    let server =
        HrServer::start(vec![Exchange::refusal("POST /api/v1/reports/custom", 401, "x-bamboohr-error-message", said)], POLITE);
    let ended = world(&server, "/api", "preset = \"bamboohr\"").run_with(SECRETS, ["plan"]).ends_with(1);
    assert!(ended.err.contains("answered 401: API key not provided or invalid"), "{}", ended.err);
}
