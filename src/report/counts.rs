//! The counts of a plan: its deeds, and what became of each record.

use crate::plan::Summary;

/// The deeds and the entries of a plan. The commonest are shown even if they are 0, because readers look for them.
pub(super) fn deeds(summary: &Summary) -> String {
    let s = summary;
    let counts = [
        (s.create, "to create"),
        (s.update, "to update"),
        (s.enable, "to enable"),
        (s.disable, "to disable"),
        (s.restore, "to restore"),
        (s.delete, "to delete"),
        (s.create_group, "groups to create"),
        (s.update_group, "groups to update"),
        (s.add_members, "members to add"),
        (s.remove_members, "members to remove"),
        (s.unchanged, "unchanged"),
        (s.held, "held"),
        (s.held_leavers, "held leavers"),
        (s.skipped, "skipped"),
        (s.upcoming, "upcoming"),
        (s.missing, "missing"),
        (s.shielded, "shielded"),
    ];
    let shown = counts.iter().enumerate().filter(|(at, (count, _))| *count > 0 || matches!(at, 0 | 1 | 3 | 10));
    shown.map(|(_, (count, word))| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
}

/// The records of the reading, each counted in one place; none for an undo, which has no reading.
pub(super) fn records(summary: &Summary) -> Option<String> {
    let r = &summary.records;
    let counts = [
        (r.changed, "changed"),
        (r.unchanged, "unchanged"),
        (r.held, "held"),
        (r.left_alone, "left alone"),
        (r.upcoming, "upcoming"),
        (r.gone, "gone, nothing left to do"),
        (r.out_of_scope, "out of scope"),
    ];
    let shown: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    (r.total > 0).then(|| format!("{} = {}", r.total, shown.join(" + ")))
}
