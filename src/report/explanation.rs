//! One person, from the record to the decision: the document of `hrpush explain`, and its text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value as Json;

use crate::diagnostic::escape::{Shown, shown};
use crate::directory::ObjectId;
use crate::mapping::{Explained, LeaveAction};
use crate::plan::{Change, HeldEntry, Plan, Skipped};
use crate::record::Place;
use crate::store::{DecisionRow, Write};

/// Everything that is known of one person.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation<'a> {
    /// The person's key in HR.
    pub key: &'a str,
    /// The day for which it was decided.
    pub as_of: Date,
    /// The person's records; none where HR does not name them.
    pub records: Vec<RecordExplained>,
    /// The accounts that each `[[match]]` finds, in its order.
    pub matches: Vec<Match>,
    /// What the tenant has of the person.
    pub account: Option<Owner>,
    /// Why hrpush leaves the account alone, wholly or in part.
    pub protection: Option<String>,
    /// What earlier runs left.
    pub known: Option<Standing>,
    /// What was decided by hand.
    pub decision: Option<DecisionExplained>,
    /// What a run would do now.
    pub changes: &'a [Change],
    /// Why the person is held.
    pub held: &'a [HeldEntry],
    /// What is left alone, and why.
    pub skipped: &'a [Skipped],
    /// The last requests, newest first.
    pub writes: Vec<Write>,
}

/// A decision by hand, and whether it still holds.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DecisionExplained {
    /// As it was journaled.
    #[serde(flatten)]
    pub row: DecisionRow,
    /// Whether account and names are still those that it is bound to.
    pub applies: bool,
}

/// One record with what the mapping makes of it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordExplained {
    /// Where it stands.
    pub record: Place,
    /// Its cells.
    pub cells: serde_json::Map<String, Json>,
    /// Each expression with its inputs and its result.
    pub expressions: Vec<Explained>,
    /// Where the person stands in the life cycle, with the dates; none where the record is held.
    pub lifecycle: Option<String>,
}

/// What one `[[match]]` finds.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Match {
    /// The attribute.
    pub attribute: &'static str,
    /// What is looked for.
    pub value: String,
    /// Who has it.
    pub accounts: Vec<Owner>,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// Graph's id.
    pub id: ObjectId,
    /// The sign-in name.
    pub user_principal_name: String,
    /// accountEnabled.
    pub enabled: Option<bool>,
    /// Whether it is in the recycle bin.
    pub deleted: bool,
}

/// A person as earlier runs left them.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// The account.
    pub id: ObjectId,
    /// The feed that last carried the person.
    pub feed: String,
    /// Whether the record was matched to the account and nothing was written to it.
    pub seen: bool,
    /// The day on which hrpush disabled the account.
    pub disabled_on: Option<Date>,
    /// Whether hrpush made the account ahead of the start.
    pub pre_hire: bool,
    /// The day on which hrpush deleted the account.
    pub deleted_on: Option<Date>,
    /// What followed the leaving and is done.
    pub leave_done: Vec<LeaveAction>,
    /// What HR wanted at the last run, by attribute.
    pub wanted: BTreeMap<String, Option<crate::directory::Value>>,
}

/// The explanation as text: HR's side, the tenant's side, the decision, and what was written so far.
pub fn explanation(told: &Explanation<'_>, plan: &Plan) -> String {
    let mut text = String::new();
    if told.records.is_empty() {
        let _ = writeln!(text, "{}: HR names nobody with this key\n", Shown(told.key));
    }
    for record in &told.records {
        draw_record(&mut text, told.key, record);
    }
    draw_tenant(&mut text, told);
    if let Some(known) = &told.known {
        draw_standing(&mut text, known);
    }
    if let Some(DecisionExplained { row, applies }) = &told.decision {
        let _ = write!(text, "\nDecided by hand\n  {}", super::decisions::decision(row).replace("\n    ", "\n      "));
        if !applies {
            text.push_str("      it does not apply any more: the account or one of the names is another\n");
        }
    }
    text.push_str("\nDecision\n");
    text.push_str(&super::text::decisions(plan));
    draw_writes(&mut text, &told.writes);
    text
}

