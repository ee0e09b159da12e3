//! Drawing again, the same on any number of threads.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// How often the groups are drawn again: enough that an interval at 1 − 0.05/60 is seldom off by a tenth of its width.
const MOST: usize = 5000;

/// How often where each draw is dear.
const FEWEST: usize = 1000;

/// How many rows all draws together look at, about.
const BUDGET: usize = 50_000_000;

/// So many draws share a stream of random numbers.
const CHUNK: usize = 100;

/// A draw in which the estimate is not defined is made again so often, at most.
const TRIES: usize = 20;

/// The estimates of many draws, each of which looks at `size` rows. `None` where most are not defined.
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
