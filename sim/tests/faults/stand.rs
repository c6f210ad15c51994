//! A field with one link that is struck and two that are not.

use crate::links::{Links, Road, Trouble};
use crate::points::Points;
use crate::unit::Telling;
use drivers::profile::Profile;
use drivers::{Clock, DeviceHealth, Field, FieldDevice};
use regie_sim::modbus::faults::{FaultEvent, FaultPlan, When, WireFault};
use regie_sim::modbus::{Bus, UnknownUnit};
use site::command::{Authority, Command, Guarded, Setpoint};
use site::envelope::Envelopes;
use site::model::{Device, Endpoint, LinkOptions};
use site::units::Ratio;
use site::{AssetId, DeviceId, PointId};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Devices are read so often, are too old after this, and have so long to answer.
pub(crate) const POLL: Duration = Duration::from_secs(2);
pub(crate) const MAX_AGE: Duration = Duration::from_secs(6);
pub(crate) const TIMEOUT: Duration = Duration::from_millis(300);
/// A slow device is given four times its timeout, and on a serial line the time for the longest
/// frames (272 characters of 11 bits at 19200 baud).
pub(crate) const ANSWER_MAX: Duration = Duration::from_millis(4 * 300 + 156);
/// A fault begins here and ends there; then everything has to come back.
pub(crate) const FROM: Duration = Duration::from_secs(20);
pub(crate) const TO: Duration = Duration::from_secs(80);
pub(crate) const END: Duration = Duration::from_secs(240);

/// The units of the link that is struck, and the one that is struck.
pub(crate) const UNITS: [u8; 3] = [1, 2, 3];
pub(crate) const STRUCK: u8 = 2;
/// The units of the two other links.
pub(crate) const ELSEWHERE: [u8; 3] = [11, 12, 21];

/// How bytes travel on the link that is struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Tcp,
    RtuOverTcp,
    Serial,
}

impl Way {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Way::Tcp => "TCP",
            Way::RtuOverTcp => "RTU over TCP",
            Way::Serial => "serial",
        }
    }

    fn endpoint(self, name: &str) -> Endpoint {
        endpoint(&match self {
            Way::Tcp => format!("tcp://{name}:502"),
            Way::RtuOverTcp => format!("rtu+tcp://{name}:4001"),
            Way::Serial => format!("serial:///dev/{name}?baud=19200&parity=even"),
        })
    }
}

pub(crate) fn endpoint(text: &str) -> Endpoint {
    Endpoint::read(text).expect("an address")
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Strike {
    /// Bytes of exchanges with the struck unit, or with all units of its link.
    Bytes(WireFault),
    /// The link itself.
    Link(Trouble),
    /// The struck unit says yes to writes and does nothing.
    Ignores,
    /// The struck unit hears nothing.
    Deaf,
}

/// One cell of the matrix: what goes wrong, for whom, and what is read how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell<'a> {
    pub(crate) way: Way,
    pub(crate) points: Points,
    /// None without any fault.
    pub(crate) strike: Option<&'a Strike>,
    pub(crate) on: On,
}

/// Whether the struck unit alone has the fault of bytes, or all units of its link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    One,
    All,
}

/// The running field, and both ends of its links.
pub(crate) struct Stand {
    pub(crate) clock: Clock,
    pub(crate) field: Field,
    pub(crate) points: Points,
    pub(crate) units: BTreeMap<u8, Telling>,
    pub(crate) roads: BTreeMap<Endpoint, Road>,
    pub(crate) struck: Endpoint,
    bus: Bus,
}

