//! Our drivers as a client, and what they see.

use drivers::connect::Live;
use drivers::profile::{self, Profile};
use drivers::{Clock, Connect, DeviceHealth, Field, FieldDevice};
use site::command::{Authority, Command, Delivery, Guarded, Setpoint};
use site::envelope::Envelopes;
use site::model::{Device, Endpoint, LinkOptions};
use site::{AssetId, DeviceId, PointId};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A running field and its clock.
pub(crate) struct Driver {
    pub(crate) field: Field,
    clock: Clock,
}

/// A profile from its text.
pub(crate) fn profile(text: &str) -> Arc<Profile> {
    let read = profile::read(text, Path::new("interop.yaml"));
    Arc::new(read.unwrap_or_else(|findings| panic!("{findings:?}")))
}

/// A device that is read four times a second, too old after 10 s, and given `timeout` to answer.
pub(crate) fn device(
    name: &str,
    endpoint: &str,
    unit: u8,
    profile: &Arc<Profile>,
    timeout: Duration,
) -> FieldDevice {
    let device = Device {
        id: DeviceId::new(name).expect("a name"),
        profile: profile.name.clone(),
        profile_file: None,
        endpoint: Endpoint::read(endpoint).expect("an address"),
        unit,
        poll: Duration::from_millis(250),
        max_age: Duration::from_secs(10),
        timeout,
        link: LinkOptions::default(),
        place: site::text::Place::default(),
    };
    FieldDevice { device, profile: Arc::clone(profile), envelopes: Envelopes::of_no_site() }
}

impl Driver {
    pub(crate) fn start(devices: Vec<FieldDevice>) -> Driver {
        Driver::over(devices, Arc::new(Live::default()))
    }

    pub(crate) fn over(devices: Vec<FieldDevice>, connect: Arc<dyn Connect>) -> Driver {
        let clock = Clock::system();
        Driver { field: Field::start(devices, connect, clock.clone()), clock }
    }

    /// The value of a point now, 1 or 0 for a flag; none while it is bad.
    pub(crate) fn number(&self, point: &str) -> Option<f64> {
        let point = PointId::try_from(point.to_owned()).expect("a point");
        let snapshot = self.field.freeze(self.clock.now());
        snapshot.number(&point).or_else(|| snapshot.flag(&point).map(f64::from))
    }

    pub(crate) fn health(&self, device: &str) -> DeviceHealth {
        let health = self.field.health();
        health.into_iter().find(|it| it.id.as_str() == device).expect("it is there")
    }

    /// Lets the drivers do it, as the guard would.
    pub(crate) async fn command(&self, device: &str, setpoint: Setpoint) -> Delivery {
        let command = Guarded::by_guard(Command {
            asset: AssetId::new("A1").expect("a name"),
            device: DeviceId::new(device).expect("a name"),
            setpoint,
            authority: Authority::Plan,
        });
        let receipts = self.field.write(self.clock.now(), &[command]).await;
        receipts[0].delivery.clone()
    }
}
