//! SCIM 2.0 (RFC 7643 and 7644) as values: resources, attribute paths, filters, PATCH, errors and discovery documents.
//!
//! A body comes in as JSON. A resource in normal form, an answer or a refusal goes out. Senders differ from the RFC in many ways: what they
//! send is read leniently, and what is answered is strict. An operation that is not applied is always a refusal, because a sender that
//! gets a success for `active: false` does not ask again. Nothing here reads a file, a socket or the clock.

mod discovery;
mod editor;
mod error;
mod evaluation;
mod filter;
mod filter_parser;
mod flat_paths;
mod json;
mod json_value;
mod normal_form;
mod patch;
mod projection;
mod resource;
mod schema;
#[cfg(test)]
mod tests;

pub use discovery::{Abilities, resource_types, schemas, service_provider_config};
pub use error::{ErrorKind, ScimError};
pub use filter::{AttributePath, Filter, Operand, Operator};
pub use filter_parser::{MAX_FILTER_DEPTH, MAX_FILTER_TERMS};
pub use flat_paths::{USUAL_COLUMNS, flat_paths, is_column, is_list_path, values_at};
pub use json::{MAX_DEPTH, parse_json};
pub use json_value::fold;
pub use patch::{MAX_OPERATIONS, Patch};
pub use projection::{Page, Projection, list_response};
pub use resource::{Incoming, Meta, answered, created, replaced};
pub use schema::{Attribute, ENTERPRISE, GROUP, ResourceKind, Type, USER};
