//! The state of the job, which is read before anything is uploaded.

use serde_json::Value as Json;

/// A job that carries nothing out. Records that it takes now would be lost or wait for an unknown time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobFault {
    /// Too many records failed.
    #[error(
        "the provisioning job is in quarantine{}: it carries nothing out\n  hint: the provisioning logs in the Entra portal list the failures; \
         correct them, and restart the job",
        since(began.as_deref())
    )]
    Quarantine {
        /// Since when, as the service writes it.
        began: Option<String>,
    },
    /// An administrator stopped it, or it was never started.
    #[error(
        "the provisioning job is stopped ({state}): uploaded records would be lost\n  hint: start provisioning in the Entra portal"
    )]
    Stopped {
        /// The state in the words of the service.
        state: String,
    },
}

fn since(began: Option<&str>) -> String {
    began.map(|began| format!(" since {began}")).unwrap_or_default()
}

impl JobFault {
    /// One line without a value of a person.
    pub const fn facts(&self) -> &'static str {
        match self {
            Self::Quarantine { .. } => "the provisioning job is in quarantine",
            Self::Stopped { .. } => "the provisioning job is stopped",
        }
    }
}

/// Judges the job as the service shows it. A job that has not run yet takes records all the same.
pub(super) fn judge(job: &Json) -> Result<(), JobFault> {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let (code, schedule) = (text(&job["status"]["code"]), text(&job["schedule"]["state"]));
    match (code.as_str(), schedule.as_str()) {
        ("Quarantine", _) => {
            let quarantine = &job["status"]["quarantine"];
            Err(JobFault::Quarantine { began: quarantine["currentBegan"].as_str().map(str::to_owned) })
        }
        ("Paused" | "NotConfigured", _) => Err(JobFault::Stopped { state: code }),
        (_, "Active") => Ok(()),
        _ => Err(JobFault::Stopped { state: schedule }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_running_job_takes_records() {
        let of = |code: &str, state: &str| judge(&json!({ "status": { "code": code }, "schedule": { "state": state } }));
        assert_eq!((of("Active", "Active"), of("NotRun", "Active")), (Ok(()), Ok(())));
        assert_eq!(of("Quarantine", "Active"), Err(JobFault::Quarantine { began: None }));
        assert_eq!(of("Paused", "Disabled"), Err(JobFault::Stopped { state: "Paused".into() }));
        assert_eq!(of("NotRun", "Disabled"), Err(JobFault::Stopped { state: "Disabled".into() }));
        assert!(judge(&json!({})).is_err(), "an answer without a state is no running job");
    }
}
