//! The events that a message can be about.

use serde::{Deserialize, Serialize};

/// The event of a message.
///
/// ```
/// use hrpush::notify::Event;
///
/// assert_eq!(Event::named("stopped"), Some(Event::Stopped));
/// assert_eq!(Event::Leaver.as_str(), "leaver");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// A guard stopped the plan.
    Stopped,
    /// The run could not be completed, or changes failed.
    Failed,
    /// HR says that people have left, and their accounts stay enabled.
    Leaver,
    /// Records are held, or another entry makes the run end with 4.
    Held,
    /// The run applied changes.
    Changed,
    /// No good run for too long. `hrpush status --notify` sends it.
    Late,
    /// `hrpush notify test` sends it.
    Test,
}

impl Event {
    /// The events that `on` may list.
    pub const CHOICES: [(&'static str, Self); 5] = [
        ("stopped", Self::Stopped),
        ("failed", Self::Failed),
        ("leaver", Self::Leaver),
        ("held", Self::Held),
        ("changed", Self::Changed),
    ];

    /// The event of this word, if `on` may list it.
    pub fn named(word: &str) -> Option<Self> {
        Self::CHOICES.into_iter().find(|(name, _)| *name == word).map(|(_, event)| event)
    }

    /// The word of the document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Leaver => "leaver",
            Self::Held => "held",
            Self::Changed => "changed",
            Self::Late => "late",
            Self::Test => "test",
        }
    }
}
