use std::sync::{Arc, LazyLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use resvg::usvg::fontdb::Database;
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};

/// CSS `@font-face` rules with the bundled fonts in them, about 150 kB.
///
/// A page that shows drawings inline, or an SVG file that should look the same everywhere, includes these once;
/// without them a browser takes the first font it has of the drawing's list, and everything still fits.
pub fn font_face_css() -> String {
    [Weight::Regular, Weight::SemiBold]
        .map(|weight| {
            let (number, data) = (weight.number(), STANDARD.encode(weight.file()));
            format!(
                "@font-face{{font-family:Inter;font-weight:{number};\
                 src:url(data:font/ttf;base64,{data}) format(\"truetype\")}}\n"
            )
        })
        .concat()
}

/// The families a drawing names. Inter is wider than those that may stand in for it, so what fits in Inter fits.
pub(crate) const FAMILIES: &str = "Inter, 'Helvetica Neue', Arial, sans-serif";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    SemiBold,
}

impl Weight {
    pub(crate) fn number(self) -> u16 {
        match self {
            Weight::Regular => 400,
            Weight::SemiBold => 600,
        }
    }

    fn file(self) -> &'static [u8] {
        match self {
            Weight::Regular => include_bytes!("../assets/fonts/Inter-Regular.ttf"),
            Weight::SemiBold => include_bytes!("../assets/fonts/Inter-SemiBold.ttf"),
        }
    }
}

/// Width of a line of text in the bundled font, in the units of `size`. Kerning, which rarely adds, is left out.
pub(crate) fn width(text: &str, size: f32, weight: Weight) -> f32 {
    static REGULAR: LazyLock<Option<FontRef<'static>>> =
        LazyLock::new(|| FontRef::new(Weight::Regular.file()).ok());
    static SEMI_BOLD: LazyLock<Option<FontRef<'static>>> =
        LazyLock::new(|| FontRef::new(Weight::SemiBold.file()).ok());
    // A character that the font lacks, such as an emoji, is drawn with another font; it is about this wide, in ems.
    const FOREIGN: f32 = 1.2;

    let font = match weight {
        Weight::Regular => REGULAR.as_ref(),
        Weight::SemiBold => SEMI_BOLD.as_ref(),
    };
    let Some(font) = font else { return text.chars().count() as f32 * size * FOREIGN };
    let glyphs = font.charmap();
    let metrics = font.glyph_metrics(Size::new(size), LocationRef::default());
    text.chars()
        .map(|character| {
            glyphs.map(character).and_then(|glyph| metrics.advance_width(glyph)).unwrap_or(size * FOREIGN)
        })
        .sum()
}

/// The bundled fonts, for painting. The fonts of the machine are left out, so that a picture is the same everywhere.
pub(crate) fn database() -> Arc<Database> {
    static DATABASE: LazyLock<Arc<Database>> = LazyLock::new(|| {
        let mut database = Database::new();
        for weight in [Weight::Regular, Weight::SemiBold] {
            database.load_font_data(weight.file().to_vec());
        }
        Arc::new(database)
    });
    Arc::clone(&DATABASE)
}
