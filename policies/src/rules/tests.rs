//! The rules on a small site: bands, programs, and the cap on export in a closed loop.

use super::propose;
use crate::guard::bench::{Field, id, site};
use crate::propose::Circumstances;
use site::Site;
use site::command::{Authority, Proposal, Setpoint};
use site::units::{Power, Ratio};
use std::collections::BTreeMap;

fn rules(site: &Site, field: &Field) -> Vec<Proposal> {
    propose(site, &field.snapshot(), &Circumstances::default())
}

fn of<'a>(proposals: &'a [Proposal], asset: &str) -> Option<&'a Proposal> {
    proposals.iter().find(|proposal| proposal.asset == id(asset))
}

fn programmed(level: f64) -> Circumstances {
    let program_level = BTreeMap::from([(id("L1"), Ratio::new(level))]);
    Circumstances { program_level, ..Circumstances::default() }
}

#[test]
fn a_pump_starts_below_its_band_stops_above_and_stays_in_between() {
    let site = site();
    let mut field = Field::usual();
    let mut ask = |level: f64, running: bool| {
        field.number("l1.level", level);
        field.flag("d1.running", running);
        let proposals = rules(&site, &field);
        let proposal = of(&proposals, "P1").unwrap().clone();
        assert_eq!(proposal.authority, Authority::Program);
        (proposal.setpoint, proposal.why)
    };
    let below = "T1 stands at 1.99 m (39.8 %), below 40 %: run";
    assert_eq!(ask(1.99, false), (Setpoint::Run, below.into()));
    let between = "T1 stands at 3.00 m (60.0 %), between 40 % and 90 %: stays running";
    assert_eq!(ask(3.0, true), (Setpoint::Run, between.into()));
    assert_eq!(ask(3.0, false).0, Setpoint::Stop);
    let above = "T1 stands at 4.51 m (90.2 %), above 90 %: stop";
    assert_eq!(ask(4.51, true), (Setpoint::Stop, above.into()));
}

#[test]
fn without_a_good_input_nothing_is_wished() {
    let site = site();
    let mut field = Field::usual();
    field.bad("d1.running");
    assert_eq!(of(&rules(&site, &field), "P1"), None, "in between, the state is needed");
    field.number("l1.level", 1.0);
    assert_eq!(of(&rules(&site, &field), "P1").unwrap().setpoint, Setpoint::Run);
    field.bad("l1.level");
    let proposals = rules(&site, &field);
    assert_eq!(of(&proposals, "P1"), None);
    assert!(of(&proposals, "P3").is_some(), "P3 fills T2, whose level is good");
    assert_eq!(of(&proposals, "L1"), None, "no program level was given");
}

#[test]
fn lighting_follows_its_program() {
    let known = programmed(0.7);
    let proposals = propose(&site(), &Field::usual().snapshot(), &known);
    let light = of(&proposals, "L1").unwrap();
    assert_eq!(light.setpoint, Setpoint::Light(Ratio::new(0.7)));
    assert_eq!(light.why, "the program wants 70 % now");
}

#[test]
fn inverters_run_freely_while_there_is_room() {
    let mut field = Field::usual();
    field.number("m1.power", -39e3);
    let mut site = site();
    let proposals = rules(&site, &field);
    let free = of(&proposals, "PV1").unwrap();
    assert_eq!(free.setpoint, Setpoint::NoLimit);
    assert_eq!(free.why, "export is 39.0 kW, and 40.0 kW are allowed");
    field.number("m1.power", -90e3);
    site.grid.export_limit = None;
    assert_eq!(of(&rules(&site, &field), "PV1").unwrap().setpoint, Setpoint::NoLimit);
}

fn limits(site: &Site, field: &Field) -> [f64; 2] {
    let proposals = rules(site, field);
    ["PV1", "PV2"].map(|inverter| match of(&proposals, inverter).unwrap().setpoint {
        Setpoint::Limit(share) => share.get(),
        _ => 1.0,
    })
}

#[test]
fn without_a_meter_the_export_limit_is_split_by_rating() {
    let (mut site, mut field) = (site(), Field::usual());
    field.bad("m1.power");
    assert!(limits(&site, &field).iter().all(|share| (share - 0.4).abs() < 1e-9));
    site.inverters[1].control.mode = site::asset::Mode::Observe;
    let [controlled, observed] = limits(&site, &field);
    assert!(controlled.abs() < 1e-9, "PV2 may give 40 kW and nobody can hold it: none is left");
    assert!((observed - 0.4).abs() < 1e-9, "what it would bear if it were controlled");
    site.grid.export_limit = Some(Power::from_kw(70.0));
    assert!((limits(&site, &field)[0] - 0.5).abs() < 1e-9, "30 kW of 60 kW");
}

