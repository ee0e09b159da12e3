//! Resampling that gives the same result on any number of threads.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// The number of draws: enough that an interval at 1 − 0.05/60 seldom deviates by a tenth of its width.
const MOST: usize = 5000;

/// The number of draws if each draw is expensive.
const FEWEST: usize = 1000;

/// The approximate number of rows that all draws use together.
const BUDGET: usize = 50_000_000;

/// The number of draws that share a stream of random numbers.
const CHUNK: usize = 100;

/// How often a draw is repeated at most if the estimate is undefined.
const TRIES: usize = 20;

/// The estimates of many draws, each of which uses `size` rows. `None` if most are undefined.
pub(super) fn resample<Scratch: Default>(
    size: usize,
    seed: u64,
    draw: impl Fn(&mut ChaCha8Rng, &mut Scratch) -> Option<f64> + Sync,
) -> Option<Vec<f64>> {
    let count = (BUDGET / size.max(1)).clamp(FEWEST, MOST);
    let start = ChaCha8Rng::seed_from_u64(seed);
    let chunk = |index: usize| {
        let mut random = start.clone();
        random.set_stream(index as u64);
        let mut scratch = Scratch::default();
        let mut once = || (0..TRIES).find_map(|_| draw(&mut random, &mut scratch));
        (0..CHUNK).filter_map(|_| once()).collect::<Vec<f64>>()
    };
    let chunks: Vec<Vec<f64>> = (0..count.div_ceil(CHUNK)).into_par_iter().map(chunk).collect();
    let draws = chunks.concat();
    (draws.len() * 2 > count && draws.iter().all(|draw| draw.is_finite())).then_some(draws)
}
