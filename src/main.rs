//! The `hrpush` command: arguments in, an exit code out; all else is in the library.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Mapping a million people makes and drops some twenty million short texts, on all cores.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    hrpush::commands::main(std::env::args_os())
}
