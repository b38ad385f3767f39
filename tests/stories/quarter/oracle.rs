//! What must be true after each night, by DESIGN sections 4 to 8: a second model, which shares no code with the planner.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::hr::{Bad, Company, Person, Row};

/// `create_before` and `delete_after` of the mapping.
const CREATE_BEFORE: i64 = 14;
const DELETE_AFTER: i64 = 30;
/// Members in one PATCH of a group.
const MEMBERS: usize = 20;

/// An account as any user can see it; the manager is a position in the company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) key: String,
    pub(super) upn: String,
    pub(super) enabled: bool,
    pub(super) names: [String; 2],
    pub(super) mail: String,
    pub(super) department: String,
    pub(super) title: Option<String>,
    pub(super) mobile: Option<String>,
    pub(super) hired: String,
    pub(super) country: String,
    pub(super) manager: Option<usize>,
    pub(super) groups: BTreeSet<String>,
}

/// An account with what hrpush must remember of it.
#[derive(Clone)]
struct Known {
    account: Account,
    unit: Option<usize>,
    deleted: bool,
    /// The unit with the group that the account joins again once it is restored.
    comes_back_to: Option<usize>,
    /// The day on which hrpush disabled the account, until it is enabled again.
    disabled_on: Option<Date>,
    /// The account was made for a start ahead and was never enabled: an earlier employment does not concern it.
    made_ahead: bool,
    signed_out: bool,
    signed_out_on: Option<Date>,
}

/// What HR says of a person on a day.
enum Says {
    Left,
    Upcoming,
    PreHire,
    Active,
    Nothing,
    Held(&'static str),
}

/// What one night must bring, beside the accounts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Night {
    /// The fewest writes that do it.
    pub(super) writes: usize,
    /// More writes that may be needed because of memberships that come back with a restored account, which no list shows before: the
    /// PATCH that adds the member again with others is refused as a whole and split.
    pub(super) splits: usize,
    /// How many people are signed out everywhere.
    pub(super) signed_out: usize,
    pub(super) held: BTreeSet<(String, String)>,
    pub(super) missing: BTreeSet<String>,
    /// The leavers with an account whose record has a value that cannot be believed: it is left out and listed.
    pub(super) disbelieved: BTreeSet<String>,
}

#[derive(Default)]
pub(super) struct Oracle {
    known: BTreeMap<usize, Known>,
    groups: BTreeMap<usize, String>,
    addresses: BTreeSet<String>,
}

impl Oracle {
    /// Lets a night pass.
    pub(super) fn night(&mut self, company: &Company) -> Night {
        let mut night = Night::default();
        night.held.extend(company.keyless.then(|| (String::new(), "no-key".to_owned())));
        let signed_out = |oracle: &Self| oracle.known.values().filter(|known| known.signed_out_on == Some(company.today)).count();
        let mut order: Vec<usize> = (0..company.people.len()).collect();
        order.sort_by(|left, right| company.people[*left].key.cmp(&company.people[*right].key));
        let mut joining: BTreeMap<usize, usize> = BTreeMap::new();
        let mut served = Vec::new();
        let mut again = BTreeSet::new();
        for at in order {
            let person = &company.people[at];
            match self.says(at, person, company.today) {
                Says::Nothing => {
                    // A row without a key may be any person's: no person is disabled as missing.
                    let disables = company.disables_missing && !company.keyless;
                    let Some(known) = self.known.get_mut(&at).filter(|known| !known.deleted) else { continue };
                    if disables {
                        night.writes += known.close(company.today);
                    } else if known.account.enabled {
                        night.missing.insert(known.account.key.clone());
                    }
                }
                Says::Held(code) => {
                    night.held.insert((person.key.clone(), code.to_owned()));
                }
                says => {
                    if let Some(writes) = self.serve(at, company, &says) {
                        night.writes += writes;
                        let left = matches!(says, Says::Left);
                        let damaged = matches!(person.row, Row::Damaged(Bad::Country | Bad::Start));
                        if left && damaged && !self.known[&at].deleted {
                            night.disbelieved.insert(person.key.clone());
                        }
                        served.push((at, left));
                    }
                }
            }
        }
        for (at, left) in served {
            if self.known.get(&at).is_some_and(|known| known.comes_back_to == Some(company.people[at].unit)) {
                again.insert(company.people[at].unit);
            }
            night.writes += self.manager(at, company) + self.membership(at, company, left, &mut joining);
        }
        night.splits = again.iter().filter_map(|unit| joining.get(unit)).map(|count| 2 * (count - 1)).sum();
        night.writes += joining.values().map(|count| count.div_ceil(MEMBERS)).sum::<usize>();
        night.writes += self.name_groups(company, &joining);
        night.signed_out = signed_out(self);
        night
    }

