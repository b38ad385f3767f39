//! The quality of HR's data, in HR's words: what is wrong with which row, and nothing of Entra.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use unicode_normalization::UnicodeNormalization as _;

use super::dates::Role;
use super::evaluate::BoundMapping;
use super::formula::Slot;
use super::guess::dates::is_serial;
use super::model::ValueSource;
use super::text_damage::{broken, odd_blanks, unseen};
use crate::expr::{Context, Outcome};
use crate::record::{self, Cell, KeyDamage, Place, Record, trimmed};

/// One thing to correct in HR.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// The kind, such as `duplicate-id`.
    pub code: &'static str,
    /// The place of the row in the source.
    pub record: Place,
    /// The person's key, where the row has one.
    pub id: Option<String>,
    /// The column, where one is to blame.
    pub column: Option<String>,
    /// The value as HR has it; none where a value is missing.
    pub value: Option<String>,
    /// What is wrong, in one sentence.
    pub problem: String,
}

/// The kinds of findings, in the order of their weight, with the sentence that heads them.
pub const FINDINGS: &[(&str, &str)] = &[
    ("no-id", "Rows without a personnel number: the person cannot be identified."),
    ("duplicate-id", "Personnel numbers that occur in several rows."),
    ("odd-id", "Personnel numbers that a spreadsheet has changed."),
    ("end-before-start", "People with a last day before their first."),
    ("impossible-date", "Dates that are none, or not in the form of the others."),
    ("unlikely-date", "Unlikely dates, probably typing errors."),
    ("unknown-status", "Rows without a status, or with one that is not in the list of statuses."),
    ("unknown-manager", "Managers that are not in the list."),
    ("manager-circle", "People that manage themselves, directly or through others."),
    ("empty-cell", "Cells that must not be empty."),
    ("broken-text", "Cells with errors of a spreadsheet or damaged letters."),
    ("look-alike", "Rows that may be the same person under two numbers."),
    ("shared-mail", "Mail addresses that several people have."),
    ("blanks", "Cells with blanks or characters that cannot be seen."),
];

/// What a record says of a person, as the mapping reads it.
struct Row<'r> {
    record: &'r Record,
    id: String,
    manager: String,
    name: String,
    mail: String,
    start: Day,
    end: Day,
    status: Option<String>,
    /// The mapping lists the statuses that it knows, and not this one.
    is_unknown_status: bool,
}

/// A date, or the text that is none.
enum Day {
    None,
    Is(Date),
    /// The text, and why it is none.
    Not(String, String),
}

/// The columns behind the parts that are judged, for the report.
struct Columns {
    id: Option<String>,
    manager: Option<String>,
    mail: Option<String>,
    start: Option<String>,
    end: Option<String>,
    status: Option<String>,
    names: Vec<String>,
}

impl BoundMapping {
    /// What HR should correct in these records; `today` decides which dates are unlikely.
    ///
    /// `required` columns must be in the file. Their cells must have a value too, except where an empty cell is normal: the last day, the
    /// manager and telephones.
    pub fn quality(&self, records: &[Record], required: &[&str], today: Date) -> Vec<Finding> {
        let columns = self.judged();
        let may_be_empty = self.may_be_empty();
        let required: Vec<&str> = required.iter().copied().filter(|column| !may_be_empty.contains(*column)).collect();
        let context = Context::on(today, None);
        let rows: Vec<Row<'_>> = records.iter().map(|record| self.row(record, &context)).collect();
        let mut report = Report { columns, found: Vec::new() };
        report.ids(&rows);
        report.dates(&rows, today);
        report.managers(&rows);
        report.cells(&rows, &required);
        report.look_alikes(&rows);
        report.mails(&rows);
        let weight = |code: &str| FINDINGS.iter().position(|(known, _)| *known == code);
        report.found.sort_by(|a, b| (weight(a.code), &a.record).cmp(&(weight(b.code), &b.record)));
        report.found
    }

    /// The columns in which an empty cell is normal.
    fn may_be_empty(&self) -> BTreeSet<String> {
        const PHONES: [&str; 3] = ["mobilePhone", "businessPhones", "faxNumber"];
        let inner = &*self.inner;
        let cycle = inner.cycle.as_ref();
        let slots = PHONES.iter().map(|name| self.target(name)).chain([inner.manager, cycle.and_then(|cycle| cycle.end)]);
        slots
            .flatten()
            .flat_map(|slot| inner.formulas[slot.0].expression.columns().map(|(name, _)| name.to_owned()).collect::<Vec<_>>())
            .collect()
    }

