//! `hrpush decide`: settles one held, missing or rejected person by hand.
//!
//! What a decision is bound to comes from the last run that held the record, so that the line of a held entry can be typed as it is. With a
//! file or a mapping, or where that run left nothing, the source and the tenant are read as `hrpush explain` reads them.

use std::collections::BTreeSet;

use super::cli::{Common, Decide, Format};
use super::decide_anew;
use super::exit::{Ended, Failure};
use super::files::print;
use super::interrupt::block_on;
use super::operator::operator;
use super::settings::{self, Settings};
use super::target::Aim;
use crate::directory::{ObjectId, TenantId};
use crate::plan::{BoundNames, Candidate, Decision, Verdict};
use crate::record::EmployeeId;
use crate::report::{self, shown};
use crate::store::{DecisionRow, HeldRecord, Store, StoreError};

/// What is asked for.
#[derive(Clone, Copy)]
pub(super) enum Choice<'a> {
    /// The record and this account, by id or sign-in name, are one person.
    Same(&'a str),
    /// The record is another person than every account that it resembles.
    New,
    /// The person stays as they are.
    Keep,
}

/// A decision on its way into the store.
pub(super) struct Decided {
    pub(super) tenant: TenantId,
    pub(super) decision: Decision,
}

/// What the last run knows of the person in question.
enum Known {
    Decided(Decided),
    /// Too little: why, for an end with 2 where nothing else can be read.
    Unknown(String),
}

pub(super) fn decide(common: &Common, args: &Decide) -> Result<Ended, Failure> {
    let settings = settings::load(common)?;
    let key = args.key.as_deref().map(|key| EmployeeId::new(key).ok_or_else(|| Failure::usage("the key is empty")));
    let Some(key) = key.transpose()? else { return list(common, &settings, None) };
    let choice = match &args.action.same {
        _ if args.action.list => return list(common, &settings, Some(&key)),
        _ if args.action.forget => return forget(common, &settings, args, &key),
        Some(account) => Choice::Same(account.trim()),
        None if args.action.new => Choice::New,
        None => Choice::Keep,
    };
    let anew = || block_on(|cancelled| decide_anew::decide(common, &settings, args, &key, choice, cancelled));
    if !args.files.is_empty() || args.map.mapping.is_some() || args.map.as_of.is_some() {
        return anew();
    }
    let mut store = settings.store()?;
    let lock = store.lock().map_err(|fault| Failure::cannot(&fault))?;
    match known(&settings, args, &mut store, &key, choice)? {
        Known::Decided(decided) => record(common, args, &mut store, &key, &decided),
        Known::Unknown(_) if settings.config.source.is_some() => {
            drop((lock, store));
            anew()
        }
        Known::Unknown(why) => Err(Failure::Usage(why)),
    }
}

/// Journals a decision and shows it.
pub(super) fn record(
    common: &Common,
    args: &Decide,
    store: &mut Store,
    key: &EmployeeId,
    decided: &Decided,
) -> Result<Ended, Failure> {
    let Decided { tenant, decision } = decided;
    let note = args.note.as_deref().map(str::trim).filter(|note| !note.is_empty());
    let row = store.decide(tenant, key, decision, &operator(), note).map_err(|fault| Failure::cannot(&fault))?;
    let row = row.ok_or_else(|| Failure::CannotRun("the decision was not recorded".to_owned()))?;
    tracing::info!(verdict = row.verdict, "recorded a decision");
    let document = match common.format {
        Format::Json => report::json(&row).map_err(|fault| Failure::cannot(&fault))?,
        Format::Text => report::decided(&row),
    };
    print(&document)?;
    Ok(Ended::done())
}

/// What earlier runs know: the held record for a choice about an account, the ledger for a person who stays as is.
fn known(settings: &Settings, args: &Decide, store: &mut Store, key: &EmployeeId, choice: Choice<'_>) -> Result<Known, Failure> {
    let held = store.held_records(key).map_err(|fault| Failure::cannot(&fault))?;
    let ledger = store.known_accounts(key).map_err(|fault| Failure::cannot(&fault))?;
    if held.is_empty() && ledger.is_empty() {
        return Ok(Known::Unknown(unknown_key(key, choice)));
    }
    let tenants = Tenants::new(settings, args, store)?;
    match choice {
        Choice::Keep => {
            let Some((tenant, known)) = tenants.choose(key, ledger.into_iter().map(|known| (known.tenant.clone(), known)))?
            else {
                return Err(held_not_missing(key));
            };
            if !known.missing {
                return Ok(Known::Unknown(not_missing(key)));
            }
            let decision = BoundNames::of_wanted(&known.wanted).decide(Verdict::Keep, Some(known.id));
            Ok(Known::Decided(Decided { tenant, decision }))
        }
        Choice::Same(_) | Choice::New => {
            let Some((tenant, held)) = tenants.choose(key, held)? else { return Ok(Known::Unknown(not_held(key, choice))) };
            let decision = match choice {
                Choice::Same(account) => match named(&held.candidates, account) {
                    Some(candidate) => {
                        check_unmatched(store, &tenant, key, candidate)?;
                        names(&held).decide(Verdict::Same(candidate.id.clone()), Some(candidate.id.clone()))
                    }
                    None => return Ok(Known::Unknown(no_candidate(key, account, &held))),
                },
                Choice::New | Choice::Keep => new_person(store, &tenant, key, &held)?,
            };
            Ok(Known::Decided(Decided { tenant, decision }))
        }
    }
}

