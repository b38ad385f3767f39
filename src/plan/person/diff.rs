//! What differs between an account and what HR wants of it.

use crate::directory::{Attribute, User, Value, ValueRef, roles};
use crate::mapping::{Desired, DesiredValue, Flow, Held, HeldCode, LeftOut, When};
use crate::plan::held_record::hold;
use crate::plan::matching::likeness::{Likeness, PersonNames};
use crate::plan::model::{Edit, Skipped, SkippedCode};
use crate::plan::person::context::{Mode, PersonPlanner, Refusals, Shield, Standing};
use crate::plan::person::names::NameRequest;
use crate::plan::person::taken_names::taken;
use crate::plan::protection::SHIELDED;

/// Whether two values are the same to Entra; userPrincipalName and mail without regard to case.
pub(in crate::plan) fn same(attribute: Attribute, left: Option<&Value>, right: Option<&Value>) -> bool {
    if let (roles::USER_PRINCIPAL_NAME | roles::MAIL, Some(Value::Text(left)), Some(Value::Text(right))) =
        (attribute.name, left, right)
    {
        return left == right || left.to_lowercase() == right.to_lowercase();
    }
    attribute.same(left, right)
}

fn edit(wanted: &DesiredValue, before: Option<&Value>, after: Option<Value>) -> Edit {
    let expression = Some(wanted.expression.to_string());
    Edit { name: wanted.attribute.name.into(), before: before.cloned(), after, expression }
}

