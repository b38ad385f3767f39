//! GET of the provisioning log: filter, order and pages.

use serde_json::{Value, json};

use super::super::listing::page_size;
use super::super::query_options::{opened, token};
use super::super::reply::{Answer, Problem, Reply};
use super::super::request::Request;
use super::super::server::State;
use super::log_filter::LogFilter;

/// A page of the log, the newest entry first unless `$orderby` says otherwise.
pub(super) fn list(state: &mut State, request: &Request) -> Answer {
    let now = state.clock.elapsed().mul_f64(state.meter.scale());
    if let Err(wait) = state.provisioning.readings.take(now) {
        state.counts.throttled += 1;
        let seconds = (wait.as_secs_f64() / state.meter.scale()).max(0.001);
        return Err(Problem::new(429, "TooManyRequests", "Too many requests.").header("Retry-After", format!("{seconds:.3}")));
    }
    let filter = request.query("$filter").map(LogFilter::parse).transpose()?.unwrap_or_default();
    let ascending = match request.query("$orderby") {
        None | Some("activityDateTime desc") => false,
        Some("activityDateTime" | "activityDateTime asc") => true,
        Some(other) => return Err(Problem::new(400, "BadRequest", format!("Unsupported sort property '{other}'."))),
    };
    let top = request.query("$top").map_or(Ok(100), |top| page_size(top, 1000))?;
    let skip = match request.query("$skiptoken") {
        None => 0,
        Some(text) => opened(text)
            .and_then(|token| usize::try_from(token["skip"].as_u64()?).ok())
            .ok_or_else(|| Problem::new(400, "BadRequest", "Invalid skip token."))?,
    };
    let mut found: Vec<&Value> = state.provisioning.entries.iter().filter(|entry| filter.passes(entry)).collect();
    if !ascending {
        found.reverse();
    }
    let page: Vec<&Value> = found.iter().copied().skip(skip).take(top).collect();
    let mut body = json!({ "@odata.context": format!("{}/$metadata#auditLogs/provisioning", state.base), "value": page });
    if skip + page.len() < found.len() {
        let next = token(&json!({ "skip": skip + page.len() }));
        body["@odata.nextLink"] = json!(request.link(&state.base, "$skiptoken", &next));
    }
    Ok(Reply::ok(body))
}
