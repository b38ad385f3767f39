//! Points on which Microsoft's sources disagree, or that not every rehearsal can meet. The sandbox takes the strict reading unless a
//! rehearsal asks for the other one.

use std::collections::BTreeSet;
use std::str::FromStr;

/// A point that can be read strictly or leniently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Disputed {
    /// An app may update `employeeHireDate` when it is alone in its request. Strict: 403, as the update page says.
    HireDate,
    /// Null clears a collection. Strict: 400; `[]` clears it.
    NullCollections,
    /// A deleted user keeps its `userPrincipalName`. Strict: the id without hyphens stands before it.
    DeletedNames,
    /// A delta token of more than seven days answers 410 `resyncRequired`. Strict: 400 `syncStateNotFound`.
    Delta410,
    /// `$select` ignores undefined directory extensions. Strict: 400.
    SelectUndefined,
    /// A JWT without `roles` and `scp` has the permissions of the sandbox. Strict: it has none.
    TokenRoles,
}

const ALL: [(&str, Disputed); 6] = [
    ("hire-date", Disputed::HireDate),
    ("null-collections", Disputed::NullCollections),
    ("deleted-names", Disputed::DeletedNames),
    ("delta-410", Disputed::Delta410),
    ("select-undefined", Disputed::SelectUndefined),
    ("token-roles", Disputed::TokenRoles),
];

/// The disputed points that a tenant reads leniently; none by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lenience(BTreeSet<Disputed>);

impl Lenience {
    /// Reads these points leniently.
    pub fn of(points: impl IntoIterator<Item = Disputed>) -> Self {
        Self(points.into_iter().collect())
    }

    pub(super) fn on(&self, point: Disputed) -> bool {
        self.0.contains(&point)
    }
}

/// A list of disputed points with a name that is none.
#[derive(Debug, thiserror::Error)]
#[error("unknown point `{0}`; known are hire-date, null-collections, deleted-names, delta-410, select-undefined, token-roles")]
pub struct LenienceError(String);

impl FromStr for Lenience {
    type Err = LenienceError;

    /// Reads a list such as `hire-date,null-collections`.
    ///
    /// ```
    /// # use hrpush::sandbox::{Disputed, Lenience};
    /// let lenience: Lenience = "hire-date, delta-410".parse().unwrap();
    /// assert_eq!(lenience, Lenience::of([Disputed::HireDate, Disputed::Delta410]));
    /// assert!("everything".parse::<Lenience>().is_err());
    /// ```
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        let point = |name: &str| ALL.iter().find(|(known, _)| *known == name).map(|(_, point)| *point);
        names.map(|name| point(name).ok_or_else(|| LenienceError(name.to_owned()))).collect::<Result<_, _>>().map(Self)
    }
}
