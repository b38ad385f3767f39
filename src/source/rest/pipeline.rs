//! The whole way of a reading: lists, joins, the row that counts, columns.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::Rest;
use super::error::{RestError, plain};
use super::http::client::Sender;
use super::incremental::{Rows, StoredRows, by_key};
use super::join::{Answers, Joined};
use super::list::repeats::{self, Listed};
use super::list::truncated;
use super::list::{Origin, Pages, Raw};
use super::row_selection::{Pick, Selection};
use super::settings::{Changes, PagingKind, Settings};
use super::shape::flatten::{self, Column, ColumnNames, Need, Piece, Projection, Seen};
use super::shape::path::Path;
use super::shape::template::Values;
use crate::diagnostic::{Note, NoteCode};
use crate::record::hex;
use crate::record::{Cell, Doubt, Header, Place, Record, UnnamedCells, trimmed};
use crate::source::Reading;

/// Reads everything; a list that moved meanwhile is read once more from its start.
pub(super) async fn read(rest: &Rest) -> Result<Reading, RestError> {
    match read_once(rest, Attempt::First).await {
        Err(fault) if fault.moved() => {
            tracing::warn!("{}: the list moved while it was read, it is read once more", rest.settings.name);
            let mut reading = read_once(rest, Attempt::Second).await?;
            let text = "the list moved while it was read: it was read a second time";
            reading.notes.push(Note::new(NoteCode::ListMoved, text).at(&rest.settings.name));
            Ok(reading)
        }
        read => read,
    }
}

/// Which reading of a list that moves it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Attempt {
    First,
    /// What is the same as at the first attempt is so in the service.
    Second,
}

async fn read_once(rest: &Rest, attempt: Attempt) -> Result<Reading, RestError> {
    let settings = &rest.settings;
    let values = values(rest);
    let sender = Sender::new(settings, values, rest.waits.clone())?;
    let mut table = Table::new(rest, attempt);
    let mut joins = Vec::new();
    for join in &settings.joins {
        joins.push(Joined::new(&sender, join).await?);
    }
    let mut keep = None;
    if let (Some(changes), Some(memory)) = (&settings.changes, &rest.memory) {
        let kept = memory.load().and_then(|bytes| StoredRows::usable(&bytes, rest, changes));
        let mut whole = with_changes(&sender, rest, changes, kept, &mut table).await?;
        hand_on(&sender, &mut whole, &mut joins, &mut table).await?;
        keep = Some((memory, whole));
    } else {
        let mut lists = Lists::new(&sender);
        while let Some(page) = lists.next(&sender, &mut joins).await? {
            page.into_iter().try_for_each(|raw| table.take(raw))?;
        }
    }
    for note in joins.iter().filter_map(Joined::note) {
        table.warn(note);
    }
    let reading = table.finish()?;
    // What is no reading is not built upon.
    if let Some((memory, mut whole)) = keep {
        memory.keep(&whole.bytes(rest.now)).map_err(RestError::NotKept)?;
    }
    Ok(reading)
}

fn values(rest: &Rest) -> Values {
    let mut values = Values(rest.settings.values.clone());
    values.0.insert("today".to_owned(), rest.day.to_string());
    values
}

/// The list and all others, page by page.
struct Lists<'s> {
    settings: &'s Settings,
    pages: Pages<'s>,
    /// None while the first list is read, then which of the others.
    other: Option<usize>,
    /// Whether the first list has had anybody.
    anybody: bool,
    /// Of each other list with `unless`: the values that the first list had there.
    known: Vec<HashSet<String>>,
}

impl<'s> Lists<'s> {
    fn new(sender: &Sender<'s>) -> Self {
        let settings = sender.settings;
        let pages = Pages::new(sender, &settings.list, sender.values.clone());
        Self { settings, pages, other: None, anybody: false, known: vec![HashSet::new(); settings.also.len()] }
    }

