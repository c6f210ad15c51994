//! The solver's process, seen from the daemon.

use super::Failure;
use super::frame::{self, FrameError};
use super::wire::{Reply, Request};
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::pipe::Receiver;
use tokio::process::{Child, Command};

/// What the process inherits from the environment: where temporary files and time zones are, and
/// what whoever looks for a bug may want. Nothing of the service manager's: whoever has its sockets
/// and its watchdog could speak for the daemon.
const ENVIRONMENT: [&str; 4] = ["TMPDIR", "TZDIR", "LD_LIBRARY_PATH", "RUST_BACKTRACE"];
/// A process that closed its connection is waited for this long, to be able to say how it ended.
const END: Duration = Duration::from_secs(1);
/// The most that is logged of what one process prints, bytes: a library that complains without end
/// must not fill the disk.
const PRINTED_BYTES_MAX: usize = 64 * 1024;

/// What is started as a solver's process.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
}

impl Program {
    /// The program that runs here, asked to be a solver. It is the same one even when an upgrade
    /// has put another in its place.
    #[must_use]
    pub fn own() -> Self {
        Self::new("/proc/self/exe", ["solver"])
    }

    /// Another program with its arguments. It is spoken to over its standard input, which is a
    /// socket.
    #[must_use]
    pub fn new<S: Into<OsString>>(
        path: impl Into<PathBuf>,
        arguments: impl IntoIterator<Item = S>,
    ) -> Self {
        Self { path: path.into(), arguments: arguments.into_iter().map(Into::into).collect() }
    }

    /// Starts it; nothing was said yet.
    pub(super) fn start(&self) -> io::Result<Process> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        // What native code prints goes to the log and never among the frames.
        let (printed, out) = io::pipe()?;
        let mut command = Command::new(&self.path);
        command
            .arg0("regie")
            .args(&self.arguments)
            .env_clear()
            .envs(ENVIRONMENT.iter().filter_map(|key| Some((key, std::env::var_os(key)?))))
            // One heap for all its threads: each of its own would reserve 64 MiB, and the cap
            // counts what is reserved.
            .env("MALLOC_ARENA_MAX", "1")
            // EPANET leaves files where it works when it is killed there.
            .current_dir(std::env::temp_dir())
            // An interrupt typed at a terminal is for the daemon, which ends it in order.
            .process_group(0)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::from(out.try_clone()?))
            .stderr(Stdio::from(out))
            .kill_on_drop(true);
        let child = command.spawn()?;
        let number = child.id();
        tokio::spawn(log(Receiver::from_owned_fd(OwnedFd::from(printed))?, number));
        Ok(Process { child, stream: UnixStream::from_std(ours)?, number })
    }
}

/// A running process. Dropping it kills it.
pub(super) struct Process {
    child: Child,
    stream: UnixStream,
    number: Option<u32>,
}

impl Process {
    /// Its number.
    pub(super) const fn number(&self) -> Option<u32> {
        self.number
    }

    /// Waits until it says that it is ready.
    ///
    /// # Errors
    /// In words, when it says something else, or ends.
    pub(super) async fn ready(&mut self) -> Result<(), String> {
        match frame::receive(&mut self.stream).await {
            Ok(Reply::Ready) => Ok(()),
            Ok(Reply::Answer { .. } | Reply::Unable { .. }) => {
                Err("it answers before it is asked".to_owned())
            }
            Err(FrameError::Ended) => Err(self.end().await),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Asks, and waits for what it says.
    pub(super) async fn ask(&mut self, request: &Request) -> Result<Reply, Failure> {
        let frame = frame::encode(request).map_err(|error| Failure::Unable(error.to_string()))?;
        let sent = self.stream.write_all(&frame).await.map_err(FrameError::from);
        let reply = match sent {
            Ok(()) => frame::receive(&mut self.stream).await,
            Err(error) => Err(error),
        };
        match reply {
            Ok(reply) => Ok(reply),
            Err(FrameError::Ended) => Err(Failure::Died(self.end().await)),
            Err(error) => Err(Failure::Garbled(error.to_string())),
        }
    }

    /// How it ended, when it has.
    pub(super) fn ended(&mut self) -> Option<String> {
        self.child.try_wait().ok().flatten().map(words)
    }

    /// How it ends, now that it has closed its connection.
    async fn end(&mut self) -> String {
        match tokio::time::timeout(END, self.child.wait()).await {
            Ok(Ok(status)) => words(status),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it closed its connection".to_owned(),
        }
    }
}

fn words(status: ExitStatus) -> String {
    status.to_string()
}

/// Logs what a process prints, until it ends.
async fn log(mut printed: Receiver, process: Option<u32>) {
    let (mut bytes, mut left) = ([0; 4096], PRINTED_BYTES_MAX);
    while let Ok(length) = printed.read(&mut bytes).await {
        if length == 0 {
            return;
        }
        let shown = length.min(left);
        left -= shown;
        for line in String::from_utf8_lossy(&bytes[..shown]).lines() {
            tracing::warn!(process, "the solver's process prints: {}", line.trim_end());
        }
        if shown > 0 && left == 0 {
            tracing::warn!(process, "what the solver's process prints is not shown any more");
        }
    }
}
