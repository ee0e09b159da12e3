//! Paints a ruler as a layer of colour and opacity that can be laid over any picture.

use super::figures;
use super::plane::{Point, smoothstep};
use super::ruler::{Material, Ruler};

/// One pixel of a layer.
pub(crate) struct LayerPixel {
    pub(crate) x: u32,
    pub(crate) y: u32,
    /// Colour times opacity, for light of strength 1.
    pub(crate) colour: [f32; 3],
    /// The opacity: the fraction of what is below that is hidden.
    pub(crate) opacity: f32,
    /// The share of the pixel inside the ruler's rectangle.
    pub(crate) inside: f32,
}

impl LayerPixel {
    /// Composites the pixel, lit by `light`, over the existing colour.
    pub(crate) fn over(&self, below: [f32; 3], light: [f32; 3]) -> [f32; 3] {
        std::array::from_fn(|c| below[c] * (1.0 - self.opacity) + self.colour[c] * light[c])
    }
}

/// Each pixel's side is sampled this many times: ticks are finer than pixels.
const SAMPLES: u32 = 4;

/// The largest number of figures that are drawn; no picture shows more centimetres of a ruler than this.
const MOST_FIGURES: u32 = 100;

/// The pixels of a `width` by `height` picture that the ruler or its shadow touches.
pub(crate) fn paint(ruler: &Ruler, width: u32, height: u32) -> Vec<LayerPixel> {
    let pixels = width.min(height) as f32;
    let pen = Pen::new(ruler, pixels);
    let reach = pen.shadow_reach + 1.5 / pixels;
    let corners = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)]
        .map(|(u, v)| ruler.global(Point::new(u * ruler.length, v * ruler.width)));
    let extent = |values: [f32; 4], side: u32| {
        let low = values.into_iter().fold(f32::INFINITY, f32::min) - reach;
        let high = values.into_iter().fold(f32::NEG_INFINITY, f32::max) + reach;
        let clip = |value: f32| (value * pixels).clamp(0.0, side as f32);
        clip(low).floor() as u32..clip(high).ceil() as u32
    };
    let columns = extent(corners.map(|p| p.x), width);
    let rows = extent(corners.map(|p| p.y), height);

    let mut layer = Vec::new();
    for y in rows {
        for x in columns.clone() {
            let middle = Point::new(x as f32 + 0.5, y as f32 + 0.5) * (1.0 / pixels);
            let beyond = pen.distance_outside(ruler.local(middle));
            if beyond > reach {
                continue;
            }
            let shadow = pen.shadow(ruler.local(middle - ruler.shadow));
            let (mut colour, mut opacity, mut inside) = ([0.0; 3], 0.0, 0.0);
            let share = 1.0 / (SAMPLES * SAMPLES) as f32;
            for sample in 0..SAMPLES * SAMPLES {
                let offset = |step: u32| (step as f32 + 0.5) / SAMPLES as f32;
                let at = Point::new(x as f32 + offset(sample % SAMPLES), y as f32 + offset(sample / SAMPLES));
                let local = ruler.local(at * (1.0 / pixels));
                if pen.distance_outside(local) > 0.0 {
                    opacity += share * shadow;
                    continue;
                }
                inside += share;
                let (paint, hides) = pen.paint(local);
                for (sum, channel) in colour.iter_mut().zip(paint) {
                    *sum += share * hides * channel;
                }
                opacity += share * hides;
            }
            // Below half a grey level nothing would be visible, and pixels without a visible change must not count as
            // touched.
            if opacity > 0.002 || inside > 0.0 {
                layer.push(LayerPixel { x, y, colour, opacity, inside });
            }
        }
    }
    layer
}

/// Everything that is computed once for a ruler before its pixels are painted.
struct Pen<'a> {
    ruler: &'a Ruler,
    /// The figures' strokes in the ruler's frame, by the centimetre they belong to.
    figures: Vec<(f32, Vec<(Point, Point)>)>,
    /// Half the breadth of a figure's stroke.
    half_stroke: f32,
    shadow_reach: f32,
    pixel: f32,
}