    /// The stage is judged first and alone: a leaver is never held for another value.
    fn says(&self, at: usize, person: &Person, today: Date) -> Says {
        if person.row == Row::Absent {
            return Says::Nothing;
        }
        let is = |bad| person.row == Row::Damaged(bad);
        let status_unknown = is(Bad::UnknownStatus) || is(Bad::NoStatus);
        if person.terminated && !status_unknown {
            return Says::Left;
        }
        // An end before the start is that of an earlier employment.
        let returns = person.end.is_some_and(|end| end < person.start) && !is(Bad::Start);
        let gap = person.end.is_some_and(|end| end < today) && (!returns || today < person.start);
        let exists = self.known.contains_key(&at);
        let worked = self.known.get(&at).is_some_and(|known| !known.made_ahead);
        if gap && (worked || !returns) {
            return Says::Left;
        }
        match person.row {
            Row::Twice => return Says::Held("duplicate-key"),
            Row::Damaged(Bad::Country | Bad::Start) => return Says::Held("invalid-value"),
            Row::Damaged(Bad::UnknownStatus | Bad::NoStatus) => return Says::Held("no-status"),
            Row::Once | Row::Absent => {}
        }
        if exists && returns && person.end.is_some_and(|end| today <= end) {
            return Says::Active;
        }
        if today < person.start.saturating_sub(CREATE_BEFORE.days()) {
            Says::Upcoming
        } else if today < person.start {
            Says::PreHire
        } else {
            Says::Active
        }
    }

    /// The writes for the account alone; none where nothing may be done with this person, the manager and the groups included.
    fn serve(&mut self, at: usize, company: &Company, says: &Says) -> Option<usize> {
        let person = &company.people[at];
        let Some(known) = self.known.get_mut(&at) else {
            return match says {
                Says::PreHire | Says::Active => Some(self.create(at, company, matches!(says, Says::Active))),
                _ => None,
            };
        };
        match says {
            Says::Upcoming => None,
            Says::Left if known.deleted => None,
            Says::Left => Some(known.leaves(person, company)),
            _ => {
                let mut writes = 0;
                if known.deleted {
                    known.deleted = false;
                    known.comes_back_to = known.unit.take();
                    known.account.manager = None;
                    writes += 1;
                }
                if matches!(says, Says::Active) && !known.account.enabled {
                    (known.account.enabled, known.disabled_on, known.signed_out) = (true, None, false);
                    known.made_ahead = false;
                    writes += 1;
                }
                Some(writes + known.values(person, company, false))
            }
        }
    }

    fn create(&mut self, at: usize, company: &Company, enabled: bool) -> usize {
        let person = &company.people[at];
        let names = [person.given.clone(), person.surname.clone()];
        let candidates = [names.join("."), format!("{}.{}", names.join("."), person.key)];
        let upn = candidates.map(|local| format!("{local}@contoso.com")).into_iter();
        let upn = upn.into_iter().find(|upn| !self.addresses.contains(&upn.to_lowercase())).unwrap();
        self.addresses.insert(upn.to_lowercase());
        let account = Account {
            key: person.key.clone(),
            upn,
            enabled,
            names,
            mail: person.mail.clone(),
            department: company.departments[person.unit].clone(),
            title: person.title.clone(),
            mobile: person.mobile.clone(),
            hired: midnight(person.start),
            country: person.country.to_owned(),
            manager: None,
            groups: BTreeSet::new(),
        };
        self.known.insert(
            at,
            Known {
                account,
                unit: None,
                deleted: false,
                comes_back_to: None,
                disabled_on: None,
                made_ahead: !enabled,
                signed_out: false,
                signed_out_on: None,
            },
        );
        1
    }

