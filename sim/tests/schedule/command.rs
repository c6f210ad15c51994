//! Runs the binary in the root of the tree.

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// The van Zyl network, from the root of the tree.
pub(crate) const VAN_ZYL: &str = "examples/networks/van_zyl.inp";
/// A tariff with cheap nights.
pub(crate) const NIGHT: &str = "22:00-06:00=0.08,else=0.20";
/// A schedule of the van Zyl network that costs 340.72: pmp1, pmp2, pmp6.
pub(crate) const KNOWN: [&str; 3] =
    ["100100001101010001111111", "100100101110110001111111", "000000101011101111111111"];

/// An example network.
pub(crate) fn example(name: &str) -> String {
    format!("examples/networks/{name}")
}

/// The root of the tree.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A run of the binary that has ended.
pub(crate) struct Run {
    words: Vec<String>,
    output: Output,
}

impl Run {
    /// Runs it in the root of the tree.
    pub(crate) fn of(words: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_regie-sim"));
        let output = command.args(words).current_dir(root()).output().expect("it is built");
        Self { words: words.iter().map(ToString::to_string).collect(), output }
    }

    /// Asserts how it ended.
    #[track_caller]
    pub(crate) fn ended_with(&self, code: i32) {
        let (words, text, errors) = (&self.words, self.text(), self.errors());
        assert_eq!(self.output.status.code(), Some(code), "{words:?}\n{text}\n{errors}");
    }

    /// Standard output.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.output.stdout.clone()).expect("text")
    }

    /// Standard error.
    pub(crate) fn errors(&self) -> String {
        String::from_utf8(self.output.stderr.clone()).expect("text")
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text())
            .unwrap_or_else(|error| panic!("{:?}: {error}: {}", self.words, self.errors()))
    }
}

/// A file in a folder of its own, gone when dropped.
pub(crate) struct File {
    _folder: TempDir,
    path: String,
}

impl File {
    /// Writes a file.
    pub(crate) fn of(name: &str, text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        let path = path.to_str().expect("text").to_owned();
        Self { _folder: folder, path }
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }
}

/// A schedule file for the van Zyl network; pumps as digits.
pub(crate) fn schedule_file(step_seconds: u32, pumps: [&str; 3]) -> File {
    let digits = |pump: &str| -> Vec<u32> { pump.chars().filter_map(|c| c.to_digit(10)).collect() };
    let [pmp1, pmp2, pmp6] = pumps.map(digits);
    let schedule = json!({"pmp1": pmp1, "pmp2": pmp2, "pmp6": pmp6});
    let text = json!({"step_seconds": step_seconds, "schedule": schedule}).to_string();
    File::of("schedule.json", &text)
}
