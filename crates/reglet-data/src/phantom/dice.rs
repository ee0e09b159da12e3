//! Seeded random numbers that do not change between versions.
//!
//! Only the raw words of ChaCha8 are used, which its specification defines; the conversion from words to numbers is
//! implemented here. A new version of the `rand` crates therefore cannot silently change the phantoms.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A stream of random draws, determined by a seed.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream of one `part` (say "hair") of the thing numbered `index` under `seed`.
    ///
    /// Each part has its own stream, so that drawing more hairs does not move the ruler.
    pub(crate) fn new(seed: u64, index: u64, part: &str) -> Self {
        let mut key = [0_u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&index.to_le_bytes());
        for (place, byte) in key[16..].iter_mut().zip(part.bytes()) {
            *place = byte;
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    /// Any 32 bits.
    pub(crate) fn word(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// Uniform in [0, 1).
    pub(crate) fn unit(&mut self) -> f32 {
        // An f32 represents 24 bits exactly.
        (self.0.next_u32() >> 8) as f32 / (1 << 24) as f32
    }

    /// Uniform between `low` and `high`.
    pub(crate) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// True with this probability.
    pub(crate) fn chance(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }

    /// A whole number from `low` to `high`, both included.
    pub(crate) fn count(&mut self, low: u32, high: u32) -> u32 {
        low + ((high - low + 1) as f32 * self.unit()) as u32
    }

    /// Normal with this mean and standard deviation, truncated at three standard deviations so that no extreme values are
    /// drawn.
    pub(crate) fn normal(&mut self, mean: f32, deviation: f32) -> f32 {
        // Box and Muller (1958); 1 − u keeps the logarithm away from zero.
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        let turn = std::f32::consts::TAU * self.unit();
        mean + deviation * (radius * turn.cos()).clamp(-3.0, 3.0)
    }

    /// An angle, uniform over the circle, in radians.
    pub(crate) fn angle(&mut self) -> f32 {
        self.between(0.0, std::f32::consts::TAU)
    }
}
