//! Regular expressions of .NET, translated for our engines.
//!
//! What needs no backtracking runs on an engine whose searches are linear; look-around, back-references and atomic groups run on a
//! backtracking one within bounds. All bounds count work, not time, so that the same input always gives the same answer.

use std::cell::Cell;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::OnceLock;

/// How far a search may backtrack: the first ones of an evaluation, and those after them.
const BACKTRACKS: [usize; 2] = [200_000, 20_000];
/// How many searches of an evaluation get the larger bound.
const FIRST_SEARCHES: u32 = 8;
/// How many bytes a text may have for a backtracking search.
const LONGEST_BACKTRACKED: usize = 32 << 10;
/// How much all searches of one evaluation may cost: bytes looked at, and steps back.
const MOST_WORK: u64 = 100_000_000;

/// What the searches of one evaluation have used up.
#[derive(Debug, Default)]
pub(crate) struct Work {
    cost: Cell<u64>,
    backtracked: Cell<u32>,
}

impl Work {
    fn spend(&self, cost: usize) -> Result<(), String> {
        let sum = self.cost.get().saturating_add(cost as u64);
        self.cost.set(sum);
        if sum > MOST_WORK { Err("the regular expressions search too long".to_owned()) } else { Ok(()) }
    }
}

/// A compiled regular expression of .NET.
#[derive(Debug)]
pub struct Pattern {
    source: String,
    plain: Engine,
    /// The same for texts that end with a line feed, before which `$` matches too.
    before_feed: OnceLock<Option<Engine>>,
    /// By the numbers of .NET, which counts unnamed groups first: the number here.
    numbers: Vec<usize>,
    groups: Vec<Option<String>>,
}

#[derive(Debug)]
enum Engine {
    Linear(regex::Regex),
    /// With the larger and the smaller bound.
    Backtracking([Box<fancy_regex::Regex>; 2]),
}

/// The places of the groups of one match; 0 is the whole.
#[derive(Debug)]
pub(crate) struct Found(Vec<Option<Range<usize>>>);

impl Found {
    pub(crate) fn group(&self, number: usize) -> Option<Range<usize>> {
        self.0.get(number).cloned().flatten()
    }
}

impl Engine {
    fn new(pattern: &str) -> Result<Self, String> {
        let linear = regex::RegexBuilder::new(pattern).size_limit(4 << 20).dfa_size_limit(4 << 20).build();
        if let Ok(regex) = linear {
            return Ok(Self::Linear(regex));
        }
        let backtracking = |limit| {
            fancy_regex::RegexBuilder::new(pattern)
                .backtrack_limit(limit)
                .delegate_size_limit(4 << 20)
                .delegate_dfa_size_limit(4 << 20)
                .build()
                .map(Box::new)
                .map_err(|error| {
                    let text = error.to_string();
                    text.lines().last().unwrap_or_default().trim().to_lowercase()
                })
        };
        Ok(Self::Backtracking([backtracking(BACKTRACKS[0])?, backtracking(BACKTRACKS[1])?]))
    }

    fn find(&self, text: &str, from: usize, work: &Work) -> Result<Option<Found>, String> {
        work.spend(text.len() - from + 16)?;
        match self {
            Self::Linear(regex) => {
                let captures = regex.captures_at(text, from);
                Ok(captures.map(|captures| Found(captures.iter().map(|group| group.map(|group| group.range())).collect())))
            }
            Self::Backtracking(regexes) => {
                if text.len() > LONGEST_BACKTRACKED {
                    return Err("the text is too long for a regular expression that looks around or back".to_owned());
                }
                let searches = work.backtracked.get();
                work.backtracked.set(searches.saturating_add(1));
                let tier = usize::from(searches >= FIRST_SEARCHES);
                work.spend(BACKTRACKS[tier])?;
                let captures = regexes[tier]
                    .captures_from_pos(text, from)
                    .map_err(|_| "the regular expression backtracks too much".to_owned())?;
                Ok(captures.map(|captures| Found(captures.iter().map(|group| group.map(|group| group.range())).collect())))
            }
        }
    }
}

