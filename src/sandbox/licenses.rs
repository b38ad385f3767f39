//! Licences: subscriptions with seats, and the licences of each user.

use serde_json::{Map, Value, json};

use super::object::Object;
use super::object_view::{direct_license, show};
use super::query_options::Select;
use super::reply::{Answer, Problem, Reply};
use super::request::Request;
use super::server::State;

/// The subscriptions of the tenant as `/subscribedSkus` has them.
pub(super) fn subscriptions(state: &State) -> Vec<Value> {
    let shown = |sku: &Value| {
        let mut out = json!({
            "id": format!("{}_{}", state.tenant.id, sku["skuId"].as_str().unwrap_or_default()),
            "appliesTo": "User", "capabilityStatus": "Enabled", "servicePlans": [],
            "prepaidUnits": { "enabled": 0, "suspended": 0, "warning": 0, "lockedOut": 0 },
        });
        if let (Some(out), Some(sku)) = (out.as_object_mut(), sku.as_object()) {
            out.extend(sku.clone());
        }
        out["consumedUnits"] = json!(state.tenant.consumed(sku));
        out
    };
    state.tenant.skus.iter().map(shown).collect()
}

/// The licences of a user with the names of their products and plans.
pub(super) fn details(state: &State, key: &str) -> Answer {
    let licenses = state.user(key)?.props.get("assignedLicenses").and_then(Value::as_array);
    let details: Vec<Value> = licenses
        .into_iter()
        .flatten()
        .map(|license| {
            let sku = license["skuId"].as_str().and_then(|id| state.tenant.sku(id));
            let disabled = license["disabledPlans"].as_array().cloned().unwrap_or_default();
            let plans: Vec<Value> = sku
                .and_then(|sku| sku["servicePlans"].as_array())
                .into_iter()
                .flatten()
                .map(|plan| {
                    let mut plan = plan.clone();
                    let off = disabled.contains(&plan["servicePlanId"]);
                    plan["provisioningStatus"] = json!(if off { "Disabled" } else { "Success" });
                    plan
                })
                .collect();
            json!({
                "id": license["skuId"], "skuId": license["skuId"], "servicePlans": plans,
                "skuPartNumber": sku.map_or(Value::Null, |sku| sku["skuPartNumber"].clone()),
            })
        })
        .collect();
    Ok(Reply::ok(json!({ "@odata.context": format!("{}/$metadata#licenseDetails", state.base), "value": details })))
}

/// What `assignLicense` is asked to do, checked as far as the request alone allows it.
struct Wanted {
    add: Vec<Value>,
    remove: Vec<Value>,
}

impl Wanted {
    fn parse(request: &Request) -> Result<Self, Problem> {
        request.object()?;
        let body = request.parameters(&["addLicenses", "removeLicenses"])?;
        let list = |name: &str| {
            let list = body.get(name).and_then(Value::as_array);
            list.ok_or_else(|| Problem::bad(format!("A value is required for parameter '{name}'.")))
        };
        let id = |value: &Value| value.as_str().and_then(|text| text.parse::<uuid::Uuid>().ok()).map(|id| json!(id.to_string()));
        let ids = |values: &[Value]| values.iter().map(id).collect::<Option<Vec<Value>>>();
        let refuse =
            |name: &str| Problem::bad(format!("Cannot convert a value of parameter '{name}' to the expected type 'Edm.Guid'."));
        let remove = ids(list("removeLicenses")?).ok_or_else(|| refuse("removeLicenses"))?;
        let mut add = Vec::new();
        for license in list("addLicenses")? {
            let given = license.as_object().ok_or_else(|| refuse("addLicenses"))?;
            if let Some(other) = given.keys().find(|name| !["skuId", "disabledPlans", "@odata.type"].contains(&name.as_str())) {
                return Err(Problem::new(
                    400,
                    "BadRequest",
                    format!("The property '{other}' does not exist on assignedLicense."),
                ));
            }
            let sku = id(&license["skuId"]).ok_or_else(|| refuse("addLicenses"))?;
            let plans = match &license["disabledPlans"] {
                Value::Null => Vec::new(),
                Value::Array(plans) => ids(plans).ok_or_else(|| refuse("addLicenses"))?,
                _ => return Err(refuse("addLicenses")),
            };
            add.push(json!({ "skuId": sku, "disabledPlans": plans }));
        }
        Ok(Self { add, remove })
    }

