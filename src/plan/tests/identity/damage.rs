//! Records that are damaged on their way, beside people with undamaged records.

use proptest::prelude::*;

use super::*;

/// How a cell may be damaged.
#[derive(Clone, Debug)]
enum Damage {
    Key(&'static str),
    KeyOf(usize),
    NamesOf(usize),
    Given(&'static str),
    Surname(&'static str),
    MailOf(usize),
    PreviousKeyOf(usize),
    Held(HeldCode),
    Gone,
}

const PEOPLE: usize = 10;

fn person(number: usize) -> Desired {
    let given = ["Ada", "Bo", "Cleo", "Dana", "Eve"][number % 5];
    worker(&format!("{number:03}"), given, &format!("Stone{number}")).with("mail", &format!("p{number}@contoso.com"))
}

fn named(record: Desired, name: &str, text: &str) -> Desired {
    if text.is_empty() { record.without(name) } else { record.with(name, text) }
}

fn damaged(number: usize, damage: &Damage) -> Mapped {
    let record = person(number);
    let with_key = |mut record: Desired, text: &str| {
        record.key = key(text);
        record.with("employeeId", text)
    };
    Mapped::Desired(match damage {
        Damage::Key(before) => with_key(record, &format!("{before}{number}")),
        Damage::KeyOf(other) => with_key(record, &format!("{other:03}")),
        Damage::NamesOf(other) => {
            let given = ["Ada", "Bo", "Cleo", "Dana", "Eve"][other % 5];
            record.with("givenName", given).with("surname", &format!("Stone{other}"))
        }
        Damage::Given(text) => named(record, "givenName", text),
        Damage::Surname(text) => named(record, "surname", text),
        Damage::MailOf(other) => record.with("mail", &format!("p{other}@contoso.com")),
        Damage::PreviousKeyOf(other) => record.once(&format!("{other:03}")),
        Damage::Gone => {
            return Mapped::OutOfScope { key: None, previous_key: None, place: record.place, stage: None, damaged_key: false };
        }
        Damage::Held(code) => {
            return Mapped::Held(Held {
                key: Some(record.key),
                previous_key: None,
                place: Some(record.place),
                left: false,
                code: *code,
                message: "no".into(),
                help: "do".into(),
                candidates: Vec::new(),
                marks: Vec::new(),
                shown: Vec::new(),
            });
        }
    })
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        prop_oneof![Just(""), Just("E"), Just("00000"), Just("0O")].prop_map(Damage::Key),
        (0..PEOPLE).prop_map(Damage::KeyOf),
        (0..PEOPLE).prop_map(Damage::NamesOf),
        prop_oneof![Just(""), Just("Zoe"), Just("ADÁ")].prop_map(Damage::Given),
        prop_oneof![Just(""), Just("Zander"), Just("Stone1")].prop_map(Damage::Surname),
        (0..PEOPLE).prop_map(Damage::MailOf),
        (0..PEOPLE).prop_map(Damage::PreviousKeyOf),
        Just(Damage::Held(HeldCode::InvalidValue)),
        Just(Damage::Gone),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn damage_to_some_records_never_changes_the_access_of_the_others(
        damages in prop::collection::btree_map(0..PEOPLE, damage(), 1..5),
        missing: bool, always: bool, rehired in 0..PEOPLE,
    ) {
        let mut world = World::settled((0..PEOPLE).map(person).collect());
        world.lifecycle().disable_missing = missing;
        world.lifecycle().reenable_always = always;
        // One has left, and is in the file as before.
        let left = format!("{rehired:03}");
        world.user(&left).enabled = Some(false);
        world.known(&left).disabled_on = Some(date(2026, 1, 1));
        world.known(&left).leave_done = [LeaveAction::RevokeSessions].into();
        let whole = |number: usize| if number == rehired { person(number).left() } else { person(number) };
        let record = |number: usize| damages.get(&number).map_or_else(|| Mapped::Desired(whole(number)), |damage| damaged(number, damage));
        world.mapped = (0..PEOPLE).map(record).collect();
        let plan = world.plan();
        for number in (0..PEOPLE).filter(|number| !damages.contains_key(number)) {
            let account = id(&format!("id-{number:03}"));
            let access = plan.changes.iter().filter(|change| change.id.as_ref() == Some(&account));
            for change in access {
                prop_assert!(matches!(change.action, Action::Update), "{number}: {}", text(&plan));
                let renamed = change.attributes.iter().any(|edit| ["givenName", "surname", "employeeId", "mail"].contains(&edit.name.as_str()));
                prop_assert!(!renamed, "{number}: {}", text(&plan));
            }
        }
    }
}
