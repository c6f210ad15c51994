//! A battery behind its inverter: what it really stores, what it loses, and what its own
//! management believes.

use site::asset;

use super::chance::Chance;

/// What the inverter draws by itself, as a share of its charging power: control, fans, transformer.
const STANDBY_SHARE: f64 = 0.0015;
/// Above this state of charge the cells take less and less.
const TAPER_ABOVE: f64 = 0.90;
/// Below this state of charge they give less and less.
const TAPER_BELOW: f64 = 0.05;
/// What is left of the charging power when the cells are almost full.
const TAPER_LEAST: f64 = 0.05;
/// How fast the inverter moves, as a share of its power for each second.
const RAMP_PER_S: f64 = 0.10;
/// The management counts charge with an error of this part, as one standard deviation.
const COUNT_DEVIATION: f64 = 0.01;
/// Its error at the start, as one standard deviation of the state of charge.
const START_DEVIATION: f64 = 0.01;
/// Its error never grows beyond this: voltages give it away.
const ERROR_MAX: f64 = 0.05;
/// At this true state of charge it knows again where it is.
const KNOWN_ABOVE: f64 = 0.985;
/// Over how long it takes the error out then, in s.
const CORRECTION_S: f64 = 600.0;
/// Error of its power meter, as one standard deviation.
const METER_DEVIATION: f64 = 0.004;
/// The room around it, in degrees Celsius; how much warmer the cells get when all power is lost in
/// them; and how fast, in s.
const ROOM_C: f64 = 21.0;
const WARMING_K: f64 = 180.0;
const WARMING_S: f64 = 5400.0;

/// One battery. Powers are in W at the busbar, energies in J, positive into the battery.
#[derive(Debug, Clone)]
pub(crate) struct Cells {
    capacity_j: f64,
    /// What reaches the cells of what is taken, and the busbar of what they give.
    one_way: f64,
    charge_w: f64,
    discharge_w: f64,
    standby_w: f64,
    gain: f64,
    count_gain: f64,
    /// What was ordered.
    ordered_w: f64,
    /// Where the ramp stands.
    ramped_w: f64,
    /// What the cells hold.
    pub(crate) stored_j: f64,
    /// The management's error, as a share of the capacity.
    error: f64,
    pub(crate) temperature_c: f64,
    /// Mean power of the last step, standby included.
    pub(crate) power_w: f64,
    /// Taken from and given to the busbar since the start, standby apart.
    pub(crate) taken_j: f64,
    pub(crate) given_j: f64,
    /// Drawn by the inverter itself since the start.
    pub(crate) standby_j: f64,
}

impl Cells {
    /// The battery that a seed makes of a description, at a state of charge of 0 to 1. `mismatch`
    /// is how far it is from its description, as one standard deviation.
    pub(crate) fn new(
        battery: &asset::Battery,
        mut chance: Chance,
        mismatch: f64,
        charge: f64,
    ) -> Self {
        let capacity_j = battery.capacity.get() * 3600.0 * chance.factor(mismatch);
        // Losses stray, not what comes back: a battery of 88 % is never one of 101 %.
        let lost = (1.0 - battery.efficiency.get()) * chance.factor(4.0 * mismatch);
        let charge_w = battery.charge_power.get();
        Self {
            capacity_j,
            one_way: (1.0 - lost).clamp(0.1, 1.0).sqrt(),
            charge_w,
            discharge_w: battery.discharge_power.get(),
            standby_w: STANDBY_SHARE * charge_w * chance.factor(0.2),
            gain: chance.factor(METER_DEVIATION),
            count_gain: chance.bounded(COUNT_DEVIATION),
            ordered_w: 0.0,
            ramped_w: 0.0,
            stored_j: capacity_j * charge.clamp(0.0, 1.0),
            error: chance.bounded(START_DEVIATION),
            temperature_c: ROOM_C,
            power_w: 0.0,
            taken_j: 0.0,
            given_j: 0.0,
            standby_j: 0.0,
        }
    }

    /// Orders a power, positive into the battery.
    pub(crate) fn order(&mut self, watts: f64) {
        self.ordered_w = watts.clamp(-self.discharge_w, self.charge_w);
    }

