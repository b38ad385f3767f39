//! Several files with different columns, joined by a key: persons plus contracts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Reading;
use super::error::{Fault, FaultKind, SourceErrors};
use super::files::source_file::joint_sum;
use super::join_keys::{JoinKeys, Side};
use crate::diagnostic::{Note, NoteCode};
use crate::record::{Cell, Header, Record, Value, trimmed};

/// How a second file is joined to the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JoinRule {
    /// The column of the first file that holds the key.
    pub key: String,
    /// The column of the second file that holds it; the same name where it is left out.
    pub other_key: Option<String>,
    /// The prefix for the names of the second file's columns.
    pub prefix: String,
}

/// Adds the columns of another reading to the records with the same key. A person with several rows there becomes several
/// records, for a row rule to choose from or to be held as a duplicate. A person without a row gets empty cells.
///
/// A damaged key joins nothing, but it may be the key of a record. Such records are marked [in doubt](Record::in_doubt), so that the
/// mapping holds them instead of taking the empty cells for what HR says.
///
/// # Errors
/// A key column that is missing, or a column that both have.
pub fn join(reading: Reading, other: &Reading, rule: &JoinRule) -> Result<Reading, SourceErrors> {
    let key = position(&reading, &rule.key)?;
    let other_key = position(other, rule.other_key.as_deref().unwrap_or(&rule.key))?;
    let added: Vec<usize> = (0..other.header.len()).filter(|&column| column != other_key).collect();
    let own = reading.header.names().map(str::to_owned);
    let theirs: Vec<&str> = other.header.names().collect();
    let names = own.chain(added.iter().map(|&column| format!("{}{}", rule.prefix, theirs[column])));
    let header = Header::new(names)
        .map_err(|name| Fault::of_file(&other.name, FaultKind::SharedColumn { name, first: reading.name.clone().into() }))?;
    let header = Arc::new(header);
    let mut rows: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    let others = other.records.held()?;
    for record in others.iter() {
        rows.entry(text(record, other_key)).or_default().push(record);
    }
    let mut keys = JoinKeys::default();
    for (key, rows) in &rows {
        keys.add(key, || rows.iter().any(|row| added.iter().any(|&column| !text(row, column).is_empty())));
    }
    let own_side = Side { source: &reading.name, column: &rule.key };
    let other_side = Side { source: &other.name, column: rule.other_key.as_ref().unwrap_or(&rule.key) };
    let mut met: BTreeSet<&str> = BTreeSet::new();
    let (mut records, mut without) = (Vec::with_capacity(reading.records.len()), 0_u64);
    for record in reading.records.held()?.iter() {
        let key = text(record, key);
        let found = rows.get_key_value(key).filter(|(key, _)| !key.is_empty());
        let doubt = keys.doubt(key, found.is_some(), own_side, other_side);
        let marked = |record: Record| match &doubt {
            Some(doubt) => record.in_doubt(doubt.clone()),
            None => record,
        };
        let Some((key, found)) = found else {
            without += 1;
            records.push(marked(joined(&header, record, None, &added)));
            continue;
        };
        met.insert(key);
        records.extend(found.iter().map(|other| marked(joined(&header, record, Some(other), &added))));
    }
    let strangers: usize = rows.iter().filter(|(key, _)| !met.contains(*key)).map(|(_, rows)| rows.len()).sum();
    let mut notes = reading.notes;
    notes.extend(other.notes.iter().cloned());
    if strangers > 0 {
        let text = format!("{}: {strangers} rows have no record in {}", other.name, reading.name);
        notes.push(Note::new(NoteCode::StrayRows, text).count(strangers).at(&other.name));
    }
    if without > 0 {
        let text = format!("{}: {without} records have no row in {}", reading.name, other.name);
        notes.push(Note::new(NoteCode::LoneRecords, text).count(without).at(&reading.name));
    }
    let sha256 = joint_sum(&[reading.sha256, other.sha256.clone()]);
    Ok(Reading { name: format!("{}+{}", reading.name, other.name), header, records: records.into(), sha256, notes })
}

fn position(reading: &Reading, name: &str) -> Result<usize, Fault> {
    reading.header.position(name).ok_or_else(|| {
        let found = reading.header.names().map(str::to_owned).collect();
        Fault::of_file(&reading.name, FaultKind::NoColumn { wanted: name.to_owned(), found })
    })
}

fn text(record: &Record, position: usize) -> &str {
    match record.cell(position) {
        Cell::Text(text) => trimmed(text),
        _ => "",
    }
}

