//! A classifier that answers only while its result is needed, so that methods with many passes end before the next one.

use std::path::Path;

use reglet_attribution::{AttributionError, Gradients, Layer, Layers, Line, Operators, Scores};
use reglet_model::{Evaluation, Graph, Model, Parameters, Targets};
use tch::Tensor;

/// A model that checks before each pass whether the result is still needed, and returns an error if it is not.
///
/// Methods use a model only through the traits of `reglet-attribution`, so this is sufficient to stop any of them.
pub(crate) struct Watched<'a> {
    /// The model.
    pub model: &'a Model,
    /// Whether the result is still needed.
    pub wanted: &'a dyn Fn() -> bool,
}

impl<'a> Watched<'a> {
    fn go_on(&self) -> Result<&'a Model, AttributionError> {
        if (self.wanted)() { Ok(self.model) } else { Err(AttributionError::Stopped) }
    }
}

impl Scores for Watched<'_> {
    fn scores(&self, inputs: &Tensor, targets: &[usize]) -> Result<Tensor, AttributionError> {
        self.go_on()?.scores(inputs, targets)
    }

    fn near<'a>(&'a self, base: &Tensor) -> Result<Option<Box<dyn Scores + 'a>>, AttributionError> {
        let near = Scores::near(self.go_on()?, base)?;
        Ok(near.map(|scores| Box::new(WatchedScores { scores, of: self }) as Box<dyn Scores + 'a>))
    }

    fn colour(&self, rgb: [u8; 3]) -> Vec<f32> {
        Scores::colour(self.model, rgb)
    }

    fn picture(&self, path: &Path) -> Result<Tensor, AttributionError> {
        Scores::picture(self.model, path)
    }
}

impl Gradients for Watched<'_> {
    fn gradients(&self, inputs: &Tensor, targets: &[usize]) -> Result<(Tensor, Tensor), AttributionError> {
        self.go_on()?.gradients(inputs, targets)
    }

    fn line<'a>(
        &'a self,
        from: &Tensor,
        to: &Tensor,
        target: usize,
    ) -> Result<Option<Box<dyn Line + 'a>>, AttributionError> {
        let line = self.go_on()?.line(from, to, target)?;
        Ok(line.map(|line| Box::new(WatchedLine { line, of: self }) as Box<dyn Line + 'a>))
    }
}

impl Layers for Watched<'_> {
    fn layer(&self, name: Option<&str>) -> Result<Layer, AttributionError> {
        self.model.layer(name)
    }

    fn evaluate(
        &self,
        inputs: &Tensor,
        targets: Targets,
        input_gradient: bool,
        layers: &[Layer],
    ) -> Result<Evaluation, AttributionError> {
        Layers::evaluate(self.go_on()?, inputs, targets, input_gradient, layers)
    }

    fn activation(&self, inputs: &Tensor, layer: &Layer) -> Result<Tensor, AttributionError> {
        Layers::activation(self.go_on()?, inputs, layer)
    }
}

impl Operators for Watched<'_> {
    fn graph(&self) -> &Graph {
        Operators::graph(self.model)
    }

    fn parameters(&self) -> &Parameters {
        Operators::parameters(self.model)
    }

    fn scores_of(&self, logits: &Tensor, targets: &[usize]) -> Result<Tensor, AttributionError> {
        self.go_on()?.scores_of(logits, targets)
    }
}

/// Such a model beside one input.
struct WatchedScores<'a> {
    scores: Box<dyn Scores + 'a>,
    of: &'a Watched<'a>,
}

impl Scores for WatchedScores<'_> {
    fn scores(&self, inputs: &Tensor, targets: &[usize]) -> Result<Tensor, AttributionError> {
        self.of.go_on()?;
        self.scores.scores(inputs, targets)
    }

    fn colour(&self, rgb: [u8; 3]) -> Vec<f32> {
        self.scores.colour(rgb)
    }

    fn picture(&self, path: &Path) -> Result<Tensor, AttributionError> {
        self.scores.picture(path)
    }
}

/// A line of such a model.
struct WatchedLine<'a> {
    line: Box<dyn Line + 'a>,
    of: &'a Watched<'a>,
}

impl Line for WatchedLine<'_> {
    fn sum(&self, points: &[(f64, f64)]) -> Result<Tensor, AttributionError> {
        self.of.go_on()?;
        self.line.sum(points)
    }

    fn secants(&self, places: &[f64]) -> Result<Tensor, AttributionError> {
        self.of.go_on()?;
        self.line.secants(places)
    }

    fn way(&self) -> &Tensor {
        self.line.way()
    }

    fn at_input(&self, sum: &Tensor) -> Result<Tensor, AttributionError> {
        self.line.at_input(sum)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use reglet_attribution::Method;
    use reglet_data::Dataset;
    use reglet_data::phantom::{PhantomOptions, Phantoms};

    use super::*;
    use crate::shipped;

    #[test]
    fn every_method_ends_before_its_next_pass_and_finds_the_same_where_it_goes_on() {
        let served = shipped().expect("the classifiers that come with the program");
        let model = &served.classifiers[0].model;
        let phantoms = Phantoms::new(PhantomOptions { count: 1, size: 128, ..PhantomOptions::default() });
        let picture = phantoms.expect("a phantom").picture(0).expect("a picture");
        let view = model.preprocessing().view(&picture).expect("a view");
        let input = model.preprocessing().tensor(&[view], model.device()).expect("an input");
        for method in Method::usual() {
            let methods = std::slice::from_ref(&method);
            let attribute = |model: &dyn Operators| {
                let found = Method::attribute_all(methods, model, &input, Targets::Classes(&[1]));
                found.map(|found| found.computed[0].attribution.values.copy())
            };
            let asked = Cell::new(0);
            let wanted = || {
                asked.set(asked.get() + 1);
                true
            };
            let same = attribute(&Watched { model, wanted: &wanted }).expect("a map");
            assert_eq!(same, attribute(model).expect("a map"), "{}", method.name());
            let passes = asked.get();
            assert!(passes >= 1);
            for stop in 1..=passes {
                let asked = Cell::new(0);
                let wanted = || {
                    asked.set(asked.get() + 1);
                    asked.get() < stop
                };
                let stopped = attribute(&Watched { model, wanted: &wanted });
                assert!(matches!(stopped, Err(AttributionError::Stopped)), "{}", method.name());
                assert_eq!(asked.get(), stop, "{} goes on", method.name());
            }
        }
    }
}
