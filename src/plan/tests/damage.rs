//! No damage to the other cells of a leaver's record keeps the account open unseen. The records go through a real mapping.

use std::path::Path;

use proptest::prelude::*;
use proptest::sample::select;

use super::hr_file::*;
use super::world::*;
use crate::expr::Context;
use crate::mapping::{Mapped, Mapping};
use crate::plan::{Action, Change, Plan};

fn column(name: &str) -> usize {
    COLUMNS.iter().position(|column| *column == name).unwrap()
}

/// A company of six.
fn company() -> Vec<Row> {
    let people = [("Anna", "Berg"), ("Bela", "Cohn"), ("Carl", "Dorn"), ("Dana", "Egli"), ("Emil", "Fuchs"), ("Fay", "Graf")];
    let row = |(at, (first, last)): (usize, (&str, &str))| {
        let mail = format!("{first}.{last}@contoso.com").to_lowercase();
        let key = format!("100{at}");
        [&key, first, last, &mail, "IT", "Dev", "1", "DE", "+49 1", "1000", "2020-01-01", "", "Active", "Employee"]
            .map(str::to_owned)
    };
    people.into_iter().enumerate().map(row).collect()
}

fn mapped(rows: &[Row], world: &World) -> Vec<Mapped> {
    let mapping = Mapping::parse(MAPPING, Path::new("generic-csv.toml")).unwrap();
    let header = header();
    let bound = mapping.bind(&header).unwrap();
    let context = Context::on(world.today, Some("contoso.com".to_owned()));
    records(&header, rows).map(|record| bound.map(&record, &context)).collect()
}

/// The company, as a first night leaves it.
fn settled() -> World {
    let mut world = World::new(Vec::new());
    world.rules = Mapping::parse(MAPPING, Path::new("generic-csv.toml")).unwrap().rules().clone();
    world.mapped = mapped(&company(), &world);
    world.apply();
    world
}

/// What HR systems, spreadsheets and people put into a cell.
fn junk() -> impl Strategy<Value = String> {
    let words = [
        "",
        " ",
        "n/a",
        "#REF!",
        "=1+1",
        "Germany",
        "UK",
        "1001",
        "1000",
        "9999",
        "Bela",
        "Cohn",
        "bela.cohn@contoso.com",
        "ida@gmail.com",
        "@",
        "a@b@c",
        "Ger\nmany",
        "a\u{0}b",
        "\u{202e}nnA",
        "\u{200b}",
        "A\u{200b}nna",
        "31/02/2020",
        "0001-01-01",
        "9999-12-31",
        "2099-01-01",
        "soon",
        "Left the company",
        "NULL",
        "Б\u{43e}b",
        "’",
    ];
    let long = (60..500_usize, select(vec!["x", "é", "😀", "1"])).prop_map(|(length, letter)| letter.repeat(length));
    prop_oneof![4 => select(words.to_vec()).prop_map(str::to_owned), 1 => long, 1 => "\\PC{0,12}"]
}

/// The value by which HR says that a person is gone.
#[derive(Clone, Copy, Debug)]
enum Sign {
    Status,
    EndDate,
}

/// The row of a person that is gone, with other cells damaged.
fn leaver() -> impl Strategy<Value = (usize, Vec<Row>)> {
    let cells = || prop::collection::vec(prop::option::weighted(0.4, junk()), COLUMNS.len());
    let sign = || select(vec![Sign::Status, Sign::EndDate]);
    (0..6_usize, prop::collection::vec((sign(), cells()), 1..3)).prop_map(|(at, records)| {
        let damaged = |(sign, cells): (Sign, Vec<Option<String>>)| {
            let mut row = company()[at].clone();
            for (cell, junk) in row.iter_mut().zip(cells).skip(1) {
                *cell = junk.unwrap_or_else(|| cell.clone());
            }
            match sign {
                Sign::Status => row[column("Status")] = " terminated".into(),
                Sign::EndDate => row[column("TerminationDate")] = "2026-10-31".into(),
            }
            row
        };
        (at, records.into_iter().map(damaged).collect())
    })
}

fn without_places(plan: &Plan) -> Vec<Change> {
    plan.changes.iter().map(|change| Change { record: None, ..change.clone() }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_leaver_is_disabled_or_heads_the_report((at, records) in leaver()) {
        let mut world = settled();
        let key = format!("100{at}");
        let mut rows = company();
        rows.splice(at..=at, records);
        world.mapped = mapped(&rows, &world);
        let plan = world.plan();
        let disabled = plan.changes.iter().any(|change| change.key == key && change.action == Action::Disable);
        let heads = plan.held.iter().any(|entry| entry.left && entry.key.as_ref().is_some_and(|held| held.as_str() == key));
        prop_assert!(disabled || heads, "{}\n{rows:?}", text(&plan));
        prop_assert!(plan.held.is_empty() || !plan.attention().is_empty());
        prop_assert_eq!(plan.attention().iter().filter(|concern| concern.is_leaver()).count() > 0, heads);
        let closed: Vec<&str> = plan.changes.iter().filter(|change| change.action == Action::Disable).map(|change| &*change.key).collect();
        prop_assert!(closed.iter().all(|closed| *closed == key), "nobody else is disabled: {closed:?}");

        rows.reverse();
        world.mapped = mapped(&rows, &world);
        let reversed = world.plan();
        prop_assert_eq!(without_places(&plan), without_places(&reversed));
        prop_assert_eq!(&plan.fingerprint, &reversed.fingerprint);
        prop_assert_eq!(plan.summary.records, reversed.summary.records);

        world.apply();
        let again = world.plan();
        prop_assert!(again.changes.is_empty(), "{}", text(&again));
    }
}
