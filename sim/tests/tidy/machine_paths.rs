//! No file names a place that exists on one machine only.

use crate::finding::{Finding, Section};
use crate::tree::TextFile;

/// Folders at a machine's root that belong to whoever works there.
const PRIVATE_ROOTS: [&str; 3] = ["home", "root", "work"];

/// Finds absolute paths into somebody's own folders, in any text.
pub(crate) fn check(file: &TextFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        for root in PRIVATE_ROOTS {
            if names_root(line, root) {
                findings.push(Finding {
                    path: file.path.clone(),
                    line: index + 1,
                    section: Section::Shape,
                    what: format!("an absolute path under '{root}' exists on one machine only"),
                    remedy: "write it relative to the tree, or take it as an argument",
                });
            }
        }
    }
    findings
}

fn names_root(line: &str, root: &str) -> bool {
    let needle = format!("/{root}/");
    // After these, the slash goes on with another path: a/root/b, ~/root/b, ${x}/root/b.
    let goes_on = |c: char| c.is_alphanumeric() || "_-.~$}])>*".contains(c);
    line.match_indices(&needle).any(|(at, _)| !line[..at].ends_with(goes_on))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        let file = TextFile { path: "docs/guide.md".to_owned(), text: text.to_owned() };
        check(&file).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn absolute_private_paths_are_found() {
        let text =
            "see @home/me\ncp x @root/.cargo\n`@work/main`\nsite: \"@home/x\"\nfile:/@home/a\n";
        // Written with @ so that this file does not break its own rule.
        assert_eq!(lines(&text.replace('@', "/")), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn other_paths_are_fine() {
        let text = "examples@work/a.yaml\n~@work/x\n$HOME@work/x\n..@root/x\n/etc/regie/home\n";
        assert_eq!(lines(&text.replace('@', "/")), [0_usize; 0]);
    }
}
