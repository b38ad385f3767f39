//! The reading of a pushed feed, and which feeds a token may name.

use std::collections::{BTreeSet, HashSet};

use super::error::Failure;
use super::mapped_reading::{MappedReading, ReadOptions, load};
use super::plan::PlanResult;
use super::settings::Settings;
use crate::config::{ScimSource, SourceKind};
use crate::diagnostic::{Note, NoteCode};
use crate::directory::Snapshot;
use crate::mapping::Mapping;
use crate::plan::FeedGroup;
use crate::record::At;
use crate::report::shown;
use crate::source::{PushedFeed, PushedMembership, PushedRecord, Reading};
use crate::store::pushed::{PushStore, PushedArrival, PushedFeedRows, PushedGroupRow, PushedMembershipRow};

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
    let (reading, feed_groups) = reading(settings, source, columns(&mapping))?;
    Ok(MappedReading { feed_groups, ..MappedReading::of_system(reading, mapping)? })
}

/// The same without a mapping, for a first look.
pub(crate) fn read_plainly(settings: &Settings, source: &ScimSource) -> Result<Reading, Failure> {
    let columns = settings.mapping().and_then(|path| load(path).ok()).map(|mapping| columns(&mapping)).unwrap_or_default();
    Ok(reading(settings, source, columns)?.0)
}

fn columns(mapping: &Mapping) -> BTreeSet<String> {
    let required = mapping.required().into_iter().map(str::to_owned);
    mapping.columns().into_iter().chain(required).collect()
}

fn reading(settings: &Settings, source: &ScimSource, columns: BTreeSet<String>) -> Result<(Reading, Vec<FeedGroup>), Failure> {
    let rows = match PushStore::open_existing(&settings.state)? {
        Some(store) => store.feed(&source.feed)?,
        None => PushedFeedRows::default(),
    };
    let membership = |PushedMembershipRow { key, name }: PushedMembershipRow| PushedMembership { key, name };
    let people = rows.people.into_iter().map(|person| PushedRecord {
        id: person.id,
        body: person.body,
        is_deleted: person.is_deleted,
        groups: person.groups.into_iter().map(membership).collect(),
        manager: person.manager,
    });
    let reading = PushedFeed { name: source.feed.clone(), people: people.collect(), columns }.reading();
    let group = |PushedGroupRow { key, name, pending, nested }: PushedGroupRow| FeedGroup { key, name, pending, nested };
    Ok((reading, rows.groups.into_iter().map(group).collect()))
}

/// Notes which tombstones have no enabled account any more, and drops those for which that is long so. Returns a note if some went.
pub(crate) fn settle_tombstones(
    settings: &Settings,
    read: &MappedReading,
    result: &PlanResult,
    snapshot: &Snapshot,
) -> Result<Option<Note>, Failure> {
    let Some(SourceKind::Scim(source)) = settings.config.source.as_ref().map(|source| &source.kind) else { return Ok(None) };
    let Some(store) = PushStore::open_existing(&settings.state)?.filter(|_| read.queried) else { return Ok(None) };
    let is_open = |key: &str| {
        let account = result.ledger.people.get(key).map(|known| &known.id);
        account.and_then(|id| snapshot.users.get(id)).is_some_and(|user| user.enabled != Some(false))
    };
    let matched: HashSet<_> = result
        .survey
        .matched
        .iter()
        .filter(|(_, user)| snapshot.users.at(*user).to_user().enabled != Some(false))
        .map(|(person, _)| *person)
        .collect();
    let people: Vec<_> = result.people.numbers().collect();
    let (mut at, mut closed) = (0, BTreeSet::new());
    read.reading.records.each(|record| {
        let person = people.get(at).copied();
        at += 1;
        // A record without a key has no account that a run could ever disable.
        let has_account = person.is_none_or(|person| matched.contains(&person) || result.people.key(person).is_some_and(is_open));
        if let (At::Pointer(resource), false) = (&record.place().at, has_account) {
            closed.insert(resource.trim_start_matches("/Users/").to_owned());
        }
    })?;
    let closed = closed.iter().map(String::as_str).collect();
    let gone = store.settle(&source.feed, &closed, jiff::Timestamp::now())?;
    let note = || {
        let text = format!("{gone} people that the sender deleted long ago are no longer records of the feed");
        Note::new(NoteCode::EndedTombstones, text).count(gone as u64)
    };
    Ok((gone > 0).then(note))
}

/// When each value of a record arrived, and by which token.
pub(crate) fn arrivals(settings: &Settings, resource: &str) -> Result<Vec<PushedArrival>, Failure> {
    let Some(SourceKind::Scim(source)) = settings.config.source.as_ref().map(|source| &source.kind) else {
        return Ok(Vec::new());
    };
    let Some(store) = PushStore::open_existing(&settings.state)? else { return Ok(Vec::new()) };
    Ok(store.arrivals(&source.feed, resource.trim_start_matches("/Users/"))?)
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
