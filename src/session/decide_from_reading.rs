//! A decision with a reading: the record comes from the source, the account from the tenant.

use super::connect::TargetChoice;
use super::error::Failure;
use super::held_records::carriers;
use super::load_source;
use super::manual_decision::{
    BoundDecision, Choice, DecideRequest, another_matches, held_not_missing, new_person, present, record, word,
};
use super::open_target::{ClockRule, OpenRequest, OpenTarget};
use super::parallel_map::Extent;
use super::plan::{PlanRequest, PlanResult, compute, scope, unknown_person};
use super::run::Session;
use crate::directory::{ObjectId, Snapshot, User};
use crate::mapping::{Desired, HeldCode, Mapped, Stage};
use crate::plan::{BoundNames, Candidate, HeldEntry, Verdict};
use crate::record::EmployeeId;
use crate::report::shown;
use crate::store::{DecisionRow, HeldRecord};
use crate::target::Priority;

/// How many accounts with a similar sign-in name are shown.
const NEAREST: usize = 3;

/// Reads the source and the tenant, and records the decision.
pub(crate) async fn decide(session: &Session<'_>, request: &DecideRequest) -> Result<DecisionRow, Failure> {
    let (settings, key) = (session.settings, &request.key);
    let choice = TargetChoice::of_run(settings, request.graph_url.as_deref())?;
    let read = session.unless_interrupted(load_source::read(session, &request.files, &request.options)).await?;
    let policy = settings.policy();
    let scope = scope(&read, &policy.protect_groups);
    let open =
        OpenRequest { choice: &choice, made_for: None, scope: &scope, priority: Priority::Normal, clock: ClockRule::Refuse };
    let mut target = OpenTarget::open(session, settings.store()?, open).await?;
    let plan = PlanRequest {
        source: &read,
        policy: &policy,
        as_of: request.options.as_of,
        only: None,
        whole: true,
        extent: Extent::Whole,
    };
    let mut result = compute(&plan, &target)?;
    target.store.add_wishes(&target.snapshot.tenant, &mut result.ledger, [key.as_str()])?;
    if !result.knows(key) && carriers(&result, &target.snapshot, None, key).is_empty() {
        return Err(unknown_person(key));
    }
    let bound = Subject { key, result: &result, target: &target }.decide(&request.choice)?;
    record(&mut target.store, request, &bound)
}

/// The person in question, with everything that was read.
struct Subject<'a> {
    key: &'a EmployeeId,
    result: &'a PlanResult,
    target: &'a OpenTarget,
}

impl Subject<'_> {
    fn decide(&self, choice: &Choice) -> Result<BoundDecision, Failure> {
        let tenant = self.target.snapshot.tenant.clone();
        let decision = match choice {
            Choice::Same(account) => {
                let (record, id) = (self.record()?, find(&self.target.snapshot, account)?);
                self.check_unmatched(&id)?;
                BoundNames::of(&record).decide(Verdict::Same(id.clone()), Some(id))
            }
            Choice::New => new_person(&self.target.store, &tenant, self.key, &self.held(&self.record()?))?,
            Choice::Keep => match self.result.ledger.people.get(self.key) {
                _ if self.entry().is_some() => return Err(held_not_missing(self.key)),
                Some(_) if self.is_present() => return Err(present(self.key)),
                Some(known) => BoundNames::of_wanted(&known.wanted).decide(Verdict::Keep, Some(known.id.clone())),
                None => BoundNames::of(&self.record()?).decide(Verdict::Keep, None),
            },
        };
        Ok(BoundDecision { tenant, decision })
    }

    /// Refuses an account that the record of another active person matches.
    fn check_unmatched(&self, account: &ObjectId) -> Result<(), Failure> {
        let users = &self.target.snapshot.users;
        let Some(user) = users.number(account) else { return Ok(()) };
        let people = &self.result.people;
        for (person, _) in self.result.survey.matched.iter().filter(|(_, matched)| *matched == user) {
            let other = people.key(*person).filter(|other| *other != self.key.as_str()).and_then(EmployeeId::new);
            let is_here =
                matches!(people.mapped(*person, users), Mapped::Desired(record) if !matches!(record.stage, Stage::Left { .. }));
            if let Some(other) = other.filter(|_| is_here) {
                return Err(another_matches(self.key, &other, users.at(user).upn(), account));
            }
        }
        Ok(())
    }

    /// Whether a record in scope has this key.
    fn is_present(&self) -> bool {
        self.result
            .records(self.key, &self.target.snapshot)
            .into_iter()
            .any(|(_, mapped)| !matches!(mapped, Mapped::OutOfScope { .. }))
    }

    /// The one record of this key.
    fn record(&self) -> Result<Desired, Failure> {
        let key = shown(self.key.as_str());
        let (mut records, mut other) = (Vec::new(), None);
        for (_, mapped) in self.result.records(self.key, &self.target.snapshot) {
            match mapped {
                Mapped::Desired(desired) => records.push(desired),
                mapped => other = Some(mapped),
            }
        }
        let mut records = records.into_iter();
        match (records.next(), other) {
            (Some(first), _) => {
                let differ = records.any(|record| BoundNames::of(&record) != BoundNames::of(&first));
                let several =
                    format!("several records have the key `{key}`, with different names\n  hint: keep one of them in HR");
                if differ { Err(Failure::usage(several)) } else { Ok(first) }
            }
            (None, Some(Mapped::Held(held))) => Err(Failure::usage(format!(
                "the record of `{key}` is held for its content: {} [{}]\n  hint: {}",
                shown(&held.message),
                held.code.as_str(),
                shown(&held.help)
            ))),
            (None, Some(_)) => Err(Failure::usage(format!(
                "the record of `{key}` is outside the scope of the mapping: --keep leaves the person as is"
            ))),
            (None, None) => Err(Failure::usage(format!(
                "no record has the key `{key}`, so there is nothing to compare with an account\n  hint: `hrpush decide {} --keep` leaves a \
                 missing person as is",
                word(self.key)
            ))),
        }
    }

    /// Why the person is held, where the plan holds them.
    fn entry(&self) -> Option<&HeldEntry> {
        self.result.survey.plan.held.iter().find(|held| held.key.as_ref() == Some(self.key))
    }

    /// The record as a run would store it.
    fn held(&self, record: &Desired) -> HeldRecord {
        let BoundNames { given_name, surname } = BoundNames::of(record);
        let entry = self.entry();
        HeldRecord {
            key: self.key.clone(),
            given_name,
            surname,
            code: entry.map_or(HeldCode::PossibleDuplicate, |entry| entry.code),
            candidates: entry.map(|entry| entry.candidates.clone()).unwrap_or_default(),
            carriers: carriers(self.result, &self.target.snapshot, Some(record), self.key),
        }
    }
}

