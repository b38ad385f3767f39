//! Batches: the operations of due steps, with their journal entries.

use super::{
    ApplyError, Attribute, Detail, Edits, InFlight, Miss, MissCause, ObjectId, ObjectRef, Operation, Part, RequestKind,
    Scheduler, Sent, StepAction, Stop, Value, first_password,
};

enum Unsendable {
    Dependency(String),
    Broken(ApplyError),
}

impl Scheduler<'_> {
    /// The next batch: as many of the first due steps as the target takes in one. Steps that turn out impossible end here.
    pub(super) fn fill(&mut self) -> (Vec<InFlight>, Vec<Operation>) {
        let (mut in_flight, mut operations) = (Vec::new(), Vec::new());
        let most = self.target.capabilities().batch.max(1);
        while in_flight.len() < most {
            let Some(at) = self.ready.pop_first() else { break };
            let Some(part) = self.next_part(at) else {
                self.over(at, None);
                continue;
            };
            match self.operation(at, &part) {
                Ok(operation) => {
                    let request = self.next_request;
                    self.next_request += 1;
                    let sent_request = self.sent_request(at, request, &part);
                    self.entry.sent.push(sent_request);
                    operations.push(operation);
                    in_flight.push(InFlight { at, request, part });
                }
                Err(Unsendable::Dependency(message)) => {
                    let missed = self.missed(at, MissCause::Dependency, message);
                    self.over(at, Some(missed));
                }
                Err(Unsendable::Broken(error)) => {
                    self.stop = Some(Stop::Broken(error));
                    break;
                }
            }
        }
        (in_flight, operations)
    }

    /// The next part of a step; none where nothing is left to send. A member without an account, because its create failed, is
    /// left out and reported.
    fn next_part(&mut self, at: usize) -> Option<Part> {
        while let Some(part) = self.live[at].parts.pop_front() {
            let Part::Members(members) = part else { return Some(part) };
            let (there, missing): (Vec<_>, Vec<_>) = members.into_iter().partition(|(_, who)| self.id_of(who).is_some());
            for (key, _) in missing {
                let step = self.live[at].step.act.name();
                let miss = Miss::silent(step, Detail::Member(key), MissCause::Dependency, "there is no account yet");
                self.live[at].misses.push(miss);
            }
            if !there.is_empty() {
                return Some(Part::Members(there));
            }
        }
        Part::of(&self.live[at].step.act).is_none().then_some(Part::Whole)
    }

    pub(super) fn id_of(&self, who: &ObjectRef) -> Option<ObjectId> {
        match who {
            ObjectRef::Id(id) => Some(id.clone()),
            ObjectRef::NewUser(key) => self.users.get(key).cloned(),
            ObjectRef::NewGroup(key) => self.groups.get(key).cloned(),
            ObjectRef::Nobody(_) => None,
        }
    }

    /// The object that a step puts whole.
    pub(super) fn object_of(&self, at: usize) -> Option<ObjectId> {
        match &self.live[at].step.act {
            StepAction::PutUser { id, .. } => Some(id.clone()),
            act => act.written().and_then(|who| self.id_of(who)),
        }
    }

    fn known(&self, who: &ObjectRef) -> Result<ObjectId, Unsendable> {
        let message = || match who {
            ObjectRef::NewGroup(key) => format!("the group {key} was not created"),
            ObjectRef::Id(id) => format!("the account {id} does not exist"),
            ObjectRef::NewUser(key) | ObjectRef::Nobody(key) => format!("{key} has no account"),
        };
        self.id_of(who).ok_or_else(|| Unsendable::Dependency(message()))
    }

    fn operation(&self, at: usize, part: &Part) -> Result<Operation, Unsendable> {
        let password = || first_password().map_err(|error| Unsendable::Broken(error.into()));
        let step = &self.live[at].step;
        if let (StepAction::CreateUser { .. }, Part::Edits(edits)) = (&step.act, part) {
            // What the create left out, now that there is an account.
            let user = ObjectRef::NewUser(self.plan.changes[step.change].key.clone());
            return Ok(Operation::UpdateUser { id: self.known(&user)?, edits: edits.clone() });
        }
        Ok(match &step.act {
            StepAction::CreateUser { attributes } => {
                Operation::CreateUser { attributes: attributes.clone(), password: password()? }
            }
            StepAction::PutUser { id, attributes, manager, .. } => {
                Operation::PutUser { id: id.clone(), attributes: attributes.clone(), manager: manager.clone() }
            }
            StepAction::SetPassword { user } => Operation::SetPassword { user: self.known(user)?, password: password()? },
            StepAction::Update { user, edits } => {
                let edits = if let Part::Edits(part) = part { part } else { edits };
                Operation::UpdateUser { id: self.known(user)?, edits: edits.clone() }
            }
            StepAction::SetManager { user, manager } => {
                Operation::SetManager { user: self.known(user)?, manager: self.known(manager)? }
            }
            StepAction::ClearManager { user } => Operation::ClearManager { user: self.known(user)? },
            StepAction::RevokeSessions { user } => Operation::RevokeSessions { user: self.known(user)? },
            StepAction::RemoveLicenses { user, skus } => {
                let skus = if let Part::Licences(part) = part { part } else { skus };
                Operation::RemoveLicenses { user: self.known(user)?, skus: skus.iter().map(|sku| sku.as_str().into()).collect() }
            }
            StepAction::DeleteUser { id } => Operation::DeleteUser { id: id.clone() },
            StepAction::RestoreUser { id, upn } => Operation::RestoreUser { id: id.clone(), upn: upn.clone() },
            StepAction::CreateGroup { unique_name, name, microsoft365, owners } => Operation::CreateGroup {
                unique_name: unique_name.clone(),
                name: name.clone(),
                microsoft365: *microsoft365,
                owners: owners.iter().map(|owner| self.known(owner)).collect::<Result<_, _>>()?,
            },
            StepAction::RenameGroup { group, name } => Operation::UpdateGroup { id: self.known(group)?, name: name.clone() },
            StepAction::AddMembers { group, .. } => {
                let members: Vec<ObjectId> = part.members().iter().filter_map(|(_, who)| self.id_of(who)).collect();
                Operation::AddMembers { group: self.known(group)?, members }
            }
            StepAction::RemoveMember { group, member } => {
                if step.instead.iter().any(|add| !self.members.added.contains(&(*add, member.clone()))) {
                    return Err(Unsendable::Dependency(self.stays(member, &step.instead)));
                }
                Operation::RemoveMember { group: self.known(group)?, member: self.known(member)? }
            }
            StepAction::CreateTap { user, start } => Operation::CreateTap { user: self.known(user)?, start: start.clone() },
            StepAction::Impossible(why) => return Err(Unsendable::Dependency(why.clone())),
        })
    }

    /// Why a member is not removed.
    fn stays(&self, member: &ObjectRef, adds: &[usize]) -> String {
        let missed = adds.iter().filter(|add| !self.members.added.contains(&(**add, member.clone())));
        let groups: Vec<&str> = missed.map(|add| self.plan.changes[self.live[*add].step.change].key.as_str()).collect();
        format!("the member stays, because adding it to {} failed", groups.join(", "))
    }

    fn sent_request(&self, at: usize, request: u64, part: &Part) -> Sent {
        let step = &self.live[at].step;
        let change = &self.plan.changes[step.change];
        let mut sent = Sent {
            request,
            seq: change.seq,
            kind: step.act.kind(),
            key: change.key.clone(),
            object: step.act.written().and_then(|who| self.id_of(who)),
            upn: None,
            matching: None,
            attributes: Vec::new(),
            enabled: None,
            leave: step.leave,
        };
        let mut carries = |edits: &Edits| {
            sent.attributes = edits.keys().map(|attribute| attribute.name.to_owned()).collect();
            sent.enabled = edits.iter().find_map(|(name, value)| flag(*name, value.as_ref()));
        };
        match (&step.act, part) {
            (StepAction::CreateUser { .. }, Part::Edits(edits)) => {
                carries(edits);
                sent.kind = RequestKind::UpdateUser;
                sent.object = self.users.get(&change.key).cloned();
            }
            (StepAction::CreateUser { attributes }, _) => {
                carries(&attributes.iter().map(|(name, value)| (*name, Some(value.clone()))).collect());
                if let Some((upn, matching)) = self.identity(at) {
                    sent.upn = Some(upn);
                    sent.matching = matching;
                }
            }
            (StepAction::PutUser { id, attributes, .. }, _) => {
                carries(attributes);
                sent.object = Some(id.clone());
                if let Some((upn, matching)) = self.identity(at) {
                    sent.upn = Some(upn);
                    sent.matching = matching;
                }
            }
            (StepAction::Update { edits, .. }, part) => carries(if let Part::Edits(part) = part { part } else { edits }),
            (StepAction::DeleteUser { id } | StepAction::RestoreUser { id, .. }, _) => sent.object = Some(id.clone()),
            _ => {}
        }
        sent
    }
}

