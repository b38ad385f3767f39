//! The parser, the checker and the evaluator on any text and any record.
//!
//! With cargo-fuzz: `cargo +nightly fuzz run expressions -- -max_total_time=300`. Without it, from this folder:
//! `RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=3 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
//! cargo +nightly run --bin expressions -- -max_total_time=300 corpus`.
//! `src/expr/tests.rs` holds the same laws as property tests, which always run.

#![no_main]

use std::sync::Arc;

use hrpush::expr::{Context, Expression, Rules};
use hrpush::record::{At, Header, Place, Record};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &str| {
    let mut parts = data.splitn(3, '\0');
    let text = parts.next().unwrap_or_default();
    let (a, b) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let Ok(expression) = Expression::check(text, &Rules::open()) else { return };
    let printed = expression.to_string();
    let again = Expression::check(&printed, &Rules::open());
    // What is printed has one blank after each comma, so that it can grow past the bound.
    if printed.chars().count() <= hrpush::expr::LONGEST {
        assert!(again.as_ref() == Ok(&expression), "{printed}: {again:?}");
    }
    let header = Arc::new(Header::new(["a", "b"]).expect("two names"));
    let record = Record::from_text(Arc::clone(&header), Place { source: "fuzz".into(), at: At::Line(1) }, [a, b]);
    let context = Context::on(jiff::civil::date(2026, 1, 1), Some("contoso.com".into()));
    let bound = expression.bind(&header);
    let one = bound.evaluate(&record, &context, "seed");
    let (two, _) = bound.trace(&record, &context, "seed");
    assert_eq!(one, two);
});
