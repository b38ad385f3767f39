//! API-driven inbound provisioning: the job, the queue behind `bulkUpload`, and the provisioning log.
//!
//! A call only fills the queue. The job works the queue off once its time has come: it finds the account of each record by its matching
//! pair (`externalId` and `employeeId`), writes it by the default attribute mapping, and adds an entry to the log.

mod call_limits;
pub(super) mod job;
mod job_view;
mod log_filter;
mod log_list;
pub(super) mod queue;
mod record_mapping;
pub(super) mod upload_request;

pub use job::{JobState, ProvisioningJob};
pub use queue::ProvisioningSettings;

use super::reply::{Answer, Problem};
use super::request::Request;
use super::server::State;

/// Routes what comes after `servicePrincipals`.
pub(super) fn route(state: &mut State, request: &Request, rest: &[&str]) -> Answer {
    let [principal, "synchronization", "jobs", job, tail @ ..] = rest else {
        return Err(Problem::uncovered(&format!("{} {}", request.method, request.path)));
    };
    let known = state.provisioning.jobs.iter().find(|known| known.service_principal.eq_ignore_ascii_case(principal));
    let known = known.ok_or_else(|| Problem::absent(principal))?;
    if known.id != **job {
        return Err(Problem::absent(job));
    }
    match (request.method.as_str(), tail) {
        ("GET", []) => Ok(job_view::show(state, job)),
        ("POST", ["bulkUpload"]) => upload_request::accept(state, request, job),
        (method, _) => Err(Problem::uncovered(&format!("{method} {}", request.path))),
    }
}

/// Routes what comes after `auditLogs`.
pub(super) fn logs(state: &mut State, request: &Request, rest: &[&str]) -> Answer {
    match (request.method.as_str(), rest) {
        ("GET", ["provisioning"]) => log_list::list(state, request),
        (method, _) => Err(Problem::uncovered(&format!("{method} {}", request.path))),
    }
}

/// Works off what is due in the queue, unless the job does not run.
pub(super) fn work_off(state: &mut State) {
    if state.faults.job() != JobState::Active {
        return;
    }
    let now = state.clock.elapsed();
    while let Some(upload) = state.provisioning.due(now) {
        let logged = record_mapping::carry_out(state, &upload);
        state.provisioning.log(&upload, logged);
    }
}
