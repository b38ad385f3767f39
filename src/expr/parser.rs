//! From tokens to the tree. After a fault the parser goes on at the next comma or parenthesis, so that it finds them all.

use std::ops::Range;

use super::args::{ArgumentSite, CallSite};
use super::ast::{By, Call, Keyword, Node, NodeKind};
use super::fault::Fault;
use super::function::Function;
use super::functions;
use super::lexer::{self, Token};

/// The longest expression, in characters, as in Entra.
pub const LONGEST: usize = 10_000;
/// How deep calls may nest.
const DEEPEST: usize = 100;

pub(crate) struct Parsed {
    pub(crate) root: Node,
    pub(crate) columns: Vec<(Box<str>, Range<usize>)>,
    pub(crate) faults: Vec<Fault>,
}

pub(crate) fn parse(text: &str) -> Parsed {
    let bad =
        |faults| Parsed { root: Node { span: 0..text.len(), kind: NodeKind::Bad(Vec::new()) }, columns: Vec::new(), faults };
    let length = text.chars().count();
    if length > LONGEST {
        return bad(vec![Fault {
            span: 0..text.len(),
            code: "too-long",
            message: format!("the expression has {length} characters, more than {LONGEST}"),
            hint: None,
        }]);
    }
    let lexed = lexer::tokens(text);
    let mut parser = Parser { text, tokens: lexed.tokens, at: 0, depth: 0, columns: Vec::new(), faults: lexed.faults };
    if parser.tokens.is_empty() {
        if parser.faults.is_empty() {
            parser.fault(0..text.len(), "empty", "there is no expression".into(), "a constant empty text is written \"\"");
        }
        return bad(parser.faults);
    }
    let root = parser.argument();
    if let NodeKind::Compare(..) = root.kind {
        parser.fault(
            root.span.clone(),
            "comparison",
            "a comparison is allowed only inside a function".into(),
            "wrap it in CBool(...) or IIF(...)",
        );
    }
    if parser.at < parser.tokens.len() {
        let (token, span) = parser.tokens[parser.at].clone();
        let reported = matches!(token, Token::Bad) || matches!(root.kind, NodeKind::Bad(_)) && !parser.faults.is_empty();
        if !reported || token == Token::Close {
            let (message, hint) = match token {
                Token::Close => ("this `)` closes nothing", ""),
                Token::Comma => ("this comma is outside every function", "an expression is one value: wrap several in Join(...)"),
                _ => ("the expression ends before this", "an expression is one value: wrap several in Join(...)"),
            };
            parser.fault(span, "unexpected", message.into(), hint);
        }
    }
    // An open text or attribute includes the parentheses after it, for which a fault is reported already.
    if parser.faults.iter().any(|fault| matches!(fault.code, "unclosed-text" | "html-entity" | "curly-quote")) {
        parser.faults.retain(|fault| fault.code != "unclosed-call");
    }
    Parsed { root, columns: parser.columns, faults: parser.faults }
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<(Token, Range<usize>)>,
    at: usize,
    depth: usize,
    columns: Vec<(Box<str>, Range<usize>)>,
    faults: Vec<Fault>,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    /// The place of the next token, or the end of the text.
    fn place(&self) -> Range<usize> {
        self.tokens.get(self.at).map_or(self.text.len()..self.text.len(), |(_, span)| span.clone())
    }

    fn fault(&mut self, span: Range<usize>, code: &'static str, message: String, hint: &str) {
        self.faults.push(Fault { span, code, message, hint: (!hint.is_empty()).then(|| hint.to_owned()) });
    }

    /// Skips to the comma or parenthesis that ends this argument.
    fn resynchronise(&mut self) {
        let mut depth = 0usize;
        while let Some(token) = self.peek() {
            match token {
                Token::Open => depth += 1,
                Token::Close if depth == 0 => return,
                Token::Close => depth -= 1,
                Token::Comma if depth == 0 => return,
                _ => {}
            }
            self.at += 1;
        }
    }

    /// An operand, or a comparison of two.
    fn argument(&mut self) -> Node {
        let left = self.joined();
        let Some(Token::Compare(sign)) = self.peek() else { return left };
        let sign = *sign;
        self.at += 1;
        let right = self.joined();
        if let Some(Token::Compare(_)) = self.peek() {
            let span = self.place();
            self.fault(span, "comparison", "only two values can be compared".into(), "nest IIF for more conditions");
            self.resynchronise();
        }
        Node { span: left.span.start..right.span.end, kind: NodeKind::Compare(sign, By::Value, Box::new((left, right))) }
    }

    /// Parses operands that `&` joins into one text.
    fn joined(&mut self) -> Node {
        let first = self.operand();
        if self.peek() != Some(&Token::Ampersand) {
            return first;
        }
        let mut parts = vec![first];
        while self.peek() == Some(&Token::Ampersand) {
            self.at += 1;
            parts.push(self.operand());
        }
        let span = parts[0].span.start..parts.last().map_or(0, |part| part.span.end);
        Node { span, kind: NodeKind::Concat(parts) }
    }

    fn operand(&mut self) -> Node {
        let span = self.place();
        let Some(token) = self.peek().cloned() else {
            self.fault(span.clone(), "unexpected", "a value is missing at the end".into(), "");
            return Node { span, kind: NodeKind::Bad(Vec::new()) };
        };
        let kind = match token {
            Token::Text(text) => NodeKind::Text(text),
            Token::Number { value, hex } => NodeKind::Number { value, hex },
            Token::Column(name) => self.column(name, span.clone()),
            Token::Name(name) => return self.name(&name, span),
            Token::Bad => {
                self.at += 1;
                self.resynchronise();
                return Node { span, kind: NodeKind::Bad(Vec::new()) };
            }
            Token::Close | Token::Comma => {
                self.fault(span.clone(), "unexpected", "a value is missing before this".into(), "");
                return Node { span, kind: NodeKind::Bad(Vec::new()) };
            }
            Token::Open | Token::Compare(_) | Token::Ampersand => {
                let hint = if token == Token::Open {
                    "parentheses only follow the name of a function"
                } else if self.text[..span.end].ends_with("&&") {
                    CONNECTIVES
                } else {
                    "a value is missing before it"
                };
                self.fault(span.clone(), "unexpected", format!("`{}` cannot start a value", &self.text[span.clone()]), hint);
                if token == Token::Open {
                    self.group();
                } else {
                    self.at += 1;
                    self.resynchronise();
                }
                return Node { span, kind: NodeKind::Bad(Vec::new()) };
            }
        };
        self.at += 1;
        Node { span, kind }
    }

    /// Skips a parenthesised group.
    fn group(&mut self) {
        self.at += 1;
        let mut depth = 1usize;
        while let Some(token) = self.peek() {
            match token {
                Token::Open => depth += 1,
                Token::Close => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }

    fn column(&mut self, name: Box<str>, span: Range<usize>) -> NodeKind {
        let slot = self.columns.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
            self.columns.push((name.clone(), span));
            self.columns.len() - 1
        });
        NodeKind::Column { name, slot }
    }

    /// A call or a bare word.
    fn name(&mut self, name: &str, span: Range<usize>) -> Node {
        self.at += 1;
        if self.peek() == Some(&Token::Open) {
            return self.call(name, span);
        }
        if let Some(word) = Keyword::find(name) {
            return Node { span, kind: NodeKind::Keyword(word) };
        }
        let hint = if let Some(function) = functions::find(name) {
            format!("a function needs parentheses: {}", function.usage)
        } else if self.text[span.end..].trim_start().starts_with(['"', '[']) {
            "the parenthesis after the name is missing".into()
        } else {
            format!("write [{name}] for the attribute, \"{name}\" for the text")
        };
        self.fault(span.clone(), "unknown-word", format!("`{name}` is not a word of this language"), &hint);
        self.resynchronise();
        Node { span, kind: NodeKind::Bad(Vec::new()) }
    }

    fn call(&mut self, name: &str, span: Range<usize>) -> Node {
        let function = functions::find(name);
        if function.is_none() {
            self.unknown(name, span.clone());
        }
        if self.depth >= DEEPEST {
            self.fault(span.clone(), "too-deep", format!("functions nest deeper than {DEEPEST}"), "");
            self.group();
            return Node { span, kind: NodeKind::Bad(Vec::new()) };
        }
        self.depth += 1;
        let args = self.arguments(&span);
        self.depth -= 1;
        let end = self.tokens[self.at - 1].1.end;
        let kind = match function {
            Some(function) => {
                let sites = args.iter().map(|arg| ArgumentSite { span: arg.span.clone(), written: !arg.is_empty() });
                let site = CallSite { span: span.start..end, arguments: sites.collect(), regex: None };
                NodeKind::Call(Box::new(Call { function, args, site }))
            }
            None => NodeKind::Bad(args),
        };
        Node { span: span.start..end, kind }
    }

    fn arguments(&mut self, name: &Range<usize>) -> Vec<Node> {
        self.at += 1;
        let mut args = Vec::new();
        if self.peek() == Some(&Token::Close) {
            self.at += 1;
            return args;
        }
        loop {
            match self.peek() {
                Some(Token::Comma | Token::Close) | None => {
                    let place = self.place();
                    args.push(Node { span: place.start..place.start, kind: NodeKind::Empty });
                }
                Some(_) => args.push(self.argument()),
            }
            self.between_arguments();
            match self.peek() {
                Some(Token::Comma) => self.at += 1,
                Some(_) => {
                    self.at += 1;
                    return args;
                }
                None => {
                    let message = format!("the parenthesis of `{}` is not closed", &self.text[name.clone()]);
                    self.fault(name.clone(), "unclosed-call", message, "add the closing `)`");
                    return args;
                }
            }
        }
    }

    /// Reports and skips the tokens between an argument and the comma or parenthesis after it.
    fn between_arguments(&mut self) {
        match self.peek() {
            Some(Token::Comma | Token::Close) | None => return,
            // The lexer has reported it.
            Some(Token::Bad) => {}
            Some(_) => {
                let place = self.place();
                let what = self.text[place.clone()].to_owned();
                let hint = if is_connective(&what) { CONNECTIVES } else { "" };
                self.fault(place, "unexpected", format!("a comma or `)` is missing before `{what}`"), hint);
            }
        }
        self.resynchronise();
    }

    fn unknown(&mut self, name: &str, span: Range<usize>) {
        let hint = if is_connective(name) {
            Some(CONNECTIVES.to_owned())
        } else {
            nearest(name).map(|function| format!("did you mean `{}`? {}", function.name, function.usage))
        };
        self.fault(
            span,
            "unknown-function",
            format!("there is no function `{name}`"),
            hint.as_deref().unwrap_or("`hrpush mapping functions` lists all of them"),
        );
    }
}

