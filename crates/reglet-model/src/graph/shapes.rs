//! Derives the shapes of all values for pictures of a given size without computing the values.

use std::collections::HashMap;

use tch::{Device, Kind, Tensor};

use super::op::Context;
use super::{Graph, Op, Size, ValueId};
use crate::{ModelError, Parameters};

impl Graph {
    /// The shape of every value for an input of this shape, `[N, 3, H, W]`.
    ///
    /// Apart from the size of the batch, an operator's result has the same shape for an empty batch as for a full one, and
    /// an empty batch needs no computation. So each operator is run on an empty batch; an operator that does not accept one
    /// is run on a tensor of zeros that takes no memory.
    ///
    /// # Errors
    /// [`ModelError::Shape`] if the pictures do not have the declared shape; [`ModelError::Operator`] names the operator
    /// that does not accept its inputs.
    pub fn shapes(
        &self,
        parameters: &Parameters,
        input: &[i64],
    ) -> Result<HashMap<ValueId, Vec<i64>>, ModelError> {
        let _guard = tch::no_grad_guard();
        let kinds = parameters.tensors().iter().map(Tensor::kind);
        let kind = kinds.into_iter().find(|kind| is_real(*kind)).unwrap_or(Kind::Float);
        let pictures = zeros(input, kind)?;
        let context = self.context(&[(self.input(), &pictures)], false)?;
        let mut values = HashMap::from([(self.input(), pictures)]);
        for (index, tensor) in parameters.tensors().iter().enumerate() {
            let value = self.parameter_values[index];
            values.insert(value, zeros(&tensor.size(), tensor.kind())?);
        }
        for node in &self.nodes {
            let given = node.inputs.iter().map(|input| {
                values.get(input).ok_or_else(|| ModelError::NotFed { value: self.name(*input).to_owned() })
            });
            let given = given.collect::<Result<Vec<&Tensor>, _>>()?;
            let found = match of_none(&node.op, &given, &context) {
                Some(found) => found,
                None => {
                    let result = self.compute(node, &given, &context)?;
                    zeros(&result.size(), result.kind())?
                }
            };
            values.insert(node.output, found);
        }
        Ok(values.into_iter().map(|(value, zeros)| (value, zeros.size())).collect())
    }

    /// Calls a function with the graph while every value has the declared shape that it takes for pictures `[C, H, W]`, with
    /// their number left open. Afterwards the previous declarations are restored.
    ///
    /// # Errors
    /// Those of [`shapes`](Graph::shapes).
    pub(crate) fn while_declared<R>(
        &mut self,
        parameters: &Parameters,
        [channels, height, width]: [i64; 3],
        work: impl FnOnce(&mut Graph) -> R,
    ) -> Result<R, ModelError> {
        let at = |rows: i64| self.shapes(parameters, &[rows, channels, height, width]);
        let declared = self.shape(self.input()).and_then(<[Size]>::first).cloned();
        let (mut shapes, mut symbols) = (HashMap::new(), self.symbols.clone());
        if let Some(Size::Fixed(rows)) = declared {
            let fixed = |(value, shape): (_, Vec<i64>)| (value, shape.into_iter().map(Size::Fixed).collect());
            shapes.extend(at(rows)?.into_iter().map(fixed));
        } else {
            let batch = declared.unwrap_or_else(|| {
                symbols.push("N".to_owned());
                Size::Symbol(symbols.len() - 1)
            });
            // Two different numbers of pictures show which sizes are multiples of the number.
            let (two, three) = (at(2)?, at(3)?);
            let size = |(two, three): (&i64, &i64)| match (two, three) {
                (two, three) if two == three => Some(Size::Fixed(*two)),
                (2, 3) => Some(batch.clone()),
                (two, three) if two % 2 == 0 && two / 2 * 3 == *three => {
                    Some(Size::Product(vec![Size::Fixed(two / 2), batch.clone()]))
                }
                _ => None,
            };
            for (value, two) in two {
                let three = three.get(&value).filter(|three| three.len() == two.len());
                let sizes = three.and_then(|three| two.iter().zip(three).map(size).collect());
                shapes.extend(sizes.map(|sizes: Vec<Size>| (value, sizes)));
            }
        }
        let before =
            (std::mem::replace(&mut self.shapes, shapes), std::mem::replace(&mut self.symbols, symbols));
        let found = work(self);
        (self.shapes, self.symbols) = before;
        Ok(found)
    }

    /// Returns an error for a graph whose declared shapes are not those that its operators return for an input of this
    /// shape.
    ///
    /// # Errors
    /// [`ModelError::Operator`] and [`ModelError::Shape`].
    pub(crate) fn check_shapes(&self, parameters: &Parameters, input: &[i64]) -> Result<(), ModelError> {
        let found = self.shapes(parameters, input)?;
        let pictures = zeros(input, Kind::Float)?;
        let context = self.context(&[(self.input(), &pictures)], false)?;
        for (value, found) in found {
            let Some(declared) = self.shape(value) else { continue };
            if !context.sizes.admits(declared, &found) {
                let (value, expected) = (self.name(value).to_owned(), self.describe(declared));
                return Err(ModelError::Shape { value, expected, found });
            }
        }
        Ok(())
    }
}

fn is_real(kind: Kind) -> bool {
    matches!(kind, Kind::Half | Kind::BFloat16 | Kind::Float | Kind::Double)
}

