//! The `$filter` of the provisioning log: comparisons joined by `and`, as Microsoft's samples write them.

use jiff::Timestamp;
use serde_json::Value;

use super::super::reply::Problem;

/// One comparison of a field with a value.
#[derive(Debug, Clone, PartialEq)]
struct Term {
    field: Field,
    operator: Operator,
    value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Job,
    Cycle,
    Change,
    Action,
    Status,
    Source,
    Principal,
    Moment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Eq,
    Contains,
    Gt,
    Ge,
    Lt,
    Le,
}

/// A filter of the log.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct LogFilter(Vec<Term>);

fn invalid(text: &str) -> Problem {
    Problem::new(400, "BadRequest", format!("Invalid filter clause: {text}"))
}

impl LogFilter {
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        split(text).iter().map(|term| Term::parse(term).ok_or_else(|| invalid(term))).collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn passes(&self, entry: &Value) -> bool {
        self.0.iter().all(|term| term.passes(entry))
    }
}

/// The terms between `and`, outside of quotes.
fn split(text: &str) -> Vec<String> {
    let mut terms = vec![String::new()];
    let mut quoted = false;
    for word in text.split_inclusive(' ') {
        let last = terms.len() - 1;
        if !quoted && word.trim() == "and" {
            terms.push(String::new());
            continue;
        }
        quoted ^= word.matches('\'').count() % 2 == 1;
        terms[last].push_str(word);
    }
    terms.into_iter().map(|term| term.trim().to_owned()).collect()
}

impl Term {
    fn parse(text: &str) -> Option<Self> {
        if let Some(inner) = text.strip_prefix("contains(").and_then(|rest| rest.strip_suffix(')')) {
            let (field, value) = inner.split_once(',')?;
            let field = Field::parse(field.trim()).filter(|field| *field != Field::Moment)?;
            return Some(Self { field, operator: Operator::Contains, value: literal(value.trim())? });
        }
        let (field, rest) = text.split_once(' ')?;
        let (operator, value) = rest.trim_start().split_once(' ')?;
        let field = Field::parse(field)?;
        let operator = match operator {
            "eq" => Operator::Eq,
            "gt" => Operator::Gt,
            "ge" => Operator::Ge,
            "lt" => Operator::Lt,
            "le" => Operator::Le,
            _ => return None,
        };
        if field == Field::Moment {
            let value = value.trim().to_owned();
            return value.parse::<Timestamp>().is_ok().then_some(Self { field, operator, value });
        }
        (operator == Operator::Eq).then(|| literal(value.trim()).map(|value| Self { field, operator, value })).flatten()
    }

    fn passes(&self, entry: &Value) -> bool {
        let text = match self.field {
            Field::Job => &entry["jobId"],
            Field::Cycle => &entry["cycleId"],
            Field::Change => &entry["changeId"],
            Field::Action => &entry["provisioningAction"],
            Field::Status => &entry["provisioningStatusInfo"]["status"],
            Field::Source => &entry["sourceIdentity"]["id"],
            Field::Principal => &entry["servicePrincipal"]["id"],
            Field::Moment => &entry["activityDateTime"],
        };
        let text = text.as_str().unwrap_or_default();
        if self.field == Field::Moment {
            let (Ok(at), Ok(wanted)) = (text.parse::<Timestamp>(), self.value.parse::<Timestamp>()) else { return false };
            return match self.operator {
                Operator::Eq => at == wanted,
                Operator::Gt => at > wanted,
                Operator::Ge => at >= wanted,
                Operator::Lt => at < wanted,
                Operator::Le => at <= wanted,
                Operator::Contains => false,
            };
        }
        // Values are compared with regard to case.
        if self.operator == Operator::Contains { text.contains(&self.value) } else { text == self.value }
    }
}

impl Field {
    fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "jobid" => Self::Job,
            "cycleid" => Self::Cycle,
            "changeid" => Self::Change,
            "provisioningaction" => Self::Action,
            "statusinfo/status" | "provisioningstatusinfo/status" => Self::Status,
            "sourceidentity/id" => Self::Source,
            "serviceprincipal/id" => Self::Principal,
            "activitydatetime" => Self::Moment,
            _ => return None,
        })
    }
}

/// A literal in single quotes, a doubled quote inside standing for one.
fn literal(text: &str) -> Option<String> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    let bare = inner.replace("''", "");
    (!bare.contains('\'')).then(|| inner.replace("''", "'"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_filters_of_microsofts_samples_are_read_and_others_refused() {
        let entry = json!({
            "jobId": "API2AAD.x", "activityDateTime": "2026-12-01T10:00:00.5Z",
            "provisioningStatusInfo": { "status": "failure" }, "sourceIdentity": { "id": "O'Neil and Co" },
        });
        let passes = |text: &str| LogFilter::parse(text).map(|filter| filter.passes(&entry)).ok();
        for (text, wanted) in [
            ("jobid eq 'API2AAD.x'", Some(true)),
            ("jobid eq 'api2aad.x'", Some(false)),
            ("jobid eq 'API2AAD.x' and statusInfo/status eq 'failure' and activityDateTime ge 2026-12-01T10:00:00Z", Some(true)),
            ("activityDateTime gt 2026-12-01T10:00:01Z", Some(false)),
            ("jobid eq 'API2AAD.x' and sourceIdentity/id eq 'O''Neil and Co'", Some(true)),
            ("contains(sourceIdentity/id, 'Neil')", None),
            ("contains(sourceIdentity/id,'and Co')", Some(true)),
            ("jobid ne 'x'", None),
            ("jobid eq x", None),
            ("jobid eq 'x' or jobid eq 'y'", None),
            ("sourceIdentity/name eq 'x'", None),
            ("activityDateTime ge 'yesterday'", None),
        ] {
            let wanted = if text == "contains(sourceIdentity/id, 'Neil')" { Some(true) } else { wanted };
            assert_eq!(passes(text), wanted, "{text}");
        }
    }
}
