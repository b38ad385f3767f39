//! What a person's account is: seen without a write, carried by another feed, or given by hand.

use jiff::ToSpan;

use super::{Planner, Slot};
use crate::directory::{ObjectId, User};
use crate::mapping::{Desired, Held, HeldCode};
use crate::plan::change::SkippedCode;
use crate::plan::decision;
use crate::plan::doubt::Doubt;
use crate::plan::likeness::{Likeness, PersonNames};

/// For how many days the last good reading of another feed protects its people.
const FEED_DAYS: i64 = 7;

impl Planner<'_> {
    /// Whether an administrator said that this account is the record's.
    pub(super) fn is_decided(&self, desired: &Desired, account: &ObjectId) -> bool {
        let ledger = self.inputs.ledger;
        !ledger.decisions.is_empty()
            && decision::standing(ledger, desired.key.as_str(), PersonNames::of_desired(desired))
                .is_some_and(|decision| decision.is_same(account))
    }

    /// An account that was given by hand to a record with other names must not open with the password of before.
    pub(super) fn renew_password(&self, slot: &mut Slot, desired: &Desired, user: &User) {
        let Slot::Change(change) = slot else { return };
        let differs = || Likeness::of(PersonNames::of_desired(desired), PersonNames::of_account(user)).any_differs();
        if self.is_decided(desired, &user.id) && differs() {
            change.renew_password();
        }
    }

    /// A leaver without a match. An account that an earlier run only saw heads the report while it is enabled: no match attribute confirms it,
    /// so it is not disabled.
    pub(super) fn left_with_seen_account(&mut self, desired: &Desired) -> Result<Slot, Box<Held>> {
        let people = &self.inputs.ledger.people;
        let keys = std::iter::once(&desired.key).chain(&desired.previous_key);
        let user = keys.filter_map(|key| people.get(key)).find_map(|known| self.inputs.snapshot.users.get(&known.id));
        let Some(user) = user.filter(|user| user.enabled != Some(false)) else { return Ok(Slot::Closed) };
        let claimed = self.inputs.snapshot.users.number(&user.id).is_some_and(|number| self.matching.is_claimed(number));
        if claimed || self.is_new(desired, &user.id) {
            return Ok(Slot::Closed);
        }
        if let Some(slot) = self.untouchable(desired.key.as_str(), &user, true) {
            return Ok(slot);
        }
        let doubt = Doubt {
            code: HeldCode::DoubtfulMatch,
            message: format!("an earlier run saw the account {} for this leaver, but no match attribute confirms it", user.upn),
            help: "find out whose account it is, and correct the record or the account".into(),
            accounts: vec![user.id],
        };
        Err(doubt.held(desired, &self.inputs.snapshot.users))
    }

    fn is_new(&self, desired: &Desired, account: &ObjectId) -> bool {
        let decision = decision::standing(self.inputs.ledger, desired.key.as_str(), PersonNames::of_desired(desired));
        decision.is_some_and(|decision| decision.is_new(account))
    }

    /// Lists a leaver of this feed whom another feed carries: the last good reading of that feed has the person, and not as gone.
    pub(super) fn left_elsewhere(&mut self, desired: &Desired, user: &User) -> Option<Slot> {
        let (ledger, rules) = (self.inputs.ledger, self.inputs.rules);
        let known = self.known(desired, &user.id).filter(|known| known.feed != rules.feed && known.missing_since.is_none())?;
        let gone_there = known.disabled_on.is_some() || known.deleted_on.is_some() || !known.leave_done.is_empty();
        let read = ledger.feeds.get(known.feed.as_str())?.checked_add(FEED_DAYS.days()).ok()?;
        if gone_there || read <= self.inputs.today || user.enabled == Some(false) {
            return None;
        }
        let message =
            format!("gone by this feed, but the feed `{}` carries this person, so {} stays as it is", known.feed, user.upn);
        self.skip(desired.key.as_str(), Some(user), SkippedCode::OtherFeed, message, false);
        Some(Slot::Closed)
    }
}
