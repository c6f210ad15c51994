//! A tariff by the time of day.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::prices::DAY_S;
use crate::HydraulicsError;

/// Seconds of a day.
const DAY: u32 = 86_400;

/// A price of energy by the time of day.
///
/// Written as `22:00-06:00=0.08,else=0.20`: windows with their prices, and what holds otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct ClockTariff {
    /// The windows; where they overlap, the first holds.
    pub windows: Vec<Window>,
    /// Price of a kWh outside of all windows.
    pub otherwise: f64,
}

/// A part of the day with a price of its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Where it begins, s after midnight; below a day.
    pub from_s: u32,
    /// Where it ends, s after midnight, not included; at most a day. Before the begin where the
    /// window goes on over midnight.
    pub to_s: u32,
    /// Price of a kWh in it; may be negative.
    pub per_kwh: f64,
}

/// What is wrong with the text of a tariff.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TariffError {
    /// There is no entry.
    #[error("the tariff is empty; {EXAMPLE}")]
    Empty,
    /// An entry is not a window, or `else`, with a price.
    #[error("`{entry}` in the tariff: {what}; {EXAMPLE}")]
    Entry {
        /// The entry as written.
        entry: String,
        /// What is wrong with it.
        what: String,
    },
    /// Two windows share a part of the day.
    #[error("`{first}` and `{second}` in the tariff overlap; end one where the other begins")]
    Overlap {
        /// The earlier entry.
        first: String,
        /// The later entry.
        second: String,
    },
    /// A part of the day has no price.
    #[error("the tariff leaves a part of the day without a price; add `else=PRICE`; {EXAMPLE}")]
    Gap,
}

const EXAMPLE: &str = "write for example `22:00-06:00=0.08,else=0.20`";

impl ClockTariff {
    /// The price at a time of day (s after midnight, below a day), and how long it still holds, s.
    pub(super) fn at(&self, clock_s: f64) -> (f64, f64) {
        let window = self.windows.iter().find(|window| window.holds(clock_s));
        let price = window.map_or(self.otherwise, |window| window.per_kwh);
        let edges = self.windows.iter().flat_map(|window| [window.from_s, window.to_s]);
        let ahead = edges.map(f64::from).filter(|edge| *edge > clock_s);
        (price, ahead.fold(DAY_S, f64::min) - clock_s)
    }

    /// Checks what was built by hand.
    pub(super) fn check(&self) -> Result<(), HydraulicsError> {
        let bad = |what: &str, value: f64, wanted| {
            Err(HydraulicsError::BadValue { what: what.to_owned(), value, wanted })
        };
        for window in &self.windows {
            if window.from_s >= DAY {
                let begin = f64::from(window.from_s);
                return bad("the begin of a tariff window in seconds", begin, "below a day");
            }
            if window.to_s > DAY {
                let end = f64::from(window.to_s);
                return bad("the end of a tariff window in seconds", end, "at most a day");
            }
        }
        let prices = self.windows.iter().map(|window| window.per_kwh);
        match prices.chain([self.otherwise]).find(|price| !price.is_finite()) {
            Some(price) => bad("a price of the tariff", price, "a number"),
            None => Ok(()),
        }
    }
}

impl Window {
    fn holds(&self, clock_s: f64) -> bool {
        let (from, to) = (f64::from(self.from_s), f64::from(self.to_s));
        if self.from_s < self.to_s {
            (from..to).contains(&clock_s)
        } else {
            clock_s >= from || clock_s < to
        }
    }

    /// The parts of one day that it covers, s.
    fn parts(&self) -> [(u32, u32); 2] {
        if self.from_s < self.to_s {
            [(self.from_s, self.to_s), (0, 0)]
        } else {
            [(self.from_s, DAY), (0, self.to_s)]
        }
    }

    fn overlaps(&self, other: &Window) -> bool {
        let pairs = self.parts().into_iter().flat_map(|a| other.parts().map(|b| (a, b)));
        pairs.into_iter().any(|(a, b)| a.0.max(b.0) < a.1.min(b.1))
    }
}

impl FromStr for ClockTariff {
    type Err = TariffError;

    fn from_str(text: &str) -> Result<ClockTariff, TariffError> {
        let mut windows: Vec<(Window, &str)> = Vec::new();
        let mut otherwise = None;
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let wrong =
                |what: &str| TariffError::Entry { entry: entry.to_owned(), what: what.to_owned() };
            let (when, price) = entry.split_once('=').ok_or_else(|| wrong("it has no `=`"))?;
            let price: f64 = price.trim().parse().map_err(|_| wrong("its price is no number"))?;
            if !price.is_finite() {
                return Err(wrong("its price is no number"));
            }
            if when.trim().eq_ignore_ascii_case("else") {
                if otherwise.replace(price).is_some() {
                    return Err(wrong("`else` is there twice"));
                }
                continue;
            }
            let window = window(when, price).map_err(|what| wrong(&what))?;
            if let Some((_, first)) = windows.iter().find(|(other, _)| window.overlaps(other)) {
                let (first, second) = ((*first).to_owned(), entry.to_owned());
                return Err(TariffError::Overlap { first, second });
            }
            windows.push((window, entry));
        }
        let parts = windows.iter().flat_map(|(window, _)| window.parts());
        let covered: u32 = parts.map(|(from, to)| to - from).sum();
        let last = windows.last().map(|(window, _)| window.per_kwh);
        let otherwise = match (otherwise, last) {
            (Some(price), _) => price,
            // Never asked for where windows cover the whole day.
            (None, Some(price)) if covered == DAY => price,
            (None, Some(_)) => return Err(TariffError::Gap),
            (None, None) => return Err(TariffError::Empty),
        };
        let windows = windows.into_iter().map(|(window, _)| window).collect();
        Ok(ClockTariff { windows, otherwise })
    }
}

