//! EPANET's temporary files. A test file of its own, as it changes the process's current folder.

#[cfg(test)]
#[allow(dead_code, reason = "each test file uses a part of it")]
mod common;

use common::{example, fresh};
use hydraulics::Network;

#[test]
fn nothing_is_left_in_the_current_folder_nor_in_the_temporary_one() {
    let here = tempfile::tempdir().unwrap();
    let before = ours();
    std::env::set_current_dir(here.path()).unwrap();
    let mut run = fresh();
    run.step(60.0).unwrap();
    drop(run);
    std::fs::write("broken.inp", "[JUNCTIONS]\n a x\n").unwrap();
    Network::load("broken.inp").unwrap_err();
    std::fs::remove_file("broken.inp").unwrap();
    let left: Vec<_> = std::fs::read_dir(here.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(ours(), before);

    // A folder that is gone is one that nobody can write.
    drop(here);
    let network = Network::load(example("van_zyl.inp")).unwrap();
    hydraulics::Snapshots::open(&network).unwrap();
}

/// Working copies of this process.
#[cfg(test)]
fn ours() -> usize {
    let mark = format!("-{}-", std::process::id());
    let names = std::fs::read_dir(std::env::temp_dir()).unwrap().flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("regie-") && name.contains(&mark)).count()
}
