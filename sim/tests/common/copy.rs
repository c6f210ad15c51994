//! A copy of the shipped site on addresses of its own, so that tests with real sockets can run
//! beside each other and beside a demonstration.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

/// A temporary folder with the copy; it is gone when this is dropped.
pub(crate) struct Copy {
    folder: tempfile::TempDir,
}

impl Copy {
    /// The shipped site with free ports in the place of its own, `pace` in the place of its pace,
    /// `min_stop` in the place of its pumps' own, and its other files where they are.
    pub(crate) fn new(pace: &str, min_stop: &str) -> Self {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
        let examples = examples.canonicalize().expect("the examples are there");
        let shipped = examples.join("sites/val-clair/site.yaml");
        let text = std::fs::read_to_string(shipped).expect("it is in the tree");
        let text = text.replace("../..", &examples.display().to_string());
        assert!(text.contains("min_stop: 10 min"), "it sets it");
        let min_stop = format!("min_stop: {min_stop}\n    nameplate: a pump that need not rest");
        let text = text.replace("min_stop: 10 min", &min_stop);
        let begin = text.find("\npace:\n").expect("the shipped site sets its pace");
        let end = begin + text[begin..].find("\n\n").expect("a section ends with an empty line");
        let text = format!("{}\npace: {pace}{}", &text[..begin], &text[end..]);
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("site.yaml"), on_free_ports(text)).expect("it is ours");
        Self { folder }
    }

    pub(crate) fn site(&self) -> PathBuf {
        self.folder.path().join("site.yaml")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Puts a free port in the place of each port of 127.0.0.1. All are held until all are chosen.
fn on_free_ports(mut text: String) -> String {
    const HOST: &str = "127.0.0.1:";
    let mut ports: Vec<String> = Vec::new();
    for (at, _) in text.match_indices(HOST) {
        let rest = &text[at + HOST.len()..];
        ports.push(rest.chars().take_while(char::is_ascii_digit).collect());
    }
    ports.sort();
    ports.dedup();
    let free: Vec<TcpListener> = ports
        .iter()
        .map(|_| {
            TcpListener::bind((HOST.trim_end_matches(':'), 0)).expect("loopback has free ports")
        })
        .collect();
    for (port, free) in ports.iter().zip(&free) {
        // A mark in between: a free port may be one of those that are still to be replaced.
        let address = free.local_addr().expect("it is bound");
        text = text.replace(&format!("{HOST}{port}"), &format!("127.0.0.1#{}", address.port()));
    }
    text.replace("127.0.0.1#", HOST)
}
