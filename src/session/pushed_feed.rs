//! The reading of a pushed feed, and which feeds a token may name.

use std::collections::BTreeSet;

use super::error::Failure;
use super::mapped_reading::{MappedReading, ReadOptions, load};
use super::settings::Settings;
use crate::config::{ScimSource, SourceKind};
use crate::mapping::Mapping;
use crate::report::shown;
use crate::source::{PushedFeed, PushedRecord, Reading};
use crate::store::pushed::{PushStore, PushedArrival};

/// Reads the feed and binds the mapping to its columns.
pub(crate) fn read(settings: &Settings, source: &ScimSource, options: &ReadOptions) -> Result<MappedReading, Failure> {
    let named = options.mapping.as_deref().or(settings.mapping());
    let path = named.ok_or_else(|| Failure::usage("a pushed feed needs `mapping` in [source]"))?;
    let mapping = load(path)?;
    if mapping.name() != source.feed {
        return Err(Failure::usage(format!(
            "[source] names the feed `{}`, and the mapping {} is `{}`\n  hint: both are the name to which tokens push",
            shown(&source.feed),
            path.display(),
            shown(mapping.name())
        )));
    }
    MappedReading::of_system(reading(settings, source, columns(&mapping))?, mapping)
}

/// The same without a mapping, for a first look.
pub(crate) fn read_plainly(settings: &Settings, source: &ScimSource) -> Result<Reading, Failure> {
    let columns = settings.mapping().and_then(|path| load(path).ok()).map(|mapping| columns(&mapping)).unwrap_or_default();
    reading(settings, source, columns)
}

fn columns(mapping: &Mapping) -> BTreeSet<String> {
    let required = mapping.required().into_iter().map(str::to_owned);
    mapping.columns().into_iter().chain(required).collect()
}

fn reading(settings: &Settings, source: &ScimSource, columns: BTreeSet<String>) -> Result<Reading, Failure> {
    let people = match PushStore::open_existing(&settings.state)? {
        Some(store) => store.people(&source.feed)?,
        None => Vec::new(),
    };
    let people = people.into_iter().map(|person| PushedRecord {
        id: person.id,
        body: person.body,
        is_deleted: person.is_deleted,
        groups: person.groups,
        manager: person.manager,
    });
    Ok(PushedFeed { name: source.feed.clone(), people: people.collect(), columns }.reading())
}

/// When each value of a record arrived, and by which token.
pub(crate) fn arrivals(settings: &Settings, resource: &str) -> Result<Vec<PushedArrival>, Failure> {
    let Some(SourceKind::Scim(source)) = settings.config.source.as_ref().map(|source| &source.kind) else {
        return Ok(Vec::new());
    };
    let Some(store) = PushStore::open_existing(&settings.state)? else { return Ok(Vec::new()) };
    let person = store.people(&source.feed)?.into_iter().find(|person| format!("/Users/{}", person.id) == resource);
    Ok(person.map(|person| person.arrivals).unwrap_or_default())
}

/// Refuses a feed that no configured mapping has: its records would never be read.
pub(crate) fn check_feed(settings: &Settings, feed: &str) -> Result<(), Failure> {
    let path = settings.mapping().ok_or_else(|| {
        Failure::usage(
            "no mapping is configured, so no feed exists\n  hint: `hrpush init --preset scim-push` writes a configuration",
        )
    })?;
    let mapping = load(path)?;
    if mapping.name() == feed {
        return Ok(());
    }
    let (feed, known) = (shown(feed), shown(mapping.name()));
    Err(Failure::usage(format!("no configured mapping is called `{feed}`\n  hint: the mapping {} is `{known}`", path.display())))
}
