//! Whole links: over in-memory streams under paused time, and over real TCP sockets.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::super::{Bus, CLIENTS_MAX, Silence, Table, UnknownUnit, listen, serve};
use super::Registers;

/// Reads register 0 of unit 1, which holds 5.
const READ: [u8; 12] = [0, 9, 0, 0, 0, 6, 1, 0x03, 0, 0, 0, 1];
const READ_ANSWER: [u8; 11] = [0, 9, 0, 0, 0, 5, 1, 0x03, 2, 0, 5];
/// Sets register 0 of unit 1 to 6; the answer is the same.
const WRITE: [u8; 12] = [0, 10, 0, 0, 0, 6, 1, 0x06, 0, 0, 0, 6];
const LONG: Duration = Duration::from_secs(3600);

fn bus() -> Bus {
    let bus = Bus::new(UnknownUnit::GatewayTargetFailed);
    bus.insert(1, Registers::default().with(Table::HoldingRegisters, 0, &[5]));
    bus
}

/// A client's end, with `bus` served at the other.
fn link(bus: &Bus) -> (DuplexStream, JoinHandle<io::Result<()>>) {
    let (client, server) = duplex(64);
    (client, tokio::spawn(serve(server, bus.clone())))
}

async fn receive<const N: usize>(client: &mut (impl AsyncReadExt + Unpin)) -> [u8; N] {
    let mut bytes = [0; N];
    client.read_exact(&mut bytes).await.unwrap();
    bytes
}

/// Asks for register 0 and checks that it still holds 5.
async fn check_alive(client: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin)) {
    client.write_all(&READ).await.unwrap();
    assert_eq!(receive(client).await, READ_ANSWER);
}

/// Whether the server closes its end, rather than leaving the client to wait.
async fn is_closed(client: &mut (impl AsyncReadExt + Unpin)) -> bool {
    let ended = timeout(Duration::from_secs(10), client.read(&mut [0])).await;
    // A server that drops bytes it has not read resets a TCP connection.
    matches!(ended, Ok(Ok(0) | Err(_)))
}

async fn is_silent(client: &mut DuplexStream) -> bool {
    timeout(LONG, client.read_u8()).await.is_err()
}

