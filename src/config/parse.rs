//! The tables of `hrpush.toml`, one function each.

use std::path::Path;

use jiff::SignedDuration;

use super::features::Feature;
use super::files::FileKind;
use super::{
    ApprovalConfig, Config, Deliver, HandTo, JournalConfig, PlanConfig, Protect, Quota, SourceConfig, SourceKind, TargetConfig,
    Tenant, auth, duration, files, guards, notify, rest, serve, sql, target,
};
#[cfg(test)]
use crate::diagnostic::toml::KnownKeys;
use crate::diagnostic::toml::{At, Reader, Table};
use crate::diagnostic::{Document, Faults};
use crate::graph::{Cloud, Size};

/// Reads and checks the whole text.
pub(super) fn read(text: &str, path: &Path) -> Result<Config, Faults> {
    let document = Document::new(path, text.to_owned());
    let (tables, faults) = document.toml();
    if !faults.is_empty() {
        return Err(Faults::new(faults));
    }
    let mut reader = Reader::new(&document);
    let root = Table::new("", tables.get_ref(), 0..0);
    let config = root_tables(&mut reader, &root, text, path);
    reader.finish(&root);
    let faults = reader.into_faults();
    if faults.is_empty() { Ok(config) } else { Err(Faults::new(faults)) }
}

/// The known keys of every table that a text has.
#[cfg(test)]
pub(super) fn known_keys(text: &str) -> KnownKeys {
    let path = Path::new("hrpush.toml");
    let document = Document::new(path, text.to_owned());
    let (tables, faults) = document.toml();
    assert!(faults.is_empty(), "{}", Faults::new(faults));
    let mut reader = Reader::new(&document);
    let root = Table::new("", tables.get_ref(), 0..0);
    root_tables(&mut reader, &root, text, path);
    reader.finish(&root);
    reader.known_keys()
}

fn root_tables(reader: &mut Reader<'_>, root: &Table<'_, '_>, text: &str, path: &Path) -> Config {
    let mut config = Config { path: Some(path.to_path_buf()), ..Config::default() };
    if let Some(fields) = reader.table(root, "tenant") {
        config.tenant = tenant(reader, &fields);
    }
    if let Some(fields) = reader.table(root, "target") {
        config.target = target::read(reader, &fields);
    }
    if let Some(fields) = reader.table(root, "source") {
        config.source = source(reader, &fields, text, path);
    }
    if let Some(fields) = reader.table(root, "protect") {
        config.protect = protect(reader, &fields, &config.target);
    }
    if let Some(fields) = reader.table(root, "guard") {
        config.guard = guards::read(reader, &fields);
    }
    if let Some(fields) = reader.table(root, "plan") {
        if let Some(max_age) = duration::timed(reader, &fields, "max_age", "such as 24h, 7d or 2w", duration::exact) {
            config.plan = PlanConfig { max_age };
        }
        reader.finish(&fields);
    }
    if let Some(fields) = reader.table(root, "names") {
        if let Some(span) = duration::timed(reader, &fields, "reuse_after", "such as 90d, 12mo or 2y", duration::span) {
            config.names.reuse_after = span;
        }
        reader.finish(&fields);
    }
    if let Some(fields) = reader.table(root, "password") {
        let cloud = config.tenant.as_ref().map(|tenant| tenant.cloud).unwrap_or_default();
        config.password.deliver = deliver(reader, &fields, cloud).unwrap_or(Deliver::Discard);
    }
    if let Some(fields) = reader.table(root, "quota") {
        let Quota { share, scale } = config.quota;
        config.quota = Quota {
            share: reader.number(&fields, "share", |n| n > 0.0 && n <= 1.0, "above 0 and up to 1").unwrap_or(share),
            scale: reader.number(&fields, "scale", |n| n > 0.0, "above 0").unwrap_or(scale),
        };
        reader.finish(&fields);
    }
    if let Some(fields) = reader.table(root, "journal") {
        if let Some(keep) = duration::timed(reader, &fields, "keep", "such as 90d or 400d", duration::exact) {
            config.journal = JournalConfig { keep };
        }
        reader.finish(&fields);
    }
    if let Some(fields) = reader.table(root, "notify") {
        config.notify = Some(notify::read(reader, &fields));
    }
    if let Some(fields) = reader.table(root, "approval") {
        config.approval = approval(reader, &fields, config.approval.valid);
    }
    if let Some(fields) = reader.table(root, "serve") {
        let cloud = config.tenant.as_ref().map(|tenant| tenant.cloud).unwrap_or_default();
        config.serve = serve::read(reader, &fields, cloud);
    }
    target::refuse_unfit_tables(reader, root, &config);
    config
}

