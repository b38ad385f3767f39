//! The `$filter` language: `eq`, `ne`, `ge`, `le`, `gt`, `lt`, `in`, `startsWith`, `endsWith`, `any`, `and`, `or`, `not`.

use serde_json::{Map, Value};

use super::object::Kind;
use super::reply::Problem;
use super::schema::{is_extension, rule};

/// A parsed filter.
#[derive(Debug)]
pub(super) enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    Compare(String, Compare, Value),
    In(String, Vec<Value>),
    StartsWith(String, String),
    EndsWith(String, String),
    /// One item of a collection satisfies the filter, whose property is then empty.
    Any(String, Box<Filter>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compare {
    Eq,
    Ne,
    Ge,
    Le,
    Gt,
    Lt,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
    Comma,
    Colon,
}

impl Filter {
    /// Parses and checks a filter for a kind of object; `advanced` says that the query may use the index.
    pub(super) fn parse(text: &str, kind: Kind, advanced: bool) -> Result<Self, Problem> {
        let tokens = tokens(text)?;
        let mut parser = Parser { tokens: &tokens, at: 0, kind, advanced, range: None };
        let filter = parser.or()?;
        if parser.at < tokens.len() {
            return Err(invalid());
        }
        Ok(filter)
    }

    /// Whether an object passes.
    pub(super) fn passes(&self, props: &Map<String, Value>) -> bool {
        match self {
            Self::And(a, b) => a.passes(props) && b.passes(props),
            Self::Or(a, b) => a.passes(props) || b.passes(props),
            Self::Not(a) => !a.passes(props),
            Self::Compare(path, compare, value) => compares(find(props, path), *compare, value),
            Self::In(path, values) => values.iter().any(|value| compares(find(props, path), Compare::Eq, value)),
            Self::StartsWith(path, start) => {
                find(props, path).as_str().is_some_and(|text| text.to_lowercase().starts_with(&start.to_lowercase()))
            }
            Self::EndsWith(path, end) => {
                find(props, path).as_str().is_some_and(|text| text.to_lowercase().ends_with(&end.to_lowercase()))
            }
            Self::Any(path, filter) => find(props, path).as_array().is_some_and(|items| {
                items.iter().any(|item| {
                    let mut one = item.as_object().cloned().unwrap_or_default();
                    one.insert(String::new(), item.clone());
                    filter.passes(&one)
                })
            }),
        }
    }
}

fn find<'a>(props: &'a Map<String, Value>, path: &str) -> &'a Value {
    let mut parts = path.split('/');
    let mut value = props.get(parts.next().unwrap_or_default()).unwrap_or(&Value::Null);
    for part in parts {
        value = &value[part];
    }
    value
}

fn compares(found: &Value, compare: Compare, value: &Value) -> bool {
    use std::cmp::Ordering;
    let equal = match (found, value) {
        (Value::String(a), Value::String(b)) => a.to_lowercase() == b.to_lowercase(),
        (Value::Null, Value::Bool(false)) => false,
        (a, b) => a == b,
    };
    let order = match (found, value) {
        (Value::String(a), Value::String(b)) => Some(a.to_lowercase().cmp(&b.to_lowercase())),
        (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()),
        _ => None,
    };
    match compare {
        Compare::Eq => equal,
        Compare::Ne => !equal,
        Compare::Ge => order.is_some_and(Ordering::is_ge),
        Compare::Le => order.is_some_and(Ordering::is_le),
        Compare::Gt => order.is_some_and(Ordering::is_gt),
        Compare::Lt => order.is_some_and(Ordering::is_lt),
    }
}

fn invalid() -> Problem {
    Problem::new(400, "Request_UnsupportedQuery", "Invalid filter clause.")
}

