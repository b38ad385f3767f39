//! Why a run did not end with 0, as lists, logs and messages may repeat it: places, names of keys and columns, and counts.
//!
//! The message of a run is for the person at the terminal and may show a value of HR. The list of runs, the log and messages to others are
//! read by more people. They get a [`RunReason`], which is made from typed facts and never from a message.

use std::fmt;

use crate::apply::{ApplyError, DeliveryError, JournalError};
use crate::config::SecretError;
use crate::diagnostic::{Faults, escape, mask};
use crate::endpoint::EndpointError;
use crate::graph::{CredentialError, GraphError};
use crate::plan::Guard;
use crate::sandbox::SandboxError;
use crate::source::SourceErrors;
use crate::store::StoreError;
use crate::target::{TargetError, TargetErrorKind};

/// Why a run did not end with 0, without any value of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RunReason {
    code: RunReasonCode,
    /// One line without a value of a person.
    text: String,
}

/// The kind of a [`RunReason`], for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunReasonCode {
    /// The arguments, the configuration, the mapping or the data, where nothing more is known.
    Refused,
    /// The surroundings of the run, where nothing more is known.
    Surroundings,
    /// An argument of the command line.
    Arguments,
    /// hrpush.toml or the mapping.
    Configuration,
    /// The HR data do not fit what is expected of them.
    Source,
    /// The HR system cannot be reached, or refuses the request.
    HrSystem,
    /// A saved plan cannot be applied.
    SavedPlan,
    /// The tenant cannot be reached, or refuses the request.
    Tenant,
    /// It is not the tenant that the configuration or the plan names.
    OtherTenant,
    /// A secret is missing, or the token service refuses it.
    Credential,
    /// The clock of this machine is wrong.
    Clock,
    /// Another run holds the state folder.
    Locked,
    /// The state folder cannot be used.
    State,
    /// Credentials cannot be delivered.
    Delivery,
    /// A file cannot be read or written.
    File,
    /// A guard stopped the plan.
    Guard,
    /// An approval does not fit the plan.
    Approval,
    /// The changes were not confirmed.
    Pending,
    /// Records were held, changes failed, or a leaver keeps access.
    Attention,
    /// The user or the system interrupted the run.
    Interrupted,
}

impl RunReasonCode {
    /// The word for it in documents.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Surroundings => "surroundings",
            Self::Arguments => "arguments",
            Self::Configuration => "configuration",
            Self::Source => "source",
            Self::HrSystem => "hr-system",
            Self::SavedPlan => "saved-plan",
            Self::Tenant => "tenant",
            Self::OtherTenant => "other-tenant",
            Self::Credential => "credential",
            Self::Clock => "clock",
            Self::Locked => "locked",
            Self::State => "state",
            Self::Delivery => "delivery",
            Self::File => "file",
            Self::Guard => "guard",
            Self::Approval => "approval",
            Self::Pending => "pending",
            Self::Attention => "attention",
            Self::Interrupted => "interrupted",
        }
    }

    /// The reason if nothing more is known.
    fn sentence(self) -> &'static str {
        match self {
            Self::Refused => "the arguments, the configuration, the mapping or the HR data were refused",
            Self::Surroundings => "the network, a credential, the tenant or the state folder failed",
            Self::Arguments => "an argument of the command line was refused",
            Self::Configuration => "the configuration or the mapping was refused",
            Self::Source => "the HR data were refused",
            Self::HrSystem => "the HR system cannot be reached, or refuses the request",
            Self::SavedPlan => "the saved plan was refused",
            Self::Tenant => "the tenant cannot be reached, or refuses the request",
            Self::OtherTenant => "this is not the tenant that the configuration or the plan names",
            Self::Credential => "the credential of the tenant or of the HR system cannot be used",
            Self::Clock => "the clock of this machine is wrong",
            Self::Locked => "another run uses the state folder",
            Self::State => "the state folder cannot be used",
            Self::Delivery => "first passwords or access passes cannot be delivered",
            Self::File => "a file cannot be read or written",
            Self::Guard => "stopped by a guard",
            Self::Approval => "the approval is not for this plan, or was used before",
            Self::Pending => "the changes were not confirmed",
            Self::Attention => "something needs attention",
            Self::Interrupted => "interrupted",
        }
    }
}