#[test]
fn without_its_power_an_inverter_gets_its_part_of_the_export_limit() {
    let (site, mut field) = (site(), Field::usual());
    field.number("m1.power", -45e3);
    field.bad("s1.power");
    field.number("s2.power", 30e3);
    let [blind, seen] = limits(&site, &field);
    assert!((blind - 0.4).abs() < 1e-9);
    assert!(seen < 30.0 / 40.0);
}

/// Two inverters in the sun, a load and a meter. Inverters obey at once; limits are read back.
struct Plant {
    site: Site,
    field: Field,
    sun_kw: [f64; 2],
    load_kw: f64,
    shares: [f64; 2],
}

impl Plant {
    fn export_kw(&self) -> f64 {
        let given = [60.0, 40.0].into_iter().zip(self.sun_kw).zip(self.shares);
        given.map(|((rated, sun), share)| sun.min(rated * share)).sum::<f64>() - self.load_kw
    }
    fn look(&mut self) {
        let ratings = [60.0, 40.0];
        self.field.number("m1.power", -self.export_kw() * 1e3);
        for (n, inverter) in ["s1", "s2"].into_iter().enumerate() {
            let power = self.sun_kw[n].min(ratings[n] * self.shares[n]) * 1e3;
            self.field.number(&format!("{inverter}.power"), power);
            self.field.number(&format!("{inverter}.limit"), self.shares[n] * 100.0);
        }
        self.shares = limits(&self.site, &self.field);
        self.field.pass(60);
    }
    fn looks(&mut self, count: usize) {
        (0..count).for_each(|_| self.look());
    }
}

fn noon() -> Plant {
    let (site, field) = (site(), Field::usual());
    Plant { site, field, sun_kw: [58.0, 38.0], load_kw: 15.0, shares: [1.0, 1.0] }
}

#[test]
fn the_cap_acts_at_once_and_does_not_oscillate() {
    let mut plant = noon();
    assert!(plant.export_kw() > 80.0);
    plant.look();
    assert!(plant.export_kw() <= 40.0, "one look is enough: {} kW", plant.export_kw());
    assert!(plant.export_kw() > 38.0, "and no more is given up than the deadband");
    let settled = plant.shares;
    for _ in 0..30 {
        plant.look();
        assert_eq!(plant.shares.map(f64::to_bits), settled.map(f64::to_bits), "not a write");
    }
    for look in 0..30 {
        plant.load_kw = if look % 2 == 0 { 14.7 } else { 15.3 };
        plant.look();
        assert_eq!(plant.shares.map(f64::to_bits), settled.map(f64::to_bits), "nor for noise");
    }
}

#[test]
fn the_cap_follows_the_load_and_the_sun() {
    let mut plant = noon();
    plant.looks(3);
    plant.load_kw = 5.0;
    plant.look();
    assert!(plant.export_kw() <= 40.0, "less load: lowered at once");
    plant.load_kw = 25.0;
    let before = plant.shares;
    plant.look();
    assert!((plant.shares[0] - before[0] - 0.05).abs() < 1e-9, "more load: raised slowly");
    plant.looks(10);
    assert!((38.0..=40.0).contains(&plant.export_kw()), "{} kW", plant.export_kw());
    plant.sun_kw = [5.0, 38.0];
    plant.looks(20);
    assert!(plant.shares[1] > 0.94, "a cloud over PV1 gives its room to PV2: {:?}", plant.shares);
    plant.sun_kw = [58.0, 38.0];
    plant.looks(2);
    assert!(plant.export_kw() <= 40.0, "{} kW", plant.export_kw());
}

#[test]
fn a_large_load_sets_the_inverters_free_again() {
    let mut plant = noon();
    plant.looks(3);
    plant.load_kw = 150.0;
    plant.looks(2);
    assert_eq!(plant.shares.map(|share| share >= 1.0), [true, true]);
}

#[test]
fn no_limit_of_any_kind_is_negative() {
    let mut field = Field::usual();
    field.number("m1.power", -500e3);
    let shares = limits(&site(), &field);
    assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)), "{shares:?}");
}

#[test]
fn every_asset_is_named_at_most_once() {
    let proposals = propose(&site(), &Field::usual().snapshot(), &programmed(1.0));
    let names: Vec<&str> = proposals.iter().map(|p| p.asset.as_str()).collect();
    let all = ["P1", "P2", "P3", "P4", "P5", "W1", "PV1", "PV2", "L1", "B1", "C1", "C2"];
    assert_eq!(names, all, "nobody knows how long S1 ran today");
}
