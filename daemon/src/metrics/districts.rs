//! Districts: the last night, the sum, the alarm and the last whole day.

use super::{Page, truth};
use crate::status::Status;
use policies::district::{DayVolumes, DistrictReport};

impl Page {
    pub(super) fn districts(&self, status: &Status) {
        let help = "Mean net inflow of the last night from 02:00 to 04:00.";
        self.each_district(status, "night_flow_cubic_metres_per_hour", help, |report| {
            report.nights.last()?.flow_m3h
        });
        let help = "Expected flow of the night of a working day.";
        self.each_district(status, "night_baseline_cubic_metres_per_hour", help, |report| {
            report.baseline_m3h
        });
        let help = "Cumulative sum of the nights above the baseline; 1 raises an alarm.";
        self.each_district(status, "night_cusum_ratio", help, |report| {
            report.baseline_m3h.map(|_| report.cusum / report.threshold)
        });
        let help = "1 while there is a leak alarm.";
        self.each_district(status, "leak_alarm", help, |report| {
            report.baseline_m3h.map(|_| truth(report.alarm.is_some()))
        });
        let help = "What a leak alarm says is lost.";
        self.each_district(status, "leak_cubic_metres_per_hour", help, |report| {
            report.alarm.as_ref().map(|alarm| alarm.size_m3h)
        });
        let help = "Consumed and lost on the last whole day.";
        self.each_district(status, "day_net_cubic_metres", help, |report| {
            Some(last_day(report)?.net_m3)
        });
        let help = "Lost on the last whole day, where consumption is metered.";
        self.each_district(status, "day_losses_cubic_metres", help, |report| {
            last_day(report)?.losses_m3
        });
    }

    fn each_district(
        &self,
        status: &Status,
        name: &str,
        help: &str,
        value: impl Fn(&DistrictReport) -> Option<f64>,
    ) {
        let rows = status.districts.iter().map(|(id, report)| (vec![id.as_str()], value(report)));
        self.gauges((&format!("district_{name}"), help), &["district"], rows);
    }
}

fn last_day(report: &DistrictReport) -> Option<&DayVolumes> {
    report.days.last()?.volumes.as_ref()
}
