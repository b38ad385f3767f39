//! The checker: the faults that an expression shows before the first record.

use std::ops::Range;

use crate::expr::args::whole_number;
use crate::expr::ast::{Call, Keyword, Node, NodeKind};
use crate::expr::date_text;
use crate::expr::fault::Fault;
use crate::expr::function::{Arity, Function, Implementation, Kind, Param};

mod compared;
mod constants;
mod rules;

pub use self::rules::{Rules, Want};

/// Finds all faults of a tree, and compiles its constant regular expressions on the way.
pub(crate) fn check(root: &mut Node, rules: &Rules, faults: &mut Vec<Fault>) {
    let mut checker = Checker { rules, faults };
    checker.node(root, true);
    checker.wanted(root);
}

struct Checker<'c> {
    rules: &'c Rules,
    faults: &'c mut Vec<Fault>,
}

impl Checker<'_> {
    fn fault(&mut self, span: &Range<usize>, code: &'static str, message: impl Into<String>, hint: impl Into<String>) {
        let hint = hint.into();
        let hint = (!hint.is_empty()).then_some(hint);
        self.faults.push(Fault { span: span.clone(), code, message: message.into(), hint });
    }

    fn node(&mut self, node: &mut Node, top: bool) {
        let span = node.span.clone();
        match &mut node.kind {
            NodeKind::Bad(parts) | NodeKind::Concat(parts) => {
                for part in &mut *parts {
                    self.node(part, false);
                }
                if let NodeKind::Concat(parts) = &node.kind {
                    for part in parts {
                        self.single(part, "&");
                    }
                }
            }
            NodeKind::Compare(sign, by, sides) => {
                self.node(&mut sides.0, false);
                self.node(&mut sides.1, false);
                self.single(&sides.0, sign.sign());
                self.single(&sides.1, sign.sign());
                *by = self.compared(*sign, &sides.0, &sides.1);
            }
            NodeKind::Keyword(Keyword::IgnoreObjectFlow) if !self.rules.object_filter => {
                self.fault(
                    &span,
                    "ignore-object",
                    "IgnoreObjectFlow is allowed only in an object filter",
                    "IgnoreAttributeFlow leaves one attribute as it is; [[scope]] keeps people out",
                );
            }
            NodeKind::Call(call) => {
                for arg in &mut call.args {
                    self.node(arg, false);
                }
                let before = self.faults.len();
                self.call(call, &span, top);
                for fault in &mut self.faults[before..] {
                    with_usage(fault, call.function);
                }
            }
            _ => {}
        }
    }

    fn call(&mut self, call: &mut Call, span: &Range<usize>, top: bool) {
        let function = call.function;
        if let Implementation::Refused(reason) = function.run {
            self.fault(span, "outbound-only", format!("{} works only out of Entra", function.name), reason);
            return;
        }
        self.standing(function, span, top);
        if !self.count(call, span) {
            return;
        }
        self.arguments(call, span);
        self.constants(call, span);
    }

    /// Whether the function is allowed at its place.
    fn standing(&mut self, function: &Function, span: &Range<usize>, top: bool) {
        match function.run {
            Implementation::SelectUnique if !top => {
                self.fault(
                    span,
                    "select-unique",
                    "SelectUniqueValue is allowed only at the top of an expression",
                    "move it around everything else",
                );
            }
            Implementation::SelectUnique if !self.rules.select_unique => {
                self.fault(
                    span,
                    "select-unique",
                    "SelectUniqueValue needs a target that is set on create only and is not a match attribute",
                    "add when = \"create\"",
                );
            }
            _ => {}
        }
        if self.rules.secret && matches!(function.name, "RandomString" | "Guid") {
            self.fault(
                span,
                "secret",
                format!("{} does not make a secret", function.name),
                "its text follows from the person and can be computed again; let hrpush make the first passwords",
            );
        }
    }

    /// Whether each argument is there and of its kind.
    fn arguments(&mut self, call: &Call, span: &Range<usize>) {
        let function = call.function;
        if function.name == "FormatDateTime" && call.args.len() == 3 {
            return;
        }
        for (at, arg) in call.args.iter().enumerate() {
            let Some(param) = function.param(at) else { continue };
            if param.arity == Arity::Required && arg.is_empty() {
                self.fault(
                    span,
                    "missing-argument",
                    format!("{} lacks its argument `{}`", function.name, param.name),
                    usage(function),
                );
            }
            self.argument(function, param, arg);
        }
    }

    /// Whether the number of arguments fits.
    fn count(&mut self, call: &Call, span: &Range<usize>) -> bool {
        let function = call.function;
        let count = call.args.len();
        // A comma after the last argument adds an empty one.
        let count = if function.max.is_some_and(|max| count == max + 1)
            && call.args.last().is_some_and(Node::is_empty)
            && !matches!(function.name, "Replace")
        {
            count - 1
        } else {
            count
        };
        if count < function.min || function.max.is_some_and(|max| count > max) {
            let wanted = match function.max {
                Some(max) if max == function.min => format!("{max}"),
                Some(max) => format!("{} to {max}", function.min),
                None => format!("at least {}", function.min),
            };
            let noun = if wanted == "1" || wanted == "at least 1" { "argument" } else { "arguments" };
            self.fault(span, "argument-count", format!("{} takes {wanted} {noun}, not {count}", function.name), usage(function));
            return false;
        }
        if matches!(function.run, Implementation::Switch) && count % 2 == 1 {
            let last = call.args.last().map_or_else(|| span.clone(), |last| last.span.clone());
            self.fault(
                &last,
                "switch-tail",
                "this key of Switch has no value",
                format!(
                    "keys and values come in pairs, and the place of the default stays even when it is empty: {}",
                    function.usage
                ),
            );
            return false;
        }
        true
    }

    /// One value is needed, so that a list is a fault.
    fn single(&mut self, node: &Node, place: &str) {
        if kind(node) == Kind::List {
            self.fault(
                &node.span,
                "kind",
                format!("`{place}` takes one value, but there are several"),
                "Join makes one text of them, Item takes one of them",
            );
        }
    }

    fn argument(&mut self, function: &Function, param: &Param, arg: &Node) {
        let found = kind(arg);
        match param.kind {
            Kind::Any | Kind::Same | Kind::List => {}
            _ if found == Kind::List => self.single(arg, function.name),
            Kind::Date if matches!(found, Kind::Flag | Kind::Number) => {
                let what = if found == Kind::Flag { "a boolean" } else { "a number" };
                self.fault(&arg.span, "kind", format!("{} takes a date, not {what}", function.name), usage(function));
            }
            Kind::Number if matches!(found, Kind::Flag | Kind::Date) => {
                let what = if found == Kind::Flag { "a boolean" } else { "a date" };
                self.fault(&arg.span, "kind", format!("{} takes a number, not {what}", function.name), usage(function));
            }
            Kind::Text if found == Kind::Flag && !matches!(function.name, "Switch" | "Error") => {
                self.fault(
                    &arg.span,
                    "kind",
                    format!("{} takes a text, not a boolean", function.name),
                    format!("IIF makes a text of it; {}", usage(function)),
                );
            }
            _ => {
                if let NodeKind::Text(text) = &arg.kind {
                    self.constant_argument(function, param, text, &arg.span);
                }
            }
        }
    }

    /// Whether a constant has the form that the argument takes.
    fn constant_argument(&mut self, function: &Function, param: &Param, text: &str, place: &Range<usize>) {
        match param.kind {
            Kind::Number if (param.filled || !text.trim().is_empty()) && whole_number(text).is_none() => {
                let message = format!("this is not the whole number that {} takes", function.name);
                self.fault(place, "kind", message, usage(function));
            }
            Kind::Flag if !text.is_empty() && !is_condition(text.trim()) => {
                self.fault(place, "kind", "this constant is not a condition", "compare it with something: [Country] = \"US\"");
            }
            Kind::Date if function.name != "FormatDateTime" && !text.trim().is_empty() && date_text::read(text).is_none() => {
                self.fault(place, "bad-date", "this constant is not a date that can be read", "write it as yyyy-MM-dd");
            }
            _ => {}
        }
    }

    /// Whether the result of the expression fits its target.
    fn wanted(&mut self, node: &Node) {
        if self.rules.want == Want::Any || node.is_empty() {
            return;
        }
        let choices = node.choices();
        if !choices.is_empty() {
            for choice in choices {
                self.wanted(choice);
            }
            return;
        }
        if let NodeKind::Call(call) = &node.kind
            && matches!(call.function.name, "IgnoreFlowIfNullOrEmpty" | "Redact" | "CRef")
            && let Some(inner) = call.args.first()
        {
            return self.wanted(inner);
        }
        let found = kind(node);
        let wrong = match (self.rules.want, found) {
            (Want::Text | Want::Flag | Want::Date, Kind::List) => {
                Some(("the target takes one value, but there are several", "Join makes one text of them, Item takes one of them"))
            }
            (Want::Text, Kind::Flag) => {
                Some(("the target takes a text, not a boolean", "IIF(..., \"True\", \"False\") or CStr(...) makes a text of it"))
            }
            (Want::List, Kind::Flag) => Some(("the target takes several texts, not a boolean", "")),
            (Want::Date, Kind::Flag) => Some(("the target takes a date, not a boolean", "")),
            (Want::Date, Kind::Number) => {
                Some(("the target takes a date, not a number", "DateFromNum makes a date of FILETIME ticks"))
            }
            (Want::Flag, Kind::Date) => {
                Some(("the target takes a boolean, not a date", "compare it: IIF(DateDiff(...) > 0, \"True\", \"False\")"))
            }
            (Want::Flag, _) => match &node.kind {
                NodeKind::Text(text)
                    if !text.is_empty() && !text.eq_ignore_ascii_case("true") && !text.eq_ignore_ascii_case("false") =>
                {
                    Some(("the target takes a boolean, not this text", "write \"True\" or \"False\""))
                }
                _ => None,
            },
            _ => None,
        };
        if let Some((message, hint)) = wrong {
            self.fault(&node.span, "kind", message, hint);
        }
    }
}

