//! Relative links in Markdown lead to something that exists.

use crate::finding::{Finding, Section};
use crate::tree::{TextFile, Tree};

/// Checks every Markdown file of the tree.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let pages = tree.files().iter().filter(|file| file.path.ends_with(".md"));
    pages.flat_map(|page| check_page(page, &|path| tree.has(path))).collect()
}

fn check_page(page: &TextFile, exists: &dyn Fn(&str) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, target) in links(&page.text) {
        let path = target.split(['#', '?']).next().unwrap_or_default();
        if path.is_empty() || is_elsewhere(path) {
            continue;
        }
        let leads_to = resolve(&page.path, path);
        if !leads_to.as_deref().is_some_and(exists) {
            findings.push(Finding {
                path: page.path.clone(),
                line,
                section: Section::Shape,
                what: format!("the link to '{target}' leads nowhere"),
                remedy: "write it relative to this page, or write the page it leads to",
            });
        }
    }
    findings
}

/// Whether a target has a scheme (`https:`, `mailto:`).
fn is_elsewhere(target: &str) -> bool {
    let scheme = target.split(':').next().unwrap_or_default();
    scheme.len() < target.len() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+')
}

/// Link targets with their lines, outside of code: `[text](target)` and `[name]: target`.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut in_fence = false;
    for (index, line) in text.lines().enumerate() {
        let start = line.trim_start();
        if start.starts_with("```") || start.starts_with("~~~") {
            in_fence = !in_fence;
            continue;
        }
        if in_fence {
            continue;
        }
        // Every second part between backticks is code.
        let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
        let inline = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let reference = prose
            .strip_prefix('[')
            .and_then(|rest| rest.split_once("]: "))
            .map(|(_, target)| target);
        let targets = inline.chain(reference).filter_map(|target| {
            // A title may follow: [text](target "title").
            target.split_whitespace().next().map(|it| it.trim_matches(['<', '>']).to_owned())
        });
        found.extend(targets.map(|target| (index + 1, target)));
    }
    found
}

/// The path from the root; `None` where the target leaves the tree or starts at a machine's root.
fn resolve(page: &str, target: &str) -> Option<String> {
    if target.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(path: &str, text: &str) -> Vec<(usize, String)> {
        let tree = Tree::of(&[
            (path, text),
            ("docs/architecture.md", ""),
            ("docs/decisions/0001-why.md", ""),
            ("LICENSE", ""),
        ]);
        check(&tree).into_iter().map(|finding| (finding.line, finding.what)).collect()
    }

    #[test]
    fn links_that_lead_somewhere_are_quiet() {
        let text = "[a](architecture.md#3-time) ![b](../LICENSE \"title\") [c](decisions/)\n\
            [d](https://example.org/x) [e](#here) [f](mailto:a@example.org)\n[g]: <../LICENSE>\n\
            [d](./decisions/0001-why.md) `[h](nowhere.md)`\n```\n[i](nowhere.md)\n```\n";
        assert_eq!(broken("docs/guide.md", text), []);
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        let text = "[a](../architecture.md)\n`x` [b](LICENSE) and [c](architecture.md)\n\
            [d](/docs/architecture.md)\n[e](../../LICENSE)\n\n[f]: gone.md\n";
        let lines: Vec<usize> = broken("docs/guide.md", text).iter().map(|it| it.0).collect();
        assert_eq!(lines, [1, 2, 3, 4, 6]);
    }

    #[test]
    fn pages_at_the_root_are_read_too() {
        assert_eq!(broken("README.md", "[map](docs/architecture.md) [x](docs/x.md)").len(), 1);
    }
}
