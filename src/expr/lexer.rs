//! From characters to tokens. The lexer reports every fault and goes on, so that the parser always gets a complete list.

use std::ops::Range;

use super::ast::Comparison;
use super::fault::Fault;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    Open,
    Close,
    Comma,
    Text(Box<str>),
    Column(Box<str>),
    Number {
        value: i64,
        hex: bool,
    },
    Name(Box<str>),
    Compare(Comparison),
    Ampersand,
    /// A part for which the lexer has reported a fault.
    Bad,
}

pub(crate) struct Lexer<'t> {
    text: &'t str,
    at: usize,
    pub(crate) tokens: Vec<(Token, Range<usize>)>,
    pub(crate) faults: Vec<Fault>,
}

pub(crate) fn tokens(text: &str) -> Lexer<'_> {
    let mut lexer = Lexer { text, at: 0, tokens: Vec::new(), faults: Vec::new() };
    while let Some(letter) = lexer.peek() {
        lexer.token(letter);
    }
    lexer
}

const ENTITIES: [(&str, &str); 8] = [
    ("&quot;", "\""),
    ("&#34;", "\""),
    ("&amp;", "&"),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&nbsp;", " "),
    ("&#39;", "'"),
    ("&apos;", "'"),
];

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn push(&mut self, token: Token, start: usize) {
        self.tokens.push((token, start..self.at));
    }

    fn fault(&mut self, span: Range<usize>, code: &'static str, message: impl Into<String>, hint: &str) {
        let hint = (!hint.is_empty()).then(|| hint.to_owned());
        self.faults.push(Fault { span, code, message: message.into(), hint });
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|letter| !wanted(letter)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn token(&mut self, letter: char) {
        let start = self.at;
        match letter {
            ' ' | '\t' | '\r' | '\n' => {
                self.at += 1;
            }
            '(' | ')' | ',' => {
                self.at += 1;
                self.push(
                    match letter {
                        '(' => Token::Open,
                        ')' => Token::Close,
                        _ => Token::Comma,
                    },
                    start,
                );
            }
            '"' => self.quoted(),
            '[' => self.column(),
            '0'..='9' => self.number(),
            '-' if self.rest()[1..].starts_with(|next: char| next.is_ascii_digit()) => self.number(),
            '=' | '<' | '>' | '!' => self.comparison(),
            '&' => self.ampersand(),
            'a'..='z' | 'A'..='Z' | '_' => {
                let name = self.take_while(|next| next.is_ascii_alphanumeric() || next == '_');
                self.push(Token::Name(name.into()), start);
            }
            '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' | '\u{2033}' | '\u{ab}' | '\u{bb}' => self.odd_quote(letter),
            '\'' | '\u{2018}' | '\u{2019}' => self.odd_quote(letter),
            _ if letter.is_whitespace() || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}') => {
                self.odd_space(letter);
            }
            _ => {
                self.at += letter.len_utf8();
                let hint = match letter {
                    ']' => "the `[` of this bracket is missing",
                    '+' => "texts are joined by Join or Append",
                    ';' => "arguments are separated by commas",
                    _ => "a text constant is written in double quotes, an attribute in brackets",
                };
                self.fault(start..self.at, "bad-character", format!("`{letter}` has no meaning here"), hint);
                self.push(Token::Bad, start);
            }
        }
    }

    fn odd_space(&mut self, letter: char) {
        let start = self.at;
        self.at += letter.len_utf8();
        let name = if letter == '\u{a0}' {
            "a no-break space".to_owned()
        } else {
            format!("an unusual space (U+{:04X})", letter as u32)
        };
        self.fault(
            start..self.at,
            "no-break-space",
            format!("there is {name} here"),
            "it came with a copied page: type an ordinary blank instead",
        );
    }

    /// A text in other quotes than straight ones. The lexer reports the fault and reads the text as meant.
    fn odd_quote(&mut self, opening: char) {
        let start = self.at;
        self.at += opening.len_utf8();
        let single = matches!(opening, '\'' | '\u{2018}' | '\u{2019}');
        let body = self.take_while(|next| match next {
            '\'' | '\u{2018}' | '\u{2019}' => !single,
            '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' | '\u{2033}' | '"' | '\u{ab}' | '\u{bb}' => single,
            _ => true,
        });
        let closed = self.peek();
        if let Some(closing) = closed {
            self.at += closing.len_utf8();
        }
        let span = if closed.is_some() { start..self.at } else { start..start + opening.len_utf8() };
        let (code, name) = if opening == '\'' { ("single-quote", "a single quote") } else { ("curly-quote", "a curly quote") };
        self.fault(
            span,
            code,
            format!("{name} (`{opening}`) does not start a text"),
            "text constants are written in straight double quotes: \"...\"",
        );
        self.push(Token::Text(body.into()), start);
    }

    fn quoted(&mut self) {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let Some(letter) = self.peek() else {
                let curly = text.contains(['\u{201c}', '\u{201d}']);
                let hint = if curly {
                    "the text ends with a curly quote: make it a straight one"
                } else {
                    "add the closing `\"`; a quote within a text is written `\\\"`"
                };
                self.fault(start..start + 1, "unclosed-text", "this text is not closed", hint);
                break;
            };
            self.at += letter.len_utf8();
            match letter {
                '"' => break,
                '\\' => match self.peek() {
                    Some(next @ ('"' | '\\')) => {
                        self.at += 1;
                        text.push(next);
                    }
                    _ => text.push('\\'),
                },
                _ => text.push(letter),
            }
        }
        self.push(Token::Text(text.into()), start);
    }

    fn column(&mut self) {
        let start = self.at;
        let mut depth = 0usize;
        let end = self.rest().char_indices().find_map(|(at, letter)| {
            match letter {
                '[' => depth += 1,
                ']' => depth -= 1,
                _ => {}
            }
            (depth == 0).then_some(at)
        });
        let name = if let Some(end) = end {
            let name = &self.rest()[1..end];
            self.at += end + 1;
            name
        } else {
            self.at += 1;
            let name = self.take_while(|next| !matches!(next, ',' | ')' | ']' | '"'));
            self.fault(start..start + 1, "unclosed-attribute", "this attribute is not closed", "add the closing `]`");
            name
        };
        if name.trim().is_empty() {
            self.fault(start..self.at, "empty-attribute", "an attribute has no name", "name a column of the source: [FirstName]");
            self.push(Token::Bad, start);
        } else {
            self.push(Token::Column(name.into()), start);
        }
    }

    fn number(&mut self) {
        let start = self.at;
        if self.peek() == Some('-') {
            self.at += 1;
        }
        self.take_while(|next| next.is_ascii_digit());
        let digits = &self.text[start..self.at];
        let tail = self.take_while(|next| next.is_ascii_alphanumeric() || matches!(next, '_' | '.'));
        match digits.parse() {
            Ok(value) if tail.is_empty() => self.push(Token::Number { value, hex: false }, start),
            Ok(_) => {
                self.fault(
                    start..self.at,
                    "bad-number",
                    format!("`{digits}{tail}` is not a whole number"),
                    "put a text in double quotes",
                );
                self.push(Token::Bad, start);
            }
            Err(_) => {
                self.fault(start..self.at, "bad-number", "this number is too large", "");
                self.push(Token::Bad, start);
            }
        }
    }

    fn comparison(&mut self) {
        let start = self.at;
        let rest = self.rest();
        let (sign, length) = [
            ("<>", Comparison::NotEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<=", Comparison::LessOrEqual),
            ("!=", Comparison::NotEqual),
            ("==", Comparison::Equal),
            ("=", Comparison::Equal),
            (">", Comparison::Greater),
            ("<", Comparison::Less),
        ]
        .into_iter()
        .find_map(|(sign, comparison)| rest.starts_with(sign).then_some((Some(comparison), sign.len())))
        .unwrap_or((None, 1));
        self.at += length;
        let written = &rest[..length];
        if let "!=" | "==" | "!" = written {
            let hint = if written == "==" { "equal is written `=`" } else { "not equal is written `<>`" };
            self.fault(start..self.at, "bad-character", format!("`{written}` is not a comparison of this language"), hint);
        }
        self.push(sign.map_or(Token::Bad, Token::Compare), start);
    }

    fn ampersand(&mut self) {
        let start = self.at;
        let rest = self.rest();
        if let Some((entity, meaning)) = ENTITIES.into_iter().find(|(entity, _)| rest.starts_with(entity)) {
            self.at += entity.len();
            self.fault(
                start..self.at,
                "html-entity",
                format!("`{entity}` is the way a web page writes `{meaning}`"),
                "it came with a copied page: write the character itself",
            );
            if meaning == "\"" {
                let rest = self.rest();
                let end = rest.find(entity).unwrap_or(rest.len());
                self.at += (end + entity.len()).min(rest.len());
                self.push(Token::Text(rest[..end].into()), start);
            } else if meaning != " " {
                self.push(Token::Bad, start);
            }
            return;
        }
        if let Some(digits) = rest.get(2..).filter(|_| rest[1..].starts_with(['H', 'h'])) {
            let end = digits.find(|next: char| !next.is_ascii_alphanumeric()).unwrap_or(digits.len());
            let digits = &digits[..end];
            if !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                self.at += 2 + digits.len();
                if let Ok(value) = i64::from_str_radix(digits, 16) {
                    self.push(Token::Number { value, hex: true }, start);
                } else {
                    self.fault(start..self.at, "bad-number", "this number is too large", "");
                    self.push(Token::Bad, start);
                }
                return;
            }
        }
        self.at += 1;
        self.push(Token::Ampersand, start);
    }
}
