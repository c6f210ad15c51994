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

#[test]
fn a_transmitters_tolerance_has_a_default_and_a_limit() {
    let (path, text) = example("val-clair/site.yaml");
    let read = |line: &str| {
        let text = text.replacen("    overflow: 97 %\n", &format!("    overflow: 97 %\n{line}"), 1);
        site::file::read(&text, &path).map(|resolved| resolved.site.tanks[0].level_tolerance.get())
    };
    assert!((read("").expect("it resolves") - 0.1).abs() < 1e-12);
    assert!((read("    level_tolerance: 3 cm\n").expect("it resolves") - 0.03).abs() < 1e-12);
    let findings = read("    level_tolerance: 1 m\n").expect_err("the band is 3.75 m");
    let words = "'level_tolerance' must lie in 0 to 0.94 m, a quarter of the band";
    assert!(findings[0].to_string().contains(words), "{}", findings[0]);
    // A low tank's band is not eaten up by a tolerance that nobody asked for.
    let small = text.replacen("height: 5 m", "height: 1 m", 1);
    let small = site::file::read(&small, &path).expect("the network is not looked at here").site;
    assert!((small.tanks[0].level_tolerance.get() - 0.0375).abs() < 1e-12);
}

#[test]
fn an_outside_forecast_has_its_file_beside_the_site_file() {
    let (path, text) = example("val-clair/site.yaml");
    let read = |forecast: &str| {
        site::file::read(&format!("{text}\n{forecast}\n"), &path).map(|read| read.site.outside)
    };
    let hours = |hours: u64| std::time::Duration::from_secs(hours * 3600);
    assert_eq!(read("").expect("it resolves"), None);
    let plain = read("forecast: {file: pv.csv}").expect("it resolves").expect("it is named");
    assert_eq!(plain.file, path.with_file_name("pv.csv"));
    assert_eq!((plain.max_age, plain.blend), (hours(36), hours(3)));
    let given = read("forecast: {file: /var/pv.csv, max_age: 12 h, blend: 0 s}");
    let given = given.expect("it resolves").expect("it is named");
    assert_eq!(given.file, Path::new("/var/pv.csv"));
    assert_eq!((given.max_age, given.blend), (hours(12), hours(0)));
    for (wrong, words) in [
        ("forecast: {max_age: 12 h}", "'file'"),
        ("forecast: {file: pv.csv, max_age: 8 d}", "max_age"),
        ("forecast: {file: pv.csv, max_age: 200 h}", "max_age"),
        ("forecast: {file: pv.csv, blends: 1 h}", "did you mean 'blend'"),
    ] {
        let findings = read(wrong).expect_err(wrong);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].to_string().contains(words), "{}", findings[0]);
    }
}
