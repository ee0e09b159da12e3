//! Real dermoscopy, where there is some: `REGLET_DATA` names a folder with `isic-ruler` in it. Where it is
//! not set, the tests are listed as ignored.

#[path = "support/overlap.rs"]
mod overlap;
#[path = "support/strength.rs"]
mod strength;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use overlap::iou;
use reglet_data::coco::CocoOptions;
use reglet_data::edit::{EditOptions, Editor, Source};
use reglet_data::{Dataset, ManifestOptions, estimate_lesion};
use strength::compare;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let folder = std::env::var_os("REGLET_DATA");
    let absent = folder.is_none();
    let trial = |name: &str, test: fn(&Path) -> Result<(), Failed>| {
        let folder = folder.clone().unwrap_or_default();
        Trial::test(name, move || test(Path::new(&folder))).with_ignored_flag(absent)
    };
    let trials = vec![
        trial("isic_ruler_has_52_samples_29_of_them_with_a_ruler", isic_ruler),
        trial("controls_change_as_much_as_cut_out_and_drawn_rulers", controls),
        trial("estimated_lesions_are_near_those_vetted_by_eye", estimated_lesions),
    ];
    if absent && !arguments.list {
        println!("skipped: data sets of real pictures, since REGLET_DATA names no folder");
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn estimated_lesions(data: &Path) -> Result<(), Failed> {
    let data = ManifestOptions::new(data.join("isic-ruler/manifest.csv")).open()?;
    let mut found = Vec::new();
    for index in 0..data.len() {
        let sample = data.sample(index)?;
        if let Some(lesion) = estimate_lesion(&sample.picture)? {
            found.push(iou(&lesion, &sample.regions["lesion"]));
        }
    }
    found.sort_by(f64::total_cmp);
    let (median, tenth) = (found[found.len() / 2], found[found.len() / 10]);
    println!("{} of {}, IoU: median {median:.3}, a tenth below {tenth:.3}", found.len(), data.len());
    assert!(found.len() >= 47, "only {} of {} have a credible lesion", found.len(), data.len());
    assert!(median > 0.85, "the median IoU is {median}");
    assert!(tenth > 0.6, "a tenth of them has an IoU below {tenth}");
    Ok(())
}

fn controls(data: &Path) -> Result<(), Failed> {
    let data = rulers(data).open()?;
    for insert in [Source::Cutout, Source::Drawn] {
        let options = EditOptions { insert: Some(insert), follow: true, ..EditOptions::default() };
        let editor = Editor::new(&data, &options, "ruler", "lesion", 1)?;
        let found = compare(&data, &editor, "ruler")?;
        println!("{}: {found:#?}", editor.insertion());
        assert_eq!(found.removals, 29);
        assert_eq!((found.equal, &found.unequal), (found.controls, &Vec::new()));
    }
    Ok(())
}

fn rulers(data: &Path) -> ManifestOptions {
    let folder = data.join("isic-ruler");
    ManifestOptions {
        flags: BTreeMap::from([("ruler".to_owned(), "ruler".to_owned())]),
        coco: Some(CocoOptions::new(folder.join("rulers.coco.json"))),
        ..ManifestOptions::new(folder.join("manifest.csv"))
    }
}

fn isic_ruler(data: &Path) -> Result<(), Failed> {
    let data = rulers(data).open()?;
    assert_eq!(data.name(), "isic-ruler");
    assert_eq!(data.classes(), ["benign", "melanoma"]);
    assert_eq!(data.regions(), ["lesion", "ruler"]);
    assert_eq!(data.len(), 52);
    let mut with_ruler = 0;
    for index in 0..data.len() {
        let sample = data.sample(index)?;
        assert_eq!(sample.picture.dimensions(), (256, 256), "{}", sample.id);
        assert_eq!(sample.shows("lesion"), Some(true), "{}", sample.id);
        assert_eq!(sample.shows("ruler"), data.flag(index, "ruler"), "{}", sample.id);
        let ruler = &sample.regions["ruler"];
        if !ruler.is_empty() {
            with_ruler += 1;
            assert!((0.005..0.2).contains(&ruler.fraction()), "{}: {}", sample.id, ruler.fraction());
        }
    }
    assert_eq!(with_ruler, 29);
    Ok(())
}
