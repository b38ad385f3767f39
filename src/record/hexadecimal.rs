//! Bytes as text of lower-case hexadecimal digits, as fingerprints and hashes are shown.

use std::fmt::Write as _;

/// Bytes as lower-case hexadecimal digits, two for each byte.
///
/// ```
/// assert_eq!(hrpush::record::hex(&[0x0a, 0xff]), "0aff");
/// ```
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
