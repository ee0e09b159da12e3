//! Steps of training ResNet-18, timed: `training --steps N --batch B` prints the seconds of each as a JSON list. What
//! `cargo xtask bench --training` sets beside PyTorch's.

use std::process::ExitCode;
use std::time::Instant;

use rand_chacha::ChaCha8Rng;
use reglet_model::{Architecture, Parameters};
use reglet_train::{AdamW, Objective, Optimiser, Step, TrainError, Training, train};
use tch::{Device, Kind, Tensor};

const SIDE: i64 = 224;
const CLASSES: i64 = 1000;

/// The same batch of noise, again and again: what is timed is the step, not the reading of pictures.
struct Noise {
    inputs: Tensor,
    labels: Tensor,
    batch: usize,
    steps: usize,
}

impl Objective for Noise {
    fn len(&self) -> usize {
        self.batch * self.steps
    }

    fn inputs(&mut self, _: &[i64], _: usize, _: &mut ChaCha8Rng) -> Result<Tensor, TrainError> {
        Ok(self.inputs.shallow_clone())
    }

    fn loss(&mut self, step: &Step<'_>) -> Result<Tensor, TrainError> {
        Ok(step.logits()?.cross_entropy_for_logits(&self.labels))
    }
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str, usual: usize| {
        let place = words.iter().position(|word| word == name);
        place.map_or(Some(usual), |place| words.get(place + 1)?.parse().ok().filter(|number| *number > 0))
    };
    let (Some(steps), Some(batch)) = (number("--steps", 8), number("--batch", 16)) else {
        eprintln!("training [--steps N] [--batch B]: N and B are whole numbers above 0");
        return ExitCode::from(2);
    };
    match seconds(steps, batch) {
        Ok(seconds) => {
            println!("{seconds:?}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// How long each step takes: from its inputs to its weights.
fn seconds(steps: usize, batch: usize) -> Result<Vec<f64>, TrainError> {
    let graph = Architecture::ResNet18.graph(CLASSES, 1.0)?;
    let start = Parameters::initial(&graph, 1)?;
    let optimiser = Optimiser::AdamW(AdamW { rate: 1e-4, ..AdamW::default() });
    let training = Training { optimiser, epochs: 1, batch, ..Training::default() };
    let inputs = Tensor::f_randn([batch as i64, 3, SIDE, SIDE], (Kind::Float, Device::Cpu))?;
    let labels = Tensor::f_randint(CLASSES, [batch as i64], (Kind::Int64, Device::Cpu))?;
    let mut noise = Noise { inputs, labels, batch, steps };
    let (mut seconds, mut begun) = (Vec::with_capacity(steps), Instant::now());
    train(&graph, &start, &training, 1, &mut noise, None, &mut |_| {
        seconds.push(begun.elapsed().as_secs_f64());
        begun = Instant::now();
    })?;
    // What is told after the epoch is no step.
    seconds.truncate(steps);
    Ok(seconds)
}
