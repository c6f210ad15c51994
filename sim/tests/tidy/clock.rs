//! Time is an argument: one file asks the operating system, everything else is told.

use crate::finding::{Finding, Section};
use crate::source::has_words;
use crate::tree::RustFile;

/// The one file that may ask.
const CLOCK: &str = "drivers/src/clock.rs";

const QUESTIONS: [&str; 6] =
    ["Instant::now", "SystemTime::now", "Timestamp::now", "Zoned::now", "Local::now", "Utc::now"];

/// What clippy.toml must forbid, so that renamed imports do not slip past the words above.
const FORBIDDEN_METHODS: [&str; 5] = [
    "std::time::Instant::now",
    "std::time::SystemTime::now",
    "tokio::time::Instant::now",
    "jiff::Timestamp::now",
    "jiff::Zoned::now",
];

/// Code outside the clock and outside the folders of tests does not ask for the time.
pub(crate) fn check_file(file: &RustFile) -> Vec<Finding> {
    if file.path == CLOCK || file.is_in_tests_folder() {
        return Vec::new();
    }
    let asked = file.code.lines().flat_map(|(line, code)| {
        QUESTIONS.into_iter().filter(|words| has_words(code, words)).map(move |it| (line, it))
    });
    asked
        .map(|(line, question)| Finding {
            path: file.path.clone(),
            line,
            section: Section::Time,
            what: format!("`{question}` asks the operating system for the time"),
            remedy: "take `now` as an argument, or the clock of drivers/src/clock.rs at the edge",
        })
        .collect()
}

/// clippy.toml forbids every way to ask that our dependencies offer.
pub(crate) fn check_lint_settings(clippy_toml: &str) -> Vec<Finding> {
    let is_listed = |method: &str| {
        clippy_toml.lines().any(|line| {
            !line.trim_start().starts_with('#') && line.contains(&format!("\"{method}\""))
        })
    };
    let unlisted = FORBIDDEN_METHODS.into_iter().filter(|method| !is_listed(method));
    unlisted
        .map(|method| Finding {
            path: "clippy.toml".to_owned(),
            line: 1,
            section: Section::Time,
            what: format!("`{method}` is not among the disallowed methods"),
            remedy: "list it, so that renaming an import does not hide it",
        })
        .collect()
}

#[test]
fn asking_is_found_wherever_code_does_it() {
    let text =
        "use std::time;\n// Instant::now\nlet a = time::Instant::now();\nf(\"Zoned::now\");\n";
    let found = check_file(&RustFile::new("daemon/src/cycle.rs", text));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].line, 3);
    for question in QUESTIONS {
        let file = RustFile::new("site/src/time.rs", &format!("let now = {question}();"));
        assert_eq!(check_file(&file).len(), 1, "{question}");
    }
}

#[test]
fn the_clock_and_integration_tests_may_ask() {
    let text = "let now = Instant::now();";
    assert_eq!(check_file(&RustFile::new(CLOCK, text)), []);
    assert_eq!(check_file(&RustFile::new("daemon/tests/process.rs", text)), []);
    assert_eq!(check_file(&RustFile::new("policies/src/clock.rs", text)).len(), 1);
}

#[test]
fn a_method_missing_from_clippy_toml_is_found() {
    let all: String =
        FORBIDDEN_METHODS.iter().map(|method| format!("{{ path = \"{method}\" }},\n")).collect();
    assert_eq!(check_lint_settings(&all), []);
    assert_eq!(check_lint_settings("").len(), FORBIDDEN_METHODS.len());
    let commented = all.replace("{ path = \"jiff::Zoned", "# { path = \"jiff::Zoned");
    assert_eq!(check_lint_settings(&commented).len(), 1);
}
