//! `regie`: see the library.

use regie::cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::parse(std::env::args_os()) {
        Ok(arguments) => ExitCode::from(cli::run::run(&arguments.action)),
        Err(code) => ExitCode::from(code),
    }
}
