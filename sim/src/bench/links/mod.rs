//! What a Modbus request costs, next to a bare ping-pong of the same bytes over tokio and to
//! pymodbus, and how many simulated devices one machine bears.
//!
//! Each client is a process of its own, and so is the server, so that processor time and memory
//! are the client's alone; each has its own processor, because two processes that are moved about
//! charge each other for it. All of it stays on the loopback interface and ends by itself.

mod ask;
mod processor;
mod serve;

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, Stdio};

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

/// Registers of one request where requests are compared.
const REGISTERS: u16 = 125;

/// Registers of each of many simulated devices.
const REGISTERS_OF_MANY: u16 = 20;

/// The processors of the server and of the clients.
const SERVER: usize = 0;
const CLIENT: usize = 1;

/// Runs of each of two clients that are compared, in turn; medians count, also of the ratios.
const RUNS: usize = 9;

/// The client that the others are compared with in Python, run by its interpreter.
const PYMODBUS: &str = include_str!("pymodbus_client.py");

/// One part of the measurement, in a process of its own.
#[derive(Debug, Clone, Args)]
pub struct Part {
    /// What it does.
    #[arg(value_enum)]
    role: Role,
    /// The server's port.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Connections at the same time.
    #[arg(long, default_value_t = 1)]
    connections: usize,
    /// Registers of one request.
    #[arg(long, default_value_t = REGISTERS)]
    registers: u16,
    /// Requests of each connection.
    #[arg(long, default_value_t = 100)]
    rounds: u32,
    /// Time from one round to the next, ms; 0 for one right after the other.
    #[arg(long, default_value_t = 0)]
    period_ms: u64,
}

/// What a process of the measurement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Role {
    /// Serves registers until its standard input ends.
    Serve,
    /// A bare ping-pong of the same bytes.
    PingPong,
    /// The drivers' links, without a process image.
    Links,
    /// The drivers' whole field: schedule, links, codec, process image.
    Field,
}

/// What a client found.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Found {
    /// Requests answered.
    requests: u64,
    /// Requests that should have been answered.
    wanted: u64,
    /// Processor time of one request, microseconds.
    cpu_us: f64,
    /// From a round's first request to its last answer, ms; none where rounds are spread.
    round_ms: Option<f64>,
    /// Resident memory of one connection, KiB.
    connection_kib: f64,
}

/// Runs one part.
///
/// # Errors
/// What the system reports about sockets, and clients that get no answers.
pub fn part(part: &Part) -> io::Result<()> {
    if part.role == Role::Serve {
        return serve::run(part.registers);
    }
    let found = ask::run(part)?;
    println!("{}", serde_json::to_string(&found)?);
    Ok(())
}

/// Prints all figures.
///
/// # Errors
/// When a process cannot be started, or a client gets no answers.
pub fn run() -> io::Result<()> {
    println!("{REGISTERS} registers a request, client's processor time and memory alone");
    if !processor::can_choose(CLIENT) {
        println!("  server and clients share their processors: ratios are rough");
    }
    println!(
        "  {:<34}{:>12}{:>8}{:>12}{:>16}",
        "", "us/request", "x", "ms/round", "KiB/connection"
    );
    for (connections, rounds) in [(1, 20_000), (200, 250), (1000, 50)] {
        compare(connections, rounds)?;
    }
    println!("{REGISTERS_OF_MANY} registers a device once a second, whole field");
    println!(
        "  {:<12}{:>12}{:>12}{:>12}{:>16}{:>10}",
        "devices", "requests/s", "us/request", "% of a core", "KiB/connection", "answered"
    );
    for devices in [100, 300, 1000, 3000, 10_000] {
        curve(devices)?;
    }
    Ok(())
}

fn compare(connections: usize, rounds: u32) -> io::Result<()> {
    let server = Server::start(REGISTERS)?;
    let part = |role, period_ms, rounds| Part {
        role,
        port: server.port,
        connections,
        registers: REGISTERS,
        rounds,
        period_ms,
    };
    println!("  {connections} connections");
    let ([bare, links], ratio) =
        server.in_turn([part(Role::PingPong, 0, rounds), part(Role::Links, 0, rounds)])?;
    print_row("bare ping-pong", bare, 1.0);
    print_row("drivers, links", links, ratio);
    match server.pymodbus(connections, (rounds / 4).max(10)) {
        Some(found) => print_row("pymodbus", found, found.cpu_us / bare.cpu_us),
        None => println!("    pymodbus: not installed; run 'scripts/setup.sh --tests'"),
    }
    if connections > 1 {
        // The field keeps a beat, so the ping-pong it is compared with keeps the same.
        let ([bare, field], ratio) =
            server.in_turn([part(Role::PingPong, 200, 20), part(Role::Field, 200, 20)])?;
        print_row("bare ping-pong, 5 a second", bare, 1.0);
        print_row("drivers, whole field, 5 a second", field, ratio);
    }
    Ok(())
}

