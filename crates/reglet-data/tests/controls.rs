//! Controls change as much as what they control: as many pixels, as strongly, and no more of the lesion.

#[path = "support/strength.rs"]
mod strength;

use image::RgbImage;
use reglet_data::edit::{Change, EditOptions, Editor, Insertion, Source};
use reglet_data::phantom::{PhantomOptions, Phantoms};
use reglet_data::{DataError, Dataset, Mask, Sample};
use strength::{Compared, compare};

/// Phantoms as if they had been photographed: nobody can draw them again. All are woven: every other pixel is so many levels
/// lighter or darker.
struct Photographed(Phantoms, u8);

impl Dataset for Photographed {
    fn name(&self) -> &str {
        self.0.name()
    }
    fn classes(&self) -> &[String] {
        self.0.classes()
    }
    fn regions(&self) -> &[String] {
        self.0.regions()
    }
    fn len(&self) -> usize {
        self.0.len()
    }
    fn id(&self, index: usize) -> &str {
        self.0.id(index)
    }
    fn label(&self, index: usize) -> usize {
        self.0.label(index)
    }
    fn sample(&self, index: usize) -> Result<Sample, DataError> {
        let mut sample = self.0.sample(index)?;
        let mut picture = sample.picture.into_rgb();
        for (x, y, pixel) in picture.enumerate_pixels_mut() {
            let woven = if (x + y) % 2 == 0 { u8::saturating_add } else { u8::saturating_sub };
            pixel.0 = pixel.0.map(|level| woven(level, self.1));
        }
        sample.picture = picture.into();
        Ok(sample)
    }
    fn fingerprint(&self) -> Result<String, DataError> {
        self.0.fingerprint()
    }
}

fn phantoms() -> Phantoms {
    let options = PhantomOptions { count: 48, size: 128, ink: 0.5, seed: 5, ..PhantomOptions::default() };
    Phantoms::new(options).expect("valid")
}

fn compared(set: &dyn Dataset, artefact: &str, insert: Option<Source>) -> (Compared, Insertion) {
    let options = EditOptions { insert, ..EditOptions::default() };
    let editor = Editor::new(set, &options, artefact, "lesion", 2).expect("valid");
    let found = compare(set, &editor, artefact).expect("phantoms can be drawn");
    println!("{artefact}, {}: {found:#?}", editor.insertion());
    assert!(found.controls > set.len(), "{}", found.controls);
    assert!(found.controlled * 10 >= found.removals * 7, "{} of {}", found.controlled, found.removals);
    (found, editor.insertion())
}

#[test]
fn of_redrawn_rulers() {
    let (found, insertion) = compared(&phantoms(), "ruler", None);
    assert_eq!(insertion, Insertion::Redrawn);
    assert_eq!(found.equal, found.controls);
}

/// A white strip with black marks on light skin may change more than making all of it white does: then the control is
/// as strong as it can be. That is rare, and not far from it.
fn equal_but_for_white(found: &Compared) {
    assert!(found.unequal.len() * 100 <= found.controls, "more than one in a hundred: {:?}", found.unequal);
    assert!(found.unequal.iter().all(|(_, share)| (0.85..1.0).contains(share)), "{:?}", found.unequal);
}

#[test]
fn of_drawn_rulers() {
    let (found, insertion) = compared(&Photographed(phantoms(), 0), "ruler", Some(Source::Drawn));
    assert_eq!(insertion, Insertion::Drawn);
    equal_but_for_white(&found);
}

#[test]
fn of_cut_out_rulers() {
    let (found, insertion) = compared(&phantoms(), "ruler", Some(Source::Cutout));
    assert!(matches!(insertion, Insertion::Cutouts(_)));
    equal_but_for_white(&found);
}

#[test]
fn of_ink() {
    let (found, _) = compared(&phantoms(), "ink", None);
    assert_eq!(found.equal, found.controls);
}

#[test]
fn of_hair() {
    let (found, _) = compared(&phantoms(), "hair", None);
    assert_eq!(found.equal, found.controls);
}

/// How much of the weave is left within the region: its mean amplitude in levels of green.
fn woven(picture: &RgbImage, region: &Mask) -> f64 {
    let sign = |(x, y): (u32, u32)| if (x + y) % 2 == 0 { 1.0 } else { -1.0 };
    let sum: f64 = region.iter().map(|at| sign(at) * f64::from(picture.get_pixel(at.0, at.1)[1])).sum();
    sum / region.area() as f64
}

#[test]
fn what_is_filled_in_is_controlled_by_what_is_filled_in() {
    let set = Photographed(phantoms(), 3);
    let editor = Editor::new(&set, &EditOptions::default(), "ruler", "lesion", 2).expect("valid");
    let (mut removed, mut controlled) = (Vec::new(), Vec::new());
    for index in 0..set.len() {
        let sample = set.sample(index).expect("phantoms can be drawn");
        let scene = editor.scene(&set, index, &sample);
        let edit = |change| scene.edit(change, 0).expect("an edit of a phantom");
        let (Some(removal), Some(control)) = (edit(Change::Remove), edit(Change::Control)) else { continue };
        removed.push(woven(&removal.picture, &removal.region));
        controlled.push(woven(&control.picture, &control.region));
    }
    assert!(removed.len() > 10, "{}", removed.len());
    // A filling knows nothing of the weave. A patch of light alone would leave nearly all of it.
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (removed, controlled) = (mean(&removed), mean(&controlled));
    assert!(removed.abs() < 0.3, "{removed}");
    assert!(controlled.abs() < 0.6, "{controlled}");
}
