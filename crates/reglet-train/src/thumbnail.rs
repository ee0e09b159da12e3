//! Pictures at a glance, to find copies of them.

use image::RgbImage;
use image::imageops;

/// The side of a thumbnail, in pixels.
const SIDE: u32 = 16;

/// A picture reduced to 16 × 16 pixels in colour, by averaging. Copies of a picture at another size, or compressed again, have
/// nearly equal thumbnails; copies that were cropped, rotated or recoloured have not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thumbnail(RgbImage);

impl Thumbnail {
    /// The distance below which two pictures are taken for copies of the same one. Of 1,075 dermoscopic pictures (ISIC 2017),
    /// copies of half the size and copies compressed to a quality of 50 are at most 1.3 apart; the two nearest different
    /// pictures, apparently of the same lesion, are 2.4 apart, and all others at least 6.5.
    pub const COPY: f64 = 2.0;

    /// The thumbnail of a picture.
    pub fn of(picture: &RgbImage) -> Thumbnail {
        Thumbnail(imageops::thumbnail(picture, SIDE, SIDE))
    }

    /// The root of the mean squared difference of their pixels, on a scale from 0 to 255.
    pub fn distance(&self, other: &Thumbnail) -> f64 {
        let square = |(one, other): (&u8, &u8)| u64::from(one.abs_diff(*other)).pow(2);
        let sum: u64 = self.0.as_raw().iter().zip(other.0.as_raw()).map(square).sum();
        (sum as f64 / self.0.as_raw().len() as f64).sqrt()
    }

    /// The mean level, 0 to 255: those of two thumbnails differ by no more than their distance.
    fn level(&self) -> f64 {
        self.0.as_raw().iter().map(|level| f64::from(*level)).sum::<f64>() / self.0.as_raw().len() as f64
    }
}

/// The copies among two lists of pictures: for each picture of the first, the nearest of the second with its distance, if that is
/// below [`Thumbnail::COPY`].
pub fn copies(first: &[Thumbnail], second: &[Thumbnail]) -> Vec<(usize, usize, f64)> {
    let mut by_level: Vec<(f64, usize)> =
        second.iter().enumerate().map(|(place, thumbnail)| (thumbnail.level(), place)).collect();
    by_level.sort_by(|one, other| one.0.total_cmp(&other.0));
    let nearest = |(place, thumbnail): (usize, &Thumbnail)| {
        let level = thumbnail.level();
        let from = by_level.partition_point(|(other, _)| *other < level - Thumbnail::COPY);
        let near = by_level[from..].iter().take_while(|(other, _)| *other <= level + Thumbnail::COPY);
        let distances = near.map(|(_, other)| (place, *other, thumbnail.distance(&second[*other])));
        distances.min_by(|one, other| one.2.total_cmp(&other.2)).filter(|found| found.2 < Thumbnail::COPY)
    };
    first.iter().enumerate().filter_map(nearest).collect()
}

#[cfg(test)]
mod tests {
    use image::Rgb;
    use image::imageops::FilterType;

    use super::*;

    /// A picture with a dark spot, and some texture.
    fn picture(spot: u32) -> RgbImage {
        RgbImage::from_fn(200, 150, |x, y| {
            let near = x.abs_diff(spot).pow(2) + y.abs_diff(70).pow(2) < 1200;
            let texture = ((x * 7 + y * 13) % 11) as u8;
            if near { Rgb([90 + texture, 60, 50]) } else { Rgb([200 + texture, 160, 140]) }
        })
    }

    #[test]
    fn copies_are_found_at_another_size_and_after_compression() {
        let all: Vec<RgbImage> = [60, 75, 90, 120].map(picture).into();
        let thumbnails: Vec<Thumbnail> = all.iter().map(Thumbnail::of).collect();
        let smaller = imageops::resize(&all[2], 120, 90, FilterType::CatmullRom);
        let mut compressed = Vec::new();
        let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut compressed, 50);
        encoder.encode_image(&all[0]).expect("a picture");
        let compressed = image::load_from_memory(&compressed).expect("a JPEG").into_rgb8();
        let changed = picture(105);
        let others: Vec<Thumbnail> = [&smaller, &changed, &compressed].map(Thumbnail::of).into();
        let found: Vec<(usize, usize)> =
            copies(&others, &thumbnails).into_iter().map(|(one, other, _)| (one, other)).collect();
        assert_eq!(found, [(0, 2), (2, 0)]);
        assert!(copies(&[], &thumbnails).is_empty() && copies(&others, &[]).is_empty());
    }
}
