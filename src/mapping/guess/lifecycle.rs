//! `[lifecycle]` of a guessed mapping: the first and the last day, and the words of a status.

use std::collections::BTreeSet;

use crate::mapping::guess::sheet::comment;
use crate::mapping::guess::text::{Writer, list, quoted, words};
use crate::mapping::guess::vocabulary::{ACTIVE, LEFT, Meaning, NO, YES, fold, holds};

/// Parts of the names of columns in which yes means that a person has left. They are asked first: `inactive` holds `active`.
const GONE: &[&str] = &[
    "inactiv",
    "inaktiv",
    "inactif",
    "inattiv",
    "inactief",
    "inativ",
    "nieaktyw",
    "neaktiv",
    "terminat",
    "leaver",
    "left",
    "exit",
    "disabled",
    "blocked",
    "gesperrt",
    "ausgetreten",
    "ausgeschieden",
    "deactivat",
    "deaktiv",
    "former",
    "notactiv",
    "notemployed",
    "nolonger",
    "archiv",
    "separated",
    "resigned",
    "dismissed",
    "uitdienst",
    "sorti",
    "cessat",
    "slutat",
    "sluttet",
    "fratrad",
    "desligado",
    "baja",
];

/// Parts of the names of columns in which yes means that a person works here.
const HERE: &[&str] = &["activ", "aktiv", "actif", "actief", "attiv", "ativ", "aktyw", "current", "employed", "enabled"];

/// More different status values than this are no status.
const MOST_STATUSES: usize = 15;

/// So many columns of dates that decide nothing are named.
const NAMED: usize = 20;

/// What yes means in a column of yes and no.
#[derive(Clone, Copy)]
enum Flag {
    /// The person has left.
    Gone,
    /// The person works here.
    Here,
}

