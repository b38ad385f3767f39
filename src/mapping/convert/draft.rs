//! The mapping file in the making: written, checked with the same checker as any other, and whatever it refuses set aside.

use std::path::Path;

use super::loss::{ConvertError, Lost, is_writable};
use crate::diagnostic::toml_text::{comment, key, quoted};
use crate::mapping::model::Mapping;

/// One line of `[attributes]`.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The attribute in Graph.
    pub(super) target: String,
    /// What the schema calls it.
    pub(super) source: String,
    /// The right-hand side.
    pub(super) value: String,
    pub(super) note: Option<String>,
    /// Why the checker does not take it.
    pub(super) refused: Option<String>,
}

/// An expression for the status, with its values that mean blocked and free.
type Status = (String, &'static [&'static str], &'static [&'static str]);

/// Everything that the file will say.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) from: String,
    pub(super) key: String,
    pub(super) columns: Vec<(String, String)>,
    pub(super) matches: Vec<(i64, String)>,
    pub(super) scope: Vec<String>,
    pub(super) disable_out_of_scope: bool,
    pub(super) manager: Option<String>,
    pub(super) filter: Option<String>,
    pub(super) status: Option<Status>,
    entries: Vec<Entry>,
    left_out: Vec<String>,
}

/// What a part of the file is, so that a fault in it can be mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Entry(usize),
    Match(usize),
    Scope(usize),
    Filter,
    Manager,
    Lifecycle,
    Fixed,
}

impl Draft {
    pub(super) fn add(&mut self, entry: Entry) {
        if !self.has(&entry.target) {
            self.entries.push(entry);
        }
    }

    fn has(&self, target: &str) -> bool {
        self.entries.iter().any(|entry| entry.target == target && entry.refused.is_none())
    }

