//! Other programs: started, waited for, and ended however a test ends.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long a program may take until it serves. Machines that do much else are slow.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often we look.
const LOOK: Duration = Duration::from_millis(20);

/// A program that does not outlive the test.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a program without a say.
pub(crate) fn start(command: &mut Command) -> Running {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let program = quiet.get_program().to_string_lossy().into_owned();
    Running(quiet.spawn().unwrap_or_else(|error| panic!("{}", missing(&program, &error))))
}

/// What to do about a program that cannot be started.
pub(crate) fn missing(program: &str, error: &std::io::Error) -> String {
    format!("{program}: {error}: run `make test`, or scripts/setup.sh --tests once")
}

/// Looks until `found` gives something, and gives that.
pub(crate) async fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let looks = async {
        loop {
            if let Some(found) = found() {
                return found;
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    let looked = tokio::time::timeout(PATIENCE, looks).await;
    looked.unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"))
}

/// A TCP port that is free now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
    listener.local_addr().expect("it is bound").port()
}

/// A pair of pseudo-terminals: what goes in at one end comes out at the other.
pub(crate) struct Line {
    _socat: Running,
    folder: tempfile::TempDir,
}

impl Line {
    /// With a second pseudo-terminal at the far end.
    pub(crate) async fn pair() -> Line {
        Line::laid(|folder| terminal(&folder.join("far"))).await
    }

    /// With a TCP connection at the far end, as a serial server has it.
    pub(crate) async fn to_tcp(port: u16) -> Line {
        Line::laid(|_| format!("TCP:127.0.0.1:{port},nodelay")).await
    }

    async fn laid(far: impl Fn(&Path) -> String) -> Line {
        let folder = tempfile::tempdir().expect("a folder");
        let far = far(folder.path());
        let near = folder.path().join("near");
        let socat = start(Command::new("socat").args([terminal(&near), far.clone()]));
        let line = Line { _socat: socat, folder };
        let ends = if far.starts_with("pty") { vec![near, line.far()] } else { vec![near] };
        until("socat makes its terminals", || ends.iter().all(|end| end.exists()).then_some(()))
            .await;
        line
    }

    pub(crate) fn near(&self) -> PathBuf {
        self.folder.path().join("near")
    }

    pub(crate) fn far(&self) -> PathBuf {
        self.folder.path().join("far")
    }
}

fn terminal(link: &Path) -> String {
    format!("pty,raw,echo=0,link={}", link.display())
}
