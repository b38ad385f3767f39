//! Maps all records of a reading in parallel.

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

/// Maps every record by itself on all cores. Only a few batches of records are in memory at a time.
///
/// The result does not depend on the number of cores, because each record is mapped alone and the batches are put back in order.
pub(crate) fn map_records_in_parallel(
    source: &MappedReading,
    context: &Context,
    packer: Packer<'_>,
) -> Result<MappedRecords, Failure> {
    let MappedReading { reading, bound, .. } = source;
    let work = |next: &dyn Fn() -> Option<Batch>| {
        let bound = bound.apart();
        let (mut parts, mut columns): (Vec<(usize, Part)>, _) = (Vec::new(), Profiler::new(&reading.header));
        while let Some((at, records)) = next() {
            for record in &records {
                columns.add(record);
            }
            parts.push((at, packer.pack(records.iter().map(|record| bound.map(record, context)))));
        }
        (parts, columns)
    };
    let done = on_all_cores(work, |send| hand_out(reading, send))?;
    let (parts, columns): (Vec<_>, Vec<Profiler>) = done.into_iter().unzip();
    let mut parts: Vec<(usize, Part)> = parts.into_iter().flatten().collect();
    parts.sort_by_key(|(at, _)| *at);
    let people = packer.finish(parts.into_iter().map(|(_, part)| part).collect());
    let columns = columns.into_iter().fold(Profiler::new(&reading.header), Profiler::merge).finish();
    Ok(MappedRecords { people, columns })
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

/// Sends the records in batches. Sending fails only where every worker has panicked, and the panic is reported when it is joined.
fn hand_out(reading: &Reading, send: SyncSender<Batch>) -> Result<(), Failure> {
    let (mut at, mut batch) = (0, Vec::new());
    let mut hand_over = |batch: &mut Vec<Record>| {
        let _ = send.send((at, std::mem::take(batch)));
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
