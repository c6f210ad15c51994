//! The panel of a load that is on or off: it obeys while it is spoken to, and otherwise follows its
//! own control: the float switches of a well, or a clock.

use drivers::profile::Profile;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use site::Site;
use site::tariff::Hours;

use super::deadman::Write;
use super::encode::flag;
use super::memory::Memory;
use super::remote::Remote;
use crate::plant::{Plant, SwitchView};

/// What a point of the panel shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SwitchPoint {
    Running,
    Remote,
    Fault,
    DeadManTripped,
    Power,
    Energy,
    Starts,
    RunHours,
}

/// The usual names of points that a site need not name.
pub(crate) const USUAL: [(&str, SwitchPoint); 8] = [
    ("running", SwitchPoint::Running),
    ("remote", SwitchPoint::Remote),
    ("fault", SwitchPoint::Fault),
    ("dead_man_tripped", SwitchPoint::DeadManTripped),
    ("power", SwitchPoint::Power),
    ("energy", SwitchPoint::Energy),
    ("starts", SwitchPoint::Starts),
    ("run_hours", SwitchPoint::RunHours),
];

/// What hangs on the panel, with its own control.
#[derive(Debug, Clone)]
enum Load {
    /// A load that may wait, by its place: a clock runs it from the beginning of its hours for as
    /// long as it has to run a day.
    Shiftable { place: usize, hours: Hours, daily_run: SignedDuration, zone: TimeZone },
    /// The pump of a lift station, by its place: it starts at the upper float and stops at the
    /// lower one, both as shares of the well.
    Lift { place: usize, stop_below: f64, start_above: f64 },
}

/// One panel.
#[derive(Debug, Clone)]
pub(crate) struct SwitchPanel {
    load: Load,
    pub(crate) remote: Remote,
    /// What the plant was last ordered.
    ordered: bool,
}

impl SwitchPanel {
    /// The panel of the site's load that may wait at a place.
    pub(crate) fn of_shiftable(site: &Site, place: usize, profile: &Profile) -> Self {
        let asset = &site.shiftable[place];
        let daily_run = SignedDuration::try_from(asset.daily_run).unwrap_or(SignedDuration::MAX);
        let zone = site.zone.clone();
        let load = Load::Shiftable { place, hours: asset.hours, daily_run, zone };
        Self { load, remote: Remote::new(profile, &["run", "stop"]), ordered: false }
    }

    /// The panel of the site's lift station at a place.
    pub(crate) fn of_lift(site: &Site, place: usize, profile: &Profile) -> Self {
        let asset = &site.lift_stations[place];
        let (stop_below, start_above) = (asset.band_low.get(), asset.band_high.get());
        let load = Load::Lift { place, stop_below, start_above };
        Self { load, remote: Remote::new(profile, &["run", "stop"]), ordered: false }
    }

    /// Handles a write, after the registers have taken it.
    pub(crate) fn handle_write(
        &mut self,
        write: Write,
        (profile, memory): (&Profile, &Memory),
        plant: &mut Plant,
        at: Timestamp,
    ) {
        self.remote.handle_write(write, at);
        self.obey(profile, memory, plant, at);
    }

    /// Decides at the beginning of a step.
    pub(crate) fn decide(
        &mut self,
        (profile, memory): (&Profile, &mut Memory),
        plant: &mut Plant,
        at: Timestamp,
    ) {
        if !self.remote.in_local(at) {
            return self.obey(profile, memory, plant, at);
        }
        self.ordered = self.by_itself(plant, at);
        self.order(plant, at);
        if self.remote.forgets(at) {
            memory.set_order(profile, if self.ordered { "run" } else { "stop" }, 0.0);
        }
    }

    fn obey(&mut self, profile: &Profile, memory: &Memory, plant: &mut Plant, at: Timestamp) {
        if self.remote.in_local(at) {
            return;
        }
        if memory.order(profile, "run").is_some() {
            self.ordered = true;
        } else if memory.order(profile, "stop").is_some() {
            self.ordered = false;
        }
        self.order(plant, at);
    }

    fn order(&self, plant: &mut Plant, at: Timestamp) {
        match self.load {
            Load::Shiftable { place, .. } => plant.command_shiftable(place, self.ordered, at),
            Load::Lift { place, .. } => plant.command_lift(place, self.ordered, at),
        }
    }

    /// What the panel's own control wants.
    fn by_itself(&self, plant: &Plant, at: Timestamp) -> bool {
        match &self.load {
            Load::Shiftable { hours, daily_run, zone, .. } => {
                let local = at.to_zoned(zone.clone());
                let today = local.with().time(hours.from).build();
                let Ok(today) = today else { return false };
                let begun = if today > local { today.checked_sub(1.day()) } else { Ok(today) };
                let since = begun.map(|begun| local.duration_since(&begun));
                hours.contains(local.time()) && since.is_ok_and(|since| since < *daily_run)
            }
            Load::Lift { place, stop_below, start_above } => match plant.true_well_share(*place) {
                low if low < *stop_below => false,
                high if high > *start_above => true,
                _ => self.ordered,
            },
        }
    }

    fn view(&self, plant: &Plant, at: Timestamp) -> SwitchView {
        match self.load {
            Load::Shiftable { place, .. } => plant.shiftable(place, at),
            Load::Lift { place, .. } => plant.lift(place, at),
        }
    }

    /// What a point shows.
    pub(crate) fn show(&self, point: SwitchPoint, plant: &Plant, at: Timestamp) -> f64 {
        let view = self.view(plant, at);
        match point {
            SwitchPoint::Running => flag(view.running),
            SwitchPoint::Remote => flag(!self.remote.switched_to_local),
            SwitchPoint::Fault => flag(false),
            SwitchPoint::DeadManTripped => flag(self.remote.tripped(at)),
            SwitchPoint::Power => view.power_w,
            SwitchPoint::Energy => view.energy_wh,
            SwitchPoint::Starts => super::pump::counter(view.starts),
            SwitchPoint::RunHours => view.run_hours,
        }
    }
}
