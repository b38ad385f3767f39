use super::*;

fn config(text: &str) -> Config {
    parse(text, Path::new("/etc/hrpush/hrpush.toml")).unwrap_or_else(|errors| panic!("{errors}"))
}

fn faults(text: &str) -> String {
    parse(text, Path::new("hrpush.toml")).unwrap_err().to_string()
}

#[cfg(feature = "passwords")]
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
    let message = faults(
        "[tenant]\nid = \"contoso.com\"\nclod = \"global\"\n[source]\nkind = \"cvs\"\n[gaurd]\n[plan]\nmax_age = \"7 days\"\n[quota]\nshare = 1.5\n",
    );
    assert!(
        message.starts_with(
            "hrpush.toml, line 3, column 1: unknown key `clod` in [tenant]\n  3 | clod = \"global\"\n    | ^^^^\n  hint: did you mean `cloud`?\n"
        ),
        "{message}"
    );
    assert!(message.contains("line 5, column 8: `kind` cannot be `cvs`") && message.contains("did you mean `csv`?"), "{message}");
    assert!(
        message.contains("line 6, column 2: unknown table or key `gaurd`") && message.contains("did you mean `guard`?"),
        "{message}"
    );
    assert!(message.contains("line 8, column 11: `max_age` cannot be `7 days`"), "{message}");
    assert!(message.contains("line 10, column 9: `share` must be a number above 0 and up to 1"), "{message}");
}

