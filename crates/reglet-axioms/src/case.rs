//! A small network with an input, as numbers that can be shrunk.

use std::fmt;

use proptest::prelude::*;
use tch::{Kind, Tensor};

/// How many pixels an input has: two rows of two.
pub const PIXELS: usize = 4;

/// How many classes a network has.
pub(crate) const CLASSES: usize = 3;

/// The colours of a pixel.
pub(crate) const COLOURS: usize = 3;

/// A small network with an input. All numbers are halves: 1 stands for 0.5.
///
/// The network is a convolution of 1 × 1 from three colours to one to three channels, a ReLU, and a linear layer to three
/// logits: F_t(x) = b_t + Σ_{c, p} v_{t c p} max(0, a_c + Σ_k u_{c k} x_{k p}).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// u: for each channel a weight for each colour.
    pub convolution: Vec<[i8; COLOURS]>,
    /// a: for each channel its bias.
    pub convolution_bias: Vec<i8>,
    /// v: for each class and channel a weight for each pixel.
    pub linear: Vec<Vec<[i8; PIXELS]>>,
    /// b: for each class its bias.
    pub bias: Vec<i8>,
    /// x: colour by colour, four pixels each.
    pub input: Vec<i8>,
    /// A pixel that an axiom picks.
    pub pixel: usize,
    /// Numbers that an axiom may use: factors of a sum, a shift of each colour.
    pub factors: [i8; COLOURS],
}

impl Case {
    /// Cases with weights from −1.5 to 1.5 and inputs from −2 to 2.
    pub fn strategy() -> impl Strategy<Value = Case> {
        let weight = || -3_i8..=3;
        (1_usize..=3).prop_flat_map(move |channels| {
            let filter = prop::array::uniform3(weight());
            let places = prop::array::uniform4(weight());
            let class = prop::collection::vec(places, channels);
            (
                prop::collection::vec(filter, channels),
                prop::collection::vec(weight(), channels),
                prop::collection::vec(class, CLASSES),
                prop::collection::vec(weight(), CLASSES),
                prop::collection::vec(-4_i8..=4, COLOURS * PIXELS),
                0..PIXELS,
                prop::array::uniform3(weight()),
            )
                .prop_map(
                    |(convolution, convolution_bias, linear, bias, input, pixel, factors)| Case {
                        convolution,
                        convolution_bias,
                        linear,
                        bias,
                        input,
                        pixel,
                        factors,
                    },
                )
        })
    }

    /// The input as `[1, 3, 2, 2]`, in 64-bit floats.
    pub fn input(&self) -> Tensor {
        halves(&self.input).view([1, COLOURS as i64, 2, 2])
    }

    /// A pixel other than the one picked.
    pub(crate) fn other_pixel(&self) -> usize {
        (self.pixel + 1) % PIXELS
    }
}

pub(crate) fn halves(numbers: &[i8]) -> Tensor {
    Tensor::from_slice(numbers).to_kind(Kind::Double) / 2.0
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let half = |number: &i8| f64::from(*number) / 2.0;
        let list = |numbers: &[i8]| {
            let words: Vec<String> = numbers.iter().map(|number| half(number).to_string()).collect();
            format!("({})", words.join(" "))
        };
        let filters: Vec<String> = self.convolution.iter().map(|filter| list(filter)).collect();
        let classes: Vec<String> = self
            .linear
            .iter()
            .map(|class| class.iter().map(|places| list(places)).collect::<Vec<_>>().join(""))
            .collect();
        let pixels: Vec<String> = (0..PIXELS)
            .map(|pixel| {
                list(&[self.input[pixel], self.input[PIXELS + pixel], self.input[2 * PIXELS + pixel]])
            })
            .collect();
        write!(
            f,
            "u = {}, a = {}, v = {}, b = {}, x = {}",
            filters.join(""),
            list(&self.convolution_bias),
            classes.join(" | "),
            list(&self.bias),
            pixels.join("")
        )
    }
}