    /// The true state of charge, 0 to 1.
    pub(crate) fn charge(&self) -> f64 {
        self.stored_j / self.capacity_j
    }

    /// The state of charge that the management shows, 0 to 1.
    pub(crate) fn shown_charge(&self) -> f64 {
        (self.charge() + self.error).clamp(0.0, 1.0)
    }

    /// The power that its meter shows, in W.
    pub(crate) fn shown_w(&self) -> f64 {
        self.power_w * self.gain
    }

    /// Energy as its meter has counted it since the start, in J: in and out, standby in.
    pub(crate) fn shown_j(&self) -> (f64, f64) {
        ((self.taken_j + self.standby_j) * self.gain, self.given_j * self.gain)
    }

    /// Some seconds.
    pub(crate) fn step(&mut self, seconds: f64) {
        let wanted = self.ramp(seconds);
        let mean_w = wanted.clamp(-self.may_give_w(seconds), self.may_take_w(seconds));
        let (taken, given) = (mean_w.max(0.0) * seconds, (-mean_w).max(0.0) * seconds);
        let moved = taken * self.one_way - given / self.one_way;
        self.stored_j = (self.stored_j + moved).clamp(0.0, self.capacity_j);
        self.taken_j += taken;
        self.given_j += given;
        self.standby_j += self.standby_w * seconds;
        self.power_w = mean_w + self.standby_w;
        self.count(moved, seconds);
        let lost_share = (taken + given - moved.abs()).abs() / seconds / self.charge_w;
        let warm = ROOM_C + WARMING_K * lost_share;
        self.temperature_c += (warm - self.temperature_c) * (seconds / WARMING_S).min(1.0);
    }

    /// At the start, before any time has passed.
    pub(crate) fn look(&mut self) {
        self.power_w = self.standby_w;
    }

    /// Moves the ramp towards the order and gives its mean over the seconds.
    fn ramp(&mut self, seconds: f64) -> f64 {
        let (from, to) = (self.ramped_w, self.ordered_w);
        let speed = RAMP_PER_S * self.charge_w.max(self.discharge_w);
        let needed = (to - from).abs() / speed;
        if needed <= seconds {
            self.ramped_w = to;
            let moving = (from + to) / 2.0 * needed;
            return (moving + to * (seconds - needed)) / seconds;
        }
        self.ramped_w = from + (to - from).signum() * speed * seconds;
        (from + self.ramped_w) / 2.0
    }

    /// The most it takes: less when almost full, and never more than fits.
    fn may_take_w(&self, seconds: f64) -> f64 {
        let taper = (1.0 - self.charge()) / (1.0 - TAPER_ABOVE);
        let fits = (self.capacity_j - self.stored_j) / self.one_way / seconds;
        (self.charge_w * taper.clamp(TAPER_LEAST, 1.0)).min(fits)
    }

    /// The most it gives: less when almost empty, and never more than it has.
    fn may_give_w(&self, seconds: f64) -> f64 {
        let taper = (self.charge() / TAPER_BELOW).clamp(TAPER_LEAST, 1.0);
        (self.discharge_w * taper).min(self.stored_j * self.one_way / seconds)
    }

