//! Flow in a pipe from the heads at its ends, for flow meters on pipes: the hydraulic engine gives
//! heads everywhere and flows at pumps, tanks and reservoirs.

use std::path::Path;

const GRAVITY_M_S2: f64 = 9.806_65;
/// Kinematic viscosity of water at 20 degrees Celsius, m2/s.
const VISCOSITY_M2_S: f64 = 1.004e-6;
/// Faster than any water in a town's pipe, m/s: the upper end of the search.
const VELOCITY_M_S_MAX: f64 = 20.0;
/// Halvings of the search: to a millionth of a millionth of its width.
const HALVINGS: usize = 40;

/// The formula of the network file for the head lost along a pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Formula {
    HazenWilliams,
    DarcyWeisbach,
    ChezyManning,
}

/// A pipe as the network file has it, in SI units.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pipe {
    /// Node it comes from.
    pub(crate) from: String,
    /// Node it goes to.
    pub(crate) to: String,
    formula: Formula,
    length_m: f64,
    diameter_m: f64,
    /// As the formula has it; for Darcy-Weisbach in m.
    roughness: f64,
    minor_loss: f64,
    one_way: bool,
    open: bool,
}

impl Pipe {
    /// Reads a pipe from the text of a network file that the engine has accepted. Nothing when the
    /// file has no such pipe.
    pub(crate) fn read(inp: &str, id: &str) -> Option<Pipe> {
        let (formula, us) = options(inp);
        let row = rows(inp, "PIPES").find(|row| row.first() == Some(&id))?;
        let number = |place: usize| row.get(place).and_then(|text| text.parse::<f64>().ok());
        let status = row.iter().skip(6).find(|text| text.parse::<f64>().is_err());
        let status = status.map(|text| text.to_ascii_uppercase());
        let unit_m = if us { 0.3048 } else { 1.0 };
        let diameter_m = if us { 0.0254 } else { 1e-3 };
        let roughness_unit = match formula {
            Formula::DarcyWeisbach => unit_m * 1e-3,
            Formula::HazenWilliams | Formula::ChezyManning => 1.0,
        };
        Some(Pipe {
            from: (*row.get(1)?).to_owned(),
            to: (*row.get(2)?).to_owned(),
            formula,
            length_m: number(3)? * unit_m,
            diameter_m: number(4)? * diameter_m,
            roughness: number(5)? * roughness_unit,
            minor_loss: number(6).unwrap_or(0.0),
            one_way: status.as_deref() == Some("CV"),
            open: status.as_deref() != Some("CLOSED"),
        })
    }

    /// The same pipe with its roughness coefficient multiplied.
    pub(crate) fn roughened(mut self, factor: f64) -> Pipe {
        self.roughness *= factor;
        self
    }

    /// Flow in m3/s for a fall of the head from `from` to `to`, in m. Positive along the pipe.
    pub(crate) fn flow_m3s(&self, fall_m: f64) -> f64 {
        if !self.open || (self.one_way && fall_m <= 0.0) {
            return 0.0;
        }
        let area = std::f64::consts::FRAC_PI_4 * self.diameter_m.powi(2);
        let (mut low, mut high) = (0.0, VELOCITY_M_S_MAX);
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            if self.loss_m(middle, area) < fall_m.abs() { low = middle } else { high = middle }
        }
        low * area * fall_m.signum()
    }

    /// Head lost at a velocity in m/s, in m.
    fn loss_m(&self, velocity: f64, area: f64) -> f64 {
        let (length, diameter) = (self.length_m, self.diameter_m);
        let head = velocity.powi(2) / (2.0 * GRAVITY_M_S2);
        let flow = velocity * area;
        let friction = match self.formula {
            Formula::HazenWilliams => {
                10.667 * (flow / self.roughness).powf(1.852) * diameter.powf(-4.871) * length
            }
            Formula::ChezyManning => {
                10.29 * (flow * self.roughness).powi(2) * diameter.powf(-16.0 / 3.0) * length
            }
            Formula::DarcyWeisbach => self.darcy_factor(velocity) * length / diameter * head,
        };
        friction + self.minor_loss * head
    }

    /// Friction factor: laminar below a Reynolds number of 2000, Swamee and Jain above 4000, a
    /// straight line between.
    fn darcy_factor(&self, velocity: f64) -> f64 {
        let reynolds = (velocity * self.diameter_m / VISCOSITY_M2_S).max(1.0);
        let rough = |reynolds: f64| {
            let inner = self.roughness / (3.7 * self.diameter_m) + 5.74 / reynolds.powf(0.9);
            0.25 / inner.log10().powi(2)
        };
        let share = ((reynolds - 2000.0) / 2000.0).clamp(0.0, 1.0);
        64.0 / reynolds.min(2000.0) * (1.0 - share) + rough(reynolds.max(4000.0)) * share
    }
}

