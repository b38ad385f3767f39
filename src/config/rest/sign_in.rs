//! How to sign in to a service, with secrets by environment variable or private file alone.

use std::sync::Arc;

use toml::de::DeValue;

use super::super::SecretFrom;
use super::layered_table::{LayeredTable, Wanted, host_parts_fit, table, template};
use crate::diagnostic::toml::Table;
use crate::source::rest;
use rest::{Assertion, Auth, Grant, SecretRef, SendAs, TokenRequest, Word};

/// The keys of one secret: its variable, its file, and where it must not stand.
pub(super) struct SecretKeys {
    env: &'static str,
    file: &'static str,
    plain: &'static str,
}

pub(super) const FILE_OR_ENV: SecretKeys = SecretKeys { env: "env", file: "file", plain: "pem" };
const PASSWORD: SecretKeys = SecretKeys { env: "password_env", file: "password_file", plain: "password" };
const TOKEN: SecretKeys = SecretKeys { env: "token_env", file: "token_file", plain: "token" };
const SECRET: SecretKeys = SecretKeys { env: "secret_env", file: "secret_file", plain: "secret" };
const USER: SecretKeys = SecretKeys { env: "user_env", file: "user_file", plain: "" };
const CLIENT: SecretKeys = SecretKeys { env: "client_id_env", file: "client_id_file", plain: "" };
const KEY: SecretKeys = SecretKeys { env: "key_env", file: "key_file", plain: "key" };
const ASSERTION: SecretKeys = SecretKeys { env: "assertion_env", file: "assertion_file", plain: "assertion" };

#[derive(Clone, Copy, PartialEq)]
enum Method {
    None,
    Basic,
    Bearer,
    Header,
    ClientCredentials,
    Login,
    Saml,
    Jwt,
}

const METHODS: [(&str, Method); 8] = [
    ("none", Method::None),
    ("basic", Method::Basic),
    ("bearer", Method::Bearer),
    ("header", Method::Header),
    ("client-credentials", Method::ClientCredentials),
    ("login", Method::Login),
    ("saml-bearer", Method::Saml),
    ("jwt-bearer", Method::Jwt),
];

/// Reads the sign-in of `auth = { method = "…", … }`; none where an entry is wrong, which is reported.
pub(super) fn read(scope: &mut LayeredTable<'_, '_, '_>, base: Option<&url::Url>) -> Option<Auth> {
    if !scope.has("auth") {
        let hint = "such as auth = { method = \"bearer\", token_env = \"HRPUSH_HR_TOKEN\" }, or { method = \"none\" }";
        scope.missing("[source] needs `auth`", hint);
        return None;
    }
    scope.inner("auth", |scope| {
        if !scope.has("method") {
            let names: Vec<&str> = METHODS.iter().map(|(name, _)| *name).collect();
            scope.fault("auth needs `method`", &format!("one of {}", names.join(", ")));
        }
        match scope.choice("method", &METHODS)? {
            Method::None => Some(Auth::None),
            Method::Basic => basic(scope),
            Method::Bearer => {
                let scheme = scope.text("scheme").unwrap_or_else(|| "Bearer".to_owned());
                let base64 = scope.flag("base64");
                let secret = secret(scope, &TOKEN)?;
                Some(Auth::Header { header: "Authorization".to_owned(), scheme: Some(scheme), secret, base64 })
            }
            Method::Header => {
                let header = header(scope);
                let scheme = scope.text("scheme");
                let base64 = scope.flag("base64");
                let secret = secret(scope, &SECRET);
                Some(Auth::Header { header: header?, scheme, secret: secret?, base64 })
            }
            method => token(scope, method, base).map(|token| Auth::Token(Box::new(token))),
        }
    })
}

fn header(scope: &mut LayeredTable<'_, '_, '_>) -> Option<String> {
    if !scope.has("header") {
        scope.fault("auth needs `header`", "such as header = \"X-API-KEY\"");
    }
    let found = scope.spanned("header")?;
    scope.checked("header", &found, |name| {
        let fits = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if fits { Ok(name.to_owned()) } else { Err(format!("`{name}` is not the name of a header").into()) }
    })
}

fn basic(scope: &mut LayeredTable<'_, '_, '_>) -> Option<Auth> {
    let user = word(scope, "user", &USER);
    if user.is_none() {
        scope.fault("auth needs `user` or `user_env`", "the user's name, or the variable with a key that is sent as the user");
    }
    let fixed = scope.text("fixed_password").map(|text| template(&text, &scope.values, &[], false));
    let password = match fixed {
        Some(template) => template.ok().map(Word::Plain),
        None => secret(scope, &PASSWORD).map(Word::Secret),
    };
    Some(Auth::Basic { user: user?, password: password? })
}

/// A word that is public, or a secret.
fn word(scope: &mut LayeredTable<'_, '_, '_>, key: &'static str, keys: &SecretKeys) -> Option<Word> {
    if scope.has(keys.env) || scope.has(keys.file) {
        return secret(scope, keys).map(Word::Secret);
    }
    scope.template(key, &[]).map(Word::Plain)
}

