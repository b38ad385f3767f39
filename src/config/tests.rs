use super::*;

fn config(text: &str) -> Config {
    parse(text, Path::new("/etc/hrpush/hrpush.toml")).unwrap_or_else(|errors| panic!("{errors}"))
}

fn faults(text: &str) -> String {
    parse(text, Path::new("hrpush.toml")).unwrap_err().to_string()
}

#[test]
fn the_whole_file_is_read() {
    let config = config(
        r#"
[tenant]
id    = "contoso.onmicrosoft.com"
cloud = "us-gov"
size  = "small"
auth  = { method = "client-secret", client_id = "app", secret_env = "HRPUSH_CLIENT_SECRET" }
[source]
kind    = "csv"
path    = "hr/employees-*.csv"
mapping = "/srv/generic-csv.toml"
delimiter = "\t"
encoding = "windows-1252"
skip_lines = 2
[protect]
users  = ["breakglass1@contoso.com"]
groups = []
[guard]
disable = { share = 0.1 }
enable  = "off"
create  = { share = "off", count = 7 }
removeMembers = false
week    = 3
[plan]
max_age = "24h"
[names]
reuse_after = "6mo"
[password]
deliver = "file"
recipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
path = "first.age"
[quota]
share = 1
scale = 20.5
"#,
    );
    let tenant = config.tenant.unwrap();
    assert_eq!((tenant.cloud, tenant.size), (Cloud::UsGov, Size::Small));
    let secret = SecretFrom::Env("HRPUSH_CLIENT_SECRET".into());
    assert_eq!(tenant.auth, Some(Auth::ClientSecret { client_id: "app".into(), secret }));
    let source = config.source.unwrap();
    assert_eq!(source.mapping.unwrap(), Path::new("/srv/generic-csv.toml"));
    let SourceKind::Files(files) = source.kind else { panic!("no files") };
    assert_eq!(files.paths, [Path::new("/etc/hrpush/hr/employees-*.csv")]);
    assert_eq!((files.settings.csv.delimiter, files.settings.csv.skip_lines), (Some('\t'), 2));
    assert_eq!(config.guard.disable, GuardLimit { share: Some(0.1), count: Some(100), off: false });
    assert!(config.guard.enable.off && config.guard.remove_members.off);
    assert_eq!(config.guard.create, GuardLimit { share: None, count: Some(7), off: false });
    assert_eq!(config.guard.week, Some(3.0));
    assert_eq!(config.plan.max_age, SignedDuration::from_hours(24));
    assert_eq!(config.names.reuse_after.get_months(), 6);
    assert_eq!(
        config.password.deliver,
        Deliver::File(HandTo {
            recipient: "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p".into(),
            path: PathBuf::from("/etc/hrpush/first.age")
        })
    );
    assert_eq!(config.quota, Quota { share: 1.0, scale: 20.5 });
}

#[test]
fn any_table_may_be_left_out() {
    let config = config("");
    assert!(config.tenant.is_none() && config.source.is_none());
    assert_eq!(config.guard, Guards::default());
    assert_eq!(config.quota.share.to_bits(), 0.9_f64.to_bits());
}

#[test]
fn every_fault_is_told_in_one_pass_with_its_line() {
    let told = faults(
        "[tenant]\nid = \"contoso.com\"\nclod = \"global\"\n[source]\nkind = \"cvs\"\n[gaurd]\n[plan]\nmax_age = \"7 days\"\n[quota]\nshare = 1.5\n",
    );
    assert!(
        told.starts_with(
            "hrpush.toml, line 3, column 1: unknown key `clod` in [tenant]\n  3 | clod = \"global\"\n    | ^^^^\n  hint: did you mean `cloud`?\n"
        ),
        "{told}"
    );
    assert!(told.contains("line 5, column 8: `kind` cannot be `cvs`") && told.contains("did you mean `csv`?"), "{told}");
    assert!(told.contains("line 6, column 2: unknown table or key `gaurd`") && told.contains("did you mean `guard`?"), "{told}");
    assert!(told.contains("line 8, column 11: `max_age` cannot be `7 days`"), "{told}");
    assert!(told.contains("line 10, column 9: `share` must be a number above 0 and up to 1"), "{told}");
}

