//! The signers' file: OpenSSH's `allowed_signers`, one key a line with the names of its owner.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use ssh_key::PublicKey;
use ssh_key::public::KeyData;

use super::super::error::Failure;
use crate::report::shown;

/// One key that may sign.
#[derive(Clone, Debug)]
pub(super) struct Signer {
    pub(super) principals: BTreeSet<String>,
    key: PublicKey,
    limits: Limits,
}

/// The options of a line.
#[derive(Clone, Debug, Default)]
struct Limits {
    /// The patterns of `namespaces`; none for all.
    namespaces: Option<Vec<String>>,
    valid_after: Option<Timestamp>,
    valid_before: Option<Timestamp>,
}

impl Signer {
    /// Whether the line allows signatures of a namespace.
    pub(super) fn allows(&self, namespace: &str) -> bool {
        self.limits.namespaces.as_ref().is_none_or(|patterns| matches_list(patterns, namespace))
    }

    /// Whether the key may sign at a moment.
    pub(super) fn is_valid_at(&self, at: Timestamp) -> bool {
        let Limits { valid_after, valid_before, .. } = &self.limits;
        valid_after.is_none_or(|after| at >= after) && valid_before.is_none_or(|before| at <= before)
    }

    pub(super) fn has(&self, key: &KeyData) -> bool {
        self.key.key_data() == key
    }
}

/// Reads every line; a line that is not understood is an error, since it could be the one that forbids a key.
pub(super) fn read(path: &Path) -> Result<Vec<Signer>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|fault| {
        let hint = "`signers` in [approval] names the file with the keys of the people who may approve";
        Failure::usage(format!("{}: the signers' file cannot be read: {fault}\n  hint: {hint}", path.display()))
    })?;
    // A mark at the start would become a part of the first name, which would then be another person.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    parse(text, &TimeZone::system())
        .map_err(|(line, problem)| Failure::usage(format!("{}, line {line}: {problem}", path.display())))
}

fn parse(text: &str, zone: &TimeZone) -> Result<Vec<Signer>, (usize, String)> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines.map(|(at, line)| signer(line, zone).map_err(|problem| (at, problem))).collect()
}

fn signer(line: &str, zone: &TimeZone) -> Result<Signer, String> {
    let (names, mut rest) = word(line);
    let names = names.trim_matches('"');
    let principals: BTreeSet<String> = names.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    if principals.is_empty() {
        return Err("a key without a principal".to_owned());
    }
    if let Some(pattern) = principals.iter().find(|name| name.contains(['*', '?', '!'])) {
        return Err(format!("`{}` is a pattern; hint: an approval has a name, so name the person", shown(pattern)));
    }
    let mut limits = Limits::default();
    let (first, after) = word(rest);
    if first.is_empty() {
        return Err("the line has no key".to_owned());
    }
    if !is_key_type(first) {
        let mut seen = BTreeSet::new();
        for option in split(first) {
            let name = option.split('=').next().unwrap_or_default().to_ascii_lowercase();
            if !seen.insert(name) {
                return Err(format!("the option `{}` stands twice; hint: OpenSSH refuses such a line too", shown(option)));
            }
            limits.set(option, zone)?;
        }
        rest = after;
    }
    let key = PublicKey::from_openssh(rest.trim()).map_err(|fault| format!("the key cannot be read: {fault}"))?;
    Ok(Signer { principals, key, limits })
}

fn is_key_type(word: &str) -> bool {
    ["ssh-", "ecdsa-", "sk-", "rsa-"].iter().any(|start| word.starts_with(start))
}

impl Limits {
    fn set(&mut self, option: &str, zone: &TimeZone) -> Result<(), String> {
        let (name, value) = option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value.trim_matches('"'))));
        let time = || {
            let value = value.unwrap_or_default();
            moment(value, zone).ok_or_else(|| format!("`{}` is not a time, such as 20261231 or 202612312359Z", shown(value)))
        };
        match name.to_ascii_lowercase().as_str() {
            "cert-authority" => {
                Err("`cert-authority` is not supported; hint: list the key of each person, so that every approval has a name"
                    .to_owned())
            }
            "namespaces" => {
                self.namespaces = Some(value.unwrap_or_default().split(',').map(str::to_owned).collect());
                Ok(())
            }
            "valid-after" => time().map(|at| self.valid_after = Some(at)),
            "valid-before" => time().map(|at| self.valid_before = Some(at)),
            _ => Err(format!("unknown option `{}`", shown(name))),
        }
    }
}

/// The first word of a text, in which quotes keep blanks, and the rest.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let mut quoted = false;
    let end = text.find(|c: char| {
        quoted ^= c == '"';
        !quoted && c.is_whitespace()
    });
    text.split_at(end.unwrap_or(text.len()))
}

/// Options at the commas outside of quotes.
fn split(options: &str) -> Vec<&str> {
    let mut quoted = false;
    let comma = |c: char| {
        quoted ^= c == '"';
        !quoted && c == ','
    };
    options.split(comma).collect()
}

