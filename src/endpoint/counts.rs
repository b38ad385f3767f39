//! The answers of the service, counted for a monitor.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;

use axum::http::Method;

use crate::record::lock;

/// The methods that are counted by their names. Any other one could be any text.
const METHODS: [&str; 5] = ["DELETE", "GET", "PATCH", "POST", "PUT"];

/// The answers so far, by method, endpoint and status.
#[derive(Debug, Default)]
pub(super) struct Counts(Mutex<BTreeMap<(&'static str, &'static str, u16), u64>>);

impl Counts {
    pub(super) fn add(&self, method: &Method, endpoint: &'static str, status: u16) {
        let method = METHODS.into_iter().find(|known| *known == method.as_str()).unwrap_or("other");
        *lock(&self.0).entry((method, endpoint, status)).or_default() += 1;
    }

    /// The counts in the text format of Prometheus.
    pub(super) fn text(&self, changes: u64) -> String {
        let mut text = String::from("# TYPE hrpush_scim_requests_total counter\n");
        for ((method, endpoint, status), count) in &*lock(&self.0) {
            let labels = format!("method=\"{method}\",endpoint=\"{endpoint}\",status=\"{status}\"");
            let _ = writeln!(text, "hrpush_scim_requests_total{{{labels}}} {count}");
        }
        let _ = write!(text, "# TYPE hrpush_scim_changes_total counter\nhrpush_scim_changes_total {changes}\n");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_few_labels_whatever_is_asked() {
        let counts = Counts::default();
        for method in ["GET", "GET", "BREW", "CHASE"] {
            counts.add(&Method::from_bytes(method.as_bytes()).unwrap(), "Users", 200);
        }
        let text = counts.text(7);
        assert!(text.contains("{method=\"GET\",endpoint=\"Users\",status=\"200\"} 2\n"), "{text}");
        assert!(
            text.contains("{method=\"other\",endpoint=\"Users\",status=\"200\"} 2\n") && text.ends_with("changes_total 7\n"),
            "{text}"
        );
    }
}
