//! Resizing exactly as Pillow does, by any of its filters, to the last bit.
//!
//! A classifier that was trained on pictures reduced by Pillow gives other answers if they are reduced by another rule.
//! Pillow's rule is separable: each output value is a weighted mean of input values in its row, then of the results in its
//! column (for some tall pictures, the other way round). The weights are those of a [`Filter`], as wide as the reduction (but
//! not narrower than for the original size, so that enlarging interpolates), and rounded to 22 fractional bits; between the
//! two passes values are rounded to 8 bits.

mod filter;
mod level;
mod part;
mod pass;

use image::{GrayImage, RgbImage};

pub use filter::Filter;
pub(crate) use level::resize_levels;
pub(crate) use part::{Part, Parted};
use pass::Pass;

/// Resizes a colour picture to `width` by `height` pixels: Pillow's
/// `picture.resize((width, height), filter)`.
///
/// # Errors
/// A side is zero, the result or the intermediate picture (one side the result's, one the input's) would have more than
/// [`MAX_PIXELS`](crate::MAX_PIXELS), or the enlargement is more than the filter's sums can represent.
pub fn resize_rgb(
    picture: &RgbImage,
    width: u32,
    height: u32,
    filter: Filter,
) -> Result<RgbImage, ResizeError> {
    let values = resample::<3>(picture.as_raw(), picture.dimensions(), (width, height), filter)?;
    RgbImage::from_raw(width, height, values).ok_or(ResizeError::TooLarge { width, height })
}

/// Resizes a grey picture, as [`resize_rgb`] does a colour one.
///
/// # Errors
/// As [`resize_rgb`].
pub fn resize_gray(
    picture: &GrayImage,
    width: u32,
    height: u32,
    filter: Filter,
) -> Result<GrayImage, ResizeError> {
    let values = resample::<1>(picture.as_raw(), picture.dimensions(), (width, height), filter)?;
    GrayImage::from_raw(width, height, values).ok_or(ResizeError::TooLarge { width, height })
}

/// Why a picture cannot be resized.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResizeError {
    /// The picture or what it is to become has no pixels.
    #[error(
        "a picture of {}×{} pixels cannot become one of {}×{}: every side must be at least 1",
        from.0, from.1, to.0, to.1
    )]
    NoPixels {
        /// The picture's width and height.
        from: (u32, u32),
        /// The requested width and height.
        to: (u32, u32),
    },
    /// There would be more pixels than are allowed.
    #[error(
        "a picture of {width}×{height} pixels is too large: at most {} pixels are allowed",
        crate::MAX_PIXELS
    )]
    TooLarge {
        /// The width.
        width: u32,
        /// The height.
        height: u32,
    },
    /// A pixel would be mixed of more than can be added up without overflow.
    #[error(
        "a side of {from} pixels cannot become one of {to} by the {filter} filter, which mixes at most {} pixels into one; \
         choose bilinear",
        MOST_MIXED
    )]
    TooMuchReduced {
        /// The side's pixels before.
        from: u32,
        /// And after.
        to: u32,
        /// The filter.
        filter: Filter,
    },
}

/// The most values that a filter with negative lobes may mix into one: what its positive weights add up to (1.2 at most) and
/// what they are rounded up by (half a unit each) then stay below what a sum holds.
const MOST_MIXED: u32 = 1 << 20;

/// The two passes that bring pictures of one size to another.
pub(crate) struct Passes {
    columns_first: bool,
    /// Within rows: the width changes.
    rows: Pass,
    /// Within columns: the height changes.
    columns: Pass,
}

impl Passes {
    /// # Errors
    /// As [`resize_rgb`].
    pub(crate) fn new(from: (u32, u32), to: (u32, u32), filter: Filter) -> Result<Passes, ResizeError> {
        Passes::over(from, (f64::from(from.0), f64::from(from.1)), to, filter)
    }

