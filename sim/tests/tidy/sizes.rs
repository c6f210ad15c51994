//! Files, functions and lines stay short enough to be read.

use crate::finding::{Finding, Section};
use crate::tree::{RustFile, Tree};

/// No file outside the folders of tests may be longer.
const FILE_LINES_MAX: usize = 600;

/// A longer file must be on the list below, with its length.
const FILE_LINES_WANTED: usize = 400;

/// Files over [`FILE_LINES_WANTED`] lines and the length they may have. It only shrinks: a file
/// that became shorter lowers its number, and no file is added.
pub(crate) const RATCHET: &[(&str, usize)] = &[];

/// Lines from `fn` to the closing brace, both included.
const FUNCTION_LINES_MAX: usize = 70;

/// Characters of a line, without the contents of strings.
const COLUMNS_MAX: usize = 100;

/// Lengths of files, and the list of long ones against the tree.
pub(crate) fn check_files(tree: &Tree, ratchet: &[(&str, usize)]) -> Vec<Finding> {
    let files = tree.rust_files().filter(|file| !file.is_in_tests_folder());
    let mut findings: Vec<Finding> = files.filter_map(|file| check_file(file, ratchet)).collect();
    let gone = ratchet.iter().filter(|(path, _)| !tree.has(path));
    findings.extend(gone.map(|(path, _)| {
        finding(path, 1, "a file of the list of long files is gone".into(), REMEDY_LIST)
    }));
    findings
}

const REMEDY_LIST: &str = "correct RATCHET in sim/tests/tidy/sizes.rs";

fn check_file(file: &RustFile, ratchet: &[(&str, usize)]) -> Option<Finding> {
    let lines = file.text.lines().count();
    let allowed = ratchet.iter().find(|(path, _)| *path == file.path).map(|(_, lines)| *lines);
    let limit = match allowed {
        Some(allowed) => allowed.min(FILE_LINES_MAX),
        // A module of tests may be long, within the hard limit.
        None if file.is_test() => FILE_LINES_MAX,
        None => FILE_LINES_WANTED,
    };
    if lines > limit {
        let what = format!("{lines} lines, more than {limit}");
        return Some(finding(&file.path, limit + 1, what, "divide it into modules of about 200"));
    }
    if allowed.is_some_and(|allowed| lines < allowed) {
        let what = format!("{lines} lines now, fewer than the list of long files says");
        return Some(finding(&file.path, lines, what, REMEDY_LIST));
    }
    None
}

/// Lengths of functions, in tests too.
pub(crate) fn check_functions(file: &RustFile) -> Vec<Finding> {
    let functions = file.code.functions().into_iter();
    let long = functions.filter_map(|(name, first, last)| {
        let lines = last - first + 1;
        (lines > FUNCTION_LINES_MAX).then(|| {
            let what = format!("`{name}` has {lines} lines, more than {FUNCTION_LINES_MAX}");
            finding(&file.path, first, what, "give its parts names of their own")
        })
    });
    long.collect()
}

/// Widths of lines. The contents of strings, and a link alone on a comment's line, do not count.
pub(crate) fn check_columns(file: &RustFile) -> Vec<Finding> {
    let wide = file.text.lines().enumerate().filter_map(|(index, text)| {
        let columns = text.chars().count() - file.code.string_width(index + 1);
        let is_link = text.trim_start_matches(['/', '!', ' ']).starts_with("http");
        (columns > COLUMNS_MAX && !is_link).then(|| {
            let what = format!("{columns} columns, more than {COLUMNS_MAX}");
            finding(&file.path, index + 1, what, "break the line")
        })
    });
    wide.collect()
}

fn finding(path: &str, line: usize, what: String, remedy: &'static str) -> Finding {
    Finding { path: path.to_owned(), line, section: Section::Shape, what, remedy }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(path: &str, lines: usize) -> Tree {
        Tree::of(&[(path, &"x\n".repeat(lines))])
    }

    fn found(path: &str, lines: usize, ratchet: &[(&str, usize)]) -> usize {
        check_files(&tree(path, lines), ratchet).len()
    }

    #[test]
    fn a_long_file_is_found() {
        assert_eq!(found("site/src/a.rs", 400, &[]), 0);
        assert_eq!(found("site/src/a.rs", 401, &[]), 1);
        assert_eq!(found("site/src/a/tests.rs", 600, &[]), 0);
        assert_eq!(found("site/src/a/tests.rs", 601, &[]), 1);
        assert_eq!(found("site/tests/a.rs", 2000, &[]), 0);
    }

    #[test]
    fn the_list_of_long_files_only_shrinks() {
        assert_eq!(found("site/src/a.rs", 500, &[("site/src/a.rs", 500)]), 0);
        assert_eq!(found("site/src/a.rs", 501, &[("site/src/a.rs", 500)]), 1, "it grew");
        assert_eq!(found("site/src/a.rs", 499, &[("site/src/a.rs", 500)]), 1, "lower the number");
        assert_eq!(found("site/src/a.rs", 601, &[("site/src/a.rs", 700)]), 1, "never above 600");
        assert_eq!(found("site/src/a.rs", 10, &[("site/src/b.rs", 500)]), 1, "b.rs is gone");
    }

    #[test]
    fn a_long_function_is_found() {
        let function = |body: usize| format!("\nfn long() {{\n{}}}\n", "    x();\n".repeat(body));
        let found = |body| check_functions(&RustFile::new("site/src/a.rs", &function(body)));
        assert_eq!(found(68), []);
        assert_eq!(found(69).len(), 1);
        assert_eq!(found(69)[0].line, 2);
    }

    #[test]
    fn a_wide_line_is_found_unless_a_string_makes_it_wide() {
        let found = |text: &str| check_columns(&RustFile::new("site/src/a.rs", text)).len();
        assert_eq!(found(&"x".repeat(100)), 0);
        assert_eq!(found(&"é".repeat(100)), 0, "characters, not bytes");
        assert_eq!(found(&"x".repeat(101)), 1);
        assert_eq!(found(&format!("f(\"{}\");", "x".repeat(120))), 0);
        assert_eq!(found(&format!("// {}", "x ".repeat(60))), 1);
        assert_eq!(found(&format!("/// https://example.org/{}", "x".repeat(120))), 0);
    }
}
