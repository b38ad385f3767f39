//! What the configured target cannot do and the mapping or the configuration asks for.

use super::error::Failure;
use super::run_reason::{RunReason, RunReasonCode};
use super::settings::Settings;
use crate::bulk_upload::place_of;
use crate::config::{BulkUploadConfig, Deliver, TargetConfig};
use crate::mapping::Mapping;

/// Refuses a mapping that the configured target cannot carry out.
///
/// # Errors
/// Everything that it cannot carry out, each with what to do.
pub(crate) fn check(settings: &Settings, mapping: &Mapping) -> Result<(), Failure> {
    let TargetConfig::BulkUpload(config) = &settings.config.target else { return Ok(()) };
    let faults = bulk_upload(config, settings, mapping);
    if faults.is_empty() {
        return Ok(());
    }
    let text = format!("[target] kind = \"bulk-upload\" cannot carry out this configuration:\n{}", faults.join("\n"));
    let reason = RunReason::new(RunReasonCode::Configuration, "the target cannot carry out the mapping");
    Err(Failure::usage(text).because(reason))
}

fn bulk_upload(config: &BulkUploadConfig, settings: &Settings, mapping: &Mapping) -> Vec<String> {
    let rules = mapping.rules();
    let mut faults = Vec::new();
    let mut fault = |what: &str, hint: &str| faults.push(format!("  {what}\n  hint: {hint}"));
    if !rules.groups.is_empty() {
        fault("[[groups]]: the job takes users alone", "let dynamic groups in Entra follow an attribute");
    }
    if let Some(lifecycle) = &rules.lifecycle {
        if lifecycle.delete_after.is_some() {
            fault("[lifecycle] delete_after: the job deletes no account", "take it out; accounts of leavers stay disabled");
        }
        if lifecycle.reenable_always {
            fault("[lifecycle] reenable: the state of an account cannot be read", "take it out");
        }
    }
    for attribute in mapping.unique_attributes() {
        let what = format!("{attribute}: SelectUniqueValue cannot see which values are taken");
        fault(&what, "resolve collisions in the job's own mapping");
    }
    for attribute in &rules.attributes {
        if let Err(why) = place_of(*attribute, config.extension.as_deref()) {
            let why = why.to_string();
            let (what, hint) = why.split_once(", hint: ").unwrap_or((&why, "take it out of the mapping"));
            fault(&format!("{attribute} {what}"), hint);
        }
    }
    if settings.config.password.deliver != Deliver::Discard {
        fault("[password] deliver: the job sets no password that hrpush knows", "take it out");
    }
    faults
}
