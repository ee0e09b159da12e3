//! Steps of training against PyTorch's (`reference/make_training.py`).

use rand_chacha::ChaCha8Rng;
use reglet_model::{Architecture, Model, Parameters};
use reglet_tests::{Reference, assert_close, exact, small_input, small_model};
use reglet_train::{
    AdamW, Objective, Optimiser, Outcome, Schedule, Sgd, Shape, Step, TrainError, Training, train,
};
use tch::{Kind, Tensor};

/// Enough for momentum to count. Each further one enlarges what rounding does: after three, PyTorch's own weights in 32 bits are
/// up to 4 % from those in 64.
const STEPS: usize = 2;

/// The batches of the references, one after the other.
struct Lesson;

impl Objective for Lesson {
    fn len(&self) -> usize {
        4
    }

    fn inputs(&mut self, _: &[i64], epoch: usize, _: &mut ChaCha8Rng) -> Result<Tensor, TrainError> {
        Ok(small_input(&format!("train.{epoch}"), 4, 32))
    }

    fn loss(&mut self, step: &Step<'_>) -> Result<Tensor, TrainError> {
        // Each epoch is one step; the seed of the step tells which.
        let epoch = step.seed as i64 - 1;
        let labels: Vec<i64> = (0..4).map(|place| (place + epoch) % 5).collect();
        Ok(step.logits()?.cross_entropy_for_logits(&Tensor::from_slice(&labels)))
    }
}

fn trained(model: &Model, optimiser: Optimiser, freeze: &[&str]) -> Outcome {
    let training = Training {
        optimiser,
        schedule: Schedule { warm_up: 0, shape: Shape::Constant },
        epochs: STEPS,
        batch: 4,
        freeze: freeze.iter().map(|name| (*name).to_owned()).collect(),
        patience: None,
    };
    train(model.graph(), model.parameters(), &training, 0, &mut Lesson, None, &mut |_| {}).expect("it trains")
}

fn compare(name: &str, model: &Model, parameters: &Parameters) {
    let reference = Reference::read(&format!("training/{name}"));
    let known = model.graph().parameters().iter().zip(parameters.tensors());
    let mut sums = [0.0, 0.0];
    let mut compared = 0;
    for (parameter, found) in known {
        sums[0] += found.sum(Kind::Double).double_value(&[]);
        sums[1] += found.square().sum(Kind::Double).double_value(&[]);
        if reference.holds(&parameter.name) {
            compared += 1;
            assert_close(
                &format!("{name}: {}", parameter.name),
                &found.to_kind(Kind::Float),
                reference.tensor(&parameter.name),
                1e-6,
            );
        }
    }
    assert_eq!(compared, 9, "the reference has nine tensors");
    let expected: Vec<f64> = Vec::try_from(reference.tensor("sums").to_kind(Kind::Double)).expect("two");
    for (found, expected) in sums.into_iter().zip(expected) {
        assert!((found / expected - 1.0).abs() < 1e-5, "{name}: {found}, expected {expected}");
    }
}

#[test]
fn steps_of_training_are_pytorchs() {
    let model = exact(small_model(Architecture::ResNet18, 5));
    let adam_w = || AdamW { rate: 0.01, decay: 0.1, decay_vectors: true, ..AdamW::default() };
    let sgd = |nesterov| Sgd { rate: 0.01, momentum: 0.9, nesterov, decay: 0.01, decay_vectors: true };
    let cases: [(&str, Optimiser, &[&str]); 4] = [
        ("adam_w", Optimiser::AdamW(adam_w()), &[]),
        ("sgd", Optimiser::Sgd(sgd(false)), &[]),
        ("nesterov", Optimiser::Sgd(sgd(true)), &[]),
        ("frozen", Optimiser::AdamW(adam_w()), &["conv1", "bn1", "layer1", "layer2"]),
    ];
    let before = model.parameters().copied().expect("memory");
    for (name, optimiser, freeze) in cases {
        let outcome = trained(&model, optimiser, freeze);
        assert_eq!(outcome.steps, STEPS);
        compare(name, &model, &outcome.parameters);
    }
    for (is, was) in model.parameters().tensors().iter().zip(before.tensors()) {
        assert!(is.equal(was), "the model that was trained from stays as it is");
    }
}

/// Weights that are changed in place must not be answered for by filters that were prepared from what they were.
#[test]
fn prepared_filters_cannot_disagree_with_the_weights() {
    let model = small_model(Architecture::ResNet18, 5);
    let input = small_input("input", 2, 64).to_kind(Kind::Float);
    let prepared = model.logits(&input).expect("it runs");
    {
        let _guard = tch::no_grad_guard();
        let mut clone = model.parameters().tensors()[0].shallow_clone();
        let _ = clone.f_mul_scalar_(-3.0).expect("in place");
    }
    let changed = model.logits(&input).expect("it runs");
    let fresh = model.with_parameters(model.parameters().copied().expect("memory")).expect("fits");
    assert_close("logits", &changed, &fresh.logits(&input).expect("it runs"), 1e-5);
    let moved = (&changed - &prepared).abs().max().double_value(&[]);
    assert!(moved > 1e-2, "the change shows: {moved}");
}

/// Batch norms change their statistics in training without libtorch counting that as a change.
#[test]
fn nor_can_they_disagree_with_running_statistics() {
    let model = small_model(Architecture::ResNet18, 5);
    let input = small_input("input", 2, 64).to_kind(Kind::Float);
    let version = model.parameters().version().expect("counted");
    let request = reglet_model::Request {
        feeds: &[(model.graph().input(), &input)],
        fetches: &[model.graph().output()],
        training: true,
        ..reglet_model::Request::default()
    };
    model.graph().run(model.parameters(), &request).expect("it runs");
    assert!(model.parameters().version().expect("counted") > version);
    let fresh = model.with_parameters(model.parameters().copied().expect("memory")).expect("fits");
    let found = model.logits(&input).expect("it runs");
    assert_close("logits", &found, &fresh.logits(&input).expect("it runs"), 1e-5);
}
