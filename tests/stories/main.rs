//! The stories: hrpush as its users meet it, through its binary, against tenants on loopback.

mod bad_input;
mod exports;
mod main_job;
mod rooms;
mod world;
