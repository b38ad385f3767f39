//! Which keys and names mean a secret, also where they are misspelled.

use super::super::suggest::nearest;

/// Parts of a name that mean a secret, in the languages that are usual in such files.
const PARTS: [&str; 24] = [
    "secret",
    "passw",
    "passphrase",
    "kennwort",
    "motdepasse",
    "contrasena",
    "contraseña",
    "wachtwoord",
    "losenord",
    "lösenord",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "accountkey",
    "sharedkey",
    "subscriptionkey",
    "signature",
    "credential",
    "assertion",
    "bearer",
    "authorization",
    "connectionstring",
    "geheim",
];

/// Whole names that mean a secret.
const NAMES: [&str; 16] = [
    "pwd",
    "pw",
    "pass",
    "pin",
    "sas",
    "sig",
    "pem",
    "cookie",
    "clave",
    "senha",
    "haslo",
    "hasło",
    "parola",
    "schluessel",
    "schlüssel",
    "auth",
];

/// Names that a slip of the fingers makes of a harmless-looking key.
const OFTEN_MISSPELLED: [&str; 8] =
    ["secret", "clientsecret", "password", "passphrase", "token", "accesstoken", "apikey", "credential"];

/// What a value under some keys may be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged {
    /// The value is shown, but for what looks like a secret in it.
    Harmless,
    /// The name of an environment variable is shown, anything else is covered.
    Variable,
    /// A template with named parts alone is shown, anything else is covered.
    Template,
    /// An address keeps its host and known words.
    Address,
    /// An id keeps its form if it is a UUID, anything else is covered.
    Id,
    /// The value is covered.
    Secret,
}

/// Tables with free keys: columns, attributes, headers, status words.
const FREE: [&str; 16] = [
    "attributes",
    "columns",
    "states",
    "values",
    "words",
    "headers",
    "secretheaders",
    "query",
    "form",
    "fields",
    "body",
    "set",
    "record",
    "expect",
    "constant",
    "input",
];

/// Keys with one value each: a list or a table below them is a mistake, and what is in it may be anything.
const SCALARS: [&str; 14] = [
    "clientid",
    "id",
    "method",
    "kind",
    "cloud",
    "size",
    "user",
    "account",
    "accesskeyid",
    "region",
    "hostkey",
    "recipient",
    "tokenurl",
    "baseurl",
];

/// Whether the keys of a table are free, so that an unknown one is no mistake.
pub(super) fn has_free_keys(path: &[String]) -> bool {
    path.iter().any(|key| FREE.contains(&plain(key).as_str()))
}

/// Whether a key, perhaps misspelled, has one value.
fn has_one_value(key: &str) -> bool {
    SCALARS.contains(&plain(key).as_str()) || nearest(key, SCALARS.into_iter().filter(|known| known.len() > 5)).is_some()
}

/// Whether the last of some keys has one value, never a list or a table.
pub(super) fn takes_one_value(path: &[String]) -> bool {
    path.last().is_some_and(|key| has_one_value(key))
}

/// Judges a value by the keys above it, the outermost first.
pub(super) fn judge(path: &[String]) -> Judged {
    let Some((last, above)) = path.split_last() else { return Judged::Secret };
    let name = plain(last);
    if last == "env" || last.ends_with("_env") {
        return Judged::Variable;
    }
    let within = |table: &str| above.iter().any(|key| plain(key) == table);
    if within("secretheaders") && name != "file" {
        return Judged::Secret;
    }
    if ["headers", "fields", "form", "query", "body", "fixedpassword"].iter().any(|table| within(table)) {
        return Judged::Template;
    }
    if above.iter().any(|key| has_one_value(key)) {
        return Judged::Secret;
    }
    if name.contains("url") || nearest(last, ["base_url", "token_url", "endpoint"]).is_some() {
        return Judged::Address;
    }
    if name.ends_with("clientid") || nearest(last, ["client_id"]).is_some() {
        return Judged::Id;
    }
    // The name of a file is judged by its text.
    if ["file", "path"].iter().any(|end| name.ends_with(end)) {
        return Judged::Harmless;
    }
    let in_auth = within("auth");
    // A service may take its key as the user; `key` alone is a key of HR everywhere else.
    let of_auth = in_auth && matches!(name.as_str(), "key" | "user" | "certificate");
    // The tables `[password]` and `auth` hold settings, and what they hold is judged by its own name.
    let holds_settings = |at: usize, key: &str| (at == 0 && key == "password") || plain(key) == "auth";
    let inherited = above.iter().enumerate().any(|(at, key)| !holds_settings(at, key) && is_secret(key));
    // A dot within a name makes two keys of it: `se.cret`.
    let split = above.last().is_some_and(|before| !is_secret(before) && is_secret(&format!("{before}{last}")));
    if of_auth || inherited || split || is_secret(last) { Judged::Secret } else { Judged::Harmless }
}

/// Whether a name means a secret, or nearly does.
pub(super) fn is_secret(name: &str) -> bool {
    let whole = plain(name);
    // A slip of one letter in a short word, of two in a long one.
    let near = |word: &str, known: &str| {
        word.chars().count() > 3 && strsim::damerau_levenshtein(word, known) <= 1 + usize::from(known.len() >= 8)
    };
    let words = name.split(|character: char| !character.is_alphanumeric()).map(plain);
    let means = |word: &str| {
        PARTS.iter().any(|part| word.contains(part))
            || NAMES.contains(&word)
            || OFTEN_MISSPELLED.iter().any(|known| near(word, known))
    };
    means(&whole) || words.into_iter().any(|word| means(&word))
}

/// Whether a name before an equals sign in a running text means a secret.
pub(super) fn is_secret_parameter(name: &str) -> bool {
    let lower = name.to_lowercase();
    if ["_env", "_file", "_url"].iter().any(|end| lower.ends_with(end)) {
        return false;
    }
    let name = plain(name);
    PARTS.iter().any(|part| name.contains(part)) || ["pwd", "pass", "sig", "sas"].contains(&name.as_str())
}

/// The name in lower case without blanks, dashes and underscores.
fn plain(name: &str) -> String {
    name.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
