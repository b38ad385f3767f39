//! `hrpush serve` as senders meet it, and what a run makes of what they pushed.

mod durability;
mod feed;
mod hostile;
mod lenience;
mod senders;
mod server;
mod tokens;
