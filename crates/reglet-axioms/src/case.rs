//! A small network with an input, made of numbers that can be shrunk.

use std::fmt;

use proptest::prelude::*;
use tch::{Kind, Tensor};

/// The number of pixels of an input: two rows of two.
pub const PIXELS: usize = 4;

/// How many classes a network has.
pub(crate) const CLASSES: usize = 3;

/// The colours of a pixel.
pub(crate) const COLOURS: usize = 3;

/// A small network with an input. All numbers are halves: 1 stands for 0.5.
///
/// The network is a convolution of 1 × 1 from three colours to one or two channels and a ReLU, a linear layer to one or two
/// hidden units and a ReLU, and a linear layer to three logits:
/// F_t(x) = b_t + Σ_h w_th max(0, d_h + Σ_cp v_hcp max(0, a_c + Σ_k u_ck x_kp)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// u: for each channel a weight for each colour.
    pub convolution: Vec<[i8; COLOURS]>,
    /// a: for each channel its bias.
    pub convolution_bias: Vec<i8>,
    /// v: for each hidden unit and channel a weight for each pixel.
    pub hidden: Vec<Vec<[i8; PIXELS]>>,
    /// d: for each hidden unit its bias.
    pub hidden_bias: Vec<i8>,
    /// w: for each class a weight for each hidden unit.
    pub classes: Vec<Vec<i8>>,
    /// b: for each class its bias.
    pub bias: Vec<i8>,
    /// x: colour by colour, four pixels each.
    pub input: Vec<i8>,
    /// The pixel that an axiom uses.
    pub pixel: usize,
    /// Numbers that an axiom may use: factors of a sum, a shift of each colour.
    pub factors: [i8; COLOURS],
}

impl Case {
    /// Cases with weights from −1.5 to 1.5 and inputs from −2 to 2.
    pub fn strategy() -> impl Strategy<Value = Case> {
        (1_usize..=2, 1_usize..=2).prop_flat_map(|(channels, units)| {
            let weight = || -3_i8..=3;
            let weights = move |count: usize| prop::collection::vec(weight(), count);
            let unit = prop::collection::vec(prop::array::uniform4(weight()), channels);
            (
                (prop::collection::vec(prop::array::uniform3(weight()), channels), weights(channels)),
                (prop::collection::vec(unit, units), weights(units)),
                (prop::collection::vec(weights(units), CLASSES), weights(CLASSES)),
                prop::collection::vec(-4_i8..=4, COLOURS * PIXELS),
                0..PIXELS,
                prop::array::uniform3(weight()),
            )
                .prop_map(|(convolution, hidden, classes, input, pixel, factors)| Case {
                    convolution: convolution.0,
                    convolution_bias: convolution.1,
                    hidden: hidden.0,
                    hidden_bias: hidden.1,
                    classes: classes.0,
                    bias: classes.1,
                    input,
                    pixel,
                    factors,
                })
        })
    }

    /// The input as `[1, 3, 2, 2]`, in 64-bit floats.
    pub fn input(&self) -> Tensor {
        halves(&self.input).view([1, COLOURS as i64, 2, 2])
    }

    /// A pixel other than the chosen one.
    pub(crate) fn other_pixel(&self) -> usize {
        (self.pixel + 1) % PIXELS
    }
}

/// Numbers in halves as a tensor.
pub(crate) fn halves(numbers: &[i8]) -> Tensor {
    Tensor::from_slice(numbers).to_kind(Kind::Double) / 2.0
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let half = |number: &i8| (f64::from(*number) / 2.0).to_string();
        let list = |numbers: &[i8]| format!("({})", numbers.iter().map(half).collect::<Vec<_>>().join(" "));
        let lists = |numbers: &mut dyn Iterator<Item = &[i8]>| numbers.map(list).collect::<String>();
        let pixel = |pixel: usize| [0, 1, 2].map(|colour| self.input[colour * PIXELS + pixel]);
        let pixels: Vec<[i8; COLOURS]> = (0..PIXELS).map(pixel).collect();
        let units = self.hidden.iter().map(|unit| lists(&mut unit.iter().map(|places| places.as_slice())));
        write!(
            f,
            "u = {}, a = {}, v = {}, d = {}, w = {}, b = {}, x = {}",
            lists(&mut self.convolution.iter().map(|filter| filter.as_slice())),
            list(&self.convolution_bias),
            units.collect::<Vec<_>>().join(" | "),
            list(&self.hidden_bias),
            lists(&mut self.classes.iter().map(Vec::as_slice)),
            list(&self.bias),
            lists(&mut pixels.iter().map(|pixel| pixel.as_slice())),
        )
    }
}