impl RunReason {
    /// A reason of this kind, with facts that hold no value of a person: names of files, settings and guards, places and counts.
    pub(crate) fn new(code: RunReasonCode, facts: impl fmt::Display) -> Self {
        let text = escape::shown(&mask::message(&facts.to_string()));
        Self { code, text }
    }

    /// The kind, for programs.
    pub(crate) fn code(&self) -> RunReasonCode {
        self.code
    }

    /// The guards that stopped the plan, with their counts.
    pub(crate) fn guards<'g>(guards: impl Iterator<Item = &'g Guard>) -> Self {
        let of = |guard: &Guard| {
            let limit = guard.limit.map_or_else(|| "none".to_owned(), |limit| limit.to_string());
            format!("`{}`: {} of {}, the limit is {limit}", guard.name, guard.count, guard.of)
        };
        let all: Vec<String> = guards.map(of).collect();
        let start = if all.len() == 1 { "stopped by the guard" } else { "stopped by the guards" };
        Self::new(RunReasonCode::Guard, format!("{start} {}", all.join("; ")))
    }

    /// So many entries of the report need attention.
    pub(crate) fn attention(entries: usize) -> Self {
        Self::new(
            RunReasonCode::Attention,
            format!("{entries} {} attention", if entries == 1 { "entry needs" } else { "entries need" }),
        )
    }
}

impl From<RunReasonCode> for RunReason {
    fn from(code: RunReasonCode) -> Self {
        Self { code, text: code.sentence().to_owned() }
    }
}

impl fmt::Display for RunReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The end of a sentence about the first of several faults.
fn and_more(more: u64) -> String {
    match more {
        0 => String::new(),
        1 => ", and 1 more fault".to_owned(),
        more => format!(", and {more} more faults"),
    }
}

impl From<&SourceErrors> for RunReason {
    fn from(errors: &SourceErrors) -> Self {
        let code = if errors.exit_code() == 1 { RunReasonCode::HrSystem } else { RunReasonCode::Source };
        let Some(first) = errors.faults.first() else { return code.into() };
        let more = and_more(errors.more + errors.faults.len() as u64 - 1);
        Self::new(code, format!("{}: {}{more}", first.spot, first.kind.without_values()))
    }
}

/// The message of a fault quotes the file, which may name people in `[protect]`, so the reason is its place alone.
impl From<&Faults> for RunReason {
    fn from(faults: &Faults) -> Self {
        let code = RunReasonCode::Configuration;
        let Some(first) = faults.faults.first() else { return code.into() };
        let place = match first.line {
            0 => first.file.clone(),
            line => format!("{}, line {line}, column {}", first.file, first.column),
        };
        Self::new(
            code,
            format!("{place}: the configuration or the mapping has a fault here{}", and_more(faults.faults.len() as u64 - 1)),
        )
    }
}

impl From<&GraphError> for RunReason {
    fn from(error: &GraphError) -> Self {
        let code = match error {
            GraphError::Credential(_) => RunReasonCode::Credential,
            _ => RunReasonCode::Tenant,
        };
        Self::new(code, error.facts())
    }
}

impl From<&CredentialError> for RunReason {
    fn from(error: &CredentialError) -> Self {
        Self::new(RunReasonCode::Credential, error.facts())
    }
}

impl From<&TargetError> for RunReason {
    fn from(error: &TargetError) -> Self {
        let code = match error.kind() {
            TargetErrorKind::Credential => RunReasonCode::Credential,
            TargetErrorKind::Target => RunReasonCode::Tenant,
        };
        Self::new(code, error.facts())
    }
}

