//! One client over one stream.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{sleep, timeout};

use super::roles::Rights;
use super::rtu::{RTU_BYTES_MAX, RtuDecoder, RtuFrame, RtuLine};
use super::{ADU_BYTES_MAX, Bus, Decoder, Silence};

/// Serves one client until it closes its end or the bus hangs up.
///
/// Requests are answered one after the other in the order they came, as the specification allows a
/// server to do; a client that sends ahead waits.
///
/// # Errors
/// What the stream reports, and [`io::ErrorKind::InvalidData`] with a [`super::FrameError`] when
/// the client's bytes cannot be Modbus. Either way the connection is to be dropped.
pub async fn serve<S>(io: S, bus: Bus) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    serve_with(io, bus, Rights::All).await
}

/// The same for a client that may not do everything.
pub(super) async fn serve_with<S>(mut io: S, bus: Bus, rights: Rights) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    until_hung_up(&bus, converse(&mut io, &bus, rights)).await
}

/// Goes on with a conversation until it ends, or until the bus hangs up.
async fn until_hung_up(
    bus: &Bus,
    conversation: impl Future<Output = io::Result<()>>,
) -> io::Result<()> {
    let mut following = bus.follow();
    tokio::select! {
        // In a fixed order, so that two runs of one simulation take the same turns.
        biased;
        () = following.hung_up() => Ok(()),
        ended = conversation => ended,
    }
}

/// Serves the units of a serial line, over whatever carries its bytes: a port, an in-memory stream,
/// or TCP (RTU over TCP).
///
/// As on a real line, units answer for themselves alone: requests to others, and bytes that are no
/// frame or have a wrong checksum, meet with silence. What is written to unit 0 is done by all
/// units and answered by none (Modbus over serial line V1.02, §2.1).
///
/// # Errors
/// What the stream reports; the connection is to be dropped, or the port opened anew.
pub async fn serve_rtu<S>(mut io: S, bus: Bus, line: RtuLine) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    until_hung_up(&bus, converse_rtu(&mut io, &bus, line)).await
}

async fn converse<S>(io: &mut S, bus: &Bus, rights: Rights) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let mut decoder = Decoder::default();
    let mut chunk = [0; ADU_BYTES_MAX];
    loop {
        let read = io.read(&mut chunk).await?;
        if read == 0 {
            return Ok(());
        }
        let mut fresh = &chunk[..read];
        while !fresh.is_empty() {
            fresh = &fresh[decoder.handle_bytes(fresh)..];
            while let Some(frame) = decoder.poll_frame().map_err(unreadable)? {
                answer(io, bus, bus.answer(&frame, rights)).await?;
            }
        }
    }
}

async fn converse_rtu<S>(io: &mut S, bus: &Bus, line: RtuLine) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let mut decoder = RtuDecoder::default();
    let mut chunk = [0; RTU_BYTES_MAX];
    loop {
        let read = if decoder.is_idle() {
            io.read(&mut chunk).await?
        } else if let Ok(read) = timeout(line.gap, io.read(&mut chunk)).await {
            read?
        } else {
            if let Some(frame) = decoder.handle_silence() {
                answer_rtu(io, bus, &frame, line).await?;
            }
            continue;
        };
        if read == 0 {
            return Ok(());
        }
        let mut fresh = &chunk[..read];
        while !fresh.is_empty() {
            fresh = &fresh[decoder.handle_bytes(fresh)..];
            while let Some(frame) = decoder.poll_frame() {
                answer_rtu(io, bus, &frame, line).await?;
            }
        }
    }
}

async fn answer_rtu<S>(io: &mut S, bus: &Bus, frame: &RtuFrame, line: RtuLine) -> io::Result<()>
where
    S: AsyncWrite + Unpin,
{
    let bytes = bus.answer_rtu(frame);
    if bytes.is_some() && !line.silence.is_zero() {
        sleep(line.silence).await;
    }
    answer(io, bus, bytes).await
}

async fn answer<S>(io: &mut S, bus: &Bus, bytes: Option<Vec<u8>>) -> io::Result<()>
where
    S: AsyncWrite + Unpin,
{
    let Some(bytes) = bytes else { return Ok(()) };
    let delay = bus.answer_delay();
    if !delay.is_zero() {
        sleep(delay).await;
    }
    // Asked only now: a bus that fell silent while the answer was held back does not give it.
    if bus.silence() != Silence::Answering {
        return Ok(());
    }
    io.write_all(&bytes).await?;
    io.flush().await
}

fn unreadable(error: super::FrameError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
