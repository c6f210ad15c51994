//! Districts: flow meters and tanks by their names.

use super::Context;
use super::assets::name;
use crate::district::District;
use crate::ids::AssetId;
use crate::text::{Place, Section};
use std::collections::BTreeMap;

/// Reads the districts. Tanks can only be reckoned with when a network says how much they hold.
pub(super) fn read(root: &Section<'_>, context: &Context<'_>) -> Vec<District> {
    let has_water = root.get("water").is_some();
    let mut districts = Vec::new();
    for (id, place, section) in root.named("districts", "district") {
        let district = name(id, place, &section).and_then(|id| district(id, &section, context));
        if district.as_ref().is_some_and(|district| !district.tanks.is_empty()) && !has_water {
            let message = "it has tanks, and 'water' is missing: nobody knows how much they hold";
            section.complain("missing-key", place, message, "add 'water' with the network's file");
        }
        section.finish();
        districts.extend(district);
    }
    districts.sort_by(|a, b| a.id.cmp(&b.id));
    districts
}

fn district(id: AssetId, section: &Section<'_>, context: &Context<'_>) -> Option<District> {
    let mut names = Names { section, context, seen: BTreeMap::new() };
    let title = section.text_maybe("name");
    let present = section.need("inflow").is_some();
    let inflow = names.flow_meters("inflow");
    let outflow = names.flow_meters("outflow");
    let metered = names.flow_meters("metered");
    let tanks = names.tanks("tanks");
    let learn_from = section.get("learn_from").and_then(|node| {
        section.scalar(node, "wrong-date", |text| {
            let wrong = |_| format!("'{text}' is not a date; write \"2026-05-01\"");
            text.parse::<jiff::civil::Date>().map_err(wrong)
        })
    });
    if present && section.list("inflow").is_empty() {
        let message = "'inflow' names no flow meter";
        section.complain("missing-key", section.place(), message, "name the meters at its inlets");
    }
    let name = title.unwrap_or_else(|| id.to_string());
    (!inflow.is_empty()).then_some(District {
        id,
        name,
        inflow,
        outflow,
        tanks,
        metered,
        learn_from,
    })
}

/// Reads lists of names; a name stands once in a district.
struct Names<'a, 'c> {
    section: &'c Section<'a>,
    context: &'c Context<'c>,
    seen: BTreeMap<String, &'static str>,
}

impl Names<'_, '_> {
    fn flow_meters(&mut self, key: &'static str) -> Vec<AssetId> {
        self.list(key, "unknown-flow-meter", "flow meter", &self.context.flow_meters)
    }

    fn tanks(&mut self, key: &'static str) -> Vec<AssetId> {
        self.list(key, "unknown-tank", "tank", &self.context.tanks)
    }

    fn list(
        &mut self,
        key: &'static str,
        code: &'static str,
        what: &str,
        known: &[AssetId],
    ) -> Vec<AssetId> {
        let mut found = Vec::new();
        for node in self.section.list(key) {
            let id = self.section.scalar(node, code, |text| {
                let id = known.iter().find(|id| id.as_str() == text);
                id.cloned().ok_or_else(|| format!("no {what} is called '{text}'"))
            });
            let Some(id) = id else { continue };
            self.once(&id, key, node.place);
            found.push(id);
        }
        found
    }

    fn once(&mut self, id: &AssetId, key: &'static str, place: Place) {
        if let Some(other) = self.seen.insert(id.to_string(), key) {
            let message = format!("'{id}' stands in '{other}' and in '{key}'");
            let help = "a meter or tank has one place in a district";
            self.section.complain("duplicate-name", place, message, help);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::district::District;
    use crate::text::Finding;
    use std::path::Path;

    const SITE: &str = r#"
regie: 1
site: {id: s, name: S, time_zone: Europe/Paris, latitude: 47, longitude: 5}
devices:
  d: {profile: flow-meter, connect: "tcp://127.0.0.1:1"}
tanks:
  T: {node: t, level: d.level, height: 5 m}
flow_meters:
  A: {flow: d.a, link: a}
  B: {flow: d.b, link: b}
  C: {flow: d.c, link: c}
grid: {power: d.power}
tariff:
  classes: [{name: all, price: 0.1 EUR/kWh, months: 1-12, hours: ["00:00-00:00"]}]
"#;

    fn read(districts: &str, water: bool) -> Result<Vec<District>, Vec<Finding>> {
        let water = if water { "water: {network: n.inp}\n" } else { "" };
        let text = format!("{SITE}{water}districts:\n{districts}");
        let read = crate::file::read(&text, Path::new("site.yaml"));
        read.map(|resolved| resolved.site.districts)
    }

    fn codes(districts: &str, water: bool) -> Vec<(&'static str, String)> {
        let findings = read(districts, water).expect_err("something is wrong with it");
        findings.into_iter().map(|finding| (finding.code, finding.message)).collect()
    }

    #[test]
    fn a_district_names_its_meters_and_tanks() {
        let text = "  town: {name: Town, inflow: [A], outflow: [B], tanks: [T], metered: [C],\n    \
                    learn_from: \"2026-05-01\"}\n  mill: {inflow: [B]}\n";
        let districts = read(text, true).expect("nothing is wrong with it");
        assert_eq!(districts.len(), 2);
        assert_eq!((districts[0].id.as_str(), districts[0].name.as_str()), ("mill", "mill"));
        let town = &districts[1];
        assert_eq!((town.inflow[0].as_str(), town.outflow[0].as_str()), ("A", "B"));
        assert_eq!((town.tanks[0].as_str(), town.metered[0].as_str()), ("T", "C"));
        assert_eq!(town.learn_from, Some(jiff::civil::date(2026, 5, 1)));
        assert!(!town.measured_like(&districts[0]));
    }

    #[test]
    fn what_is_wrong_with_a_district_is_said_with_its_code() {
        let one = |text: &str| {
            let found = codes(text, true);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            found[0].clone()
        };
        assert_eq!(one("  x: {inflow: [Z]}\n").0, "unknown-flow-meter");
        assert_eq!(one("  x: {inflow: [A], tanks: [A]}\n").0, "unknown-tank");
        assert_eq!(one("  x: {inflow: []}\n").0, "missing-key");
        assert_eq!(one("  x: {outflow: [A]}\n").0, "missing-key");
        assert_eq!(one("  x: {inflow: [A], learn_from: May}\n").0, "wrong-date");
        assert_eq!(one("  x: {inflow: [A], outflows: [B]}\n").0, "unknown-key");
        assert_eq!(one("  A: {inflow: [A]}\n").0, "duplicate-name");
        let (code, message) = one("  x: {inflow: [A], outflow: [A]}\n");
        assert_eq!(code, "duplicate-name");
        assert!(message.contains("'A' stands in 'inflow' and in 'outflow'"), "{message}");
        let (code, message) = codes("  x: {inflow: [A], tanks: [T]}\n", false).remove(0);
        assert_eq!(code, "missing-key");
        assert!(message.contains("nobody knows how much they hold"), "{message}");
    }
}
