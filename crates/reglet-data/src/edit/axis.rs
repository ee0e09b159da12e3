//! The direction in which a region is longest.

use crate::Mask;

/// A region's middle, its main direction, and how far it spreads along it.
pub(super) struct Axis {
    pub(super) middle: (f32, f32),
    /// A unit vector.
    pub(super) direction: (f32, f32),
    /// The standard deviation of the pixels' places along the direction.
    pub(super) deviation: f32,
}

impl Axis {
    /// The first principal axis of the pixels' places; `None` for a region without pixels.
    pub(super) fn of(region: &Mask) -> Option<Axis> {
        let count = region.area();
        if count == 0 {
            return None;
        }
        let sum = region.iter().fold((0.0, 0.0), |sum, (x, y)| (sum.0 + f64::from(x), sum.1 + f64::from(y)));
        let middle = (sum.0 / count as f64, sum.1 / count as f64);
        let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
        for (x, y) in region.iter() {
            let (x, y) = (f64::from(x) - middle.0, f64::from(y) - middle.1);
            (xx, xy, yy) = (xx + x * x, xy + x * y, yy + y * y);
        }
        let angle = 0.5 * (2.0 * xy).atan2(xx - yy);
        let (sin, cos) = angle.sin_cos();
        let variance = (xx * cos * cos + 2.0 * xy * sin * cos + yy * sin * sin) / count as f64;
        Some(Axis {
            middle: (middle.0 as f32, middle.1 as f32),
            direction: (cos as f32, sin as f32),
            deviation: variance.sqrt() as f32,
        })
    }

    /// Along and across the axis, from the middle.
    pub(super) fn local(&self, (x, y): (f32, f32)) -> (f32, f32) {
        let (x, y) = (x - self.middle.0, y - self.middle.1);
        let (cos, sin) = self.direction;
        (x * cos + y * sin, y * cos - x * sin)
    }

    /// The position in the picture of the point with the coordinates `along` and `across`.
    pub(super) fn global(&self, (along, across): (f32, f32)) -> (f32, f32) {
        let (cos, sin) = self.direction;
        (self.middle.0 + along * cos - across * sin, self.middle.1 + along * sin + across * cos)
    }
}
