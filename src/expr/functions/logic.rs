//! Conditions, and the functions of logic and null.

use std::ops::Range;

use crate::expr::function::{Function, Implementation, Kind, Param, example, function, optional, repeated, required};
use crate::expr::runtime::{Eval, Stop, fault};
use crate::expr::value::Value;

const ANY: Param = required("source", Kind::Any);

pub(super) static ROWS: &[Function] = &[
    function(
        "IIF(condition, valueIfTrue, valueIfFalse)",
        &[required("condition", Kind::Flag), required("valueIfTrue", Kind::Any), required("valueIfFalse", Kind::Any)],
        Kind::Any,
        Implementation::Iif,
        "One of two values. Conditions compare with =, <>, >, >=, <, <=; nest IIF for AND and OR.",
    )
    .examples(&[
        example(r#"IIF([Country] = "USA", "True", "False")"#, &[("Country", "USA")], r#""True""#),
        example(r#"IIF([FTE] = "0.5", "half", "other")"#, &[("FTE", "0.50")], r#""half""#),
        example(r#"IIF([a] = "", "yes", "no")"#, &[], r#""no""#),
        example(r#"IIF([a] <> "x", "yes", "no")"#, &[], r#""yes""#),
    ])
    .dialect("only the chosen value is evaluated; texts compare exactly, case counts; a number compares with numeric text as number, and so do two decimals such as 0.5 and 0.50; what is absent equals nothing (= is false, <> true, the order false); an absent or empty condition does not hold"),
    function(
        "Switch(source, [defaultValue], key1, value1, key2, value2, ...)",
        &[required("source", Kind::Text), optional("defaultValue", Kind::Any), repeated("key, value", Kind::Any)],
        Kind::Any,
        Implementation::Switch,
        "The value of the first key that equals the source, else the default. Case counts. The key \"\" matches an absent source too.",
    )
    .examples(&[
        example(r#"Switch([Active], "?", "1", "yes", "0", "no")"#, &[("Active", "0")], r#""no""#),
        example(r#"Switch([x], [x], "", "fallback")"#, &[], r#""fallback""#),
        example(r#"Switch([x], , "1", "one")"#, &[("x", "2")], "null"),
    ])
    .takes(2, None)
    .dialect("only the chosen value is evaluated; without a match an empty default is absent; the first of two equal keys counts"),
    function(
        "Coalesce(source1, source2, ..., [default])",
        &[repeated("source", Kind::Any)],
        Kind::Any,
        Implementation::Coalesce,
        "The first value that is not absent.",
    )
    .examples(&[
        example("Coalesce([mail], [upn])", &[("upn", "a@contoso.com")], r#""a@contoso.com""#),
        example("Coalesce([mail], [upn])", &[], "null"),
        example(r#"Coalesce([mail], "x")"#, &[("mail", "")], r#""""#),
    ])
    .takes(1, None)
    .dialect("an empty text is a value and is not skipped; for cells that may be empty use Switch([x], [x], \"\", [y])"),
    function("Not(source)", &[ANY], Kind::Flag, Implementation::Eager(|args| Ok(Value::Flag(not(&args.values[0])))), "False for True, else True.")
        .examples(&[example(r#"Not("True")"#, &[], "false"), example("Not([x])", &[], "true")])
        .dialect("true in any case is True; an absent source gives True"),
    function(
        "IsNull(source)",
        &[ANY],
        Kind::Flag,
        Implementation::Eager(|args| Ok(Value::Flag(is_null(&args.values[0])))),
        "Whether the attribute is absent. An empty text is not.",
    )
    .examples(&[example("IsNull([x])", &[], "true"), example("IsNull([x])", &[("x", "")], "false")]),
    function(
        "IsNothing(source)",
        &[ANY],
        Kind::Flag,
        Implementation::Eager(|args| Ok(Value::Flag(is_null(&args.values[0])))),
        "Whether the attribute is absent. A legacy name of IsNull.",
    )
    .examples(&[example("IsNothing([x])", &[], "true")]),
    function(
        "IsNullOrEmpty(source)",
        &[ANY],
        Kind::Flag,
        Implementation::Eager(|args| Ok(Value::Flag(!is_present(&args.values[0])))),
        "Whether the attribute is absent or empty.",
    )
    .examples(&[
        example("IsNullOrEmpty([x])", &[("x", "")], "true"),
        example("IsNullOrEmpty([x])", &[("x", "a")], "false"),
    ]),
    function(
        "IsPresent(source)",
        &[ANY],
        Kind::Flag,
        Implementation::Eager(|args| Ok(Value::Flag(is_present(&args.values[0])))),
        "Whether the attribute is neither absent nor empty.",
    )
    .examples(&[example("IsPresent([x])", &[("x", "a")], "true"), example("IsPresent([x])", &[], "false")]),
    function(
        "IsString(source)",
        &[ANY],
        Kind::Flag,
        Implementation::Eager(|args| Ok(Value::Flag(is_string(&args.values[0])))),
        "Whether the value is one text.",
    )
    .examples(&[example("IsString([x])", &[("x", "a")], "true"), example("IsString(7)", &[], "false")])
    .dialect("an absent value and several values are not a text"),
    function(
        "CBool(expression)",
        &[required("expression", Kind::Any)],
        Kind::Flag,
        Implementation::Eager(|args| {
            let value = args.take(0);
            match cbool(&value) {
                Some(flag) => Ok(Value::Flag(flag)),
                None if value.is_empty() => Ok(Value::Null),
                None => Err(args.fault_at(0, "not-a-condition", "this is neither a boolean nor a number")),
            }
        }),
        "The boolean of a comparison, or whether a number is not 0.",
    )
    .examples(&[example("CBool([a] = [b])", &[("a", "x"), ("b", "x")], "true"), example("CBool(0)", &[], "false")])
    .dialect("true and false are read in any case, other text is a fault; an absent or empty value is absent"),
    function(
        "BitAnd(value1, value2)",
        &[required("value1", Kind::Number), required("value2", Kind::Number)],
        Kind::Number,
        Implementation::Eager(|args| {
            Ok(match (args.number(0)?, args.number(1)?) {
                (Some(one), Some(two)) => Value::Number(bit_and(one, two)),
                _ => Value::Null,
            })
        }),
        "The bits that both numbers have.",
    )
    .examples(&[example("BitAnd(&HF, &HF7)", &[], "7"), example(r#"BitAnd("514", 2)"#, &[], "2")])
    .dialect("an absent number gives an absent result"),
    function(
        "IgnoreFlowIfNullOrEmpty(expression)",
        &[required("expression", Kind::Any)],
        Kind::Same,
        Implementation::Eager(|args| {
            let value = args.take(0);
            if is_present(&value) { Ok(value) } else { Err(Box::new(Stop::IgnoreAttribute)) }
        }),
        "The value; if it is absent or empty, the target attribute is left as it is.",
    )
    .examples(&[
        example("IgnoreFlowIfNullOrEmpty([x])", &[("x", "a")], r#""a""#),
        example("IgnoreFlowIfNullOrEmpty([x])", &[("x", "")], "IgnoreAttributeFlow"),
    ]),
    function(
        "SelectUniqueValue(rule1, rule2, ...)",
        &[repeated("rule", Kind::Any)],
        Kind::Text,
        Implementation::SelectUnique,
        "The first candidate that is free in the target. Only at the top of an attribute that is set on create.",
    )
    .examples(&[example(r#"SelectUniqueValue(Append([n], "1"), Append([n], "2"))"#, &[("n", "ann")], r#"candidates ["ann1","ann2"]"#)])
    .takes(2, None)
    .dialect("it works for targets in Entra too; a candidate that is absent or empty is passed over"),
    function(
        "Error(text)",
        &[required("text", Kind::Text)],
        Kind::Any,
        Implementation::Eager(|args| {
            let text = args.text(0)?.unwrap_or_default();
            Err(args.fault("raised", text.chars().take(500).collect::<String>()))
        }),
        "A fault of the whole object with this text. A function of cloud sync.",
    )
    .examples(&[
        example(r#"IIF([a] = "x", Error("no x"), "fine")"#, &[("a", "x")], "fault: raised"),
        example(r#"IIF([a] = "x", Error("no x"), "fine")"#, &[("a", "y")], r#""fine""#),
    ]),
];

/// Whether a condition holds: a boolean, the text of one, or a number other than 0. An absent or empty condition does not hold.
///
/// # Errors
/// A fault if the value is another text.
pub(crate) fn condition<'r>(value: &Value<'r>, span: &Range<usize>) -> Eval<'r, bool> {
    match cbool(value) {
        Some(flag) => Ok(flag),
        None if value.is_empty() => Ok(false),
        None => Err(fault(span, "not-a-condition", "this is neither true nor false")),
    }
}

/// The boolean of a value: a boolean, the text of one in any case, or whether a number is not 0; `None` if it is none of them.
///
/// ```
/// # use hrpush::expr::{Value, functions::logic::cbool};
/// assert_eq!(cbool(&Value::Text("TRUE".into())), Some(true));
/// assert_eq!(cbool(&Value::Number(0)), Some(false));
/// assert_eq!(cbool(&Value::Text("yes".into())), None);
/// ```
pub fn cbool(value: &Value<'_>) -> Option<bool> {
    match value {
        Value::Flag(flag) => Some(*flag),
        Value::Number(number) => Some(*number != 0),
        Value::Null => None,
        Value::Text(_) | Value::List(_) => {
            let text = value.to_text()?;
            let text = text.trim();
            if text.eq_ignore_ascii_case("true") {
                Some(true)
            } else if text.eq_ignore_ascii_case("false") {
                Some(false)
            } else {
                text.parse::<i64>().ok().map(|number| number != 0)
            }
        }
    }
}

/// False for true, in any case; true for everything else, an absent value included.
///
/// ```
/// # use hrpush::expr::{Value, functions::logic::not};
/// assert!(!not(&Value::Text("True".into())));
/// assert!(not(&Value::Null));
/// ```
pub fn not(value: &Value<'_>) -> bool {
    !value.to_text().is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

/// Whether a value is absent. An empty text is not.
///
/// ```
/// # use hrpush::expr::{Value, functions::logic::is_null};
/// assert!(is_null(&Value::Null));
/// assert!(!is_null(&Value::Text("".into())));
/// ```
pub fn is_null(value: &Value<'_>) -> bool {
    *value == Value::Null
}

/// Whether a value is neither absent nor empty.
///
/// ```
/// # use hrpush::expr::{Value, functions::logic::is_present};
/// assert!(is_present(&Value::Flag(false)));
/// assert!(!is_present(&Value::Text("".into())));
/// ```
pub fn is_present(value: &Value<'_>) -> bool {
    !value.is_empty()
}

/// Whether a value is one text.
///
/// ```
/// # use hrpush::expr::{Value, functions::logic::is_string};
/// assert!(is_string(&Value::Text("a".into())));
/// assert!(!is_string(&Value::Number(7)));
/// ```
pub fn is_string(value: &Value<'_>) -> bool {
    matches!(value, Value::Text(_))
}

/// The bits that both numbers have.
///
/// ```
/// # use hrpush::expr::functions::logic::bit_and;
/// assert_eq!(bit_and(514, 2), 2);
/// ```
pub fn bit_and(one: i64, two: i64) -> i64 {
    one & two
}
