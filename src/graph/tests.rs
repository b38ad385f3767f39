//! The room against the sandbox, with what real tenants do.

pub(super) mod stand_in;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use secrecy::SecretString;
use serde_json::json;

use super::*;
use crate::directory::{Attribute, ExtensionType, Kind, ObjectId, Upn, Value, all_attributes};
use crate::sandbox::{Fault, Faults, Options, Quota, Sandbox};
use crate::target::{Cause, Operation, Outcome, Refusal, SnapshotScope, TakenName};

async fn tenant(options: Options) -> (Sandbox, Reader, Writer) {
    let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), options).await.unwrap();
    let base = GraphUrl::new(&sandbox.url()).unwrap();
    let client = Client::connect(Settings::new(base), Credential::token(SecretString::from("token"))).unwrap();
    let client = Arc::new(client);
    (sandbox, Reader::new(Arc::clone(&client)), Writer::new(client))
}

fn seed(content: &serde_json::Value) -> (tempfile::NamedTempFile, Options) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), content.to_string()).unwrap();
    let options = Options { seed: Some(file.path().into()), ..Options::default() };
    (file, options)
}

fn attribute(name: &str) -> Attribute {
    Attribute::find(name).unwrap()
}

async fn domain(reader: &Reader) -> String {
    reader.organization().await.unwrap().default_domain.unwrap()
}

fn create(name: &str, domain: &str) -> Operation {
    let attributes = BTreeMap::from([
        (attribute("accountEnabled"), Value::Flag(true)),
        (attribute("displayName"), Value::text(name)),
        (attribute("mailNickname"), Value::text(name)),
        (attribute("employeeId"), Value::text(name)),
        (attribute("department"), Value::text("Claims")),
        (attribute("employeeOrgData.division"), Value::text("EMEA")),
        (attribute("employeeOrgData.costCenter"), Value::text("1")),
        (attribute("employeeHireDate"), Value::text("2026-01-01T00:00:00Z")),
        (attribute("userPrincipalName"), Value::text(format!("{name}@{domain}"))),
    ]);
    Operation::CreateUser { attributes, password: SecretString::from("Long-and-random-1x") }
}

fn wanted() -> SnapshotScope {
    let attributes = ["department", "employeeOrgData.division", "employeeOrgData.costCenter", "employeeHireDate"];
    SnapshotScope {
        attributes: attributes.map(attribute).into(),
        manager: true,
        groups: true,
        licenses: true,
        ..SnapshotScope::default()
    }
}

async fn done(writer: &Writer, operations: &[Operation]) -> Vec<Option<ObjectId>> {
    let answers = writer.send(operations.to_vec()).await;
    for (operation, answer) in operations.iter().zip(&answers) {
        assert!(answer.is_done(), "{}: {:?}", operation.name(), answer);
    }
    answers.into_iter().map(|answer| answer.id).collect()
}

#[tokio::test]
async fn an_empty_tenant_is_read_in_one_request() {
    let (_sandbox, reader, _) = tenant(Options::default()).await;
    let snapshot = reader.snapshot(&wanted()).await.unwrap();
    assert!(snapshot.users.is_empty());
    assert!(snapshot.default_domain.is_some());
    assert_eq!(reader.client().requests().sent, 1);
    let roles_alone = reader.snapshot(&SnapshotScope::default()).await.unwrap();
    assert!(roles_alone.groups.is_empty());
}

