//! Quantities with units. Raw `f64` lives only here, inside the linear program and at the
//! hydraulics boundary.
//!
//! Signs, once for the whole project: import and inflow are positive, export and outflow
//! negative. A quantity that exists is finite: NaN and infinity stop at the door.

use serde::{Deserialize, Serialize};

/// One line of a quantity's unit table: the unit's name in files and the factor to the base unit.
pub type UnitRow = (&'static str, f64);

/// A quantity that can be written in a file as a number followed by a unit.
pub trait Quantity: Sized + Copy {
    /// What the quantity is called in messages, for example "power".
    const NAME: &'static str;
    /// The units a file may use. The first one is the base unit.
    const UNITS: &'static [UnitRow];
    /// From a number in the base unit; `None` when it is not finite.
    fn try_from_base(value: f64) -> Option<Self>;
    /// The number in the base unit.
    fn base(self) -> f64;
}

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident, $label:literal, [$(($unit:literal, $factor:expr)),+ $(,)?]) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(f64);

        impl $name {
            /// Nothing of it.
            pub const ZERO: Self = Self(0.0);

            /// From a number in the base unit.
            ///
            /// # Panics
            /// When the number is not finite: that is a bug of the caller, not an event.
            #[must_use]
            pub fn new(value: f64) -> Self {
                assert!(value.is_finite(), "a {} must be finite, got {value}", $label);
                Self(value)
            }

            /// The number in the base unit.
            #[must_use]
            pub const fn get(self) -> f64 {
                self.0
            }

            /// The smaller of two.
            #[must_use]
            pub fn min(self, other: Self) -> Self {
                Self(self.0.min(other.0))
            }

            /// The larger of two.
            #[must_use]
            pub fn max(self, other: Self) -> Self {
                Self(self.0.max(other.0))
            }
        }

        impl Quantity for $name {
            const NAME: &'static str = $label;
            const UNITS: &'static [UnitRow] = &[$(($unit, $factor)),+];
            fn try_from_base(value: f64) -> Option<Self> {
                value.is_finite().then_some(Self(value))
            }
            fn base(self) -> f64 {
                self.0
            }
        }

        impl std::ops::Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self::new(self.0 + other.0)
            }
        }
        impl std::ops::Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self::new(self.0 - other.0)
            }
        }
        impl std::ops::Neg for $name {
            type Output = Self;
            fn neg(self) -> Self {
                Self(-self.0)
            }
        }
        impl std::ops::Mul<f64> for $name {
            type Output = Self;
            fn mul(self, factor: f64) -> Self {
                Self::new(self.0 * factor)
            }
        }
        impl std::iter::Sum for $name {
            fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
                items.fold(Self::ZERO, |sum, item| sum + item)
            }
        }
    };
}

quantity!(
    /// Active power in watts. Import positive, export negative.
    Power, "power", [("W", 1.0), ("kW", 1e3), ("MW", 1e6)]
);
quantity!(
    /// Active energy in watt-hours.
    Energy, "energy", [("Wh", 1.0), ("kWh", 1e3), ("MWh", 1e6)]
);
quantity!(
    /// Height of the water surface above a tank's bottom, in metres.
    Level, "level", [("m", 1.0), ("cm", 0.01)]
);
quantity!(
    /// Volume flow in cubic metres per second. Inflow positive.
    Flow, "flow", [("m3/s", 1.0), ("l/s", 1e-3), ("m3/h", 1.0 / 3600.0)]
);
quantity!(
    /// Volume in cubic metres.
    Volume, "volume", [("m3", 1.0), ("l", 1e-3)]
);
quantity!(
    /// A part of a whole; 1 is all of it. Files write per cent.
    Ratio, "ratio", [("", 1.0), ("%", 0.01)]
);
quantity!(
    /// Price of energy in EUR per kWh.
    Price, "price", [("EUR/kWh", 1.0), ("EUR/MWh", 1e-3)]
);
quantity!(
    /// Price of a month's highest average power, in EUR per kW.
    PowerPrice, "price of power", [("EUR/kW", 1.0)]
);
quantity!(
    /// Money in EUR.
    Money, "money", [("EUR", 1.0)]
);
quantity!(
    /// Apparent power in volt-amperes.
    ApparentPower, "apparent power", [("VA", 1.0), ("kVA", 1e3), ("MVA", 1e6)]
);
quantity!(
    /// Voltage in volts; between phases unless it is said to be of one phase.
    Voltage, "voltage", [("V", 1.0), ("kV", 1e3)]
);
quantity!(
    /// Current of one phase in amperes.
    Current, "current", [("A", 1.0)]
);
quantity!(
    /// Resistance or reactance of a cable per length, in ohms per kilometre.
    Impedance, "resistance", [("ohm/km", 1.0)]
);
quantity!(
    /// Length in metres.
    Length, "length", [("m", 1.0), ("km", 1e3)]
);
quantity!(
    /// Angle in degrees.
    Angle, "angle", [("deg", 1.0), ("°", 1.0)]
);
quantity!(
    /// A length of time in seconds, as written in files; [`Seconds::duration`] for use.
    Seconds, "duration", [("s", 1.0), ("ms", 1e-3), ("min", 60.0), ("h", 3600.0), ("d", 86400.0)]
);

