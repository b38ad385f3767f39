//! The pages of keys are held against the readers: a key that the code knows and a page lacks is a fault, and so is the opposite.

use std::collections::{BTreeMap, BTreeSet};

use super::parse::known_keys;
use crate::diagnostic::mask;
use crate::diagnostic::toml::KnownKeys;

/// Configurations that together reach every reader.
const EXAMPLES: [&str; 21] = [
    "[tenant]\nid = \"a.com\"\nauth = { method = \"client-secret\" }\n[protect]\n[guard]\nsource = {}\nfeed = {}\ndisable = {}\nenable = {}\ndelete = {}\ncreate = {}\nupdate = {}\nclear = {}\nidentity = {}\nremoveMembers = {}\nheld = {}\nmissing = {}\n[plan]\n[journal]\n[approval]\n[names]\n[password]\ndeliver = \"file\"\n[quota]\n[target]\n",
    "[tenant]\nauth = { method = \"client-certificate\" }\n",
    "[tenant]\nauth = { method = \"managed-identity\" }\n[tenant.x]\n",
    "[tenant]\nauth = { method = \"workload-identity\" }\n",
    "[tenant]\nauth = { method = \"access-token\" }\n",
    "[source]\nkind = \"csv\"\npath = \"a.csv\"\nafter = {}\n[[source.join]]\n[source.rows]\nprimary = {}\n",
    "[source]\nkind = \"xlsx\"\npath = \"a.xlsx\"\n[[source.join]]\n",
    "[source]\nkind = \"csv\"\npath = \"sftp://u@h/a.csv\"\n",
    "[source]\nkind = \"csv\"\npath = \"s3://h/a.csv\"\n",
    "[source]\nkind = \"csv\"\npath = \"az://hhh/a.csv\"\n",
    "[source]\nkind = \"sql\"\nurl = \"mssql://u@h/d\"\n",
    "[source]\nkind = \"sql\"\ndriver = \"sqlite\"\n",
    "[source]\nkind = \"sql\"\nurl = \"postgres://u@h/d\"\n",
    "[source]\nkind = \"rest\"\nauth = { method = \"basic\" }\nclient_certificate = {}\nsecret_headers = { X = {} }\npaging = { kind = \"next\" }\n[[source.also]]\npaging = {}\n[[source.join]]\npaging = {}\n[[source.pick]]\n[source.changes]\n",
    "[source]\nkind = \"rest\"\nauth = { method = \"bearer\" }\n",
    "[notify]\n[notify.mail]\n",
    "[source]\nkind = \"scim\"\n[serve]\ntls = {}\nfederation = {}\n",
    "[target]\nkind = \"scim\"\nauth = { method = \"bearer\" }\n",
    "[target]\nkind = \"scim\"\nauth = { method = \"oauth\" }\n",
    "[target]\nkind = \"scim\"\nauth = { method = \"basic\" }\n",
    "[target]\nkind = \"bulk-upload\"\n",
];

/// Methods of a service with keys that depend on each other.
const METHODS: [&str; 6] = [
    "method = \"header\"",
    "method = \"client-credentials\", client_id_env = \"X\"",
    "method = \"login\", client_id = \"x\"",
    "method = \"saml-bearer\", client_id = \"x\"",
    "method = \"saml-bearer\", assertion_env = \"X\"",
    "method = \"jwt-bearer\", client_id = \"x\"",
];

/// Keys that are read only to be refused: a secret in the file, or a password that has no use.
const REFUSED: [(&str, &str); 12] = [
    ("[notify] mail", "password"),
    ("[notify] mail", "secret"),
    ("[tenant] auth", "password_env"),
    ("[source] auth", "password"),
    ("[source] auth", "token"),
    ("[source] auth", "secret"),
    ("[source] auth", "key"),
    ("[source] auth", "assertion"),
    ("[source] client_certificate", "pem"),
    ("secret_headers", "pem"),
    ("[source]", "password"),
    ("[source]", "token"),
];

fn of_the_code() -> KnownKeys {
    let mut all = KnownKeys::new();
    let methods = METHODS.iter().map(|auth| format!("[source]\nkind = \"rest\"\nauth = {{ {auth} }}\n"));
    for text in EXAMPLES.iter().map(|text| (*text).to_owned()).chain(methods) {
        for (table, keys) in known_keys(&text) {
            all.entry(table).or_default().extend(keys);
        }
    }
    all
}

