//! The parser, the checker and the evaluator on any text and any record.
//!
//! With cargo-fuzz and a nightly toolchain, from the root of the project; the first line makes seeds of the manual's examples:
//!
//! ```sh
//! mkdir -p fuzz/corpus/expressions
//! hrpush mapping functions --format json | jq -r '.[].examples[].expression' | (cd fuzz/corpus/expressions; split -l 1 -a 3)
//! cargo +nightly fuzz run --sanitizer none expressions -- -max_total_time=300 -max_len=400
//! ```
//!
//! There is no unsafe code to watch, so that no sanitizer slows it down. The corpus and what is found stay out of git:
//! `src/expr/tests/laws.rs` holds the same laws as property tests, which always run; `src/expr/tests/` has a test for each fault found here.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;

use expr::{Context, Expression, Rules};
use record::{At, Header, Place, Record};

// The rooms themselves rather than the library: they need a dozen crates of its hundreds, so that this builds in a minute.
#[allow(dead_code, unused_imports)]
#[path = "../../src/expr/mod.rs"]
mod expr;
#[allow(dead_code)]
#[path = "../../src/record.rs"]
mod record;

fuzz_target!(|data: &str| {
    let mut parts = data.splitn(3, '\0');
    let text = parts.next().unwrap_or_default();
    let (a, b) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let Ok(expression) = Expression::check(text, &Rules::open()) else { return };
    let printed = expression.to_string();
    let again = Expression::check(&printed, &Rules::open());
    // What is printed has one blank after each comma, so that it can grow past the bound.
    if printed.chars().count() <= expr::LONGEST {
        assert!(again.as_ref() == Ok(&expression), "{printed}: {again:?}");
    }
    let columns: Vec<&str> = expression.columns().map(|(name, _)| name).collect();
    let Ok(header) = Header::new(columns.iter().copied()).map(Arc::new) else { return };
    let cells = (0..columns.len()).map(|at| if at % 2 == 0 { a } else { b });
    let record = Record::from_text(Arc::clone(&header), Place { source: "fuzz".into(), at: At::Line(1) }, cells);
    let context = Context::on(jiff::civil::date(2026, 1, 1), Some("contoso.com".into()));
    let bound = expression.bind(&header);
    let one = bound.evaluate(&record, &context, "seed");
    let (two, _) = bound.trace(&record, &context, "seed");
    assert_eq!(one, two);
});
