//! Regular expressions of .NET, translated for our engines.
//!
//! What needs no backtracking runs on an engine whose searches are linear; look-around, back-references and atomic groups run on a
//! backtracking one within bounds. All bounds count work, not time, so that the same input always gives the same answer.

use std::cell::Cell;
use std::ops::Range;
use std::sync::OnceLock;

use self::translation::{groups, translate};

mod translation;

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
