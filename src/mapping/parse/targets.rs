//! `[attributes]`: what is written, and from what.

use std::ops::Range;

use crate::directory::{Attribute, Kind, Value, roles};
use crate::expr::{self, Want};
use crate::mapping::desired::When;
use crate::mapping::formula::Slot;
use crate::mapping::model::{Target, ValueSource};
use crate::mapping::parse::formulas::attribute;
use crate::mapping::walk::{Node, Section, Walk};

/// The pseudo target for an expression that may drop the whole record.
const FILTER: &str = "objectFilter";

/// The checked entries of `[attributes]`.
pub(super) struct Targets {
    pub(super) list: Vec<Target>,
    /// The expression of `objectFilter`.
    pub(super) filter: Option<Slot>,
}

/// Reads the table and holds it against `[[match]]` and `[lifecycle]`.
pub(super) fn read(
    walk: &mut Walk<'_>,
    root: &Section<'_, '_>,
    matching: &[(Attribute, Range<usize>)],
    lifecycle: bool,
) -> Option<Targets> {
    let node = walk.required(root, "attributes", "add [attributes] with employeeId = \"[EmployeeID]\" and the others")?;
    let section = walk.section("[attributes]", "attributes", node)?;
    let mut targets = Targets { list: Vec::new(), filter: None };
    let mut named = Vec::new();
    for (key, node) in section.entries {
        let name = key.get_ref().as_ref();
        if name == FILTER {
            let rules = expr::Rules { want: Want::Any, object_filter: true, ..expr::Rules::default() };
            targets.filter = walk.formula(name, node, rules);
            continue;
        }
        for (attribute, span, node) in flatten(walk, name, &key.span(), node) {
            named.push(attribute);
            if attribute.name == roles::ACCOUNT_ENABLED && lifecycle {
                let hint = "leave it out, or drop [lifecycle]".to_owned();
                walk.fault(&span, "`accountEnabled` is set by [lifecycle] and cannot be mapped beside it", Some(hint));
            }
            targets.list.extend(read_target(walk, attribute, &span, node));
        }
    }
    targets.list.sort_by_key(|target| target.attribute);
    for (attribute, span) in matching {
        check_match(walk, *attribute, span, &named, &targets.list);
    }
    Some(targets)
}

/// `employeeOrgData.costCenter = "…"` without quotes is a table in TOML: its entries are attributes too.
fn flatten<'a, 'i>(
    walk: &mut Walk<'_>,
    name: &str,
    span: &Range<usize>,
    node: Node<'a, 'i>,
) -> Vec<(Attribute, Range<usize>, Node<'a, 'i>)> {
    if let ("employeeOrgData" | "onPremisesExtensionAttributes", Some(table)) = (name, node.get_ref().as_table()) {
        let parts = table.iter().filter_map(|(key, node)| {
            let span = key.span();
            attribute(walk, &format!("{name}.{}", key.get_ref()), &span).map(|attribute| (attribute, span, node))
        });
        return parts.collect();
    }
    attribute(walk, name, span).map(|attribute| (attribute, span.clone(), node)).into_iter().collect()
}

fn check_match(walk: &mut Walk<'_>, attribute: Attribute, span: &Range<usize>, named: &[Attribute], targets: &[Target]) {
    // The key of a record at a SCIM provider is mapped by itself.
    if !named.contains(&attribute) && attribute.name != roles::EXTERNAL_ID {
        let message = format!("`{attribute}` is matched but not mapped");
        walk.fault(span, message, Some(format!("add `{attribute}` to [attributes]")));
    }
    if matches!(attribute.kind, Kind::Flag | Kind::Date) {
        let message =
            format!("`{attribute}` cannot match people: it is no name or number of one person, and Graph finds no account by it");
        walk.fault(span, message, Some("match on an attribute such as `employeeId`".to_owned()));
    }
    let unique = targets.iter().find(|target| target.attribute == attribute).is_some_and(|target| match target.origin {
        ValueSource::Formula(slot) => walk.formulas[slot.0].expression.is_select_unique(),
        ValueSource::Constant(_) => false,
    });
    if unique {
        let message = format!("`{attribute}` is matched, but `SelectUniqueValue` chooses a free value for it");
        walk.fault(span, message, Some("match on an attribute that HR fixes, such as `employeeId`".to_owned()));
    }
}

