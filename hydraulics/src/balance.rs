//! The audit of a run: is water neither made nor lost?

use crate::{Stepped, Volumes};

/// Share of the demand by which a balance may fail to close.
pub const BALANCE_TOLERANCE: f64 = 1e-3;

/// Sums the volumes of a run and compares what entered with what became of it.
///
/// Whoever judges a schedule adds every step, and believes the result only if [`closes`] holds and
/// nothing spilled. EPANET reports a schedule as complete and cheap also where water was made or
/// lost at a tank's limit, or where demand was counted as delivered that no source could reach.
///
/// [`closes`]: MassBalance::closes
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MassBalance {
    sum: Volumes,
    seconds: f64,
    limit_seconds: f64,
    substeps: u64,
}

impl MassBalance {
    /// An empty balance.
    #[must_use]
    pub fn new() -> MassBalance {
        MassBalance::default()
    }

    /// Adds a step of a run.
    pub fn add(&mut self, step: &Stepped) {
        self.add_volumes(&step.volumes);
        self.seconds += step.seconds;
        self.limit_seconds += if step.at_limit() { step.seconds } else { 0.0 };
        self.substeps += u64::try_from(step.substeps).unwrap_or(u64::MAX);
    }

    /// Adds one steady state that held for some seconds.
    pub(crate) fn add_state(&mut self, volumes: &Volumes, seconds: f64, at_limit: bool) {
        self.add_volumes(volumes);
        self.seconds += seconds;
        self.limit_seconds += if at_limit { seconds } else { 0.0 };
        self.substeps += 1;
    }

    /// Adds volumes measured elsewhere, m3.
    pub fn add_volumes(&mut self, volumes: &Volumes) {
        self.sum.inflow_m3 += volumes.inflow_m3;
        self.sum.delivered_m3 += volumes.delivered_m3;
        self.sum.storage_change_m3 += volumes.storage_change_m3;
        self.sum.overflow_m3 += volumes.overflow_m3;
    }

    /// The volumes so far, m3.
    #[must_use]
    pub fn volumes(&self) -> Volumes {
        self.sum
    }

    /// Length of the run so far, s.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// Length of the steps in which a tank stood at a limit, s.
    #[must_use]
    pub fn limit_seconds(&self) -> f64 {
        self.limit_seconds
    }

    /// How many steady states the run took.
    #[must_use]
    pub fn substeps(&self) -> u64 {
        self.substeps
    }

    /// Water that entered and is not accounted for, m3; negative where more was delivered or
    /// stored than entered.
    #[must_use]
    pub fn error_m3(&self) -> f64 {
        let Volumes { inflow_m3, delivered_m3, storage_change_m3, overflow_m3 } = self.sum;
        inflow_m3 - delivered_m3 - storage_change_m3 - overflow_m3
    }

    /// The error as a share of the delivered demand; nothing where nothing was delivered.
    #[must_use]
    pub fn error_share(&self) -> Option<f64> {
        let delivered = self.sum.delivered_m3;
        (delivered > 0.0).then(|| self.error_m3() / delivered)
    }

    /// Whether the balance closes within [`BALANCE_TOLERANCE`] of the demand. Without demand, of
    /// the water that entered or was stored.
    #[must_use]
    pub fn closes(&self) -> bool {
        let moved = self.sum.inflow_m3.abs().max(self.sum.storage_change_m3.abs());
        let scale = if self.sum.delivered_m3 > 0.0 { self.sum.delivered_m3 } else { moved };
        self.error_m3().abs() <= BALANCE_TOLERANCE * scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn balance(inflow_m3: f64, delivered_m3: f64, change: f64, overflow_m3: f64) -> MassBalance {
        let mut balance = MassBalance::new();
        balance.add_volumes(&Volumes {
            inflow_m3,
            delivered_m3,
            storage_change_m3: change,
            overflow_m3,
        });
        balance
    }

    #[test]
    fn a_balance_closes_only_within_a_thousandth_of_the_demand() {
        assert!(balance(100.0, 90.0, 10.0, 0.0).closes());
        assert!(balance(100.0, 90.0, 9.92, 0.0).closes());
        assert!(!balance(100.0, 90.0, 9.9, 0.0).closes());
        assert!(!balance(88.5, 100.0, 0.0, 0.0).closes());
        assert!(balance(100.0, 90.0, 6.0, 4.0).closes());
    }

    #[test]
    fn the_error_has_a_sign_and_a_share() {
        let short = balance(88.5, 100.0, 0.0, 0.0);
        assert!((short.error_m3() + 11.5).abs() < 1e-12);
        assert!((short.error_share().unwrap() + 0.115).abs() < 1e-12);
        assert_eq!(balance(5.0, 0.0, 5.0, 0.0).error_share(), None);
        assert!(balance(5.0, 0.0, 5.0, 0.0).closes());
        assert!(!balance(5.0, 0.0, 4.0, 0.0).closes());
    }

    #[test]
    fn a_balance_that_is_not_a_number_does_not_close() {
        assert!(!balance(f64::NAN, 1.0, 0.0, 0.0).closes());
    }
}