#[test]
fn broken_toml_is_told_with_its_line() {
    let message = faults("[tenant]\nid = \"contoso.com\ncloud = \"global\"\n");
    assert!(message.contains("hrpush.toml, line 2, column"), "{message}");
    let message = faults("[quota]\nshare = 1\nshare = 0.5\n");
    assert!(message.contains("line 3, column 1: duplicate key"), "{message}");
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_shown_twice() {
    let message = faults(
        "[tenant]\nid = \"contoso.com\"\n[tenant.auth]\nmethod = \"client-secret\"\nclient_id = \"app\"\nsecret = \"hunter2\"\n",
    );
    assert!(message.contains("`secret` would be a secret in this file"), "{message}");
    assert!(message.contains("line 6, column 1") && !message.contains("hunter2"), "{message}");
    let message = faults("[tenant]\nid = \"contoso.com\"\nauth = { method = \"azure-cli\", secret = \"hunter2\", x = 1 }\n");
    assert!(message.contains("unknown key `x`") && !message.contains("hunter2"), "{message}");
}

#[test]
fn keys_of_another_method_are_unknown() {
    let message = faults("[tenant]\nid = \"contoso.com\"\nauth = { method = \"azure-cli\", client_id = \"app\" }\n");
    assert!(message.contains("unknown key `client_id` in [tenant] auth"), "{message}");
    let message = faults("[tenant]\nid = \"contoso.com\"\nauth = { method = \"client-secret\", client_id = \"app\" }\n");
    assert!(message.contains("auth needs `secret_env` or `secret_file`"), "{message}");
}

#[test]
fn what_cannot_be_protected_is_a_fault() {
    assert!(faults("[protect]\nusers = [\"breakglass\", 7]\n").contains("line 2, column 10: `breakglass` is neither"));
    assert!(faults("[guard]\ndisable = 5\n").contains("`disable` must be a table or \"off\""));
    assert!(faults("[guard]\ndisable = { share = 5 }\n").contains("from 0 to 1"));
    assert!(faults("[guard]\nfeed = { count = 5 }\n").contains("unknown key `count`"));
    assert!(faults("[tenant]\nid = \"a/../b.com\"\n").contains("is not a tenant id"));
}

#[test]
fn every_preset_declares_its_service_without_faults() {
    for (name, text) in crate::mapping::services() {
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
    let message = source.settings("bamboohr", &[layer]).unwrap_err();
    assert!(message.contains("bamboohr.toml, line 15, column 12: `base_url`: `{company}` has no value"), "{message}");
    assert!(message.contains("values = { company = "), "{message}");
}

/// Every place of the configuration where a secret was ever seen, and where none may be shown.
const SPILLS: [&str; 44] = [
    "[tenant]\nid = \"contoso.com\"\nsecret = \"CANARY\"\n",
    "[tenant]\nid = \"contoso.com\"\nauth = \"CANARY\"\n",
    "[tenant]\nid = \"contoso.com\"\nauth = { method = \"azure-cli\", x = \"CANARY\" }\n",
    "[tenant]\nid = \"contoso.com\"\nauth = { method = \"client-secret\", client_id = \"app\", secret = \"CANARY\" }\n",
    "[tenant]\nid = \"contoso.com\"\nauth = { method = \"client-secret\", client_id = \"app\", secret_env = \"CANARY-x\" }\n",
    "[tenant]\nid = \"contoso.com\"\nauth = { method = \"client-secret\", client_id = \"app\", secrt = \"CANARY\" }\n",
    "[tenant]\nid = \"contoso.com\"\nauth = { method = \"client-secrt\", client_id = \"app\", secret = \"CANARY\" }\n",
    "[tenant]\nid = \"contoso.com\"\nauth = { method = \"client-secret\", client_id = \"app\", secret_env = \"CANARY }\n",
    "[tenant]\nid = \"contoso.com\"\nauth = { method = \"access-token\", token = \"CANARY\" }\n",
    "[tenant]\nid = \"contoso.com\"\nauth = { method = \"access-token\", token_env = \"CANARY.x\" }\n",
    "[tenant]\nid = \"contoso.com\"\n[tenant.auth]\nmethod = \"client-certificate\"\nclient_id = \"x/CANARY\"\ncertificate = '''\n-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----\n'''\n",
    "[tenant]\nsecret = \"CANARY\n[source]\nkind = \"csv\"\n",
    "[tenant]\nsecret = CANARY\n",
    "[tenant]\nsecret \"CANARY\"\n",
    "[tenant]\npassword = \"CANARY\" \"CANARY\"\n",
    "[tenant]\nkennwort = \"CANARY\"\n",
    "[tenant]\nwhatever = \"CANARY\"\n",
    "[tennant]\nsecret = \"CANARY\"\nsecret = \"CANARY\"\n",
    "[source]\nkind = \"csv\"\npath = \"https://u:CANARY@host/hr.csv\"\n",
    "[source]\nkind = \"csv\"\npath = \"sftp://u:CANARY@host/hr.csv\"\n",
    "[source]\nkind = \"csv\"\npath = \"sftp://u@host/hr.csv\"\npassword = \"CANARY\"\n",
    "[source]\nkind = \"csv\"\npath = \"sftp://u@host/hr.csv\"\npassword_env = \"CANARY!\"\n",
    "[source]\nkind = \"csv\"\npath = \"az://hr/hr.csv?sv=2024&sig=CANARY\"\n",
    "[source]\nkind = \"csv\"\npath = \"az://hr/hr.csv\"\naccount = \"DefaultEndpointsProtocol=https;AccountKey=CANARY\"\n",
    "[source]\nkind = \"csv\"\npath = \"s3://hr/hr.csv\"\naccess_key_id = \"a b CANARY\"\nsecret_env = \"S\"\n",
    "[source]\nkind = \"csv\"\npath = \"s3://hr/hr.csv\"\nsecret_key = \"CANARY\"\n",
    "[source]\nkind = \"csv\"\npath = \"s3://hr/hr.csv\"\nendpoint = \"https://u:CANARY@host\"\n",
    "[source]\nkind = \"csv\"\npath = \"hr.csv\"\nnothing_known = [\"CANARY\"]\n",
    "[source]\nkind = \"sql\"\nurl = \"postgres://u:CANARY@host/hr\"\n",
    "[source]\nkind = \"sql\"\nurl = \"postgres://u@host/hr?password=CANARY\"\nquery = \"select 1\"\n",
    "[source]\nkind = \"sql\"\ndriver = \"mssql\"\nurl = \"Server=host;User=hr;Password=CANARY;\"\nquery = \"select 1\"\n",
    "[source]\nkind = \"sql\"\ndriver = \"mssql\"\nconnection = \"Server=host;User=hr;Pwd=CANARY;\"\n",
    "[source]\nkind = \"sql\"\ndriver = \"mssql\"\npassword = \"CANARY\"\n",
    "[source]\nkind = \"rest\"\nbase_url = \"https://u:CANARY@host\"\n",
    "[source]\nkind = \"rest\"\nbase_url = \"https://host?api_key=CANARY\"\n",
    "[source]\nkind = \"rest\"\nbase_url = \"http://host/x?k=CANARY\"\n",
    "[source]\nkind = \"rest\"\nbase_url = \"ftp://u:CANARY@\"\n",
    "[source]\nkind = \"rest\"\nbase_url = \"https://host\"\nsecret_headers = { X = \"CANARY\" }\n",
    "[source]\nkind = \"rest\"\nbase_url = \"https://host\"\nsecret_headers = { X = { enf = \"CANARY\" } }\n",
    "[source]\nkind = \"rest\"\nbase_url = \"https://host\"\nheaders = { X = \"CANARY\", Y = \"{\" }\n",
    "[source]\nkind = \"rest\"\nbase_url = \"https://host\"\npath = \"/x?key=CANARY\"\n",
    "[source]\nkind = \"rest\"\nbase_url = \"https://host\"\nauth = { method = \"client-credentials\", token_url = \"https://u:CANARY@h/\", client_id = \"x\", secret = \"CANARY\" }\n",
    "[source]\nkind = \"rest\"\nbase_url = \"https://host\"\nauth = { method = \"basic\", user = \"CANARY\", password = \"CANARY\" }\n",
    "[password]\ndeliver = \"file\"\nrecipient = \"AGE-SECRET-KEY-1CANARYCANARYCANARYCANARY\"\n",
];

#[test]
fn no_fault_of_the_configuration_shows_a_secret() {
    for spill in SPILLS {
        let text = spill.replace("CANARY", "hunter2canary");
        let Err(errors) = parse(&text, Path::new("hrpush.toml")) else { panic!("this has no fault:\n{text}") };
        let message = errors.to_string();
        assert!(!message.contains("hunter") && !message.contains("canary"), "{text}\nis told as\n{message}");
        assert!(message.contains('^'), "{message}");
    }
}

#[test]
fn the_caret_stays_where_the_fault_is() {
    let message = faults("[tenant]\nid = \"contoso.com\"\nauth = { method = \"azure-cli\", secret = \"hünter2\", x = 1 }\n");
    let lines: Vec<&str> = message.lines().filter(|line| line.contains('|')).collect();
    let shown = lines.iter().position(|line| line.contains("x = ")).unwrap();
    let at = lines.iter().skip(shown).rfind(|line| line.contains('^')).unwrap().find('^').unwrap();
    assert_eq!(&lines[shown][at..=at], "x", "{message}");
}

#[cfg(feature = "objects")]
#[test]
fn a_name_that_becomes_a_part_of_an_address_cannot_lead_elsewhere() {
    let store = |path: &str, more: &str| format!("[source]\nkind = \"csv\"\npath = \"{path}\"\n{more}\n");
    for wrong in [
        store("az://hr/x.csv", "account = \"a@127.0.0.1:9#\""),
        store("az://hr/x.csv", "account = \"evil.example.com/\""),
        store("az://hr/x.csv", "account = \"Upper\""),
        store("az://hr/x.csv", "account = \"\u{ff0e}abc\""),
        store("az://h%23r/x.csv", "account = \"hraccount\""),
        store("s3://hr/x.csv", "region = \"eu-central-1.evil.example.com/\""),
        store("s3://hr/x.csv", "region = \"a@127.0.0.1:9#\""),
        store("s3://hr@evil/x.csv", ""),
        store("s3://hr..evil/x.csv", ""),
        store("gs://h r/x.csv", ""),
        store("s3://hr/x.csv", "endpoint = \"https://a@127.0.0.1:9\""),
        store("s3://hr/x.csv", "endpoint = \"https://host#@evil\""),
        String::from("[tenant]\nid = \"..\"\n"),
        String::from("[tenant]\nid = \"a@evil.com\"\n"),
        String::from("[tenant]\nid = \"evil.com/\"\n"),
        String::from("[tenant]\nid = \"contoso.com\"\ncloud = \"evil\"\n"),
        String::from(
            "[tenant]\nid = \"contoso.com\"\nauth = { method = \"managed-identity\", client_id = \"x&resource=https://evil\" }\n",
        ),
    ] {
        assert!(parse(&wrong, Path::new("hrpush.toml")).is_err(), "{wrong}");
    }
    for right in [
        store("az://hr-files/x.csv", "account = \"hraccount01\""),
        store("s3://my.bucket-1/x.csv", "region = \"eu-central-1\"\nendpoint = \"https://s3.example.com:9000\""),
        store("gs://hr_files/x.csv", ""),
        String::from("[tenant]\nid = \"3F8F2D1E-0b1c-4a77-9d55-0d2f6c7e8a90\"\n"),
    ] {
        config(&right);
    }
}

#[test]
fn a_value_cannot_lead_a_service_to_another_host() {
    let base = |url: &str, value: &str| {
        let own = format!(
            "[source]\nkind = \"rest\"\nbase_url = \"{url}\"\nauth = {{ method = \"none\" }}\npath = \"/x\"\nvalues = {{ company = \"{value}\" }}\n"
        );
        parse(&own, Path::new("hrpush.toml")).map(drop)
    };
    for value in
        ["127.0.0.1:9/", "evil.example.com/#", "a@evil.example.com", "evil.example.com\\\\", "evil.example.com?x=", "a:8443"]
    {
        let wrong = base("https://{company}.bamboohr.com/api", value);
        assert!(wrong.unwrap_err().to_string().contains("`company` in `values` cannot be a part of a host name"), "{value}");
    }
    base("https://{company}.bamboohr.com/api", "acme").unwrap();
    base("https://{company}/api", "hr.acme.example:8443").unwrap();
    base("https://hr.example/{company}/api", "a b/c").unwrap();
}

/// Places where a secret was seen, each in a configuration that is otherwise right.
const PLACES: [&str; 14] = [
    "[tenant]\nid = \"contoso.com\"\nsecret =\nCANARY\n",
    "[tenant]\nid = \"contoso.com\"\nauth = { method = \"client-secret\", client_id = \"app\", secret = \"CANARY\" }\n",
    "[tenant]\nid = \"contoso.com\"\nauth = { method = \"client-secret\", client_id = [\"CANARY\"], secret_env = \"S\" }\n",
    "[tenant]\nid = \"contoso.com\"\n[tenant.auth]\nmethod = \"azure-cli\"\nclient_id = [\"CANARY\"]\n",
    "[tenant]\nid = \"contoso.com\"\n[tenant.CANARY]\nmethod = \"azure-cli\"\n",
    "[CANARY]\nid = \"contoso.com\"\n",
    "[[CANARY]]\nid = \"contoso.com\"\n",
    "[source]\nkind = \"rest\"\nbase_url = \"https://host.example/CANARY\"\ntimeout = 5\n",
    "[source]\nkind = \"rest\"\nbase_url = \"https://host.example/services/CANARY/v1\"\npath = \"/x\"\n",
    "[source]\nkind = \"rest\"\nbase_url = \"https://host.example/#CANARY\"\npath = \"/x\"\n",
    "[source]\nkind = \"rest\"\nbase_url = \"https://host.example\"\nauth = { method = \"login\", token_url = \"https://h.example/CANARY\" }\n",
    "[source]\nkind = \"rest\"\nbase_url = \"https://host.example\"\nauth = { method = \"login\", password = \"CANARY\" }\n",
    "[source]\nkind = \"sql\"\nurl = \"postgres://hr@db.example/hr\"\npassword = '''\nCANARY\n'''\n",
    "[source]\nkind = \"csv\"\npath = \"hr.csv\"\n[source.token]\nCANARY = 1\n",
];

/// One damage of a text, which leaves the secret as it is.
fn damaged(text: &str, at: usize, kind: usize, sign: char) -> String {
    let canary = text.find("CANARY").unwrap_or(0);
    let mut chars: Vec<char> = text.chars().collect();
    let at = at % chars.len();
    if (canary..canary + 6).contains(&at) {
        return text.to_owned();
    }
    match kind {
        0 => drop(chars.remove(at)),
        1 => chars.insert(at, sign),
        2 => chars[at] = sign,
        3 if at > canary => chars.truncate(at),
        _ => drop(chars.drain(..at.min(canary) / 2)),
    }
    chars.into_iter().collect()
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(400))]

    /// Whatever a slip of the keyboard makes of a configuration, no fault shows the secret in it.
    #[test]
    fn no_damage_of_a_configuration_shows_a_secret(
        place in 0_usize..PLACES.len(),
        damages in proptest::collection::vec((0_usize..200, 0_usize..5, "[\"'=\\[\\]{},.# \nx]"), 0..4),
    ) {
        let mut text = PLACES[place].to_owned();
        for (at, kind, sign) in damages {
            text = damaged(&text, at, kind, sign.chars().next().unwrap_or(' '));
        }
        let text = text.replace("CANARY", "hunter2canary");
        if let Err(errors) = parse(&text, Path::new("hrpush.toml")) {
            let shown = errors.to_string();
            proptest::prop_assert!(!shown.contains("hunter2canary"), "{text}\nis shown as\n{shown}");
        }
        let mapping = crate::mapping::Mapping::parse(&text, Path::new("map.toml")).unwrap_err().to_string();
        proptest::prop_assert!(!mapping.contains("hunter2canary"), "{text}\nis shown as\n{mapping}");
    }
}
