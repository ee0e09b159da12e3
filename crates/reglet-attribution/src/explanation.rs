//! Several methods at the same inputs, which share their common computations.

use std::time::{Duration, Instant};

use reglet_model::Targets;
use tch::{Kind, Tensor};

use crate::{
    Answer, Attribution, AttributionError, AttributionMethod, Classifier, Layer, Method, Needs, Point,
};

/// A method's result and its cost beyond the shared evaluation.
#[derive(Debug)]
pub struct Computed {
    /// The result.
    pub attribution: Attribution,
    /// The time it took.
    pub time: Duration,
    /// Whether it used derivatives of the shared evaluation.
    pub shared: bool,
}

/// What [`Method::attribute_all`] returns.
#[derive(Debug)]
pub struct Explanation {
    /// The classifier's answer at the inputs.
    pub answer: Answer,
    /// The time that the answer took, gradients included.
    pub time: Duration,
    /// The result of each method, in the requested order.
    pub computed: Vec<Computed>,
}

impl Method {
    /// Computes several methods at `inputs` (`[N, C, H, W]`). The values that they need at the inputs themselves (the
    /// scores, the gradient, layers) are computed once, in one forward and one backward pass.
    ///
    /// # Errors
    /// The first [`AttributionError`] that occurs, such as [`AttributionError::Lacks`] for a method that needs more than the
    /// classifier offers.
    pub fn attribute_all<'a>(
        methods: &[Method],
        model: impl Into<Classifier<'a>>,
        inputs: &Tensor,
        targets: Targets,
    ) -> Result<Explanation, AttributionError> {
        let model = model.into();
        let methods: Vec<&dyn AttributionMethod> = methods.iter().map(Method::get).collect();
        methods.iter().try_for_each(|method| method.check())?;
        let start = Instant::now();
        let needs = methods.iter().map(|method| {
            let needs = method.needs(model);
            needs.map_err(|error| error.of(method.about().title))
        });
        let needs: Vec<Needs> = needs.collect::<Result<_, _>>()?;
        let gradient = methods.iter().zip(&needs).find(|(_, needs)| needs.input_gradient);
        if let Some((method, _)) = gradient {
            model.gradients().map_err(|error| error.of(method.about().title))?;
        }
        let mut layers: Vec<Layer> = needs.iter().flat_map(|needs| needs.layers.clone()).collect();
        layers.sort_unstable();
        layers.dedup();
        let answer = model.answer(inputs, targets, gradient.is_some(), &layers)?;
        check_finite(&answer.scores)?;
        let time = start.elapsed();

        let point = Point { model, inputs, answer: &answer };
        let mut computed = Vec::with_capacity(methods.len());
        for (method, needs) in methods.iter().zip(&needs) {
            let start = Instant::now();
            let attribution = method.at(&point).map_err(|error| error.of(method.about().title))?;
            computed.push(Computed { attribution, time: start.elapsed(), shared: !needs.is_empty() });
        }
        Ok(Explanation { answer, time, computed })
    }
}

fn check_finite(scores: &Tensor) -> Result<(), AttributionError> {
    let scores: Vec<f64> = Vec::try_from(scores.f_to_kind(Kind::Double)?)?;
    match scores.iter().position(|score| !score.is_finite()) {
        Some(row) => Err(AttributionError::NotFinite { score: scores[row], row }),
        None => Ok(()),
    }
}
