//! Reads a document as TOML as far as it is TOML, and says of each token under which keys it is.
//!
//! It never fails: a line that is no TOML is read as the keys and values that were probably meant, and what is neither is covered.

use std::ops::Range;

use super::Cover;
use super::keys::{Judged, has_free_keys, judge, takes_one_value};
use super::text::{self, Where};
use super::vocabulary::is_plain_name;

/// Covers the secrets of a document.
pub(super) fn cover(cover: &mut Cover) {
    let chars = cover.chars.clone();
    let mut lexer = Lexer {
        chars: &chars,
        at: 0,
        cover,
        section: Vec::new(),
        open: Vec::new(),
        key: Vec::new(),
        valued: false,
        at_key: true,
    };
    while lexer.at < chars.len() {
        lexer.token();
    }
    text::cover_blocks(lexer.cover);
}

struct Lexer<'c> {
    chars: &'c [char],
    at: usize,
    cover: &'c mut Cover,
    /// The table of the last `[header]`.
    section: Vec<String>,
    /// Brackets that are open, each with the key of its value.
    open: Vec<(char, Vec<String>)>,
    /// The key of the next value; without a key any value is covered.
    key: Vec<String>,
    /// Whether the key has its value by now.
    valued: bool,
    /// Whether a key comes next.
    at_key: bool,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn end_of_line(&self, from: usize) -> usize {
        (from..self.chars.len()).find(|&at| self.chars[at] == '\n').unwrap_or(self.chars.len())
    }

    fn token(&mut self) {
        match self.chars[self.at] {
            '\n' => {
                self.at += 1;
                self.new_line();
            }
            character if character.is_whitespace() => self.at += 1,
            '#' => {
                let end = self.end_of_line(self.at);
                self.cover.blank(self.at..end);
                self.at = end;
            }
            '[' if self.at_key && self.open.is_empty() => self.header(),
            opening @ ('[' | '{') => {
                self.open.push((opening, std::mem::take(&mut self.key)));
                self.at_key = opening == '{';
                self.valued = false;
                self.inherit();
                self.at += 1;
            }
            ']' | '}' => {
                self.key = self.open.pop().map(|(_, key)| key).unwrap_or_default();
                self.valued = true;
                self.at_key = false;
                self.at += 1;
            }
            ',' => {
                self.at_key = self.open.last().is_none_or(|(bracket, _)| *bracket == '{');
                self.key.clear();
                self.valued = false;
                self.inherit();
                self.at += 1;
            }
            '=' => {
                self.at_key = false;
                self.at += 1;
            }
            '"' | '\'' => self.quoted(),
            character if is_bare(character) => self.bare(),
            _ => self.rest(),
        }
    }

    /// Items of a list have the key of the list.
    fn inherit(&mut self) {
        if let Some(('[', key)) = self.open.last() {
            self.key.clone_from(key);
        }
    }

    /// A line that is complete ends its key. The value of a key that had none may follow on the next line.
    fn new_line(&mut self) {
        if self.begins_header() {
            // Where a bracket is open, it was left open above.
            self.open.clear();
            self.key.clear();
        }
        let first = (self.at..self.chars.len()).find(|&at| !matches!(self.chars[at], ' ' | '\t')).map(|at| self.chars[at]);
        if self.open.is_empty() && self.valued {
            self.key.clear();
        }
        // No item of a list begins with a letter, unless an inner table is meant.
        self.at_key |= self.open.is_empty() || first.is_some_and(char::is_alphabetic);
    }

    /// Whether `[name]` alone comes next, which no list holds.
    fn begins_header(&self) -> bool {
        let line: String = self.chars[self.at..self.end_of_line(self.at)].iter().collect();
        let inner = line.trim().trim_start_matches('[').trim_end_matches(']');
        let is_name = !inner.is_empty() && inner.chars().all(|c| is_bare(c) || ". \"'".contains(c));
        line.trim_start().starts_with('[') && line.trim_end().ends_with(']') && is_name && !inner.starts_with(['"', '\'', ' '])
    }

    fn header(&mut self) {
        let end = self.end_of_line(self.at);
        let close = (self.at..end).find(|&at| self.chars[at] == ']').unwrap_or(end);
        let name: String = self.chars[self.at..close].iter().filter(|c| !"[\"' ".contains(**c)).collect();
        self.section = name.split('.').map(str::to_owned).collect();
        self.key.clear();
        text::cover(self.cover, self.at..close, Where::Value);
        self.cover_names(self.at..close);
        self.at = close;
        while self.peek(0) == Some(']') {
            self.at += 1;
        }
    }

    /// Covers the parts of a header that may be a secret.
    fn cover_names(&mut self, range: Range<usize>) {
        let mut from = range.start;
        for at in range.start..=range.end {
            if at < range.end && !"[]\"'.".contains(self.chars[at]) {
                continue;
            }
            let name: String = self.chars[from..at].iter().collect();
            let within = self.section.iter().take_while(|part| part.as_str() != name.trim()).cloned().collect::<Vec<_>>();
            if !has_free_keys(&within) && !is_plain_name(name.trim()) {
                self.cover.star(from..at);
            }
            from = at + 1;
        }
    }

    /// Whether what ends here is a key: an equals sign follows, or a dot within a dotted key.
    fn is_key(&self, end: usize) -> bool {
        let next = (end..self.chars.len()).find(|&at| !matches!(self.chars[at], ' ' | '\t')).map(|at| self.chars[at]);
        next == Some('=') || (next == Some('.') && self.at_key)
    }

    /// Takes a key, or the next part of a dotted one.
    fn take_key(&mut self, range: Range<usize>, end: usize) {
        let name: String = self.chars[range.clone()].iter().collect();
        let dotted = self.chars[..self.at].iter().rfind(|c| !matches!(c, ' ' | '\t')) == Some(&'.');
        if !dotted {
            self.key.clear();
        }
        let is_free = has_free_keys(&self.path());
        if !is_free && !is_plain_name(&name) {
            self.cover.star(range.clone());
        }
        self.key.push(name);
        self.valued = false;
        text::cover(self.cover, range, Where::Value);
        self.at = end;
        let next = (self.at..self.chars.len()).find(|&at| !matches!(self.chars[at], ' ' | '\t'));
        match next.map(|at| self.chars[at]) {
            Some('.') => self.at = next.map_or(self.at, |at| at + 1),
            _ => self.at_key = false,
        }
    }

    fn quoted(&mut self) {
        let quote = self.chars[self.at];
        let triple = self.peek(1) == Some(quote) && self.peek(2) == Some(quote);
        let width = if triple { 3 } else { 1 };
        let start = self.at + width;
        let (end, after) = self.closing(start, quote, width);
        if self.at_key && self.is_key(after) {
            self.take_key(start..end, after);
            return;
        }
        self.value(start..end);
        self.valued = true;
        self.at = after;
        self.at_key = false;
    }

    /// Where the text of a string ends and where the next token begins; a string of one line ends with its line.
    fn closing(&self, start: usize, quote: char, width: usize) -> (usize, usize) {
        let mut at = start;
        while at < self.chars.len() {
            match self.chars[at] {
                '\\' if quote == '"' => at += 1,
                '\n' if width == 1 => return (at, at),
                character if character == quote && self.chars[at..].iter().take_while(|c| **c == quote).count() >= width => {
                    return (at, at + width);
                }
                _ => {}
            }
            at += 1;
        }
        (self.chars.len(), self.chars.len())
    }

    fn bare(&mut self) {
        let end = (self.at..self.chars.len()).find(|&at| !is_bare(self.chars[at])).unwrap_or(self.chars.len());
        // A word that begins a line is meant as a key, also where its equals sign is missing.
        if self.at_key || self.is_key(end) {
            self.take_key(self.at..end, end);
        } else {
            self.rest();
        }
    }

    /// A value without quotes, or what belongs nowhere.
    fn rest(&mut self) {
        self.valued = true;
        let line = self.end_of_line(self.at);
        if self.judged() != Judged::Harmless {
            // Without quotes its end is unknown.
            let number: String = self.chars[self.at..line].iter().collect();
            let first = number.split([' ', ',', '}', ']', '#', '\t']).next().unwrap_or_default();
            if is_plain(first) && !self.key.is_empty() {
                self.at += first.chars().count().max(1);
            } else {
                self.cover.star(self.at..line);
                self.at = line;
            }
            return;
        }
        let end = (self.at..line).find(|&at| " \t,]}#\"'".contains(self.chars[at])).unwrap_or(line).max(self.at + 1);
        text::cover(self.cover, self.at..end, Where::Value);
        self.at = end;
        self.at_key = false;
    }

    /// The keys above the present place.
    fn path(&self) -> Vec<String> {
        let mut path = self.section.clone();
        path.extend(self.open.iter().flat_map(|(_, key)| key.iter().cloned()));
        path
    }

    fn judged(&self) -> Judged {
        let mut path = self.path();
        if self.key.is_empty() {
            return Judged::Secret;
        }
        let inner = self.open.last().is_some_and(|(bracket, key)| *bracket == '[' && *key == self.key);
        if !inner {
            path.extend(self.key.iter().cloned());
        } else if takes_one_value(&path) {
            return Judged::Secret;
        }
        judge(&path)
    }

    /// The text of a string.
    fn value(&mut self, range: Range<usize>) {
        let content: String = self.chars[range.clone()].iter().collect();
        // A second string of one key is no TOML; it may be anything.
        let judged = if self.valued { Judged::Secret } else { self.judged() };
        let shown = match judged {
            Judged::Harmless => true,
            Judged::Secret => false,
            Judged::Variable => {
                let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
                content.starts_with(|c: char| c.is_ascii_uppercase()) && content.chars().all(fits)
            }
            Judged::Template => is_template(&content),
            Judged::Id => uuid::Uuid::try_parse(&content).is_ok() || is_template(&content),
            Judged::Address => {
                text::cover_address(self.cover, range.clone());
                true
            }
        };
        if shown {
            text::cover(self.cover, range, Where::Value);
        } else {
            self.cover.star(range);
        }
    }
}

fn is_bare(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '-'
}

/// A short number or a truth value.
fn is_plain(text: &str) -> bool {
    matches!(text, "true" | "false") || (text.len() <= 4 && !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()))
}

/// Named parts in braces and nothing else.
fn is_template(text: &str) -> bool {
    let mut rest = text;
    while let Some((name, after)) = rest.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return false;
        }
        rest = after;
    }
    rest.is_empty()
}