/// The largest validity of an approval: the HR data of a month ago approve nothing.
const LONGEST_APPROVAL: SignedDuration = SignedDuration::from_hours(30 * 24);

fn approval(reader: &mut Reader<'_>, fields: &Table<'_, '_>, default: SignedDuration) -> ApprovalConfig {
    let valid = |text: &str| duration::exact(text).filter(|valid| valid.is_positive() && *valid <= LONGEST_APPROVAL);
    let valid = duration::timed(reader, fields, "valid", "such as 12h or 3d, at most 30d", valid).unwrap_or(default);
    let is_named = fields.has("signers");
    if is_named {
        Feature::Signatures.is_built(reader, &fields.span());
    }
    let signers = reader.path(fields, "signers");
    let people = reader.count(fields, "people").unwrap_or(1);
    if let Some(found) = fields.get("people").filter(|_| !matches!(people, 1 | 2)) {
        reader.fault(&found.span(), "`people` must be 1 or 2", None);
    }
    if people == 2 && !is_named {
        let hint = "`signers` names the keys of the people who may approve, such as signers = \"allowed_signers\"";
        reader.fault(&fields.span(), "`people = 2` needs `signers`: only a signature shows whose approval it is", hint);
    }
    reader.finish(fields);
    ApprovalConfig { valid, signers, two_people: people == 2 }
}

fn tenant(reader: &mut Reader<'_>, fields: &Table<'_, '_>) -> Option<Tenant> {
    const SIZES: [(&str, Size); 3] = [("small", Size::Small), ("medium", Size::Medium), ("large", Size::Large)];
    let id = reader.required_text(fields, "id").and_then(|id| tenant_id(reader, id));
    let cloud = reader.choice(fields, "cloud", &Cloud::ALL).unwrap_or_default();
    let size = reader.choice(fields, "size", &SIZES).unwrap_or_default();
    let auth = reader.table(fields, "auth").and_then(|fields| auth::read(reader, &fields));
    reader.finish(fields);
    Some(Tenant { id: id?, cloud, size, auth })
}

/// A tenant id becomes part of a URL, so it is a domain or a UUID and nothing else.
fn tenant_id(reader: &mut Reader<'_>, id: At<String>) -> Option<String> {
    let label = |label: &str| {
        let fits = label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        fits && !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-')
    };
    let is_domain = id.value.contains('.') && id.value.len() <= 253 && id.value.split('.').all(label);
    let is_uuid = id.value.contains('-') && uuid::Uuid::try_parse(&id.value).is_ok_and(|_| id.value.split('-').all(label));
    let fits = is_domain || is_uuid;
    if fits {
        return Some(id.value);
    }
    reader.fault(
        &id.span,
        format!("`{}` is not a tenant id", id.value),
        "a domain such as contoso.onmicrosoft.com, or the tenant's UUID",
    );
    None
}

#[derive(Clone, Copy)]
enum Kind {
    Csv,
    Xlsx,
    Rest,
    Sql,
    Scim,
}