    async fn next(&mut self, sender: &Sender<'s>, joins: &mut [Joined<'_>]) -> Result<Option<Vec<Raw>>, RestError> {
        loop {
            if let Some(mut page) = self.pages.next(sender).await? {
                self.anybody |= !page.is_empty();
                let list = self.other.map_or(0, |other| other + 1);
                for raw in &mut page {
                    raw.origin.list = list;
                }
                self.judge(&mut page);
                for join in joins.iter_mut() {
                    join.attach(sender, &mut page).await?;
                }
                return Ok(Some(page));
            }
            // Records of the other lists do not make up for an empty first list: all its people would be missing.
            if !self.anybody {
                return Err(RestError::Empty);
            }
            let next = self.other.map_or(0, |other| other + 1);
            let Some(also) = self.settings.also.get(next) else { return Ok(None) };
            self.other = Some(next);
            self.pages = Pages::new(sender, &also.list, sender.values.clone());
        }
    }

    /// Skips records of people that an earlier list contained, and adds to the others what their list sets for all.
    fn judge(&mut self, page: &mut Vec<Raw>) {
        let Some(other) = self.other else {
            for (also, known) in self.settings.also.iter().zip(&mut self.known) {
                if let Some(path) = &also.unless {
                    known.extend(page.iter().filter_map(|raw| path.text(&raw.json)));
                }
            }
            return;
        };
        let also = &self.settings.also[other];
        if let Some(path) = &also.unless {
            page.retain(|raw| path.text(&raw.json).is_none_or(|key| !self.known[other].contains(&key)));
        }
        for raw in page {
            if let Some(record) = raw.json.as_object_mut() {
                record.extend(also.set.iter().map(|(name, text)| (name.clone(), text.as_str().into())));
            }
        }
    }
}

/// Everything, or what changed merged with what is kept.
async fn with_changes(
    sender: &Sender<'_>,
    rest: &Rest,
    changes: &Changes,
    kept: Option<StoredRows>,
    table: &mut Table<'_>,
) -> Result<StoredRows, RestError> {
    let no_key =
        |place: Place| RestError::Flatten(format!("{place}: the record has no `{}`, by which changes are merged", changes.key));
    let (mut rows, mut listed) = (Rows::new(), Listed::default());
    let mut once = |page: &[Raw]| page.iter().try_for_each(|raw| listed.take_by(&[&changes.key], raw));
    let Some(mut whole) = kept else {
        let mut lists = Lists::new(sender);
        while let Some(page) = lists.next(sender, &mut []).await? {
            once(&page)?;
            by_key(page, changes, &mut rows).map_err(no_key)?;
        }
        return Ok(StoredRows::new(rest, rows));
    };
    let mut request = sender.settings.list.clone();
    // What the list asks for under the same name gives way.
    request.query.retain(|(name, _)| changes.query.iter().all(|(other, _)| other != name));
    request.query.extend(changes.query.iter().cloned());
    let mut pages = Pages::new(sender, &request, sender.values.with("since", whole.mark(changes)));
    let mut count = 0;
    while let Some(page) = pages.next(sender).await? {
        count += page.len();
        once(&page)?;
        by_key(page, changes, &mut rows).map_err(no_key)?;
    }
    whole.follow(rows);
    table.note(NoteCode::ChangedRecords, count, format!("{count} records changed since the last reading"));
    Ok(whole)
}

/// Joined so many at a time.
const AT_ONCE: usize = 500;

