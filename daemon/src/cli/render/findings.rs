//! What `regie check` says.

use site::text::Finding;

/// All findings, and how many there are. Empty when there are none.
#[must_use]
pub fn findings(findings: &[Finding]) -> String {
    let count = match findings.len() {
        0 => return String::new(),
        1 => "1 finding".to_owned(),
        count => format!("{count} findings"),
    };
    let mut text: String = findings.iter().map(|finding| format!("{finding}\n")).collect();
    text.push_str(&format!("{count}; the site cannot be run as it is\n"));
    text
}
