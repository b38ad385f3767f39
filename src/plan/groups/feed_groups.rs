//! What of the groups of a feed cannot be carried over yet.

use crate::plan::inputs::FeedGroup;
use crate::plan::model::{Skipped, SkippedCode};
use crate::plan::person::context::PersonPlanner;

/// How many members are listed by their ids.
const LISTED: usize = 5;

/// Reports members without a record, and members that are groups.
pub(super) fn report(planner: &mut PersonPlanner<'_>) {
    if planner.inputs.only.is_some() || !planner.inputs.rules.groups.iter().any(|rule| rule.from_feed) {
        return;
    }
    let skipped = planner.inputs.feed_groups.iter().filter_map(|group| {
        let message = message(group)?;
        Some(Skipped {
            key: Some(group.key.clone()),
            id: None,
            code: SkippedCode::MemberPending,
            message,
            left: false,
            disabled: false,
        })
    });
    planner.skipped.extend(skipped.collect::<Vec<_>>());
}

fn message(group: &FeedGroup) -> Option<String> {
    let FeedGroup { name, pending, nested, .. } = group;
    let mut parts = Vec::new();
    if !pending.is_empty() {
        let more = pending.len().saturating_sub(LISTED);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let ids = pending.iter().take(LISTED).map(String::as_str).collect::<Vec<_>>().join(", ");
        parts.push(format!("{} without a record ({ids}{more}), which join once they are pushed as users", pending.len()));
    }
    if *nested > 0 {
        parts.push(format!("{nested} that are groups, whose people do not become members"));
    }
    (!parts.is_empty()).then(|| format!("the group {name} of the feed has members that are left out: {}", parts.join("; ")))
}
