//! The kind of target: `[target]`.

use std::path::Path;

use super::bulk_upload::{self, BulkUploadConfig};
use super::connection_url::{PASSWORD, SECRET, SecretKeys, TOKEN, secret};
use super::{Config, Deliver, SecretFrom};
use crate::diagnostic::toml::{Reader, Table};
use crate::scim_target::{DEFAULT_PROFILE, Profile, ServiceUrl};

/// Where a plan goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum TargetConfig {
    /// A tenant of Microsoft Entra, through Microsoft Graph: the one of `[tenant]`.
    #[default]
    Graph,
    /// A SCIM service provider.
    Scim(Box<ScimTargetConfig>),
    /// A job of Entra's API-driven inbound provisioning in that tenant.
    BulkUpload(Box<BulkUploadConfig>),
}

/// A SCIM service provider.
#[derive(Clone, Debug, PartialEq)]
pub struct ScimTargetConfig {
    /// The address below which it has `/Users`.
    pub base_url: ServiceUrl,
    /// What is known of it.
    pub profile: Profile,
    /// How to sign in.
    pub auth: ScimAuthConfig,
}

/// How to sign in to a SCIM service provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScimAuthConfig {
    /// A long-lived token.
    Bearer {
        /// Where the token is.
        token: SecretFrom,
    },
    /// Tokens by OAuth 2.0 client credentials.
    OAuth {
        /// The address that gives tokens.
        token_url: ServiceUrl,
        /// The id of the client.
        client_id: String,
        /// Where its secret is.
        secret: SecretFrom,
        /// The scope to ask for.
        scope: Option<String>,
    },
    /// A name with a password.
    Basic {
        /// The name to sign in with.
        user: String,
        /// Where the password is.
        password: SecretFrom,
    },
}

#[derive(Clone, Copy)]
enum Kind {
    Graph,
    Scim,
    BulkUpload,
}

const KINDS: [(&str, Kind); 3] = [("graph", Kind::Graph), ("scim", Kind::Scim), ("bulk-upload", Kind::BulkUpload)];

#[derive(Clone, Copy)]
enum Method {
    Bearer,
    OAuth,
    Basic,
}

const METHODS: [(&str, Method); 3] = [("bearer", Method::Bearer), ("oauth", Method::OAuth), ("basic", Method::Basic)];

/// Reads the table. Which keys belong to it depends on the kind.
pub(super) fn read(reader: &mut Reader<'_>, fields: &Table<'_, '_>) -> TargetConfig {
    let target = match reader.choice(fields, "kind", &KINDS).unwrap_or(Kind::Graph) {
        Kind::Graph => Some(TargetConfig::Graph),
        Kind::Scim => scim(reader, fields).map(|scim| TargetConfig::Scim(Box::new(scim))),
        Kind::BulkUpload => bulk_upload::read(reader, fields).map(|config| TargetConfig::BulkUpload(Box::new(config))),
    };
    reader.finish(fields);
    target.unwrap_or_default()
}

/// Reports the tables that have no use with the target.
pub(super) fn refuse_unfit_tables(reader: &mut Reader<'_>, root: &Table<'_, '_>, config: &Config) {
    if !matches!(config.target, TargetConfig::Scim(_)) {
        return;
    }
    if let Some(tenant) = root.get("tenant") {
        let hint = "take [tenant] out: a configuration has one target";
        reader.fault(&tenant.span(), "[target] names a SCIM provider, and [tenant] a tenant", hint);
    }
    if let Some(password) = root.get("password").filter(|_| config.password.deliver != Deliver::Discard) {
        let hint = "take [password] out: people sign in at the provider as it is set up there";
        reader.fault(&password.span(), "a SCIM provider gets no first passwords, so none can be delivered", hint);
    }
}

fn scim(reader: &mut Reader<'_>, fields: &Table<'_, '_>) -> Option<ScimTargetConfig> {
    let base_url = address(reader, fields, "base_url");
    let profile = profile(reader, fields);
    let auth = match reader.table(fields, "auth") {
        Some(fields) => auth(reader, &fields),
        None => {
            if !fields.holds("auth") {
                let hint = "such as auth = { method = \"bearer\", token_env = \"HRPUSH_SCIM_TOKEN\" }";
                reader.fault(&fields.span(), "[target] needs `auth`", hint);
            }
            None
        }
    };
    Some(ScimTargetConfig { base_url: base_url?, profile: profile?, auth: auth? })
}

/// An address that a credential may be sent to.
fn address(reader: &mut Reader<'_>, fields: &Table<'_, '_>, key: &str) -> Option<ServiceUrl> {
    let found = reader.required_text(fields, key)?;
    let url = ServiceUrl::new(&found.value);
    if let Err(fault) = &url {
        reader.hide(&found.span);
        reader.fault(&found.span, format!("`{key}` {fault}"), "such as https://idp.example/scim/v2");
    }
    url.ok()
}

