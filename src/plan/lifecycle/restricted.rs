//! Accounts that hrpush must not change, wholly or in part.

use super::{Planner, Slot};
use crate::directory::User;
use crate::plan::change::SkippedCode;
use crate::plan::protect::Touch;

/// How the message begins of a person who has left by HR and keeps the access.
const HAS_LEFT: &str = "HAS LEFT by HR";

impl Planner<'_> {
    /// Lists who must not be touched at all.
    pub(super) fn untouchable(&mut self, key: &str, user: &User, left: bool) -> Option<Slot> {
        let (code, why) = match self.protection.touch(user) {
            Touch::Free | Touch::Shielded(_) => return None,
            Touch::Protected => (SkippedCode::Protected, "is protected by the configuration"),
            Touch::Synced => (SkippedCode::Synced, "is synced from on-premises; hint: change it in Active Directory"),
            Touch::Guest => (SkippedCode::Guest, "is a guest; hint: `guests = true` in the mapping serves guests too"),
        };
        let loud = left && user.enabled != Some(false) && code != SkippedCode::Guest;
        let message = if loud {
            format!("{HAS_LEFT}, but the account {} {why}, so it stays enabled", user.upn)
        } else {
            format!("the account {} {why}", user.upn)
        };
        self.skip(key, Some(user), code, message, loud);
        Some(Slot::Closed)
    }

    pub(super) fn shield(&mut self, key: &str, user: &User, left: bool) -> bool {
        let Touch::Shielded(why) = self.protection.touch(user) else { return false };
        let loud = left && user.enabled != Some(false);
        let message = if loud {
            format!("{HAS_LEFT}, but {} is privileged ({why}), so hrpush does not disable the account; act now", user.upn)
        } else {
            format!("{} is privileged ({why}): name, enablement, phones and other mails are left alone", user.upn)
        };
        self.skip(key, Some(user), SkippedCode::Shielded, message, loud);
        true
    }
}
