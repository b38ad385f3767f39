//! The synchronization job as the service shows it.

use serde_json::{Value, json};

use super::super::reply::Reply;
use super::super::server::State;
use super::job::JobState;

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
