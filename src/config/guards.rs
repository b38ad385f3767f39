//! The limits above which a plan stops before it writes.

use toml::Spanned;
use toml::de::DeValue;

use crate::diagnostic::toml::{Reader, Table, count_of, number_of};
use crate::plan::{GuardName, Leavers};

/// The limit of one guard; where a share and a count are given, the stricter wins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GuardLimit {
    /// The share of the guard's base, from 0 to 1.
    pub share: Option<f64>,
    /// An absolute number, such as 5 people.
    pub count: Option<u64>,
    /// Whether the guard is switched off.
    pub off: bool,
}

impl GuardLimit {
    const fn new(share: f64, count: Option<u64>) -> Self {
        Self { share: Some(share), count, off: false }
    }
}

/// The limits of all guards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guards {
    /// Records fewer than in the feed's last good reading.
    pub source: GuardLimit,
    /// How much the share of empty cells of a column may rise; it has no count.
    pub feed: GuardLimit,
    /// How many accounts may be disabled, by a leave or by being missing.
    pub disable: GuardLimit,
    /// Accounts enabled or restored.
    pub enable: GuardLimit,
    /// How many accounts may be deleted.
    pub delete: GuardLimit,
    /// How many accounts may be created.
    pub create: GuardLimit,
    /// People with any change.
    pub update: GuardLimit,
    /// How many people may lose a value.
    pub clear: GuardLimit,
    /// How many people may have their names or user principal name replaced.
    pub identity: GuardLimit,
    /// How many memberships may be removed.
    pub remove_members: GuardLimit,
    /// Records held that were not held before.
    pub held: GuardLimit,
    /// How many people of the feed with an enabled account may be in no record any more.
    pub missing: GuardLimit,
    /// Whether the leavers of a stopped plan are disabled all the same.
    pub leavers: Leavers,
    /// So many times a run's limit is let through within seven rolling days; `None` is off.
    pub week: Option<f64>,
}

impl Default for Guards {
    fn default() -> Self {
        Self {
            source: GuardLimit::new(0.10, None),
            feed: GuardLimit::new(0.20, None),
            disable: GuardLimit::new(0.05, Some(100)),
            enable: GuardLimit::new(0.02, Some(20)),
            delete: GuardLimit::new(0.02, Some(50)),
            create: GuardLimit::new(0.30, None),
            update: GuardLimit::new(0.40, None),
            clear: GuardLimit::new(0.10, None),
            identity: GuardLimit::new(0.02, Some(20)),
            remove_members: GuardLimit::new(0.20, None),
            held: GuardLimit::new(0.10, None),
            missing: GuardLimit::new(0.05, Some(100)),
            leavers: Leavers::Wait,
            week: Some(2.0),
        }
    }
}

impl Guards {
    /// The guards by their names in the file and in a plan.
    pub fn named(&self) -> [(GuardName, GuardLimit); 12] {
        [
            (GuardName::Source, self.source),
            (GuardName::Feed, self.feed),
            (GuardName::Disable, self.disable),
            (GuardName::Enable, self.enable),
            (GuardName::Delete, self.delete),
            (GuardName::Create, self.create),
            (GuardName::Update, self.update),
            (GuardName::Clear, self.clear),
            (GuardName::Identity, self.identity),
            (GuardName::RemoveMembers, self.remove_members),
            (GuardName::Held, self.held),
            (GuardName::Missing, self.missing),
        ]
    }

    fn named_mut(&mut self) -> [(GuardName, &mut GuardLimit); 12] {
        [
            (GuardName::Source, &mut self.source),
            (GuardName::Feed, &mut self.feed),
            (GuardName::Disable, &mut self.disable),
            (GuardName::Enable, &mut self.enable),
            (GuardName::Delete, &mut self.delete),
            (GuardName::Create, &mut self.create),
            (GuardName::Update, &mut self.update),
            (GuardName::Clear, &mut self.clear),
            (GuardName::Identity, &mut self.identity),
            (GuardName::RemoveMembers, &mut self.remove_members),
            (GuardName::Held, &mut self.held),
            (GuardName::Missing, &mut self.missing),
        ]
    }
}

const LEAVERS: [(&str, Leavers); 2] = [("wait", Leavers::Wait), ("go", Leavers::Go)];

/// Reads `[guard]`; what it does not name keeps its default.
pub(super) fn read(reader: &mut Reader<'_>, fields: &Table<'_, '_>) -> Guards {
    let mut guards = Guards::default();
    for (guard, limit) in guards.named_mut() {
        let name = guard.as_str();
        let Some(found) = fields.get(name) else { continue };
        match found.get_ref() {
            value if is_off(value) => limit.off = true,
            DeValue::Table(_) => {
                if let Some(table) = reader.table(fields, name) {
                    one(reader, &table, limit, guard != GuardName::Feed);
                }
            }
            _ => reader.fault(
                &found.span(),
                format!("`{name}` must be a table or \"off\""),
                format!("such as `{name} = {{ share = {} }}`", limit.share.unwrap_or(0.05)),
            ),
        }
    }
    guards.leavers = reader.choice(fields, "leavers", &LEAVERS).unwrap_or_default();
    match fields.get("week") {
        Some(found) if is_off(found.get_ref()) => guards.week = None,
        Some(_) => guards.week = reader.number(fields, "week", |week| week > 0.0, "above 0, or \"off\"").or(guards.week),
        None => {}
    }
    reader.finish(fields);
    guards
}

fn one(reader: &mut Reader<'_>, table: &Table<'_, '_>, limit: &mut GuardLimit, counts: bool) {
    if let Some(found) = table.get("share") {
        part(reader, found, "`share` must be a number from 0 to 1, or \"off\"", &mut limit.share, |value| {
            number_of(value).filter(|share| (0.0..=1.0).contains(share))
        });
    }
    if counts && let Some(found) = table.get("count") {
        part(reader, found, "`count` must be a whole number from 0 on, or \"off\"", &mut limit.count, count_of);
    }
    reader.finish(table);
    if limit.share.is_none() && limit.count.is_none() {
        limit.off = true;
    }
}

fn part<T>(
    reader: &mut Reader<'_>,
    found: &Spanned<DeValue<'_>>,
    wrong: &str,
    limit: &mut Option<T>,
    read: impl Fn(&DeValue<'_>) -> Option<T>,
) {
    if is_off(found.get_ref()) {
        *limit = None;
    } else if let Some(value) = read(found.get_ref()) {
        *limit = Some(value);
    } else {
        reader.fault(&found.span(), wrong, None);
    }
}

fn is_off(value: &DeValue<'_>) -> bool {
    matches!(value, DeValue::Boolean(false)) || value.as_str() == Some("off")
}
