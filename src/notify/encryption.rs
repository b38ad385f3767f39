//! How the connection to a mail server is encrypted.

/// How the connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// The connection begins in plain text and is encrypted before anything is sent; a server without STARTTLS is refused.
    StartTls,
    /// The connection is encrypted from its first byte.
    Implicit,
    /// The connection is not encrypted. The configuration allows it on loopback only.
    Plain,
}
