//! What keeps a person from a name: its owner, a domain, or an address that a deleted account would bring back.

use crate::directory::{Attribute, User, Value, roles};
use crate::mapping::{Desired, Flow, Held, HeldCode};
use crate::plan::held_record::hold;
use crate::plan::model::Edit;
use crate::plan::person::context::PersonPlanner;
use crate::plan::person::names::{NameRequest, Owner, addresses, bare_address};

/// The attribute without which Graph makes no user in a federated domain.
const IMMUTABLE_ID: &str = roles::ON_PREMISES_IMMUTABLE_ID;

/// What to do where a name has another owner.
fn help(attribute: Attribute, owner: &Owner) -> &'static str {
    match (attribute.name, owner) {
        (roles::MAIL, Owner::Planned(_)) => "correct the address of one of the two in HR",
        (roles::MAIL, Owner::Former(..)) => "correct the address in HR, or wait until it may be used again",
        (roles::MAIL, _) => "correct the address in HR, or take it from its owner in Entra",
        (_, Owner::Group(_)) => "list several candidates with SelectUniqueValue, or give the group another address in Entra",
        _ => "list several candidates with SelectUniqueValue in the mapping",
    }
}

/// A name that another owner has.
pub(in crate::plan) fn taken(desired: &Desired, attribute: Attribute, name: &str, owner: &Owner) -> Box<Held> {
    let message = format!("{attribute}: {name} is taken by {owner}");
    hold(desired, HeldCode::NameTaken, message, help(attribute, owner))
}

impl PersonPlanner<'_> {
    /// The candidates of which none is free, each with its owner.
    pub(in crate::plan) fn none_is_free(
        &mut self,
        desired: &Desired,
        attribute: Attribute,
        candidates: &[Value],
        asker: NameRequest<'_>,
    ) -> Box<Held> {
        const LISTED: usize = 5;
        let mut owned = Vec::new();
        for value in candidates.iter().take(LISTED) {
            if let (Some(text), Some(owner)) = (value.as_text(), self.names.owner(attribute, value, asker)) {
                owned.push(format!("{text} is taken by {owner}"));
            }
        }
        let count = candidates.len();
        let more = if count > LISTED { format!(", and {} more", count - LISTED) } else { String::new() };
        let message = format!("none of the {count} candidates for {attribute} is free: {}{more}", owned.join(", "));
        let help = "add a candidate to SelectUniqueValue in the mapping, such as one with the key";
        hold(desired, HeldCode::NameTaken, message, help)
    }

    /// A sign-in name must be in a domain of the tenant, and in one where Graph can make the user.
    pub(in crate::plan) fn check_domain(&self, desired: &Desired, upn: &str, asker: NameRequest<'_>) -> Result<(), Box<Held>> {
        if !self.inputs.policy.supported.verified_domains {
            return Ok(());
        }
        let snapshot = self.inputs.snapshot;
        let domain = domain(upn);
        if !snapshot.domains.contains(&domain) {
            let message = format!("userPrincipalName: the domain `{domain}` is not verified in this tenant");
            let help = "use a verified domain in the mapping, or add this one to the tenant";
            return Err(hold(desired, HeldCode::InvalidValue, message, help));
        }
        if !snapshot.federated_domains.contains(&domain) || has_immutable_id(desired) {
            return Ok(());
        }
        // A user of a federated domain has an immutable id already.
        let live = asker.own.and_then(|id| Some(snapshot.users.row(id)?.upn().to_owned()));
        let deleted = || asker.own.and_then(|id| Some(snapshot.deleted.get(id)?.user.upn.as_str().to_owned()));
        if live.or_else(deleted).is_some_and(|upn| snapshot.federated_domains.contains(&self::domain(&upn))) {
            return Ok(());
        }
        let message = format!(
            "userPrincipalName: the domain `{domain}` is federated, and Graph accepts no user there without {IMMUTABLE_ID}, \
             which the record does not set"
        );
        let help = "map onPremisesImmutableId to the value by which the identity provider knows the person, \
                    or use a managed domain in the mapping";
        Err(hold(desired, HeldCode::InvalidValue, message, help))
    }

    /// A deleted user comes back with all its addresses: none may have another owner by now. The sign-in name alone may move to another.
    pub(in crate::plan) fn check_restore(&mut self, desired: &Desired, user: &User, edits: &[Edit]) -> Result<(), Box<Held>> {
        let asker = NameRequest { key: &desired.key, previous: desired.previous_key.as_ref(), own: Some(&user.id) };
        let Some(pool) = Attribute::find(roles::USER_PRINCIPAL_NAME) else { return Ok(()) };
        let moves = edits.iter().any(|edit| edit.name == roles::USER_PRINCIPAL_NAME);
        let upn = Some(user.upn.as_str()).filter(|_| !moves);
        let proxies = user.proxy_addresses.iter().map(|proxy| bare_address(proxy));
        for address in upn.into_iter().chain(user.text(roles::MAIL)).chain(proxies) {
            if let Some(owner) = self.names.living_owner(pool, address, asker) {
                let message = format!(
                    "the deleted account {} cannot be restored: its address {address} is taken by {owner} by now",
                    user.upn
                );
                let help =
                    "give the owner another address in Entra and run again, or restore the account in the Entra admin centre";
                return Err(hold(desired, HeldCode::NameTaken, message, help));
            }
        }
        for address in addresses(user).filter(|address| !moves || *address != user.upn.as_str()) {
            self.names.give(pool, &Value::text(address), &desired.key);
        }
        Ok(())
    }
}

fn domain(upn: &str) -> String {
    upn.rsplit_once('@').map_or("", |(_, domain)| domain).to_lowercase()
}

fn has_immutable_id(desired: &Desired) -> bool {
    let sets = |flow: &Flow| !matches!(flow, Flow::Clear);
    desired.attributes.iter().any(|wanted| wanted.attribute.name == IMMUTABLE_ID && sets(&wanted.flow))
}
