//! The records of a reading, which need not all be in memory.

use std::borrow::Cow;

use super::SourceErrors;
use crate::record::Record;

/// All records of a reading, in the order of the source.
#[derive(Clone, Debug, Default)]
pub struct Records(Vec<Record>);

impl Records {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Hands every record over, in the order of the source. It can be asked for as often as needed.
    ///
    /// # Errors
    /// If a source changed since it was proven whole: what was handed over until then is half a list.
    pub fn each(&self, take: impl FnMut(Record)) -> Result<(), SourceErrors> {
        self.0.iter().cloned().for_each(take);
        Ok(())
    }

    /// All records at once, for what cannot do without.
    ///
    /// # Errors
    /// As [`Records::each`].
    pub fn held(&self) -> Result<Cow<'_, [Record]>, SourceErrors> {
        Ok(Cow::Borrowed(&self.0))
    }

    /// All records at once, out of the reading.
    ///
    /// # Errors
    /// As [`Records::each`].
    pub fn into_held(self) -> Result<Vec<Record>, SourceErrors> {
        Ok(self.0)
    }

    /// These and those, which come after them.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }
}

impl From<Vec<Record>> for Records {
    fn from(records: Vec<Record>) -> Self {
        Self(records)
    }
}
