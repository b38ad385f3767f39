//! Rows of text in the columns of the generic mapping, read by that mapping.

use std::sync::Arc;

use crate::record::{At, Header, Place, Record};

/// The generic mapping, as it is shipped.
pub(super) const MAPPING: &str = include_str!("../../../mappings/generic-csv.toml");

/// The columns that it requires, in their order.
pub(super) const COLUMNS: [&str; 14] = [
    "EmployeeID",
    "FirstName",
    "LastName",
    "Email",
    "Department",
    "JobTitle",
    "CostCentre",
    "Country",
    "Mobile",
    "ManagerID",
    "HireDate",
    "TerminationDate",
    "Status",
    "WorkerType",
];

pub(super) type Row = [String; 14];

pub(super) fn header() -> Arc<Header> {
    Arc::new(Header::new(COLUMNS).unwrap())
}

/// The rows as records of a file with this header.
pub(super) fn records<'r>(header: &'r Arc<Header>, rows: &'r [Row]) -> impl Iterator<Item = Record> + 'r {
    (2..).zip(rows).map(|(line, row)| {
        let place = Place { source: "hr.csv".into(), at: At::Line(line) };
        Record::from_text(Arc::clone(header), place, row.iter().map(String::as_str))
    })
}