/// Zeros of this shape that share the memory of a single number.
fn zeros(shape: &[i64], kind: Kind) -> Result<Tensor, ModelError> {
    Ok(Tensor::f_zeros([0_i64; 0], (kind, Device::Cpu))?.f_expand(shape, false)?)
}

/// The shape of the result of `op` for `inputs`, found by running it on an empty batch; `None` if it does not accept one.
fn of_none(op: &Op, inputs: &[&Tensor], context: &Context) -> Option<Tensor> {
    let rank = inputs.iter().map(|input| input.dim()).max()?;
    let emptied = |index: usize, input: &Tensor| match op {
        // The others are the operator's weights.
        Op::Conv2d { .. }
        | Op::Linear
        | Op::BatchNorm { .. }
        | Op::LayerNorm { .. }
        | Op::GroupNorm { .. }
        | Op::Dropout { .. }
        | Op::Activation(_)
        | Op::Pool(_)
        | Op::Reduction(_) => index == 0 && input.dim() > 1,
        // A value with fewer dimensions, or with a single row, is the same for every row.
        Op::Arithmetic(_) | Op::Product(_) => input.dim() == rank && rank > 1,
        // These only view numbers differently, or are too unusual to be run on an empty batch.
        Op::Layout(_) | Op::Selection(_) | Op::Creation(_) | Op::Aten(_) | Op::TorchScript(_) => false,
    };
    let rows = inputs.iter().enumerate().filter(|(index, input)| emptied(*index, input));
    let rows = rows.map(|(_, input)| input.size()[0]).max()?;
    let none: Vec<Tensor> = inputs
        .iter()
        .enumerate()
        .map(|(index, input)| match emptied(index, input) {
            true => input.f_narrow(0, 0, 0),
            false => Ok(input.shallow_clone()),
        })
        .collect::<Result<_, _>>()
        .ok()?;
    let found = op.apply(&none.iter().collect::<Vec<_>>(), context).ok()?;
    let mut shape = found.size();
    // The result of a reduction over the rows has another first dimension.
    match shape.first_mut() {
        Some(first) if *first == 0 => *first = rows,
        _ => return None,
    }
    zeros(&shape, found.kind()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Request;
    use crate::{Architecture, ImportOptions, Model};

    fn parts(architecture: &str) -> (Graph, Parameters) {
        let architecture: Architecture = architecture.parse().expect("a network");
        let graph = architecture.graph(3, 0.25).or_else(|_| architecture.graph(3, 1.0)).expect("a graph");
        let parameters = Parameters::initial(&graph, 0).expect("drawn");
        (graph, parameters)
    }

    fn agree(graph: &Graph, parameters: &Parameters, shape: &[i64]) {
        let found = graph.shapes(parameters, shape).expect("they fit");
        let input = Tensor::zeros(shape, (Kind::Float, Device::Cpu));
        let fetches: Vec<ValueId> = graph.nodes().iter().map(|node| node.output).collect();
        let feeds = [(graph.input(), &input)];
        let request = Request { feeds: &feeds, fetches: &fetches, ..Request::default() };
        let values = graph.run(parameters, &request).expect("they fit");
        for (value, tensor) in fetches.iter().zip(values) {
            assert_eq!(found[value], tensor.size(), "{}", graph.name(*value));
        }
    }

    #[test]
    fn shapes_are_those_of_a_run() {
        for (architecture, side) in [
            ("resnet18", 65),
            ("mobilenet_v2", 64),
            ("efficientnet_b0", 64),
            ("densenet121", 64),
            ("convnext_tiny", 64),
            ("vgg11", 64),
            ("vit_b_16", 224),
        ] {
            let (graph, parameters) = parts(architecture);
            agree(&graph, &parameters, &[2, 3, side, side]);
        }
    }

    #[test]
    fn shapes_of_exported_programs_are_those_of_a_run() {
        let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/pt2");
        let mut looked_at = 0;
        for entry in std::fs::read_dir(fixtures).expect("committed") {
            let archive = entry.expect("readable").path();
            if archive.extension().is_none_or(|extension| extension != "pt2") {
                continue;
            }
            let options = ImportOptions::new(archive);
            let Ok(model) = Model::import(&options) else { continue };
            let graph = model.graph();
            let declared = graph.shape(graph.input()).expect("declared").iter();
            // Pictures that depend on each other are run one by one, and not every value has a row for each.
            let rows = if model.notes().is_empty() { 2 } else { 1 };
            let open = [rows, 3, 16, 16];
            let shape: Vec<i64> =
                declared.zip(open).map(|(size, otherwise)| size.fixed().unwrap_or(otherwise)).collect();
            agree(graph, model.parameters(), &shape);
            looked_at += 1;
        }
        assert!(looked_at > 5, "{looked_at}");
    }

    /// The values of one layer alone would take 17 GB.
    #[test]
    fn a_large_picture_takes_no_memory() {
        let (graph, parameters) = parts("resnet18");
        let found = graph.shapes(&parameters, &[1, 3, 32_768, 32_768]).expect("they fit");
        assert_eq!(found[&graph.output()], [1, 3]);
        assert!(found.values().any(|shape| shape[..] == [1, 16, 16_384, 16_384]));
    }

    #[test]
    fn what_cannot_be_is_an_error_that_names_the_operator() {
        let (graph, parameters) = parts("vgg11");
        let fault = graph.shapes(&parameters, &[1, 3, 8, 8]).expect_err("nothing is left").to_string();
        assert!(fault.contains("max_pool2d"), "{fault}");
    }
}
