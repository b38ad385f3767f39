//! What a mapping asks of the configured target, and what the target cannot do.

use super::error::Failure;
use super::mapped_reading::MappedReading;
use super::run_reason::{RunReason, RunReasonCode};
use super::settings::Settings;
use super::target_limits;
use crate::config::{ScimTargetConfig, TargetConfig};
use crate::diagnostic::{Note, NoteCode};
use crate::directory::{Attribute, roles};
use crate::mapping::{LeaveAction, Mapping, UnfitAttribute};
use crate::scim_target::{AttributeFault, Profile, Translation};

/// The mapping as the configured target takes it.
///
/// # Errors
/// Everything that the mapping wants and the target cannot do, where leaving it out would be dangerous.
pub(crate) fn fitted(settings: &Settings, mapping: Mapping) -> Result<Mapping, Failure> {
    match &settings.config.target {
        TargetConfig::Graph => {
            mapping.check_attributes(of_graph)?;
            Ok(mapping)
        }
        TargetConfig::Scim(target) => for_provider(target, mapping),
        TargetConfig::BulkUpload(_) => {
            target_limits::check(settings, &mapping)?;
            Ok(mapping)
        }
    }
}

/// The reading with its mapping as the configured target takes it, and with a note for what is left out.
pub(crate) fn fitted_reading(settings: &Settings, read: MappedReading) -> Result<MappedReading, Failure> {
    let mapping = fitted(settings, read.mapping)?;
    let bound = mapping.bind(&read.reading.header)?;
    let mut reading = read.reading;
    reading.notes.extend(left_out(settings, &mapping));
    Ok(MappedReading { reading, mapping, bound, ..read })
}

fn of_graph(attribute: Attribute) -> Result<(), UnfitAttribute> {
    if !attribute.is_scim_path() {
        return Ok(());
    }
    Err(UnfitAttribute {
        message: format!("`{attribute}` is an attribute of SCIM, which Microsoft Graph does not have"),
        hint: "attributes are spelt as Graph spells them, such as `jobTitle`; a SCIM path needs [target] with kind = \"scim\""
            .to_owned(),
    })
}

fn for_provider(target: &ScimTargetConfig, mapping: Mapping) -> Result<Mapping, Failure> {
    let profile = &target.profile;
    let translation = Translation::new(profile);
    let mapped = mapping.rules().attributes.clone();
    let check = |attribute| {
        translation.check(attribute, &mapped).map_err(|AttributeFault { message, hint }| UnfitAttribute { message, hint })
    };
    mapping.check_attributes(check)?;
    check_parts(profile, &mapping)?;
    match Attribute::find(roles::EXTERNAL_ID) {
        Some(key) => Ok(mapping.keyed_by(key)?),
        None => Ok(mapping),
    }
}

/// The parts of a mapping besides its attributes.
fn check_parts(profile: &Profile, mapping: &Mapping) -> Result<(), Failure> {
    let rules = mapping.rules();
    let refuse = |what: String, hint: &str| {
        let fact = format!("the mapping \"{}\" does not fit the target: {what}", mapping.name());
        Err(Failure::usage(format!("{fact}\n  hint: {hint}")).because(RunReason::new(RunReasonCode::Configuration, fact)))
    };
    let is_mapped = |attribute: &Attribute| rules.attributes.contains(attribute);
    if let Some(missing) = profile.required.iter().find(|attribute| !is_mapped(attribute)) {
        let what = format!("the profile `{}` requires `{missing}` of every user", profile.name);
        return refuse(what, "add it to [attributes]");
    }
    if rules.manager && profile.refused.contains("manager") {
        return refuse(format!("the profile `{}` has no managers", profile.name), "take [manager] out");
    }
    if !rules.groups.is_empty() && profile.refused.contains("groups") {
        return refuse(format!("the profile `{}` has no groups", profile.name), "take [[groups]] out");
    }
    if rules.groups.iter().any(|group| group.microsoft365) {
        return refuse("a SCIM provider has no Microsoft 365 groups".to_owned(), "take `kind` out of [[groups]]");
    }
    if rules.groups.iter().any(|group| !group.owners.is_empty()) {
        return refuse("groups of a SCIM provider have no owners".to_owned(), "take `owners` out of [[groups]]");
    }
    Ok(())
}

/// The steps that the target cannot do and that the plan leaves out.
fn left_out(settings: &Settings, mapping: &Mapping) -> Option<Note> {
    if matches!(settings.config.target, TargetConfig::Graph) {
        return None;
    }
    let capabilities = settings.capabilities();
    let lifecycle = mapping.rules().lifecycle.as_ref()?;
    let asked = |action| lifecycle.on_leave.contains(&action);
    let steps = [
        ("`revoke-sessions`", asked(LeaveAction::RevokeSessions) && !capabilities.sessions),
        ("`remove-licenses`", asked(LeaveAction::RemoveLicenses) && !capabilities.licences),
        ("`delete_after`", lifecycle.delete_after.is_some() && !capabilities.soft_delete),
    ];
    let steps: Vec<&str> = steps.into_iter().filter(|(_, left_out)| *left_out).map(|(step, _)| step).collect();
    let text = format!("left out, since the target cannot do it: {}", steps.join(", "));
    (!steps.is_empty()).then(|| Note::new(NoteCode::NotSupported, text).count(steps.len()))
}
