//! Parsed filters, and which objects pass them.

use serde_json::{Map, Value};

/// A `$filter` as a tree of tests.
#[derive(Debug)]
pub(in super::super) enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    Compare(String, Compare, Value),
    In(String, Vec<Value>),
    StartsWith(String, String),
    EndsWith(String, String),
    /// The number of items of a collection.
    Count(String, Compare, u64),
    /// One item of a collection satisfies the filter, whose property is then empty.
    Any(String, Box<Filter>),
}

/// A comparison. Graph refuses `gt` and `lt` on directory objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Compare {
    Eq,
    Ne,
    Ge,
    Le,
}

impl Filter {
    /// Whether an object passes.
    pub(in super::super) fn passes(&self, props: &Map<String, Value>) -> bool {
        match self {
            Self::And(a, b) => a.passes(props) && b.passes(props),
            Self::Or(a, b) => a.passes(props) || b.passes(props),
            Self::Not(a) => !a.passes(props),
            Self::Compare(path, compare, value) => compares(find(props, path), *compare, value),
            Self::In(path, values) => values.iter().any(|value| compares(find(props, path), Compare::Eq, value)),
            Self::StartsWith(path, start) => {
                find(props, path).as_str().is_some_and(|text| text.to_lowercase().starts_with(&start.to_lowercase()))
            }
            Self::EndsWith(path, end) => {
                find(props, path).as_str().is_some_and(|text| text.to_lowercase().ends_with(&end.to_lowercase()))
            }
            Self::Count(path, compare, number) => {
                let count = find(props, path).as_array().map_or(0, Vec::len) as u64;
                compares(&Value::from(count), *compare, &Value::from(*number))
            }
            Self::Any(path, filter) => find(props, path).as_array().is_some_and(|items| {
                items.iter().any(|item| {
                    let mut one = item.as_object().cloned().unwrap_or_default();
                    one.insert(String::new(), item.clone());
                    filter.passes(&one)
                })
            }),
        }
    }
}

fn find<'a>(props: &'a Map<String, Value>, path: &str) -> &'a Value {
    let mut parts = path.split('/');
    let mut value = props.get(parts.next().unwrap_or_default()).unwrap_or(&Value::Null);
    for part in parts {
        value = &value[part];
    }
    value
}

fn compares(found: &Value, compare: Compare, value: &Value) -> bool {
    use std::cmp::Ordering;
    let equal = match (found, value) {
        (Value::String(a), Value::String(b)) => a.to_lowercase() == b.to_lowercase(),
        (a, b) => a == b,
    };
    let order = match (found, value) {
        (Value::String(a), Value::String(b)) => Some(a.to_lowercase().cmp(&b.to_lowercase())),
        (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()),
        _ => None,
    };
    match compare {
        Compare::Eq => equal,
        Compare::Ne => !equal,
        Compare::Ge => order.is_some_and(Ordering::is_ge),
        Compare::Le => order.is_some_and(Ordering::is_le),
    }
}
