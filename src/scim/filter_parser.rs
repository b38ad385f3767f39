//! The parser of filters and attribute paths: it reports a fault, and never recurses deeper than a limit.

use std::str::FromStr;

use serde_json::Number;

use super::error::{ScimError, quoted};
use super::filter::{AttributePath, Filter, Operand, Operator, split};

/// The deepest nesting of parentheses and brackets.
pub const MAX_FILTER_DEPTH: usize = 40;
/// The most comparisons of one filter.
pub const MAX_FILTER_TERMS: usize = 200;
/// The longest filter or path, in bytes.
const MAX_LENGTH: usize = 8_192;

/// Parses a filter, within the limits on its length, depth and terms.
impl FromStr for Filter {
    type Err = ScimError;

    fn from_str(text: &str) -> Result<Self, ScimError> {
        let mut parser = Parser::new(text)?;
        let filter = parser.filter()?;
        parser.end()?;
        Ok(filter)
    }
}

impl FromStr for AttributePath {
    type Err = ScimError;

    fn from_str(text: &str) -> Result<Self, ScimError> {
        let as_path = |error: ScimError| ScimError::path(error.detail);
        let mut parser = Parser::new(text.trim()).map_err(as_path)?;
        let path = parser.path().map_err(as_path)?;
        parser.end().map_err(as_path)?;
        Ok(path)
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    terms: usize,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str) -> Result<Self, ScimError> {
        if text.len() > MAX_LENGTH {
            return Err(ScimError::filter(format!("the filter is longer than {MAX_LENGTH} bytes")));
        }
        Ok(Self { text, at: 0, depth: 0, terms: 0 })
    }

    fn filter(&mut self) -> Result<Filter, ScimError> {
        self.depth += 1;
        if self.depth > MAX_FILTER_DEPTH {
            return Err(ScimError::filter(format!("the filter is nested deeper than {MAX_FILTER_DEPTH} levels")));
        }
        let mut any = vec![self.all()?];
        while self.word("or") {
            any.push(self.all()?);
        }
        self.depth -= 1;
        Ok(if any.len() == 1 { any.remove(0) } else { Filter::Or(any) })
    }

    fn all(&mut self) -> Result<Filter, ScimError> {
        let mut all = vec![self.term()?];
        while self.word("and") {
            all.push(self.term()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Filter::And(all) })
    }

    fn term(&mut self) -> Result<Filter, ScimError> {
        self.terms += 1;
        if self.terms > MAX_FILTER_TERMS {
            return Err(ScimError::filter(format!("the filter has more than {MAX_FILTER_TERMS} terms")));
        }
        self.blanks();
        let before = self.at;
        let negated = self.word("not");
        self.blanks();
        if self.sign('(') {
            let inner = self.filter()?;
            self.close(')')?;
            return Ok(if negated { Filter::Not(Box::new(inner)) } else { inner });
        }
        // An attribute may be called `not`.
        self.at = before;
        self.blanks();
        let path = self.path()?;
        self.condition(path)
    }

    /// What follows a path: an operator with a value, `pr`, or nothing behind a filtered path.
    fn condition(&mut self, path: AttributePath) -> Result<Filter, ScimError> {
        let before = self.at;
        self.blanks();
        let name = self.take(|letter| letter.is_ascii_alphanumeric());
        if name.eq_ignore_ascii_case("pr") {
            return Ok(Filter::Present(path));
        }
        if let Some((_, operator)) = Operator::NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            self.blanks();
            return Ok(Filter::Compare { path, operator: *operator, operand: self.operand()? });
        }
        if path.filter.is_some() && path.part.is_none() && matches!(name.to_ascii_lowercase().as_str(), "" | "and" | "or") {
            self.at = before;
            return Ok(Filter::Element(path));
        }
        Err(ScimError::filter(format!(
            "`{}` is followed by no operator of eq, ne, co, sw, ew, pr, gt, ge, lt, le",
            quoted(&path.name)
        )))
    }

    fn path(&mut self) -> Result<AttributePath, ScimError> {
        let name = self.take(|letter| !letter.is_whitespace() && !matches!(letter, '[' | ']' | '(' | ')' | '"'));
        let mut path = split(name).ok_or_else(|| ScimError::filter(format!("`{}` is no attribute path", quoted(name))))?;
        if !self.sign('[') {
            return Ok(path);
        }
        if path.part.is_some() {
            return Err(ScimError::filter(format!("a filter in brackets cannot follow a part of `{}`", quoted(&path.name))));
        }
        path.filter = Some(Box::new(self.filter()?));
        self.close(']')?;
        if self.sign('.') {
            let part = self.take(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '$' | '-' | '_'));
            if part.is_empty() {
                return Err(ScimError::filter(format!("a name is missing behind the brackets of `{}`", quoted(&path.name))));
            }
            path.part = Some(part.into());
        }
        Ok(path)
    }

    fn operand(&mut self) -> Result<Operand, ScimError> {
        if self.rest().starts_with('"') {
            return self.quoted_text();
        }
        let word = self.take(|letter| !letter.is_whitespace() && !matches!(letter, '(' | ')' | '[' | ']' | '"' | '\''));
        Ok(match word.to_ascii_lowercase().as_str() {
            "" => return Err(ScimError::filter("a value is missing behind an operator")),
            "true" => Operand::Flag(true),
            "false" => Operand::Flag(false),
            "null" => Operand::Null,
            // A sender's documentation has filters with unquoted words.
            _ => serde_json::from_str::<Number>(word).map_or_else(|_| Operand::Text(word.into()), Operand::Number),
        })
    }

    fn quoted_text(&mut self) -> Result<Operand, ScimError> {
        let rest = self.rest();
        let mut escaped = false;
        let end = rest.char_indices().skip(1).find(|(_, letter)| {
            let ends = !escaped && *letter == '"';
            escaped = !escaped && *letter == '\\';
            ends
        });
        let (end, _) = end.ok_or_else(|| ScimError::filter("a text has no closing quote"))?;
        let text: String = serde_json::from_str(&rest[..=end]).map_err(|_| ScimError::filter("a text is no JSON string"))?;
        self.at += end + 1;
        Ok(Operand::Text(text.into()))
    }

    fn end(&mut self) -> Result<(), ScimError> {
        self.blanks();
        if self.rest().is_empty() { Ok(()) } else { Err(ScimError::filter(format!("text follows the end at byte {}", self.at))) }
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn take(&mut self, wanted: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|letter| !wanted(letter)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn blanks(&mut self) {
        self.take(char::is_whitespace);
    }

    fn sign(&mut self, sign: char) -> bool {
        let is_next = self.rest().starts_with(sign);
        self.at += if is_next { sign.len_utf8() } else { 0 };
        is_next
    }

    fn close(&mut self, sign: char) -> Result<(), ScimError> {
        self.blanks();
        if self.sign(sign) { Ok(()) } else { Err(ScimError::filter(format!("a `{sign}` is missing"))) }
    }

    /// Takes a word between blanks or before a parenthesis.
    fn word(&mut self, word: &str) -> bool {
        let before = self.at;
        self.blanks();
        let found = self.take(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '.' | ':' | '_' | '-' | '$'));
        let is_next =
            found.eq_ignore_ascii_case(word) && self.rest().starts_with(|next: char| next.is_whitespace() || next == '(');
        if !is_next {
            self.at = before;
        }
        is_next
    }
}
