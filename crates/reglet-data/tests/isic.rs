//! Real dermoscopy, where there is some: `REGLET_DATA` names a folder with `isic-ruler` in it. Where it is
//! not set, the test is listed as ignored.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use reglet_data::coco::CocoOptions;
use reglet_data::{Dataset, ManifestOptions};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let folder = std::env::var_os("REGLET_DATA");
    let absent = folder.is_none();
    let test = move || isic_ruler(Path::new(&folder.unwrap_or_default()));
    let name = "isic_ruler_has_52_samples_29_of_them_with_a_ruler";
    libtest_mimic::run(&arguments, vec![Trial::test(name, test).with_ignored_flag(absent)]).exit_code()
}

fn isic_ruler(data: &Path) -> Result<(), Failed> {
    let folder = data.join("isic-ruler");
    let options = ManifestOptions {
        flags: BTreeMap::from([("ruler".to_owned(), "ruler".to_owned())]),
        coco: Some(CocoOptions::new(folder.join("rulers.coco.json"))),
        ..ManifestOptions::new(folder.join("manifest.csv"))
    };
    let data = options.open()?;
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
