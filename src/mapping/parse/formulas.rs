//! What the expressions and targets of a mapping file have in common.

use std::ops::Range;

use crate::diagnostic::did_you_mean;
use crate::directory::Attribute;
use crate::expr;
use crate::mapping::walk::Walk;

/// The rules for an expression that gives one text and may not choose among candidates.
pub(in crate::mapping) fn one_text() -> expr::Rules {
    expr::Rules { want: expr::Want::Text, ..expr::Rules::default() }
}

/// The attribute of a name; one that is unknown or read-only is a fault.
pub(super) fn attribute(walk: &mut Walk<'_>, name: &str, span: &Range<usize>) -> Option<Attribute> {
    let Some(attribute) = Attribute::find(name) else {
        let writable = crate::directory::all_attributes().filter(|attribute| !attribute.read_only);
        let names: Vec<&'static str> = writable.map(|attribute| attribute.name).collect();
        let hint = match name {
            "manager" => Some("map the manager in [manager] with key = \"[ManagerID]\"".to_owned()),
            _ => did_you_mean(name, names.iter().copied())
                .or_else(|| Some("attributes are spelt as Graph spells them, such as `jobTitle`".to_owned())),
        };
        walk.fault(span, format!("no attribute `{name}` of a user"), hint);
        return None;
    };
    if attribute.read_only {
        let hint = "Entra or an action of its own sets it: leave it out".to_owned();
        walk.fault(span, format!("`{name}` is read-only"), Some(hint));
        return None;
    }
    Some(attribute)
}
