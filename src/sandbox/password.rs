//! The rules of first and new passwords.

use serde_json::{Map, Value};

use super::object::Object;
use super::reply::Problem;

/// A new password must be strong, unless the policy lets it be weak.
pub(super) fn check(props: &Map<String, Value>, object: Option<&Object>) -> Result<(), Problem> {
    let Some(profile) = props.get("passwordProfile").filter(|profile| !profile.is_null()) else { return Ok(()) };
    let Some(password) = profile.get("password").and_then(Value::as_str) else {
        return if object.is_none() {
            Err(Problem::bad("A password must be specified to create a new user.").detail("MissingValue", "password"))
        } else {
            Ok(())
        };
    };
    let policies = props
        .get("passwordPolicies")
        .and_then(Value::as_str)
        .or_else(|| object.and_then(|object| object.text("passwordPolicies")))
        .unwrap_or_default();
    let kinds = [
        password.chars().any(|c| c.is_ascii_lowercase()),
        password.chars().any(|c| c.is_ascii_uppercase()),
        password.chars().any(|c| c.is_ascii_digit()),
        password.chars().any(|c| !c.is_ascii_alphanumeric()),
    ];
    let strong = kinds.iter().filter(|kind| **kind).count() >= 3 || policies.contains("DisableStrongPassword");
    if !(8..=256).contains(&password.chars().count()) || !strong {
        return Err(Problem::bad(
            "The specified password does not comply with password complexity requirements. Please provide a different password.",
        )
        .detail("PasswordComplexity", "passwordProfile"));
    }
    Ok(())
}
