//! Masks: the pixels of a picture that belong to a region.

use std::sync::OnceLock;

use image::GrayImage;

/// The pixels of one region (a lesion, a ruler) of a picture `width` by `height` pixels.
///
/// A mask does not refer to its picture. Both have the same size, which is checked where they are combined. Positions
/// outside the mask are never part of it.
#[derive(Debug, Clone)]
pub struct Mask {
    width: u32,
    height: u32,
    /// Row by row from the top left. Those of an empty mask need not be there: a file of annotations may have hundreds of
    /// regions that a picture does not show.
    bits: OnceLock<Vec<bool>>,
}

/// The largest number of pixels a mask may have, the same as a picture's: two hundred million. With three bytes per pixel of
/// a picture and one per pixel of a mask, such a picture takes 600 MB and each of its masks 200 MB.
pub const MAX_PIXELS: u64 = 200_000_000;

/// The value from which a grey pixel counts as part of the region.
const THRESHOLD: u8 = 128;

/// So many bits are looked at together: most masks are empty for the most part.
const STRETCH: usize = 64;

/// Whether any of the bits is set.
fn any(bits: &[bool]) -> bool {
    bits.chunks(STRETCH).any(|bits| bits.iter().fold(false, |any, bit| any | bit))
}

impl PartialEq for Mask {
    fn eq(&self, other: &Self) -> bool {
        let bits = match (self.made(), other.made()) {
            ([], bits) | (bits, []) => !any(bits),
            (bits, others) => bits == others,
        };
        self.dimensions() == other.dimensions() && bits
    }
}

impl Eq for Mask {}

impl Mask {
    /// A mask of as many bits as its size needs.
    fn of((width, height): (u32, u32), bits: Vec<bool>) -> Self {
        Self { width, height, bits: OnceLock::from(bits) }
    }

    /// The bits, if they are there; otherwise none, and no pixel belongs to the region.
    fn made(&self) -> &[bool] {
        self.bits.get().map(Vec::as_slice).unwrap_or_default()
    }

    /// A mask from its bits, row by row from the top left.
    ///
    /// # Errors
    /// If a side is zero, there are more than [`MAX_PIXELS`], or the number of bits is not `width * height`.
    pub fn new(width: u32, height: u32, bits: Vec<bool>) -> Result<Self, MaskError> {
        let pixels = checked_pixels(width, height)?;
        if bits.len() != pixels {
            return Err(MaskError::Bits { width, height, bits: bits.len() });
        }
        Ok(Self::of((width, height), bits))
    }

    /// A mask with the pixels for which `inside(x, y)` is true.
    ///
    /// # Errors
    /// If a side is zero or there are more than [`MAX_PIXELS`].
    pub fn from_fn(
        width: u32,
        height: u32,
        mut inside: impl FnMut(u32, u32) -> bool,
    ) -> Result<Self, MaskError> {
        let mut bits = Vec::with_capacity(checked_pixels(width, height)?);
        for y in 0..height {
            bits.extend((0..width).map(|x| inside(x, y)));
        }
        Ok(Self::of((width, height), bits))
    }

    /// A mask without pixels.
    ///
    /// # Errors
    /// If a side is zero or there are more than [`MAX_PIXELS`].
    pub fn empty(width: u32, height: u32) -> Result<Self, MaskError> {
        checked_pixels(width, height)?;
        Ok(Self { width, height, bits: OnceLock::new() })
    }

    /// The pixels of a grey picture that are 128 or brighter.
    ///
    /// # Errors
    /// If a side is zero or there are more than [`MAX_PIXELS`].
    pub fn from_gray(picture: &GrayImage) -> Result<Self, MaskError> {
        let (width, height) = picture.dimensions();
        checked_pixels(width, height)?;
        let bits = picture.as_raw().iter().map(|&value| value >= THRESHOLD).collect();
        Ok(Self::of((width, height), bits))
    }

    /// A grey picture, 255 inside and 0 outside; the inverse of [`Mask::from_gray`].
    pub fn to_gray(&self) -> GrayImage {
        let values = self.bits().iter().map(|&bit| if bit { u8::MAX } else { 0 }).collect();
        // There are as many bits as pixels.
        GrayImage::from_raw(self.width, self.height, values).unwrap_or_default()
    }