/// The hint of every fault of a call ends with the usage of the function.
fn with_usage(fault: &mut Fault, function: &Function) {
    match &mut fault.hint {
        Some(hint) if hint.contains(function.usage) => {}
        Some(hint) => {
            hint.push_str("; ");
            hint.push_str(&usage(function));
        }
        None => fault.hint = Some(usage(function)),
    }
}

fn usage(function: &Function) -> String {
    format!("usage: {}", function.usage)
}

/// Whether a constant is true or false by itself.
fn is_condition(text: &str) -> bool {
    text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") || text.parse::<i64>().is_ok()
}

/// The kind of value that an operand certainly yields.
fn kind(node: &Node) -> Kind {
    match &node.kind {
        NodeKind::Text(_) | NodeKind::Concat(_) => Kind::Text,
        NodeKind::Number { .. } => Kind::Number,
        NodeKind::Compare(..) => Kind::Flag,
        NodeKind::Empty | NodeKind::Bad(_) | NodeKind::Column { .. } | NodeKind::Keyword(_) => Kind::Any,
        NodeKind::Call(call) => match call.function.result {
            Kind::Same => match call.args.first().map_or(Kind::Any, kind) {
                Kind::List => Kind::List,
                _ => Kind::Any,
            },
            Kind::Any => {
                let mut kinds = node.choices().into_iter().filter(|choice| !choice.is_empty()).map(kind);
                let Some(first) = kinds.next() else { return Kind::Any };
                if kinds.all(|kind| kind == first) { first } else { Kind::Any }
            }
            known => known,
        },
    }
}
