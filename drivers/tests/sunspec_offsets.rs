//! The SunSpec profiles against tables that are not ours: the crate `sunspec`, which is generated
//! from the published models. Every point must be there, at the same place, as wide, of the same
//! sign, written only where the model allows it, with the same scale factor, and with the pattern
//! that says "not implemented".

use drivers::profile::{self, Kind, Location, PointSpec, Profile};
use std::path::Path;
use sunspec::models::{
    model1, model101, model102, model103, model111, model112, model113, model120, model121,
    model122, model123, model124, model160, model201, model202, model203, model204, model211,
    model212, model213, model214, model701, model702, model703, model704, model713, model715,
};
use sunspec::{Group, Point, Value};

/// The crate counts from behind a model's id and length; we count from the id.
const HEADER: u16 = 2;

/// A point of a published model.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Published {
    model: u16,
    name: &'static str,
    offset: u16,
    length: u16,
    writable: bool,
    kind: &'static str,
    /// Where its scale factor stands, when it has one.
    scale: Option<u16>,
}

fn published<G: Group, T: Value>(
    model: u16,
    name: &'static str,
    point: &Point<G, T>,
    scale: Option<u16>,
) -> Published {
    let kind = std::any::type_name::<T>();
    let kind =
        kind.strip_prefix("core::option::Option<").map_or(kind, |kind| &kind[..kind.len() - 1]);
    let (offset, length) = (point.offset + HEADER, point.length);
    Published { model, name, offset, length, writable: point.writable, kind, scale }
}

/// `model!(id, Type; POINT, POINT / SCALE, ...)`: points, and the scale factors that they take.
macro_rules! model {
    ($id:expr, $type:ty; $($point:ident $(/ $scale:ident)?),* $(,)?) => {
        vec![$({
            let scale: &[u16] = &[$(<$type>::$scale.offset + HEADER)?];
            published($id, stringify!($point), &<$type>::$point, scale.first().copied())
        }),*]
    };
}

/// Inverters with whole numbers, meters with whole numbers, and both with floats: the groups of
/// models that stand for each other.
macro_rules! inverter {
    ($id:expr, $type:ty) => {
        model!($id, $type; A / A_SF, A_SF, W / W_SF, W_SF, HZ / HZ_SF, HZ_SF, WH / WH_SF, WH_SF, ST)
    };
}

macro_rules! inverter_float {
    ($id:expr, $type:ty) => {
        model!($id, $type; A, PH_VPH_A, PH_VPH_B, PH_VPH_C, W, HZ, WH, TMP_CAB, ST)
    };
}

macro_rules! meter {
    ($id:expr, $type:ty) => {
        model!($id, $type; APH_A / A_SF, APH_B / A_SF, APH_C / A_SF, A_SF, PH_VPH_A / V_SF,
            PH_VPH_B / V_SF, PH_VPH_C / V_SF, V_SF, HZ / HZ_SF, HZ_SF, W / W_SF, WPH_A / W_SF,
            WPH_B / W_SF, WPH_C / W_SF, W_SF, TOT_WH_EXP / TOT_WH_SF, TOT_WH_IMP / TOT_WH_SF,
            TOT_WH_SF, EVT)
    };
}

macro_rules! meter_float {
    ($id:expr, $type:ty) => {
        model!($id, $type; APH_A, APH_B, APH_C, PH_VPH_A, PH_VPH_B, PH_VPH_C, HZ, W, WPH_A, WPH_B,
            WPH_C, TOT_WH_EXP, TOT_WH_IMP, EVT)
    };
}

fn measurements() -> Vec<Published> {
    [
        model!(1, model1::Model1; MN, MD, SN),
        inverter!(101, model101::Model101),
        inverter!(102, model102::Model102),
        inverter!(103, model103::Model103),
        inverter_float!(111, model111::Model111),
        inverter_float!(112, model112::Model112),
        inverter_float!(113, model113::Model113),
        meter!(201, model201::Model201),
        meter!(202, model202::Model202),
        meter!(203, model203::Model203),
        meter!(204, model204::Model204),
        meter_float!(211, model211::Model211),
        meter_float!(212, model212::Model212),
        meter_float!(213, model213::Model213),
        meter_float!(214, model214::Model214),
        model!(701, model701::Model701; ST, INV_ST, CONN_ST, ALRM, W / W_SF, A / A_SF, LNV / V_SF,
            HZ / HZ_SF, TOT_WH_INJ / TOT_WH_SF, TOT_WH_ABS / TOT_WH_SF, THROT_PCT, THROT_SRC, A_SF,
            V_SF, HZ_SF, W_SF, TOT_WH_SF),
        model!(713, model713::Model713; WH_RTG / WH_SF, SOC / PCT_SF, SOH / PCT_SF, STA, WH_SF,
            PCT_SF),
        model!(715, model715::Model715; LOC_REM_CTL, DER_HB, CONTROLLER_HB),
    ]
    .concat()
}

