//! Batteries, sessions, wells, loads that may wait, and limits from outside.

use super::{Page, Row, number, seconds, truth};
use crate::status::{AssetKind, AssetStatus, Status};
use site::external::Direction;

impl Page {
    pub(super) fn storage(&self, status: &Status) {
        self.of_kind(
            status,
            AssetKind::Battery,
            ("battery_charge_ratio", "State of charge."),
            |battery| battery.details.charge_ratio,
        );
        self.of_kind(
            status,
            AssetKind::Battery,
            ("battery_power_watts", "Power of a battery; charging positive."),
            |battery| battery.power_watts,
        );
        self.of_kind(
            status,
            AssetKind::Battery,
            ("battery_setting_watts", "Setpoint in force of a battery; charging positive."),
            |battery| battery.details.setting_watts,
        );
        self.of_kind(
            status,
            AssetKind::Charger,
            ("charger_connected", "1 while a vehicle is plugged in."),
            |charger| charger.details.connected.map(truth),
        );
        self.of_kind(
            status,
            AssetKind::Charger,
            ("charger_setting_amperes", "Current limit in force of a charger; 0 is a pause."),
            |charger| charger.details.setting_amperes,
        );
        self.of_kind(
            status,
            AssetKind::Charger,
            ("session_wanted_watthours", "Energy that the vehicle at a charger still wants."),
            |charger| charger.details.session.map(|session| session.wanted_watthours),
        );
        self.of_kind(
            status,
            AssetKind::Charger,
            ("session_arrival_timestamp_seconds", "When the vehicle at a charger came."),
            |charger| charger.details.session.map(|session| seconds(session.arrival)),
        );
        self.of_kind(
            status,
            AssetKind::Charger,
            ("session_departure_timestamp_seconds", "When the vehicle at a charger leaves."),
            |charger| charger.details.session.map(|session| seconds(session.departure)),
        );
        self.of_kind(
            status,
            AssetKind::LiftStation,
            ("well_level_ratio", "Level of a lift station's well, as a share of its height."),
            |station| station.details.level_ratio,
        );
        self.of_kind(
            status,
            AssetKind::Shiftable,
            ("shiftable_run_today_seconds", "How long a load has run in the local day."),
            |load| load.details.run_today_seconds,
        );
    }

    fn of_kind(
        &self,
        status: &Status,
        kind: AssetKind,
        name: (&str, &str),
        value: impl Fn(&AssetStatus) -> Option<f64>,
    ) {
        let assets = status.assets.iter().filter(|(_, asset)| asset.kind == kind);
        self.gauges(name, &["asset"], assets.map(|(id, asset)| (vec![id.as_str()], value(asset))));
    }

    pub(super) fn limits(&self, status: &Status) {
        let directions = [Direction::Import, Direction::Export];
        let of = |direction: Direction| {
            let limits = status.grid.limits.iter();
            limits.filter(move |limit| limit.direction == direction && limit.in_force)
        };
        let lowest =
            |direction: Direction| of(direction).map(|limit| limit.watts).min_by(f64::total_cmp);
        let rows = directions.map(|d| -> Row<'_, Option<f64>> { (vec![d.word()], lowest(d)) });
        let name = ("external_limit_watts", "The lowest limit from outside that is in force.");
        self.gauges(name, &["direction"], rows);
        let rows = directions.map(|d| -> Row<'_, Option<f64>> {
            let count = status.grid.limits.iter().filter(|limit| limit.direction == d).count();
            (vec![d.word()], Some(number(u64::try_from(count).unwrap_or(u64::MAX))))
        });
        let name = ("external_limits", "Limits from outside, in force or to come.");
        self.gauges(name, &["direction"], rows);
        let running = status.grid.generator.iter().map(|id| (vec![id.as_str()], Some(1.0)));
        let name = ("generator_running", "1 for the generator that runs; no series for others.");
        self.gauges(name, &["asset"], running);
    }
}
