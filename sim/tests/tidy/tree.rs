//! The files of the project, read once.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::source::Code;

/// Folders that hold what was built or recorded, not what was written.
const NOT_OURS: [&str; 3] = [".git", "target", "demo-state"];

/// A file of text and its path relative to the root, with `/` between folders.
#[derive(Clone, Debug)]
pub(crate) struct TextFile {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A Rust file, with the words of its code told from comments and strings.
#[derive(Clone, Debug)]
pub(crate) struct RustFile {
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) code: Code,
}

impl RustFile {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), code: Code::of(text) }
    }

    /// Whether the file lies in a folder of integration tests or benchmarks.
    pub(crate) fn is_in_tests_folder(&self) -> bool {
        self.path.split('/').any(|folder| folder == "tests" || folder == "benches")
    }

    /// Whether the whole file is test code: the above, or a module `tests.rs`.
    pub(crate) fn is_test(&self) -> bool {
        self.is_in_tests_folder() || self.path.ends_with("/tests.rs")
    }
}

/// Everything under the root of the project, in the order of paths.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    files: Vec<TextFile>,
    rust_files: Vec<RustFile>,
    /// Files and folders, also those that are not text.
    paths: BTreeSet<String>,
}

impl Tree {
    /// Reads the tree that this test belongs to.
    pub(crate) fn load() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("sim/ is in the root");
        let mut tree = Self::default();
        tree.read_folder(root, "");
        tree
    }

    /// A tree that exists in a test only.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            tree.add(path, (*text).to_owned());
        }
        tree
    }

    pub(crate) fn files(&self) -> &[TextFile] {
        &self.files
    }

    pub(crate) fn rust_files(&self) -> impl Iterator<Item = &RustFile> {
        self.rust_files.iter()
    }

    /// The text of one file; empty where there is none, so that the rule about it fails.
    pub(crate) fn text(&self, path: &str) -> &str {
        self.files.iter().find(|file| file.path == path).map_or("", |file| &file.text)
    }

    /// Whether a file or folder is there.
    pub(crate) fn has(&self, path: &str) -> bool {
        path.is_empty() || self.paths.contains(path)
    }

    fn add(&mut self, path: &str, text: String) {
        let mut end = Some(path.len());
        while let Some(at) = end {
            self.paths.insert(path[..at].to_owned());
            end = path[..at].rfind('/');
        }
        if path.ends_with(".rs") {
            self.rust_files.push(RustFile::new(path, &text));
        }
        self.files.push(TextFile { path: path.to_owned(), text });
    }

    fn read_folder(&mut self, folder: &Path, prefix: &str) {
        let entries = fs::read_dir(folder).expect("a folder of the tree can be listed");
        let mut entries: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        entries.sort();
        for entry in entries {
            let name = entry.file_name().expect("an entry has a name").to_string_lossy();
            let path = format!("{prefix}{name}");
            if entry.is_dir() {
                // Cargo marks its target folder with this file, wherever it was put.
                let is_cache = entry.join("CACHEDIR.TAG").exists();
                if !is_cache && !NOT_OURS.contains(&name.as_ref()) {
                    self.read_folder(&entry, &format!("{path}/"));
                    self.paths.insert(path);
                }
            } else if let Ok(text) = fs::read_to_string(&entry) {
                self.add(&path, text);
            } else {
                // Not text: rules about words have nothing to say, links may still lead here.
                self.paths.insert(path);
            }
        }
    }
}

#[test]
fn a_tree_knows_its_folders() {
    let tree = Tree::of(&[("docs/decisions/0001.md", "")]);
    assert!(tree.has("docs/decisions/0001.md") && tree.has("docs/decisions") && tree.has("docs"));
    assert!(!tree.has("decisions") && !tree.has("docs/dec"));
}

#[test]
fn test_files_are_told_by_their_folder_or_name() {
    let file = |path| RustFile::new(path, "");
    assert!(file("sim/tests/tidy/main.rs").is_in_tests_folder());
    assert!(file("site/src/plan/tests.rs").is_test());
    assert!(!file("site/src/plan/tests.rs").is_in_tests_folder());
    assert!(!file("site/src/contests.rs").is_test());
}
