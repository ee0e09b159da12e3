//! What a training keeps to whatever it learns: it goes on where it was interrupted, and it ends well where it diverges.

use std::path::Path;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use reglet_model::{Architecture, Graph, Parameters, Request};
use reglet_train::{
    AdamW, Ending, Objective, Optimiser, Outcome, Resume, Schedule, Shape, Step, TrainError, Training, Worst,
    losses, train,
};
use tch::{Device, Kind, Tensor};

/// Small noisy pictures, brighter where they are of the second class.
struct Lesson {
    pictures: Tensor,
    labels: Vec<i64>,
    /// After so many epochs the process is killed, as far as the training can tell.
    dies_in: Option<usize>,
    /// What it draws and remembers beside.
    drawn: f64,
}

impl Lesson {
    fn new(dies_in: Option<usize>) -> Lesson {
        let labels: Vec<i64> = (0..24).map(|place| place % 2).collect();
        let wave = Tensor::arange(24 * 3 * 32 * 32, (Kind::Float, Device::Cpu));
        let noise = (wave * 12.9898).sin().view([24, 3, 32, 32]);
        let bright = Tensor::from_slice(&labels).to_kind(Kind::Float).view([24, 1, 1, 1]);
        Lesson { pictures: noise + bright, labels, dies_in, drawn: 0.0 }
    }
}

impl Objective for Lesson {
    fn len(&self) -> usize {
        self.labels.len()
    }

    fn inputs(&mut self, batch: &[i64], epoch: usize, random: &mut ChaCha8Rng) -> Result<Tensor, TrainError> {
        if self.dies_in == Some(epoch) {
            return Err(TrainError::NothingToTrain);
        }
        self.drawn += random.random::<f64>();
        Ok(self.pictures.f_index_select(0, &Tensor::from_slice(batch))? * (1.0 + 0.1 * self.drawn.sin()))
    }

    fn loss(&mut self, step: &Step<'_>) -> Result<Tensor, TrainError> {
        let labels: Vec<i64> = step.batch.iter().map(|&place| self.labels[place as usize]).collect();
        Ok(step.logits()?.cross_entropy_for_logits(&Tensor::from_slice(&labels)))
    }

    fn evaluate(&mut self, graph: &Graph, parameters: &Parameters) -> Result<Option<Worst>, TrainError> {
        let request = Request {
            feeds: &[(graph.input(), &self.pictures)],
            fetches: &[graph.output()],
            ..Request::default()
        };
        let logits = graph.run(parameters, &request)?.remove(0);
        let each = losses(&logits, &self.labels, reglet_model::Head::Softmax, 0.0)?;
        let each: Vec<f64> = Vec::try_from(each.to_kind(Kind::Double))?;
        let rows = each.iter().zip(&self.labels).map(|(&loss, &label)| (loss, loss < 0.69, label as usize));
        Ok(Some(Worst::of(&rows.collect::<Vec<_>>())))
    }

    fn state(&self) -> Vec<f64> {
        vec![self.drawn]
    }

    fn restore(&mut self, state: &[f64]) {
        self.drawn = state[0];
    }
}

fn training(rate: f64) -> Training {
    Training {
        optimiser: Optimiser::AdamW(AdamW { rate, ..AdamW::default() }),
        schedule: Schedule { warm_up: 2, shape: Shape::Cosine },
        epochs: 4,
        batch: 8,
        freeze: vec!["layer1".to_owned()],
        patience: None,
    }
}

fn run(training: &Training, lesson: &mut Lesson, file: Option<(&Path, &str)>) -> Result<Outcome, TrainError> {
    let graph = Architecture::ResNet18.graph(2, 0.125)?;
    let start = Parameters::initial(&graph, 3)?;
    let resume = file.map(|(path, key)| Resume { path, key });
    train(&graph, &start, training, 5, lesson, resume, &mut |_| {})
}

fn same(one: &Parameters, other: &Parameters) -> bool {
    one.tensors().iter().zip(other.tensors()).all(|(one, other)| one.equal(other))
}