fn print_row(name: &str, found: Found, ratio: f64) {
    let round = found.round_ms.map_or("-".to_owned(), |round| format!("{round:.2}"));
    println!(
        "    {name:<32}{:>12.2}{ratio:>8.2}{round:>12}{:>16.1}",
        found.cpu_us, found.connection_kib
    );
}

fn curve(devices: usize) -> io::Result<()> {
    let server = Server::start(REGISTERS_OF_MANY)?;
    let (registers, rounds, period_ms) = (REGISTERS_OF_MANY, 10, 1000);
    let found = server.client(&Part {
        role: Role::Field,
        port: server.port,
        connections: devices,
        registers,
        rounds,
        period_ms,
    })?;
    #[expect(clippy::cast_precision_loss, reason = "counts of seconds and requests are small")]
    let (rate, answered) = (
        found.requests as f64 / f64::from(rounds),
        found.requests as f64 / found.wanted as f64 * 100.0,
    );
    println!(
        "  {devices:<12}{rate:>12.0}{:>12.2}{:>12.1}{:>16.1}{answered:>8.1} %",
        found.cpu_us,
        rate * found.cpu_us / 1e4,
        found.connection_kib
    );
    Ok(())
}

/// The server's process. It ends when this is dropped.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start(registers: u16) -> io::Result<Self> {
        let mut process = processor::command(SERVER, std::env::current_exe()?)
            .args(["bench-part", "serve", "--registers", &registers.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let port = line.trim().parse().map_err(io::Error::other)?;
        Ok(Self { process, port })
    }

    fn client(&self, part: &Part) -> io::Result<Found> {
        let role = part.role.to_possible_value().map(|value| value.get_name().to_owned());
        let output = processor::command(CLIENT, std::env::current_exe()?)
            .arg("bench-part")
            .arg(role.unwrap_or_default())
            .args(["--port", &part.port.to_string()])
            .args(["--connections", &part.connections.to_string()])
            .args(["--registers", &part.registers.to_string()])
            .args(["--rounds", &part.rounds.to_string()])
            .args(["--period-ms", &part.period_ms.to_string()])
            .stderr(Stdio::inherit())
            .output()?;
        serde_json::from_slice(&output.stdout).map_err(io::Error::other)
    }

    /// Runs two clients in turn, so that a machine that is slow for a while is slow for both: the
    /// median of each by processor time, and of what the second takes for one of the first.
    fn in_turn(&self, parts: [Part; 2]) -> io::Result<([Found; 2], f64)> {
        let (mut found, mut ratios) = ([Vec::new(), Vec::new()], Vec::new());
        for _ in 0..RUNS {
            let [one, other] = [self.client(&parts[0])?, self.client(&parts[1])?];
            ratios.push(other.cpu_us / one.cpu_us);
            found[0].push(one);
            found[1].push(other);
        }
        found.iter_mut().for_each(|runs| runs.sort_by(|a, b| a.cpu_us.total_cmp(&b.cpu_us)));
        ratios.sort_by(f64::total_cmp);
        Ok((found.map(|runs| runs[RUNS / 2]), ratios[RUNS / 2]))
    }

    /// None where there is no Python with pymodbus.
    fn pymodbus(&self, connections: usize, rounds: u32) -> Option<Found> {
        let python = std::env::var("REGIE_TEST_PYTHON").unwrap_or_else(|_| "python3".into());
        let mut process = processor::command(CLIENT, python)
            .arg("-")
            .args([self.port.to_string(), connections.to_string(), rounds.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        process.stdin.take()?.write_all(PYMODBUS.as_bytes()).ok()?;
        let output = process.wait_with_output().ok()?;
        serde_json::from_slice(&output.stdout).ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It ends when its standard input does; a process that is gone already is no trouble.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