fn settings() -> Vec<Published> {
    [
        model!(120, model120::Model120; W_RTG / W_RTG_SF, W_RTG_SF),
        model!(121, model121::Model121; W_MAX / W_MAX_SF, W_MAX_SF),
        model!(122, model122::Model122; PV_CONN),
        model!(123, model123::Model123; CONN, W_MAX_LIM_PCT / W_MAX_LIM_PCT_SF,
            W_MAX_LIM_PCT_RVRT_TMS, W_MAX_LIM_ENA, W_MAX_LIM_PCT_SF),
        model!(124, model124::Model124; W_CHA_MAX / W_CHA_MAX_SF, STOR_CTL_MOD,
            MIN_RSV_PCT / MIN_RSV_PCT_SF, CHA_STATE / CHA_STATE_SF, IN_BAT_V / IN_BAT_V_SF, CHA_ST,
            OUT_W_RTE / IN_OUT_W_RTE_SF, IN_W_RTE / IN_OUT_W_RTE_SF, IN_OUT_W_RTE_RVRT_TMS,
            W_CHA_MAX_SF, MIN_RSV_PCT_SF, CHA_STATE_SF, IN_BAT_V_SF, IN_OUT_W_RTE_SF),
        model!(702, model702::Model702; W_MAX_RTG / W_SF, W_MAX / W_SF, W_CHA_RTE_MAX / W_SF,
            W_DIS_CHA_RTE_MAX / W_SF, W_SF),
        model!(703, model703::Model703; ES),
        model!(704, model704::Model704; W_MAX_LIM_PCT_ENA, W_MAX_LIM_PCT / W_MAX_LIM_PCT_SF,
            W_MAX_LIM_PCT_RVRT / W_MAX_LIM_PCT_SF, W_MAX_LIM_PCT_ENA_RVRT, W_MAX_LIM_PCT_RVRT_TMS,
            W_MAX_LIM_PCT_RVRT_REM, W_SET_ENA, W_SET_MOD, W_SET / W_SET_SF, W_SET_RVRT / W_SET_SF,
            W_SET_ENA_RVRT, W_SET_RVRT_TMS, W_SET_RVRT_REM, W_MAX_LIM_PCT_SF, W_SET_SF),
    ]
    .concat()
}

/// Model 160: what all inputs share, and the block that each of them repeats.
fn inputs() -> Vec<Published> {
    use model160::{Model160, Module};
    let mut all = model!(160, Model160; DCA_SF, DCV_SF, DCW_SF, DCWH_SF, EVT, N);
    let shared = |scale: &Point<Model160, Option<i16>>| Some(scale.offset + HEADER);
    for input in 0..4u16 {
        let base = Model160::LEN + input * Module::LEN;
        let mut block = model!(160, Module; ID_STR, DCA, DCV, DCW, DCWH, TMP, DC_ST);
        for point in &mut block {
            point.offset += base;
            point.scale = match point.name {
                "DCA" => shared(&Model160::DCA_SF),
                "DCV" => shared(&Model160::DCV_SF),
                "DCW" => shared(&Model160::DCW_SF),
                "DCWH" => shared(&Model160::DCWH_SF),
                _ => None,
            };
        }
        all.extend(block);
    }
    all
}

fn all() -> Vec<Published> {
    [measurements(), settings(), inputs()].concat()
}

fn profiles() -> Vec<Profile> {
    let names = profile::builtin_names().into_iter();
    let read = |name| {
        let text = profile::builtin(name).expect("a listed name");
        profile::read(text, Path::new(name)).expect("no findings")
    };
    names.map(read).filter(|profile| profile.sunspec).collect()
}

