//! Writes each picture of an ISIC-like manifest beside all its changed versions, to be looked at:
//!
//! ```sh
//! cargo run -p reglet-data --example edits -- DATA/isic-ruler edits
//! ```

use std::collections::BTreeMap;
use std::path::PathBuf;

use image::{RgbImage, imageops};
use reglet_data::coco::CocoOptions;
use reglet_data::edit::{Change, EditOptions, Editor};
use reglet_data::{Dataset, ManifestOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(folder), Some(out)) = (arguments.next(), arguments.next()) else {
        return Err("give the folder with manifest.csv and rulers.coco.json, and one to write to".into());
    };
    let manifest = ManifestOptions {
        flags: BTreeMap::from([("ruler".into(), "ruler".into())]),
        masks: Some(BTreeMap::from([("lesion".into(), "lesion_mask".into())])),
        coco: Some(CocoOptions::new(folder.join("rulers.coco.json"))),
        ..ManifestOptions::new(folder.join("manifest.csv"))
    };
    let data = manifest.open()?;
    let options = EditOptions { follow: true, ..EditOptions::default() };
    let editor = Editor::new(&data, &options, "ruler", "lesion", 7)?;
    std::fs::create_dir_all(&out)?;
    for index in 0..data.len() {
        let sample = data.sample(index)?;
        let scene = editor.scene(&data, index, &sample);
        let mut row = vec![sample.picture.clone().into_rgb()];
        for change in Change::ALL {
            for place in 0..editor.places(change) {
                row.extend(scene.edit(change, place)?.map(|edited| edited.picture));
            }
        }
        let (width, height) = sample.picture.dimensions();
        let mut sheet = RgbImage::new(width * row.len() as u32, height);
        for (place, picture) in row.iter().enumerate() {
            imageops::replace(&mut sheet, picture, i64::from(width) * place as i64, 0);
        }
        let name = sample.id.replace(['/', '\\'], "_");
        sheet.save(out.join(format!("{name}.png")))?;
    }
    println!("{} pictures; the artefact was {}", data.len(), editor.insertion());
    Ok(())
}
