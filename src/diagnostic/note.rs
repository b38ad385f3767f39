//! Notes: what a run found that is no fault.
//!
//! The text of a note is for the person at the terminal and may name people. The log gets its code, a count and a place, which have no
//! personal value.

use std::fmt;

/// What a note is about, for the log and for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoteCode {
    /// The form of a file, as it was recognised.
    FileForm,
    /// A file was unpacked.
    Unpacked,
    /// The number of records that a source returned.
    RecordsRead,
    /// Rows of another time, or of another employment.
    RowsNotInForce,
    /// People with rows between which the rule cannot choose.
    UnrankedRows,
    /// People with rows that count alike.
    AlikeRows,
    /// People with several rows, of which one was taken.
    SeveralRows,
    /// Rows of a second file or list without a record in the first.
    StrayRows,
    /// Records without a row in a second file or list.
    LoneRecords,
    /// A list moved and was read twice.
    ListMoved,
    /// Records that changed since the last reading.
    ChangedRecords,
    /// Changed records that share their key.
    SharedKeys,
    /// Pushed people whom the sender deleted.
    DeletedPeople,
    /// Pushed people whom the sender deleted long ago, and whose records ended.
    EndedTombstones,
    /// The same file as in an earlier good run.
    RepeatedFile,
    /// Mapped columns in which no record has a value.
    EmptyColumns,
    /// The first run of a feed.
    FirstRun,
    /// An entry of `[protect]` that protects nothing.
    IdleProtection,
    /// A key of `--only` that is not known.
    UnknownPerson,
    /// Eligible roles that could not be read.
    UnreadRoles,
    /// A circle of managers.
    ManagerCircle,
    /// Missing people that are listed and not disabled.
    MissingInDoubt,
    /// Missing people that a decision keeps.
    KeptPeople,
    /// The state folder has nothing about the tenant.
    NoEarlierState,
    /// The mapping sets no time zone.
    NoTimeZone,
    /// Changes that no longer fit the tenant.
    LeftOut,
    /// Steps that the target cannot do.
    NotSupported,
    /// A run that changed nothing.
    NothingToUndo,
    /// A plan without a copy in the state folder.
    NoPlanCopy,
    /// Access passes without a recipient.
    UndeliveredPasses,
    /// A clock that differs.
    ClockDiffers,
    /// A clock that could not be compared.
    ClockUnchecked,
}

impl NoteCode {
    /// The word for it in the log.
    pub fn as_str(self) -> &'static str {
        self.about().0
    }

    /// A sentence without a value of a person.
    pub fn sentence(self) -> &'static str {
        self.about().1
    }

    fn about(self) -> (&'static str, &'static str) {
        match self {
            Self::FileForm => ("file-form", "the form of a file was recognised"),
            Self::Unpacked => ("unpacked", "a file was unpacked"),
            Self::RecordsRead => ("records-read", "the source returned its records"),
            Self::RowsNotInForce => ("rows-not-in-force", "rows of another time or employment were left out"),
            Self::UnrankedRows => ("unranked-rows", "people have several rows between which the rule cannot choose"),
            Self::AlikeRows => ("alike-rows", "people have several rows that count alike"),
            Self::SeveralRows => ("several-rows", "people have several rows, and the one that counts was taken"),
            Self::StrayRows => ("stray-rows", "rows have no record to be joined to"),
            Self::LoneRecords => ("lone-records", "records have no row to be joined with"),
            Self::ListMoved => ("list-moved", "the list moved while it was read, and was read a second time"),
            Self::ChangedRecords => ("changed-records", "records changed since the last reading"),
            Self::SharedKeys => ("shared-keys", "changed records share their key, so the next reading will be a full one"),
            Self::DeletedPeople => ("deleted-people", "pushed people were deleted by the sender"),
            Self::EndedTombstones => ("ended-tombstones", "people that the sender deleted long ago are no longer records"),
            Self::RepeatedFile => ("repeated-file", "the file is the same as in an earlier good run"),
            Self::EmptyColumns => ("empty-columns", "first reading of the feed: no record has a value in these columns"),
            Self::FirstRun => ("first-run", "first run for this feed"),
            Self::IdleProtection => ("idle-protection", "an entry of [protect] names no user or group of this tenant"),
            Self::UnknownPerson => ("unknown-person", "neither the reading nor an earlier run knows a key of --only"),
            Self::UnreadRoles => ("unread-roles", "eligible role assignments could not be read"),
            Self::ManagerCircle => ("manager-circle", "HR names a circle of managers"),
            Self::MissingInDoubt => ("missing-in-doubt", "missing people are listed, but not disabled"),
            Self::KeptPeople => ("kept-people", "missing people keep their accounts by decisions"),
            Self::NoEarlierState => ("no-earlier-state", "no earlier state for this tenant in the state folder"),
            Self::NoTimeZone => ("no-time-zone", "the mapping sets no `time_zone`; using UTC"),
            Self::LeftOut => ("left-out", "changes no longer fit the tenant and are left out"),
            Self::NotSupported => ("not-supported", "the mapping names steps that the target cannot do, and they are left out"),
            Self::NothingToUndo => ("nothing-to-undo", "the run changed nothing, so there is nothing to undo"),
            Self::NoPlanCopy => ("no-plan-copy", "this state folder has no copy of the plan, so it needs an approval"),
            Self::UndeliveredPasses => ("undelivered-passes", "Temporary Access Passes are created but not delivered"),
            Self::ClockDiffers => ("clock-differs", "this machine's clock differs, so nothing is written to the ledger"),
            Self::ClockUnchecked => ("clock-unchecked", "the tenant sends no time to compare this machine's clock with"),
        }
    }
}

/// A note with its text for people, and with the fields that the log may have.
///
/// ```
/// use hrpush::diagnostic::{Note, NoteCode};
///
/// let note = Note::new(NoteCode::LoneRecords, "persons.csv: 2 records have no row in contracts.csv").count(2).at("persons.csv");
/// assert_eq!((note.code().as_str(), note.counted(), note.place()), ("lone-records", Some(2), Some("persons.csv")));
/// assert_eq!(note.to_string(), "persons.csv: 2 records have no row in contracts.csv");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    code: NoteCode,
    text: String,
    count: Option<u64>,
    place: Option<String>,
}

impl Note {
    /// A note with its text for people. The text may name people.
    pub fn new(code: NoteCode, text: impl Into<String>) -> Self {
        Self { code, text: text.into(), count: None, place: None }
    }

    /// With a number of records, people or changes.
    #[must_use]
    pub fn count(self, count: impl TryInto<u64>) -> Self {
        Self { count: count.try_into().ok(), ..self }
    }

    /// With the name of a file, a source or columns. It must have no personal value.
    #[must_use]
    pub fn at(self, place: impl Into<String>) -> Self {
        Self { place: Some(place.into()), ..self }
    }

    /// With another text and the same fields.
    #[must_use]
    pub fn with_text(self, text: impl FnOnce(&str) -> String) -> Self {
        Self { text: text(&self.text), ..self }
    }

    /// What the note is about.
    pub fn code(&self) -> NoteCode {
        self.code
    }

    /// The text for people.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many records, people or changes it is about.
    pub fn counted(&self) -> Option<u64> {
        self.count
    }

    /// The file, the source or the columns that it is about.
    pub fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
