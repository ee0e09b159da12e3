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
    /// The distance below which two pictures are taken for copies of the same one, unless they have so little contrast that they
    /// hardly differ from any other. Of 1,075 dermoscopic pictures (ISIC 2017), copies of half the size and copies compressed to
    /// a quality of 50 are at most 1.3 apart; the two nearest different pictures, apparently of the same lesion, are 2.4 apart,
    /// and all others at least 6.5.
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

    /// Whether two pictures are taken for copies: their distance is below [`COPY`](Thumbnail::COPY), and below a twentieth of the
    /// standard deviation of their levels.
    pub fn is_copy(&self, other: &Thumbnail) -> bool {
        let contrast = self.contrast().min(other.contrast());
        self.distance(other) < Thumbnail::COPY.min(contrast / 20.0)
    }

    /// The standard deviation of the levels.
    fn contrast(&self) -> f64 {
        let (mean, count) = (self.level(), self.0.as_raw().len() as f64);
        let squares: f64 = self.0.as_raw().iter().map(|level| (f64::from(*level) - mean).powi(2)).sum();
        (squares / count).sqrt()
    }

    /// The mean level, 0 to 255: those of two thumbnails differ by no more than their distance.
    fn level(&self) -> f64 {
        self.0.as_raw().iter().map(|level| f64::from(*level)).sum::<f64>() / self.0.as_raw().len() as f64
    }
}

/// The copies among two lists of pictures: each picture of the first list that has a copy in the second, with the first such copy.
pub fn copies(first: &[&Thumbnail], second: &[&Thumbnail]) -> Vec<(usize, usize)> {
    let mut by_level: Vec<(f64, usize)> =
        second.iter().enumerate().map(|(place, thumbnail)| (thumbnail.level(), place)).collect();
    by_level.sort_by(|one, other| one.0.total_cmp(&other.0));
    let copied = |(place, thumbnail): (usize, &&Thumbnail)| {
        let level = thumbnail.level();
        let from = by_level.partition_point(|(other, _)| *other < level - Thumbnail::COPY);
        let near = by_level[from..].iter().take_while(|(other, _)| *other <= level + Thumbnail::COPY);
        let copies = near.map(|(_, other)| *other).filter(|other| thumbnail.is_copy(second[*other]));
        Some((place, copies.min()?))
    };
    first.iter().enumerate().filter_map(copied).collect()
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
        let (others, thumbnails): (Vec<&Thumbnail>, Vec<&Thumbnail>) =
            (others.iter().collect(), thumbnails.iter().collect());
        assert_eq!(copies(&others, &thumbnails), [(0, 2), (2, 0)]);
        assert!(copies(&[], &thumbnails).is_empty() && copies(&others, &[]).is_empty());
        // Pictures without contrast are alike, and no copies of each other.
        let plain = |level: u8| Thumbnail::of(&RgbImage::from_pixel(40, 30, Rgb([level; 3])));
        let (one, other) = (plain(120), plain(121));
        assert!(one.distance(&other) < Thumbnail::COPY && !one.is_copy(&other));
    }
}
