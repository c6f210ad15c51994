//! How the planner's model fits: corrections with their spread, and what no longer fits.

use super::{Page, Row, truth};
use crate::status::Status;
use site::plan::{Basis, Estimated, PumpFit};
use site::units::Ratio;

impl Page {
    pub(super) fn model(&self, status: &Status) {
        let model = &status.model;
        let help = "What a pump adds to the tanks, as a factor of the network file.";
        self.fitted(status, ("model_pump_flow_ratio", help), |fit| fit.flow);
        let help = "What power a pump takes, as a factor of the network file.";
        self.fitted(status, ("model_pump_power_ratio", help), |fit| fit.power);
        let rows =
            model.unexplained_m3_per_hour.iter().map(|(id, gain)| (vec![id.as_str()], Some(*gain)));
        let help = "What a tank gains beyond what flows say, m3/h.";
        self.gauges(("model_tank_unexplained_m3_per_hour", help), &["asset"], rows);
        let help = "Demand of the last hours, as a factor of its profile.";
        self.gauge("model_demand_ratio", help, model.demand.map(|demand| demand.ratio));
        let help = "Spread of regie_model_demand_ratio, one standard deviation.";
        self.gauge("model_demand_spread_ratio", help, model.demand.map(|demand| demand.spread));
        let fits = (!model.pumps.is_empty()).then(|| truth(model.misfits.is_empty()));
        self.gauge("model_fits", "1 while the model describes what is measured.", fits);
        let rows = model
            .misfits
            .iter()
            .map(|misfit| (vec![misfit.subject.as_str(), misfit.kind.word()], Some(misfit.value)));
        let help = "What the model no longer describes: a factor, or m3/h for a balance.";
        self.gauges(("model_misfit", help), &["subject", "kind"], rows);
    }

    /// A factor per pump and its spread. What was never measured has no series.
    fn fitted(
        &self,
        status: &Status,
        (name, help): (&str, &str),
        of: impl Fn(&PumpFit) -> Estimated<Ratio>,
    ) {
        let measured = || {
            let all = status.model.pumps.iter().map(|(id, fit)| (id, of(fit)));
            all.filter(|(_, factor)| factor.basis == Basis::Measured)
        };
        let values = measured().map(|(id, factor)| -> Row<'_, Option<f64>> {
            (vec![id.as_str()], Some(factor.value.get()))
        });
        self.gauges((name, help), &["asset"], values);
        let spreads = measured().map(|(id, factor)| -> Row<'_, Option<f64>> {
            (vec![id.as_str()], Some(factor.spread.get()))
        });
        let stem = name.trim_end_matches("_ratio");
        let help = format!("Spread of regie_{name}, one standard deviation.");
        self.gauges((&format!("{stem}_spread_ratio"), &help), &["asset"], spreads);
    }
}
