//! A forecast from elsewhere: what a simulation that knows its own future tells the planner, so
//! that the price of not knowing can be measured.

use super::Controller;
use site::plan::{Estimate, Forecast};
use site::{Site, Snapshot};
use std::sync::Arc;

/// Somebody who knows more about the future than what was learned.
pub trait Outlook: Send + Sync {
    /// Puts what is known in the place of what was expected; steps and prices stay.
    fn correct(
        &self,
        site: &Site,
        snapshot: &Snapshot,
        estimate: &Estimate,
        forecast: &mut Forecast,
    );
}

impl Controller {
    /// From now on plans are made with this outlook.
    pub fn foresee(&mut self, outlook: Arc<dyn Outlook>) {
        self.outlook = Some(outlook);
    }

    /// The forecast as whoever knows better has it.
    pub(super) fn foreseen(
        &self,
        snapshot: &Snapshot,
        estimate: &Estimate,
        mut forecast: Forecast,
    ) -> Forecast {
        if let Some(outlook) = &self.outlook {
            outlook.correct(&self.loaded.site, snapshot, estimate, &mut forecast);
        }
        forecast
    }
}