impl Stand {
    pub(crate) fn new(cell: Cell<'_>) -> Stand {
        let Cell { way, points, strike, on } = cell;
        let clock = clock();
        let struck = way.endpoint("struck");
        let near = way.endpoint("near");
        let far = Way::Tcp.endpoint("far");
        let unit = |number: &u8| (*number, Telling::new(*number, &clock));
        let units: BTreeMap<u8, Telling> = UNITS.iter().chain(&ELSEWHERE).map(unit).collect();
        let bus = Bus::new(UnknownUnit::Silent);
        let (near_bus, far_bus) = (Bus::new(UnknownUnit::Silent), Bus::new(UnknownUnit::Silent));
        let profile = points.profile();
        let mut devices = Vec::new();
        for (number, unit) in &units {
            let (bus, endpoint) = match number {
                1..=9 => (&bus, &struck),
                11..=19 => (&near_bus, &near),
                _ => (&far_bus, &far),
            };
            bus.insert(*number, unit.clone());
            devices.push(device(&name(*number), endpoint, *number, &profile));
        }
        let roads = BTreeMap::from([
            (struck.clone(), Road::new(&clock, bus.clone(), Some(plan(strike, on)))),
            (near, Road::new(&clock, near_bus, None)),
            (far, Road::new(&clock, far_bus, None)),
        ]);
        let field = Field::start(devices, Arc::new(Links(roads.clone())), clock.clone());
        Stand { clock, field, points, units, roads, struck, bus }
    }

    pub(crate) fn road(&self) -> &Road {
        &self.roads[&self.struck]
    }

    pub(crate) fn health(&self, unit: u8) -> DeviceHealth {
        let (all, name) = (self.field.health(), name(unit));
        all.into_iter().find(|health| health.id.as_str() == name).expect("it is there")
    }

    /// Lets what is not a fault of bytes happen, and end.
    pub(crate) async fn strike(&self, strike: Option<&Strike>) {
        self.until(FROM).await;
        self.change(strike, true);
        self.until(TO).await;
        self.change(strike, false);
    }

    fn change(&self, strike: Option<&Strike>, begins: bool) {
        match strike {
            Some(Strike::Link(trouble)) => {
                self.road().set_trouble(if begins { *trouble } else { Trouble::None });
                if begins && matches!(trouble, Trouble::Refuses | Trouble::Swallows) {
                    self.road().hang_up();
                }
            }
            Some(Strike::Ignores) => self.units[&STRUCK].memory().ignores = begins,
            Some(Strike::Deaf) => {
                assert!(self.bus.set_unit_silent(STRUCK, begins), "the unit is there");
            }
            Some(Strike::Bytes(_)) | None => {}
        }
    }

    pub(crate) async fn until(&self, at: Duration) {
        self.clock.sleep_until(site::Mono::new(at)).await;
    }
}

/// The faults of bytes, as the link has them.
fn plan(strike: Option<&Strike>, on: On) -> FaultPlan {
    let when = When::Between { from_ms: millis(FROM), to_ms: millis(TO) };
    let unit = (on == On::One).then_some(STRUCK);
    let events = match strike {
        Some(Strike::Bytes(fault)) => vec![FaultEvent { when, unit, fault: fault.clone() }],
        _ => Vec::new(),
    };
    FaultPlan { events }
}

pub(crate) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).expect("minutes")
}

pub(crate) fn clock() -> Clock {
    Clock::scaled("2026-06-15T10:00:00Z".parse().expect("an instant"), 1.0)
}

pub(crate) fn name(unit: u8) -> String {
    format!("unit{unit}")
}

pub(crate) fn point(device: &str, point: &str) -> PointId {
    PointId::try_from(format!("{device}.{point}")).expect("a point")
}

/// What the guard lets through: a limit of a device, in per cent.
pub(crate) fn limit(device: &str, percent: u16) -> Guarded<Command> {
    Guarded::by_guard(Command {
        asset: AssetId::new(device).expect("a name"),
        device: DeviceId::new(device).expect("a name"),
        setpoint: Setpoint::Limit(Ratio::new(f64::from(percent) / 100.0)),
        authority: Authority::Plan,
    })
}

pub(crate) fn device(
    name: &str,
    endpoint: &Endpoint,
    unit: u8,
    profile: &Arc<Profile>,
) -> FieldDevice {
    let device = Device {
        id: DeviceId::new(name).expect("a name"),
        profile: profile.name.clone(),
        profile_file: None,
        endpoint: endpoint.clone(),
        unit,
        poll: POLL,
        max_age: MAX_AGE,
        timeout: TIMEOUT,
        link: LinkOptions::default(),
        place: site::text::Place::default(),
    };
    FieldDevice { device, profile: Arc::clone(profile), envelopes: Envelopes::of_no_site() }
}
