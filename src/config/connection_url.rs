//! Rules for the address of a database or a remote file: it has no password, and the secret is named by a key of its own.

use super::SecretFrom;
use crate::diagnostic::toml::{At, Reader, Table};

/// Returned after a fault was reported, so that the caller adds none.
pub(super) struct Reported;

/// Whether the URL has a password, which is reported and never shown.
pub(super) fn holds_password(reader: &mut Reader<'_>, url: &At<String>) -> bool {
    let (scheme, rest) = url.value.split_once("://").unwrap_or_default();
    // The key of an object may hold these signs; the address of a server holds them before a password alone.
    let rest = if matches!(scheme, "s3" | "az" | "gs") { rest.split('/').next().unwrap_or_default() } else { rest };
    let by_user = rest.rsplit_once('@').and_then(|(user, _)| user.split_once(':')).map(|(_, password)| password);
    let lower = url.value.to_ascii_lowercase();
    let by_key = ["password=", "pwd="].iter().find_map(|key| lower.find(key).map(|at| &url.value[at + key.len()..]));
    if by_user.or(by_key).is_none_or(str::is_empty) {
        return false;
    }
    // A password may contain any character, so no rule of ours can cut out the host; the mask shows what is safe.
    reader.fault(
        &url.span,
        "this address contains a password",
        "take it out, name an environment variable that holds it (`password_env = \"…\"`), and change it: it was readable here",
    );
    true
}

/// Decodes a part of a URL: `%20` is a blank, and a plus sign stays a plus sign.
pub(super) fn decoded(part: &str) -> String {
    let pair = format!("x={}", part.replace('+', "%2B").replace('&', "%26"));
    url::form_urlencoded::parse(pair.as_bytes()).next().map_or_else(String::new, |(_, value)| value.into_owned())
}

/// The secret named by one of two keys.
pub(super) fn secret(
    reader: &mut Reader<'_>,
    fields: &Table<'_, '_>,
    env: &'static str,
    file: &'static str,
) -> Result<Option<SecretFrom>, Reported> {
    match (fields.has(env), fields.has(file)) {
        (true, true) => {
            reader.fault(&fields.span(), format!("`{env}` and `{file}` exclude each other"), None);
            Err(Reported)
        }
        (true, false) => reader.variable(fields, env).map(|name| Some(SecretFrom::Env(name))).ok_or(Reported),
        (false, true) => reader.path(fields, file).map(|path| Some(SecretFrom::File(path))).ok_or(Reported),
        (false, false) => Ok(None),
    }
}
