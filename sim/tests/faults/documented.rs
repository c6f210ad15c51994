//! The rows and the tests against the documentation of faults.

use crate::rows::rows;
use std::collections::BTreeSet;
use std::path::Path;

/// The faults that devices and networks have, and those of client libraries.
const FAULTS: [&str; 27] = [
    "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "A", "B", "C",
    "D", "E", "F", "G", "H", "I", "J", "K", "L",
];

/// The faults of the solver, whose tests are the daemon's.
const SOLVER_FAULTS: [&str; 5] = ["25", "26", "27", "M", "N"];

fn text() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/faults.md");
    std::fs::read_to_string(path).expect("docs/faults.md")
}

/// The line of a fault.
fn line<'a>(text: &'a str, fault: &str) -> &'a str {
    let begin = format!("| {fault} |");
    let line = text.lines().find(|line| line.starts_with(&begin));
    line.unwrap_or_else(|| panic!("docs/faults.md has no fault {fault}"))
}

/// What stands between pairs of a mark.
fn marked(line: &str, mark: char) -> impl Iterator<Item = &str> {
    line.split(mark).skip(1).step_by(2)
}

/// Every row is told of by its name, where its faults are.
#[test]
fn every_row_is_told_of() {
    let (text, rows) = (text(), rows());
    for row in &rows {
        let (of, name) = row.name;
        for fault in of.split(' ') {
            assert!(FAULTS.contains(&fault), "{name} is of an unknown fault {fault}");
            let told = line(&text, fault);
            // Faults of the same rows refer to each other.
            let here = told.contains(&format!("\"{name}\"")) || told.contains("those of");
            assert!(here, "fault {fault} does not have the row {name}");
        }
        assert!(text.contains(&format!("\"{name}\"")), "{name} is not in docs/faults.md");
    }
    let names: BTreeSet<&str> = rows.iter().map(|row| row.name.1).collect();
    assert_eq!(names.len(), rows.len(), "each row has a name of its own");
}

/// Every fault has rows or a test, and what it names is there.
#[test]
fn nothing_is_told_of_that_is_not_there() {
    let text = text();
    let names: BTreeSet<&str> = rows().iter().map(|row| row.name.1).collect();
    let tests = tests("tests/faults");
    for fault in FAULTS {
        let line = line(&text, fault);
        for name in marked(line, '"') {
            assert!(names.contains(name), "fault {fault} has an unknown row {name}");
        }
        for test in marked(line, '`') {
            assert!(tests.contains(&format!("fn {test}()")), "there is no test {test}");
        }
        let held = line.contains('"') || line.contains('`');
        let elsewhere = ["those of", "every row", "the same test"];
        let held = held || elsewhere.iter().any(|words| line.contains(words));
        assert!(held, "nothing holds fault {fault}");
    }
}

/// The tests in a folder, as text.
fn tests(folder: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = std::fs::read_dir(folder).expect("the folder of these tests");
    let read = |file: std::io::Result<std::fs::DirEntry>| {
        std::fs::read_to_string(file.expect("a file").path()).expect("a readable file")
    };
    files.map(read).collect()
}

/// Every fault of the solver has tests, and they are there.
#[test]
fn the_faults_of_the_solver_have_their_tests() {
    let (text, tests) = (text(), tests("../daemon/tests/solver"));
    for fault in SOLVER_FAULTS {
        let last = line(&text, fault).trim_end_matches('|').rsplit('|').next();
        let named: Vec<&str> = marked(last.expect("a column"), '`').collect();
        assert!(!named.is_empty(), "nothing holds fault {fault}");
        for test in named {
            assert!(tests.contains(&format!("fn {test}()")), "there is no test {test}");
        }
    }
}
