//! A company of two dozen people, its export, and a tenant: what the disasters happen to.

use serde_json::{Value, json};

use crate::served::Served;
use crate::world::{Ended, World};

const TOKEN: (&str, &str) = ("HRPUSH_ACCESS_TOKEN", "a.b.c");

pub(crate) const COLUMNS: [&str; 11] =
    ["ID", "First", "Last", "Mail", "Department", "Status", "Start", "End", "Manager", "Type", "Phone"];

pub(crate) const MAPPING: &str = r#"
version = 1
name = "employees"
[source]
key = "[ID]"
required = ["ID", "Status"]
dates = ["%d/%m/%Y"]
time_zone = "Europe/Vienna"
[[match]]
target = "employeeId"
[[match]]
target = "mail"
[attributes]
employeeId = "[ID]"
givenName = "[First]"
surname = "[Last]"
displayName = 'Join(" ", [First], [Last])'
mail = { expression = "[Mail]", on_empty = "keep" }
department = "[Department]"
userPrincipalName = { when = "create", expression = '''
  SelectUniqueValue(
    Join("@", Join(".", [First], [Last]), "contoso.com"),
    Join("@", Join(".", [First], [Last], [ID]), "contoso.com"))''' }
[manager]
key = "[Manager]"
[lifecycle]
start = "[Start]"
end = "[End]"
status = "[Status]"
left = ["Terminated"]
on_missing = "disable"
[[groups]]
key = "[Department]"
name = 'Join(" ", "Dept", [Department])'
"#;

/// A row of the export.
pub(crate) type Row = [String; 11];

/// The place of a column.
pub(crate) fn column(name: &str) -> usize {
    COLUMNS.iter().position(|column| *column == name).unwrap()
}

/// An active person with this number.
pub(crate) fn person(number: usize) -> Row {
    let text = |parts: &[&str]| parts.concat();
    let n = number.to_string();
    [
        n.clone(),
        text(&["Given", &n]),
        text(&["Family", &n]),
        text(&["p", &n, "@contoso.com"]),
        text(&["Dept", &(number % 12).to_string()]),
        "Active".into(),
        format!("{:02}/{:02}/2020", number % 27 + 1, number % 11 + 1),
        String::new(),
        if number == 1 { String::new() } else { "1".into() },
        "Employee".into(),
        String::new(),
    ]
}

pub(crate) fn people(numbers: std::ops::RangeInclusive<usize>) -> Vec<Row> {
    numbers.map(person).collect()
}

pub(crate) struct Company {
    pub(crate) world: World,
    tenant: Option<Served>,
}

impl Company {
    /// With the embedded tenant.
    pub(crate) fn new() -> Self {
        let world = World::new();
        world.write("map.toml", MAPPING);
        Self { world, tenant: None }
    }

    /// With a tenant that others reach too.
    pub(crate) fn served(seed: &Value) -> Self {
        let mut company = Self::new();
        let seed = company.world.write("seed.json", seed.to_string());
        company.tenant = Some(Served::start(&company.world, &["--seed", seed.to_str().unwrap()]));
        company
    }

    /// Another mapping.
    pub(crate) fn mapped(self, from: &str, to: &str) -> Self {
        let mapping = std::fs::read_to_string(self.world.path("map.toml")).unwrap();
        assert!(mapping.contains(from));
        self.world.write("map.toml", mapping.replace(from, to));
        self
    }

    pub(crate) fn hr(&self, rows: &[Row]) {
        self.export("hr.csv", rows);
    }

    pub(crate) fn export(&self, name: &str, rows: &[Row]) {
        let lines = rows.iter().map(|row| row.join(",") + "\n");
        self.world.write(name, COLUMNS.join(",") + "\n" + &lines.collect::<String>());
    }

    fn import(&self, file: &str, mapping: &str, options: &[&str], code: i32) -> Value {
        let mut arguments = vec!["import", file, "--mapping", mapping, "--format", "json"];
        if let Some(tenant) = &self.tenant {
            arguments.extend(["--graph-url", &tenant.url, "--yes"]);
        }
        arguments.extend(options);
        let variables: &[(&str, &str)] = if self.tenant.is_some() { &[TOKEN] } else { &[] };
        self.world.run_with(variables, arguments).ends_with(code).json()
    }

    /// A night: the export is applied, with this end; the next night then has nothing to do.
    pub(crate) fn night(&self, code: i32) -> Value {
        self.night_of("hr.csv", "map.toml", code)
    }

    pub(crate) fn night_of(&self, file: &str, mapping: &str, code: i32) -> Value {
        let outcome = self.import(file, mapping, &[], code);
        if code != 3 {
            assert_eq!(outcome["failed"], json!([]));
            let again = self.import(file, mapping, &["--dry-run"], if code == 4 { 4 } else { 0 });
            assert_eq!(again["changes"], json!([]), "the second plan is empty");
        }
        outcome
    }

    pub(crate) fn plan(&self, code: i32) -> Value {
        self.import("hr.csv", "map.toml", &["--dry-run"], code)
    }

    /// A night that the guards stop, by at least this one; the good export then has nothing to do, so nothing was written.
    pub(crate) fn stopped_by(&self, guard: &str, good: &[Row]) {
        let plan = self.import("hr.csv", "map.toml", &[], 3);
        let tripped: Vec<&str> = plan["guards"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|guard| guard["tripped"] == true)
            .map(|guard| guard["name"].as_str().unwrap())
            .collect();
        assert!(tripped.contains(&guard), "{guard} did not trip, but {tripped:?}");
        self.hr(good);
        assert_eq!(self.plan(0)["changes"], json!([]), "nothing was written");
    }

    /// Runs hrpush with these arguments, and with the address of the tenant where it is needed.
    pub(crate) fn hrpush(&self, arguments: &[&str], at_tenant: bool) -> Ended {
        let url = self.tenant.as_ref().filter(|_| at_tenant).map(|tenant| tenant.url.as_str());
        let arguments = arguments.iter().copied().chain(url.into_iter().flat_map(|url| ["--graph-url", url]));
        let variables: &[(&str, &str)] = if self.tenant.is_some() { &[TOKEN] } else { &[] };
        self.world.run_with(variables, arguments)
    }

    /// Asks the tenant, as an administrator would.
    pub(crate) fn admin(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let url = format!("{}{path}", self.tenant.as_ref().unwrap().url);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let client = reqwest::Client::new();
            let mut request = client.request(method.parse().unwrap(), url).bearer_auth(TOKEN.1);
            if let Some(body) = body {
                request = request.json(body);
            }
            let reply = request.send().await.unwrap();
            assert!(reply.status().is_success(), "{method} {path}: {}", reply.status());
            serde_json::from_str(&reply.text().await.unwrap()).unwrap_or_default()
        })
    }

    /// A live account by its sign-in name.
    pub(crate) fn user(&self, upn: &str) -> Value {
        self.admin("GET", &format!("/users/{upn}?$select=id,userPrincipalName,accountEnabled,employeeId,surname,mail"), None)
    }

    pub(crate) fn count_of_users(&self) -> usize {
        self.admin("GET", "/users?$select=id&$top=999", None)["value"].as_array().unwrap().len()
    }
}

/// The codes of the people that are held or left alone.
pub(crate) fn codes(document: &Value, list: &str) -> Vec<String> {
    let entries = document[list].as_array().unwrap().iter();
    entries.map(|entry| format!("{} {}", entry["key"].as_str().unwrap_or("-"), entry["code"].as_str().unwrap())).collect()
}
