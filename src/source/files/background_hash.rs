//! The sum of a file that goes by, counted on a thread of its own: it takes as long as looking through the file does.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use sha2::{Digest, Sha256};

use crate::record::hex;

/// So many pieces may wait to be counted.
const WAITING: usize = 4;

/// A SHA-256 that is being counted.
pub(in crate::source) struct Summing {
    pieces: SyncSender<Vec<u8>>,
    counting: JoinHandle<Sha256>,
}

impl Summing {
    /// Of no bytes yet.
    pub(in crate::source) fn new() -> Self {
        let (pieces, receive) = sync_channel::<Vec<u8>>(WAITING);
        let counting = thread::spawn(move || {
            let mut digest = Sha256::new();
            for piece in receive {
                digest.update(piece);
            }
            digest
        });
        Self { pieces, counting }
    }

    /// Counts these bytes as well.
    pub(in crate::source) fn add(&self, bytes: &[u8]) {
        // Sending fails only if the thread panicked, which `finish` reports.
        let _ = self.pieces.send(bytes.to_vec());
    }

    /// The sum of all of them, in lower-case hexadecimal digits.
    pub(in crate::source) fn finish(self) -> String {
        drop(self.pieces);
        let digest = self.counting.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        hex(&digest.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::files::source_file::sum;

    #[test]
    fn pieces_have_the_sum_of_the_whole() {
        let bytes: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        for size in [1, 7, 10_000] {
            let summing = Summing::new();
            bytes.chunks(size).for_each(|piece| summing.add(piece));
            assert_eq!(summing.finish(), sum(&bytes));
        }
        assert_eq!(Summing::new().finish(), sum(b""));
    }
}