impl Power {
    /// From kilowatts.
    ///
    /// # Panics
    /// When the number is not finite.
    #[must_use]
    pub fn from_kw(kilowatts: f64) -> Self {
        Self::new(kilowatts * 1e3)
    }
    /// In kilowatts.
    #[must_use]
    pub fn kw(self) -> f64 {
        self.0 / 1e3
    }
    /// The energy of this power held for `hours`.
    #[must_use]
    pub fn for_hours(self, hours: f64) -> Energy {
        Energy::new(self.0 * hours)
    }
}

impl Energy {
    /// From kilowatt-hours.
    ///
    /// # Panics
    /// When the number is not finite.
    #[must_use]
    pub fn from_kwh(kilowatt_hours: f64) -> Self {
        Self::new(kilowatt_hours * 1e3)
    }
    /// In kilowatt-hours.
    #[must_use]
    pub fn kwh(self) -> f64 {
        self.0 / 1e3
    }
}

impl ApparentPower {
    /// In kilovolt-amperes.
    #[must_use]
    pub fn kva(self) -> f64 {
        self.0 / 1e3
    }
}

impl Ratio {
    /// All of it.
    pub const ONE: Self = Self(1.0);
    /// In per cent.
    #[must_use]
    pub fn percent(self) -> f64 {
        self.0 * 100.0
    }
}

impl Seconds {
    /// As a duration; a negative number becomes zero.
    #[must_use]
    pub fn duration(self) -> std::time::Duration {
        std::time::Duration::try_from_secs_f64(self.0.max(0.0)).unwrap_or_default()
    }
}

/// Why a text is not a quantity.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum QuantityError {
    /// The text has no number in front.
    #[error("'{text}' is not a {name}: write a number and a unit, such as \"{example}\"")]
    NoNumber {
        /// The text as written.
        text: String,
        /// The quantity wanted.
        name: &'static str,
        /// A text that would do.
        example: String,
    },
    /// The number has no unit, or one that does not fit the quantity.
    #[error("'{text}' has {found}, and a {name} is written in {units}")]
    Unit {
        /// The text as written.
        text: String,
        /// What stands where the unit should.
        found: String,
        /// The quantity wanted.
        name: &'static str,
        /// The units that fit.
        units: String,
    },
}

/// Reads "12.5 kW" as a quantity.
///
/// # Errors
/// When there is no number, the number is not finite, or the unit does not fit.
pub fn parse<Q: Quantity>(text: &str) -> Result<Q, QuantityError> {
    let trimmed = text.trim();
    let split = trimmed
        .char_indices()
        .find(|&(i, c)| {
            let exponent = matches!(c, 'e' | 'E')
                && trimmed[i + 1..].starts_with(|n: char| n.is_ascii_digit() || n == '-');
            !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+') || exponent)
        })
        .map_or(trimmed.len(), |(i, _)| i);
    let (number, unit) = (trimmed[..split].trim(), trimmed[split..].trim());
    let Ok(number) = number.parse::<f64>() else {
        let example = format!("12.5 {}", Q::UNITS[0].0).trim().to_owned();
        return Err(QuantityError::NoNumber { text: text.to_owned(), name: Q::NAME, example });
    };
    let row = Q::UNITS.iter().find(|(name, _)| *name == unit);
    match row.and_then(|(_, factor)| Q::try_from_base(number * factor)) {
        Some(quantity) => Ok(quantity),
        None => Err(QuantityError::Unit {
            text: text.to_owned(),
            found: if unit.is_empty() { "no unit".into() } else { format!("the unit '{unit}'") },
            name: Q::NAME,
            units: unit_list::<Q>(),
        }),
    }
}

fn unit_list<Q: Quantity>() -> String {
    let names: Vec<&str> = Q::UNITS.iter().map(|(n, _)| *n).filter(|n| !n.is_empty()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_carry_their_units() {
        assert_eq!(parse::<Power>("12.5 kW"), Ok(Power::new(12_500.0)));
        assert_eq!(parse::<Power>("-3kW"), Ok(Power::new(-3000.0)));
        assert_eq!(parse::<Flow>("36 m3/h").map(|f| (f.get() * 1e6).round()), Ok(10_000.0));
        assert_eq!(parse::<Ratio>("40 %"), Ok(Ratio::new(0.4)));
        assert_eq!(parse::<Price>("0.21 EUR/kWh"), Ok(Price::new(0.21)));
        assert_eq!(parse::<Power>("1e3 W"), Ok(Power::new(1000.0)));
    }

    #[test]
    fn a_wrong_unit_names_the_right_ones() {
        let error = parse::<Power>("12.5 kWh").expect_err("kWh is an energy");
        assert_eq!(
            error.to_string(),
            "'12.5 kWh' has the unit 'kWh', and a power is written in W, kW, MW"
        );
        assert!(parse::<Power>("12.5").is_err(), "a bare number has no unit");
        assert!(parse::<Power>("much").is_err());
        assert!(parse::<Power>("1e999 kW").is_err(), "infinity stops at the door");
    }
}
