//! The box about some pixels.

/// A box about some pixels of a picture, with a frame one pixel wide on each side, whether or not the picture goes on
/// there.
pub(super) struct Grid {
    /// The position in the picture of the box's first pixel, which is within the frame.
    left: i64,
    top: i64,
    dimensions: (u32, u32),
    pub(super) width: usize,
    pub(super) height: usize,
    /// The pixels' places in the box, in their order.
    pub(super) places: Vec<usize>,
}

impl Grid {
    /// The box about pixels of a picture of this size.
    pub(super) fn about(pixels: &[(u32, u32)], dimensions: (u32, u32)) -> Grid {
        let extent = |values: &mut dyn Iterator<Item = u32>| {
            let (low, high) = values.fold((u32::MAX, 0), |(low, high), at| (low.min(at), high.max(at)));
            if low > high { (0, 0) } else { (i64::from(low) - 1, (high - low) as usize + 3) }
        };
        let (left, width) = extent(&mut pixels.iter().map(|at| at.0));
        let (top, height) = extent(&mut pixels.iter().map(|at| at.1));
        let place =
            |&(x, y): &(u32, u32)| (i64::from(y) - top) as usize * width + (i64::from(x) - left) as usize;
        let places = pixels.iter().map(place).collect();
        Grid { left, top, dimensions, width, height, places }
    }

    /// The pixel of the picture at a place of the box; `None` beyond the picture.
    pub(super) fn pixel(&self, place: usize) -> Option<(u32, u32)> {
        let (x, y) = (self.left + (place % self.width) as i64, self.top + (place / self.width) as i64);
        let inside = |at: i64, side: u32| (0..i64::from(side)).contains(&at).then_some(at as u32);
        Some((inside(x, self.dimensions.0)?, inside(y, self.dimensions.1)?))
    }

    /// The positions of the frame that are beyond the picture.
    pub(super) fn beyond(&self) -> impl Iterator<Item = usize> {
        let (wide, high) = (self.width, self.height);
        let rows = (0..wide).flat_map(move |x| [x, x + wide * high.saturating_sub(1)]);
        let columns = (0..high).flat_map(move |y| [y * wide, y * wide + wide - 1]);
        rows.chain(columns).filter(|&place| self.pixel(place).is_none())
    }
}
