//! What a guard counts, in words.

use crate::diagnostic::escape::Shown;
use crate::plan::{Guard, GuardColumn, GuardName};

/// What a guard has counted, as the part of a sentence.
pub(super) fn sentence(guard: &Guard) -> String {
    let Guard { name, count, of, .. } = guard;
    if guard.tripped && guard.limit.is_some_and(|limit| *count <= limit) {
        return "this cannot be counted again without the plan's copy in the state folder".to_owned();
    }
    let one = *count == 1;
    let word = |one_word: &'static str, many: &'static str| if one { one_word } else { many };
    match name {
        GuardName::Source => format!("{count} fewer records than the {of} of the last good reading"),
        GuardName::Feed => format!("{count} of {of} columns {} unlike the last good file", word("looks", "look")),
        GuardName::Disable => format!("{count} of {of} accounts would be disabled"),
        GuardName::Enable => format!("{count} accounts would be enabled or restored, of {of} managed ones"),
        GuardName::Delete => format!("{count} of {of} accounts would be deleted"),
        GuardName::Create => format!("{count} accounts would be created, where {of} exist"),
        GuardName::Update => format!("{count} of {of} people would be changed"),
        GuardName::Clear => format!("{count} of {of} people would lose a value or the manager"),
        GuardName::Identity => format!("{count} of {of} people would get another name or sign-in name"),
        GuardName::RemoveMembers => format!("{count} of {of} memberships would end"),
        GuardName::Held => format!("{count} of {of} records {} held that the last good reading did not hold", word("is", "are")),
        GuardName::Missing => format!("{count} people with an account are in no record any more, of {of} managed ones"),
    }
}

/// The limit of a guard, behind its name.
pub(super) fn of_limit(guard: &Guard) -> String {
    guard.limit.map_or_else(|| ", no limit".to_owned(), |limit| format!(", limit {limit}"))
}

/// The columns that the guard `feed` names, as the end of its sentence.
fn columns(guard: &Guard) -> String {
    if guard.columns.is_empty() {
        return String::new();
    }
    let columns: Vec<String> = guard.columns.iter().map(column).collect();
    format!(": {}", columns.join(", "))
}

/// A column that lost its values: the share of empty cells where it rose, else the number of different values.
fn column(column: &GuardColumn) -> String {
    let GuardColumn { name, empty_before, empty_after, distinct_before, distinct_after } = column;
    if empty_after > empty_before {
        format!("{} ({:.0} % → {:.0} % empty)", Shown(name), empty_before * 100.0, empty_after * 100.0)
    } else {
        format!("{} ({distinct_before} → {distinct_after} different values)", Shown(name))
    }
}

/// A guard with its name, its count and its columns, as a line of the report.
pub(super) fn guard(guard: &Guard) -> String {
    format!("{}: {}", guard.name, guard_count(guard))
}

/// What a guard has counted, with its columns and its limit.
///
/// ```
/// # use hrpush::plan::{Guard, GuardName};
/// let guard = Guard { name: GuardName::Disable, count: 9, of: 52, limit: Some(3), tripped: true, columns: Vec::new() };
/// assert_eq!(hrpush::report::guard_count(&guard), "9 of 52 accounts would be disabled, limit 3");
/// ```
pub fn guard_count(guard: &Guard) -> String {
    format!("{}{}{}", sentence(guard), columns(guard), of_limit(guard))
}

/// Whether a guard tripped or is near its limit, so that a reader should see it.
pub(super) fn is_near(guard: &Guard) -> bool {
    guard.tripped || guard.limit.is_some_and(|limit| guard.count > 0 && guard.count.saturating_mul(4) >= limit.saturating_mul(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(name: GuardName, count: u64, of: u64, limit: u64) -> Guard {
        Guard { name, count, of, limit: Some(limit), tripped: count > limit, columns: Vec::new() }
    }

    #[test]
    fn the_guard_on_columns_names_each_with_what_it_lost() {
        let column = |name: &str, empty_before, empty_after, distinct_before, distinct_after| GuardColumn {
            name: name.into(),
            empty_before,
            empty_after,
            distinct_before,
            distinct_after,
        };
        let columns = vec![column("Mobile", 0.04, 0.61, 50, 20), column("City\u{202e}", 0.0, 0.0, 40, 3)];
        let feed = Guard { columns, ..counted(GuardName::Feed, 2, 14, 0) };
        let wanted = r"feed: 2 of 14 columns look unlike the last good file: Mobile (4 % → 61 % empty), City\u{202e} (40 → 3 different values), limit 0";
        assert_eq!(guard(&feed), wanted);
    }

    #[test]
    fn every_guard_says_what_it_counts() {
        for name in GuardName::ALL {
            let text = guard(&counted(name, 9, 52, 3));
            assert!(text.starts_with(&format!("{name}: ")) && text.contains('9') && text.contains(", limit 3"), "{text}");
            assert!(!text.contains(&format!("{name}: {name}")), "{name} has no words of its own");
        }
    }

    #[test]
    fn a_guard_is_near_from_three_quarters_of_its_limit() {
        let near = |count, limit| is_near(&counted(GuardName::Disable, count, 52, limit));
        assert_eq!([near(0, 0), near(2, 3), near(3, 4), near(3, 3), near(4, 3)], [false, false, true, true, true]);
    }
}
