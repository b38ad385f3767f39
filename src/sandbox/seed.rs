//! The state a tenant starts with.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::clock::Clock;
use super::object::{Kind, Object};
use super::object_view::complete;
use super::tenant::{Tenant, domain};

/// A seed file: Graph's own JSON, users with their `manager`, groups with `members` and `owners` by id or name.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Seed {
    domains: Vec<Value>,
    users: Vec<Map<String, Value>>,
    groups: Vec<Map<String, Value>>,
    role_assignments: Vec<Value>,
    role_eligibility_schedules: Vec<Value>,
    deleted_items: Vec<Map<String, Value>>,
    /// Directory extensions of users, with `name` and `dataType`.
    extension_properties: Vec<Value>,
    /// Subscriptions, with `skuId`, `skuPartNumber`, `prepaidUnits` and `servicePlans`.
    subscribed_skus: Vec<Value>,
    /// What differs from the default policy of Temporary Access Passes.
    temporary_access_pass_policy: Map<String, Value>,
}

impl Seed {
    /// Fills the tenant; one that has objects keeps them.
    pub(super) fn fill(self, tenant: &mut Tenant, clock: &Clock) {
        for entry in self.domains {
            let entry = match entry {
                Value::String(name) => domain(&name, false, false),
                other => other,
            };
            if !entry["id"].as_str().is_some_and(|id| tenant.verified(id)) {
                tenant.domains.push(entry);
            }
        }
        if !self.extension_properties.is_empty() {
            tenant.extensions = self.extension_properties;
        }
        for mut sku in self.subscribed_skus {
            if let Some(id) = sku["skuId"].as_str().map(str::to_lowercase) {
                sku["skuId"] = json!(id);
            }
            tenant.skus.retain(|known| known["skuId"] != sku["skuId"]);
            tenant.skus.push(sku);
        }
        if let Some(policy) = tenant.pass_policy.as_object_mut() {
            policy.extend(self.temporary_access_pass_policy);
        }
        tenant.touch_meta();
        if !tenant.objects.is_empty() {
            return;
        }
        fill_users(self.users, tenant, clock);
        for props in self.groups {
            let group = group(props, tenant, &clock.stamp());
            tenant.put(group);
        }
        for props in self.deleted_items {
            let object = deleted(props, tenant, clock);
            tenant.put(object);
        }
        let resolve = |mut role: Value| {
            if let Some(holder) = role["principalId"].as_str().and_then(|key| tenant.user(key)) {
                role["principalId"] = json!(holder.id);
            }
            role
        };
        let assignments = self.role_assignments.into_iter().map(resolve).collect();
        let eligible = self.role_eligibility_schedules.into_iter().map(resolve).collect();
        tenant.role_assignments = assignments;
        tenant.eligibilities = eligible;
    }
}

/// Adds the users, and then their managers, because a manager can follow its reports in the file.
fn fill_users(users: Vec<Map<String, Value>>, tenant: &mut Tenant, clock: &Clock) {
    let issuer = tenant.initial_domain();
    let mut managers = Vec::new();
    for props in users {
        let (user, manager) = user(props, &clock.stamp(), &issuer);
        managers.extend(manager.map(|manager| (user.id.clone(), manager)));
        tenant.put(user);
    }
    for (id, manager) in managers {
        let target = tenant.user(&manager).map(|user| user.id.clone());
        if let (Some(target), Some(mut user)) = (target, tenant.objects.get(&id).cloned()) {
            user.manager = Some(target);
            user.manager_at = tenant.next_change();
            tenant.put(user);
        }
    }
}

/// A user or a group in the recycle bin.
fn deleted(props: Map<String, Value>, tenant: &Tenant, clock: &Clock) -> Object {
    let is_group = props.contains_key("groupTypes") || props.contains_key("securityEnabled");
    let moment = props.get("deletedDateTime").and_then(Value::as_str).map_or_else(|| clock.stamp(), str::to_owned);
    let mut object =
        if is_group { group(props, tenant, &clock.stamp()) } else { user(props, &clock.stamp(), &tenant.initial_domain()).0 };
    object.props.remove("deletedDateTime");
    object.deleted = Some(moment);
    object
}

fn identity(props: &mut Map<String, Value>) -> String {
    match props.remove("id") {
        Some(Value::String(id)) => id.to_lowercase(),
        _ => Uuid::new_v4().to_string(),
    }
}

fn user(mut props: Map<String, Value>, now: &str, issuer: &str) -> (Object, Option<String>) {
    let id = identity(&mut props);
    let manager = match props.remove("manager") {
        Some(Value::String(key)) => Some(key),
        Some(Value::Object(object)) => object.get("id").and_then(Value::as_str).map(str::to_owned),
        _ => None,
    };
    complete(&mut props, now, issuer);
    (Object::new(id, Kind::User, props), manager)
}

fn group(mut props: Map<String, Value>, tenant: &Tenant, now: &str) -> Object {
    let id = identity(&mut props);
    let mut take = |name: &str| match props.remove(name) {
        Some(Value::Array(keys)) => keys,
        _ => Vec::new(),
    };
    let (members, owners) = (take("members"), take("owners"));
    props.entry("createdDateTime").or_insert_with(|| json!(now));
    props.entry("groupTypes").or_insert_with(|| json!([]));
    let mut group = Object::new(id, Kind::Group, props);
    let at = tenant.next_change();
    let found = |key: &Value| {
        let key = key.as_str()?;
        tenant.user(key).or_else(|| tenant.group(key)).map(|object| (object.id.clone(), at))
    };
    group.members = members.iter().filter_map(found).collect();
    group.owners = owners.iter().filter_map(found).collect();
    group
}
