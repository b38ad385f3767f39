//! The plan as one HTML file that needs nothing else: to be mailed to whoever must approve it.

use std::fmt::Write as _;

use super::escape::html as safe;
use super::text::leavers_to_see;
use crate::directory::Value;
use crate::plan::{Action, Change, Edit, Object, Plan};

const STYLE: &str = "body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1b1b1b}\
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;width:100%}\
td,th{border-bottom:1px solid #ddd;padding:.25rem .5rem;text-align:left;vertical-align:top}\
.create{border-left:4px solid #2a7d2a}.update,.enable,.restore{border-left:4px solid #b58900}.disable{border-left:4px solid #a03090}\
.delete{border-left:4px solid #c02020}article{padding:.3rem .8rem;margin:.6rem 0;background:#f7f7f7}\
.before{color:#a02020;text-decoration:line-through}.after{color:#1d6b1d}.alarm{color:#c02020;font-weight:bold}.why{color:#666}";

/// The whole plan as a self-contained document: no script, no link, nothing loaded from elsewhere.
pub fn html(plan: &Plan) -> String {
    let mut out = String::new();
    let title = format!("hrpush plan for {}", safe(&plan.source.name));
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <title>{title}</title><style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n"
    );
    let _ = writeln!(
        out,
        "<p>{} records, feed «{}», as of {}, computed {}.<br>Tenant {}{} at {}.<br>Fingerprint <code>{}</code></p>",
        plan.source.records,
        safe(&plan.source.feed),
        safe(&plan.as_of),
        safe(&plan.created_at),
        safe(&plan.target.tenant_id),
        if plan.target.sandbox { " (the embedded sandbox)" } else { "" },
        safe(&plan.target.graph_url),
        safe(&plan.fingerprint)
    );
    let alarms = leavers_to_see(plan);
    if !alarms.is_empty() {
        out.push_str("<h2 class=\"alarm\">HR says they have left, and hrpush will not touch them</h2>\n<ul>");
        for line in alarms {
            let _ = write!(out, "<li class=\"alarm\">{}</li>", safe(&line));
        }
        out.push_str("</ul>\n");
    }
    let _ = writeln!(out, "<h2>Changes ({})</h2>", plan.changes.len());
    for change in &plan.changes {
        draw_change(&mut out, change);
    }
    lists(&mut out, plan);
    out.push_str("</body></html>\n");
    out
}

fn verb(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Enable => "enable",
        Action::Disable => "disable",
        Action::Restore => "restore",
        Action::Delete => "delete",
    }
}

fn draw_change(out: &mut String, change: &Change) {
    let verb = verb(change.action);
    let object = if change.object == Object::Group { " group" } else { "" };
    let name = change.user_principal_name.as_deref().unwrap_or_default();
    let _ = writeln!(
        out,
        "<article class=\"{verb}\"><b>{verb}{object} {}</b> {} <span class=\"why\">{}</span><table>",
        safe(&change.key),
        safe(name),
        safe(&change.reason)
    );
    for Edit { name, before, after, expression: _ } in &change.attributes {
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td class=\"before\">{}</td><td class=\"after\">{}</td></tr>",
            safe(name),
            value(before.as_ref()),
            value(after.as_ref())
        );
    }
    for (sign, keys) in change.members.iter().flat_map(|members| [("add", &members.add), ("remove", &members.remove)]) {
        for key in keys {
            let _ = writeln!(out, "<tr><td>{sign} member</td><td colspan=\"2\">{}</td></tr>", safe(key));
        }
    }
    for step in &change.then {
        let word = serde_json::to_string(step).unwrap_or_default();
        let _ = writeln!(out, "<tr><td>then</td><td colspan=\"2\">{}</td></tr>", safe(word.trim_matches('"')));
    }
    out.push_str("</table></article>\n");
}

fn value(value: Option<&Value>) -> String {
    value.map(|value| safe(&value.to_string())).unwrap_or_default()
}

fn lists(out: &mut String, plan: &Plan) {
    if !plan.held.is_empty() {
        let _ = writeln!(out, "<h2>Held ({})</h2><table><tr><th>key<th>record<th>why<th>what to do</tr>", plan.held.len());
        for entry in &plan.held {
            let key = entry.key.as_ref().map(|key| safe(key.as_str())).unwrap_or_default();
            let place = entry.record.as_ref().map(|place| safe(&place.to_string())).unwrap_or_default();
            let (message, help) = (safe(&entry.message), safe(&entry.help));
            let _ = writeln!(out, "<tr><td>{key}</td><td>{place}</td><td>{message}</td><td>{help}</td></tr>");
        }
        out.push_str("</table>\n");
    }
    if !plan.skipped.is_empty() {
        let _ = writeln!(out, "<h2>Left alone ({})</h2><table><tr><th>key<th>why</tr>", plan.skipped.len());
        for entry in &plan.skipped {
            let id = entry.id.as_ref().map(crate::directory::ObjectId::as_str);
            let who = entry.key.as_deref().or(id).unwrap_or_default();
            let _ = writeln!(out, "<tr><td>{}</td><td>{}</td></tr>", safe(who), safe(&entry.message));
        }
        out.push_str("</table>\n");
    }
    out.push_str("<h2>Guards</h2><table><tr><th>guard<th>count<th>of<th>limit</tr>\n");
    for guard in &plan.guards {
        let class = if guard.tripped { " class=\"alarm\"" } else { "" };
        let limit = guard.limit.map_or("none".to_owned(), |limit| limit.to_string());
        let _ = writeln!(
            out,
            "<tr{class}><td>{}</td><td>{}</td><td>{}</td><td>{limit}</td></tr>",
            safe(&guard.name),
            guard.count,
            guard.of
        );
    }
    out.push_str("</table>\n");
}
