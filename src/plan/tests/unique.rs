use std::collections::BTreeSet;

use super::world::*;
use crate::directory::{DeletedUser, Group, GroupKind, UserType, Value};
use crate::plan::{FormerAddress, Plan};

fn ada() -> crate::mapping::Desired {
    worker("1", "Ada", "Lovelace")
}

fn bob() -> crate::mapping::Desired {
    worker("2", "Bob", "Boss")
}

/// A group of that kind with these addresses, which hrpush does not know.
fn mailing(world: &mut World, name: &str, kind: GroupKind, addresses: &[&str]) {
    let addresses: BTreeSet<Box<str>> = addresses.iter().map(|address| address.to_lowercase().into()).collect();
    let of = Group { kind, addresses, unique_name: None, ..group(name, name) };
    world.snapshot.groups.insert(id(name), of);
}

/// The messages of everything that is held.
fn held(plan: &Plan) -> String {
    let each = plan.held.iter().map(|held| {
        assert!(!held.help.is_empty(), "{}", held.message);
        format!("{} {}: {}", held.key.as_ref().unwrap(), held.code.as_str(), held.message)
    });
    each.collect::<Vec<_>>().join("\n")
}

/// The account of an earlier run lies in the recycle bin, put there by hrpush.
fn deleted(world: &mut World, number: &str, addresses: &[&str]) {
    let account = world.ledger.people[&key(number)].id.clone();
    let mut user = world.snapshot.users.remove(&account).unwrap();
    user.proxy_addresses = addresses.iter().map(|address| (*address).into()).collect();
    user.enabled = Some(false);
    world.snapshot.deleted.insert(account, DeletedUser { user, deleted_at: None });
    world.known(number).deleted_on = Some(TODAY);
    world.known(number).disabled_on = Some(TODAY);
}

#[test]
fn a_candidate_that_is_an_address_of_any_group_is_passed_over() {
    for kind in [GroupKind::Security, GroupKind::Microsoft365, GroupKind::MailEnabled] {
        let mut world = World::new(vec![ada()]);
        mailing(&mut world, "Forward", kind, &["other@contoso.com", "Ada.Lovelace@contoso.com"]);
        let plan = world.apply();
        assert_eq!(plan.changes[0].user_principal_name.as_deref(), Some("ada.lovelace2@contoso.com"));
        assert_eq!(world.text(), "");
    }
}

#[test]
fn every_candidate_that_is_taken_is_listed_with_its_owner() {
    let mut world = World::new(vec![ada()]);
    mailing(&mut world, "Forward", GroupKind::MailEnabled, &["ada.lovelace@contoso.com"]);
    world.stranger("eve").proxy_addresses = vec!["smtp:Ada.Lovelace2@contoso.com".into()];
    assert_eq!(
        held(&world.plan()),
        "1 name-taken: none of the 2 candidates for userPrincipalName is free: ada.lovelace@contoso.com is taken by the group \
         Forward, ada.lovelace2@contoso.com is taken by the user eve@contoso.com"
    );
    assert_eq!(world.plan().changes.len(), 0);
}

#[test]
fn a_mail_that_is_an_address_of_a_group_is_held_with_the_group() {
    let message = "1 name-taken: mail: Team@contoso.com is taken by the group Team";
    let wanted = || ada().with("mail", "Team@contoso.com");
    for joins in [true, false] {
        let mut world = if joins { World::new(vec![wanted()]) } else { World::settled(vec![ada()]) };
        mailing(&mut world, "Team", GroupKind::Microsoft365, &["team@contoso.com"]);
        world.hr(vec![wanted()]);
        assert_eq!(held(&world.plan()), message);
        assert_eq!(world.plan().changes.len(), 0);
        world.apply();
        assert_eq!(held(&world.plan()), message);
        // The group gives the address up.
        world.snapshot.groups.clear();
        assert_eq!(world.apply().changes.len(), 1);
        assert_eq!(world.text(), "");
    }
}

#[test]
fn an_address_that_a_person_shares_with_a_group_already_is_no_matter() {
    let mut world = World::settled(vec![ada().with("mail", "team@contoso.com")]);
    mailing(&mut world, "Team", GroupKind::Microsoft365, &["team@contoso.com"]);
    world.hr(vec![ada().with("mail", "Team@contoso.com").with("city", "Graz")]);
    assert_eq!(world.text(), "update 1 city:->Graz (mapped)");
}

