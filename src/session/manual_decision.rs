//! A decision by hand: what is asked for, what it is bound to, and how it is recorded.

use super::error::Failure;
use super::mapped_reading::ReadOptions;
use super::operator::operator;
use crate::directory::{ObjectId, TenantId};
use crate::plan::{BoundNames, Decision, Verdict};
use crate::record::EmployeeId;
use crate::report::shown;
use crate::store::{DecisionRow, HeldRecord, Store};
use std::path::PathBuf;

/// The decision that a person makes about a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The record and this account, by id or sign-in name, are one person.
    Same(String),
    /// The record is another person than every account that it resembles.
    New,
    /// The person stays as they are.
    Keep,
}

/// A decision with the source that its record may be read from.
#[derive(Clone, Debug)]
pub(crate) struct DecideRequest {
    pub(crate) key: EmployeeId,
    pub(crate) choice: Choice,
    pub(crate) note: Option<String>,
    /// The HR files, instead of the configured source.
    pub(crate) files: Vec<PathBuf>,
    pub(crate) options: ReadOptions,
    pub(crate) graph_url: Option<String>,
}

/// A decision on its way into the store.
pub(crate) struct BoundDecision {
    pub(crate) tenant: TenantId,
    pub(crate) decision: Decision,
}

/// Journals a decision with its operator and note.
pub(crate) fn record(store: &mut Store, request: &DecideRequest, bound: &BoundDecision) -> Result<DecisionRow, Failure> {
    let BoundDecision { tenant, decision } = bound;
    let note = request.note.as_deref().map(str::trim).filter(|note| !note.is_empty());
    let row = store.decide(tenant, &request.key, decision, &operator(), note)?;
    let row = row.ok_or_else(|| Failure::cannot_run("the decision was not recorded".to_owned()))?;
    tracing::info!(verdict = row.verdict.as_str(), "recorded a decision");
    Ok(row)
}

pub(crate) fn names(held: &HeldRecord) -> BoundNames {
    BoundNames { given_name: held.given_name.clone(), surname: held.surname.clone() }
}

/// The decision that a record is another person.
///
/// It is bound to the account in question. If a decision about another account is in force already, the record resembles several accounts.
/// Then it is another person than each of them, because otherwise the two decisions would replace each other for ever.
pub(crate) fn new_person(store: &Store, tenant: &TenantId, key: &EmployeeId, held: &HeldRecord) -> Result<Decision, Failure> {
    if let Some(carrier) = held.carriers.first() {
        return Err(Failure::usage(format!(
            "the account {} ({}) has the key {}, so the record cannot be another person\n  hint: `hrpush decide {} --same {}` if it \
             is the same person; otherwise HR must give the record a key of its own",
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
    let before = store.decision(tenant, key)?.and_then(|row| row.decision());
    let of_another =
        before.is_some_and(|before| before.verdict == Verdict::New && names.are_of(&before) && before.account != account);
    let account = account.filter(|_| !of_another);
    Ok(names.decide(Verdict::New, account))
}

/// The failure for an account that belongs to another person by that person's record.
pub(crate) fn another_matches(key: &EmployeeId, other: &EmployeeId, upn: &str, account: &ObjectId) -> Failure {
    let (key, other) = (shown(key.as_str()), shown(other.as_str()));
    Failure::usage(format!(
        "the account {} ({account}) is matched by the record of {other}, so it cannot be that of {key} as well\n  \
         hint: correct the match attributes of the record or the account that is wrong",
        shown(upn)
    ))
}

/// A key as a word of a command line.
pub(crate) fn word(key: &EmployeeId) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '@' | '+' | '=' | ',');
    let key = key.as_str();
    if !key.starts_with('-') && key.chars().all(plain) { shown(key) } else { format!("'{}'", shown(key).replace('\'', r"'\''")) }
}

/// The failure of `--keep` for a held record.
pub(crate) fn held_not_missing(key: &EmployeeId) -> Failure {
    let key = shown(key.as_str());
    Failure::usage(format!(
        "{key} is held, and --keep is for people that are missing, out of scope or rejected\n  hint: --same ID or --new settles a held record"
    ))
}

/// The failure of `--keep` for a person with a record in scope.
pub(crate) fn present(key: &EmployeeId) -> Failure {
    let key = shown(key.as_str());
    Failure::usage(format!(
        "`{key}` has a record in scope, and --keep is for people that are missing or out of scope\n  \
         hint: nothing to decide; correct the record in HR where it is wrong"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::ObjectId;
    use crate::mapping::HeldCode;
    use crate::plan::Candidate;
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
        assert!(refused.contains("c@contoso.com (c) has the key 1") && refused.contains("hrpush decide 1 --same c"), "{refused}");
    }

    #[test]
    fn a_key_is_one_word_of_the_line_to_type() {
        for (key, line) in [("10042", "10042"), ("a b", "'a b'"), ("O'Neil", r"'O'\''Neil'"), ("-1", "'-1'"), ("$x", "'$x'")] {
            assert_eq!(word(&EmployeeId::new(key).unwrap()), line);
        }
    }
}