/// Reads the text that [`Pipe::read`] needs; what is not UTF-8 is in comments.
pub(crate) fn read_text(path: &Path) -> std::io::Result<String> {
    std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Formula and whether lengths are in feet.
fn options(inp: &str) -> (Formula, bool) {
    const US: [&str; 5] = ["CFS", "GPM", "MGD", "IMGD", "AFD"];
    let (mut formula, mut us) = (Formula::HazenWilliams, true);
    for row in rows(inp, "OPTIONS") {
        let [key, value, ..] = row.as_slice() else { continue };
        let value = value.to_ascii_uppercase();
        match key.to_ascii_uppercase().as_str() {
            "UNITS" => us = US.contains(&value.as_str()),
            "HEADLOSS" if value.starts_with('D') => formula = Formula::DarcyWeisbach,
            "HEADLOSS" if value.starts_with('C') => formula = Formula::ChezyManning,
            _ => {}
        }
    }
    (formula, us)
}

/// The rows of a section, in words, without comments. EPANET takes a section by its first letters.
fn rows<'a>(inp: &'a str, section: &'a str) -> impl Iterator<Item = Vec<&'a str>> {
    let mut inside = false;
    inp.lines().filter_map(move |line| {
        let line = line.split(';').next().unwrap_or_default().trim();
        if let Some(name) = line.strip_prefix('[') {
            let name = name.trim_end_matches(']').to_ascii_uppercase();
            inside = name.starts_with(&section[..4]);
            return None;
        }
        (inside && !line.is_empty()).then(|| line.split_whitespace().collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inp(units: &str, formula: &str, pipe: &str) -> String {
        format!(
            "[PIPES]\n;id\n {pipe} ; a pipe\n[PUMPS]\n x a b\n\
             [OPTIONS]\nUnits {units}\nHeadloss {formula}\n"
        )
    }

    #[test]
    fn hazen_williams_gives_the_flow_of_the_tables() {
        // 100 l/s in 450 mm with C = 100 lose 1.46 m per km.
        let text = inp("LPS", "H-W", "p2 n2 n3 1000 450 100 0 Open");
        let pipe = Pipe::read(&text, "p2").unwrap();
        assert_eq!((pipe.from.as_str(), pipe.to.as_str()), ("n2", "n3"));
        let area = std::f64::consts::FRAC_PI_4 * 0.45_f64.powi(2);
        let loss = pipe.loss_m(0.1 / area, area);
        assert!((loss - 1.45).abs() < 0.03, "{loss}");
        assert!((pipe.flow_m3s(loss) - 0.1).abs() < 1e-9);
        assert!((pipe.flow_m3s(-loss) + 0.1).abs() < 1e-9, "backwards");
        assert_eq!(Pipe::read(&text, "x"), None, "a pump is no pipe");
    }

    #[test]
    fn feet_and_inches_give_the_same_pipe() {
        let si = Pipe::read(&inp("LPS", "H-W", "p a b 304.8 254 100 2"), "p").unwrap();
        let us = Pipe::read(&inp("GPM", "H-W", "p a b 1000 10 100 2"), "p").unwrap();
        assert!((si.flow_m3s(3.0) / us.flow_m3s(3.0) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn darcy_weisbach_gives_the_flow_of_the_tables() {
        // 300 mm, 0.1 mm rough, 1.5 m/s: Reynolds 448,000, factor 0.0167, 6.4 m per km.
        let text = inp("LPS", "D-W", "p a b 1000 300 0.1 0");
        let pipe = Pipe::read(&text, "p").unwrap();
        let area = std::f64::consts::FRAC_PI_4 * 0.3_f64.powi(2);
        assert!((pipe.flow_m3s(6.4) / area - 1.5).abs() < 0.02);
    }

    #[test]
    fn a_check_valve_and_a_closed_pipe_let_nothing_back() {
        let one_way = Pipe::read(&inp("LPS", "H-W", "p a b 1 1000 100 0 CV"), "p").unwrap();
        assert!(one_way.flow_m3s(-1.0).abs() < 1e-12 && one_way.flow_m3s(1.0) > 0.0);
        let closed = Pipe::read(&inp("LPS", "H-W", "p a b 1 1000 100 0 Closed"), "p").unwrap();
        assert!(closed.flow_m3s(1.0).abs() < 1e-12);
    }
}
