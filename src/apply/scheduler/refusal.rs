//! Refusals of a part of a request: the rest is sent again without the culprit.

use super::misses::{Detail, Miss};
use super::part::{Part, is_suspect};
use super::state::Reduced;
use super::{Answer, Attribute, InFlight, ObjectId, Scheduler, StepAction, Upn, Value};
use crate::apply::outcome::StepName;
use crate::apply::owners::owner_in;
use crate::apply::step::Edits;
use crate::directory::roles;
use crate::target::{Found, TakenName};

/// How often one step is split in search of the culprit. That is enough for more attributes than the catalogue has.
const SPLITS: u32 = 48;
/// The attributes without which no account can be created.
const DEMANDED: [&str; 4] = [roles::ACCOUNT_ENABLED, roles::DISPLAY_NAME, NICKNAME, UPN];
const UPN: &str = roles::USER_PRINCIPAL_NAME;
const MAIL: &str = roles::MAIL;
const NICKNAME: &str = roles::MAIL_NICKNAME;

impl Scheduler<'_> {
    /// Sends a refused part again with less: without the attributes that the refusal names, else split until the culprit is alone.
    pub(super) fn send_without(&mut self, in_flight: &InFlight, answer: &Answer) {
        let at = in_flight.at;
        if let Part::Edits(edits) = &in_flight.part {
            let named = &answer.culprits.attributes;
            let (left_out, rest) = edits.clone().into_iter().partition::<Edits, _>(|(name, _)| named.contains(name));
            if !left_out.is_empty() {
                return self.leave_out(in_flight, left_out, rest, answer);
            }
            self.send_blamed_alone(at);
        }
        let parts = in_flight.part.split(answer.is_forbidden()).filter(|_| self.live[at].splits < SPLITS);
        let Some(parts) = parts else { return self.refuse(in_flight, answer) };
        self.live[at].splits += 1;
        for part in parts.into_iter().rev() {
            self.live[at].parts.push_front(part);
        }
        self.go_on(in_flight, answer);
    }

    fn leave_out(&mut self, in_flight: &InFlight, left_out: Edits, rest: Edits, answer: &Answer) {
        let at = in_flight.at;
        for attribute in left_out.keys() {
            self.miss_attribute(at, *attribute, answer);
        }
        if !rest.is_empty() {
            let live = &mut self.live[at];
            live.blamed.extend(left_out);
            live.parts.push_front(Part::Edits(rest));
        }
        self.go_on(in_flight, answer);
    }

    /// The request is still refused without the attributes that an earlier refusal named, so that one named the wrong ones. Each of them is
    /// sent alone: a good value must not be lost, this night and every night, because the text of a refusal points at it.
    fn send_blamed_alone(&mut self, at: usize) {
        let live = &mut self.live[at];
        for (attribute, value) in std::mem::take(&mut live.blamed) {
            live.misses.retain(|miss| miss.detail != Detail::Attribute(attribute));
            live.parts.push_back(Part::Edits(Edits::from([(attribute, value)])));
        }
    }

    /// The step goes on with the parts that are left, or is over.
    pub(super) fn go_on(&mut self, in_flight: &InFlight, answer: &Answer) {
        if self.live[in_flight.at].parts.is_empty() {
            return self.close(in_flight.request, in_flight.at, answer, None);
        }
        self.note(in_flight.request, false, answer);
        self.ready.insert(in_flight.at);
    }

    /// One attribute of a person was refused.
    pub(super) fn miss_attribute(&mut self, at: usize, attribute: Attribute, answer: &Answer) {
        let change = &self.plan.changes[self.live[at].step.change];
        let edit = change.attributes.iter().find(|edit| edit.name == attribute.name);
        // The other half of a complex value goes along as it is: nothing was asked of it.
        if edit.is_none() && attribute.name.contains('.') {
            return;
        }
        let live = &self.live[at];
        // What a create left out is written by an update, once the account exists.
        let is_later = live.landed && matches!(live.step.act, StepAction::CreateUser { .. });
        let step = if is_later { StepName::Update } else { live.step.act.name() };
        let mut miss = Miss { step, ..self.refused(at, Detail::Attribute(attribute), answer) };
        if answer.name_conflict().is_some() && matches!(attribute.name, MAIL | UPN) {
            miss.taken = edit.and_then(|edit| edit.after.as_ref()?.as_text()).map(str::to_owned).into_iter().collect();
        }
        self.live[at].misses.push(miss);
    }

    /// Reduces a refused create: by what the refusal names, else by more and more of what a target does not demand. What was left out
    /// on suspicion is written once the account exists, part by part. Returns whether the reduced create is worth sending.
    pub(super) fn create_with_less(&mut self, at: usize, answer: &Answer) -> bool {
        let named = &answer.culprits.attributes;
        let optional: Vec<Attribute> = named.iter().copied().filter(|name| !DEMANDED.contains(&name.name)).collect();
        for attribute in &optional {
            if Some(*attribute) == self.options.matching {
                self.leave_for_later(at, |name| name == *attribute);
            } else {
                let value = self.take_out(at, *attribute);
                self.live[at].blamed.insert(*attribute, value);
                self.miss_attribute(at, *attribute, answer);
            }
        }
        if !named.is_empty() {
            return !optional.is_empty();
        }
        // The create is refused without them, too: the earlier refusal named the wrong ones.
        let live = &mut self.live[at];
        for (attribute, value) in std::mem::take(&mut live.blamed) {
            live.misses.retain(|miss| miss.detail != Detail::Attribute(attribute));
            live.later.insert(attribute, value);
        }
        self.reduce_create(at, answer)
    }

    /// Leaves out more of a create, in the order of [`Reduced`]. Returns false where nothing more can be left out.
    fn reduce_create(&mut self, at: usize, answer: &Answer) -> bool {
        let key = self.options.matching;
        let mut reduced = self.live[at].reduced;
        loop {
            reduced = match reduced {
                Reduced::Nothing if answer.is_forbidden() => Reduced::Suspects,
                Reduced::Nothing | Reduced::Suspects => Reduced::Optional,
                Reduced::Optional => Reduced::Key,
                Reduced::Key => return false,
            };
            self.live[at].reduced = reduced;
            let moved = self.leave_for_later(at, |name| {
                let spared = DEMANDED.contains(&name.name) || (reduced < Reduced::Key && Some(name) == key);
                !spared && (reduced > Reduced::Suspects || is_suspect(name))
            });
            if moved {
                return true;
            }
        }
    }

    fn take_out(&mut self, at: usize, attribute: Attribute) -> Option<Value> {
        match &mut self.live[at].step.act {
            StepAction::CreateUser { attributes } => attributes.remove(&attribute),
            _ => None,
        }
    }

    /// Takes attributes out of a create, to be written once the account exists. Says whether there were any.
    fn leave_for_later(&mut self, at: usize, which: impl Fn(Attribute) -> bool) -> bool {
        let live = &mut self.live[at];
        let StepAction::CreateUser { attributes } = &mut live.step.act else { return false };
        let before = live.later.len();
        live.later.extend(attributes.extract_if(.., |name, _| which(*name)).map(|(name, value)| (name, Some(value))));
        live.later.len() > before
    }

    /// Sends a create again after another account turned out to have one of its names: with the next candidate, or without the
    /// mail. Returns false if there is nothing left to try.
    pub(super) fn create_under_another_name(&mut self, at: usize, found: &Found, answer: &Answer) -> bool {
        let StepAction::CreateUser { attributes } = &self.live[at].step.act else { return false };
        let text = |name: &str| Attribute::find(name).and_then(|name| attributes.get(&name)?.as_text().map(str::to_owned));
        let (upn, mail) = (text(UPN).unwrap_or_default(), text(MAIL));
        let same = mail.as_ref().is_some_and(|mail| mail.eq_ignore_ascii_case(&upn));
        if answer.is_taken(TakenName::Nickname) && *found != Found::Other {
            return self.next_candidate(at, NICKNAME) || (self.nickname_follows(at) && self.next_candidate(at, UPN));
        }
        let is_taken = |address: &str| owner_in(self.options.snapshot, address, None).is_some();
        if self.live[at].maybe_applied && *found == Found::Nobody && !is_taken(&upn) {
            // A request that was sent before may have landed, and a replica lags: under another name it would be a second account.
            return false;
        }
        let name_taken = *found == Found::Other || answer.is_taken(TakenName::SignIn) || mail.is_none() || same || is_taken(&upn);
        let mail_taken = mail.as_ref().is_some_and(|mail| answer.is_taken(TakenName::Mail) || same || is_taken(mail));
        let name_moves = name_taken && self.next_candidate(at, UPN);
        if name_taken && !name_moves {
            return false;
        }
        if mail_taken || !name_taken {
            // The owner may be a guess: if the address is free after all, it is written once the account exists.
            let mail = Attribute::find(MAIL);
            if !self.next_candidate(at, MAIL) {
                self.leave_for_later(at, |name| Some(name) == mail);
            }
        }
        true
    }

    /// Puts the next candidate of an attribute into a create. The create was never sent under the new name before.
    fn next_candidate(&mut self, at: usize, name: &str) -> bool {
        let seq = self.plan.changes[self.live[at].step.change].seq;
        let left = self.candidates.get_mut(&seq).and_then(|of| of.get_mut(name)).filter(|left| !left.is_empty());
        let Some(value) = left.map(|left| left.remove(0)) else { return false };
        let follows = name == UPN && self.nickname_follows(at);
        let StepAction::CreateUser { attributes } = &mut self.live[at].step.act else { return false };
        if follows && let (Some(nickname), Some(upn)) = (Attribute::find(NICKNAME), value.as_text()) {
            attributes.insert(nickname, Value::text(local_part(upn)));
        }
        if let Some(attribute) = Attribute::find(name) {
            attributes.insert(attribute, value);
        }
        self.live[at].maybe_applied = false;
        true
    }

    /// Whether the mailNickname was made from the sign-in name, which the mapping left to the plan.
    fn nickname_follows(&self, at: usize) -> bool {
        let StepAction::CreateUser { attributes } = &self.live[at].step.act else { return false };
        let text = |name: &str| Attribute::find(name).and_then(|name| attributes.get(&name)?.as_text());
        let change = &self.plan.changes[self.live[at].step.change];
        let made = change.attributes.iter().any(|edit| edit.name == NICKNAME && edit.expression.is_none());
        made && text(UPN).map(local_part).as_deref() == text(NICKNAME)
    }

    /// The addresses of which another object has one, where a create or a restore was refused for that.
    pub(super) fn addresses(&self, at: usize) -> Vec<String> {
        match &self.live[at].step.act {
            StepAction::CreateUser { attributes } => {
                let text =
                    |name: &str| Attribute::find(name).and_then(|name| attributes.get(&name)?.as_text().map(str::to_owned));
                [UPN, MAIL].into_iter().filter_map(text).collect()
            }
            StepAction::RestoreUser { id, upn } => self.addresses_of_deleted(id, upn.as_ref()),
            _ => Vec::new(),
        }
    }

    fn addresses_of_deleted(&self, id: &ObjectId, upn: Option<&Upn>) -> Vec<String> {
        let Some(deleted) = self.options.snapshot.deleted.get(id) else { return Vec::new() };
        let user = &deleted.user;
        let proxies = user.proxy_addresses.iter().filter_map(|address| address.split_once(':')).map(|(_, address)| address);
        let name = upn.unwrap_or(&user.upn);
        let all = std::iter::once(name.as_str()).chain(user.text(MAIL)).chain(proxies);
        let mut addresses: Vec<String> = all.map(str::to_lowercase).collect();
        addresses.sort();
        addresses.dedup();
        addresses
    }
}

fn local_part(upn: &str) -> String {
    upn.split('@').next().unwrap_or(upn).chars().take(64).collect()
}