/// The account of an id or a sign-in name, live or in the recycle bin.
fn find(snapshot: &Snapshot, account: &str) -> Result<ObjectId, Failure> {
    for text in [account, &account.to_lowercase()] {
        if let Some(id) = ObjectId::new(text).filter(|id| snapshot.users.contains_key(id) || snapshot.deleted.contains_key(id)) {
            return Ok(id);
        }
    }
    let folded = account.to_lowercase();
    let mut live = snapshot.users.rows().filter(|user| user.upn().to_lowercase() == folded).map(|user| user.id());
    if let Some(id) = live.next() {
        return Ok(id);
    }
    let deleted: Vec<&User> =
        snapshot.deleted.values().map(|deleted| &deleted.user).filter(|user| user.upn.folded() == folded).collect();
    match deleted.as_slice() {
        [only] => Ok(only.id.clone()),
        [] => Err(no_account(snapshot, account)),
        several => {
            let ids: Vec<String> = several.iter().map(|user| user.id.to_string()).collect();
            Err(Failure::usage(format!(
                "several deleted users were called `{}`\n  hint: name one by its id: {}",
                shown(account),
                ids.join(", ")
            )))
        }
    }
}

/// The failure for an account that does not exist, with the most similar sign-in names.
fn no_account(snapshot: &Snapshot, account: &str) -> Failure {
    let folded = account.to_lowercase();
    let mut near: Vec<(f64, Candidate)> = Vec::new();
    for user in snapshot.users.rows() {
        let likeness = strsim::jaro_winkler(&user.upn().to_lowercase(), &folded);
        if likeness >= 0.85 {
            near.push((likeness, Candidate { id: user.id(), user_principal_name: user.upn().to_owned() }));
        }
    }
    near.sort_by(|left, right| right.0.total_cmp(&left.0).then_with(|| left.1.cmp(&right.1)));
    let near: Vec<String> =
        near.iter().take(NEAREST).map(|(_, user)| format!("{} ({})", shown(&user.user_principal_name), user.id)).collect();
    let hint = if near.is_empty() {
        "take the id or the sign-in name from the Entra admin centre".to_owned()
    } else {
        format!("similar sign-in names: {}", near.join(", "))
    };
    Failure::usage(format!("the tenant has no user `{}`, live or deleted\n  hint: {hint}", shown(account)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{TenantId, Upn};

    #[test]
    fn an_account_that_does_not_exist_is_answered_with_the_nearest_names() {
        let mut snapshot = Snapshot::empty(TenantId("t".into()), "contoso.com");
        for (id, upn) in [("u1", "Ann.Lee@contoso.com"), ("u2", "bob.ray@contoso.com")] {
            snapshot.users.insert(&User::new(ObjectId::new(id).unwrap(), Upn::new(upn)));
        }
        for named in ["u1", "U1", "ann.lee@contoso.com", "ANN.LEE@CONTOSO.COM"] {
            assert_eq!(find(&snapshot, named).unwrap().to_string(), "u1", "{named}");
        }
        let near = find(&snapshot, "an.lee@contoso.com").unwrap_err().to_string();
        assert!(near.contains("no user `an.lee@contoso.com`") && near.contains("Ann.Lee@contoso.com (u1)"), "{near}");
        let far = find(&snapshot, "zzz").unwrap_err().to_string();
        assert!(!far.contains("@contoso.com"), "{far}");
    }
}
