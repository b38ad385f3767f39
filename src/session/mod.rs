//! One run, from the configuration to the outcome.

pub(crate) mod clock_check;
pub(crate) mod connect;
pub(crate) mod decide;
pub(crate) mod decide_from_reading;
pub(crate) mod delivered_files;
pub(crate) mod doctor;
pub(crate) mod error;
pub(crate) mod execute;
pub(crate) mod explain;
pub(crate) mod feed_run;
pub(crate) mod held_records;
pub(crate) mod interrupt;
pub(crate) mod load_source;
pub(crate) mod operator;
pub(crate) mod output;
pub(crate) mod parallel_map;
pub(crate) mod plan;
pub(crate) mod quality;
pub(crate) mod rest_source;
pub(crate) mod run_state;
pub(crate) mod saved_plan;
pub(crate) mod settings;
pub(crate) mod tenant;
pub(crate) mod undo;
