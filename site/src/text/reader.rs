//! From text to a tree, with limits.

use super::finding::{Findings, Place};
use super::tree::Node;

/// The largest file that is read. A site of 1,000 devices needs a tenth of it.
pub const FILE_BYTES_MAX: usize = 1 << 20;

/// Parses a YAML document. A document that is not YAML gives one finding, at the place where the
/// parser gave up: what follows cannot be understood.
#[must_use]
pub fn parse(text: &str, findings: &Findings) -> Option<Node> {
    if text.len() > FILE_BYTES_MAX {
        let message =
            format!("the file has {} bytes, at most {FILE_BYTES_MAX} are read", text.len());
        findings.add("file-too-large", Place { line: 1, column: 1 }, message, "split the site");
        return None;
    }
    // Words such as `on`, `off` and `no` stay words: a safe state is called `on`.
    let options = serde_yaml::options! { strict_booleans: true };
    match serde_yaml::from_str_with_options::<Node>(text, options) {
        Ok(node) => Some(node),
        Err(error) => {
            let place = error.location().map_or(Place { line: 1, column: 1 }, |location| Place {
                line: location.line(),
                column: location.column(),
            });
            let whole = error.to_string();
            let first = plain(whole.lines().next().unwrap_or("not YAML"));
            findings.add(
                "yaml",
                place,
                first,
                "correct the YAML at this place; nothing after it was read",
            );
            None
        }
    }
}

/// The parser's first line without its own place (a finding has one) and without advice to
/// programmers.
fn plain(line: &str) -> String {
    let line = line.strip_prefix("error: ").unwrap_or(line);
    let line = match line.split_once(": ") {
        Some((place, rest)) if place.starts_with("line ") && place.contains("column") => rest,
        _ => line,
    };
    let advice = [", set ", "; set ", ", use ", "; use "];
    let end = advice.iter().filter_map(|word| line.find(word)).min().unwrap_or(line.len());
    line[..end].trim_end().to_owned()
}
