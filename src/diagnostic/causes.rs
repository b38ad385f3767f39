//! An error with its causes, as one message.

use std::error::Error;

/// The text of an error and of its causes. A cause that the text already contains is left out, because transparent wrappers and many
/// libraries repeat their causes word for word.
///
/// ```
/// let error = std::io::Error::other("disk full");
/// assert_eq!(hrpush::diagnostic::with_causes(&error), "disk full");
/// ```
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}
