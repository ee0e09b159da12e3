//! Convolutions of 3×3 by Winograd's algorithm, F(4×4, 3×3): a quarter of the multiplications (Lavin and Gray, 2016,
//! <https://arxiv.org/abs/1509.09308>), on one core.
//!
//! Each tile of 4×4 results needs 6×6 numbers of the picture. Both are transformed so that 36 multiplications do what 144
//! did and, over all channels and tiles, 36 products of matrices do the convolution. In 32-bit floats a result is off by
//! about 10⁻⁶ of its size, a sum in any order by 3·10⁻⁷.
//!
//! ```
//! use reglet_winograd::{Around, Filters, Pictures, Way, convolve};
//!
//! // One picture of 8 × 8 pixels and 32 channels, each filter the identity: what comes out went in.
//! let mut weight = vec![0.0; 32 * 32 * 9];
//! for channel in 0..32 {
//!     weight[(channel * 32 + channel) * 9 + 4] = 1.0;
//! }
//! let Some(filters) = Filters::new(&weight, 32, 32, Way::Forward) else { return }; // No AVX2 and no AVX-512 here.
//! let input: Vec<f32> = (0..8 * 8 * 32).map(|n| n as f32).collect();
//! let mut output = vec![0.0; input.len()];
//! convolve(Pictures { count: 1, height: 8, width: 8 }, &input, &filters, &Around::default(), &mut output);
//! assert!(input.iter().zip(&output).all(|(a, b)| (a - b).abs() < 0.01));
//! ```
//!
//! Channels lie innermost and come in multiples of 32; the convolution has one step and one zero of padding. It runs on a
//! processor with AVX2 and FMA or with AVX-512; for others there are no [`Filters`].
//!
//! `tile` has the transforms, `filters` the filters as the products take them, `kernel` the loops, and `lanes` the vectors
//! they are built on. This crate is compiled without the checks of a debug build: they would cost more than it gains.

#![cfg_attr(not(target_arch = "x86_64"), expect(unused, reason = "there are no vectors to build on"))]

mod filters;
mod kernel;
mod lanes;
#[cfg(test)]
mod tests;
mod tile;

pub use filters::{Filters, Way, supports};
pub use kernel::{Around, Pictures, convolve};

/// The numbers a tile becomes.
const POINTS: usize = 36;
