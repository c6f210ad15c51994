//! Links in a site file: their addresses, pauses and certificates, and what is refused.

use site::Site;
use site::model::Endpoint;
use std::path::Path;
use std::time::Duration;

/// The shipped site with a section of links and with other words for one of its devices.
fn site(links: &str, device: &str) -> Result<Site, Vec<(String, String)>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/sites/val-clair/site.yaml");
    let text = std::fs::read_to_string(&path).expect("the example is there");
    let at = text.find("  level2:").expect("the device is there");
    let end = at + text[at..].find('\n').expect("the line ends");
    let text = format!("{}  level2: {device}{}\n{links}", &text[..at], &text[end..]);
    let found = |finding: &site::text::Finding| (finding.code.to_owned(), finding.message.clone());
    site::file::read(&text, &path)
        .map(|resolved| resolved.site)
        .map_err(|findings| findings.iter().map(found).collect())
}

fn refused(links: &str, device: &str) -> (String, String) {
    let findings = site(links, device).expect_err("it is wrong");
    findings.first().cloned().expect("it says why")
}

#[test]
fn a_device_names_a_link_or_writes_its_address() {
    let links = "links:\n  well: {connect: \"serial:///dev/ttyUSB0?baud=9600&parity=none\", \
                 request_pause: 25 ms, connect_pause: 1 s}\n";
    for device in [
        "{profile: level-transmitter, link: well, unit: 7}",
        "{profile: level-transmitter, unit: 7, \
         connect: \"serial:///dev/ttyUSB0?baud=9600&parity=none\"}",
    ] {
        let site = site(links, device).expect("it resolves");
        let level = site.devices.iter().find(|one| one.id.as_str() == "level2").expect("there");
        assert!(matches!(level.endpoint, Endpoint::Serial { .. }), "{}", level.endpoint);
        assert_eq!(level.link.request_pause, Duration::from_millis(25));
        assert_eq!(level.link.connect_pause, Duration::from_secs(1));
    }
}

#[test]
fn a_link_with_tls_has_all_its_files() {
    let links = |files: &str| format!("links:\n  works: {{connect: tls://192.0.2.40{files}}}\n");
    let device = "{profile: level-transmitter, link: works}";
    let whole = links(", authority: ca.pem, certificate: regie.pem, key: regie.key");
    let site = site(&whole, device).expect("it resolves");
    let level = site.devices.iter().find(|one| one.id.as_str() == "level2").expect("there");
    let security = level.link.security.as_ref().expect("certificates");
    assert!(security.key.ends_with("regie.key") && security.server_name.is_none());
    let (code, words) = refused(&links(", authority: ca.pem"), device);
    assert!(code == "missing-key" && words.contains("'certificate' and 'key'"), "{words}");
    let (code, _) = refused("", "{profile: level-transmitter, connect: tls://192.0.2.40}");
    assert_eq!(code, "missing-key");
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let line = "links:\n  well: {connect: \"serial:///dev/ttyUSB0\"}\n";
    for (links, device, code, word) in [
        (line, "{profile: level-transmitter, link: wall}", "unknown-link", "there is: well"),
        (line, "{profile: level-transmitter, link: well, unit: 0}", "out-of-range", "1 to 247"),
        (line, "{profile: level-transmitter, link: well, unit: 248}", "out-of-range", "1 to 247"),
        (
            line,
            "{profile: level-transmitter, link: well, connect: \"tcp://192.0.2.1\"}",
            "wrong-address",
            "both 'connect' and 'link'",
        ),
        (
            "",
            "{profile: level-transmitter, unit: 9, connect: \"rtu+tcp://127.0.0.1:15111\"}",
            "link-conflict",
            "two ways to speak",
        ),
        (
            "links:\n  a: {connect: \"tcp://192.0.2.1\", key: a.key}\n",
            "{profile: level-transmitter, link: a}",
            "wrong-address",
            "certificates go with a tls:// address",
        ),
    ] {
        let (found, words) = refused(links, device);
        assert!(found == code && words.contains(word), "{device}: {found}: {words}");
    }
}
