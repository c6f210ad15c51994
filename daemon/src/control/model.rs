//! The planner's model and what measurements say of it.

use super::Controller;
use crate::status::{DemandStatus, ModelStatus};
use policies::water::WaterModel;
use std::sync::Arc;

impl Controller {
    /// The planner's model, corrected by what was measured; made anew only when the correction
    /// changes.
    pub(super) fn corrected(&mut self) -> Option<Arc<WaterModel>> {
        let water = self.loaded.water.clone()?;
        let correction = self.state.fit.correction(&water);
        if correction.is_none() {
            return Some(water);
        }
        if let Some((known, model)) = &self.corrected
            && *known == correction
        {
            return Some(Arc::clone(model));
        }
        let model = Arc::new(water.corrected(&correction.flow, &correction.power));
        self.corrected = Some((correction, Arc::clone(&model)));
        Some(model)
    }

    pub(super) fn model_status(&self) -> ModelStatus {
        if self.loaded.water.is_none() {
            return ModelStatus::default();
        }
        let (fit, demand) = (&self.state.fit, &self.state.learned.demand);
        let hourly = |flow: site::units::Flow| flow.get() * 3600.0;
        ModelStatus {
            pumps: fit.pumps(&self.loaded.site),
            unexplained_m3_per_hour: fit
                .gains()
                .into_iter()
                .map(|(id, (gain, _))| (id, hourly(gain)))
                .collect(),
            demand: demand.level().map(|(ratio, spread)| DemandStatus { ratio, spread }),
            misfits: fit.misfits().to_vec(),
        }
    }
}
