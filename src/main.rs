//! The program: everything is in the library, the process only turns its answer into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(kubelint::cli::run(std::env::args_os()))
}