impl StepAction {
    fn kind(&self) -> RequestKind {
        match self {
            Self::CreateUser { .. } | Self::PutUser { is_new: true, .. } => RequestKind::CreateUser,
            Self::Update { .. } | Self::PutUser { .. } | Self::Impossible(_) => RequestKind::UpdateUser,
            Self::SetManager { .. } => RequestKind::SetManager,
            Self::ClearManager { .. } => RequestKind::ClearManager,
            Self::SetPassword { .. } => RequestKind::SetPassword,
            Self::RevokeSessions { .. } => RequestKind::RevokeSessions,
            Self::RemoveLicenses { .. } => RequestKind::RemoveLicenses,
            Self::DeleteUser { .. } => RequestKind::DeleteUser,
            Self::RestoreUser { .. } => RequestKind::RestoreUser,
            Self::CreateGroup { .. } => RequestKind::CreateGroup,
            Self::RenameGroup { .. } => RequestKind::UpdateGroup,
            Self::AddMembers { .. } => RequestKind::AddMembers,
            Self::RemoveMember { .. } => RequestKind::RemoveMember,
            Self::CreateTap { .. } => RequestKind::CreateTap,
        }
    }
}

fn flag(attribute: Attribute, value: Option<&Value>) -> Option<bool> {
    match value {
        Some(Value::Flag(flag)) if attribute.name == crate::directory::roles::ACCOUNT_ENABLED => Some(*flag),
        _ => None,
    }
}
