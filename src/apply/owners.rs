//! The owner of an address, as far as the snapshot shows it.

use crate::directory::{ObjectId, Snapshot};
use crate::target::{Owner, OwnerKind};

/// The object of the snapshot, other than `own`, that has an address as its name, mail or proxy address.
pub(super) fn owner_in(snapshot: &Snapshot, address: &str, own: Option<&ObjectId>) -> Option<Owner> {
    let folded = address.to_lowercase();
    let group = snapshot.groups.values().find(|group| group.addresses.iter().any(|known| **known == *folded));
    if let Some(group) = group {
        return Some(Owner { id: group.id.clone(), kind: OwnerKind::Group, name: group.name.clone() });
    }
    let has = |text: &str| text.eq_ignore_ascii_case(&folded);
    let user = snapshot.users.rows().find(|user| {
        let proxies = user.proxy_addresses();
        let mut plain = proxies.iter().filter_map(|proxy| proxy.split_once(':')).map(|(_, address)| address);
        (has(user.upn()) || user.text("mail").is_some_and(has) || plain.any(has)) && own.is_none_or(|own| user.id() != *own)
    })?;
    Some(Owner { id: user.id(), kind: OwnerKind::User, name: user.upn().to_owned() })
}
