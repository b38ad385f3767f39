//! The manual of the functions, printed from their table.

use super::function::Function;
use super::functions::{all, find};

/// All functions, by name.
pub fn functions() -> Vec<&'static Function> {
    let mut functions: Vec<_> = all().collect();
    functions.sort_by_key(|function| function.name.to_lowercase());
    functions
}

/// The manual of one function, or the list of all without a name.
///
/// ```
/// assert!(hrpush::expr::manual(Some("Join")).starts_with("Join(separator, source1, source2, ...)"));
/// ```
pub fn manual(name: Option<&str>) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    let Some(name) = name else {
        for function in functions() {
            let doc = function.doc.split_inclusive(". ").next().unwrap_or_default().trim();
            let _ = writeln!(text, "{:<66}  {doc}", function.usage);
        }
        return text;
    };
    let Some(function) = find(name).or_else(|| all().find(|function| function.name.eq_ignore_ascii_case(name))) else {
        return format!("there is no function `{name}`\n");
    };
    let _ = writeln!(text, "{}\n\n{}", function.usage, function.doc);
    if let Some(dialect) = function.dialect {
        let _ = writeln!(text, "\nDialect: {dialect}");
    }
    if !function.examples.is_empty() {
        text.push_str("\nExamples:\n");
    }
    for example in function.examples {
        let _ = writeln!(text, "  {}", example.expression);
        for (name, value) in example.record {
            let _ = writeln!(text, "    [{name}] = {value}");
        }
        let _ = writeln!(text, "    → {}", example.yields);
    }
    text
}
