//! The text of a guessed mapping, table by table.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::guess::comment;
use super::guess_dates::{self, DateGuess};
use super::guess_sheet::Sheet;
use super::guess_words::{LEFT, Meaning, NO, YES, fold, holds};
use super::lifecycle;
use crate::directory::{Attribute, Value};

/// More different status values than this are no status.
const MOST_STATUSES: usize = 15;

/// Writes the file, and notes what a person must be told.
pub(super) struct Writer<'r> {
    sheet: Sheet<'r>,
    key: usize,
    pub(super) text: String,
    pub(super) notes: Vec<String>,
}

impl<'r> Writer<'r> {
    pub(super) fn new(sheet: Sheet<'r>, key: usize) -> Self {
        Self { sheet, key, text: String::new(), notes: Vec::new() }
    }

    /// Writes all; gives the text of `[source.rows]` where one person has several rows.
    pub(super) fn write(&mut self, feed: &str) -> Option<String> {
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
        let others: Vec<&str> = others.into_iter().filter(|value| seen.insert(lifecycle::fold(value))).collect();
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

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn list<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    texts.into_iter().map(|text| quoted(text.as_ref())).collect::<Vec<_>>().join(", ")
}