/// An account that the record of another person matched in the last run is that person's: the decision would hold both records. Where that
/// record is held as well, the accounts of both are in doubt.
fn check_unmatched(store: &Store, tenant: &TenantId, key: &EmployeeId, account: &Candidate) -> Result<(), Failure> {
    let others = store.other_keys_of(tenant, &account.id, key).map_err(|fault| Failure::cannot(&fault))?;
    for other in others {
        let held = store.held_records(&other).map_err(|fault| Failure::cannot(&fault))?;
        if !held.iter().any(|(of, _)| of == tenant) {
            return Err(another_matches(key, &other, &account.user_principal_name, &account.id));
        }
    }
    Ok(())
}

/// The account is another person's by the record of that person.
pub(super) fn another_matches(key: &EmployeeId, other: &EmployeeId, upn: &str, account: &ObjectId) -> Failure {
    let (key, other) = (shown(key.as_str()), shown(other.as_str()));
    Failure::usage(format!(
        "the account {} ({account}) is matched by the record of {other}, so it cannot be that of {key} as well\n  \
         hint: correct the match attributes of the record or the account that is wrong",
        shown(upn)
    ))
}

fn names(held: &HeldRecord) -> BoundNames {
    BoundNames { given_name: held.given_name.clone(), surname: held.surname.clone() }
}

/// The account that a user names, by its id or its sign-in name.
fn named<'c>(candidates: &'c [Candidate], account: &str) -> Option<&'c Candidate> {
    let same = |text: &str| text.to_lowercase() == account.to_lowercase();
    candidates.iter().find(|candidate| same(&candidate.id.to_string()) || same(&candidate.user_principal_name))
}

/// The decision that a record is another person.
///
/// It is bound to the account in question. Where one about another account holds already, the record resembles several: then it is another
/// person than each of them, or the two decisions would replace each other for ever.
pub(super) fn new_person(store: &Store, tenant: &TenantId, key: &EmployeeId, held: &HeldRecord) -> Result<Decision, Failure> {
    if let Some(carrier) = held.carriers.first() {
        return Err(Failure::usage(format!(
            "the account {} ({}) carries the key {}, so the record cannot be another person\n  hint: `hrpush decide {} --same {}` if it \
             is the same person; else HR gives the record a key of its own",
            shown(&carrier.user_principal_name),
            carrier.id,
            shown(key.as_str()),
            word(key),
            carrier.id
        )));
    }
    let names = names(held);
    let account = match held.candidates.as_slice() {
        [only] => Some(only.id.clone()),
        _ => None,
    };
    let before = store.decision(tenant, key).map_err(|fault| Failure::cannot(&fault))?.and_then(|row| row.decision());
    let of_another =
        before.is_some_and(|before| before.verdict == Verdict::New && names.are_of(&before) && before.account != account);
    let account = account.filter(|_| !of_another);
    Ok(names.decide(Verdict::New, account))
}

/// A key as a word of the line to type.
pub(super) fn word(key: &EmployeeId) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '@' | '+' | '=' | ',');
    let key = key.as_str();
    if !key.starts_with('-') && key.chars().all(plain) { shown(key) } else { format!("'{}'", shown(key).replace('\'', r"'\''")) }
}

fn option(choice: Choice<'_>) -> String {
    match choice {
        Choice::Same(account) => format!("--same {}", shown(account)),
        Choice::New => "--new".to_owned(),
        Choice::Keep => "--keep".to_owned(),
    }
}

/// The line that reads the record from a file.
fn with_file(key: &EmployeeId, choice: Choice<'_>) -> String {
    format!("name the HR file, so that the record and the tenant are read: `hrpush decide {} {} FILE`", word(key), option(choice))
}

fn unknown_key(key: &EmployeeId, choice: Choice<'_>) -> String {
    let hint = with_file(key, choice);
    format!("no earlier run knows the key `{}`, and there is nothing to read\n  hint: {hint}", shown(key.as_str()))
}

fn not_held(key: &EmployeeId, choice: Choice<'_>) -> String {
    let hint = with_file(key, choice);
    format!(
        "the last run held no record of `{}` for its account, and there is nothing to read\n  hint: {hint}",
        shown(key.as_str())
    )
}

