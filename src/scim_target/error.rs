//! A provider that could not be read, or not be reached.

use crate::diagnostic::escape::Shown;
use crate::scim::ResourceKind;
use crate::target::{TargetError, TargetErrorKind};

/// Why a reading of a provider failed. A partial list is never returned: a user that is missing from it looks like a leaver.
#[derive(Debug, thiserror::Error)]
pub enum ScimTargetError {
    /// No connection, or no answer in time.
    #[error("cannot {what}: {why}\n  hint: {hint}")]
    Unreachable {
        /// The request in words.
        what: String,
        /// The reason, with the host.
        why: String,
        /// What an administrator should check first.
        hint: &'static str,
    },
    /// The provider refused the request.
    #[error("cannot {what}: the provider answered {status}{}", .detail.as_ref().map(|detail| format!(": {}", Shown(detail))).unwrap_or_default())]
    Refused {
        /// The request in words.
        what: String,
        /// The HTTP status of the answer.
        status: u16,
        /// The provider's own words.
        detail: Option<String>,
    },
    /// A redirect, which is never followed: it would hand the credential to another address.
    #[error(
        "cannot {what}: the provider answered {status} and names another address; the credential was not sent there\n  hint: set `base_url` \
         in [target] to the final address"
    )]
    Redirect {
        /// The request in words.
        what: String,
        /// The HTTP status of the answer.
        status: u16,
    },
    /// The answer is no SCIM message, or contains what cannot be.
    #[error("cannot {what}: {problem}\n  hint: check `base_url` and `profile` in [target]")]
    Malformed {
        /// The request in words.
        what: String,
        /// What is wrong with the answer.
        problem: String,
    },
    /// The number of resources differs from the announced one.
    #[error(
        "the list of {} has {found} entries, but the provider announces {announced}, in {rounds} readings\n  hint: wait until nothing else \
         changes the provider; where it stays so, its list cannot be trusted", plural(*.kind)
    )]
    Incomplete {
        /// The kind of the listed resources.
        kind: ResourceKind,
        /// How many different resources were listed.
        found: usize,
        /// The number that the provider announced.
        announced: u64,
        /// How often the list was read.
        rounds: u32,
    },
    /// A page was answered again.
    #[error(
        "the list of {} repeats page {page}: the provider does not page as the profile says\n  hint: check `profile` in [target]",
        plural(*.kind)
    )]
    RepeatedPage {
        /// The kind of the listed resources.
        kind: ResourceKind,
        /// The number of the page, from 1 on.
        page: usize,
    },
    /// A listed user is not found by its name.
    #[error(
        "the list shows the user with the id {id}, but a look-up by `{attribute}` does not find it: the list or the filter cannot be \
         trusted\n  hint: check whether the token may read all users, and `profile` in [target]"
    )]
    Contradicted {
        /// The id of the listed user.
        id: String,
        /// The attribute of the look-up.
        attribute: String,
    },
    /// There is no token.
    #[error("no access token for the provider: {why}")]
    NoToken {
        /// The reason, without any secret.
        why: String,
    },
}

impl ScimTargetError {
    /// One line without a value of a person, for lists, logs and messages to others.
    pub fn facts(&self) -> String {
        match self {
            Self::Unreachable { .. } => "the provider cannot be reached".to_owned(),
            Self::Refused { status, .. } => format!("the provider answered {status}"),
            Self::Redirect { status, .. } => format!("the provider answered {status} with another address"),
            Self::Malformed { .. } => "the provider gave an unexpected answer".to_owned(),
            Self::Incomplete { kind, found, announced, .. } => {
                format!("the list of {} has {found} entries, not the announced {announced}", plural(*kind))
            }
            Self::RepeatedPage { kind, .. } => format!("the list of {} repeats a page", plural(*kind)),
            Self::Contradicted { .. } => "the list of users contradicts a look-up".to_owned(),
            Self::NoToken { .. } => "no access token for the provider".to_owned(),
        }
    }
}

const fn plural(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::User => "users",
        ResourceKind::Group => "groups",
    }
}

impl From<ScimTargetError> for TargetError {
    fn from(error: ScimTargetError) -> Self {
        let kind = match &error {
            ScimTargetError::NoToken { .. } => TargetErrorKind::Credential,
            _ => TargetErrorKind::Target,
        };
        Self::new(kind, error.facts(), error)
    }
}
