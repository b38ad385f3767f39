//! What two sides of a comparison are, and whether their order means anything.

use std::ops::Range;

use super::{Checker, kind};
use crate::expr::ast::{By, Comparison, Node, NodeKind};
use crate::expr::compare::is_number;
use crate::expr::date_text;
use crate::expr::dotnet_dates::Format;
use crate::expr::function::Kind;

const DATE_DIFF: &str = "compare with DateDiff, such as DateDiff(\"d\", Now(), CDate([EndDate])) < 0";

impl Checker<'_> {
    /// How two sides are compared; a fault where nothing sure can come of it.
    pub(super) fn compared(&mut self, sign: Comparison, left: &Node, right: &Node) -> By {
        let by = if kind(left) == Kind::Date || kind(right) == Kind::Date { By::Date } else { By::Value };
        for (one, other) in [(left, right), (right, left)] {
            match kind(one) {
                Kind::Date => self.with_date(sign, other),
                Kind::Number if sign.is_order() => self.with_number(sign, other),
                _ => {}
            }
        }
        if by == By::Value && sign.is_order() {
            self.formatted(left, right);
        }
        by
    }

    /// What is compared with a date must be one.
    fn with_date(&mut self, sign: Comparison, other: &Node) {
        let choices: Vec<&Node> = other.choices().into_iter().filter(|choice| !choice.is_empty()).collect();
        if !choices.is_empty() && kind(other) != Kind::Date {
            return choices.into_iter().for_each(|choice| self.with_date(sign, choice));
        }
        match (kind(other), &other.kind) {
            (Kind::Number, _) => self.doubtful(&other.span, "a number is compared with a date".to_owned()),
            (Kind::Flag, _) => self.doubtful(&other.span, "a boolean is compared with a date".to_owned()),
            (_, NodeKind::Text(text)) if text.trim().is_empty() => {
                if sign.is_order() {
                    let message = "an empty text is neither before nor after a date";
                    self.fault(&other.span, "kind", message, "IsPresent asks whether there is a date");
                }
            }
            (_, NodeKind::Text(text)) if date_text::read(text).is_none() => {
                let message = "this constant is compared with a date, and is none";
                self.fault(&other.span, "bad-date", message, "write it as yyyy-MM-dd");
            }
            _ => {
                if let Some((text, format)) = output_format(other)
                    && !format.reads_as_a_date()
                {
                    let message = format!("the text `{text}` of a date is compared with a date, which cannot read it");
                    self.doubtful(&other.span, message);
                }
            }
        }
    }

    fn with_number(&mut self, sign: Comparison, other: &Node) {
        if let NodeKind::Text(text) = &other.kind
            && !is_number(text)
        {
            let message = format!("`{}` compares a number with this text, which is none", sign.sign());
            self.fault(&other.span, "kind", message, "write a number");
        }
    }

    /// Dates that are written as text have the order of their texts, which is that of their days in few forms.
    fn formatted(&mut self, left: &Node, right: &Node) {
        let formats = [output_format(left), output_format(right)];
        for ((text, format), side) in formats.iter().zip([left, right]).filter_map(|(found, side)| Some((found.as_ref()?, side)))
        {
            if !format.sorts() {
                self.doubtful(&side.span, format!("dates written as `{text}` are not in the order of their texts"));
                return;
            }
        }
        if let [Some((one, _)), Some((two, _))] = &formats
            && one != two
        {
            self.doubtful(&right.span, format!("dates written as `{one}` and as `{two}` have no common order"));
        }
    }

    fn doubtful(&mut self, span: &Range<usize>, message: String) {
        self.fault(span, "doubtful-comparison", message, DATE_DIFF);
    }
}

/// The constant format by which a call of `FormatDateTime` writes.
fn output_format(node: &Node) -> Option<(&str, Format)> {
    let NodeKind::Call(call) = &node.kind else { return None };
    let at = if call.args.len() == 3 { 2 } else { 3 };
    let NodeKind::Text(text) = &call.args.get(at)?.kind else { return None };
    (call.function.name == "FormatDateTime").then(|| Some((&**text, Format::new(text).ok()?)))?
}
