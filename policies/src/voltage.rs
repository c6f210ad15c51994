//! Voltages of the low-voltage network as the planner sees them: linear in the loads.
//!
//! LinDistFlow (M. E. Baran and F. F. Wu, "Optimal sizing of capacitors placed on a radial
//! distribution system", IEEE Transactions on Power Delivery 4, 1989): along a radial feeder the
//! square of the voltage falls by 2 (r P + x Q), where P and Q are all the load behind the section;
//! losses are left out. What it neglects lowers voltages further, and the more the heavier the
//! load, so a plan keeps some distance from the band's lower end.

use site::electrical::{Electrical, ElectricalError};

/// Watts in a kilowatt, and var in a kvar.
const KILO: f64 = 1e3;

/// How the square of each place's voltage moves with the load at each place. Places are the busbar
/// and the ends of the sections, in the order of [`Electrical::place_of`].
#[derive(Debug, Clone, PartialEq)]
pub struct Sensitivity {
    places: usize,
    /// Resistance and reactance of the path that two places share, per unit of the square of the
    /// nominal voltage and per kW and kvar; row by row.
    shared: Vec<(f64, f64)>,
}

impl Sensitivity {
    /// Of a declared network, its transformer included.
    ///
    /// # Errors
    /// When its sections do not hang together.
    pub fn new(electrical: &Electrical) -> Result<Self, ElectricalError> {
        let beginnings = electrical.beginnings()?;
        let places = beginnings.len() + 1;
        let scale = 2.0 * KILO / electrical.nominal.get().powi(2);
        let per_kilo = |(r, x): (f64, f64)| (r * scale, x * scale);
        let above = electrical.transformer.map_or((0.0, 0.0), |it| it.ohms(electrical.nominal));
        let mut shared = vec![(0.0, 0.0); places * places];
        shared[0] = per_kilo(above);
        for (at, (_, section)) in electrical.sections().enumerate() {
            let (place, from) = (at + 1, beginnings[at]);
            // Whatever stands before a place shares with it what it shares with its beginning.
            for other in 0..place {
                let path = shared[from * places + other];
                shared[place * places + other] = path;
                shared[other * places + place] = path;
            }
            let (r, x) = per_kilo(section.ohms());
            let path = shared[from * places + from];
            shared[place * places + place] = (path.0 + r, path.1 + x);
        }
        Ok(Self { places, shared })
    }

    /// Number of places.
    #[must_use]
    pub fn places(&self) -> usize {
        self.places
    }

    /// By how much the square of a place's voltage, as a share of the nominal one, changes with
    /// each kW of load at another; never above zero.
    ///
    /// # Panics
    /// When there is no such place.
    #[must_use]
    pub fn per_kw(&self, place: usize, load_at: usize) -> f64 {
        -self.shared_path(place, load_at).0
    }

    /// The same with each kvar of lagging load.
    ///
    /// # Panics
    /// When there is no such place.
    #[must_use]
    pub fn per_kvar(&self, place: usize, load_at: usize) -> f64 {
        -self.shared_path(place, load_at).1
    }

    /// The same with each kW of a load that takes `tan_phi` kvar beside it.
    ///
    /// # Panics
    /// When there is no such place.
    #[must_use]
    pub fn per_kw_with(&self, place: usize, load_at: usize, tan_phi: f64) -> f64 {
        self.per_kw(place, load_at) + tan_phi * self.per_kvar(place, load_at)
    }

    fn shared_path(&self, place: usize, load_at: usize) -> (f64, f64) {
        assert!(place < self.places && load_at < self.places, "a place of this network");
        self.shared[place * self.places + load_at]
    }

