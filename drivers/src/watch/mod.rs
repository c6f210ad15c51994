//! What is made of a point's readings beyond decoding them: numbers without a name, changes that
//! are too fast, values that stand still, counters that begin anew. Pure.
//!
//! Call [`Watch::see`] with every sample of the point, in order of time.

mod counter;
mod rate;
mod stuck;
#[cfg(test)]
mod tests;

use crate::profile::{Counter as CounterSpec, Encoding, Kind, PointSpec};
use counter::{Counter, Span};
use rate::Rate;
use site::{Mono, Reason, Sample, Value};
use std::collections::BTreeSet;
use stuck::Still;

/// A reading whose number was too fast is believed when this many in a row agree among
/// themselves, itself among them: the transmitter was exchanged, or something real happened.
const AGREEING: u32 = 3;

/// One decoded number.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Reading {
    value: f64,
    at: Mono,
}

/// Readings that are not believed yet.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Doubted {
    latest: Reading,
    /// How many agree, the latest among them.
    agreeing: u32,
}

impl Doubted {
    /// One more reading; `agrees` says whether it bears out the latest one of `before`.
    fn next(before: Option<Self>, reading: Reading, agrees: impl Fn(Reading) -> bool) -> Self {
        let agreeing = before.filter(|before| agrees(before.latest)).map_or(0, |b| b.agreeing);
        Self { latest: reading, agreeing: agreeing + 1 }
    }
}

/// What is known around a point when a sample of it comes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Around {
    /// The power of ten of its scale factor; `None` when it has one that is not known.
    pub(crate) exponent: Option<i32>,
    /// Whether it should be moving now.
    pub(crate) moving: bool,
}

/// What was made of a sample.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    /// What the point shows.
    pub(crate) sample: Sample,
    /// Why the sample that came is not shown, when an older one stands for it.
    pub(crate) withheld: Option<Reason>,
}

/// What is remembered of one point.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    encoding: Encoding,
    spec: Option<CounterSpec>,
    codes: BTreeSet<i64>,
    rate: Option<Rate>,
    counter: Option<Counter>,
    still: Option<Still>,
    /// The newest sample that was believed.
    believed: Option<Sample>,
}

impl Watch {
    /// A watch for a point. `None` for a point whose samples are taken as they come.
    pub(crate) fn new(point: &PointSpec) -> Option<Self> {
        let codes: BTreeSet<i64> = point.names.keys().copied().collect();
        let counter = point.counter.map(|_| Counter::new(point.max_rate));
        let rate = point.max_rate.filter(|_| counter.is_none()).map(Rate::new);
        let still = point.stuck.as_ref().map(|stuck| Still::new(stuck.after));
        let idle = codes.is_empty() && rate.is_none() && counter.is_none() && still.is_none();
        let (encoding, spec) = (point.encoding.clone(), point.counter);
        let watch = Self { encoding, spec, codes, rate, counter, still, believed: None };
        (!idle).then_some(watch)
    }

    /// What a sample shows, after all that came before it.
    pub(crate) fn see(&mut self, sample: Sample, around: Around) -> Seen {
        let at = sample.at;
        let Some(value) = sample.value().filter(|_| sample.is_good()).cloned() else {
            self.interrupt();
            return Seen { sample, withheld: None };
        };
        if !self.is_known(&value) {
            self.interrupt();
            return Seen { sample: Sample::bad(Reason::UnknownCode, at), withheld: None };
        }
        let stuck = self.still.as_mut().is_some_and(|still| still.see(&value, at, around.moving));
        let Some(shown) = self.judge(&value, at, around.exponent) else {
            let reason = Reason::RateOfChange;
            return Seen { sample: self.standing(reason, at), withheld: Some(reason) };
        };
        let good = Sample::good(shown.clone(), at);
        self.believed = Some(good.clone());
        let sample = if stuck { Sample::uncertain(shown, Reason::Stuck, at) } else { good };
        Seen { sample, withheld: None }
    }

    /// How often the counter began anew because its registers were full.
    pub(crate) fn rollovers(&self) -> u64 {
        self.counter.as_ref().map_or(0, Counter::rollovers)
    }

    /// How often the counter began anew otherwise.
    pub(crate) fn resets(&self) -> u64 {
        self.counter.as_ref().map_or(0, Counter::resets)
    }

    /// The value to show; `None` while it is not believed.
    fn judge(&mut self, value: &Value, at: Mono, exponent: Option<i32>) -> Option<Value> {
        let Value::Number(number) = *value else { return Some(value.clone()) };
        let reading = Reading { value: number, at };
        if let Some(counter) = &mut self.counter {
            let span = span(&self.encoding, self.spec, exponent);
            let step = counter_step(&self.encoding, exponent, number);
            return counter.see(reading, step, span).map(Value::Number);
        }
        if let Some(rate) = &mut self.rate {
            let believed = rate.see(reading, step(&self.encoding, exponent));
            return believed.then_some(Value::Number(number));
        }
        Some(Value::Number(number))
    }

    /// What stands while a newer reading is not believed: the last good one with its own age, so
    /// that it is never taken for fresh, and with the doubt, so that nothing is decided on it.
    fn standing(&self, reason: Reason, at: Mono) -> Sample {
        let last = self.believed.as_ref().and_then(|last| Some((last.value()?.clone(), last.at)));
        match last {
            Some((value, at)) => Sample::uncertain(value, reason, at),
            None => Sample::bad(reason, at),
        }
    }

    /// A reading without value: what follows is not in a row with what came before.
    fn interrupt(&mut self) {
        if let Some(rate) = &mut self.rate {
            rate.interrupt();
        }
        if let Some(counter) = &mut self.counter {
            counter.interrupt();
        }
    }

    fn is_known(&self, value: &Value) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "names lie within 2^53")]
        let near = |code: &i64, number: f64| (*code as f64 - number).abs() < 1e-9;
        match value {
            Value::Number(number) if !self.codes.is_empty() => {
                self.codes.iter().any(|code| near(code, *number))
            }
            _ => true,
        }
    }
}

/// How much one step of the registers is, in the unit used inside. Zero for floats, and while the
/// scale factor is not known.
fn step(encoding: &Encoding, exponent: Option<i32>) -> f64 {
    match exponent {
        Some(exponent) if encoding.kind.is_whole() => {
            (encoding.scale * 10f64.powi(exponent) * encoding.unit_factor).abs()
        }
        _ => 0.0,
    }
}

/// How far a counter may tremble. Devices reckon totals of floats in single precision, whatever
/// they write, so there it is two steps of that.
fn counter_step(encoding: &Encoding, exponent: Option<i32>, value: f64) -> f64 {
    match encoding.kind {
        Kind::F32 | Kind::F64 => value.abs() * f64::from(f32::EPSILON) * 2.0,
        _ => step(encoding, exponent) * (1.0 + 1e-6),
    }
}

/// Where a counter begins and how much it holds, in the unit used inside. `None` where it is not
/// known: floats have no end of their own.
fn span(encoding: &Encoding, spec: Option<CounterSpec>, exponent: Option<i32>) -> Option<Span> {
    let offset = encoding.offset * encoding.unit_factor;
    if let Some(modulus) = spec.and_then(|spec| spec.rollover) {
        return Some(Span { begin: offset, modulus });
    }
    let (low, high) = encoding.kind.extent()?;
    let step = step(encoding, Some(exponent?));
    Some(Span { begin: low * step + offset, modulus: (high - low + 1.0) * step })
}
