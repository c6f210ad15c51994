//! The demonstration as `make demo` gives it without a terminal: the program itself and real
//! sockets. It runs ten times as fast as real time and not sixty, with short cycles: on a machine
//! that is busy with other tests, a second in which nothing is scheduled must not be a minute of
//! the commune, in which dead-men rightly let go.

#[path = "common/copy.rs"]
mod copy;

use copy::Copy;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Two seconds for a cycle.
const PACE: &str = "{cycle: 20 s, poll: 10 s, horizon: 24 h, switching: 15 min, observe_cycles: 3}";
const SPEED: &str = "10";

/// A demonstration that does not outlive its test.
struct Demo(Child);

impl Demo {
    fn start(copy: &Copy, words: &[&str]) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_regie-sim"))
            .args(["demo", "--plain", "--speed", SPEED, "--site"])
            .arg(copy.site())
            .arg("--state")
            .arg(copy.folder().join("state"))
            .args(words)
            .env_remove("RUST_LOG")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("regie-sim runs");
        Self(child)
    }

    /// Waits for the end; its exit code, standard output from here on, and standard error.
    fn end(&mut self) -> (Option<i32>, String, String) {
        let read = |pipe: &mut dyn Read| {
            let mut text = String::new();
            pipe.read_to_string(&mut text).expect("UTF-8");
            text
        };
        let output = self.0.stdout.as_mut().map_or(String::new(), |pipe| read(pipe));
        let errors = self.0.stderr.as_mut().map_or(String::new(), |pipe| read(pipe));
        (self.0.wait().expect("it is ours").code(), output, errors)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The number before some words of a text.
fn number_before(text: &str, words: &str) -> u64 {
    let at = text.find(words).unwrap_or_else(|| panic!("no '{words}' in\n{text}"));
    let number = text[..at].split_whitespace().next_back().expect("a number");
    number.parse().unwrap_or_else(|_| panic!("'{number}' before '{words}' in\n{text}"))
}

/// What must be in every summary: nothing failed, all was read back, no interlock had to hold.
fn assert_good(output: &str) {
    let sent = number_before(output, " sent,");
    assert!(sent > 0, "{output}");
    let confirmed = number_before(output, " confirmed by read-back");
    let overtaken = number_before(output, " overtaken by the next");
    assert!(confirmed > 0, "{output}");
    assert_eq!(confirmed + overtaken, sent, "{output}");
    for words in [" failed,", " mismatches,", " pending"] {
        assert_eq!(number_before(output, words), 0, "{words}\n{output}");
    }
    assert!(output.contains("interlocks held against us: 0\n"), "{output}");
}

#[test]
fn eight_cycles_end_with_every_command_confirmed() {
    let copy = Copy::new(PACE, "10 min");
    let mut demo = Demo::start(&copy, &["--cycles", "8"]);
    let (code, output, errors) = demo.end();
    assert_eq!(code, Some(0), "{output}\n{errors}");
    assert_good(&output);
    assert!(output.contains("\n8 cycles, 0."), "{output}");
    assert!(output.contains(" simulated hours at 10 times real time\n"), "{output}");
    let cycles = output.lines().filter(|line| line.contains(" pumps ")).count();
    assert_eq!(cycles, 8, "a line for each cycle\n{output}");
    assert!(output.contains("rung release: 3 cycles\n"), "it observes first\n{output}");
    assert!(output.contains("rung optimal: 5 cycles\n"), "{output}");
    let history = output.lines().find_map(|line| line.strip_prefix("history: "));
    assert!(Path::new(history.expect("it says where")).is_file(), "{output}");
}

#[test]
fn an_interrupt_ends_it_with_a_summary() {
    let copy = Copy::new(PACE, "10 min");
    let mut demo = Demo::start(&copy, &[]);
    let stdout = demo.0.stdout.take().expect("it was asked for");
    let mut lines = BufReader::new(stdout).lines().map(|line| line.expect("UTF-8"));
    let seen: Vec<String> = lines.by_ref().take_while(|line| !line.contains(" optimal ")).collect();
    assert!(seen.iter().any(|line| line.contains("metrics: http://127.0.0.1:")), "{seen:?}");
    let id = demo.0.id().to_string();
    let clock = stopwatch();
    let told = Command::new("sh").args(["-c", "kill -INT \"$0\"", &id]).status();
    assert!(told.expect("a shell").success());
    let summary: Vec<String> = lines.collect();
    let (code, _, errors) = demo.end();
    let summary = summary.join("\n") + "\n";
    assert!(clock() < Duration::from_secs(15), "it took {:?} to end\n{summary}", clock());
    assert_eq!(code, Some(0), "{summary}\n{errors}");
    assert_good(&summary);
}

#[expect(clippy::disallowed_methods, reason = "another process lives in real time")]
fn stopwatch() -> impl Fn() -> Duration {
    let began = std::time::Instant::now();
    move || began.elapsed()
}