    /// Voltages of all places as shares of the nominal one, with the voltage above the
    /// transformer as such a share, and loads in kW and kvar, negative where they are fed in. A
    /// place at which the line falls below nothing has the voltage 0.
    ///
    /// # Panics
    /// When there is not exactly one load of each kind for each place.
    #[must_use]
    pub fn voltages(&self, upstream: f64, load_kw: &[f64], load_kvar: &[f64]) -> Vec<f64> {
        assert_eq!(load_kw.len(), self.places, "one active load for each place");
        assert_eq!(load_kvar.len(), self.places, "one reactive load for each place");
        let rows = self.shared.chunks_exact(self.places);
        let fall = |row: &[(f64, f64)]| -> f64 {
            let loads = load_kw.iter().zip(load_kvar);
            row.iter().zip(loads).map(|((r, x), (kw, kvar))| r * kw + x * kvar).sum()
        };
        rows.map(|row| (upstream.powi(2) - fall(row)).max(0.0).sqrt()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use site::AssetId;
    use site::electrical::{CableSection, Feeder, Transformer};
    use site::units::{ApparentPower, Impedance, Length, Power, Ratio, Voltage};

    /// A network of sections 100 m long: where each begins, as a place.
    fn network(beginnings: &[usize], transformer: bool) -> Electrical {
        let id = |place: usize| AssetId::new(&format!("n{place}")).unwrap();
        let section = |(at, from): (usize, &usize)| CableSection {
            node: id(at + 1),
            from: (*from > 0).then(|| id(*from)),
            length: Length::new(100.0),
            resistance: Impedance::new(0.2),
            reactance: Impedance::new(0.1),
            ampacity: None,
            assets: Vec::new(),
            load: Ratio::ZERO,
        };
        let sections = beginnings.iter().enumerate().map(section).collect();
        Electrical {
            nominal: Voltage::new(400.0),
            band: Ratio::new(0.1),
            upstream: Ratio::ONE,
            busbar_voltage: None,
            power_factor: Ratio::ONE,
            transformer: transformer.then(|| Transformer {
                rating: ApparentPower::new(160e3),
                short_circuit: Ratio::new(0.05),
                load_loss: Power::new(4800.0),
            }),
            feeders: vec![Feeder { id: id(0), limit: None, sections }],
        }
    }

    #[test]
    fn two_places_share_the_path_to_where_they_part() {
        // The busbar, n1 behind it, n2 and n3 behind n1, n4 at the busbar.
        let sensitivity = Sensitivity::new(&network(&[0, 1, 1, 0], true)).unwrap();
        let kilowatt = 2e3 / 400.0_f64.powi(2);
        // 5 % of 1 ohm, 3 % of it resistance and therefore 4 % reactance.
        let (transformer, section) = ((0.03, 0.04), (0.02, 0.01));
        let sections = [((0, 0), 0.0), ((1, 1), 1.0), ((2, 3), 1.0), ((2, 2), 2.0), ((4, 2), 0.0)];
        for ((a, b), shared) in sections {
            for (place, load_at) in [(a, b), (b, a)] {
                let expected = -kilowatt * (transformer.0 + shared * section.0);
                let found = sensitivity.per_kw(place, load_at);
                assert!((found - expected).abs() < 1e-15, "{place} {load_at}: {found}");
                let expected = -kilowatt * (transformer.1 + shared * section.1);
                let found = sensitivity.per_kvar(place, load_at);
                assert!((found - expected).abs() < 1e-15, "{place} {load_at}: {found}");
            }
        }
        let together = sensitivity.per_kw_with(2, 3, 0.5);
        assert!((together + kilowatt * (0.05 + 0.5 * 0.05)).abs() < 1e-15, "{together}");
    }

    #[test]
    fn a_load_lowers_the_voltage_by_hand_computed_volts() {
        let sensitivity = Sensitivity::new(&network(&[0], false)).unwrap();
        // 40 kW through 0.02 ohm: 1 - 2 * 0.02 * 40e3 / 160e3 = 0.99.
        let voltages = sensitivity.voltages(1.0, &[500.0, 40.0], &[0.0, 0.0]);
        assert!((voltages[0] - 1.0).abs() < 1e-15, "a busbar without transformer is rigid");
        assert!((voltages[1] - 0.99_f64.sqrt()).abs() < 1e-15, "{voltages:?}");
        let beyond = sensitivity.voltages(1.0, &[0.0, 1e5], &[0.0, 0.0]);
        assert!(beyond[1].abs() < 1e-15, "{beyond:?}");
    }

    #[test]
    fn what_does_not_hang_together_has_no_sensitivity() {
        let mut network = network(&[0, 1], false);
        network.feeders[0].sections.swap(0, 1);
        let error = Sensitivity::new(&network).unwrap_err();
        assert!(matches!(error, ElectricalError::UnknownBeginning { .. }), "{error}");
    }

    proptest! {
        /// More load anywhere never raises a voltage, and lowers its own.
        #[test]
        fn load_lowers_voltages(
            choices in prop::collection::vec(0.0..1.0_f64, 1..20),
            loads in prop::collection::vec((-20.0..20.0_f64, -5.0..10.0_f64), 21),
            (more, chosen) in (0.1..10.0_f64, 0.0..1.0_f64),
        ) {
            #[expect(clippy::cast_possible_truncation, reason = "a share of at most 20 places")]
            #[expect(clippy::cast_sign_loss, reason = "a share of at most 20 places")]
            let part = |share: f64, of: usize| (share * of as f64) as usize;
            let choices = choices.iter().enumerate();
            let beginnings: Vec<usize> = choices.map(|(at, share)| part(*share, at + 1)).collect();
            let sensitivity = Sensitivity::new(&network(&beginnings, true)).unwrap();
            let places = sensitivity.places();
            let (mut kw, kvar): (Vec<f64>, Vec<f64>) = loads[..places].iter().copied().unzip();
            let before = sensitivity.voltages(1.02, &kw, &kvar);
            let at = part(chosen, places);
            kw[at] += more;
            let after = sensitivity.voltages(1.02, &kw, &kvar);
            for (before, after) in before.iter().zip(&after) {
                prop_assert!(after <= before);
            }
            prop_assert!(after[at] < before[at]);
        }
    }
}
