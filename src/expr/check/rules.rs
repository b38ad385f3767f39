//! The rules that the place of an expression sets: what its target takes, and which functions it may use.

/// The kind of value that the target of a mapping takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Want {
    /// One text; a boolean or a number becomes its text.
    Text,
    /// Several texts; one text is a list of one.
    List,
    /// A boolean, or the text of one.
    Flag,
    /// A date, as text.
    Date,
    /// A value of any type is accepted.
    #[default]
    Any,
}

/// The rules that the place of an expression sets.
///
/// ```
/// use hrpush::expr::{Expression, Rules};
/// assert!(Expression::check("IgnoreObjectFlow", &Rules::open()).is_ok());
/// assert!(Expression::check("IgnoreObjectFlow", &Rules::default()).is_err());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    /// What the target takes.
    pub want: Want,
    /// Whether `SelectUniqueValue` is allowed at the top: the target is set on create only.
    pub select_unique: bool,
    /// Whether `IgnoreObjectFlow` is allowed: the expression is an object filter.
    pub object_filter: bool,
    /// Whether `RandomString` and `Guid` are refused.
    pub secret: bool,
}

impl Rules {
    /// The rules of a place that takes everything, such as the command line.
    pub fn open() -> Self {
        Self { want: Want::Any, select_unique: true, object_filter: true, secret: false }
    }
}
