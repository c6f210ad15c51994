//! `regie-sim`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    regie_sim::cli::run()
}
