//! The cases of `FILE.tests.toml` and their results.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::mapping::coverage::Coverage;

/// The file of cases.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default, rename = "case")]
    pub(super) cases: Vec<Case>,
}

/// A record and the values that the mapping is expected to give for it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub(super) name: toml::Spanned<String>,
    /// The day, `YYYY-MM-DD`; 1 January 2026 where it is left out.
    pub(super) as_of: Option<String>,
    pub(super) default_domain: Option<String>,
    pub(super) record: Map<String, Json>,
    /// Attributes with their values; `""` means cleared, `{ ignore = "attribute" }` left as it is. `manager` and `stage` may be
    /// among them.
    #[serde(default)]
    pub(super) expect: Map<String, Json>,
    /// The code under which the record is held.
    pub(super) held: Option<String>,
    /// Whether the record falls out of the scope.
    #[serde(default)]
    pub(super) out_of_scope: bool,
}

impl Case {
    pub(super) fn expects_nothing(&self) -> bool {
        self.expect.is_empty() && self.held.is_none() && !self.out_of_scope
    }
}

/// The results of all cases.
#[derive(Clone, Debug)]
pub struct Tested {
    /// Each case, in the order of the file.
    pub cases: Vec<CaseResult>,
    /// Which branches of the mapping the cases reached.
    pub coverage: Coverage,
    /// The file of cases with the outcomes as expectations; comments and order stay. `None` if it would not change, or if it is written in
    /// a way that cannot be changed safely.
    pub accepted: Option<String>,
}

/// The result of one case.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct CaseResult {
    /// The name of the case.
    pub name: String,
    /// The line of its name in the file of cases.
    pub line: usize,
    /// Whether the mapping yields what the case expects.
    pub passed: bool,
    /// The differences from what was expected.
    pub differences: Vec<Difference>,
}

/// One difference from what was expected.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Difference {
    /// The attribute; `manager` and `stage` too, or `held`, `out_of_scope` and `record`.
    pub name: String,
    /// What the case expects, if it does.
    pub expected: Option<Json>,
    /// The value that was found, if there is one.
    pub found: Option<Json>,
    /// The reason if a record is held or cannot be read, or if a value of a leaver is left out.
    pub message: Option<String>,
}

/// The outcome of a record, as a case writes it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    Desired {
        found: BTreeMap<String, Json>,
        /// Why values of a leaver are left out.
        left_out: BTreeMap<String, String>,
    },
    Held {
        code: &'static str,
        message: String,
    },
    OutOfScope,
    /// The case itself is not valid.
    Wrong(String),
}

/// The expectation of an attribute that is left as it is.
pub(super) fn left_alone() -> Json {
    json!({ "ignore": "attribute" })
}
