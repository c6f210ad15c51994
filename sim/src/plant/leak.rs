//! Leaks: holes that open at an instant and let out water by its pressure.

use hydraulics::{Network, Run};
use jiff::Timestamp;
use jiff::civil::Date;
use site::units::{self, Ratio};

use super::PlantError;

/// A leak as an engineer asks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct LeakRequest {
    /// The junction of the network at which it is.
    pub junction: String,
    /// How much it lets out at the pressure at which it opens, as a share of the network's mean
    /// demand; above 0, at most 1.
    pub share: Ratio,
    /// The local day with whose first instant it opens.
    pub day: Date,
}

impl std::str::FromStr for LeakRequest {
    type Err = String;

    /// Reads `JUNCTION=SHARE@DAY`, such as `n5=10%@2026-01-20`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("'{text}' is not a leak; write JUNCTION=SHARE@DAY: n5=10%@2026-01-20");
        let (junction, rest) = text.split_once('=').ok_or_else(wrong)?;
        let (share, day) = rest.split_once('@').ok_or_else(wrong)?;
        let share = units::parse::<Ratio>(share).map_err(|error| error.to_string())?;
        if !(share.get() > 0.0 && share.get() <= 1.0) || junction.is_empty() {
            return Err(format!("'{text}': a leak is above 0 % and at most 100 % of the demand"));
        }
        let day = day.parse().map_err(|_| wrong())?;
        Ok(Self { junction: junction.to_owned(), share, day })
    }
}

/// A leak of the network. It opens once, and never closes.
#[derive(Debug, Clone)]
pub(crate) struct Leak {
    junction: usize,
    flow_m3s: f64,
    from: Timestamp,
    open: bool,
}

impl Leak {
    /// A leak that will let out so much at the pressure at which it opens.
    pub(crate) fn new(
        network: &Network,
        junction: &str,
        flow_m3s: f64,
        from: Timestamp,
    ) -> Result<Self, PlantError> {
        let place = network.junctions().iter().position(|node| node.id == junction);
        let junction = place.ok_or_else(|| PlantError::UnknownJunction {
            junction: junction.to_owned(),
            known: network
                .junctions()
                .iter()
                .map(|node| node.id.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        })?;
        Ok(Self { junction, flow_m3s, from, open: false })
    }

    /// Opens it when its time has come and there is pressure to know its size by.
    pub(crate) fn look(&mut self, at: Timestamp, run: &mut Run) {
        if self.open || at < self.from {
            return;
        }
        let pressures = run.junction_pressure_m();
        let pressure = pressures.and_then(|all| all.get(self.junction).copied());
        let Some(pressure) = pressure.filter(|pressure| *pressure > 0.0) else { return };
        let opened = run.emitter_exponent().and_then(|exponent| {
            run.set_emitter(self.junction, self.flow_m3s / pressure.powf(exponent))
        });
        opened.expect("the junction is one of the network's, and the coefficient above zero");
        self.open = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leak_is_written_in_one_word() {
        let leak: LeakRequest = "n5=10%@2026-01-20".parse().expect("a leak");
        assert_eq!((leak.junction.as_str(), leak.share), ("n5", Ratio::new(0.1)));
        assert_eq!(leak.day, jiff::civil::date(2026, 1, 20));
        for wrong in ["n5", "n5=10%", "n5=0%@2026-01-20", "=10%@2026-01-20", "n5=10%@soon"] {
            assert!(wrong.parse::<LeakRequest>().is_err(), "{wrong}");
        }
    }
}
