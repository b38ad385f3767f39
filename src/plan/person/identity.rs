//! Accounts that were only seen, that another feed carries, or that were given by hand.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;

use crate::directory::{ObjectId, User};
use crate::mapping::{Desired, Held, HeldCode, Stage};
use crate::plan::inputs::Inputs;
use crate::plan::ledger::{Ledger, Person as Known, TakenOver};
use crate::plan::matching::Matching;
use crate::plan::matching::doubt::Doubt;
use crate::plan::matching::likeness::{Likeness, PersonNames, standing_decision};
use crate::plan::model::SkippedCode;
use crate::plan::person::context::{PersonDecision, PersonPlanner};
use crate::plan::person::restricted::Leave;
use crate::record::EmployeeId;

/// For how many days the last good reading of another feed protects its people.
const FEED_DAYS: i64 = 7;

impl PersonPlanner<'_> {
    /// Whether an administrator said that this account is the record's.
    pub(super) fn is_decided(&self, desired: &Desired, account: &ObjectId) -> bool {
        let ledger = self.inputs.ledger;
        !ledger.decisions.is_empty()
            && standing_decision(ledger, desired.key.as_str(), PersonNames::of_desired(desired))
                .is_some_and(|decision| decision.is_same(account))
    }

    /// An account that was given by hand to a record with other names must not open with the password of before.
    pub(super) fn renew_password(&self, decision: &mut PersonDecision, desired: &Desired, user: &User) {
        let PersonDecision::Change(change) = decision else { return };
        let differs = || Likeness::of(PersonNames::of_desired(desired), PersonNames::of_account(user)).any_differs();
        if self.is_decided(desired, &user.id) && differs() {
            change.renew_password();
        }
    }

    /// A leaver without a match. An account that an earlier run only saw heads the report while it is enabled: no match attribute confirms it,
    /// so it is not disabled.
    pub(super) fn left_with_seen_account(&mut self, desired: &Desired) -> Result<PersonDecision, Box<Held>> {
        let people = &self.inputs.ledger.people;
        let keys = std::iter::once(&desired.key).chain(&desired.previous_key);
        let user = keys.filter_map(|key| people.get(key)).find_map(|known| self.inputs.snapshot.users.get(&known.id));
        let Some(user) = user.filter(|user| user.enabled != Some(false)) else { return Ok(PersonDecision::Closed) };
        let claimed = self.inputs.snapshot.users.number(&user.id).is_some_and(|number| self.matching.is_claimed(number));
        if claimed || self.is_new(desired, &user.id) {
            return Ok(PersonDecision::Closed);
        }
        if let Some(decision) = self.untouchable(desired.key.as_str(), &user, Some(Leave::Left)) {
            return Ok(decision);
        }
        let doubt = Doubt {
            code: HeldCode::DoubtfulMatch,
            message: format!("an earlier run saw the account {} for this leaver, but no match attribute confirms it", user.upn),
            help: "find out which person the account belongs to, and correct the record or the account".into(),
            accounts: vec![user.id],
        };
        Err(doubt.held(desired, self.inputs.people, &self.inputs.snapshot.users))
    }

    fn is_new(&self, desired: &Desired, account: &ObjectId) -> bool {
        let decision = standing_decision(self.inputs.ledger, desired.key.as_str(), PersonNames::of_desired(desired));
        decision.is_some_and(|decision| decision.is_new(account))
    }

    /// Lists a leaver of this feed that another feed carries: the last good reading of that feed has the person, and not as gone.
    pub(super) fn left_elsewhere(&mut self, desired: &Desired, user: &User) -> Option<PersonDecision> {
        let known = self.known(desired, &user.id)?;
        self.is_elsewhere(desired.key.as_str(), known, user, "gone by this feed").then_some(PersonDecision::Closed)
    }

    /// Whether another feed carries a person whose account this feed would close; if so, the person is listed. `why` is what this feed says.
    pub(super) fn is_elsewhere(&mut self, key: &str, known: &Known, user: &User, why: &str) -> bool {
        let Some((feed, read_on)) = carrier(self.inputs, key, known).filter(|_| user.enabled != Some(false)) else {
            return false;
        };
        if read_on.checked_add(FEED_DAYS.days()).is_ok_and(|until| until <= self.inputs.today) {
            return false;
        }
        let message = format!(
            "{why}, but the feed `{feed}` contains this person, so {} stays as it is; \
             hint: correct the record in the feed that is wrong, or take the person out of it",
            user.upn
        );
        self.skip(key, Some(user), SkippedCode::OtherFeed, message, false);
        true
    }
}

/// The other feed that carries a person, with the day of its last good reading.
///
/// Where this feed carried the person last, it may have taken them over from a feed that lists them still: neither the order of the runs nor
/// how often each feed is read decides about the access.
fn carrier<'a>(inputs: &Inputs<'a>, key: &str, known: &'a Known) -> Option<(&'a str, Date)> {
    if is_gone(known) {
        return None;
    }
    let (ledger, own) = (inputs.ledger, &inputs.rules.feed);
    if known.feed != *own {
        let read_on = ledger.feeds.get(known.feed.as_str()).filter(|_| known.missing_since.is_none())?;
        return Some((known.feed.as_str(), *read_on));
    }
    let before = ledger.last_reading.as_ref()?.taken_over.get(key).filter(|before| is_unread_since(ledger, before))?;
    Some((&before.feed, before.read_on))
}

/// Whether a run of the feed that carries the person called them gone.
fn is_gone(known: &Known) -> bool {
    known.disabled_on.is_some() || known.deleted_on.is_some() || !known.leave_done.is_empty()
}

/// Whether the other feed had no good reading since this one took the person over.
fn is_unread_since(ledger: &Ledger, before: &TakenOver) -> bool {
    ledger.feeds.get(&before.feed) == Some(&before.read_on)
}

/// The people of this reading that another feed carries although this feed carries them last, for the next reading of this feed.
pub(in crate::plan) fn taken_over(inputs: &Inputs<'_>, matching: &Matching<'_>) -> BTreeMap<EmployeeId, TakenOver> {
    let (ledger, own) = (inputs.ledger, &inputs.rules.feed);
    let mut taken_over = BTreeMap::new();
    if !ledger.feeds.keys().any(|feed| feed != own) {
        return taken_over;
    }
    for person in &matching.people {
        let (key, left) = (matching.key(person), matches!(matching.stages(person).0, Stage::Left { .. }));
        let Some((known, id)) = ledger.people.get(key).zip(EmployeeId::new(key)) else { continue };
        // A record that calls the person gone does not take the person over.
        if left && known.feed != *own {
            continue;
        }
        if let Some((feed, read_on)) = carrier(inputs, key, known) {
            taken_over.insert(id, TakenOver { feed: feed.to_owned(), read_on });
        }
    }
    // A person without a record in scope still belongs to the other feed until that feed is read again.
    let before = ledger.last_reading.iter().flat_map(|last| &last.taken_over);
    for (key, before) in
        before.filter(|(key, before)| matching.place_of(key.as_str()).is_none() && is_unread_since(ledger, before))
    {
        if ledger.people.get(key).is_some_and(|known| known.feed == *own) {
            taken_over.entry(key.clone()).or_insert_with(|| before.clone());
        }
    }
    taken_over
}
