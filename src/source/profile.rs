//! What a reading looks like column by column, for the guard that compares it with the last one.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

#[cfg(test)]
use super::{Reading, SourceErrors};
use crate::record::{Cell, Header, Record, trimmed};

/// Distinct values are counted up to here.
const DISTINCT_CAP: usize = 10_000;

/// One column of a reading.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ColumnProfile {
    /// The name of the column.
    pub column: String,
    /// How many records have an empty cell here.
    pub empty: u64,
    /// The number of different values that are not empty, counted up to 10,000.
    pub distinct: u64,
}

/// The profile of every column of a reading, in their order.
#[cfg(test)]
pub(super) fn profile(reading: &Reading) -> Result<Vec<ColumnProfile>, SourceErrors> {
    let mut profiler = Profiler::new(&reading.header);
    reading.records.each(|record| profiler.add(&record))?;
    Ok(profiler.finish())
}

/// Counts values while records are read. Several threads may share the work; the result does not depend on their order.
#[derive(Clone, Debug)]
pub struct Profiler {
    header: Arc<Header>,
    columns: Vec<Tally>,
}

/// One column so far.
#[derive(Clone, Debug, Default)]
struct Tally {
    empty: u64,
    /// The digests of the values: 64 bits are enough to distinguish ten thousand values.
    seen: HashSet<u64, BuildHasherDefault<AsItIs>>,
}

impl Profiler {
    /// A profiler that has counted no record yet.
    pub fn new(header: &Arc<Header>) -> Self {
        Self { header: Arc::clone(header), columns: vec![Tally::default(); header.len()] }
    }

    /// Counts the cells of one more record.
    pub fn add(&mut self, record: &Record) {
        for (position, tally) in self.columns.iter_mut().enumerate() {
            let cell = record.cell(position);
            if tally.seen.len() >= DISTINCT_CAP {
                tally.empty += u64::from(is_blank(cell));
            } else if let Some(digest) = digest(cell) {
                tally.seen.insert(digest);
            } else {
                tally.empty += 1;
            }
        }
    }

    /// The counts of both, which must be of records with the same columns.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        for (tally, other) in self.columns.iter_mut().zip(other.columns) {
            tally.empty += other.empty;
            let missing = DISTINCT_CAP.saturating_sub(tally.seen.len());
            let new: Vec<u64> = other.seen.difference(&tally.seen).copied().take(missing).collect();
            tally.seen.extend(new);
        }
        self
    }

    /// The profile of every column, in their order.
    pub fn finish(self) -> Vec<ColumnProfile> {
        let Self { header, columns } = self;
        let profile = |(name, tally): (&str, Tally)| ColumnProfile {
            column: name.to_owned(),
            empty: tally.empty,
            distinct: tally.seen.len() as u64,
        };
        header.names().zip(columns).map(profile).collect()
    }
}

fn is_blank(cell: Cell<'_>) -> bool {
    match cell {
        Cell::Text(text) => trimmed(text).is_empty(),
        other => other.is_empty(),
    }
}

/// The digest of a value; nothing of a blank cell.
fn digest(cell: Cell<'_>) -> Option<u64> {
    match cell {
        Cell::Null | Cell::List([]) => None,
        Cell::Text(text) => Some(trimmed(text)).filter(|text| !text.is_empty()).map(|text| digest_of(text.as_bytes())),
        Cell::Flag(flag) => Some(u64::from(flag)),
        Cell::List(items) => Some(items.iter().fold(1, |digest, item| fold(digest, digest_of(item.as_bytes())))),
    }
}

/// A quick digest without a key, so that the same values always count alike.
fn digest_of(bytes: &[u8]) -> u64 {
    let length = bytes.len() as u64;
    // Overlapping words need no copy of the rest; the length distinguishes values that overlap alike.
    let digest = match bytes {
        [] => 0,
        [first, .., last] if bytes.len() < 4 => {
            u64::from(*first) | u64::from(bytes[bytes.len() / 2]) << 8 | u64::from(*last) << 16
        }
        [only] => u64::from(*only),
        _ => match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
            (Some(_), Some(last)) => {
                let whole = bytes[..bytes.len() - 1].chunks_exact(8);
                let word = |word: &[u8]| u64::from_le_bytes(word.try_into().expect("a chunk has eight bytes"));
                whole.fold(0, |digest, chunk| fold(digest, word(chunk))) ^ u64::from_le_bytes(*last)
            }
            _ => {
                let half = |half: Option<&[u8; 4]>| half.map_or(0, |half| u64::from(u32::from_le_bytes(*half)));
                half(bytes.first_chunk()) | half(bytes.last_chunk()) << 32
            }
        },
    };
    fold(digest, length)
}

/// Both words in one: the halves of their product, so that every bit moves every other.
fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one ^ 0x9E37_79B9_7F4A_7C15) * u128::from(other ^ 0xD6E8_FEB8_6659_FD93);
    #[expect(clippy::cast_possible_truncation, reason = "the halves are taken apart")]
    let low = product as u64;
    low ^ (product >> 64) as u64
}

/// What is a digest already needs no second one.
#[derive(Clone, Copy, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = digest_of(bytes);
    }

    fn write_u64(&mut self, digest: u64) {
        self.0 = digest;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{CsvSettings, read_csv_bytes};

    fn reading(text: &str) -> Reading {
        read_csv_bytes("f.csv", text.as_bytes(), &CsvSettings::default()).unwrap()
    }

    #[test]
    fn who_counted_which_record_changes_nothing() {
        let rows: String = (0..25_000).map(|n| format!("{n},{},{}\n", n % 7, if n % 3 == 0 { " " } else { "x" })).collect();
        let reading = reading(&format!("Id,Dept,Note\n{rows}"));
        let whole = profile(&reading).unwrap();
        let counts: Vec<(u64, u64)> = whole.iter().map(|column| (column.empty, column.distinct)).collect();
        assert_eq!(counts, [(0, 10_000), (0, 7), (8_334, 1)]);
        let mut parts = [Profiler::new(&reading.header), Profiler::new(&reading.header), Profiler::new(&reading.header)];
        let mut at = 0;
        reading.records.each(|record| (parts[at % 3].add(&record), at += 1).0).unwrap();
        let [first, second, third] = parts;
        assert_eq!(first.clone().merge(second.clone()).merge(third.clone()).finish(), whole);
        assert_eq!(third.merge(first).merge(second).finish(), whole);
    }

    #[test]
    fn a_digest_tells_short_and_long_values_apart() {
        let texts: Vec<String> =
            (0..200_000).map(|n| format!("{n}")).chain((0..200_000).map(|n| format!("value-{n:09}"))).collect();
        let digests: HashSet<u64> = texts.iter().filter_map(|text| digest(Cell::Text(text))).collect();
        assert_eq!(digests.len(), texts.len());
    }
}
