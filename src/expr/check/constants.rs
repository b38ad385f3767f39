//! The constants that a function reads before it looks at a record.

use std::ops::Range;
use std::sync::Arc;

use super::{Checker, usage};
use crate::expr::args::whole_number;
use crate::expr::ast::{Call, NodeKind};
use crate::expr::dotnet_dates::{Format, Styles};
use crate::expr::function::Form;
use crate::expr::functions::case::Culture;
use crate::expr::functions::date::Interval;
use crate::expr::regex::Pattern;

impl Checker<'_> {
    /// Finds the faults of the constants of a call, and compiles its regular expression.
    pub(super) fn constants(&mut self, call: &mut Call, span: &Range<usize>) {
        for at in 0..call.args.len() {
            match call.function.param(at).map_or(Form::Any, |param| param.form) {
                Form::Any => {}
                Form::Position => self.position(call, at),
                Form::Interval => self.interval(call, at),
                Form::Culture => self.culture(call, at),
                Form::Comparison => self.comparison_type(call, at),
            }
        }
        match call.function.name {
            "Replace" => self.replace(call, span),
            "FormatDateTime" => self.formats(call),
            "RandomString" => self.random(call),
            _ => {}
        }
    }

    fn interval(&mut self, call: &Call, at: usize) {
        if let Some((text, place)) = constant(call, at)
            && Interval::named(&text).is_none()
        {
            let hint = "the intervals are yyyy, m (month), d, ww, h, n (minute) and s";
            self.fault(&place, "bad-interval", format!("`{text}` is not an interval"), hint);
        }
    }

    fn culture(&mut self, call: &Call, at: usize) {
        if let Some((name, place)) = constant(call, at)
            && !name.is_empty()
            && Culture::named(&name).is_none()
        {
            let hint = "such as tr-TR; leave it out for the usual rules";
            self.fault(&place, "bad-argument", format!("`{name}` is not the name of a culture"), hint);
        }
    }

    /// A position counts from 1.
    fn position(&mut self, call: &Call, at: usize) {
        if let Some((index, place)) = integer(call, at).filter(|(index, _)| *index < 1) {
            let message = format!("{} counts from 1, not from {index}", call.function.name);
            self.fault(&place, "bad-argument", message, usage(call.function));
        }
    }

    /// The comparison of two texts is one of two words, or the number that the word means.
    fn comparison_type(&mut self, call: &Call, at: usize) {
        let no_number = constant(call, at).filter(|(text, _)| !text.trim().is_empty() && whole_number(text).is_none());
        let another = integer(call, at).filter(|(number, _)| !matches!(number, 0 | 1));
        if let Some(place) = no_number.map(|(_, place)| place).or(another.map(|(_, place)| place)) {
            let message = "the comparison is vbTextCompare or vbBinaryCompare";
            self.fault(&place, "bad-argument", message.to_owned(), usage(call.function));
        }
    }

    fn replace(&mut self, call: &mut Call, span: &Range<usize>) {
        if let Some((source, place)) = constant(call, 2) {
            match Pattern::new(&source) {
                Ok(pattern) => {
                    if let Some((name, place)) = constant(call, 3)
                        && pattern.group(&name).is_none()
                    {
                        self.fault(
                            &place,
                            "regex",
                            format!("the regular expression has no group `{name}`"),
                            format!("name one in it: (?<{name}>...)"),
                        );
                    }
                    call.site.regex = Some(Arc::new(pattern));
                }
                Err(error) => self.fault(
                    &place,
                    "regex",
                    format!("the regular expression does not compile: {error}"),
                    "a backslash within a text is written twice: \"\\\\d\"",
                ),
            }
        }
        let filled = |at: usize| call.args.get(at).is_some_and(|arg| !arg.is_empty());
        let replaces = filled(4) || filled(5);
        let hint = if !filled(1) && !filled(2) {
            "give an oldValue or a regexPattern"
        } else if filled(2) && !replaces || filled(1) && !replaces && !filled(6) {
            "give a replacementValue, which may be \"\""
        } else {
            return;
        };
        self.fault(
            span,
            "missing-argument",
            "Replace has nothing to do: its filled places choose no mode",
            format!("{hint}; {}", usage(call.function)),
        );
    }

    fn formats(&mut self, call: &Call) {
        let (input, output) = if call.args.len() == 3 { (1, 2) } else { (2, 3) };
        for (at, reads) in [(input, true), (output, false)] {
            if call.args.len() == 3 && call.args[at].is_empty() {
                let place = call.args[at].span.clone();
                self.fault(&place, "missing-argument", "FormatDateTime lacks a format", usage(call.function));
                continue;
            }
            let Some((text, place)) = constant(call, at) else { continue };
            let wrong = Format::new(&text).map_or_else(Some, |format| if reads { format.never_reads() } else { None });
            if let Some(wrong) = wrong {
                self.fault(
                    &place,
                    "date-format",
                    format!("no date fits this format: {wrong}"),
                    "formats are those of .NET, such as yyyy-MM-dd or M/d/yyyy h:mm:ss tt",
                );
            }
        }
        if call.args.len() == 4
            && let Some((names, place)) =
                constant(call, 1).or_else(|| integer(call, 1).map(|(sum, place)| (sum.to_string(), place)))
            && let Err(wrong) = Styles::new(&names)
        {
            self.fault(&place, "date-style", wrong, "leave it empty for the usual styles");
        }
    }

    fn random(&mut self, call: &Call) {
        let numbers: Vec<_> = (0..5).filter_map(|at| integer(call, at)).collect();
        if numbers.len() < 5 {
            return;
        }
        let sum: i64 = numbers[1..].iter().map(|(number, _)| *number).fold(0, i64::saturating_add);
        if let Some((_, place)) = numbers.iter().find(|(number, _)| *number < 0) {
            self.fault(place, "bad-argument", "this cannot be negative", usage(call.function));
        } else if numbers[0].0 > 256 {
            self.fault(&numbers[0].1, "bad-argument", "a random text has at most 256 characters", "");
        } else if sum > numbers[0].0 {
            self.fault(&numbers[0].1, "bad-argument", format!("the minimums add up to {sum}, more than the length"), "");
        }
    }
}

/// The constant text of an argument, with its place.
fn constant(call: &Call, at: usize) -> Option<(String, Range<usize>)> {
    let arg = call.args.get(at)?;
    match &arg.kind {
        NodeKind::Text(text) => Some((text.to_string(), arg.span.clone())),
        _ => None,
    }
}

/// The constant number of an argument, with its place.
fn integer(call: &Call, at: usize) -> Option<(i64, Range<usize>)> {
    let arg = call.args.get(at)?;
    match &arg.kind {
        NodeKind::Text(text) => Some((whole_number(text)?, arg.span.clone())),
        NodeKind::Number { value, .. } => Some((*value, arg.span.clone())),
        _ => None,
    }
}
