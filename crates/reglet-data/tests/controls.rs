//! Controls change as much as what they control: as many pixels, as strongly, and no more of the lesion.

#[path = "support/strength.rs"]
mod strength;

use reglet_data::edit::{EditOptions, Editor, Insertion, Source};
use reglet_data::phantom::{PhantomOptions, Phantoms};
use reglet_data::{DataError, Dataset, Sample};
use strength::{Compared, compare};

/// Phantoms as if they had been photographed: nobody can draw them again.
struct Photographed(Phantoms);

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
        self.0.sample(index)
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
    let (found, insertion) = compared(&Photographed(phantoms()), "ruler", Some(Source::Drawn));
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
