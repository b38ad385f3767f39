//! Values that only a create needs.

use super::*;

const MAPPING: &str = r#"
[attributes]
employeeId = "[Id]"
department = "[Dept]"
mailNickname = { expression = 'SelectUniqueValue([Nick], Append([Nick], [Id]))', when = "create" }
usageLocation = { expression = "[Country]", when = "create" }
[lifecycle]
status = "[Status]"
left = ["gone"]
"#;

fn unless_known(cells: &[(&str, &str)], known: bool) -> (Mapped, Mapped) {
    let mapping = parse(MAPPING).unwrap();
    let header = Arc::new(Header::new(cells.iter().map(|(name, _)| *name)).unwrap());
    let record = Record::from_text(
        Arc::clone(&header),
        Place { source: "hr.csv".into(), at: At::Line(2) },
        cells.iter().map(|(_, cell)| *cell),
    );
    let bound = mapping.bind(&header).unwrap();
    let context = Context::on(date(2026, 11, 20), None);
    (bound.map(&record, &context), bound.map_unless_known(&record, &context, |_| known))
}

fn cells<'c>(nick: &'c str, country: &'c str, status: &'c str) -> [(&'c str, &'c str); 5] {
    [("Id", "7"), ("Dept", "Claims"), ("Nick", nick), ("Country", country), ("Status", status)]
}

#[test]
fn a_person_without_an_account_is_mapped_as_a_whole() {
    for status in ["here", "gone"] {
        for (nick, country) in [("ann", "DE"), ("", "DE"), ("ann", ""), ("ann", "Nowhere"), ("a b", "DE")] {
            let (whole, lazy) = unless_known(&cells(nick, country, status), false);
            assert_eq!(whole, lazy, "{nick} {country} {status}");
        }
    }
}

#[test]
fn a_known_person_is_mapped_without_candidates() {
    let (whole, lazy) = unless_known(&cells("ann", "DE", "here"), true);
    let (whole, lazy) = (desired(whole), desired(lazy));
    assert_eq!(whole.attributes.len(), 4);
    let lasting: Vec<DesiredValue> =
        whole.attributes.iter().filter(|wanted| wanted.attribute.name != "mailNickname").cloned().collect();
    assert_eq!(lasting.len(), 3);
    assert_eq!(lazy, Desired { attributes: lasting, ..whole });
}

#[test]
fn candidates_that_are_invalid_do_not_hold_a_known_person() {
    let nick = "n".repeat(100);
    let (whole, lazy) = unless_known(&cells(&nick, "DE", "here"), true);
    assert_eq!(held(whole).code, HeldCode::InvalidValue);
    assert!(matches!(lazy, Mapped::Desired(_)));
}

#[test]
fn a_record_that_is_held_anyway_shows_all_of_its_problems_and_texts() {
    let mut cells = cells("ann", "Nowhere", "here");
    cells[1].1 = "#REF!";
    let (whole, lazy) = unless_known(&cells, true);
    let (whole, lazy) = (held(whole), held(lazy));
    assert_eq!(whole.message, lazy.message);
    assert_eq!(whole.marks, lazy.marks);
    assert!(lazy.marks.iter().any(|(attribute, _)| attribute.name == "mailNickname"));
}