    /// Why this target cannot be added.
    pub(super) fn add_reason(&self, target: &str) -> Option<&'static str> {
        if self.has(target) {
            Some("another line of the schema fills the same attribute")
        } else if is_writable(target) {
            None
        } else {
            Some("a user in Graph has no such attribute that hrpush writes")
        }
    }

    /// Keeps a line as a comment.
    pub(super) fn leave_out(&mut self, source: &str, expression: &str, why: &str) {
        self.left_out.push(comment(&format!("{source} = {expression}\n  {why}")));
    }

    /// The file, once the checker has no fault left in it, and the targets that it maps.
    pub(super) fn settle(mut self, lost: &mut Vec<Lost>) -> Result<(String, Vec<String>), ConvertError> {
        for _ in 0..1_000 {
            self.ensure_match(lost);
            let (text, parts) = self.write(lost);
            let Err(errors) = Mapping::parse(&text, Path::new("converted")) else {
                return Ok((text, self.carried()));
            };
            let mut mended = false;
            for fault in &errors.faults {
                let part = parts.iter().rev().find(|(line, _)| *line <= fault.line).map_or(Part::Fixed, |(_, part)| *part);
                mended |= self.set_aside(part, &fault.message, lost);
            }
            if !mended {
                let why = errors.faults.first().map(|fault| fault.message.clone()).unwrap_or_default();
                return Err(ConvertError::Nothing { name: self.name, why });
            }
        }
        Err(ConvertError::Nothing { name: self.name, why: "its faults have no end".to_owned() })
    }

    fn carried(&self) -> Vec<String> {
        let mut carried: Vec<String> =
            self.entries.iter().filter(|entry| entry.refused.is_none()).map(|entry| entry.target.clone()).collect();
        carried.extend(self.manager.is_some().then(|| "manager".to_owned()));
        carried.extend(self.status.is_some().then(|| "lifecycle.status".to_owned()));
        carried.extend(self.filter.is_some().then(|| "objectFilter".to_owned()));
        carried
    }

    /// A mapping without a match finds no account, so that the key is matched then.
    fn ensure_match(&mut self, lost: &mut Vec<Lost>) {
        let matches = std::mem::take(&mut self.matches);
        self.matches = matches.into_iter().filter(|(_, target)| self.has(target)).collect();
        if !self.matches.is_empty() {
            return;
        }
        if !self.has("employeeId") {
            self.entries.insert(
                0,
                Entry {
                    target: "employeeId".to_owned(),
                    source: "employeeId".to_owned(),
                    value: quoted(&self.key),
                    note: Some("added: the schema has no match that can be used here".to_owned()),
                    refused: None,
                },
            );
        }
        self.matches.push((1, "employeeId".to_owned()));
        lost.push(Lost {
            what: "matching".to_owned(),
            why: "no matching attribute could be carried over: accounts are matched by employeeId".to_owned(),
        });
    }

    /// Takes a part that the checker refuses out of the file; whether anything changed.
    fn set_aside(&mut self, part: Part, why: &str, lost: &mut Vec<Lost>) -> bool {
        let what = match part {
            Part::Entry(at) => {
                let entry = &mut self.entries[at];
                if entry.refused.is_some() {
                    return false;
                }
                entry.refused = Some(why.to_owned());
                format!("attribute {}", entry.source)
            }
            Part::Match(at) => {
                if at >= self.matches.len() {
                    return false;
                }
                format!("match {}", self.matches.remove(at).1)
            }
            Part::Scope(at) => {
                let Some(group) = self.scope.get_mut(at) else { return false };
                let no_person = "[[scope]]\nall = [{ attribute = '\"\"', operator = \"IS NOT NULL\" }]\n";
                if group == no_person {
                    return false;
                }
                no_person.clone_into(group);
                self.disable_out_of_scope = false;
                format!("scope group {}", at + 1)
            }
            Part::Filter => {
                let Some(expression) = self.filter.take() else { return false };
                self.leave_out("objectFilter", &expression, why);
                "objectFilter".to_owned()
            }
            Part::Manager => {
                let Some(expression) = self.manager.take() else { return false };
                self.leave_out("manager", &expression, why);
                "attribute manager".to_owned()
            }
            Part::Lifecycle => {
                let Some((expression, ..)) = self.status.take() else { return false };
                self.leave_out("accountEnabled", &expression, why);
                "attribute accountEnabled".to_owned()
            }
            Part::Fixed => return false,
        };
        lost.push(Lost { what, why: why.to_owned() });
        true
    }

    /// The text, and where its parts begin.
    fn write(&self, lost: &[Lost]) -> (String, Vec<(usize, Part)>) {
        let mut file = File::default();
        self.head(&mut file, lost);
        for (at, (_, target)) in self.matches.iter().enumerate() {
            file.part(Part::Match(at));
            file.push(&format!("[[match]]\ntarget = {}\n\n", quoted(target)));
        }
        for (at, group) in self.scope.iter().enumerate() {
            file.part(Part::Scope(at));
            file.push(group);
            file.push("\n");
        }
        self.attributes(&mut file);
        if let Some(expression) = &self.manager {
            file.part(Part::Manager);
            file.push("# The manager's key, resolved to the manager's account: it must be of the kind of [source] key.\n");
            file.push(&format!("[manager]\nkey = {}\n\n", quoted(expression)));
        }
        self.lifecycle(&mut file);
        if !self.left_out.is_empty() {
            file.part(Part::Fixed);
            file.push("\n# Not carried over:\n");
            self.left_out.iter().for_each(|line| file.push(line));
        }
        (file.text, file.parts)
    }

    fn head(&self, file: &mut File, lost: &[Lost]) {
        file.part(Part::Fixed);
        file.push(&comment(&format!("Converted from the synchronization schema of {}: {}.", self.from, self.name)));
        file.push("# Check it against an export: hrpush mapping check FILE --against employees.csv\n#\n");
        file.push("# A value that HR does not have leaves the target alone (on_empty = \"keep\"), as the service does unless null values\n");
        file.push("# are allowed to flow. Take on_empty out to empty the target instead.\n");
        if !lost.is_empty() {
            file.push("#\n# Not carried over, or not quite:\n");
            for Lost { what, why } in lost {
                file.push(&comment(&format!("- {what}: {why}").replace(['\n', '\r'], " ")));
            }
        }
        file.push(&format!("\nversion = 1\nname = {}\n\n", quoted(&self.name)));
        file.push("[source]\n# The person's key in HR: unique in a reading.\n");
        file.push(&format!("key = {}\n", quoted(&self.key)));
        file.push("# time_zone = \"Europe/Berlin\"   # the zone in which a working day begins; UTC without it\n");
        let text = self.texts();
        let used: Vec<&(String, String)> =
            self.columns.iter().filter(|(name, _)| text.iter().any(|text| text.contains(&format!("[{name}]")))).collect();
        if !used.is_empty() {
            file.push("#\n# Where the connector read the columns:\n");
            for (name, facts) in used {
                file.push(&comment(&format!("  [{name}]: {facts}").replace(['\n', '\r'], " ")));
            }
        }
        file.push("\n");
    }

    /// All texts that may name a column.
    fn texts(&self) -> Vec<&str> {
        let mut texts: Vec<&str> = self.entries.iter().map(|entry| entry.value.as_str()).collect();
        texts.extend(self.scope.iter().map(String::as_str));
        texts.extend([Some(self.key.as_str()), self.manager.as_deref(), self.filter.as_deref()].into_iter().flatten());
        texts.extend(self.status.as_ref().map(|(status, ..)| status.as_str()));
        texts
    }

    fn attributes(&self, file: &mut File) {
        file.part(Part::Fixed);
        file.push("[attributes]\n");
        if let Some(expression) = &self.filter {
            file.part(Part::Filter);
            file.push(&format!("objectFilter = {}\n", quoted(expression)));
        }
        for (at, entry) in self.entries.iter().enumerate() {
            let line = format!("{} = {}", key(&entry.target), entry.value);
            file.part(Part::Entry(at));
            if let Some(why) = &entry.refused {
                file.push(&comment(&format!("not carried over: {why}")));
                file.push(&comment(&line));
                continue;
            }
            if let Some(note) = &entry.note {
                file.push(&comment(note));
            }
            if !entry.source.eq_ignore_ascii_case(&entry.target) {
                file.push(&comment(&format!("{} of the schema", entry.source)));
            }
            file.push(&line);
            file.push("\n");
        }
        file.push("\n");
    }

    fn lifecycle(&self, file: &mut File) {
        file.part(Part::Lifecycle);
        file.push("# Without [lifecycle] no account is ever disabled.\n[lifecycle]\n");
        if let Some((status, blocked, free)) = &self.status {
            let list = |words: &[&str]| words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(", ");
            file.push("# What the schema maps to the state of the account; a record without it is held.\n");
            file.push(&format!("status = {}\nleft = [{}]\nactive = [{}]\n", quoted(status), list(blocked), list(free)));
        }
        file.part(Part::Fixed);
        for (name, target) in [("start", "employeeHireDate"), ("end", "employeeLeaveDateTime")] {
            let meaning = if name == "start" { "the first working day" } else { "the last working day, included" };
            let entry = self.entries.iter().find(|entry| entry.target == target && entry.refused.is_none());
            let expression = entry.map_or("\"[…]\"", |entry| entry.value.as_str());
            let expression = if expression.starts_with('{') { "\"[…]\"" } else { expression };
            file.push(&comment(&format!("{name} = {expression}   # {meaning}").replace('\n', " ")));
        }
        file.push("# create_before = \"14d\"   # accounts are made this long before the first day\n");
        if self.disable_out_of_scope {
            file.push(
                "# The service disables people that leave the scope, unless SkipOutOfScopeDeletions is set: then write \"report\".\n",
            );
            file.push("out_of_scope = \"disable\"\n");
        } else {
            file.push("out_of_scope = \"report\"   # or \"disable\"\n");
        }
        file.push("on_missing = \"report\"   # or \"disable\": people missing from the reading\n");
    }
}

#[derive(Default)]
struct File {
    text: String,
    parts: Vec<(usize, Part)>,
}

impl File {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// What follows is this part.
    fn part(&mut self, part: Part) {
        self.parts.push((self.text.matches('\n').count() + 1, part));
    }
}
