use super::*;

/// A secret that looks like a word, so that its letters alone give nothing away.
const CANARY: &str = "hunter2canary";

fn masked(text: &str) -> String {
    let masked = document(text, &[]);
    assert_eq!(masked.split('\n').count(), text.split('\n').count(), "{text}");
    for (line, was) in masked.split('\n').zip(text.split('\n')) {
        assert_eq!(line.chars().count(), was.chars().count(), "{was}");
    }
    masked
}

#[track_caller]
fn hides(template: &str) {
    let text = template.replace("CANARY", CANARY);
    let masked = masked(&text);
    assert!(!masked.contains("hunter") && !masked.contains("canary"), "{text}\nis shown as\n{masked}");
}

#[test]
fn values_under_a_key_that_means_a_secret_are_covered() {
    for key in [
        "secret",
        "client_secret",
        "password",
        "passwort",
        "Passwd",
        "db_pwd",
        "token",
        "access_token",
        "api_key",
        "apiKey",
        "X-Api-Key",
        "credential",
        "passphrase",
        "sas",
        "pem",
        "geheim",
        "kennwort",
        "mot_de_passe",
        "assertion",
        "fixed_password",
        "\"client secret\"",
    ] {
        for value in [
            "\"CANARY\"",
            "'CANARY'",
            "\"\"\"CANARY\"\"\"",
            "'''\nCANARY\n'''",
            "[\"CANARY\", \"CANARY\"]",
            "{ value = \"CANARY\" }",
        ] {
            hides(&format!("[tenant]\n{key} = {value}\n"));
            hides(&format!("[tenant]\nauth = {{ method = \"x\", {key} = {value} }}\n"));
        }
    }
}

#[test]
fn a_misspelled_key_hides_its_value_as_well() {
    for key in ["secrt", "client_scret", "secert", "pasword", "passwrd", "tokn", "client_secrets", "api_kye"] {
        hides(&format!("[tenant.auth]\n{key} = \"CANARY\"\n"));
    }
}

#[test]
fn what_is_no_toml_is_read_as_it_was_meant() {
    for line in [
        "secret = \"CANARY",
        "secret = 'CANARY",
        "secret = \"\"\"CANARY",
        "secret = CANARY",
        "secret = CANARY, x = 1",
        "secret = CAN ARY CANARY",
        "secret \"CANARY\"",
        "secret: \"CANARY\"",
        "secret: CANARY",
        "secret:CANARY",
        "secret =\n\"CANARY\"",
        "secret\n= \"CANARY\"",
        "secret = \"x\"CANARY\"",
        "secret = \"x\" \"CANARY\"",
        "secret = [\"CANARY\"",
        "secret = { x = \"CANARY\"",
        "= \"CANARY\"",
        "\"CANARY\"",
        "export SECRET=CANARY",
        "auth = { method = \"x\", secret = \"CANARY",
        "auth = { method = \"x\" secret = \"CANARY\" }",
        "auth = { method = \"x\",\n secret = \"CANARY\"",
        "users = [\"a\",\nsecret = \"CANARY\"\n",
        "users = [\"a\",\nsecret \"CANARY\"\n",
        "users = [\"a\",\n[tenant]\nsecret = CANARY\n",
        "id = \"contoso.com\nsecret = \"CANARY\"\n",
        "query = \"\"\"select 1\nsecret = \"CANARY\"\n",
        "[tenant] secret = \"CANARY\"",
        "[tenant\nsecret = \"CANARY\"",
        "secret_headers = { X = \"CANARY }",
        "base_url = \"https://u:CANARY@host",
        "base_url = https://u:CANARY@host/",
        "base_url = \"https://h?api_key=CANARY",
        "kind = \"csv\" # secret = \"CANARY\"",
        "# token: CANARY",
    ] {
        hides(line);
        hides(&format!("[source]\nkind = \"csv\"\n{line}\nname = \"x\"\n"));
    }
}

#[test]
fn headers_and_forms_are_covered_whatever_their_names() {
    for table in ["headers", "secret_headers", "fields", "form", "query", "body"] {
        hides(&format!("[source]\n{table} = {{ X = \"CANARY\" }}"));
        hides(&format!("[source.{table}]\nX = \"CANARY\""));
        hides(&format!("[source.auth.{table}]\n\"a b\" = [\"CANARY\", \"CANARY\"]"));
        hides(&format!("[source]\n{table}.x = \"CANARY\""));
    }
    assert_eq!(masked("query = { page = \"{page}\" }"), "query = { page = \"{page}\" }");
    hides("auth = { method = \"basic\", user = \"CANARY\" }");
    hides("[source.auth]\nkey = \"CANARY\"");
}

