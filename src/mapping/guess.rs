//! A mapping guessed from the words of a header and the values below it, for a person to correct.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use super::guess_dates::{self, DateGuess};
use super::guess_words::{LEFT, Meaning, NO, WORDS, YES, fold, holds};
use super::{Mapped, Mapping};
use crate::directory::{Attribute, Value};
use crate::expr::Context;
use crate::record::{Cell, Header, Record};

/// More different status values than this are no status.
const MOST_STATUSES: usize = 15;

/// A guessed mapping, and what it makes of the file.
#[derive(Clone, Debug)]
pub struct Guess {
    /// The text of the mapping file.
    pub text: String,
    /// Several rows are one person: the text of `[source.rows]`, for hrpush.toml.
    pub rows: Option<String>,
    /// What is to be told, a line each.
    pub notes: Vec<String>,
}

/// No column can be a person's key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no column looks like a person's key; the columns are {columns}")]
pub struct NoKey {
    /// The columns there are.
    pub columns: String,
}

/// The columns by what they mean, with their values.
pub(super) struct Sheet<'r> {
    header: &'r Header,
    records: &'r [Record],
    found: BTreeMap<Meaning, Vec<usize>>,
}

impl<'r> Sheet<'r> {
    fn new(header: &'r Header, records: &'r [Record]) -> Self {
        let folded: Vec<String> = header.names().map(fold).collect();
        let writable: Vec<bool> = header.names().map(is_writable).collect();
        let mut found: BTreeMap<Meaning, Vec<usize>> = BTreeMap::new();
        let mut taken = BTreeSet::new();
        for (meaning, words) in WORDS {
            for word in words.split_whitespace() {
                for column in (0..folded.len()).filter(|&column| writable[column] && folded[column] == word) {
                    // A key that is also a word for something else is tried as a key alone.
                    if taken.insert(column) {
                        found.entry(*meaning).or_default().push(column);
                    }
                }
            }
        }
        Self { header, records, found }
    }

    fn name(&self, column: usize) -> &'r str {
        self.header.names().nth(column).unwrap_or_default()
    }

    /// The values of a column, trimmed, without the empty ones.
    pub(super) fn values(&self, column: usize) -> impl Iterator<Item = &'r str> {
        self.records.iter().filter_map(move |record| match record.cell(column) {
            Cell::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            _ => None,
        })
    }

    fn column(&self, meaning: Meaning) -> Option<usize> {
        let columns = self.found.get(&meaning)?;
        // A column without a single value says nothing.
        columns
            .iter()
            .copied()
            .find(|&column| self.records.is_empty() || self.values(column).next().is_some())
            .or(columns.first().copied())
    }

    fn distinct(&self, column: usize) -> BTreeSet<&'r str> {
        self.values(column).collect()
    }

    fn is_unique(&self, column: usize) -> bool {
        let values = self.values(column).count();
        values == self.records.len() && self.distinct(column).len() == values
    }

    /// The column of the key: one whose word says so and whose values are unique, else one of these alone.
    fn key(&self) -> Option<usize> {
        let named = self.found.get(&Meaning::Key).cloned().unwrap_or_default();
        let unique = named.iter().copied().find(|&column| self.is_unique(column));
        let any = || {
            named
                .iter()
                .copied()
                .max_by_key(|&column| (self.values(column).count() == self.records.len(), std::cmp::Reverse(column)))
        };
        let by_values = || {
            let short = |column: &usize| self.values(*column).all(|value| value.len() <= 40 && !value.contains(' '));
            let columns = 0..self.header.len();
            (!self.records.is_empty())
                .then(|| columns.filter(|&column| is_writable(self.name(column)) && self.is_unique(column)).find(short))?
        };
        let mail = || self.column(Meaning::Mail);
        unique.or_else(|| if named.is_empty() { None } else { any() }).or_else(by_values).or_else(mail)
    }
}

