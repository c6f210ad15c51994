//! The clients, one kind in each process, on one thread.

use super::{Found, Part, Role};
use drivers::profile::{self, Table};
use drivers::raw::Raw;
use drivers::{Clock, Connect, Field, FieldDevice, Live};
use futures::future::join_all;
use site::DeviceId;
use site::envelope::Envelopes;
use site::model::{Device, Endpoint, LinkOptions};
use std::fmt::Write;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// How long an answer may take: ten thousand devices on two cores are slow to connect.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Connections that are opened at the same time.
const OPENING: usize = 64;

/// Rounds before the measurement, so that everything is open and has its memory.
const WARM_UP: u32 = 3;

pub(super) fn run(part: &Part) -> io::Result<Found> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match part.role {
            Role::PingPong => ping_pong(part).await,
            Role::Links => links(part).await,
            Role::Field => field(part).await,
            Role::Serve => Err(io::ErrorKind::InvalidInput.into()),
        }
    })
}

/// What a client is charged for between two looks.
struct Meter {
    cpu_us: f64,
    timer: drivers::clock::Stopwatch,
}

impl Meter {
    fn start() -> io::Result<Self> {
        let timer = Clock::system().stopwatch();
        Ok(Self { cpu_us: cpu_us()?, timer })
    }

    /// `resident` is the memory before the connections were opened, KiB.
    #[expect(clippy::cast_precision_loss, reason = "counts of requests are small")]
    fn stop(self, part: &Part, requests: u64, resident: f64) -> io::Result<Found> {
        let cpu_us = (cpu_us()? - self.cpu_us) / requests.max(1) as f64;
        let round_ms = self.timer.elapsed_ms() / f64::from(part.rounds);
        let connections = part.connections as f64;
        let wanted = u64::from(part.rounds) * u64::try_from(part.connections).unwrap_or(u64::MAX);
        Ok(Found {
            requests,
            wanted,
            cpu_us,
            round_ms: (part.period_ms == 0).then_some(round_ms),
            connection_kib: (resident_kib()? - resident) / connections,
        })
    }
}

/// Processor time of this thread, which does all the work, microseconds.
fn cpu_us() -> io::Result<f64> {
    let text = std::fs::read_to_string("/proc/self/schedstat")?;
    let nanoseconds = text.split(' ').next().and_then(|word| word.parse::<f64>().ok());
    nanoseconds
        .map(|nanoseconds| nanoseconds / 1e3)
        .ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Resident memory of this process, KiB.
fn resident_kib() -> io::Result<f64> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    number.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Lets every connection do its rounds, on the beat when there is one.
async fn beat(clock: &Clock, began: Duration, round: u32, period_ms: u64) {
    if period_ms > 0 {
        let at = began + Duration::from_millis(period_ms) * round;
        clock.sleep_until(site::Mono::new(at)).await;
    }
}

/// Lets clients talk, first to warm up and then for the measurement.
async fn measure<T, F>(
    part: &Part,
    clients: Vec<T>,
    resident: f64,
    talk: impl Fn(T, u32) -> F,
) -> io::Result<Found>
where
    T: Send + 'static,
    F: Future<Output = io::Result<T>> + Send + 'static,
{
    let clients = talk_all(clients, WARM_UP, &talk).await?;
    let meter = Meter::start()?;
    let clients = talk_all(clients, part.rounds, &talk).await?;
    let requests = u64::from(part.rounds) * u64::try_from(clients.len()).unwrap_or(u64::MAX);
    meter.stop(part, requests, resident)
}

/// Each client's rounds in a task of its own.
async fn talk_all<T, F>(
    clients: Vec<T>,
    rounds: u32,
    talk: &impl Fn(T, u32) -> F,
) -> io::Result<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = io::Result<T>> + Send + 'static,
{
    let tasks: Vec<_> =
        clients.into_iter().map(|client| tokio::spawn(talk(client, rounds))).collect();
    let mut clients = Vec::with_capacity(tasks.len());
    for task in tasks {
        clients.push(task.await.map_err(io::Error::other)??);
    }
    Ok(clients)
}

async fn ping_pong(part: &Part) -> io::Result<Found> {
    let resident = resident_kib()?;
    let gate = Semaphore::new(OPENING);
    let open = (0..part.connections).map(|_| async {
        let _permit = gate.acquire().await;
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, part.port)).await?;
        stream.set_nodelay(true)?;
        Ok::<_, io::Error>(stream)
    });
    let streams: Vec<TcpStream> = join_all(open).await.into_iter().collect::<io::Result<_>>()?;
    let registers = part.registers.to_be_bytes();
    let question = [0, 1, 0, 0, 0, 6, 1, 4, 0, 0, registers[0], registers[1]];
    let answer = 9 + usize::from(part.registers) * 2;
    let period_ms = part.period_ms;
    let talk = |mut stream: TcpStream, rounds| async move {
        let clock = Clock::system();
        let mut bytes = [0; 260];
        for round in 0..rounds {
            beat(&clock, Duration::ZERO, round, period_ms).await;
            stream.write_all(&question).await?;
            stream.read_exact(&mut bytes[..answer]).await?;
        }
        Ok::<_, io::Error>(stream)
    };
    measure(part, streams, resident, talk).await
}

