//! From tokens to a filter.

use super::super::reply::Problem;
use super::expression::{Compare, Filter};
use super::field::{Field, Terms, wants_index};
use super::tokens::{Token, invalid, tokens};

/// The most literals of an `in`.
const IN_LITERALS: usize = 15;

/// Parses and checks a filter.
pub(in super::super) fn parse(text: &str, terms: Terms<'_>) -> Result<Filter, Problem> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, at: 0, terms, range: None, negated: false };
    let filter = parser.or()?;
    if parser.at < tokens.len() { Err(invalid()) } else { Ok(filter) }
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    terms: Terms<'a>,
    /// The range variable inside `any`, and the collection it runs over.
    range: Option<(String, Field)>,
    /// Inside a `not`, which each property has to support.
    negated: bool,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, token: &Token) -> Result<(), Problem> {
        if self.next().as_ref() == Some(token) { Ok(()) } else { Err(invalid()) }
    }

    fn or(&mut self) -> Result<Filter, Problem> {
        let mut left = self.and()?;
        while self.eat_word("or") {
            left = Filter::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Filter, Problem> {
        let mut left = self.one()?;
        while self.eat_word("and") {
            left = Filter::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Result<Filter, Problem> {
        if self.eat_word("not") {
            if !self.terms.advanced {
                return Err(wants_index("not", ""));
            }
            let before = std::mem::replace(&mut self.negated, true);
            let inner = self.one();
            self.negated = before;
            return Ok(Filter::Not(Box::new(inner?)));
        }
        match self.next() {
            Some(Token::Open) => {
                let inner = self.or()?;
                self.expect(&Token::Close)?;
                Ok(inner)
            }
            Some(Token::Word(word)) => self.clause(&word),
            _ => Err(invalid()),
        }
    }

    fn clause(&mut self, word: &str) -> Result<Filter, Problem> {
        if self.tokens.get(self.at) == Some(&Token::Open) {
            let starts = word.eq_ignore_ascii_case("startsWith");
            if starts || word.eq_ignore_ascii_case("endsWith") {
                return self.start_or_end(starts);
            }
            if let Some(path) = word.strip_suffix("/any") {
                return self.any(path);
            }
        }
        if let Some(path) = word.strip_suffix("/$count") {
            return self.count(path);
        }
        let field = self.field(word)?;
        if field.collection {
            return Err(Problem::query(format!("Property '{}' is a collection: it is filtered by any().", field.path)));
        }
        if self.eat_word("in") {
            return self.among(field);
        }
        let compare = self.compare(&field)?;
        let value = field.literal(self.next())?;
        if value.is_null() {
            if !matches!(compare, Compare::Eq | Compare::Ne) {
                return Err(invalid());
            }
            self.allow(&field, "null")?;
        }
        Ok(Filter::Compare(field.path, compare, value))
    }

    fn compare(&mut self, field: &Field) -> Result<Compare, Problem> {
        let Some(Token::Word(operator)) = self.next() else { return Err(invalid()) };
        let operator = operator.to_ascii_lowercase();
        let compare = match operator.as_str() {
            "eq" => Compare::Eq,
            "ne" => Compare::Ne,
            "ge" => Compare::Ge,
            "le" => Compare::Le,
            "gt" | "lt" => {
                return Err(Problem::query(format!("The operator '{operator}' is not supported for property '{}'.", field.path)));
            }
            _ => return Err(invalid()),
        };
        self.allow(field, &operator)?;
        Ok(compare)
    }

    fn among(&mut self, field: Field) -> Result<Filter, Problem> {
        self.allow(&field, "in")?;
        self.expect(&Token::Open)?;
        let mut values = vec![field.literal(self.next())?];
        loop {
            match self.next() {
                Some(Token::Comma) => values.push(field.literal(self.next())?),
                Some(Token::Close) => break,
                _ => return Err(invalid()),
            }
        }
        if values.len() > IN_LITERALS {
            return Err(Problem::query(
                "Too many child clauses specified in search filter expression containing 'OR' operators.",
            ));
        }
        Ok(Filter::In(field.path, values))
    }

    fn start_or_end(&mut self, starts: bool) -> Result<Filter, Problem> {
        self.expect(&Token::Open)?;
        let Some(Token::Word(path)) = self.next() else { return Err(invalid()) };
        let field = self.field(&path)?;
        if field.collection {
            return Err(invalid());
        }
        self.allow(&field, if starts { "startsWith" } else { "endsWith" })?;
        self.expect(&Token::Comma)?;
        let Some(Token::Text(text)) = self.next() else { return Err(invalid()) };
        self.expect(&Token::Close)?;
        Ok(if starts { Filter::StartsWith(field.path, text) } else { Filter::EndsWith(field.path, text) })
    }

    fn any(&mut self, path: &str) -> Result<Filter, Problem> {
        let field = self.field(path)?;
        if !field.collection {
            return Err(invalid());
        }
        self.expect(&Token::Open)?;
        let Some(Token::Word(range)) = self.next() else { return Err(invalid()) };
        self.expect(&Token::Colon)?;
        let path = field.path.clone();
        let outer = self.range.replace((range, field));
        let inner = self.or();
        self.range = outer;
        let inner = inner?;
        self.expect(&Token::Close)?;
        Ok(Filter::Any(path, Box::new(inner)))
    }

    fn count(&mut self, path: &str) -> Result<Filter, Problem> {
        let field = self.field(path)?;
        self.allow(&field, "$count")?;
        let compare = match self.next() {
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("eq") => Compare::Eq,
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("ne") => Compare::Ne,
            _ => return Err(invalid()),
        };
        match self.next() {
            // Graph counts to none alone: is the collection empty?
            Some(Token::Word(word)) if word == "0" => Ok(Filter::Count(field.path, compare, 0)),
            _ => Err(invalid()),
        }
    }

    fn field(&self, word: &str) -> Result<Field, Problem> {
        match &self.range {
            Some((range, collection)) => {
                let rest = word.strip_prefix(range.as_str()).ok_or_else(invalid)?;
                collection.item(rest, self.terms.kind)
            }
            None => Field::find(word, self.terms),
        }
    }

    fn allow(&self, field: &Field, operator: &str) -> Result<(), Problem> {
        if self.negated {
            field.allows("not", self.terms)?;
        }
        field.allows(operator, self.terms)
    }
}
