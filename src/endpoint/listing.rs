//! Lists: a page of all resources, or those that a filter finds.

use serde_json::Value;

use super::answer::{Answer, Refusal};
use super::operations::{Caller, shown, whole};
use crate::scim::{Filter, Operand, Operator, Page, Projection, ResourceKind, list_response};
use crate::store::pushed::{Lookup, PushStore, StoredResource};

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
    let (total, resources) = match filter {
        None => (store.count(&caller.feed, kind)?, store.page(&caller.feed, kind, page.start - 1, page.count)?),
        Some(filter) => found(store, caller, kind, (filter, *page))?,
    };
    let shown = resources.iter().map(|resource| shown(store, caller, resource, projection)).collect::<Result<_, _>>()?;
    Ok((total, shown))
}

/// The resources of a page that a filter finds, and how many it finds in all.
fn found(
    store: &PushStore,
    caller: &Caller,
    kind: ResourceKind,
    (filter, page): (&Filter, Page),
) -> Result<(u64, Vec<StoredResource>), Refusal> {
    filter.check(kind)?;
    // Members and groups are in rows of their own, and are read where the filter names them.
    let names = filter.to_string().to_ascii_lowercase();
    let (mut total, mut resources) = (0, Vec::new());
    let mut take = |resource: StoredResource| -> Result<(), Refusal> {
        let body = whole(store, caller, &resource, |name| names.contains(name))?;
        if filter.holds(kind, &body) {
            total += 1;
            if total >= page.start && (resources.len() as u64) < page.count {
                resources.push(resource);
            }
        }
        Ok(())
    };
    if let Some(lookup) = indexed(filter, kind) {
        store.find(&caller.feed, kind, &lookup)?.into_iter().try_for_each(&mut take)?;
    } else {
        let mut refused = None;
        store.each(&caller.feed, kind, |resource| {
            if refused.is_none() {
                refused = take(resource).err();
            }
            Ok(())
        })?;
        if let Some(refusal) = refused {
            return Err(refusal);
        }
    }
    Ok((total, resources))
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
