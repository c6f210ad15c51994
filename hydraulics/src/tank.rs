//! A tank: its limits, and its volume as a function of its level.

use crate::HydraulicsError;

/// A tank of the network.
#[derive(Debug, Clone, PartialEq)]
pub struct Tank {
    /// The file's name for it.
    pub id: String,
    /// Elevation of its floor, from which levels count, m.
    pub elevation_m: f64,
    /// Lowest level, m above the floor.
    pub level_min_m: f64,
    /// Highest level, m above the floor.
    pub level_max_m: f64,
    /// Level at which the file starts, m above the floor.
    pub level_initial_m: f64,
    /// Whether the file lets it spill when full. Otherwise its inlet closes when it is full.
    pub can_overflow: bool,
    pub(crate) shape: Shape,
    /// Number of the node in EPANET, from 1.
    pub(crate) index: i32,
    /// The limits in the file's own length unit. The number that sets a limit in EPANET is also
    /// the number that sets a level at that limit, so that both are equal to the last bit.
    pub(crate) level_min_file: f64,
    pub(crate) level_max_file: f64,
}

/// How volume follows from level.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    /// Vertical walls above the lowest level.
    Cylinder {
        /// Area of the water surface, m2.
        area_m2: f64,
        /// Volume at the lowest level, m3.
        volume_min_m3: f64,
    },
    /// Level (m) and volume (m3), both strictly increasing, at least two points.
    Curve(Vec<(f64, f64)>),
}

impl Tank {
    /// Volume of water at a level, m3. The level is in m above the floor and is taken as the
    /// nearest limit where it lies outside them.
    #[must_use]
    pub fn volume_m3(&self, level_m: f64) -> f64 {
        let level = level_m.clamp(self.level_min_m, self.level_max_m);
        match &self.shape {
            Shape::Cylinder { area_m2, volume_min_m3 } => {
                volume_min_m3 + (level - self.level_min_m) * area_m2
            }
            Shape::Curve(points) => interpolate(points.iter().copied(), level),
        }
    }

    /// Level at a volume, m above the floor: the inverse of [`Tank::volume_m3`]. The volume is in
    /// m3 and is taken as the nearest limit where it lies outside them.
    #[must_use]
    pub fn level_m(&self, volume_m3: f64) -> f64 {
        let level = match &self.shape {
            Shape::Cylinder { area_m2, volume_min_m3 } => {
                self.level_min_m + (volume_m3 - volume_min_m3) / area_m2
            }
            Shape::Curve(points) => interpolate(points.iter().map(|&(x, y)| (y, x)), volume_m3),
        };
        level.clamp(self.level_min_m, self.level_max_m)
    }

    /// Volume at the lowest level, m3.
    #[must_use]
    pub fn volume_min_m3(&self) -> f64 {
        self.volume_m3(self.level_min_m)
    }

    /// Volume at the highest level, m3.
    #[must_use]
    pub fn volume_max_m3(&self) -> f64 {
        self.volume_m3(self.level_max_m)
    }

    /// Checks that levels and volumes determine each other.
    pub(crate) fn check(&self) -> Result<(), String> {
        let finite = [self.elevation_m, self.level_min_m, self.level_max_m, self.level_initial_m]
            .iter()
            .all(|number| number.is_finite());
        if !finite {
            return Err(format!("tank {} has a level that is not a number", self.id));
        }
        if self.level_max_m - self.level_min_m < LEVEL_ROOM_M_MIN {
            return Err(format!(
                "tank {} has no room between its lowest level ({} m) and its highest ({} m)",
                self.id, self.level_min_m, self.level_max_m
            ));
        }
        let grows = match &self.shape {
            Shape::Cylinder { area_m2, .. } => *area_m2 > 0.0,
            Shape::Curve(points) => {
                points.len() >= 2 && points.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 < w[1].1)
            }
        };
        if grows && self.volume_max_m3() > self.volume_min_m3() {
            return Ok(());
        }
        Err(format!("the volume of tank {} does not grow with its level", self.id))
    }

    /// A level in the file's length unit, within the limits to the last bit.
    pub(crate) fn level_file(&self, level_m: f64, unit_m: f64) -> f64 {
        (level_m / unit_m).clamp(self.level_min_file, self.level_max_file)
    }
}

