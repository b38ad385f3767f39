//! The records of a reading, which need not all be in memory.

use std::borrow::Cow;
use std::sync::Arc;

use super::SourceErrors;
use super::files::streamed_csv::OnDisk;
use crate::record::Record;

/// All records of a reading, in the order of the source.
///
/// Those of a large text file stay on disk: they were proven to be whole, and are made anew each time they are asked for.
#[derive(Clone, Debug, Default)]
pub struct Records(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Held(Vec<Record>),
    OnDisk(Arc<OnDisk>),
}

impl Records {
    /// How many there are.
    pub fn len(&self) -> usize {
        let count = |part: &Part| match part {
            Part::Held(records) => records.len(),
            Part::OnDisk(file) => file.len(),
        };
        self.0.iter().map(count).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Hands every record over, in the order of the source. It can be asked for as often as needed.
    ///
    /// # Errors
    /// If a file changed since it was proven whole: what was handed over until then is half a list.
    pub fn each(&self, mut take: impl FnMut(Record)) -> Result<(), SourceErrors> {
        for part in &self.0 {
            match part {
                Part::Held(records) => records.iter().cloned().for_each(&mut take),
                Part::OnDisk(file) => file.each(&mut take)?,
            }
        }
        Ok(())
    }

    /// All records at once, for what cannot do without.
    ///
    /// # Errors
    /// As [`Records::each`].
    pub fn held(&self) -> Result<Cow<'_, [Record]>, SourceErrors> {
        match self.0.as_slice() {
            [] => Ok(Cow::Borrowed(&[])),
            [Part::Held(records)] => Ok(Cow::Borrowed(records)),
            _ => self.collected().map(Cow::Owned),
        }
    }

    /// All records at once, out of the reading.
    ///
    /// # Errors
    /// As [`Records::each`].
    pub fn into_held(mut self) -> Result<Vec<Record>, SourceErrors> {
        match self.0.as_mut_slice() {
            [Part::Held(records)] => Ok(std::mem::take(records)),
            _ => self.collected(),
        }
    }

    fn collected(&self) -> Result<Vec<Record>, SourceErrors> {
        let mut records = Vec::with_capacity(self.len());
        self.each(|record| records.push(record))?;
        Ok(records)
    }

    /// These and those, which come after them.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }
}

impl From<Vec<Record>> for Records {
    fn from(records: Vec<Record>) -> Self {
        Self(vec![Part::Held(records)])
    }
}

impl From<OnDisk> for Records {
    fn from(file: OnDisk) -> Self {
        Self(vec![Part::OnDisk(Arc::new(file))])
    }
}
