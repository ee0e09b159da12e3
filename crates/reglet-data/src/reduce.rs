//! Large pictures made smaller by a whole factor.

use image::RgbImage;

use crate::{Geometry, Mask, ResizeError, Sample, View};

/// How often the shorter side of a picture of this size can be divided so that at least `side` pixels are left; at least 1.
pub(crate) fn factor((width, height): (u32, u32), side: u32) -> u32 {
    (width.min(height) / side.max(1)).max(1)
}

impl Sample {
    /// The same sample with every block of `factor` by `factor` pixels merged into one pixel. The pixel has the block's mean
    /// colour, as in Pillow's `Image.reduce`, and belongs to a region if at least half of the block does or, where
    /// no block of the picture does so, any pixel of it. Blocks at the right and bottom edges may be smaller. Nothing else
    /// changes.
    pub(crate) fn reduced(&self, factor: u32) -> Sample {
        let factor = factor.max(1);
        let regions = self.regions.iter().map(|(name, mask)| (name.clone(), reduced_mask(mask, factor)));
        Sample {
            id: self.id.clone(),
            picture: reduced(&self.picture, factor).into(),
            label: self.label,
            sha256: self.sha256.clone(),
            mask_sha256: self.mask_sha256.clone(),
            regions: regions.collect(),
            estimated: self.estimated.clone(),
        }
    }
}

/// A picture at the size at which it is changed: its own, or smaller by a whole factor.
///
/// ```
/// use reglet_data::edit::{Change, EditOptions, Editor};
/// use reglet_data::{Canvas, Dataset, FolderOptions, Geometry};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::create_dir_all(folder.path().join("nevus"))?;
/// # image::RgbImage::from_pixel(900, 700, image::Rgb([200, 150, 130])).save(folder.path().join("nevus/a.png"))?;
/// # let folder = folder.path();
/// let data = FolderOptions::new(folder).open()?;
/// let options = EditOptions { resolution: Some(300), ..EditOptions::default() };
/// let editor = Editor::new(&data, &options, "ruler", "lesion", 7)?;
/// let sample = data.sample(0)?;
/// let canvas = Canvas::new(&sample, editor.reduction(sample.picture.dimensions()));
/// assert_eq!(canvas.sample().picture.dimensions(), (450, 350)); // 900 × 700 pixels, halved
/// let view = canvas.view(Geometry::exact(100))?;
/// assert_eq!(*view.picture(), Geometry::exact(100).apply(&sample.picture)?);
/// # Ok(())
/// # }
/// ```
pub struct Canvas<'a> {
    own: &'a Sample,
    smaller: Option<Sample>,
    factor: u32,
}

impl<'a> Canvas<'a> {
    /// What [`Editor::reduction`](crate::edit::Editor::reduction) says for the picture is the factor.
    pub fn new(sample: &'a Sample, factor: u32) -> Canvas<'a> {
        Canvas { own: sample, smaller: (factor > 1).then(|| sample.reduced(factor)), factor }
    }

    /// The sample for which a [`Scene`](crate::edit::Scene) is to be built.
    pub fn sample(&self) -> &Sample {
        self.smaller.as_ref().unwrap_or(self.own)
    }

    /// The picture as a model sees it, with the changes that are made on this canvas.
    ///
    /// # Errors
    /// Those of [`Geometry::apply`].
    pub fn view(&self, geometry: Geometry) -> Result<View<'_>, ResizeError> {
        match &self.smaller {
            None => View::new(&self.own.picture, geometry),
            Some(smaller) => View::of_reduced(&self.own.picture, &smaller.picture, self.factor, geometry),
        }
    }
}

