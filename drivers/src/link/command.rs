//! From a guarded command to bytes. This is the only place that writes to a device, and it takes
//! nothing but what the guard let through.

use super::ask::{Answer, Ask};
use super::{Job, Link, Parts};
use crate::codec::{self, Outside, Raw};
use crate::error::FieldError;
use crate::profile::{Argument, DeadMan, Profile, Refresh, Storage};
use site::Mono;
use site::command::{Authority, Command, Guarded, Operation};
use site::envelope::{Envelope, Envelopes};

/// One value for one point, in order.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Write {
    point: usize,
    value: f64,
    /// Within which the bytes must lie, in the unit of the value.
    envelope: Envelope,
}

impl Link {
    /// Writes one command and answers for it.
    pub(super) async fn serve(&mut self, job: Job) {
        let Job { unit, command, parts, reply } = job;
        let outcome = self.write(unit, &command, parts).await;
        self.judge(unit, &command, &outcome);
        // That a unit is left alone says less than the trouble before, which stays.
        if let Err(error) = &outcome
            && !matches!(error, FieldError::Silent { .. })
            && let Some(state) = self.units.get(unit)
        {
            let at = self.clock.now().mono;
            state.image.note(|health| {
                health.last_error = Some(error.to_string());
                health.last_error_at = Some(at);
            });
        }
        // Whoever asked may have stopped waiting; the registers are written all the same.
        let _ = reply.send(outcome);
    }

    /// Counts what the encoder refused, and says it once until something is written again.
    fn judge(
        &mut self,
        unit: usize,
        command: &Guarded<Command>,
        outcome: &Result<Mono, FieldError>,
    ) {
        let Some(state) = self.units.get_mut(unit) else { return };
        match outcome {
            Ok(_) => state.refusing = false,
            Err(error) if error.is_outside() => {
                state.image.note(|health| health.writes_outside += 1);
                if !std::mem::replace(&mut state.refusing, true) {
                    let Command { asset, device, setpoint, .. } = command.get();
                    tracing::error!(%asset, %device, %setpoint, "not written: {error}");
                }
            }
            Err(_) => {}
        }
    }

    async fn write(
        &mut self,
        unit: usize,
        command: &Guarded<Command>,
        parts: Parts,
    ) -> Result<Mono, FieldError> {
        let Some(state) = self.units.get_mut(unit) else {
            return Err(FieldError::Silent { unit: 0, failures: 0 });
        };
        if command.get().authority == Authority::Interlock {
            // What protects is tried even where there is little hope.
            state.wake();
        }
        let (number, failures) = (state.device.unit, state.failures());
        let writes = plan((&state.profile, &state.envelopes), command, parts)?;
        if state.is_silent(self.clock.real()) {
            return Err(FieldError::Silent { unit: number, failures });
        }
        self.revive(unit).await?;
        self.recognise(unit).await?;
        for write in writes {
            self.write_one(unit, write, command.get().authority).await?;
        }
        Ok(self.clock.now().mono)
    }

