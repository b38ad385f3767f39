//! How a report names a person. No rule and no document contains it.

use std::collections::BTreeMap;

/// How people call a person: what a reader looks for before the key.
///
/// ```
/// # use hrpush::plan::PersonLabel;
/// let karl = PersonLabel { name: Some("Karl Bauer".into()), department: Some("Sales".into()), ..PersonLabel::default() };
/// assert_eq!(karl.name.as_deref(), Some("Karl Bauer"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonLabel {
    /// The display name, else given name and surname.
    pub name: Option<String>,
    /// The department of the account before the change; of an account to be created, the one that it will have.
    pub department: Option<String>,
    /// The display name of the manager.
    pub manager: Option<String>,
    /// The sign-in name, where the entry of the plan has none of its own.
    pub sign_in_name: Option<String>,
}

/// Names by HR key, or by object id where a person has no key.
pub type PersonLabels = BTreeMap<String, PersonLabel>;
