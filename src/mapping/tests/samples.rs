//! The samples and, where `HRPUSH_SHARED` points at their folder, real exports, through the built-in mappings.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::date;

use crate::expr::Context;
use crate::mapping::*;
use crate::source::{CsvSettings, read_csv};

/// Reads a file and maps it by the built-in mapping that fits it.
fn through(path: &Path) -> (&'static str, Vec<Mapped>) {
    let reading = read_csv(&[path.to_path_buf()], &CsvSettings::default()).unwrap_or_else(|errors| panic!("{errors}"));
    let names: Vec<&str> = reading.header.names().collect();
    let (file, text) = choose(&names).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mapping = Mapping::parse(text, Path::new(file)).unwrap();
    let bound = mapping.bind(&reading.header).unwrap_or_else(|errors| panic!("{errors}"));
    let context = Context::on(date(2026, 11, 20), Some("contoso.com".to_owned()));
    (file, reading.records.held().unwrap().iter().map(|record| bound.map(record, &context)).collect())
}

fn held(mapped: &[Mapped]) -> Vec<&Held> {
    mapped.iter().filter_map(|mapped| if let Mapped::Held(held) = mapped { Some(held) } else { None }).collect()
}

fn stages(mapped: &[Mapped]) -> BTreeMap<&'static str, usize> {
    let mut stages = BTreeMap::new();
    for mapped in mapped {
        if let Mapped::Desired(desired) = mapped {
            *stages.entry(stage_name(desired.stage)).or_default() += 1;
        }
    }
    stages
}

fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Upcoming { .. } => "upcoming",
        Stage::PreHire { .. } => "pre-hire",
        Stage::Active { .. } => "active",
        Stage::Left { .. } => "left",
    }
}

#[test]
fn nobody_of_the_samples_is_held() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let (file, mapped) = through(&samples.join("employees.csv"));
    assert_eq!(file, "generic-csv.toml");
    assert!(held(&mapped).is_empty(), "{:#?}", held(&mapped));
    assert_eq!(stages(&mapped), BTreeMap::from([("active", 52), ("left", 5), ("upcoming", 3)]));
    let (_, mapped) = through(&samples.join("employees-next-month.csv"));
    assert!(held(&mapped).is_empty(), "{:#?}", held(&mapped));
    assert_eq!(stages(&mapped), BTreeMap::from([("active", 55), ("left", 6), ("upcoming", 3)]));
}

#[test]
fn real_exports_choose_their_mapping_and_map() {
    let Some(data) = std::env::var_os("HRPUSH_SHARED").map(|shared| PathBuf::from(shared).join("data")) else { return };
    for (path, mapping, held_at_most) in [
        ("entra-sample-csv/csv-with-1000-records.csv", "entra-sample-csv.toml", 0),
        ("entra-sample-csv/csv-with-2-records.csv", "entra-sample-csv.toml", 0),
        ("entra-sample-csv/sample1/contractorData.csv", "entra-sample-csv.toml", 0),
        ("employees-testdb-10k/hr_export_current.csv", "employees-testdb-csv.toml", 0),
        ("adventureworks-hr/hr_export.csv", "adventureworks-csv.toml", 0),
        ("uk-organogram-dcms/dcms.csv", "uk-organogram-csv.toml", 528),
        ("midpoint-hr-csv/evolveum-hr.csv", "midpoint-evolveum-csv.toml", 0),
        ("midpoint-hr-csv/hris_demo-export-initial.csv", "midpoint-hris-csv.toml", 0),
        ("midpoint-hr-csv/hris_demo-initial_data.csv", "midpoint-hris-csv.toml", 0),
        ("midpoint-hr-csv/alice-hr.csv", "midpoint-alice-csv.toml", 0),
        ("midpoint-hr-csv/hogwarts-accounts.csv", "midpoint-hogwarts-csv.toml", 0),
        ("midpoint-hr-csv/midprivacy-hr.csv", "midpoint-midprivacy-csv.toml", 0),
        ("midpoint-hr-csv/midpoint-hr.csv", "midpoint-hr-csv.toml", 0),
        ("midpoint-hr-csv/simulation-tutorial-hr.csv", "midpoint-simulation-csv.toml", 0),
    ] {
        let (file, mapped) = through(&data.join(path));
        assert_eq!(file, mapping, "{path}");
        let held = held(&mapped);
        assert!(held.len() <= held_at_most, "{path}: {} held, first {:?}", held.len(), held.first());
    }
}
