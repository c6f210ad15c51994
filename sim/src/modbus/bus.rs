//! The units behind one link, and whether the link answers at all.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::watch;

use super::respond::refuse;
use super::roles::Rights;
use super::rtu::RtuFrame;
use super::{Exception, Frame, Unit, respond};

/// On a serial line: all units.
const BROADCAST: u8 = 0;
/// What may be broadcast: the functions that write and read nothing.
const BROADCAST_FUNCTIONS: [u8; 5] = [0x05, 0x06, 0x0F, 0x10, 0x16];

/// How a bus answers a request to a unit it does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownUnit {
    /// With exception 0x0B, as gateways that know their line do.
    GatewayTargetFailed,
    /// Not at all, as gateways that merely pass bytes on do.
    Silent,
}

/// In which way a bus has stopped answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Silence {
    /// It answers.
    #[default]
    Answering,
    /// It takes requests and drops them: nothing is done and nothing is answered.
    Deaf,
    /// It does what is asked and loses the answer: a write may have happened.
    Mute,
    /// It ends its connections and takes no new ones.
    Closed,
}

/// The state of a link that a running connection has to follow.
#[derive(Debug, Clone, Copy, Default)]
struct Line {
    silence: Silence,
    /// How often all connections were ended; a connection lives while this stays the same.
    hang_ups: u64,
    answer_delay: Duration,
}

/// A unit and whether it answers.
struct Seat {
    unit: Box<dyn Unit>,
    silent: bool,
}

/// What became of a request.
enum Asked {
    /// The function code and data to answer with.
    Answered(Vec<u8>),
    /// The unit is there and hears nothing.
    Unheard,
    /// There is no such unit.
    NoUnit,
}

struct Shared {
    seats: Mutex<BTreeMap<u8, Seat>>,
    line: watch::Sender<Line>,
    unknown: UnknownUnit,
}

/// The units behind one link, by unit number.
///
/// A clone is the same bus: the plant keeps one to change what the connections serve.
#[derive(Clone)]
pub struct Bus {
    shared: Arc<Shared>,
}

impl Bus {
    /// A bus without units that answers at once.
    pub fn new(unknown: UnknownUnit) -> Bus {
        let line = watch::Sender::new(Line::default());
        Bus { shared: Arc::new(Shared { seats: Mutex::default(), line, unknown }) }
    }

    /// Puts `unit` at `number` and gives back the one that was there.
    ///
    /// Over TCP every number from 0 to 255 is an ordinary one. On a serial line 0 is a broadcast,
    /// and a unit of that number is never asked.
    pub fn insert(&self, number: u8, unit: impl Unit + 'static) -> Option<Box<dyn Unit>> {
        let seat = Seat { unit: Box::new(unit), silent: false };
        self.seats().insert(number, seat).map(|seat| seat.unit)
    }

    /// Takes the unit at `number` off the bus.
    pub fn remove(&self, number: u8) -> Option<Box<dyn Unit>> {
        self.seats().remove(&number).map(|seat| seat.unit)
    }

    /// Makes one unit deaf while its neighbours go on answering, or lets it answer again.
    ///
    /// Gives false when there is no such unit. Replacing the unit lets the new one answer.
    pub fn set_unit_silent(&self, number: u8, silent: bool) -> bool {
        self.seats().get_mut(&number).map(|seat| seat.silent = silent).is_some()
    }

    /// Stops the whole bus from answering, or lets it answer again.
    ///
    /// [`Silence::Closed`] ends the open connections even if it is taken back at once.
    pub fn set_silence(&self, silence: Silence) {
        self.shared.line.send_modify(|line| {
            line.silence = silence;
            line.hang_ups += u64::from(silence == Silence::Closed);
        });
    }

    /// In which way the bus has stopped answering.
    pub fn silence(&self) -> Silence {
        self.shared.line.borrow().silence
    }

    /// Ends the open connections once; new ones are served.
    pub fn hang_up(&self) {
        self.shared.line.send_modify(|line| line.hang_ups += 1);
    }

    /// How long every answer is held back after the request has been done; zero at first.
    pub fn set_answer_delay(&self, delay: Duration) {
        self.shared.line.send_modify(|line| line.answer_delay = delay);
    }

