//! The text of a guessed mapping, table by table.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::directory::{Attribute, Value};
use crate::mapping::guess::countries;
use crate::mapping::guess::dates::{self, DateGuess};
use crate::mapping::guess::sheet::{Sheet, comment};
use crate::mapping::guess::vocabulary::{Meaning, YES, fold, holds};
use crate::mapping::model::Mapping;

/// The most unused columns that are named.
const MOST_UNUSED: usize = 500;

/// Writes the file, and collects the notes for its reader.
pub(super) struct Writer<'r> {
    pub(super) sheet: Sheet<'r>,
    pub(super) key: usize,
    /// Words that programs leave behind where nothing is known.
    pub(super) nothings: BTreeMap<&'r str, usize>,
    pub(super) text: String,
    pub(super) notes: Vec<String>,
    /// The guesses that decide which people work here.
    pub(super) decisions: Vec<String>,
    /// What has to be mended before anything else.
    pub(super) alarms: Vec<String>,
}

impl<'r> Writer<'r> {
    pub(super) fn new(sheet: Sheet<'r>, key: usize) -> Self {
        let mut writer = Self {
            sheet,
            key,
            nothings: BTreeMap::new(),
            text: String::new(),
            notes: Vec::new(),
            decisions: Vec::new(),
            alarms: Vec::new(),
        };
        let (first, last) = writer.names();
        let names: Vec<usize> = first.into_iter().chain(last).chain(writer.column(Meaning::Full)).collect();
        writer.nothings = writer.sheet.nothings(&names);
        writer
    }

