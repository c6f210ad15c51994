//! What a rule reports: where, what, what to do, and the section that gives the reason.

use std::fmt;

/// The page that says why each rule exists.
pub(crate) const ARCHITECTURE: &str = "docs/architecture.md";

/// Sections of [`ARCHITECTURE`] that hold the reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Rooms = 1,
    Cycle = 2,
    Time = 3,
    Shape = 8,
}

const SECTIONS: [Section; 4] = [Section::Rooms, Section::Cycle, Section::Time, Section::Shape];

/// One place where a rule is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Relative to the root of the tree.
    pub(crate) path: String,
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) section: Section,
    /// What is wrong.
    pub(crate) what: String,
    /// What to do about it.
    pub(crate) remedy: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, section, what, remedy } = self;
        write!(f, "{path}:{line}: {what}; {remedy} ({ARCHITECTURE} §{})", *section as usize)
    }
}

/// Every section that findings cite has a heading such as "## 3. Time".
pub(crate) fn check_sections(architecture: &str) -> Vec<Finding> {
    let has_heading = |number: usize| {
        architecture.lines().filter_map(|line| line.strip_prefix("## ")).any(|title| {
            let title = title.trim_start_matches('§');
            let digits = title.split(|c: char| !c.is_ascii_digit()).next();
            digits == Some(number.to_string().as_str())
        })
    };
    let absent = SECTIONS.into_iter().filter(|section| !has_heading(*section as usize));
    absent
        .map(|section| Finding {
            path: ARCHITECTURE.to_owned(),
            line: 1,
            section,
            what: format!("no heading '## {}. {section:?}'", section as usize),
            remedy: "the rules in sim/tests/tidy cite it: write it, or change what they cite",
        })
        .collect()
}

#[test]
fn a_finding_says_where_what_why_and_what_to_do() {
    let finding = Finding {
        path: "site/src/lib.rs".to_owned(),
        line: 7,
        section: Section::Time,
        what: "asks the clock".to_owned(),
        remedy: "take `now` as an argument",
    };
    assert_eq!(
        finding.to_string(),
        "site/src/lib.rs:7: asks the clock; take `now` as an argument (docs/architecture.md §3)"
    );
}

#[test]
fn a_section_without_heading_is_found() {
    let page = "## 1. Rooms\n## §2 One cycle\n## 3 Time\n## 80. Other\n";
    let found = check_sections(page);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].section, Section::Shape);
}
