//! One client over one stream.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{ADU_BYTES_MAX, Bus, Decoder, Frame, Silence};

/// Serves one client until it closes its end or the bus hangs up.
///
/// Requests are answered one after the other in the order they came, as the specification allows a
/// server to do; a client that sends ahead waits.
///
/// # Errors
/// What the stream reports, and [`io::ErrorKind::InvalidData`] with a [`super::FrameError`] when
/// the client's bytes cannot be Modbus. Either way the connection is to be dropped.
pub async fn serve<S>(mut io: S, bus: Bus) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let mut following = bus.follow();
    tokio::select! {
        // In a fixed order, so that two runs of one simulation take the same turns.
        biased;
        () = following.hung_up() => Ok(()),
        ended = converse(&mut io, &bus) => ended,
    }
}

async fn converse<S>(io: &mut S, bus: &Bus) -> io::Result<()>
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
                answer(io, bus, &frame).await?;
            }
        }
    }
}

async fn answer<S>(io: &mut S, bus: &Bus, frame: &Frame) -> io::Result<()>
where
    S: AsyncWrite + Unpin,
{
    let Some(bytes) = bus.answer(frame) else { return Ok(()) };
    let delay = bus.answer_delay();
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
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
