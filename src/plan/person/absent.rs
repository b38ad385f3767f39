//! People of this feed without a record in scope: missing, out of scope, or both.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::civil::Date;

use crate::directory::{ObjectId, User, UserRow};
use crate::mapping::{Held, HeldCode, Lifecycle, Stage};
use crate::plan::decision::Verdict;
use crate::plan::ledger::Person as Known;
use crate::plan::matching::doubt::shell_word;
use crate::plan::model::{Action, Change, ChangeAside, Object, SkippedCode};
use crate::plan::person::context::PersonPlanner;
use crate::plan::person::lifecycle::enablement;
use crate::plan::person::missing_doubt::MissingDoubt;
use crate::plan::person::restricted::Leave;
use crate::plan::reason::{Reason, Why};
use crate::plan::records::{Kind, People, PersonNo, PersonRow};
use crate::record::{EmployeeId, Place};

/// A person with records outside `[[scope]]` only.
struct OutOfScope<'a> {
    key: &'a str,
    previous: Option<&'a str>,
    /// The first of the records.
    number: PersonNo,
    /// The stage of the records. One that calls the person gone decides, since a record out of scope saves no access; of several such, that
    /// with the latest end.
    stage: Option<Stage>,
}

impl<'a> OutOfScope<'a> {
    fn new(key: &'a str, row: PersonRow<'a>) -> Self {
        Self { key, previous: None, number: row.number, stage: None }
    }

    fn add(&mut self, row: PersonRow<'a>) {
        self.previous = self.previous.max(row.previous_key());
        self.number = self.number.min(row.number);
        self.stage = match (self.stage, row.stage()) {
            (Some(Stage::Left { end }), Some(Stage::Left { end: other })) => Some(Stage::Left { end: end.max(other) }),
            (Some(Stage::Left { .. }), _) => self.stage,
            (_, left @ Some(Stage::Left { .. })) => left,
            (known, other) => known.or(other),
        };
    }
}

/// The people without a record in scope, by key.
fn people_out_of_scope(people: &People) -> BTreeMap<&str, OutOfScope<'_>> {
    let mut out: BTreeMap<&str, OutOfScope<'_>> = BTreeMap::new();
    for row in people.rows().filter(|row| matches!(row.kind, Kind::OutOfScope)) {
        if let Some(key) = row.key() {
            out.entry(key).or_insert_with(|| OutOfScope::new(key, row)).add(row);
        }
    }
    out
}

/// An account that may have to be closed although no record in scope names the person.
struct Closing<'k> {
    key: &'k str,
    known: &'k Known,
    leave: Leave,
    reason: Reason,
    /// The last working day, where the record names one.
    end: Option<Date>,
    record: Option<Place>,
}

/// Holds a leaver out of scope if a held record in scope resembles the account.
fn converted(key: &str, place: Option<Place>, user: &User, other: &str) -> Held {
    Held {
        key: EmployeeId::new(key),
        previous_key: None,
        place,
        left: true,
        code: HeldCode::ClaimedByOtherKey,
        message: format!("the active {other} has both names of this leaver and matches the same user {}", user.id),
        help: format!(
            "if the {other} is that of this person with a new key, set `previous_key` in it, else disable the account by hand"
        ),
        candidates: vec![user.id.clone()],
        marks: Vec::new(),
        shown: Vec::new(),
    }
}

impl<'a> PersonPlanner<'a> {
    /// Plans for the people that this feed carried last and no longer does, and for those with records outside the scope.
    pub(in crate::plan) fn absent(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        // Two keys of one account, of before and after a conversion, are one person.
        let mut judged: HashSet<&'a ObjectId> = HashSet::new();
        let out = people_out_of_scope(self.inputs.people);
        let in_scope = if out.is_empty() { HashSet::new() } else { self.borne_in_scope(&out) };
        for record in out.values().filter(|record| !in_scope.contains(record.key)) {
            let Some(known) = self.carried(record).filter(|known| judged.insert(&known.id)) else { continue };
            changes.extend(match record.stage {
                Some(Stage::Left { end }) => self.leaver_out_of_scope(record, known, end),
                _ => self.out_of_scope(record, known),
            });
        }
        if self.inputs.whole {
            let ledger = self.inputs.ledger;
            for (key, known) in &ledger.people {
                let ours = known.feed == self.inputs.rules.feed && self.inputs.plans(key.as_str());
                if ours && !self.matching.names(key) && judged.insert(&known.id) {
                    changes.extend(self.missing(key, known));
                }
            }
        }
        changes
    }