#[test]
fn a_secret_within_a_value_is_found_whatever_its_key() {
    for value in [
        "https://u:CANARY@host/api",
        "https://CANARY@host/api",
        "https://u:CAN/CANARY@host/api",
        "https://u:CAN@CANARY@host:8443/api?x=1",
        "https://host/api?api_key=CANARY",
        "https://host/api?code=CANARY&x=1",
        "https://host/api?x=1&whatever=CANARY",
        "https://host/api#access_token=CANARY",
        "/api/v1?key=CANARY",
        "sftp://hr:CANARY@host/folder/file.csv",
        "postgres://hr:CANARY@host:5432/hr",
        "sqlserver://hr@host;password=CANARY",
        "jdbc:sqlserver://host;user=hr;Password={CANARY};x=1",
        "Server=tcp:host,1433;User ID=hr;Password=CANARY;Encrypt=True",
        "Server=host;Pwd = 'CANARY;CANARY'",
        "host=db user=hr password=CANARY",
        "DefaultEndpointsProtocol=https;AccountName=hr;AccountKey=CANARY==;EndpointSuffix=core.windows.net",
        "SharedAccessSignature sv=2024&sig=CANARY",
        "az://container/file.csv?sv=2024-01-01&sig=CANARY",
        "Bearer CANARY",
        "Basic CANARY=",
        "{ \\\"password\\\": \\\"CANARY\\\" }",
        "-----BEGIN PRIVATE KEY-----\\nCANARY\\n-----END PRIVATE KEY-----",
    ] {
        for key in ["base_url", "path", "url", "endpoint", "token_url", "name", "whatever", "server"] {
            hides(&format!("[source]\n{key} = \"{value}\""));
        }
    }
    hides("x = '''\n-----BEGIN RSA PRIVATE KEY-----\nCANARY\nCANARY\n-----END RSA PRIVATE KEY-----\n'''");
    hides("-----BEGIN PRIVATE KEY-----\nCANARY\n");
}

