//! The program: everything is in the library, the process only turns its answer into an exit code.

use std::process::ExitCode;

/// Facts and rules make many small values, on every thread: the system's allocator takes a sixth of a large run.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(kubelint::cli::run(std::env::args_os()))
}
