//! The `hrpush` command.

fn main() {}