#[tokio::test]
async fn every_operation_lands_and_is_read_back() {
    let (_sandbox, reader, writer) = tenant(Options::default()).await;
    let domain = domain(&reader).await;
    let ids = done(&writer, &[create("ada", &domain), create("bob", &domain)]).await;
    let [ada, bob] = ids.map_ids();
    done(&writer, &[Operation::SetManager { user: ada.clone(), manager: bob.clone() }]).await;
    let edits =
        BTreeMap::from([(attribute("department"), None), (attribute("employeeOrgData.division"), Some(Value::text("APAC")))]);
    done(&writer, &[Operation::UpdateUser { id: ada.clone(), edits }, Operation::RevokeSessions { user: bob.clone() }]).await;
    let group = Operation::CreateGroup {
        unique_name: "hrpush-claims".into(),
        name: "Claims".into(),
        microsoft365: false,
        owners: vec![],
    };
    let group = done(&writer, &[group]).await.remove(0).unwrap();
    done(&writer, &[Operation::AddMembers { group: group.clone(), members: vec![ada.clone(), bob.clone()] }]).await;
    done(&writer, &[Operation::RemoveMember { group: group.clone(), member: bob.clone() }]).await;
    done(&writer, &[Operation::UpdateGroup { id: group.clone(), name: "Claims 2".into() }]).await;

    let snapshot = reader.snapshot(&wanted()).await.unwrap();
    let user = snapshot.users.get(&ada).unwrap();
    assert_eq!(user.manager, Some(bob.clone()));
    assert_eq!(user.text("department"), None);
    assert_eq!(user.text("employeeOrgData.division"), Some("APAC"));
    assert_eq!(user.text("employeeOrgData.costCenter"), Some("1"), "the other half stays");
    assert_eq!(snapshot.groups[&group].members, BTreeSet::from([ada.clone()]));
    assert_eq!(snapshot.groups[&group].unique_name.as_deref(), Some("hrpush-claims"));
    assert_eq!(snapshot.groups[&group].name, "Claims 2");
    assert!(reader.find_group("hrpush-claims").await.unwrap().is_some());

    done(&writer, &[Operation::ClearManager { user: ada.clone() }, Operation::DeleteUser { id: bob.clone() }]).await;
    let snapshot = reader.snapshot(&wanted()).await.unwrap();
    assert_eq!(snapshot.users.get(&ada).unwrap().manager, None);
    assert_eq!(snapshot.deleted[&bob].user.upn, Upn::new(format!("bob@{domain}")));
    assert!(reader.is_deleted(&bob).await.unwrap());
    done(&writer, &[Operation::RestoreUser { id: bob.clone(), upn: None }]).await;
    assert!(reader.user(&bob, &BTreeSet::new()).await.unwrap().is_some());
}

trait MapIds {
    fn map_ids<const N: usize>(self) -> [ObjectId; N];
}

impl MapIds for Vec<Option<ObjectId>> {
    fn map_ids<const N: usize>(self) -> [ObjectId; N] {
        let ids: Vec<ObjectId> = self.into_iter().flatten().collect();
        ids.try_into().unwrap()
    }
}

#[tokio::test]
async fn a_name_that_is_taken_and_a_second_membership_are_told_apart() {
    let (_sandbox, reader, writer) = tenant(Options::default()).await;
    let domain = domain(&reader).await;
    let ada = done(&writer, &[create("ada", &domain)]).await.remove(0).unwrap();
    let again = writer.send(vec![create("ada", &domain)]).await.remove(0);
    assert!(again.is_taken(TakenName::SignIn), "{again:?}");
    let group = Operation::CreateGroup { unique_name: "hrpush-a".into(), name: "A".into(), microsoft365: false, owners: vec![] };
    let group = done(&writer, &[group]).await.remove(0).unwrap();
    let add = Operation::AddMembers { group, members: vec![ada.clone()] };
    done(&writer, std::slice::from_ref(&add)).await;
    assert!(writer.send(vec![add]).await[0].refusal() == Some(&Refusal::AlreadyMember));
    let found = reader.find_user(&Upn::new(format!("nobody@{domain}")), Some((attribute("employeeId"), "ada"))).await.unwrap();
    assert_eq!(found.unwrap().id, ada);
    assert!(reader.find_user(&Upn::new("o'brien@x"), Some((attribute("employeeId"), "x' or 'a"))).await.unwrap().is_none());
}