    /// The number of columns.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// The number of rows.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Width and height.
    pub fn dimensions(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// The bits, row by row from the top left.
    pub fn bits(&self) -> &[bool] {
        self.bits.get_or_init(|| vec![false; self.pixels()])
    }

    /// Whether the pixel belongs to the region; false for every position outside the mask.
    pub fn get(&self, x: u32, y: u32) -> bool {
        self.index(x, y).is_some_and(|index| self.made().get(index).is_some_and(|&bit| bit))
    }

    /// Adds the pixel to the region or removes it; a position outside the mask changes nothing.
    pub fn set(&mut self, x: u32, y: u32, inside: bool) {
        let Some(index) = self.index(x, y) else { return };
        if inside {
            self.bits();
        }
        if let Some(bits) = self.bits.get_mut() {
            bits[index] = inside;
        }
    }

    /// The positions `(x, y)` of the region's pixels, row by row from the top left.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let rows = (0..self.height).zip(self.made().chunks_exact(self.width as usize));
        let stretches = rows.flat_map(|(y, row)| {
            (0..self.width).step_by(STRETCH).zip(row.chunks(STRETCH)).map(move |(x, bits)| (x, y, bits))
        });
        stretches
            .filter(|(_, _, bits)| any(bits))
            .flat_map(|(x, y, bits)| (x..).zip(bits).filter_map(move |(x, &bit)| bit.then_some((x, y))))
    }

    /// The number of pixels in the region.
    pub fn area(&self) -> usize {
        self.made().iter().filter(|&&bit| bit).count()
    }

    /// The share, from 0 to 1, of the region's pixels that lie in `other`, a region of the same picture; 0 if the region is empty.
    pub fn share_within(&self, other: &Mask) -> f64 {
        let within = self.iter().filter(|&(x, y)| other.get(x, y)).count();
        if within == 0 { 0.0 } else { within as f64 / self.area() as f64 }
    }

    /// The region's share of the picture, from 0 to 1.
    pub fn fraction(&self) -> f64 {
        self.area() as f64 / self.pixels() as f64
    }

    /// Whether the region has no pixels, which means in a [`Sample`](crate::Sample) that it is known to be absent.
    pub fn is_empty(&self) -> bool {
        !any(self.made())
    }

    /// The pixels that belong to either region.
    ///
    /// # Errors
    /// The two have different sizes.
    pub fn union(&self, other: &Self) -> Result<Self, MaskError> {
        if self.dimensions() != other.dimensions() {
            return Err(MaskError::Sizes { left: self.dimensions(), right: other.dimensions() });
        }
        let bits = self.bits().iter().zip(other.bits()).map(|(&a, &b)| a || b).collect();
        Ok(Self::of(self.dimensions(), bits))
    }

    /// The pixels that do not belong to the region.
    pub fn complement(&self) -> Self {
        Self::of(self.dimensions(), self.bits().iter().map(|bit| !bit).collect())
    }

    /// Every pixel whose centre is at most `radius` pixels, in a straight line, from the centre of one
    /// of the region's pixels.
    pub fn dilate(&self, radius: u32) -> Self {
        let Some(BoundingBox { x, y, width, height }) = self.bounding_box() else { return self.clone() };
        // No two pixels are farther apart than this.
        let radius = radius.min(self.width.saturating_add(self.height));
        // Nothing happens farther from the region than the radius.
        let (left, top) = (x.saturating_sub(radius), y.saturating_sub(radius));
        let (right, bottom) = ((x + width).saturating_add(radius), (y + height).saturating_add(radius));
        let (width, height) = (right.min(self.width) - left, bottom.min(self.height) - top);
        let dilated = self.part(BoundingBox { x: left, y: top, width, height }).dilated(radius);
        let mut bits = vec![false; self.pixels()];
        for (y, row) in (top as usize..).zip(dilated.bits().chunks_exact(width as usize)) {
            let start = y * self.width as usize + left as usize;
            bits[start..start + row.len()].copy_from_slice(row);
        }
        Self::of(self.dimensions(), bits)
    }

    fn dilated(&self, radius: u32) -> Self {
        let mut bits = vec![false; self.pixels()];
        let width = self.width as usize;
        let distances = self.distances_in_columns(radius);
        let mut open = vec![0_i64; width + 1];
        for (row, distances) in bits.chunks_exact_mut(width).zip(distances.chunks_exact(width)) {
            // A region's pixel `distance` rows away reaches `reach` pixels to either side in this row.
            // Each pixel opens an interval and closes it, so that the row takes one pass at any radius.
            open.fill(0);
            for (x, &distance) in distances.iter().enumerate().filter(|(_, distance)| **distance <= radius) {
                let (radius, distance) = (u64::from(radius), u64::from(distance));
                let reach = (radius * radius - distance * distance).isqrt() as usize;
                open[x.saturating_sub(reach)] += 1;
                open[x.saturating_add(reach).saturating_add(1).min(width)] -= 1;
            }
            let mut depth = 0;
            for (bit, change) in row.iter_mut().zip(&open) {
                depth += change;
                *bit = depth > 0;
            }
        }
        Self::of(self.dimensions(), bits)
    }

