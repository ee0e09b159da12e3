use std::fmt::Write;

use image::RgbImage;

use crate::font::{FAMILIES, Weight};
use crate::png::png_data_uri;
use crate::svg::{escape, hex};
use crate::theme::Role;
use crate::{Svg, Theme, VizError};

/// Collects the elements of a drawing, in CSS pixels with the origin at the top left, and closes it as an [`Svg`].
pub(crate) struct Canvas<'a> {
    theme: &'a Theme,
    body: String,
}

/// Size, weight and colour of a piece of text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Face {
    pub(crate) size: f32,
    pub(crate) weight: Weight,
    pub(crate) role: Role,
}

impl Face {
    pub(crate) const fn regular(size: f32, role: Role) -> Face {
        Face { size, weight: Weight::Regular, role }
    }

    pub(crate) const fn semi_bold(size: f32, role: Role) -> Face {
        Face { size, weight: Weight::SemiBold, role }
    }

    /// The distance from one baseline to the next.
    pub(crate) fn leading(self) -> f32 {
        (self.size * 1.36).round()
    }

    /// The distance from the top of a line to its baseline, which centres capitals in the line.
    pub(crate) fn baseline(self) -> f32 {
        (self.leading() + self.size * CAPITALS) / 2.0
    }

    /// The distance from the middle of capitals to the baseline, which centres a label on a mark.
    pub(crate) fn half_height(self) -> f32 {
        self.size * CAPITALS / 2.0
    }

    pub(crate) fn width(self, text: &str) -> f32 {
        crate::font::width(text, self.size, self.weight)
    }

    pub(crate) fn wrap(self, text: &str, room: f32, lines: usize) -> Vec<String> {
        crate::text::wrap(text, room, self.size, self.weight, lines)
    }

    pub(crate) fn shorten(self, text: &str, room: f32) -> String {
        crate::text::shorten(text, room, self.size, self.weight)
    }
}

/// Height of Inter's capitals, in ems.
const CAPITALS: f32 = 0.727;

/// The point of a text that its x coordinate refers to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// Width, colour and opacity of a line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stroke {
    pub(crate) role: Role,
    pub(crate) width: f32,
    pub(crate) opacity: f32,
    pub(crate) dashed: bool,
}

impl Stroke {
    pub(crate) const fn solid(role: Role, width: f32) -> Stroke {
        Stroke { role, width, opacity: 1.0, dashed: false }
    }
}

impl<'a> Canvas<'a> {
    pub(crate) fn new(theme: &'a Theme) -> Self {
        Canvas { theme, body: String::new() }
    }

    pub(crate) fn rect(&mut self, (x, y): (f32, f32), (width, height): (f32, f32), role: Role, opacity: f32) {
        let paint = self.paint("fill", role, opacity);
        self.element(format_args!(
            r#"<rect x="{}" y="{}" width="{}" height="{}"{paint}/>"#,
            short(x),
            short(y),
            short(width),
            short(height)
        ));
    }