    fn judged(&self) -> Columns {
        let inner = &*self.inner;
        let column = |slot: Option<Slot>| {
            let expression = &inner.formulas[slot?.0].expression;
            let mut names = expression.columns().map(|(name, _)| name.to_owned());
            names.next().filter(|_| names.next().is_none())
        };
        let names = ["givenName", "surname", "displayName"].iter().filter_map(|name| column(self.target(name)));
        let cycle = inner.cycle.as_ref();
        let names: BTreeSet<String> = names.collect();
        Columns {
            id: column(Some(inner.key)),
            manager: column(inner.manager),
            mail: column(self.target("mail")),
            start: column(cycle.and_then(|cycle| cycle.start)),
            end: column(cycle.and_then(|cycle| cycle.end)),
            status: column(cycle.and_then(|cycle| cycle.status)),
            names: names.into_iter().collect(),
        }
    }

    fn target(&self, name: &str) -> Option<Slot> {
        let target = self.inner.targets.iter().find(|target| target.attribute.name == name)?;
        match target.origin {
            ValueSource::Formula(slot) => Some(slot),
            ValueSource::Constant(_) => None,
        }
    }

    fn row<'r>(&self, record: &'r Record, context: &Context) -> Row<'r> {
        let emptied = self.cleaned(record);
        let read = emptied.as_ref().unwrap_or(record);
        let text = |slot: Option<Slot>| match slot.map(|slot| self.bounds[slot.0].evaluate(read, context, "")) {
            Some(Ok(Outcome::Value(value))) => trimmed(&value.to_text().unwrap_or_default()).to_owned(),
            _ => String::new(),
        };
        let cycle = self.inner.cycle.as_ref();
        let day = |slot: Option<Slot>, is_end: bool| {
            let text = text(slot);
            if text.is_empty() {
                return Day::None;
            }
            let role = if is_end { Role::End } else { Role::Start };
            match self.inner.dates.day(&text, role, context.today()) {
                record::Day::NoEnd => Day::None,
                record::Day::On(day) => Day::Is(day),
                record::Day::Impossible(found) => Day::Not(text, format!("this is an impossible date: {found}")),
                record::Day::Unreadable => {
                    let why = unreadable(&text).to_owned();
                    Day::Not(text, why)
                }
            }
        };
        let names = [text(self.target("givenName")), text(self.target("surname"))].join(" ");
        let name = if names.trim().is_empty() { text(self.target("displayName")) } else { names };
        let status = cycle.and_then(|cycle| cycle.status).map(|slot| text(Some(slot)));
        let is_unknown = |status: &str| cycle.is_some_and(|cycle| cycle.is_strict() && cycle.is_unlisted(status));
        Row {
            record,
            id: text(Some(self.inner.key)),
            manager: text(self.inner.manager),
            name,
            mail: text(self.target("mail")).to_lowercase(),
            start: day(cycle.and_then(|cycle| cycle.start), false),
            end: day(cycle.and_then(|cycle| cycle.end), true),
            is_unknown_status: status.as_deref().is_some_and(is_unknown),
            status,
        }
    }
}

struct Report {
    columns: Columns,
    found: Vec<Finding>,
}

impl Report {
    fn add(
        &mut self,
        code: &'static str,
        row: &Row<'_>,
        column: Option<String>,
        value: Option<String>,
        problem: impl Into<String>,
    ) {
        let id = Some(row.id.clone()).filter(|id| !id.is_empty());
        self.found.push(Finding { code, record: row.record.place().clone(), id, column, value, problem: problem.into() });
    }

