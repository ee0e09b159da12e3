use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, RgbImage};

use crate::VizError;

/// Writes a picture as PNG, 8 bits a channel, compressed for speed rather than for the last byte.
///
/// # Errors
/// A picture without pixels.
pub fn encode_png(picture: &RgbImage) -> Result<Vec<u8>, VizError> {
    let (width, height) = picture.dimensions();
    if width == 0 || height == 0 {
        return Err(VizError::EmptyPicture { width, height });
    }
    let mut png = Vec::new();
    // For pictures and drawings alike, Paeth's filter gives files as small as the best filter chosen row by row, in half the
    // time.
    PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::Paeth).write_image(
        picture.as_raw(),
        width,
        height,
        ExtendedColorType::Rgb8,
    )?;
    Ok(png)
}

/// At most 256 colours, each with its opacity.
pub(crate) struct Palette {
    pub(crate) colors: Vec<[u8; 3]>,
    pub(crate) alpha: Vec<u8>,
}

/// Writes a picture whose pixels are places in a palette, row by row.
///
/// # Errors
/// A picture without pixels.
pub(crate) fn encode_indexed(
    width: usize,
    height: usize,
    palette: &Palette,
    indices: &[u8],
) -> Result<Vec<u8>, VizError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(palette.colors.concat());
    encoder.set_trns(palette.alpha.as_slice());
    // Neighbouring palette indices are unrelated, so no filter can predict one from the other.
    encoder.set_filter(png::Filter::NoFilter);
    encoder.set_compression(png::Compression::High);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(indices));
    written.map_err(|_| VizError::EmptyPicture { width: width as u32, height: height as u32 })?;
    Ok(bytes)
}

/// A picture as a `data:` address, to stand in an `href` or `src` so that a page needs no other file.
///
/// # Errors
/// A picture without pixels.
pub fn png_data_uri(picture: &RgbImage) -> Result<String, VizError> {
    Ok(format!("data:image/png;base64,{}", STANDARD.encode(encode_png(picture)?)))
}
