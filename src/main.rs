//! The `hrpush` command: takes arguments, returns an exit code. Everything else is in the library.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Mapping a million people allocates and frees some twenty million short strings on all cores. mimalloc keeps this from contending for
/// one lock.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    hrpush::commands::main(std::env::args_os())
}