/// Guesses a mapping for the columns and values of a reading; without records from the columns alone.
///
/// # Errors
/// No column can be the key.
pub fn guess(feed: &str, header: &Header, records: &[Record]) -> Result<Guess, NoKey> {
    let sheet = Sheet::new(header, records);
    let Some(key) = sheet.key() else {
        return Err(NoKey { columns: header.names().map(comment).collect::<Vec<_>>().join(", ") });
    };
    let mut writer = Writer { sheet, key, text: String::new(), notes: Vec::new() };
    let rows = writer.write(feed);
    let Writer { text, mut notes, .. } = writer;
    if rows.is_none() {
        notes.extend(tried(&text, header, records));
    }
    Ok(Guess { text, rows, notes })
}

/// Whether an expression can name the column.
fn is_writable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['[', ']']) && !name.chars().any(char::is_control)
}

/// A text that cannot leave its comment.
fn comment(text: &str) -> String {
    text.chars()
        .map(|character| {
            if character.is_control()
                || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            {
                ' '
            } else {
                character
            }
        })
        .collect()
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn list<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    texts.into_iter().map(|text| quoted(text.as_ref())).collect::<Vec<_>>().join(", ")
}

/// How the guess does on the file: who would be held, by the mapping itself.
fn tried(text: &str, header: &Header, records: &[Record]) -> Vec<String> {
    let Ok(mapping) = Mapping::parse(text, Path::new("guess.toml")) else { return Vec::new() };
    let Ok(bound) = mapping.bind(header) else { return Vec::new() };
    let context = Context::on(jiff::civil::date(2026, 1, 1), Some("example.com".into()));
    let mut keys: BTreeMap<String, u64> = BTreeMap::new();
    let mut held: BTreeMap<String, u64> = BTreeMap::new();
    for record in records {
        match bound.map(record, &context) {
            Mapped::Desired(desired) => *keys.entry(desired.key.as_str().to_owned()).or_default() += 1,
            Mapped::Held(problem) => *held.entry(problem.message).or_default() += 1,
            Mapped::OutOfScope { .. } => {}
        }
    }
    let twice: u64 = keys.values().filter(|count| **count > 1).sum();
    let mut notes = Vec::new();
    if twice > 0 {
        notes.push(format!("{twice} records share their key with another: they will be held"));
    }
    notes.extend(held.into_iter().take(10).map(|(message, count)| format!("{count} records will be held: {message}")));
    notes
}

struct Writer<'r> {
    sheet: Sheet<'r>,
    key: usize,
    text: String,
    notes: Vec<String>,
}