/// A time as OpenSSH writes it: `YYYYMMDD`, `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS`, in UTC with a `Z`, else in local time.
fn moment(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let (digits, zone) = text.strip_suffix(['Z', 'z']).map_or((text, zone.clone()), |digits| (digits, TimeZone::UTC));
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || !matches!(digits.len(), 8 | 12 | 14) {
        return None;
    }
    let full = format!("{digits:0<14}");
    Some(DateTime::strptime("%Y%m%d%H%M%S", full).ok()?.to_zoned(zone).ok()?.timestamp())
}

/// Whether a list of patterns matches: one that begins with `!` forbids.
fn matches_list(patterns: &[String], text: &str) -> bool {
    let hits = |pattern: &str| matches(pattern.as_bytes(), text.as_bytes());
    let forbidden = patterns.iter().filter_map(|pattern| pattern.strip_prefix('!')).any(hits);
    !forbidden && patterns.iter().any(|pattern| !pattern.starts_with('!') && hits(pattern))
}

/// OpenSSH's patterns: `*` for any text, `?` for one character.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|at| matches(rest, &text[at..])),
        Some((b'?', rest)) => text.split_first().is_some_and(|(_, text)| matches(rest, text)),
        Some((first, rest)) => text.split_first().is_some_and(|(byte, text)| byte == first && matches(rest, text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";

    fn one(line: &str) -> Result<Signer, String> {
        parse(line, &TimeZone::UTC).map_err(|(_, problem)| problem).and_then(|mut all| all.pop().ok_or("no line".to_owned()))
    }

    #[test]
    fn the_lines_of_openssh_are_read() {
        let text = format!(
            "# people\n\nann@contoso.com,ann {KEY} ann's laptop\n\"bob@contoso.com\" namespaces=\"file,hrpush\",valid-after=\"20260101\" {KEY}\n"
        );
        let signers = parse(&text, &TimeZone::UTC).unwrap();
        assert_eq!(signers[0].principals, BTreeSet::from(["ann".to_owned(), "ann@contoso.com".to_owned()]));
        assert!(signers[0].allows("hrpush") && signers[0].is_valid_at(Timestamp::UNIX_EPOCH));
        assert!(signers[1].allows("hrpush") && !signers[1].allows("git"));
        assert!(!signers[1].is_valid_at("2025-12-31T23:59:59Z".parse().unwrap()));
        assert!(signers[1].is_valid_at("2026-01-01T00:00:00Z".parse().unwrap()));
        assert!(signers[0].has(signers[1].key.key_data()));
        assert_eq!(parse(&format!("{text}bad line\n"), &TimeZone::UTC).unwrap_err().0, 5);
    }

    #[test]
    fn what_is_not_understood_or_names_no_person_is_refused() {
        for (line, problem) in [
            (format!("ann cert-authority {KEY}"), "cert-authority"),
            (format!("ann CERT-AUTHORITY,namespaces=\"hrpush\" {KEY}"), "cert-authority"),
            (format!("*@contoso.com {KEY}"), "is a pattern"),
            (format!("ann no-touch-required {KEY}"), "unknown option"),
            (format!("ann namespaces=\"git\",Namespaces=\"hrpush\" {KEY}"), "stands twice"),
            (format!("ann valid-before=20261231,valid-before=20991231 {KEY}"), "stands twice"),
            (format!("ann valid-before=\"next year\" {KEY}"), "is not a time"),
            (format!("ann valid-before=20260230 {KEY}"), "is not a time"),
            ("ann ssh-ed25519 AAAA".to_owned(), "cannot be read"),
            ("ann".to_owned(), "has no key"),
        ] {
            let message = one(&line).unwrap_err();
            assert!(message.contains(problem), "{line}: {message}");
        }
    }

    #[test]
    fn a_time_is_local_unless_it_ends_with_z() {
        let vienna = TimeZone::get("Europe/Vienna").unwrap();
        for (text, utc) in [
            ("20261201", "2026-11-30T23:00:00Z"),
            ("20261201Z", "2026-12-01T00:00:00Z"),
            ("202612011530", "2026-12-01T14:30:00Z"),
            ("20261201153045Z", "2026-12-01T15:30:45Z"),
        ] {
            assert_eq!(moment(text, &vienna), Some(utc.parse().unwrap()), "{text}");
        }
        assert_eq!(moment("2026", &vienna), None);
        let ended = one(&format!("ann valid-before=\"20261201Z\" {KEY}")).unwrap();
        assert!(!ended.is_valid_at("2026-12-01T00:00:01Z".parse().unwrap()));
    }

    #[test]
    fn namespaces_are_patterns() {
        let allows = |list: &str| matches_list(&list.split(',').map(str::to_owned).collect::<Vec<_>>(), "hrpush");
        assert!(allows("hrpush") && allows("hr*") && allows("git,h?push") && allows("*"));
        assert!(!allows("git") && !allows("hrpus") && !allows("*,!hrpush") && !allows("!git") && !allows(""));
    }
}