fn tokens(text: &str) -> Result<Vec<Token>, Problem> {
    let mut out = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(&c) = rest.peek() {
        match c {
            ' ' => {
                rest.next();
            }
            '(' | ')' | ',' | ':' => {
                rest.next();
                out.push(match c {
                    '(' => Token::Open,
                    ')' => Token::Close,
                    ',' => Token::Comma,
                    _ => Token::Colon,
                });
            }
            '\'' => {
                rest.next();
                let mut literal = String::new();
                loop {
                    match rest.next() {
                        Some('\'') if rest.peek() == Some(&'\'') => {
                            rest.next();
                            literal.push('\'');
                        }
                        Some('\'') => break,
                        Some(c) => literal.push(c),
                        None => return Err(invalid()),
                    }
                }
                out.push(Token::Text(literal));
            }
            _ => {
                let mut word = String::new();
                while let Some(&c) = rest.peek() {
                    let part_of_date = c == ':' && word.starts_with(|c: char| c.is_ascii_digit());
                    if " (),'".contains(c) || (c == ':' && !part_of_date) {
                        break;
                    }
                    word.push(c);
                    rest.next();
                }
                out.push(Token::Word(word));
            }
        }
    }
    Ok(out)
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    kind: Kind,
    advanced: bool,
    /// The range variable inside `any`.
    range: Option<String>,
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

    fn wants_index(&self) -> Result<(), Problem> {
        if self.advanced {
            return Ok(());
        }
        Err(Problem::query(
            "Operator is not supported because the required parameters might be missing. Try adding $count=true query parameter and \
             ConsistencyLevel:eventual header.",
        ))
    }

    fn one(&mut self) -> Result<Filter, Problem> {
        if self.eat_word("not") {
            self.wants_index()?;
            return Ok(Filter::Not(Box::new(self.one()?)));
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
        let path = self.path(word, false)?;
        if self.eat_word("in") {
            self.expect(&Token::Open)?;
            let mut values = vec![self.literal()?];
            loop {
                match self.next() {
                    Some(Token::Comma) => values.push(self.literal()?),
                    Some(Token::Close) => break,
                    _ => return Err(invalid()),
                }
            }
            if values.len() > 15 {
                return Err(Problem::query(
                    "Too many child clauses specified in search filter expression containing 'OR' operators.",
                ));
            }
            return Ok(Filter::In(path, values));
        }
        let Some(Token::Word(operator)) = self.next() else { return Err(invalid()) };
        let compare = match operator.to_ascii_lowercase().as_str() {
            "eq" => Compare::Eq,
            "ne" => Compare::Ne,
            "ge" => Compare::Ge,
            "le" => Compare::Le,
            "gt" => Compare::Gt,
            "lt" => Compare::Lt,
            _ => return Err(invalid()),
        };
        if compare == Compare::Ne {
            self.wants_index()?;
        }
        Ok(Filter::Compare(path, compare, self.literal()?))
    }

    fn start_or_end(&mut self, starts: bool) -> Result<Filter, Problem> {
        self.expect(&Token::Open)?;
        let Some(Token::Word(path)) = self.next() else { return Err(invalid()) };
        let path = self.path(&path, starts)?;
        self.expect(&Token::Comma)?;
        let Some(Token::Text(text)) = self.next() else { return Err(invalid()) };
        self.expect(&Token::Close)?;
        if starts {
            return Ok(Filter::StartsWith(path, text));
        }
        self.wants_index()?;
        Ok(Filter::EndsWith(path, text))
    }

    fn any(&mut self, path: &str) -> Result<Filter, Problem> {
        let path = self.path(path, false)?;
        self.expect(&Token::Open)?;
        let Some(Token::Word(range)) = self.next() else { return Err(invalid()) };
        self.expect(&Token::Colon)?;
        let outer = self.range.replace(range);
        let inner = self.or()?;
        self.range = outer;
        self.expect(&Token::Close)?;
        Ok(Filter::Any(path, Box::new(inner)))
    }

    /// The path of a property that may be filtered.
    fn path(&self, word: &str, starts: bool) -> Result<String, Problem> {
        if let Some(range) = &self.range {
            let inner = word.strip_prefix(range.as_str()).ok_or_else(invalid)?;
            return Ok(inner.trim_start_matches('/').to_owned());
        }
        let property = word.split('/').next().unwrap_or_default();
        if is_extension(property) {
            return Ok(word.to_owned());
        }
        let Some(rule) = rule(self.kind, property) else {
            return Err(Problem::new(
                400,
                "BadRequest",
                format!(
                    "Invalid filter clause: Could not find a property named '{property}' on type '{}'.",
                    self.kind.odata().trim_start_matches('#')
                ),
            ));
        };
        let allowed = rule.starts_with || (rule.filter && !starts);
        if !allowed {
            return Err(Problem::query(format!(
                "Unsupported or invalid query filter clause specified for property '{property}'."
            )));
        }
        Ok(word.to_owned())
    }

    fn literal(&mut self) -> Result<Value, Problem> {
        match self.next() {
            Some(Token::Text(text)) => Ok(Value::String(text)),
            Some(Token::Word(word)) => Ok(match word.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                number if number.parse::<i64>().is_ok() => Value::from(number.parse::<i64>().unwrap_or_default()),
                other => Value::String(other.to_owned()),
            }),
            _ => Err(invalid()),
        }
    }
}
