//! The shipped site is read without a finding.

use std::path::Path;

fn example(name: &str) -> (std::path::PathBuf, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/sites").join(name);
    let text = std::fs::read_to_string(&path).expect("the example is there");
    (path, text)
}

#[test]
fn the_shipped_site_resolves() {
    let (path, text) = example("val-clair/site.yaml");
    let resolved = site::file::read(&text, &path).unwrap_or_else(|findings| {
        panic!("{}", findings.iter().map(|f| format!("{f}\n")).collect::<String>())
    });
    assert_eq!(resolved.site.pumps.len(), 3);
    assert_eq!(resolved.site.pumps[2].draws_from.as_ref().map(|id| id.as_str()), Some("T1"));
    assert_eq!(resolved.site.tariff.classes.len(), 4);
}
