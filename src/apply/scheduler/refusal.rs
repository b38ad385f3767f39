//! What is left to send when Graph refuses some of what a request carries: everything but the culprit.

use super::misses::{Detail, Miss};
use super::part::{Part, is_suspect};
use super::{Act, Answer, Attribute, Flying, Found, ObjectId, Scheduler, Upn, Value};
use crate::apply::outcome::StepName;
use crate::apply::owners::owner_in;
use crate::apply::steps::ACCOUNT_ENABLED;
use crate::graph::About;

/// How often one step is split in search of what Graph refuses. The catalogue has fewer attributes than this finds.
const SPLITS: u32 = 48;
/// What Graph demands of a new account.
const DEMANDED: [&str; 4] = [ACCOUNT_ENABLED, "displayName", "mailNickname", UPN];
const UPN: &str = "userPrincipalName";
const MAIL: &str = "mail";
const NICKNAME: &str = "mailNickname";
const PROXIES: &str = "proxyAddresses";

/// How much of a create is left out while Graph does not say what it refuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reduced {
    #[default]
    Nothing,
    /// What has a rule of its own.
    Suspects,
    /// All but what Graph demands and what tells whose account it is.
    Optional,
    /// All but what Graph demands.
    Key,
}

/// Whether Graph refuses what the request holds, and not the way, the app as a whole or the moment.
pub(super) fn is_refusal(answer: &Answer) -> bool {
    // A 404 is about the object, a 401 about the app, a 408, 423, 424 and 429 about the moment.
    answer.about == About::Request && matches!(answer.status, Some(400 | 402 | 403 | 405 | 406 | 409 | 412..=415 | 422))
}

