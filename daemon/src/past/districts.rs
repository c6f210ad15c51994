//! The districts as the history shows them.

use crate::load::Loaded;
use crate::resident::STATE_FILE;
use crate::store::{Store, StoreError};
use jiff::{Timestamp, ToSpan};
use policies::district::{DistrictReport, Districts, Image};
use site::{AssetId, PointId, Quality, Site};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// How much history is read at a time, in hours: a reader must not hold the file for long.
const PART_HOURS: i64 = 6;

/// The districts as the last `days` days of a state folder's history show them. The daemon may
/// run meanwhile.
///
/// # Errors
/// When there is no history, or it cannot be read.
pub fn districts(
    loaded: &Loaded,
    folder: &Path,
    days: u32,
) -> Result<BTreeMap<AssetId, DistrictReport>, StoreError> {
    let store = Store::open_to_read(&folder.join(STATE_FILE))?;
    let mut districts = Districts::default();
    if let Some(last) = store.last_at()? {
        let from = site::time::add_seconds(last, -86_400.0 * f64::from(days));
        let after = site::time::add_seconds(last, 1.0);
        replay(loaded, &store, (from, after), &mut districts)?;
    }
    Ok(districts.reports(&loaded.site))
}

/// Shows the districts every stored image from `from` (included) to `to` (excluded), in order.
///
/// # Errors
/// When the history cannot be read.
pub fn replay(
    loaded: &Loaded,
    store: &Store,
    (from, to): (Timestamp, Timestamp),
    districts: &mut Districts,
) -> Result<(), StoreError> {
    let site = &loaded.site;
    let network = loaded.water.as_ref().map(|water| &water.network);
    let points = points(site);
    let mut start = from;
    while start < to {
        let end = start.checked_add(PART_HOURS.hours()).unwrap_or(to).min(to);
        let mut images: BTreeMap<Timestamp, BTreeMap<&PointId, f64>> = BTreeMap::new();
        for point in &points {
            for (at, value, quality) in store.samples(point, start, end)? {
                let image = images.entry(at).or_default();
                if let (Some(value), Quality::Good) = (value, quality) {
                    image.insert(point, value);
                }
            }
        }
        for (at, values) in images {
            let number = |point: &PointId| values.get(point).copied();
            districts.observe(site, &Image { at, number: &number, network });
        }
        start = end;
    }
    Ok(())
}

/// The points that districts are measured by.
fn points(site: &Site) -> BTreeSet<PointId> {
    let mut points = BTreeSet::new();
    for district in &site.districts {
        let meters = [&district.inflow, &district.outflow, &district.metered];
        let meters = meters.into_iter().flatten().filter_map(|id| site.flow_meter(id));
        points.extend(meters.map(|meter| meter.flow.clone()));
        let tanks = district.tanks.iter().filter_map(|id| site.tank(id));
        points.extend(tanks.map(|tank| tank.level.clone()));
    }
    points
}
