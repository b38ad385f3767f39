//! One run, from its configuration to its outcome.
//!
//! Settings and an `Observer` come in, values go out. A caller opens a `Session`, computes a
//! `PendingRun` from a feed, a saved plan or an earlier run, and takes three steps with it:
//!
//! ```text
//! PendingRun::preview → Preview      what would be done
//! decision::judge     → Decision     guards, policy, fingerprint and consent
//! execution::execute  → Executed     the outcome, recorded for the next run
//! ```
//!
//! Nothing here prints, asks, parses arguments or listens to signals. The command line, a service, a web page and a loop over tenants call
//! the same functions, so nothing is global: one process may open any number of sessions.

pub(crate) mod approval;
pub(crate) mod clock_check;
pub(crate) mod connect;
pub(crate) mod decide;
pub(crate) mod decide_from_reading;
pub(crate) mod decision;
pub(crate) mod delivered_files;
pub(crate) mod doctor;
pub(crate) mod doctor_findings;
mod doctor_provider;
pub(crate) mod error;
pub(crate) mod execution;
pub(crate) mod explain;
pub(crate) mod feed_run;
pub(crate) mod findings;
pub(crate) mod first_look;
pub(crate) mod forecast;
pub(crate) mod held_records;
pub(crate) mod load_source;
pub(crate) mod manual_decision;
pub(crate) mod mapped_reading;
pub(crate) mod mapping_check;
pub(crate) mod metrics;
pub(crate) mod notification;
pub(crate) mod notify_channels;
pub(crate) mod notify_test;
pub(crate) mod observer;
pub(crate) mod open_target;
pub(crate) mod operator;
pub(crate) mod output;
pub(crate) mod parallel_map;
pub(crate) mod pending_run;
pub(crate) mod plan;
pub(crate) mod preset_setup;
pub(crate) mod presets;
pub(crate) mod preview;
pub(crate) mod pushed_feed;
pub(crate) mod quality;
pub(crate) mod rest_source;
pub(crate) mod run;
pub(crate) mod run_end;
pub(crate) mod run_reason;
pub(crate) mod run_state;
pub(crate) mod saved_plan;
pub(crate) mod settings;
pub(crate) mod setup;
pub(crate) mod status;
pub(crate) mod target_fit;
mod target_limits;
mod telemetry;
#[cfg(test)]
mod tests;
pub(crate) mod undo;
