//! Encryption for a named recipient, by age.

/// The key for which secrets are encrypted.
#[cfg(feature = "passwords")]
pub(super) struct Recipient(age::x25519::Recipient);

/// The key for which secrets would be encrypted: this build cannot.
#[cfg(not(feature = "passwords"))]
pub(super) struct Recipient;

/// Why secrets cannot be encrypted.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The age library could not encrypt for the recipient.
    #[cfg(feature = "passwords")]
    #[error(transparent)]
    Age(#[from] age::EncryptError),
    /// This build has no encryption.
    #[error("this build lacks the feature `passwords`")]
    NotBuilt,
}

/// Whether a text is the public key of an age recipient.
pub fn is_recipient(text: &str) -> bool {
    Recipient::parse(text).is_some()
}

#[cfg(feature = "passwords")]
impl Recipient {
    pub(super) fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }

    pub(super) fn seal(&self, bytes: &[u8]) -> Result<Vec<u8>, SealError> {
        Ok(age::encrypt(&self.0, bytes)?)
    }
}

#[cfg(not(feature = "passwords"))]
impl Recipient {
    pub(super) fn parse(text: &str) -> Option<Self> {
        text.starts_with("age1").then_some(Self)
    }

    #[expect(clippy::unused_self, reason = "the same question as where it can be answered")]
    pub(super) fn seal(&self, _: &[u8]) -> Result<Vec<u8>, SealError> {
        Err(SealError::NotBuilt)
    }
}
