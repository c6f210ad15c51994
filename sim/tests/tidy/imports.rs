//! Who may import whom, read from the manifests: the compiler refuses what a manifest does not
//! name, so the manifests are enough.

use std::collections::BTreeMap;

use crate::finding::{Finding, Section};
use crate::tree::Tree;

/// Each crate of ours, and which others of ours it may import, in its tests too.
const MAY_IMPORT: [(&str, &[&str]); 7] = [
    ("site", &[]),
    ("hydraulics", &["site"]),
    ("drivers", &["site"]),
    ("drivers-fuzz", &["site", "drivers"]),
    ("policies", &["site", "hydraulics"]),
    ("regie", &["site", "hydraulics", "drivers", "policies"]),
    ("regie-sim", &["site", "hydraulics", "drivers", "policies", "regie"]),
];

/// A dependency as a manifest names it.
#[derive(Debug, PartialEq, Eq)]
struct Dependency {
    line: usize,
    key: String,
    /// The package's own name, where the key is another.
    package: Option<String>,
}

/// Checks every manifest of the workspace.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let workspace = dependencies(tree.text("Cargo.toml"));
    let renamed: BTreeMap<String, String> = workspace
        .into_iter()
        .filter_map(|dependency| Some((dependency.key, dependency.package?)))
        .collect();
    let manifests = tree.files().iter().filter(|file| file.path.ends_with("/Cargo.toml"));
    manifests.flat_map(|file| check_manifest(&file.path, &file.text, &renamed)).collect()
}

fn check_manifest(path: &str, text: &str, renamed: &BTreeMap<String, String>) -> Vec<Finding> {
    let finding = |line, what, remedy| Finding {
        path: path.to_owned(),
        line,
        section: Section::Rooms,
        what,
        remedy,
    };
    let name = package_name(text).unwrap_or_default();
    let Some((_, allowed)) = MAY_IMPORT.iter().find(|(crate_name, _)| *crate_name == name) else {
        let what = format!("the crate '{name}' has no room in the import rules");
        return vec![finding(1, what, "say in sim/tests/tidy/imports.rs what it may import")];
    };
    let is_ours = |package: &str| MAY_IMPORT.iter().any(|(ours, _)| *ours == package);
    let mut findings = Vec::new();
    for dependency in dependencies(text) {
        let renamed = renamed.get(&dependency.key).cloned();
        let package = dependency.package.or(renamed).unwrap_or(dependency.key);
        if is_ours(&package) && !allowed.contains(&package.as_str()) {
            let what = format!("'{name}' may not import '{package}'");
            findings.push(finding(dependency.line, what, "move what it needs to a lower room"));
        }
    }
    findings
}

/// The `name` under `[package]`.
fn package_name(text: &str) -> Option<&str> {
    let package = text.lines().skip_while(|line| line.trim() != "[package]").skip(1);
    let mut own = package.take_while(|line| !line.trim_start().starts_with('['));
    own.find_map(|line| value(line.trim(), "name"))
}

/// The string after `key =`, for a line that starts with it.
fn value<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(key)?.trim_start().strip_prefix('=')?;
    rest.trim_start().strip_prefix('"')?.split('"').next()
}

/// Entries of all tables of dependencies: for tests, builds, single targets, the workspace.
fn dependencies(text: &str) -> Vec<Dependency> {
    let mut found: Vec<Dependency> = Vec::new();
    let mut table = Table::Other;
    for (index, line) in text.lines().enumerate() {
        let (line, number) = (line.trim(), index + 1);
        if let Some(header) = line.strip_prefix('[') {
            table = Table::of(header.trim_end_matches(']'));
            if let Table::Single(key) = &table {
                found.push(Dependency { line: number, key: key.clone(), package: None });
            }
            continue;
        }
        if line.starts_with('#') || !line.contains('=') {
            continue;
        }
        match table {
            Table::Many => found.push(entry(line, number)),
            Table::Single(_) => {
                if let (Some(package), Some(last)) = (value(line, "package"), found.last_mut()) {
                    last.package = Some(package.to_owned());
                }
            }
            Table::Other => {}
        }
    }
    found
}