impl<'a> Pen<'a> {
    fn new(ruler: &'a Ruler, pixels: f32) -> Self {
        let mut figures = Vec::new();
        let mm = ruler.millimetre;
        let engraved = ruler.material == Material::Engraved;
        let height = if engraved { 1.35 } else { 1.9 } * mm;
        let top = if engraved { 2.6 } else { 3.3 } * mm;
        for centimetre in 0..=(ruler.marks / 10).min(MOST_FIGURES) {
            let x = ruler.margin + 10.0 * centimetre as f32 * mm;
            let number = match (engraved, ruler.first_figure.saturating_add(centimetre)) {
                (true, n) => n.saturating_mul(10).to_string(),
                (false, n) => n.to_string(),
            };
            let unit = if engraved && centimetre == 0 { " mm" } else { "" };
            let place = |p: Point| {
                let turned = if ruler.upside_down { Point::new(-p.x, 1.0 - p.y) } else { p };
                let shift = if unit.is_empty() { 0.0 } else { 1.0 * mm };
                turned * height + Point::new(x + shift, top)
            };
            let strokes = figures::strokes(&format!("{number}{unit}"));
            figures.push((x, strokes.into_iter().map(|(a, b)| (place(a), place(b))).collect()));
        }
        let shadow_reach = 2.0 * ruler.shadow.length();
        Self {
            ruler,
            figures,
            half_stroke: 0.55 * ruler.stroke * ruler.millimetre,
            shadow_reach,
            pixel: 1.0 / pixels,
        }
    }

    /// Colour and opacity inside the rectangle.
    fn paint(&self, at: Point) -> ([f32; 3], f32) {
        let ruler = self.ruler;
        if self.inked(at) {
            let hides = if ruler.material == Material::White { 0.96 } else { 0.85 };
            return (ruler.ink, hides);
        }
        let edge = at.x.min(ruler.length - at.x).min(at.y).min(ruler.width - at.y);
        let bevel = (0.12 * ruler.millimetre).max(0.8 * self.pixel);
        match ruler.material {
            Material::Engraved => ([0.0; 3], 0.0),
            // Clear plastic makes the skin slightly paler, and its cut edge reflects the lamp.
            Material::Clear => (ruler.sheet, if edge < bevel { 0.6 } else { 0.2 }),
            Material::White => {
                let shade = if edge < bevel { 0.86 } else { 1.0 };
                (ruler.sheet.map(|c| c * shade), 0.985)
            }
        }
    }

    /// Whether a tick, the base line or a figure is here.
    fn inked(&self, at: Point) -> bool {
        let ruler = self.ruler;
        let mm = ruler.millimetre;
        let half = 0.5 * ruler.stroke * mm;
        let from_zero = (at.x - ruler.margin) / mm;
        let nearest = from_zero.round();
        let on_scale = (0.0..=ruler.marks as f32).contains(&nearest);
        let tick = match nearest as i32 {
            n if n % 10 == 0 => 2.3,
            n if n % 5 == 0 => 1.7,
            _ => 1.1,
        };
        if on_scale && (from_zero - nearest).abs() * mm <= half && at.y <= tick * mm {
            return true;
        }
        if ruler.material == Material::Engraved
            && at.y <= 2.0 * half
            && (-half..=ruler.marks as f32 * mm + half).contains(&(at.x - ruler.margin))
        {
            return true;
        }
        if at.y < 2.4 * mm {
            return false;
        }
        let near = |x: f32| (at.x - x).abs() < 3.5 * mm;
        self.figures.iter().filter(|(x, _)| near(*x)).any(|(_, strokes)| {
            strokes.iter().any(|&(a, b)| at.distance_to_segment(a, b).0 <= self.half_stroke)
        })
    }

    /// The opacity of the shadow at a position from which the shadow's offset has been subtracted.
    fn shadow(&self, local: Point) -> f32 {
        if self.shadow_reach == 0.0 {
            return 0.0;
        }
        let depth = if self.ruler.material == Material::Clear { 0.16 } else { 0.34 };
        let soft = self.ruler.shadow.length();
        depth * smoothstep(soft, -soft, self.distance_outside(local))
    }

    /// Distance to the rectangle, positive outside and negative inside.
    fn distance_outside(&self, local: Point) -> f32 {
        let dx = (local.x - 0.5 * self.ruler.length).abs() - 0.5 * self.ruler.length;
        let dy = (local.y - 0.5 * self.ruler.width).abs() - 0.5 * self.ruler.width;
        let outside = Point::new(dx.max(0.0), dy.max(0.0)).length();
        outside + dx.max(dy).min(0.0)
    }
}
