//! hrpush makes a Microsoft Entra tenant agree with what HR says.
//!
//! Data walks one way, through rooms that stand in this order; a room imports only from rooms above it:
//!
//! ```text
//! HR system → source → mapping → plan ← target (read) ← tenant
//!                                  ↓
//!                     preview / guards / approval
//!                                  ↓
//!                                apply → target (write) → tenant
//!                                  ↓
//!                             journal, report
//! ```
//!
//! `target` is the port to any tenant, and `graph` implements it over Microsoft Graph.

pub mod apply;
pub mod commands;
pub mod config;
pub mod diagnostic;
pub mod directory;
pub mod expr;
pub mod graph;
pub mod mapping;
pub mod plan;
pub mod record;
pub mod report;
pub mod sandbox;
pub mod source;
pub mod store;
pub mod target;
