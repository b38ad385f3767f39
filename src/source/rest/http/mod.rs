//! One request at a time: addresses, credentials, bodies and their character sets.

pub(in crate::source::rest) mod assertion;
pub(in crate::source::rest) mod body;
pub(in crate::source::rest) mod charset;
pub(in crate::source::rest) mod client;
pub(in crate::source::rest) mod token;
pub(in crate::source::rest) mod transport;
mod unambiguous_json;
