//! A fake field for the tests: Modbus TCP frames made by hand over in-memory streams, so that
//! the client is not tested against its own codec.

use drivers::profile::{self, Profile};
use drivers::{BoxedStream, Clock, Connect, Field, FieldDevice};
use futures::future::BoxFuture;
use site::command::{Authority, Command, Guarded, Setpoint};
use site::envelope::Envelopes;
use site::model::{Device, Endpoint};
use site::{AssetId, DeviceId, PointId, Snapshot};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// A request as it came over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) transaction: u16,
    pub(crate) unit: u8,
    pub(crate) function: u8,
    /// The bytes after the function.
    pub(crate) data: Vec<u8>,
    /// Seconds of site time, in thousandths.
    pub(crate) at_ms: u128,
}

impl Asked {
    /// The first address.
    pub(crate) fn address(&self) -> u16 {
        u16::from_be_bytes([self.data[0], self.data[1]])
    }
    /// The count of a read, or the value of a single write.
    pub(crate) fn count(&self) -> u16 {
        u16::from_be_bytes([self.data[2], self.data[3]])
    }
    pub(crate) fn writes(&self) -> bool {
        matches!(self.function, 5 | 6 | 15 | 16)
    }
}

/// What the peer does about a request.
pub(crate) enum Reply {
    /// Answers with these bytes after the function.
    Data(Vec<u8>),
    /// Answers with a Modbus exception.
    Exception(u8),
    /// Answers later.
    Late(Duration, Vec<u8>),
    /// Answers byte by byte.
    Pieces(Vec<u8>),
    /// Sends these bytes as they are.
    Raw(Vec<u8>),
    /// Does not answer.
    Silence,
    /// Closes the connection.
    Close,
}

type Handler = Box<dyn FnMut(&Asked) -> Reply + Send>;

/// What the peer saw.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) asked: Vec<Asked>,
    pub(crate) connections: usize,
    pub(crate) open: usize,
}

/// One endpoint.
#[derive(Clone)]
pub(crate) struct Peer {
    handler: Arc<Mutex<Handler>>,
    pub(crate) seen: Arc<Mutex<Seen>>,
    /// Attempts to connect that are still refused.
    pub(crate) refuse: Arc<Mutex<usize>>,
    clock: Clock,
}