#[test]
fn the_owner_of_a_taken_name_is_named() {
    let wanted = || vec![ada(), bob().with("mail", "x@contoso.com")];
    let of = |prepare: &dyn Fn(&mut World)| {
        let mut world = World::settled(vec![ada(), bob()]);
        prepare(&mut world);
        world.hr(wanted());
        held(&world.plan())
    };
    let guest = of(&|world: &mut World| {
        let mut eve = world.stranger("eve");
        eve.user_type = UserType::Guest;
        eve.attributes.insert(attribute("mail"), Value::text("X@contoso.com"));
    });
    assert_eq!(guest, "2 name-taken: mail: x@contoso.com is taken by the user eve@contoso.com");
    let bin = of(&|world: &mut World| {
        world.stranger("zoe").proxy_addresses = vec!["smtp:x@contoso.com".into()];
        let user = world.snapshot.users.remove(&id("zoe")).unwrap();
        world.snapshot.deleted.insert(id("zoe"), DeletedUser { user, deleted_at: None });
    });
    assert_eq!(bin, "2 name-taken: mail: x@contoso.com is taken by the deleted user zoe@contoso.com");
    let former = of(&|world: &mut World| {
        world.ledger.addresses.push(FormerAddress { address: "x@contoso.com".into(), key: key("9"), until: TODAY });
    });
    assert_eq!(
        former,
        "2 name-taken: mail: x@contoso.com is taken by 9, in use until 2026-11-20; `[names] reuse_after` keeps it free for now"
    );
    let mut world = World::settled(vec![ada(), bob()]);
    world.hr(vec![ada().with("mail", "x@contoso.com"), bob().with("mail", "X@contoso.com")]);
    assert_eq!(held(&world.plan()), "2 name-taken: mail: X@contoso.com is taken by 1 in this plan");
}

#[test]
fn a_deleted_account_one_of_whose_addresses_is_taken_is_not_restored() {
    let addresses = ["SMTP:ada.lovelace@contoso.com", "smtp:ada.maiden@contoso.com"];
    let taken = |by: &str| {
        format!(
            "1 name-taken: the deleted account ada.lovelace@contoso.com cannot be restored: its address ada.maiden@contoso.com is \
             taken by {by} by now"
        )
    };
    let mut world = World::settled(vec![ada(), bob()]);
    deleted(&mut world, "1", &addresses);
    world.user("2").proxy_addresses = vec!["smtp:Ada.Maiden@contoso.com".into()];
    assert_eq!(held(&world.plan()), taken("the user bob.boss@contoso.com"));
    world.apply();
    assert_eq!(held(&world.plan()), taken("the user bob.boss@contoso.com"));
    assert_eq!(world.plan().changes.len(), 0);

    world.user("2").proxy_addresses.clear();
    mailing(&mut world, "Maidens", GroupKind::MailEnabled, &["ada.maiden@contoso.com"]);
    assert_eq!(held(&world.plan()), taken("the group Maidens"));

    world.snapshot.groups.clear();
    assert!(world.text().starts_with("restore 1"), "{}", world.text());
    world.apply();
    assert_eq!(world.text(), "");
}

#[test]
fn a_taken_mail_of_a_deleted_account_holds_the_restore_whatever_hr_wants_now() {
    let mut world = World::settled(vec![ada().with("mail", "ada@contoso.com"), bob()]);
    deleted(&mut world, "1", &[]);
    mailing(&mut world, "Team", GroupKind::Microsoft365, &["ada@contoso.com"]);
    world.hr(vec![ada().with("mail", "new@contoso.com"), bob()]);
    assert_eq!(
        held(&world.plan()),
        "1 name-taken: the deleted account ada.lovelace@contoso.com cannot be restored: its address ada@contoso.com is taken by the \
         group Team by now"
    );
}