impl PersonPlanner<'_> {
    /// The attributes of an existing account that must change.
    pub(super) fn edits(&mut self, desired: &Desired, user: &User, mode: Mode) -> Result<Vec<Edit>, Box<Held>> {
        let mut edits = Vec::new();
        for wanted in &desired.attributes {
            edits.extend(self.edit_of(wanted, desired, user, mode)?);
        }
        Ok(edits)
    }

    /// The same for a leaver: a value that cannot be written is left out and listed, and so is what the mapping left out. No value of
    /// the record keeps the account open.
    pub(super) fn edits_of_leaver(&mut self, desired: &Desired, user: &User, mode: Mode) -> Vec<Edit> {
        for LeftOut { message, help, .. } in &desired.left_out {
            self.leave_out(desired, user, message, help);
        }
        // HR gave the number to another person, or made the leaver anonymous: that person's values never reach the leaver's account.
        if Likeness::of(PersonNames::of_desired(desired), PersonNames::of_account(user)).is_stranger() {
            if user.enabled != Some(false) {
                let help = "correct the names in HR, or give the other person another key";
                self.leave_out(desired, user, "the names of the record are another person's", help);
            }
            return Vec::new();
        }
        let mut edits = Vec::new();
        for wanted in &desired.attributes {
            match self.edit_of(wanted, desired, user, mode) {
                Ok(edit) => edits.extend(edit),
                Err(held) => self.leave_out(desired, user, &held.message, &held.help),
            }
        }
        edits
    }

    fn leave_out(&mut self, desired: &Desired, user: &User, message: &str, help: &str) {
        let message =
            format!("{message}; the value is left out, since the person has left by HR ({}); hint: {help}", desired.place);
        self.skip(desired.key.as_str(), Some(user), SkippedCode::InvalidValue, message, false);
    }

    /// The change of one attribute, where it must change.
    fn edit_of(&mut self, wanted: &DesiredValue, desired: &Desired, user: &User, mode: Mode) -> Result<Option<Edit>, Box<Held>> {
        let asker = NameRequest { key: &desired.key, previous: desired.previous_key.as_ref(), own: Some(&user.id) };
        let attribute = wanted.attribute;
        let is_upn = attribute.name == roles::USER_PRINCIPAL_NAME;
        let must_move = is_upn && mode.standing == Standing::Restored && self.upn_is_taken(user, asker);
        if (wanted.when == When::Create && !must_move) || attribute.name == roles::ACCOUNT_ENABLED {
            return Ok(None);
        }
        if mode.shield == Shield::On && SHIELDED.contains(&attribute.name) {
            return Ok(None);
        }
        let present = if is_upn { Some(ValueRef::Text(user.upn.as_str())) } else { user.attributes.lent(&attribute) };
        if let (Flow::Set(Value::Text(text)), Some(ValueRef::Text(before))) = (&wanted.flow, &present)
            && **text == **before
            && !must_move
        {
            return Ok(None);
        }
        let before = present.map(|value| value.to_value());
        let before = before.as_ref();
        let after = match &wanted.flow {
            Flow::Set(value) if same(attribute, before, Some(value)) && !must_move => return Ok(None),
            Flow::Set(value) => Some(value.clone()),
            Flow::Clear if mode.standing == Standing::Leaver || before.is_none() => return Ok(None),
            Flow::Clear if !attribute.clearable => {
                let message = format!(
                    "{attribute} is empty in HR, but Graph does not clear it; \
                     hint: `on_empty = \"keep\"` in the mapping leaves it as it is"
                );
                self.skip(desired.key.as_str(), Some(user), SkippedCode::NotClearable, message, false);
                return Ok(None);
            }
            Flow::Clear => None,
            Flow::FirstFree(any) if !must_move && any.iter().any(|value| same(attribute, before, Some(value))) => {
                return Ok(None);
            }
            Flow::FirstFree(any) => Some(self.first_free(desired, attribute, any, asker)?),
        };
        if self.refused(desired, attribute) {
            return Ok(None);
        }
        if let Some(value) = &after {
            self.check_new_name(desired, attribute, value, asker)?;
        }
        Ok(Some(edit(wanted, before, after)))
    }

    /// Everything that is sent for a new account, accountEnabled apart.
    pub(in crate::plan) fn first_values(&mut self, desired: &Desired) -> Result<Vec<Edit>, Box<Held>> {
        let mut edits = Vec::new();
        let asker = NameRequest { key: &desired.key, previous: desired.previous_key.as_ref(), own: None };
        for wanted in &desired.attributes {
            let attribute = wanted.attribute;
            let value = match &wanted.flow {
                Flow::Clear => continue,
                _ if attribute.name == roles::ACCOUNT_ENABLED || self.refused(desired, attribute) => continue,
                Flow::Set(value) => value.clone(),
                Flow::FirstFree(any) => {
                    let first = self.first_free(desired, attribute, any, asker)?;
                    let rest: Vec<Value> = any.iter().skip_while(|value| **value != first).skip(1).cloned().collect();
                    self.candidates.entry(desired.key.clone()).or_default().insert(attribute, rest);
                    first
                }
            };
            self.check_new_name(desired, attribute, &value, asker)?;
            edits.push(edit(wanted, None, Some(value)));
        }
        let text = |edits: &[Edit], name: &str| {
            let found = edits.iter().find(|edit| edit.name == name);
            found.and_then(|edit| edit.after.as_ref()?.as_text().map(str::to_owned))
        };
        let Some(upn) = text(&edits, roles::USER_PRINCIPAL_NAME) else {
            return Err(missing(desired, roles::USER_PRINCIPAL_NAME));
        };
        if text(&edits, roles::DISPLAY_NAME).is_none() {
            return Err(missing(desired, roles::DISPLAY_NAME));
        }
        if self.inputs.policy.supported.nicknames && text(&edits, roles::MAIL_NICKNAME).is_none() {
            let local: String = upn.split('@').next().unwrap_or(&upn).chars().take(64).collect();
            let after = Some(Value::text(local));
            edits.push(Edit { name: roles::MAIL_NICKNAME.into(), before: None, after, expression: None });
        }
        Ok(edits)
    }

    fn upn_is_taken(&mut self, user: &User, asker: NameRequest<'_>) -> bool {
        let Some(name) = Attribute::find(roles::USER_PRINCIPAL_NAME) else { return false };
        !self.names.free(name, &Value::text(user.upn.as_str()), asker)
    }

    fn first_free(
        &mut self,
        desired: &Desired,
        attribute: Attribute,
        candidates: &[Value],
        asker: NameRequest<'_>,
    ) -> Result<Value, Box<Held>> {
        for value in candidates {
            if self.names.free(attribute, value, asker) {
                return Ok(value.clone());
            }
        }
        Err(self.none_is_free(desired, attribute, candidates, asker))
    }

    /// A name that the plan gives to a person must be free, belong to this tenant, and not resemble the name of a protected or shielded person.
    fn check_new_name(
        &mut self,
        desired: &Desired,
        attribute: Attribute,
        value: &Value,
        asker: NameRequest<'_>,
    ) -> Result<(), Box<Held>> {
        let Some(text) = value.as_text() else { return Ok(()) };
        let is_upn = attribute.name == roles::USER_PRINCIPAL_NAME;
        if is_upn {
            self.check_domain(desired, text, asker)?;
        }
        // Graph refuses a mail that is an address of another user or group, and a leaver's address goes to no other person for a while.
        if (is_upn || attribute.name == roles::MAIL)
            && let Some(owner) = self.names.owner(attribute, value, asker)
        {
            return Err(taken(desired, attribute, text, &owner));
        }
        if is_upn || attribute.name == roles::DISPLAY_NAME {
            let name = if is_upn { text.split('@').next().unwrap_or(text) } else { text };
            if self.looks_like_another(name, asker.own) {
                let message = format!("{attribute} looks like that of a protected or shielded person without being the same");
                let help = "make sure that this person exists; then correct the letters in HR";
                return Err(hold(desired, HeldCode::LookAlike, message, help));
            }
        }
        Ok(())
    }
}

fn missing(desired: &Desired, name: &str) -> Box<Held> {
    let message = format!("{name} has no value, and no account can be created without it");
    hold(desired, HeldCode::InvalidValue, message, "fill the columns from which the mapping makes it")
}

impl PersonPlanner<'_> {
    /// Whether an attribute that Graph refused to this app is left out for this person. One person tries it again in each plan, and not the
    /// same one each time: what was refused to that person alone must not keep the attribute from all others.
    fn refused(&mut self, desired: &Desired, attribute: Attribute) -> bool {
        let Some(tried) = self.inputs.ledger.refused.get(attribute.name) else { return false };
        let at = self.skipped.len();
        let refusals = self.refusals.entry(attribute).or_insert(Refusals { is_tried: false, left_out: 0, at });
        if !refusals.is_tried && !tried.contains(desired.key.as_str()) {
            refusals.is_tried = true;
            return false;
        }
        refusals.left_out += 1;
        let skipped = Skipped::refused(attribute, refusals.left_out);
        if refusals.left_out == 1 {
            refusals.at = at;
            self.skipped.push(skipped);
        } else {
            self.skipped[refusals.at] = skipped;
        }
        true
    }
}
