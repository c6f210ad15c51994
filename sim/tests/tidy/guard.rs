//! The envelope shares no code with the planner it checks, and nothing goes around it.

use crate::finding::{Finding, Section};
use crate::source::{has_words, is_word};
use crate::tree::RustFile;

/// Libraries and crates of ours that plan, or that touch the field.
const NOT_FOR_THE_GUARD: [&str; 7] =
    ["hydraulics", "good_lp", "highs", "microlp", "solar_positioning", "drivers", "regie"];

/// The constructor that turns a proposal into something that may be written.
const CONSTRUCTOR: &str = "by_guard";

/// The path below `policies/src/guard`, for files that belong to the guard.
fn guard_path(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("policies/src/guard")?;
    (inside == ".rs" || inside.starts_with('/')).then_some(inside)
}

/// How many modules lie between the guard and a file's own code: 0 for `guard/mod.rs`.
fn file_depth(inside: &str) -> usize {
    let modules = inside.trim_end_matches(".rs").trim_end_matches("/mod");
    modules.matches('/').count()
}

/// Code of the guard names nothing of the rest of `policies`, no planner's library, no driver.
pub(crate) fn check_imports(file: &RustFile) -> Vec<Finding> {
    let Some(inside) = guard_path(&file.path) else { return Vec::new() };
    let depths = file.code.module_depths();
    let mut findings = Vec::new();
    for ((line, code), inline) in file.code.lines().zip(depths) {
        let foreign = NOT_FOR_THE_GUARD.into_iter().filter(|name| has_words(code, name));
        let mut named: Vec<String> = foreign.map(str::to_owned).collect();
        named.extend(paths_out_of_guard(code));
        if longest_super_chain(code) > file_depth(inside) + inline {
            named.push("super".to_owned());
        }
        findings.extend(named.into_iter().map(|name| Finding {
            path: file.path.clone(),
            line,
            section: Section::Rooms,
            what: format!("the guard names `{name}`, which lies outside it"),
            remedy: "the guard imports `site` alone: move what both need there, or write it again",
        }));
    }
    findings
}

/// `crate::` paths that do not go on with `guard`.
fn paths_out_of_guard(code: &str) -> Vec<String> {
    let starts = code.match_indices("crate::").filter(|(at, _)| !code[..*at].ends_with(is_word));
    let nexts = starts.map(|(at, start)| {
        code[at + start.len()..].chars().take_while(|c| is_word(*c)).collect::<String>()
    });
    nexts.filter(|next| next != "guard").map(|next| format!("crate::{next}")).collect()
}

fn longest_super_chain(code: &str) -> usize {
    let chain = |count: usize| has_words(code, &vec!["super"; count].join("::"));
    (1..=8).take_while(|count| chain(*count)).last().unwrap_or(0)
}

/// Only the guard (and tests) may call the constructor of guarded commands.
pub(crate) fn check_constructor(file: &RustFile) -> Vec<Finding> {
    if guard_path(&file.path).is_some() || file.is_test() {
        return Vec::new();
    }
    let tests = file.code.test_items();
    let is_test_line = |line| tests.iter().any(|(first, last)| (*first..=*last).contains(&line));
    let is_call =
        |code: &str| has_words(code, CONSTRUCTOR) && !code.contains(&format!("fn {CONSTRUCTOR}("));
    let calls = file.code.lines().filter(|(line, code)| is_call(code) && !is_test_line(*line));
    calls
        .map(|(line, _)| Finding {
            path: file.path.clone(),
            line,
            section: Section::Cycle,
            what: format!("`{CONSTRUCTOR}` is called outside policies/src/guard"),
            remedy: "hand the proposal to the guard and take what it returns",
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str, text: &str) -> Vec<usize> {
        check_imports(&RustFile::new(path, text)).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn the_guard_may_name_itself_and_site() {
        let text = "use site::Snapshot;\nuse crate::guard::ramp::limit;\nuse super::Verdict;\n\
            // as hydraulics and crate::plan do\n";
        assert_eq!(names("policies/src/guard/range.rs", text), [0_usize; 0]);
    }

    #[test]
    fn the_planner_and_its_libraries_are_found() {
        let text = "use good_lp::variable;\nuse hydraulics::Network;\nuse crate::optimise::Plan;\n\
            use crate::{guard, rules};\npub(crate) fn f() {}\n";
        assert_eq!(names("policies/src/guard/range.rs", text), [1, 2, 3, 4]);
        assert_eq!(names("policies/src/guard.rs", text), [1, 2, 3, 4]);
        assert_eq!(names("policies/src/guardian.rs", text), [0_usize; 0]);
    }

    #[test]
    fn super_may_not_lead_out() {
        assert_eq!(names("policies/src/guard/mod.rs", "use super::rules;\n"), [1]);
        assert_eq!(names("policies/src/guard.rs", "use super::rules;\n"), [1]);
        assert_eq!(names("policies/src/guard/range.rs", "use super::super::rules;\n"), [1]);
        let nested = "mod tests {\n    use super::*;\n    use super::super::rules;\n}\n";
        assert_eq!(names("policies/src/guard/mod.rs", nested), [3]);
        assert_eq!(names("policies/src/guard/a/b.rs", "use super::super::c;\n"), [0_usize; 0]);
    }

    #[test]
    fn the_constructor_is_called_by_the_guard_and_tests_only() {
        let text =
            "let c = Guarded::by_guard(x);\n#[cfg(test)]\nmod tests {\n    by_guard(y);\n}\n";
        let lines = |path| {
            let found = check_constructor(&RustFile::new(path, text));
            found.iter().map(|finding| finding.line).collect::<Vec<_>>()
        };
        assert_eq!(lines("daemon/src/cycle.rs"), [1]);
        assert_eq!(lines("policies/src/guard/mod.rs"), [0_usize; 0]);
        assert_eq!(lines("drivers/tests/write.rs"), [0_usize; 0]);
        let definition = RustFile::new("site/src/command.rs", "pub fn by_guard(passed: T) {}");
        assert_eq!(check_constructor(&definition), []);
    }
}
