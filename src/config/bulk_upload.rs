//! `[target] kind = "bulk-upload"`: a job of API-driven inbound provisioning.

use std::time::Duration;

use super::duration;
use crate::diagnostic::toml::{At, Reader, Table};

/// A provisioning job and how it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkUploadConfig {
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
    /// Whether null clears an attribute in this job.
    pub null_flow: bool,
}

/// A run does not wait longer than this for the log.
const LONGEST: Duration = Duration::from_hours(24);

pub(super) fn read(reader: &mut Reader<'_>, fields: &Table<'_, '_>) -> Option<BulkUploadConfig> {
    let service_principal = reader.required_text(fields, "service_principal").and_then(|id| principal(reader, id));
    let job = reader.required_text(fields, "job").and_then(|id| job(reader, id));
    let calls = reader.count(fields, "calls_per_day").unwrap_or(2_000);
    let calls_per_day = u32::try_from(calls).ok().filter(|calls| *calls > 0);
    if let Some(found) = fields.get("calls_per_day").filter(|_| calls_per_day.is_none()) {
        reader.fault(
            &found.span(),
            "`calls_per_day` must be at least 1",
            "2000 with Entra ID P1 or P2, 6000 with Entra ID Governance",
        );
    }
    let span = |text: &str| {
        let wait = duration::exact(text).filter(|wait| !wait.is_negative())?;
        Duration::try_from(wait).ok().filter(|wait| *wait <= LONGEST)
    };
    let wait = duration::timed(reader, fields, "wait", "such as 15min, or 0min for no wait", span);
    let extension = reader.string(fields, "extension").and_then(|urn| schema(reader, urn));
    let null_flow = reader.flag(fields, "null_flow");
    Some(BulkUploadConfig {
        service_principal: service_principal?,
        job: job?,
        calls_per_day: calls_per_day?,
        wait: wait.unwrap_or(Duration::from_mins(15)),
        extension,
        null_flow,
    })
}

/// The id becomes part of an address, so it is a UUID and nothing else.
fn principal(reader: &mut Reader<'_>, id: At<String>) -> Option<String> {
    if uuid::Uuid::try_parse(&id.value).is_ok_and(|uuid| uuid.hyphenated().to_string().eq_ignore_ascii_case(&id.value)) {
        return Some(id.value);
    }
    reader.fault(&id.span, format!("`{}` is not an object id", id.value), "the object id of the enterprise application, a UUID");
    None
}

fn job(reader: &mut Reader<'_>, id: At<String>) -> Option<String> {
    let is_plain = id.value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    if is_plain && !id.value.is_empty() && id.value.trim_matches('.') == id.value {
        return Some(id.value);
    }
    let hint = "the job id of the provisioning page, such as API2AAD.0123456789abcdef.01234567-89ab-cdef-0123-456789abcdef";
    reader.fault(&id.span, format!("`{}` is not the id of a job", id.value), hint);
    None
}

fn schema(reader: &mut Reader<'_>, urn: At<String>) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '.' | '-' | '_');
    if urn.value.starts_with("urn:") && urn.value.len() > 4 && urn.value.chars().all(fits) && !urn.value.ends_with(':') {
        return Some(urn.value);
    }
    reader.fault(&urn.span, format!("`{}` is not the name of a schema", urn.value), "such as urn:contoso:employee");
    None
}
