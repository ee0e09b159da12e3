//! Straight lines of inputs: point by point, and after the affine prefix of a network.

use reglet_model::{Model, Pass, Request, Rows, Slope, ValueId, gradients};
use tch::Tensor;

use crate::quadrature::middles;
use crate::{AttributionError, Gradients, Line};

/// The line between two inputs, `[1, C, H, W]` each: the classifier's own implementation if it has one.
///
/// # Errors
/// Any error of the classifier.
pub(crate) fn line<'a>(
    model: &'a dyn Gradients,
    from: &Tensor,
    to: &Tensor,
    target: usize,
) -> Result<Box<dyn Line + 'a>, AttributionError> {
    Ok(match model.line(from, to, target)? {
        Some(own) => own,
        None => Box::new(PointByPoint { model, from: from.shallow_clone(), way: to.f_sub(from)?, target }),
    })
}

/// A gradient with respect to the input at each point.
struct PointByPoint<'a> {
    model: &'a dyn Gradients,
    from: Tensor,
    way: Tensor,
    target: usize,
}

impl Line for PointByPoint<'_> {
    fn sum(&self, points: &[(f64, f64)]) -> Result<Tensor, AttributionError> {
        let (alphas, weights): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
        let points = self.from.f_addcmul(&self.way, &column(&alphas, &self.way)?)?;
        let (_, gradients) = self.model.gradients(&points, &vec![self.target; alphas.len()])?;
        Ok(gradients.f_mul(&column(&weights, &gradients)?)?.f_sum_dim_intlist(0, true, gradients.kind())?)
    }

    fn way(&self) -> &Tensor {
        &self.way
    }

    fn at_input(&self, sum: &Tensor) -> Result<Tensor, AttributionError> {
        Ok(sum.shallow_clone())
    }
}

/// The line after the affine prefix of a network: the values after the prefix are interpolated between those of the two
/// ends, so each point costs only a forward and a backward pass of the rest.
pub(crate) struct BehindPrefix<'a> {
    model: &'a Model,
    prefix: ValueId,
    /// The point at which the prefix is differentiated; it is affine, so any point gives the same result.
    input: Tensor,
    start: Tensor,
    way: Tensor,
    target: usize,
}

impl<'a> BehindPrefix<'a> {
    /// The line between two inputs after the value `prefix`; runs a forward pass up to this value for both inputs.
    pub(crate) fn new(
        model: &'a Model,
        prefix: ValueId,
        from: &Tensor,
        to: &Tensor,
        target: usize,
    ) -> Result<BehindPrefix<'a>, AttributionError> {
        let graph = model.graph();
        let ends = Tensor::f_cat(&[from, to], 0)?;
        let feeds = [(graph.input(), &ends)];
        let request = Request { feeds: &feeds, fetches: &[prefix], ..Request::default() };
        let values = graph.run(model.parameters(), &request)?.remove(0);
        let start = values.f_narrow(0, 0, 1)?;
        let way = values.f_narrow(0, 1, 1)?.f_sub(&start)?;
        Ok(BehindPrefix { model, prefix, input: from.shallow_clone(), start, way, target })
    }

    /// The weighted sum of the slopes at points of the line, or between them.
    fn slopes(&self, alphas: &[f64], slope: Slope, weights: &[f64]) -> Result<Tensor, AttributionError> {
        let line = Rows::Line { from: &self.start, way: &self.way, alphas };
        let feeds = [(self.prefix, line)];
        let pass = Pass { feeds: &feeds, watch: &[self.prefix], slope, weights: Some(weights) };
        let targets = vec![self.target; alphas.len()];
        let scores = |logits: &Tensor| self.model.classes().scores(logits, &targets);
        let found = self.model.graph().differentiate(self.model.parameters(), &pass, scores)?;
        Ok(found.gradients.into_iter().next().expect("one value is watched"))
    }
}

impl Line for BehindPrefix<'_> {
    fn sum(&self, points: &[(f64, f64)]) -> Result<Tensor, AttributionError> {
        let (alphas, weights): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
        self.slopes(&alphas, Slope::Gradient, &weights)
    }

    fn secants(&self, places: &[f64]) -> Result<Tensor, AttributionError> {
        if !self.model.graph().keeps_rows(self.prefix) {
            return self.sum(&middles(places).collect::<Vec<_>>());
        }
        let lengths: Vec<f64> = middles(places).map(|(_, length)| length).collect();
        self.slopes(places, Slope::Secant, &lengths)
    }

    fn way(&self) -> &Tensor {
        &self.way
    }

    fn at_input(&self, sum: &Tensor) -> Result<Tensor, AttributionError> {
        let graph = self.model.graph();
        let input = graph.input();
        let request = Request {
            feeds: &[(input, &self.input)],
            fetches: &[self.prefix, input],
            watch: &[input],
            ..Request::default()
        };
        let found = graph.run(self.model.parameters(), &request)?;
        Ok(gradients(&found[0].f_mul(sum)?, &[&found[1]])?.remove(0).f_contiguous()?)
    }
}

/// Numbers along the first dimension of a tensor with the rank, the data type and the device of `like`.
fn column(numbers: &[f64], like: &Tensor) -> Result<Tensor, AttributionError> {
    let mut shape = vec![1; like.dim()];
    shape[0] = numbers.len() as i64;
    let column = Tensor::f_from_slice(numbers)?.f_view(shape.as_slice())?;
    Ok(column.f_to_kind(like.kind())?.f_to_device(like.device())?)
}
