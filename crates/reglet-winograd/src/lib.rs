//! 3×3 convolutions by Winograd's algorithm, F(4×4, 3×3), on one core. It needs a quarter of the multiplications of a direct
//! convolution (Lavin and Gray, 2016, <https://arxiv.org/abs/1509.09308>).
//!
//! Each tile of 4×4 results depends on 6×6 values of the picture. After a transformation, 36 multiplications replace 144,
//! and over all channels and tiles the convolution becomes 36 matrix products. In 32-bit floats, the relative error of a
//! result is about 10⁻⁶; that of a direct sum is 3·10⁻⁷.
//!
//! ```
//! use reglet_winograd::{Fused, Filters, Pictures, Way, convolve};
//!
//! // One picture of 8 × 8 pixels and 32 channels, and identity filters: the output equals the input.
//! let mut weight = vec![0.0; 32 * 32 * 9];
//! for channel in 0..32 {
//!     weight[(channel * 32 + channel) * 9 + 4] = 1.0;
//! }
//! let Some(filters) = Filters::new(&weight, 32, 32, Way::Forward) else { return }; // No AVX2 and no AVX-512 here.
//! let input: Vec<f32> = (0..8 * 8 * 32).map(|n| n as f32).collect();
//! let mut output = vec![0.0; input.len()];
//! convolve(Pictures { count: 1, height: 8, width: 8 }, &input, &filters, &Fused::default(), &mut output);
//! assert!(input.iter().zip(&output).all(|(a, b)| (a - b).abs() < 0.01));
//! ```
//!
//! The memory layout is channels-last, and the number of channels must be a multiple of 32. The convolution has stride 1 and
//! pads with one zero. It needs a processor with AVX2 and FMA or with AVX-512; on others, [`Filters`] cannot be created.
//!
//! `tile` contains the transforms, `filters` the transformed filters, `kernel` the loops, and `lanes` the vector types that
//! they use. This crate is compiled without the checks of a debug build, which would cost more time than the algorithm
//! saves.

#![cfg_attr(
    not(target_arch = "x86_64"),
    expect(unused, reason = "no vector type is implemented for this processor")
)]

mod convolution;
mod filters;
mod fused;
mod lanes;
mod matrix;
mod memory;
mod product;
mod sigmoid;
#[cfg(test)]
mod tests;
mod tile;
mod way;

pub use convolution::{Pictures, convolve};
pub use filters::{Filters, supports};
pub use fused::{After, Fused, Mask};
pub use lanes::available;
pub use matrix::{Matrix, product};
pub use way::Way;