/// One record with the cells of its row in the other file.
fn joined(header: &Arc<Header>, record: &Record, other: Option<&Record>, added: &[usize]) -> Record {
    let own = record.cells().map(|(_, cell)| Value::from(cell));
    let theirs = added.iter().map(|&column| other.map_or_else(|| Value::text(""), |other| Value::from(other.cell(column))));
    Record::from_values(Arc::clone(header), record.place().clone(), own.chain(theirs).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{CsvSettings, read_csv_bytes};

    fn read(name: &str, text: &str) -> Reading {
        read_csv_bytes(name, text.as_bytes(), &CsvSettings::default()).unwrap()
    }

    fn rule(prefix: &str) -> JoinRule {
        JoinRule { key: "Code".into(), other_key: Some("Person".into()), prefix: prefix.into() }
    }

    #[test]
    fn contracts_join_their_persons() {
        let persons = read("persons.csv", "Code,Name\nE1,Ann\nE2,Bob\nE3,Cem\n");
        let contracts = read("contracts.csv", "Person,Seq,Start\nE2,1,2020\nE1,1,2019\nE2,2,2024\nE9,1,2024\n");
        let joined = join(persons, &contracts, &rule("")).unwrap();
        assert_eq!(joined.name, "persons.csv+contracts.csv");
        assert_eq!(joined.header.names().collect::<Vec<_>>(), ["Code", "Name", "Seq", "Start"]);
        let records = joined.records.held().unwrap();
        let starts: Vec<_> = records.iter().map(|record| (text(record, 1), text(record, 3))).collect();
        assert_eq!(starts, [("Ann", "2019"), ("Bob", "2020"), ("Bob", "2024"), ("Cem", "")]);
        assert!(joined.notes.iter().any(|line| line.text() == "contracts.csv: 1 rows have no record in persons.csv"));
        assert!(joined.notes.iter().any(|line| line.text() == "persons.csv: 1 records have no row in contracts.csv"));
    }

    #[test]
    fn a_column_of_both_files_needs_a_prefix() {
        let files = || (read("a.csv", "Code,Name\n1,x\n"), read("b.csv", "Person,Name\n1,y\n"));
        let (a, b) = files();
        let error = join(a, &b, &rule("")).unwrap_err().to_string();
        assert!(error.contains("`Name`") && error.contains("prefix"), "{error}");
        let (a, b) = files();
        assert!(join(a, &b, &rule("Contract ")).unwrap().header.position("Contract Name").is_some());
    }

    #[test]
    fn keys_join_without_what_stands_unseen_at_their_ends() {
        let persons = read("persons.csv", "Code,Name\nE1\u{200b},Ann\nE2,Bob\n");
        let contracts = read("contracts.csv", "Person,Start\nE1,2020\n\u{a0}E2\u{feff},2021\n");
        let joined = join(persons, &contracts, &rule("")).unwrap();
        let records = joined.records.held().unwrap();
        let starts: Vec<_> = records.iter().map(|record| (text(record, 2), record.doubt().is_some())).collect();
        assert_eq!(starts, [("2020", false), ("2021", false)]);
    }

    #[test]
    fn a_key_with_an_invisible_character_puts_the_records_of_both_files_in_doubt() {
        for (own, other) in [("E\u{200b}1", "E1"), ("E1", "E\u{ad}1"), ("E\u{2060}1", "E\u{2060}1"), ("E\u{a0}1", "E 1")] {
            let persons = read("persons.csv", &format!("Code,Name\n{own},Ann\nE2,Bob\n"));
            let contracts = read("contracts.csv", &format!("Person,Start\n{other},2020\nE2,2021\n"));
            let joined = join(persons, &contracts, &rule("")).unwrap();
            let records = joined.records.held().unwrap();
            let doubts: Vec<bool> = records.iter().map(|record| record.doubt().is_some()).collect();
            assert_eq!(doubts, [true, false], "{own:?} {other:?}");
        }
    }

    /// Whether the records E1, 1002 and 1003 are in doubt beside these rows of the other file.
    fn doubts(rows: &str) -> Vec<bool> {
        let persons = read("persons.csv", "Code,Name\nE1,Ann\n1002,Bob\n1003,Cem\n");
        let contracts = read("contracts.csv", &format!("Person,Start\n{rows}\n"));
        let joined = join(persons, &contracts, &rule("")).unwrap();
        joined.records.held().unwrap().iter().map(|record| record.doubt().is_some()).collect()
    }

    #[test]
    fn a_row_with_a_damaged_key_puts_the_records_in_doubt_whose_row_it_may_be() {
        for key in ["1002.0", "'1002", "01002", "10\u{200b}02", "=\"\"1002\"\""] {
            let key = if key.contains('"') { format!("\"{key}\"") } else { key.to_owned() };
            assert_eq!(doubts(&format!("E1,2019\n{key},2020\n1003,2021")), [false, true, false], "{key:?}");
        }
        for lost in ["\"1,002E+3\"", "#N/A", "", "\u{200b}"] {
            assert_eq!(doubts(&format!("E1,2019\n{lost},2020\n1003,2021")), [false, true, false], "{lost:?}");
            assert_eq!(doubts(&format!("E1,2019\n{lost},2020")), [false, true, true], "{lost:?}");
        }
        assert_eq!(doubts("E1,2019\n,"), [false; 3], "an empty row is nobody's");
        assert_eq!(doubts("E1,2019\n1002,2020\n01002,2020\n1003,2021"), [false; 3], "zeros make another key");
        assert_eq!(doubts("E1,2019\n1002,2020\n1002.0,2020\n1003,2021"), [false, true, false], "a second row may be lost");
    }

    #[test]
    fn a_record_with_a_damaged_key_is_in_doubt() {
        for key in ["1002.0", "'1002", "#N/A", "\"1,002E+3\""] {
            let persons = read("persons.csv", &format!("Code,Name\nE1,Ann\n{key},Bob\n"));
            let contracts = read("contracts.csv", "Person,Start\nE1,2019\n1002,2020\n");
            let joined = join(persons, &contracts, &rule("")).unwrap();
            let doubts: Vec<_> = joined.records.held().unwrap().iter().map(|record| record.doubt().is_some()).collect();
            assert_eq!(doubts, [false, true], "{key:?}");
        }
    }
}
