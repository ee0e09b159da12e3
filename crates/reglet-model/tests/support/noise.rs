//! Random tensors that depend on their seed alone. libtorch's own generator is shared by all tests of a program, which run at the
//! same time, so what a test draws from it depends on the others, whatever seed it sets.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use tch::{Kind, Tensor};

/// A generator of tensors of 64-bit floats.
pub struct Noise(ChaCha8Rng);

impl Noise {
    pub fn new(seed: u64) -> Noise {
        Noise(ChaCha8Rng::seed_from_u64(seed))
    }

    /// From a normal distribution.
    pub fn normal(&mut self, shape: &[i64]) -> Tensor {
        let count = shape.iter().product::<i64>() as usize;
        let numbers: Vec<f64> = (0..count).map(|_| self.0.sample(StandardNormal)).collect();
        Tensor::from_slice(&numbers).view(shape).to_kind(Kind::Double)
    }
}
