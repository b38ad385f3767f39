//! Settles one held, missing or rejected person by hand.
//!
//! A decision is bound to what the last run stored about the held record, so that the line of a held entry can be typed as it is. With a
//! file or a mapping, or if that run stored nothing, the source and the tenant are read.

use std::collections::{BTreeMap, BTreeSet};

use super::connect::TargetChoice;
use super::decide_from_reading;
use super::error::Failure;
use super::manual_decision::{
    BoundDecision, Choice, DecideRequest, another_matches, held_not_missing, names, new_person, record, word,
};
use super::operator::operator;
use super::run::Session;
use super::settings::Settings;
use crate::directory::TenantId;
use crate::plan::{BoundNames, Candidate, Verdict};
use crate::record::EmployeeId;
use crate::report::shown;
use crate::store::{DecisionRow, HeldRecord, Store};

/// What the last run knows of the person in question.
enum Known {
    Bound(BoundDecision),
    /// Too little. The text is the failure where nothing else can be read.
    Unknown(String),
}

/// Binds the administrator's decision to the account and the names, and records it.
pub(crate) async fn decide(session: &Session<'_>, request: &DecideRequest) -> Result<DecisionRow, Failure> {
    let settings = session.settings;
    let DecideRequest { files, options, .. } = request;
    if !files.is_empty() || options.mapping.is_some() || options.as_of.is_some() {
        return decide_from_reading::decide(session, request).await;
    }
    let mut store = settings.store()?;
    let lock = store.lock()?;
    match known(settings, &mut store, request)? {
        Known::Bound(bound) => record(&mut store, request, &bound),
        Known::Unknown(_) if settings.config.source.is_some() => {
            drop((lock, store));
            decide_from_reading::decide(session, request).await
        }
        Known::Unknown(why) => Err(Failure::usage(why)),
    }
}

/// Ends the decision about a person.
pub(crate) fn forget(settings: &Settings, key: &EmployeeId, graph_url: Option<&str>) -> Result<DecisionRow, Failure> {
    let mut store = settings.store()?;
    let _lock = store.lock()?;
    let in_force = store.decisions_about(key)?;
    let rejected = store.rejection_rows(Some(key))?;
    let in_force = in_force.into_iter().chain(rejected).filter(|row| row.forgotten_at.is_none());
    // One entry for each tenant, whatever was decided there.
    let in_force: BTreeMap<String, DecisionRow> = in_force.map(|row| (row.tenant_id.0.clone(), row)).collect();
    let in_force = in_force.into_values().map(|row| (row.tenant_id.clone(), row));
    let none = || {
        let key = shown(key.as_str());
        Failure::usage(format!("there is no decision about `{key}`\n  hint: `hrpush decide --list` lists them"))
    };
    let tenants = Tenants::new(settings, graph_url, &mut store)?;
    let (tenant, _) = tenants.choose(key, in_force)?.ok_or_else(none)?;
    let rejection = store.forget_rejections(&tenant, key, &operator())?;
    store.forget_decision(&tenant, key, &operator())?.or(rejection).ok_or_else(none)
}

/// The decisions in force, or all decisions that were ever made about one person.
pub(crate) fn list(settings: &Settings, key: Option<&EmployeeId>) -> Result<Vec<DecisionRow>, Failure> {
    let store = settings.store()?;
    let mut rows = match key {
        Some(key) => store.decisions_about(key)?,
        None => store.decisions()?,
    };
    rows.extend(store.rejection_rows(key)?);
    Ok(rows)
}

/// What earlier runs recorded: the held record for a choice about an account, the ledger for a person that stays as is.
fn known(settings: &Settings, store: &mut Store, request: &DecideRequest) -> Result<Known, Failure> {
    let DecideRequest { key, choice, graph_url, .. } = request;
    let held = store.held_records(key)?;
    let ledger = store.known_accounts(key)?;
    if *choice == Choice::Keep {
        let tenants = Tenants::new(settings, graph_url.as_deref(), store)?;
        if let Some((tenant, rejected)) = tenants.choose(key, store.rejected_people(key)?)? {
            let known = ledger.iter().find(|known| known.tenant == tenant && Some(&known.id) == rejected.change.id.as_ref());
            let names = known.map_or_else(|| rejected.change.names(), |known| BoundNames::of_wanted(&known.wanted));
            return Ok(Known::Bound(BoundDecision { tenant, decision: names.decide(Verdict::Keep, rejected.change.id) }));
        }
    }
    if held.is_empty() && ledger.is_empty() {
        return Ok(Known::Unknown(unknown_key(key, choice)));
    }
    let tenants = Tenants::new(settings, graph_url.as_deref(), store)?;
    match choice {
        Choice::Keep => {
            let Some((tenant, known)) = tenants.choose(key, ledger.into_iter().map(|known| (known.tenant.clone(), known)))?
            else {
                return Err(held_not_missing(key));
            };
            if !known.missing && !store.was_absent(&tenant, key)? {
                return Ok(Known::Unknown(not_missing(key)));
            }
            let decision = BoundNames::of_wanted(&known.wanted).decide(Verdict::Keep, Some(known.id));
            Ok(Known::Bound(BoundDecision { tenant, decision }))
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
            Ok(Known::Bound(BoundDecision { tenant, decision }))
        }
    }
}

