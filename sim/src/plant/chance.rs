//! Seeded chance: one generator for each component, so that adding a component does not shift
//! what happens to the others.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

/// Deviations are cut at this many standard deviations: a plant is wrong, never absurd.
const DEVIATIONS_MAX: f64 = 2.0;

/// The generator of one component.
#[derive(Debug, Clone)]
pub(crate) struct Chance(ChaCha8Rng);

impl Chance {
    /// The generator that `seed` gives to the component of this name.
    pub(crate) fn new(seed: u64, name: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes());
        hasher.update(name.as_bytes());
        Self(ChaCha8Rng::from_seed(*hasher.finalize().as_bytes()))
    }

    /// A normal deviate of mean 0 and standard deviation 1.
    pub(crate) fn normal(&mut self) -> f64 {
        self.0.sample(StandardNormal)
    }

    /// A normal deviate of mean 0 and the given standard deviation, at most two of them.
    pub(crate) fn bounded(&mut self, deviation: f64) -> f64 {
        self.normal().clamp(-DEVIATIONS_MAX, DEVIATIONS_MAX) * deviation
    }

    /// A factor about 1 with the given standard deviation, never below a tenth.
    pub(crate) fn factor(&mut self, deviation: f64) -> f64 {
        (1.0 + self.bounded(deviation)).max(0.1)
    }

    /// A number between two limits, each as likely.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.random::<f64>()
    }

    /// Whether something happens that does in this share of cases, 0 to 1.
    pub(crate) fn happens(&mut self, share: f64) -> bool {
        self.0.random::<f64>() < share
    }

    /// How often something happens that happens `mean` times on average and by itself (a Poisson
    /// process), at most `most` times.
    pub(crate) fn count(&mut self, mean: f64, most: usize) -> usize {
        // Waiting times add up until they pass the mean.
        let mut passed = 0.0;
        (0..most)
            .take_while(|_| {
                passed -= (1.0 - self.0.random::<f64>()).ln();
                passed < mean
            })
            .count()
    }

    /// A log-normal deviate of the given mean; `spread` is the standard deviation of its
    /// logarithm. At most two standard deviations of the logarithm from its median.
    pub(crate) fn log_normal(&mut self, mean: f64, spread: f64) -> f64 {
        mean * (self.bounded(spread) - spread * spread / 2.0).exp()
    }

    /// A place in a list of weights, each as likely as its weight says.
    pub(crate) fn pick(&mut self, weights: &[f64]) -> usize {
        let mut left = self.between(0.0, weights.iter().sum());
        let past = |weight: &f64| {
            left -= weight;
            left < 0.0
        };
        weights.iter().position(past).unwrap_or(weights.len().saturating_sub(1))
    }
}

/// A value that wanders about 0 with standard deviation 1 and forgets over a correlation time
/// (an Ornstein-Uhlenbeck process, exact for the step).
#[derive(Debug, Clone)]
pub(crate) struct Wander {
    chance: Chance,
    value: f64,
    keep: f64,
}

impl Wander {
    /// One that forgets over `correlation_s` seconds and is moved every `step_s` seconds.
    pub(crate) fn new(mut chance: Chance, correlation_s: f64, step_s: f64) -> Self {
        let value = chance.normal();
        Self { chance, value, keep: (-step_s / correlation_s).exp() }
    }

    /// Moves by one step and gives the new value, at most two standard deviations.
    pub(crate) fn step(&mut self) -> f64 {
        let kick = (1.0 - self.keep * self.keep).sqrt();
        self.value = self.keep * self.value + kick * self.chance.normal();
        self.now()
    }

    /// The value now, at most two standard deviations.
    pub(crate) fn now(&self) -> f64 {
        self.value.clamp(-DEVIATIONS_MAX, DEVIATIONS_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_component_has_a_stream_of_its_own() {
        let draw = |seed, name| Chance::new(seed, name).normal().to_bits();
        assert_eq!(draw(1, "demand"), draw(1, "demand"));
        assert_ne!(draw(1, "demand"), draw(1, "solar"));
        assert_ne!(draw(1, "demand"), draw(2, "demand"));
    }

    #[test]
    fn counts_and_sizes_have_the_mean_that_was_asked_for() {
        let mut chance = Chance::new(3, "test");
        let draws = 20_000.0;
        let visits: usize = (0..20_000).map(|_| chance.count(1.2, 20)).sum();
        let mean = f64::from(u32::try_from(visits).unwrap()) / draws;
        assert!((mean - 1.2).abs() < 0.03, "{mean}");
        let energy = (0..20_000).map(|_| chance.log_normal(11.0, 0.5)).sum::<f64>() / draws;
        assert!((energy / 11.0 - 1.0).abs() < 0.03, "{energy}");
        let happened = (0..20_000).filter(|_| chance.happens(0.1)).count();
        assert!((1_800..2_200).contains(&happened), "{happened}");
        let picked = (0..20_000).filter(|_| chance.pick(&[1.0, 0.0, 3.0]) == 2).count();
        assert!((14_600..15_400).contains(&picked), "{picked}");
        assert_ne!(chance.pick(&[0.0, 1.0]), 0);
    }

    #[test]
    fn a_wandering_value_keeps_its_spread_and_its_memory() {
        let mut wander = Wander::new(Chance::new(7, "test"), 900.0, 10.0);
        let values: Vec<f64> = (0..200_000).map(|_| wander.step()).collect();
        let count = 200_000.0;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count;
        assert!(mean.abs() < 0.1, "mean {mean}");
        assert!((variance.sqrt() - 0.95).abs() < 0.1, "spread {}", variance.sqrt());
        let lag = 90;
        let pairs = values.iter().zip(&values[lag..]);
        let together = pairs.map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>() / count / variance;
        assert!((together - (-1.0_f64).exp()).abs() < 0.1, "correlation at 900 s: {together}");
    }
}