#[tokio::test]
async fn a_look_up_by_each_attribute_is_one_that_graph_answers() {
    let app = "extension_0123456789abcdef0123456789abcdef_";
    let types = [("String", "o'brien"), ("Integer", "7"), ("LargeInteger", "7"), ("Boolean", "true"), ("DateTime", "2026-01-31")];
    let definitions = types.map(|(kind, _)| json!({ "name": format!("{app}lookup{kind}"), "dataType": kind }));
    let (_file, options) = seed(&json!({ "extensionProperties": definitions }));
    let (_sandbox, reader, _) = tenant(options).await;
    let nobody = Upn::new("nobody@contoso.com");
    let of_user = all_attributes().filter(|attribute| !matches!(attribute.kind, Kind::Flag | Kind::Date));
    for attribute in of_user.filter(|attribute| !attribute.read_only) {
        let found = reader.find_user(&nobody, Some((attribute, "o'brien@x.com"))).await;
        assert!(found.is_ok_and(|found| found.is_none()), "{attribute}");
    }
    for (kind, value) in types {
        let attribute = attribute(&format!("{app}lookup{kind}"));
        attribute.set_extension_type(ExtensionType::find(kind).unwrap());
        let found = reader.find_user(&nobody, Some((attribute, value))).await;
        assert!(found.is_ok_and(|found| found.is_none()), "{attribute}");
    }
}

#[tokio::test]
async fn pages_are_followed_to_their_end_and_repeated_items_merged() {
    let users: Vec<_> = (0..2_100)
        .map(|n| {
            json!({ "displayName": format!("U {n}"), "mailNickname": format!("u{n}"), "accountEnabled": true,
            "userPrincipalName": format!("u{n}@sandbox.example"), "employeeId": n.to_string() })
        })
        .collect();
    let (_file, mut options) = seed(&json!({ "domains": ["sandbox.example"], "users": users }));
    options.faults = Faults::none().at(Fault::DuplicatePage, 1);
    let (_sandbox, reader, _) = tenant(options).await;
    assert_eq!(reader.snapshot(&wanted()).await.unwrap().users.len(), 2_100);
}

#[tokio::test]
async fn a_link_to_another_host_stops_the_reading() {
    let users: Vec<_> = (0..1_100)
        .map(|n| {
            json!({ "displayName": "U", "mailNickname": format!("u{n}"), "accountEnabled": true,
            "userPrincipalName": format!("u{n}@sandbox.example") })
        })
        .collect();
    let (_file, mut options) = seed(&json!({ "domains": ["sandbox.example"], "users": users }));
    options.faults = Faults::none().at(Fault::ForeignLink, 1);
    let (_sandbox, reader, _) = tenant(options).await;
    assert!(matches!(reader.snapshot(&wanted()).await, Err(GraphError::Link { .. })));
}

#[tokio::test]
async fn an_answer_that_breaks_off_leaves_writes_unknown() {
    for fault in [Fault::Truncate, Fault::ResetBefore, Fault::ResetAfter] {
        let (sandbox, reader, writer) = tenant(Options::default()).await;
        let domain = domain(&reader).await;
        sandbox.trouble(Faults::none().at(fault, 1));
        let answer = writer.send(vec![create("ada", &domain)]).await.remove(0);
        assert_eq!(answer.outcome, Outcome::Unknown(Cause::Transport), "{fault:?}: {answer:?}");
    }
}

#[tokio::test]
async fn reads_sit_out_what_a_service_does() {
    let (sandbox, reader, _) = tenant(Options::default()).await;
    sandbox.trouble(Faults::none().at(Fault::ResetBefore, 1).at(Fault::Truncate, 2).at(Fault::Status(503), 3));
    assert!(reader.snapshot(&wanted()).await.is_ok());
}

#[tokio::test]
async fn the_whole_bucket_is_written_without_a_429() {
    // So slow a refill adds nothing that would be seen while the test runs.
    let scale = 1e-6;
    let options = Options { quota: Quota::scaled(scale), ..Options::default() };
    let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), options).await.unwrap();
    let settings = Settings { scale, ..Settings::new(GraphUrl::new(&sandbox.url()).unwrap()) };
    let client = Arc::new(Client::connect(settings, Credential::token(SecretString::from("token"))).unwrap());
    let (reader, writer) = (Reader::new(Arc::clone(&client)), Writer::new(client));
    let domain = domain(&reader).await;
    let ada = done(&writer, &[create("ada", &domain)]).await.remove(0).unwrap();
    let revoke = vec![Operation::RevokeSessions { user: ada }; 200];
    done(&writer, &revoke).await;
    assert_eq!(sandbox.requests().throttled, 0);
    let requests = reader.client().requests();
    assert_eq!((requests.writes, requests.throttled), (201, 0));
    assert!((2_498.0..2_500.0).contains(&reader.client().level().writes), "{:?}", reader.client().level());
}

