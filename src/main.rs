//! The `hrpush` command: arguments in, an exit code out; all else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    hrpush::commands::main(std::env::args_os())
}