async fn links(part: &Part) -> io::Result<Found> {
    let resident = resident_kib()?;
    let connect: Arc<dyn Connect> = Arc::new(Live::default());
    let clock = Clock::system();
    let raw = || Raw::new(endpoint(part.port), Arc::clone(&connect), clock.clone());
    let registers = part.registers;
    let talk = |mut raw: Raw, rounds| async move {
        for _ in 0..rounds {
            let answer = raw.read(1, Table::Input, (0, registers), TIMEOUT).await;
            answer.map_err(io::Error::other)?;
        }
        Ok::<_, io::Error>(raw)
    };
    let raws = (0..part.connections).map(|_| raw()).collect();
    measure(part, raws, resident, talk).await
}

async fn field(part: &Part) -> io::Result<Found> {
    let clock = Clock::system();
    let profile = Arc::new(profile(part.registers)?);
    let resident = resident_kib()?;
    let poll = Duration::from_millis(part.period_ms.max(100));
    let device = |i: usize| {
        let device = Device {
            id: DeviceId::new(&format!("d{i}")).map_err(io::Error::other)?,
            profile: profile.name.clone(),
            profile_file: None,
            // Each device is a link of its own: the many names of the loopback interface.
            endpoint: Endpoint::Tcp { host: host(i), port: part.port },
            unit: 1,
            poll,
            max_age: poll * 3,
            timeout: TIMEOUT,
            link: LinkOptions::default(),
            place: site::text::Place::default(),
        };
        Ok(FieldDevice { device, profile: Arc::clone(&profile), envelopes: Envelopes::none() })
    };
    let devices = (0..part.connections).map(device).collect::<io::Result<Vec<_>>>()?;
    let field = Field::start(devices, Arc::new(Everywhere), clock.clone());
    let answered = || field.health().iter().map(|health| health.reads_ok).sum::<u64>();
    let connections = u64::try_from(part.connections).unwrap_or(u64::MAX);
    while answered() < connections * 2 {
        clock.sleep(poll).await;
    }
    clock.sleep(poll * WARM_UP).await;
    let before = answered();
    let meter = Meter::start()?;
    clock.sleep(poll * part.rounds).await;
    let requests = answered() - before;
    let found = meter.stop(part, requests, resident)?;
    field.stop().await;
    Ok(found)
}

fn endpoint(port: u16) -> Endpoint {
    Endpoint::Tcp { host: Ipv4Addr::LOCALHOST.to_string(), port }
}

/// A name that makes one link of each device.
fn host(i: usize) -> String {
    format!("device-{i}")
}

/// Leads every name to this machine.
#[derive(Debug)]
struct Everywhere;

impl Connect for Everywhere {
    fn connect<'a>(
        &'a self,
        at: &'a Endpoint,
    ) -> futures::future::BoxFuture<'a, io::Result<drivers::BoxedStream>> {
        Box::pin(async move {
            let (_, port) = at.host_and_port().ok_or(io::ErrorKind::InvalidInput)?;
            let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as drivers::BoxedStream)
        })
    }
}

/// A profile of so many registers, a point each.
fn profile(registers: u16) -> io::Result<profile::Profile> {
    let mut text = String::from(
        "profile: bench\nversion: 1\ndescription: registers\nfirst_address: 0\npoints:\n",
    );
    for address in 0..registers {
        // A text takes all that is written to it.
        let _ = writeln!(text, "  r{address}: {{input: {address}, kind: u16, scale: 0.1}}");
    }
    profile::read(&text, Path::new("bench.yaml"))
        .map_err(|findings| io::Error::other(format!("{findings:?}")))
}