/// A tank with less room than this is a mistake in the file, m.
const LEVEL_ROOM_M_MIN: f64 = 0.01;

/// Straight lines between points with growing x; the end values outside.
fn interpolate(points: impl Iterator<Item = (f64, f64)>, x: f64) -> f64 {
    let mut before: Option<(f64, f64)> = None;
    for (x1, y1) in points {
        if x <= x1 {
            return match before {
                Some((x0, y0)) => y0 + (x - x0) * (y1 - y0) / (x1 - x0),
                None => y1,
            };
        }
        before = Some((x1, y1));
    }
    before.map_or(f64::NAN, |(_, y)| y)
}

/// The level to start from: the caller's, checked, or the file's.
pub(crate) fn starting_levels(
    tanks: &[Tank],
    given: Option<&[f64]>,
) -> Result<Vec<f64>, HydraulicsError> {
    let Some(given) = given else {
        return Ok(tanks.iter().map(|tank| tank.level_initial_m).collect());
    };
    crate::error::same_count("initial tank levels", tanks.len(), given.len())?;
    tanks.iter().zip(given).map(|(tank, &level)| tank.checked_level(level)).collect()
}

impl Tank {
    /// A level of the caller: finite, and within the limits but for rounding.
    fn checked_level(&self, level_m: f64) -> Result<f64, HydraulicsError> {
        const ROUNDING_M: f64 = 1e-6;
        let range = self.level_min_m - ROUNDING_M..=self.level_max_m + ROUNDING_M;
        if range.contains(&level_m) {
            return Ok(level_m.clamp(self.level_min_m, self.level_max_m));
        }
        Err(HydraulicsError::BadValue {
            what: format!("the level of tank {} in metres", self.id),
            value: level_m,
            wanted: "between the tank's lowest and highest level",
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn tank(shape: Shape) -> Tank {
        Tank {
            id: "t".to_owned(),
            elevation_m: 80.0,
            level_min_m: 1.0,
            level_max_m: 5.0,
            level_initial_m: 2.0,
            can_overflow: false,
            shape,
            index: 1,
            level_min_file: 1.0,
            level_max_file: 5.0,
        }
    }

    #[test]
    fn level_and_volume_are_inverse_for_cylinders_and_curves() {
        let cylinder = tank(Shape::Cylinder { area_m2: 10.0, volume_min_m3: 7.0 });
        let curve = tank(Shape::Curve(vec![(0.0, 0.0), (2.0, 10.0), (5.0, 100.0)]));
        for tank in [cylinder, curve] {
            tank.check().unwrap();
            for step in 0..=40 {
                let level = 1.0 + 0.1 * f64::from(step);
                let back = tank.level_m(tank.volume_m3(level));
                assert!((back - level).abs() < 1e-12, "{level} came back as {back}");
            }
        }
    }

    #[test]
    fn a_curve_interpolates_between_its_points() {
        let tank = tank(Shape::Curve(vec![(0.0, 0.0), (2.0, 10.0), (5.0, 100.0)]));
        assert!((tank.volume_m3(3.5) - 55.0).abs() < 1e-12);
        assert!((tank.volume_min_m3() - 5.0).abs() < 1e-12);
        assert!((tank.volume_max_m3() - 100.0).abs() < 1e-12);
    }

    #[test]
    fn a_curve_that_does_not_grow_is_refused() {
        let flat = tank(Shape::Curve(vec![(0.0, 0.0), (2.0, 10.0), (5.0, 10.0)]));
        assert!(flat.check().unwrap_err().contains("does not grow"));
        let mut thin = tank(Shape::Cylinder { area_m2: 10.0, volume_min_m3: 0.0 });
        thin.level_max_m = thin.level_min_m;
        assert!(thin.check().unwrap_err().contains("no room"));
    }

    #[test]
    fn a_starting_level_outside_the_limits_or_not_a_number_is_refused() {
        let tanks = [tank(Shape::Cylinder { area_m2: 10.0, volume_min_m3: 0.0 })];
        for level in [0.5, 5.1, f64::NAN, f64::INFINITY] {
            assert!(starting_levels(&tanks, Some(&[level])).is_err());
        }
        assert_eq!(starting_levels(&tanks, None).unwrap(), vec![2.0]);
        assert!(starting_levels(&tanks, Some(&[])).is_err());
    }
}