fn read_target(walk: &mut Walk<'_>, attribute: Attribute, span: &Range<usize>, node: Node<'_, '_>) -> Option<Target> {
    let plain = Target {
        attribute,
        span: span.clone(),
        origin: ValueSource::Constant(Value::Flag(false)),
        default: None,
        keep: false,
        when: if attribute.name == roles::USER_PRINCIPAL_NAME { When::Create } else { When::Always },
        shown: "".into(),
    };
    if node.get_ref().is_str() {
        return read_formula(walk, plain, node);
    }
    if !node.get_ref().is_table() {
        let message = format!("`{attribute}` must be an expression in quotes or a table");
        let hint = format!("{attribute} = \"[Column]\", or {{ constant = \"…\" }}");
        walk.fault(&node.span(), message, Some(hint));
        return None;
    }
    let section = walk.section(&format!("`{attribute}`"), attribute.name, node)?;
    walk.known(&section, &["expression", "constant", "default", "on_empty", "when"]);
    let when = walk.choice(&section, "when", &[("always", When::Always), ("create", When::Create)]);
    let keep = walk.choice(&section, "on_empty", &[("clear", false), ("keep", true)]);
    let default = section.entries.get("default").and_then(|node| constant(walk, attribute, "default", node));
    let target = Target {
        when: when.unwrap_or(plain.when),
        keep: keep.unwrap_or(false),
        default: default.map(|(value, _)| value),
        ..plain
    };
    match (section.entries.get("expression"), section.entries.get("constant")) {
        (Some(node), None) => read_formula(walk, target, node),
        (None, Some(node)) => {
            for key in ["default", "on_empty"].into_iter().filter(|key| section.entries.contains_key(*key)) {
                walk.fault(&section.entries[key].span(), format!("a constant is never empty: `{key}` has no use"), None);
            }
            let (value, shown) = constant(walk, attribute, "constant", node)?;
            Some(Target { origin: ValueSource::Constant(value), shown: shown.into(), ..target })
        }
        (Some(_), Some(node)) => {
            let message = format!("`{attribute}` has both an expression and a constant");
            walk.fault(&node.span(), message, Some("keep one of them".to_owned()));
            None
        }
        (None, None) => {
            let message = format!("`{attribute}` has neither an expression nor a constant");
            walk.fault(span, message, Some(format!("{attribute} = {{ expression = \"[Column]\" }}")));
            None
        }
    }
}

fn read_formula(walk: &mut Walk<'_>, target: Target, node: Node<'_, '_>) -> Option<Target> {
    let attribute = target.attribute;
    let want = match attribute.kind {
        Kind::Text | Kind::Name => Want::Text,
        Kind::Date => Want::Date,
        Kind::Flag => Want::Flag,
        Kind::List => Want::List,
    };
    let rules = expr::Rules { want, select_unique: true, ..expr::Rules::default() };
    let slot = walk.formula(attribute.name, node, rules)?;
    let expression = &walk.formulas[slot.0].expression;
    let shown = expression.text().trim().into();
    if expression.is_select_unique() && target.when != When::Create {
        let hint = format!("{attribute} = {{ when = \"create\", expression = … }}");
        walk.fault(&node.span(), "`SelectUniqueValue` needs when = \"create\"", Some(hint));
        return None;
    }
    Some(Target { origin: ValueSource::Formula(slot), shown, ..target })
}

/// A value written in the mapping itself, and how it is shown.
fn constant(walk: &mut Walk<'_>, attribute: Attribute, key: &str, node: Node<'_, '_>) -> Option<(Value, String)> {
    let (value, shown) = match node.get_ref().as_bool() {
        Some(flag) => (Value::Flag(flag), flag.to_string()),
        None => {
            let text = walk.text(key, node)?;
            let shown = serde_json::Value::from(text.as_str()).to_string();
            (Value::text(text.trim()), shown)
        }
    };
    if value.as_text() == Some("") {
        walk.fault(&node.span(), format!("`{key}` is empty"), None);
        return None;
    }
    match attribute.accept(value) {
        Ok(value) => Some((value, shown)),
        Err(fault) => {
            walk.fault(&node.span(), format!("the value for `{attribute}` {fault}"), None);
            None
        }
    }
}