fn source(reader: &mut Reader<'_>, fields: &Table<'_, '_>, text: &str, path: &Path) -> Option<SourceConfig> {
    const KINDS: [(&str, Kind); 5] =
        [("csv", Kind::Csv), ("xlsx", Kind::Xlsx), ("rest", Kind::Rest), ("sql", Kind::Sql), ("scim", Kind::Scim)];
    let mapping = reader.path(fields, "mapping");
    if !fields.has("kind") {
        reader.fault(&fields.span(), "[source] needs `kind`", "one of csv, xlsx, rest, sql, scim");
        return None;
    }
    let kind = match reader.choice(fields, "kind", &KINDS)? {
        Kind::Csv => SourceKind::Files(Box::new(files::read(reader, fields, FileKind::Text)?)),
        Kind::Xlsx => SourceKind::Files(Box::new(files::read(reader, fields, FileKind::Workbook)?)),
        Kind::Rest => SourceKind::Rest(Box::new(rest::own(reader, fields.clone(), text, path))),
        Kind::Sql => SourceKind::Sql(Box::new(sql::read(reader, fields)?)),
        Kind::Scim => SourceKind::Scim(serve::source(reader, fields)?),
    };
    Some(SourceConfig { kind, mapping })
}

/// `users` names accounts. A target that cannot be read knows people by their HR keys alone, and has no groups.
fn protect(reader: &mut Reader<'_>, fields: &Table<'_, '_>, target: &TargetConfig) -> Protect {
    let by_key = matches!(target, TargetConfig::BulkUpload(_));
    let mut users = Vec::new();
    for user in reader.strings(fields, "users").unwrap_or_default() {
        let name = user.value.trim();
        if (by_key && !name.is_empty()) || name.contains('@') || uuid::Uuid::try_parse(name).is_ok() {
            users.push(name.to_owned());
        } else {
            let message = format!("`{name}` is neither a user principal name nor an id");
            reader.fault(&user.span, message, "such as breakglass1@contoso.com");
        }
    }
    let mut groups = Vec::new();
    if let Some(found) = fields.get("groups").filter(|_| by_key) {
        let hint = "name the people in `users` by their HR keys";
        reader.fault(&found.span(), "`groups` protects nobody at a target that cannot be read", hint);
    }
    for group in reader.strings(fields, "groups").unwrap_or_default() {
        if group.value.trim().is_empty() {
            reader.fault(&group.span, "a group without a name", "the display name or the id of the group");
        } else {
            groups.push(group.value.trim().to_owned());
        }
    }
    reader.finish(fields);
    Protect { users, groups }
}

fn deliver(reader: &mut Reader<'_>, fields: &Table<'_, '_>, cloud: Cloud) -> Option<Deliver> {
    #[derive(Clone, Copy, PartialEq)]
    enum To {
        Discard,
        File,
        Tap,
    }
    const NAMES: [(&str, To); 3] = [("discard", To::Discard), ("file", To::File), ("tap", To::Tap)];
    let to = if fields.has("deliver") { reader.choice(fields, "deliver", &NAMES)? } else { To::Discard };
    let delivered = match to {
        To::Discard => Some(Deliver::Discard),
        To::File => hand_to(reader, fields).map(Deliver::File),
        To::Tap if !fields.holds("recipient") && !fields.holds("path") => Some(Deliver::Tap(None)),
        To::Tap => hand_to(reader, fields).map(|to| Deliver::Tap(Some(to))),
    };
    if to == To::Tap && !cloud.has_access_pass() {
        reader.fault(
            &fields.span(),
            "the cloud of [tenant] has no Temporary Access Passes",
            "use deliver = \"file\" or \"discard\"",
        );
    }
    reader.finish(fields);
    delivered
}

fn hand_to(reader: &mut Reader<'_>, fields: &Table<'_, '_>) -> Option<HandTo> {
    let is_built = Feature::Passwords.is_built(reader, &fields.span());
    let recipient = reader.required_text(fields, "recipient");
    if let Some(found) = recipient.as_ref().filter(|found| is_built && !crate::apply::is_recipient(&found.value)) {
        let hint = "copy the whole line that age-keygen prints: it begins with age1";
        reader.fault(&found.span, "`recipient` is not an age public key", hint);
    }
    if !fields.has("path") {
        reader.fault(&fields.span(), "[password] needs `path`", "such as path = \"first-passwords.age\"");
    }
    let path = reader.path(fields, "path");
    recipient.zip(path).map(|(recipient, path)| HandTo { recipient: recipient.value, path })
}
