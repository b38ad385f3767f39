//! What .NET reads differently, rewritten for our engines.

use std::fmt::Write as _;

/// The capturing groups in their order, with the names of those that have one.
pub(super) fn groups(source: &str) -> Result<Vec<Option<String>>, String> {
    let letters: Vec<char> = source.chars().collect();
    let mut groups = Vec::new();
    let mut in_class = 0usize;
    let mut at = 0;
    while at < letters.len() {
        match letters[at] {
            '\\' => at += 1,
            '[' if in_class == 0 => {
                in_class = 1;
                if letters.get(at + 1) == Some(&'^') {
                    at += 1;
                }
                if letters.get(at + 1) == Some(&']') {
                    at += 1;
                }
            }
            '[' if letters[at - 1] == '-' => in_class += 1,
            ']' if in_class > 0 => in_class -= 1,
            '(' if in_class == 0 => {
                if letters.get(at + 1) == Some(&'?') {
                    groups.extend(named_group(&letters[at + 2..])?.map(Some));
                } else {
                    groups.push(None);
                }
            }
            _ => {}
        }
        at += 1;
    }
    Ok(groups)
}

/// The name of a capturing group after `(?`; nothing where it does not capture.
fn named_group(letters: &[char]) -> Result<Option<String>, String> {
    if letters.first() == Some(&'P') {
        return Err("`(?P` is not a group of .NET: a name is written (?<name>...)".into());
    }
    let mut options = letters.iter().take_while(|letter| letter.is_ascii_alphabetic() || **letter == '-');
    if options.any(|letter| !"imsx-".contains(*letter)) {
        return Err("the options of a group are i, m, s and x".into());
    }
    let name = group_name(letters);
    if name.as_ref().is_some_and(|name| name.contains('-')) {
        return Err("balancing groups are not supported".into());
    }
    Ok(name)
}

/// The name of a group after `(?`.
fn group_name(letters: &[char]) -> Option<String> {
    let close = match letters.first()? {
        '<' if !matches!(letters.get(1), Some('=' | '!')) => '>',
        '\'' => '\'',
        _ => return None,
    };
    let end = letters[1..].iter().position(|letter| *letter == close)?;
    Some(letters[1..=end].iter().collect())
}

struct Translation<'t> {
    letters: &'t [char],
    at: usize,
    out: String,
    groups: &'t [Option<String>],
    /// How many capturing groups have begun.
    opened: usize,
}

/// Rewrites what .NET reads differently.
pub(super) fn translate(source: &str, groups: &[Option<String>], numbers: &[usize], before_feed: bool) -> Result<String, String> {
    let letters: Vec<char> = source.chars().collect();
    let multi_line = source
        .match_indices("(?")
        .any(|(at, _)| source[at + 2..].chars().take_while(char::is_ascii_alphabetic).any(|flag| flag == 'm'));
    let end = if before_feed { r"(?=\n?\z)" } else { r"\z" };
    let mut t = Translation { letters: &letters, at: 0, out: String::with_capacity(source.len() + 8), groups, opened: 0 };
    while let Some(&letter) = t.letters.get(t.at) {
        match letter {
            '\\' => t.escape(numbers, end, false)?,
            '[' => t.class()?,
            '$' if !multi_line => {
                t.out.push_str(end);
                t.at += 1;
            }
            '{' if !t.is_quantifier() => t.literal(),
            '}' if !t.out_is_quantified() => t.literal(),
            '(' if t.letters.get(t.at + 1) != Some(&'?') => t.open(),
            '(' if t.letters[t.at..].starts_with(&['(', '?', '\'']) => {
                t.opened += 1;
                t.out.push_str("(?<");
                t.at += 3;
                while t.at < t.letters.len() && t.letters[t.at] != '\'' {
                    t.out.push(t.letters[t.at]);
                    t.at += 1;
                }
                t.out.push('>');
                t.at += 1;
            }
            '(' if t.letters[t.at..].starts_with(&['(', '?', '#']) => {
                while t.at < t.letters.len() && t.letters[t.at] != ')' {
                    t.at += 1;
                }
                t.at += 1;
            }
            _ => {
                if letter == '(' && group_name(&t.letters[t.at + 2..]).is_some() {
                    t.opened += 1;
                }
                t.out.push(letter);
                t.at += 1;
            }
        }
    }
    Ok(t.out)
}

