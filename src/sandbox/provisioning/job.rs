//! The synchronization job and its states.

use serde_json::{Value, json};

use super::super::reply::Reply;
use super::super::server::State;

/// A job for API-driven provisioning, by the ids that its address has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvisioningJob {
    /// The object id of the service principal.
    pub service_principal: String,
    /// The id of the job.
    pub id: String,
}

impl Default for ProvisioningJob {
    /// The job that a tenant has without others.
    fn default() -> Self {
        Self {
            service_principal: "8f3f2a56-5d0c-4c1e-9d0e-6a1c1d5b0a11".to_owned(),
            id: "API2AAD.8f3f2a565d0c4c1e9d0e6a1c1d5b0a11.c0a80101-0000-4000-8000-000000000001".to_owned(),
        }
    }
}

/// Whether the job works its queue off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum JobState {
    /// It does.
    #[default]
    Active,
    /// Stopped by an administrator: uploads are accepted and wait.
    Paused,
    /// Stopped by the service, because too many records failed.
    Quarantine,
}

impl std::str::FromStr for JobState {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "active" => Ok(Self::Active),
            "paused" => Ok(Self::Paused),
            "quarantine" => Ok(Self::Quarantine),
            _ => Err("expected active, paused or quarantine"),
        }
    }
}

/// The job as GET answers it.
pub(super) fn show(state: &State, id: &str) -> Reply {
    let (schedule, code) = match state.faults.job() {
        JobState::Active => ("Active", "Active"),
        JobState::Paused => ("Disabled", "Paused"),
        JobState::Quarantine => ("Active", "Quarantine"),
    };
    let quarantine = match state.faults.job() {
        JobState::Quarantine => json!({
            "currentBegan": "2026-01-02T03:04:05Z", "seriesBegan": "2026-01-02T03:04:05Z", "seriesCount": 1,
            "nextAttempt": "2026-01-02T09:04:05Z", "reason": "EncounteredEscrowProportionThreshold", "error": null,
        }),
        JobState::Active | JobState::Paused => Value::Null,
    };
    Reply::ok(json!({
        "@odata.context": format!("{}/$metadata#servicePrincipals/synchronization/jobs/$entity", state.base),
        "id": id,
        "templateId": "API2AAD",
        "schedule": { "expiration": null, "interval": "PT40M", "state": schedule },
        "status": {
            "code": code, "countSuccessiveCompleteFailures": 0, "escrowsPruned": false, "lastExecution": null,
            "lastSuccessfulExecution": null, "lastSuccessfulExecutionWithExports": null, "progress": [], "quarantine": quarantine,
            "steadyStateFirstAchievedTime": "0001-01-01T00:00:00Z", "steadyStateLastAchievedTime": "0001-01-01T00:00:00Z",
            "synchronizedEntryCountByType": [], "troubleshootingUrl": null,
        },
        "synchronizationJobSettings": [],
    }))
}
