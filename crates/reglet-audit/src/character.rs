//! What a method's maps look like: sparse or spread, drawn along contours, in regions or in speckles.

use image::RgbImage;
use ndarray::{Array2, ArrayView2};
use reglet_evidence::Character;
use reglet_metrics::{MetricError, gini, morans_i, sobel, spearman};

/// How strong the edges of a picture are at each pixel, by its luma (ITU-R BT.601).
pub(crate) fn edges(picture: &RgbImage) -> Result<Array2<f32>, MetricError> {
    let (width, height) = picture.dimensions();
    let luma = Array2::from_shape_fn((height as usize, width as usize), |(y, x)| {
        let [red, green, blue] = picture.get_pixel(x as u32, y as u32).0.map(f32::from);
        0.299 * red + 0.587 * green + 0.114 * blue
    });
    sobel(luma.view())
}

/// What a map looks like on a picture with these edges; `None` for a void map, or a picture without edges. It costs two
/// sorts of the pixels: far less than the model's pass.
pub(crate) fn character(map: ArrayView2<f32>, edges: ArrayView2<f32>) -> Option<Character<f64>> {
    let size = map.mapv(f32::abs);
    Some(Character {
        sparsity: gini(map).ok()?,
        contours: spearman(size.view(), edges).ok()?,
        regions: morans_i(map).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_of_the_edges_is_told_from_a_blob_beside_them() {
        let disc =
            |x: u32, y: u32, middle: i64| (i64::from(x) - middle).pow(2) + (i64::from(y) - 16).pow(2) < 36;
        let picture =
            RgbImage::from_fn(48, 32, |x, y| image::Rgb([if disc(x, y, 12) { 90 } else { 200 }; 3]));
        let edges = edges(&picture).expect("finite");
        let blob =
            Array2::from_shape_fn((32, 48), |(y, x)| f32::from(u8::from(disc(x as u32, y as u32, 36))));
        let drawn = character(edges.view(), edges.view()).expect("a map");
        let beside = character(blob.view(), edges.view()).expect("a map");
        assert!(drawn.contours > 0.99 && beside.contours < 0.0, "{drawn:?} {beside:?}");
        assert!(beside.regions > drawn.regions, "{drawn:?} {beside:?}");
        assert_eq!(character(Array2::zeros((32, 48)).view(), edges.view()), None);
    }
}