/// An embedded profile by its name, or a file of the same form.
fn profile(reader: &mut Reader<'_>, fields: &Table<'_, '_>) -> Option<Profile> {
    let named = reader.string(fields, "profile");
    let name = named.as_ref().map_or(DEFAULT_PROFILE, |found| found.value.as_str());
    if let Some(profile) = Profile::embedded(name) {
        return Some(profile);
    }
    let span = named.as_ref()?.span.clone();
    if Path::new(name).extension().is_none_or(|ending| ending != "toml") {
        let names: Vec<&str> = Profile::names().collect();
        let hint = format!("one of {}, or a file such as \"acme.toml\"", names.join(", "));
        reader.fault(&span, "`profile` names no profile", hint);
        return None;
    }
    let path = reader.beside(name);
    let read = std::fs::read_to_string(&path).map_err(|error| format!("`profile` cannot be read: {error}"));
    match read.and_then(|text| Profile::parse(&text, &path).map_err(|faults| format!("`profile` has faults:\n{faults}"))) {
        Ok(profile) => Some(profile),
        Err(message) => {
            reader.fault(&span, message, None);
            None
        }
    }
}

fn auth(reader: &mut Reader<'_>, fields: &Table<'_, '_>) -> Option<ScimAuthConfig> {
    let span = fields.span();
    if !fields.has("method") {
        reader.fault(&span, "auth needs `method`", "one of bearer, oauth, basic");
        return None;
    }
    for key in ["token", "secret", "password"] {
        if fields.holds(key) {
            reader.plain_secret(fields, key);
        }
    }
    let auth = match reader.choice(fields, "method", &METHODS)? {
        Method::Bearer => named(reader, fields, &TOKEN).map(|token| ScimAuthConfig::Bearer { token }),
        Method::OAuth => {
            let token_url = address(reader, fields, "token_url");
            let client_id = reader.required_text(fields, "client_id").map(|found| found.value);
            let scope = reader.string(fields, "scope").map(|found| found.value);
            let secret = named(reader, fields, &SECRET);
            token_url.zip(client_id).zip(secret).map(|((token_url, client_id), secret)| ScimAuthConfig::OAuth {
                token_url,
                client_id,
                secret,
                scope,
            })
        }
        Method::Basic => {
            let user = reader.required_text(fields, "user").map(|found| found.value);
            let password = named(reader, fields, &PASSWORD);
            user.zip(password).map(|(user, password)| ScimAuthConfig::Basic { user, password })
        }
    };
    reader.finish(fields);
    auth
}

/// The place of a secret, which must be named.
fn named(reader: &mut Reader<'_>, fields: &Table<'_, '_>, keys: &SecretKeys) -> Option<SecretFrom> {
    let found = secret(reader, fields, keys).ok()?;
    let is_refused = ["token", "secret", "password"].iter().any(|key| fields.holds(key));
    if found.is_none() && !is_refused {
        let SecretKeys { env, file, command } = keys;
        reader.fault(
            &fields.span(),
            format!("auth needs `{env}` or `{file}`"),
            format!("or `{command}`, a program that prints it"),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    fn target(text: &str) -> Result<TargetConfig, String> {
        let text = format!("[target]\nkind = \"scim\"\n{text}");
        parse(&text, Path::new("hrpush.toml")).map(|config| config.target).map_err(|faults| faults.to_string())
    }

    #[test]
    fn each_method_needs_its_keys() {
        let with = |auth: &str| target(&format!("base_url = \"https://idp.example/scim/v2\"\nauth = {{ {auth} }}\n"));
        for good in [
            "method = \"bearer\", token_env = \"T\"",
            "method = \"bearer\", token_command = [\"/usr/bin/pass\", \"idp\"]",
            "method = \"oauth\", token_url = \"https://idp.example/token\", client_id = \"c\", secret_file = \"s\", scope = \"scim\"",
            "method = \"basic\", user = \"u\", password_env = \"P\"",
        ] {
            assert!(with(good).is_ok(), "{good}: {:?}", with(good));
        }
        for (bad, fault) in [
            ("token_env = \"T\"", "auth needs `method`"),
            ("method = \"bearer\"", "auth needs `token_env`"),
            ("method = \"bearer\", token = \"s3cret\"", "would be a secret in this file"),
            ("method = \"bearer\", token_env = \"T\", user = \"u\"", "unknown key `user`"),
            (
                "method = \"oauth\", token_url = \"http://idp.example/token\", client_id = \"c\", secret_env = \"S\"",
                "in the clear",
            ),
            ("method = \"basic\", password_env = \"P\"", "needs `user`"),
        ] {
            let faults = with(bad).unwrap_err();
            assert!(faults.contains(fault) && !faults.contains("s3cret"), "{bad}: {faults}");
        }
    }

    #[test]
    fn a_provider_has_no_tenant_and_no_first_passwords() {
        let whole = "base_url = \"http://127.0.0.1:8080\"\nauth = { method = \"bearer\", token_env = \"T\" }\n";
        assert!(matches!(target(whole), Ok(TargetConfig::Scim(scim)) if scim.profile.name == "rfc"));
        let faults = target(&format!("{whole}[tenant]\nid = \"contoso.com\"\n[password]\ndeliver = \"tap\"\n")).unwrap_err();
        assert!(faults.contains("a configuration has one target") && faults.contains("no first passwords"), "{faults}");
        let faults = target(&format!("{whole}profile = \"aw\"\n")).unwrap_err();
        assert!(faults.contains("aws, entra, okta, rfc"), "{faults}");
        assert!(target("base_url = \"http://idp.example\"\n").unwrap_err().contains("in the clear"));
    }
}
