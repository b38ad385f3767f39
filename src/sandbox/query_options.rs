//! The query options that shape one object: `$select` and `$expand`, and the tokens of pages.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::lenience::Disputed;
use super::object::{Kind, Object};
use super::reply::Problem;
use super::schema::{find, is_extension, rules};
use super::server::State;

/// The properties asked for.
#[derive(Clone)]
pub(super) enum Select {
    Default,
    Named(Vec<String>),
}

/// For which request properties are selected.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope<'a> {
    /// One object, asked for by its id.
    One,
    /// A list of them.
    List,
    /// A delta query, which takes these relations, too.
    Delta(&'a [&'a str]),
}

impl Select {
    pub(super) fn parse(state: &State, text: Option<&str>, kind: Kind, scope: Scope<'_>) -> Result<Self, Problem> {
        let Some(text) = text else { return Ok(Self::Default) };
        let mut names = Vec::new();
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if name == "*" {
                return Ok(Self::Default);
            }
            if let Scope::Delta(relations) = scope
                && let Some(relation) = relations.iter().find(|relation| relation.eq_ignore_ascii_case(name))
            {
                names.push((*relation).to_owned());
                continue;
            }
            names.extend(one(state, name, kind, scope)?);
        }
        Ok(Self::Named(names))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        matches!(self, Self::Named(names) if names.iter().any(|known| known == name))
    }

    /// An object with these properties.
    pub(super) fn show(&self, object: &Object) -> Map<String, Value> {
        let mut out = Map::new();
        match self {
            Self::Default => {
                out.insert("id".to_owned(), json!(object.id));
                for (name, rule) in rules(object.kind) {
                    if rule.shown {
                        out.insert(name.clone(), property(object, name));
                    }
                }
            }
            Self::Named(names) => {
                for name in names {
                    // Extensions without a value are absent, and so is `signInActivity` before the first sign-in.
                    let absent = is_extension(name) || name == "signInActivity";
                    if absent && object.props.get(name).is_none_or(Value::is_null) {
                        continue;
                    }
                    if is_extension(name) || find(object.kind, name).is_some() {
                        out.insert(name.clone(), property(object, name));
                    }
                }
            }
        }
        out
    }
}

/// One name of a `$select` in Graph's spelling; none where an undefined extension is ignored.
fn one(state: &State, name: &str, kind: Kind, scope: Scope<'_>) -> Result<Option<String>, Problem> {
    let unknown = || {
        Problem::new(
            400,
            "BadRequest",
            format!(
                "Parsing OData Select and Expand failed: Could not find a property named '{name}' on type '{}'.",
                kind.odata().trim_start_matches('#')
            ),
        )
    };
    if is_extension(name) {
        let defined = state.tenant.extension(name).and_then(|definition| definition["name"].as_str());
        return match defined {
            Some(defined) => Ok(Some(defined.to_owned())),
            None if state.lenience.on(Disputed::SelectUndefined) => Ok(None),
            None => Err(unknown()),
        };
    }
    let (name, rule) = find(kind, name).ok_or_else(unknown)?;
    if rule.unlisted && scope != Scope::One {
        return Err(Problem::new(501, "NotImplemented", format!("Property '{name}' cannot be listed.")));
    }
    Ok(Some(name.to_owned()))
}

/// One property as it is shown.
pub(super) fn property(object: &Object, name: &str) -> Value {
    match name {
        "id" => json!(object.id),
        "passwordProfile" => Value::Null,
        "deletedDateTime" => json!(object.deleted),
        // A known defect of the service, which its documentation states.
        "securityEnabled" if object.kind == Kind::Group && object.deleted.is_some() => json!(false),
        "onPremisesExtensionAttributes" if object.kind == Kind::User => {
            let kept = object.props.get(name);
            (1..=15)
                .map(|n| format!("extensionAttribute{n}"))
                .map(|key| {
                    let value = kept.and_then(|kept| kept.get(&key)).cloned().unwrap_or(Value::Null);
                    (key, value)
                })
                .collect::<Map<_, _>>()
                .into()
        }
        _ => object.props.get(name).cloned().unwrap_or_else(|| {
            if find(object.kind, name).is_some_and(|(_, rule)| rule.collection) { json!([]) } else { Value::Null }
        }),
    }
}

