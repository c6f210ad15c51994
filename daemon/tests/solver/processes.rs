//! Processes as the system sees them.

use rustix::process::{Pid, Signal, kill_process};
use std::time::Duration;

/// Sends a signal.
pub(crate) fn signal(process: u32, signal: Signal) {
    let process = i32::try_from(process).ok().and_then(Pid::from_raw).expect("a process");
    kill_process(process, signal).expect("it is there");
}

/// Whether there is a process of this number, even one that has ended and was not waited for.
pub(crate) fn is_there(process: u32) -> bool {
    std::fs::exists(format!("/proc/{process}")).expect("/proc is there")
}

/// Processor time that a process has used, in ticks (usually hundredths of a second).
pub(crate) fn ticks(process: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let after = stat.rsplit_once(')')?.1;
    // Fields 14 and 15 of all, the first of which after the name is the third.
    let mut fields = after.split_whitespace().skip(11).map(str::parse::<u64>);
    Some(fields.next()?.ok()? + fields.next()?.ok()?)
}

/// Processes whose parent is this one.
pub(crate) fn children(parent: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc")
        .expect("/proc is there")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let of = |process: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
        after.split_whitespace().nth(1) == Some(parent.to_string().as_str())
    };
    processes.filter(of).collect()
}

/// Waits until a process is gone, and was waited for.
pub(crate) async fn gone(process: u32) {
    for _ in 0..100 {
        if !is_there(process) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("process {process} is still there");
}
