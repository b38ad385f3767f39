//! The stories: hrpush as its users meet it, through its binary, against tenants on loopback.

#![allow(clippy::unwrap_used, reason = "a story that cannot go on fails")]

mod bad_input;
mod exports;
mod main_job;
mod rooms;
mod world;
