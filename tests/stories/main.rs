//! The stories: hrpush as its users meet it, through its binary, against tenants on loopback.

#![allow(clippy::unwrap_used, reason = "a story that cannot go on fails")]

mod approvals;
mod architecture;
mod bad_input;
mod bulk_upload;
mod clock;
mod commands;
mod company;
mod completions;
mod dates;
mod decide;
mod disasters;
mod documentation;
mod endings;
mod error_words;
mod explain;
mod exports;
mod files;
mod forecast;
mod groups;
mod hr_headers;
mod hr_server;
mod identity;
mod init;
mod installation;
mod interrupt;
mod kills;
mod leavers;
#[cfg(feature = "mail")]
mod letters;
#[cfg(feature = "mail")]
mod mail_server;
mod main_job;
mod messages;
mod metrics;
mod missing_features;
mod office;
#[cfg(feature = "otlp")]
mod otlp;
#[cfg(feature = "passwords")]
mod passwords;
#[cfg(all(feature = "sftp", feature = "objects"))]
mod places;
mod previews;
mod private_ca;
mod promises;
mod quality;
mod quarter;
mod reading;
mod receivers;
mod refusals;
mod rehearsal;
mod rest;
mod rest_recordings;
mod rest_whole;
mod rooms;
mod run_list;
mod run_reasons;
mod saved_plans;
mod scim;
mod scim_out;
mod second_target;
mod served;
#[cfg(feature = "signatures")]
mod signatures;
mod spills;
mod sql;
mod stages;
mod state;
mod storms;
mod terminal;
mod undo;
mod whole_files;
mod world;