/// What `$expand` asks for.
pub(super) struct Expand {
    relation: &'static str,
    select: Select,
    /// How far a chain of managers is followed.
    levels: usize,
}

/// The relations that can be expanded.
const USER_RELATIONS: [&str; 3] = ["manager", "directReports", "memberOf"];
const GROUP_RELATIONS: [&str; 3] = ["members", "owners", "memberOf"];
/// The most items of an expanded relation.
const EXPANDED: usize = 20;

impl Expand {
    pub(super) fn parse(state: &State, text: Option<&str>, kind: Kind, list: bool) -> Result<Option<Self>, Problem> {
        let Some(text) = text else { return Ok(None) };
        let (relation, options) = match text.split_once('(') {
            Some((relation, options)) => (relation.trim(), options.strip_suffix(')').unwrap_or(options)),
            None => (text.trim(), ""),
        };
        let known = if kind == Kind::User { USER_RELATIONS } else { GROUP_RELATIONS };
        let relation = known.into_iter().find(|known| known.eq_ignore_ascii_case(relation)).ok_or_else(|| {
            Problem::new(400, "BadRequest", format!("The query specified in the URI is not valid: cannot expand '{text}'."))
        })?;
        let mut expand = Self { relation, select: Select::Default, levels: 1 };
        for option in options.split(';').filter(|option| !option.trim().is_empty()) {
            match option.trim().split_once('=') {
                Some(("$select", names)) => expand.select = Select::parse(state, Some(names), Kind::User, Scope::One)?,
                Some(("$levels", _)) if list || relation != "manager" => {
                    return Err(Problem::query("$levels is not supported when expanding a collection."));
                }
                Some(("$levels", "max")) => expand.levels = 1000,
                Some(("$levels", levels)) => {
                    let levels = levels.parse().ok().filter(|levels| (1..=1000).contains(levels));
                    expand.levels = levels.ok_or_else(|| Problem::query("$levels has to be from 1 to 1000, or max."))?;
                }
                _ => return Err(Problem::query(format!("The option '{option}' of $expand is not supported."))),
            }
        }
        Ok(Some(expand))
    }

    /// Adds the relation to the shown object.
    pub(super) fn apply(&self, state: &State, object: &Object, shown: &mut Map<String, Value>) {
        let show = |id: &String| state.tenant.live(id).map(|target| Value::Object(self.item(target)));
        let value: Option<Value> = match self.relation {
            "manager" => self.chain(state, object, self.levels),
            "members" => Some(object.members.keys().filter_map(show).take(EXPANDED).collect()),
            "owners" => Some(object.owners.keys().filter_map(show).take(EXPANDED).collect()),
            "memberOf" => {
                Some(state.tenant.groups_of(&object.id).iter().filter_map(|group| show(&group.id)).take(EXPANDED).collect())
            }
            _ => Some(state.tenant.reports(&object.id).iter().filter_map(show).take(EXPANDED).collect()),
        };
        if let Some(value) = value {
            shown.insert(self.relation.to_owned(), value);
        }
    }

    fn item(&self, target: &Object) -> Map<String, Value> {
        let mut one = Map::from_iter([("@odata.type".to_owned(), json!(target.kind.odata()))]);
        one.extend(self.select.show(target));
        one.entry("id").or_insert_with(|| json!(target.id));
        one
    }

    /// The manager, and within it the manager's, up to this many.
    fn chain(&self, state: &State, object: &Object, levels: usize) -> Option<Value> {
        let manager = state.tenant.live(object.manager.as_ref()?)?;
        let mut shown = self.item(manager);
        if levels > 1
            && let Some(next) = self.chain(state, manager, levels - 1)
        {
            shown.insert("manager".to_owned(), next);
        }
        Some(Value::Object(shown))
    }
}

/// An opaque token with this content.
pub(super) fn token(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// The content of a token, unless it is not one of ours.
pub(super) fn opened(token: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token).ok()?).ok()
}
