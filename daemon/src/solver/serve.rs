//! The solver's process, seen from inside: reads a question, answers it, and waits for the next.

use super::frame::{self, FrameError};
use super::wire::{NetworkFile, Reply, Request};
use super::{Asked, answer};
use hydraulics::Network;
use policies::water::WaterModel;
use rustix::process::{Resource, Rlimit, Signal};
use site::Site;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

/// The most memory that the process may ask for, bytes of address space. The example communes take
/// 55 MB with program and libraries; what needs more than this is a leak, or a problem that nobody
/// meant. `MemoryMax` in systemd/regie.service leaves room for two such processes.
pub const MEMORY_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// How readily the system ends this process when memory is short everywhere, -1000 to 1000: before
/// the daemon, and before most others.
const OOM_SCORE: &str = "800";

/// Why the process cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The standard input is not a connection to a daemon.
    #[error("this is started by 'regie run' for itself, and of no use to anybody else ({0})")]
    NoDaemon(io::Error),
    /// The cap on its memory cannot be set.
    #[error("the memory of the solver's process cannot be limited: {0}")]
    Memory(io::Error),
    /// The connection is broken.
    #[error(transparent)]
    Frame(#[from] FrameError),
}

/// The connection to the daemon: the standard input, which is a socket.
///
/// # Errors
/// When it is something else.
pub fn connection() -> Result<UnixStream, ServeError> {
    let stream = io::stdin().as_fd().try_clone_to_owned().map(UnixStream::from);
    let stream = stream.and_then(|stream| stream.peer_addr().map(|_| stream));
    stream.map_err(ServeError::NoDaemon)
}

/// Gives up what the process does not need: memory beyond `memory_bytes`, and a life beyond the
/// daemon's.
///
/// # Errors
/// When its memory cannot be limited.
pub fn confine(memory_bytes: u64) -> Result<(), ServeError> {
    let limit = Rlimit { current: Some(memory_bytes), maximum: Some(memory_bytes) };
    let limited = rustix::process::setrlimit(Resource::As, limit);
    limited.map_err(|error| ServeError::Memory(error.into()))?;
    // Without these two it still ends with its connection, and is bounded. The signal comes when
    // the thread ends that started this process: a runtime's workers live as long as the daemon.
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
    let _ = std::fs::write("/proc/self/oom_score_adj", OOM_SCORE);
    Ok(())
}

/// Serves the daemon at the other end of the standard input until it is gone. That ends the process
/// at once, even within a solve.
///
/// # Errors
/// When it cannot begin, or no answer can be written.
pub fn serve(memory_bytes: u64) -> Result<(), ServeError> {
    let mut stream = connection()?;
    confine(memory_bytes)?;
    let requests = requests(stream.try_clone().map_err(ServeError::NoDaemon)?);
    frame::write(&mut stream, &Reply::Ready)?;
    let mut bench = Bench::default();
    while let Ok(request) = requests.recv() {
        frame::write(&mut stream, &bench.answer(request))?;
    }
    Ok(())
}

/// Reads requests on a thread of its own, which is there to notice that the daemon has gone.
fn requests(mut stream: UnixStream) -> Receiver<Request> {
    let (sender, receiver) = sync_channel(1);
    std::thread::spawn(move || {
        while let Ok(request) = frame::read(&mut stream) {
            if sender.send(request).is_err() {
                return;
            }
        }
        // Nobody is left to answer to. An exit in order would wait for native code.
        let _ = rustix::process::kill_process(rustix::process::getpid(), Signal::KILL);
    });
    receiver
}

/// What the process knows from earlier questions, and how it answers.
#[derive(Default)]
pub struct Bench {
    site: Option<Arc<Site>>,
    network: Option<Network>,
    water: Option<Arc<WaterModel>>,
}

impl Bench {
    /// Answers a question.
    pub fn answer(&mut self, request: Request) -> Reply {
        let Request { number, site, network, water, estimate, forecast, question } = request;
        if let Err(why) = self.learn(network.as_ref()) {
            return Reply::Unable { number, why };
        }
        self.site = site.or_else(|| self.site.take());
        if let Some(water) = water {
            let Some(network) = self.network.clone() else {
                let why = "it was told of pumps without their network".to_owned();
                return Reply::Unable { number, why };
            };
            self.water = Some(Arc::new(water.model(network)));
        }
        let Some(site) = self.site.clone() else {
            return Reply::Unable { number, why: "it was told of no site".to_owned() };
        };
        let asked = Asked { site, water: self.water.clone(), estimate, forecast };
        Reply::Answer { number, answer: answer(&asked, question) }
    }

    fn learn(&mut self, network: Option<&NetworkFile>) -> Result<(), String> {
        let Some(file) = network else { return Ok(()) };
        self.network = Some(file.load().map_err(|error| error.to_string())?);
        Ok(())
    }
}