    /// The management counts what moved, a little wrong, and finds its error at the top.
    fn count(&mut self, moved_j: f64, seconds: f64) {
        self.error += moved_j.abs() / self.capacity_j * self.count_gain;
        self.error = self.error.clamp(-ERROR_MAX, ERROR_MAX);
        if self.charge() > KNOWN_ABOVE {
            self.error *= (-seconds / CORRECTION_S).exp();
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use site::asset::{BatteryPoints, Control, Mode, SafeState};
    use site::units::{Energy, Power, Price, Ratio};
    use site::{AssetId, DeviceId, PointId};

    fn asset() -> asset::Battery {
        let device = DeviceId::new("battery1").unwrap();
        let point = |name: &str| PointId::new(&device, name).unwrap();
        asset::Battery {
            id: AssetId::new("B200").unwrap(),
            control: Control {
                mode: Mode::Control,
                safe_state: SafeState::Stop,
                accept_no_deadman: false,
            },
            capacity: Energy::from_kwh(200.0),
            charge_power: Power::from_kw(80.0),
            discharge_power: Power::from_kw(80.0),
            efficiency: Ratio::new(0.88),
            charge_low: Ratio::new(0.05),
            charge_high: Ratio::new(0.95),
            reserve: Ratio::new(0.15),
            wear: Price::new(0.02),
            points: BatteryPoints {
                charge: point("charge"),
                power: point("power"),
                setpoint: point("setpoint"),
                remote: None,
                fault: None,
            },
            device,
        }
    }

    fn cells(seed: u64, charge: f64) -> Cells {
        Cells::new(&asset(), Chance::new(seed, "battery"), 0.03, charge)
    }

    #[test]
    fn energy_is_neither_made_nor_lost_on_a_random_day() {
        for seed in 0..20 {
            let mut cells = cells(seed, 0.5);
            let (before, mut orders) = (cells.stored_j, Chance::new(seed, "orders"));
            let mut at_busbar = 0.0;
            for step in 0..8640 {
                if step % 30 == 0 {
                    cells.order(orders.between(-120e3, 120e3));
                }
                cells.step(10.0);
                at_busbar += cells.power_w * 10.0;
                assert!((0.0..=1.0).contains(&cells.charge()), "seed {seed}: {}", cells.charge());
            }
            let lost = cells.taken_j * (1.0 - cells.one_way)
                + cells.given_j * (1.0 / cells.one_way - 1.0)
                + cells.standby_j;
            let gained = cells.stored_j - before;
            let error = (at_busbar - lost - gained).abs() / at_busbar.abs().max(3.6e6);
            assert!(error < 1e-6, "seed {seed}: {error}");
            assert!(cells.taken_j > 3.6e8, "it moved more than 100 kWh");
        }
    }

    #[test]
    fn what_comes_back_is_what_the_plate_says_within_a_few_per_cent() {
        for seed in 0..20 {
            let mut cells = cells(seed, 0.3);
            let start = cells.stored_j;
            cells.order(60e3);
            (0..360).for_each(|_| cells.step(10.0));
            cells.order(-60e3);
            while cells.stored_j > start {
                cells.step(10.0);
            }
            let back = cells.given_j / cells.taken_j;
            assert!((0.84..=0.92).contains(&back), "seed {seed}: {back}");
        }
    }

    #[test]
    fn it_ramps_tapers_and_stops_at_its_ends() {
        let mut cells = cells(1, 0.5);
        cells.order(500e3);
        cells.step(1.0);
        assert!(cells.power_w < 10e3, "it does not jump: {}", cells.power_w);
        (0..12).for_each(|_| cells.step(1.0));
        assert!((cells.power_w - cells.standby_w - 80e3).abs() < 1e-6, "held at its power");
        while cells.charge() < 0.95 {
            cells.step(10.0);
        }
        let tapered = cells.power_w - cells.standby_w;
        assert!((35e3..=42e3).contains(&tapered), "half of the power half way: {tapered}");
        (0..3600).for_each(|_| cells.step(10.0));
        assert!(cells.charge() <= 1.0 && cells.charge() > 0.999);
        assert!((cells.power_w - cells.standby_w).abs() < 1.0, "full");
        cells.order(-80e3);
        (0..3600).for_each(|_| cells.step(10.0));
        assert!(cells.charge().abs() < 1e-3, "empty: {}", cells.charge());
        assert!((cells.power_w - cells.standby_w).abs() < 1.0);
    }

    #[test]
    fn the_management_strays_slowly_and_finds_itself_when_full() {
        let mut strayed = 0.0_f64;
        for seed in 0..20 {
            let mut cells = cells(seed, 0.5);
            for step in 0..6 * 8640 {
                let up = step / 500 % 2 == 0;
                cells.order(if up { 40e3 } else { -36e3 });
                cells.step(10.0);
                let error = (cells.shown_charge() - cells.charge()).abs();
                assert!(error <= ERROR_MAX + 1e-9, "seed {seed}: {error}");
            }
            strayed = strayed.max((cells.shown_charge() - cells.charge()).abs());
            cells.order(80e3);
            (0..8640).for_each(|_| cells.step(10.0));
            assert!((cells.shown_charge() - cells.charge()).abs() < 1e-3, "seed {seed}");
        }
        assert!(strayed > 0.02, "some counted wrong: {strayed}");
    }
}
