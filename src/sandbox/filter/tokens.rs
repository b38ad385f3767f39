//! The tokens of a `$filter`.

use super::super::reply::Problem;

/// One token of a `$filter`, with its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name, an operator, or a literal without quotes.
    Word(String),
    /// A literal in single quotes, a doubled quote inside standing for one.
    Text(String),
    Open,
    Close,
    Comma,
    Colon,
}

/// The refusal of a filter that cannot be read.
pub(super) fn invalid() -> Problem {
    Problem::new(400, "BadRequest", "Invalid filter clause.")
}

/// Takes a filter apart.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Problem> {
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
                out.push(Token::Text(quoted(&mut rest)?));
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

fn quoted(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, Problem> {
    let mut literal = String::new();
    loop {
        match rest.next() {
            Some('\'') if rest.peek() == Some(&'\'') => {
                rest.next();
                literal.push('\'');
            }
            Some('\'') => return Ok(literal),
            Some(c) => literal.push(c),
            None => return Err(invalid()),
        }
    }
}
