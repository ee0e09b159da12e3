//! How a map is drawn, in the figure of an explanation and in the report alike.

use ndarray::ArrayView2;
use reglet_attribution::Reduction;
use reglet_viz::{Colormap, Opacity, Scale, Scaled, resize_map};

use crate::Error;

/// The largest share of a picture that an overlay hides; where a map finds nothing, it hides nothing.
pub(crate) const OPACITY: Opacity = Opacity::ByValue(0.75);

/// Pixels of a painted figure for each CSS pixel of the drawing.
pub(crate) const FIGURE_SCALE: f32 = 2.0;

/// The handful of brightest pixels above it does not darken the others.
const PERCENTILE: f32 = 99.5;

/// A map's places on a colour map, and that colour map: `colormap` where all values have one sign, but a diverging one about
/// zero where a value may speak for the class or against it.
pub(crate) fn scaled(
    map: ArrayView2<'_, f32>,
    reduction: Reduction,
    colormap: Colormap,
) -> Result<(Scaled, Colormap), Error> {
    let (scale, colormap) = match reduction {
        Reduction::MaxAbs | Reduction::PositiveSum => (Scale::Percentile(PERCENTILE), colormap),
        Reduction::Sum => (Scale::Symmetric(PERCENTILE), Colormap::RdBu),
    };
    Ok((scale.apply(map)?, colormap))
}

/// The longest side of a map that is laid over a picture of the report, which shows none larger: of the noise that many
/// maps are, every pixel takes its bytes, and a page of fifty pictures should stay below ten megabytes.
const LONGEST: usize = 160;

/// A map as a PNG to lay over its picture.
pub(crate) fn layer(map: ArrayView2<'_, f32>, reduction: Reduction) -> Result<Vec<u8>, Error> {
    let (mut scaled, colormap) = scaled(map, reduction, Colormap::Inferno)?;
    let (height, width) = scaled.values.dim();
    let longest = height.max(width);
    if longest > LONGEST {
        let [height, width] = [height, width].map(|side| (side * LONGEST).div_ceil(longest));
        scaled.values = resize_map(scaled.values.view(), height, width);
    }
    Ok(scaled.layer(colormap)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn what_speaks_against_the_class_is_told_from_nothing() {
        let map = array![[-2.0_f32, 0.0, 1.0]];
        let (signed, colormap) = scaled(map.view(), Reduction::Sum, Colormap::Inferno).expect("a map");
        assert!(colormap.is_diverging() && signed.neutral == 0.5);
        assert!(signed.values[[0, 0]] < 0.1 && signed.values[[0, 1]] == 0.5 && signed.values[[0, 2]] > 0.7);
        let map = array![[0.0_f32, 0.5, 1.0]];
        let (plain, colormap) = scaled(map.view(), Reduction::MaxAbs, Colormap::Inferno).expect("a map");
        assert_eq!((colormap, plain.neutral, plain.values[[0, 0]]), (Colormap::Inferno, 0.0, 0.0));
    }

    #[test]
    fn a_layer_is_no_larger_than_it_is_shown_and_keeps_its_proportions() {
        for ((height, width), expected) in
            [((224, 224), (160, 160)), ((448, 224), (80, 160)), ((64, 96), (96, 64))]
        {
            let map = Array2::from_shape_fn((height, width), |(y, x)| (y * x) as f32);
            let png = layer(map.view(), Reduction::MaxAbs).expect("a map");
            let picture = image::load_from_memory(&png).expect("the PNG can be read");
            assert_eq!((picture.width(), picture.height()), expected, "{height} {width}");
        }
    }
}
