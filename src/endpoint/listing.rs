//! Lists: a page of all resources, or those that a filter finds.

use serde_json::Value;

use super::answer::{Answer, Refusal};
use super::operations::{Caller, shown, whole};
use crate::scim::{ErrorKind, Filter, Operand, Operator, Page, Projection, ResourceKind, ScimError, list_response};
use crate::store::pushed::{Lookup, PushStore, StoredResource};

/// The largest page, in bytes of memory. One that were cut short would be taken for the end of the list.
const MAX_PAGE: usize = 32_000_000;
const TOO_LARGE: &str = "the resources of this page are too large for one answer: ask for fewer with `count`, or without members by excludedAttributes=members";

/// What a list is asked for.
#[derive(Clone, Debug)]
pub(super) struct Query {
    pub(super) filter: Option<Filter>,
    pub(super) page: Page,
    pub(super) projection: Projection,
}

pub(super) fn list(store: &PushStore, caller: &Caller, kind: ResourceKind, query: &Query) -> Result<Answer, Refusal> {
    let (total, resources) = selected(store, caller, kind, query)?;
    Ok(Answer::ok(list_response(total, query.page, resources)))
}

/// Searches users, then groups. A filter need not fit both.
pub(super) fn list_all(store: &PushStore, caller: &Caller, query: &Query) -> Result<Answer, Refusal> {
    let users = selected(store, caller, ResourceKind::User, query);
    let (before, mut resources) = match &users {
        Ok((total, resources)) => (*total, resources.clone()),
        Err(_) => (0, Vec::new()),
    };
    let page = Page {
        start: query.page.start.saturating_sub(before).max(1),
        count: query.page.count - (resources.len() as u64).min(query.page.count),
    };
    let groups = selected(store, caller, ResourceKind::Group, &Query { page, ..query.clone() });
    let after = match (groups, users) {
        (Ok((total, groups)), _) => {
            resources.extend(groups);
            total
        }
        (Err(_), Ok(_)) => 0,
        (Err(refusal), Err(_)) => return Err(refusal),
    };
    Ok(Answer::ok(list_response(before + after, query.page, resources)))
}

/// How many resources a query finds, and those of its page as they are answered.
fn selected(store: &PushStore, caller: &Caller, kind: ResourceKind, query: &Query) -> Result<(u64, Vec<Value>), Refusal> {
    let Query { filter, page, projection } = query;
    let mut answer = PageAnswer { store, caller, projection, resources: Vec::new(), bytes: 0 };
    let total = match filter {
        None => {
            store.walk(&caller.feed, kind, (page.start - 1, page.count), |resource| answer.add(&resource))?;
            store.count(&caller.feed, kind)?
        }
        Some(filter) => found(kind, (filter, *page), &mut answer)?,
    };
    Ok((total, answer.resources))
}

/// The resources of a page, which have a largest size in all.
struct PageAnswer<'a> {
    store: &'a PushStore,
    caller: &'a Caller,
    projection: &'a Projection,
    resources: Vec<Value>,
    bytes: usize,
}

impl PageAnswer<'_> {
    fn add(&mut self, resource: &StoredResource) -> Result<(), Refusal> {
        let body = shown(self.store, self.caller, resource, self.projection)?;
        self.bytes += size(&body);
        // One resource alone is always answered.
        if self.bytes > MAX_PAGE && !self.resources.is_empty() {
            return Err(ScimError::new(ErrorKind::TooMany, TOO_LARGE).into());
        }
        self.resources.push(body);
        Ok(())
    }
}

/// The memory that a value takes, roughly.
fn size(value: &Value) -> usize {
    32 + match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(parts) => parts.iter().map(|(name, part)| 48 + name.len() + size(part)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

/// How many resources a filter finds in all. Those of the page are added to the answer.
fn found(kind: ResourceKind, (filter, page): (&Filter, Page), answer: &mut PageAnswer<'_>) -> Result<u64, Refusal> {
    filter.check(kind)?;
    let (store, caller) = (answer.store, answer.caller);
    // Members and groups are in rows of their own, and are read where the filter names them.
    let names = filter.to_string().to_ascii_lowercase();
    let mut total = 0;
    let take = |resource: StoredResource| -> Result<(), Refusal> {
        let body = whole(store, caller, &resource, |name| names.contains(name))?;
        if filter.holds(kind, &body) {
            total += 1;
            if total >= page.start && (answer.resources.len() as u64) < page.count {
                answer.add(&resource)?;
            }
        }
        Ok(())
    };
    if let Some(lookup) = indexed(filter, kind) {
        store.find(&caller.feed, kind, &lookup)?.into_iter().try_for_each(take)?;
    } else {
        store.walk(&caller.feed, kind, (0, u64::MAX), take)?;
    }
    Ok(total)
}

/// The look-up that finds every resource for which the filter can hold.
fn indexed(filter: &Filter, kind: ResourceKind) -> Option<Lookup<'_>> {
    let terms = filter.conjunction()?;
    let terms =
        terms.into_iter().filter(|(path, operator, _)| *operator == Operator::Eq && path.urn.is_none() && path.filter.is_none());
    let mut terms = terms;
    terms.find_map(|(path, _, operand)| {
        let Operand::Text(text) = operand else { return None };
        let is_member = kind == ResourceKind::Group && path.name.eq_ignore_ascii_case("members");
        match &path.part {
            None if path.is_core("id") => Some(Lookup::Id(text)),
            None if path.is_core("externalId") => Some(Lookup::ExternalId(text)),
            None if path.is_core(kind.name_attribute()) => Some(Lookup::Name(text)),
            None if is_member => Some(Lookup::Member(text)),
            Some(part) if is_member && part.eq_ignore_ascii_case("value") => Some(Lookup::Member(text)),
            _ => None,
        }
    })
}
