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
    // For pictures and drawings alike Paeth's filter comes out as small as the best chosen row by row, in half the time.
    PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::Paeth).write_image(
        picture.as_raw(),
        width,
        height,
        ExtendedColorType::Rgb8,
    )?;
    Ok(png)
}

/// A picture as a `data:` address, to stand in an `href` or `src` so that a page needs no other file.
///
/// # Errors
/// A picture without pixels.
pub fn png_data_uri(picture: &RgbImage) -> Result<String, VizError> {
    Ok(format!("data:image/png;base64,{}", STANDARD.encode(encode_png(picture)?)))
}