#[tokio::test(start_paused = true)]
async fn requests_sent_ahead_are_answered_in_order() {
    let (mut client, server) = link(&bus());
    client.write_all(&[READ, WRITE, READ].concat()).await.unwrap();
    assert_eq!(receive(&mut client).await, READ_ANSWER);
    assert_eq!(receive(&mut client).await, WRITE);
    assert_eq!(receive(&mut client).await, [0, 9, 0, 0, 0, 5, 1, 0x03, 2, 0, 6]);
    // A client may also leave in the middle of a frame.
    client.write_all(&READ[..5]).await.unwrap();
    drop(client);
    assert!(server.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn garbage_closes_the_connection() {
    let (mut client, server) = link(&bus());
    client.write_all(&[0, 1, 0, 0, 0xFF, 0xFF]).await.unwrap();
    let error = server.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert!(error.to_string().starts_with("length 65535"), "{error}");
    assert!(is_closed(&mut client).await);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_unit_is_refused_or_met_with_silence() {
    let other = [0, 9, 0, 0, 0, 6, 2, 0x03, 0, 0, 0, 1];
    let (mut client, _server) = link(&bus());
    client.write_all(&other).await.unwrap();
    assert_eq!(receive(&mut client).await, [0, 9, 0, 0, 0, 3, 2, 0x83, 0x0B]);

    let quiet = Bus::new(UnknownUnit::Silent);
    quiet.insert(1, Registers::default().with(Table::HoldingRegisters, 0, &[5]));
    let (mut client, _server) = link(&quiet);
    client.write_all(&other).await.unwrap();
    assert!(is_silent(&mut client).await);
    check_alive(&mut client).await;
}

#[tokio::test(start_paused = true)]
async fn one_silent_unit_leaves_its_neighbours_alone() {
    let bus = bus();
    bus.insert(2, Registers::default().with(Table::HoldingRegisters, 0, &[7]));
    assert!(bus.set_unit_silent(2, true));
    assert!(!bus.set_unit_silent(3, true), "there is no unit 3");
    let other = [0, 9, 0, 0, 0, 6, 2, 0x03, 0, 0, 0, 1];
    let (mut client, _server) = link(&bus);
    client.write_all(&other).await.unwrap();
    assert!(is_silent(&mut client).await);
    check_alive(&mut client).await;
    bus.set_unit_silent(2, false);
    client.write_all(&other).await.unwrap();
    assert_eq!(receive(&mut client).await, [0, 9, 0, 0, 0, 5, 2, 0x03, 2, 0, 7]);
    assert!(bus.remove(2).is_some() && bus.remove(2).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_deaf_bus_does_nothing_and_a_mute_one_does_it_unanswered() {
    let bus = bus();
    let (mut client, _server) = link(&bus);
    bus.set_silence(Silence::Deaf);
    client.write_all(&WRITE).await.unwrap();
    assert!(is_silent(&mut client).await);
    bus.set_silence(Silence::Answering);
    check_alive(&mut client).await;

    bus.set_silence(Silence::Mute);
    client.write_all(&WRITE).await.unwrap();
    assert!(is_silent(&mut client).await);
    bus.set_silence(Silence::Answering);
    client.write_all(&READ).await.unwrap();
    assert_eq!(receive(&mut client).await, [0, 9, 0, 0, 0, 5, 1, 0x03, 2, 0, 6]);
}

#[tokio::test(start_paused = true)]
async fn a_closed_bus_ends_its_connections_and_takes_no_new_ones() {
    let bus = bus();
    let (mut client, server) = link(&bus);
    check_alive(&mut client).await;
    bus.set_silence(Silence::Closed);
    // Taken back before the connection could see it: it has been ended all the same.
    bus.set_silence(Silence::Answering);
    assert!(server.await.unwrap().is_ok());
    assert!(is_closed(&mut client).await);

    bus.set_silence(Silence::Closed);
    let (mut client, _server) = link(&bus);
    assert!(is_closed(&mut client).await);
    bus.set_silence(Silence::Answering);
    let (mut client, server) = link(&bus);
    check_alive(&mut client).await;
    bus.hang_up();
    assert!(server.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn answers_are_held_back_and_lost_if_the_bus_falls_silent_meanwhile() {
    let bus = bus();
    bus.set_answer_delay(Duration::from_millis(300));
    let (mut client, _server) = link(&bus);
    client.write_all(&READ).await.unwrap();
    assert!(timeout(Duration::from_millis(299), client.read_u8()).await.is_err());
    assert_eq!(receive(&mut client).await, READ_ANSWER);

    client.write_all(&READ).await.unwrap();
    assert!(timeout(Duration::from_millis(100), client.read_u8()).await.is_err());
    bus.set_silence(Silence::Mute);
    assert!(is_silent(&mut client).await);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_can_still_be_hung_up_on() {
    let bus = bus();
    let (mut client, server) = link(&bus);
    // More answers than the 64 bytes of the stream hold: the server waits in a write.
    for _ in 0..10 {
        let _ = timeout(Duration::from_millis(1), client.write_all(&READ)).await;
    }
    assert!(!server.is_finished());
    bus.hang_up();
    assert!(server.await.unwrap().is_ok());
}

#[tokio::test]
async fn over_tcp_several_clients_are_served_and_one_too_many_is_closed() {
    let bus = bus();
    let listener = listen(any_port(), bus.clone(), 2).await.unwrap();
    let address = listener.address().unwrap();
    let running = tokio::spawn(listener.run());

    let mut first = TcpStream::connect(address).await.unwrap();
    check_alive(&mut first).await;
    let mut second = TcpStream::connect(address).await.unwrap();
    check_alive(&mut second).await;
    check_alive(&mut first).await;
    let mut third = TcpStream::connect(address).await.unwrap();
    assert!(is_closed(&mut third).await, "closed at once");

    // A place becomes free when a client leaves or is dropped for garbage.
    second.write_all(b"not modbus at all").await.unwrap();
    assert!(is_closed(&mut second).await);
    let mut fourth = TcpStream::connect(address).await.unwrap();
    check_alive(&mut fourth).await;

    bus.set_silence(Silence::Closed);
    assert!(is_closed(&mut first).await);
    let mut refused = TcpStream::connect(address).await.unwrap();
    assert!(is_closed(&mut refused).await);
    bus.set_silence(Silence::Answering);
    let mut again = TcpStream::connect(address).await.unwrap();
    check_alive(&mut again).await;

    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    assert!(is_closed(&mut again).await, "the listener took its clients with it");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn only_loopback_addresses_and_sane_limits_are_taken() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:502", "[::ffff:192.0.2.1]:502"] {
        let error = listen(address.parse().unwrap(), bus(), 1).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        let expected = format!(
            "{address} is not a loopback address; simulated devices obey whoever reaches them, \
             so let them listen on 127.0.0.1 or [::1]"
        );
        assert_eq!(error.to_string(), expected);
    }
    for clients_max in [0, CLIENTS_MAX + 1] {
        let error = listen(any_port(), bus(), clients_max).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
}

fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}
