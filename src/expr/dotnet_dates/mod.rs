//! Date formats of .NET, in the invariant culture: reading exactly, and writing.

use std::fmt::Write as _;

use jiff::civil::{Date, DateTime};

use self::piece::{Moment, Piece};
use self::reading::Reading;
pub(crate) use self::styles::Styles;
use super::date_text::{self, DAYS, MONTHS};

mod piece;
mod reading;
mod styles;

/// A format of .NET.
#[derive(Clone, Debug)]
pub(crate) struct Format {
    pieces: Vec<Piece>,
}

/// The custom format that a standard one means.
fn standard(letter: char) -> Option<&'static str> {
    Some(match letter {
        'd' => "MM/dd/yyyy",
        'D' => "dddd, dd MMMM yyyy",
        'f' => "dddd, dd MMMM yyyy HH:mm",
        'F' | 'U' => "dddd, dd MMMM yyyy HH:mm:ss",
        'g' => "MM/dd/yyyy HH:mm",
        'G' => "MM/dd/yyyy HH:mm:ss",
        'm' | 'M' => "MMMM dd",
        'o' | 'O' => "yyyy-MM-ddTHH:mm:ss.fffffffK",
        'r' | 'R' => "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
        's' => "yyyy-MM-ddTHH:mm:ss",
        't' => "HH:mm",
        'T' => "HH:mm:ss",
        'u' => "yyyy-MM-dd HH:mm:ss'Z'",
        'y' | 'Y' => "yyyy MMMM",
        _ => return None,
    })
}

