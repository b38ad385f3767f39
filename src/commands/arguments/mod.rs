//! The arguments of each subcommand, as clap reads them: a file for each group of commands.

mod approval;
mod forecast;
mod list;
mod mapping;
mod person;
mod run;
mod server;
mod setup;
mod shared_options;
mod source;
mod value;

pub(crate) use approval::{Approve, Reject};
pub(crate) use forecast::Forecast;
pub(crate) use list::{NotifyCommand, Runs, RunsCommand, StatusArgs};
pub(crate) use mapping::Mapping;
pub(crate) use person::{Decide, Explain};
pub(crate) use run::{Apply, Import, PlanArgs, Sync, Undo};
pub(crate) use server::{Sandbox, Serve, ServeCommand, Token};
pub(crate) use setup::{Doctor, Grant, Init};
pub(crate) use shared_options::{MetricsArgs, StopArgs};
pub(crate) use source::{Quality, Records};
