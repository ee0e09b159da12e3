//! Which places of a picture a transformer's tokens stand for.

use reglet_model::{Request, ValueId};
use tch::Tensor;

use crate::{AttributionError, Operators};

/// More tokens that stand for no place than any transformer has: a class token, one for distillation, registers.
const MOST_OTHERS: i64 = 8;

/// The places that the tokens of a layer stand for: the last `height` · `width` of them, row by row. Those before
/// them, as the class token, stand for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub others: i64,
    pub height: i64,
    pub width: i64,
}

impl Tokens {
    /// The places of the tokens that `layer` returns at `inputs`; `None` where it returns no tokens `[N, T, C]` or
    /// they do not fit the patches that the picture is cut into.
    ///
    /// The patches are what the last convolution before the layer returns, which is run again for one picture to
    /// know its height and width.
    pub fn of(
        model: &dyn Operators,
        inputs: &Tensor,
        layer: ValueId,
        activation: &Tensor,
    ) -> Result<Option<Tokens>, AttributionError> {
        match activation.size()[..] {
            [rows, count, _] if rows == inputs.size()[0] => Tokens::behind(model, inputs, layer, count),
            _ => Ok(None),
        }
    }

    /// The places of `count` tokens of each picture, of which `value` is computed.
    pub fn behind(
        model: &dyn Operators,
        inputs: &Tensor,
        value: ValueId,
        count: i64,
    ) -> Result<Option<Tokens>, AttributionError> {
        let graph = model.graph();
        let Some(patches) = graph.convolution_before(value) else { return Ok(None) };
        let one = inputs.f_narrow(0, 0, 1)?;
        let request = Request { feeds: &[(graph.input(), &one)], fetches: &[patches], ..Request::default() };
        let (_, _, height, width) = graph.run(model.parameters(), &request)?.remove(0).size4()?;
        Ok(Tokens::fitting(count, height, width))
    }

    /// The places of `count` tokens where a picture is cut into `height` × `width` patches, which later layers may
    /// have merged to squares of several.
    fn fitting(count: i64, height: i64, width: i64) -> Option<Tokens> {
        let others = count - height * width;
        if (0..=MOST_OTHERS).contains(&others) {
            return Some(Tokens { others, height, width });
        }
        let merged = (2..=height.min(width)).filter(|side| height % side == 0 && width % side == 0);
        let mut merged = merged.map(|side| Tokens { others: 0, height: height / side, width: width / side });
        merged.find(|tokens| tokens.height * tokens.width == count)
    }

    /// Tokens `[N, T, C]` as the places they stand for, `[N, C, height, width]`.
    pub fn laid_out(&self, tokens: &Tensor) -> Result<Tensor, AttributionError> {
        let (rows, _, channels) = tokens.size3()?;
        let places = tokens.f_narrow(1, self.others, self.height * self.width)?;
        let shape = [rows, channels, self.height, self.width];
        Ok(places.f_transpose(1, 2)?.f_reshape(shape)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_fit_patches_with_or_without_a_class_token_or_merged() {
        let places = |others, height, width| Some(Tokens { others, height, width });
        assert_eq!(Tokens::fitting(197, 14, 14), places(1, 14, 14));
        assert_eq!(Tokens::fitting(196, 14, 14), places(0, 14, 14));
        assert_eq!(Tokens::fitting(261, 16, 16), places(5, 16, 16));
        assert_eq!(Tokens::fitting(49, 56, 56), places(0, 7, 7));
        assert_eq!(Tokens::fitting(8, 4, 8), places(0, 2, 4));
        assert_eq!(Tokens::fitting(50, 56, 56), None);
        assert_eq!(Tokens::fitting(10, 3, 5), None);
    }

    #[test]
    fn what_stands_for_no_place_is_left_out() {
        let tokens = Tensor::from_slice(&[9_i64, 9, 1, 10, 2, 20, 3, 30, 4, 40]).view([1, 5, 2]);
        let found = Tokens { others: 1, height: 2, width: 2 }.laid_out(&tokens).expect("it fits");
        assert_eq!(found, Tensor::from_slice(&[1_i64, 2, 3, 4, 10, 20, 30, 40]).view([1, 2, 2, 2]));
    }
}
