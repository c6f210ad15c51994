//! The energy side: inverters, the point of common coupling.

use super::assets::{Points, control, device, full_point, full_point_maybe, name};
use super::{Context, angle, share};
use crate::asset::{Grid, Inverter, InverterPoints, RemoteLimitPoints};
use crate::ids::AssetId;
use crate::text::Section;
use crate::units::Power;

pub(super) fn inverters(root: &Section<'_>, context: &Context<'_>) -> Vec<Inverter> {
    let mut inverters = Vec::new();
    for (id, place, section) in root.named("inverters", "inverter") {
        let inverter = name(id, place, &section).and_then(|id| inverter(id, &section, context));
        section.finish();
        inverters.extend(inverter);
    }
    inverters.sort_by(|a, b| a.id.cmp(&b.id));
    inverters
}

fn inverter(id: AssetId, section: &Section<'_>, context: &Context<'_>) -> Option<Inverter> {
    let device = device(section, context);
    let control = control(section, context, device.as_ref(), &["limit", "release"]);
    let rated_power = section.quantity::<Power>("rated_power");
    let peak_power = section.quantity_maybe::<Power>("peak_power").or(rated_power);
    let (tilt, azimuth) = (angle(section, "tilt", 30.0), angle(section, "azimuth", 180.0));
    let min_limit = share(section, "min_limit", Some(0.01));
    let points = device.clone().and_then(|device| {
        let points = Points::open(section, context, device);
        let (power, limit) = (points.need("power"), points.need("limit"));
        let energy = points.maybe("energy");
        points.finish();
        Some(InverterPoints { power: power?, energy, limit: limit? })
    });
    Some(Inverter {
        id,
        device: device?,
        control: control?,
        rated_power: rated_power?,
        peak_power: peak_power?,
        tilt,
        azimuth,
        min_limit: min_limit?,
        points: points?,
    })
}

pub(super) fn grid(section: Section<'_>, context: &Context<'_>) -> Option<Grid> {
    let power = full_point(&section, context, "power");
    let import_energy = full_point_maybe(&section, context, "import_energy");
    let export_energy = full_point_maybe(&section, context, "export_energy");
    let export_limit = section.quantity_maybe::<Power>("export_limit");
    let import_limit = section.quantity_maybe::<Power>("import_limit");
    let remote_limit = section.section_maybe("remote_limit").map(|points| {
        let point = |key| full_point_maybe(&points, context, key);
        let remote = RemoteLimitPoints {
            import: point("import"),
            export: point("export"),
            active: point("active"),
        };
        points.finish();
        remote
    });
    section.finish();
    Some(Grid {
        power: power?,
        import_energy,
        export_energy,
        export_limit,
        import_limit,
        remote_limit,
    })
}
