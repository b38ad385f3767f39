//! The days of a record, and the problems of texts that are not days.

use jiff::civil::Date;

use super::bound_mapping::BoundMapping;
use super::problem::Problem;
use crate::directory::roles;
use crate::mapping::dates::Role;
use crate::mapping::desired::{HeldCode, RecordPart};
use crate::mapping::formula::Slot;
use crate::record::{Day, Guess, Impossible};

/// The role of the day in a part of a record. Only a last day may be open.
fn role(part: RecordPart) -> Role {
    match part {
        RecordPart::End => Role::End,
        RecordPart::Attribute(attribute) if attribute.name == roles::EMPLOYEE_LEAVE_DATE_TIME => Role::End,
        _ => Role::Start,
    }
}

/// The day of a text that is not empty; `None` if it is an open end.
pub(super) fn day(bound: &BoundMapping, slot: Slot, part: RecordPart, text: &str, today: Date) -> Result<Option<Date>, Problem> {
    let role = role(part);
    let dates = &bound.inner.dates;
    // An expression yields Entra's form by contract; a cell may have it by chance.
    let is_cell = bound.inner.formulas[slot.0].expression.is_direct();
    let day = if is_cell && dates.contradicts(text) { Day::Unreadable } else { dates.day(text, role, today) };
    match day {
        Day::NoEnd => Ok(None),
        Day::On(day) => Ok(Some(day)),
        Day::Impossible(found) => {
            let mut problem = Problem::invalid(bound, slot, part, &format!("is an impossible date: {found}"));
            problem.code = HeldCode::ImpossibleDate;
            problem.help = way_out(found, role);
            Err(problem)
        }
        Day::Unreadable => {
            let what = if is_day_number(text) { "is a day number of Excel and not" } else { "is not" };
            let fault = format!("{what} a date of the form {}", dates.forms());
            let mut problem = Problem::invalid(bound, slot, part, &fault);
            problem.shown = Some(text.to_owned());
            problem.help = match dates.short_form(text) {
                Some(form) => format!("its year has two digits: add {:?} to `dates` in the mapping", form.as_str()),
                None if role == Role::End => "correct the date in HR, add its form to `dates` in the mapping, or list it in \
                     `no_end` there if it means that no end is known"
                    .to_owned(),
                None => "correct the date in HR, or add its form to `dates` in the mapping".to_owned(),
            };
            Err(problem)
        }
    }
}

/// Whether a text is a day as a spreadsheet counts it, between 1954 and 2119.
fn is_day_number(text: &str) -> bool {
    text.len() == 5 && text.parse::<u32>().is_ok_and(|number| (20_000..80_000).contains(&number))
}

/// The help for an impossible day. A day of another calendar may be a true last day, so it is never proposed for `no_end`.
fn way_out(found: Impossible, role: Role) -> String {
    match found.guess {
        Guess::Calendar(_) => "export the column with years of the Gregorian calendar".to_owned(),
        Guess::NoCentury => "export the column with years of four digits".to_owned(),
        Guess::Placeholder | Guess::Other if role == Role::End => {
            format!(
                "correct the date in HR; if it means that no end is known, add to [source] of the mapping: no_end = [\"{}\"]",
                found.day
            )
        }
        Guess::Placeholder | Guess::Other => "enter the first working day in HR".to_owned(),
    }
}
