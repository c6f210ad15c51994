//! The structure of the project, held as tests: who may import whom, who may ask the time, how
//! long a file may grow, what no file may contain.
//!
//! Each rule is a pure function over text with its own tests that show it can fail; the tests at
//! the end of this file apply the rules to the tree. A rule is relaxed by a decision in
//! docs/decisions, not by an exception here.

mod clock;
mod finding;
mod guard;
mod imports;
mod leftovers;
mod links;
mod machine_paths;
mod sizes;
mod source;
mod tree;

use std::sync::LazyLock;

use finding::Finding;
use tree::Tree;

static TREE: LazyLock<Tree> = LazyLock::new(Tree::load);

/// Fails with every finding on a line of its own.
#[track_caller]
fn assert_none(findings: Vec<Finding>) {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{} finding(s):\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn the_whole_tree_is_seen() {
    let paths: Vec<&str> = TREE.files().iter().map(|file| file.path.as_str()).collect();
    for path in ["Cargo.toml", "site/src/lib.rs", "sim/tests/tidy/main.rs", ".ci/run"] {
        assert!(paths.contains(&path), "{path} is not among the {} files read", paths.len());
    }
    assert!(!paths.iter().any(|path| path.contains("target/")), "build output was read");
}

#[test]
fn crates_import_only_what_their_room_allows() {
    assert_none(imports::check(&TREE));
}

#[test]
fn the_guard_shares_no_code_with_the_planner() {
    assert_none(TREE.rust_files().flat_map(guard::check_imports).collect());
}

#[test]
fn only_the_guard_makes_guarded_commands() {
    assert_none(TREE.rust_files().flat_map(guard::check_constructor).collect());
}

#[test]
fn only_one_file_asks_for_the_time() {
    let settings = clock::check_lint_settings(TREE.text("clippy.toml"));
    assert_none(TREE.rust_files().flat_map(clock::check_file).chain(settings).collect());
}

#[test]
fn files_functions_and_lines_stay_short() {
    let mut findings = sizes::check_files(&TREE, sizes::RATCHET);
    findings.extend(TREE.rust_files().flat_map(sizes::check_functions));
    findings.extend(TREE.rust_files().flat_map(sizes::check_columns));
    assert_none(findings);
}

#[test]
fn nothing_is_left_unfinished_or_silenced() {
    assert_none(TREE.rust_files().flat_map(leftovers::check).collect());
}

#[test]
fn relative_links_lead_somewhere() {
    assert_none(links::check(&TREE));
}

#[test]
fn no_file_names_a_place_on_one_machine() {
    assert_none(TREE.files().iter().flat_map(machine_paths::check).collect());
}

#[test]
fn the_cited_sections_of_the_architecture_exist() {
    assert_none(finding::check_sections(TREE.text(finding::ARCHITECTURE)));
}
