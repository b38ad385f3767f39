//! Why a service could not be read whole.

use crate::diagnostic::network::NetworkFault;
use crate::record::Place;
use crate::source::error::{Fault, FaultKind, FaultLocation};

/// A reading that broke off. What came until then is thrown away: a person missing from a list looks exactly like a leaver.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RestError {
    #[error("{0}")]
    Secret(String),
    #[error("the settings cannot be used: {0}")]
    Unusable(String),
    #[error("{what}: the service cannot be reached, tried {tries} times: {network}")]
    Unreachable { what: String, tries: u32, network: NetworkFault },
    #[error("{what}: answered {status}{}{}", explained(said.as_deref()), tried(*tries))]
    Answered { what: String, status: u16, said: Option<String>, tries: u32 },
    #[error("{what}: the service asks to wait {seconds} seconds, which is more than `longest_wait`")]
    LongWait { what: String, seconds: u64 },
    #[error("{what}: answered {status}, a redirect, which is not followed")]
    Redirect { what: String, status: u16 },
    #[error("{what}: the answer has more than {most} bytes")]
    TooLarge { what: String, most: u64 },
    #[error("{what}: the answer cannot be read: {why}")]
    Unreadable { what: String, why: String },
    #[error("{what}: the answer cannot be decoded: {why}")]
    Undecodable { what: String, why: String },
    #[error("{what}: the answer has no `{path}`{}", explained(said.as_deref()))]
    NoRecords { what: String, path: String, said: Option<String> },
    #[error("{what}: the answer is an object where a list is expected{}", explained(said.as_deref()))]
    NoList { what: String, said: Option<String> },
    #[error("{what}: the answer reports a fault{}", explained(said.as_deref()))]
    Faulty { what: String, status: Option<u16>, said: Option<String> },
    #[error("{what}: no token: {why}")]
    NoToken { what: String, why: String },
    #[error("{what}: the link to the next page leads to {origin}, not to {ours}")]
    ForeignLink { what: String, origin: String, ours: String },
    #[error("{what}: the answer has a record that is {kind}, not an object")]
    NoObject { what: String, kind: &'static str },
    #[error("{what}: {why}")]
    Paging { what: String, why: String },
    #[error("{what}: the service says that there are {said} {things}, {came} came")]
    Total { what: String, said: u64, came: u64, things: &'static str },
    #[error("{what}: first there were {first} {things}, then {now}")]
    Moved { what: String, first: u64, now: u64, things: &'static str },
    #[error("{what}: the list ends although the service said that there is more")]
    Promised { what: String },
    #[error("{what}: {}", if *next {
        format!("the answer names a next page that `paging` does not ask for: `{key}`")
    } else {
        format!("the answer says by `{key}` that there is more")
    })]
    Unheard { what: String, key: String, next: bool },
    #[error("{what}: `{key}` of the answer counts {said} {things}, {came} came")]
    Uncounted { what: String, key: String, said: u64, came: u64, things: &'static str, paged: bool },
    #[error("the record {second} was listed before as {first}: the list moved while it was read")]
    Repeated { first: Place, second: Place },
    #[error("the record {second} is in another list too, as {first}")]
    InTwoLists { first: Place, second: Place },
    #[error("{what}: {why}")]
    Join { what: String, why: String },
    #[error("{records} records came with a part of a list that goes on elsewhere: `{list}`")]
    Cut { records: u64, list: String },
    #[error("the list is empty")]
    Empty,
    #[error("the reading cannot be kept for the next one: {0}")]
    NotKept(String),
    #[error("{0}")]
    Flatten(String),
    #[error("no record has {}", columns(lost, empty))]
    Columns { lost: Vec<String>, empty: Vec<String> },
}

fn columns(lost: &[String], empty: &[String]) -> String {
    let value = format!("a value in {}", empty.join(", nor in "));
    match (lost, empty) {
        (lost, []) => lost.join(", nor "),
        ([], _) => value,
        (lost, _) => format!("{}, nor {value}", lost.join(", nor ")),
    }
}

fn explained(said: Option<&str>) -> String {
    said.map(|said| format!(": {said}")).unwrap_or_default()
}

