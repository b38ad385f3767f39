//! The real binary against a provider: the documented example, and what it refuses.

use hrpush::scim::ResourceKind;
use serde_json::{Value, json};

use super::provider::{Manner, Provider, TOKEN};
use crate::world::{Ended, World, project};

const URL: &str = "https://idp.example/scim/v2";

/// A world with the files of docs/scim-target.md, and a provider in the place of the one that the page names.
struct Story {
    world: World,
    provider: Provider,
}

impl Story {
    fn new() -> Self {
        let story = Self { world: World::new(), provider: Provider::start_apart() };
        let page = std::fs::read_to_string(project("docs/scim-target.md")).unwrap();
        for block in page.split("\n```").skip(1).step_by(2) {
            let (head, block) = block.split_once('\n').unwrap();
            let name = block.lines().next().and_then(|line| line.strip_prefix("# "));
            if let Some(name) = name.filter(|_| matches!(head, "toml" | "csv")) {
                let body = if head == "csv" { block.split_once('\n').unwrap().1 } else { block };
                story.world.write(name, body.replace(URL, &story.provider.url) + "\n");
            }
        }
        story
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.world.run_with(&[("HRPUSH_SCIM_TOKEN", TOKEN)], arguments)
    }

    fn sync(&self) -> Value {
        self.run(&["sync", "--yes", "--format", "json"]).ends_with(0).json()
    }

    /// Replaces a text of the HR file.
    fn hr(&self, before: &str, after: &str) {
        let text = std::fs::read_to_string(self.world.path("people.csv")).unwrap();
        assert!(text.contains(before), "{text}");
        self.world.write("people.csv", text.replace(before, after));
    }

    fn user(&self, key: &str) -> Value {
        let users = self.provider.users();
        Value::Object(users.into_iter().find(|user| user["externalId"] == *key).unwrap())
    }
}

#[test]
fn the_example_of_the_page_keeps_a_provider_in_step() {
    let story = Story::new();
    let first = story.sync();
    assert_eq!(first["applied"], 5, "{first}");
    let ada = story.user("E-1001");
    assert_eq!((ada["userName"].as_str(), ada["title"].as_str()), (Some("ada.brandt@contoso.example"), Some("Tax adviser")));
    assert_eq!((ada["nickName"].as_str(), ada["emails"][0]["primary"].as_bool()), (Some("Ada"), Some(true)));
    let ent = &ada["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"];
    assert_eq!((&ent["department"], &ent["manager"]["value"]), (&"Tax".into(), &story.user("E-1002")["id"]));
    assert!(ada.get("password").is_none() && ada.get("mailNickname").is_none());
    let mut groups: Vec<(String, usize)> = story
        .provider
        .groups()
        .iter()
        .map(|group| (group["displayName"].as_str().unwrap().to_owned(), group["members"].as_array().unwrap().len()))
        .collect();
    // The provider lists them by ids, which it draws.
    groups.sort();
    assert_eq!(groups.iter().map(|(name, count)| (name.as_str(), *count)).collect::<Vec<_>>(), [("Legal", 1), ("Tax", 2)]);
    assert_eq!(story.sync()["applied"], 0, "the second run is empty");

    // A leaver, and a new title.
    story.provider.log();
    story.hr("Legal counsel,Active", "Legal counsel,Left");
    story.hr("Tax adviser,Active", "Senior tax adviser,Active");
    let second = story.sync();
    assert_eq!((second["applied"].as_u64(), story.user("E-1003")["active"].as_bool()), (Some(2), Some(false)));
    assert_eq!(story.provider.log()[0], "PATCH Users", "the leaver comes first");
    assert_eq!(story.user("E-1001")["title"], "Senior tax adviser");
    assert_eq!(story.sync()["applied"], 0);

    // The leaver returns; no password is set, since the provider takes none.
    story.hr("Legal counsel,Left", "Legal counsel,Active");
    story.run(&["sync", "--yes"]).ends_with(0);
    assert_eq!(story.user("E-1003")["active"], true);

    // The last run is undone.
    story.run(&["undo", "last", "--yes"]).ends_with(0);
    assert_eq!(story.user("E-1003")["active"], false);
}

#[test]
fn the_preview_names_the_provider_and_writes_nothing() {
    let story = Story::new();
    let plan = story.run(&["plan", "--format", "json"]).ends_with(0).json();
    assert_eq!(plan["target"]["graphUrl"], story.provider.url.as_str());
    let edits = plan["changes"][0]["attributes"].to_string();
    assert!(edits.contains("externalId") && !edits.contains("mailNickname"), "{edits}");
    assert!(story.provider.users().is_empty());
    let text = story.run(&["plan"]).ends_with(0).err;
    assert!(text.contains("left out, since the target cannot do it: `delete_after`"), "{text}");

    // The plan that was saved goes to this provider, and to no other.
    story.run(&["plan", "--out", "plan.json"]).ends_with(0);
    let config = std::fs::read_to_string(story.world.path("hrpush.toml")).unwrap();
    story.world.write("hrpush.toml", config.replace(&story.provider.url, "http://127.0.0.1:9/scim/v2"));
    assert!(story.run(&["apply", "plan.json", "--yes"]).ends_with(2).err.contains("which is not the target here"));
    story.world.write("hrpush.toml", config);
    story.run(&["apply", "plan.json", "--yes"]).ends_with(0);
    assert_eq!((story.provider.users().len(), &story.sync()["applied"]), (3, &Value::from(0)));
}