impl Scheduler<'_> {
    /// Attributes or licences were refused together: what is named is left out, or they are split until the culprit stands alone.
    pub(super) fn send_without(&mut self, flying: &Flying, answer: &Answer) {
        let at = flying.at;
        let mut alone = Vec::new();
        if let Part::Edits(edits) = &flying.part {
            let present: Vec<Attribute> = edits.keys().copied().collect();
            let named = culprits(answer, &present);
            let (left_out, rest) =
                edits.clone().into_iter().partition::<crate::apply::steps::Edits, _>(|(name, _)| named.contains(name));
            if !left_out.is_empty() {
                alone.extend(left_out.into_keys());
                if !rest.is_empty() {
                    self.live[at].parts.push_front(Part::Edits(rest));
                }
            }
        }
        if alone.is_empty() {
            let parts = flying.part.split(answer.is_forbidden()).filter(|_| self.live[at].splits < SPLITS);
            let Some(parts) = parts else { return self.refuse(flying, answer) };
            self.live[at].splits += 1;
            for part in parts.into_iter().rev() {
                self.live[at].parts.push_front(part);
            }
            return self.go_on(flying, answer);
        }
        for attribute in alone {
            self.miss_attribute(at, attribute, answer);
        }
        self.go_on(flying, answer);
    }

    /// The step goes on with the parts that are left, or is over.
    pub(super) fn go_on(&mut self, flying: &Flying, answer: &Answer) {
        if self.live[flying.at].parts.is_empty() {
            return self.close(flying.request, flying.at, answer, None);
        }
        self.note(flying.request, false, answer);
        self.ready.insert(flying.at);
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
        let is_later = live.landed && matches!(live.step.act, Act::CreateUser { .. });
        let step = if is_later { StepName::Update } else { live.step.act.name() };
        let mut miss = Miss { step, ..self.refused(at, Detail::Attribute(attribute), answer) };
        if answer.is_name_taken() && matches!(attribute.name, MAIL | UPN) {
            miss.taken = edit.and_then(|edit| edit.after.as_ref()?.as_text()).map(str::to_owned).into_iter().collect();
        }
        self.live[at].misses.push(miss);
    }

    /// A create that was refused is sent again with less: without what Graph names, else with ever fewer of what it does not demand. What was
    /// left out on suspicion is written once the account exists, part by part. Says whether there is anything to send.
    pub(super) fn create_with_less(&mut self, at: usize, answer: &Answer) -> bool {
        let Act::CreateUser { attributes } = &self.live[at].step.act else { return false };
        let present: Vec<Attribute> = attributes.keys().copied().collect();
        let demanded = |name: &Attribute| DEMANDED.contains(&name.name);
        let named = culprits(answer, &present);
        if named.iter().any(|name| !demanded(name)) {
            for attribute in named.into_iter().filter(|name| !demanded(name)) {
                if Some(attribute) == self.options.matching {
                    self.leave_for_later(at, |name| name == attribute);
                } else {
                    self.take_out(at, attribute);
                    self.miss_attribute(at, attribute, answer);
                }
            }
            return true;
        }
        if !named.is_empty() {
            return false;
        }
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
            Act::CreateUser { attributes } => attributes.remove(&attribute),
            _ => None,
        }
    }

    /// Takes attributes out of a create, to be written once the account exists. Says whether there were any.
    fn leave_for_later(&mut self, at: usize, which: impl Fn(Attribute) -> bool) -> bool {
        let live = &mut self.live[at];
        let Act::CreateUser { attributes } = &mut live.step.act else { return false };
        let before = live.later.len();
        live.later.extend(attributes.extract_if(.., |name, _| which(*name)).map(|(name, value)| (name, Some(value))));
        live.later.len() > before
    }

    /// A name of a new account is taken, and that account is not ours: the next candidate is sent, or the create without the mail that is
    /// somebody's. False where nothing is left to try.
    pub(super) fn create_under_another_name(&mut self, at: usize, found: &Found, answer: &Answer) -> bool {
        let Act::CreateUser { attributes } = &self.live[at].step.act else { return false };
        let text = |name: &str| Attribute::find(name).and_then(|name| attributes.get(&name)?.as_text().map(str::to_owned));
        let (upn, mail) = (text(UPN).unwrap_or_default(), text(MAIL));
        let same = mail.as_ref().is_some_and(|mail| mail.eq_ignore_ascii_case(&upn));
        if answer.is_conflict_on(NICKNAME) && *found != Found::Other {
            return self.next_candidate(at, NICKNAME) || (self.nickname_follows(at) && self.next_candidate(at, UPN));
        }
        let is_taken = |address: &str| owner_in(self.options.snapshot, address, None).is_some();
        if self.live[at].adrift && *found == Found::Nobody && !is_taken(&upn) {
            // A request that was sent before may have landed, and a replica lags: under another name it would be a second account.
            return false;
        }
        let name_taken = *found == Found::Other || answer.is_conflict_on(UPN) || mail.is_none() || same || is_taken(&upn);
        let mail_taken = mail.as_ref().is_some_and(|mail| answer.is_conflict_on(MAIL) || same || is_taken(mail));
        let name_moves = name_taken && self.next_candidate(at, UPN);
        if name_taken && !name_moves {
            return false;
        }
        if mail_taken || !name_taken {
            // Whose it is may only be a guess: where it is free after all, it is written once the account exists.
            let mail = Attribute::find(MAIL);
            if !self.next_candidate(at, MAIL) {
                self.leave_for_later(at, |name| Some(name) == mail);
            }
        }
        true
    }

    /// Puts the next candidate of an attribute into a create. Whoever is sent next under another name was never sent under it before.
    fn next_candidate(&mut self, at: usize, name: &str) -> bool {
        let seq = self.plan.changes[self.live[at].step.change].seq;
        let left = self.candidates.get_mut(&seq).and_then(|of| of.get_mut(name)).filter(|left| !left.is_empty());
        let Some(value) = left.map(|left| left.remove(0)) else { return false };
        let follows = name == UPN && self.nickname_follows(at);
        let Act::CreateUser { attributes } = &mut self.live[at].step.act else { return false };
        if follows && let (Some(nickname), Some(upn)) = (Attribute::find(NICKNAME), value.as_text()) {
            attributes.insert(nickname, Value::text(local_part(upn)));
        }
        if let Some(attribute) = Attribute::find(name) {
            attributes.insert(attribute, value);
        }
        self.live[at].adrift = false;
        true
    }

    /// Whether the mailNickname was made from the sign-in name, which the mapping left to the plan.
    fn nickname_follows(&self, at: usize) -> bool {
        let Act::CreateUser { attributes } = &self.live[at].step.act else { return false };
        let text = |name: &str| Attribute::find(name).and_then(|name| attributes.get(&name)?.as_text());
        let change = &self.plan.changes[self.live[at].step.change];
        let made = change.attributes.iter().any(|edit| edit.name == NICKNAME && edit.expression.is_none());
        made && text(UPN).map(local_part).as_deref() == text(NICKNAME)
    }

    /// The addresses of which another object has one, where a create or a restore was refused for that.
    pub(super) fn addresses(&self, at: usize) -> Vec<String> {
        match &self.live[at].step.act {
            Act::CreateUser { attributes } => {
                let text =
                    |name: &str| Attribute::find(name).and_then(|name| attributes.get(&name)?.as_text().map(str::to_owned));
                [UPN, MAIL].into_iter().filter_map(text).collect()
            }
            Act::RestoreUser { id, upn } => self.addresses_of_deleted(id, upn.as_ref()),
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

impl Act {
    /// The step as a failure names it.
    pub(super) fn name(&self) -> StepName {
        match self {
            Self::CreateUser { .. } | Self::CreateGroup { .. } => StepName::Create,
            Self::Update { .. } => match self.enables() {
                Some(true) => StepName::Enable,
                Some(false) => StepName::Disable,
                None => StepName::Update,
            },
            Self::RenameGroup { .. } | Self::Impossible(_) => StepName::Update,
            Self::SetManager { .. } | Self::ClearManager { .. } => StepName::Manager,
            Self::SetPassword { .. } => StepName::Password,
            Self::RevokeSessions { .. } => StepName::RevokeSessions,
            Self::RemoveLicenses { .. } => StepName::RemoveLicenses,
            Self::DeleteUser { .. } => StepName::Delete,
            Self::RestoreUser { .. } => StepName::Restore,
            Self::AddMembers { .. } | Self::RemoveMember { .. } => StepName::Members,
            Self::CreateTap { .. } => StepName::Tap,
        }
    }
}

fn local_part(upn: &str) -> String {
    upn.split('@').next().unwrap_or(upn).chars().take(64).collect()
}

/// The attributes of a request at which Graph's refusal points: by its details, else by its text. None where it names none of them.
pub(super) fn culprits(answer: &Answer, present: &[Attribute]) -> Vec<Attribute> {
    let mut found: Vec<Attribute> = Vec::new();
    for (_, target) in &answer.details {
        found.extend(named_by(target, present));
    }
    if found.is_empty() {
        let text = answer.message.as_deref().unwrap_or_default();
        found.extend(telling_words(text).into_iter().flat_map(|word| named_by(word, present)));
    }
    found.sort();
    found.dedup();
    found
}

/// The attributes that a property of Graph's stands for: itself, all parts of a complex value or one of them, and for addresses the mail.
fn named_by(property: &str, present: &[Attribute]) -> Vec<Attribute> {
    let words: Vec<&str> = property.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
    let has = |name: &str| words.iter().any(|word| word.eq_ignore_ascii_case(name));
    if has(PROXIES) {
        let address = |name: &str| present.iter().copied().find(|attribute| attribute.name == name);
        return address(MAIL).or_else(|| address(UPN)).into_iter().collect();
    }
    let is = |attribute: &&Attribute| attribute.name.split_once('.').map_or_else(|| has(attribute.name), |(_, part)| has(part));
    let exact: Vec<Attribute> = present.iter().filter(is).copied().collect();
    if !exact.is_empty() {
        return exact;
    }
    let is_part = |attribute: &&Attribute| attribute.name.split_once('.').is_some_and(|(whole, _)| has(whole));
    present.iter().filter(is_part).copied().collect()
}

/// The words of a text that can only be properties: spelled like one, quoted, or beside the word «property». `state` or `mail` alone may be
/// anything.
fn telling_words(text: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '/');
    let mut words: Vec<(usize, &str)> = Vec::new();
    let mut start = 0;
    for piece in text.split_inclusive(|c| !is_word(c)) {
        let word = piece.trim_matches(|c: char| !is_word(c)).trim_end_matches(['.', '/']);
        if !word.is_empty() {
            words.push((start, word));
        }
        start += piece.len();
    }
    let is_label = |at: Option<usize>| {
        let word = at.and_then(|at| words.get(at)).map(|(_, word)| word.to_ascii_lowercase());
        word.is_some_and(|word| matches!(word.as_str(), "property" | "properties" | "attribute" | "attributes"))
    };
    let mut telling = Vec::new();
    for (at, (start, word)) in words.iter().enumerate() {
        let cased = word.chars().zip(word.chars().skip(1)).any(|(left, right)| left.is_lowercase() && right.is_uppercase());
        let quoted = text[..*start].ends_with(['\'', '"', '`']) && text[start + word.len()..].starts_with(['\'', '"', '`']);
        if cased || quoted || word.contains('_') || is_label(at.checked_sub(1)) || is_label(Some(at + 1)) {
            telling.push(*word);
        }
    }
    telling
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::fake::{attribute, refusal};

    fn found(details: &[&str], text: &str, present: &[&str]) -> Vec<&'static str> {
        let mut answer = refusal(400, text);
        answer.details = details.iter().map(|target| ("InvalidValue".to_owned(), (*target).to_owned())).collect();
        let present: Vec<Attribute> = present.iter().map(|name| attribute(name)).collect();
        culprits(&answer, &present).into_iter().map(|attribute| attribute.name).collect()
    }

    #[test]
    fn a_refusal_names_its_property_in_details_or_text() {
        let present =
            ["city", "department", "mail", "mobilePhone", "state", "employeeOrgData.costCenter", "employeeOrgData.division"];
        let org = ["employeeOrgData.costCenter", "employeeOrgData.division"];
        assert_eq!(found(&["mobilePhone"], "", &present), ["mobilePhone"]);
        assert_eq!(found(&["User.MobilePhone"], "", &present), ["mobilePhone"]);
        assert_eq!(found(&["", "mail", "department"], "", &present), ["department", "mail"]);
        assert_eq!(found(&["employeeOrgData"], "", &present), org);
        assert_eq!(found(&["employeeOrgData/division"], "", &present), [org[1]]);
        assert_eq!(found(&["proxyAddresses"], "", &present), ["mail"]);
        assert_eq!(found(&["properties"], "", &present), [""; 0]);
        assert_eq!(found(&["onPremisesImmutableId"], "", &present), [""; 0]);
        assert_eq!(found(&[], "Invalid value specified for property 'mail' of resource 'User'.", &present), ["mail"]);
        assert_eq!(found(&[], "The department property is too long.", &present), ["department"]);
        assert_eq!(found(&[], "Insufficient privileges to write mobilePhone.", &present), ["mobilePhone"]);
        assert_eq!(
            found(&[], "Another object with the same value for property proxyAddresses already exists.", &present),
            ["mail"]
        );
        // Words of plain English name nothing.
        assert_eq!(found(&[], "The state of the object does not allow mail to be changed.", &present), [""; 0]);
        assert_eq!(found(&[], "Insufficient privileges to complete the operation.", &present), [""; 0]);
        let extensions =
            ["onPremisesExtensionAttributes.extensionAttribute1", "onPremisesExtensionAttributes.extensionAttribute2"];
        assert_eq!(found(&["onPremisesExtensionAttributes"], "", &extensions), extensions);
        assert_eq!(found(&[], "Property extensionAttribute2 is too long", &extensions), [extensions[1]]);
        let badge = "extension_0123456789abcdef0123456789abcdef_badge";
        assert_eq!(found(&[], &format!("Invalid value for {badge}."), &["city", badge]), [badge]);
    }
}
