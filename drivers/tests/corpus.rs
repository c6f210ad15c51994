//! Inputs that once broke something or lead far into the parsers, tried in every run, within a
//! bound on memory.

mod inputs;

use cap::Cap;
use std::alloc::System;
use std::path::Path;

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// Tries all inputs of one kind; gives how many.
fn all(kind: &str, attempt: fn(&[u8])) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(kind);
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .expect("the folder of the inputs")
        .map(|entry| entry.expect("a file").path())
        .collect();
    paths.sort();
    for path in &paths {
        println!("{}", path.display());
        attempt(&std::fs::read(path).expect("a readable file"));
    }
    paths.len()
}

/// One test, so that the memory of one is not another's.
#[test]
fn no_known_input_breaks_anything() {
    let before = MEMORY.total_allocated();
    assert!(all("frames", inputs::frames) > 0);
    assert!(all("registers", inputs::registers) > 0);
    assert!(all("profiles", inputs::profiles) > 0);
    assert!(MEMORY.total_allocated() > before, "the counter counts");
    let most = MEMORY.max_allocated();
    assert!(most < inputs::MEMORY_MAX, "{most} bytes at the same time");
}
