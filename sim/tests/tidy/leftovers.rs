//! Nothing unfinished, ignored or silenced stays in the tree.

use crate::finding::{Finding, Section};
use crate::source::has_words;
use crate::tree::RustFile;

const LEFTOVERS: [(&str, &str); 4] = [
    ("todo!", "finish it, or leave it out and say so where a reader looks"),
    ("unimplemented!", "finish it, or leave it out and say so where a reader looks"),
    ("dbg!", "remove it, or log with tracing"),
    ("#[ignore", "make the test pass or remove it"),
];

/// Words in code that say that something is not done, or that a lint does not count.
pub(crate) fn check(file: &RustFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, code) in file.code.lines() {
        let mut add = |what: &str, remedy| {
            findings.push(Finding {
                path: file.path.clone(),
                line,
                section: Section::Shape,
                what: format!("`{what}` stands in the code"),
                remedy,
            });
        };
        for (words, remedy) in LEFTOVERS {
            if has_words(code, words) {
                add(words, remedy);
            }
        }
        let code = code.trim_start();
        if code.starts_with("#![") && (has_words(code, "allow") || has_words(code, "expect")) {
            add("#![allow", "obey the lint; at one place `#[expect(lint, reason = \"…\")]` may do");
        }
    }
    findings
}

#[test]
fn every_leftover_is_found() {
    let text = "todo!();\nunimplemented!(\"later\");\ndbg!(x);\n#[ignore = \"slow\"]\n\
        #![allow(dead_code)]\n#![cfg_attr(test, allow(dead_code))]\n    #![expect(unused)]\n";
    let found = check(&RustFile::new("site/src/lib.rs", text));
    let lines: Vec<usize> = found.iter().map(|finding| finding.line).collect();
    assert_eq!(lines, [1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn words_in_comments_and_strings_and_single_expectations_are_fine() {
    let text = "// todo!() is not allowed\nf(\"dbg!(x)\");\n#[expect(lint, reason = \"r\")]\n\
        #![doc = \"allow\"]\n#[allow_unused]\nmy_todo!();\n";
    assert_eq!(check(&RustFile::new("site/src/lib.rs", text)), []);
}