#[test]
fn what_looks_drawn_at_random_is_covered_without_a_key() {
    for secret in ["abc8Q~xY7zKq.3vB_n0Lw5TtR2pM9sHd", "9f86d081884c7d659a2feaa0c55ad015", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."]
    {
        let text = format!("client_id = \"{secret}\"");
        assert!(!masked(&text).contains(secret), "{}", masked(&text));
    }
}

#[test]
fn what_people_must_see_is_shown() {
    for line in [
        "id    = \"contoso.onmicrosoft.com\"",
        "auth  = { method = \"client-secret\", client_id = \"3f8f2d1e-0b1c-4a77-9d55-0d2f6c7e8a90\", secret_env = \"HRPUSH_CLIENT_SECRET\" }",
        "secret_file = \"/etc/hrpush/secret\"",
        "path    = \"C:\\\\hr\\\\Employees-2026-11-30-Full.csv\"",
        "path    = \"sftp://hr@files.example.com/out/employees-*.csv\"",
        "base_url = \"https://acme.bamboohr.com:8443/api\"",
        "host_key = \"SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDXF0vXk1n2Yw0aBcD\"",
        "recipient = \"age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p\"",
        "key      = \"[EmployeeID]\"",
        "users = [\"breakglass1@contoso.com\"]",
        "max_age = \"7 days\"",
        "kind = cvs",
        "\"onPremisesExtensionAttributes.extensionAttribute15\" = \"[CostCentre]\"",
        "displayName = 'Join(\" \", [FirstName], [LastName])'",
        "deliver = \"file\"",
    ] {
        for table in ["[tenant]", "[source]", "[password]", "[attributes]"] {
            let text = format!("{table}\n{line}");
            assert_eq!(masked(&text), text);
        }
    }
}

#[test]
fn messages_keep_their_sense() {
    assert_eq!(message("`https://u:p@h/x` is no address"), "`https://***@h/x` is no address");
    assert_eq!(message("GET https://h/x?token=abcdef: refused"), "GET https://h/x?token=******: refused");
    assert_eq!(message("proxy=http://u:p@h failed"), "proxy=http://***@h failed");
    let log = message("{\"message\":\"password=hunter2 x\",\"level\":\"warn\"}");
    assert_eq!(log, "{\"message\":\"password=*********\",\"level\":\"warn\"}");
    for plain in [
        "auth needs `secret_env` or `secret_file`",
        "name an environment variable (`password_env = \"…\"`)",
        "the plan is for the tenant 3f8f2d1e at https://graph.microsoft.com/v1.0, which is not the target here",
        "hint: such as auth = { method = \"bearer\", token_env = \"HRPUSH_HR_TOKEN\" }",
        "Basic authentication is off",
    ] {
        assert_eq!(message(plain), plain);
    }
}

proptest::proptest! {
    /// Wherever a secret is cut, moved to another line or robbed of its quotes: nothing of it is shown, and no column moves.
    #[test]
    fn a_broken_line_shows_no_secret(
        before in "[a-z]{0,6}[ =\"'{}\\[\\],.#:\n]{0,6}",
        key in "(secret|client_secret|password|token|api_key)",
        between in "( = |=|: | |\t=\t)",
        open in "(\"|'|\"\"\"|'''|)",
        after in "[\"' ,}\\]#]{0,4}[a-z]{0,4}",
    ) {
        hides(&format!("{before}\n{key}{between}{open}CANARY{after}\n"));
    }

    #[test]
    fn any_text_keeps_its_shape(text in "[ -~\näß€]{0,200}") {
        masked(&text);
    }
}

#[test]
fn a_password_before_a_host_is_covered_without_a_scheme() {
    for address in
        ["u:CANARY@h.example/", "//u:CANARY@h.example/x", "https//u:CANARY@h.example", "h.example, u:CANARY@[::1]:8080"]
    {
        hides(&format!("[source]\nbase_url = \"{address}\"\n"));
        let shown = message(&format!("`{address}` is no address").replace("CANARY", CANARY));
        assert!(!shown.contains("hunter"), "{shown}");
    }
    for harmless in [
        "hint: ask hr@contoso.com",
        "SMTP:ada@contoso.com",
        "users: ada@contoso.com, bo@contoso.com",
        "at 10:30 by ada@contoso.com",
    ] {
        assert_eq!(message(harmless), harmless);
    }
}

#[test]
fn a_value_on_the_line_after_its_key_is_covered() {
    for text in [
        "[tenant]\nsecret =\nCANARY\n",
        "[tenant]\nsecret =\n\n# old\n  CANARY\nid = \"contoso.com\"\n",
        "[tenant]\nsecret\nCANARY\n",
        "[tenant]\nsecret =\nCANARY==\n",
        "[tenant]\nsecret =\nabc\nCANARY\n",
        "[tenant.auth]\nx = 1\nCANARY\n",
    ] {
        hides(text);
    }
}

#[test]
fn a_token_in_the_path_or_the_fragment_of_an_address_is_covered() {
    for key in ["base_url", "token_url", "url", "bse_url", "whatever"] {
        for address in [
            "https://host/CANARY",
            "https://host/services/CANARY/employees",
            "https://host:8443/v1/CANARY?page=1",
            "https://host/#CANARY",
            "https://host#CANARY",
            "https://host/v1?CANARY",
            "https://host/v1/CANARY",
        ] {
            hides(&format!("[source]\n{key} = \"{address}\"\n"));
            hides(&format!("[source]\n{key} = {address}\n"));
            let text = fault(&format!("`{address}` is no address").replace("CANARY", CANARY));
            assert!(!text.contains("hunter"), "{text}");
            let text = message(&format!("GET {address}: 404").replace("CANARY", CANARY));
            assert!(!text.contains("hunter"), "{text}");
        }
    }
    for address in ["https:/host/CANARY", "//host/CANARY", "host/CANARY", "/oauth/CANARY", "/oauth#CANARY"] {
        hides(&format!("[source]\ntoken_url = \"{address}\"\n"));
    }
    for shown in [
        "base_url = \"https://acme.bamboohr.com/api/v1/employees\"",
        "token_url = \"/oauth2/token\"",
        "token_url = \"https://{company}.example.com/rest/{tenant}/token\"",
    ] {
        let text = format!("[source]\n{shown}\n");
        assert_eq!(masked(&text), text);
    }
    let request = "GET https://graph.microsoft.com/v1.0/users/3f8f2d1e-0b1c-4a77-9d55-0d2f6c7e8a90/manager: 404";
    assert_eq!(message(request), request);
}

#[test]
fn a_secret_as_the_name_of_a_table_or_key_is_covered() {
    for text in [
        "[CANARY]\n",
        "[\"CANARY\"]\n",
        "[tenant.CANARY]\n",
        "[tenant.\"CANARY\".x]\n",
        "[[CANARY]]\n",
        "[CANARY\nid = 1\n",
        "CANARY]\nid = 1\n",
        "CANARY\n",
        "[tenant]\nCANARY = 1\n",
        "[tenant]\nCANARY.x = 1\n",
        "[tenant]\nauth = { CANARY = 1 }\n",
    ] {
        hides(text);
    }
    assert_eq!(name(CANARY), "*************");
    assert_eq!(name("gaurd"), "gaurd");
    let text =
        "[source.columns]\n\"Address 1 line\" = \"a\"\n[attributes]\nextension_9f86d081884c7d659a2feaa0c55ad015_x = \"[X]\"\n";
    assert_eq!(masked(text).lines().nth(1), text.lines().nth(1));
}

#[test]
fn a_value_of_a_wrong_type_is_covered_where_one_value_belongs() {
    for value in ["[\"CANARY\"]", "{ x = \"CANARY\" }", "[\"a\", \"CANARY\"", "\"CANARY\"]", "[[\"CANARY\"]]"] {
        hides(&format!("[tenant]\nauth = {{ method = \"client-secret\", client_id = {value} }}\n"));
        hides(&format!("[tenant.auth]\nclient_id = {value}\n"));
        hides(&format!("[tenant]\nid = {value}\n").replace("\"CANARY\"]\n", "[\"CANARY\"]\n"));
    }
    let text = "[tenant.auth]\nclient_id = \"3f8f2d1e-0b1c-4a77-9d55-0d2f6c7e8a90\"\n";
    assert_eq!(masked(text), text);
}