    pub(super) fn answer_delay(&self) -> Duration {
        self.shared.line.borrow().answer_delay
    }

    /// Begins to follow the link, for one connection.
    pub(super) fn follow(&self) -> Following {
        let line = self.shared.line.subscribe();
        let hang_ups = line.borrow().hang_ups;
        Following { line, hang_ups }
    }

    /// Does what the frame asks, as far as its sender may, and gives the bytes to answer with, if
    /// it is to be answered.
    pub(super) fn answer(&self, frame: &Frame, rights: Rights) -> Option<Vec<u8>> {
        let function = *frame.pdu().first()?;
        if self.hears_nothing() {
            return None;
        }
        if !rights.allow(function) {
            return Some(frame.answer(&refuse(function, Exception::IllegalFunction)));
        }
        let pdu = match self.ask(frame.unit(), frame.pdu()) {
            Asked::Answered(pdu) => pdu,
            Asked::NoUnit if self.shared.unknown == UnknownUnit::GatewayTargetFailed => {
                refuse(function, Exception::GatewayTargetFailed)
            }
            Asked::NoUnit | Asked::Unheard => return None,
        };
        Some(frame.answer(&pdu))
    }

    /// The same on a serial line, where nobody speaks for a unit that is not there, and where all
    /// units do what unit 0 is told.
    pub(super) fn answer_rtu(&self, frame: &RtuFrame) -> Option<Vec<u8>> {
        if self.hears_nothing() {
            return None;
        }
        if frame.unit() == BROADCAST {
            self.broadcast(frame.pdu());
            return None;
        }
        match self.ask(frame.unit(), frame.pdu()) {
            Asked::Answered(pdu) => Some(frame.answer(&pdu)),
            Asked::NoUnit | Asked::Unheard => None,
        }
    }

    /// The units there are now.
    #[cfg(feature = "rodbus")]
    pub(super) fn units(&self) -> Vec<u8> {
        self.seats().keys().copied().collect()
    }

    /// Asks a unit directly; for one that is gone or silent a gateway answers.
    #[cfg(feature = "rodbus")]
    pub(super) fn with_unit<T>(
        &self,
        number: u8,
        ask: impl FnOnce(&mut dyn Unit) -> Result<T, Exception>,
    ) -> Result<T, Exception> {
        match self.seats().get_mut(&number) {
            Some(Seat { unit, silent: false }) => ask(unit.as_mut()),
            _ => Err(Exception::GatewayTargetFailed),
        }
    }

    fn hears_nothing(&self) -> bool {
        matches!(self.silence(), Silence::Deaf | Silence::Closed)
    }

    fn ask(&self, unit: u8, pdu: &[u8]) -> Asked {
        match self.seats().get_mut(&unit) {
            None => Asked::NoUnit,
            Some(Seat { silent: true, .. }) => Asked::Unheard,
            Some(seat) => Asked::Answered(respond(seat.unit.as_mut(), pdu)),
        }
    }

    /// Only writes are broadcast (§2.1): a read that nobody answers has no sense.
    fn broadcast(&self, pdu: &[u8]) {
        if !pdu.first().is_some_and(|function| BROADCAST_FUNCTIONS.contains(function)) {
            return;
        }
        for seat in self.seats().values_mut().filter(|seat| !seat.silent) {
            respond(seat.unit.as_mut(), pdu);
        }
    }

    fn seats(&self) -> MutexGuard<'_, BTreeMap<u8, Seat>> {
        self.shared.seats.lock().expect("a unit that panicked half-way cannot be served on")
    }
}

impl fmt::Debug for Bus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units: Vec<u8> = self.seats().keys().copied().collect();
        formatter
            .debug_struct("Bus")
            .field("units", &units)
            .field("unknown", &self.shared.unknown)
            .field("line", &*self.shared.line.borrow())
            .finish()
    }
}

/// One connection's view of its link.
pub(super) struct Following {
    line: watch::Receiver<Line>,
    hang_ups: u64,
}

impl Following {
    /// Resolves when this connection has to end.
    pub(super) async fn hung_up(&mut self) {
        let begun = self.hang_ups;
        let over = |line: &Line| line.silence == Silence::Closed || line.hang_ups != begun;
        // An error means that the bus is gone, and a link without a bus is over too.
        let _ = self.line.wait_for(over).await;
    }
}
