//! What every message about a file that people write has in common.
//!
//! In comes the text of a configuration or mapping file, out goes what a message may show of it. Nothing here knows what a key means to
//! another room.

pub mod escape;
pub mod mask;
pub(crate) mod render;
pub(crate) mod toml;
pub(crate) mod toml_text;
