//! What every message about a file that people write has in common.
//!
//! In comes the text of a configuration or mapping file, out goes what a message may show of it. Nothing here knows what a key means to
//! another room.

mod host;
pub mod mask;

pub use host::is_loopback;