/// A secret by variable or file. Neither of them, or the secret in the file itself, is a fault.
pub(super) fn secret(scope: &mut LayeredTable<'_, '_, '_>, keys: &SecretKeys) -> Option<SecretRef> {
    if !keys.plain.is_empty()
        && let Some((reader, fields)) = scope.at(keys.plain)
    {
        reader.plain_secret(fields, keys.plain);
        return None;
    }
    let (env, file) = (scope.has(keys.env), scope.has(keys.file));
    if env == file {
        let what = if env {
            format!("`{}` and `{}` exclude each other", keys.env, keys.file)
        } else {
            format!("this needs `{}` or `{}`", keys.env, keys.file)
        };
        scope.fault(&what, "secrets are named here by an environment variable or a file that only you can read");
        return None;
    }
    let from = if env { SecretFrom::Env(scope.variable(keys.env)?) } else { SecretFrom::File(scope.file(keys.file)?) };
    Some(Arc::new(from))
}

fn token(scope: &mut LayeredTable<'_, '_, '_>, method: Method, base: Option<&url::Url>) -> Option<TokenRequest> {
    const SENDS: [(&str, SendAs); 3] = [("form", SendAs::Form), ("basic", SendAs::Basic), ("json", SendAs::Json)];
    let url = token_url(scope, base);
    let client_id = word(scope, "client_id", &CLIENT);
    let needs_secret = matches!(method, Method::ClientCredentials | Method::Login);
    let has_secret = scope.has(SECRET.env) || scope.has(SECRET.file) || scope.has(SECRET.plain);
    let client_secret = if needs_secret || has_secret { secret(scope, &SECRET) } else { None };
    if needs_secret && client_id.is_none() {
        scope.fault("auth needs `client_id` or `client_id_env`", "the id that belongs to the secret");
    }
    let usual = if method == Method::Login { SendAs::Json } else { SendAs::Form };
    let send = scope.choice("send", &SENDS).unwrap_or(usual);
    let fields = scope.pairs("fields", &[]);
    let place = |scope: &mut LayeredTable<'_, '_, '_>, key, usual: &str| {
        scope.place(key).unwrap_or_else(|| rest::Path::parse(usual).expect("a fixed path"))
    };
    let token = place(scope, "token", "access_token");
    let expires = place(scope, "expires", "expires_in");
    let scheme = scope.text("scheme").unwrap_or_else(|| "Bearer".to_owned());
    let grant = match method {
        Method::Login => Grant::Login,
        Method::Saml if scope.has(ASSERTION.env) || scope.has(ASSERTION.file) => Grant::SamlGiven(secret(scope, &ASSERTION)?),
        Method::Saml => Grant::Saml(assertion(scope, "www.successfactors.com")?),
        Method::Jwt => Grant::Jwt(assertion(scope, "")?),
        _ => Grant::ClientCredentials,
    };
    Some(TokenRequest { url: url?, grant, client_id, client_secret, send, fields, token, expires, scheme })
}

fn assertion(scope: &mut LayeredTable<'_, '_, '_>, audience: &str) -> Option<Assertion> {
    let key = secret(scope, &KEY);
    let issuer = scope.template("issuer", &[]);
    let subject = scope.template("subject", &[]);
    if issuer.is_none() || subject.is_none() {
        scope.fault(
            "auth needs `issuer` and `subject`",
            "`issuer` is the client that signs, `subject` the API user that it signs in",
        );
    }
    let audience = scope.template("audience", &[]).or_else(|| template(audience, &scope.values, &[], false).ok());
    Some(Assertion { key: key?, issuer: issuer?, subject: subject?, audience: audience? })
}

/// An address of its own, or a path below the base.
fn token_url(scope: &mut LayeredTable<'_, '_, '_>, base: Option<&url::Url>) -> Option<url::Url> {
    if !scope.has("token_url") {
        scope.fault("auth needs `token_url`", "such as token_url = \"/oauth/token\", or an address of its own");
    }
    let found = scope.spanned("token_url")?;
    let (values, lax) = (scope.values.clone(), scope.wanted == Wanted::Part);
    let nowhere: url::Url = "https://unset.invalid".parse().expect("a fixed address");
    scope.checked("token_url", &found, |text| {
        host_parts_fit(text, &values)?;
        let filled = template(text, &values, &[], lax)?;
        if lax && text.contains('{') {
            return Ok(nowhere);
        }
        let filled = filled.filled(&values);
        if !filled.starts_with('/') {
            return Ok(rest::address(&filled)?);
        }
        let base = base.unwrap_or(&nowhere);
        Ok(rest::address(&format!("{}{filled}", base.as_str().trim_end_matches('/')))?)
    })
}

/// `secret_headers = { "US-Customer-Api-Key" = { env = "…" } }`.
pub(super) fn secret_headers(scope: &mut LayeredTable<'_, '_, '_>) -> Vec<(String, SecretRef)> {
    let (values, wanted) = (scope.values.clone(), scope.wanted);
    let Some((reader, found)) = scope.get("secret_headers") else { return Vec::new() };
    let Some(table) = table(reader, "secret_headers", found) else { return Vec::new() };
    let mut headers = Vec::new();
    for (name, value) in table {
        let DeValue::Table(inner) = value.get_ref() else {
            let what = format!("`{}` would be a secret in this file, or is none", name.get_ref());
            reader.fault(&name.span(), what, "write { env = \"…\" } or { file = \"…\" }");
            continue;
        };
        let fields = Table::new("secret_headers", inner, name.span());
        let mut scope = LayeredTable { layers: vec![(&mut *reader, fields)], values: values.clone(), wanted };
        let secret = secret(&mut scope, &FILE_OR_ENV);
        scope.finish();
        headers.extend(secret.map(|secret| (name.get_ref().to_string(), secret)));
    }
    headers
}
