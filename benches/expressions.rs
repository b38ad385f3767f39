//! How fast the expressions of a mapping run over a million records, compiled once.
//!
//! `cargo bench --bench expressions` prints, for each expression of the generic mapping and for all of them together, how many
//! evaluations a second one core does, beside the target of 15 million.
//!
//! Reached, on a busy virtual machine: 13.6 million over all 18 expressions. Four fifths of that time are the one
//! `SelectUniqueValue`, whose four candidates are all made by 14 calls of functions; columns alone are lent at over 100 million a
//! second, `Switch` gives 17 million.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use hrpush::expr::{Bound, Context, Expression, Outcome, Rules, Value};
use hrpush::mapping::Mapping;
use hrpush::record::{At, Header, Place, Record};

/// Records in memory, and how often they are walked: a million in all.
const RECORDS: usize = 100_000;
const ROUNDS: usize = 10;
/// For the figure of a single expression: so few records that they stay in the cache.
const HOT: usize = 1_000;
const TARGET: f64 = 15e6;

const COLUMNS: &[&str] = &[
    "EmployeeID",
    "FirstName",
    "LastName",
    "Email",
    "Department",
    "JobTitle",
    "CostCentre",
    "Country",
    "Mobile",
    "ManagerID",
    "HireDate",
    "TerminationDate",
    "Status",
    "WorkerType",
];

fn main() {
    let header = Arc::new(Header::new(COLUMNS.iter().copied()).expect("the columns are unique"));
    let records: Vec<Record> = (0..RECORDS).map(|at| record(&header, at)).collect();
    let context = Context::on(jiff::civil::date(2026, 11, 20), Some("contoso.com".into()));
    let texts = expressions();
    let compile =
        |text: &String| Expression::check(text, &Rules::open()).expect("a mapping of our own has no fault").bind(&header);
    let bounds: Vec<Bound> = texts.iter().map(compile).collect();
    println!("{:>12} {:>6}  expression", "per second", "lent");
    for (text, bound) in texts.iter().zip(&bounds) {
        let one = std::slice::from_ref(bound);
        let (seconds, lent) = run(one, &records[..HOT], RECORDS * ROUNDS / HOT, &context);
        let count = evaluations(1);
        let shown = text.split_whitespace().collect::<Vec<_>>().join(" ");
        println!("{:>12.0} {:>5.0}%  {shown:.100}", count / seconds, lent / count * 100.0);
    }
    let (seconds, _) = run(&bounds, &records, ROUNDS, &context);
    let rate = evaluations(bounds.len()) / seconds;
    println!("{rate:>12.0}         all {} expressions of each record: {:.2} of the target", bounds.len(), rate / TARGET);
    let (file, text) = generic();
    let mapping = Mapping::parse(text, Path::new(file)).expect("the generic mapping has no fault");
    let bound = mapping.bind(&header).expect("all of its columns are there");
    for (name, known) in [("people with an account", true), ("people without one", false)] {
        let start = Watch::start();
        for record in std::iter::repeat_n(&records, ROUNDS).flatten() {
            black_box(bound.map_unless_known(black_box(record), &context, |_| known));
        }
        let rate = evaluations(bounds.len()) / start.seconds();
        println!("{rate:>12.0}         mapped and checked, {name}: {:.2} of the target", rate / TARGET);
    }
}

#[expect(clippy::cast_precision_loss, reason = "millions fit")]
fn evaluations(expressions: usize) -> f64 {
    (expressions * RECORDS * ROUNDS) as f64
}

/// The seconds for all records, one after another as a run maps them, and how many results were lent rather than copied.
fn run(bounds: &[Bound], records: &[Record], rounds: usize, context: &Context) -> (f64, f64) {
    let mut lent = 0.0;
    let start = Watch::start();
    for _ in 0..rounds {
        for record in records {
            for bound in bounds {
                let outcome = bound.evaluate(black_box(record), context, "");
                if matches!(&outcome, Ok(Outcome::Value(Value::Text(std::borrow::Cow::Borrowed(_))))) {
                    lent += 1.0;
                }
                let _ = black_box(outcome);
            }
        }
    }
    (start.seconds(), lent)
}

/// The time on the processor where Linux tells it, so that a busy machine does not change the figure; else the time that passed.
struct Watch {
    wall: Instant,
    processor: Option<f64>,
}

impl Watch {
    fn start() -> Self {
        Self { wall: Instant::now(), processor: Self::processor() }
    }

    fn processor() -> Option<f64> {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        text.split_whitespace().next()?.parse::<f64>().ok().map(|nanoseconds| nanoseconds / 1e9)
    }

    fn seconds(&self) -> f64 {
        let processor = self.processor.zip(Self::processor()).map(|(start, end)| end - start);
        processor.filter(|seconds| *seconds > 0.0).unwrap_or_else(|| self.wall.elapsed().as_secs_f64())
    }
}

/// The generic mapping, with its file.
fn generic() -> (&'static str, &'static str) {
    hrpush::mapping::builtin().find(|(file, _)| file.contains("generic-csv")).expect("the generic mapping is built in")
}

/// Every expression of the generic mapping.
fn expressions() -> Vec<String> {
    let (_, text) = generic();
    let table: toml::Table = text.parse().expect("the generic mapping is TOML");
    let mut found = vec![table["source"]["key"].as_str().unwrap_or_default().to_owned()];
    for value in table["attributes"].as_table().into_iter().flat_map(|table| table.values()) {
        let expression = value.as_str().or_else(|| value.get("expression").and_then(toml::Value::as_str));
        found.extend(expression.map(str::to_owned));
    }
    found.extend(table["manager"]["key"].as_str().map(str::to_owned));
    for name in ["start", "end", "status"] {
        found.extend(table["lifecycle"].get(name).and_then(toml::Value::as_str).map(str::to_owned));
    }
    found
}

fn record(header: &Arc<Header>, at: usize) -> Record {
    const FIRST: &[&str] = &["Anna", "Björn", "Zoë", "John", "Łukasz", "María José", "Chen"];
    const LAST: &[&str] = &["Müller", "Smith", "O'Brien", "García López", "Nguyễn", "van der Berg"];
    let key = format!("{:06}", 100_000 + at);
    let (first, last) = (FIRST[at % FIRST.len()], LAST[at / 7 % LAST.len()]);
    let mail = format!("user{at}@contoso.com");
    let manager = format!("{:06}", 100_000 + at / 10);
    let cells = [
        key.as_str(),
        first,
        last,
        &mail,
        "Claims",
        "Clerk",
        "4711",
        if at.is_multiple_of(3) { "UK" } else { "DE" },
        "+49 170 1234567",
        &manager,
        "2020-03-16",
        "",
        "Active",
        "Employee",
    ];
    Record::from_text(Arc::clone(header), Place { source: "bench".into(), at: At::Line(at as u64 + 2) }, cells)
}
