//! From a record to what the person should look like.
//!
//! `bound_mapping` holds the mapping with its columns resolved, and `record` conducts the evaluation of one record: the key, the scope, the stage,
//! then the values. `evaluation` evaluates single expressions and collects the problems, `attributes` turns the results into values that
//! the directory accepts, `days` reads days, `verdict` joins the tests of the scope, and `problem` words what is wrong.

mod attributes;
mod bound_mapping;
mod days;
mod evaluation;
mod problem;
mod record;
mod verdict;

pub use self::bound_mapping::BoundMapping;