fn draw_record(text: &mut String, key: &str, told: &RecordExplained) {
    let _ = writeln!(text, "{} in {}", Shown(key), Shown(&told.record.to_string()));
    for (name, value) in &told.cells {
        let _ = writeln!(text, "    {}: {}", Shown(name), shown(&value.to_string()));
    }
    text.push_str("\nExpressions\n");
    for Explained { target, expression, inputs, result } in &told.expressions {
        let inputs: Vec<String> = inputs.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        let _ = writeln!(text, "  {}: {}", Shown(target), Shown(&result.to_string()));
        let _ = writeln!(text, "      by {}", Shown(expression));
        if !inputs.is_empty() {
            let _ = writeln!(text, "      from {}", Shown(&inputs.join(", ")));
        }
    }
    if let Some(lifecycle) = &told.lifecycle {
        let _ = writeln!(text, "\nLife cycle\n  {}", Shown(lifecycle));
    }
    text.push('\n');
}

fn draw_tenant(text: &mut String, told: &Explanation<'_>) {
    text.push_str("Match\n");
    for Match { attribute, value, accounts } in &told.matches {
        let _ = writeln!(text, "  {attribute} = {}: {}", Shown(value), owners(accounts));
    }
    match &told.account {
        Some(account) => _ = writeln!(text, "  the account is {}", owner(account)),
        None => text.push_str("  there is no account\n"),
    }
    if let Some(why) = &told.protection {
        let _ = writeln!(text, "  {}", Shown(why));
    }
}

fn owners(accounts: &[Owner]) -> String {
    if accounts.is_empty() { "nobody".to_owned() } else { accounts.iter().map(owner).collect::<Vec<_>>().join(", ") }
}

fn owner(account: &Owner) -> String {
    let state = match (account.deleted, account.enabled) {
        (true, _) => "deleted",
        (false, Some(false)) => "disabled",
        (false, _) => "enabled",
    };
    format!("{} ({}, {state})", Shown(&account.user_principal_name), Shown(&account.id.to_string()))
}

fn draw_standing(text: &mut String, known: &Standing) {
    let _ = writeln!(
        text,
        "\nEarlier runs\n  last carried by the feed «{}», as {}",
        Shown(&known.feed),
        Shown(&known.id.to_string())
    );
    if known.seen {
        text.push_str("  matched, and never written to\n");
    }
    if known.pre_hire {
        text.push_str("  made ahead of the start, by hrpush\n");
    }
    for (what, day) in [("disabled", known.disabled_on), ("deleted", known.deleted_on)] {
        if let Some(day) = day {
            let _ = writeln!(text, "  {what} by hrpush on {day}");
        }
    }
    for action in &known.leave_done {
        let word = serde_json::to_value(action).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default();
        let _ = writeln!(text, "  done since the person left: {word}");
    }
}

fn draw_writes(text: &mut String, writes: &[Write]) {
    text.push_str("\nLast writes\n");
    if writes.is_empty() {
        text.push_str("  none\n");
    }
    for Write { run, request } in writes {
        let end = match (request.done, request.status) {
            (None, _) => "no answer".to_owned(),
            (Some(true), _) => "done".to_owned(),
            (Some(false), status) => {
                let status = status.map(|status| format!("{status} ")).unwrap_or_default();
                format!("{status}{}", shown(request.message.as_deref().unwrap_or("not done")))
            }
        };
        let what = if request.attributes.is_empty() { String::new() } else { format!(" ({})", request.attributes.join(", ")) };
        let _ = writeln!(text, "  {} {}{}: {end}", Shown(&request.sent_at), Shown(&request.kind), Shown(&what));
        let id = request.request_id.as_deref().map(|id| format!(", request id {}", Shown(id))).unwrap_or_default();
        let _ = writeln!(text, "      run {}{id}", Shown(&run.0));
    }
}
