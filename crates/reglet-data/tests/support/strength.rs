//! Whether controls change as much as what they control.

use reglet_data::edit::{Change, Editor};
use reglet_data::{DataError, Dataset, Mask};

/// How the controls of a data set's pictures compare.
#[derive(Debug, Default)]
pub struct Compared {
    /// The number of controls.
    pub controls: usize,
    /// The number of pictures with a removal, and of those that have a control for it.
    pub removals: usize,
    pub controlled: usize,
    /// Those as strong as what they control to within a tenth.
    pub equal: usize,
    /// The others, and the share of the strength that they should have.
    pub unequal: Vec<(String, f64)>,
}

/// Compares every control at every place with its change, and asserts what holds for each of them.
pub fn compare(data: &dyn Dataset, editor: &Editor, artefact: &str) -> Result<Compared, DataError> {
    let mut found = Compared::default();
    for index in 0..data.len() {
        let sample = data.sample(index)?;
        let scene = editor.scene(data, index, &sample);
        let removed = scene.edit(Change::Remove, 0)?;
        found.removals += usize::from(removed.is_some());
        for place in 0..editor.places(Change::Control) {
            let change = match &removed {
                Some(removed) => Some(removed.clone()),
                None => scene.edit(Change::Insert, place)?,
            };
            let Some(change) = change else { continue };
            for kind in [Change::Control, Change::Scrambled] {
                let Some(control) = scene.edit(kind, place)? else { continue };
                let name = format!("{kind} of {} at {place}", sample.id);
                found.controls += 1;
                found.controlled += usize::from(removed.is_some() && place == 0);
                let area = |mask: &Mask| mask.area() as f64;
                let areas = area(&control.region) / area(&change.region);
                assert!((0.98..=1.02).contains(&areas), "{name}: {areas} of the area");
                assert_eq!(control.lesion.is_some(), change.lesion.is_some(), "{name}");
                assert!(control.lesion <= change.lesion, "{name} takes {:?} of the lesion", control.lesion);
                assert_eq!(control.donor, if removed.is_some() { None } else { change.donor.clone() });
                if removed.is_some() {
                    let mask = sample.regions.get(artefact);
                    let touches = |(x, y)| change.region.get(x, y) || mask.is_some_and(|mask| mask.get(x, y));
                    assert!(!control.region.iter().any(touches), "{name} touches the artefact");
                } else {
                    assert!(control.region == change.region, "{name} lies elsewhere");
                }
                for (x, y, pixel) in sample.picture.enumerate_pixels() {
                    let changed = pixel != control.picture.get_pixel(x, y);
                    assert!(!changed || control.region.get(x, y), "{name} changes ({x}, {y})");
                }
                let share = control.strength(&sample.picture) / change.strength(&sample.picture);
                if (0.9..=1.1).contains(&share) {
                    found.equal += 1;
                } else {
                    found.unequal.push((name, share));
                }
            }
        }
    }
    Ok(found)
}
