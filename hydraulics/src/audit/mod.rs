//! The audit of schedules: an independent judge.
//!
//! EPANET reports a schedule as complete and cheap also where it lets a tank fill up: the tank's
//! pipe closes, water is made or lost, steps collapse. Whoever searches for cheap schedules finds
//! exactly those. So no schedule is believed before it has passed here, and the judge shares no
//! code with what makes schedules: it has EPANET itself step through the file as written (units,
//! patterns, steps, accuracy, trials), integrates what every node really got, and compares.
//!
//! What is judged is one course of the pumps, a [`Drive`]: a schedule, the file's own controls, or
//! level bands. The verdict is a list of [`Fault`]s; a schedule without one is [feasible]. What is
//! impossible in the network is a fault; only a malformed question is an error.
//!
//! The one departure from EPANET's reading of a file: EPANET 2.3 makes a pump of constant power in
//! a file with SI units a third too strong. Here it has the power that is written.
//!
//! [feasible]: Audit::feasible

mod auditor;
mod bands;
mod clock_tariff;
mod course;
mod judge;
mod outcome;
mod prices;
mod question;
mod steps;

pub use auditor::Auditor;
pub use bands::{BAND_STEP_S_MAX, governing_tanks};
pub use clock_tariff::{ClockTariff, TariffError, Window};
pub use outcome::{
    Applied, Audit, DemandCharge, Fault, PressureLow, PriceShare, Reason, Sample, TankCourse,
};
pub use prices::Prices;
pub use question::{
    AUDIT_DURATION_S_MAX, AuditOptions, Demand, Drive, EndLevel, LEVEL_MARGIN_M, Limits, Schedule,
};

use crate::{HydraulicsError, Network};

/// Judges one course of the pumps. Whoever judges many opens an [`Auditor`] once.
///
/// # Errors
/// Those of [`Auditor::audit`], and [`HydraulicsError::Scratch`] where the temporary folder cannot
/// be written.
pub fn audit(
    network: &Network,
    drive: &Drive<'_>,
    options: &AuditOptions,
) -> Result<Audit, HydraulicsError> {
    Auditor::open(network).audit(drive, options)
}