#[test]
fn the_doctor_shows_what_the_provider_says_of_itself() {
    let story = Story::new();
    story.provider.behave(Manner { no_patch: true, ..Manner::default() });
    let found = story.run(&["doctor"]).ends_with(4).out;
    for line in [
        "patch no, filter yes, at most 200 results",
        "the provider has no PATCH, the profile `rfc` uses it",
        "DELETE removes the user, so leavers are deactivated",
        "0 read, and 0 groups",
    ] {
        assert!(found.contains(line), "{line}: {found}");
    }
    let refused = story.world.run_with(&[("HRPUSH_SCIM_TOKEN", "wrong")], ["doctor"]).ends_with(1);
    assert!(refused.out.contains("the provider answered 401"), "{}", refused.out);
    assert!(!refused.out.contains("wrong") && !refused.err.contains("wrong"));
}

#[test]
fn what_the_target_cannot_do_is_an_error_of_the_configuration() {
    let story = Story::new();
    let mapping = std::fs::read_to_string(story.world.path("mapping.toml")).unwrap();
    for (line, words) in [
        ("usageLocation = { constant = \"DE\" }", "no SCIM path for `usageLocation`"),
        ("title = \"[Title]\"", "are one attribute in SCIM"),
        ("externalId = \"[Key]\"", "carries the key of the record"),
    ] {
        story.world.write("mapping.toml", mapping.replace("[attributes]", &format!("[attributes]\n{line}")));
        for command in [vec!["plan"], vec!["mapping", "check", "mapping.toml"]] {
            let ended = story.run(&command).ends_with(2);
            assert!(ended.err.contains(words), "{command:?}: {}", ended.err);
        }
    }
    story.world.write(
        "mapping.toml",
        mapping.replace(
            "name = \"[Department]\"",
            "name = \"[Department]\"\nkind = \"microsoft365\"\nowners = [\"a@contoso.example\"]",
        ),
    );
    assert!(story.run(&["plan"]).ends_with(2).err.contains("no Microsoft 365 groups"));
    assert!(story.run(&["plan", "--graph-url", "http://127.0.0.1:9/v1.0"]).ends_with(2).err.contains("leave --graph-url out"));
    // For Microsoft Graph the same mapping names an attribute that is not there.
    story.world.write("mapping.toml", &mapping);
    let config = std::fs::read_to_string(story.world.path("hrpush.toml")).unwrap();
    story.world.write("hrpush.toml", config.split("[target]").next().unwrap().to_owned() + config.split("\n\n").last().unwrap());
    let ended = story.run(&["import", "people.csv", "--mapping", "mapping.toml", "--dry-run"]).ends_with(2);
    assert!(ended.err.contains("`nickName` is an attribute of SCIM"), "{}", ended.err);
    assert!(story.provider.log().is_empty());
}

#[test]
fn each_way_to_sign_in_is_taken_and_a_redirect_is_not_followed() {
    let story = Story::new();
    let config = std::fs::read_to_string(story.world.path("hrpush.toml")).unwrap();
    let sign_in = |auth: &str| {
        let (before, after) = config.split_once("auth ").unwrap();
        let after = after.split_once('\n').unwrap().1;
        story.world.write("hrpush.toml", format!("{before}auth = {{ {auth} }}\n{after}"));
        story.world.run_with(&[("SECRET", "s3cret"), ("WRONG", "wr0ng"), ("PASSWORD", TOKEN)], ["plan"])
    };
    let token_url = story.provider.url.replace("/scim/v2", "/oauth/token");
    let oauth = |secret: &str| {
        format!(
            "method = \"oauth\", token_url = \"{token_url}\", client_id = \"hrpush\", secret_env = \"{secret}\", scope = \"scim\""
        )
    };
    sign_in(&oauth("SECRET")).ends_with(0);
    sign_in("method = \"basic\", user = \"hrpush\", password_env = \"PASSWORD\"").ends_with(0);
    let refused = sign_in(&oauth("WRONG")).ends_with(1);
    assert!(refused.err.contains("answered 401 (invalid_client)") && !refused.err.contains("wr0ng"), "{}", refused.err);
    let missing = sign_in("method = \"bearer\", token_env = \"NOT_SET\"").ends_with(1);
    assert!(missing.err.contains("the environment variable `NOT_SET` holds no secret"), "{}", missing.err);

    // The credential goes to no other address, whatever the provider answers.
    let other = Provider::start_apart();
    story.provider.behave(Manner { moved_to: Some(other.url.clone()), ..Manner::default() });
    let moved = sign_in("method = \"bearer\", token_env = \"PASSWORD\"").ends_with(1);
    assert!(moved.err.contains("the credential was not sent there"), "{}", moved.err);
    assert_eq!((other.strangers(), other.users().len()), (0, 0));
}

#[test]
fn an_account_with_another_key_is_held_and_the_others_go_on() {
    let story = Story::new();
    let number = json!({ "employeeNumber": "E-1001" });
    let body = json!({
        "userName": "ada@elsewhere.example", "displayName": "Ada Brandt", "active": true, "externalId": "HR-7",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": number,
    });
    let id = story.provider.put(ResourceKind::User, &body);
    let plan = story.run(&["plan", "--format", "json"]).ends_with(4).json();
    assert_eq!((&plan["held"][0]["key"], &plan["held"][0]["code"]), (&"E-1001".into(), &"claimed-by-other-key".into()));
    story.run(&["sync", "--yes"]).ends_with(4);
    let users = story.provider.users();
    assert_eq!(users.iter().filter(|user| user["externalId"] != "HR-7").count(), 2);
    let other = users.iter().find(|user| user["id"] == *id).unwrap();
    assert_eq!((&other["externalId"], &other["userName"]), (&"HR-7".into(), &"ada@elsewhere.example".into()));
}
