//! Giving a process a processor of its own, with util-linux' `taskset`.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

/// Whether processes can be kept on this processor.
pub(super) fn can_choose(processor: usize) -> bool {
    let mut nothing = kept_on(processor, "true");
    nothing.stdout(Stdio::null()).stderr(Stdio::null());
    nothing.status().is_ok_and(|status| status.success())
}

/// A program that stays on this processor, where that can be had.
pub(super) fn command(processor: usize, program: impl AsRef<OsStr>) -> Command {
    if can_choose(processor) { kept_on(processor, program) } else { Command::new(program) }
}

fn kept_on(processor: usize, program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", &processor.to_string()]).arg(program);
    command
}