#[test]
fn a_training_that_was_interrupted_ends_with_the_same_weights() {
    let training = training(2e-3);
    let whole = run(&training, &mut Lesson::new(None), None).expect("it trains");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("training.checkpoint");
    for epoch in [1, 3] {
        run(&training, &mut Lesson::new(Some(epoch)), Some((&path, "key"))).expect_err("it was killed");
        assert!(path.is_file(), "it left what it had after {epoch} epochs");
    }
    // What is of another training, or damaged, is not gone on from: it would end otherwise, or die of it.
    let mut seen = Lesson::new(None);
    let anew = run(&training, &mut seen, Some((&folder.path().join("none"), "key"))).expect("it trains");
    assert!(same(&whole.parameters, &anew.parameters));
    let bytes = std::fs::read(&path).expect("there");
    for (damage, key) in [(0, "another key"), (bytes.len() / 2, "key")] {
        let mut damaged = bytes.clone();
        damaged[damage] ^= u8::from(key == "key");
        let other = folder.path().join("damaged");
        std::fs::write(&other, damaged).expect("room");
        let found = run(&training, &mut Lesson::new(None), Some((&other, key))).expect("it trains anew");
        assert!(same(&whole.parameters, &found.parameters));
    }
    // The last epoch is all that is left to be done.
    let mut last = Lesson::new(None);
    let resumed = run(&training, &mut last, Some((&path, "key"))).expect("it goes on");
    assert!(same(&whole.parameters, &resumed.parameters));
    assert_eq!((whole.steps, whole.epoch, whole.worst), (resumed.steps, resumed.epoch, resumed.worst));
    assert!(!path.exists(), "a training that is done leaves nothing");
}

#[test]
fn what_is_frozen_stays_and_the_rest_learns() {
    let graph = Architecture::ResNet18.graph(2, 0.125).expect("a network");
    let start = Parameters::initial(&graph, 3).expect("weights");
    let outcome = run(&training(2e-3), &mut Lesson::new(None), None).expect("it trains");
    let pairs = start.tensors().iter().zip(outcome.parameters.tensors());
    for (parameter, (before, after)) in graph.parameters().iter().zip(pairs) {
        let frozen = parameter.name.starts_with("layer1.");
        assert_eq!(before.equal(after), frozen, "{}", parameter.name);
    }
    let worst = outcome.worst.expect("measured");
    assert!(worst.accuracy() > 0.9, "{worst:?}");
}

#[test]
fn a_rate_that_diverges_ends_the_training_with_the_last_good_weights() {
    let good = run(&training(2e-3), &mut Lesson::new(None), None).expect("it trains");
    assert_eq!(good.ending, Ending::Completed);
    let outcome = run(&training(1e18), &mut Lesson::new(None), None).expect("no error");
    let Ending::Diverged { step, .. } = outcome.ending else { panic!("{:?}", outcome.ending) };
    assert!(step <= 12 && outcome.steps == step);
    let graph = Architecture::ResNet18.graph(2, 0.125).expect("a network");
    let start = Parameters::initial(&graph, 3).expect("weights");
    assert_eq!(outcome.epoch, 0, "nothing good came after the beginning");
    assert!(same(&outcome.parameters, &start));
}

#[test]
fn patience_ends_a_training_that_does_not_get_better() {
    // A rate so small that nothing changes but the running statistics of the batch norms.
    let training = Training { epochs: 50, patience: Some(2), ..training(1e-12) };
    let outcome = run(&training, &mut Lesson::new(None), None).expect("it trains");
    let Ending::Early { epoch } = outcome.ending else { panic!("{:?}", outcome.ending) };
    assert_eq!(epoch, outcome.epoch + 2);
}

#[test]
fn what_cannot_be_trained_is_said() {
    let message = |training: Training| {
        run(&training, &mut Lesson::new(None), None).expect_err("it cannot be").to_string()
    };
    let misnamed = message(Training { freeze: vec!["layr1".to_owned()], ..training(1e-3) });
    assert!(misnamed.contains("'layr1'") && misnamed.contains("layer1"), "{misnamed}");
    let all = ["conv1", "bn1", "layer1", "layer2", "layer3", "layer4", "fc"].map(str::to_owned).to_vec();
    let nothing = message(Training { freeze: all, ..training(1e-3) });
    assert!(nothing.contains("no weights to train"), "{nothing}");
    let few = message(Training { batch: 25, ..training(1e-3) });
    assert!(few.contains("24 training pictures") && few.contains("25"), "{few}");
    let rate = message(training(-1.0));
    assert!(rate.contains("rate is -1.0, but must be above 0"), "{rate}");
}