impl From<&StoreError> for RunReason {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Locked { .. } => RunReasonCode::Locked.into(),
            StoreError::NoRun(_) | StoreError::ManyRuns(_) => {
                Self::new(RunReasonCode::Arguments, "the named run is not one run of this folder")
            }
            StoreError::NoPlan(run) => Self::new(RunReasonCode::Arguments, format!("the run {run} has no plan")),
            StoreError::NonceUsed => RunReasonCode::Approval.into(),
            StoreError::Later { found, .. } => Self::new(
                RunReasonCode::State,
                format!("the state folder was made by a later version of hrpush (schema {found})"),
            ),
            StoreError::Folder { .. }
            | StoreError::Database(_)
            | StoreError::Compressed(_)
            | StoreError::Content(_)
            | StoreError::Damaged { .. }
            | StoreError::Random(_) => RunReasonCode::State.into(),
        }
    }
}

macro_rules! reason_of {
    ($($error:ty => $code:ident),+ $(,)?) => {
        $(impl From<&$error> for RunReason {
            fn from(_: &$error) -> Self {
                RunReasonCode::$code.into()
            }
        })+
    };
}

reason_of! {
    SecretError => Credential,
    SandboxError => Tenant,
    EndpointError => Surroundings,
    DeliveryError => Delivery,
    ApplyError => State,
    JournalError => State,
    serde_json::Error => File,
    csv::Error => File,
    std::io::Error => File,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::GuardName;
    use crate::source::{Fault, FaultKind, FaultLocation};

    fn guard(name: GuardName, count: u64) -> Guard {
        Guard { name, count, of: 52, limit: Some(3), tripped: true, columns: Vec::new() }
    }

    #[test]
    fn guards_are_named_with_their_counts() {
        let one = RunReason::guards([guard(GuardName::Disable, 9)].iter());
        assert_eq!(
            (one.to_string().as_str(), one.code().as_str()),
            ("stopped by the guard `disable`: 9 of 52, the limit is 3", "guard")
        );
        let two = RunReason::guards([guard(GuardName::Disable, 9), guard(GuardName::Delete, 4)].iter());
        assert_eq!(
            two.to_string(),
            "stopped by the guards `disable`: 9 of 52, the limit is 3; `delete`: 4 of 52, the limit is 3"
        );
    }

    #[test]
    fn the_place_of_the_first_fault_and_the_count_of_the_others_are_kept() {
        let spot = FaultLocation { file: "hr.csv".into(), line: Some(7), column: Some(3) };
        let fault = |kind| Fault { spot: spot.clone(), kind, hint: None };
        let errors =
            SourceErrors { faults: vec![fault(FaultKind::Unfit("Ada Lovelace".into())), fault(FaultKind::Total)], more: 4 };
        let reason = RunReason::from(&errors);
        assert!(
            reason.to_string().starts_with("hr.csv, line 7, column 3: ") && reason.to_string().ends_with(", and 5 more faults"),
            "{reason}"
        );
        assert!(!reason.to_string().contains("Lovelace"), "{reason}");
    }

    #[test]
    fn a_token_service_that_is_not_reached_is_named_and_its_own_words_stay_out() {
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let fault = crate::diagnostic::network::NetworkFault::of(&refused, "login.example.com", false);
        let error = |network| CredentialError::Refused { method: "client-secret", reason: "Ada Lovelace".into(), network };
        let reached = RunReason::from(&error(Some(fault))).to_string();
        assert_eq!(reached, "the credential `client-secret` got no access token: login.example.com refuses the connection");
        assert_eq!(RunReason::from(&error(None)).to_string(), "the credential `client-secret` got no access token");
    }

    #[test]
    fn a_value_in_the_configuration_stays_out() {
        let faults =
            crate::config::parse("[protect]\nuserss = [\"ada@contoso.com\"]", std::path::Path::new("hrpush.toml")).unwrap_err();
        let reason = RunReason::from(&faults).to_string();
        assert!(reason.starts_with("hrpush.toml, line 2, column 1: ") && !reason.contains("ada@"), "{reason}");
    }

    #[test]
    fn a_reason_is_one_line_and_cannot_move_the_cursor() {
        let reason = RunReason::new(RunReasonCode::File, "a\nb\u{1b}[2J").to_string();
        assert!(!reason.contains(['\n', '\u{1b}']), "{reason}");
    }
}
