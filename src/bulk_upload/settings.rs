//! The settings of a provisioning job.

use std::time::Duration;

use crate::target::{Capabilities, SnapshotKind};

/// The most operations of a call.
pub(super) const MOST: usize = 50;

/// What a provisioning job can do.
pub const CAPABILITIES: Capabilities = Capabilities {
    batch: MOST,
    members_per_write: 1,
    soft_delete: false,
    sessions: false,
    licences: false,
    access_pass: false,
    passwords: false,
    verified_domains: false,
    nicknames: false,
    permissions: false,
    asynchronous: true,
    snapshot: SnapshotKind::Accepted,
};

/// The job and how it is used.
///
/// ```
/// use hrpush::bulk_upload::Settings;
///
/// let settings = Settings::new("8f3f2a56-5d0c-4c1e-9d0e-6a1c1d5b0a11", "API2AAD.x");
/// assert_eq!((settings.calls_per_day, settings.wait.as_secs()), (2_000, 900));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The object id of the service principal.
    pub service_principal: String,
    /// The id of its job.
    pub job: String,
    /// How many calls the licence allows in 24 hours.
    pub calls_per_day: u32,
    /// How long a run waits for the provisioning log; zero leaves it to the next run.
    pub wait: Duration,
    /// The schema of the job's own attributes.
    pub extension: Option<String>,
    /// How much faster than Microsoft's the limits of a loopback service refill.
    pub scale: f64,
}

impl Settings {
    /// Settings with their defaults.
    pub fn new(service_principal: impl Into<String>, job: impl Into<String>) -> Self {
        Self {
            service_principal: service_principal.into(),
            job: job.into(),
            calls_per_day: 2_000,
            wait: Duration::from_mins(15),
            extension: None,
            scale: 1.0,
        }
    }

    /// The address of the job below the version.
    pub(super) fn path(&self) -> String {
        format!("/servicePrincipals/{}/synchronization/jobs/{}", self.service_principal, self.job)
    }

    /// A time of Microsoft's clock by the clock of this service.
    pub(super) fn scaled(&self, time: Duration) -> Duration {
        if self.scale > 0.0 { time.div_f64(self.scale) } else { time }
    }
}
