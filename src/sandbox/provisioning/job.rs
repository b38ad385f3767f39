//! The synchronization job and its states.

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
    /// It works the queue off.
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
