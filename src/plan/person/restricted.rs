//! Accounts that hrpush must not change, wholly or in part.

use crate::directory::User;
use crate::plan::model::SkippedCode;
use crate::plan::person::context::{PersonDecision, PersonPlanner, Shield};
use crate::plan::protection::WriteAccess;

/// Why an account should be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    /// By status or dates of the record.
    Left,
    /// No record names the person.
    Missing,
    /// The record is outside the scope.
    OutOfScope,
}

impl Leave {
    /// The start of the message about an account that should be closed and stays enabled.
    fn headline(self) -> &'static str {
        match self {
            Self::Left => "HAS LEFT by HR",
            Self::Missing => "MISSING from HR",
            Self::OutOfScope => "OUT OF SCOPE by HR",
        }
    }
}

impl PersonPlanner<'_> {
    /// Lists a person if the account must not be touched at all.
    pub(super) fn untouchable(&mut self, key: &str, user: &User, leave: Option<Leave>) -> Option<PersonDecision> {
        self.list_untouchable(key, user, leave).then_some(PersonDecision::Closed)
    }

    /// Whether the account must not be touched at all; if so, it is listed.
    pub(super) fn list_untouchable(&mut self, key: &str, user: &User, leave: Option<Leave>) -> bool {
        let (code, why, help) = match self.protection.touch(user) {
            WriteAccess::Free | WriteAccess::Shielded(_) => return false,
            WriteAccess::Protected => {
                (SkippedCode::Protected, "is protected by the configuration", "change it by hand in the Entra admin center")
            }
            WriteAccess::Synced => (SkippedCode::Synced, "is synced from on-premises", "change it in Active Directory"),
            WriteAccess::Guest => (SkippedCode::Guest, "is a guest", "`guests = true` in the mapping serves guests too"),
        };
        let open = leave.filter(|_| user.enabled != Some(false));
        if leave.is_some() && open.is_none() && code == SkippedCode::Guest {
            // Nothing is left to do, and no joiner waits for an account.
            return true;
        }
        let message = match (open, code) {
            (None, _) => format!("the account {} {why}; hint: {help}", user.upn),
            (Some(leave), SkippedCode::Synced) => format!(
                "{}, but the account {} {why}, so it stays enabled; hint: disable it in Active Directory",
                leave.headline(),
                user.upn
            ),
            (Some(leave), _) => format!(
                "{}, but the account {} {why}, so it stays enabled; hint: disable it by hand in the Entra admin center",
                leave.headline(),
                user.upn
            ),
        };
        self.skip(key, Some(user), code, message, open.is_some());
        true
    }

    /// Whether the account is privileged; if so, it is listed.
    pub(super) fn shield(&mut self, key: &str, user: &User, leave: Option<Leave>) -> Shield {
        if self.list_shielded(key, user, leave) { Shield::On } else { Shield::Off }
    }

    /// The same for any reason to close the account.
    pub(super) fn list_shielded(&mut self, key: &str, user: &User, leave: Option<Leave>) -> bool {
        let WriteAccess::Shielded(why) = self.protection.touch(user) else { return false };
        let open = leave.filter(|_| user.enabled != Some(false));
        let message = match open {
            Some(leave) => format!(
                "{}, but {} is privileged ({why}), so hrpush does not disable the account; \
                 hint: take the role away and disable the account by hand",
                leave.headline(),
                user.upn
            ),
            None => format!(
                "{} is privileged ({why}): name, enablement, phones and other mails are left alone; hint: change them by hand",
                user.upn
            ),
        };
        self.skip(key, Some(user), SkippedCode::Shielded, message, open.is_some());
        true
    }
}