/// What to write in the place of AND and OR, which the language does not have.
const CONNECTIVES: &str = "nest IIF: in its second argument for AND, in its third for OR";

fn is_connective(word: &str) -> bool {
    ["and", "or"].iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// What other languages call a function, in lower case.
pub(super) const ELSEWHERE: &[(&str, &str)] = &[
    ("case", "Switch"),
    ("concat", "Join"),
    ("concatenate", "Join"),
    ("contains", "InStr"),
    ("getdate", "Now"),
    ("if", "IIF"),
    ("ifnull", "Coalesce"),
    ("indexof", "InStr"),
    ("isempty", "IsNullOrEmpty"),
    ("lcase", "ToLower"),
    ("length", "Len"),
    ("len", "Len"),
    ("strlen", "Len"),
    ("lower", "ToLower"),
    ("nvl", "Coalesce"),
    ("propercase", "PCase"),
    ("regexreplace", "Replace"),
    ("substr", "Mid"),
    ("substring", "Mid"),
    ("titlecase", "PCase"),
    ("today", "Now"),
    ("tostring", "CStr"),
    ("ucase", "ToUpper"),
    ("upper", "ToUpper"),
];

/// The function with the name nearest to a misspelt one.
fn nearest(name: &str) -> Option<&'static Function> {
    let lower = name.to_lowercase();
    if let Some(function) = functions::all().find(|function| function.name.to_lowercase() == lower) {
        return Some(function);
    }
    if let Some((_, here)) = ELSEWHERE.iter().find(|(elsewhere, _)| *elsewhere == lower) {
        return functions::find(here);
    }
    let near = |function: &Function| strsim::jaro_winkler(&lower, &function.name.to_lowercase());
    functions::all().filter(|function| near(function) > 0.75).max_by(|one, two| near(one).total_cmp(&near(two)))
}
