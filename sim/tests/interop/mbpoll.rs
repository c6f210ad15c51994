//! mbpoll as a client: every table and its numbers, over TCP, on a serial line, and on a serial
//! line that leads to serial frames over TCP.

use crate::process::{Line, missing};
use crate::unit::Memory;
use regie_sim::modbus::{RtuLine, Table, Wire, listen, open_serial, serve_rtu};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

/// The speed of the line; a pseudo-terminal has none, but both sides want one.
const BAUD: u32 = 19_200;
/// A pause that the operating system may make within a frame. Well under mbpoll's patience.
pub(crate) const GAP: Duration = Duration::from_millis(100);

/// Where mbpoll asks.
#[derive(Debug, Clone)]
pub(crate) struct Mbpoll {
    way: Vec<String>,
    place: String,
}

impl Mbpoll {
    pub(crate) fn over_tcp(address: SocketAddr) -> Mbpoll {
        let way = ["-m", "tcp", "-p", &address.port().to_string()].map(str::to_owned).to_vec();
        Mbpoll { way, place: address.ip().to_string() }
    }

    pub(crate) fn on_line(path: &Path) -> Mbpoll {
        let way = ["-m", "rtu", "-b", &BAUD.to_string(), "-P", "none"].map(str::to_owned).to_vec();
        Mbpoll { way, place: path.display().to_string() }
    }

    async fn run(&self, unit: u8, kind: &str, options: &[String], values: &[String]) -> Output {
        let mut command = Command::new("mbpoll");
        command.args(&self.way).args(["-0", "-1", "-o", "3", "-a", &unit.to_string(), "-t", kind]);
        // Two dashes: a negative value is no option.
        command.args(options).arg("--").arg(&self.place).args(values);
        let run = tokio::task::spawn_blocking(move || command.output());
        run.await.expect("no panic").unwrap_or_else(|error| panic!("{}", missing("mbpoll", &error)))
    }

    /// Reads values, or gives what it complains about.
    pub(crate) async fn try_read(
        &self,
        unit: u8,
        kind: &str,
        address: u16,
        count: u16,
    ) -> Result<Vec<f64>, String> {
        let (kind, big_endian) = kind.strip_suffix(":big").map_or((kind, false), |it| (it, true));
        let mut options =
            vec!["-r".to_owned(), address.to_string(), "-c".into(), count.to_string()];
        options.extend(big_endian.then(|| "-B".to_owned()));
        let output = self.run(unit, kind, &options, &[]).await;
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let value = |line: &str| {
            let (_, value) = line.strip_prefix('[')?.split_once("]:")?;
            value.split_whitespace().next()?.parse().ok()
        };
        Ok(text.lines().filter_map(value).collect())
    }

    pub(crate) async fn read(&self, unit: u8, kind: &str, address: u16, count: u16) -> Vec<f64> {
        let read = self.try_read(unit, kind, address, count).await;
        read.unwrap_or_else(|error| panic!("{kind} {address}: {error}"))
    }

    /// Writes values and has them acknowledged.
    pub(crate) async fn write(&self, unit: u8, kind: &str, address: u16, values: &[f64]) {
        let (kind, big_endian) = kind.strip_suffix(":big").map_or((kind, false), |it| (it, true));
        let mut options = vec!["-r".to_owned(), address.to_string()];
        options.extend(big_endian.then(|| "-B".to_owned()));
        let values: Vec<String> = values.iter().map(f64::to_string).collect();
        let output = self.run(unit, kind, &options, &values).await;
        let text = String::from_utf8_lossy(&output.stdout);
        let acknowledged = format!("Written {} references", values.len());
        assert!(text.contains(&acknowledged), "{kind} {address}: {output:?}");
    }
}