impl Pattern {
    /// Compiles a regular expression of .NET.
    ///
    /// # Errors
    /// Why it is none, or why it is not supported.
    pub fn new(source: &str) -> Result<Self, String> {
        let groups = groups(source)?;
        let unnamed = groups.iter().enumerate().filter(|(_, name)| name.is_none()).map(|(at, _)| at + 1);
        let named = groups.iter().enumerate().filter(|(_, name)| name.is_some()).map(|(at, _)| at + 1);
        let numbers: Vec<usize> = std::iter::once(0).chain(unnamed).chain(named).collect();
        let plain = Engine::new(&translate(source, &groups, &numbers, false)?)?;
        Ok(Self { source: source.to_owned(), plain, before_feed: OnceLock::new(), numbers, groups })
    }

    /// Whether it matches anywhere in a text; nothing where that could not be found out within bounds.
    pub fn is_match(&self, text: &str) -> Option<bool> {
        self.find(text, 0, &Work::default()).ok().map(|found| found.is_some())
    }

    fn engine(&self, text: &str) -> &Engine {
        if text.ends_with('\n') && self.source.contains(['$', 'Z']) {
            let engine = self
                .before_feed
                .get_or_init(|| Engine::new(&translate(&self.source, &self.groups, &self.numbers, true).ok()?).ok());
            engine.as_ref().unwrap_or(&self.plain)
        } else {
            &self.plain
        }
    }

    /// The first match from a place on.
    pub(crate) fn find(&self, text: &str, from: usize, work: &Work) -> Result<Option<Found>, String> {
        self.engine(text).find(text, from, work)
    }

    /// The number of a group that is given by its name or its .NET number.
    pub(crate) fn group(&self, name: &str) -> Option<usize> {
        if let Ok(number) = name.parse::<usize>() {
            return self.numbers.get(number).copied();
        }
        self.groups.iter().position(|known| known.as_deref() == Some(name)).map(|at| at + 1)
    }