#[test]
fn broken_toml_is_told_with_its_line() {
    let told = faults("[tenant]\nid = \"contoso.com\ncloud = \"global\"\n");
    assert!(told.contains("hrpush.toml, line 2, column"), "{told}");
    let told = faults("[quota]\nshare = 1\nshare = 0.5\n");
    assert!(told.contains("line 3, column 1: duplicate key"), "{told}");
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_shown_twice() {
    let told = faults(
        "[tenant]\nid = \"contoso.com\"\n[tenant.auth]\nmethod = \"client-secret\"\nclient_id = \"app\"\nsecret = \"hunter2\"\n",
    );
    assert!(told.contains("`secret` would be a secret in this file"), "{told}");
    assert!(told.contains("line 6, column 1") && !told.contains("hunter2"), "{told}");
    let told = faults("[tenant]\nid = \"contoso.com\"\nauth = { method = \"azure-cli\", secret = \"hunter2\", x = 1 }\n");
    assert!(told.contains("unknown key `x`") && !told.contains("hunter2"), "{told}");
}

#[test]
fn keys_of_another_method_are_unknown() {
    let told = faults("[tenant]\nid = \"contoso.com\"\nauth = { method = \"azure-cli\", client_id = \"app\" }\n");
    assert!(told.contains("unknown key `client_id` in [tenant] auth"), "{told}");
    let told = faults("[tenant]\nid = \"contoso.com\"\nauth = { method = \"client-secret\", client_id = \"app\" }\n");
    assert!(told.contains("auth needs `secret_env` or `secret_file`"), "{told}");
}

#[test]
fn what_cannot_be_protected_is_a_fault() {
    assert!(faults("[protect]\nusers = [\"breakglass\", 7]\n").contains("line 2, column 10: `breakglass` is neither"));
    assert!(faults("[guard]\ndisable = 5\n").contains("`disable` must be a table or \"off\""));
    assert!(faults("[guard]\ndisable = { share = 5 }\n").contains("from 0 to 1"));
    assert!(faults("[guard]\nfeed = { count = 5 }\n").contains("unknown key `count`"));
    assert!(faults("[tenant]\nid = \"a/../b.com\"\n").contains("is no tenant id"));
}

#[test]
fn every_preset_declares_its_service_without_faults() {
    for (name, text) in crate::mapping::presets() {
        check_rest(text, Path::new(name)).unwrap_or_else(|faults| panic!("{faults}"));
    }
}

#[test]
fn hrpush_toml_wins_over_the_preset_and_says_what_only_its_user_knows() {
    let preset = crate::mapping::preset("bamboohr").unwrap();
    let own = "[source]\nkind = \"rest\"\npreset = \"bamboohr\"\ntimeout = \"5s\"\nvalues = { company = \"acme\" }\n";
    let SourceKind::Rest(source) = config(own).source.unwrap().kind else { panic!("no service") };
    let layer = Layer { text: preset, path: Path::new("bamboohr.toml") };
    let settings = source.settings("bamboohr", &[layer]).unwrap();
    assert_eq!(settings.base.as_str(), "https://acme.bamboohr.com/api");
    assert_eq!(settings.limits.timeout.as_secs(), 5);
    let SourceKind::Rest(source) = config(&own.replace("company", "cmpany")).source.unwrap().kind else { panic!("no service") };
    let told = source.settings("bamboohr", &[layer]).unwrap_err();
    assert!(told.contains("bamboohr.toml, line 15, column 12: `base_url`: nothing here is called `company`"), "{told}");
    assert!(told.contains("values = { company = "), "{told}");
}
