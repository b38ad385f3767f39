//! Maps all records of a reading in parallel.

use std::collections::BTreeSet;
use std::num::NonZero;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use super::error::Failure;
use super::mapped_reading::MappedReading;
use crate::expr::Context;
use crate::plan::{Packer, Part, People};
use crate::record::{Record, lock};
use crate::source::{ColumnProfile, Profiler, Reading};

/// A whole reading, mapped.
pub(crate) struct MappedRecords {
    /// The result of the mapping for each record.
    pub(crate) people: People,
    /// The profile of each column.
    pub(crate) columns: Vec<ColumnProfile>,
}

/// Some records, with the number of the batch in the order of the reading.
type Batch = (usize, Vec<Record>);

/// What is computed for each record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Everything that the mapping has.
    Whole,
    /// Everything but what only a create needs, where the person seems to have an account. A plan asks for the others again.
    ForPlan,
}

/// Maps every record by itself on all cores. Only a few batches of records are in memory at a time.
///
/// The result does not depend on the number of cores, because each record is mapped alone and the batches are put back in order.
pub(crate) fn map_records_in_parallel(
    source: &MappedReading,
    context: &Context,
    packer: Packer<'_>,
    extent: Extent,
) -> Result<MappedRecords, Failure> {
    let MappedReading { reading, bound, .. } = source;
    let lazy = extent == Extent::ForPlan && bound.has_create_only();
    let work = |next: &dyn Fn() -> Option<Batch>| {
        let bound = bound.apart();
        let (mut parts, mut columns): (Vec<(usize, Part)>, _) = (Vec::new(), Profiler::new(&reading.header));
        while let Some((at, records)) = next() {
            for record in &records {
                columns.add(record);
            }
            let part = if lazy {
                packer.pack_each(&records, |record, has_account| bound.map_unless_known(record, context, has_account))
            } else {
                packer.pack(records.iter().map(|record| bound.map(record, context)))
            };
            parts.push((at, part));
        }
        (parts, columns)
    };
    let done = on_all_cores(work, |send| hand_out(reading, |_| true, send))?;
    let (parts, columns): (Vec<_>, Vec<Profiler>) = done.into_iter().unzip();
    let mut parts: Vec<(usize, Part)> = parts.into_iter().flatten().collect();
    parts.sort_by_key(|(at, _)| *at);
    let people = packer.finish(parts.into_iter().map(|(_, part)| part).collect());
    let columns = columns.into_iter().fold(Profiler::new(&reading.header), Profiler::merge).finish();
    Ok(MappedRecords { people, columns })
}

/// Maps the records of some parts once more, in full.
pub(crate) fn map_parts(
    source: &MappedReading,
    context: &Context,
    packer: &Packer<'_>,
    wanted: &BTreeSet<usize>,
) -> Result<Vec<(usize, Part)>, Failure> {
    let MappedReading { reading, bound, .. } = source;
    let work = |next: &dyn Fn() -> Option<Batch>| {
        let bound = bound.apart();
        let pack = |(at, records): Batch| (at, packer.pack(records.iter().map(|record| bound.map(record, context))));
        std::iter::from_fn(next).map(pack).collect::<Vec<_>>()
    };
    let done = on_all_cores(work, |send| hand_out(reading, |at| wanted.contains(&at), send))?;
    Ok(done.into_iter().flatten().collect())
}

/// Runs `work` on every core and collects the results. `hand_out` sends the batches that the workers take.
fn on_all_cores<B: Send, T: Send, E>(
    work: impl Fn(&dyn Fn() -> Option<B>) -> T + Sync,
    hand_out: impl FnOnce(SyncSender<B>) -> Result<(), E>,
) -> Result<Vec<T>, E> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let (send, receive) = sync_channel::<B>(cores);
    let receive = Arc::new(Mutex::new(receive));
    thread::scope(|scope| {
        let work = &work;
        let start = |_| {
            let receive = Arc::clone(&receive);
            scope.spawn(move || work(&|| next(&receive)))
        };
        let workers: Vec<_> = (0..cores).map(start).collect();
        // Only the workers hold the receiver: if all of them panic, sending fails and does not wait for ever.
        drop(receive);
        hand_out(send)?;
        Ok(workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect())
    })
}

fn next<B>(receive: &Mutex<Receiver<B>>) -> Option<B> {
    lock(receive).recv().ok()
}

/// Sends the records in batches, those of the wanted places. Sending fails only where every worker has panicked, and the panic is
/// reported when it is joined.
fn hand_out(reading: &Reading, wanted: impl Fn(usize) -> bool, send: SyncSender<Batch>) -> Result<(), Failure> {
    let (mut at, mut batch) = (0, Vec::new());
    let mut hand_over = |batch: &mut Vec<Record>| {
        let records = std::mem::take(batch);
        if wanted(at) {
            let _ = send.send((at, records));
        }
        at += 1;
    };
    let read = reading.records.each(|record| {
        batch.push(record);
        if batch.len() == Packer::PART {
            hand_over(&mut batch);
        }
    });
    hand_over(&mut batch);
    // The workers end when no more records can come.
    drop(send);
    Ok(read?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_batch_is_processed_once() {
        let work = |next: &dyn Fn() -> Option<u32>| std::iter::from_fn(next).collect::<Vec<u32>>();
        let all = on_all_cores(work, |send| (0..100).try_for_each(|number| send.send(number)));
        let mut all = all.unwrap().concat();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<u32>>());
    }

    #[test]
    fn a_panic_in_all_workers_does_not_block() {
        let work = |next: &dyn Fn() -> Option<u32>| assert_eq!(next(), None, "panics");
        let ended = std::panic::catch_unwind(|| {
            on_all_cores(work, |send| {
                while send.send(1).is_ok() {}
                Ok::<(), ()>(())
            })
        });
        assert!(ended.is_err());
    }
}
