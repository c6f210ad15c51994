//! `regie check` as an operator meets it: every finding at once, each with its place, and an exit
//! code that scripts can tell apart. What it prints is kept as snapshots.

use regie::cli::exit;
use site::text::FILE_BYTES_MAX;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// However broken a file is, the answer comes within this time. A debug build takes a tenth.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Runs `regie check` in `folder`, so that paths in findings do not depend on the machine.
/// Returns the exit code, standard output and standard error.
fn check(folder: &Path, site: &str) -> (u8, String, String) {
    let clock = stopwatch();
    let output = Command::new(env!("CARGO_BIN_EXE_regie"))
        .args(["check", site])
        .current_dir(folder)
        .output()
        .expect("regie runs");
    assert!(clock() < ANSWER_MAX, "{site}: the answer took {:?}", clock());
    let code = output.status.code().and_then(|code| u8::try_from(code).ok());
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (code.expect("it ended by itself"), text(output.stdout), text(output.stderr))
}

#[expect(clippy::disallowed_methods, reason = "another process lives in real time")]
fn stopwatch() -> impl Fn() -> Duration {
    let began = std::time::Instant::now();
    move || began.elapsed()
}

fn here() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What is said about a site of this folder that cannot be run.
fn findings_of(site: &str) -> String {
    let (code, output, findings) = check(&here(), site);
    assert_eq!((code, output.as_str()), (exit::CONFIGURATION, ""), "{findings}");
    findings
}

/// Checks a text of no more than one finding, and gives the finding's first line and its help.
fn finding_in(name: &str, text: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(name), text).expect("a temporary folder");
    let (code, output, findings) = check(folder.path(), name);
    assert_eq!((code, output.as_str()), (exit::CONFIGURATION, ""), "{findings}");
    let ending = "\n1 finding; the site cannot be run as it is\n";
    findings.strip_suffix(ending).unwrap_or_else(|| panic!("one finding: {findings}")).to_owned()
}

#[test]
fn all_findings_of_a_broken_file_come_at_once() {
    let findings = findings_of("tests/sites/broken/site.yaml");
    insta::assert_snapshot!("broken", findings);
}

#[test]
fn all_findings_of_the_files_it_names_come_at_once() {
    let findings = findings_of("tests/sites/broken_around/site.yaml");
    insta::assert_snapshot!("broken_around", findings);
}

/// Every finding begins with file, line and column, and the place exists.
#[test]
fn every_finding_names_its_place() {
    for site in ["broken", "broken_around"] {
        let findings = findings_of(&format!("tests/sites/{site}/site.yaml"));
        let lines: Vec<&str> = findings.lines().collect();
        let (last, lines) = lines.split_last().expect("there are findings");
        let located: Vec<&&str> = lines.iter().filter(|line| !line.starts_with("    ")).collect();
        assert!(last.starts_with(&format!("{} findings", located.len())), "{last}");
        for line in located {
            let mut parts = line.splitn(4, ':');
            let file = parts.next().expect("a file");
            let mut number = || parts.next().and_then(|n| n.parse::<usize>().ok());
            let (row, column) = (number().expect("a line"), number().expect("a column"));
            let text = std::fs::read_to_string(here().join(file)).expect("it is there");
            let written = text.lines().nth(row - 1).unwrap_or_else(|| panic!("{line}"));
            assert!((1..=written.chars().count()).contains(&column), "{line}");
        }
    }
}

#[test]
fn what_is_no_yaml_gives_one_finding() {
    let syntax = finding_in("site.yaml", b"regie: 1\nsite: {id: a\npumps: [\n");
    insta::assert_snapshot!(syntax, @"
    site.yaml:3:6: yaml: while parsing a flow mapping, did not find expected ',' or '}'
        help: correct the YAML at this place; nothing after it was read
    ");
    let empty = finding_in("site.yaml", b"");
    insta::assert_snapshot!(empty, @"
    site.yaml:1:1: wrong-kind: the site file is nothing, and must be a map
        help: write `key: value` lines below it
    ");
    let bytes = finding_in("site.yaml", b"a: \xff\xfe\n");
    insta::assert_snapshot!(bytes, @"
    site.yaml:1:1: missing-file: 'site.yaml' cannot be read: stream did not contain valid UTF-8
        help: check the path and who may read it
    ");
    let twice = finding_in("site.yaml", b"regie: 1\nsite: {}\nregie: 1\n");
    assert!(twice.starts_with("site.yaml:3:1: yaml: "), "{twice}");
    assert!(twice.contains("duplicate mapping key: regie"), "{twice}");
}

#[test]
fn what_is_too_large_is_refused_quickly() {
    let mut large = b"regie: 1\n# ".to_vec();
    large.resize(2 * FILE_BYTES_MAX, b'x');
    let large = finding_in("large.yaml", &large);
    assert!(large.starts_with("large.yaml:1:1: file-too-large: "), "{large}");
    let deep = format!("a: {}", "[".repeat(100_000));
    let deep = finding_in("deep.yaml", deep.as_bytes());
    assert!(deep.contains("yaml: ") && deep.contains("recursion limit"), "{deep}");
}

/// Twelve lines that stand for 10^12 values.
#[test]
fn aliases_that_multiply_are_refused_quickly() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for line in 1..12 {
        let before = vec![format!("*a{}", line - 1); 10].join(", ");
        bomb.push_str(&format!("a{line}: &a{line} [{before}]\n"));
    }
    let bomb = finding_in("bomb.yaml", bomb.as_bytes());
    assert!(bomb.starts_with("bomb.yaml:6:15: yaml: "), "{bomb}");
    assert!(bomb.contains("budget"), "{bomb}");
}

#[test]
fn a_file_that_is_not_there_is_a_finding() {
    let findings = findings_of("tests/sites/nowhere.yaml");
    insta::assert_snapshot!(findings, @"
    tests/sites/nowhere.yaml:1:1: missing-file: 'tests/sites/nowhere.yaml' cannot be read: No such file or directory (os error 2)
        help: check the path and who may read it
    1 finding; the site cannot be run as it is
    ");
}

/// Every site below `examples`, so that a new one is checked without being named here.
#[test]
fn every_shipped_site_is_without_findings() {
    let sites = here().join("../examples/sites");
    let mut checked = 0;
    for folder in std::fs::read_dir(&sites).expect("there are examples") {
        let folder = folder.expect("it reads").path();
        if !folder.is_dir() {
            continue;
        }
        let (code, output, findings) = check(&folder, "site.yaml");
        assert_eq!((code, findings.as_str()), (exit::OK, ""), "{}", folder.display());
        assert!(output.ends_with("no findings\n"), "{output}");
        checked += 1;
    }
    assert!(checked > 0, "no site below {}", sites.display());
}