impl Translation<'_> {
    /// Opens an unnamed group. Where others are named it gets a name too, since the engine then refers by names alone.
    fn open(&mut self) {
        self.opened += 1;
        self.at += 1;
        if self.groups.iter().any(Option::is_some) {
            let _ = write!(self.out, "(?<unnamed_{}>", self.opened);
        } else {
            self.out.push('(');
        }
    }

    fn literal(&mut self) {
        self.out.push('\\');
        self.out.push(self.letters[self.at]);
        self.at += 1;
    }

    /// Whether `{n}`, `{n,}` or `{n,m}` starts here.
    fn is_quantifier(&self) -> bool {
        let body: String = self.letters[self.at + 1..].iter().take_while(|letter| **letter != '}').collect();
        let closed = self.at + 1 + body.chars().count() < self.letters.len();
        let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        closed
            && body
                .split_once(',')
                .map_or_else(|| number(&body), |(least, most)| number(least) && (most.is_empty() || number(most)))
    }

    /// Whether a `}` here closes a quantifier.
    fn out_is_quantified(&self) -> bool {
        let body = self.letters[..self.at].iter().rev().take_while(|letter| letter.is_ascii_digit() || **letter == ',').count();
        body > 0 && self.letters.get(self.at - body - 1).is_some_and(|letter| *letter == '{') && {
            let start = self.at - body - 1;
            start == 0 || self.letters[start - 1] != '\\'
        }
    }

    fn hex(&mut self, digits: usize) -> Result<(), String> {
        let text: String = self.letters[self.at..].iter().take(digits).collect();
        let value = u32::from_str_radix(&text, 16)
            .ok()
            .filter(|_| text.len() == digits)
            .ok_or("an escape lacks its hexadecimal digits")?;
        let _ = write!(self.out, "\\x{{{value:X}}}");
        self.at += digits;
        Ok(())
    }

    fn escape(&mut self, numbers: &[usize], end: &str, in_class: bool) -> Result<(), String> {
        let Some(&next) = self.letters.get(self.at + 1) else { return Err("the expression ends with a lone backslash".into()) };
        self.at += 2;
        match next {
            'u' => self.hex(4)?,
            'x' => self.hex(2)?,
            'e' => self.out.push_str(r"\x1B"),
            'b' if in_class => self.out.push_str(r"\x08"),
            'c' => self.control()?,
            '0' => self.out.push_str(r"\x00"),
            'Z' if !in_class => self.out.push_str(end),
            'k' if !in_class => self.named_reference(numbers)?,
            '1'..='9' if !in_class => {
                self.at -= 1;
                let digits: String = self.letters[self.at..].iter().take_while(|letter| letter.is_ascii_digit()).collect();
                self.at += digits.len();
                self.reference(numbers, digits.parse().unwrap_or(usize::MAX))?;
            }
            'p' | 'P' => self.category(next)?,
            'a' | 't' | 'n' | 'r' | 'v' | 'f' | 'd' | 'D' | 'w' | 'W' | 's' | 'S' => self.kept(next),
            'b' | 'B' | 'A' | 'z' | 'G' if !in_class => self.kept(next),
            _ if next.is_ascii_alphanumeric() => return Err(format!("`\\{next}` is not an escape of .NET")),
            _ if r"\.+*?()|[]{}^$-&~#".contains(next) => self.kept(next),
            _ => self.out.push(next),
        }
        Ok(())
    }

    /// An escape that means the same here and there.
    fn kept(&mut self, letter: char) {
        self.out.push('\\');
        self.out.push(letter);
    }

    /// The letter of a control character after `\c`.
    fn control(&mut self) -> Result<(), String> {
        let letter = self
            .letters
            .get(self.at)
            .filter(|letter| letter.is_ascii_alphabetic())
            .ok_or("an escape lacks its control letter")?;
        let _ = write!(self.out, "\\x{:02X}", (letter.to_ascii_uppercase() as u8) - b'@');
        self.at += 1;
        Ok(())
    }

    /// The group that is meant after `\k`, by name or number.
    fn named_reference(&mut self, numbers: &[usize]) -> Result<(), String> {
        let close = match self.letters.get(self.at) {
            Some('<') => '>',
            Some('\'') => '\'',
            _ => return Err("a back-reference lacks its name".into()),
        };
        let name: String = self.letters[self.at + 1..].iter().take_while(|letter| **letter != close).collect();
        self.at += name.chars().count() + 2;
        if let Ok(number) = name.parse() {
            return self.reference(numbers, number);
        }
        let _ = write!(self.out, "\\k<{name}>");
        Ok(())
    }

    /// A category or a block of Unicode.
    fn category(&mut self, kind: char) -> Result<(), String> {
        let rest: String = self.letters[self.at..].iter().take_while(|letter| **letter != '}').collect();
        let name = rest.strip_prefix('{').ok_or("a category lacks its name: \\p{L}")?;
        self.at += rest.chars().count() + 1;
        if let Some((_, range)) = BLOCKS.iter().find(|(block, _)| *block == name) {
            let _ = write!(self.out, "[{}{range}]", if kind == 'P' { "^" } else { "" });
        } else {
            let _ = write!(self.out, "\\{kind}{{{name}}}");
        }
        Ok(())
    }

    fn reference(&mut self, numbers: &[usize], number: usize) -> Result<(), String> {
        let group = numbers.get(number).ok_or_else(|| format!("there is no group {number}"))?;
        // The group around the reference keeps a digit after it apart.
        let _ = match self.groups.get(group - 1) {
            Some(Some(name)) => write!(self.out, "\\k<{name}>"),
            Some(None) if self.groups.iter().any(Option::is_some) => write!(self.out, "\\k<unnamed_{group}>"),
            _ => write!(self.out, "(?:\\{group})"),
        };
        Ok(())
    }

    /// A class in brackets: `[`, `&` and `~` are plain in it, and `-[` subtracts.
    fn class(&mut self) -> Result<(), String> {
        self.out.push('[');
        self.at += 1;
        if self.letters.get(self.at) == Some(&'^') {
            self.out.push('^');
            self.at += 1;
        }
        if self.letters.get(self.at) == Some(&']') {
            self.literal();
        }
        let mut after_class_escape = false;
        loop {
            let Some(&letter) = self.letters.get(self.at) else { return Err("a class in brackets is not closed".into()) };
            let was_class_escape = std::mem::take(&mut after_class_escape);
            match letter {
                ']' => {
                    self.out.push(']');
                    self.at += 1;
                    return Ok(());
                }
                '\\' => {
                    after_class_escape =
                        self.letters.get(self.at + 1).is_some_and(|next| matches!(next, 'd' | 'D' | 'w' | 'W' | 's' | 'S'));
                    self.escape(&[], "", true)?;
                }
                '-' if self.letters.get(self.at + 1) == Some(&'[') => {
                    self.out.push_str("--");
                    self.at += 1;
                    self.class()?;
                }
                '-' if was_class_escape || self.letters.get(self.at + 1) == Some(&']') => self.literal(),
                '[' | '&' | '~' => self.literal(),
                _ => {
                    self.out.push(letter);
                    self.at += 1;
                }
            }
        }
    }
}

