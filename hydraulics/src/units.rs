//! From the units of a network file to SI and back.
//!
//! The file's flow unit decides everything else: with a US flow unit lengths are feet, diameters
//! inches, volumes cubic feet and powers horsepower; otherwise metres, millimetres, cubic metres
//! and kilowatts. Ours are the exact definitions. EPANET rounds its own factors (28.317 l to a
//! cubic foot, 1.9837 acre-feet a day to a cubic foot a second), so its tanks fill at a rate that
//! differs from ours by one part in eight thousand with acre-feet, and far less otherwise.

use epanet::types::options::FlowUnits;

/// A foot, m.
pub(crate) const FOOT_M: f64 = 0.3048;
const INCH_M: f64 = 0.0254;
const CUBIC_FOOT_M3: f64 = FOOT_M * FOOT_M * FOOT_M;
const US_GALLON_M3: f64 = 231.0 * INCH_M * INCH_M * INCH_M;
const IMPERIAL_GALLON_M3: f64 = 0.004_546_09;
const ACRE_FOOT_M3: f64 = 43_560.0 * CUBIC_FOOT_M3;
const DAY_S: f64 = 86_400.0;
/// EPANET's own horsepower: 550 foot-pounds per second, rounded as EPANET rounds it.
pub(crate) const HORSEPOWER_W: f64 = 745.7;

/// What one unit of the file is in SI.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FileUnits {
    /// One unit of flow, m3/s.
    pub(crate) flow_m3s: f64,
    /// One unit of length, head or level, m.
    pub(crate) length_m: f64,
    /// One unit of pipe diameter, m.
    pub(crate) diameter_m: f64,
    /// One unit of volume, m3.
    pub(crate) volume_m3: f64,
    /// One unit of the rated power of a pump, W.
    pub(crate) power_w: f64,
}

impl FileUnits {
    /// The units that go with a flow unit; nothing for a unit this crate does not know.
    pub(crate) fn of(flow: FlowUnits) -> Option<FileUnits> {
        let (us, flow_m3s) = match flow {
            FlowUnits::Cfs => (true, CUBIC_FOOT_M3),
            FlowUnits::Gpm => (true, US_GALLON_M3 / 60.0),
            FlowUnits::Mgd => (true, 1e6 * US_GALLON_M3 / DAY_S),
            FlowUnits::Imgd => (true, 1e6 * IMPERIAL_GALLON_M3 / DAY_S),
            FlowUnits::Afd => (true, ACRE_FOOT_M3 / DAY_S),
            FlowUnits::Lps => (false, 1e-3),
            FlowUnits::Lpm => (false, 1e-3 / 60.0),
            FlowUnits::Mld => (false, 1e3 / DAY_S),
            FlowUnits::Cmh => (false, 1.0 / 3600.0),
            FlowUnits::Cmd => (false, 1.0 / DAY_S),
            FlowUnits::Cms => (false, 1.0),
            _ => return None,
        };
        Some(if us {
            FileUnits {
                flow_m3s,
                length_m: FOOT_M,
                diameter_m: INCH_M,
                volume_m3: CUBIC_FOOT_M3,
                power_w: HORSEPOWER_W,
            }
        } else {
            FileUnits { flow_m3s, length_m: 1.0, diameter_m: 1e-3, volume_m3: 1.0, power_w: 1e3 }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_conversions() {
        let gpm = FileUnits::of(FlowUnits::Gpm).unwrap();
        assert!((gpm.flow_m3s - 6.309_019_64e-5).abs() < 1e-12);
        let mgd = FileUnits::of(FlowUnits::Mgd).unwrap();
        assert!((mgd.flow_m3s - 0.043_812_636).abs() < 1e-8);
        let cmh = FileUnits::of(FlowUnits::Cmh).unwrap();
        assert!((cmh.flow_m3s * 3600.0 - 1.0).abs() < 1e-15);
        assert!((gpm.volume_m3 - 0.028_316_846_592).abs() < 1e-15);
    }

    #[test]
    fn every_flow_unit_agrees_with_epanet_as_far_as_epanet_rounds() {
        // Units of each kind in one cubic foot a second, as EPANET has them.
        let per_cubic_foot = [
            (FlowUnits::Gpm, 448.831),
            (FlowUnits::Mgd, 0.646_32),
            (FlowUnits::Imgd, 0.5382),
            (FlowUnits::Afd, 1.9837),
            (FlowUnits::Lps, 28.317),
            (FlowUnits::Lpm, 1699.0),
            (FlowUnits::Mld, 2.4466),
            (FlowUnits::Cmh, 101.94),
            (FlowUnits::Cmd, 2446.6),
            (FlowUnits::Cms, 0.028_317),
        ];
        for (flow, count) in per_cubic_foot {
            let ours = FileUnits::of(flow).unwrap().flow_m3s * count;
            assert!((ours / CUBIC_FOOT_M3 - 1.0).abs() < 1.3e-4, "{flow:?}: {ours}");
        }
    }
}
