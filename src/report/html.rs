//! The plan as one HTML file without external parts, to be mailed to its approver.

use askama::Template;

use super::concerns::{leavers, who};
use crate::directory::Value;
use crate::plan::{Object, Plan};

/// The template `plan.html` beside this file. Every inserted value is escaped.
#[derive(Template)]
#[template(path = "plan.html")]
struct Page<'a> {
    plan: &'a Plan,
    leavers: Vec<String>,
}

/// The whole plan as a self-contained document, without scripts, links or external resources.
///
/// # Panics
/// Never: it is written into a string.
pub fn html(plan: &Plan) -> String {
    let page = Page { plan, leavers: leavers(plan) };
    page.render().expect("writing into a string cannot fail")
}

fn value(value: Option<&Value>) -> String {
    value.map(Value::to_string).unwrap_or_default()
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

    /// Spells out characters that would change the reading direction of the page.
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