#[tokio::test]
async fn role_holders_and_members_of_protected_groups_are_known() {
    let user = |name: &str| {
        json!({ "id": format!("00000000-0000-0000-0000-00000000000{name}"), "displayName": name,
        "mailNickname": name, "accountEnabled": true, "userPrincipalName": format!("{name}@sandbox.example") })
    };
    let id = |name: &str| format!("00000000-0000-0000-0000-00000000000{name}");
    let (_file, options) = seed(&json!({
        "domains": ["sandbox.example"],
        "users": [user("1"), user("2"), user("3")],
        "groups": [
            { "id": id("a"), "displayName": "Admins", "mailNickname": "a", "mailEnabled": false, "securityEnabled": true,
              "isAssignableToRole": true, "members": [id("2")] },
            { "id": id("c"), "displayName": "BatchItem", "mailNickname": "c", "mailEnabled": false, "securityEnabled": true, "members": [id("3")] },
            { "id": id("b"), "displayName": "Outer", "mailNickname": "b", "mailEnabled": false, "securityEnabled": true, "members": [id("c")] }
        ],
        "roleAssignments": [{ "id": "r", "principalId": id("1"), "roleDefinitionId": id("9"), "directoryScopeId": "/" }]
    }));
    let (_sandbox, reader, _) = tenant(options).await;
    let wanted = SnapshotScope { protected_groups: BTreeSet::from(["Outer".into()]), ..SnapshotScope::default() };
    let snapshot = reader.snapshot(&wanted).await.unwrap();
    let object = |name: &str| ObjectId::new(&id(name)).unwrap();
    let privileged: Vec<_> = snapshot.privileged.principals.keys().cloned().collect();
    assert_eq!(privileged, [object("1"), object("2")]);
    assert!(snapshot.groups[&object("b")].members.contains(&object("3")));
}

#[tokio::test]
async fn without_rules_for_groups_those_with_addresses_are_read_all_the_same() {
    let id = |name: &str| format!("00000000-0000-0000-0000-00000000000{name}");
    let list = |name: &str, more: serde_json::Value| {
        let mut group =
            json!({ "id": id(name), "displayName": name, "mailNickname": name, "securityEnabled": false, "mailEnabled": true });
        group.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        group
    };
    let domain = json!({ "id": "fed.example", "authenticationType": "Federated", "isVerified": true, "isDefault": false });
    let (_file, options) = seed(&json!({
        "domains": ["sandbox.example", domain],
        "groups": [
            list("a", json!({ "mail": "A@sandbox.example", "proxyAddresses": ["SMTP:A@sandbox.example", "smtp:Alias@sandbox.example"] })),
            list("b", json!({ "groupTypes": ["Unified"], "proxyAddresses": ["smtp:b@sandbox.example"] })),
            list("c", json!({ "mailEnabled": false, "securityEnabled": true }))
        ]
    }));
    let (_sandbox, reader, _) = tenant(options).await;
    let snapshot = reader.snapshot(&SnapshotScope::default()).await.unwrap();
    let addresses = |name: &str| {
        snapshot
            .groups
            .get(&ObjectId::new(&id(name)).unwrap())
            .map(|group| group.addresses.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(addresses("a"), Some(vec!["a@sandbox.example".into(), "alias@sandbox.example".into()]));
    assert_eq!(addresses("b"), Some(vec!["b@sandbox.example".into()]));
    assert_eq!(addresses("c"), None);
    assert_eq!(snapshot.federated_domains.iter().collect::<Vec<_>>(), ["fed.example"]);
}
