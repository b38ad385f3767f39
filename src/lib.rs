//! hrpush makes a Microsoft Entra tenant agree with what HR says.
//!
//! Data flows one way, through rooms in this order. A room imports only from rooms above it. `session` drives one run through them, and
//! `commands` is its command line:
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
//! `target` is the port to any tenant. `graph` implements it over Microsoft Graph, `scim_target` over a SCIM service provider, and `bulk_upload`
//! over a provisioning job of Entra.

pub mod apply;
pub mod bulk_upload;
pub mod commands;
pub mod config;
pub mod diagnostic;
pub mod directory;
pub mod endpoint;
pub mod expr;
pub mod graph;
pub mod mapping;
pub mod notify;
pub mod plan;
pub mod record;
pub mod report;
pub mod sandbox;
pub mod scim;
pub mod scim_target;
pub mod session;
pub mod source;
pub mod store;
pub mod target;