/// A held record is no missing person.
pub(super) fn held_not_missing(key: &EmployeeId) -> Failure {
    let key = shown(key.as_str());
    Failure::usage(format!(
        "{key} is held, and --keep is for people who are missing, out of scope or rejected\n  hint: --same ID or --new settles a held record"
    ))
}

/// By the last good reading the person is there; a younger one may say otherwise.
fn not_missing(key: &EmployeeId) -> String {
    let hint = with_file(key, Choice::Keep);
    format!(
        "the last run found a record of `{}`, and --keep is for people who are missing or out of scope\n  hint: {hint}",
        shown(key.as_str())
    )
}

/// A person with a record in scope is not missing.
pub(super) fn present(key: &EmployeeId) -> Failure {
    let key = shown(key.as_str());
    Failure::usage(format!(
        "`{key}` has a record in scope, and --keep is for people who are missing or out of scope\n  \
         hint: nothing to decide; correct the record in HR where it is wrong"
    ))
}

fn no_candidate(key: &EmployeeId, account: &str, held: &HeldRecord) -> String {
    let named = |candidate: &Candidate| format!("{} ({})", shown(&candidate.user_principal_name), candidate.id);
    let all: Vec<String> = held.candidates.iter().map(named).collect();
    let named = if all.is_empty() { "named none".to_owned() } else { format!("named {}", all.join(", ")) };
    let hint = with_file(key, Choice::Same(account));
    let (account, key) = (shown(account), shown(key.as_str()));
    format!("`{account}` is none of the accounts that may be {key}'s: the last run {named}\n  hint: {hint}")
}

/// The tenants that a command without a reading may be about.
struct Tenants {
    sandbox: TenantId,
    embedded: bool,
    configured: Option<String>,
}

impl Tenants {
    fn new(settings: &Settings, args: &Decide, store: &mut Store) -> Result<Self, Failure> {
        let embedded = matches!(Aim::of_run(settings, args.target.graph_url.as_deref())?, Aim::Embedded);
        let sandbox = store.tenant_of_sandbox().map_err(|fault| Failure::cannot(&fault))?;
        let configured = settings.config.tenant.as_ref().map(|tenant| tenant.id.clone());
        // A domain does not say which id the tenant has.
        Ok(Self { sandbox, embedded, configured: configured.filter(|id| uuid::Uuid::try_parse(id).is_ok()) })
    }

    fn admits(&self, tenant: &TenantId) -> bool {
        let is_configured = |id: &String| tenant.0.eq_ignore_ascii_case(id);
        (*tenant == self.sandbox) == self.embedded && (self.embedded || self.configured.as_ref().is_none_or(is_configured))
    }

    /// What belongs to the target of this command; where nothing does, the only one that there is.
    fn choose<T>(
        &self,
        key: &EmployeeId,
        all: impl IntoIterator<Item = (TenantId, T)>,
    ) -> Result<Option<(TenantId, T)>, Failure> {
        let (mut ours, mut others): (Vec<_>, Vec<_>) = all.into_iter().partition(|(tenant, _)| self.admits(tenant));
        let found = if ours.is_empty() { &mut others } else { &mut ours };
        if found.len() > 1 {
            let names: BTreeSet<&str> = found.iter().map(|(tenant, _)| tenant.0.as_str()).collect();
            let names = names.into_iter().map(shown).collect::<Vec<_>>().join(", ");
            let key = shown(key.as_str());
            return Err(Failure::usage(format!(
                "the state folder knows the key `{key}` in several tenants: {names}\n  hint: name the HR file, so that the tenant is read; or set `id` in [tenant] to its id"
            )));
        }
        Ok(found.pop())
    }
}

/// Ends the decision about a person.
fn forget(common: &Common, settings: &Settings, args: &Decide, key: &EmployeeId) -> Result<Ended, Failure> {
    let mut store = settings.store()?;
    let _lock = store.lock().map_err(|fault| Failure::cannot(&fault))?;
    let standing = store.decisions_about(key).map_err(|fault| Failure::cannot(&fault))?;
    let standing = standing.into_iter().filter(|row| row.forgotten_at.is_none()).map(|row| (row.tenant_id.clone(), row));
    let none = || {
        let key = shown(key.as_str());
        Failure::usage(format!("there is no decision about `{key}`\n  hint: `hrpush decide --list` lists them"))
    };
    let tenants = Tenants::new(settings, args, &mut store)?;
    let (tenant, _) = tenants.choose(key, standing)?.ok_or_else(none)?;
    let row = store.forget_decision(&tenant, key, &operator()).map_err(|fault| Failure::cannot(&fault))?.ok_or_else(none)?;
    let document = match common.format {
        Format::Json => report::json(&row).map_err(|fault| Failure::cannot(&fault))?,
        Format::Text => report::forgotten(&row),
    };
    print(&document)?;
    Ok(Ended::done())
}

