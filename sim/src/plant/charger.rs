//! A charger with the vehicle at its socket, and what became of each session.

use jiff::Timestamp;
use serde::Serialize;
use site::time::seconds_between;
use site::units::Energy;
use site::{AssetId, Site};

use super::chance::Chance;
use super::vehicle::Socket;
use super::visits::{Visit, Visits};

/// Error of the charger's meter, as one standard deviation.
const METER_DEVIATION: f64 = 0.004;

/// A session that has ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SessionTruth {
    /// The charger.
    pub charger: AssetId,
    /// When the vehicle came; it may have been there before the plant's start.
    pub arrival: Timestamp,
    /// When it left.
    pub departure: Timestamp,
    /// What the driver wanted.
    pub wanted: Energy,
    /// What it was given. A vehicle that was there before the plant's start counts as given the
    /// part of its wish that is in proportion to the time.
    pub delivered: Energy,
    /// What it would have been given had it been offered the most current since the plant's start.
    pub possible: Energy,
}

/// A vehicle at the socket.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) visit: Visit,
    pub(crate) charged_wh: f64,
    /// What it had charged by now at the most current.
    possible_wh: f64,
}

/// One charger.
#[derive(Debug, Clone)]
pub(crate) struct Point {
    id: AssetId,
    pub(crate) socket: Socket,
    pub(crate) visits: Visits,
    gain: f64,
    offered_a: f64,
    pub(crate) session: Option<Session>,
    next: Option<Visit>,
    /// Current that the vehicle draws, in A, and its power, in W.
    pub(crate) current_a: f64,
    pub(crate) power_w: f64,
    /// Since the start, in J.
    pub(crate) energy_j: f64,
}

impl Point {
    pub(crate) fn new(site: &Site, charger: usize, seed: u64, at: Timestamp) -> Self {
        let asset = &site.chargers[charger];
        let mut chance = Chance::new(seed, &format!("charger {}", asset.id));
        let visits = Visits::new(site, charger, seed);
        let volts = asset.voltage.get() * chance.factor(site.simulation.mismatch.get());
        Self {
            id: asset.id.clone(),
            socket: Socket {
                phases: f64::from(asset.phases),
                volts,
                least_a: asset.min_current.get(),
                most_a: asset.max_current.get(),
            },
            next: visits.next(at),
            visits,
            gain: chance.factor(METER_DEVIATION),
            offered_a: 0.0,
            session: None,
            current_a: 0.0,
            power_w: 0.0,
            energy_j: 0.0,
        }
    }

    /// Offers a current for each phase, in A; 0 is a pause.
    pub(crate) fn offer(&mut self, amperes: f64) {
        self.offered_a = amperes.clamp(0.0, self.socket.most_a);
    }

    pub(crate) fn offered_a(&self) -> f64 {
        self.offered_a
    }

    /// Some seconds with whoever is there.
    pub(crate) fn step(&mut self, seconds: f64) {
        (self.current_a, self.power_w) = (0.0, 0.0);
        let Some(session) = &mut self.session else { return };
        let vehicle = session.visit.vehicle;
        let drawn = |offer, charged| vehicle.current_a(offer, charged, &self.socket);
        self.current_a = drawn(self.offered_a, session.charged_wh);
        self.power_w = vehicle.power_w(self.current_a, &self.socket);
        let possible_a = drawn(self.socket.most_a, session.possible_wh);
        session.charged_wh += self.power_w * seconds / 3600.0;
        session.possible_wh += vehicle.power_w(possible_a, &self.socket) * seconds / 3600.0;
        self.energy_j += self.power_w * seconds;
    }

    /// At the plant's start: who is there already has charged in proportion to the time.
    pub(crate) fn begin(&mut self, at: Timestamp) {
        let Some(session) = &mut self.session else { return };
        let visit = &session.visit;
        let stay = seconds_between(visit.arrival, visit.departure);
        let before_wh = visit.wanted_wh * seconds_between(visit.arrival, at) / stay;
        (session.charged_wh, session.possible_wh) = (before_wh, before_wh);
    }

    /// Who leaves and who comes at an instant. Gives the session that has ended.
    pub(crate) fn settle(&mut self, at: Timestamp) -> Option<SessionTruth> {
        let leaves = |session: &mut Session| session.visit.departure <= at;
        let ended = self.session.take_if(leaves).map(|session| self.told(session));
        if ended.is_some() {
            (self.current_a, self.power_w) = (0.0, 0.0);
        }
        if self.session.is_none() {
            if self.next.as_ref().is_none_or(|next| next.departure <= at) {
                self.next = self.visits.next(at);
            }
            let here = self.next.take_if(|next| next.arrival <= at);
            let plugged = |visit| Session { visit, charged_wh: 0.0, possible_wh: 0.0 };
            self.session = here.map(plugged);
        }
        ended
    }

    fn told(&self, session: Session) -> SessionTruth {
        SessionTruth {
            charger: self.id.clone(),
            arrival: session.visit.arrival,
            departure: session.visit.departure,
            wanted: Energy::new(session.visit.wanted_wh),
            delivered: Energy::new(session.charged_wh),
            possible: Energy::new(session.possible_wh),
        }
    }

    /// The power that the meter shows, in W.
    pub(crate) fn shown_w(&self) -> f64 {
        self.power_w * self.gain
    }

    /// Energy of the session and since the start as the meter has counted it, in Wh.
    pub(crate) fn shown_wh(&self) -> (f64, f64) {
        let session = self.session.as_ref().map_or(0.0, |session| session.charged_wh);
        (session * self.gain, self.energy_j / 3600.0 * self.gain)
    }
}
