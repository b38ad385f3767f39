//! Maps all records of a reading, on all cores.

use std::num::NonZero;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::error::Failure;
use super::load_source::Read;
use crate::expr::Context;
use crate::plan::{Packer, Part, People};
use crate::record::Record;
use crate::source::{ColumnProfile, Profiler, Reading};

/// A whole reading, mapped.
pub(crate) struct Everybody {
    /// What the mapping makes of each record.
    pub(crate) people: People,
    /// What the columns look like.
    pub(crate) columns: Vec<ColumnProfile>,
}

/// Some records with their place in the order of the reading.
type Batch = (usize, Vec<Record>);

/// Maps every record by itself, so that the number of cores changes nothing but the time it takes. Few records are in memory at a time.
pub(crate) fn everybody(read: &Read, context: &Context, packer: Packer<'_>) -> Result<Everybody, Failure> {
    let Read { reading, bound, .. } = read;
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
    Ok(Everybody { people, columns })
}

/// Lets every core work on what is handed out, and gathers what each made of its share.
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
        let crew: Vec<_> = (0..cores).map(start).collect();
        // Only those who work hold it: once all of them panicked, nothing waits for them.
        drop(receive);
        hand_out(send)?;
        Ok(crew.into_iter().map(|one| one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect())
    })
}

fn next<B>(receive: &Mutex<Receiver<B>>) -> Option<B> {
    receive.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

/// Hands the records out in batches. Nobody receives them any more only where a thread panicked, which is told when it is joined.
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
    // What waits for more records ends here.
    drop(send);
    read.map_err(Failure::usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_handed_out_is_worked_on_once() {
        let work = |next: &dyn Fn() -> Option<u32>| std::iter::from_fn(next).collect::<Vec<u32>>();
        let all = on_all_cores(work, |send| (0..100).try_for_each(|number| send.send(number)));
        let mut all = all.unwrap().concat();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<u32>>());
    }

    #[test]
    fn when_all_who_work_panic_nothing_waits_for_them() {
        let work = |next: &dyn Fn() -> Option<u32>| assert_eq!(next(), None, "as a fault of ours would");
        let ended = std::panic::catch_unwind(|| {
            on_all_cores(work, |send| {
                while send.send(1).is_ok() {}
                Ok::<(), ()>(())
            })
        });
        assert!(ended.is_err());
    }
}