    /// The same of pictures whose last column and row stand for less than the others do: they are `span` wide and high.
    ///
    /// # Errors
    /// As [`resize_rgb`].
    pub(crate) fn over(
        from: (u32, u32),
        span: (f64, f64),
        to: (u32, u32),
        filter: Filter,
    ) -> Result<Passes, ResizeError> {
        if [from.0, from.1, to.0, to.1].contains(&0) {
            return Err(ResizeError::NoPixels { from, to });
        }
        let columns_first = heights_first(from, to);
        let between = if columns_first { (from.0, to.1) } else { (to.0, from.1) };
        for (width, height) in [to, between] {
            if u64::from(width) * u64::from(height) > crate::MAX_PIXELS {
                return Err(ResizeError::TooLarge { width, height });
            }
        }
        for (from, to) in [(from.0, to.0), (from.1, to.1)] {
            let mixed = 2.0 * filter.support() * f64::from(from) / f64::from(to);
            if filter.has_negative_lobes() && mixed > f64::from(MOST_MIXED) {
                return Err(ResizeError::TooMuchReduced { from, to, filter });
            }
        }
        Ok(Passes {
            columns_first,
            rows: Pass::over(from.0 as usize, span.0, to.0 as usize, filter),
            columns: Pass::over(from.1 as usize, span.1, to.1 as usize, filter),
        })
    }

    /// The result of the first pass for interleaved values, `C` per pixel; `None` if it changes nothing.
    pub(crate) fn first<const C: usize>(&self, values: &[u8]) -> Option<Vec<u8>> {
        if self.columns_first {
            self.columns.within_columns(values, self.rows.from * C)
        } else {
            self.rows.within_rows::<C>(values)
        }
    }

    /// The result of the second pass for that; `None` if it changes nothing.
    pub(crate) fn second<const C: usize>(&self, values: &[u8]) -> Option<Vec<u8>> {
        if self.columns_first {
            self.rows.within_rows::<C>(values)
        } else {
            self.columns.within_columns(values, self.rows.to * C)
        }
    }

    /// The parts of the first pass's result that may differ if some parts of a picture are changed. There are `C` values per
    /// pixel.
    pub(crate) fn first_of_parts<const C: usize>(&self, changed: &Parted<'_, C>) -> Vec<Part> {
        if self.columns_first {
            changed.within_columns(&self.columns)
        } else {
            changed.within_rows(&self.rows)
        }
    }

    /// The same of the second pass.
    pub(crate) fn second_of_parts<const C: usize>(&self, changed: &Parted<'_, C>) -> Vec<Part> {
        if self.columns_first {
            changed.within_rows(&self.rows)
        } else {
            changed.within_columns(&self.columns)
        }
    }

    /// The width of what the first pass makes.
    pub(crate) fn width_between(&self) -> usize {
        if self.columns_first { self.rows.from } else { self.rows.to }
    }
}

/// Both passes over values that are interleaved, `C` to a pixel.
fn resample<const C: usize>(
    values: &[u8],
    from: (u32, u32),
    to: (u32, u32),
    filter: Filter,
) -> Result<Vec<u8>, ResizeError> {
    let passes = Passes::new(from, to, filter)?;
    let between = passes.first::<C>(values);
    let between = between.as_deref().unwrap_or(values);
    Ok(passes.second::<C>(between).unwrap_or_else(|| between.to_vec()))
}

/// Whether columns are resampled before rows: since Pillow 13 (its pull request 9549), where much more is
/// to be taken off the height than off the width. Before, rows always came first. The order shows in the
/// last bit, because of the rounding between the passes.
fn heights_first(from: (u32, u32), to: (u32, u32)) -> bool {
    let off = |from: u32, to: u32| i64::from(from) - i64::from(to);
    let (off_width, off_height) = (off(from.0, to.0), off(from.1, to.1));
    off_height > 0 && off_height > 2 * off_width
}