/// Refuses an account that the record of another person matched in the last run: the decision would hold both records. If that record is
/// held as well, the accounts of both are in doubt.
fn check_unmatched(store: &Store, tenant: &TenantId, key: &EmployeeId, account: &Candidate) -> Result<(), Failure> {
    for other in store.other_keys_of(tenant, &account.id, key)? {
        if !store.held_records(&other)?.iter().any(|(of, _)| of == tenant) {
            return Err(another_matches(key, &other, &account.user_principal_name, &account.id));
        }
    }
    Ok(())
}

/// The account that a user names, by its id or its sign-in name.
fn named<'c>(candidates: &'c [Candidate], account: &str) -> Option<&'c Candidate> {
    let same = |text: &str| text.to_lowercase() == account.to_lowercase();
    candidates.iter().find(|candidate| same(&candidate.id.to_string()) || same(&candidate.user_principal_name))
}

fn option(choice: &Choice) -> String {
    match choice {
        Choice::Same(account) => format!("--same {}", shown(account)),
        Choice::New => "--new".to_owned(),
        Choice::Keep => "--keep".to_owned(),
    }
}

/// The command line that reads the record from a file.
fn with_file(key: &EmployeeId, choice: &Choice) -> String {
    format!("name the HR file to read the record and the tenant: `hrpush decide {} {} FILE`", word(key), option(choice))
}

fn unknown_key(key: &EmployeeId, choice: &Choice) -> String {
    let hint = with_file(key, choice);
    format!("no earlier run has recorded the key `{}`, and there is nothing to read\n  hint: {hint}", shown(key.as_str()))
}

fn not_held(key: &EmployeeId, choice: &Choice) -> String {
    let hint = with_file(key, choice);
    format!(
        "the last run held no record of `{}` for its account, and there is nothing to read\n  hint: {hint}",
        shown(key.as_str())
    )
}

/// The last good reading contains the person. A newer reading may not.
fn not_missing(key: &EmployeeId) -> String {
    let hint = with_file(key, &Choice::Keep);
    format!(
        "the last run found a record of `{}`, and --keep is for people that are missing or out of scope\n  hint: {hint}",
        shown(key.as_str())
    )
}

fn no_candidate(key: &EmployeeId, account: &str, held: &HeldRecord) -> String {
    let named = |candidate: &Candidate| format!("{} ({})", shown(&candidate.user_principal_name), candidate.id);
    let all: Vec<String> = held.candidates.iter().map(named).collect();
    let named = if all.is_empty() { "named none".to_owned() } else { format!("named {}", all.join(", ")) };
    let hint = with_file(key, &Choice::Same(account.to_owned()));
    let (account, key) = (shown(account), shown(key.as_str()));
    format!("`{account}` is none of the candidate accounts of {key}: the last run {named}\n  hint: {hint}")
}

/// The tenants that a decision without a reading may be about.
struct Tenants {
    sandbox: TenantId,
    embedded: bool,
    configured: Option<String>,
}

impl Tenants {
    fn new(settings: &Settings, graph_url: Option<&str>, store: &mut Store) -> Result<Self, Failure> {
        let embedded = matches!(TargetChoice::of_run(settings, graph_url)?, TargetChoice::Embedded);
        let sandbox = store.tenant_of_sandbox()?;
        let configured = settings.config.tenant.as_ref().map(|tenant| tenant.id.clone());
        // A domain does not determine the id of the tenant.
        Ok(Self { sandbox, embedded, configured: configured.filter(|id| uuid::Uuid::try_parse(id).is_ok()) })
    }

    fn admits(&self, tenant: &TenantId) -> bool {
        let is_configured = |id: &String| tenant.0.eq_ignore_ascii_case(id);
        (*tenant == self.sandbox) == self.embedded && (self.embedded || self.configured.as_ref().is_none_or(is_configured))
    }

    /// The entry of the target; if there is none, the only entry.
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
                "the state folder has the key `{key}` in several tenants: {names}\n  hint: name the HR file, so that the tenant is read; or set `id` in [tenant] to its id"
            )));
        }
        Ok(found.pop())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::ObjectId;
    use crate::mapping::HeldCode;

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
    fn an_account_is_named_by_its_id_or_its_sign_in_name() {
        let held = held(&["a1", "b2"], &[]);
        for (text, found) in [("b2", Some("b2")), ("B2@Contoso.com", Some("b2")), ("A1", Some("a1")), ("b", None), ("", None)] {
            assert_eq!(named(&held.candidates, text).map(|found| found.id.to_string()).as_deref(), found, "{text}");
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
