//! Inner loops of our own, on one core: 3×3 convolutions by Winograd's algorithm, F(4×4, 3×3), depthwise convolutions, and products
//! of rows and a matrix, which are linear layers and 1×1 convolutions.
//!
//! Winograd's algorithm needs a quarter of the multiplications of a direct convolution (Lavin and Gray, 2016,
//! <https://arxiv.org/abs/1509.09308>). Each tile of 4×4 results depends on 6×6 values of the picture. After a transformation,
//! 36 multiplications replace 144, and over all channels and tiles the convolution becomes 36 matrix products. In 32-bit
//! floats, the relative error of a result is about 10⁻⁶; that of a direct sum is 3·10⁻⁷.
//!
//! ```
//! use reglet_kernels::{Filters, Fused, Pictures, Surroundings, Way, convolve};
//!
//! // One picture of 8 × 8 pixels and 32 channels, and identity filters: the output equals the input.
//! let mut weight = vec![0.0; 32 * 32 * 9];
//! for channel in 0..32 {
//!     weight[(channel * 32 + channel) * 9 + 4] = 1.0;
//! }
//! let Some(filters) = Filters::new(&weight, 32, 32, Way::Forward) else { return }; // No suitable vectors here.
//! let input: Vec<f32> = (0..8 * 8 * 32).map(|n| n as f32).collect();
//! let mut output = vec![0.0; input.len()];
//! let pictures = Pictures { count: 1, height: 8, width: 8, surroundings: Surroundings::Zeros };
//! convolve(pictures, &input, &filters, &Fused::default(), &mut output);
//! assert!(input.iter().zip(&output).all(|(a, b)| (a - b).abs() < 0.01));
//! ```
//!
//! The memory layout of a convolution is channels-last, and its numbers of channels must be multiples of 32. It has stride 1,
//! and the pixel around each picture is zero or a part of the input ([`Surroundings`]). A depthwise convolution
//! ([`convolve_depthwise`]) has one filter for each channel, of 3×3, 5×5 or 7×7, stride 1 or 2 and any number of channels; a
//! [`Matrix`] may have any size. Each row of both's results is the same in any batch. All need a processor with AVX2 and FMA, with
//! AVX-512 or with NEON, which every 64-bit ARM processor has; on others, [`Filters`], [`DepthwiseFilters`] and [`Matrix`] cannot be
//! created. They use the widest [`Vectors`] unless created `with` others.
//!
//! Where the processor has tile registers for bfloat16 (AMX, in Intel's server processors from 2023 on) and Linux permits their
//! use, products of matrices of at least 64 × 64 numbers run on them. The results are as exact as sums in 32-bit floats: each
//! number is taken apart into three numbers of bfloat16 whose sum it is. Only numbers below 10⁻³³ lose bits, because tile
//! registers know no subnormal numbers.
//!
//! `product` contains the inner loop that convolutions by Winograd's algorithm and products use, `fused` what is done on the way in
//! and out, `sigmoid` the functions with exponentials, and `lanes` the vector types. `winograd` contains the transforms, `filters`
//! the transformed filters, and `convolution` the loop over tiles; `depthwise` contains depthwise convolutions, `matrix` the loop
//! over rows, and `tiles` the inner loop on tile registers. This crate is compiled without the checks of a debug build, which would
//! cost more time than the algorithms save.

#![cfg_attr(
    not(any(target_arch = "x86_64", target_arch = "aarch64")),
    expect(unused, reason = "no vector type is implemented for this processor")
)]

mod convolution;
mod depthwise;
mod filters;
mod fused;
mod lanes;
mod matrix;
mod memory;
mod product;
mod sigmoid;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod tiles;
mod way;
mod winograd;

pub use convolution::{Pictures, Surroundings, convolve};
pub use depthwise::{DepthwiseFilters, Framed, convolve_depthwise, supports_depthwise};
pub use filters::{Filters, supports};
pub use fused::{After, Before, Behind, Fused, Mask};
pub use lanes::{Vectors, available};
pub use matrix::{Matrix, product};
pub use sigmoid::silu;
pub use way::Way;