    /// Reads once before a write when the link was idle: a device that closed it meanwhile would
    /// leave the write unclear, and a read may be repeated.
    async fn revive(&mut self, unit: usize) -> Result<(), FieldError> {
        if !self.wire.is_idle() {
            return Ok(());
        }
        self.recognise(unit).await?;
        let Some(request) = self.units[unit].probe() else { return Ok(()) };
        let (table, address, count) = (request.table, request.address, request.count);
        match self.ask(unit, &Ask::Read { table, address, count }).await {
            // What it says does not matter here, only that it answers.
            Ok(_) => Ok(()),
            Err(FieldError::Refused { code, .. }) if !matches!(code, 0x0A | 0x0B) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn write_one(
        &mut self,
        unit: usize,
        write: Write,
        authority: Authority,
    ) -> Result<(), FieldError> {
        let Write { point, value, envelope } = write;
        let state = &self.units[unit];
        let (number, spec) = (state.device.unit, &state.profile.points[point]);
        let (name, encoding) = (spec.name.clone(), spec.encoding.clone());
        let (function, storage) = (spec.write_function, spec.storage);
        let absent = || FieldError::NoPoint { unit: number, point: name.clone() };
        let (_, address) = state.address(point).ok_or_else(absent)?;
        let exponent = match state.scale(point) {
            Some(scale) => self.exponent(unit, scale, &name).await?,
            None => 0,
        };
        let raw = codec::encode(&encoding, value, exponent)
            .map_err(|cause| FieldError::Encode { point: name.clone(), cause })?;
        codec::within(&encoding, &raw, exponent, envelope).map_err(|Outside { found }| {
            let (unit, point, (low, high)) = (number, name.clone(), (envelope.low, envelope.high));
            FieldError::Outside { unit, point, found, low, high }
        })?;
        let wears = storage != Storage::Volatile;
        if wears && self.holds(unit, point, &raw).await? {
            return Ok(());
        }
        if !self.is_recognised(unit) {
            // What was read came over a new connection. The next write looks who is there.
            return Err(FieldError::Changed { unit: number, point: name });
        }
        if wears {
            self.spend(unit, point, authority)?;
        }
        match self.ask(unit, &Ask::Write { address, raw, function }).await? {
            Answer::Written => Ok(()),
            Answer::Bits(_) | Answer::Registers(_) | Answer::Told(_) => Err(absent()),
        }
    }

    /// Whether a point's registers hold this already.
    async fn holds(&mut self, unit: usize, point: usize, raw: &Raw) -> Result<bool, FieldError> {
        let state = &self.units[unit];
        let (number, spec) = (state.device.unit, &state.profile.points[point]);
        let absent = || FieldError::NoPoint { unit: number, point: spec.name.clone() };
        let (table, address) = state.address(point).ok_or_else(absent)?;
        let count = spec.encoding.kind.width();
        Ok(match self.ask(unit, &Ask::Read { table, address, count }).await? {
            Answer::Bits(bits) => bits.first().is_some_and(|bit| *raw == Raw::Bit(*bit)),
            Answer::Registers(words) => *raw == Raw::Registers(words),
            Answer::Written | Answer::Told(_) => false,
        })
    }

    /// Counts a write to memory that wears out, before it is sent: one of which nobody knows
    /// whether it was carried out may have been.
    fn spend(&mut self, unit: usize, point: usize, authority: Authority) -> Result<(), FieldError> {
        let now = self.clock.now();
        let state = &mut self.units[unit];
        let (unit, spec) = (state.device.unit, &state.profile.points[point]);
        state.wear.allow(now, (point, spec), authority).map_err(|worn| FieldError::WornToday {
            unit,
            point: spec.name.clone(),
            budget: worn.budget,
            free_at: worn.free_at,
        })?;
        state.wear.handle_written(now, point);
        Ok(())
    }

    /// The scale factor as the device has it now: it may change while the device runs.
    async fn exponent(&mut self, unit: usize, scale: usize, name: &str) -> Result<i32, FieldError> {
        let state = &self.units[unit];
        let number = state.device.unit;
        let encoding = state.profile.points[scale].encoding.clone();
        let bad = || FieldError::BadScale { unit: number, point: name.to_owned() };
        let (table, address) = state.address(scale).ok_or_else(bad)?;
        let count = encoding.kind.width();
        match self.ask(unit, &Ask::Read { table, address, count }).await? {
            Answer::Registers(words) => codec::exponent(&encoding, &words).map_err(|_| bad()),
            Answer::Bits(_) | Answer::Written | Answer::Told(_) => Err(bad()),
        }
    }
}

/// The values to be written, checked once more: the guard has checked them already, and this is
/// where a mistake would become bytes.
fn plan(
    (profile, envelopes): (&Profile, &Envelopes),
    command: &Guarded<Command>,
    parts: Parts,
) -> Result<Vec<Write>, FieldError> {
    let setpoint = &command.get().setpoint;
    let operation = setpoint.operation();
    let spec = profile
        .commands
        .get(operation)
        .ok_or_else(|| FieldError::NoCommand { profile: profile.name.clone(), operation })?;
    let asset = &command.get().asset;
    let envelope = envelopes
        .find(asset, operation)
        .ok_or_else(|| FieldError::NoEnvelope { asset: asset.clone(), operation })?;
    let own = setpoint.argument();
    let kind = Operation::find(operation).and_then(|operation| operation.argument);
    let (word, range) = kind.map_or(("argument", (0.0, 0.0)), |kind| (kind.word, kind.range));
    let wrong = || FieldError::Argument { operation, word, range, found: own };
    if kind.is_some() && own.is_some_and(|own| !(range.0..=range.1).contains(&own)) {
        return Err(wrong());
    }
    if let (Some(kind), Some(found)) = (kind, own)
        && !envelope.holds(found, kind.step)
    {
        // Before the first register of several is written. The bytes are held to it once more.
        let Envelope { low, high } = envelope;
        return Err(FieldError::Beyond { asset: asset.clone(), operation, found, low, high });
    }
    let mut writes = Vec::new();
    let place = |name: &String| {
        let found = profile.points.iter().position(|point| &point.name == name);
        found.ok_or_else(|| FieldError::NoPoint { unit: 0, point: name.clone() })
    };
    // The heartbeat comes first: a device whose dead-man has tripped may ignore all else.
    if let (Some(DeadMan { refresh: Refresh::Heartbeat(point), .. }), Some(beat)) =
        (&profile.dead_man, parts.heartbeat)
    {
        let value = f64::from(beat);
        writes.push(Write { point: place(point)?, value, envelope: Envelope::exactly(value) });
    }
    for write in spec.writes.iter().filter(|_| parts.command) {
        let (value, envelope) = match write.value {
            Argument::Constant(value) => (value, Envelope::exactly(value)),
            Argument::Own => (own.ok_or_else(wrong)?, envelope),
        };
        writes.push(Write { point: place(&write.point)?, value, envelope });
    }
    Ok(writes)
}