/// Lists the decisions that hold, or all that were ever made about one person.
fn list(common: &Common, settings: &Settings, key: Option<&EmployeeId>) -> Result<Ended, Failure> {
    let store = settings.store()?;
    let rows: Result<Vec<DecisionRow>, StoreError> = match key {
        Some(key) => store.decisions_about(key),
        None => store.decisions(),
    };
    let rows = rows.map_err(|fault| Failure::cannot(&fault))?;
    let document = match common.format {
        Format::Json => report::json(&rows).map_err(|fault| Failure::cannot(&fault))?,
        Format::Text => report::decision_list(&rows),
    };
    print(&document)?;
    Ok(Ended::done())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::ObjectId;
    use crate::mapping::HeldCode;
    use crate::store::Operator;

    fn candidate(id: &str) -> Candidate {
        Candidate { id: ObjectId::new(id).unwrap(), user_principal_name: format!("{id}@contoso.com") }
    }

    fn held(candidates: &[&str], carriers: &[&str]) -> HeldRecord {
        HeldRecord {
            key: EmployeeId::new("1").unwrap(),
            given_name: "ann".into(),
            surname: "lee".into(),
            code: HeldCode::PossibleDuplicate,
            candidates: candidates.iter().map(|id| candidate(id)).collect(),
            carriers: carriers.iter().map(|id| candidate(id)).collect(),
        }
    }

    #[test]
    fn new_is_bound_to_the_one_account_until_a_second_one_is_in_question() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        let (tenant, key) = (TenantId("t".into()), EmployeeId::new("1").unwrap());
        let by = Operator { user: "ann".into(), host: "desk".into() };
        let mut bound = Vec::new();
        for accounts in [&["a"][..], &["a"], &["b"], &["a"]] {
            let decision = new_person(&store, &tenant, &key, &held(accounts, &[])).unwrap();
            bound.push(decision.account.as_ref().map(ToString::to_string));
            store.decide(&tenant, &key, &decision, &by, None).unwrap();
        }
        assert_eq!(bound, [Some("a".to_owned()), Some("a".to_owned()), None, None]);
        let several = new_person(&store, &tenant, &EmployeeId::new("2").unwrap(), &held(&["a", "b"], &[])).unwrap();
        assert_eq!(several.account, None);
        let refused = new_person(&store, &tenant, &key, &held(&["a"], &["c"])).unwrap_err().to_string();
        assert!(
            refused.contains("c@contoso.com (c) carries the key 1") && refused.contains("hrpush decide 1 --same c"),
            "{refused}"
        );
    }

    #[test]
    fn an_account_is_named_by_its_id_or_its_sign_in_name() {
        let held = held(&["a1", "b2"], &[]);
        for (text, found) in [("b2", Some("b2")), ("B2@Contoso.com", Some("b2")), ("A1", Some("a1")), ("b", None), ("", None)] {
            assert_eq!(named(&held.candidates, text).map(|found| found.id.to_string()).as_deref(), found, "{text}");
        }
    }

    #[test]
    fn a_key_is_one_word_of_the_line_to_type() {
        for (key, line) in [("10042", "10042"), ("a b", "'a b'"), ("O'Neil", r"'O'\''Neil'"), ("-1", "'-1'"), ("$x", "'$x'")] {
            assert_eq!(word(&EmployeeId::new(key).unwrap()), line);
        }
    }

    #[test]
    fn the_embedded_tenant_is_never_taken_for_a_real_one() {
        let key = EmployeeId::new("1").unwrap();
        let tenants = |embedded, configured: Option<&str>| Tenants {
            sandbox: TenantId("sandbox".into()),
            embedded,
            configured: configured.map(str::to_owned),
        };
        let of = |names: &[&str]| names.iter().map(|name| (TenantId((*name).to_owned()), ())).collect::<Vec<_>>();
        let chosen = |tenants: &Tenants, names: &[&str]| {
            tenants.choose(&key, of(names)).map(|found| found.map(|(tenant, ())| tenant.0)).map_err(drop)
        };
        let name = |name: &str| Ok(Some(name.to_owned()));
        assert_eq!(chosen(&tenants(true, None), &["sandbox", "real"]), name("sandbox"));
        assert_eq!(chosen(&tenants(false, None), &["sandbox", "real"]), name("real"));
        assert_eq!(chosen(&tenants(true, None), &["real"]), name("real"), "the only one that knows the key");
        assert_eq!(chosen(&tenants(false, None), &["real", "other"]), Err(()));
        assert_eq!(chosen(&tenants(false, Some("OTHER")), &["real", "other"]), name("other"));
        assert_eq!(chosen(&tenants(false, None), &[]), Ok(None));
    }
}
