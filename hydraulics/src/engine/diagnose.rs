//! What EPANET finds wrong in a file, and in which line.
//!
//! EPANET's error number says only that something is wrong. The details go to its report, which it
//! leaves unwritten when opening fails. A whole run of the same file fails at the same place but
//! closes the report, so that it can be read. (A failed opening also keeps a few kilobytes until
//! the process ends, which is bearable for something that follows a mistake in a file.)

use std::path::Path;

use epanet::epanet_error::EPANETError;

use super::file::{Scratch, reading_alone};
use crate::{Finding, HydraulicsError};

/// Turns a refusal to open a file into findings.
pub(super) fn diagnose(
    path: &Path,
    text: &[u8],
    copy: &Scratch,
    error: &EPANETError,
) -> HydraulicsError {
    let report = match Scratch::write("report", b"") {
        Ok(report) => report,
        Err(error) => return error,
    };
    let mut findings = Vec::new();
    let run = {
        let _alone = reading_alone();
        epanet::run_project(copy.name(), report.name(), "", None)
    };
    if run.is_err() {
        findings = parse(&report.read(), &String::from_utf8_lossy(text));
    }
    if findings.is_empty() {
        let text = format!("Error {}: {}", error.code, error.message());
        findings.push(Finding { line: None, text, excerpt: String::new() });
    }
    HydraulicsError::Corrupt { path: path.to_owned(), findings }
}

/// Reads the errors out of a report: `Error 203: undefined node x in [PIPES] section:` followed by
/// the line; or without a section, where the fault is not in one line.
fn parse(report: &str, text: &str) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let mut general: Vec<Finding> = Vec::new();
    let mut rule: Option<&str> = None;
    let mut lines = report.lines().map(str::trim).filter(|line| !line.is_empty());
    while let Some(line) = lines.next() {
        if line.starts_with("Input Error") {
            // A rule's error comes first, then the clause in EPANET's words, then the line.
            rule = Some(line.trim_end_matches(':'));
            lines.next();
        } else if is_error(line) && (line.ends_with(" section:") || line.starts_with(HEADING)) {
            let excerpt = lines.next().unwrap_or_default();
            let after = findings.last().and_then(|finding| finding.line).unwrap_or(0);
            findings.push(Finding {
                line: locate(text, line, excerpt, after),
                text: rule.take().unwrap_or(line.trim_end_matches(':')).to_owned(),
                excerpt: excerpt.to_owned(),
            });
        } else if is_error(line) {
            let text = line.to_owned();
            general.push(Finding { line: None, text, excerpt: String::new() });
        }
    }
    // "One or more errors" says nothing new once they are listed.
    let summary =
        |finding: &Finding| SUMMARIES.iter().any(|summary| finding.text.starts_with(summary));
    if findings.is_empty() && general.iter().all(summary) {
        return general;
    }
    general.retain(|finding| !summary(finding));
    findings.extend(general);
    findings
}

const DUPLICATE: &str = "Error 215";
const HEADING: &str = "Error 299";
const SUMMARIES: [&str; 2] = ["Error 200", "Error 110"];

fn is_error(line: &str) -> bool {
    line.starts_with("Error ")
}

/// The number of an offending line, from 1: the first in the section the message names that comes
/// after the last finding, or else the first. Of two equal lines the second is the duplicate.
fn locate(text: &str, message: &str, excerpt: &str, after: usize) -> Option<usize> {
    let named = message.strip_suffix(" section:").and_then(|head| head.rsplit(' ').next());
    let wanted = named.map(section_key);
    let mut section = None;
    let mut same = Vec::new();
    for (index, line) in text.lines().map(str::trim).enumerate() {
        if line.starts_with('[') {
            section = Some(section_key(line));
        }
        if line == excerpt && (wanted.is_none() || section == wanted) {
            same.push(index + 1);
        }
    }
    if message.starts_with(DUPLICATE) && same.len() > 1 {
        return same.get(1).copied();
    }
    same.iter().find(|&&line| line > after).or(same.first()).copied()
}

/// EPANET tells its sections apart by their first letters.
fn section_key(section: &str) -> String {
    section.chars().take(5).collect::<String>().to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "[JUNCTIONS]\n a 1\n b 2\n[PIPES]\n p a b 1\n p a b 1\n q a zz 1\n[NONSENSE]\n";

    #[test]
    fn errors_are_found_with_their_lines() {
        let report = "
  Page 1

  Error 215: duplicate ID label p in [PIPES] section:
   p a b 1

  Error 203: undefined node zz in [PIPES] section:
   q a zz 1

  Error 299: invalid section keyword [NONSENSE]: section contents ignored.
  [NONSENSE]

  Error 200: one or more errors in input file";
        let findings = parse(report, TEXT);
        let lines: Vec<_> = findings.iter().map(|finding| finding.line).collect();
        assert_eq!(lines, [Some(6), Some(7), Some(8)]);
        assert_eq!(findings[1].excerpt, "q a zz 1");
        assert!(findings[1].text.contains("undefined node zz in [PIPES]"));
        assert!(findings[2].text.contains("[NONSENSE]"));
    }

    #[test]
    fn a_summary_alone_is_kept() {
        let findings = parse("Error 200: one or more errors in input file", TEXT);
        assert_eq!(findings.len(), 1);
    }
}
