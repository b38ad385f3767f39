//! Rules for the address of a database or a remote file: it has no password, and the secret is named by a key of its own.

use super::SecretFrom;
use super::secret_keys::secret_program;
use crate::diagnostic::toml::{At, Reader, Table};

/// Returned after a fault was reported, so that the caller adds none.
pub(super) struct AlreadyReported;

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

/// The keys that name one secret: its variable, its file, and the program that prints it.
pub(super) struct SecretKeys {
    pub(super) env: &'static str,
    pub(super) file: &'static str,
    pub(super) command: &'static str,
}

pub(super) const SECRET: SecretKeys = SecretKeys { env: "secret_env", file: "secret_file", command: "secret_command" };
pub(super) const PASSWORD: SecretKeys = SecretKeys { env: "password_env", file: "password_file", command: "password_command" };
pub(super) const TOKEN: SecretKeys = SecretKeys { env: "token_env", file: "token_file", command: "token_command" };
pub(super) const KEY_PASSWORD: SecretKeys =
    SecretKeys { env: "key_password_env", file: "key_password_file", command: "key_password_command" };

/// The secret named by one of its keys.
pub(super) fn secret(
    reader: &mut Reader<'_>,
    fields: &Table<'_, '_>,
    keys: &SecretKeys,
) -> Result<Option<SecretFrom>, AlreadyReported> {
    let SecretKeys { env, file, command } = *keys;
    let given: Vec<String> = [env, file, command].iter().filter(|key| fields.has(key)).map(|key| format!("`{key}`")).collect();
    match &given[..] {
        [] => Ok(None),
        [_] if fields.has(env) => reader.variable(fields, env).map(|name| Some(SecretFrom::Env(name))).ok_or(AlreadyReported),
        [_] if fields.has(file) => reader.path(fields, file).map(|path| Some(SecretFrom::File(path))).ok_or(AlreadyReported),
        [_] => secret_program(reader, fields, command).map(Some).ok_or(AlreadyReported),
        [first, rest @ ..] => {
            reader.fault(&fields.span(), format!("{first} and {} exclude each other", rest.join(" and ")), None);
            Err(AlreadyReported)
        }
    }
}
