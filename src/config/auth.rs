//! How to sign in: `auth = { method = "…", … }` of `[tenant]`.

use std::path::Path;

use super::{Auth, SecretFrom, connection_url};
use crate::diagnostic::toml::{Reader, Table};

#[derive(Clone, Copy)]
enum Method {
    ClientSecret,
    ClientCertificate,
    ManagedIdentity,
    WorkloadIdentity,
    AzureCli,
    AccessToken,
}

const METHODS: [(&str, Method); 6] = [
    ("client-secret", Method::ClientSecret),
    ("client-certificate", Method::ClientCertificate),
    ("managed-identity", Method::ManagedIdentity),
    ("workload-identity", Method::WorkloadIdentity),
    ("azure-cli", Method::AzureCli),
    ("access-token", Method::AccessToken),
];

/// Reads the table. Which keys belong to it depends on the method.
pub(super) fn read(reader: &mut Reader<'_>, fields: &Table<'_, '_>) -> Option<Auth> {
    let span = fields.span();
    if !fields.has("method") {
        reader.fault(&span, "auth needs `method`", names());
        return None;
    }
    let method = reader.choice(fields, "method", &METHODS)?;
    let plain = refuse_plain_secrets(reader, fields);
    let auth = match method {
        Method::ClientSecret => {
            let client_id = client_id(reader, fields, true);
            let secret = if plain { None } else { secret(reader, fields) };
            client_id.zip(secret).map(|(client_id, secret)| Auth::ClientSecret { client_id, secret })
        }
        Method::ClientCertificate => {
            let client_id = client_id(reader, fields, true);
            if !fields.has("certificate_file") {
                reader.fault(
                    &span,
                    "auth needs `certificate_file`",
                    "such as certificate_file = \"/etc/hrpush/app.pem\", PEM with the private key",
                );
            }
            let certificate = reader.path(fields, "certificate_file");
            refuse_passwords(reader, fields, certificate.as_deref());
            client_id
                .zip(certificate)
                .map(|(client_id, certificate_file)| Auth::ClientCertificate { client_id, certificate_file })
        }
        Method::ManagedIdentity => Some(Auth::ManagedIdentity { client_id: client_id(reader, fields, false) }),
        Method::WorkloadIdentity => Some(Auth::WorkloadIdentity {
            client_id: client_id(reader, fields, false),
            token_file: reader.path(fields, "token_file"),
        }),
        Method::AzureCli => Some(Auth::AzureCli),
        Method::AccessToken => {
            let named = fields.has("token_env");
            let token_env = reader.variable(fields, "token_env");
            let usual = || (!named).then(|| "HRPUSH_ACCESS_TOKEN".to_owned());
            token_env.or_else(usual).map(|token_env| Auth::AccessToken { token_env })
        }
    };
    reader.finish(fields);
    auth
}

/// The id of the app. It becomes part of an address or of a signed claim, so only the characters of an id are allowed.
fn client_id(reader: &mut Reader<'_>, fields: &Table<'_, '_>, required: bool) -> Option<String> {
    let found = if required { reader.required_text(fields, "client_id")? } else { reader.string(fields, "client_id")? };
    if found.value.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)) {
        return Some(found.value);
    }
    reader.hide(&found.span);
    reader.fault(
        &found.span,
        "`client_id` is not the id of an app",
        "the application (client) id, as the app registration shows it",
    );
    None
}

fn names() -> String {
    format!("one of {}", METHODS.map(|(name, _)| name).join(", "))
}

fn secret(reader: &mut Reader<'_>, fields: &Table<'_, '_>) -> Option<SecretFrom> {
    let found = connection_url::secret(reader, fields, &connection_url::SECRET).ok()?;
    if found.is_none() {
        let hint = "or `secret_command`, a program that prints it, such as [\"/usr/bin/pass\", \"hrpush\"]";
        reader.fault(&fields.span(), "auth needs `secret_env` or `secret_file`", hint);
    }
    found
}

/// Refuses a secret that is written in the file itself, with a message that does not show it.
fn refuse_plain_secrets(reader: &mut Reader<'_>, fields: &Table<'_, '_>) -> bool {
    let mut any = false;
    for key in ["secret", "client_secret", "password", "token"] {
        if fields.holds(key) {
            reader.plain_secret(fields, key);
            any = true;
        }
    }
    any
}

/// Refuses a certificate that needs a password: hrpush reads PEM without one, and a run should not find that out at its first request.
fn refuse_passwords(reader: &mut Reader<'_>, fields: &Table<'_, '_>, certificate: Option<&Path>) {
    let ending = certificate.and_then(Path::extension).map(|ending| ending.to_string_lossy().to_lowercase());
    let pkcs12 = ending.is_some_and(|ending| ending == "pfx" || ending == "p12");
    let wrong = [("password_env", true, "has no use"), ("certificate_file", pkcs12, "cannot be PKCS#12")];
    for (key, refused, how) in wrong {
        if refused && let Some(found) = fields.get(key) {
            let message = format!("`{key}` {how}: certificates are read as PEM without a password");
            reader.fault(&found.span(), message, "openssl pkcs12 -in app.pfx -nodes -out app.pem, and chmod 600 app.pem");
        }
    }
}
