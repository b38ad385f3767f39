//! One person, from the record to the decision: the document and the text of `hrpush explain`.

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
use crate::store::pushed::PushedArrival;
use crate::store::{DecisionRow, Write};

/// Everything about one person.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The person's key in HR.
    pub key: String,
    /// The day of the decision.
    pub as_of: Date,
    /// The person's records. Empty if no record has the key.
    pub records: Vec<RecordExplained>,
    /// The accounts that each `[[match]]` finds, in its order.
    pub matches: Vec<Match>,
    /// The person's account.
    pub account: Option<Owner>,
    /// Why hrpush does not change the account, or only in part.
    pub protection: Option<String>,
    /// What earlier runs recorded.
    pub known: Option<Standing>,
    /// The decision by hand.
    pub decision: Option<DecisionExplained>,
    /// The changes of a run now.
    pub changes: Vec<Change>,
    /// Why the person is held.
    pub held: Vec<HeldEntry>,
    /// What is skipped, and why.
    pub skipped: Vec<Skipped>,
    /// The last requests, newest first.
    pub writes: Vec<Write>,
}

/// A decision by hand, and whether it still applies.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DecisionExplained {
    /// The decision with its time and its note, as journaled.
    #[serde(flatten)]
    pub row: DecisionRow,
    /// Whether account and names are still those that it is bound to.
    pub applies: bool,
}

/// One record with its mapping.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordExplained {
    /// Its place in the source.
    pub record: Place,
    /// The values by column name, as the source has them.
    pub cells: serde_json::Map<String, Json>,
    /// When each value was pushed, and by which token. Empty for a source that is read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pushed: Vec<PushedArrival>,
    /// Each expression with its inputs and its result.
    pub expressions: Vec<Explained>,
    /// The stage of the life cycle with its dates. `None` if the record is held.
    pub lifecycle: Option<String>,
}

/// What one `[[match]]` finds.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Match {
    /// The name of the match attribute, as Graph spells it.
    pub attribute: &'static str,
    /// The value to find.
    pub value: String,
    /// The accounts with that value.
    pub accounts: Vec<Owner>,
}

/// An account that has the value which a record is matched by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// The object id of the account.
    pub id: ObjectId,
    /// The sign-in name.
    pub user_principal_name: String,
    /// Whether the account is enabled; absent where Graph does not report it.
    pub enabled: Option<bool>,
    /// Whether it is in the recycle bin.
    pub deleted: bool,
}

/// What earlier runs recorded about a person.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// The object id of the account that the ledger has for the person.
    pub id: ObjectId,
    /// The feed that last contained the person.
    pub feed: String,
    /// Whether the record was matched to the account and nothing was written to it.
    pub seen: bool,
    /// The day on which hrpush disabled the account.
    pub disabled_on: Option<Date>,
    /// Whether hrpush created the account before the start date.
    pub pre_hire: bool,
    /// The day on which hrpush deleted the account.
    pub deleted_on: Option<Date>,
    /// The completed steps after leaving.
    pub leave_done: Vec<LeaveAction>,
    /// The desired values of the last run, by attribute.
    pub wanted: BTreeMap<String, Option<crate::directory::Value>>,
}

/// The explanation as text: the records, the tenant, the decision, and the last writes.
pub fn explanation(explained: &Explanation, plan: &Plan) -> String {
    let mut text = String::new();
    if explained.records.is_empty() {
        let _ = writeln!(text, "{}: no HR record has this key\n", Shown(&explained.key));
    }
    for record in &explained.records {
        write_record(&mut text, &explained.key, record);
    }
    write_tenant(&mut text, explained);
    if let Some(known) = &explained.known {
        write_standing(&mut text, known);
    }
    if let Some(DecisionExplained { row, applies }) = &explained.decision {
        let _ = write!(text, "\nDecided by hand\n  {}", super::decisions::decision(row).replace("\n    ", "\n      "));
        if !applies {
            text.push_str("      it no longer applies: the account or one of the names has changed\n");
        }
    }
    text.push_str("\nDecision\n");
    text.push_str(&super::text::decisions(plan));
    write_writes(&mut text, &explained.writes);
    text
}

fn write_record(text: &mut String, key: &str, explained: &RecordExplained) {
    let _ = writeln!(text, "{} in {}", Shown(key), Shown(&explained.record.to_string()));
    for (name, value) in &explained.cells {
        let _ = writeln!(text, "    {}: {}", Shown(name), shown(&value.to_string()));
    }
    if !explained.pushed.is_empty() {
        text.push_str("\nPushed\n");
    }
    for PushedArrival { path, at, token } in &explained.pushed {
        let _ = writeln!(text, "    {}: {} by {}", Shown(path), Shown(at), Shown(token));
    }
    text.push_str("\nExpressions\n");
    for Explained { target, expression, inputs, result } in &explained.expressions {
        let inputs: Vec<String> = inputs.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        let _ = writeln!(text, "  {}: {}", Shown(target), Shown(&result.to_string()));
        let _ = writeln!(text, "      by {}", Shown(expression));
        if !inputs.is_empty() {
            let _ = writeln!(text, "      from {}", Shown(&inputs.join(", ")));
        }
    }
    if let Some(lifecycle) = &explained.lifecycle {
        let _ = writeln!(text, "\nLife cycle\n  {}", Shown(lifecycle));
    }
    text.push('\n');
}

fn write_tenant(text: &mut String, explained: &Explanation) {
    text.push_str("Match\n");
    for Match { attribute, value, accounts } in &explained.matches {
        let _ = writeln!(text, "  {attribute} = {}: {}", Shown(value), owners(accounts));
    }
    match &explained.account {
        Some(account) => _ = writeln!(text, "  the account is {}", owner(account)),
        None => text.push_str("  there is no account\n"),
    }
    if let Some(why) = &explained.protection {
        let _ = writeln!(text, "  {}", Shown(why));
    }
}

fn owners(accounts: &[Owner]) -> String {
    if accounts.is_empty() { "no account".to_owned() } else { accounts.iter().map(owner).collect::<Vec<_>>().join(", ") }
}

fn owner(account: &Owner) -> String {
    let state = match (account.deleted, account.enabled) {
        (true, _) => "deleted",
        (false, Some(false)) => "disabled",
        (false, _) => "enabled",
    };
    format!("{} ({}, {state})", Shown(&account.user_principal_name), Shown(&account.id.to_string()))
}

fn write_standing(text: &mut String, known: &Standing) {
    let _ = writeln!(text, "\nEarlier runs\n  last seen in feed \"{}\" as {}", Shown(&known.feed), Shown(&known.id.to_string()));
    if known.seen {
        text.push_str("  matched, and never written to\n");
    }
    if known.pre_hire {
        text.push_str("  created by hrpush before the start date\n");
    }
    for (what, day) in [("disabled", known.disabled_on), ("deleted", known.deleted_on)] {
        if let Some(day) = day {
            let _ = writeln!(text, "  {what} by hrpush on {day}");
        }
    }
    for action in &known.leave_done {
        let _ = writeln!(text, "  done after the person left: {}", action.as_str());
    }
}

fn write_writes(text: &mut String, writes: &[Write]) {
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