impl Format {
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        let mut only = text.chars();
        if let (Some(letter), None) = (only.next(), only.next()) {
            return match standard(letter) {
                Some(custom) => Self::custom(custom),
                None => Err(format!("`{letter}` alone is not a date format")),
            };
        }
        if text.is_empty() {
            return Err("the date format is empty".into());
        }
        Self::custom(text)
    }

    fn custom(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut letters = text.chars().peekable();
        let mut literal = String::new();
        while let Some(letter) = letters.next() {
            match letter {
                'd' | 'f' | 'F' | 'g' | 'h' | 'H' | 'K' | 'm' | 'M' | 's' | 't' | 'y' | 'z' => {
                    let mut count = 1;
                    while letter != 'K' && letters.next_if_eq(&letter).is_some() {
                        count += 1;
                    }
                    if matches!(letter, 'f' | 'F') && count > 7 {
                        return Err("a second has at most seven decimal places".into());
                    }
                    if !literal.is_empty() {
                        pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                    }
                    pieces.push(Piece::Field(letter, count));
                }
                '\'' | '"' => loop {
                    match letters.next() {
                        Some(next) if next == letter => break,
                        Some('\\') => literal.extend(letters.next()),
                        Some(next) => literal.push(next),
                        None => return Err("a quotation in the date format is not closed".into()),
                    }
                },
                '\\' => literal.push(letters.next().ok_or("the date format ends with a lone backslash")?),
                '%' => {
                    if letters.peek().is_none_or(|next| *next == '%') {
                        return Err("a lone `%` is not a date format".into());
                    }
                }
                _ => literal.push(letter),
            }
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Ok(Self { pieces })
    }

    /// Why no date can ever be read with this format.
    pub(crate) fn never_reads(&self) -> Option<String> {
        if !self.pieces.iter().any(|piece| matches!(piece, Piece::Field(..))) {
            return Some("this format has no part of a date".into());
        }
        let capital = |piece: &Piece| match piece {
            Piece::Literal(text) => ["YYYY", "YY", "DD", "SS"].into_iter().find(|letters| text.contains(letters)),
            Piece::Field(..) => None,
        };
        if let Some(letters) = self.pieces.iter().find_map(capital) {
            return Some(format!("`{letters}` is literal text in a date format: years are `yyyy`, days `dd`, seconds `ss`"));
        }
        // Two fields of one kind that must both be filled contradict each other only if they differ; a doubled hour always does.
        let has = |letter: char| self.pieces.iter().any(|piece| matches!(piece, Piece::Field(found, _) if *found == letter));
        (has('h') && has('H')).then(|| "this format has both `h` and `H`".into())
    }

    /// Whether `CDate` reads what this format writes as the same date.
    pub(crate) fn reads_as_a_date(&self) -> bool {
        let sample = DateTime::constant(2026, 12, 31, 0, 0, 0, 0);
        date_text::read(&self.write(&Moment { at: sample, zoned: false })) == Some(sample)
    }

    /// Whether texts of this format have the order of their moments: from the year down, each in a fixed number of digits.
    pub(crate) fn sorts(&self) -> bool {
        let mut fields = self.pieces.iter().filter(|piece| matches!(piece, Piece::Field(..)));
        if let (Some(Piece::Field('y' | 'M' | 'd' | 'H' | 'm' | 's', 1 | 2 | 4)), None, 1) =
            (fields.next(), fields.next(), self.pieces.len())
        {
            // One number alone compares as a number.
            return !self.pieces.iter().any(|piece| matches!(piece, Piece::Field('M' | 'd', 4)));
        }
        let mut last = 0;
        for piece in &self.pieces {
            let Piece::Field(letter, count) = piece else { continue };
            let (rank, fixed) = match (letter, count) {
                ('y', count) => (1, *count >= 4),
                ('M', count) => (2, *count == 2),
                ('d', count) => (3, *count == 2),
                ('H', count) => (4, *count == 2),
                ('m', count) => (5, *count == 2),
                ('s', count) => (6, *count == 2),
                ('f', _) => (7, true),
                ('K' | 'z', _) => (8, true),
                _ => return false,
            };
            if rank <= last || !fixed {
                return false;
            }
            last = rank;
        }
        true
    }

    pub(crate) fn write(&self, moment: &Moment) -> String {
        let at = moment.at;
        let mut out = String::new();
        let twelve = (i32::from(at.hour()) + 11) % 12 + 1;
        for piece in &self.pieces {
            let (letter, count) = match piece {
                Piece::Literal(text) => {
                    out.push_str(text);
                    continue;
                }
                Piece::Field(letter, count) => (*letter, *count),
            };
            let number = |out: &mut String, value: i32, most: usize| {
                let width = count.min(most);
                let _ = write!(out, "{value:0width$}");
            };
            match letter {
                'y' if count <= 2 => number(&mut out, i32::from(at.year()) % 100, 2),
                'y' => number(&mut out, at.year().into(), count),
                'M' if count <= 2 => number(&mut out, at.month().into(), 2),
                'M' => out.push_str(name(&MONTHS, usize::try_from(at.month() - 1).unwrap_or(0), count)),
                'd' if count <= 2 => number(&mut out, at.day().into(), 2),
                'd' => out.push_str(name(&DAYS, usize::try_from(at.weekday().to_sunday_zero_offset()).unwrap_or(0), count)),
                'H' => number(&mut out, at.hour().into(), 2),
                'h' => number(&mut out, twelve, 2),
                'm' => number(&mut out, at.minute().into(), 2),
                's' => number(&mut out, at.second().into(), 2),
                'f' | 'F' => {
                    let digits = format!("{:09}", at.subsec_nanosecond());
                    let digits = &digits[..count];
                    let digits = if letter == 'F' { digits.trim_end_matches('0') } else { digits };
                    if letter == 'F' && digits.is_empty() && out.ends_with('.') {
                        out.pop();
                    }
                    out.push_str(digits);
                }
                't' => out.push_str(&(if at.hour() < 12 { "AM" } else { "PM" })[..count.min(2)]),
                'z' => out.push_str(match count {
                    1 => "+0",
                    2 => "+00",
                    _ => "+00:00",
                }),
                'K' if moment.zoned => out.push('Z'),
                'g' => out.push_str("A.D."),
                _ => {}
            }
        }
        out
    }

    /// Reads a text that has exactly this form; an offset moves it to UTC. What the format lacks comes from `today`.
    pub(crate) fn read(&self, text: &str, styles: Styles, today: Date) -> Option<Moment> {
        let text = if styles.has(Styles::LEADING) { text.trim_start() } else { text };
        let text = if styles.has(Styles::TRAILING) { text.trim_end() } else { text };
        let mut reading = Reading::of(text);
        for (at, piece) in self.pieces.iter().enumerate() {
            reading.piece(piece, self.pieces.get(at + 1), styles.has(Styles::INNER))?;
        }
        reading.moment(styles, today)
    }
}

fn name<'n>(names: &[&'n str], at: usize, count: usize) -> &'n str {
    let name = names.get(at).copied().unwrap_or_default();
    if count == 3 { &name[..3] } else { name }
}
