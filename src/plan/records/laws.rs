//! What holds of any packed record, whatever its user has.

use proptest::prelude::*;

use super::Packer;
use crate::directory::{ObjectId, Snapshot, TenantId, Upn, User, Value};
use crate::mapping::{Desired, DesiredValue, Flow, ManagerWanted, Mapped, When};
use crate::plan::change_origin::wanted;
use crate::plan::tests::world::{World, attribute, key, worker};
use crate::plan::{WishDigest, WishMap};

/// Attributes by their names, in an order that is not theirs.
const NAMES: [&str; 8] = [
    "surname",
    "otherMails",
    "employeeId",
    "userPrincipalName",
    "department",
    "accountEnabled",
    "employeeOrgData.division",
    "onPremisesExtensionAttributes.extensionAttribute1",
];

/// Few values, so that the record and the user often have the same.
fn value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![Just("1"), Just("Ops"), Just("ops"), Just("Österreich"), Just("ada@contoso.com"), Just("")];
    prop_oneof![
        6 => text.prop_map(Value::text),
        1 => any::<bool>().prop_map(Value::Flag),
        2 => prop::collection::vec(prop_oneof![Just("x"), Just("y")], 0..3)
            .prop_map(|items| Value::List(items.into_iter().map(Into::into).collect())),
    ]
}

fn flow() -> impl Strategy<Value = Flow> {
    prop_oneof![
        4 => value().prop_map(Flow::Set),
        1 => Just(Flow::Clear),
        1 => prop::collection::vec(value(), 0..3).prop_map(Flow::FirstFree),
    ]
}

fn record() -> impl Strategy<Value = Desired> {
    let attributes = prop::collection::vec((any::<bool>(), flow(), any::<bool>()), NAMES.len());
    (attributes, 0..3_usize).prop_map(|(attributes, manager)| {
        let mut record = worker("1", "Ada", "Lovelace");
        let of = |(name, (_, flow, once)): (&str, (bool, Flow, bool))| DesiredValue {
            attribute: attribute(name),
            flow,
            when: if once { When::Create } else { When::Always },
            expression: format!("[{name}]").into(),
        };
        let named = NAMES.into_iter().zip(attributes).filter(|(_, (there, ..))| *there);
        record.attributes = named.map(of).collect();
        record.manager = [ManagerWanted::Leave, ManagerWanted::Clear, ManagerWanted::Key(key("7"))][manager].clone();
        record
    })
}

fn user() -> impl Strategy<Value = Option<User>> {
    prop::option::of((prop::collection::vec(prop::option::of(value()), NAMES.len()), any::<bool>())).prop_map(|user| {
        let (values, enabled) = user?;
        let mut user = User::new(ObjectId::new("id-1").unwrap(), Upn::new("ada@contoso.com"));
        user.enabled = Some(enabled);
        let written = |name: &str| !["employeeId", "userPrincipalName", "accountEnabled"].contains(&name);
        for (name, value) in NAMES.into_iter().zip(values).filter(|(name, _)| written(name)) {
            value.map(|value| user.attributes.insert(attribute(name), value));
        }
        user.attributes.insert(attribute("employeeId"), Value::text("1"));
        Some(user)
    })
}

proptest! {
    #[test]
    fn a_packed_record_and_its_digest_are_those_of_the_record(record in record(), user in user()) {
        let mut snapshot = Snapshot::empty(TenantId("tenant".into()), "contoso.com");
        if let Some(user) = &user {
            snapshot.users.insert(user);
        }
        let people = Packer::new(&snapshot, &World::new(Vec::new()).rules).gather(vec![Mapped::Desired(record.clone())]);
        let number = people.numbers().next().unwrap();
        prop_assert!(people.mapped(number, &snapshot.users) == Mapped::Desired(record.clone()));
        let carried = || people.carried(number, &snapshot.users).unwrap().wishes;
        let wishes = wanted(&record);
        prop_assert_eq!(carried().digest(), WishDigest::of(&wishes));
        let mut each = WishMap::new();
        carried().each(|name, value| _ = each.insert(name.to_owned(), value.map(|value| value.to_value())));
        prop_assert_eq!(&each, &wishes);
        prop_assert_eq!(carried().values(), wishes);
        let row = people.row(number);
        let has = |wanted: &DesiredValue| match (&wanted.flow, row.is_settled()) {
            (Flow::Set(value), true) => user.as_ref().and_then(|user| user.value(wanted.attribute)).as_ref() == Some(value),
            (Flow::Clear, true) => user.as_ref().is_some_and(|user| user.value(wanted.attribute).is_none()),
            _ => true,
        };
        let lasting = record.attributes.iter().filter(|wanted| wanted.when == When::Always && wanted.attribute.name != "accountEnabled");
        prop_assert!(lasting.into_iter().all(has), "a settled row wants what the user has");
    }
}