/// How wide a kind is, and whether it has a sign.
fn fits(kind: Kind, published: &Published) -> bool {
    let known = match kind {
        Kind::U16 => ["u16"].as_slice(),
        Kind::I16 => &["i16"],
        Kind::U32 => &["u32"],
        Kind::I32 => &["i32"],
        Kind::U64 => &["u64"],
        Kind::I64 => &["i64"],
        Kind::F32 => &["f32"],
        Kind::F64 => &["f64"],
        Kind::Text(_) => &["alloc::string::String"],
        // Bits and decimal digits are no types of the published models.
        _ => &[],
    };
    // Enumerations and bit fields are types of their own; they have no sign.
    let named = published.kind.starts_with("sunspec::models::");
    let unsigned = matches!(kind, Kind::U16 | Kind::U32 | Kind::U64 | Kind::Bit(_));
    kind.width() == published.length && (known.contains(&published.kind) || named && unsigned)
}

/// The patterns that may say "not implemented" for a kind. Accumulators say it with a zero.
fn absent(kind: Kind) -> Vec<u64> {
    match kind {
        Kind::U16 => vec![0xFFFF],
        Kind::I16 => vec![0x8000],
        Kind::U32 => vec![0xFFFF_FFFF, 0],
        Kind::I32 => vec![0x8000_0000],
        Kind::U64 => vec![u64::MAX, 0],
        Kind::I64 => vec![1 << 63],
        // Not a number, and an empty text, say it themselves.
        _ => Vec::new(),
    }
}

/// What is wrong with a point, in words.
fn faults(profile: &Profile, point: &PointSpec, model: u16, offset: u16) -> Vec<String> {
    let all = all();
    let at = |published: &&Published| (published.model, published.offset) == (model, offset);
    let Some(known) = all.iter().find(at) else {
        return vec!["the published model has nothing there".into()];
    };
    let mut faults = Vec::new();
    if !fits(point.encoding.kind, known) {
        faults.push(format!("{:?} is not {known:?}", point.encoding.kind));
    }
    if point.access.writes() && !known.writable {
        faults.push(format!("{} is not written", known.name));
    }
    let scale = point.encoding.scale_point.as_deref().map(|scale| {
        let scale = profile.point(scale).expect("checked when read");
        match scale.location {
            Location::Model { model: other, offset } if other == model => offset,
            _ => panic!("{}: its scale factor lies elsewhere", point.name),
        }
    });
    if scale != known.scale {
        faults.push(format!("scale factor at {scale:?}, published at {:?}", known.scale));
    }
    let wanted = absent(point.encoding.kind);
    let says = |pattern: &u64| point.encoding.sentinels.contains(pattern);
    if !wanted.is_empty() && !wanted.iter().any(says) {
        faults.push(format!("none of {wanted:x?} says that it is not implemented"));
    }
    faults
}

#[test]
fn every_point_stands_where_the_published_models_have_it() {
    let (mut checked, mut faulty) = (0, Vec::new());
    for profile in profiles() {
        for point in &profile.points {
            let Location::Model { model, offset } = point.location else { continue };
            checked += 1;
            let found = faults(&profile, point, model, offset);
            faulty.extend(found.iter().map(|f| format!("{} {}: {f}", profile.name, point.name)));
        }
    }
    assert!(faulty.is_empty(), "{faulty:#?}");
    println!("{checked} points of {} profiles agree", profiles().len());
    assert!(checked > 150, "{checked} points");
}

#[test]
fn models_that_stand_for_each_other_are_published_alike() {
    let all = all();
    let of = |model: u16| -> Vec<Published> {
        let points = all.iter().filter(|point| point.model == model);
        let alike = |point: &Published| {
            // Enumerations have a type for each model; what matters is that they have one.
            let kind = if point.kind.contains("::models::") { "named" } else { point.kind };
            Published { model: 0, kind, ..point.clone() }
        };
        points.map(alike).collect()
    };
    for group in
        [[101, 102, 103].as_slice(), &[111, 112, 113], &[201, 202, 203, 204], &[211, 212, 213, 214]]
    {
        for pair in group.windows(2) {
            assert!(!of(pair[0]).is_empty());
            assert_eq!(of(pair[0]), of(pair[1]), "{pair:?}");
        }
    }
}
