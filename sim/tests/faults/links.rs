//! Links over in-memory streams that note what passes, with troubles that are not those of bytes.

use drivers::{BoxedStream, Clock, Connect};
use futures::future::BoxFuture;
use regie_sim::modbus::faults::{FaultPlan, FaultyConnect, FaultyLine, Framing};
use regie_sim::modbus::{Bus, serve, serve_rtu};
use site::model::Endpoint;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::io::duplex;

use crate::stream::Watched;

/// Bytes that may be on their way in one direction.
const DUPLEX_BYTES: usize = 4096;

/// What a link does beside the faults of its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Trouble {
    /// Nothing.
    #[default]
    None,
    /// It refuses connections.
    Refuses,
    /// It takes the attempt to connect and never says anything.
    Swallows,
    /// The network gives at most so many bytes at a time.
    Pieces(usize),
    /// Answers of the struck unit come so much later; those of others pass them.
    Late(Duration),
    /// Writes are lost on their way to the struck unit.
    LosesWrites,
    /// Writes are carried out, and what the struck unit says to them is lost.
    LosesWriteAnswers,
}

/// What was seen of a link, from the client's side of it.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// When connections were tried.
    pub(crate) attempts: Vec<Duration>,
    pub(crate) open: usize,
    /// The most connections at the same time.
    pub(crate) open_most: usize,
    pub(crate) requests: u64,
    /// Requests that went out before the answer to the last one had begun.
    pub(crate) pipelined: u64,
    /// Units that were asked.
    pub(crate) units: BTreeSet<u8>,
    /// The shortest time from the last byte heard to a request.
    pub(crate) closest: Option<Duration>,
}

/// One link. A clone is the same one.
#[derive(Debug, Clone)]
pub(crate) struct Road {
    pub(crate) clock: Clock,
    bus: Bus,
    line: Option<FaultyLine>,
    trouble: Arc<Mutex<Trouble>>,
    log: Arc<Mutex<Log>>,
}

impl Road {
    pub(crate) fn new(clock: &Clock, bus: Bus, plan: Option<FaultPlan>) -> Road {
        let line = plan.map(|plan| FaultyLine::new(plan, clock.clone()));
        let (trouble, log) = (Arc::default(), Arc::default());
        Road { clock: clock.clone(), bus, line, trouble, log }
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().expect("no test panics while holding it")
    }

    pub(crate) fn trouble(&self) -> Trouble {
        *self.trouble.lock().expect("no test panics while holding it")
    }

    pub(crate) fn set_trouble(&self, trouble: Trouble) {
        *self.trouble.lock().expect("no test panics while holding it") = trouble;
    }

    /// Ends the open connections.
    pub(crate) fn hang_up(&self) {
        self.bus.hang_up();
    }

    async fn open(&self, endpoint: &Endpoint) -> io::Result<BoxedStream> {
        let lines = self.line.iter().map(|line| (endpoint.clone(), line.clone()));
        let faulty = FaultyConnect::new(Arc::new(Served(self.bus.clone())), lines);
        let stream = faulty.connect(endpoint).await?;
        Ok(Box::new(Watched::new(stream, Framing::from(endpoint), self.clone())))
    }
}

/// Units behind a stream, without any fault of its bytes.
struct Served(Bus);

impl Connect for Served {
    fn connect<'a>(&'a self, endpoint: &'a Endpoint) -> BoxFuture<'a, io::Result<BoxedStream>> {
        let (ours, theirs) = duplex(DUPLEX_BYTES);
        let (bus, framing) = (self.0.clone(), Framing::from(endpoint));
        tokio::spawn(async move {
            match framing {
                Framing::Tcp => serve(theirs, bus).await,
                Framing::Rtu(line) => serve_rtu(theirs, bus, line).await,
            }
        });
        Box::pin(async move { Ok(Box::new(ours) as BoxedStream) })
    }
}

/// All links of a field.
#[derive(Debug, Clone, Default)]
pub(crate) struct Links(pub(crate) BTreeMap<Endpoint, Road>);

impl Connect for Links {
    fn connect<'a>(&'a self, endpoint: &'a Endpoint) -> BoxFuture<'a, io::Result<BoxedStream>> {
        let road = &self.0[endpoint];
        Box::pin(async move {
            let now = road.clock.now().mono.since_start();
            road.log().attempts.push(now);
            match road.trouble() {
                Trouble::Refuses => Err(io::ErrorKind::ConnectionRefused.into()),
                Trouble::Swallows => std::future::pending().await,
                _ => road.open(endpoint).await,
            }
        })
    }
}