impl Writer<'_> {
    fn expression(&self, column: usize) -> String {
        format!("[{}]", self.sheet.name(column))
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// A column of a meaning other than the key.
    fn column(&self, meaning: Meaning) -> Option<usize> {
        self.sheet.column(meaning).filter(|&column| column != self.key)
    }

    fn write(&mut self, feed: &str) -> Option<String> {
        let (start, end) = (self.column(Meaning::Start), self.column(Meaning::End));
        let dates = guess_dates::guess(start.into_iter().chain(end).map(|column| self.sheet.values(column)));
        self.line("# Guessed by `hrpush init` from the header of the file and the values below it: read it line by line.");
        self.line("# Check it with `hrpush mapping check`, try one person with `hrpush explain KEY`.");
        self.line("version = 1");
        self.line(&format!("name    = {}   # the name of the feed: keep it, hrpush remembers people by it", quoted(feed)));
        self.source(start, end, &dates);
        self.line("\n# A person in HR and an account are one when these agree, tried in this order.");
        self.line("[[match]]\ntarget = \"employeeId\"");
        let mail = self.column(Meaning::Mail);
        if mail.is_some_and(|column| self.sheet.records.is_empty() || self.sheet.values(column).any(|value| value.contains('@')))
        {
            self.line("[[match]]\ntarget = \"mail\"");
        }
        self.attributes();
        self.manager();
        self.lifecycle(start, end);
        self.unused();
        self.rows()
    }

    fn source(&mut self, start: Option<usize>, end: Option<usize>, dates: &DateGuess) {
        let key = self.expression(self.key);
        self.line("\n[source]");
        if !self.sheet.is_unique(self.key) && !self.sheet.records.is_empty() {
            self.line("# ATTENTION: the values of this column are not unique; people who share one are held.");
            if self.column(Meaning::ValidFrom).is_none() {
                self.notes.push(format!("the key column `{}` is not unique in the file", self.sheet.name(self.key)));
            }
        }
        self.line(&format!("key      = {}   # the person's key in HR, which never changes", quoted(&key)));
        let required: Vec<&str> = [Some(self.key), self.column(Meaning::First), self.column(Meaning::Last)]
            .into_iter()
            .flatten()
            .map(|column| self.sheet.name(column))
            .collect();
        self.line(&format!("required = [{}]", list(required)));
        if start.or(end).is_some() {
            for note in &dates.notes {
                self.line(&format!("# {}", comment(note)));
            }
            self.notes.extend(dates.notes.iter().cloned());
            self.line(&format!("dates    = [{}]   # tried in order", list(&dates.formats)));
            if !dates.no_end.is_empty() {
                self.line(&format!("no_end   = [{}]   # spellings of «no end»", list(&dates.no_end)));
            }
        }
        self.line("# time_zone = \"Europe/Berlin\"   # when a day begins; without it by UTC");
    }

    fn attributes(&mut self) {
        self.line("\n# What hrpush keeps as HR says. What stands here belongs to HR: values that others enter are overwritten.\n[attributes]");
        self.line(&format!("employeeId = {}", quoted(&self.expression(self.key))));
        let (first, last) = (self.column(Meaning::First), self.column(Meaning::Last));
        self.attribute("givenName", first);
        self.attribute("surname", last);
        let names: Vec<String> = first.into_iter().chain(last).map(|column| self.expression(column)).collect();
        let full = self.column(Meaning::Full).map(|column| self.expression(column));
        let shown = match (names.as_slice(), &full) {
            ([], Some(full)) => full.clone(),
            ([], None) => self.expression(self.key),
            ([only], _) => only.clone(),
            (several, _) => format!("Join(\" \", {})", several.join(", ")),
        };
        self.line(&format!("displayName = {}", quoted(&shown)));
        self.attribute("mail", self.column(Meaning::Mail));
        for (name, meaning) in [
            ("jobTitle", Meaning::Title),
            ("department", Meaning::Department),
            ("companyName", Meaning::Company),
            ("employeeType", Meaning::Kind),
            ("officeLocation", Meaning::Office),
            ("streetAddress", Meaning::Street),
            ("postalCode", Meaning::PostalCode),
            ("city", Meaning::City),
            ("mobilePhone", Meaning::Mobile),
        ] {
            self.attribute(name, self.column(meaning));
        }
        self.country();
        self.cost_centre();
        self.principal_name(&names, full.as_deref());
    }

    /// One attribute, or a comment that says why not: Graph would refuse too many of the values.
    fn attribute(&mut self, name: &str, column: Option<usize>) {
        let Some(column) = column else { return };
        let line = format!("{name} = {}", quoted(&self.expression(column)));
        let (refused, total, why) = self.refused(name, column);
        if refused * 50 > total {
            let why = comment(&why);
            self.line(&format!("# {line}   # Entra would refuse {refused} of {total} values: {why}"));
            self.notes.push(format!(
                "{name} is left out: Entra would refuse {refused} of {total} values of `{}`",
                self.sheet.name(column)
            ));
        } else {
            self.line(&line);
        }
    }

    /// How many values of a column the directory would refuse for an attribute, of how many, and why.
    fn refused(&self, name: &str, column: usize) -> (usize, usize, String) {
        let Some(attribute) = Attribute::find(name) else { return (0, 0, String::new()) };
        let faults: Vec<String> = self
            .sheet
            .values(column)
            .filter_map(|value| attribute.accept(Value::text(value)).err())
            .map(|fault| fault.to_string())
            .collect();
        (faults.len(), self.sheet.values(column).count(), faults.into_iter().next().unwrap_or_default())
    }

    fn country(&mut self) {
        let Some(column) = self.column(Meaning::Country) else { return };
        let expression = self.expression(column);
        let (refused, total, _) = self.refused("usageLocation", column);
        if total > 0 && refused == 0 {
            self.line(&format!("usageLocation = {}   # two letters, needed for licences", quoted(&expression)));
        } else {
            self.line(&format!(
                "# usageLocation = {}   # must be two letters, such as DE: translate with Switch",
                quoted(&expression)
            ));
        }
        self.attribute("country", Some(column));
    }

    fn cost_centre(&mut self) {
        // Graph takes and gives both halves together.
        if let Some(column) = self.column(Meaning::CostCentre) {
            self.attribute("employeeOrgData.costCenter", Some(column));
            if let Some(division) = self.column(Meaning::Division) {
                self.attribute("employeeOrgData.division", Some(division));
            }
        }
    }

    fn principal_name(&mut self, names: &[String], full: Option<&str>) {
        let key = self.expression(self.key);
        let base = match (names, full) {
            ([], Some(full)) => full.to_owned(),
            ([], None) => key.clone(),
            ([only], _) => only.clone(),
            (several, _) => format!("Join(\".\", {})", several.join(", ")),
        };
        let clean = |inner: &str| format!("NormalizeDiacritics(StripSpaces({inner}))");
        let at = |local: &str| format!("  Join(\"@\", {local}, DefaultDomain())");
        let candidates = [
            at(&clean(&base)),
            at(&clean(&format!("Join(\".\", {base}, {key})"))),
            // Serves names that cannot be written in Latin letters.
            at(&format!("StripSpaces({key})")),
        ];
        self.line("# Only for new accounts: the first of these that is free. The last serves names without Latin letters.");
        let expression = format!("SelectUniqueValue(\n{})", candidates.join(",\n"));
        if expression.contains("'''") {
            self.line(&format!("userPrincipalName = {{ when = \"create\", expression = {} }}", quoted(&expression)));
        } else {
            self.line(&format!("userPrincipalName = {{ when = \"create\", expression = '''\n{expression}''' }}"));
        }
    }

    fn manager(&mut self) {
        let Some(column) = self.column(Meaning::Manager) else { return };
        let keys = self.sheet.distinct(self.key);
        let total = self.sheet.values(column).count();
        let known = self.sheet.values(column).filter(|value| keys.contains(value)).count();
        let key = quoted(&self.expression(column));
        if total > 0 && known == 0 {
            self.line("\n# The values of this column are the key of nobody in the file: a name or a mail cannot be resolved.");
            self.line(&format!("# [manager]\n# key = {key}"));
            self.notes.push(format!("the manager is left out: no value of `{}` is a key of this file", self.sheet.name(column)));
        } else {
            let share = if total == 0 { String::new() } else { format!("   # {known} of {total} are people of this file") };
            self.line(&format!("\n[manager]\nkey = {key}{share}"));
        }
    }

    fn lifecycle(&mut self, start: Option<usize>, end: Option<usize>) {
        let status = self.column(Meaning::Status).filter(|&column| {
            let values = self.sheet.distinct(column).len();
            self.sheet.records.is_empty() || (1..=MOST_STATUSES).contains(&values)
        });
        if start.or(end).or(status).is_none() {
            self.line("\n# No column tells who has left: nobody is ever disabled. Add [lifecycle] with `end` or `status`.");
            self.notes.push("no column tells who has left: nobody is ever disabled".to_owned());
            return;
        }
        self.line("\n# Who starts and who has left. `status` wins over the dates.\n[lifecycle]");
        if let Some(column) = start {
            self.line(&format!("start  = {}   # first working day", quoted(&self.expression(column))));
        }
        if let Some(column) = end {
            self.line(&format!("end    = {}   # last working day, included", quoted(&self.expression(column))));
        }
        if let Some(column) = status {
            self.status(column);
        }
        self.line("# create_before = \"14d\"      # accounts for starters so long before their first day");
        self.line("# on_leave      = [\"revoke-sessions\"]");
        self.line("# delete_after  = \"30d\"      # absent: leavers are disabled, never deleted");
        if let Some(column) = status {
            self.states(column);
        }
    }

    /// Whether a status value means gone.
    fn is_left(&self, column: usize, value: &str) -> bool {
        let word = fold(value);
        holds(LEFT, &word) || (self.is_flag(column) && holds(NO, &word))
    }

    /// Whether a column says yes or no to «is active».
    fn is_flag(&self, column: usize) -> bool {
        let name = fold(self.sheet.name(column));
        (name.contains("activ")
            || name.contains("aktiv")
            || name.contains("actif")
            || name.contains("actief")
            || name.contains("attiv"))
            && self.sheet.distinct(column).iter().all(|value| holds(NO, &fold(value)) || holds(YES, &fold(value)))
    }

    fn status(&mut self, column: usize) {
        let values = self.sheet.distinct(column);
        let left: Vec<&str> = values.iter().copied().filter(|value| self.is_left(column, value)).collect();
        self.line(&format!("status = {}", quoted(&self.expression(column))));
        if left.is_empty() {
            self.line(
                "# ATTENTION: no value in the file looks like «has left»: name yours here, else the status disables nobody.",
            );
            self.line("# left   = [\"Terminated\"]");
            self.notes
                .push(format!("no value of `{}` looks like «has left»: name them in [lifecycle] left", self.sheet.name(column)));
        } else {
            self.line(&format!("left   = [{}]   # gone, whatever the dates say", list(left)));
        }
    }

    fn states(&mut self, column: usize) {
        let others: Vec<&str> = self.sheet.distinct(column).into_iter().filter(|value| !self.is_left(column, value)).collect();
        let mut seen = BTreeSet::new();
        let others: Vec<&str> = others.into_iter().filter(|value| seen.insert(super::lifecycle::fold(value))).collect();
        if others.is_empty() {
            return;
        }
        self.line("# The other values of the file. One that is named nowhere holds the record.\n[lifecycle.states]");
        for value in others {
            self.line(&format!("{} = \"active\"", quoted(value)));
        }
    }

    fn unused(&mut self) {
        let text = self.text.clone();
        let unused: Vec<String> =
            self.sheet.header.names().filter(|name| !text.contains(&format!("[{name}]"))).map(comment).collect();
        if !unused.is_empty() {
            let _ = writeln!(self.text, "\n# Not used: {}", unused.join(", "));
        }
    }

    /// `[source.rows]` where the key is not unique and the columns tell which row counts.
    fn rows(&mut self) -> Option<String> {
        if self.sheet.records.is_empty() || self.sheet.is_unique(self.key) {
            return None;
        }
        let from = self.column(Meaning::ValidFrom)?;
        let until = self.column(Meaning::ValidTo);
        let dates = guess_dates::guess(std::iter::once(from).chain(until).map(|column| self.sheet.values(column)));
        let mut text = String::from("# One person has several rows: the one in force counts.\n[source.rows]\n");
        let _ = writeln!(text, "key   = {}", quoted(self.sheet.name(self.key)));
        let _ = writeln!(text, "from  = {}", quoted(self.sheet.name(from)));
        if let Some(until) = until {
            let _ = writeln!(text, "until = {}", quoted(self.sheet.name(until)));
        }
        let _ = writeln!(text, "dates = [{}]", list(&dates.formats));
        if !dates.no_end.is_empty() {
            let _ = writeln!(text, "nothing = [{}]", list(&dates.no_end));
        }
        if let Some(primary) = self.column(Meaning::Primary) {
            let yes: Vec<&str> = self.sheet.distinct(primary).into_iter().filter(|value| holds(YES, &fold(value))).collect();
            if !yes.is_empty() {
                let _ = writeln!(text, "primary = {{ column = {}, values = [{}] }}", quoted(self.sheet.name(primary)), list(yes));
            }
        }
        Some(text)
    }
}