impl Writer<'_> {
    pub(super) fn lifecycle(&mut self, start: Option<usize>, end: Option<usize>) {
        let status = self.column(Meaning::Status).filter(|&column| {
            let values = self.sheet.distinct(column).len();
            self.sheet.records.is_empty() || (1..=MOST_STATUSES).contains(&values)
        });
        if start.or(end).or(status).is_none() {
            self.line("\n# No column shows which people have left, so no account is ever disabled. Add [lifecycle] with `end` or `status`.");
            self.decisions.push("no column shows which people have left, so no account is ever disabled".to_owned());
            return;
        }
        self.line("\n# First and last days, and leavers. A status in `left` means gone, whatever the dates say.\n[lifecycle]");
        if let Some(column) = start {
            self.line(&format!("start  = {}   # first working day", quoted(&self.expression(column))));
            self.decisions.push(format!("the first working day is `{}`", self.sheet.name(column)));
        }
        if let Some(column) = end {
            self.line(&format!("end    = {}   # last working day, included", quoted(&self.expression(column))));
            let (name, filled) = (self.sheet.name(column), self.values(column).count());
            self.decisions
                .push(format!("the last working day is `{name}`, which {filled} records have: access ends the day after"));
        } else {
            self.line("# end  = \"[…]\"   # no column is known to be the last working day");
            self.decisions.push("no column is known to be the last working day: no date ends access".to_owned());
        }
        match status {
            Some(column) => self.status(column),
            None => self.decisions.push("no column is known to be the status: the dates alone decide".to_owned()),
        }
        self.line("# create_before = \"14d\"      # accounts for starters so long before their first day");
        self.line("# on_leave      = [\"revoke-sessions\"]");
        self.line("# delete_after  = \"30d\"      # absent: leavers are disabled, never deleted");
    }

    /// Whether a status value means gone.
    fn is_left(&self, column: usize, value: &str) -> bool {
        let word = fold(value);
        let yes_or_no = match self.flag(column) {
            Some(Flag::Gone) => holds(YES, &word),
            Some(Flag::Here) => holds(NO, &word),
            None => false,
        };
        holds(LEFT, &word) || yes_or_no
    }

    /// What a yes means in a column of yes and no.
    fn flag(&self, column: usize) -> Option<Flag> {
        let name = fold(self.sheet.name(column));
        let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
        let flag = if has(GONE) {
            Flag::Gone
        } else if has(HERE) {
            Flag::Here
        } else {
            return None;
        };
        self.sheet.is_yes_or_no(column).then_some(flag)
    }

    /// Whether a status value is known to mean working here.
    fn is_active(&self, column: usize, value: &str) -> bool {
        let word = fold(value);
        let yes_or_no = match self.flag(column) {
            Some(Flag::Gone) => holds(NO, &word),
            Some(Flag::Here) => holds(YES, &word),
            None => false,
        };
        holds(ACTIVE, &word) || yes_or_no
    }

    fn status(&mut self, column: usize) {
        let mut seen = BTreeSet::new();
        let values: Vec<&str> = self
            .sheet
            .distinct(column)
            .into_iter()
            .filter(|value| !self.nothings.contains_key(value) && seen.insert(crate::mapping::lifecycle::fold(value)))
            .collect();
        let (left, rest): (Vec<&str>, Vec<&str>) = values.into_iter().partition(|value| self.is_left(column, value));
        let (active, unknown): (Vec<&str>, Vec<&str>) = rest.into_iter().partition(|value| self.is_active(column, value));
        let name = self.sheet.name(column).to_owned();
        self.line(&format!("status = {}", quoted(&self.expression(column))));
        self.decisions.push(format!(
            "the status is `{name}`; {} means gone, {} means working here",
            words(&left),
            words(&active)
        ));
        if left.is_empty() {
            self.line(
                "# ATTENTION: no value in the file looks like \"has left\": name yours here, or the status disables no account.",
            );
            self.line("# left   = [\"Terminated\"]");
            self.notes.push(format!("no value of `{name}` looks like \"has left\": name them in [lifecycle] left"));
        } else {
            self.line(&format!("left   = [{}]   # gone, whatever the dates say", list(left)));
        }
        if !unknown.is_empty() {
            let held = self.sheet.values(column).filter(|value| unknown.contains(value)).count();
            self.line(&format!("# ATTENTION: write each of these into `left` or `active`: {}", comment(&list(&unknown))));
            self.decisions.push(format!(
                "{} in `{name}` is in neither list: its {held} records are held until you write it into `left` or `active`",
                words(&unknown)
            ));
        }
        if active.is_empty() && unknown.is_empty() {
            self.line("# active = [\"Active\"]   # words for working here; with this list any other word holds its record");
        } else {
            self.line(&format!(
                "active = [{}]   # working here, the dates still decide; a word in neither list holds its record",
                list(active)
            ));
        }
    }

    /// Days that decide nothing by now, and may be meant to.
    pub(super) fn unused_days(&mut self) {
        const OF_BIRTH: [&str; 9] = ["birth", "geburt", "naiss", "nacim", "nascit", "dob", "narozen", "urodzen", "fodsel"];
        let unused = |&column: &usize| {
            let name = self.sheet.name(column);
            column != self.key
                && !self.text.contains(&quoted(&format!("[{name}]")))
                && self.sheet.looks_like_days(column)
                && !OF_BIRTH.iter().any(|part| fold(name).contains(part))
                && (self.sheet.is_unique(self.key)
                    || ![Meaning::ValidFrom, Meaning::ValidTo].iter().any(|meaning| self.sheet.column(*meaning) == Some(column)))
        };
        let columns: Vec<usize> = (0..self.sheet.header.len()).filter(unused).collect();
        for &column in columns.iter().take(NAMED) {
            let name = self.sheet.name(column);
            self.decisions.push(format!(
                "`{name}` has dates and decides nothing: if it is the first or last working day, name it in [lifecycle]"
            ));
        }
        if columns.len() > NAMED {
            self.decisions.push(format!("{} more columns have dates and decide nothing", columns.len() - NAMED));
        }
    }
}