fn tried(tries: u32) -> String {
    if tries > 1 { format!(" (tried {tries} times)") } else { String::new() }
}

impl RestError {
    /// Whether there is nothing at the address, as HTTP says it or the answer itself.
    pub(super) fn not_there(&self) -> bool {
        matches!(self, Self::Answered { status: 404, .. } | Self::Faulty { status: Some(404), .. })
    }

    /// Whether the list was another one at its end than at its start, so that it may go well the next time.
    pub(super) fn moved(&self) -> bool {
        match self {
            Self::Total { .. } | Self::Moved { .. } | Self::Promised { .. } | Self::Repeated { .. } | Self::InTwoLists { .. } => {
                true
            }
            Self::Uncounted { paged, .. } => *paged,
            _ => false,
        }
    }

    fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Unreachable { network, .. } => network.hint(),
            Self::Answered { status: 401, .. } => "the credential is wrong or has expired",
            Self::Answered { status: 403, .. } => "the credential may not read this: ask the HR administrator for the permission",
            Self::Answered { status: 404, .. } => "check `base_url`, `path` and the values of [source]",
            Self::Redirect { .. } => "write the address that it leads to as `base_url`, if it is one that you trust",
            Self::NoRecords { .. } => "`records` of [source] is the path to the list, such as records = \"data\"",
            Self::ForeignLink { .. } => {
                "the credential goes to no other origin; if that one is right, write it as `base_url` of [source]"
            }
            Self::LongWait { .. } => "run later, or allow it: longest_wait = \"30min\"",
            Self::Total { .. } | Self::Moved { .. } => {
                "the list moved while it was read, twice: run again; where it always differs a little, set `slack`"
            }
            Self::Promised { .. } => {
                "run again; where the service says so before an empty last page, leave `more` out, and that page is the end"
            }
            Self::Unheard { .. } => {
                "paging = { kind = \"link\" }, or the kind with which the service reads its next page; where it is the last one all the same, `more`, `total` or `end` says so"
            }
            Self::Uncounted { .. } => {
                "page through the list by `paging` until all of it came; where the list moved while it was read, run again"
            }
            Self::Repeated { .. } => {
                "the list moved twice: run again, or ask for it in a fixed order, such as by id; where the service lists several rows of a person, a [[source.pick]] with `by` takes the one that counts"
            }
            Self::Cut { .. } => {
                "it has `hasMore`, `__next` or a link `@odata.nextLink`: ask for more rows in one answer, read them by a [[source.join]], or leave the list out of [source.columns]"
            }
            Self::Undecodable { .. } => {
                "where the service names the wrong charset, [source] can name the right one, such as encoding = \"utf-8\""
            }
            Self::Empty => "an empty list would make all people missing, so it is refused",
            Self::Faulty { status: Some(404), .. } => {
                "where this is how the service says that the list has ended: paging = { …, end = \"status=404\" }, with the path to the word"
            }
            Self::Columns { .. } => {
                "the credential may lack the permission to read it, which is not the same as no record having it; a column that may be missing everywhere is `optional = true`, one that may be empty everywhere `optional = \"empty\"`"
            }
            Self::Flatten(_) => "declare the columns: [source.columns] with Name = \"path.to.the.value\"",
            _ => return None,
        })
    }

    /// The fault of a reading; `name` is the service's.
    pub(super) fn into_fault(self, name: &str) -> Fault {
        let hint = self.hint().map(Into::into);
        let text = self.to_string();
        let kind = match self {
            Self::Flatten(_) | Self::Columns { .. } | Self::Unusable(_) => FaultKind::Unfit(text),
            Self::Unreachable { network, .. } => FaultKind::Unreached { message: text.into(), network: Box::new(network) },
            _ => FaultKind::System(text),
        };
        Fault { spot: FaultLocation { file: name.into(), line: None, column: None }, kind, hint }
    }
}

/// A text from outside, fit to be shown: one line, and not too long.
pub(super) fn plain(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // Marks that turn the direction of writing would show something else than stands there.
    let turns = |character: char| matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    line.chars().filter(|character| !character.is_control() && !turns(*character)).take(300).collect()
}