fn reduced(picture: &RgbImage, factor: u32) -> RgbImage {
    let (width, height) = (picture.width().div_ceil(factor), picture.height().div_ceil(factor));
    let mut made = RgbImage::new(width, height);
    let row_length = 3 * picture.width() as usize;
    let block = 3 * factor as usize;
    let mut sums = vec![0_u32; 3 * width as usize];
    let strips = picture.as_raw().chunks((row_length * factor as usize).max(1));
    for (strip, out) in strips.zip(made.rows_mut()) {
        sums.fill(0);
        for row in strip.chunks_exact(row_length) {
            for (sum, values) in sums.chunks_exact_mut(3).zip(row.chunks(block)) {
                for pixel in values.chunks_exact(3) {
                    for (sum, &value) in sum.iter_mut().zip(pixel) {
                        *sum += u32::from(value);
                    }
                }
            }
        }
        let rows = (strip.len() / row_length) as u32;
        for ((x, pixel), sum) in (0..).zip(out).zip(sums.chunks_exact(3)) {
            let count = rows * factor.min(picture.width() - x * factor);
            pixel.0 = [0, 1, 2].map(|c| ((sum[c] + count / 2) / count) as u8);
        }
    }
    made
}

fn reduced_mask(mask: &Mask, factor: u32) -> Mask {
    let (width, height) = (mask.width().div_ceil(factor), mask.height().div_ceil(factor));
    let mut counts = vec![0_u32; width as usize * height as usize];
    for (x, y) in mask.iter() {
        counts[(y / factor) as usize * width as usize + (x / factor) as usize] += 1;
    }
    let block =
        |x: u32, y: u32| factor.min(mask.width() - x * factor) * factor.min(mask.height() - y * factor);
    let count = |x: u32, y: u32| counts[y as usize * width as usize + x as usize];
    // It has fewer pixels than the original mask, which is a valid one.
    let of = |inside: &dyn Fn(u32, u32) -> bool| {
        Mask::from_fn(width, height, inside).unwrap_or_else(|_| mask.clone())
    };
    let half = of(&|x, y| 2 * count(x, y) >= block(x, y));
    // A hair or a thin line fills no block by half, and is there nevertheless.
    if half.is_empty() { of(&|x, y| count(x, y) > 0) } else { half }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn blocks_become_their_mean_and_what_is_over_is_kept() {
        let picture = RgbImage::from_fn(7, 5, |x, y| Rgb([x as u8 * 10, y as u8 * 10, 200]));
        let made = reduced(&picture, 3);
        assert_eq!(made.dimensions(), (3, 2));
        assert_eq!(made.get_pixel(0, 0).0, [10, 10, 200]);
        assert_eq!(made.get_pixel(1, 1).0, [40, 35, 200]);
        // The last column is one pixel wide.
        assert_eq!(made.get_pixel(2, 0).0, [60, 10, 200]);
        assert_eq!(reduced(&picture, 1), picture);
        assert_eq!(reduced(&picture, 9).dimensions(), (1, 1));
    }

    #[test]
    fn a_block_is_of_the_region_where_half_of_it_is() {
        let mask = Mask::from_fn(7, 4, |x, y| x >= 3 && (x < 6 || y < 2)).expect("small");
        let made = reduced_mask(&mask, 2);
        assert_eq!(made.dimensions(), (4, 2));
        let row = |y: u32| [0, 1, 2, 3].map(|x| made.get(x, y));
        assert_eq!(row(0), [false, true, true, true]);
        assert_eq!(row(1), [false, true, true, false]);
        assert_eq!(reduced_mask(&mask, 1), mask);
    }

    #[test]
    fn a_thin_line_is_not_lost() {
        let line = Mask::from_fn(12, 8, |x, y| x == 5 && y > 1).expect("small");
        let made = reduced_mask(&line, 4);
        assert_eq!(made.iter().collect::<Vec<_>>(), [(1, 0), (1, 1)]);
        assert!(reduced_mask(&Mask::empty(12, 8).expect("small"), 4).is_empty());
    }

    #[test]
    fn the_factor_leaves_enough() {
        assert_eq!(factor((3072, 3072), 672), 4);
        assert_eq!(factor((12_000, 9_000), 672), 13);
        assert_eq!(factor((600, 450), 672), 1);
        assert_eq!(factor((600, 450), 0), 450);
    }
}
