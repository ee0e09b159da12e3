use std::fmt;

use image::{Rgb, RgbImage};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

use crate::{VizError, encode_png, font};

/// A finished drawing: a figure or a chart as a self-contained SVG document.
///
/// [`Display`](fmt::Display) and [`as_str`](Svg::as_str) give the document, which can stand in a file of its own or
/// inline in a page; [`to_png`](Svg::to_png) paints that same document.
#[derive(Clone, Debug)]
pub struct Svg {
    pub(crate) text: String,
    pub(crate) width: f32,
    pub(crate) height: f32,
}

impl Svg {
    /// The longest side of a painted drawing, in pixels.
    pub const LONGEST_SIDE: u32 = 16_384;

    /// The document.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Width and height in CSS pixels.
    pub fn size(&self) -> (f32, f32) {
        (self.width, self.height)
    }

    /// `scale`, or less where a side of the painted drawing would be longer than [`LONGEST_SIDE`](Svg::LONGEST_SIDE).
    pub fn scale_within(&self, scale: f32) -> f32 {
        scale.min(Self::LONGEST_SIDE as f32 / self.width.max(self.height))
    }

    /// Paints the drawing with `scale` pixels for each CSS pixel, using the bundled fonts alone: the bytes do not
    /// depend on the machine's fonts. 2 suits screens and slides, 3 to 4 print.
    ///
    /// # Errors
    /// A scale that is not a positive number, or that makes a side longer than
    /// [`LONGEST_SIDE`](Svg::LONGEST_SIDE).
    pub fn to_png(&self, scale: f32) -> Result<Vec<u8>, VizError> {
        let canvas =
            || VizError::Canvas { width: self.width, height: self.height, scale, limit: Self::LONGEST_SIDE };
        let side = |length: f32| {
            let pixels = (length * scale).round();
            (pixels >= 1.0 && pixels <= Self::LONGEST_SIDE as f32).then_some(pixels as u32)
        };
        let (width, height) = side(self.width).zip(side(self.height)).ok_or_else(canvas)?;
        let options =
            Options { fontdb: font::database(), font_family: "Inter".to_owned(), ..Options::default() };
        let tree = Tree::from_str(&self.text, &options)?;
        let mut pixels = Pixmap::new(width, height).ok_or_else(canvas)?;
        let fit = Transform::from_scale(width as f32 / self.width, height as f32 / self.height);
        resvg::render(&tree, fit, &mut pixels.as_mut());

        // A drawing starts with an opaque surface, so nothing is lost with the alpha channel.
        let rgb = pixels.data().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        encode_png(&RgbImage::from_raw(width, height, rgb).ok_or_else(canvas)?)
    }
}

impl fmt::Display for Svg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Escapes text for XML. Characters that XML 1.0 cannot contain become the replacement character.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A colour as CSS writes it.
pub(crate) fn hex(Rgb([red, green, blue]): Rgb<u8>) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}