#[test]
fn a_taken_sign_in_name_alone_moves_to_the_next_candidate() {
    let mut world = World::settled(vec![ada(), bob()]);
    deleted(&mut world, "1", &[]);
    mailing(&mut world, "Forward", GroupKind::MailEnabled, &["ada.lovelace@contoso.com"]);
    let text = world.text();
    assert!(text.contains("userPrincipalName:ada.lovelace@contoso.com>ada.lovelace2@contoso.com"), "{text}");
    world.apply();
    assert_eq!(world.text(), "");

    // Its own mail is the same address: that one comes back in any case.
    let mut world = World::settled(vec![ada(), bob()]);
    deleted(&mut world, "1", &["SMTP:Ada.Lovelace@contoso.com"]);
    mailing(&mut world, "Forward", GroupKind::MailEnabled, &["ada.lovelace@contoso.com"]);
    assert!(held(&world.plan()).contains("its address Ada.Lovelace@contoso.com is taken by the group Forward"));

    // No candidates at all.
    let mut fixed = ada();
    fixed.attributes.retain(|wanted| wanted.attribute.name != "userPrincipalName");
    let mut world = World::settled(vec![ada(), bob()]);
    deleted(&mut world, "1", &[]);
    mailing(&mut world, "Forward", GroupKind::MailEnabled, &["ada.lovelace@contoso.com"]);
    world.hr(vec![fixed, bob()]);
    assert!(held(&world.plan()).contains("cannot be restored"), "{}", held(&world.plan()));
}

#[test]
fn of_two_deleted_accounts_with_one_address_the_first_comes_back() {
    let mut world = World::settled(vec![ada(), bob()]);
    deleted(&mut world, "1", &["smtp:desk@contoso.com"]);
    deleted(&mut world, "2", &["smtp:Desk@contoso.com"]);
    let plan = world.plan();
    assert_eq!(plan.changes.len(), 1);
    assert!(held(&plan).starts_with("2 name-taken"), "{}", held(&plan));
    assert!(held(&plan).contains("Desk@contoso.com is taken by 1 in this plan"), "{}", held(&plan));
    world.apply();
    assert!(held(&world.plan()).contains("taken by the user ada.lovelace@contoso.com"), "{}", held(&world.plan()));
}

#[test]
fn a_joiner_of_a_federated_domain_is_held_unless_the_mapping_sets_the_immutable_id() {
    let mut world = World::new(vec![ada(), bob().with("onPremisesImmutableId", "abc")]);
    world.snapshot.federated_domains.insert("contoso.com".into());
    let plan = world.apply();
    assert_eq!(plan.changes.iter().map(|change| change.key.as_str()).collect::<Vec<_>>(), ["2"]);
    assert!(
        held(&plan).starts_with("1 invalid-value: userPrincipalName: the domain `contoso.com` is federated"),
        "{}",
        held(&plan)
    );
    assert_eq!(world.text(), "held 1 invalid-value");
    world.snapshot.federated_domains.clear();
    assert!(world.text().starts_with("create 1"));
}

#[test]
fn a_rename_into_a_federated_domain_is_held_and_one_within_it_is_not() {
    let renamed = |text: &str| vec![ada().with("userPrincipalName", text).with("city", "Graz")];
    let mut world = World::settled(vec![ada()]);
    world.snapshot.domains.insert("fed.example".into());
    world.snapshot.federated_domains.insert("fed.example".into());
    world.hr(renamed("ada@fed.example"));
    assert_eq!(world.text(), "held 1 invalid-value");
    world.snapshot.federated_domains.insert("contoso.com".into());
    assert!(world.text().starts_with("update 1"), "{}", world.text());
    world.apply();
    assert_eq!(world.text(), "");
}

/// The records with one key are in different parts: both are mapped again, and the people between them are not.
#[test]
fn parts_with_records_in_doubt_are_made_whole() {
    let workers: Vec<_> = (0..1_100).map(|n| worker(&n.to_string(), "Ada", &format!("Lovelace{n}"))).collect();
    let mut world = World::settled(workers.clone());
    assert_eq!(world.text(), "");
    world.hr(workers.into_iter().chain([worker("7", "Eve", "Other")]).collect());
    let plan = world.plan();
    assert_eq!(plan.held.iter().filter(|held| held.key == Some(key("7"))).count(), 2);
    assert_eq!((plan.held.len(), plan.changes.len()), (2, 0));
}