    /// Appends what a replacement pattern of .NET stands for.
    pub(crate) fn expand(&self, replacement: &str, found: &Found, text: &str, out: &mut String) {
        let whole = found.group(0).unwrap_or(0..0);
        let mut rest = replacement;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (named, length) = if digits > 0 {
                (Some(&rest[..digits]), digits)
            } else if let Some(end) = rest.strip_prefix('{').and_then(|body| body.find('}')) {
                (Some(&rest[1..=end]), end + 2)
            } else {
                (None, 0)
            };
            if let Some(group) = named.and_then(|name| self.group(name)) {
                out.push_str(found.group(group).map_or("", |place| &text[place]));
                rest = &rest[length..];
                continue;
            }
            let special = match rest.as_bytes().first() {
                Some(b'$') => "$",
                Some(b'&') => &text[whole.clone()],
                Some(b'`') => &text[..whole.start],
                Some(b'\'') => &text[whole.end..],
                Some(b'_') => text,
                Some(b'+') => found.0.iter().skip(1).flatten().last().map_or("", |place| &text[place.clone()]),
                _ => {
                    out.push('$');
                    continue;
                }
            };
            out.push_str(special);
            rest = &rest[1..];
        }
        out.push_str(rest);
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

/// The capturing groups in their order, with the names of those that have one.
fn groups(source: &str) -> Result<Vec<Option<String>>, String> {
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
                if letters.get(at + 1) != Some(&'?') {
                    groups.push(None);
                } else if letters.get(at + 2) == Some(&'P') {
                    return Err("`(?P` is no group of .NET: a name is written (?<name>...)".into());
                } else if letters[at + 2..]
                    .iter()
                    .take_while(|letter| letter.is_ascii_alphabetic() || **letter == '-')
                    .any(|letter| !"imsx-".contains(*letter))
                {
                    return Err("the options of a group are i, m, s and x".into());
                } else if let Some(name) = group_name(&letters[at + 2..]) {
                    if name.contains('-') {
                        return Err("balancing groups are not supported".into());
                    }
                    groups.push(Some(name));
                }
            }
            _ => {}
        }
        at += 1;
    }
    Ok(groups)
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
fn translate(source: &str, groups: &[Option<String>], numbers: &[usize], before_feed: bool) -> Result<String, String> {
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
            'c' => {
                let letter = self
                    .letters
                    .get(self.at)
                    .filter(|letter| letter.is_ascii_alphabetic())
                    .ok_or("an escape lacks its control letter")?;
                let _ = write!(self.out, "\\x{:02X}", (letter.to_ascii_uppercase() as u8) - b'@');
                self.at += 1;
            }
            '0' => self.out.push_str(r"\x00"),
            'Z' if !in_class => self.out.push_str(end),
            'k' if !in_class => {
                let close = match self.letters.get(self.at) {
                    Some('<') => '>',
                    Some('\'') => '\'',
                    _ => return Err("a back-reference lacks its name".into()),
                };
                let name: String = self.letters[self.at + 1..].iter().take_while(|letter| **letter != close).collect();
                self.at += name.chars().count() + 2;
                match name.parse::<usize>() {
                    Ok(number) => self.reference(numbers, number)?,
                    Err(_) => {
                        let _ = write!(self.out, "\\k<{name}>");
                    }
                }
            }
            '1'..='9' if !in_class => {
                self.at -= 1;
                let digits: String = self.letters[self.at..].iter().take_while(|letter| letter.is_ascii_digit()).collect();
                self.at += digits.len();
                self.reference(numbers, digits.parse().unwrap_or(usize::MAX))?;
            }
            'p' | 'P' => self.category(next)?,
            'a' | 't' | 'n' | 'r' | 'v' | 'f' | 'd' | 'D' | 'w' | 'W' | 's' | 'S' => {
                self.out.push('\\');
                self.out.push(next);
            }
            'b' | 'B' | 'A' | 'z' | 'G' if !in_class => {
                self.out.push('\\');
                self.out.push(next);
            }
            _ if next.is_ascii_alphanumeric() => return Err(format!("`\\{next}` is no escape of .NET")),
            _ if r"\.+*?()|[]{}^$-&~#".contains(next) => {
                self.out.push('\\');
                self.out.push(next);
            }
            _ => self.out.push(next),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).unwrap().is_match(text).unwrap()
    }

    #[test]
    fn needless_escapes_are_plain_characters() {
        for letter in [r"/", ":", ";", "=", ",", "<", ">", "@", "!", "%", "'"] {
            assert!(matches(&format!("^[\\{letter}]\\{letter}$"), &format!("{letter}{letter}")), "{letter}");
        }
    }

    #[test]
    fn the_end_stands_before_a_last_line_feed_too() {
        assert!(matches("a$", "a\n"));
        assert!(!matches("a$", "a\n\n"));
        assert!(matches(r"a\Z", "a\n"));
        assert!(!matches(r"a\z", "a\n"));
    }

    #[test]
    fn classes_are_read_as_dotnet_reads_them() {
        assert!(matches("^[[:]$", "["));
        assert!(matches("^[a-z-[aeiou]]$", "b"));
        assert!(!matches("^[a-z-[aeiou]]$", "e"));
        assert!(matches(r"^[\w-.]+$", "a-.b"));
        assert!(matches("^[]a]+$", "]a"));
        assert!(matches("^a{b}$", "a{b}"));
        assert!(matches("^a{2}$", "aa"));
    }

    #[test]
    fn unnamed_groups_are_numbered_first() {
        let pattern = Pattern::new(r"(?<x>a)(b)\1").unwrap();
        let found = pattern.find("abb", 0, &Work::default()).unwrap().unwrap();
        let mut out = String::new();
        pattern.expand("$1-$2-${x}-$3-$$-$&", &found, "abb", &mut out);
        assert_eq!(out, "b-a-a-$3-$-abb");
    }

    #[test]
    fn blocks_and_categories_are_read() {
        assert!(matches(r"^\p{IsCombiningDiacriticalMarks}+$", "\u{301}\u{308}"));
        assert!(matches(r"^[\p{IsCyrillic}x]+$", "йx"));
        assert!(matches(r"^\P{IsBasicLatin}$", "é"));
        assert!(matches(r"^\p{Lu}\p{Ll}+$", "Ärger"));
    }

    #[test]
    fn what_dotnet_refuses_is_refused() {
        for pattern in [r"\h", r"\K", r"(?P<n>x)", r"(?n)(x)", "(", "[", r"\", "*a", r"\p{Nowhere}", r"(?<a-b>x)"] {
            assert!(Pattern::new(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn a_search_ends_within_its_bounds() {
        let hard = Pattern::new(r"^(a|a)*\1$").unwrap();
        assert_eq!(hard.is_match(&format!("{}b", "a".repeat(40))), None);
        let linear = Pattern::new("(a*)*b").unwrap();
        assert_eq!(linear.is_match(&"a".repeat(50_000)), Some(false));
    }
}
