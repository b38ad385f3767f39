//! Which groups an app may write, and with whom.

use serde_json::{Map, json};

use super::super::*;
use super::house::*;

/// The status of each kind of write on a group.
async fn writes(tenant: &Sandbox, number: u32) -> [u16; 6] {
    let member = if number == 14 { id(3) } else { id(1) };
    let path = format!("/groups/{}", id(number));
    [
        write(tenant, "PATCH", &path, json!({ "description": "x" })).await.0,
        write(tenant, "POST", &format!("{path}/members/$ref"), link(tenant, 2)).await.0,
        bare(tenant, "DELETE", &format!("{path}/members/{member}/$ref")).await,
        write(tenant, "POST", &format!("{path}/owners/$ref"), link(tenant, 2)).await.0,
        bare(tenant, "DELETE", &format!("{path}/owners/{member}/$ref")).await,
        bare(tenant, "DELETE", &path).await,
    ]
}

#[tokio::test]
async fn only_some_kinds_of_groups_can_be_written() {
    let tenant = house(Options::default()).await;
    assert_eq!(writes(&tenant, 10).await, [204; 6], "security");
    assert_eq!(writes(&tenant, 11).await, [204; 6], "Microsoft 365");
    assert_eq!(writes(&tenant, 12).await, [403; 6], "mail-enabled security");
    assert_eq!(writes(&tenant, 13).await, [403; 6], "distribution list");
    assert_eq!(writes(&tenant, 14).await, [403; 6], "role-assignable");
    assert_eq!(writes(&tenant, 15).await, [204, 403, 403, 204, 204, 204], "dynamic");
    assert_eq!(writes(&tenant, 16).await, [400; 6], "on premises");
    let allowed = ["Group.ReadWrite.All", "GroupMember.ReadWrite.All", "RoleManagement.ReadWrite.Directory"];
    let permissions = Some(allowed.map(str::to_owned).into());
    let tenant = house(Options { permissions, ..Options::default() }).await;
    assert_eq!(writes(&tenant, 14).await, [204; 6], "role-assignable, with the permission");
}

#[tokio::test]
async fn members_are_of_the_right_kind_and_the_last_owner_stays() {
    let tenant = house(Options::default()).await;
    let members = |number| format!("/groups/{}/members/$ref", id(number));
    assert_eq!(write(&tenant, "POST", &members(10), link(&tenant, 17)).await.0, 204, "a security group in another");
    assert_eq!(write(&tenant, "POST", &members(10), link(&tenant, 11)).await.0, 400, "a Microsoft 365 group in a security group");
    assert_eq!(write(&tenant, "POST", &members(11), link(&tenant, 17)).await.0, 400, "a group in a Microsoft 365 group");
    assert_eq!(write(&tenant, "POST", &members(10), link(&tenant, 10)).await.0, 400, "a group in itself");
    assert_eq!(write(&tenant, "POST", &members(10), json!({})).await.0, 400, "no reference");
    assert_eq!(bare(&tenant, "DELETE", &format!("/groups/{}/owners/{}/$ref", id(10), id(1))).await, 400, "the last owner");
    // Without the `/$ref` a member is deleted; somebody who is no member is not there.
    assert_eq!(bare(&tenant, "DELETE", &format!("/groups/{}/members/{}", id(10), id(2))).await, 404);
    assert_eq!(get(&tenant, &format!("/users/{}", id(2))).await.0, 200);
    assert_eq!(bare(&tenant, "DELETE", &format!("/groups/{}/members/{}", id(10), id(1))).await, 204);
    assert_eq!(get(&tenant, &format!("/users/{}", id(1))).await.0, 404);
}

#[tokio::test]
async fn groups_have_their_rules_too() {
    let tenant = house(Options::default()).await;
    let with = |more: Value| {
        let mut group = json!({ "displayName": "G", "mailNickname": "g", "mailEnabled": false, "securityEnabled": true });
        group.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_else(Map::new));
        group
    };
    let creates = [
        (400, json!({ "groupTypes": ["Nope"] })),
        (400, json!({ "visibility": "HiddenMembership" })),
        (400, json!({ "mailEnabled": true })),
        (400, json!({ "groupTypes": ["DynamicMembership"] })),
        (400, json!({ "membershipRule": "x" })),
        (403, json!({ "isAssignableToRole": true })),
        (400, json!({ "allowExternalSenders": true })),
        (201, json!({ "resourceBehaviorOptions": ["WelcomeEmailDisabled"] })),
    ];
    for (status, more) in creates {
        assert_eq!(write(&tenant, "POST", "/groups", with(more.clone())).await.0, status, "{more}");
    }
    let updates = [
        (400, json!({ "isAssignableToRole": true })),
        (400, json!({ "resourceBehaviorOptions": ["WelcomeEmailDisabled"] })),
        (400, json!({ "visibility": "HiddenMembership" })),
        (400, json!({ "mailNickname": "a.b" })),
        (400, json!({ "allowExternalSenders": true, "description": "x" })),
        (200, json!({ "allowExternalSenders": true })),
        (204, json!({ "DisplayName": "New" })),
    ];
    for (status, body) in updates {
        assert_eq!(write(&tenant, "PATCH", &format!("/groups/{}", id(11)), body.clone()).await.0, status, "{body}");
    }
}
