//! The canvas of phantoms: a square of colours before light and sensor are applied.

use super::plane::{Point, mix};

/// sRGB in 0 to 1, row by row.
pub(crate) struct Canvas {
    size: u32,
    pub(crate) colours: Vec<[f32; 3]>,
}

impl Canvas {
    /// Paints every pixel according to the position of its centre.
    pub(crate) fn new(size: u32, colour: impl FnMut(Point) -> [f32; 3]) -> Self {
        let mut canvas = Self { size, colours: Vec::new() };
        canvas.colours = canvas.places().map(colour).collect();
        canvas
    }

    pub(crate) fn pixels_per_unit(&self) -> f32 {
        self.size as f32
    }

    /// The centres of all pixels, row by row.
    pub(crate) fn places(&self) -> impl Iterator<Item = Point> + use<> {
        let size = self.size;
        (0..size).flat_map(move |y| (0..size).map(move |x| middle(x, y, size)))
    }

    /// The pixels, by index and place of their middles, in the box around these points with `margin` more
    /// on every side.
    pub(crate) fn near(&self, points: &[Point], margin: f32) -> impl Iterator<Item = (usize, Point)> + use<> {
        let size = self.size;
        let extent = |coordinate: fn(&Point) -> f32| {
            let low = points.iter().map(coordinate).fold(f32::INFINITY, f32::min) - margin;
            let high = points.iter().map(coordinate).fold(f32::NEG_INFINITY, f32::max) + margin;
            let pixel = |value: f32| (value * size as f32).clamp(0.0, size as f32);
            pixel(low).floor() as u32..pixel(high).ceil() as u32
        };
        let (columns, rows) = (extent(|p| p.x), extent(|p| p.y));
        rows.flat_map(move |y| columns.clone().map(move |x| ((y * size + x) as usize, middle(x, y, size))))
    }

    /// Lays a colour over a pixel.
    pub(crate) fn cover(&mut self, index: usize, colour: [f32; 3], share: f32) {
        self.colours[index] = mix(self.colours[index], colour, share);
    }
}

/// The middle of a pixel.
pub(crate) fn middle(x: u32, y: u32, size: u32) -> Point {
    Point::new((x as f32 + 0.5) / size as f32, (y as f32 + 0.5) / size as f32)
}