impl Peer {
    pub(crate) fn new(
        clock: &Clock,
        handler: impl FnMut(&Asked) -> Reply + Send + 'static,
    ) -> Self {
        Self {
            handler: Arc::new(Mutex::new(Box::new(handler))),
            seen: Arc::default(),
            refuse: Arc::default(),
            clock: clock.clone(),
        }
    }
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.seen.lock().expect("no test panics while holding it").asked.clone()
    }
    pub(crate) fn connections(&self) -> usize {
        self.seen.lock().expect("no test panics while holding it").connections
    }
    /// The writes seen: function, address, and all bytes after the address.
    pub(crate) fn writes(&self) -> Vec<(u8, u16, Vec<u8>)> {
        let asked = self.asked();
        let writes = asked.iter().filter(|asked| asked.writes());
        writes.map(|asked| (asked.function, asked.address(), asked.data[2..].to_vec())).collect()
    }

    /// Serves one connection until it is closed.
    pub(crate) async fn serve(self, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        self.seen.lock().expect("no test panics while holding it").open += 1;
        let _ = self.talk(&mut stream).await;
        self.seen.lock().expect("no test panics while holding it").open -= 1;
    }

    async fn talk(&self, stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<()> {
        loop {
            let mut head = [0; 8];
            stream.read_exact(&mut head).await?;
            assert_eq!(head[2..4], [0, 0], "the protocol identifier is zero");
            let length = usize::from(u16::from_be_bytes([head[4], head[5]]));
            let mut data = vec![0; length - 2];
            stream.read_exact(&mut data).await?;
            let asked = Asked {
                transaction: u16::from_be_bytes([head[0], head[1]]),
                unit: head[6],
                function: head[7],
                data,
                at_ms: self.clock.now().mono.since_start().as_millis(),
            };
            self.seen.lock().expect("no test panics while holding it").asked.push(asked.clone());
            let reply = (self.handler.lock().expect("no test panics while holding it"))(&asked);
            match reply {
                Reply::Data(data) => {
                    stream.write_all(&frame(&asked, asked.function, &data)).await?;
                }
                Reply::Exception(code) => {
                    let refusal = frame(&asked, asked.function | 0x80, &[code]);
                    stream.write_all(&refusal).await?;
                }
                Reply::Late(after, data) => {
                    tokio::time::sleep(after).await;
                    stream.write_all(&frame(&asked, asked.function, &data)).await?;
                }
                Reply::Pieces(data) => {
                    for byte in frame(&asked, asked.function, &data) {
                        stream.write_all(&[byte]).await?;
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                }
                Reply::Raw(bytes) => stream.write_all(&bytes).await?,
                Reply::Silence => {}
                Reply::Close => return Ok(()),
            }
        }
    }
}

impl Connect for Peer {
    fn connect<'a>(&'a self, _: &'a Endpoint) -> BoxFuture<'a, io::Result<BoxedStream>> {
        Box::pin(async move {
            self.seen.lock().expect("no test panics while holding it").connections += 1;
            {
                let mut refuse = self.refuse.lock().expect("no test panics while holding it");
                if *refuse > 0 {
                    *refuse -= 1;
                    return Err(io::ErrorKind::ConnectionRefused.into());
                }
            }
            let (ours, theirs) = tokio::io::duplex(1024);
            tokio::spawn(self.clone().serve(theirs));
            Ok(Box::new(ours) as BoxedStream)
        })
    }
}

/// A whole frame.
pub(crate) fn frame(asked: &Asked, function: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = asked.transaction.to_be_bytes().to_vec();
    bytes.extend([0, 0]);
    bytes.extend(u16::try_from(data.len() + 2).expect("a valid test value").to_be_bytes());
    bytes.extend([asked.unit, function]);
    bytes.extend(data);
    bytes
}

/// The data of an answer with registers.
pub(crate) fn registers(words: &[u16]) -> Vec<u8> {
    let mut data = vec![u8::try_from(words.len() * 2).expect("a valid test value")];
    data.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    data
}

/// Answers a read from a table of registers by address; what is not in it is zero.
pub(crate) fn from_table(asked: &Asked, table: &[(u16, u16)]) -> Reply {
    let word = |address: u16| {
        table.iter().find(|(known, _)| *known == address).map_or(0, |(_, word)| *word)
    };
    let first = asked.address();
    let words: Vec<u16> = (first..first + asked.count()).map(word).collect();
    Reply::Data(registers(&words))
}

/// Acknowledges a write.
pub(crate) fn echo(asked: &Asked) -> Reply {
    Reply::Data(asked.data[..4].to_vec())
}

pub(crate) fn clock() -> Clock {
    Clock::scaled("2026-06-01T12:00:00Z".parse().expect("a valid test value"), 1.0)
}

pub(crate) fn read(text: &str) -> Arc<Profile> {
    Arc::new(profile::read(text, Path::new("test.yaml")).expect("a profile without findings"))
}

pub(crate) fn builtin(name: &str) -> Arc<Profile> {
    read(profile::builtin(name).expect("a built-in profile"))
}

/// Polled every 10 s, too old after 30 s, and given 1 s to answer.
pub(crate) fn device(name: &str, unit: u8, profile: &Arc<Profile>) -> FieldDevice {
    let device = Device {
        id: DeviceId::new(name).expect("a valid test value"),
        profile: profile.name.clone(),
        profile_file: None,
        endpoint: Endpoint::Tcp { host: "field".into(), port: 502 },
        unit,
        poll: Duration::from_secs(10),
        max_age: Duration::from_secs(30),
        timeout: Duration::from_secs(1),
        link: site::model::LinkOptions::default(),
        place: site::text::Place::default(),
    };
    FieldDevice { device, profile: Arc::clone(profile), envelopes: Envelopes::of_no_site() }
}

pub(crate) fn start(devices: Vec<FieldDevice>, peer: &Peer, clock: &Clock) -> Field {
    Field::start(devices, Arc::new(peer.clone()), clock.clone())
}

pub(crate) fn point(text: &str) -> PointId {
    PointId::try_from(text.to_owned()).expect("a valid test value")
}

pub(crate) fn number(snapshot: &Snapshot, text: &str) -> Option<f64> {
    snapshot.number(&point(text))
}

/// A command as the guard would let it through.
pub(crate) fn guarded(asset: &str, device: &str, setpoint: Setpoint) -> Guarded<Command> {
    Guarded::by_guard(Command {
        asset: AssetId::new(asset).expect("a valid test value"),
        device: DeviceId::new(device).expect("a valid test value"),
        setpoint,
        authority: Authority::Plan,
    })
}
