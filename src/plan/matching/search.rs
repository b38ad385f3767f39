//! The account that a record matches by itself.

use jiff::civil::Date;

use crate::directory::{Attribute, Kind, ObjectId, UserNo, UserType, Users, roles};
use crate::mapping::{Held, HeldCode};
use crate::plan::decision::{Decision, Verdict};
use crate::plan::inputs::Inputs;
use crate::plan::ledger::Person as Known;
use crate::plan::matching::claim::{Account, How, left, other_key, start};
use crate::plan::matching::doubt::{Doubt, some_of};
use crate::plan::matching::likeness::{Agreement, Likeness, PersonNames, standing_decision};
use crate::plan::matching::recycle_bin::RecycleBin;
use crate::plan::records::PersonRow;
use crate::plan::records::text_index::{Found, TextOf, fold};

/// A record that matches no account for certain.
pub(super) struct Unmatched {
    pub(super) held: Box<Held>,
    /// The account of another key that has both names of this active record: its key may have been replaced without a `previous_key`.
    pub(super) converted_from: Option<UserNo>,
}

/// The search for the account of one record.
pub(super) struct Search<'a> {
    inputs: &'a Inputs<'a>,
    users: &'a Users,
    row: PersonRow<'a>,
    decision: Option<&'a Decision>,
}

impl<'a> Search<'a> {
    pub(super) fn new(inputs: &'a Inputs<'a>, row: PersonRow<'a>) -> Self {
        let users = &inputs.snapshot.users;
        let decide = |key| standing_decision(inputs.ledger, key, PersonNames::of_record(row, users));
        let decision = if inputs.ledger.decisions.is_empty() { None } else { row.key().and_then(decide) };
        Self { inputs, users, row, decision }
    }

    /// The account, by what was decided, by the match attributes in their order, by the ledger, and in the recycle bin.
    pub(super) fn account(&self, bin: &RecycleBin<'a>) -> Result<Account<'a>, Unmatched> {
        if let Some(account) = self.decided()? {
            return Ok(account);
        }
        if let Some(account) = self.by_attributes()? {
            return Ok(account);
        }
        if let Some(account) = self.by_ledger()? {
            return Ok(account);
        }
        self.deleted(bin)
    }

    /// The account that an administrator named, unless another one has the record's key.
    fn decided(&self) -> Result<Option<Account<'a>>, Unmatched> {
        let Some(Decision { verdict: Verdict::Same(id), .. }) = self.decision else { return Ok(None) };
        let Some(user) = self.users.number(id) else {
            return Ok(self.inputs.snapshot.deleted.get(id).map(Account::Deleted));
        };
        let Some(first) = self.inputs.people.indexes().first() else { return Ok(Some(Account::Live(user, How::Decision))) };
        let text = self.row.wanted_text(first.attribute, self.users);
        let others = match text.map_or(Found::Nobody, |text| first.find(self.users, text)) {
            Found::Nobody => Vec::new(),
            Found::One(other) => vec![other],
            Found::Several(several) => several.to_vec(),
        };
        if others.iter().all(|other| *other == user) {
            return Ok(Some(Account::Live(user, How::Decision)));
        }
        let ids = others.iter().map(|other| self.users.at(*other).id());
        let message = format!("{id} was decided by hand, but another user has the {}: {}", first.attribute, some_of(ids));
        self.refuse(HeldCode::AmbiguousMatch, message, "leave the value with the one user that it belongs to", &others)
    }