    /// The smallest box around the region, or `None` if it has no pixel.
    pub fn bounding_box(&self) -> Option<BoundingBox> {
        let rows = || self.made().chunks_exact(self.width as usize);
        let top = rows().position(any)?;
        let bottom = rows().rposition(any)?;
        let mut columns = vec![false; self.width as usize];
        for row in rows().take(bottom + 1).skip(top) {
            columns.iter_mut().zip(row).for_each(|(column, bit)| *column |= bit);
        }
        let left = columns.iter().position(|&column| column)?;
        let right = columns.iter().rposition(|&column| column)?;
        Some(BoundingBox {
            x: left as u32,
            y: top as u32,
            width: (right - left + 1) as u32,
            height: (bottom - top + 1) as u32,
        })
    }

    /// The part of the mask within a box, which must be inside the mask.
    pub(crate) fn part(&self, bounds: BoundingBox) -> Self {
        let mut bits = Vec::with_capacity(bounds.width as usize * bounds.height as usize);
        for y in bounds.y..bounds.y + bounds.height {
            let start = y as usize * self.width as usize + bounds.x as usize;
            bits.extend_from_slice(&self.bits()[start..start + bounds.width as usize]);
        }
        Self::of((bounds.width, bounds.height), bits)
    }

    /// Whether every pixel belongs to the region.
    pub(crate) fn is_full(&self) -> bool {
        let bits = self.made();
        !bits.is_empty() && bits.chunks(STRETCH).all(|bits| bits.iter().all(|&bit| bit))
    }

    /// Whether the pixel, which must belong to the mask, is on the border of the picture.
    pub(crate) fn on_border(&self, (x, y): (u32, u32)) -> bool {
        x == 0 || y == 0 || x + 1 == self.width || y + 1 == self.height
    }

    fn pixels(&self) -> usize {
        self.width as usize * self.height as usize
    }

    fn index(&self, x: u32, y: u32) -> Option<usize> {
        (x < self.width && y < self.height).then(|| y as usize * self.width as usize + x as usize)
    }

    /// For every pixel, the distance in rows to the nearest pixel of the region in the same column, if it is at most
    /// `limit`; otherwise a number greater than `limit`.
    fn distances_in_columns(&self, limit: u32) -> Vec<u32> {
        let width = self.width as usize;
        let mut distances: Vec<u32> = self.bits().iter().map(|&bit| if bit { 0 } else { u32::MAX }).collect();
        let nearer = |here: u32, next: u32| if next < limit { here.min(next + 1) } else { here };
        for index in width..distances.len() {
            distances[index] = nearer(distances[index], distances[index - width]);
        }
        for index in (0..distances.len().saturating_sub(width)).rev() {
            distances[index] = nearer(distances[index], distances[index + width]);
        }
        distances
    }
}

/// A box of whole pixels: the columns `x .. x + width` of the rows `y .. y + height`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoundingBox {
    /// The leftmost column.
    pub x: u32,
    /// The topmost row.
    pub y: u32,
    /// The number of columns, at least 1.
    pub width: u32,
    /// The number of rows, at least 1.
    pub height: u32,
}

/// Why a mask is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MaskError {
    /// A side is zero.
    #[error("a mask of {width}×{height} pixels has no pixels: both sides must be at least 1")]
    NoPixels {
        /// The requested width.
        width: u32,
        /// The requested height.
        height: u32,
    },
    /// There are more pixels than [`MAX_PIXELS`].
    #[error("a mask of {width}×{height} pixels is too large: at most {MAX_PIXELS} pixels are allowed")]
    TooLarge {
        /// The requested width.
        width: u32,
        /// The requested height.
        height: u32,
    },
    /// The number of bits differs from the number of pixels.
    #[error("a mask of {width}×{height} pixels needs one bit for each of them, but {bits} were given")]
    Bits {
        /// The requested width.
        width: u32,
        /// The requested height.
        height: u32,
        /// The number of bits given.
        bits: usize,
    },
    /// Two masks that are to be joined differ in size.
    #[error(
        "masks of {}×{} and {}×{} pixels cannot be joined: they must have the same size",
        left.0, left.1, right.0, right.1
    )]
    Sizes {
        /// Width and height of the one.
        left: (u32, u32),
        /// Width and height of the other.
        right: (u32, u32),
    },
}

/// The number of pixels of a mask that may exist.
fn checked_pixels(width: u32, height: u32) -> Result<usize, MaskError> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 {
        return Err(MaskError::NoPixels { width, height });
    }
    if pixels > MAX_PIXELS {
        return Err(MaskError::TooLarge { width, height });
    }
    Ok(pixels as usize)
}
