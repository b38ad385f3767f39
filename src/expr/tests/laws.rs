//! Laws over random expressions and records.

use proptest::prelude::*;

use super::*;

/// Texts of expressions that are mostly well formed.
fn any_expression() -> impl Strategy<Value = String> {
    let names: Vec<&'static str> =
        functions().into_iter().map(|function| function.name).filter(|name| *name != "SelectUniqueValue").collect();
    let leaf = prop_oneof![
        Just("[a]".to_owned()),
        Just("[b]".to_owned()),
        Just("[missing]".to_owned()),
        Just(String::new()),
        "[a-zäß %.'/:0-9-]{0,8}".prop_map(|text| format!("\"{text}\"")),
        prop::sample::select(vec![
            "\"yyyy-MM-dd\"",
            "\"d\"",
            "\"(a*)*\"",
            "\"2025-02-30\"",
            "\"1/31/2025 1:00:00 PM\"",
            "&HFF",
            "vbTextCompare",
            "UTF8",
            "IgnoreAttributeFlow"
        ])
        .prop_map(str::to_owned),
        any::<i64>().prop_map(|number| number.to_string()),
        (-3i64..12).prop_map(|number| number.to_string()),
    ];
    leaf.prop_recursive(5, 40, 7, move |inner| {
        let name = prop::sample::select(names.clone());
        prop_oneof![
            (name, prop::collection::vec(inner.clone(), 0..8)).prop_map(|(name, args)| format!("{name}({})", args.join(", "))),
            (inner.clone(), prop::sample::select(vec!["=", "<>", ">", "<="]), inner.clone())
                .prop_map(|(one, sign, two)| format!("CBool({one} {sign} {two})")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("IIF(IsNull({a}), {b}, {c})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("Append({a} & {b}, \"x\")")),
        ]
    })
}
proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn checking_never_panics(text in "(\\PC|[\\[\\]()\",&\\\\ ]){0,80}") {
        let _ = Expression::check(&text, &Rules::default());
    }

    #[test]
    fn print_then_parse_gives_the_same_tree_and_evaluation_never_panics(text in any_expression(), a in "\\PC{0,12}", b in prop::option::of("[a-z0-9/: -]{0,12}")) {
        let tree = parser::parse(&text);
        if tree.faults.is_empty() {
            let again = parser::parse(&tree.root.to_string());
            prop_assert!(again.faults.is_empty(), "{}: {:?}", tree.root, again.faults);
            prop_assert_eq!(again.root, tree.root);
        }
        if let Ok(expression) = Expression::check(&text, &Rules::open()) {
            let record = record(json!({"a": a, "b": b}).as_object().unwrap());
            let bound = expression.bind(record.header());
            let one = bound.evaluate(&record, &context(), "s");
            let (two, _) = bound.trace(&record, &context(), "s");
            prop_assert_eq!(one, two);
        }
    }

    #[test]
    fn what_the_checker_promised_to_find_never_meets_a_record(text in any_expression(), a in "\\PC{0,12}", b in prop::option::of("[a-z0-9/: -]{0,12}")) {
        let Ok(expression) = Expression::check(&text, &Rules::open()) else { return Ok(()) };
        let record = record(json!({"a": a, "b": b}).as_object().unwrap());
        if let Err(error) = expression.bind(record.header()).evaluate(&record, &context(), "s") {
            prop_assert!(!PROMISED.contains(&error.code), "{}: {}", text, error.code);
            // Whether a branch beside a comparison is a text or a number is only known once it is chosen.
            let compared = text[..error.span.start].trim_end().ends_with(['<', '>', '='])
                || text[error.span.end..].trim_start().starts_with(['<', '>', '=', '!']);
            let constant = text[error.span.clone()].starts_with('"') && !compared;
            prop_assert!(!(constant && PROMISED_OF_CONSTANTS.contains(&error.code)), "{}: {}", text, error.code);
        }
    }

    #[test]
    fn iif_and_switch_evaluate_only_what_they_choose(a in "[ab]?", inner in any_expression()) {
        if Expression::check(&format!("IIF([a] = \"a\", \"x\", {inner})"), &Rules::open()).is_err() {
            return Ok(());
        }
        let record = json!({"a": a});
        let (this, that) = if a == "a" { ("\"x\"".to_owned(), inner.clone()) } else { (inner.clone(), "\"x\"".to_owned()) };
        let guarded = format!("IIF([a] = \"a\", {}, {})", pick(a == "a", &this), pick(a != "a", &that));
        prop_assert_eq!(yields(&guarded, &record), "\"chosen\"");
        let switched = format!("Switch([a], \"chosen\", \"z\", {inner})");
        prop_assert_eq!(yields(&switched, &record), "\"chosen\"");
    }
}

/// The branch that is chosen, or one that must not be evaluated.
fn pick(chosen: bool, other: &str) -> String {
    if chosen { "\"chosen\"".to_owned() } else { format!("Append({other}, Error(\"evaluated\"))") }
}

/// Faults that only the checker may report.
const PROMISED: &[&str] = &[
    "unknown-function",
    "unknown-word",
    "argument-count",
    "missing-argument",
    "switch-tail",
    "select-unique",
    "outbound-only",
    "ignore-object",
    "comparison",
    "too-deep",
    "too-long",
];

/// Faults of constants that only the checker may report.
const PROMISED_OF_CONSTANTS: &[&str] = &["regex", "date-format", "date-style", "bad-interval", "bad-argument", "not-a-number"];