/// Everything a client can do with a unit of [`Memory`], and what the unit then holds.
async fn everything(client: &Mbpoll, memory: &Memory) {
    client.write(1, "0", 10, &[1.0]).await;
    client.write(1, "0", 12, &[1.0, 0.0, 1.0, 1.0]).await;
    let coils = memory.get(Table::Coils, 9, 8);
    assert_eq!(coils, Some(vec![0, 1, 0, 1, 0, 1, 1, 0]));
    assert_eq!(client.read(1, "0", 9, 8).await, [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0]);
    memory.set(Table::DiscreteInputs, 30, &[1, 0, 0, 1, 1]);
    assert_eq!(client.read(1, "1", 30, 5).await, [1.0, 0.0, 0.0, 1.0, 1.0]);

    client.write(1, "4", 5, &[65_535.0]).await;
    client.write(1, "4", 6, &[1.0, 256.0, 32_768.0]).await;
    let registers = memory.get(Table::HoldingRegisters, 4, 6);
    assert_eq!(registers, Some(vec![0, 0xFFFF, 1, 256, 0x8000, 0]));
    assert_eq!(client.read(1, "4", 5, 4).await, [65_535.0, 1.0, 256.0, 32_768.0]);
    memory.set(Table::InputRegisters, 0, &(0..125).collect::<Vec<u16>>());
    let all: Vec<f64> = (0..125).map(f64::from).collect();
    assert_eq!(client.read(1, "3", 0, 125).await, all, "the longest answer");

    client.write(1, "4:float", 40, &[123.5, -0.15625]).await;
    let low_word_first = [0x0000, 0x42F7, 0x0000, 0xBE20];
    assert_eq!(memory.get(Table::HoldingRegisters, 40, 4), Some(low_word_first.to_vec()));
    assert_eq!(client.read(1, "4:float", 40, 2).await, [123.5, -0.15625]);
    client.write(1, "4:float:big", 44, &[-17.25]).await;
    assert_eq!(memory.get(Table::HoldingRegisters, 44, 2), Some(vec![0xC18A, 0x0000]));
    assert_eq!(client.read(1, "4:float:big", 44, 1).await, [-17.25]);
    client.write(1, "4:int:big", 50, &[-123_456_789.0]).await;
    assert_eq!(memory.get(Table::HoldingRegisters, 50, 2), Some(vec![0xF8A4, 0x32EB]));
    assert_eq!(client.read(1, "4:int:big", 50, 1).await, [-123_456_789.0]);

    let refused = client.try_read(1, "3", 199, 2).await.expect_err("address 200 is not there");
    assert!(refused.contains("Illegal data address"), "{refused}");
    assert_eq!(client.read(1, "3", 124, 1).await, [124.0], "and is served on");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tcp() {
    let memory = Memory::new();
    let listener = listen(([127, 0, 0, 1], 0).into(), memory.bus(), 2).await.unwrap();
    let client = Mbpoll::over_tcp(listener.address().unwrap());
    tokio::spawn(listener.run());
    everything(&client, &memory).await;
    let refused = client.try_read(9, "3", 0, 1).await.expect_err("there is no unit 9");
    assert!(refused.contains("Target device failed to respond"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_serial_line() {
    let memory = Memory::new();
    let line = Line::pair().await;
    let port = open_serial(&line.far(), BAUD).unwrap();
    tokio::spawn(serve_rtu(port, memory.bus(), RtuLine::serial(BAUD).with_gap(GAP)));
    let client = Mbpoll::on_line(&line.near());
    everything(&client, &memory).await;
    let refused = client.try_read(9, "3", 0, 1).await.expect_err("there is no unit 9");
    assert!(refused.contains("timed out"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_serial_line_that_leads_to_tcp() {
    let memory = Memory::new();
    let listener = listen(([127, 0, 0, 1], 0).into(), memory.bus(), 2).await.unwrap();
    let listener = listener.speaking(Wire::Rtu(RtuLine::over_tcp()));
    let port = listener.address().unwrap().port();
    tokio::spawn(listener.run());
    let line = Line::to_tcp(port).await;
    everything(&Mbpoll::on_line(&line.near()), &memory).await;
}