    /// The values of a column without the words that mean nothing.
    pub(super) fn values(&self, column: usize) -> impl Iterator<Item = &'r str> {
        self.sheet.values(column).filter(|value| !self.nothings.contains_key(value))
    }

    /// Writes all; gives the text of `[source.rows]` where one person has several rows.
    pub(super) fn write(&mut self, feed: &str) -> Option<String> {
        let (start, end) = (self.column(Meaning::Start), self.column(Meaning::End));
        let dates = dates::guess(start.into_iter().chain(end).map(|column| self.values(column)));
        self.line("# Guessed by `hrpush init` from the header of the file and the values below it: read it line by line.");
        self.line("# Check it with `hrpush mapping check`, try one person with `hrpush explain KEY`.");
        self.line("version = 1");
        self.line(&format!("name    = {}   # the name of the feed: keep it, hrpush remembers people by it", quoted(feed)));
        self.source(start, end, &dates);
        self.line("\n# A person in HR and an account are one when these agree, tried in this order.");
        self.line("[[match]]\ntarget = \"employeeId\"");
        let mail = self.column(Meaning::Mail);
        let is_mail = |column| self.sheet.records.is_empty() || self.sheet.values(column).any(|value| value.contains('@'));
        if mail.is_some_and(|column| is_mail(column) && self.is_accepted("mail", column)) {
            self.line("[[match]]\ntarget = \"mail\"");
        }
        self.attributes();
        self.manager();
        self.lifecycle(start, end);
        self.unused_days();
        self.unused();
        self.rows()
    }

    /// The columns of the first and the last name. `Name` beside a first name is the last one.
    fn names(&self) -> (Option<usize>, Option<usize>) {
        let (first, last) = (self.column(Meaning::First), self.column(Meaning::Last));
        let full = self.column(Meaning::Full);
        let other = match (first, last, full) {
            (Some(first), None, Some(full)) => Some(full).filter(|&full| self.sheet.is_surname_of(full, first)),
            _ => None,
        };
        (first, last.or(other))
    }

    pub(super) fn expression(&self, column: usize) -> String {
        format!("[{}]", self.sheet.name(column))
    }

    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// A column of a meaning other than the key.
    pub(super) fn column(&self, meaning: Meaning) -> Option<usize> {
        self.sheet.column(meaning).filter(|&column| column != self.key)
    }

    fn source(&mut self, start: Option<usize>, end: Option<usize>, dates: &DateGuess) {
        let key = self.expression(self.key);
        self.line("\n[source]");
        self.doubts_of_key();
        self.line(&format!("key      = {}   # the person's key in HR, which never changes", quoted(&key)));
        let (first, last) = self.names();
        let required: Vec<&str> =
            [Some(self.key), first, last].into_iter().flatten().map(|column| self.sheet.name(column)).collect();
        self.line(&format!("required = [{}]", list(required)));
        if start.or(end).is_some() {
            for note in &dates.notes {
                self.line(&format!("# {}", comment(note)));
            }
            self.notes.extend(dates.notes.iter().cloned());
            self.line(&format!("dates    = [{}]   # tried in order", list(&dates.formats)));
            if !dates.no_end.is_empty() {
                self.line(&format!("no_end   = [{}]   # spellings of an end that is none", list(&dates.no_end)));
            }
        }
        self.nothing();
        self.line("# time_zone = \"Europe/Berlin\"   # when a day begins; without it by UTC");
    }

    /// What a person must know of the key before anything depends on it.
    fn doubts_of_key(&mut self) {
        let (name, records) = (self.sheet.name(self.key).to_owned(), self.sheet.records.len());
        let (filled, distinct) = (self.sheet.values(self.key).count(), self.sheet.distinct(self.key).len());
        self.decisions.push(format!("the key of a person is `{name}`: {distinct} different values in {records} records"));
        if filled < records {
            let empty = records - filled;
            self.line(&format!("# ATTENTION: this column is empty in {empty} of {records} records, which are held."));
            self.notes.push(format!("{empty} records have no key in `{name}`: they will be held"));
        }
        if distinct < filled {
            self.line("# ATTENTION: the values of this column are not unique; people with the same value are held.");
            if self.column(Meaning::ValidFrom).is_none() {
                self.notes.push(format!("the key column `{name}` is not unique: {filled} records share {distinct} keys"));
            }
        }
        let counts = self.sheet.values(self.key).zip(1_u64..).all(|(value, row)| value == row.to_string());
        if records > 2 && counts && distinct == filled && matches!(fold(&name).as_str(), "id" | "uid") {
            self.decisions.push(format!(
                "`{name}` counts the rows (1, 2, 3 …): if it is not a number of the person, every person gets a new key as soon as a row is added"
            ));
        }
    }

    fn nothing(&mut self) {
        if self.nothings.is_empty() {
            return;
        }
        self.line(&format!("nothing  = [{}]   # cells with these words are empty", list(self.nothings.keys())));
        let counts: Vec<String> = self.nothings.iter().map(|(word, cells)| format!("{} ({cells})", quoted(word))).collect();
        self.decisions
            .push(format!("cells with these words count as empty, also an end date or a status: {}", counts.join(", ")));
    }

    fn attributes(&mut self) {
        self.line("\n# hrpush keeps these attributes as in HR: values that are entered elsewhere are overwritten.\n[attributes]");
        self.line(&format!("employeeId = {}", quoted(&self.expression(self.key))));
        let (first, last) = self.names();
        self.attribute("givenName", first);
        self.attribute("surname", last);
        let names: Vec<String> = first.into_iter().chain(last).map(|column| self.expression(column)).collect();
        let full = self.column(Meaning::Full).filter(|&column| Some(column) != last).map(|column| self.expression(column));
        if names.is_empty() && full.is_none() {
            let number = self.sheet.name(self.key);
            let alarm = format!("no column is known to be a name: each account would be called by its `{number}`");
            self.alarms.push(alarm.clone());
            self.decisions.insert(0, alarm);
            self.line(
                "# ATTENTION: no column is known to be a name. Set givenName, surname and displayName before the first run.",
            );
        }
        if full.is_none() && names.len() == 1 {
            let (missing, attribute) = if first.is_none() { ("first name", "givenName") } else { ("last name", "surname") };
            self.alarms
                .push(format!("no column is known to be the {missing}: set {attribute} and displayName before the first run"));
            self.line(&format!(
                "# ATTENTION: no column is known to be the {missing}: {attribute} is missing, also in displayName."
            ));
        }
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

    /// Whether the attribute is mapped to this column.
    fn is_accepted(&self, name: &str, column: usize) -> bool {
        let (refused, total, _) = self.refused(name, column);
        refused * 50 <= total
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
        } else if let Some(line) = self.country_codes(column) {
            self.line(&line);
        } else {
            self.line(&format!(
                "# usageLocation = {}   # must be two letters, such as DE: translate with Switch",
                quoted(&expression)
            ));
        }
        self.attribute("country", Some(column));
    }

    /// A translation of the names of countries to their codes, where they are known.
    fn country_codes(&mut self, column: usize) -> Option<String> {
        let values = self.sheet.distinct(column);
        let (known, unknown): (Vec<&str>, Vec<&str>) = values
            .into_iter()
            .filter(|value| !self.nothings.contains_key(value))
            .partition(|value| countries::code(value).is_some());
        if known.is_empty()
            || known.len() < unknown.len()
            || known.iter().any(|name| name.contains(['"', '\\']) || name.contains(char::is_control))
        {
            return None;
        }
        let pairs: Vec<String> =
            known.iter().filter_map(|name| Some(format!("\"{name}\", \"{}\"", countries::code(name)?))).collect();
        let expression = format!("Switch({}, , {})", self.expression(column), pairs.join(", "));
        if !unknown.is_empty() {
            let name = self.sheet.name(column);
            self.notes.push(format!("{} in `{name}` is not a known country: add it to usageLocation", words(&unknown)));
        }
        let line = format!("usageLocation = {{ expression = {}, on_empty = \"keep\" }}", quoted(&expression));
        Some(format!("{line}   # the codes of two letters that licences need"))
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
        if expression.contains("'''") || expression.contains(|c: char| c.is_control() && c != '\n') {
            self.line(&format!("userPrincipalName = {{ when = \"create\", expression = {} }}", quoted(&expression)));
        } else {
            self.line(&format!("userPrincipalName = {{ when = \"create\", expression = '''\n{expression}''' }}"));
        }
    }

    fn manager(&mut self) {
        let Some(column) = self.column(Meaning::Manager) else { return };
        if self.manager_by_address(column) {
            return;
        }
        let keys = self.sheet.distinct(self.key);
        let total = self.sheet.values(column).count();
        let known = self.sheet.values(column).filter(|value| keys.contains(value)).count();
        let key = quoted(&self.expression(column));
        if total > 0 && known == 0 {
            self.line("\n# The values of this column are not keys of the file: a name or a mail address cannot be resolved.");
            self.line(&format!("# [manager]\n# key = {key}"));
            self.notes.push(format!("the manager is left out: no value of `{}` is a key of this file", self.sheet.name(column)));
        } else {
            let share = if total == 0 { String::new() } else { format!("   # {known} of {total} are people of this file") };
            self.line(&format!("\n[manager]\nkey = {key}{share}"));
        }
    }

    /// `[manager]` for a column that holds addresses: those of the people themselves, or names to sign in.
    fn manager_by_address(&mut self, column: usize) -> bool {
        let total = self.sheet.values(column).count();
        let addresses = self.sheet.values(column).filter(|value| value.contains('@')).count();
        if total == 0 || addresses * 2 <= total {
            return false;
        }
        let mails: std::collections::BTreeSet<String> =
            self.column(Meaning::Mail).into_iter().flat_map(|mail| self.sheet.values(mail)).map(str::to_lowercase).collect();
        let known = self.sheet.values(column).filter(|value| mails.contains(&value.to_lowercase())).count();
        let attribute = if known > 0 { "mail" } else { "userPrincipalName" };
        let key = quoted(&self.expression(column));
        let table = format!("[manager]\nkey   = {key}\nmatch = {}", quoted(attribute));
        let name = self.sheet.name(column);
        if reads(&format!("{}\n{table}\n", self.text)) {
            self.line(&format!("\n# {known} of {total} are addresses of people of this file.\n{table}"));
            self.decisions.push(format!("the manager is the person with the {attribute} in `{name}`"));
        } else {
            self.line("\n# The values of this column are addresses, and the manager is looked up by a key of HR.");
            self.line(&format!("# [manager]\n# key = {key}"));
            self.notes.push(format!("the manager is left out: `{name}` holds addresses, and no keys of this file"));
        }
        true
    }

    fn unused(&mut self) {
        let text = self.text.clone();
        let mut unused = self.sheet.header.names().filter(|name| !text.contains(&format!("[{name}]"))).map(comment);
        let named: Vec<String> = unused.by_ref().take(MOST_UNUSED).collect();
        let more = unused.count();
        if !named.is_empty() {
            let more = if more > 0 { format!(", and {more} more") } else { String::new() };
            let _ = writeln!(self.text, "\n# Not used: {}{more}", named.join(", "));
        }
    }

    /// `[source.rows]` if the key is not unique and the columns decide which row counts.
    fn rows(&mut self) -> Option<String> {
        if self.sheet.records.is_empty() || self.sheet.is_unique(self.key) {
            return None;
        }
        let from = self.column(Meaning::ValidFrom)?;
        let until = self.column(Meaning::ValidTo);
        let dates = dates::guess(std::iter::once(from).chain(until).map(|column| self.sheet.values(column)));
        self.decisions.push(format!(
            "of several rows of a person the one in force counts, from `{}` on{}",
            self.sheet.name(from),
            until.map(|until| format!(" until `{}`", self.sheet.name(until))).unwrap_or_default()
        ));
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

/// Whether a text is a mapping without a fault.
fn reads(text: &str) -> bool {
    Mapping::parse(text, Path::new("guess.toml")).is_ok()
}

/// A text of TOML on one line, whatever is in it.
pub(super) fn quoted(text: &str) -> String {
    if !text.contains(|character: char| character.is_control()) {
        return toml::Value::String(text.to_owned()).to_string();
    }
    let escaped = text.chars().map(|character| match character {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\n' => "\\n".to_owned(),
        '\t' => "\\t".to_owned(),
        character if character.is_control() => format!("\\u{:04X}", u32::from(character)),
        character => character.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

pub(super) fn list<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    texts.into_iter().map(|text| quoted(text.as_ref())).collect::<Vec<_>>().join(", ")
}

/// Some words of the file for a person to read.
pub(super) fn words(texts: &[&str]) -> String {
    if texts.is_empty() { "no word".to_owned() } else { texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ") }
}