/// Joins all records again, changed or not, and passes them on.
async fn hand_on(
    sender: &Sender<'_>,
    whole: &mut StoredRows,
    joins: &mut [Joined<'_>],
    table: &mut Table<'_>,
) -> Result<(), RestError> {
    let doubled = whole.doubled();
    if doubled > 0 {
        let text = format!("{doubled} keys of `changes` have several records: the next reading will be a full one");
        table.warn(Note::new(NoteCode::SharedKeys, text).count(doubled));
    }
    for rows in whole.rows().chunks_mut(AT_ONCE) {
        let mut page: Vec<Raw> = rows.iter().map(|row| row.raw()).collect();
        let mut known: Vec<&mut Answers> = rows.iter_mut().map(|row| &mut row.asked).collect();
        for join in joins.iter_mut() {
            join.attach_known(sender, &mut page, &mut known).await?;
        }
        page.into_iter().try_for_each(|raw| table.take(raw))?;
    }
    Ok(())
}

/// A record in its last form, before the columns of the reading are known.
struct Finished {
    place: Place,
    doubt: Option<Doubt>,
    /// The column of each cell, for the cells of records without declared columns.
    columns: Arc<[u32]>,
    cells: UnnamedCells,
}

impl Finished {
    /// The record, by the place of each column in the header; without one the cells already have their places.
    fn into_record(self, header: &Arc<Header>, positions: Option<&Positions>) -> Record {
        let Self { place, doubt, columns, cells } = self;
        let cells = match positions.filter(|positions| !positions.keep(&columns)) {
            None => cells,
            Some(positions) => {
                let mut row = vec![Cell::Null; header.len()];
                for (index, column) in columns.iter().enumerate() {
                    row[positions.of(*column)] = cells.get(index);
                }
                UnnamedCells::pack(row.iter().copied())
            }
        };
        let record = Record::from_unnamed(Arc::clone(header), place, cells);
        match doubt {
            Some(doubt) => record.in_doubt(doubt),
            None => record,
        }
    }
}

/// Where the columns of a reading stand in its header.
struct Positions {
    /// By the number of the column.
    of: Vec<usize>,
    width: usize,
}

impl Positions {
    fn of(&self, column: u32) -> usize {
        self.of[column as usize]
    }

    /// Whether these columns are those of the header, in its order.
    fn keep(&self, columns: &[u32]) -> bool {
        columns.len() == self.width && columns.iter().enumerate().all(|(index, column)| self.of(*column) == index)
    }
}

/// The columns of records, each sequence of them once.
#[derive(Default)]
struct Layouts {
    known: HashSet<Arc<[u32]>>,
    last: Arc<[u32]>,
}

impl Layouts {
    fn of(&mut self, row: &[(u32, Piece<'_>)]) -> Arc<[u32]> {
        let columns = || row.iter().map(|(column, _)| *column);
        if !columns().eq(self.last.iter().copied()) {
            let columns: Arc<[u32]> = columns().collect();
            if let Some(known) = self.known.get(&columns) {
                self.last = Arc::clone(known);
            } else {
                self.known.insert(Arc::clone(&columns));
                self.last = columns;
            }
        }
        Arc::clone(&self.last)
    }
}

/// Records on their way to a reading.
struct Table<'s> {
    rest: &'s Rest,
    /// Held back until all rows of a person are there.
    grouped: BTreeMap<String, Vec<Raw>>,
    /// Records in their last form.
    rows: Vec<Finished>,
    /// The names of columns, where none are declared: all are known when the last record has come.
    names: ColumnNames,
    layouts: Layouts,
    seen: Seen,
    attempt: Attempt,
    identity: Identity<'s>,
    listed: Listed,
    picked: Selection,
    /// How many records came with a part of a list, and which list that was first.
    cut: Option<(u64, String)>,
    digest: Sha256,
    /// The text of the record that is being counted, kept so that no record needs a text of its own.
    text: Vec<u8>,
    notes: Vec<Note>,
}

impl<'s> Table<'s> {
    fn new(rest: &'s Rest, attempt: Attempt) -> Self {
        Self {
            rest,
            attempt,
            identity: Identity::of(&rest.settings),
            listed: Listed::default(),
            grouped: BTreeMap::new(),
            rows: Vec::new(),
            names: ColumnNames::default(),
            layouts: Layouts::default(),
            seen: Seen::new(rest.settings.columns.len()),
            picked: Selection::default(),
            cut: None,
            digest: Sha256::new(),
            text: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn settings(&self) -> &'s Settings {
        &self.rest.settings
    }

    /// A note that the user should not overlook.
    fn warn(&mut self, note: Note) {
        let name = &self.settings().name;
        tracing::warn!("{name}: {note}");
        self.notes.push(note.at(name));
    }

    fn note(&mut self, code: NoteCode, count: impl TryInto<u64>, text: String) {
        self.notes.push(Note::new(code, text).count(count).at(&self.rest.settings.name));
    }

    fn take(&mut self, raw: Raw) -> Result<(), RestError> {
        if raw.origin.page > 0 {
            let listed = match &self.identity {
                Identity::One | Identity::Columns(_) | Identity::Names(_) => Ok(()),
                Identity::Whole => self.listed.take_whole(&raw),
                Identity::Row(paths) => self.listed.take_by(paths, &raw),
            };
            self.allow(listed)?;
        }
        let grouping = self.settings().picks.iter().find_map(|pick| pick.by.as_ref());
        match grouping.map(|by| by.text(&raw.json)) {
            // A row without a key is passed on unchanged: the mapping holds it.
            None | Some(None) => self.convert(raw),
            Some(Some(key)) => {
                self.grouped.entry(key).or_default().push(raw);
                Ok(())
            }
        }
    }

    /// Lets a record pass that is in two lists at the second attempt too: that is how the service has it, and the mapping holds both.
    fn allow(&self, listed: Result<(), RestError>) -> Result<(), RestError> {
        match listed {
            Err(RestError::InTwoLists { .. }) if self.attempt == Attempt::Second => Ok(()),
            listed => listed,
        }
    }

    /// Takes down the key of a finished record.
    fn once<'v>(&mut self, cells: impl Iterator<Item = Cell<'v>>, origin: Origin, place: &Place) -> Result<(), RestError> {
        let texts: Vec<Cow<'_, str>> = cells.map(key_text).collect();
        let Some(identity) = repeats::identity(texts.iter().map(AsRef::as_ref)).filter(|_| origin.page > 0) else {
            return Ok(());
        };
        let listed = self.listed.take(identity, origin, place);
        self.allow(listed)
    }

    fn convert(&mut self, raw: Raw) -> Result<(), RestError> {
        let settings = self.settings();
        self.text.clear();
        serde_json::to_writer(&mut self.text, &raw.json).expect("a value of JSON is one");
        self.text.push(0);
        self.digest.update(&self.text);
        if settings.picks.is_empty() {
            return self.project(raw);
        }
        let Raw { place, json, origin, doubt } = raw;
        let mut records = vec![json];
        for pick in &settings.picks {
            let apply = |record| pick.apply(record, self.rest.day, settings.zone(), &mut self.picked);
            records = records.into_iter().flat_map(apply).collect();
        }
        records.into_iter().try_for_each(|json| self.project(Raw { place: place.clone(), json, origin, doubt: doubt.clone() }))
    }

    fn project(&mut self, raw: Raw) -> Result<(), RestError> {
        let settings = self.settings();
        if let Some(list) = truncated::needed(&raw.json, paths(settings)) {
            self.cut.get_or_insert((0, list)).0 += 1;
        }
        let Settings { false_is_nothing, nothing, .. } = settings;
        let manner = Projection { zone: settings.zone(), false_is_nothing: *false_is_nothing, nothing };
        let Raw { place, json, origin, doubt } = raw;
        let (columns, cells) = if settings.columns.is_empty() {
            let row = flatten::all(&json, &manner, &mut self.names);
            let row = row.map_err(|why| RestError::Flatten(format!("{place}: {why}")))?;
            if let Identity::Names(names) = self.identity {
                let numbers: Vec<Option<u32>> = names.iter().map(|name| self.names.find(name)).collect();
                let cell = |number: Option<u32>| row.iter().find(|(column, _)| Some(*column) == number);
                let cells = numbers.into_iter().map(|number| cell(number).map_or(Cell::Null, |(_, piece)| piece.as_cell()));
                self.once(cells, origin, &place)?;
            }
            (self.layouts.of(&row), UnnamedCells::pack(row.iter().map(|(_, piece)| piece.as_cell())))
        } else {
            let row = flatten::declared(&json, &settings.columns, &manner, &mut self.seen);
            if let Identity::Columns(indexes) = &self.identity {
                let cells = indexes.clone().into_iter().map(|index| row[index].as_cell());
                self.once(cells, origin, &place)?;
            }
            (Arc::clone(&self.layouts.last), UnnamedCells::pack(row.iter().map(Piece::as_cell)))
        };
        self.rows.push(Finished { place, doubt, columns, cells });
        Ok(())
    }

    /// Of the rows of each person, the one that counts; all of them where they cannot be ranked.
    fn choose(&mut self) -> Result<(), RestError> {
        let settings = self.settings();
        let Some(pick) = settings.picks.iter().find(|pick| pick.by.is_some()) else { return Ok(()) };
        for (_, raws) in std::mem::take(&mut self.grouped) {
            let chosen = chosen(pick, &raws, self.rest, &mut self.picked);
            // Another row of the person may have met a partner of somebody else.
            let doubt = raws.iter().find_map(|raw| raw.doubt.clone());
            for (_, raw) in raws.into_iter().enumerate().filter(|(index, _)| chosen.contains(index)) {
                self.convert(Raw { doubt: doubt.clone(), ..raw })?;
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Reading, RestError> {
        self.choose()?;
        let Selection { chosen, ties, unclear } = self.picked;
        if let Some((records, list)) = self.cut.take() {
            return Err(RestError::Cut { records, list: plain(&list) });
        }
        if chosen > 0 {
            let text = format!("{chosen} people have several rows or employments: the one that counts was taken");
            self.note(NoteCode::SeveralRows, chosen, text);
        }
        if ties > 0 {
            let text =
                format!("{ties} people have several rows that count alike: a [[source.pick]] should say which is preferred");
            self.warn(Note::new(NoteCode::AlikeRows, text).count(ties));
        }
        if unclear > 0 {
            let text = format!(
                "{unclear} people have several rows that cannot be ranked, and are held: a value of the rule is unreadable"
            );
            self.warn(Note::new(NoteCode::UnrankedRows, text).count(unclear));
        }
        let settings = self.settings();
        if self.rows.is_empty() {
            return Err(RestError::Empty);
        }
        let (header, positions) = if settings.columns.is_empty() { self.found_columns()? } else { self.declared_columns()? };
        let record = |row: Finished| row.into_record(&header, positions.as_ref());
        let records: Vec<Record> = std::mem::take(&mut self.rows).into_iter().map(record).collect();
        let sha256 = hex(&self.digest.finalize());
        let text = format!("{}: {} records", settings.name, records.len());
        let mut notes = vec![Note::new(NoteCode::RecordsRead, text).count(records.len()).at(&settings.name)];
        notes.append(&mut self.notes);
        Ok(Reading { name: settings.name.clone(), header, records: records.into(), sha256, notes })
    }

    /// Every column that a record has, in the order of their names.
    fn found_columns(&self) -> Result<(Arc<Header>, Option<Positions>), RestError> {
        let used: HashSet<u32> = self.layouts.known.iter().flat_map(|columns| columns.iter().copied()).collect();
        let mut named: Vec<(&str, u32)> = used.into_iter().map(|column| (self.names.name(column), column)).collect();
        named.sort_unstable();
        let header = header(named.iter().map(|(name, _)| *name))?;
        let mut of = vec![0; self.names.len()];
        for (position, (_, column)) in named.iter().enumerate() {
            of[*column as usize] = position;
        }
        Ok((header, Some(Positions { of, width: named.len() })))
    }

    /// A column that no record has, or that is empty in all of several, is a lost permission, and not every person's value cleared.
    fn declared_columns(&self) -> Result<(Arc<Header>, Option<Positions>), RestError> {
        let columns = &self.settings().columns;
        let Seen { there, filled } = &self.seen;
        let several = self.rows.len() >= SEVERAL;
        let named = |without: &dyn Fn(usize, Need) -> bool| -> Vec<String> {
            let without = columns.iter().enumerate().filter(|(index, column)| without(*index, column.need));
            without.map(|(_, column)| column_with_paths(column)).collect()
        };
        let lost = named(&|index, need| need != Need::Nothing && !there[index]);
        let empty = named(&|index, need| several && need == Need::Value && there[index] && !filled[index]);
        if !lost.is_empty() || !empty.is_empty() {
            return Err(RestError::Columns { lost, empty });
        }
        let header = header(columns.iter().map(|column| column.name.as_str()))?;
        Ok((header, None))
    }
}

fn header<'n>(names: impl Iterator<Item = &'n str>) -> Result<Arc<Header>, RestError> {
    let header = Header::new(names).map_err(|name| RestError::Flatten(format!("two columns are called `{name}`")))?;
    Ok(Arc::new(header))
}

/// So many records without a value in a column are no accident.
const SEVERAL: usize = 5;

fn column_with_paths(column: &Column) -> String {
    let paths: Vec<&str> = column.paths.iter().map(Path::as_str).collect();
    format!("`{}` (column `{}`)", paths.join("` or `"), column.name)
}

/// By what a record is known again on another page.
enum Identity<'s> {
    /// There is one page.
    One,
    /// By all of its values: the mapping's key is not known.
    Whole,
    /// By the values that distinguish the rows of one person: the list has several.
    Row(Vec<&'s Path>),
    /// By these declared columns, of which the mapping makes its key.
    Columns(Vec<usize>),
    /// By columns of these names.
    Names(&'s [String]),
}

impl<'s> Identity<'s> {
    fn of(settings: &'s Settings) -> Self {
        let paged = !matches!(settings.list.paging.kind, PagingKind::None);
        if !paged && settings.also.is_empty() {
            return Self::One;
        }
        if let Some((pick, by)) = settings.picks.iter().find_map(|pick| Some((pick, pick.by.as_ref()?))) {
            return match (&pick.from, &pick.sequence) {
                (Some(from), Some(sequence)) => Self::Row(vec![by, from, sequence]),
                _ => Self::Whole,
            };
        }
        if settings.key.is_empty() {
            return Self::Whole;
        }
        if settings.columns.is_empty() {
            return Self::Names(&settings.key);
        }
        let position = |name: &String| settings.columns.iter().position(|column| trimmed(&column.name) == trimmed(name));
        settings.key.iter().map(position).collect::<Option<Vec<usize>>>().map_or(Self::Whole, Self::Columns)
    }
}

fn key_text(cell: Cell<'_>) -> Cow<'_, str> {
    match cell {
        Cell::Null => Cow::Borrowed(""),
        Cell::Text(text) => Cow::Borrowed(text),
        Cell::Flag(flag) => Cow::Owned(flag.to_string()),
        Cell::List(items) => Cow::Owned(items.join("\u{1f}")),
    }
}

/// Where a record is looked into; nowhere in particular where every value becomes a column.
fn paths(settings: &Settings) -> impl Iterator<Item = &Path> {
    let picked = settings.picks.iter().filter_map(|pick| pick.at.as_ref());
    let others = picked.chain(settings.joins.iter().map(|join| &join.on)).filter(|_| !settings.columns.is_empty());
    settings.columns.iter().flat_map(|column| &column.paths).chain(others)
}

fn chosen(pick: &Pick, raws: &[Raw], rest: &Rest, notes: &mut Selection) -> Vec<usize> {
    let rows: Vec<&serde_json::Value> = raws.iter().map(|raw| &raw.json).collect();
    pick.choose(&rows, rest.day, rest.settings.zone(), notes)
}
