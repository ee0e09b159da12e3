//! How a map is drawn, in the figure of an explanation and in the report alike.

use ndarray::ArrayView2;
use reglet_attribution::Reduction;
use reglet_viz::{Colormap, Opacity, Scale, Scaled};

use crate::Error;

/// The largest share of a picture that an overlay hides; where a map finds nothing, it hides nothing.
pub(crate) const OPACITY: Opacity = Opacity::ByValue(0.75);

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

/// A map as a PNG to lay over its picture.
pub(crate) fn layer(map: ArrayView2<'_, f32>, reduction: Reduction) -> Result<Vec<u8>, Error> {
    let (scaled, colormap) = scaled(map, reduction, Colormap::Inferno)?;
    Ok(scaled.layer(colormap)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

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
}