    fn ids(&mut self, rows: &[Row<'_>]) {
        let mut by_id: BTreeMap<&str, Vec<&Row<'_>>> = BTreeMap::new();
        let column = self.columns.id.clone();
        for row in rows {
            if row.id.is_empty() {
                self.add("no-id", row, column.clone(), None, "the personnel number is empty");
                continue;
            }
            by_id.entry(&row.id).or_default().push(row);
            if let Some(damage) = KeyDamage::of_spreadsheet(&row.id).filter(|damage| *damage != KeyDamage::ErrorWord) {
                self.add("odd-id", row, column.clone(), Some(row.id.clone()), format!("the number {damage}"));
            }
        }
        for (id, same) in by_id.iter().filter(|(_, rows)| rows.len() > 1) {
            let twins = same.iter().all(|row| row.record.cells().eq(same[0].record.cells()));
            let names: BTreeSet<String> = same.iter().map(|row| folded(&row.name)).collect();
            let what = if twins {
                "the same row occurs twice"
            } else if names.len() > 1 {
                "different people have this number"
            } else {
                "this number occurs in several rows that differ"
            };
            for row in same {
                self.add("duplicate-id", row, column.clone(), Some((*id).to_owned()), format!("{what}: {}", others(row, same)));
            }
        }
    }

    fn dates(&mut self, rows: &[Row<'_>], today: Date) {
        let (start, end) = (self.columns.start.clone(), self.columns.end.clone());
        for row in rows {
            for (day, column, name) in [(&row.start, &start, "first"), (&row.end, &end, "last")] {
                match day {
                    Day::Not(text, why) => self.add("impossible-date", row, column.clone(), Some(text.clone()), why.clone()),
                    Day::Is(date) if i32::from(date.year()) > i32::from(today.year()) + 20 => {
                        let problem = format!("the {name} day is in the year {}", date.year());
                        self.add("unlikely-date", row, column.clone(), Some(date.to_string()), problem);
                    }
                    _ => {}
                }
            }
            if let (Day::Is(first), Day::Is(last)) = (&row.start, &row.end)
                && last < first
            {
                let problem = format!("the last day {last} is before the first day {first}");
                self.add("end-before-start", row, end.clone(), Some(last.to_string()), problem);
            }
            if row.status.as_deref() == Some("") {
                let column = self.columns.status.clone();
                self.add("unknown-status", row, column, None, "the status is empty");
            } else if row.is_unknown_status {
                let column = self.columns.status.clone();
                self.add("unknown-status", row, column, row.status.clone(), "this status is not in the list of statuses");
            }
        }
    }

    fn managers(&mut self, rows: &[Row<'_>]) {
        let bosses: BTreeMap<&str, &str> =
            rows.iter().filter(|row| !row.id.is_empty()).map(|row| (row.id.as_str(), row.manager.as_str())).collect();
        let column = self.columns.manager.clone();
        for row in rows.iter().filter(|row| !row.manager.is_empty()) {
            let value = Some(row.manager.clone());
            if !bosses.contains_key(row.manager.as_str()) {
                let padded = bosses.keys().find(|id| id.trim_start_matches('0') == row.manager.trim_start_matches('0'));
                let problem = match padded {
                    Some(id) => format!("no person in the list has this number, but there is {id}: zeros were lost"),
                    None => "no person in the list has this number".to_owned(),
                };
                self.add("unknown-manager", row, column.clone(), value, problem);
            } else if let Some(length) = circle(&row.id, &bosses) {
                let problem = match length {
                    1 => "this person is their own manager".to_owned(),
                    length => format!("{length} people manage each other in a circle"),
                };
                self.add("manager-circle", row, column.clone(), value, problem);
            }
        }
    }

    fn cells(&mut self, rows: &[Row<'_>], required: &[&str]) {
        let plain = |cell: Option<Cell<'_>>| match cell {
            Some(Cell::Text(text)) => Some(text.to_owned()),
            Some(Cell::Null) => Some(String::new()),
            _ => None,
        };
        let known = [&self.columns.id, &self.columns.status].into_iter().flatten().cloned().collect::<BTreeSet<String>>();
        for row in rows {
            let must = required.iter().filter(|column| !known.contains(**column));
            for column in must {
                if plain(row.record.get(column)).is_some_and(|text| trimmed(&text).is_empty()) {
                    self.add("empty-cell", row, Some((*column).to_owned()), None, "the cell is empty");
                }
            }
            for (column, cell) in row.record.cells() {
                let Cell::Text(text) = cell else { continue };
                if let Some(why) = broken(text) {
                    self.add("broken-text", row, Some(column.to_owned()), Some(text.to_owned()), why);
                }
            }
        }
        self.unseen_characters(rows);
    }

    /// Invisible characters in any cell; blanks in those by which people and their stage are known.
    fn unseen_characters(&mut self, rows: &[Row<'_>]) {
        let Columns { id, manager, mail, status, names, .. } = &self.columns;
        let known: BTreeSet<String> = [id, manager, mail, status].into_iter().flatten().chain(names).cloned().collect();
        for row in rows {
            for (column, cell) in row.record.cells() {
                let Cell::Text(text) = cell else { continue };
                let blanks = || odd_blanks(text).filter(|_| known.contains(column));
                let problem = unseen(text).or_else(blanks);
                if let Some(problem) = problem {
                    self.add("blanks", row, Some(column.to_owned()), Some(text.to_owned()), problem);
                }
            }
        }
    }

    fn look_alikes(&mut self, rows: &[Row<'_>]) {
        let mut by_name: BTreeMap<String, Vec<&Row<'_>>> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.name.trim().contains(' ') && !row.id.is_empty()) {
            by_name.entry(folded(&row.name)).or_default().push(row);
        }
        for same in by_name.values() {
            let ids: BTreeSet<&str> = same.iter().map(|row| row.id.as_str()).collect();
            if ids.len() < 2 {
                continue;
            }
            for row in same {
                let column = self.columns.names.first().cloned();
                self.add(
                    "look-alike",
                    row,
                    column,
                    Some(row.name.clone()),
                    format!("the same name under another number: {}", others(row, same)),
                );
            }
        }
    }

    fn mails(&mut self, rows: &[Row<'_>]) {
        let mut by_mail: BTreeMap<&str, Vec<&Row<'_>>> = BTreeMap::new();
        for row in rows.iter().filter(|row| !row.mail.is_empty()) {
            by_mail.entry(&row.mail).or_default().push(row);
        }
        for (mail, same) in by_mail {
            let ids: BTreeSet<&str> = same.iter().map(|row| row.id.as_str()).collect();
            if ids.len() < 2 {
                continue;
            }
            for row in &same {
                let column = self.columns.mail.clone();
                self.add(
                    "shared-mail",
                    row,
                    column,
                    Some(mail.to_owned()),
                    format!("other people have this address: {}", others(row, &same)),
                );
            }
        }
    }
}

/// The other rows, by their numbers and lines.
fn others(row: &Row<'_>, same: &[&Row<'_>]) -> String {
    let others = same.iter().filter(|other| other.record.place() != row.record.place());
    let mut named: Vec<String> = others.map(|other| format!("{} ({})", other.id, other.record.place())).collect();
    let more = named.len().saturating_sub(5);
    named.truncate(5);
    if more > 0 {
        named.push(format!("{more} more"));
    }
    named.join(", ")
}

/// A name as it is compared: without case, accents, blanks and marks.
fn folded(name: &str) -> String {
    let plain: String = name.nfkd().filter(|character| character.is_alphanumeric()).collect();
    caseless::default_case_fold_str(&plain)
}

fn unreadable(text: &str) -> &'static str {
    if is_serial(text) {
        "this is the number of a day in a spreadsheet, not a date"
    } else {
        "this is not a date in the form of the others"
    }
}

/// The number of people that manage each other in the circle of this person.
fn circle(id: &str, bosses: &BTreeMap<&str, &str>) -> Option<usize> {
    let mut seen = BTreeSet::new();
    let mut now = id;
    loop {
        now = bosses.get(now).copied().filter(|boss| !boss.is_empty())?;
        if now == id {
            return Some(seen.len() + 1);
        }
        if !seen.insert(now) {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::mapping::Mapping;
    use crate::source::{CsvSettings, read_csv_bytes};

    const MAPPING: &str = "version = 1\nname = \"t\"\n[source]\nkey = \"[Id]\"\nrequired = [\"Id\", \"First\", \"Last\"]\n\
        dates = [\"%d.%m.%Y\"]\nno_end = [\"offen\"]\n[[match]]\ntarget = \"employeeId\"\n[attributes]\nemployeeId = \"[Id]\"\n\
        givenName = \"[First]\"\nsurname = \"[Last]\"\nmail = \"[Mail]\"\n[manager]\nkey = \"[Boss]\"\n\
        [lifecycle]\nstart = \"[Start]\"\nend = \"[End]\"\n";

    fn found(rows: &str) -> Vec<(&'static str, String, String)> {
        let text = format!("Id;First;Last;Mail;Boss;Start;End\n{rows}");
        let reading = read_csv_bytes("hr.csv", text.as_bytes(), &CsvSettings::default()).unwrap();
        let mapping = Mapping::parse(MAPPING, Path::new("t.toml")).unwrap();
        let bound = mapping.bind(&reading.header).unwrap();
        let findings = bound.quality(&reading.records.held().unwrap(), &mapping.required(), jiff::civil::date(2026, 6, 1));
        findings.into_iter().map(|finding| (finding.code, finding.record.to_string(), finding.problem)).collect()
    }

    fn codes(rows: &str) -> Vec<&'static str> {
        found(rows).into_iter().map(|(code, _, _)| code).collect()
    }

    #[test]
    fn clean_data_has_no_finding() {
        assert_eq!(found("1;Ann;Lee;a@x.example;;01.02.2020;offen\n2;Bob;Ray;b@x.example;1;01.02.2020;31.12.2030\n"), []);
    }

    #[test]
    fn people_who_share_a_number_are_all_named() {
        let twice = found("1;Ann;Lee;;;;\n1;Bob;Ray;;;;\n2;Cem;Can;;;;\n2;Cem;Can;;;;\n");
        assert_eq!(
            twice[0],
            ("duplicate-id", "hr.csv, line 2".into(), "different people have this number: 1 (hr.csv, line 3)".into())
        );
        assert!(twice[2].2.starts_with("the same row occurs twice"));
        assert_eq!(codes(";Ann;Lee;;;;\n"), ["no-id"]);
        assert_eq!(codes("4,02101E+12;A;B;;;;\n'007;C;D;;;;\n12.0;E;F;;;;\n=\"\"\"9\"\"\";G;H;;;;\n").len(), 4);
    }

    #[test]
    fn dates_that_cannot_be_are_told() {
        assert_eq!(codes("1;A;B;;;01.02.2020;31.01.2020\n"), ["end-before-start"]);
        assert_eq!(codes("1;A;B;;;30.02.2020;45306\n"), ["impossible-date", "impossible-date"]);
        assert_eq!(codes("1;A;B;;;01.01.1900;\n"), ["impossible-date"]);
        assert_eq!(codes("1;A;B;;;01.02.2020;01.02.2060\n"), ["unlikely-date"]);
        assert!(found("1;A;B;;;01.02.1441;\n")[0].2.contains("Hijri"));
        assert_eq!(codes("1;A;B;;;01.02.2020;01.01.1900\n"), [""; 0], "a spelling of no end");
    }

    #[test]
    fn managers_are_looked_for() {
        let lost = found("007;A;B;;;;\n8;C;D;;7;;\n");
        assert!(lost[0].2.contains("there is 007"), "{lost:?}");
        assert_eq!(codes("1;A;B;;2;;\n2;C;D;;1;;\n3;E;F;;3;;\n4;G;H;;1;;\n"), ["manager-circle"; 3]);
    }

    #[test]
    fn cells_are_looked_at() {
        assert_eq!(codes("1;;Lee;;;;\n"), ["empty-cell"]);
        assert_eq!(codes("1;#N/A;MÃ¼ller;;;;\n"), ["broken-text", "broken-text"]);
        assert_eq!(codes("1;Ann ;Le\u{200b}e;;;;\n"), ["blanks", "blanks"]);
        assert_eq!(
            codes("1;A\u{202e}nn;Lee;;;;\n2;Bob\u{200d}a;Ray;;;;\n3;Cem;\u{2066}Can;;;;\n4;Dan;Dee;d@x.example\u{ad};;;\n"),
            ["blanks"; 4]
        );
        let findings = found("1;A\u{202e}nn;Lee;;;;\n");
        assert!(findings[0].2.ends_with("U+202E"), "{findings:?}");
        assert_eq!(codes("1;Zoë;Weiss;;;;\n2;ZOE;WEISS;;;;\n"), ["look-alike", "look-alike"]);
        assert_eq!(codes("1;A;B;x@x.example;;;\n2;C;D;X@x.example;;;\n"), ["shared-mail", "shared-mail"]);
    }
}