    fn touches(&self, sku: &Value) -> bool {
        self.remove.contains(sku) || self.add.iter().any(|new| new["skuId"] == *sku)
    }
}

/// The licences that a user holds directly or by a group.
struct Held {
    licenses: Vec<Value>,
    states: Vec<Value>,
}

impl Held {
    fn of(user: &Object) -> Self {
        let list = |name: &str| user.props.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        Self { licenses: list("assignedLicenses"), states: list("licenseAssignmentStates") }
    }

    fn has(&self, sku: &Value) -> bool {
        self.licenses.iter().any(|license| license["skuId"] == *sku)
    }

    fn inherits(&self, sku: &Value) -> bool {
        self.states.iter().any(|state| state["skuId"] == *sku && !state["assignedByGroup"].is_null())
    }

    fn directly(&self, sku: &Value) -> bool {
        self.states.iter().any(|state| state["skuId"] == *sku && state["assignedByGroup"].is_null())
    }

    /// These licences after the change.
    fn after(mut self, wanted: &Wanted) -> Self {
        let inherited: Vec<Value> =
            self.licenses.iter().map(|license| license["skuId"].clone()).filter(|sku| self.inherits(sku)).collect();
        self.licenses.retain(|license| !wanted.touches(&license["skuId"]) || inherited.contains(&license["skuId"]));
        self.licenses.extend(wanted.add.iter().filter(|new| !inherited.contains(&new["skuId"])).cloned());
        self.states.retain(|state| !state["assignedByGroup"].is_null() || !wanted.touches(&state["skuId"]));
        self.states.extend(wanted.add.iter().map(direct_license));
        self
    }
}

/// `assignLicense`: all of it or nothing.
pub(super) fn assign(state: &mut State, request: &Request, key: &str) -> Answer {
    let wanted = Wanted::parse(request)?;
    let mut user = state.user(key)?.clone();
    state.faults.refusal(wanted.remove.iter().filter_map(Value::as_str), &user.names())?;
    if !wanted.add.is_empty() && user.text("usageLocation").is_none() {
        return Err(Problem::bad("License assignment cannot be done for user with invalid usage location."));
    }
    let held = Held::of(&user);
    for sku in &wanted.remove {
        if !held.has(sku) {
            return Err(Problem::bad(format!(
                "User does not have a corresponding license {}.",
                sku.as_str().unwrap_or_default()
            )));
        }
        if held.inherits(sku) && !held.directly(sku) {
            return Err(Problem::bad(
                "User license is inherited from a group membership and it cannot be removed directly from the user.",
            ));
        }
    }
    for license in &wanted.add {
        assignable(state, license, &held)?;
    }
    let held = held.after(&wanted);
    user.props.insert("licenseAssignmentStates".to_owned(), json!(held.states));
    user.props.insert("assignedLicenses".to_owned(), json!(held.licenses));
    let reply = show(state, &user, &Select::Default, None, "users")?;
    state.tenant.put(user);
    Ok(reply)
}

/// Whether the subscription exists, is for users, has the plans that are switched off, and has a seat.
fn assignable(state: &State, license: &Value, held: &Held) -> Result<(), Problem> {
    let id = license["skuId"].as_str().unwrap_or_default();
    let sku = state
        .tenant
        .sku(id)
        .ok_or_else(|| Problem::bad(format!("License {id} does not correspond to a valid company License.")))?;
    if sku["appliesTo"] == "Company" {
        return Err(Problem::bad(format!("License {id} cannot be assigned to a user.")));
    }
    let plans: Vec<&Value> = sku["servicePlans"].as_array().into_iter().flatten().map(|plan| &plan["servicePlanId"]).collect();
    if license["disabledPlans"].as_array().into_iter().flatten().any(|plan| !plans.contains(&plan)) {
        return Err(Problem::bad(format!("License {id} does not have one of the disabled plans.")));
    }
    let units = sku["prepaidUnits"].as_object().cloned().unwrap_or_default();
    let count = |units: &Map<String, Value>, name: &str| units.get(name).and_then(Value::as_u64).unwrap_or(0);
    let seats = count(&units, "enabled") + count(&units, "warning");
    if !held.has(&license["skuId"]) && state.tenant.consumed(sku) >= seats {
        return Err(Problem::bad(format!("Subscription with SKU {id} does not have any available licenses.")));
    }
    Ok(())
}