/// What a table of a manifest holds.
enum Table {
    /// `[dependencies]` and the like: a dependency on each line.
    Many,
    /// `[dependencies.name]`: the parts of one.
    Single(String),
    Other,
}

impl Table {
    fn of(header: &str) -> Self {
        match header.rsplit_once("dependencies") {
            Some((_, "")) => Self::Many,
            Some((_, name)) => name
                .strip_prefix('.')
                .map_or(Self::Other, |name| Self::Single(name.trim_matches('"').to_owned())),
            None => Self::Other,
        }
    }
}

/// `name = "1"`, `name.workspace = true`, `name = { package = "other", … }`.
fn entry(line: &str, number: usize) -> Dependency {
    let key = line.split([' ', '.', '=']).next().unwrap_or_default().trim_matches('"');
    let package = line.split(['{', ',']).find_map(|part| value(part.trim(), "package"));
    Dependency { line: number, key: key.to_owned(), package: package.map(str::to_owned) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(manifest: &str) -> Vec<String> {
        let root = "[workspace.dependencies]\nsite = { path = \"site\" }\n\
            twin = { package = \"regie-sim\", path = \"sim\" }\n";
        let tree = Tree::of(&[("Cargo.toml", root), ("x/Cargo.toml", manifest)]);
        check(&tree).iter().map(|finding| format!("{}: {}", finding.line, finding.what)).collect()
    }

    fn manifest(name: &str, rest: &str) -> String {
        format!("[package]\nname = \"{name}\"\n{rest}")
    }

    #[test]
    fn what_the_rooms_allow_is_quiet() {
        let rest =
            "[dependencies]\nsite.workspace = true\nhydraulics.workspace = true\nserde = \"1\"\n";
        assert!(findings(&manifest("policies", rest)).is_empty());
        assert!(findings(&manifest("site", "[dependencies]\nserde.workspace = true\n")).is_empty());
    }

    #[test]
    fn every_way_to_name_a_forbidden_crate_is_found() {
        let forbidden = [
            ("drivers", "[dependencies]\npolicies.workspace = true\n"),
            ("policies", "[dependencies]\ndrivers = { workspace = true }\n"),
            ("policies", "[dev-dependencies]\ndrivers = { path = \"../drivers\" }\n"),
            ("site", "[dependencies.hydraulics]\nworkspace = true\n"),
            ("regie", "[target.'cfg(unix)'.dependencies]\n\"regie-sim\" = { path = \"../sim\" }\n"),
            ("regie", "[dependencies]\nplant = { path = \"../sim\", package = \"regie-sim\" }\n"),
            ("regie", "[dependencies]\ntwin.workspace = true\n"),
            ("regie", "[dev-dependencies.plant]\npath = \"../sim\"\npackage = \"regie-sim\"\n"),
        ];
        for (name, rest) in forbidden {
            assert_eq!(findings(&manifest(name, rest)).len(), 1, "{name}: {rest}");
        }
    }

    #[test]
    fn a_crate_without_a_room_is_found() {
        let found = findings(&manifest("helpers", "[dependencies]\n"));
        assert_eq!(found, ["1: the crate 'helpers' has no room in the import rules"]);
    }

    #[test]
    fn nobody_may_import_the_simulator() {
        assert!(MAY_IMPORT.iter().all(|(_, allowed)| !allowed.contains(&"regie-sim")));
    }

    #[test]
    fn the_line_is_that_of_the_dependency() {
        let rest = "[dependencies]\n# drivers = \"no\"\nserde = \"1\"\npolicies.workspace = true\n";
        let found = findings(&manifest("drivers", rest));
        assert_eq!(found, ["6: 'drivers' may not import 'policies'"]);
    }
}
