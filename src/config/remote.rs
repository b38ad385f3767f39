//! A `path` that points to an SFTP server or an object store, and the keys of `[source]` that open it.

use url::Url;

use super::SecretFrom;
use super::connection_url::{AlreadyReported, KEY_PASSWORD, PASSWORD, SECRET, decoded, holds_password, secret};
use super::features::Feature;
use crate::diagnostic::is_loopback;
use crate::diagnostic::toml::{At, Reader, Table};
use crate::source::remote::{Access, HostKey, ObjectKind, Objects, Place, Sftp, SftpSignIn};

/// A place, and where the secrets are that open it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceConfig {
    /// The server or store, the folder and the file.
    pub place: Place,
    /// The password, the private key, the account's key or the service account.
    pub secret: Option<SecretFrom>,
    /// What unlocks the private key.
    pub passphrase: Option<SecretFrom>,
}

const HINT: &str = "a path, or sftp://user@host/folder/file, s3://bucket/file, az://container/file, gs://bucket/file";

/// Whether a path is meant as a place elsewhere.
pub(super) fn is_place(path: &str) -> bool {
    path.contains("://")
}

/// Reads the keys; which of them belong to the place depends on its kind.
pub(super) fn read(reader: &mut Reader<'_>, fields: &Table<'_, '_>, found: &At<String>) -> Option<PlaceConfig> {
    for key in ["password", "secret", "access_key", "token"] {
        if fields.holds(key) {
            reader.plain_secret(fields, key);
        }
    }
    if holds_password(reader, found) {
        return None;
    }
    let Ok(url) = Url::parse(&found.value) else {
        reader.fault(&found.span, "`path` is neither a path nor a URL", HINT);
        return None;
    };
    if url.query().is_some() || url.fragment().is_some() {
        reader.fault(&found.span, "`path` takes no parameters", "the other keys of [source] say how it is opened");
        return None;
    }
    let kind = match url.scheme() {
        "sftp" => None,
        "s3" => Some(ObjectKind::S3),
        "az" => Some(ObjectKind::Azure),
        "gs" => Some(ObjectKind::Gcs),
        other => {
            reader.fault(&found.span, format!("files are not fetched by `{other}`"), HINT);
            return None;
        }
    };
    let feature = if kind.is_none() { Feature::Sftp } else { Feature::Objects };
    if !feature.is_built(reader, &found.span) {
        return None;
    }
    let host = url.host_str().filter(|host| !host.is_empty()).map(|host| host.trim_matches(['[', ']']).to_owned());
    let Some(host) = host else {
        reader.fault(&found.span, "`path` has no host or bucket", HINT);
        return None;
    };
    let (folder, file) = folder_and_file(reader, found, &url, kind.is_none())?;
    let shown = found.value.clone();
    match kind {
        None => {
            let (access, secret, passphrase) = sftp(reader, fields, found, &url, host)?;
            Some(PlaceConfig { place: Place { shown, folder, file, access: Access::Sftp(access) }, secret, passphrase })
        }
        Some(kind) => {
            if !url.username().is_empty() || url.port().is_some() {
                reader.fault(&found.span, "`path` has more than a bucket and a file", HINT);
                return None;
            }
            let (access, secret) = objects(reader, fields, found, kind, host)?;
            Some(PlaceConfig { place: Place { shown, folder, file, access: Access::Objects(access) }, secret, passphrase: None })
        }
    }
}

/// The folder and the name; a path that begins with `/~/` is taken from the user's own folder.
fn folder_and_file(reader: &mut Reader<'_>, found: &At<String>, url: &Url, sftp: bool) -> Option<(String, String)> {
    let path = decoded(url.path());
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", &path));
    if file.is_empty() {
        reader.fault(&found.span, "`path` has no file name", "its last part may hold `*`, such as employees-*.csv");
        return None;
    }
    if folder.contains('*') {
        reader.fault(&found.span, "`*` in the folder is not supported", "only the name of the file may be a pattern");
        return None;
    }
    let folder = match folder.strip_prefix("/~") {
        Some(own) if sftp => own.trim_start_matches('/').to_owned(),
        _ if folder.is_empty() => "/".to_owned(),
        _ => folder.to_owned(),
    };
    Some((folder, file.to_owned()))
}

type Opened<T> = (T, Option<SecretFrom>, Option<SecretFrom>);

