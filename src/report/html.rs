//! The plan as one HTML file that needs nothing else: to be mailed to whoever must approve it.

use askama::Template;

use super::concerns::{kebab, leavers, who};
use crate::directory::Value;
use crate::mapping::LeaveAction;
use crate::plan::{Action, Object, Plan};

/// `plan.html` beside this file. What is put into it is escaped, unless it says otherwise, and it never does.
#[derive(Template)]
#[template(path = "plan.html")]
struct Page<'a> {
    plan: &'a Plan,
    leavers: Vec<String>,
}

/// The whole plan as a self-contained document: no script, no link, nothing loaded from elsewhere.
///
/// # Panics
/// Never: it is written into a string.
pub fn html(plan: &Plan) -> String {
    let page = Page { plan, leavers: leavers(plan) };
    page.render().expect("writing into a string cannot fail")
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

fn value(value: Option<&Value>) -> String {
    value.map(Value::to_string).unwrap_or_default()
}

fn word(step: LeaveAction) -> String {
    serde_json::to_string(&step).unwrap_or_default().trim_matches('"').to_owned()
}

mod filters {
    #![expect(
        unreachable_pub,
        clippy::inline_always,
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "the attribute makes it so"
    )]

    use std::fmt;

    use crate::report;

    /// What could turn the reading direction of the page is spelt out.
    #[askama::filter_fn]
    pub(super) fn shown(text: impl fmt::Display, _: &dyn askama::Values) -> askama::Result<String> {
        Ok(report::shown(&text.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::world::{World, worker};

    #[test]
    fn a_name_cannot_leave_its_element_or_turn_the_page() {
        let page = html(&World::new(vec![worker("1", "<b a='1'>&\"", "St\u{202e}one")]).plan());
        assert!(page.contains("<td>givenName</td>"), "{page}");
        assert!(!page.contains("<b a="), "{page}");
        assert!(page.contains(r"St\u{202e}one"), "{page}");
        assert!(page.trim_end().ends_with("</html>"));
    }
}
