//! `hrpush serve` as senders meet it, and what a run makes of what they pushed.

mod durability;
mod example;
mod feed;
mod feed_groups;
mod hostile;
mod lenience;
mod listing;
#[cfg(unix)]
mod network;
mod oauth;
mod other_senders;
mod senders;
mod server;
mod tokens;
