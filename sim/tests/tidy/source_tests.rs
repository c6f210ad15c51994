//! The scanner on the corners of Rust's lexical grammar.

use super::*;

fn code(text: &str) -> String {
    Code::of(text).text
}

#[test]
fn comments_strings_and_characters_are_blanked() {
    assert_eq!(code("a // b\nc"), "a     \nc");
    assert_eq!(code("a /* b /* c */ d */ e"), "a                   e");
    assert_eq!(code(r#"f("{ \" }") {"#), r#"f("      ") {"#);
    assert_eq!(code("m('{', '\\'', b'\"', '\\u{7b}')"), "m(' ', '  ', b' ', '      ')");
}

#[test]
fn raw_strings_end_only_at_their_own_hashes() {
    assert_eq!(code(r###"x(r#"a "quoted" {"#, 1)"###), r###"x(r#"            "#, 1)"###);
    assert_eq!(code("br\"\\\" }"), "br\" \" }");
    assert_eq!(code("r#type = for\"{\""), "r#type = for\" \"");
}

#[test]
fn lifetimes_and_labels_are_code() {
    assert_eq!(
        code("fn f<'a>(x: &'a str) { 'outer: loop {} }"),
        "fn f<'a>(x: &'a str) { 'outer: loop {} }"
    );
}

#[test]
fn lines_are_kept_through_strings_and_comments() {
    let text = "let a = \"one\ntwo\nthree\"; /* x\n y */ b\n";
    let code = Code::of(text);
    assert_eq!(code.lines().count(), text.lines().count());
    let widths: Vec<usize> = (1..=4).map(|line| code.string_width(line)).collect();
    assert_eq!(widths, [3, 3, 5, 0]);
}

#[test]
fn functions_are_found_with_their_last_line() {
    let text = "trait T {\n    fn declared(&self) -> [u8; 2];\n}\nconst fn short() {}\n\
        pub(crate) fn long(x: fn(u8) -> u8)\nwhere\n    u8: Copy,\n{\n    if x(1) == 2 {\n    \
        }\n    // }\n}\n";
    let found = Code::of(text).functions();
    assert_eq!(found, [("short".to_owned(), 4, 4), ("long".to_owned(), 5, 12)]);
}

#[test]
fn test_items_are_ranges() {
    let text =
        "a\n#[cfg(test)]\nmod tests {\n    fn f() {}\n}\nb\n#[cfg(test)]\nmod other;\nc {}\n";
    assert_eq!(Code::of(text).test_items(), [(2, 5), (7, 7)]);
}

#[test]
fn inline_modules_are_counted() {
    let text = "mod file;\nmod a {\n    mod b {\n        x\n    }\n}\ny\n";
    assert_eq!(Code::of(text).module_depths(), [0, 1, 2, 2, 2, 1, 0]);
}

#[test]
fn words_stand_alone() {
    assert!(has_words("tokio::time::Instant::now()", "Instant::now"));
    assert!(!has_words("SimulatedInstant::now()", "Instant::now"));
    assert!(!has_words("Instant::now_or_never()", "Instant::now"));
}