fn sftp(reader: &mut Reader<'_>, fields: &Table<'_, '_>, found: &At<String>, url: &Url, host: String) -> Option<Opened<Sftp>> {
    let known = reader.path(fields, "known_hosts");
    let pinned = reader.string(fields, "host_key");
    let password = secret(reader, fields, &PASSWORD);
    let key = reader.path(fields, "key_file");
    let passphrase = secret(reader, fields, &KEY_PASSWORD);
    let (Ok(password), Ok(passphrase)) = (password, passphrase) else { return None };
    let user = decoded(url.username());
    if user.is_empty() {
        reader.fault(&found.span, "`path` has no user", "such as sftp://hr@host/folder/file");
        return None;
    }
    let host_key = match (known, pinned) {
        (Some(path), None) => HostKey::KnownHosts(path),
        (None, Some(pinned)) if pinned.value.starts_with("SHA256:") => HostKey::Fingerprint(pinned.value),
        (None, Some(pinned)) => {
            reader.fault(&pinned.span, "`host_key` is not a fingerprint", "as `ssh-keygen -lf` shows it: SHA256:…");
            return None;
        }
        (Some(_), Some(pinned)) => {
            reader.fault(&pinned.span, "`known_hosts` and `host_key` exclude each other", None);
            return None;
        }
        (None, None) => {
            let hint = "`host_key = \"SHA256:…\"` or `known_hosts = \"…\"`; ask the owner of the server for the fingerprint";
            reader.fault(&found.span, "the host key of the server is not configured", hint);
            return None;
        }
    };
    let (sign_in, secret) = match (password, key) {
        (Some(password), None) => (SftpSignIn::Password, password),
        (None, Some(path)) => (SftpSignIn::Key, SecretFrom::File(path)),
        (both, _) => {
            let message =
                if both.is_some() { "a password and a key exclude each other" } else { "the sign-in is not configured" };
            reader.fault(&found.span, message, "`key_file`, or `password_env`, `password_file` or `password_command`");
            return None;
        }
    };
    let port = url.port().unwrap_or(22);
    Some((Sftp { host, port, user, host_key, sign_in }, Some(secret), passphrase))
}

fn objects(
    reader: &mut Reader<'_>,
    fields: &Table<'_, '_>,
    found: &At<String>,
    kind: ObjectKind,
    bucket: String,
) -> Option<(Objects, Option<SecretFrom>)> {
    if let Some(fault) = bucket_fault(kind, &bucket) {
        reader.fault(
            &found.span,
            format!("`{bucket}` is not a {fault}"),
            "letters, digits, dots and dashes, as the store lists it",
        );
        return None;
    }
    let endpoint = match reader.string(fields, "endpoint") {
        Some(endpoint) => Some(checked_endpoint(reader, endpoint).ok()?),
        None => None,
    };
    let (region, account) = match kind {
        ObjectKind::S3 => (reader.string(fields, "region"), reader.string(fields, "access_key_id")),
        ObjectKind::Azure => (None, reader.string(fields, "account")),
        ObjectKind::Gcs => (None, None),
    };
    let secret = secret(reader, fields, &SECRET).ok()?;
    if kind == ObjectKind::S3 && secret.is_some() != account.is_some() {
        let hint = "`access_key_id` with `secret_env` or `secret_file`; without both the environment's credential is used";
        reader.fault(&found.span, "the credential is incomplete", hint);
        return None;
    }
    let (account_key, is_named): (_, fn(&str) -> bool) =
        if kind == ObjectKind::S3 { ("access_key_id", is_access_key) } else { ("account", is_account) };
    let region_fits = part_fits(reader, region.as_ref(), "region", is_label);
    let account_fits = part_fits(reader, account.as_ref(), account_key, is_named);
    if !(region_fits && account_fits) {
        return None;
    }
    let text = |found: Option<At<String>>| found.map(|found| found.value);
    Some((Objects { kind, bucket, endpoint, region: text(region), account: text(account) }, secret))
}

/// What a name must be made of that becomes a part of an address: any other character could lead to another host.
const NAMES: &str = "`account` takes 3 to 24 lower-case letters and digits, `region` lower-case letters, digits and dashes such as eu-central-1, \
                     `access_key_id` letters and digits";

/// Whether a name may become a part of an address. One that may not could be a secret in the wrong place, so it is not shown.
fn part_fits(reader: &mut Reader<'_>, value: Option<&At<String>>, key: &str, fits: fn(&str) -> bool) -> bool {
    let Some(found) = value.filter(|found| !fits(&found.value)) else { return true };
    reader.hide(&found.span);
    reader.fault(&found.span, format!("`{key}` has a character that no such name has"), NAMES);
    false
}

/// The name of a storage account, by the rule of Azure.
fn is_account(name: &str) -> bool {
    (3..=24).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// One label of a host name, such as a region.
fn is_label(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&name.len()) && name.bytes().all(fits) && !name.starts_with('-') && !name.ends_with('-')
}

/// The id of an access key, which becomes part of a header. Stores other than Amazon's allow more characters.
fn is_access_key(name: &str) -> bool {
    (1..=128).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.@+=".contains(&byte))
}

/// What is wrong with the name of a bucket or container.
fn bucket_fault(kind: ObjectKind, name: &str) -> Option<&'static str> {
    let (what, more): (_, &[u8]) = match kind {
        ObjectKind::S3 => ("bucket of S3", b"-._"),
        ObjectKind::Azure => ("container of Azure", b"-$"),
        ObjectKind::Gcs => ("bucket of Google Cloud", b"-._"),
    };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || more.contains(&byte);
    let plain =
        (1..=222).contains(&name.len()) && name.bytes().all(fits) && !name.starts_with(['.', '-']) && !name.contains("..");
    (!plain).then_some(what)
}

/// https anywhere, plain http on this machine alone.
fn checked_endpoint(reader: &mut Reader<'_>, found: At<String>) -> Result<String, AlreadyReported> {
    let fits = Url::parse(&found.value).is_ok_and(|url| {
        let host = url.host_str().unwrap_or_default();
        let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
        let plain = plain && !host.is_empty();
        plain && (url.scheme() == "https" || (url.scheme() == "http" && is_loopback(host)))
    });
    if fits {
        return Ok(found.value);
    }
    reader.fault(&found.span, "`endpoint` must be an https address", "plain http is for this machine alone");
    Err(AlreadyReported)
}