    pub(crate) fn line(&mut self, (x1, y1): (f32, f32), (x2, y2): (f32, f32), stroke: Stroke) {
        let paint = self.paint("stroke", stroke.role, stroke.opacity);
        let dashes = if stroke.dashed { r#" stroke-dasharray="3 3""# } else { "" };
        self.element(format_args!(
            r#"<line x1="{}" y1="{}" x2="{}" y2="{}" stroke-width="{}"{dashes}{paint}/>"#,
            short(x1),
            short(y1),
            short(x2),
            short(y2),
            short(stroke.width)
        ));
    }

    pub(crate) fn circle(&mut self, (x, y): (f32, f32), radius: f32, role: Role, opacity: f32) {
        let paint = self.paint("fill", role, opacity);
        self.element(format_args!(
            r#"<circle cx="{}" cy="{}" r="{}"{paint}/>"#,
            short(x),
            short(y),
            short(radius)
        ));
    }

    /// A line of text whose baseline is at `y`.
    pub(crate) fn text(&mut self, at: (f32, f32), text: &str, face: Face, anchor: Anchor) {
        let paint = self.paint("fill", face.role, 1.0);
        self.painted_text(at, text, face, anchor, &paint);
    }

    /// A line of text with an outline in the surface's colour, so that it is readable on top of marks.
    pub(crate) fn text_over_marks(&mut self, at: (f32, f32), text: &str, face: Face, anchor: Anchor) {
        let (ink, surface) = (hex(self.theme.color(face.role)), hex(self.theme.color(Role::Surface)));
        let paint = format!(
            r#" class="viz-fill-{} viz-stroke-surface" fill="{ink}" stroke="{surface}" stroke-width="4" stroke-linejoin="round" paint-order="stroke""#,
            face.role.name()
        );
        self.painted_text(at, text, face, anchor, &paint);
    }

    fn painted_text(&mut self, (x, y): (f32, f32), text: &str, face: Face, anchor: Anchor, paint: &str) {
        if text.is_empty() {
            return;
        }
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => r#" text-anchor="middle""#,
            Anchor::End => r#" text-anchor="end""#,
        };
        let weight = match face.weight {
            Weight::Regular => String::new(),
            bold => format!(r#" font-weight="{}""#, bold.number()),
        };
        self.element(format_args!(
            r#"<text x="{}" y="{}" font-size="{}"{weight}{anchor}{paint}>{}</text>"#,
            short(x),
            short(y),
            short(face.size),
            escape(text)
        ));
    }

    /// Lines of text below one another, the first one's top at `y`. Returns where the last one ends.
    pub(crate) fn lines(&mut self, (x, y): (f32, f32), lines: &[String], face: Face, anchor: Anchor) -> f32 {
        let mut top = y;
        for line in lines {
            self.text((x, top + face.baseline()), line, face, anchor);
            top += face.leading();
        }
        top
    }

    /// A picture stretched over the given rectangle.
    pub(crate) fn image(
        &mut self,
        (x, y): (f32, f32),
        (width, height): (f32, f32),
        picture: &RgbImage,
        alternative: &str,
    ) -> Result<(), VizError> {
        // "smooth" is bilinear: a little softer than a viewer's own choice, and twice as fast to paint.
        let address = png_data_uri(picture)?;
        self.element(format_args!(
            r#"<image x="{}" y="{}" width="{}" height="{}" preserveAspectRatio="none" style="image-rendering:smooth" href="{address}"><title>{}</title></image>"#,
            short(x),
            short(y),
            short(width),
            short(height),
            escape(alternative)
        ));
        Ok(())
    }

    /// Closes the drawing. `title` is its name for screen readers.
    pub(crate) fn finish(self, width: f32, height: f32, title: &str) -> Svg {
        let mut text = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}" role="img" font-family="{FAMILIES}">"#,
            w = short(width),
            h = short(height)
        );
        let surface = self.paint("fill", Role::Surface, 1.0);
        let title = escape(title);
        // Writing to a String cannot fail.
        let _ = write!(text, "\n<title>{title}</title>\n<rect width=\"100%\" height=\"100%\"{surface}/>\n");
        text.push_str(&self.body);
        text.push_str("</svg>\n");
        Svg { text, width, height }
    }

    fn paint(&self, attribute: &str, role: Role, opacity: f32) -> String {
        let opacity = if opacity < 1.0 {
            format!(r#" {attribute}-opacity="{}""#, short(opacity))
        } else {
            String::new()
        };
        let color = hex(self.theme.color(role));
        format!(r#" class="viz-{attribute}-{}" {attribute}="{color}"{opacity}"#, role.name())
    }

    fn element(&mut self, element: std::fmt::Arguments<'_>) {
        let _ = self.body.write_fmt(element);
        self.body.push('\n');
    }
}

/// A length given by a caller, limited to two bounds; NaN becomes the lower bound.
pub(crate) fn bounded(value: f32, low: f32, high: f32) -> f32 {
    if value.is_nan() { low } else { value.clamp(low, high) }
}

/// A coordinate rounded to a hundredth of a pixel, which is not visible.
fn short(value: f32) -> f32 {
    // Adding zero turns −0 into 0.
    (value * 100.0).round() / 100.0 + 0.0
}
