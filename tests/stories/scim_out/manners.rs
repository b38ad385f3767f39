//! Providers that differ from the RFC, and such that cannot be trusted.

use hrpush::scim::ResourceKind;
use hrpush::scim_target::{Membership, Paging};
use serde_json::json;

use super::office::Office;
use super::provider::{ListFault, Manner};
use crate::office::{a_month_later, everybody, fly};

#[test]
fn a_provider_without_patch_gets_whole_resources() {
    fly(async {
        let usual = Office::open().await;
        for rows in [everybody(12), a_month_later(12)] {
            usual.settle(&rows, &Manner::default()).await;
        }
        let office = Office::open().await;
        let manner = Manner { no_patch: true, ..Manner::default() };
        office.settle(&everybody(12), &manner).await;
        office.provider.log();
        office.settle(&a_month_later(12), &manner).await;
        let log = office.provider.log();
        let count = |line: &str| log.iter().filter(|write| *write == line).count();
        // Those that were on their way together are refused together.
        assert!(count("PATCH Users") < count("PUT Users") && count("PATCH Groups") < count("PUT Groups"), "{log:?}");
        assert_eq!(office.people(), usual.people());
        assert!(office.provider.groups().iter().all(|group| group["members"].is_array()), "members are stated");
    });
}

#[test]
fn membership_is_read_from_the_users_where_groups_hide_it() {
    fly(async {
        let mut office = Office::open().await;
        office.profile.membership = Membership::Users;
        office.profile.paging = Paging::Cursor;
        let manner = Manner { like_aws: true, ..Manner::default() };
        office.settle(&everybody(60), &manner).await;
        office.settle(&a_month_later(60), &manner).await;
        assert!(office.people().values().filter(|person| person.2).all(|person| person.4.len() == 1));
    });
}

#[test]
fn a_list_that_contradicts_itself_or_a_look_up_stops_the_run_before_any_write() {
    fly(async {
        let office = Office::open().await;
        office.settle(&everybody(60), &Manner::default()).await;
        for (list, words) in [
            (ListFault::Total, "has 60 entries, but the provider announces 61"),
            (ListFault::Repeats, "repeats page 2"),
            (ListFault::Invented, "a look-up by `userName` does not find it"),
        ] {
            office.provider.behave(Manner { list, ..Manner::default() });
            let fault = office.run(&a_month_later(60)).await.unwrap_err();
            assert!(fault.contains(words), "{list:?}: {fault}");
            assert_eq!(office.provider.writes(), 0, "{list:?}");
        }
    });
}

#[test]
fn a_list_of_one_page_is_whole_only_by_its_announced_number() {
    fly(async {
        let mut office = Office::open().await;
        office.profile.paging = Paging::Whole;
        office.settle(&everybody(60), &Manner::default()).await;
        for (paging, list, words) in [
            (Paging::Whole, ListFault::Unannounced, "has no `totalResults`"),
            (Paging::Whole, ListFault::Total, "has 60 entries, but the provider announces 61"),
            (Paging::Index, ListFault::Unannounced, "has no `totalResults`"),
        ] {
            office.profile.paging = paging;
            office.provider.behave(Manner { list, ..Manner::default() });
            let fault = office.run(&a_month_later(60)).await.unwrap_err();
            assert!(fault.contains(words), "{paging:?}, {list:?}: {fault}");
            assert_eq!(office.provider.writes(), 0, "{paging:?}, {list:?}");
        }
    });
}

#[test]
fn a_success_that_leaves_a_leaver_active_is_a_failure() {
    fly(async {
        let office = Office::open().await;
        office.settle(&everybody(10), &Manner::default()).await;
        office.provider.behave(Manner { keeps_active: true, ..Manner::default() });
        let outcome = office
            .run(&everybody(10).replace("Person 00009,Claims,00000,Active", "Person 00009,Claims,00000,Left"))
            .await
            .unwrap();
        let failed: Vec<(&str, &str)> = outcome.failed.iter().map(|failed| (failed.key.as_str(), failed.code.as_str())).collect();
        assert_eq!(failed, [("00009", "not-applied")]);
    });
}

#[test]
fn an_attribute_that_the_provider_refuses_is_left_out_and_listed() {
    fly(async {
        let office = Office::open().await;
        office.provider.behave(Manner { refuses: Some("nickName"), ..Manner::default() });
        let outcome = office.run(&everybody(6)).await.unwrap();
        let listed: Vec<(&str, bool)> = outcome
            .skipped
            .iter()
            .map(|skipped| (skipped.code.as_str(), skipped.message.contains("nickName: the target")))
            .collect();
        assert_eq!((listed, outcome.failed), (vec![("refused-by-target", true)], vec![]));
        assert_eq!(office.people().len(), 6);
    });
}

#[test]
fn the_key_decides_whose_account_it_is() {
    fly(async {
        let office = Office::open().await;
        let user = |name: &str, key: Option<&str>, number: Option<&str>| {
            let shown = format!("Person {}", number.unwrap_or("X"));
            let mut body = json!({ "userName": name, "displayName": shown, "active": true });
            if let Some(key) = key {
                body["externalId"] = json!(key);
            }
            if let Some(number) = number {
                body["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"] = json!({ "employeeNumber": number });
            }
            office.provider.put(ResourceKind::User, &body)
        };
        // Found by the personnel number, and the key is another one's: it is held. Found without any key: it is adopted.
        user("other@contoso.example", Some("someone-else"), Some("00001"));
        let adopted = user("p00002@contoso.example", None, Some("00002"));
        // Only the name is taken: no account is made, and none is changed.
        user("p00003@contoso.example", Some("a-stranger"), None);
        let refused = office.run(&everybody(4)).await;
        let users = office.provider.users();
        let key_of = |id: &str| users.iter().find(|user| user["id"] == *id).unwrap().get("externalId").cloned();
        assert_eq!(key_of(&adopted), Some("00002".into()), "{refused:?}");
        assert!(users.iter().any(|user| user["externalId"] == "someone-else"));
        assert!(users.iter().all(|user| user["externalId"] != "00001" && user["externalId"] != "00003"));
        assert!(users.iter().any(|user| user["externalId"] == "00000"), "the others go on: {refused:?}");
    });
}

#[test]
fn what_another_client_changes_is_put_right_and_what_it_adds_stays() {
    fly(async {
        let office = Office::open().await;
        office.settle(&everybody(8), &Manner::default()).await;
        let id = office.provider.users()[3]["id"].as_str().unwrap().to_owned();
        office.provider.edit(&id, |user| {
            user.insert("displayName".to_owned(), json!("Changed elsewhere"));
            user.insert("locale".to_owned(), json!("de-AT"));
            user.remove("emails");
        });
        office.settle(&everybody(8), &Manner::default()).await;
        let users = office.provider.users();
        let user = users.iter().find(|user| user["id"] == *id).unwrap();
        assert_eq!((user["locale"].as_str(), user["displayName"] == "Changed elsewhere"), (Some("de-AT"), false));
        assert_eq!(user["emails"][0]["type"], "work");
        assert_eq!(user["emails"].as_array().unwrap().len(), 1);
    });
}