    /// What an earlier run knows of a person out of scope, where this feed carried them last. Anybody else is another feed's to serve.
    fn carried(&self, record: &OutOfScope<'a>) -> Option<&'a Known> {
        let keys = [Some(record.key), record.previous].into_iter().flatten();
        let ledger = self.inputs.ledger;
        let known = keys.into_iter().find_map(|key| ledger.people.get(key))?;
        (known.feed == self.inputs.rules.feed && self.inputs.plans(record.key)).then_some(known)
    }

    /// The people out of scope with a current or previous key that a record in scope has as well.
    fn borne_in_scope(&self, out: &BTreeMap<&'a str, OutOfScope<'a>>) -> HashSet<&'a str> {
        let mut of: HashMap<&'a str, &'a str> = HashMap::new();
        for record in out.values() {
            of.extend([Some(record.key), record.previous].into_iter().flatten().map(|key| (key, record.key)));
        }
        let in_scope = self.inputs.people.rows().filter(|row| !matches!(row.kind, Kind::OutOfScope));
        let keys = in_scope.flat_map(|row| [row.key(), row.previous_key()]).flatten();
        keys.filter_map(|key| of.get(key).copied()).collect()
    }

    /// The live account of a person of an earlier run, unless it belongs to a person of this reading.
    fn unclaimed(&self, known: &Known) -> Option<UserRow<'a>> {
        self.inputs.snapshot.users.row(&known.id).filter(|user| !self.matching.is_claimed(user.number()))
    }

    /// Whether an administrator decided that this account stays as it is.
    fn is_kept(&self, key: &str, known: &Known) -> bool {
        self.inputs.ledger.decisions.get(key).is_some_and(|decision| {
            decision.verdict == Verdict::Keep && decision.account.as_ref().is_none_or(|account| *account == known.id)
        })
    }

    /// A person that left the scope and the company: a leaver like any other, except that no values are set.
    fn leaver_out_of_scope(&mut self, record: &OutOfScope<'a>, known: &Known, end: Option<Date>) -> Option<Change> {
        let row = self.unclaimed(known)?;
        let (user, lifecycle) = (row.to_user(), self.lifecycle()?);
        self.leavers_out_of_scope.insert(record.key.to_owned());
        let record_place = self.inputs.people.row(record.number).place();
        // A held record in scope with both names that matches the account may be this person's. An address or the names alone save nothing.
        if user.enabled != Some(false)
            && let Some(other) = self.matching.held_namesake(&row)
        {
            self.held.push(converted(record.key, record_place, &user, other));
            return None;
        }
        if self.is_elsewhere(record.key, known, &user, "gone by this feed, outside its scope") {
            return None;
        }
        let left = end.filter(|end| *end < self.inputs.today);
        let reason = left.map_or(Reason::LeftByStatus, Reason::LeftOnDate);
        self.close(&user, lifecycle, Closing { key: record.key, known, leave: Leave::Left, reason, end, record: record_place })
    }

    fn out_of_scope(&mut self, record: &OutOfScope<'a>, known: &Known) -> Option<Change> {
        let user = self.unclaimed(known).filter(|user| !self.matching.is_pointed_at_by_held(record.key, user))?.to_user();
        if self.is_kept(record.key, known) || self.is_elsewhere(record.key, known, &user, "outside the scope of this feed") {
            return None;
        }
        let Some(lifecycle) = self.lifecycle().filter(|lifecycle| lifecycle.disable_out_of_scope) else {
            if user.enabled != Some(false) {
                let message = format!(
                    "the record is outside the mapping's scope; {} is left as it is; \
                     hint: disable the account by hand if the person has left, else `hrpush decide {} --keep` settles it",
                    user.upn,
                    shell_word(record.key)
                );
                self.skip(record.key, Some(&user), SkippedCode::OutOfScope, message, false);
                self.list_unknown_stage(record, &user);
            }
            return None;
        };
        let (leave, reason) = (Leave::OutOfScope, Reason::OutOfScope);
        self.close(&user, lifecycle, Closing { key: record.key, known, leave, reason, end: None, record: None })
    }

    /// Lists a person out of scope who may have left: neither the status nor the dates of the record can be believed.
    fn list_unknown_stage(&mut self, record: &OutOfScope<'a>, user: &User) {
        if record.stage.is_none() {
            let message = format!(
                "the record is outside the mapping's scope, and its status and dates do not show whether the person has left; {} stays \
                 enabled; hint: correct the status and the dates in HR, or settle it as said for `out-of-scope`",
                user.upn
            );
            self.skip(record.key, Some(user), SkippedCode::InvalidValue, message, false);
        }
    }

    pub(super) fn missing_doubt(&self) -> Option<MissingDoubt> {
        let (keyless, people) = (self.matching.keyless, self.inputs.people);
        *self.missing_doubt.get_or_init(|| if keyless { Some(MissingDoubt::NoKey) } else { MissingDoubt::of(people) })
    }

    fn missing(&mut self, key: &EmployeeId, known: &Known) -> Option<Change> {
        let key = key.as_str();
        let user = self.unclaimed(known).filter(|user| !self.matching.is_pointed_at(key, user))?.to_user();
        if self.is_kept(key, known) {
            self.kept += 1;
            return None;
        }
        if self.is_elsewhere(key, known, &user, "missing from this feed") {
            return None;
        }
        let lifecycle = self.lifecycle().filter(|lifecycle| lifecycle.disable_missing);
        let why = match (lifecycle, self.missing_doubt()) {
            (Some(lifecycle), None) => {
                let (leave, reason) = (Leave::Missing, Reason::Missing);
                return self.close(&user, lifecycle, Closing { key, known, leave, reason, end: None, record: None });
            }
            (Some(_), Some(doubt)) => {
                format!("missing from HR, but {} is not disabled: {doubt}; hint: correct the reading", user.upn)
            }
            (None, _) => format!(
                "missing from HR; {} stays enabled; hint: disable the account if the person has left, else correct HR or run \
                 `hrpush decide {} --keep`",
                user.upn,
                shell_word(key)
            ),
        };
        if user.enabled != Some(false) {
            self.skip(key, Some(&user), SkippedCode::Missing, why, false);
        }
        None
    }

    /// Disables the account with what follows; where it is disabled already, what is pending. Only a leaver by HR expires.
    fn close(&mut self, user: &User, lifecycle: &Lifecycle, closing: Closing<'_>) -> Option<Change> {
        let Closing { key, known, leave, reason, end, record } = closing;
        if self.list_untouchable(key, user, Some(leave)) || self.list_shielded(key, user, Some(leave)) {
            return None;
        }
        let flips = user.enabled != Some(false);
        let may_expire = leave == Leave::Left && !flips;
        let expired = if may_expire { self.deletion_day(lifecycle, Some(known), end) } else { None };
        let then = if expired.is_some() { Vec::new() } else { self.pending(lifecycle, user, Some(known), flips) };
        let (action, reason) = match expired {
            Some(since) => (Action::Delete, Reason::Expired { left: end.filter(|end| *end < self.inputs.today), since }),
            None if flips => (Action::Disable, reason),
            None if then.is_empty() => return None,
            None => (Action::Update, reason),
        };
        let mut change = Change {
            seq: 0,
            action,
            object: Object::User,
            key: key.into(),
            id: Some(user.id.clone()),
            user_principal_name: Some(user.upn.as_str().into()),
            reason: reason.to_string(),
            why: Why::from(&reason),
            cause: BTreeMap::new(),
            attributes: if flips { vec![enablement(user.enabled, false)] } else { Vec::new() },
            members: None,
            then: Vec::new(),
            record,
            aside: ChangeAside::default(),
        };
        if change.action == Action::Delete {
            self.note_former_groups(&mut change, user);
        }
        self.follow(&mut change, user, then);
        Some(change)
    }
}