    fn by_attributes(&self) -> Result<Option<Account<'a>>, Unmatched> {
        for (at, index) in self.inputs.people.indexes().iter().enumerate() {
            let mut how = How::By(u8::try_from(at).unwrap_or(u8::MAX));
            // By the first match attribute that one was found when the row was packed.
            let packed = self.row.facts().user.filter(|_| at == 0).map(Found::One);
            let look_up = || {
                let text = self.row.wanted_text(index.attribute, self.users);
                text.map_or(Found::Nobody, |text| index.find(self.users, text))
            };
            let mut found = packed.unwrap_or_else(look_up);
            if at == 0
                && let (Found::Nobody, Some(previous)) = (&found, self.row.previous_key())
            {
                found = index.find(self.users, previous);
                how = How::PreviousKey;
            }
            match found {
                Found::Nobody => {}
                Found::One(user) => match self.judge(user, how) {
                    Ok(()) => return Ok(Some(Account::Live(user, how))),
                    // No decision gives the key of a live account to another person.
                    Err(_) if how != How::By(0) && self.is_new(&self.users.at(user).id()) => {}
                    Err(unmatched) => return Err(unmatched),
                },
                Found::Several(several) => {
                    let ids = several.iter().map(|user| self.users.at(*user).id());
                    let message = format!("{} users have the same {}: {}", several.len(), index.attribute, some_of(ids));
                    let help = "leave the value with the one user that it belongs to";
                    return self.refuse(HeldCode::AmbiguousMatch, message, help, several);
                }
            }
        }
        Ok(None)
    }

    /// The account that an earlier run wrote to. A link that was made without a write is asked anew each time.
    fn by_ledger(&self) -> Result<Option<Account<'a>>, Unmatched> {
        for known in self.links().filter(|known| !known.seen) {
            let Some(user) = self.users.number(&known.id) else { continue };
            let account = self.users.at(user);
            // hrpush writes to no such account: the link can only have been made without a write.
            if account.synced() || (account.user_type() == UserType::Guest && !self.inputs.rules.guests) {
                continue;
            }
            match self.judge(user, How::Ledger) {
                Ok(()) => return Ok(Some(Account::Live(user, How::Ledger))),
                Err(_) if self.is_new(&known.id) => {}
                Err(unmatched) => return Err(unmatched),
            }
        }
        Ok(None)
    }

    fn deleted(&self, bin: &RecycleBin<'a>) -> Result<Account<'a>, Unmatched> {
        let known: Vec<&ObjectId> = self.links().filter(|known| !known.seen).map(|known| &known.id).collect();
        let found = bin.find(self.row, &known).filter(|(deleted, _)| !self.is_new(&deleted.user.id));
        let Some((deleted, at)) = found else { return Ok(Account::None) };
        // Nothing is restored for a leaver without a new start, so nothing can go to another person.
        if left(self.row) && self.row.new_stage().is_none() {
            return Ok(Account::Deleted(deleted));
        }
        let user = &deleted.user;
        let (likeness, link) = (self.likeness(user), self.links().find(|known| known.id == user.id));
        let why = match link {
            Some(known) if likeness.is_stranger() || self.returns_without_a_witness(known, user) => {
                self.reuse(known, user, How::Ledger, Some(false))
            }
            Some(_) => None,
            None => {
                let always = self.inputs.rules.lifecycle.as_ref().is_some_and(|lifecycle| lifecycle.reenable_always);
                if likeness.both_differ() || (at > 0 && always && !likeness.is_witness()) {
                    return Err(self.unmatched(stranger(user.upn.as_str(), &user.id, "a match attribute")));
                }
                None
            }
        };
        match why {
            Some(why) => Err(self.unmatched(self.reused(user.upn.as_str(), &user.id, &why))),
            None => Ok(Account::Deleted(deleted)),
        }
    }

    /// What the ledger has under the record's key and under the key of before.
    fn links(&self) -> impl Iterator<Item = &'a Known> {
        let keys = [self.row.key(), self.row.previous_key()].into_iter().flatten();
        keys.filter_map(|key| self.inputs.ledger.people.get(key))
    }

    fn is_new(&self, account: &ObjectId) -> bool {
        self.decision.is_some_and(|decision| decision.is_new(account))
    }

    fn likeness(&self, user: &impl TextOf) -> Likeness {
        Likeness::of(PersonNames::of_record(self.row, self.users), PersonNames::of_account(user))
    }

    /// Whether the account that was found can be this person's: a key alone is no proof where the names contradict it.
    fn judge(&self, user: UserNo, how: How) -> Result<(), Unmatched> {
        self.check_claim(user, how)?;
        if self.row.is_as(user) {
            return Ok(());
        }
        let (number, user) = (user, self.users.at(user));
        let (id, likeness) = (user.id(), self.likeness(&user));
        let link = self.links().find(|known| known.id == id);
        if likeness.both_differ() && link.is_none() {
            return Err(self.unmatched(stranger(user.upn(), &id, &self.shown(how))));
        }
        if let Some(known) = link.filter(|known| likeness.is_stranger() || self.returns_without_a_witness(known, &user)) {
            match self.reuse(known, &user, how, user.enabled()) {
                Some(why) => return Err(self.unmatched(self.reused(user.upn(), &id, &why))),
                None if likeness.both_differ() => return Ok(()),
                None => {}
            }
        }
        let needs_witness = match how {
            How::By(0) => link.is_none() && self.is_shared_kind(0) && PersonNames::of_account(&user).is_nameless(),
            How::By(_) => likeness.surname == Agreement::Different || link.is_none_or(|known| known.seen),
            How::PreviousKey | How::Ledger | How::Decision => false,
        };
        if !needs_witness || likeness.is_witness() {
            return Ok(());
        }
        let by = self.shown(how);
        let message = match likeness.surname {
            Agreement::Different => format!("the user {id} is matched by {by} alone and has another surname"),
            _ => format!("the user {id} is matched by {by} alone, and no name of a person on it agrees with the record"),
        };
        let help = "if it is the person's own account, correct its names in the tenant";
        self.refuse(HeldCode::DoubtfulMatch, message, help, &[number])
    }

    /// Whether a match attribute is an address, which a shared mailbox has as well as a person.
    fn is_shared_kind(&self, at: usize) -> bool {
        self.inputs.rules.matching.get(at).is_some_and(|attribute| attribute.kind == Kind::Name)
    }

    fn shown(&self, how: How) -> String {
        match how {
            How::By(at) => {
                self.inputs.rules.matching.get(usize::from(at)).map_or("a match attribute", |found| found.name).to_owned()
            }
            How::PreviousKey => "the previous key".to_owned(),
            How::Ledger => "an earlier run".to_owned(),
            How::Decision => "a decision".to_owned(),
        }
    }

    /// A user with another value in an earlier match attribute belongs to another person.
    fn check_claim(&self, user: UserNo, how: How) -> Result<(), Unmatched> {
        let before = match how {
            How::By(at) => usize::from(at),
            How::Ledger => 1,
            How::PreviousKey | How::Decision => 0,
        };
        let account = self.users.at(user);
        let attributes = self.inputs.rules.matching.iter().copied().take(before);
        let Some(attribute) = other_key(self.row, self.users, &account, attributes) else { return Ok(()) };
        let converted = matches!(how, How::By(_)) && !left(self.row) && self.likeness(&account).both_agree();
        let doubt = Doubt {
            code: HeldCode::ClaimedByOtherKey,
            message: format!("the user {} has another {attribute}", account.id()),
            help: "find out which person the account belongs to; correct the record or the account, or set `previous_key` for a person with a new key"
                .into(),
            accounts: vec![account.id()],
        };
        Err(Unmatched { converted_from: converted.then_some(user), ..self.unmatched(doubt) })
    }

    /// Why a key that leads to another person's account was given out again, where anything but the names shows it.
    fn reuse(&self, known: &Known, user: &impl TextOf, how: How, enabled: Option<bool>) -> Option<String> {
        // A closed account of a leaver gives no access, whatever HR makes of the names.
        if left(self.row) && enabled == Some(false) {
            return None;
        }
        let is_closed = known.deleted_on.is_some() || known.disabled_on.is_some();
        // What a record wanted after the leave proves nothing: it may have been the other person's.
        if !is_closed && self.is_wanted_name(known) {
            return None;
        }
        if known.feed != self.inputs.rules.feed {
            return Some(format!("the feed `{}` contains that person", known.feed));
        }
        let closed = known.deleted_on.map(|day| ("deleted", day)).or_else(|| known.disabled_on.map(|day| ("disabled", day)));
        if let Some((done, day)) = closed {
            return Some(format!("hrpush {done} that account on {day}"));
        }
        if let Some(day) = known.missing_since {
            return Some(format!("that person is missing from HR since {day}"));
        }
        if !known.leave_done.is_empty() || (enabled == Some(false) && !known.pre_hire) {
            return Some("that account is closed".into());
        }
        if how == How::PreviousKey {
            return Some("a person with a new key keeps one of the names".into());
        }
        let day = |name: &str| user.text_of(Attribute::find(name)?)?.get(..10)?.parse::<Date>().ok();
        let Some(start) = start(self.row) else {
            let hired = day(roles::EMPLOYEE_HIRE_DATE).filter(|_| !left(self.row) && self.maps(&[roles::EMPLOYEE_HIRE_DATE]))?;
            return Some(format!("that person was hired on {hired}, and the record has no first working day"));
        };
        if let Some(leave) = day(roles::EMPLOYEE_LEAVE_DATE_TIME).filter(|leave| *leave < start) {
            return Some(format!("that person leaves on {leave}, and the record starts on {start}"));
        }
        let hired = day(roles::EMPLOYEE_HIRE_DATE).filter(|hired| *hired < start)?;
        Some(format!("that person was hired on {hired}, and the record starts on {start}"))
    }

    /// Whether the account of somebody who has left would go to a record without any name, and neither address nor hire date confirms that it
    /// is the same person's.
    fn returns_without_a_witness(&self, known: &Known, user: &impl TextOf) -> bool {
        let is_closed = known.deleted_on.is_some() || known.disabled_on.is_some() || !known.leave_done.is_empty();
        if !is_closed || left(self.row) || !self.maps(&[roles::GIVEN_NAME, roles::SURNAME]) {
            return false;
        }
        let is_nameless = PersonNames::of_record(self.row, self.users).is_unknown();
        if !is_nameless || PersonNames::of_account(user).is_unknown() {
            return false;
        }
        let text = |name: &str| {
            let attribute = Attribute::find(name)?;
            Some((attribute, self.row.wanted_text(attribute, self.users)?, user.text_of(attribute)?))
        };
        let has_mail = text(roles::MAIL).is_some_and(|(mail, wanted, present)| fold(mail, wanted) == fold(mail, present));
        let hired =
            Attribute::find(roles::EMPLOYEE_HIRE_DATE).and_then(|hired| user.text_of(hired)?.get(..10)?.parse::<Date>().ok());
        let starts_anew = start(self.row).zip(hired).is_some_and(|(start, hired)| hired < start);
        !has_mail || starts_anew
    }

    /// Whether the mapping has one of these attributes.
    fn maps(&self, names: &[&str]) -> bool {
        self.inputs.rules.attributes.iter().any(|attribute| names.contains(&attribute.name))
    }

    /// Whether HR wanted one of the record's names for that account before: then the tenant drifted, and the person is the same.
    fn is_wanted_name(&self, known: &Known) -> bool {
        let names = PersonNames::of_record(self.row, self.users);
        let wanted = |name: &str| known.wanted.get(name)?.as_ref()?.as_text();
        Agreement::of(names.given, wanted(roles::GIVEN_NAME)) == Agreement::Same
            || Agreement::of(names.surname, wanted(roles::SURNAME)) == Agreement::Same
    }

    fn reused(&self, upn: &str, id: &ObjectId, why: &str) -> Doubt {
        let of_account = |key: &&str| self.inputs.ledger.people.get(*key).is_some_and(|known| known.id == *id);
        let (key, previous) = (self.row.key(), self.row.previous_key());
        let key = [key, previous].into_iter().flatten().find(of_account).or(key).unwrap_or_default();
        let has_names = !PersonNames::of_record(self.row, self.users).is_unknown();
        let names =
            if has_names { "of a person with other names" } else { "of a person, and the record has no name that confirms it" };
        Doubt {
            code: HeldCode::KeyReused,
            message: format!("the key {key} leads to the account {upn} ({id}) {names}; {why}"),
            help: "if HR gave the number to another person, take it off that account".into(),
            accounts: vec![id.clone()],
        }
    }

    fn unmatched(&self, doubt: Doubt) -> Unmatched {
        let held = doubt.held(&self.row.desired(self.users), self.inputs.people, self.users);
        Unmatched { held, converted_from: None }
    }

    fn refuse<T>(&self, code: HeldCode, message: String, help: &str, accounts: &[UserNo]) -> Result<T, Unmatched> {
        let accounts = accounts.iter().map(|user| self.users.at(*user).id()).collect();
        Err(self.unmatched(Doubt { code, message, help: help.into(), accounts }))
    }
}

fn stranger(upn: &str, id: &ObjectId, by: &str) -> Doubt {
    Doubt {
        code: HeldCode::DoubtfulMatch,
        message: format!("the account {upn} ({id}) is matched by {by}, but no name on it confirms that it is this person's"),
        help: "find out which person the account belongs to, and correct the record or the account".into(),
        accounts: vec![id.clone()],
    }
}
