//! What is decided for each person, from the stage by HR to the values, the names and the manager.

mod absent;
pub(super) mod context;
pub(super) mod diff;
pub(super) mod identity;
mod leaver;
pub(super) mod lifecycle;
pub(super) mod managers;
mod missing_doubt;
pub(super) mod names;
mod notices;
pub(super) mod rejections;
mod restricted;
mod taken_names;