impl fmt::Display for ClockTariff {
    /// As it is read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = |seconds: u32| format!("{:02}:{:02}", seconds / 3600, seconds % 3600 / 60);
        for window in &self.windows {
            let (from, to) = (clock(window.from_s), clock(window.to_s));
            write!(f, "{from}-{to}={},", window.per_kwh)?;
        }
        write!(f, "else={}", self.otherwise)
    }
}

fn window(when: &str, per_kwh: f64) -> Result<Window, String> {
    let Some((from, to)) = when.split_once('-') else {
        return Err("it has no window such as 22:00-06:00".to_owned());
    };
    let (from_s, to_s) = (clock(from)?, clock(to)?);
    if from_s == DAY {
        return Err("a window cannot begin at 24:00; write 00:00".to_owned());
    }
    if from_s == to_s {
        return Err("the window is empty; for the whole day write 00:00-24:00".to_owned());
    }
    Ok(Window { from_s, to_s, per_kwh })
}

/// A time of day, s after midnight; 24:00 is the end of the day.
fn clock(text: &str) -> Result<u32, String> {
    let wrong = || format!("`{}` is no time of day from 00:00 to 24:00", text.trim());
    let (hours, minutes) = text.trim().split_once(':').ok_or_else(wrong)?;
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hours) || !digits(minutes) {
        return Err(wrong());
    }
    let number = |part: &str| part.parse::<u32>().map_err(|_| wrong());
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let seconds = hours * 3600 + minutes * 60;
    if minutes < 60 && seconds <= DAY { Ok(seconds) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tariff(text: &str) -> ClockTariff {
        text.parse().unwrap()
    }

    fn wrong(text: &str) -> String {
        text.parse::<ClockTariff>().unwrap_err().to_string()
    }

    #[test]
    fn a_tariff_reads_as_it_is_written() {
        let night = tariff(" 22:00-06:00 = 0.08 , else=0.20");
        let window = Window { from_s: 22 * 3600, to_s: 6 * 3600, per_kwh: 0.08 };
        assert_eq!(night, ClockTariff { windows: vec![window], otherwise: 0.2 });
        assert_eq!(night.to_string(), "22:00-06:00=0.08,else=0.2");
        assert_eq!(tariff(&night.to_string()), night);
        assert_eq!(tariff("else=0.1").windows, []);
        // Windows that cover the whole day need no `else`; prices may be negative.
        let whole = tariff("00:00-12:30=-0.01,12:30-24:00=0.3");
        assert_eq!(whole.windows[1].to_s, DAY);
    }

    #[test]
    fn the_price_holds_until_the_next_edge() {
        let night = tariff("22:00-06:00=0.08,else=0.20");
        assert_eq!(night.at(0.0), (0.08, 6.0 * 3600.0));
        assert_eq!(night.at(6.0 * 3600.0), (0.2, 16.0 * 3600.0));
        assert_eq!(night.at(21.5 * 3600.0), (0.2, 1800.0));
        assert_eq!(night.at(23.0 * 3600.0), (0.08, 3600.0));
    }

    #[test]
    fn what_is_wrong_is_said_with_an_example() {
        for (text, part) in [
            ("", "empty"),
            ("22:00-06:00", "no `=`"),
            ("22:00-06:00=cheap,else=1", "no number"),
            ("22:00-06:00=nan,else=1", "no number"),
            ("2200-0600=0.1,else=1", "`2200` is no time of day"),
            ("22:00-25:00=0.1,else=1", "`25:00` is no time of day"),
            ("22:60-23:00=0.1,else=1", "`22:60` is no time of day"),
            ("24:00-06:00=0.1,else=1", "write 00:00"),
            ("06:00-06:00=0.1,else=1", "00:00-24:00"),
            ("night=0.1,else=1", "no window"),
            ("else=1,else=2", "twice"),
            ("22:00-06:00=0.1", "without a price"),
        ] {
            let message = wrong(text);
            assert!(message.contains(part), "{text}: {message}");
            assert!(message.contains("22:00-06:00=0.08,else=0.20"), "{message}");
        }
        let overlap = wrong("22:00-06:00=0.1,05:00-07:00=0.2,else=1");
        assert!(overlap.contains("05:00-07:00=0.2") && overlap.contains("overlap"), "{overlap}");
    }

    #[test]
    fn a_tariff_built_by_hand_is_checked() {
        let window = Window { from_s: DAY, to_s: 0, per_kwh: 0.1 };
        assert!(ClockTariff { windows: vec![window], otherwise: 0.1 }.check().is_err());
        let window = Window { from_s: 0, to_s: DAY + 1, per_kwh: 0.1 };
        assert!(ClockTariff { windows: vec![window], otherwise: 0.1 }.check().is_err());
        assert!(ClockTariff { windows: vec![], otherwise: f64::NAN }.check().is_err());
        assert!(tariff("22:00-06:00=0.08,else=0.20").check().is_ok());
    }
}
