//! Reads the files that people write, and reports their faults: hrpush.toml, mappings and their test files.
//!
//! A `Document` is the text of one file. A `toml::Reader` walks its tables and collects every fault, so that one run
//! reports all of them. Each [`Fault`] has a place, the line itself, a caret and a hint. Secrets are masked in [`mask`] and nowhere else.
//! Nothing here knows what a key means to another room.

mod causes;
mod document;
pub mod escape;
mod host;
pub mod mask;
pub mod network;
mod note;
mod render;
mod suggest;
pub(crate) mod toml;
pub(crate) mod toml_text;
pub mod wait;

pub use causes::with_causes;
pub(crate) use document::Document;
pub use document::{Fault, Faults};
pub use host::is_loopback;
pub use note::{Note, NoteCode};
pub use suggest::{did_you_mean, nearest};