/// Blocks of Unicode that .NET knows as `\p{Is…}`.
const BLOCKS: &[(&str, &str)] = &[
    ("IsBasicLatin", r"\x{0}-\x{7F}"),
    ("IsLatin-1Supplement", r"\x{80}-\x{FF}"),
    ("IsLatinExtended-A", r"\x{100}-\x{17F}"),
    ("IsLatinExtended-B", r"\x{180}-\x{24F}"),
    ("IsCombiningDiacriticalMarks", r"\x{300}-\x{36F}"),
    ("IsGreek", r"\x{370}-\x{3FF}"),
    ("IsGreekandCoptic", r"\x{370}-\x{3FF}"),
    ("IsCyrillic", r"\x{400}-\x{4FF}"),
    ("IsHebrew", r"\x{590}-\x{5FF}"),
    ("IsArabic", r"\x{600}-\x{6FF}"),
    ("IsHiragana", r"\x{3040}-\x{309F}"),
    ("IsKatakana", r"\x{30A0}-\x{30FF}"),
    ("IsCJKUnifiedIdeographs", r"\x{4E00}-\x{9FFF}"),
    ("IsHangulSyllables", r"\x{AC00}-\x{D7AF}"),
    ("IsGeneralPunctuation", r"\x{2000}-\x{206F}"),
];
