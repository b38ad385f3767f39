//! The checks of a SCIM service provider: what it says of itself, where the profile differs, and whether it can be read.

use super::connect::connect_provider;
use super::doctor_findings::{Findings, Verdict, note_protected};
use super::error::Failure;
use super::run::Session;
use crate::config::ScimTargetConfig;
use crate::scim_target::{DeleteMeaning, ScimReader, provider_config};
use crate::target::{SnapshotScope, TargetError};

/// The largest clock difference without a warning, in seconds.
const SKEW: i64 = 120;

/// Checks the profile, what the provider says of itself, its accounts and its clock.
pub(super) async fn check(findings: &mut Findings, session: &Session<'_>, target: &ScimTargetConfig) -> Result<(), Failure> {
    let (client, connection) = connect_provider(target)?;
    findings.note("target", Verdict::Ok, format!("SCIM service provider at {}", target.base_url));
    note_profile(findings, target);
    let asked = session.unless_interrupted(async { Ok(provider_config(&client).await.map_err(TargetError::from)?) }).await;
    match asked {
        Ok(Some(config)) => {
            findings.note("provider", Verdict::Ok, config.summary());
            for difference in config.differences(&target.profile) {
                findings.note("profile", Verdict::Warning, difference);
            }
        }
        Ok(None) => findings.note("provider", Verdict::Ok, "it has no /ServiceProviderConfig; the profile is used as it is"),
        // A hint that is refused is no fault: the accounts may be readable all the same.
        Err(Failure::Interrupted) => return Err(Failure::Interrupted),
        Err(failure) => findings.note("provider", Verdict::Warning, failure.to_string()),
    }
    let scope = SnapshotScope { manager: true, groups: !target.profile.refused.contains("groups"), ..SnapshotScope::default() };
    let reader = ScimReader::new(std::sync::Arc::clone(&client));
    let read = session.unless_interrupted(async { Ok(reader.current(&scope).await.map_err(TargetError::from)?) }).await;
    match read {
        Ok(snapshot) => {
            let (users, groups) = (snapshot.users.len(), snapshot.groups.len());
            findings.note("accounts", Verdict::Ok, format!("{users} read, and {groups} groups"));
            note_protected(findings, session.settings, &snapshot, false);
        }
        Err(failure) => findings.failed("accounts", failure)?,
    }
    let skew = client.skew();
    if let Some(seconds) = skew.filter(|seconds| seconds.abs() > SKEW) {
        let found = format!("this machine's clock differs by {seconds} s from the provider's: correct it, dates may be wrong");
        findings.note("clock", Verdict::Warning, found);
    }
    findings.note("target", Verdict::Ok, connection.url);
    Ok(())
}

fn note_profile(findings: &mut Findings, target: &ScimTargetConfig) {
    let profile = &target.profile;
    let tried = match &profile.tried {
        Some(with) => format!("tried with {with}"),
        None => "never tried at the provider".to_owned(),
    };
    let delete = match profile.delete {
        DeleteMeaning::Removes => "removes the user",
        DeleteMeaning::Deactivates => "deactivates the user",
        DeleteMeaning::Recoverable => "can be undone for a while, by other means than SCIM",
    };
    let verdict = if profile.tried.is_some() { Verdict::Ok } else { Verdict::Warning };
    let found =
        format!("`{}`, {}, {tried}; DELETE {delete}, so leavers are deactivated and never deleted", profile.name, profile.about);
    findings.note("profile", verdict, found);
}
