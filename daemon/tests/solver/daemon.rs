//! The daemon as a process, with its solver beside it.

use crate::processes::{children, gone, is_there, signal};
use crate::yard::{Gateway, Yard, wait};
use rustix::process::Signal;
use std::collections::BTreeSet;

/// A daemon that has planned at least once, and the processes of both.
fn planning(yard: &mut Yard) -> (u32, u32) {
    yard.start();
    let daemon = yard.daemon.as_ref().expect("it was started").id();
    let planned = || {
        let (code, text, _) = yard.regie(&["status", "--json", "--url", &url(yard)]);
        let status: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        let solver = &status["solver"];
        code == 0 && solver["starts"] == 1 && solver["linear_solves"].as_u64() > Some(0)
    };
    wait("the first plan", 30, planned, || yard.log());
    let children = children(daemon);
    assert_eq!(children.len(), 1, "{}", yard.log());
    (daemon, children[0])
}

/// Waits for a daemon that was told to end.
fn end(yard: &mut Yard) {
    yard.daemon.take().expect("it was started").wait().expect("it ends");
}

fn url(yard: &Yard) -> String {
    format!("http://{}", yard.address)
}

#[tokio::test]
async fn the_solver_inherits_nothing_and_ends_with_the_daemon() {
    let gateway = Gateway::open();
    let mut yard = Yard::lay(&gateway);
    let (daemon, solver) = planning(&mut yard);
    has_no_more_than_it_needs(solver);

    // A daemon that is killed cannot end anything.
    signal(daemon, Signal::KILL);
    gone(solver).await;
    end(&mut yard);

    // Nor does one that hangs outlive it.
    let (daemon, solver) = planning(&mut yard);
    signal(solver, Signal::STOP);
    signal(daemon, Signal::KILL);
    gone(solver).await;
    end(&mut yard);

    // Told to end, it ends what it started.
    let (daemon, solver) = planning(&mut yard);
    signal(daemon, Signal::TERM);
    gone(solver).await;
    end(&mut yard);
    assert!(!is_there(daemon));
}

fn has_no_more_than_it_needs(solver: u32) {
    let read = |name: &str| std::fs::read(format!("/proc/{solver}/{name}")).expect("it lives");
    let words = |name: &str| {
        let text = String::from_utf8(read(name)).expect("UTF-8");
        text.split_terminator('\0').map(str::to_owned).collect::<Vec<String>>()
    };
    assert_eq!(words("cmdline"), ["regie", "solver"]);
    let known = ["TMPDIR", "TZDIR", "LD_LIBRARY_PATH", "RUST_BACKTRACE", "MALLOC_ARENA_MAX"];
    for entry in words("environ") {
        let key = entry.split('=').next().unwrap_or_default();
        assert!(known.contains(&key), "{entry}");
    }
    // Its connection, and where it prints: no port, no file of the state, no lock.
    // What whoever runs this test leaves open for all is not the daemon's.
    let (ours, theirs) = (open(std::process::id()), open(solver));
    let kind = |target: &String| target.split(':').next().unwrap_or_default().to_owned();
    let kinds: Vec<String> = theirs.difference(&ours).map(kind).collect();
    assert_eq!(kinds, ["pipe", "socket"], "{theirs:?}");
}

/// What a process has open.
fn open(process: u32) -> BTreeSet<String> {
    let folder = std::fs::read_dir(format!("/proc/{process}/fd")).expect("it lives");
    let target = |entry: std::io::Result<std::fs::DirEntry>| {
        Some(std::fs::read_link(entry.ok()?.path()).ok()?.display().to_string())
    };
    folder.filter_map(target).collect()
}

#[test]
fn it_is_of_no_use_to_people() {
    let yard = Yard::lay(&Gateway::open());
    let (code, out, error) = yard.regie(&["solver"]);
    assert_eq!((code, out.as_str()), (64, ""));
    assert!(error.contains("started by 'regie run' for itself"), "{error}");
    let (_, help, _) = yard.regie(&["--help"]);
    assert!(!help.contains("solver"), "{help}");
}
