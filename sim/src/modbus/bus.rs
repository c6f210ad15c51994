//! The units behind one link, and whether the link answers at all.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::watch;

use super::respond::refuse;
use super::{Exception, Frame, Unit, respond};

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
    /// Every number from 0 to 255 is an ordinary one: over TCP there are no broadcasts.
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

    /// Does what the frame asks and gives the bytes to answer with, if it is to be answered.
    pub(super) fn answer(&self, frame: &Frame) -> Option<Vec<u8>> {
        let pdu = match self.silence() {
            Silence::Deaf | Silence::Closed => None,
            Silence::Answering | Silence::Mute => self.respond(frame),
        };
        Some(frame.answer(&pdu?))
    }

    fn respond(&self, frame: &Frame) -> Option<Vec<u8>> {
        match (self.seats().get_mut(&frame.unit()), self.shared.unknown) {
            (Some(Seat { silent: true, .. }), _) | (None, UnknownUnit::Silent) => None,
            (Some(seat), _) => Some(respond(seat.unit.as_mut(), frame.pdu())),
            (None, UnknownUnit::GatewayTargetFailed) => {
                Some(refuse(frame.pdu()[0], Exception::GatewayTargetFailed))
            }
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
