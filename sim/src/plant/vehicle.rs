//! A vehicle at a charger: it takes what it is offered, as far as it can and will.

use super::chance::Chance;

/// Vehicles by phases and the most current they take for each phase, in A.
const VISITORS: [(f64, f64); 4] = [(3.0, 16.0), (1.0, 32.0), (3.0, 32.0), (1.0, 16.0)];
/// How often each of them comes.
const VISITORS_OFTEN: [f64; 4] = [55.0, 20.0, 17.0, 8.0];
/// Share of vehicles that take more than was wanted when it is offered, and how much more at most.
const GREEDY_SHARE: f64 = 0.3;
const GREEDY_MORE: f64 = 0.4;
/// Over the last Wh a vehicle takes less and less: its battery is almost full.
const TAPER_WH: f64 = 1500.0;

/// One vehicle on one visit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Vehicle {
    /// Phases it charges with.
    phases: f64,
    /// The most current of a phase, in A.
    most_a: f64,
    /// After so many Wh it takes no more.
    accepts_wh: f64,
}

/// The charger as a vehicle meets it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Socket {
    /// Phases.
    pub(crate) phases: f64,
    /// True voltage of a phase, in V.
    pub(crate) volts: f64,
    /// The least current at which a vehicle charges, in A.
    pub(crate) least_a: f64,
    /// The most current, in A.
    pub(crate) most_a: f64,
}

impl Vehicle {
    /// A vehicle of the commune: three phases, as its own chargers have.
    pub(crate) fn of_the_commune(mut own: Chance, wanted_wh: f64, visit: &mut Chance) -> Self {
        let most_a = if own.happens(0.7) { 16.0 } else { 32.0 };
        Self { phases: 3.0, most_a, accepts_wh: accepts(wanted_wh, visit) }
    }

    /// A visitor's vehicle.
    pub(crate) fn of_a_visitor(wanted_wh: f64, chance: &mut Chance) -> Self {
        let (phases, most_a) = VISITORS[chance.pick(&VISITORS_OFTEN)];
        Self { phases, most_a, accepts_wh: accepts(wanted_wh, chance) }
    }

    /// The current it draws of an offer after so many Wh, in A: nothing, or at least the least at
    /// which a vehicle charges.
    pub(crate) fn current_a(&self, offered_a: f64, charged_wh: f64, socket: &Socket) -> f64 {
        let left_wh = self.accepts_wh - charged_wh;
        if left_wh <= 0.0 || offered_a < socket.least_a {
            return 0.0;
        }
        let most = self.most_a.min(socket.most_a);
        let tapered = (most * left_wh / TAPER_WH).clamp(socket.least_a, most.max(socket.least_a));
        let current = offered_a.min(tapered);
        if current < socket.least_a { 0.0 } else { current }
    }

    /// The power of a current, in W.
    pub(crate) fn power_w(&self, current_a: f64, socket: &Socket) -> f64 {
        self.phases.min(socket.phases) * socket.volts * current_a
    }

    /// The most power at a socket, in W.
    pub(crate) fn most_w(&self, socket: &Socket) -> f64 {
        self.power_w(self.most_a.min(socket.most_a), socket)
    }
}

/// What a vehicle takes before it stops by itself, in Wh.
fn accepts(wanted_wh: f64, chance: &mut Chance) -> f64 {
    let more = chance.between(0.0, GREEDY_MORE);
    if chance.happens(GREEDY_SHARE) { wanted_wh * (1.0 + more) } else { wanted_wh }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOCKET: Socket = Socket { phases: 3.0, volts: 230.0, least_a: 6.0, most_a: 32.0 };

    #[test]
    fn it_takes_what_it_is_offered_or_nothing() {
        let vehicle = Vehicle { phases: 3.0, most_a: 16.0, accepts_wh: 10e3 };
        let current = |offer, charged| vehicle.current_a(offer, charged, &SOCKET);
        for (offer, wanted) in [(0.0, 0.0), (5.9, 0.0), (6.0, 6.0), (10.0, 10.0), (32.0, 16.0)] {
            assert!((current(offer, 0.0) - wanted).abs() < 1e-12, "{offer} A");
        }
        assert!((current(32.0, 9250.0) - 8.0).abs() < 1e-9, "almost full");
        assert!((current(32.0, 9990.0) - 6.0).abs() < 1e-9, "never below the least");
        assert!(current(32.0, 10e3).abs() < 1e-12, "it has had enough");
        assert!((vehicle.power_w(16.0, &SOCKET) - 11_040.0).abs() < 1e-9);
        let one = Vehicle { phases: 1.0, most_a: 32.0, accepts_wh: 10e3 };
        assert!((one.most_w(&SOCKET) - 7360.0).abs() < 1e-9);
    }

    #[test]
    fn some_take_more_than_was_wanted() {
        let mut chance = Chance::new(5, "vehicles");
        let all: Vec<f64> = (0..1000).map(|_| accepts(1.0, &mut chance)).collect();
        let greedy = all.iter().filter(|share| **share > 1.0).count();
        assert!((250..350).contains(&greedy), "{greedy}");
        assert!(all.iter().all(|share| (1.0..=1.4).contains(share)));
    }
}
