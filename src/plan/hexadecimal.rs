//! Bytes as text of lower-case hexadecimal digits, as fingerprints are shown.

use std::fmt::Write as _;

/// Bytes as hexadecimal digits.
pub(in crate::plan) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
