//! Regular expressions of .NET, translated for our engines.
//!
//! A pattern that needs no backtracking runs on an engine with linear searches. Look-around, back-references and atomic groups run on a
//! backtracking engine within limits. All limits count work rather than time, so that the same input always gives the same result.

use std::cell::Cell;
use std::ops::Range;
use std::sync::OnceLock;

use self::translation::{groups, translate};

mod translation;

/// Limits of backtracking steps, tried in turn until one is enough. The engine does not report how many steps it took, and an easy search
/// must not be charged for a hard one.
const BACKTRACKS: [usize; 5] = [64, 512, 6_000, 32_000, 200_000];
/// The longest text for a backtracking search, in bytes. Each step back may look at all of them.
const LONGEST_BACKTRACKED: usize = 4 << 10;
/// The bytes that all linear searches of one record may look at.
const MOST_LINEAR: u64 = 100_000_000;
/// The cost of all backtracking searches of one record: steps back, times the bytes that each may look at.
const MOST_BACKTRACKED: u64 = 32_000_000;

/// The work that the searches for one record have done. All expressions of a mapping share it, so that the number of records limits a run,
/// whatever their values are.
#[derive(Debug, Default)]
pub struct SearchBudget {
    linear: Cell<u64>,
    backtracked: Cell<u64>,
}

impl SearchBudget {
    fn spend(used: &Cell<u64>, cost: u64, most: u64) -> Result<(), String> {
        let sum = used.get().saturating_add(cost);
        used.set(sum);
        if sum > most { Err("the regular expressions search too long".to_owned()) } else { Ok(()) }
    }
}

/// A compiled regular expression of .NET.
#[derive(Debug)]
pub struct Pattern {
    source: String,
    plain: Engine,
    /// The engine for texts that end with a line feed, before which `$` matches too.
    before_feed: OnceLock<Option<Engine>>,
    /// The number of each group here, by its number in .NET, which counts unnamed groups first.
    numbers: Vec<usize>,
    groups: Vec<Option<String>>,
}

#[derive(Debug)]
enum Engine {
    Linear(regex::Regex),
    Backtracking(Box<Backtracking>),
}

/// One expression with each limit, compiled on first use.
#[derive(Debug)]
struct Backtracking {
    pattern: String,
    tiers: [OnceLock<Option<fancy_regex::Regex>>; BACKTRACKS.len()],
}

impl Backtracking {
    fn new(pattern: &str) -> Result<Self, String> {
        let first = Self::compile(pattern, BACKTRACKS[0])?;
        let tiers: [OnceLock<Option<fancy_regex::Regex>>; BACKTRACKS.len()] = Default::default();
        // The cell is new and empty.
        let _ = tiers[0].set(Some(first));
        Ok(Self { pattern: pattern.to_owned(), tiers })
    }

    fn compile(pattern: &str, limit: usize) -> Result<fancy_regex::Regex, String> {
        let built = fancy_regex::RegexBuilder::new(pattern)
            .backtrack_limit(limit)
            .delegate_size_limit(4 << 20)
            .delegate_dfa_size_limit(4 << 20)
            .build();
        built.map_err(|error| error.to_string().lines().last().unwrap_or_default().trim().to_lowercase())
    }

    fn find(&self, text: &str, from: usize, work: &SearchBudget) -> Result<Option<Found>, String> {
        if text.len() > LONGEST_BACKTRACKED {
            return Err("the text is too long for a regular expression that looks around or back".to_owned());
        }
        for (tier, limit) in self.tiers.iter().zip(BACKTRACKS) {
            SearchBudget::spend(&work.backtracked, limit as u64 * ((text.len() - from) as u64 + 16), MOST_BACKTRACKED)?;
            let regex = tier.get_or_init(|| Self::compile(&self.pattern, limit).ok());
            let Some(regex) = regex else { break };
            match regex.captures_from_pos(text, from) {
                Ok(captures) => {
                    return Ok(
                        captures.map(|captures| Found(captures.iter().map(|group| group.map(|group| group.range())).collect()))
                    );
                }
                Err(fancy_regex::Error::RuntimeError(fancy_regex::RuntimeError::BacktrackLimitExceeded)) => {}
                Err(_) => break,
            }
        }
        Err("the regular expression backtracks too much".to_owned())
    }
}

/// The places of the groups of one match; 0 is the whole.
#[derive(Debug, PartialEq, Eq)]
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
        Ok(Self::Backtracking(Box::new(Backtracking::new(pattern)?)))
    }

    fn find(&self, text: &str, from: usize, work: &SearchBudget) -> Result<Option<Found>, String> {
        match self {
            Self::Linear(regex) => {
                SearchBudget::spend(&work.linear, (text.len() - from + 16) as u64, MOST_LINEAR)?;
                let captures = regex.captures_at(text, from);
                Ok(captures.map(|captures| Found(captures.iter().map(|group| group.map(|group| group.range())).collect())))
            }
            Self::Backtracking(backtracking) => backtracking.find(text, from, work),
        }
    }
}

