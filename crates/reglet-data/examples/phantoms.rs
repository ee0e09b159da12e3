//! Draws a contact sheet of phantoms: `cargo run -p reglet-data --example phantoms -- sheet.png [SEED]`.
//!
//! Each row holds one class, without rulers, with them, and the latter once more with the control of the ruler's
//! removal: as much changed elsewhere.

use std::error::Error;

use image::{RgbImage, imageops};
use reglet_data::Dataset;
use reglet_data::edit::{Change, EditOptions, Editor};
use reglet_data::phantom::{PhantomOptions, Phantoms};

const SIDE: u32 = 256;
const COLUMNS: u32 = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("which PNG file is the sheet to be written to?")?;
    let seed = arguments.next().map_or(Ok(0), |seed| seed.parse())?;
    let count = 4 * COLUMNS as usize;
    let phantoms = Phantoms::new(PhantomOptions { count, size: SIDE, seed, ..PhantomOptions::default() })?;

    let editor = Editor::new(&phantoms, &EditOptions::default(), "ruler", "lesion", seed)?;
    let mut sheet = RgbImage::new(COLUMNS * SIDE, 6 * SIDE);
    for index in 0..count {
        let sample = phantoms.sample(index)?;
        let has_ruler = sample.shows("ruler") == Some(true);
        let column = (index / 4) as u32;
        let row = 3 * sample.label as u32 + u32::from(has_ruler);
        let mut put = |picture: &RgbImage, row: u32| {
            imageops::replace(&mut sheet, picture, i64::from(column * SIDE), i64::from(row * SIDE));
        };
        put(&sample.picture, row);
        if has_ruler && let Some(control) = editor.edit(&phantoms, index, &sample, Change::Control, 0)? {
            put(&control.picture, row + 1);
        }
    }
    sheet.save(path)?;
    Ok(())
}
