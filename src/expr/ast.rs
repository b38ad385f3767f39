//! The tree of an expression, and how it prints.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Range;

use super::args::CallSite;
use super::function::{Function, Implementation};

/// A value that `IIF`, `Switch` or `Coalesce` may choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The bytes of the expression.
    pub span: Range<usize>,
    /// The name of the branch, such as `Switch, key "DE"`.
    pub name: String,
}

/// One operand with its place in the text.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) kind: NodeKind,
}

#[derive(Clone, Debug)]
pub(crate) enum NodeKind {
    /// The place of an argument that was left out.
    Empty,
    /// A part that the parser could not read and has reported. The operands inside are still checked.
    Bad(Vec<Node>),
    Column {
        name: Box<str>,
        slot: usize,
    },
    Text(Box<str>),
    Number {
        value: i64,
        hex: bool,
    },
    Keyword(Keyword),
    Call(Box<Call>),
    Compare(Comparison, By, Box<(Node, Node)>),
    Concat(Vec<Node>),
}

#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) function: &'static Function,
    pub(crate) args: Vec<Node>,
    pub(crate) site: CallSite,
}

/// A bare word that is no attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keyword {
    TextCompare,
    BinaryCompare,
    Utf8,
    Unicode,
    Ascii,
    IgnoreAttributeFlow,
    IgnoreObjectFlow,
}

impl Keyword {
    pub(crate) const ALL: [Self; 7] = [
        Self::TextCompare,
        Self::BinaryCompare,
        Self::Utf8,
        Self::Unicode,
        Self::Ascii,
        Self::IgnoreAttributeFlow,
        Self::IgnoreObjectFlow,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::TextCompare => "vbTextCompare",
            Self::BinaryCompare => "vbBinaryCompare",
            Self::Utf8 => "UTF8",
            Self::Unicode => "Unicode",
            Self::Ascii => "ASCII",
            Self::IgnoreAttributeFlow => "IgnoreAttributeFlow",
            Self::IgnoreObjectFlow => "IgnoreObjectFlow",
        }
    }

    pub(crate) fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|word| word.name() == name)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// How both sides of a comparison are read, as the checker decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// By the form of their values.
    Value,
    /// As dates, because a function on one side yields a date.
    Date,
}

impl Comparison {
    /// Whether two values in this order satisfy the comparison.
    pub(crate) fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
        }
    }

    pub(crate) fn is_order(self) -> bool {
        !matches!(self, Self::Equal | Self::NotEqual)
    }

    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
        }
    }
}

impl Node {
    /// Whether this is a call of the named function.
    pub(crate) fn calls(&self, name: &str) -> bool {
        matches!(&self.kind, NodeKind::Call(call) if call.function.name == name)
    }

    pub(crate) fn is_empty(&self) -> bool {
        matches!(self.kind, NodeKind::Empty)
    }

    /// The parts of this node.
    pub(crate) fn parts(&self) -> Vec<&Node> {
        match &self.kind {
            NodeKind::Call(call) => call.args.iter().collect(),
            NodeKind::Compare(_, _, sides) => vec![&sides.0, &sides.1],
            NodeKind::Bad(parts) | NodeKind::Concat(parts) => parts.iter().collect(),
            _ => Vec::new(),
        }
    }

    /// The values that a choosing function can yield.
    pub(crate) fn choices(&self) -> Vec<&Node> {
        let NodeKind::Call(call) = &self.kind else { return Vec::new() };
        let args = &call.args;
        match call.function.run {
            Implementation::Iif => args.iter().skip(1).collect(),
            Implementation::Switch => {
                args.iter().enumerate().filter(|(at, _)| *at == 1 || (*at >= 3 && at % 2 == 1)).map(|(_, arg)| arg).collect()
            }
            Implementation::Coalesce | Implementation::SelectUnique => args.iter().collect(),
            Implementation::Eager(_) | Implementation::Refused(_) => Vec::new(),
        }
    }

    pub(crate) fn branches(&self, out: &mut Vec<Branch>) {
        if !self.calls("SelectUniqueValue")
            && let NodeKind::Call(call) = &self.kind
        {
            let places = call.args.iter().enumerate();
            for (at, choice) in places.filter(|(_, arg)| self.choices().iter().any(|choice| std::ptr::eq(*choice, *arg))) {
                if !choice.is_empty() {
                    out.push(Branch { span: choice.span.clone(), name: call.branch_name(at) });
                }
            }
        }
        for part in self.parts() {
            part.branches(out);
        }
    }
}

impl Call {
    /// The name of a choice for a reader.
    fn branch_name(&self, at: usize) -> String {
        match (self.function.run, at) {
            (Implementation::Iif, 1) => "IIF, when true".to_owned(),
            (Implementation::Iif, _) => "IIF, when false".to_owned(),
            (Implementation::Switch, 1) => "Switch, default".to_owned(),
            (Implementation::Switch, _) => format!("Switch, key {}", self.args[at - 1]),
            _ => format!("{}, source {}", self.function.name, at + 1),
        }
    }
}

/// Two trees are equal wherever they are in their texts.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (NodeKind::Empty, NodeKind::Empty) => true,
            (NodeKind::Bad(one), NodeKind::Bad(two)) | (NodeKind::Concat(one), NodeKind::Concat(two)) => one == two,
            (NodeKind::Column { name: one, .. }, NodeKind::Column { name: two, .. }) => one == two,
            (NodeKind::Text(one), NodeKind::Text(two)) => one == two,
            (NodeKind::Number { value: one, hex: a }, NodeKind::Number { value: two, hex: b }) => one == two && a == b,
            (NodeKind::Keyword(one), NodeKind::Keyword(two)) => one == two,
            (NodeKind::Call(one), NodeKind::Call(two)) => one.function.name == two.function.name && one.args == two.args,
            (NodeKind::Compare(a, _, one), NodeKind::Compare(b, _, two)) => a == b && one == two,
            _ => false,
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            NodeKind::Empty | NodeKind::Bad(_) => Ok(()),
            NodeKind::Column { name, .. } => write!(f, "[{name}]"),
            NodeKind::Text(text) => write_text(f, text),
            NodeKind::Number { value, hex: true } => write!(f, "&H{value:X}"),
            NodeKind::Number { value, hex: false } => write!(f, "{value}"),
            NodeKind::Keyword(word) => f.write_str(word.name()),
            NodeKind::Call(call) => {
                write!(f, "{}(", call.function.name)?;
                for (at, arg) in call.args.iter().enumerate() {
                    match (at, arg.is_empty()) {
                        (0, _) => write!(f, "{arg}")?,
                        (_, true) => f.write_str(",")?,
                        (_, false) => write!(f, ", {arg}")?,
                    }
                }
                f.write_str(")")
            }
            NodeKind::Compare(sign, _, sides) => write!(f, "{} {} {}", sides.0, sign.sign(), sides.1),
            NodeKind::Concat(parts) => {
                for (at, part) in parts.iter().enumerate() {
                    if at > 0 {
                        f.write_str(" & ")?;
                    }
                    write!(f, "{part}")?;
                }
                Ok(())
            }
        }
    }
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    use fmt::Write as _;
    f.write_char('"')?;
    for letter in text.chars() {
        if matches!(letter, '"' | '\\') {
            f.write_char('\\')?;
        }
        f.write_char(letter)?;
    }
    f.write_char('"')
}
