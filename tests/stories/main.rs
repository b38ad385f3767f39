//! The stories: hrpush as its users meet it, through its binary, against tenants on loopback.

#![allow(clippy::unwrap_used, reason = "a story that cannot go on fails")]

mod architecture;
mod bad_input;
mod clock;
mod commands;
mod company;
mod dates;
mod decide;
mod disasters;
mod documentation;
mod explain;
mod exports;
mod files;
mod groups;
mod hr_headers;
mod hr_server;
mod identity;
mod init;
mod installation;
mod interrupt;
mod kills;
mod leavers;
mod main_job;
mod missing_features;
mod office;
#[cfg(feature = "passwords")]
mod passwords;
#[cfg(all(feature = "sftp", feature = "objects"))]
mod places;
mod private_ca;
mod promises;
mod quality;
mod quarter;
mod reading;
mod refusals;
mod rehearsal;
mod rest;
mod rest_recordings;
mod rest_whole;
mod rooms;
mod run_list;
mod saved_plans;
mod second_target;
mod served;
mod spills;
mod sql;
mod stages;
mod state;
mod storms;
mod undo;
mod whole_files;
mod world;