    /// A manager without an account leaves the present one; only an empty cell clears, and never for a leaver.
    fn manager(&mut self, at: usize, company: &Company) -> usize {
        let wanted = company.people[at].manager.filter(|manager| self.known.get(manager).is_some_and(|known| !known.deleted));
        let Some(known) = self.known.get_mut(&at).filter(|known| !known.deleted) else { return 0 };
        let Some(wanted) = wanted.filter(|wanted| known.account.manager != Some(*wanted)) else { return 0 };
        known.account.manager = Some(wanted);
        1
    }

    /// A leaver stays where HR names the group, and joins none.
    fn membership(&mut self, at: usize, company: &Company, left: bool, joining: &mut BTreeMap<usize, usize>) -> usize {
        let Some(known) = self.known.get_mut(&at).filter(|known| !known.deleted) else { return 0 };
        let back = known.comes_back_to.take();
        let wanted = company.people[at].unit;
        if known.unit == Some(wanted) {
            return 0;
        }
        let removed = usize::from(known.unit.or(back).is_some_and(|unit| unit != wanted));
        known.unit = (!left).then_some(wanted);
        if !left {
            *joining.entry(wanted).or_default() += 1;
        }
        removed
    }

    /// A group is created when its first member joins, and has the department's name from then on.
    fn name_groups(&mut self, company: &Company, joining: &BTreeMap<usize, usize>) -> usize {
        let mut writes = 0;
        for unit in joining.keys().chain(&self.groups.keys().copied().collect::<Vec<_>>()) {
            let name = format!("Dept {}", company.departments[*unit]);
            if self.groups.insert(*unit, name.clone()) != Some(name) {
                writes += 1;
            }
        }
        writes
    }

    /// The live accounts by position.
    pub(super) fn accounts(&self) -> BTreeMap<usize, Account> {
        let live = |at: &usize| self.known.get(at).is_some_and(|known| !known.deleted);
        let shown = |known: &Known| Account {
            manager: known.account.manager.filter(live),
            groups: known.unit.map(|unit| self.groups[&unit].clone()).into_iter().collect(),
            ..known.account.clone()
        };
        self.known.iter().filter(|(at, _)| live(at)).map(|(at, known)| (*at, shown(known))).collect()
    }
}

impl Known {
    fn leaves(&mut self, person: &Person, company: &Company) -> usize {
        let today = company.today;
        let expired = |disabled: Date| {
            let day = person.end.map_or(disabled, |end| end.max(disabled)).saturating_add(DELETE_AFTER.days());
            disabled < today && day <= today
        };
        if !self.account.enabled && self.disabled_on.is_some_and(expired) {
            self.deleted = true;
            return 1;
        }
        self.close(today) + self.values(person, company, true)
    }

    /// Access goes alone: a PATCH of accountEnabled, and the end of all sessions, which is also due if an administrator closed
    /// the account.
    fn close(&mut self, today: Date) -> usize {
        let mut writes = 0;
        if self.account.enabled {
            (self.account.enabled, self.disabled_on, self.signed_out) = (false, Some(today), false);
            writes += 1;
        }
        if !self.signed_out {
            (self.signed_out, self.signed_out_on) = (true, Some(today));
            writes += 1;
        }
        writes
    }

    /// The writes for values: one PATCH, and one of its own for the hire date. A leaver's values are set, not cleared, and those that
    /// cannot be believed are left out.
    fn values(&mut self, person: &Person, company: &Company, left: bool) -> usize {
        let is = |bad| person.row == Row::Damaged(bad);
        let optional = |wanted: &Option<String>, present: &Option<String>| match wanted {
            None if left => present.clone(),
            wanted => wanted.clone(),
        };
        let before = self.account.clone();
        let account = &mut self.account;
        account.key.clone_from(&person.key);
        account.names = [person.given.clone(), person.surname.clone()];
        account.mail.clone_from(&person.mail);
        account.department.clone_from(&company.departments[person.unit]);
        account.title = optional(&person.title, &account.title);
        account.mobile = optional(&person.mobile, &account.mobile);
        if !is(Bad::Country) {
            person.country.clone_into(&mut account.country);
        }
        let patch = usize::from(*account != before);
        if !is(Bad::Start) {
            account.hired = midnight(person.start);
        }
        patch + usize::from(account.hired != before.hired)
    }
}

fn midnight(day: Date) -> String {
    format!("{day}T00:00:00Z")
}