impl Pattern {
    /// Compiles a regular expression of .NET.
    ///
    /// # Errors
    /// The reason for which the pattern is not valid or not supported.
    pub fn new(source: &str) -> Result<Self, String> {
        let groups = groups(source)?;
        let unnamed = groups.iter().enumerate().filter(|(_, name)| name.is_none()).map(|(at, _)| at + 1);
        let named = groups.iter().enumerate().filter(|(_, name)| name.is_some()).map(|(at, _)| at + 1);
        let numbers: Vec<usize> = std::iter::once(0).chain(unnamed).chain(named).collect();
        let plain = Engine::new(&translate(source, &groups, &numbers, false)?)?;
        Ok(Self { source: source.to_owned(), plain, before_feed: OnceLock::new(), numbers, groups })
    }

    /// Whether the pattern matches anywhere in a text; `None` if the search exceeds its limits.
    ///
    /// ```
    /// # use hrpush::expr::Pattern;
    /// assert_eq!(Pattern::new(r"(?<year>\d{4})").unwrap().is_match("in 2026"), Some(true));
    /// ```
    pub fn is_match(&self, text: &str) -> Option<bool> {
        self.find(text, 0, &SearchBudget::default()).ok().map(|found| found.is_some())
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

    /// The first match at or after a byte.
    pub(crate) fn find(&self, text: &str, from: usize, work: &SearchBudget) -> Result<Option<Found>, String> {
        self.engine(text).find(text, from, work)
    }

    /// The number of a group that is given by its name or its .NET number.
    pub(crate) fn group(&self, name: &str) -> Option<usize> {
        if let Ok(number) = name.parse::<usize>() {
            return self.numbers.get(number).copied();
        }
        self.groups.iter().position(|known| known.as_deref() == Some(name)).map(|at| at + 1)
    }

    /// Appends the text that a replacement pattern of .NET yields for a match.
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
        let found = pattern.find("abb", 0, &SearchBudget::default()).unwrap().unwrap();
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
    fn ordinary_look_around_fits_into_the_bounds_many_times() {
        let thousands = Pattern::new(r"(?<=\d)(?=(\d{3})+$)").unwrap();
        let words = Pattern::new(r"(?<=\s)x(?!y)").unwrap();
        let (work, text) = (SearchBudget::default(), format!("{} end", "some words x and more xy ".repeat(150)));
        let mut from = 0;
        let mut count = 0;
        while let Some(found) = words.find(&text, from, &work).unwrap() {
            from = found.group(0).unwrap().end;
            count += 1;
        }
        assert_eq!(count, 150);
        let work = SearchBudget::default();
        for _ in 0..1_000 {
            assert!(thousands.find("1234567", 0, &work).unwrap().is_some());
        }
    }

    #[test]
    fn expressions_of_one_record_share_one_bound() {
        let hard = Pattern::new(r"^(a|a)*\1$").unwrap();
        let (work, text) = (SearchBudget::default(), format!("{}b", "a".repeat(40)));
        let searches =
            (0..1_000).take_while(|_| hard.find(&text, 0, &work) != Err("the regular expressions search too long".into()));
        assert!(searches.count() <= 10);
    }

    #[test]
    fn a_search_ends_within_its_bounds() {
        let hard = Pattern::new(r"^(a|a)*\1$").unwrap();
        assert_eq!(hard.is_match(&format!("{}b", "a".repeat(40))), None);
        for (pattern, text) in [
            (r"(?=.*x)y", "a".repeat(4_000)),
            (r"(?=(.*)z)(?=(.*)x)y", "ab".repeat(2_000)),
            (r"(?<=a)(?=.*q)b", "ab".repeat(2_000)),
        ] {
            // Whatever comes of it, it costs no more than the bound and one search.
            let work = SearchBudget::default();
            let pattern = Pattern::new(pattern).unwrap();
            let _ = pattern.find(&text, 0, &work);
            assert!(work.backtracked.get() <= MOST_BACKTRACKED + 200_000 * 5_000);
        }
        assert_eq!(Pattern::new("(?=.*x)y").unwrap().is_match(&"a".repeat(30_000)), None, "too long to look around in");
        let linear = Pattern::new("(a*)*b").unwrap();
        assert_eq!(linear.is_match(&"a".repeat(50_000)), Some(false));
    }
}