/// The words in backticks of a text.
fn ticked(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The keys of each table of a page: the first cells below a heading with the table's name.
fn of_the_page(page: &str) -> KnownKeys {
    let mut all = KnownKeys::new();
    let mut tables: Vec<String> = Vec::new();
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            let named = |name: &&str| name.starts_with('[') || matches!(*name, "secret_headers" | "the mapping" | "attribute");
            tables = ticked(heading).filter(named).map(str::to_owned).collect();
            if heading == "Tables" {
                tables.push(String::new());
            }
        } else if let Some(row) = line.strip_prefix("| `") {
            let cell = format!("`{}", row.split(" |").next().unwrap_or_default());
            for table in &tables {
                all.entry(table.clone()).or_default().extend(ticked(&cell).map(str::to_owned));
            }
        }
    }
    all
}

#[track_caller]
fn same(code: &KnownKeys, page: &KnownKeys, free: &[&str]) {
    let mut faults = Vec::new();
    for (table, keys) in code {
        let none = BTreeSet::new();
        let written = page.get(table).unwrap_or(&none);
        let refused = |key: &str| REFUSED.contains(&(table.as_str(), key));
        faults.extend(keys.difference(written).filter(|key| !refused(key)).map(|key| format!("{table}: the page lacks `{key}`")));
        faults.extend(written.difference(keys).map(|key| format!("{table}: the code does not know `{key}`")));
    }
    let unknown = page.keys().filter(|table| !code.contains_key(*table) && !free.contains(&table.as_str()));
    faults.extend(unknown.map(|table| format!("the code does not read the table {table}")));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A build without a feature refuses its tables without asking for their keys.
#[cfg(all(feature = "sftp", feature = "objects", feature = "sql", feature = "passwords", feature = "mail"))]
#[test]
fn the_page_of_the_configuration_has_every_key() {
    let mut page = of_the_page(include_str!("../../docs/configuration.md"));
    let limits = page.remove("[guard] disable").unwrap_or_default();
    for guard in super::Guards::default().named() {
        let keys = limits.iter().filter(|key| guard.0 != crate::plan::GuardName::Feed || *key != "count").cloned().collect();
        page.insert(format!("[guard] {}", guard.0), keys);
    }
    same(&of_the_code(), &page, &["[source.columns]"]);
}

const MAPPING: &str = "version = 1\nname = \"a\"\n[source]\nkey = \"[A]\"\n[[match]]\ntarget = \"employeeId\"\n[[scope]]\nall = [{ attribute = \"[A]\", operator = \"IS NULL\" }]\n[attributes]\nemployeeId = { expression = \"[A]\" }\n[manager]\nkey = \"[M]\"\n[lifecycle]\n[[groups]]\nname = \"[A]\"\n";

fn of_the_mapping() -> KnownKeys {
    let mut code = crate::mapping::known_keys(MAPPING);
    let attribute = code.remove("`employeeId`").unwrap_or_default();
    code.insert("attribute".to_owned(), attribute);
    code
}

#[test]
fn the_page_of_the_mapping_has_every_key() {
    same(&of_the_mapping(), &of_the_page(include_str!("../../docs/mapping.md")), &["[attributes]"]);
}

#[test]
fn every_key_is_among_the_words_that_messages_show() {
    let all: BTreeMap<String, BTreeSet<String>> = of_the_code().into_iter().chain(of_the_mapping()).collect();
    let hidden: Vec<&String> = all.values().flatten().filter(|key| !mask::is_documented(key)).collect();
    assert!(hidden.is_empty(), "add to mask/vocabulary.rs: {hidden:?}");
}

#[test]
fn the_examples_of_the_pages_are_right() {
    let example =
        |page: &'static str| page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap_or_default();
    let path = std::path::Path::new("example.toml");
    super::parse(example(include_str!("../../docs/configuration.md")), path).unwrap_or_else(|faults| panic!("{faults}"));
    crate::mapping::Mapping::parse(example(include_str!("../../docs/mapping.md")), path)
        .unwrap_or_else(|faults| panic!("{faults}"));
}
