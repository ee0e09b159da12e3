use image::{GrayImage, ImageBuffer, Luma, Pixel, Rgb};

use crate::VizError;
use crate::png::{Palette, encode_indexed};

/// Draws the border of a region as a line on `picture`.
///
/// `mask` holds a value for each pixel of a picture of `size` (width, height), row by row. The line is
/// `thickness` pixels wide and centred on the region's outermost pixels; where a region touches the picture's
/// edge, the edge is its border. An empty mask or a thickness of 0 draws nothing.
///
/// # Errors
/// A mask whose length does not fit its size, or whose size is not the picture's.
pub fn outline<P: Pixel<Subpixel = u8>>(
    picture: &mut ImageBuffer<P, Vec<u8>>,
    size: (u32, u32),
    mask: &[bool],
    color: P,
    thickness: u8,
) -> Result<(), VizError> {
    let (width, height) = size;
    if mask.len() as u64 != u64::from(width) * u64::from(height) {
        return Err(VizError::MaskLength { width, height, length: mask.len() });
    }
    if picture.dimensions() != size {
        return Err(VizError::MaskSize { mask: size, picture: picture.dimensions() });
    }
    let pen = disc(thickness);
    for (x, y) in border(size, mask) {
        for &(dx, dy) in &pen {
            let at = (i64::from(x) + dx, i64::from(y) + dy);
            if let (Ok(x), Ok(y)) = (u32::try_from(at.0), u32::try_from(at.1))
                && let Some(pixel) = picture.get_pixel_mut_checked(x, y)
            {
                *pixel = color;
            }
        }
    }
    Ok(())
}

/// The borders of regions as a PNG to lay over a picture of `size` (width, height), transparent except for lines one pixel
/// wide in each region's colour; the masks are in the form that [`outline`] takes.
///
/// # Errors
/// Those of [`outline`]; a picture without pixels.
pub fn outline_layer(size: (u32, u32), regions: &[(&[bool], Rgb<u8>)]) -> Result<Vec<u8>, VizError> {
    let mut places = GrayImage::new(size.0, size.1);
    let mut palette = Palette { colors: vec![[0; 3]], alpha: vec![0] };
    for (place, (mask, color)) in (1..=u8::MAX).zip(regions) {
        outline(&mut places, size, mask, Luma([place]), 1)?;
        palette.colors.push(color.0);
        palette.alpha.push(255);
    }
    encode_indexed(size.0 as usize, size.1 as usize, &palette, places.as_raw())
}

/// The pixels of the region that have a neighbour to the side, above or below outside it.
fn border((width, height): (u32, u32), mask: &[bool]) -> impl Iterator<Item = (u32, u32)> {
    let inside = move |x: u32, y: u32| mask[y as usize * width as usize + x as usize];
    let surrounded = move |x: u32, y: u32| {
        x > 0
            && y > 0
            && x + 1 < width
            && y + 1 < height
            && inside(x - 1, y)
            && inside(x + 1, y)
            && inside(x, y - 1)
            && inside(x, y + 1)
    };
    (0..height)
        .flat_map(move |y| (0..width).map(move |x| (x, y)))
        .filter(move |&(x, y)| inside(x, y) && !surrounded(x, y))
}

/// The offsets a round pen of this diameter covers. An even one reaches a pixel less far right and down.
fn disc(diameter: u8) -> Vec<(i64, i64)> {
    let diameter = i64::from(diameter);
    let first = -(diameter / 2);
    // Twice the distance from the pen's centre keeps halves whole.
    let off_centre = |offset: i64| 2 * (offset - first) + 1 - diameter;
    let offsets = first..first + diameter;
    offsets
        .clone()
        .flat_map(|dy| offsets.clone().map(move |dx| (dx, dy)))
        .filter(|&(dx, dy)| off_centre(dx).pow(2) + off_centre(dy).pow(2) <= diameter * diameter)
        .collect()
}
