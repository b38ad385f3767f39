//! Plans for tests: joiners, leavers and teams.

use std::collections::{BTreeMap, BTreeSet};

use crate::directory::{Attribute, Group, GroupKind, ObjectId, Value};
use crate::mapping::LeaveAction;
use crate::plan::{Action, Change, ChangeAside, Edit, Members, Object, Plan, ReasonCode, SourceInfo, Summary, Target, Why};

pub(crate) fn attribute(name: &str) -> Attribute {
    Attribute::find(name).unwrap()
}

pub(crate) fn group(id: &ObjectId, name: &str, unique_name: &str) -> Group {
    Group {
        id: id.clone(),
        name: name.into(),
        unique_name: Some(unique_name.into()),
        kind: GroupKind::Security,
        dynamic: false,
        synced: false,
        role_assignable: false,
        addresses: BTreeSet::new(),
        members: BTreeSet::new(),
        owners: BTreeSet::new(),
    }
}

pub(crate) fn edit(name: &str, before: Option<&str>, after: Option<&str>) -> Edit {
    let value = |text: &str| match text {
        "true" => Value::Flag(true),
        "false" => Value::Flag(false),
        text => Value::text(text),
    };
    Edit { name: name.into(), before: before.map(value), after: after.map(value), expression: None }
}

pub(crate) fn change(action: Action, key: &str, id: Option<&ObjectId>, attributes: Vec<Edit>) -> Change {
    Change {
        seq: 0,
        action,
        object: Object::User,
        key: key.into(),
        id: id.cloned(),
        user_principal_name: Some(format!("{key}@contoso.com")),
        reason: String::new(),
        why: Why { code: ReasonCode::HrChanged, on: None },
        cause: BTreeMap::new(),
        attributes,
        members: None,
        then: Vec::new(),
        record: None,
        aside: ChangeAside::default(),
    }
}

/// A joiner, with a manager where one is named.
pub(crate) fn joiner(key: &str, manager: Option<&str>) -> Change {
    let mut attributes = vec![
        edit("accountEnabled", None, Some("true")),
        edit("employeeId", None, Some(key)),
        edit("userPrincipalName", None, Some(&format!("{key}@contoso.com"))),
    ];
    attributes.extend(manager.map(|manager| edit("manager", None, Some(manager))));
    change(Action::Create, key, None, attributes)
}

pub(crate) fn leaver(key: &str, id: &ObjectId) -> Change {
    let attributes = vec![edit("accountEnabled", Some("true"), Some("false"))];
    Change { then: vec![LeaveAction::RevokeSessions], ..change(Action::Disable, key, Some(id), attributes) }
}

pub(crate) fn team(key: &str, id: Option<&ObjectId>, members: Members) -> Change {
    let attributes = vec![edit("displayName", None, Some(key)), edit("uniqueName", None, Some(&format!("hrpush-{key}")))];
    let action = if id.is_some() { Action::Update } else { Action::Create };
    Change { object: Object::Group, members: Some(members), ..change(action, key, id, attributes) }
}

pub(crate) fn plan(changes: Vec<Change>) -> Plan {
    let numbered = |(at, change)| Change { seq: at as u64 + 1, ..change };
    Plan {
        format: "hrpush.plan/1".into(),
        fingerprint: "sha256:0".into(),
        as_of: "2026-11-20".into(),
        created_at: "2026-11-20T03:00:00Z".into(),
        target: Target { graph_url: "http://127.0.0.1/v1.0".into(), tenant_id: "t".into(), sandbox: false, accepted_only: false },
        source: SourceInfo { name: "employees.csv".into(), feed: "HR".into(), records: 10, sha256: String::new() },
        matching: vec!["employeeId".into()],
        summary: Summary::default(),
        changes: changes.into_iter().enumerate().map(numbered).collect(),
        held: Vec::new(),
        skipped: Vec::new(),
        guards: Vec::new(),
        seal: String::new(),
        candidates: BTreeMap::new(),
        left_out: BTreeMap::new(),
        people: BTreeMap::new(),
        judged: crate::plan::Judged::default(),
    }
}
