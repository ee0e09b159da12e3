//! The rest of a network after a layer, run again with other values in place of the layer's result.

use reglet_model::{Pass, Places, Request, Rows, ValueId};
use tch::Tensor;

use crate::{AttributionError, Layer, Operators};

/// The rest of a network after a layer, at given inputs. Values on paths around the layer, such as the other term of a
/// residual sum, are those at the inputs.
pub(crate) struct Downstream<'a> {
    model: &'a dyn Operators,
    layer: ValueId,
    around: Vec<(ValueId, Tensor)>,
    places: Option<Places>,
    /// What the layer returns at the inputs.
    pub activation: Tensor,
}

impl<'a> Downstream<'a> {
    /// One forward pass at `inputs`, which keeps the values that the rest after the layer needs.
    pub fn new(
        model: &'a dyn Operators,
        inputs: &Tensor,
        layer: &Layer,
    ) -> Result<Downstream<'a>, AttributionError> {
        let graph = model.graph();
        let value = graph.layer(layer.name())?;
        let around = graph.around(value);
        let mut fetches = vec![value];
        fetches.extend(&around);
        let request = Request { feeds: &[(graph.input(), inputs)], fetches: &fetches, ..Request::default() };
        let mut values = graph.run(model.parameters(), &request)?;
        let activation = values.remove(0);
        if activation.size().first() != inputs.size().first() {
            let (layer, shape) = (layer.to_string(), activation.size());
            return Err(AttributionError::NotByPicture { layer, shape });
        }
        let places = graph.places(&[value], inputs)?.remove(0).filter(|places| places.fits(&activation));
        Ok(Downstream {
            model,
            layer: value,
            around: around.into_iter().zip(values).collect(),
            places,
            activation,
        })
    }

    /// The layer's result, or a value of its shape, by place of the picture, as [`Layers`](crate::Layers) returns it.
    pub fn laid_out(&self, values: &Tensor) -> Result<Tensor, AttributionError> {
        match &self.places {
            Some(places) => Ok(places.laid_out(values)?),
            None => Ok(values.shallow_clone()),
        }
    }

    /// Numbers for each channel, `[M, C]`, in a shape that can be multiplied by the layer's result.
    pub fn by_channel(&self, numbers: &Tensor) -> Result<Tensor, AttributionError> {
        let mut shape = vec![1; self.activation.dim()];
        shape[0] = numbers.size()[0];
        let channels: &[i64] = self.places.as_ref().map_or(&[1], |places| places.channels());
        for dim in channels {
            shape[*dim as usize] = self.activation.size()[*dim as usize];
        }
        Ok(numbers.f_view(shape.as_slice())?)
    }

    /// The score of `target` for each of `values`, `[M, …]`, in place of the layer's result, with everything else as for
    /// input `row`. One forward pass of the rest.
    pub fn scores(&self, row: i64, values: &Tensor, target: usize) -> Result<Tensor, AttributionError> {
        let (graph, around) = (self.model.graph(), self.around(row, values)?);
        let feeds = self.feeds(values, &around);
        let request = Request { feeds: &feeds, fetches: &[graph.output()], ..Request::default() };
        let logits = graph.run(self.model.parameters(), &request)?.remove(0);
        self.model.scores_of(&logits, &vec![target; rows(values)])
    }

    /// The gradient of the score of `target` with respect to each of `values` in place of the layer's result, with
    /// everything else as for input `row`. One forward and one backward pass of the rest.
    pub fn gradients(&self, row: i64, values: &Tensor, target: usize) -> Result<Tensor, AttributionError> {
        let around = self.around(row, values)?;
        let feeds =
            self.feeds(values, &around).into_iter().map(|(value, tensor)| (value, Rows::Given(tensor)));
        let feeds: Vec<(ValueId, Rows)> = feeds.collect();
        let targets = vec![target; rows(values)];
        let scores = |logits: &Tensor| self.model.scores_of(logits, &targets);
        let pass = Pass { feeds: &feeds, watch: &[self.layer], ..Pass::default() };
        let graph = self.model.graph();
        let found = graph.differentiate(self.model.parameters(), &pass, scores)?;
        Ok(found.gradients.into_iter().next().expect("one value is watched"))
    }

    /// The values on paths around the layer at input `row`, repeated for each of `values`.
    fn around(&self, row: i64, values: &Tensor) -> Result<Vec<(ValueId, Tensor)>, AttributionError> {
        let repeated = |(value, tensor): &(ValueId, Tensor)| {
            Ok((*value, repeated(&tensor.f_narrow(0, row, 1)?, rows(values))?))
        };
        self.around.iter().map(repeated).collect()
    }

    fn feeds<'t>(&self, values: &'t Tensor, around: &'t [(ValueId, Tensor)]) -> Vec<(ValueId, &'t Tensor)> {
        let around = around.iter().map(|(value, tensor)| (*value, tensor));
        around.chain([(self.layer, values)]).collect()
    }
}

fn rows(values: &Tensor) -> usize {
    values.size().first().map_or(0, |rows| *rows as usize)
}

/// One row `[1, …]`, repeated `rows` times.
fn repeated(row: &Tensor, rows: usize) -> Result<Tensor, AttributionError> {
    let mut shape = row.size();
    shape[0] = rows as i64;
    Ok(row.f_expand(&shape, false)?)
}
